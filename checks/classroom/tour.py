"""Records what the tour shows: three models trained as the notebooks train them, and what they say.

    python -m checks.classroom.tour [--data data/scenes] [--runs runs/tour]

writes data/tour.npz, which `notebooks/tour.py` reads. The trainings, one for each cell and about two
minutes in all on two cores, are kept in the folder of --runs and not done again.

    about              JSON: format, what was trained on what, the scores of every cell
    words              the vocabulary, (V,) text: a word's place is its id
    loss_<cell>        float32 (steps,); validation_<cell> float32 (validations, 2): step and BLEU-4
    captions_<cell>    int16 (images, words): ids of the greedy captions of the split val, in its
                       order, without START and END, filled up with 0
    weights            float16 (PICTURES, words, h, w): where the attention LSTM looked, first images
    peaks              uint8 (images, words): the cell with the largest weight, counted row by row
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from coursework.bundle import Bundle, records_hash
from coursework.errors import InputError
from coursework.files import written_beside
from coursework.learn.loop import train
from coursework.learn.recipe import CELL_TYPES, Recipe
from coursework.look.decoding import Caption, caption_split
from coursework.look.evaluate import score_captions
from coursework.prepare import scenes
from coursework.run import Run

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "data" / "tour.npz"
FORMAT = 1
SPLIT = "val"
RECIPE = "demo"
PICTURES = 24  # images of which the whole attention weights are kept


def record(data: Path, runs: Path, out: Path = OUT) -> Path:
    """Train the three cells on the scenes bundle `data`, as far as `runs` lacks them, and write `out`.

    Raises InputError where `data` is not the bundle of scenes that the notebooks make.
    """
    bundle = Bundle.open(data)
    if bundle.splits != scenes.COUNTS or bundle.name != "scenes":
        raise InputError(f"{data} is not what python -m coursework prepare scenes makes")
    arrays, scores = {"words": np.array(bundle.vocabulary.words)}, {}
    for cell in CELL_TYPES:
        run = train(bundle, replace(Recipe.load(RECIPE), cell_type=cell), runs / cell, resume=True)
        captions = caption_split(run.model(), bundle, SPLIT, run.max_length)
        scores[cell] = score_captions(captions, bundle, SPLIT, run.max_length)
        arrays |= history_arrays(run, cell)
        arrays[f"captions_{cell}"] = caption_ids(captions, run)
        if cell == "attn":
            arrays |= attention_arrays(captions, run.max_length)
    arrays["about"] = np.array(json.dumps(about(bundle, scores)))
    with written_beside(out) as beside:
        np.savez_compressed(beside, **arrays)
    return out


def about(bundle: Bundle, scores: dict) -> dict:
    """What was trained on what; `records` tells whether the scenes are still drawn the same."""
    records = [bundle.images[i] for i in bundle.split(SPLIT)]
    return {
        "format": FORMAT,
        "bundle": bundle.name,
        "fingerprint": bundle.fingerprint,
        "recipe": RECIPE,
        "split": SPLIT,
        "images": len(records),
        "training_images": bundle.splits["train"],
        "records": records_hash(records),
        "painter": scenes.painter(),
        "scores": scores,
    }


def history_arrays(run: Run, cell: str) -> dict[str, np.ndarray]:
    """The loss of every step, and what every validation scored."""
    validation = [(entry["step"], entry["bleu4"]) for entry in run.history["validation"]]
    return {
        f"loss_{cell}": np.array(run.history["loss"], np.float32),
        f"validation_{cell}": np.array(validation, np.float32),
    }


def caption_ids(captions: list[Caption], run: Run) -> np.ndarray:
    """The words of every caption as ids, a row each, filled up with 0 (which is NULL)."""
    ids = np.zeros((len(captions), run.max_length), np.int16)
    for row, caption in zip(ids, captions):
        row[: len(caption.words)] = [run.vocabulary.word_to_idx[word] for word in caption.words]
    return ids


def attention_arrays(captions: list[Caption], max_length: int) -> dict[str, np.ndarray]:
    """The weights of the first PICTURES images, and of all images the cell each step looked at most."""
    grid = captions[0].weights.shape[1:]
    weights = np.zeros((PICTURES, max_length, *grid), np.float16)
    peaks = np.zeros((len(captions), max_length), np.uint8)
    for n, caption in enumerate(captions):
        steps = len(caption.words)
        peaks[n, :steps] = caption.weights.reshape(steps, -1).argmax(axis=1)
        if n < PICTURES:
            weights[n, :steps] = caption.weights
    return {"weights": weights, "peaks": peaks}


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m checks.classroom.tour", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "scenes")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "tour")
    arguments = parser.parse_args()
    try:
        print(record(arguments.data, arguments.runs))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
