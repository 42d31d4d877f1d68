"""When two arrays are the same number for number, and how to say where they are not."""

import numpy as np

from checks.cases.case import LETTER_SIZES

EXACT, SINGLE = 1e-9, 2e-5  # of the largest number: float64 done in another order; float32
LETTERS = {size: letter for letter, size in LETTER_SIZES.items()}


def error(got: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference as a share of the largest number expected (at least 1); inf for nan.

    Where nothing is expected (nan), nothing is compared.
    """
    counted = ~np.isnan(expected) if expected.dtype.kind == "f" else np.ones(expected.shape, bool)
    if not counted.any():
        return 0.0
    got, expected = got[counted].astype(np.float64), expected[counted].astype(np.float64)
    if not np.isfinite(got).all():
        return float("inf")
    return float(np.abs(got - expected).max() / max(1.0, np.abs(expected).max()))


def same(got: np.ndarray, expected: np.ndarray, tolerance: float = 1e-6) -> bool:
    """Whether shapes agree and numbers do within the tolerance; nothing is broadcast."""
    return got.shape == expected.shape and error(got, expected) <= tolerance


def shape_text(shape: tuple[int, ...]) -> str:
    """(3, 5) as "(3, 5)", and its meaning in the sizes of the plain case: "(3, 5), which is (N, D)"."""
    letters = [LETTERS.get(size) for size in shape]
    if not letters or None in letters:
        return f"{shape}"
    return f"{shape}, that is ({', '.join(letters)})"


def first_wrong(got: np.ndarray, expected: np.ndarray) -> str:
    """Where two arrays of one shape first differ, and how many numbers do."""
    got, expected = got + 0.0, expected + 0.0  # no -0 to be read
    scale = max(1.0, float(np.nanmax(np.abs(expected)))) if expected.size else 1.0
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(got - expected) <= SINGLE * scale) & ~np.isnan(expected)
    place = tuple(int(k) for k in np.argwhere(wrong)[0])
    if expected.size == 1:
        return f"it is {got[place]:.6g}, it should be {expected[place]:.6g}"
    where = f"at [{', '.join(map(str, place))}]"
    return (
        f"{wrong.sum()} of {wrong.size} numbers differ, {where} it is {got[place]:.6g}"
        f" and should be {expected[place]:.6g}"
    )
