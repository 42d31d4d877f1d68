"""Drawings of backpropagation through time: grey the way forward, red the gradients on their way back."""

from collections.abc import Mapping, Sequence
from math import hypot, log10

from matplotlib.figure import Figure

from coursework.look.plots import FONT, Page
from drawings.canvas import (
    INK,
    LOSS,
    MODEL_COLOURS,
    QUIET,
    SCORE,
    WRONG,
    Canvas,
    Thing,
    dress,
    model_look,
    tint,
)

__all__ = [
    "backward_attention",
    "backward_attention_loop",
    "backward_lstm",
    "backward_step",
    "backward_through_time",
    "gradient_norms",
    "same_losses",
]

GAP = 0.075  # inches: half the distance between the way forward and the way back
OTHER_WH = {  # how the curve of an RNN with a smaller, or a larger Wh looks
    "0.5 Wh": {"color": tint(INK, 0.5), "linestyle": (0, (4, 2))},
    "3 Wh": {"linestyle": (0, (7, 1.5, 1.5, 1.5))},
}


def backward_step() -> Figure:
    """One RNN step: every gradient has the shape of what it is the gradient of."""
    canvas = Canvas(10.4, 5.5, "One step: grey forward, red back")
    x = canvas.tensor(2.0, 1.05, "x", "(N, D)")
    wx = canvas.tensor(2.0, 2.25, "Wx", "(D, H)", colour=QUIET)
    prev_h = canvas.tensor(2.0, 3.45, "prev_h", "(N, H)", colour=LOSS)
    wh = canvas.tensor(2.0, 4.65, "Wh", "(H, H)", colour=QUIET)
    first, second = canvas.op(3.75, 1.65, "@"), canvas.op(3.75, 4.05, "@")
    plus = canvas.op(4.9, 2.85, "+")
    b = canvas.tensor(5.3, 4.45, "b", "(H,)", width=0.8, colour=QUIET)
    a = canvas.tensor(6.2, 2.85, "a", "(N, H)", width=0.8)
    tanh = canvas.op(7.35, 2.85, "tanh", size=0.6)
    next_h = canvas.tensor(8.6, 2.85, "next_h", "(N, H)", colour=LOSS)
    for start, end in (
        *((x, first), (wx, first), (prev_h, second), (wh, second), (first, plus), (second, plus)),
        *((b, plus), (plus, a), (a, tanh), (tanh, next_h)),
    ):
        _there_and_back(canvas, start, end)
    for thing, name, shape in (
        *((x, "dx", "(N, D)"), (wx, "dWx", "(D, H)")),
        *((prev_h, "dprev_h", "(N, H)"), (wh, "dWh", "(H, H)")),
    ):
        canvas.arrow(thing.left, (1.25, thing.y), colour=WRONG)
        _gradient(canvas, 0.7, thing.y, name, shape)
    canvas.arrow(b.right, (6.0, b.y), colour=WRONG)
    _gradient(canvas, 6.3, b.y, "db", "(H,)")
    _gradient(canvas, a.x, 2.15, "da", "(N, H)")
    canvas.arrow((9.8, 2.85), (next_h.right[0] + 0.05, 2.85), colour=WRONG)
    _gradient(canvas, 9.7, 2.4, "dnext_h", "(N, H)")
    canvas.text(9.7, 3.1, "given", 10.5, QUIET)
    return canvas.page


def backward_through_time(steps: int = 3) -> Figure:
    """The loop backwards: two gradients meet at every state, every step adds to the weights."""
    canvas = Canvas(10.6, 4.9, "Through time: from the last step to the first")
    row, columns = 2.3, [2.4 + 2.9 * t for t in range(steps)]
    total = canvas.tensor(
        *(sum(columns) / steps, 4.35, "dWx, dWh, db: each the sum over all steps"),
        width=columns[-1] - columns[0] + 1.2,
        colour=WRONG,
    )
    before = canvas.tensor(0.7, row, "h0", "(N, H)", width=0.8, colour=LOSS)
    canvas.text(0.7, row - 0.45, "dh0", 14, WRONG)
    for t, x in enumerate(columns):
        step = canvas.tensor(x, row, f"step {t}", height=0.8)
        meet = canvas.op(x + 1.3, row, "+", colour=WRONG, size=0.4)
        _there_and_back(canvas, before, step)
        _there_and_back(canvas, step, meet)
        if t:
            canvas.text(x - 0.95, row + 0.3, f"dprev_h({t})", 10.5, WRONG)
        canvas.text(meet.x + 0.3, row - 0.38, f"h[:, {t}]", 12, LOSS, ha="left")
        canvas.arrow((meet.x, 1.25), meet, colour=WRONG)
        canvas.text(meet.x, 1.05, f"dh[:, {t}]", 14, WRONG)
        canvas.arrow((x - 0.3, step.bottom[1]), (x - 0.3, 3.3), colour=WRONG)
        canvas.text(x - 0.3, 3.45, f"dx[:, {t}]", 12, WRONG)
        canvas.arrow((x + 0.3, step.bottom[1]), (x + 0.3, total.top[1] - 0.05), colour=WRONG)
        before = meet
    return canvas.page


def backward_lstm() -> Figure:
    """The two paths by which a gradient reaches the cell state of an LSTM step, and where it goes then."""
    canvas = Canvas(10.6, 5.7, "An LSTM step: two gradients arrive, and meet at the cell state")
    cell, state, gates = 1.45, 2.75, 4.05
    prev_c = canvas.tensor(1.0, cell, "prev_c", "(N, H)", colour=LOSS)
    keep, plus = canvas.op(2.7, cell, "×"), canvas.op(4.9, cell, "+")
    next_c = canvas.tensor(6.6, cell, "next_c", "(N, H)", colour=LOSS, below=False)
    write = canvas.op(4.9, state, "×")
    tanh, show = canvas.op(6.6, state, "tanh", size=0.6), canvas.op(7.8, state, "×")
    next_h = canvas.tensor(9.0, state, "next_h", "(N, H)", colour=LOSS)
    f, i = canvas.tensor(2.7, gates, "f", width=0.6), canvas.tensor(4.4, gates, "i", width=0.6)
    g, o = canvas.tensor(5.4, gates, "g", width=0.6), canvas.tensor(7.8, gates, "o", width=0.6)
    for start, end in (
        *((prev_c, keep), (keep, plus), (plus, next_c), (next_c, tanh), (tanh, show)),
        *((show, next_h), (f, keep), (i, write), (g, write), (write, plus), (o, show)),
    ):
        _there_and_back(canvas, start, end)
    canvas.arrow((10.35, cell), (next_c.right[0] + 0.05, cell), colour=WRONG)
    canvas.text(9.4, cell - 0.22, "dnext_c", 14, WRONG)
    canvas.text(9.4, cell + 0.2, "from later steps alone", 10.5, QUIET)
    canvas.arrow((10.35, state), (next_h.right[0] + 0.05, state), colour=WRONG)
    canvas.text(10.0, state - 0.42, "dnext_h", 14, WRONG)
    canvas.text(5.75, cell - 0.32, "dc", 14, WRONG)
    canvas.text(1.0, cell - 0.45, "dprev_c", 14, WRONG)
    for gate, name, side in ((f, "df", -1), (i, "di", -1), (g, "dg", 1), (o, "do", 1)):
        canvas.text(gate.x + side * 0.55, gates, name, 14, WRONG)
    canvas.text(
        *(1.0, 5.1, "back through sigmoid (i, f, o) and tanh (g), side by side:"),
        size=10.5,
        ha="left",
    )
    names = ["da_i", "da_f", "da_o", "da_g"]
    canvas.blocks(7.4, 5.1, names, "da (N, 4H)", width=0.85, colours=WRONG)
    return canvas.page


def backward_attention() -> Figure:
    """Attention backwards: the grid A is used twice, so two gradients come back to it."""
    canvas = Canvas(10.6, 4.9, "Attention, backwards")
    top, low = 1.75, 3.85
    grid = canvas.grid(1.2, top, 3, 4, "A", colour=SCORE)
    canvas.text(1.38, 1.07, "(N, H, h, w)", 10.5, QUIET, ha="left")
    prev_h = canvas.tensor(1.2, low, "prev_h", "(N, H)", colour=LOSS)
    ask = canvas.op(3.1, low, "dot")
    scores = canvas.tensor(4.4, low, "scores", "(N, h, w)", colour=SCORE, below=False)
    softmax = canvas.op(5.75, low, "softmax", size=0.8)
    weights = canvas.tensor(7.2, low, "weights", colour=SCORE)
    canvas.text(7.8, low, "(N, h, w)", 10.5, QUIET, ha="left")
    mean = canvas.op(7.2, top, "Σ")
    attn = canvas.tensor(8.6, top, "attn", "(N, H)", colour=SCORE)
    for start, end in (
        *((prev_h, ask), (grid, ask), (ask, scores), (scores, softmax), (softmax, weights)),
        *((weights, mean), (grid, mean), (mean, attn)),
    ):
        _there_and_back(canvas, start, end)
    canvas.arrow((9.9, top), (attn.right[0] + 0.05, top), colour=WRONG)
    canvas.text(9.75, top - 0.3, "dattn", 14, WRONG)
    canvas.text(7.2, low + 0.45, "dweights", 14, WRONG)
    canvas.text(4.4, low + 0.45, "dscores", 14, WRONG)
    canvas.text(1.2, low - 0.45, "dprev_h", 14, WRONG)
    canvas.text(4.4, top - 0.28, "dA, through the values: the weighted mean", 12, WRONG)
    canvas.text(2.62, 2.75, "dA, through the keys: the scores", 12, WRONG, ha="left")
    return canvas.page


def backward_attention_loop() -> Figure:
    """Two steps of the attention LSTM: three gradients meet at a state, A collects from every look."""
    canvas = Canvas(10.6, 5.7, "The attention LSTM through time")
    row, cell, looks = 2.3, 1.5, 3.8
    start = canvas.tensor(1.0, 1.95, "h0, c0", "", width=1.0, height=1.2, colour=LOSS)
    grid = canvas.tensor(
        *(5.0, 5.15, "A:  dA is the sum over all looks, and over h0 and c0"),
        *("", 9.0, 0.6, SCORE),
    )
    _between(canvas, (1.0, grid.top[1]), start.bottom, "mean")
    before = Thing(start.x, row, 1.0, 0.5)
    for t, x in enumerate((3.9, 7.8)):
        step = canvas.tensor(x, 1.95, f"step {t}", height=1.2)
        look = canvas.tensor(x - 1.0, looks, f"look {t}", colour=SCORE)
        meet = canvas.op(x + 1.35, row, "+", colour=WRONG, size=0.4)
        left = before.border((x, row))[0]
        _between(canvas, (left, row), (step.left[0] - 0.05, row))
        _there_and_back(canvas, before, look)
        _there_and_back(canvas, look, step)
        _between(canvas, (look.x, grid.top[1]), look.bottom)
        _between(canvas, (step.right[0] + 0.05, row), (meet.left[0] - 0.05, row))
        origin = start.right[0] if t == 0 else 4.4
        _between(canvas, (origin + 0.05, cell), (step.left[0] - 0.05, cell))
        canvas.arrow((meet.x, 1.1), meet, colour=WRONG)
        canvas.text(meet.x, 0.9, f"dh[:, {t}]", 14, WRONG)
        canvas.text(meet.x + 0.28, row - 0.28, f"h[:, {t}]", 10.5, LOSS, ha="left")
        canvas.text((look.x + x) / 2 + 0.36, (looks + row) / 2 + 0.25, "dattn", 12, WRONG)
        before = meet
    canvas.text(6.6, cell + 0.25, "dprev_c", 12, WRONG)
    canvas.text(6.6, row + 0.28, "from step 1", 10.5, WRONG)
    canvas.text(5.78, 3.12, "from look 1", 10.5, WRONG, ha="right")
    return canvas.page


def gradient_norms(
    curves: Mapping[str, Sequence[float]], along: str, of: str, first: int = 0
) -> Figure:
    """How long gradients are, on a logarithmic axis: a curve each, named at its right end.

    curves: the norms by name, such as "LSTM", "LSTM, forget bias 3" or "RNN: 0.5 Wh"; along: what the
    horizontal axis counts, from `first` on; of: what of.
    """
    page = Page(9.2, 4.4)
    axes = page.panel(1.1, 0.3, 5.6, 3.3)
    looks = {name: _look(name) for name in curves}
    for name, values in curves.items():
        steps = range(first, first + len(values))
        axes.plot(steps, values, linewidth=2.4, **looks[name])
    axes.set_yscale("log")
    low, high = map(log10, axes.get_ylim())
    height = 0.0
    for name in sorted(curves, key=lambda name: curves[name][-1]):  # from below: no two names touch
        height = max((log10(curves[name][-1]) - low) / (high - low), height + 0.075)
        style = {"color": looks[name]["color"], "size": 13, "va": "center", "family": FONT}
        axes.text(1.01, height, name, transform=axes.transAxes, **style)
    dress(axes, along, of)
    return page


def same_losses(autograd: Sequence[float], by_hand: Sequence[float]) -> Figure:
    """The losses of two trainings that should be one: a wide pale curve, and a thin one upon it."""
    page = Page(9.2, 3.9)
    axes = page.panel(1.1, 0.3, 7.6, 2.8)
    axes.plot(autograd, color=tint(LOSS, 0.4), linewidth=7, label="with autograd")
    axes.plot(by_hand, color=WRONG, linewidth=1.4, label="by hand")
    axes.set_xlim(0, len(by_hand) - 1)
    axes.legend(fontsize=13, frameon=False)
    dress(axes, "training step", "loss per caption")
    return page


def _look(name: str) -> dict:
    """A curve's colour and dashes: those of its model, quiet ones where the name begins with none."""
    model, _, what = name.partition(": ")
    known = model.partition(",")[0] in MODEL_COLOURS
    return (model_look(model) if known else {"color": QUIET}) | OTHER_WH.get(what, {})


def _there_and_back(canvas: Canvas, a: Thing, b: Thing) -> None:
    """The way forward from a to b, grey, and beside it the gradient's way back, red."""
    across, down = b.x - a.x, b.y - a.y
    length = hypot(across, down)
    aside = (-down / length * GAP, across / length * GAP)
    start, end = a.border(b.centre), b.border(a.centre)
    canvas.arrow(_moved(start, aside, -1), _moved(end, aside, -1), colour=QUIET)
    canvas.arrow(_moved(end, aside, 1), _moved(start, aside, 1), colour=WRONG)


def _between(canvas: Canvas, start: tuple, end: tuple, label: str = "") -> None:
    """As `_there_and_back`, from point to point."""
    ends = (Thing(*point, 0, 0) for point in (start, end))
    _there_and_back(canvas, *ends)
    if label:
        middle = (start[0] + end[0]) / 2 + 0.2, (start[1] + end[1]) / 2
        canvas.text(*middle, label, 10.5, QUIET, ha="left")


def _moved(point: tuple[float, float], by: tuple[float, float], times: float):
    return point[0] + times * by[0], point[1] + times * by[1]


def _gradient(canvas: Canvas, x: float, y: float, name: str, shape: str) -> None:
    """The name of a gradient in red, its shape below it."""
    canvas.text(x, y - 0.1, name, 14, WRONG, plate=True)
    canvas.text(x, y + 0.15, shape, 10.5, WRONG, plate=True)
