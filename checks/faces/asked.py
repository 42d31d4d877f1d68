"""Which exercises are meant by the names that a student types."""

import difflib
from collections.abc import Iterable

from checks.cases import EXERCISES, PARTS
from coursework.errors import InputError


def exercises_named(names: Iterable[str] = ()) -> list[str]:
    """The exercises meant, in the order of the board; all of them where no name is given.

    A name is that of an exercise, of a part ("lstm": all in it), of a method without its cell
    ("CaptioningRNN.sample": all three) or of its class. Raises InputError for any other.
    """
    names = [names] if isinstance(names, str) else list(names)
    meant = {exercise for name in names for exercise in _meant_by(name)}
    return [name for name in EXERCISES if name in meant or not names]


def with_needs(names: Iterable[str]) -> list[str]:
    """The exercises with all that they need, in the order of the board, where needs come first."""
    wanted, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += EXERCISES[name].needs
    return [name for name in EXERCISES if name in wanted]


def first_on_the_way(names: Iterable[str]) -> str | None:
    """Of these exercises, the one that the notebooks come to first; None if there are none."""
    order = list(EXERCISES)
    return min(names, key=lambda name: (EXERCISES[name].notebook, order.index(name)), default=None)


def _meant_by(name: str) -> list[str]:
    meant = [
        exercise.name
        for exercise in EXERCISES.values()
        if name in (exercise.name, exercise.part, exercise.function)
        or name == exercise.function.split(".")[0]
    ]
    if not meant:
        raise InputError(f"there is no exercise {name!r}{_near(name)}")
    return meant


def _near(name: str) -> str:
    known = list(dict.fromkeys([*EXERCISES, *(e.function for e in EXERCISES.values()), *PARTS]))
    folded = {each.lower(): each for each in known}
    near = [folded[each] for each in difflib.get_close_matches(name.lower(), folded, 3, 0.6)]
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; there are the parts {', '.join(PARTS)}, and the functions that the board lists"
