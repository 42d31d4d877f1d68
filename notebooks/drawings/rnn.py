"""Drawings of the vanilla RNN: one step, the steps of a whole caption, and how its memory fades."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np

from coursework.look.plots import Page
from drawings.canvas import LOSS, MODEL_COLOURS, NOTE, QUIET, RIGHT, Canvas, dress, tint
from drawings.scene import CAPTION, picture

__all__ = ["rnn_memory", "rnn_step", "rnn_unrolled"]

RNN = MODEL_COLOURS["RNN"]
LINES = (  # of one RNN or several, the palest first; they may lie on each other
    {"color": tint(RNN, 0.5), "linestyle": (0, (4, 2))},
    {"color": RNN, "linestyle": "-"},
    {"color": tint(RNN, 0.7), "linestyle": (0, (1, 1.2))},
)


def rnn_step() -> Page:
    """One step, with the shape of everything that goes in and comes out."""
    canvas = Canvas(10.4, 3.9)
    x = canvas.tensor(1.0, 0.95, "x", "(N, D)")
    before = canvas.tensor(1.0, 2.75, "prev_h", "(N, H)", colour=LOSS)
    input_weights = canvas.tensor(2.9, 0.95, "Wx", "(D, H)", colour=QUIET)
    state_weights = canvas.tensor(2.9, 2.75, "Wh", "(H, H)", colour=QUIET)
    bias = canvas.tensor(4.3, 1.85, "b", "(H,)", colour=QUIET)
    plus = canvas.op(5.75, 1.85, "+")
    tanh = canvas.op(7.2, 1.85, "tanh", size=0.72)
    after = canvas.tensor(9.3, 1.85, "next_h", "(N, H)", colour=LOSS)
    canvas.arrow(x, input_weights)
    canvas.arrow(before, state_weights, colour=LOSS)
    for weights, product, corner in (
        (input_weights, "x Wx  (N, H)", (5.75, 0.95)),
        (state_weights, "prev_h Wh  (N, H)", (5.75, 2.75)),
    ):
        canvas.arrow(weights, plus, via=[corner])
        canvas.text(4.5, corner[1], product, plate=True)
    canvas.arrow(bias, plus)
    canvas.arrow(plus, tanh)
    canvas.arrow(tanh, after, colour=LOSS)
    canvas.frame([input_weights, state_weights, tanh], "one step", pad=0.4)
    canvas.text(1.0, 0.5, "the input now")
    canvas.text(1.0, 2.3, "the state before", colour=LOSS)
    canvas.text(9.3, 1.4, "the state after", colour=LOSS)
    canvas.text(9.3, 2.5, "the next step's prev_h", colour=QUIET)
    canvas.text(6.45, 1.6, "(N, H)", colour=QUIET)
    return canvas.page


def rnn_unrolled() -> Page:
    """The steps of a caption side by side: its words go in, the states are handed on."""
    fed, wanted = ["<START>", *CAPTION], [*CAPTION, "<END>"]
    canvas = Canvas(12.4, 4.3)
    seen = picture(canvas, 1.0, 2.0, 1.5)
    states = [canvas.tensor(2.7, 2.0, "h0", "(N, H)", 0.8, colour=LOSS)]
    canvas.arrow(seen, states[0], colour=LOSS)
    for t, (word, target) in enumerate(zip(fed, wanted)):
        x = 4.15 + 1.24 * t
        cell = canvas.tensor(x, 2.0, "", "", 0.8, colour=LOSS)
        canvas.text(x, 2.0, f"h[:, {t}]", 12, LOSS)
        canvas.arrow(states[-1], cell, colour=LOSS)
        canvas.arrow((x, 2.98), cell)
        canvas.arrow(cell, (x, 1.08), colour=QUIET)
        canvas.text(x, 3.15, word, 13)
        canvas.text(x, 0.9, target, 13, colour=RIGHT)
        states.append(cell)
    canvas.text(2.7, 3.15, "word fed", NOTE, QUIET)
    canvas.text(2.7, 0.9, "word that follows", NOTE, QUIET)
    canvas.text(1.0, 3.05, "the picture", NOTE, QUIET)
    canvas.brace(3.8, 11.95, 3.42, "the same Wx, Wh and b at every step")
    canvas.text(7.8, 0.35, "h (N, T, H): the states after every step, here T = 7", 12, colour=LOSS)
    return canvas.page


def rnn_memory(curves: Mapping[str, Sequence[float]]) -> Page:
    """How far apart two states are, step by step, one curve for each name, on a logarithmic axis.

    Values are shares of the difference there was; the first is that before the first step, 1.
    """
    page = Page(8.6, 4.0)
    axes = page.panel(1.25, 0.25, 7.0, 3.0)
    look = {"linewidth": 2.2, "markersize": 4.5, "clip_on": False}
    for line, (name, values) in zip(cycle(LINES), curves.items()):
        percent = 100 * np.maximum(np.asarray(values, dtype=float), 1e-12)
        axes.plot(np.arange(len(percent)), percent, marker="o", label=name, **line, **look)
    longest = max(map(len, curves.values()))
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.8f}".rstrip("0").rstrip(".") + " %")
    axes.set_xlim(0, longest - 1)
    axes.xaxis.get_major_locator().set_params(integer=True)
    dress(axes, "steps made", "difference that is left")
    axes.legend(fontsize=11, frameon=False, labelcolor="linecolor", loc="lower left")
    return page
