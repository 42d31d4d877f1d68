"""The recorded answers: what is right, what each known mistake gives, and what to say of it."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from checks.answer import Answer, unpack
from checks.judging.signature import Column, Fingerprint, columns_of, fingerprint

FILE = Path(__file__).with_name("answers.npz")


@dataclass(frozen=True)
class Recorded:
    """What is recorded of one exercise.

    right      the right answer to every case
    columns    what can be observed of it; one column of `codes` and `values` each
    usual      the fingerprint of the right answers
    names      of the mistakes: one for every row of `codes` and `values`, their fingerprints
    own        how many of the names, from the first, are mistakes of the exercise itself; the others
               are of what it calls
    pairs      of mistakes at once, as rows of the above; `summaries` are their fingerprints, short
    """

    right: list[Answer]
    columns: list[Column]
    usual: Fingerprint
    names: list[str]
    own: int
    codes: np.ndarray
    values: np.ndarray
    pairs: np.ndarray
    summaries: np.ndarray


@cache
def recorded(exercise: str) -> Recorded:
    """What answers.npz holds of an exercise."""
    with _opened() as file:
        right = unpack(file[f"{exercise}/right"].tobytes())
        names = json.loads(str(file[f"{exercise}/names"]))
        codes, values = file[f"{exercise}/codes"], file[f"{exercise}/values"]
        own = int(file[f"{exercise}/own"])
        pairs, summaries = file[f"{exercise}/pairs"], file[f"{exercise}/summaries"]
    columns = columns_of(right)
    usual = fingerprint(right, right, columns)
    values = np.where(np.isnan(values), usual.values, values)  # nan: as it should be
    return Recorded(right, columns, usual, names, own, codes, values, pairs, summaries)


@cache
def texts() -> dict[str, dict[str, str]]:
    """For the name of each mistake its "sentence" and "hint"."""
    with _opened() as file:
        return json.loads(str(file["texts"]))


def _opened():
    return np.load(FILE, allow_pickle=False)
