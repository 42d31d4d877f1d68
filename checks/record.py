"""Makes answers.npz from the reference and the catalogue, and proves it.

    python -m checks.record [NAME ...]            writes answers.npz
    python -m checks.record --check [NAME ...]    proves that it is fresh, and every mistake and pair named

With names of exercises only these are recorded anew, or proved.

Run it after a change to captioning.py, to a case or to the catalogue. The instructor's side: the
handout holds what it makes, not this file.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from checks import answers
from checks.answer import Answer, pack
from checks.cases import EXERCISES
from checks.faces.asked import exercises_named
from checks.hand_ins.given import Given
from checks.hand_ins.hand_in import HandIn, KitLayout
from checks.judging.judge import FLOAT32, judge
from checks.judging.signature import Fingerprint, columns_of, fingerprint, summary
from checks.mistakes import CATALOGUE, UNDO, Mistake, patched_functions
from checks.running.runner import run
from coursework import captioning
from coursework.files import written_beside

SOURCE = Path(captioning.__file__).read_text(encoding="utf-8")
REFERENCE = compile(SOURCE, "<reference>", "exec")


class AsItIs(KitLayout):
    """The kit's layout for the reference: mistakes may be planted in its given code too."""

    def given(self, cell_type: str) -> Given:
        return Given()


def hand_in(planted: Iterable[Mistake] = ()) -> HandIn:
    """The reference with mistakes planted. Raises ValueError where a patch does not apply once."""
    namespace = {"__name__": "reference"}
    exec(REFERENCE, namespace)
    for where, text in patched_functions(SOURCE, planted).items():
        owner, _, name = where.rpartition(".")
        scope = {} if owner else namespace
        exec(compile(textwrap.dedent(text), "<reference>", "exec"), namespace, scope)
        if owner:
            setattr(namespace[owner], name, scope[name])
    return HandIn(namespace, AsItIs(namespace))


def right_answers(exercise: str) -> list[Answer]:
    """The reference's answers; the weights of sampling are nan where nothing is asked of them."""
    right = run(hand_in(), exercise)
    for answer, case in zip(right, EXERCISES[exercise].cases):
        if problem := answer.problem or answer.gradient_problem:
            raise RuntimeError(f"{exercise}, {answer.case}: {problem}")
        if {"captions", "weights"} <= answer.outputs.keys():
            is_end = answer.outputs["captions"] == case.settings["words"].index("<END>")
            answer.outputs["weights"][(np.cumsum(is_end, axis=1) - is_end) > 0] = np.nan
    return right


def called(exercise: str) -> list[str]:
    """The exercises that an exercise calls, directly or not."""
    found = list(EXERCISES[exercise].needs)
    for name in found:
        found += [other for other in EXERCISES[name].needs if other not in found]
    return found


def own(exercise: str) -> list[Mistake]:
    """The mistakes in the code of an exercise."""
    return [mistake for mistake in CATALOGUE.values() if exercise in mistake.exercises]


def singles(exercise: str) -> list[Mistake]:
    """The mistakes of an exercise, then those of all that it calls: it may be written in one piece."""
    mine, below = own(exercise), set(called(exercise))
    return mine + [m for m in CATALOGUE.values() if m not in mine and below & set(m.exercises)]


def record(exercise: str) -> dict[str, np.ndarray]:
    """What answers.npz holds of an exercise: all that can be told from the right function."""
    torch.set_num_threads(1)
    right = right_answers(exercise)
    columns = columns_of(right)
    reference = fingerprint(right, right, columns)
    usual = summary(reference, columns)
    names, prints = [], []
    for mistake in singles(exercise):
        made = fingerprint(run(hand_in([mistake]), exercise, closely=False), right, columns)
        close = np.isclose(made.values, reference.values, rtol=1e-5, atol=1e-6)
        if (made.codes != reference.codes).any() or not close.all():
            names.append(mistake.name)
            prints.append(made)
    pairs, summaries = [], []
    rows = {name: row for row, name in enumerate(names)}
    for planted in compatible_pairs(exercise):
        if {mistake.name for mistake in planted} <= rows.keys():
            made = fingerprint(run(hand_in(planted), exercise, closely=False), right, columns)
            short = summary(made, columns)
            if not np.allclose(short, usual, rtol=1e-5, atol=1e-6):
                pairs.append([rows[mistake.name] for mistake in planted])
                summaries.append(short)
    return {
        "right": np.frombuffer(pack(right), dtype=np.uint8),
        "names": np.array(json.dumps(names)),
        "own": np.array(len(rows.keys() & {mistake.name for mistake in own(exercise)})),
        "codes": np.array([made.codes for made in prints], dtype=np.int8),
        "values": np.array([only_changed(made, reference) for made in prints], dtype=np.float32),
        "pairs": np.reshape(np.array(pairs, dtype=np.int16), (-1, 2)),
        "summaries": np.reshape(np.array(summaries, dtype=np.float32), (-1, 3)),
    }


def only_changed(made: Fingerprint, usual: Fingerprint) -> np.ndarray:
    """The values of a fingerprint, nan where nothing changed: that packs well."""
    same = (made.codes == usual.codes) & (made.values == usual.values)
    return np.where(same, np.nan, made.values)


def compatible_pairs(exercise: str) -> list[tuple[Mistake, Mistake]]:
    """The pairs of mistakes of an exercise that can be planted together."""
    found = []
    for pair in itertools.combinations(own(exercise), 2):
        try:
            patched_functions(SOURCE, pair)
            found.append(pair)
        except ValueError:  # they exclude each other
            continue
    return found


def texts() -> dict[str, dict[str, str]]:
    """What is said of each mistake, by its name."""
    return {m.name: {"sentence": m.sentence, "hint": m.hint} for m in CATALOGUE.values()}


def write(exercises: Iterable[str] = EXERCISES) -> None:
    """Record these exercises, and write answers.npz; of the others it keeps what it holds."""
    made = dict(each(record, exercises))
    arrays = {"texts": np.array(json.dumps(texts()))}
    if made.keys() != EXERCISES.keys():
        with np.load(answers.FILE, allow_pickle=False) as before:
            kept = [
                key for key in before.files if key.split("/")[0] in EXERCISES.keys() - made.keys()
            ]
            arrays |= {key: before[key] for key in kept}
    for exercise, recorded in made.items():
        arrays |= {f"{exercise}/{name}": array for name, array in recorded.items()}
    with written_beside(answers.FILE) as beside, open(beside, "wb") as file:
        np.savez_compressed(file, **arrays)
    print(
        f"{answers.FILE.name}: {answers.FILE.stat().st_size / 1e6:.2f} MB, {len(CATALOGUE)} mistakes"
    )


def each(function, exercises: Iterable[str]):
    """(exercise, function(exercise)), on all processors, as they come to an end."""
    torch.set_num_threads(1)
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        # the longest first, so that none is left alone at the end
        order = sorted(exercises, key=lambda name: -len(own(name)) * len(EXERCISES[name].cases))
        jobs = [(name, pool.apply_async(function, (name,))) for name in order]
        for name, job in tqdm(jobs, unit="exercise", disable=not sys.stderr.isatty()):
            yield name, job.get()


def prove(exercise: str) -> tuple[int, int, list[str]]:
    """Judge every mistake and pair of an exercise: how many were named, and what went wrong."""
    torch.set_num_threads(1)
    known, faults = answers.recorded(exercise), []
    for got, right in zip(right_answers(exercise), known.right, strict=True):
        for name, expected in right.outputs.items():
            if not np.allclose(got.outputs[name], expected, rtol=1e-9, equal_nan=True):
                faults.append(f"{exercise}: the right answers are not fresh ({right.case}, {name})")
    alone = [(mistake,) for mistake in own(exercise) if mistake.name in known.names]
    pairs = [
        pair for pair in compatible_pairs(exercise) if {m.name for m in pair} <= {*known.names}
    ]
    for planted in alone + pairs:
        faults += fault(exercise, planted)
    return len(alone), len(pairs), faults


def fault(exercise: str, planted: Sequence[Mistake]) -> list[str]:
    """What is wrong with the verdict on planted mistakes, as a list of one line or none."""
    names = sorted(mistake.name for mistake in planted)
    result = judge(EXERCISES[exercise], run(hand_in(planted), exercise), set(EXERCISES))
    if result.status == "passed" and FLOAT32 in result.notes:
        return []
    if frozenset(names) in UNDO:
        return [] if result.status == "passed" else [f"{' + '.join(names)} is wrong: not in UNDO"]
    if result.status != "failed":
        return [f"{exercise}: {' + '.join(names)} is not caught"]
    found = [sorted(alternative) for alternative in result.mistakes]
    twin = len(names) == 2 and found and all(len(each) == 1 for each in found)
    if names not in found and not twin:  # a pair may give just what a single mistake gives
        return [f"{exercise}: {' + '.join(names)} is taken for {found}"]
    return []


def check(exercises: Iterable[str] = EXERCISES) -> int:
    """Prove these exercises; the number of faults."""
    faults, alone, pairs = [], 0, 0
    for _, (a, p, found) in each(prove, exercises):
        alone, pairs, faults = alone + a, pairs + p, faults + found
    seen = {name for exercise in EXERCISES for name in answers.recorded(exercise).names}
    faults += [f"{name} shows in no case" for name in sorted(CATALOGUE.keys() - seen)]
    if texts() != answers.texts():
        faults.append("the sentences are not fresh: python -m checks.record")
    print(*faults, sep="\n")
    print(f"{len(CATALOGUE)} mistakes: {alone} verdicts and {pairs} on pairs, {len(faults)} faults")
    return len(faults)


def main() -> int:
    parser = argparse.ArgumentParser("python -m checks.record", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing: prove what is recorded"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="exercises; left away: all")
    args = parser.parse_args()
    names = exercises_named(args.names) if args.names else list(EXERCISES)
    if args.check:
        return 1 if check(names) else 0
    write(names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
