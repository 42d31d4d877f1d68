"""Random choices that come out the same on every platform and in every version of Python.

Only `random.Random(text).random()` is used: Python promises its sequence for a given seed, and promises
nothing for `choice`, `shuffle` and the rest.
"""

import math
import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Dice:
    """A seeded source of choices; `name` is any text, and the same name gives the same choices."""

    def __init__(self, name: str):
        self.random = random.Random(name).random

    def between(self, low: float, high: float) -> float:
        """A number, evenly distributed from `low` to `high`."""
        return low + (high - low) * self.random()

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.random() < probability

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, each as likely as the other."""
        return items[int(self.random() * len(items))]

    def weighted(self, weights: dict[Item, float]) -> Item:
        """One of the keys, as often as its weight says."""
        left = self.random() * math.fsum(
            weights.values()
        )  # sum() rounds otherwise since Python 3.12
        for item, weight in weights.items():
            left -= weight
            if left < 0:
                return item
        return item  # rounding may leave a hair over

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """The items in a random order."""
        keys = [(self.random(), place) for place in range(len(items))]
        return [items[place] for _, place in sorted(keys)]
