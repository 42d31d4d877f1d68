"""What every kind of data set is turned into before it is encoded."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from coursework.bundle import ImageRecord


@dataclass
class Source:
    """Images with their captions, wherever they come from.

    `load(i, side)` gives the picture of `records[i]`, from any thread; its shorter side may be anything from
    `side` pixels up, where a file is read faster so. Where it cannot, it raises InputError or OSError.
    `settings` says what the records were made from (JSON-able, no paths of one machine): it enters the plan.
    `words`, in order of their ids, the special ones first, are the vocabulary of a data set that has its own.
    """

    name: str
    settings: dict
    records: list[ImageRecord]
    load: Callable[[int, int], Image.Image]
    lexicon: dict | None = None
    words: list[str] | None = None
