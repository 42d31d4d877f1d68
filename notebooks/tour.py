"""What three finished models say: the recording in data/tour.npz, shown. No training, no encoder.

    tour.scenes()            some scenes, and what people could say of them
    tour.says(image, ...)    what the three models say of a scene
    tour.scores()            how good that is, counted anew from the captions
    tour.losses()            how they learned
    tour.attention(image)    where the attention LSTM looked, word by word
    tour.way()               which notebook holds which exercises

The pictures are not in the file: the scenes are drawn again. Images are numbers, from 0 to 299;
the attention of the first few alone is recorded.
"""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from zipfile import BadZipFile

import numpy as np
from cards import Shown, on_a_card
from drawings.canvas import MODEL_COLOURS
from matplotlib.figure import Figure

from checks.cases import EXERCISES
from coursework.bundle import records_hash
from coursework.errors import InputError, reason
from coursework.files import read_json
from coursework.look import plots
from coursework.look.decoding import Caption
from coursework.look.evaluate import score_captions
from coursework.look.scoring import mention_marks, word_boxes
from coursework.prepare import scenes as drawn

HERE = Path(__file__).resolve().parent
FILE = HERE.parent / "data" / "tour.npz"
FORMAT = 1
AGAIN = "unpack your handout again"
NAMES = {"rnn": "RNN", "lstm": "LSTM", "attn": "attention LSTM"}
REACH = 25  # steps on either side that a loss is averaged over


@dataclass(frozen=True)
class Recorded:
    """The recording, and the scenes it is about, drawn again. Get it from `recorded`."""

    about: dict
    arrays: dict[str, np.ndarray]
    scenes: SimpleNamespace
    """what `score_captions` wants of a bundle: name, fingerprint, lexicon, images, split()"""
    picture: Callable[[int], object]
    """the picture of a scene, by its number"""

    def captions(self, cell: str) -> list[Caption]:
        """A caption for every scene; with attention, all of a map's weight is where it is largest."""
        words = self.arrays["words"].tolist()
        captions = [
            Caption([words[k] for k in row if k])
            for row in self.arrays[f"captions_{cell}"].tolist()
        ]
        if cell == "attn":
            grid = self.arrays["weights"].shape[2:]
            ones = np.eye(grid[0] * grid[1]).reshape(-1, *grid)
            for caption, peaks in zip(captions, self.arrays["peaks"]):
                caption.weights = ones[peaks[: len(caption.words)]]
        return captions

    def scores(self, cell: str) -> dict:
        """The scores of a cell's captions, as `score_captions` gives them."""
        split = self.about["split"]
        length = self.arrays[f"captions_{cell}"].shape[1]
        return score_captions(self.captions(cell), self.scenes, split, length)


def recorded() -> Recorded:
    """The recording. Raises InputError where it is missing, damaged, or about scenes drawn otherwise."""
    return _opened(FILE)


@cache
def _opened(file: Path) -> Recorded:
    arrays = _read(file)
    try:
        about = json.loads(arrays.pop("about").item())
        fits = about["format"] == FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"damaged recording {file}: {reason(error)}; {AGAIN}") from error
    if not fits:
        raise InputError(f"{file} has format {about['format']}, the tour reads {FORMAT}; {AGAIN}")
    source = drawn.scenes_source(0, about["images"], 0)
    if records_hash(source.records) != about["records"]:
        raise InputError(f"{file} is about scenes that were drawn otherwise; {AGAIN}")
    known = SimpleNamespace(
        name=about["bundle"],
        fingerprint=about["fingerprint"],
        lexicon=source.lexicon,
        images=source.records,
        split=lambda _: range(about["images"]),
    )
    return Recorded(about, arrays, known, source.load)


def _read(file: Path) -> dict[str, np.ndarray]:
    """The arrays in a file. Raises InputError where it is missing or damaged."""
    try:
        with np.load(file, allow_pickle=False) as saved:
            return {name: saved[name] for name in saved.files}
    except FileNotFoundError as error:
        raise InputError(f"{file} is missing; {AGAIN}") from error
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise InputError(f"damaged recording {file}: {reason(error)}; {AGAIN}") from error


@on_a_card
def scenes(count: int = 8, first: int = 0) -> Figure:
    """Some scenes, each with one of its five true captions."""
    images = chosen(range(first, first + count))
    records = recorded().scenes.images
    captions = [records[image].captions[0] for image in images]
    return plots.captioned_images([recorded().picture(image) for image in images], captions)


@on_a_card
def says(*images: int) -> Figure:
    """Scenes, and beside each what the three models say: green what is there, red what is not."""
    images, wide = chosen(images), 6.6
    said = {cell: recorded().captions(cell) for cell in NAMES}
    page = plots.Page(plots.TILE + wide + 0.6, len(images) * (plots.TILE + 0.2) + 0.2)
    for row, image in enumerate(images):
        y = 0.2 + row * (plots.TILE + 0.2)
        page.show(plots._pixels(recorded().picture(image), plots.TILE), 0.2, y)
        y += 0.16
        for cell, name in NAMES.items():
            words = said[cell][image].words
            marks = mention_marks(words, recorded().scenes.images[image], recorded().scenes.lexicon)
            lines = plots._wrap(words, 13, wide)
            page.write(plots.TILE + 0.4, y, name, 10, color=plots.QUIET)
            plots._write_marked(page, plots.TILE + 0.4, y + plots.LINE, lines, marks)
            y += 0.2 + plots.LINE * (1 + max(len(lines), 1)) - 0.1
    return page


@on_a_card
def attention(image: int) -> Figure:
    """Where the attention LSTM looked for each word; a box round what the word names, where it is there."""
    (image,) = chosen([image], most=len(recorded().arrays["weights"]))
    record, words = recorded().scenes.images[image], recorded().captions("attn")[image].words
    weights = recorded().arrays["weights"][image, : len(words)].astype(np.float32)
    boxes = word_boxes(words, record, recorded().scenes.lexicon)
    picture = recorded().picture(image)
    return plots.attention_grid(picture, words, weights, " ".join(words), boxes)


@on_a_card
def losses() -> Figure:
    """The training loss of the three models, each averaged over neighbouring steps."""
    page = plots.Page(9, 4.8)
    axes = page.panel(0.95, 0.3, 6.3, 3.75)
    axes.set_xlim(0, recorded().arrays["loss_rnn"].size)
    for cell, name in NAMES.items():
        steps, values = plots.running_mean(recorded().arrays[f"loss_{cell}"], REACH)
        axes.plot(steps, values, color=MODEL_COLOURS[name], linewidth=2.4)
        beside = {"xytext": (8, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(
            *(name, (steps[-1], values[-1])),
            **beside,
            annotation_clip=False,
            color=MODEL_COLOURS[name],
            fontsize=13,
            family=plots.FONT,
        )
    plots._dress(axes, f"loss per caption, mean of {2 * REACH + 1} steps", plots.INK, None)
    axes.set_xlabel("training step", fontsize=13, color=plots.INK, labelpad=6)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    return page


@on_a_card
def scores() -> Shown:
    """The table of scores, counted from the recorded captions each time it is shown."""
    head = ["model", "named", "right", "of what is there", "looked at it", "BLEU-4"]
    rows = [score_row(name, recorded().scores(cell)) for cell, name in NAMES.items()]
    line = f"counted in {recorded().about['images']} captions of each model"
    return Shown("passed", [line], table=[head, *rows])


def score_row(name: str, scores: dict) -> list[str]:
    """One model's line of the table."""
    named, looked = scores["mentions"], scores["pointing"]
    return [
        name,
        f"{named['said']:,}",
        f"{named['right']:,} ({named['precision']:.0%})",
        f"{named['right']:,} of {named['there']:,} ({named['recall']:.0%})",
        f"{looked['score']:.0%} (any position: {looked['chance']:.0%})" if looked else "",
        f"{100 * scores['bleu']['bleu4']:.1f}",
    ]


@on_a_card
def way() -> Shown:
    """The notebooks that are here, and the functions that are written in each: those that it checks."""
    rows, asked = [["notebook", "you write"]], set(EXERCISES)
    for file in sorted(HERE.glob("*.ipynb")):
        cells = read_json(file, "notebook")["cells"]
        code = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        found = [name for name in EXERCISES if name in asked and f'check("{name}")' in code]
        asked -= set(found)
        if found:
            rows.append([file.name, ", ".join(found)])
    return Shown("passed", ["one function after the other, in this order"], table=rows)


def chosen(images, most: int | None = None) -> list[int]:
    """The numbers of the scenes. Raises InputError for none and for those that are not recorded."""
    most, images = most or recorded().about["images"], list(images)
    if not images or not all(isinstance(image, int) and 0 <= image < most for image in images):
        raise InputError(f"the scenes here have the numbers 0 to {most - 1}: give one of them")
    return images
