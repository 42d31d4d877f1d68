"""Mistakes of the catalogue, planted by hand in right functions that are written in another way.

One file a part, as in checks/mistakes: the diagnosis has to know them again. What the other way of
writing makes of a mistake is left as it is, be it another exception or a zero where a row is missing.
"""

from planted import attention, captioner, lstm, rnn, words
from planted.entry import Planted

PLANTED: list[Planted] = [
    entry for part in (rnn, words, lstm, attention, captioner) for entry in part.PLANTED
]

__all__ = ["PLANTED", "Planted"]
