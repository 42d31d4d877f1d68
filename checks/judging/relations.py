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
GATED = ("dWx", "dWh", "dWattn", "db")
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
    usual = usual_case(by_case)
    plain = by_case.get(usual)
    if plain is None or plain.problem:
        return transposed(by_case, expected)
    wrong = wrong_outputs(given, right)
    inputs = next(case.inputs for case in exercise.cases if case.name == usual)
    known = {**dict(inputs), **expected[usual]}
    steps = same_step(wrong)
    rest = {name: pair for name, pair in wrong.items() if name not in explained}
    found = [zeros(rest), gates := gate_blocks(rest)]
    for name, (got, wanted) in wrong.items():
        if (
            name not in explained
            and got.any()
            and got.shape == wanted.shape
            and np.isfinite(got).all()
        ):
            looks = (order, factor, elsewhere, in_time, misplaced, moved, in_batch, term, nearly)
            looks = [look for look in looks if not (gates and name in GATED)]
            said = (
                look(name, got, wanted, known) for look in looks if look is not in_time or steps
            )
            found.append(next(filter(None, said), ""))
    if not any(found):
        found = [foresight(by_case, list(wrong)) or transposed(by_case, expected)]
    return " ".join(filter(None, [*found, right_and_wrong(list(wrong), list(plain.outputs))]))


def usual_case(cases: Collection[str]) -> str:
    """The plain case; a square grid where no other is taken."""
    return "plain" if "plain" in cases else "square grid"


def wrong_outputs(
    given: Sequence[Answer], right: Sequence[Answer]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The outputs that are wrong in the usual case: what came, and what should have."""
    answers, expected = ({answer.case: answer for answer in some} for some in (given, right))
    usual = usual_case(answers)
    return {
        name: (got, expected[usual].outputs[name])
        for name, got in (answers[usual].outputs.items() if usual in answers else ())
        if not same(got, expected[usual].outputs[name])
    }


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
    verb, others = "is" if len(right) == 1 else "are", listed([f"`{name}`" for name in wrong])
    return f"{listed(right)} {verb} right, {others} wrong."


def factor(name: str, got: np.ndarray, expected: np.ndarray, known: dict) -> str:
    """A constant factor, and what it is in the sizes of the case."""
    if got.dtype.kind != "f" or np.isnan(expected).any() or not np.abs(expected).max() > CLOSE:
        return ""
    if not got.any():
        return ""  # see `zeros`
    ratio = float((got * expected).sum() / (expected * expected).sum())
    positions = float(np.prod(known["A"].shape[2:])) if "A" in known else MIXED.h * MIXED.w
    factors = FACTORS | {"h w": positions, "1/(h w)": 1 / positions}
    named = [text for text, value in factors.items() if abs(ratio - value) < CLOSE * abs(value)]
    if not same(got, ratio * expected) or (got.size == 1 and not named):  # any number is a multiple
        return ""
    if abs(ratio + 1) < CLOSE:
        return f"`{name}` has the wrong sign, everything else about it is right."
    what = f" = {named[0]}" if named else ""
    return f"`{name}` is right but for a constant factor: it is {ratio:.4g}{what} times too large."


def zeros(wrong: dict[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """The wrong outputs that are nothing but zeros."""
    found = [f"`{n}`" for n, (got, _) in wrong.items() if got.dtype.kind == "f" and not got.any()]
    return f"{listed(found)} {'is' if len(found) == 1 else 'are'} zero throughout." * bool(found)


def order(name: str, got: np.ndarray, expected: np.ndarray, known: dict) -> str:
    """The four gate blocks of the last axis in another order."""
    if not has_gates(got):
        return ""
    mine, theirs = np.split(got, 4, axis=-1), np.split(expected, 4, axis=-1)
    for order in itertools.permutations(range(4)):
        if order != (0, 1, 2, 3) and all(same(mine[k], theirs[j]) for k, j in enumerate(order)):
            letters = ", ".join("ifog"[j] for j in order)
            return f"`{name}` has its gate blocks in the order {letters} instead of i, f, o, g."
    return ""


def has_gates(got: np.ndarray) -> bool:
    return got.ndim > 0 and got.shape[-1] == 4 * MIXED.H


def gate_blocks(wrong: dict[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """Which gates are wrong, where it is the same in all outputs that have a block for each."""
    found = {}
    for name, (got, expected) in wrong.items():
        if has_gates(got) and got.shape == expected.shape:
            blocks = zip("ifog", np.split(got, 4, axis=-1), np.split(expected, 4, axis=-1))
            found[name] = [gate for gate, mine, theirs in blocks if not same(mine, theirs)]
    gates = next(iter(found.values()), [])
    if not 0 < len(gates) < 4 or any(each != gates for each in found.values()):
        return ""
    names = listed([f"`{name}`" for name in found])
    return f"Of the four gate blocks only {listed(gates)} went wrong, in {names}."


def listed(words: Sequence[str]) -> str:
    """ "a, b and c" """
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


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


def moved(name: str, got: np.ndarray, expected: np.ndarray, known: dict) -> str:
    """Rows of the batch, or steps, that hold what belongs to others."""
    for axis, what, size in ((0, "row", MIXED.N), (1, "step", MIXED.T)):
        if got.dtype.kind != "f" or got.ndim < 2 or got.shape[axis] != size or name == "dW_embed":
            continue
        if axis == 1 and name not in TIMED:
            continue
        mine, theirs = np.moveaxis(got, axis, 0), np.moveaxis(expected, axis, 0)
        from_where = [
            next((m for m, other in enumerate(theirs) if same(one, other)), None) for one in mine
        ]
        wrong = [(n, m) for n, m in enumerate(from_where) if n != m]
        if wrong and all(m is not None for _, m in wrong):
            told = ", ".join(f"{what} {n} holds what belongs in {what} {m}" for n, m in wrong)
            return f"In `{name}`, {told}."
    return ""


def nearly(name: str, got: np.ndarray, expected: np.ndarray, known: dict) -> str:
    """Right to some digits."""
    scale = float(np.abs(expected).max(initial=0.0))
    if got.dtype.kind != "f" or got.size < 2 or not scale or np.isnan(expected).any():
        return ""
    digits = int(-np.log10(float(np.abs(got - expected).max()) / scale + 1e-12))
    if not 2 <= digits <= 6:
        return ""
    return (
        f"`{name}` is right to about {digits} digits and no more, as after rounding, in half precision"
        " or with a small number added somewhere."
    )


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
    if got.dtype.kind != "f" or not got.any():
        return ""
    alike = {
        other: value
        for other, value in known.items()
        if value.shape == got.shape and got.ndim and other != name and value.any()
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
    plain, other = by_case.get("plain"), by_case.get("another ending")
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
