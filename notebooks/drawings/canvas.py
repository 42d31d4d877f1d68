"""A page to draw shapes on: tensors, operations, arrows between them, the feature grid.

All places are in inches from the top left corner, a thing's place is its centre. For example

    from drawings.canvas import LOSS, QUIET, Canvas

    def rnn_state():
        canvas = Canvas(5, 2.6)
        before = canvas.tensor(0.9, 1.2, "prev_h", "(N, H)", colour=LOSS)
        weights = canvas.tensor(2.4, 0.4, "Wh", "(H, H)", colour=QUIET)
        times = canvas.op(2.4, 1.2, "@")
        canvas.arrow(before, times)
        canvas.arrow(weights, times)
        canvas.arrow(times, (4.2, 1.2), label="$h_{t-1} W_h$")
        canvas.frame([times, weights], "one step")
        return canvas.page  # a Figure: shows by itself in a notebook, plots.save writes it

In all drawings inputs are INK, states LOSS (blue), weights QUIET (grey), attention SCORE (orange),
gradients WRONG (red). In all curves and tables a model has its own colour: MODEL_COLOURS.
Labels may hold mathtext between dollar signs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import hypot

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path

from coursework.look.plots import FONT, INK, LOSS, QUIET, RIGHT, SCORE, WRONG, Page, _width

__all__ = [
    "INK",
    "LOSS",
    "MODEL_COLOURS",
    "QUIET",
    "RIGHT",
    "SCORE",
    "WRONG",
    "Canvas",
    "Thing",
    "dress",
    "model_look",
    "tint",
]

MODEL_COLOURS = {"RNN": INK, "LSTM": LOSS, "attention LSTM": SCORE}

Point = tuple[float, float]

LABEL, NOTE = 14, 10.5  # points: a tensor's name; its shape, what stands at an arrow
AIR = 0.05  # inches between a border and the arrow that ends there


@dataclass
class Thing:
    """What was drawn: its centre, its size, and the points of its border that arrows start from."""

    x: float
    y: float
    width: float
    height: float
    round: bool = False
    parts: list = field(default_factory=list)  # the blocks of a row; the rows of a grid's cells

    @property
    def centre(self) -> Point:
        return self.x, self.y

    @property
    def left(self) -> Point:
        return self.x - self.width / 2, self.y

    @property
    def right(self) -> Point:
        return self.x + self.width / 2, self.y

    @property
    def top(self) -> Point:
        return self.x, self.y - self.height / 2

    @property
    def bottom(self) -> Point:
        return self.x, self.y + self.height / 2

    def border(self, towards: Point) -> Point:
        """Where the way from the centre to a point leaves the thing, and a little air."""
        across, down = towards[0] - self.x, towards[1] - self.y
        length = hypot(across, down) or 1.0
        if self.round:
            reach = self.width / 2
        else:
            sides = [
                half * length / abs(part)
                for half, part in ((self.width / 2, across), (self.height / 2, down))
                if part
            ]
            reach = min(sides, default=0.0)
        share = (reach + AIR) / length
        return self.x + share * across, self.y + share * down


class Canvas:
    """A white page of width x height inches; `page` is the Figure."""

    def __init__(self, width: float, height: float, title: str = ""):
        self.page = Page(width, height)
        self.axes = self.page.panel(0, 0, width, height)
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.set_axis_off()
        if title:
            self.text(0.2, 0.3, title, 17, ha="left", bold=True)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = NOTE,
        colour: str = INK,
        ha: str = "center",
        va: str = "center",
        bold: bool = False,
        plate: bool = False,
    ) -> None:
        """Text with its centre at (x, y), unless ha ("left", "right") and va say otherwise.

        plate: on a white ground of its own, so that it can lie on a line.
        """
        ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.5} if plate else None
        style = {"family": FONT, "math_fontfamily": "dejavusans", "bbox": ground, "zorder": 5}
        weight = "bold" if bold else "normal"
        style |= {"ha": ha, "color": colour, "weight": weight, "linespacing": 1.35}
        if va == "center" and "\n" not in text:  # on one line whatever hangs below it: g beside i
            y, va = y + 0.36 * size / 72, "baseline"
        style["va"] = va
        self.axes.text(x, y, text, fontsize=size, **style)

    def tensor(
        self,
        x: float,
        y: float,
        label: str,
        shape: str = "",
        width: float = 1.0,
        height: float = 0.5,
        colour: str = INK,
        below: bool = True,
        dashed: bool = False,
    ) -> Thing:
        """A box with a name in it and the shape, such as "(N, H)", small below it (or above it)."""
        self._box(x, y, width, height, colour, tint(colour), dashed)
        self.text(x, y, label, LABEL, colour)
        if shape:
            away = height / 2 + 0.14
            self.text(x, y + (away if below else -away), shape, NOTE, QUIET, plate=True)
        return Thing(x, y, width, height)

    def op(self, x: float, y: float, label: str, size: float = 0.46, colour: str = INK) -> Thing:
        """A round node: tanh, x, +, softmax, sigma; a longer name is written smaller."""
        node = Circle((x, y), size / 2, facecolor="white", edgecolor=colour, linewidth=1.6)
        node.set(zorder=3)
        self.axes.add_patch(node)
        wide = _width(label, LABEL) if "$" not in label else 0
        self.text(x, y, label, LABEL * min(1, (size - 0.09) / max(wide, 0.01)), colour)
        return Thing(x, y, size, size, round=True)

    def arrow(
        self,
        a: Thing | Point,
        b: Thing | Point,
        label: str = "",
        curve: float = 0,
        colour: str = INK,
        via: Sequence[Point] = (),
        dashed: bool = False,
        at: float = 0.5,
        head: bool = True,
    ) -> None:
        """An arrow between things, from border to border, or points, such as `box.right`.

        curve: how far it bulges to the left of its way, as a share of its length (negative: right).
        via: corners on the way instead. at: where the label stands, a share of the way.
        """
        start, end = _centre(a), _centre(b)
        if via:
            corners = list(via)
        else:
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            across, down = end[0] - start[0], end[1] - start[1]
            corners = [(middle[0] + curve * down, middle[1] - curve * across)]
        first = a.border(corners[0]) if isinstance(a, Thing) else a
        last = b.border(corners[-1]) if isinstance(b, Thing) else b
        if via or not curve:
            points = [first, *(corners if via else []), last]
            path = Path(points)
        else:
            points = [_bezier(first, corners[0], last, t) for t in np.linspace(0, 1, 21)]
            path = Path([first, corners[0], last], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
        style = "-|>,head_length=5,head_width=2.6" if head else "-"
        line = FancyArrowPatch(path=path, arrowstyle=style, color=colour, linewidth=1.5)
        line.set(zorder=2, linestyle=(0, (4, 2)) if dashed else "-", joinstyle="round")
        self.axes.add_patch(line)
        if label:
            self.text(*_along(points, at), label, NOTE, colour, plate=True)

    def grid(
        self,
        x: float,
        y: float,
        rows: int,
        columns: int,
        label: str = "",
        values: np.ndarray | None = None,
        cell: float = 0.32,
        colour: str = INK,
        shape: str = "",
    ) -> Thing:
        """The feature grid: rows x columns cells; the name above it, the shape below it.

        values (rows, columns), from 0 on: how strongly each cell has the colour, the largest fully.
        `.parts[row][column]` are its cells.
        """
        whole = Thing(x, y, columns * cell, rows * cell)
        x0, y0 = x - whole.width / 2, y - whole.height / 2
        shares = np.full((rows, columns), 0.1) if values is None else np.asarray(values, float)
        if values is not None:
            shares = shares / max(shares.max(), np.finfo(float).tiny)
        for r in range(rows):
            whole.parts.append([])
            for c in range(columns):
                place = (x0 + c * cell, y0 + r * cell)
                box = Rectangle(place, cell, cell, facecolor=tint(colour, shares[r, c]))
                box.set(edgecolor=colour, linewidth=0.8, zorder=2)
                self.axes.add_patch(box)
                centre = place[0] + cell / 2, place[1] + cell / 2
                whole.parts[-1].append(Thing(*centre, cell, cell))
        self.text(x, y0 - 0.2, label, LABEL, colour)
        self.text(x, y0 + whole.height + 0.16, shape, NOTE, QUIET)
        return whole

    def blocks(
        self,
        x: float,
        y: float,
        labels: Sequence[str],
        shape: str = "",
        width: float = 0.5,
        height: float = 0.5,
        colours: Sequence[str] | str = INK,
    ) -> Thing:
        """Blocks side by side in one tensor, such as the four gates: `.parts[k]` is block k."""
        whole = Thing(x, y, width * len(labels), height)
        for k, label in enumerate(labels):
            colour = colours if isinstance(colours, str) else colours[k]
            middle = x - whole.width / 2 + (k + 0.5) * width
            box = Rectangle((middle - width / 2, y - height / 2), width, height)
            box.set(facecolor=tint(colour), edgecolor=colour, linewidth=1.4, zorder=3)
            self.axes.add_patch(box)
            self.text(middle, y, label, LABEL, colour)
            whole.parts.append(Thing(middle, y, width, height))
        self.text(x, y + height / 2 + 0.14, shape, NOTE, QUIET)
        return whole

    def frame(
        self,
        things: Sequence[Thing],
        label: str = "",
        pad: float = 0.25,
        colour: str = QUIET,
        at: str = "left",
    ) -> Thing:
        """A dashed frame round things, for "one step", its label on the upper edge: left or right."""
        x0 = min(thing.left[0] for thing in things) - pad
        x1 = max(thing.right[0] for thing in things) + pad
        y0 = min(thing.top[1] for thing in things) - pad
        y1 = max(thing.bottom[1] for thing in things) + pad
        whole = Thing((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0)
        self._box(*whole.centre, whole.width, whole.height, colour, "none", True, zorder=1)
        if label:
            x = x0 + 0.15 if at == "left" else x1 - 0.15
            self.text(x, y0, label, NOTE, colour, ha=at, plate=True)
        return whole

    def brace(
        self, x0: float, x1: float, y: float, label: str, colour: str = QUIET, below: bool = True
    ) -> None:
        """A curly brace from x0 to x1 at y, its tip and its label below (or above) it."""
        tip = 0.16 if below else -0.16
        middle, half = (x0 + x1) / 2, tip / 2
        bend = min(abs(tip), (x1 - x0) / 4)
        points = [(x0, y), (x0, y + half), (x0 + bend, y + half), (middle - bend, y + half)]
        points += [(middle, y + half), (middle, y + tip)]
        points += [(middle, y + half), (middle + bend, y + half), (x1 - bend, y + half)]
        points += [(x1, y + half), (x1, y)]
        kinds = [Path.MOVETO, Path.CURVE3, Path.CURVE3, Path.LINETO, Path.CURVE3, Path.CURVE3]
        kinds += [Path.CURVE3, Path.CURVE3, Path.LINETO, Path.CURVE3, Path.CURVE3]
        curve = PathPatch(Path(points, kinds), facecolor="none", edgecolor=colour, linewidth=1.4)
        self.axes.add_patch(curve)
        self.text(middle, y + tip + (0.14 if below else -0.14), label, NOTE, colour)

    def _box(self, x, y, width, height, edge, face, dashed=False, zorder=3) -> None:
        corner = (x - width / 2, y - height / 2)
        style = "round,pad=0,rounding_size=0.06"
        box = FancyBboxPatch(corner, width, height, style, edgecolor=edge, facecolor=face)
        box.set(linewidth=1.6, zorder=zorder, linestyle=(0, (4, 2)) if dashed else "-")
        self.axes.add_patch(box)


def tint(colour: str, share: float = 0.1) -> tuple[float, ...]:
    """A colour thinned with white: share 0 is white, share 1 the colour itself."""
    return tuple(1 - share * (1 - part) for part in to_rgb(colour))


def model_look(name: str) -> dict:
    """A model's colour and dashes, by its name: "RNN", "LSTM", "attention LSTM".

    "LSTM, forget bias 0" is paler than the LSTM, whose bias is 1, and "LSTM, forget bias 3" darker.
    """
    model, _, bias = name.partition(", forget bias ")
    look = {"color": MODEL_COLOURS[model], "linestyle": "-"}
    look |= {"0": {"color": tint(LOSS, 0.6), "linestyle": (0, (4, 2))}}.get(bias, {})
    return look | {"3": {"color": "#0d2b52", "linestyle": (0, (7, 1.5, 1.5, 1.5))}}.get(bias, {})


def dress(axes: Axes, across: str, up: str, colour: str = INK) -> None:
    """Axes as in all pictures here: one line below, level lines behind, names in ink."""
    axes.set_xlabel(across, fontsize=13, color=INK, labelpad=5)
    axes.set_ylabel(up, fontsize=13, color=colour, labelpad=7)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.tick_params(labelsize=12, length=0, which="both", colors=INK)
    axes.tick_params(axis="x", pad=8)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=QUIET)


def _centre(end: Thing | Point) -> Point:
    return end.centre if isinstance(end, Thing) else end


def _bezier(a: Point, control: Point, b: Point, t: float) -> Point:
    """The point at t in 0..1 of a quadratic curve."""
    shares = (1 - t) ** 2, 2 * t * (1 - t), t**2
    return tuple(sum(s * p[k] for s, p in zip(shares, (a, control, b))) for k in (0, 1))


def _along(points: Sequence[Point], share: float) -> Point:
    """The point at a share of the way along straight pieces."""
    legs = [hypot(q[0] - p[0], q[1] - p[1]) for p, q in zip(points, points[1:])]
    left = share * sum(legs)
    for (p, q), leg in zip(zip(points, points[1:]), legs):
        if left <= leg:
            part = left / (leg or 1.0)
            return p[0] + part * (q[0] - p[0]), p[1] + part * (q[1] - p[1])
        left -= leg
    return points[-1]
