"""The exercises, in the order of the board, and what is asked of each.

A handout asks for those that its handout.json names. Where there is no such file, all are asked for.
"""

import json
from pathlib import Path

from checks.cases import attention, bptt, captioner, lstm, rnn, words
from checks.cases.case import Case, Exercise
from checks.paths import ROOT
from coursework.errors import InputError

ALL_PARTS = {
    "rnn": rnn,
    "words": words,
    "lstm": lstm,
    "attention": attention,
    "captioner": captioner,
    "bptt": bptt,
}
ALL_EXERCISES = {e.name: e for module in ALL_PARTS.values() for e in module.EXERCISES}


def asked_in(root: Path) -> tuple[dict, dict[str, Exercise]]:
    """Parts and exercises, by name, that are asked for in the kit that lies in `root`.

    Raises InputError for a handout.json that cannot be read.
    """
    file = root / "handout.json"
    try:
        handout = json.loads(file.read_text(encoding="utf-8-sig"))
        names = {*handout["parts"], *handout["exercises"]}
    except FileNotFoundError:
        return ALL_PARTS, ALL_EXERCISES
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"damaged {file}: take that file from the handout's zip again") from error
    return (
        {name: module for name, module in ALL_PARTS.items() if name in names},
        {name: exercise for name, exercise in ALL_EXERCISES.items() if name in names},
    )


PARTS, EXERCISES = asked_in(ROOT)

__all__ = ["ALL_EXERCISES", "ALL_PARTS", "EXERCISES", "PARTS", "Case", "Exercise"]
