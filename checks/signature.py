"""The fingerprint of what a function did: one number and one code for everything observable.

Two functions that behave alike on all cases have the same fingerprint, however they are written.
"""

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
        return NUMBER, float(flags(answer, right))
    if column.what == "gradient" and answer.gradient_problem:
        return RAISED, _short(answer.gradient_problem)
    kind = "outputs" if column.what == "output" else "gradients"
    got, expected = getattr(answer, kind).get(column.name), getattr(right, kind)[column.name]
    if got is None:
        return MISSING, 0.0
    got = until_end(got, expected)
    if not np.isfinite(got).all():
        return NOT_FINITE, 0.0
    return NUMBER if got.shape == expected.shape else SHAPE, projection(got)


def until_end(got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """What is got with 0 wherever nothing is expected: weights of sampling after a row's END."""
    if got.shape != expected.shape or expected.dtype.kind != "f":
        return got
    return np.where(np.isnan(expected), 0.0, got)


def projection(array: np.ndarray) -> float:
    """The array as one number, to which every entry and its place contribute."""
    flat = array.astype(np.float64).ravel()
    return float(flat @ np.cos(1.0 + 0.7 * np.arange(flat.size) ** 1.1))


def flags(answer: Answer, right: Answer) -> int:
    """What else can be seen: inputs changed, dtypes, a graph kept."""
    changed = sum(map(ord, "".join(answer.changed)))
    dtypes = sum(answer.dtypes.get(name) != dtype for name, dtype in right.dtypes.items())
    return changed + 10_000 * dtypes + 100_000 * answer.keeps_graph


def _short(problem: Problem | None) -> float:
    """A number for an exception: the same for the same type and message."""
    if problem is None:
        return 0.0
    return float(zlib.crc32(f"{problem.kind} {problem.type} {problem.message}".encode()) >> 9)
