"""Pictures for notebooks, pages and lectures: loss curves, captioned images, attention word by word.

Every function returns a matplotlib Figure, laid out in inches and made without pyplot: it shows by
itself in a notebook, and `save` puts it into a PNG or SVG file.
"""

import io
import os
from collections.abc import Sequence
from itertools import groupby
from math import ceil
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from PIL import Image

from coursework.files import InputError, written_beside

Words = str | Sequence[str]  # a caption: as a sentence, or as its words
Picture = Image.Image | np.ndarray  # PIL, or uint8 (height, width, 3)
Box = Sequence[float]  # [x0, y0, x1, y1] in fractions 0..1 of an image's width and height

DPI = 150
FONT = "DejaVu Sans"  # comes with matplotlib: the same on every system
INK, QUIET, RIGHT, WRONG = "#1a1a1a", "#6b6b6b", "#00785a", "#c8400a"
LOSS, SCORE = "#1f5fa8", "#c2600a"
SCORES = {
    "bleu4": "validation BLEU-4 (greedy captions)",
    "recall": "captions said word for word (%)",
}
MARGIN, GAP = 0.2, 0.14  # inches: around the page, between tiles
TILE, PHOTO = 2.0, 2.7  # inches: an image's width in the attention grid, among captioned images
LINE, NOTE = 0.26, 0.17  # inches: from one line of a caption, or of a reference, to the next
MOST_TILES = 8  # side by side in the attention grid
COOL = np.float32([0.85, 0.93, 1.1])  # the tint of what lies in the shade
GLOW = np.float32([1.0, 0.62, 0.1])  # the colour of the light
GREY = np.float32([0.299, 0.587, 0.114])  # how bright red, green and blue look (ITU-R BT.601)
SPREAD = 0.55  # how far the light of a cell reaches: the standard deviation, in cells


class Page(Figure):
    """A white Figure, measured in inches from its top left corner; notebooks show it without pyplot."""

    def __init__(self, width: float, height: float):
        super().__init__(figsize=(width, height), dpi=DPI, facecolor="white")

    def panel(self, x: float, y: float, width: float, height: float) -> Axes:
        """Axes whose top left corner is at (x, y)."""
        wide, high = self.get_size_inches()
        return self.add_axes((x / wide, 1 - (y + height) / high, width / wide, height / high))

    def show(self, pixels: np.ndarray, x: float, y: float, boxes: Sequence[Box] = ()) -> None:
        """An image (height, width, 3), floats 0..1, pixel for pixel, with boxes outlined on it."""
        height, width = pixels.shape[:2]
        axes = self.panel(x, y, width / DPI, height / DPI)
        axes.imshow(pixels, extent=(0, 1, 1, 0), aspect="auto", interpolation="nearest")
        axes.set_axis_off()
        for x0, y0, x1, y1 in boxes:
            for colour, line in (("black", 2.6), ("white", 1.3)):  # seen on light and on dark
                box = Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False)
                box.set(edgecolor=colour, linewidth=line)
                axes.add_patch(box)

    def write(self, x: float, y: float, text: str, size: float, **style) -> None:
        """Text with its baseline at y, from x on unless `ha` says otherwise."""
        wide, high = self.get_size_inches()
        style = {"color": INK, "va": "baseline", "family": FONT, **style}
        self.text(x / wide, 1 - y / high, text, fontsize=size, parse_math=False, **style)

    def rule(self, x: float, y: float, width: float, colour: str) -> None:
        """A thin level line from x on."""
        wide, high = self.get_size_inches()
        ends, level = [x / wide, (x + width) / wide], [1 - y / high] * 2
        self.add_artist(Line2D(ends, level, color=colour, linewidth=1.2))

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def save(figure: Figure, path: str | os.PathLike) -> Path:
    """Write a figure to a .png or .svg file, beside and then renamed. InputError for any other ending."""
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("png", "svg"):
        raise InputError(f"cannot save a picture as {path.name}: its name must end in .png or .svg")
    # the same bytes every time; a PNG larger by a tenth but written twice as fast
    options = {"svg": {"metadata": {"Date": None}}, "png": {"pil_kwargs": {"compress_level": 3}}}
    with written_beside(path) as beside, matplotlib.rc_context({"svg.hashsalt": "coursework"}):
        figure.savefig(beside, format=kind, **options[kind])
    return path


def attention_grid(
    image: Picture,
    words: Words,
    weights: np.ndarray,
    title: str | None = None,
    boxes: Sequence[Sequence[Box]] | None = None,
) -> Page:
    """The image, then one tile a word: bright and warm where the model looked, dim and grey elsewhere.

    weights (len(words), h, w), any grid. Each tile is lit to its own peak, printed small below it.
    boxes: for every word the boxes to outline in its tile.
    """
    words = _words(words)
    if len(words) != len(weights):
        got = f"{len(words)} words, {len(weights)} maps"
        raise InputError(f"an attention grid needs a map for each word: got {got}")
    pixels = _pixels(image, TILE)
    tall, tiles = len(pixels) / DPI, 1 + len(words)
    rows = ceil(tiles / MOST_TILES)
    page, corners = _page(tiles, ceil(tiles / rows), TILE, [0.36 + tall + 0.24] * rows, title)
    places = [(x, y + 0.36) for x, y in corners]
    page.show(pixels, *places[0])
    for t, (x, y) in enumerate(places[1:]):
        page.show(overlay(pixels, weights[t]), x, y, boxes[t] if boxes else ())
        page.write(x, y - 0.1, words[t], min(17, 17 * TILE / _width(words[t], 17)))
        peak = f"peak {np.max(weights[t]):.2f}"
        page.write(x + TILE, y + tall + 0.15, peak, 8, color=QUIET, ha="right")
    return page


def overlay(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Light an image (height, width, 3), floats 0..1, by a map (h, w), smoothly from the cells' centres.

    Where the light peaks the image has its own colours, a little warmer; where there is none it is
    grey, cool and dim. A map that is the same everywhere leaves the image as it is. A negative weight
    gives no light. Returns floats 0..1 of the image's shape.
    """
    rows, columns = (_reach(pixels, cells) for pixels, cells in zip(image.shape, weights.shape))
    light = rows @ np.clip(weights, 0, None) @ columns.T
    light = (light / max(light.max(), np.finfo(float).tiny)).astype(np.float32)[..., None]
    grey = (image @ GREY)[..., None]
    dim = 0.8 * COOL * (0.12 + 0.38 * grey) + 0.12 * image
    glow = 1 - light.mean()  # the more is lit, the less: all of it would be orange
    lit = image + 0.7 * glow * GLOW * (1 - image.max(axis=2, keepdims=True)) ** 2  # the dark too
    mixed = dim + light * (lit - dim)
    haloed = mixed + 0.5 * glow * light * (1 - light) * (GLOW - mixed)  # strongest half-way out
    return np.clip(haloed, 0, 1)


def _reach(pixels: int, cells: int) -> np.ndarray:
    """What each pixel along a side gets of each cell: (pixels, cells), normal curves that sum to one."""
    distance = (np.arange(pixels)[:, None] + 0.5) * cells / pixels - (np.arange(cells) + 0.5)
    curve = np.exp(-0.5 * (distance / SPREAD) ** 2)
    return curve / curve.sum(axis=1, keepdims=True)


def captioned_images(
    images: Sequence[Picture],
    captions: Sequence[Words],
    references: Sequence[Words] | None = None,
    columns: int = 4,
    marks: Sequence[Sequence[bool | None]] | None = None,
) -> Page:
    """Images in rows, each with its caption below it and, small and grey, a reference: what somebody wrote.

    marks: for every word of every caption True (green), False (red, underlined) or None, as
    `scoring.mention_marks` gives them.
    """
    gallery = Gallery(images, captions, references, columns, marks)
    page = Page(2 * MARGIN + gallery.width, MARGIN + gallery.height + MARGIN / 2)
    gallery.draw(page, MARGIN, MARGIN)
    return page


class Gallery:
    """Images in rows, each with its caption below it: laid out, to be drawn somewhere on a page.

    `width` and `height` are what it takes, in inches; `photo` is the width of one image, `size` that of the
    letters in points. The rest as for `captioned_images`.
    """

    def __init__(
        self,
        images: Sequence[Picture],
        captions: Sequence[Words],
        references: Sequence[Words] | None = None,
        columns: int = 4,
        marks: Sequence[Sequence[bool | None]] | None = None,
        photo: float = PHOTO,
        size: float = 13,
    ):
        if not len(images) or len(images) != len(captions):
            got = f"{len(images)} images, {len(captions)} captions"
            raise InputError(f"give at least one image, and each image a caption: got {got}")
        captions = [_words(caption) for caption in captions]
        notes = [["reference:", *_words(text)] for text in references or ()] or [
            [] for _ in captions
        ]
        self.marks = marks or [[None] * len(words) for words in captions]
        self.texts = [_wrap(words, size, photo) for words in captions]
        self.notes = [_wrap(words, 9, photo) for words in notes]
        self.pixels = [_pixels(image, photo) for image in images]
        self.columns, self.photo, self.size, self.line = columns, photo, size, LINE * size / 13
        columns = min(columns, len(images))
        self.width = columns * (photo + GAP) - GAP
        foot = [0.3 + self.line * len(t) + NOTE * len(n) for t, n in zip(self.texts, self.notes)]
        rows = [slice(start, start + columns) for start in range(0, len(images), columns)]
        self.tall = [max(map(len, self.pixels[row])) / DPI for row in rows]
        self.tops = np.cumsum([0, *(high + max(foot[row]) for high, row in zip(self.tall, rows))])
        self.height = self.tops[-1]

    def draw(self, page: Page, x: float, y: float) -> None:
        """Draw it with its top left corner at (x, y)."""
        for n, (pixels, text) in enumerate(zip(self.pixels, self.texts)):
            row, column = divmod(n, self.columns)
            left = x + column * (self.photo + GAP)
            below = y + self.tops[row] + self.tall[row]
            page.show(pixels, left, below - len(pixels) / DPI)
            _write_marked(
                page, left, below + 0.06 + 0.18 * self.size / 13, text, self.marks[n], self.size
            )
            for line, words in enumerate(self.notes[n]):
                base = below + 0.18 + self.line * len(text) + NOTE * line
                page.write(left, base, " ".join(words), 9, color=QUIET)


def _write_marked(
    page: Page,
    x: float,
    y: float,
    lines: list[list[str]],
    marks: Sequence[bool | None],
    size: float = 13,
) -> None:
    """Write lines of words, each run of words with one mark in its colour."""
    colours = {None: INK, True: RIGHT, False: WRONG}
    rest = iter(marks)
    for row, words in enumerate(lines):
        left, base = x, y + LINE * size / 13 * row
        for mark, run in groupby(zip(words, rest), key=lambda pair: pair[1]):
            text = " ".join(word for word, _ in run)
            page.write(left, base, text, size, color=colours[mark])
            if mark is False:
                page.rule(left, base + 0.04, _width(text, size), WRONG)
            left += _width(text + " |", size) - _width("|", size)


def loss_curve(history: dict, title: str | None = None) -> Page:
    """The training loss, every step faint and a running mean strong; the score on an axis of its own.

    history, of a run or of overfitting: "loss", one number a step; and, where there is one, under
    "validation" or "recall" a list of {"step": ..., "bleu4" or "recall": a score in 0..1}.
    """
    losses = np.asarray(history["loss"], dtype=float)
    scores = history.get("validation") or history.get("recall")
    page = Page(9, 5.4)
    if title:
        page.write(0.95, 0.45, title, 18, weight="bold")
    top = 0.75 if title else 0.35
    axes = page.panel(0.95, top, 7.1 if scores else 7.7, 4.6 - top)
    steps = np.arange(1, len(losses) + 1)
    axes.plot(steps, losses, color=LOSS, alpha=0.25, linewidth=0.8)
    places, means = running_mean(losses, len(losses) // 40)
    axes.plot(places, means, color=LOSS, linewidth=2.4)
    top = 1.08 * losses.max(initial=0.01)
    _dress(axes, "loss per caption (nats, summed over words)", LOSS, top)
    axes.set_xlabel("training step", fontsize=13, color=INK, labelpad=6)
    axes.set_xlim(0, max(len(losses), 2))
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    if len(means) < len(losses):
        note = f"faint: every step; strong: the mean of {len(losses) - len(means) + 1} steps"
        right = {"transform": axes.transAxes, "ha": "right", "va": "top"}
        axes.text(0.99, 0.985, note, **right, fontsize=9, color=QUIET, family=FONT)
    if scores:
        _add_scores(axes.twinx(), scores)
    return page


def _add_scores(axes: Axes, entries: Sequence[dict]) -> None:
    """Scores over steps, out of 100, on an axis to the right."""
    name = "bleu4" if "bleu4" in entries[0] else "recall"
    values = [100 * entry[name] for entry in entries]
    steps = [entry["step"] for entry in entries]
    axes.plot(steps, values, "o-", color=SCORE, linewidth=2.4, clip_on=False)
    _dress(axes, SCORES[name], SCORE, max(1.08 * max(values), 1))


def _dress(axes: Axes, label: str, colour: str, top: float) -> None:
    """An upright axis from 0, in the colour of what it measures."""
    axes.set_ylabel(label, fontsize=13, color=colour, labelpad=8)
    axes.set_ylim(0, top)
    axes.locator_params(nbins=6)
    axes.tick_params(labelsize=12, length=0, pad=8, colors=INK)
    axes.tick_params(axis="y", colors=colour)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=QUIET)


def running_mean(values: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean of each value with `reach` neighbours on either side, where there are so many.

    Returns the places of these values, counted from 1, and the means. Of less than 2 reach + 1 values
    as many neighbours are taken as the one in the middle has.
    """
    reach = min(reach, max(len(values) - 1, 0) // 2)
    sums = np.cumsum([0, *values])
    means = (sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1)
    return np.arange(len(means)) + 1 + reach, means


def _page(
    tiles: int, columns: int, width: float, heights: Sequence[float], title: str | None = None
) -> tuple[Page, list[tuple[float, float]]]:
    """A page for tiles of one width in rows of these heights, and the top left corner of each tile."""
    page_width = 2 * MARGIN + columns * (width + GAP) - GAP
    lines = _wrap(_words(title or ""), 20, page_width - 2 * MARGIN, "bold")
    tops = MARGIN + 0.42 * len(lines) + np.cumsum([0, *heights])
    page = Page(page_width, tops[-1] + MARGIN / 2)
    for n, line in enumerate(lines):
        page.write(MARGIN, MARGIN + 0.26 + 0.42 * n, " ".join(line), 20, weight="bold")
    lefts = MARGIN + (width + GAP) * np.arange(columns)
    return page, [(lefts[n % columns], tops[n // columns]) for n in range(tiles)]


def _pixels(image: Picture, width: float) -> np.ndarray:
    """The image as floats 0..1 (height, width, 3), so many pixels wide as `width` inches have."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    wide = round(width * DPI)
    high = max(1, round(wide * image.height / image.width))
    image = image.convert("RGB").resize((wide, high), Image.Resampling.LANCZOS)
    return np.asarray(image, dtype=np.float32) / 255


def _words(text: Words) -> list[str]:
    return text.split() if isinstance(text, str) else list(text)


def _width(text: str, size: float, weight: str = "normal") -> float:
    """The width of a text in inches, as it is drawn."""
    font = FontProperties(family=FONT, size=size, weight=weight)
    pixels, _, _ = RendererAgg(1, 1, DPI).get_text_width_height_descent(text, font, ismath=False)
    return pixels / DPI


def _wrap(words: list[str], size: float, width: float, weight: str = "normal") -> list[list[str]]:
    """The words in lines of at most `width` inches, a line for itself for a word that is wider."""
    lines: list[list[str]] = []
    for word in words:
        if lines and _width(" ".join([*lines[-1], word]), size, weight) <= width:
            lines[-1].append(word)
        else:
            lines.append([word])
    return lines
