"""What can be said of wrong numbers that no known mistake gives."""

import itertools
from collections.abc import Collection, Sequence

import numpy as np

from checks.answer import Answer
from checks.cases import Exercise
from checks.cases.case import CHANGED_FROM, MIXED
from checks.judging.compare import same

CLOSE = 1e-6
TIMED = ("h", "dx", "weights", "captions")  # outputs whose second axis is time
EMPTY = 1e-30  # below it: zeros, and the tiny numbers of a buffer that nobody has filled
FACTORS = {
    "-1": -1.0,
    "2": 2.0,
    "1/2": 0.5,
    "N": MIXED.N,
    "1/N": 1 / MIXED.N,
    "T": MIXED.T,
    "1/T": 1 / MIXED.T,
    "N T": MIXED.N * MIXED.T,
    "1/(N T)": 1 / (MIXED.N * MIXED.T),
    "H": MIXED.H,
    "1/H": 1 / MIXED.H,
    "sqrt(H)": MIXED.H**0.5,
    "1/sqrt(H)": MIXED.H**-0.5,
    "h w": MIXED.h * MIXED.w,
    "1/(h w)": 1 / (MIXED.h * MIXED.w),
    "1/log(2)": 1 / np.log(2),
    "log(2)": np.log(2),
}


def relation(
    exercise: Exercise,
    given: Sequence[Answer],
    right: Sequence[Answer],
    explained: Collection[str] = (),
) -> str:
    """How wrong outputs are related to the right ones, one finding for each; "" if in no way known.

    explained: outputs of which something has been said.
    """
    by_case = {answer.case: answer for answer in given}
    expected = {answer.case: answer.outputs for answer in right}
    plain = by_case.get("plain")
    if plain is None or plain.problem:
        return transposed(by_case, expected)
    wrong = {
        name: (got, expected["plain"][name])
        for name, got in plain.outputs.items()
        if not same(got, expected["plain"][name])
    }
    known = {**dict(exercise.cases[0].inputs), **expected["plain"]}
    steps = same_step(wrong)
    found = []
    for name, (got, wanted) in wrong.items():
        if name not in explained and got.shape == wanted.shape and np.isfinite(got).all():
            looks = (blocks, factor, elsewhere, in_time, misplaced, in_batch, term)
            said = (
                look(name, got, wanted, known) for look in looks if look is not in_time or steps
            )
            found.append(next(filter(None, said), ""))
    if not any(found):
        found = [foresight(by_case, list(wrong)) or transposed(by_case, expected)]
    return " ".join(filter(None, [*found, right_and_wrong(list(wrong), list(plain.outputs))]))


def same_step(wrong: dict[str, tuple[np.ndarray, np.ndarray]]) -> bool:
    """Whether all wrong outputs that have a time axis are right at the same steps."""
    timed = [pair for name, pair in wrong.items() if name in TIMED and has_steps(*pair)]
    rights = {tuple(same(g[:, t], e[:, t]) for t in range(MIXED.T)) for g, e in timed}
    return len(rights) <= 1


def has_steps(got: np.ndarray, expected: np.ndarray) -> bool:
    return got.shape == expected.shape and got.ndim > 1 and got.shape[1] == MIXED.T


def right_and_wrong(wrong: list[str], outputs: list[str]) -> str:
    """Which outputs are right, where there are several and some are not."""
    right = [f"`{name}`" for name in outputs if name not in wrong]
    if not right or not wrong:
        return ""
    verb, others = "is" if len(right) == 1 else "are", ", ".join(f"`{name}`" for name in wrong)
    last = f" and {right.pop()}" if len(right) > 1 else ""
    return f"{', '.join(right)}{last} {verb} right, {others} wrong."


def factor(name: str, got: np.ndarray, expected: np.ndarray, known: dict) -> str:
    """A constant factor, and what it is in the sizes of the case."""
    if got.dtype.kind != "f" or np.isnan(expected).any() or not np.abs(expected).max() > CLOSE:
        return ""
    if same(got, np.zeros_like(expected)):
        return f"`{name}` is zero throughout."
    ratio = float((got * expected).sum() / (expected * expected).sum())
    named = [text for text, value in FACTORS.items() if abs(ratio - value) < CLOSE * abs(value)]
    if not same(got, ratio * expected) or (got.size == 1 and not named):  # any number is a multiple
        return ""
    if abs(ratio + 1) < CLOSE:
        return f"`{name}` has the wrong sign, everything else about it is right."
    what = f" = {named[0]}" if named else ""
    return f"`{name}` is right but for a constant factor: it is {ratio:.4g}{what} times too large."


def blocks(name: str, got: np.ndarray, expected: np.ndarray, known: dict) -> str:
    """The four gate blocks of the last axis in another order."""
    if not got.ndim or got.shape[-1] != 4 * MIXED.H:
        return ""
    mine, theirs = np.split(got, 4, axis=-1), np.split(expected, 4, axis=-1)
    for order in itertools.permutations(range(4)):
        if order != (0, 1, 2, 3) and all(same(mine[k], theirs[j]) for k, j in enumerate(order)):
            letters = ", ".join("ifog"[j] for j in order)
            return f"`{name}` has its gate blocks in the order {letters} instead of i, f, o, g."
    wrong = ["ifog"[k] for k in range(4) if not same(mine[k], theirs[k])]
    if len(wrong) < 4:
        return f"Of the four gate blocks in `{name}` only {' and '.join(wrong)} went wrong."
    return ""


def elsewhere(name: str, got: np.ndarray, expected: np.ndarray, known: dict) -> str:
    """The numbers of something else: another output, or an input."""
    for other, value in known.items():
        if other != name and got.ndim and same(got, value):
            return f"What is returned as `{name}` is `{other}`."
    return ""


def in_time(name: str, got: np.ndarray, expected: np.ndarray, known: dict) -> str:
    """Right at some steps only, shifted or reversed in time; the time axis is the second."""
    if name not in TIMED or not has_steps(got, expected):
        return ""
    if same(got[:, 1:], expected[:, :-1]):
        return f"`{name}` comes one time step late."
    if same(got[:, :-1], expected[:, 1:]):
        return f"`{name}` comes one time step early."
    if same(got[:, ::-1], expected):
        return f"`{name}` is reversed in time."
    steps = [t for t in range(MIXED.T) if same(got[:, t], expected[:, t])]
    empty = [t for t in range(MIXED.T) if t not in steps and np.abs(got[:, t]).max() < EMPTY]
    if empty:
        return (
            f"`{name}[:, t]` is all zeros at t = {', '.join(map(str, empty))}, of 0 to {MIXED.T - 1}:"
            " does the loop come there?"
        )
    if not steps or shuffled(got, expected):
        return ""
    if steps == list(range(len(steps))):
        until = "t = 0 only" if len(steps) == 1 else f"t = 0 to {steps[-1]}"
        return (
            f"`{name}` is right at {until}: look at what one step hands to the next"
            " (which states, and when they are replaced)."
        )
    if steps == list(range(steps[0], MIXED.T)):
        since = "the last step only" if len(steps) == 1 else f"t = {steps[0]} to the last"
        return (
            f"`{name}` is right at {since}: going back in time, look at what one step hands to the"
            " step before it, and whether the loop comes to t = 0."
        )
    return f"`{name}` is right at t = {', '.join(map(str, steps))} only."


def misplaced(name: str, got: np.ndarray, expected: np.ndarray, known: dict) -> str:
    """All numbers there, but not where they belong."""
    if not shuffled(got, expected):
        return ""
    return (
        f"All numbers of `{name}` are right but in the wrong places: batch and time (or other axes) are"
        " mixed up by a reshape. A transpose or permute moves axes, a reshape only cuts anew."
    )


def shuffled(got: np.ndarray, expected: np.ndarray) -> bool:
    """Whether floating numbers are the same but for their order; not for few, where chance does it."""
    if got.dtype.kind != "f" or got.ndim < 2 or np.isnan(expected).any():
        return False
    return same(np.sort(got, axis=None), np.sort(expected, axis=None)) and not same(got, expected)


def in_batch(name: str, got: np.ndarray, expected: np.ndarray, known: dict) -> str:
    """Right for the first row of the batch only, or every row the same."""
    if got.dtype.kind != "f" or got.ndim < 2 or got.shape[0] != MIXED.N:
        return ""
    if same(got[:1], expected[:1]):
        return f"`{name}` is right for the first row of the batch only."
    if same(got, np.broadcast_to(expected.mean(axis=0), expected.shape)):
        return f"`{name}` is the same in every row: it is averaged over the batch."
    if same(got[0], got[1]) and same(got[0], got[2]) and not same(expected[0], expected[1]):
        return f"`{name}` is the same in every row of the batch, which it should not be."
    return ""


def term(name: str, got: np.ndarray, expected: np.ndarray, known: dict) -> str:
    """One additive term missing, or too many."""
    if got.dtype.kind != "f":
        return ""
    alike = {
        other: value for other, value in known.items() if value.shape == got.shape and got.ndim
    }
    for other, value in alike.items():
        for sign, text in ((1.0, "too few"), (-1.0, "too many")):
            if same(got + sign * value, expected):
                return f"`{name}` is one term {text}: `{other}`."
    if got.ndim == 2 and same(got - expected, np.repeat((got - expected)[:1], len(got), axis=0)):
        return f"`{name}` is off by the same vector in every row: a term like a bias."
    return ""


def foresight(by_case: dict[str, Answer], wrong: Sequence[str]) -> str:
    """An output that changes when later inputs do."""
    plain, other = by_case["plain"], by_case.get("another ending")
    for name in wrong if other and not other.problem else ():
        before, after = (a.outputs[name][:, :CHANGED_FROM] for a in (plain, other))
        if not same(before, after):
            return f"`{name}` at a time step changes when later inputs change: it looks ahead."
    return ""


def transposed(by_case: dict[str, Answer], expected: dict[str, dict[str, np.ndarray]]) -> str:
    """A transpose, which only equal sizes can show."""
    equal = by_case.get("equal sizes")
    if equal is None or equal.problem:
        return ""
    for output, got in equal.outputs.items():
        wanted = expected["equal sizes"][output]
        if got.ndim == 2 and not same(got, wanted) and same(got.T, wanted):
            return f"`{output}` comes out transposed."
    return ""
