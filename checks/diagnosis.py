"""Which mistake it is: a wrong function's behaviour, looked up among those of known mistakes.

In this order: one mistake; two at once; one for each wrong output; a general relation between what
came out and what should have; nothing, and then the first wrong number must do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from checks import answers, relations
from checks.answer import Answer
from checks.answers import Recorded
from checks.cases import Exercise
from checks.signature import MISSING, NUMBER, RAISED, SHAPE, Fingerprint, fingerprint

CORE = ("plain", "square grid", "equal sizes")
MAXIMUM = 3  # as many alternatives are told to a student


@dataclass
class Diagnosis:
    """What was found: alternatives that give the same numbers, each of one or two names."""

    mistakes: list[list[str]] = field(default_factory=list)
    message: str = ""
    hint: str = ""


def diagnose(exercise: Exercise, given: Sequence[Answer], output: str = "") -> Diagnosis:
    """The mistake behind wrong answers; `output` is the name of one that is wrong, if known."""
    known = answers.recorded(exercise.name)
    made = fingerprint(given, known.right, known.columns)
    if found := from_catalogue(known, made):
        return told(found)
    if found := one_for_each_output(known, made):
        return found
    return Diagnosis(message=relations.relation(exercise, given, known.right, output))


def from_catalogue(known: Recorded, made: Fingerprint) -> list[list[str]]:
    """Labels of what behaves as the student's function does.

    Everything observable must agree at first; then any way to fail counts like any other; then the
    ordinary cases alone must agree: what a slip does at the edges depends on how the rest is written.
    """
    if not known.labels:
        return []
    right = fingerprint(known.right, known.right, known.columns)
    core = np.array([c.case in CORE and c.what != "flags" for c in known.columns])
    everything = np.ones(len(known.columns), dtype=bool)
    exact = agreement(known, made, strict=True)
    loose = agreement(known, made, strict=False)
    telling = telling_columns(known, made, right)
    single = np.array([len(label) == 1 for label in known.labels])
    raised = (known.codes == RAISED).any(axis=1)
    for agrees, columns, enough in (
        (exact, everything, telling.any(axis=1) | raised),
        (loose, everything, telling.any(axis=1)),
        (loose, core, (telling & core).any(axis=1)),
    ):
        matches = agrees[:, columns].all(axis=1) & enough
        for rows in (matches & single, matches & ~single):
            if rows.any():
                return [known.labels[k] for k in np.flatnonzero(rows)]
    return []


def agreement(known: Recorded, made: Fingerprint, strict: bool) -> np.ndarray:
    """Label by column, whether the student's function does what the mistake does."""
    numbers = np.isclose(known.values, made.values, rtol=2e-5, atol=2e-6)
    agrees = (known.codes == made.codes) & numbers
    if not strict:
        failed = ~np.isin(known.codes, (NUMBER, MISSING)) & ~np.isin(made.codes, (NUMBER, MISSING))
        agrees |= failed
    absent = np.array([c.what == "output" and c.name == "weights" for c in known.columns])
    return agrees | (absent & (made.codes == MISSING))


def telling_columns(known: Recorded, made: Fingerprint, right: Fingerprint) -> np.ndarray:
    """Label by column, where a number (or a shape) agrees that the right function does not give."""
    differs = (known.codes != right.codes) | ~np.isclose(
        known.values, right.values, rtol=1e-5, atol=1e-6
    )
    numbers = np.isclose(known.values, made.values, rtol=2e-5, atol=2e-6)
    return differs & (known.codes == made.codes) & (known.codes != RAISED) & numbers


def one_for_each_output(known: Recorded, made: Fingerprint) -> Diagnosis | None:
    """For each wrong output the single mistakes that give just this output, in the plain cases."""
    right = fingerprint(known.right, known.right, known.columns)
    exact = agreement(known, made, strict=True)
    same_as_right = (made.codes == right.codes) & np.isclose(
        made.values, right.values, rtol=2e-5, atol=2e-6
    )
    single = np.array([len(label) == 1 for label in known.labels], dtype=bool)
    names: dict[str, set[int]] = {}
    for case in ("plain", "equal sizes"):
        for k, column in enumerate(known.columns):
            if column.case != case or column.what != "output" or same_as_right[k]:
                continue
            if made.codes[k] not in (NUMBER, SHAPE):
                continue
            rows = set(np.flatnonzero(exact[:, k] & single).tolist())
            names[column.name] = names.get(column.name, rows) & rows
    if not names or not all(names.values()):
        return None
    chosen = {name: min(rows) for name, rows in names.items()}
    labels = sorted({known.labels[row][0] for row in chosen.values()})
    sentences = dict.fromkeys(answers.texts()[label]["sentence"] for label in labels)
    hints = dict.fromkeys(answers.texts()[label]["hint"] for label in labels)
    mistakes = [labels] if len(labels) <= 2 else []
    return Diagnosis(mistakes, " ".join(sentences), " ".join(hints))


def told(alternatives: list[list[str]]) -> Diagnosis:
    """Alternatives with their sentences and hints."""
    texts = answers.texts()
    messages = dict.fromkeys(
        ("Two things at once: " if len(names) > 1 else "")
        + " Also: ".join(texts[name]["sentence"] for name in names)
        for names in alternatives[:MAXIMUM]
    )
    hints = dict.fromkeys(texts[name]["hint"] for name in alternatives[0])
    return Diagnosis(alternatives, " Or: ".join(messages), " ".join(hints))
