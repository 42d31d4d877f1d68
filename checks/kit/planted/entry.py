"""What a planted mistake is."""

from typing import NamedTuple


class Planted(NamedTuple):
    """In a file of variants/ or layouts/ `old` becomes `new`: the mistake of that name.

    It is to be seen, and told, in `exercise`; `old` stands in the file exactly once.
    """

    variant: str
    old: str
    new: str
    exercise: str
    name: str
