"""The exercises, in the order of the board, and what is asked of each."""

from checks.cases import attention, bptt, captioner, lstm, rnn, words
from checks.cases.case import Case, Exercise

PARTS = {
    "rnn": rnn,
    "words": words,
    "lstm": lstm,
    "attention": attention,
    "captioner": captioner,
    "bptt": bptt,
}
EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise for part in PARTS.values() for exercise in part.EXERCISES
}

__all__ = ["EXERCISES", "PARTS", "Case", "Exercise"]
