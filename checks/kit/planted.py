"""Mistakes of the catalogue, planted by hand in right functions that are written in another way."""

from typing import NamedTuple


class Planted(NamedTuple):
    """In a file of variants/ or layouts/, where `old` becomes `new`: the mistake `name` shows
    in `exercise`."""

    variant: str
    old: str
    new: str
    exercise: str
    name: str


PLANTED: list[Planted] = []
