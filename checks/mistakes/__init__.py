"""The catalogue: every mistake that a check can name. One file a part."""

from checks.mistakes import attention, captioner, lstm, rnn, words
from checks.mistakes.catalogue import Mistake, patched, patched_functions

CATALOGUE: dict[str, Mistake] = {
    mistake.name: mistake
    for part in (rnn, words, lstm, attention, captioner)
    for mistake in part.MISTAKES
}

__all__ = ["CATALOGUE", "Mistake", "patched", "patched_functions"]
