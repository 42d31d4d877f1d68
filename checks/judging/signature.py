"""The fingerprint of what a function did: one number and one code for everything observable.

Two functions that behave alike on all cases have the same fingerprint, however they are written.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from checks.answer import Answer, Problem

NUMBER, RAISED, SHAPE, MISSING, NOT_FINITE = range(5)  # codes


@dataclass(frozen=True)
class Column:
    """Something observable: `what` is "output", "gradient" or "flags" of a case."""

    case: str
    what: str
    name: str = ""


@dataclass
class Fingerprint:
    """codes and values, one each a column; a value counts where its code is NUMBER or SHAPE."""

    codes: np.ndarray
    values: np.ndarray


def columns_of(right: Sequence[Answer]) -> list[Column]:
    """What can be observed of an exercise: what the right function gives."""
    columns = []
    for answer in right:
        columns += [Column(answer.case, "output", name) for name in answer.outputs]
        columns += [Column(answer.case, "gradient", name) for name in answer.gradients]
        columns.append(Column(answer.case, "flags"))
    return columns


def fingerprint(
    answers: Sequence[Answer], right: Sequence[Answer], columns: Sequence[Column]
) -> Fingerprint:
    """The fingerprint of a function's answers, in the columns of its exercise."""
    by_case = {answer.case: answer for answer in answers}
    right_by_case = {answer.case: answer for answer in right}
    cells = [
        _cell(by_case.get(column.case), right_by_case[column.case], column) for column in columns
    ]
    codes, values = zip(*cells)
    return Fingerprint(np.array(codes, dtype=np.int8), np.array(values, dtype=np.float32))


def _cell(answer: Answer | None, right: Answer, column: Column) -> tuple[int, float]:
    if answer is None or answer.problem:
        return RAISED, _short(answer.problem if answer else None)
    if column.what == "flags":
        return NUMBER, flags(answer, right)
    if column.what == "gradient" and answer.gradient_problem:
        return RAISED, _short(answer.gradient_problem)
    kind = "outputs" if column.what == "output" else "gradients"
    got, expected = getattr(answer, kind).get(column.name), getattr(right, kind)[column.name]
    if got is None:
        return MISSING, 0.0
    got = until_end(got, expected)
    if not np.isfinite(got).all():
        return NOT_FINITE, 0.0
    if got.shape != expected.shape:
        return SHAPE, projection(got) + _hash(str(got.shape))
    return NUMBER, projection(got)


def until_end(got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """What is got with 0 wherever nothing is expected: weights of sampling after a row's END."""
    if got.shape != expected.shape or expected.dtype.kind != "f":
        return got
    return np.where(np.isnan(expected), 0.0, got)


def projection(array: np.ndarray) -> float:
    """The array as one number, to which every entry and its place contribute."""
    flat = array.astype(np.float64).ravel()
    return float(flat @ np.cos(1.0 + 0.7 * np.arange(flat.size) ** 1.1))


def flags(answer: Answer, right: Answer) -> float:
    """What else can be seen, as one number: inputs changed, other dtypes, a graph kept."""
    dtypes = {k: v for k, v in answer.dtypes.items() if v != right.dtypes.get(k)}
    if not (answer.changed or dtypes or answer.keeps_graph):
        return 0.0
    return _hash(f"{answer.changed} {dtypes} {answer.keeps_graph}")


def _short(problem: Problem | None) -> float:
    """A number for an exception: the same for the same type and message, but for names quoted in it."""
    if problem is None:
        return 0.0
    message = re.sub(r"'[^']*'|^\w+: ", "", problem.message)
    return _hash(f"{problem.kind} {problem.type} {message}")


def _hash(text: str) -> float:
    """A number in 0..1 for a text."""
    return (zlib.crc32(text.encode()) >> 8) / 2**24


def summary(made: Fingerprint, columns: Sequence[Column]) -> np.ndarray:
    """A fingerprint in three numbers, for the many pairs: plain case, equal sizes, everything.

    nan where the case has no numbers.
    """
    weights = 1.0 + np.modf(np.arange(1, len(columns) + 1) * 0.6180339887)[0]
    squashed = made.values / (1.0 + np.abs(made.values)) + made.codes
    parts = []
    for case in ("plain", "equal sizes"):
        mine = [k for k, c in enumerate(columns) if c.case == case and c.what == "output"]
        numbers = np.isin(made.codes[mine], (NUMBER, SHAPE)).all()
        parts.append(made.values[mine].astype(float) @ weights[mine] if numbers else np.nan)
    return np.array([*parts, squashed @ weights], dtype=np.float32)
