"""The parts that a course may hand out one by one, and what each of them needs."""

import difflib
import re
from collections.abc import Collection, Iterable

from checks.cases import EXERCISES
from checks.cases import PARTS as MODULES
from coursework.errors import InputError

PARTS = tuple(MODULES)
NEEDS = {  # all in `all`, and at least one in `one`
    "words": {"all": (), "one": ("rnn", "lstm")},  # their vectors go into a cell
    "attention": {"all": ("lstm",), "one": ()},
    "captioner": {"all": ("words",), "one": ("rnn", "lstm")},
    "bptt": {"all": (), "one": ("rnn", "lstm", "attention")},
}


def parts_named(names: str | Iterable[str] | None = None) -> list[str]:
    """The parts meant, in the order of the board: "rnn,lstm", "rnn lstm" and lists of such; None: all.

    Raises InputError for a name that is no part.
    """
    if names is None:
        return list(PARTS)
    texts = [names] if isinstance(names, str) else names
    words = [word for text in texts for word in re.split(r"[,\s]+", text) if word]
    for word in words:
        if word not in PARTS:
            raise InputError(f"there is no part {word!r}{_near(word)}")
    if not words:
        raise InputError(f"no part is named: choose among {', '.join(PARTS)}")
    return in_order(words)


def in_order(parts: Collection[str]) -> list[str]:
    """The parts in the order of the board, each once."""
    return [part for part in PARTS if part in parts]


def check_complete(parts: Collection[str]) -> None:
    """Raise InputError, saying what to add, where a part stands there without what it needs."""
    for part in in_order(parts):
        needs = NEEDS.get(part, {"all": (), "one": ()})
        missing = [other for other in needs["all"] if other not in parts]
        if not missing and needs["one"] and not set(needs["one"]) & set(parts):
            missing = [" or ".join(needs["one"])]
        if missing:
            wanted = ",".join(parts)
            raise InputError(
                f"the part {part} needs {' and '.join(missing)}, but the handout would have {wanted} only:"
                f" name {missing[0].split(' or ')[0]} in --parts too"
            )


def exercises_in(parts: Collection[str]) -> list[str]:
    """The exercises that a handout of these parts asks for, in the order of the board.

    Those in the parts, as far as all that they need is asked for too: no gradient of a cell that is
    not there, no captioner with it.
    """
    asked = []
    for exercise in EXERCISES.values():
        needs = {*exercise.needs, *([exercise.forward] if exercise.forward else [])}
        if exercise.part in parts and needs <= set(asked):
            asked.append(exercise.name)
    return asked


def _near(word: str) -> str:
    near = difflib.get_close_matches(word.lower(), PARTS, 1, 0.6)
    return f"; did you mean {near[0]}?" if near else f": the parts are {', '.join(PARTS)}"
