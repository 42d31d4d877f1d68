"""The recorded answers of some exercises, and the words for the mistakes that can be made in these."""

import io
import json
from collections.abc import Collection
from pathlib import Path

import numpy as np


def answers_for(file: Path, exercises: Collection[str]) -> bytes:
    """answers.npz with these exercises alone: the same bytes for the same content, with the same zlib.

    Raises LookupError where one of them is not recorded.
    """
    with np.load(file, allow_pickle=False) as recorded:
        kept = {name: recorded[name] for name in recorded.files if _exercise(name) in exercises}
        texts = json.loads(str(recorded["texts"]))
    if missing := set(exercises) - set(map(_exercise, kept)):
        raise LookupError(f"no answers are recorded of {', '.join(sorted(missing))}")
    mistakes = {
        mistake for exercise in exercises for mistake in json.loads(str(kept[f"{exercise}/names"]))
    }
    texts = {name: text for name, text in texts.items() if name in mistakes}
    made = io.BytesIO()
    np.savez_compressed(made, texts=np.array(json.dumps(texts)), **dict(sorted(kept.items())))
    return made.getvalue()


def _exercise(array: str) -> str:
    """The exercise that an array is about: "rnn_forward" of "rnn_forward/right"."""
    return array.rpartition("/")[0]
