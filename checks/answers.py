"""The recorded answers: what is right, what each known mistake gives, and what to say of it."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from checks.answer import Answer, unpack
from checks.signature import Column, columns_of

FILE = Path(__file__).with_name("answers.npz")


@dataclass(frozen=True)
class Recorded:
    """What is recorded of one exercise.

    right      the right answer to every case
    columns    what can be observed of it; one column of `codes` and `values` each
    labels     one or two names of mistakes for every row of `codes` and `values`
    """

    right: list[Answer]
    columns: list[Column]
    labels: list[list[str]]
    codes: np.ndarray
    values: np.ndarray


@cache
def recorded(exercise: str) -> Recorded:
    """What answers.npz holds of an exercise."""
    with _opened() as file:
        right = unpack(file[f"right/{exercise}"].tobytes())
        labels = json.loads(str(file[f"labels/{exercise}"]))
        codes, values = file[f"codes/{exercise}"], file[f"values/{exercise}"]
    return Recorded(right, columns_of(right), labels, codes, values)


@cache
def texts() -> dict[str, dict[str, str]]:
    """For the name of each mistake its "sentence" and "hint"."""
    with _opened() as file:
        return json.loads(str(file["texts"]))


def _opened():
    return np.load(FILE, allow_pickle=False)
