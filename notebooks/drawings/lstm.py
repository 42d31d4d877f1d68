"""Drawings of the LSTM: one step, its four blocks of columns, its two lanes, and what reaches back."""

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes

from coursework.look.plots import Page, running_mean
from drawings.canvas import (
    INK,
    LOSS,
    MODEL_COLOURS,
    NOTE,
    QUIET,
    RIGHT,
    SCORE,
    Canvas,
    Thing,
    dress,
    model_look,
)
from drawings.scene import CAPTION

__all__ = [
    "forget_gates",
    "gate_curves",
    "gradient_reach",
    "lstm_blocks",
    "lstm_lanes",
    "lstm_step",
    "two_losses",
]

TRAINING = {  # the LSTM, before and after
    "before": {"color": QUIET, "linestyle": "--"},  # it may lie on the other
    "trained": {"color": MODEL_COLOURS["LSTM"], "linestyle": "-"},
}
GATES = {"i": RIGHT, "f": SCORE, "o": LOSS, "g": INK}  # colours, in the order of the columns


def lstm_step() -> Page:
    """One step, with the shape of everything that goes in and comes out; the cell on top."""
    canvas = Canvas(12.6, 5.3)
    old_cell = canvas.tensor(1.0, 0.8, "prev_c", "(N, H)", colour=LOSS)
    x = canvas.tensor(1.0, 2.45, "x", "(N, D)")
    before = canvas.tensor(1.0, 3.75, "prev_h", "(N, H)", colour=LOSS)
    input_weights = canvas.tensor(2.6, 2.45, "Wx", "(D, 4H)", colour=QUIET)
    state_weights = canvas.tensor(2.6, 3.75, "Wh", "(H, 4H)", colour=QUIET)
    bias = canvas.tensor(4.0, 4.45, "b", "(4H,)", width=0.8, colour=QUIET)
    plus = canvas.op(4.0, 3.1, "+")
    a = canvas.tensor(5.15, 3.1, "a", "(N, 4H)", 0.55, 2.9, QUIET)
    canvas.arrow(x, input_weights)
    canvas.arrow(before, state_weights, colour=LOSS)
    canvas.arrow(input_weights.right, plus)
    canvas.arrow(state_weights.right, plus)
    canvas.arrow(bias, plus)
    canvas.arrow(plus, a)

    forget, enter = _gate(canvas, 1.95, "f", "2nd"), _gate(canvas, 2.7, "i", "1st")
    new, show = _gate(canvas, 3.45, "g", "4th"), _gate(canvas, 4.2, "o", "3rd")
    keep, add = canvas.op(8.3, 0.8, "×"), canvas.op(9.5, 0.8, "+")
    write, squash = canvas.op(9.5, 2.7, "×"), canvas.op(10.6, 2.2, "tanh", size=0.62)
    out = canvas.op(10.6, 4.2, "×")
    new_cell = canvas.tensor(11.8, 0.8, "next_c", "(N, H)", colour=LOSS)
    after = canvas.tensor(11.8, 4.2, "next_h", "(N, H)", colour=LOSS)
    canvas.arrow(old_cell, keep, colour=LOSS)
    canvas.arrow(keep, add, colour=LOSS)
    canvas.arrow(add, new_cell, colour=LOSS)
    canvas.arrow(forget, keep, via=[(8.3, 1.95)], colour=GATES["f"], label="keep", at=0.78)
    canvas.arrow(enter, write, colour=GATES["i"])
    canvas.arrow(new, write, via=[(9.5, 3.45)], colour=GATES["g"])
    canvas.arrow(write, add, colour=GATES["i"], label="write")
    canvas.arrow((10.6, 0.8), squash, colour=LOSS)
    canvas.arrow(squash, out, colour=LOSS)
    canvas.arrow(show, out, colour=GATES["o"], label="show", at=0.7)
    canvas.arrow(out, after, colour=LOSS)
    canvas.text(4.6, 0.6, "the cell: only multiplied by f and added to", colour=LOSS)
    canvas.text(11.8, 3.8, "to the words", colour=LOSS)
    inside = [input_weights, keep, out, Thing(5.15, 4.65, 1, 0.3)]
    canvas.frame(inside, "one step", pad=0.28, at="right")
    return canvas.page


def _gate(canvas: Canvas, y: float, name: str, place: str) -> Thing:
    """A way out of `a`: its block of columns, its nonlinearity, its name."""
    colour, tanh = GATES[name], name == "g"
    squash = canvas.op(6.95, y, "tanh" if tanh else "$\\sigma$", size=0.62 if tanh else 0.46)
    label = f"$a_{name}$, {place} block"
    canvas.arrow((5.45, y), squash, label=label, colour=colour, at=0.42)
    canvas.text(7.55, y - 0.17, name, 14, colour, bold=True)
    return squash


def lstm_blocks() -> Page:
    """Which of the 4H columns belong to which gate, in the weights, the bias and the sum."""
    canvas = Canvas(12.2, 5.0)
    names = ["i   input gate", "f   forget gate", "o   output gate", "g   block input"]
    colours, left, wide = list(GATES.values()), 2.0, 2.1
    edges = [left + k * wide for k in range(5)]
    middles = [edge + wide / 2 for edge in edges[:4]]
    for k, x in enumerate(edges):
        canvas.text(x, 0.85, ("0", "H", "2H", "3H", "4H")[k], NOTE, QUIET)
    canvas.text(left - 0.35, 0.85, "column", NOTE, QUIET, ha="right")
    for x, name, colour in zip(middles, names, colours):
        canvas.text(x, 0.4, name, 13, colour, bold=True)
    rows = [
        ("Wx", "(D, 4H)", 1.4, 0.75, [""] * 4),
        ("Wh", "(H, 4H)", 2.35, 0.75, [""] * 4),
        ("b", "(4H,)", 3.1, 0.4, ["0", "1", "0", "0"]),
        ("a", "(N, 4H)", 3.85, 0.55, ["$a_i$", "$a_f$", "$a_o$", "$a_g$"]),
    ]
    for name, shape, y, high, labels in rows:
        canvas.text(left - 1.1, y, name, 14, ha="right")
        canvas.text(left - 0.2, y, shape, NOTE, QUIET, ha="right")
        whole = canvas.blocks(left + 2 * wide, y, labels, "", wide, high, colours)
    canvas.text(edges[4] + 0.15, 3.1, "at the start", NOTE, QUIET, ha="left")
    for part, colour, squash in zip(whole.parts, colours, ["$\\sigma$"] * 3 + ["tanh"]):
        canvas.arrow(part.bottom, (part.x, 4.5), colour=colour)
        canvas.text(part.x, 4.68, squash, 14, colour)
    canvas.text(edges[4] + 0.15, 4.68, "each (N, H)", NOTE, QUIET, ha="left")
    return canvas.page


def lstm_lanes() -> Page:
    """The steps of a caption side by side: two states are handed on, one of them goes to the words."""
    fed, wanted = ["<START>", *CAPTION[:4]], CAPTION[:5]
    canvas = Canvas(12.4, 4.5)
    h = canvas.tensor(1.2, 2.15, "h0", "", 0.7, colour=LOSS)
    c = canvas.tensor(1.2, 3.15, "c0", "", 0.7, colour=LOSS)
    canvas.text(1.2, 1.72, "from the picture", NOTE, QUIET)
    canvas.text(1.2, 3.56, "zeros", NOTE, QUIET)
    for t, (word, target) in enumerate(zip(fed, wanted)):
        x = 3.5 + 1.85 * t
        step = canvas.tensor(x - 0.85, 2.65, "step", "", 0.75, 1.5, QUIET)
        canvas.arrow(h.right, (step.left[0] - 0.03, h.y), colour=LOSS)
        canvas.arrow(c.right, (step.left[0] - 0.03, c.y), colour=LOSS)
        canvas.arrow((step.x, 3.98), step.bottom)
        canvas.text(step.x, 4.15, word, 13)
        h, c = (canvas.tensor(x, y, "", "", 0.72, colour=LOSS) for y in (2.15, 3.15))
        canvas.text(x, h.y, f"h[:, {t}]", 12, LOSS)
        canvas.text(x, c.y, "c", 14, LOSS)
        canvas.arrow((step.right[0] + 0.03, h.y), h.left, colour=LOSS)
        canvas.arrow((step.right[0] + 0.03, c.y), c.left, colour=LOSS)
        canvas.arrow(h.top, (x, 1.15), colour=QUIET)
        canvas.text(x, 0.98, target, 13, RIGHT)
    canvas.text(1.2, 4.15, "word fed", NOTE, QUIET)
    canvas.text(1.2, 0.98, "word that follows", NOTE, QUIET)
    for state in (h, c):
        canvas.arrow(state.right, (state.right[0] + 0.5, state.y), colour=LOSS)
        canvas.text(state.right[0] + 0.75, state.y, "...", 14, LOSS)
    canvas.text(6.6, 0.4, "h is handed on and shown to the vocabulary; c is only handed on", 13)
    return canvas.page


def gate_curves() -> Page:
    """The two nonlinearities, sigmoid for the gates and tanh for what enters, over what goes in."""
    page = Page(10.4, 3.7)
    a = np.linspace(-5, 5, 201)
    gate = page.panel(0.8, 0.65, 4.0, 2.35)
    dress(gate, "a", "sigmoid(a): a gate", SCORE)
    gate.plot(a, _sigmoid(a), color=SCORE, linewidth=2.4)
    for at in (0, 1, 3):
        gate.plot(at, _sigmoid(at), "o", color=SCORE, markersize=6)
        text = f"{_sigmoid(at):.2f}"
        gate.annotate(text, (at, _sigmoid(at)), (8, -12), textcoords="offset points", fontsize=11)
    gate.set(xlim=(-5, 5), ylim=(0, 1.04), yticks=[0, 0.5, 1])
    page.write(0.8, 0.4, "0 is shut, 1 is open", 12, color=SCORE)
    new = page.panel(5.9, 0.65, 4.0, 2.35)
    dress(new, "a", "tanh(a): what may enter", INK)
    new.plot(a, np.tanh(a), color=INK, linewidth=2.4)
    new.axhline(0, color="#e4e4e4", linewidth=0.8)
    new.set(xlim=(-5, 5), ylim=(-1.06, 1.06), yticks=[-1, 0, 1])
    page.write(5.9, 0.4, "between -1 and 1: it can add and take away", 12)
    return page


def gradient_reach(curves: Mapping[str, Sequence[float]], title: str = "") -> Page:
    """What is left of a gradient on its way back, 1, 2, 3, ... steps, on a logarithmic axis.

    curves: for the name of every model, as `model_look` knows them, the length of the gradient after
    each step; drawn is its share of the first. Under "before" and "trained" it is those of an LSTM.
    """
    page = Page(10.2, 4.6)
    top = 0.75 if title else 0.3
    if title:
        page.write(1.7, 0.42, title, 16, weight="bold")
    axes = page.panel(1.7, top, 5.4, 3.85 - top)
    dress(axes, "steps on the way back", "share of the gradient left", INK)
    ends = []
    for name, lengths in curves.items():
        look = TRAINING.get(name) or model_look(name)
        shares = np.asarray(lengths, dtype=float) / lengths[0]
        axes.plot(np.arange(1, len(shares) + 1), shares, **look, linewidth=2.4)
        ends.append((np.log10(shares[-1]), f"{name}: {_share(shares[-1])}", look["color"]))
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda share, _: _share(share))
    axes.yaxis.set_minor_formatter(lambda share, _: "")
    axes.set_xlim(1, max(map(len, curves.values())))
    axes.xaxis.get_major_locator().set_params(integer=True)
    _name_ends(axes, ends, np.log10(axes.get_ylim()))
    return page


def two_losses(histories: Mapping[str, dict], title: str = "") -> Page:
    """The training losses of several runs, as running means, with what each comes to at the end.

    histories: for the name of every model that of its run, with "loss". The axis ends at twice the
    highest loss at the end, so that the first steps, alike in all, do not press the rest together.
    """
    page = Page(9.6, 4.6)
    top = 0.75 if title else 0.3
    if title:
        page.write(1.1, 0.42, title, 16, weight="bold")
    axes = page.panel(1.1, top, 6.7, 3.85 - top)
    ends = []
    for name, history in histories.items():
        losses = np.asarray(history["loss"], dtype=float)
        steps, smooth = running_mean(losses, ceil(len(losses) / 50))
        axes.plot(steps, smooth, **model_look(name), linewidth=2.4)
        ends.append((smooth[-1], f"{name}: {smooth[-1]:.1f}", MODEL_COLOURS[name]))
    mean = f"mean of {len(losses) - len(smooth) + 1} steps"
    dress(axes, "training step", f"loss per caption, {mean}", INK)
    axes.set_xlim(0, max(len(history["loss"]) for history in histories.values()))
    axes.set_ylim(0, 2 * max(end for end, *_ in ends))
    _name_ends(axes, ends, axes.get_ylim())
    return page


def forget_gates(gates: Mapping[str, np.ndarray]) -> Page:
    """How many forget gates are how far open: a histogram for each name, in tenths from 0 to 1."""
    page = Page(0.9 + 4.9 * len(gates), 3.8)
    shares = {name: _tenths(values) for name, values in gates.items()}
    top = max(share.max() for share in shares.values())
    for k, (name, values) in enumerate(gates.items()):
        x = 0.95 + 4.9 * k
        axes = page.panel(x, 0.75, 4.2, 2.3)
        dress(axes, "forget gate: 0 forgets, 1 keeps", "share of the gates" if k == 0 else "", INK)
        axes.bar(np.arange(10) / 10 + 0.05, shares[name], 0.09, color=GATES["f"])
        axes.set(xlim=(0, 1), ylim=(0, 1.05 * top), axisbelow=True)
        axes.yaxis.set_major_formatter("{x:.0%}")
        axes.locator_params(nbins=5)
        page.write(x, 0.42, f"{name}: mean {np.mean(values):.2f}", 14, weight="bold")
    return page


def _tenths(values: np.ndarray) -> np.ndarray:
    """Which share of the values lies in each tenth from 0 to 1."""
    return np.histogram(values, bins=10, range=(0, 1))[0] / np.size(values)


def _name_ends(axes: Axes, ends: Sequence[tuple[float, str, str]], limits: Sequence[float]) -> None:
    """Write each curve's name at its end, on the right, a little higher where two would overlap.

    ends: (value, name, colour) of each; values and limits on the scale of the drawn axis.
    """
    low, high = limits
    place = -1.0
    for value, name, colour in sorted(ends):
        place = max((value - low) / (high - low), place + 0.075)
        style = {"xycoords": "axes fraction", "va": "center", "annotation_clip": False}
        axes.annotate(name, (1.02, place), color=colour, fontsize=12, **style)


def _share(value: float) -> str:
    """A share as people say it: 0.62, or 1/500."""
    if value > 0.15:
        return f"{value:.2f}".replace("1.00", "1")
    return f"1/{float(f'{1 / value:.1g}'):,.0f}"


def _sigmoid(a: float | np.ndarray) -> float | np.ndarray:
    return 1 / (1 + np.exp(-a))
