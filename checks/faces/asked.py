"""Which exercises are meant by the names that a student types."""

import difflib
from collections.abc import Iterable

from checks.cases import ALL_EXERCISES, ALL_PARTS, EXERCISES, PARTS, Exercise
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
    meant = _called(name, EXERCISES)
    if not meant and (others := _called(name, ALL_EXERCISES)):
        raise InputError(not_asked(name, others))
    if not meant:
        raise InputError(f"there is no exercise {name!r}{_near(name)}")
    return meant


def _called(name: str, exercises: dict[str, Exercise]) -> list[str]:
    """Which of the exercises a name stands for."""
    return [
        exercise.name
        for exercise in exercises.values()
        if name in (exercise.name, exercise.part, exercise.function)
        or name == exercise.function.split(".")[0]
    ]


def not_asked(what: str, exercises: Iterable[str]) -> str:
    """One line on what a handout does not ask for: the exercises that it stands for, and why they are none.

    An exercise is asked for with its part and those of all that it needs.
    """
    lacking = [_parts_of(name) - PARTS.keys() for name in exercises]
    parts = [part for part in ALL_PARTS if part in min(lacking, key=len)]
    if not parts or parts == [what]:
        return f"this handout does not ask for {what}; a later one may"
    these = f"part{'s' * (len(parts) > 1)} {' and '.join(parts)}"
    return f"{what} goes with the {these}, which this handout does not ask for; a later one may"


def _parts_of(name: str) -> set[str]:
    """The part of an exercise, and those of all that it needs."""
    exercise = ALL_EXERCISES[name]
    needs = [*exercise.needs, *([exercise.forward] if exercise.forward else [])]
    return {exercise.part}.union(*map(_parts_of, needs))


def _near(name: str) -> str:
    known = list(dict.fromkeys([*EXERCISES, *(e.function for e in EXERCISES.values()), *PARTS]))
    folded = {each.lower(): each for each in known}
    near = [folded[each] for each in difflib.get_close_matches(name.lower(), folded, 3, 0.6)]
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; there are the parts {', '.join(PARTS)}, and the functions that the board lists"
