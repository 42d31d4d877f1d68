"""Drawings of attention: one look, the step that takes in what was seen, the loop; and experiments."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from coursework.look.plots import FONT, Page

from .canvas import INK, LOSS, QUIET, RIGHT, SCORE, WRONG, Canvas, Thing, tint

__all__ = ["attention_look", "attention_loop", "attention_step", "reach", "spread", "swapped"]

ROWS, COLUMNS = 3, 4  # of the grid that is drawn: not square, as yours may not be
SCORES = np.array([[1.0, 2.0, 1.4, 0.4], [0.8, 3.0, 2.4, 0.6], [0.2, 0.7, 0.5, 0.3]])
MOST_WORDS = 30  # in `reach`
KINDS = {"a thing": RIGHT, "a colour": SCORE, "any other word": QUIET}


def attention_look() -> Figure:
    """One look: from the question prev_h and the grid A to the weights and their mean, with shapes."""
    canvas = Canvas(12, 4.7, "One look: the state asks, every position answers")
    state = canvas.tensor(1.4, 1.3, "prev_h", "(N, H)", colour=LOSS)
    canvas.text(1.4, 0.88, "the query", colour=LOSS)
    grid = _stack(canvas, 1.4, 3.1)
    dot = canvas.op(3.3, 2.3, "dot", 0.6, SCORE)
    canvas.text(3.3, 1.72, "dot product,\n÷ $\\sqrt{H}$", colour=SCORE)
    canvas.arrow(state, dot, colour=LOSS)
    canvas.arrow((grid.right[0] + 0.08, 2.75), dot)
    scores = canvas.grid(4.9, 2.3, ROWS, COLUMNS, "scores", SCORES, 0.34, QUIET, "(N, h, w)")
    canvas.arrow(dot, scores.left)
    soft = canvas.op(6.55, 2.3, "softmax", 0.72, SCORE)
    canvas.text(6.55, 1.6, "over the\nwhole grid", colour=SCORE)
    canvas.arrow(scores.right, soft)
    shares = np.exp(2 * SCORES)
    weights = canvas.grid(8.2, 2.3, ROWS, COLUMNS, "weights", shares, 0.34, SCORE, "(N, h, w)")
    canvas.text(8.2, 3.28, "sum to 1", colour=SCORE)
    canvas.arrow(soft, weights.left)
    mean = canvas.op(9.85, 2.3, "Σ", 0.5, SCORE)
    canvas.text(9.85, 1.72, "weighted mean\nof the vectors", colour=SCORE)
    canvas.arrow(weights.right, mean)
    canvas.arrow(
        (grid.right[0] + 0.08, 3.75), mean, "A again, now as values", via=[(9.85, 3.75)], at=0.42
    )
    seen = canvas.tensor(11.2, 2.3, "attn", "(N, H)", colour=SCORE)
    canvas.arrow(mean, seen, colour=SCORE)
    return canvas.page


def _stack(canvas: Canvas, x: float, y: float) -> Thing:
    """A as a grid of vectors: sheets behind one another, one position marked through them."""
    for back in (3, 2, 1):
        canvas.grid(x + 0.09 * back, y - 0.09 * back, ROWS, COLUMNS, cell=0.34)
    front = canvas.grid(x, y, ROWS, COLUMNS, cell=0.34)
    canvas.text(x - 0.95, y, "A", 17, INK)
    canvas.text(x + 0.1, front.bottom[1] + 0.2, "(N, H, h, w)", colour=QUIET)
    canvas.text(
        x + 0.1,
        front.bottom[1] + 0.46,
        "a vector of H numbers\nat every position: its key",
        va="top",
    )
    return Thing(x + 0.14, y - 0.14, front.width + 0.27, front.height + 0.27)


def attention_step() -> Figure:
    """One step of the attention LSTM: the LSTM step, with x and attn as its one input."""
    canvas = Canvas(12, 5.1, "The step: an LSTM step with one more input")
    step = canvas.tensor(8.1, 2.75, "lstm_step_forward", "", 2.4, 3.6)
    canvas.text(8.1, 3.1, "gates and cell, as before")
    for name, shape, colour, y, end in (
        *(("x", "(N, D)", INK, 1.2, 1.6), ("attn", "(N, H)", SCORE, 2.0, 1.6)),
        *(("Wx", "(D, 4H)", QUIET, 3.4, 3.8), ("Wattn", "(H, 4H)", SCORE, 4.2, 3.8)),
    ):
        part = canvas.tensor(0.9, y, name, shape, colour=colour)
        canvas.arrow(part.right, (2.75, end), colour=colour)
    canvas.blocks(3.85, 1.6, ["x", "attn"], "side by side: (N, D + H)", 1.05, 0.5, [INK, SCORE])
    canvas.blocks(3.85, 3.55, ["Wx"], "", 2.1, 0.5, [QUIET])
    canvas.blocks(3.85, 4.05, ["Wattn"], "one above the other: (D + H, 4H)", 2.1, 0.5, [SCORE])
    for y, colour in ((1.6, INK), (3.8, QUIET)):
        canvas.arrow((4.95, y), (step.left[0] - 0.05, y), colour=colour)
    for name, y, after in (("prev_h", 2.4, "next_h"), ("prev_c", 3.1, "next_c")):
        before = canvas.tensor(5.9, y, name, "", 0.95, 0.45, LOSS)
        canvas.arrow(before, (step.left[0] - 0.05, y), colour=LOSS)
        new = canvas.tensor(11.1, y, after, "(N, H)", colour=LOSS, below=y > 3)
        canvas.arrow((step.right[0] + 0.05, y), new, colour=LOSS)
    canvas.text(8.1, 4.3, "with Wh and b", colour=QUIET)
    return canvas.page


def attention_loop() -> Figure:
    """Three steps unrolled: look with the state before the step, then take the step."""
    canvas = Canvas(12, 5.7, "The loop: look first, then step")
    middle, rail = 1.95, 4.85
    grid = canvas.grid(0.95, rail, ROWS, COLUMNS, "A", cell=0.28, shape="(N, H, h, w)")
    state = canvas.tensor(0.95, middle, "h0 = c0", "(N, H)", 1.2, colour=LOSS, below=False)
    canvas.arrow((0.95, grid.top[1] - 0.38), state, "mean over\nthe grid", colour=LOSS)
    words = ["<START>", "a", "red", "car"]
    for t, peak in enumerate([(2, 1), (1, 2), (1, 2)]):
        look = canvas.op(2.5 + 3.25 * t, 3.35, "look", 0.66, SCORE)
        step = canvas.tensor(4.35 + 3.25 * t, middle, "step", "", 1.2, 0.7)
        canvas.arrow(state, step, colour=LOSS)
        if t:
            canvas.text(look.x, middle - 0.22, f"h[:, {t - 1}], c", colour=LOSS)
        canvas.arrow((look.x, middle), look, "asks", colour=LOSS)
        canvas.arrow((look.x, rail), look)
        bend = (step.x - 0.35, look.y)
        canvas.arrow(look, (bend[0], step.bottom[1]), "attn", colour=SCORE, via=[bend], at=0.3)
        canvas.text(step.x + 0.35, 3.05, words[t])
        canvas.arrow((step.x + 0.35, 2.9), (step.x + 0.35, step.bottom[1]))
        canvas.arrow(step.top, (step.x, 1.05))
        canvas.text(step.x, 0.9, words[t + 1], 14, bold=True)
        _small_map(canvas, look, peak, f"weights[:, {t}]")
        state = step
    canvas.arrow(grid.right, (look.x, rail), head=False)
    return canvas.page


def _small_map(canvas: Canvas, look: Thing, peak: tuple[int, int], label: str) -> None:
    """The weights of one look, beside it: they are kept, and nothing goes on from them."""
    values = np.full((ROWS, COLUMNS), 0.06)
    values[peak], values[peak[0] - 1, peak[1]] = 1, 0.35
    small = canvas.grid(look.x + 1.05, 4.2, ROWS, COLUMNS, values=values, cell=0.15, colour=SCORE)
    canvas.arrow(look, small.left, colour=SCORE, dashed=True)
    canvas.text(small.right[0] + 0.08, 4.2, label, 9.5, SCORE, ha="left")


def swapped(pictures: Sequence[Image.Image], changes: np.ndarray, mean_change: float) -> Figure:
    """Two pictures that differ in colours only, where their feature vectors differ, and their means.

    changes (h, w) and mean_change: length of the difference over length of the vector itself.
    """
    canvas = Canvas(12, 3.7)
    for n, (picture, name) in enumerate(zip(pictures, ("one picture", "colours swapped"))):
        pixels = np.asarray(picture.resize((390, 390), Image.Resampling.LANCZOS)) / 255
        canvas.page.show(pixels, 0.2 + 2.8 * n, 0.75)
        canvas.text(1.5 + 2.8 * n, 0.45, name, 14)
    rows, columns = changes.shape
    cell = 2.6 / max(rows, columns)
    canvas.grid(7.1, 2.05, rows, columns, values=changes, cell=cell, colour=SCORE)
    canvas.text(7.1, 0.45, "change, position by position", 14)
    for y, share, name, colour in (
        (1.15, changes.max(), "most changed position", SCORE),
        (2.25, mean_change, "mean of all positions", LOSS),
    ):
        canvas.text(8.85, y, name, 12, ha="left")
        axes = canvas.page.panel(8.85, y + 0.2, 2.9, 0.32)
        axes.barh([0], [1], color=tint(QUIET, 0.15))
        axes.barh([0], [min(share, 1)], color=colour)
        axes.set(xlim=(0, 1), ylim=(-0.4, 0.4))
        axes.set_axis_off()
        canvas.text(11.75, y, f"{100 * share:.0f} %", 15, colour, ha="right", bold=True)
    canvas.text(8.85, 3.2, "in shares of the vector's own length", colour=QUIET, ha="left")
    return canvas.page


def spread(plain: Mapping[int, np.ndarray], scaled: Mapping[int, np.ndarray], show: int) -> Figure:
    """What the length H does to scores and to their softmax, without and with the scale.

    plain, scaled: for each H the scores (trials, positions), as arrays or tensors. show: the H whose first
    trial is drawn position by position.
    """
    page = Page(12, 4.3)
    page.write(0.3, 0.45, "The longer the vectors, the sharper the look", 17, weight="bold")
    panels = [
        _curves(page.panel(0.7, 1.3, 3.1, 2.35), "spread of the scores\n(standard deviation)"),
        _curves(page.panel(4.6, 1.3, 3.1, 2.35), "largest weight\n(mean over the trials)"),
    ]
    page.write(8.6, 0.98, "the weights of one look, sorted", 12)
    page.write(8.6, 1.2, f"H = {show}", 12)
    kinds = (("dot product as it is", plain, WRONG), ("divided by $\\sqrt{H}$", scaled, RIGHT))
    for n, (name, each, colour) in enumerate(kinds):
        scores = {H: np.asarray(values) for H, values in each.items()}
        weights = {H: _softmax(values) for H, values in scores.items()}
        spreads = [values.std() for values in scores.values()]
        largest = [shares.max(axis=1).mean() for shares in weights.values()]
        for axes, curve in zip(panels, (spreads, largest)):
            axes.plot(list(scores), curve, "o-", color=colour, linewidth=2.4, clip_on=False)
            axes.set_xscale("log", base=2)
            axes.set_xticks(list(scores), [str(H) for H in scores])
            axes.minorticks_off()
            axes.set_ylim(bottom=0)
        bars = page.panel(8.6, 1.35 + 1.35 * n, 3.1, 0.95)
        shares = np.sort(weights[show][0])[::-1]
        bars.bar(range(len(shares)), shares, width=0.85, color=colour)
        _plain(bars)
        bars.set(ylim=(0, 1), yticks=[0, 1], xticks=[])
        bars.text(0.98, 0.75, name, transform=bars.transAxes, ha="right", size=13, color=colour)
    panels[1].set_ylim(0, 1)
    return page


def reach(looks: Mapping[str, Sequence[float]], lexicon: dict | None, positions: int) -> Figure:
    """How many positions share the look at each of the most frequent words, on average.

    looks: for each word, or for a word with the one before it, that number, every time it was said. lexicon:
    a bundle's, which knows the words for things and colours.
    """
    kind = {} if lexicon is None else dict.fromkeys(lexicon["nouns"], "a thing")
    kind |= {} if lexicon is None else dict.fromkeys(lexicon["colours"], "a colour")
    often = sorted(looks, key=lambda word: -len(looks[word]))[:MOST_WORDS]
    often.sort(key=lambda word: np.mean(looks[word]))
    kinds = [kind.get(word, "any other word") for word in often]
    page = Page(12, 4.6)
    page.write(
        0.3, 0.45, f"How many of the {positions} positions share the look", 17, weight="bold"
    )
    axes = page.panel(0.7, 0.8, 11, 2.75)
    means = [np.mean(looks[word]) for word in often]
    axes.bar(range(len(often)), means, width=0.72, color=[KINDS[each] for each in kinds])
    _plain(axes)
    axes.set_xticks(range(len(often)), often, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_xlim(-0.6, len(often) - 0.4)
    for n, (name, colour) in enumerate(KINDS.items() if kind else ()):
        axes.text(0.01, 0.9 - 0.12 * n, name, transform=axes.transAxes, size=13, color=colour)
    return page


def _curves(axes: Axes, title: str) -> Axes:
    """Axes for curves over H."""
    axes.set_title(title, fontsize=12.5, color=INK, loc="left", family=FONT)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_xlabel("H", fontsize=13, color=INK)
    _plain(axes)
    return axes


def _plain(axes: Axes) -> None:
    """No frame but the line at the bottom."""
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=QUIET)
    axes.tick_params(labelsize=12, length=0, colors=INK)


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
