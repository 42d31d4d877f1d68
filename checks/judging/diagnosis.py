"""Which mistake it is: a wrong function's behaviour, looked up among those of known mistakes.

In this order: one mistake; two at once; one for each wrong output; a general relation between what
came out and what should have; nothing, and then the first wrong number must do.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from checks import answers
from checks.answer import Answer
from checks.answers import Recorded
from checks.cases import EXERCISES, Exercise
from checks.judging import relations
from checks.judging.exceptions import is_slip, meaning
from checks.judging.formula.explain import Finding
from checks.judging.formula.seen import explained
from checks.judging.signature import (
    MISSING,
    NUMBER,
    RAISED,
    SHAPE,
    Fingerprint,
    fingerprint,
    summary,
)

CORE = ("plain", "square grid", "equal sizes")
MAXIMUM = 2  # as many alternatives are told to a student


@dataclass
class Diagnosis:
    """What was found: alternatives that give the same numbers, each of one or two names."""

    mistakes: list[list[str]] = field(default_factory=list)
    message: str = ""
    hint: str = ""


def diagnose(exercise: Exercise, given: Sequence[Answer], failing: str = "") -> Diagnosis:
    """The mistake behind wrong answers. failing: the case that is told, whose exceptions alone count."""
    known = in_cases(answers.recorded(exercise.name), {answer.case for answer in given})
    made = fingerprint(given, known.right, known.columns)
    told_of = [answer for answer in given if failing in ("", answer.case)]
    problems = [(a.case, p) for a in told_of for p in (a.problem, a.gradient_problem) if p]
    exception = ""
    if problems:
        case, problem = problems[0]
        letters = case == "plain" and not exercise.cell  # sizes tell axes apart there alone
        exception = meaning(problem, called(exercise), letters)
        if is_slip(problem):
            return Diagnosis(message=exception)
    if not np.isin(made.codes, (NUMBER, SHAPE))[core_outputs(known)].any():
        return guess(known, made, exception)
    found = (
        exactly(known, made)
        or nearly(known, made, alone=True)
        or single(
            known, exact_rows(known, made)
        )  # of what it calls: it may be written in one piece
    )
    if not found:
        findings, unexplained = explained(exercise, given, known.right)
        if findings and not unexplained:
            return Diagnosis(message=sentences(findings))
        found = nearly(known, made)
    if diagnosis := told(found) if found else one_for_each_output(known, made):
        if exception and raises_alone(known, made, diagnosis.mistakes):
            diagnosis.message = f"{exception} Perhaps this: {diagnosis.message}"
        return diagnosis
    related = relations.relation(exercise, given, known.right, {each.target for each in findings})
    wrong = relations.wrong_outputs(given, known.right)
    open_ = [f"`{name}`" for name in unexplained if name in wrong] if findings else []
    rest = f"That does not explain {relations.listed(open_)}." if open_ else ""
    said = [sentences(findings), rest, related, in_place(given)]
    return Diagnosis(message=" ".join(filter(None, said)) or exception)


def in_place(given: Sequence[Answer]) -> str:
    """That inputs are changed, where the numbers are wrong as well."""
    changed = next((answer.changed for answer in given if answer.case == "plain"), [])
    names = " and ".join(f"`{name}`" for name in changed)
    return f"It changes its input {names} in place: what comes after reads other numbers." * bool(
        names
    )


def called(exercise: Exercise) -> set[str]:
    """The functions that an exercise calls, directly or not. They are right when it is diagnosed."""
    names = list(exercise.needs)
    for name in names:
        names += [other for other in EXERCISES[name].needs if other not in names]
    return {*names, "_project_image"}


def guess(known: Recorded, made: Fingerprint, exception: str) -> Diagnosis:
    """What may be behind an exception that leaves no numbers to compare.

    Only a mistake of the exercise's own: what it calls is right. Two at once are named, but not put
    in words for a student: too many pairs raise the same.
    """
    rows = slice(known.own)
    mine = replace(
        known, names=known.names[rows], codes=known.codes[rows], values=known.values[rows]
    )
    found = from_catalogue(mine, made)
    if not found or len(found[0]) > 1:
        return Diagnosis(found, exception)
    diagnosis = told(found)
    diagnosis.message = f"{exception} Perhaps this: {diagnosis.message}".lstrip()
    return diagnosis


def raises_alone(known: Recorded, made: Fingerprint, found: list[list[str]]) -> bool:
    """Whether the function raises, in an ordinary case, where these mistakes give numbers.

    Then they agree where all sizes are alike, and that may be chance.
    """
    rows = [known.names.index(name) for names in found for name in names]
    where = core_outputs(known) & (made.codes == RAISED)
    return bool((known.codes[rows][:, where] == NUMBER).any())


def core_outputs(known: Recorded) -> np.ndarray:
    """Which columns are outputs of the ordinary cases."""
    return np.array([c.case in CORE and c.what == "output" for c in known.columns])


def in_cases(known: Recorded, cases: set[str]) -> Recorded:
    """What is recorded of these cases: all of it, or without the pairs if some cases were not run."""
    run = np.array([column.case in cases for column in known.columns])
    if run.all():
        return known
    return replace(
        known,
        columns=[column for column in known.columns if column.case in cases],
        usual=Fingerprint(known.usual.codes[run], known.usual.values[run]),
        names=known.names[: known.own],  # what it calls is right by itself; no pairs beside it here
        codes=known.codes[: known.own, run],
        values=known.values[: known.own, run],
        pairs=known.pairs[:0],
        summaries=known.summaries[:0],
    )


def sentences(findings: Sequence[Finding]) -> str:
    """What stands where in the formula, each change once, what explains most first; of many the first few."""
    names: dict[tuple[str, str], list[str]] = {}  # by what is said of them
    for finding in findings:
        for clause in finding.said:
            where, name, said = re.fullmatch(IN_ONE, clause).groups()
            names.setdefault((where, said), []).append(name)
    said = [
        f"{where}{relations.listed([f'`{name}`' for name in dict.fromkeys(some)])}, {what}"
        if where
        else what
        for (where, what), some in sorted(names.items(), key=lambda item: -len(item[1]))
    ]
    more = f" And so on: {len(said) - MAXIMUM} more." if len(said) > MAXIMUM else ""
    clauses = [f"{clause[0].upper()}{clause[1:]}." for clause in said[:MAXIMUM]]
    return " Also: ".join(clauses) + more


IN_ONE = r"(?:([^`]*\b(?:in|as) )`(\w+)`, )?(.*)"  # where, in which quantity, what


def from_catalogue(known: Recorded, made: Fingerprint) -> list[list[str]]:
    """What behaves as the student's function does: mistakes, or else pairs of mistakes."""
    return exactly(known, made) or nearly(known, made)


def exactly(known: Recorded, made: Fingerprint) -> list[list[str]]:
    """Mistakes of its own, or else pairs of these, with which everything observable agrees."""
    if not known.names:
        return []
    mine = exact_rows(known, made) & own_rows(known)
    return single(known, mine) or pairs(known, made, exactly=True)


def exact_rows(known: Recorded, made: Fingerprint) -> np.ndarray:
    """Which mistakes agree in everything, and not just in what is right."""
    agrees = agreement(known, made, strict=True).all(axis=1)
    raised = (known.codes == RAISED).any(axis=1)
    return agrees & (telling_columns(known, made).any(axis=1) | raised)


def nearly(known: Recorded, made: Fingerprint, alone: bool = False) -> list[list[str]]:
    """Mistakes, or else pairs, that agree in the ordinary cases; alone: single ones of its own.

    First any way to fail counts like any other; then the ordinary cases alone must agree: what a slip
    does at the edges depends on how the rest is written, and so does what it does to the gradients, where
    it is seen in the outputs.
    """
    if not known.names:
        return []
    loose, telling = agreement(known, made, strict=False), telling_columns(known, made)
    possible = ~does_more(known, made)
    core = np.array([c.case in CORE and c.what != "flags" for c in known.columns])
    outputs = core & np.array([c.what == "output" for c in known.columns])
    numbers = telling & np.isin(known.codes, (NUMBER, SHAPE))
    likely = loose[:, core].all(axis=1) & (telling & core).any(axis=1)
    likely |= loose[:, outputs].all(axis=1) & (numbers & outputs).any(axis=1)
    whole, own = loose.all(axis=1) & telling.any(axis=1) & possible, own_rows(known)
    looks = (
        lambda: single(known, whole & own),
        lambda: single(known, nearest(likely & possible & own, loose)),
    )
    others = (
        lambda: pairs(known, made, exactly=False, possible=possible),
        lambda: single(known, whole),
        lambda: single(known, nearest(likely & possible, loose)),
    )
    return next((found for look in (looks if alone else looks + others) if (found := look())), [])


def does_more(known: Recorded, made: Fingerprint) -> np.ndarray:
    """Whether a mistake changes an input or a dtype, or cuts autograd off, where this function does not.

    In the ordinary cases; a function that changes something itself may do so for more than one reason.
    """
    core = np.array([c.case in CORE for c in known.columns])
    flags = core & np.array([c.what == "flags" for c in known.columns])
    gradients = core & np.array([c.what == "gradient" for c in known.columns])
    quiet = flags & (made.codes == NUMBER) & (made.values == 0.0)
    changes = (known.codes == NUMBER) & (known.values != 0.0)
    arrives = gradients & (made.codes == NUMBER) & (made.values != 0.0)
    cut = (known.codes != NUMBER) | (known.values == 0.0)
    return (changes & quiet).any(axis=1) | (cut & arrives).any(axis=1)


def nearest(rows: np.ndarray, agrees: np.ndarray) -> np.ndarray:
    """Those of the rows that agree in the most columns."""
    count = np.where(rows, agrees.sum(axis=1), -1)
    return rows & (count == count.max())


def own_rows(known: Recorded) -> np.ndarray:
    """Which mistakes are the exercise's own; those of what it calls count if nothing else is found."""
    return np.arange(len(known.names)) < known.own


def single(known: Recorded, rows: np.ndarray) -> list[list[str]]:
    """The names of these rows."""
    return [[known.names[row]] for row in np.flatnonzero(rows)]


def pairs(
    known: Recorded, made: Fingerprint, exactly: bool, possible: np.ndarray | None = None
) -> list[list[str]]:
    """Pairs of mistakes with the same short fingerprint; its third number counts only if exactly.

    possible: by mistake, whether it may be one of them.
    What raises in the ordinary cases shows no number of its own: then the third is all there is, and
    must agree to the last digit.
    """
    mine, usual = (summary(print_, known.columns) for print_ in (made, known.usual))
    agrees = np.isclose(known.summaries, mine, rtol=2e-5, atol=2e-6, equal_nan=True)
    if np.isnan(mine[:2]).all():
        agrees[:, 2] = np.isclose(known.summaries[:, 2], mine[2], rtol=2e-7, atol=0.0)
    tells = ~np.isclose(mine, usual, rtol=1e-5, atol=1e-6) & np.isfinite(mine)
    if exactly:
        found = agrees.all(axis=1) & tells.any()
    else:  # two slips may well make zeros, as others do
        found = agrees[:, :2].all(axis=1) & (tells & ~np.isclose(mine, 0.0, atol=1e-6))[:2].any()
    if possible is not None and len(known.pairs):
        found = found & possible[known.pairs].all(axis=1)
    return [[known.names[k] for k in pair] for pair in known.pairs[found]]


def agreement(known: Recorded, made: Fingerprint, strict: bool) -> np.ndarray:
    """Label by column, whether the student's function does what the mistake does.

    A gradient that does not arrive is zero. Other layouts may leave the weights away.
    """
    single = np.array(
        [c.case.startswith("float32") for c in known.columns]
    )  # in which order matters
    numbers = np.isclose(known.values, made.values, rtol=2e-5, atol=2e-6)
    numbers |= single & np.isclose(known.values, made.values, rtol=2e-4, atol=2e-4)
    weights = np.array([c.what == "output" and c.name == "weights" for c in known.columns])
    gradient = np.array([c.what == "gradient" for c in known.columns])
    there = [np.isin(codes, (NUMBER, MISSING)) for codes in (known.codes, made.codes)]
    agrees = (known.codes == made.codes) & numbers
    agrees |= gradient & there[0] & there[1] & numbers
    agrees |= weights & (made.codes == MISSING)
    if not strict:
        shapes = (known.codes == SHAPE) & (made.codes == SHAPE)  # of which there are many
        agrees |= ~there[0] & ~there[1] & ~shapes
        agrees |= weights & after_wrong_words(known, agrees)
    return agrees


def after_wrong_words(known: Recorded, agrees: np.ndarray) -> np.ndarray:
    """Label by column, whether the captions of that case are wrong in the way the mistake makes them.

    The weights are compared up to the right END. A caption that ends before that has others after
    its own: nothing is asked of these.
    """
    found = np.zeros_like(agrees)
    wrong = agrees & ~np.isclose(known.values, known.usual.values, rtol=1e-5, atol=1e-6)
    for k, column in enumerate(known.columns):
        if column.name == "captions":
            same = [other.case == column.case for other in known.columns]
            found[:, same] = wrong[:, [k]]
    return found


def telling_columns(known: Recorded, made: Fingerprint) -> np.ndarray:
    """Label by column, where a number (or a shape) agrees that the right function does not give."""
    differs = differing(known.codes, known.values, known.usual)
    numbers = np.isclose(known.values, made.values, rtol=2e-5, atol=2e-6)
    return differs & (known.codes == made.codes) & (known.codes != RAISED) & numbers


def one_for_each_output(known: Recorded, made: Fingerprint) -> Diagnosis | None:
    """For each wrong output the mistake that gives just this, in the ordinary cases.

    Only a mistake whose every effect on an output is seen here; the one with the fewest effects.
    """
    outputs = core_outputs(known)
    exact = agreement(known, made, strict=True)
    changes = outputs & differing(known.codes, known.values, known.usual)
    contradicted = (changes & ~agreement(known, made, strict=False)).any(axis=1)
    possible = ~contradicted & ~does_more(known, made)
    wrong = outputs & differing(made.codes, made.values, known.usual)
    names = dict.fromkeys(known.columns[k].name for k in np.flatnonzero(wrong))
    chosen = []
    for name in names:
        here = wrong & np.array([c.name == name for c in known.columns])
        here &= np.isin(made.codes, (NUMBER, SHAPE))
        if not here.any():  # it raised wherever that is wrong
            continue
        rows = np.flatnonzero(possible & exact[:, here].all(axis=1))
        if not len(rows):
            return None
        chosen.append(min(rows, key=lambda row: (names_of(known, changes[row]), row)))
    if not chosen:
        return None
    labels = sorted({known.names[row] for row in chosen})
    sentences = dict.fromkeys(answers.texts()[label]["sentence"] for label in labels)
    hints = dict.fromkeys(answers.texts()[label]["hint"] for label in labels)
    mistakes = [labels] if len(labels) <= 2 else []
    return Diagnosis(mistakes, " Also: ".join(sentences), " ".join(hints))


def differing(codes: np.ndarray, values: np.ndarray, usual: Fingerprint) -> np.ndarray:
    """Where something else is observed than of the right function."""
    return (codes != usual.codes) | ~np.isclose(values, usual.values, rtol=1e-5, atol=1e-6)


def names_of(known: Recorded, columns: np.ndarray) -> int:
    """How many outputs these columns are of."""
    return len({known.columns[k].name for k in np.flatnonzero(columns)})


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
