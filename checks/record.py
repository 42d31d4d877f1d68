"""Makes answers.npz from the reference and the catalogue: python -m checks.record

Run it after a change to captioning.py, to a case or to the catalogue. The instructor's side: the
handout holds what it makes, not this file.
"""

import io
import itertools
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from checks import answers, mistakes
from checks.answer import Answer, pack
from checks.cases import EXERCISES, Exercise
from checks.hand_in import HandIn
from checks.mistakes import CATALOGUE, Mistake
from checks.runner import run
from checks.signature import columns_of, fingerprint
from coursework import captioning

SOURCE = Path(captioning.__file__).read_text(encoding="utf-8")


def hand_in(planted: Iterable[Mistake] = ()) -> HandIn:
    """The reference with mistakes planted. Raises ValueError where a patch does not apply once."""
    return loaded(mistakes.patched(SOURCE, planted))


def loaded(source: str, name: str = "reference") -> HandIn:
    """A hand-in from the text of a module in the kit's layout."""
    namespace = {"__name__": name}
    exec(compile(source, f"<{name}>", "exec"), namespace)
    return HandIn(namespace)


def right_answers(exercise: str) -> list[Answer]:
    """The reference's answers; the weights of sampling are NaN where nothing is asked of them."""
    right = run(hand_in(), exercise)
    for answer in right:
        if problem := answer.problem or answer.gradient_problem:
            raise RuntimeError(f"{exercise}, {answer.case}: {problem}")
        if "captions" in answer.outputs and "weights" in answer.outputs:
            _forget_after_end(answer, EXERCISES[exercise])
    return right


def _forget_after_end(answer: Answer, exercise: Exercise) -> None:
    words = next(c for c in exercise.cases if c.name == answer.case).settings["words"]
    ended = np.cumsum(answer.outputs["captions"] == words.index("<END>"), axis=1)
    after = (ended - (answer.outputs["captions"] == words.index("<END>"))) > 0
    answer.outputs["weights"][after] = np.nan


def called(exercise: str) -> list[str]:
    """The exercises that an exercise calls, directly or not."""
    found = list(EXERCISES[exercise].needs)
    for name in found:
        found += [other for other in EXERCISES[name].needs if other not in found]
    return found


def candidates(exercise: str) -> list[tuple[Mistake, ...]]:
    """Mistakes of an exercise and of what it calls; pairs within it, and with what it calls itself."""
    own = [m for m in CATALOGUE.values() if exercise in m.exercises]
    below = set(called(exercise))
    others = [m for m in CATALOGUE.values() if m not in own and below & set(m.exercises)]
    return [(m,) for m in own + others] + list(itertools.combinations(own, 2))


def record_of(exercise: str, right: Sequence[Answer]) -> tuple[list, np.ndarray, np.ndarray]:
    """Labels, codes and values of all candidates that can be told from the right function."""
    columns = columns_of(right)
    reference = fingerprint(right, right, columns)
    labels, codes, values = [], [], []
    for planted in candidates(exercise):
        try:
            wrong = hand_in(planted)
        except ValueError:  # a pair that excludes each other
            continue
        made = fingerprint(run(wrong, exercise), right, columns)
        if np.array_equal(made.codes, reference.codes) and np.allclose(
            made.values, reference.values, rtol=1e-5, atol=1e-6
        ):
            continue
        labels.append([m.name for m in planted])
        codes.append(made.codes)
        values.append(made.values)
    shape = (len(labels), len(columns))
    return labels, np.reshape(codes, shape).astype(np.int8), np.reshape(values, shape)


def record(names: Iterable[str] = EXERCISES) -> dict[str, np.ndarray]:
    """The arrays of answers.npz for these exercises, and the texts of the catalogue."""
    torch.set_num_threads(1)
    arrays = {
        "texts": np.array(
            json.dumps(
                {m.name: {"sentence": m.sentence, "hint": m.hint} for m in CATALOGUE.values()}
            )
        )
    }
    for name in tqdm(list(names), unit="exercise", disable=not sys.stderr.isatty()):
        right = right_answers(name)
        labels, codes, values = record_of(name, right)
        arrays[f"right/{name}"] = np.frombuffer(pack(right), dtype=np.uint8)
        arrays[f"labels/{name}"] = np.array(json.dumps(labels))
        arrays[f"codes/{name}"] = codes
        arrays[f"values/{name}"] = values.astype(np.float32)
    return arrays


def main() -> None:
    file = io.BytesIO()
    np.savez_compressed(file, **record())
    answers.FILE.write_bytes(file.getvalue())
    print(f"{answers.FILE}: {len(file.getvalue()) / 1e6:.2f} MB, {len(CATALOGUE)} mistakes")


if __name__ == "__main__":
    main()
