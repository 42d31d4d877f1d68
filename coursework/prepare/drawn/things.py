"""The pictures that the painter can draw: things, grounds and skies. What a car looks like is said here.

Each thing is drawn by a pen in a box of height 1 around (0, 0), x to the right, y down, facing right. Shapes
laid as `body` take the colour that is asked for; everything else has fixed colours.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Pen = Any  # drawing.Pen, which cannot be imported here: drawing imports this file
GROUNDS = ("meadow", "sea", "snow", "street", "beach")
TIMES = ("day", "night")
HORIZON = 0.46  # of the height of the picture, on every ground

DARK = (0.13, 0.13, 0.17)
WHITE = (0.98, 0.98, 0.98)
CREAM = (0.97, 0.92, 0.80)
GREY = (0.55, 0.57, 0.62)
BROWN = (0.48, 0.31, 0.18)
LEAF = (0.27, 0.56, 0.20)
GLASS = (0.74, 0.90, 0.97)
GOLD = (1.00, 0.78, 0.25)
BEAK = (0.99, 0.62, 0.15)


@dataclass(frozen=True)
class Thing:
    """How a thing is drawn, its box's width over height, and where it may be: "ground", "water" or "sky"."""

    draw: Callable[[Pen], None]
    aspect: float
    zone: str


THINGS: dict[str, Thing] = {}


def _thing(aspect: float, zone: str) -> Callable[[Callable[[Pen], None]], Callable[[Pen], None]]:
    def register(draw: Callable[[Pen], None]) -> Callable[[Pen], None]:
        THINGS[draw.__name__] = Thing(draw, aspect, zone)
        return draw

    return register


def _eye(pen: Pen, x: float, y: float, r: float) -> None:
    pen.mark(pen.circle(x, y, r), WHITE)
    pen.mark(pen.circle(x + 0.25 * r, y + 0.05 * r, 0.66 * r), DARK)


@_thing(1.9, "ground")
def car(pen: Pen) -> None:
    """A car, seen from the side."""
    cabin = pen.polygon((-0.70, 0.05), (-0.44, -0.50), (0.24, -0.50), (0.58, 0.05), r=0.16)
    pen.body(pen.union(pen.rectangle(-0.95, -0.10, 0.95, 0.36, 0.15), cabin, r=0.06))
    pen.part(
        pen.polygon((-0.53, -0.07), (-0.36, -0.39), (-0.11, -0.39), (-0.11, -0.07), r=0.05), GLASS
    )
    pen.part(
        pen.polygon((-0.02, -0.07), (-0.02, -0.39), (0.19, -0.39), (0.40, -0.07), r=0.05), GLASS
    )
    pen.mark(pen.rectangle(-0.18, 0.03, -0.04, 0.06, 0.015), DARK)
    pen.mark(pen.rectangle(-0.93, 0.20, 0.93, 0.25), DARK, 0.35)
    pen.mark(pen.ellipse(0.87, 0.06, 0.06, 0.075), GOLD)
    for x in (-0.52, 0.52):
        pen.mark(pen.circle(x, 0.29, 0.21), DARK)
        pen.part(pen.circle(x, 0.29, 0.11), (0.82, 0.83, 0.86))
    pen.shine(-0.10, 0.05, 1.00, 0.22, 0.45)


@_thing(0.96, "water")
def boat(pen: Pen) -> None:
    """A sailing boat."""
    pen.mark(pen.rectangle(-0.035, -0.5, 0.015, 0.25), BROWN)
    pen.body(pen.polygon((-0.07, -0.46), (-0.07, 0.17), (-0.45, 0.17), r=0.04))
    pen.part(pen.polygon((0.05, -0.40), (0.05, 0.17), (0.37, 0.17), r=0.04), CREAM)
    pen.body(pen.polygon((-0.49, 0.22), (0.49, 0.22), (0.32, 0.50), (-0.34, 0.50), r=0.05))
    pen.mark(pen.rectangle(-0.40, 0.29, 0.41, 0.34), pen.accent, 0.9)


@_thing(1.0, "ground")
def house(pen: Pen) -> None:
    """A house with a door, a window and a chimney."""
    pen.part(pen.rectangle(0.20, -0.46, 0.33, -0.10), (0.62, 0.50, 0.46))
    pen.body(pen.rectangle(-0.41, -0.12, 0.41, 0.50))
    pen.part(pen.polygon((-0.50, -0.04), (0.0, -0.50), (0.50, -0.04)), (0.44, 0.36, 0.37))
    pen.part(pen.rectangle(0.07, 0.12, 0.29, 0.50, 0.02), BROWN)
    pen.mark(pen.circle(0.12, 0.33, 0.02), GOLD)
    pen.part(pen.rectangle(-0.30, 0.07, -0.05, 0.32, 0.01), (1.0, 0.93, 0.62))
    pen.mark(pen.rectangle(-0.19, 0.09, -0.16, 0.30), BROWN)
    pen.mark(pen.rectangle(-0.28, 0.18, -0.07, 0.21), BROWN)


@_thing(0.80, "ground")
def tree(pen: Pen) -> None:
    """A tree with a round crown."""
    pen.part(pen.polygon((-0.06, 0.0), (0.06, 0.0), (0.10, 0.50), (-0.10, 0.50)), BROWN)
    crown = [
        (0.0, -0.33, 0.17),
        (-0.20, -0.25, 0.16),
        (0.20, -0.25, 0.16),
        (-0.25, -0.04, 0.15),
        (0.25, -0.04, 0.15),
    ]
    crown += [(-0.12, 0.11, 0.14), (0.12, 0.11, 0.14), (0.0, -0.10, 0.20)]
    pen.body(pen.union(*(pen.circle(*leaves) for leaves in crown)))
    for x, y in (
        (-0.12, -0.28),
        (0.12, -0.21),
        (-0.22, -0.08),
        (0.00, -0.05),
        (0.24, -0.02),
        (-0.08, 0.13),
        (0.12, 0.12),
    ):
        pen.mark(pen.ellipse(x, y, 0.055, 0.03, (1, 0.4)), DARK, 0.18)
    pen.shine(0.0, -0.10, 0.38, 0.40, 0.3)


@_thing(0.62, "ground")
def flower(pen: Pen) -> None:
    """A flower of five petals."""
    pen.mark(pen.rectangle(-0.028, 0.0, 0.028, 0.50, 0.02), LEAF)
    for side in (-1, 1):
        pen.part(pen.ellipse(0.14 * side, 0.32, 0.15, 0.06, (1, -0.5 * side)), LEAF)
    for x, y in ((0.0, -1.0), (0.951, -0.309), (0.588, 0.809), (-0.588, 0.809), (-0.951, -0.309)):
        pen.body(pen.ellipse(0.18 * x, -0.18 + 0.18 * y, 0.14, 0.13, (x, y)))
    pen.part(pen.circle(0, -0.18, 0.10), (0.93, 0.70, 0.16))
    pen.mark(pen.circle(0, -0.18, 0.045), BROWN)


@_thing(0.72, "ground")
def cat(pen: Pen) -> None:
    """A sitting cat, seen from the front."""
    pen.body(pen.stroke((0.14, 0.41), (0.30, 0.40), (0.315, 0.25), (0.25, 0.12), width=0.09))
    pen.body(
        pen.union(
            pen.ellipse(-0.03, 0.26, 0.24, 0.24), pen.ellipse(-0.03, 0.10, 0.15, 0.22), r=0.08
        )
    )
    pen.mark(pen.ellipse(-0.03, 0.27, 0.10, 0.16), WHITE, 0.30)
    for side in (-1, 1):
        pen.part(pen.ellipse(-0.03 + 0.09 * side, 0.45, 0.085, 0.05), pen.accent)
        pen.mark(
            pen.stroke((-0.03 + 0.06 * side, 0.24), (-0.03 + 0.06 * side, 0.40), width=0.02),
            DARK,
            0.45,
        )
    left = pen.polygon((-0.35, -0.50), (-0.05, -0.38), (-0.29, -0.18))
    right = pen.polygon((0.29, -0.50), (-0.01, -0.38), (0.23, -0.18))
    pen.body(pen.union(pen.ellipse(-0.03, -0.19, 0.29, 0.235), left, right))
    for side in (-1, 1):
        pen.mark(pen.ellipse(-0.03 + 0.12 * side, -0.22, 0.055, 0.065), (0.96, 0.95, 0.72))
        pen.mark(pen.ellipse(-0.03 + 0.12 * side, -0.22, 0.028, 0.060), DARK)
        for rise in (-0.03, 0.03):
            whisker = pen.stroke(
                (-0.03 + 0.11 * side, -0.10), (-0.03 + 0.29 * side, -0.11 + rise), width=0.014
            )
            pen.mark(whisker, DARK, 0.7)
    pen.mark(pen.polygon((-0.07, -0.145), (0.01, -0.145), (-0.03, -0.10)), (0.93, 0.45, 0.48))


@_thing(1.6, "water")
def fish(pen: Pen) -> None:
    """A fish."""
    tail = pen.union(
        pen.ellipse(-0.62, -0.19, 0.24, 0.12, (1, 1.1)),
        pen.ellipse(-0.62, 0.19, 0.24, 0.12, (1, -1.1)),
    )
    fin = pen.ellipse(0.06, -0.32, 0.26, 0.16, (1, 0.35))
    pen.body(pen.union(tail, fin, r=0.02), 0.85)
    pen.body(pen.ellipse(0.18, 0.05, 0.62, 0.38))
    pen.body(pen.ellipse(0.10, 0.36, 0.17, 0.09, (1, -0.9)), 0.85)
    for x, y in (
        (-0.18, -0.06),
        (-0.18, 0.12),
        (0.02, -0.14),
        (0.02, 0.03),
        (0.20, 0.12),
        (0.20, -0.06),
    ):
        scale = pen.without(pen.circle(x, y, 0.085), pen.circle(x + 0.045, y, 0.085))
        pen.mark(scale, DARK, 0.30)
    pen.mark(pen.without(pen.circle(0.34, 0.03, 0.22), pen.circle(0.29, 0.03, 0.24)), DARK, 0.4)
    _eye(pen, 0.58, -0.06, 0.085)
    pen.mark(pen.stroke((0.66, 0.13), (0.74, 0.10), width=0.03), DARK)
    pen.shine(0.18, 0.05, 0.62, 0.38, 0.4)


@_thing(1.35, "sky")
def bird(pen: Pen) -> None:
    """A bird on the wing."""
    pen.body(
        pen.polygon(
            (0.0, 0.14), (0.34, 0.10), (0.30, -0.12), (0.12, -0.45), (-0.06, -0.20), r=0.05
        ),
        0.80,
    )
    pen.part(pen.polygon((0.50, 0.00), (0.675, 0.08), (0.50, 0.16)), BEAK)
    pen.body(pen.polygon((-0.675, 0.00), (-0.64, 0.26), (-0.20, 0.34), (-0.20, 0.14), r=0.03), 0.9)
    pen.body(
        pen.union(
            pen.ellipse(-0.01, 0.26, 0.40, 0.23, (1, -0.15)), pen.circle(0.38, 0.06, 0.19), r=0.08
        )
    )
    pen.mark(pen.ellipse(0.10, 0.36, 0.22, 0.09, (1, -0.15)), WHITE, 0.35)
    pen.body(
        pen.polygon(
            (-0.12, 0.30), (0.20, 0.22), (0.08, -0.14), (-0.42, -0.51), (-0.34, -0.04), r=0.05
        ),
        0.97,
    )
    _eye(pen, 0.44, 0.02, 0.06)


@_thing(1.0, "ground")
def ball(pen: Pen) -> None:
    """A beach ball."""
    pen.body(pen.circle(0, 0, 0.5))
    outer, inner = pen.ellipse(0, 0, 0.40, 0.465, (1, 0.5)), pen.ellipse(0, 0, 0.22, 0.50, (1, 0.5))
    pen.mark(pen.without(outer, inner), pen.accent, 0.92)
    pen.shine(0.0, 0.0, 0.5, 0.5, 0.6)


@_thing(0.70, "sky")
def kite(pen: Pen) -> None:
    """A kite with its tail."""
    tail = ((0.0, 0.16), (0.07, 0.25), (-0.06, 0.34), (0.06, 0.42), (0.0, 0.49))
    pen.mark(pen.stroke(*tail, width=0.02), DARK)
    pen.body(pen.polygon((0.0, -0.50), (0.35, -0.18), (0.0, 0.18), (-0.35, -0.18)))
    pen.mark(pen.stroke((0.0, -0.46), (0.0, 0.13), width=0.024), DARK, 0.6)
    pen.mark(pen.stroke((-0.31, -0.18), (0.31, -0.18), width=0.024), DARK, 0.6)
    for x, y in ((0.04, 0.285), (0.0, 0.42)):
        left = pen.polygon((x + 0.01, y), (x - 0.13, y - 0.06), (x - 0.13, y + 0.06))
        right = pen.polygon((x - 0.01, y), (x + 0.13, y - 0.06), (x + 0.13, y + 0.06))
        pen.mark(pen.union(left, right), (0.95, 0.66, 0.16))


@_thing(0.54, "sky")
def balloon(pen: Pen) -> None:
    """A balloon on a string."""
    string = (
        (0.0, 0.18),
        (0.024, 0.23),
        (0.024, 0.29),
        (-0.016, 0.36),
        (-0.022, 0.42),
        (0.0, 0.488),
    )
    pen.mark(pen.stroke(*string, width=0.02), DARK, 0.85)
    pen.body(pen.polygon((0.0, 0.11), (0.06, 0.20), (-0.06, 0.20)), 0.8)
    pen.body(pen.union(pen.ellipse(0, -0.20, 0.27, 0.30), pen.circle(0, 0.03, 0.10), r=0.12))
    pen.shine(0.0, -0.20, 0.27, 0.30, 0.75)


@_thing(1.06, "ground")
def umbrella(pen: Pen) -> None:
    """An open umbrella."""
    pen.mark(pen.rectangle(-0.022, -0.50, 0.022, 0.42), BROWN)
    pen.mark(
        pen.stroke((0.0, 0.40), (0.03, 0.465), (0.09, 0.475), (0.135, 0.42), width=0.05), BROWN
    )
    dome = pen.overlap(pen.ellipse(0, 0.06, 0.53, 0.52), pen.above(0.06))
    for x in (-0.3533, 0.0, 0.3533):
        dome = pen.without(dome, pen.ellipse(x, 0.07, 0.175, 0.08))
    pen.body(dome)
    for rx in (0.178, 0.0001):
        rib = pen.without(
            pen.ellipse(0, 0.0, rx + 0.012, 0.44),
            pen.ellipse(0, 0.0, max(rx - 0.012, 0.0001), 0.44),
        )
        pen.mark(pen.overlap(rib, pen.above(-0.01)), DARK, 0.45)
    pen.shine(0.0, -0.04, 0.53, 0.42, 0.4)


@_thing(1.0, "ground")
def mushroom(pen: Pen) -> None:
    """A mushroom with spots."""
    pen.part(
        pen.union(
            pen.rectangle(-0.13, 0.0, 0.13, 0.48, 0.05), pen.ellipse(0, 0.39, 0.19, 0.10), r=0.06
        ),
        CREAM,
    )
    pen.body(pen.overlap(pen.ellipse(0, 0.06, 0.505, 0.56), pen.above(0.10), r=0.14))
    for x, y, r in (
        (-0.26, -0.10, 0.085),
        (0.02, -0.28, 0.10),
        (0.28, -0.12, 0.075),
        (0.05, 0.0, 0.06),
    ):
        pen.mark(pen.ellipse(x, y, r, 0.85 * r), pen.accent)
    pen.shine(0.0, -0.14, 0.50, 0.36, 0.45)


@_thing(1.05, "sky")
def star(pen: Pen) -> None:
    """A smiling star."""
    tips = ((0.0, -0.50), (0.525, -0.118), (0.325, 0.50), (-0.325, 0.50), (-0.525, -0.118))
    pen.body(pen.star(*tips))
    for side in (-1, 1):
        pen.mark(pen.ellipse(0.075 * side, 0.0, 0.028, 0.045), DARK)
    pen.mark(pen.stroke((-0.07, 0.10), (0.0, 0.13), (0.07, 0.10), width=0.028), DARK)


@_thing(1.15, "water")
def duck(pen: Pen) -> None:
    """A swimming duck."""
    pen.part(pen.ellipse(0.43, -0.19, 0.145, 0.075, (1, 0.15)), BEAK)
    tail = pen.polygon((-0.59, -0.03), (-0.20, 0.12), (-0.36, 0.36), r=0.06)
    pen.body(
        pen.union(pen.ellipse(-0.05, 0.24, 0.46, 0.26), tail, pen.circle(0.20, -0.24, 0.26), r=0.10)
    )
    pen.body(pen.ellipse(-0.12, 0.20, 0.25, 0.14, (1, -0.25)), 0.88)
    _eye(pen, 0.28, -0.29, 0.06)
    pen.shine(0.20, -0.24, 0.26, 0.26, 0.4)


@_thing(1.27, "sky")
def butterfly(pen: Pen) -> None:
    """A butterfly, seen from above."""
    for side in (-1, 1):
        pen.mark(
            pen.stroke(
                (0.02 * side, -0.25), (0.06 * side, -0.40), (0.15 * side, -0.48), width=0.03
            ),
            DARK,
        )
        pen.body(pen.ellipse(0.26 * side, 0.265, 0.28, 0.205, (side, 0.75)), 0.86)
        pen.body(pen.ellipse(0.32 * side, -0.14, 0.34, 0.24, (side, -0.7)))
        pen.mark(pen.ellipse(0.38 * side, -0.20, 0.11, 0.075, (side, -0.7)), pen.accent, 0.9)
        pen.mark(pen.circle(0.27 * side, 0.26, 0.06), pen.accent, 0.9)
    pen.mark(pen.ellipse(0, 0.08, 0.045, 0.34), DARK)
    pen.mark(pen.circle(0, -0.25, 0.065), DARK)


@_thing(0.54, "sky")
def rocket(pen: Pen) -> None:
    """A rocket on its flame."""
    pen.mark(pen.ellipse(0, 0.33, 0.10, 0.17), (1.0, 0.55, 0.10))
    pen.mark(pen.ellipse(0, 0.31, 0.055, 0.11), (1.0, 0.90, 0.35))
    for side in (-1, 1):
        pen.part(
            pen.polygon(
                (0.10 * side, 0.02), (0.27 * side, 0.22), (0.27 * side, 0.38), (0.10 * side, 0.26)
            ),
            GREY,
        )
    hull = pen.overlap(
        pen.circle(-0.36, -0.095, 0.545), pen.circle(0.36, -0.095, 0.545), pen.above(0.27)
    )
    pen.body(hull)
    pen.part(pen.overlap(hull, pen.above(-0.27)), GREY)
    pen.part(pen.circle(0, -0.08, 0.085), GLASS)
    pen.mark(pen.rectangle(-0.115, 0.15, 0.115, 0.19), pen.accent, 0.9)


@_thing(1.4, "ground")
def snail(pen: Pen) -> None:
    """A snail; its shell has the colour."""
    skin = (0.93, 0.78, 0.58)
    for x in (0.50, 0.64):
        pen.mark(pen.stroke((0.50, -0.02), (x, -0.27), width=0.05), (0.66, 0.50, 0.34))
        pen.mark(pen.circle(x, -0.28, 0.045), DARK)
    foot = pen.overlap(pen.ellipse(-0.05, 0.42, 0.65, 0.14), pen.above(0.49))
    pen.part(pen.union(foot, pen.stroke((0.42, 0.36), (0.52, 0.02), width=0.24), r=0.10), skin)
    pen.mark(pen.circle(0.57, -0.01, 0.025), DARK)
    pen.body(pen.circle(-0.13, -0.06, 0.44))
    for x, y, r in ((-0.10, -0.04, 0.30), (-0.14, -0.02, 0.18), (-0.11, -0.02, 0.08)):
        pen.mark(pen.without(pen.circle(x, y, r), pen.circle(x, y, r - 0.045)), DARK, 0.45)
    pen.shine(-0.13, -0.06, 0.44, 0.44, 0.5)


# What follows is drawn by a pen whose box is the picture: heights of the picture, from its upper left corner.

SKIES = {
    "day": ((0.36, 0.66, 0.93), (0.85, 0.95, 0.99)),
    "night": ((0.04, 0.05, 0.16), (0.17, 0.21, 0.40)),
}
NIGHT = (0.33, 0.38, 0.56)  # what is left of a ground's colour
NIGHT_SAND = (0.45, 0.43, 0.48)
GROUND = {  # far and near colour
    "meadow": ((0.66, 0.84, 0.45), (0.40, 0.68, 0.28)),
    "sea": ((0.27, 0.62, 0.72), (0.07, 0.36, 0.52)),
    "snow": ((0.88, 0.93, 0.98), (0.97, 0.98, 1.00)),
    "street": ((0.50, 0.51, 0.55), (0.40, 0.41, 0.45)),
    "beach": ((0.98, 0.90, 0.68), (0.90, 0.77, 0.50)),
}


def decorate_sky(pen: Pen, time: str, rng: random.Random) -> None:
    """Clouds by day; moon and stars at night."""
    if time == "day":
        for _ in range(3):
            _cloud(
                pen,
                rng.random(),
                0.05 + 0.25 * rng.random(),
                0.5 + 0.5 * rng.random(),
                rng.random() < 0.5,
            )
        return
    for _ in range(20):
        r = 0.0025 + 0.004 * rng.random() * rng.random()
        pen.mark(
            pen.circle(rng.random(), 0.26 * rng.random(), r),
            (1.0, 0.97, 0.85),
            0.4 + 0.6 * rng.random(),
        )
    x, y = 0.12 + 0.76 * rng.random(), 0.09 + 0.09 * rng.random()
    pen.mark(pen.circle(x, y, 0.06), (0.62, 0.70, 0.95), 0.35, soft=0.11)
    pen.mark(
        pen.without(pen.circle(x, y, 0.05), pen.circle(x + 0.026, y - 0.014, 0.044)),
        (0.98, 0.96, 0.84),
    )


def _cloud(pen: Pen, x: float, y: float, size: float, flip: bool) -> None:
    puffs = (
        (-0.10, 0.0, 0.045),
        (-0.035, -0.025, 0.065),
        (0.045, -0.012, 0.055),
        (0.105, 0.005, 0.038),
    )
    wide = -size if flip else size
    cloud = pen.union(
        *(pen.circle(x + wide * px, y + size * py, size * r) for px, py, r in puffs), r=0.02
    )
    pen.mark(
        pen.overlap(cloud, pen.above(y + 0.026 * size), r=0.02 * size), WHITE, 0.72, soft=0.022
    )


def lay_ground(pen: Pen, ground: str, time: str) -> None:
    """Sky and ground with its texture, the same in every picture of this kind; two heights wide."""
    canvas, rng = pen.canvas, random.Random(GROUNDS.index(ground))
    if time == "night":
        pen.light = NIGHT_SAND if ground == "beach" else NIGHT
    down = canvas.y / canvas.height
    far = np.minimum(np.maximum((down - HORIZON) / (1 - HORIZON), 0), 1)
    for channel in range(3):
        high, low = (colour[channel] for colour in SKIES[time])
        canvas.pixels[channel] = 255 * (high + (low - high) * np.minimum(down / HORIZON, 1))
    if ground in BEHIND:
        BEHIND[ground](pen, rng)
    first = int(np.argmax(down[:, 0] >= HORIZON))
    for channel in range(3):
        back, front = (255 * colour[channel] * pen.light[channel] for colour in GROUND[ground])
        canvas.pixels[channel, first:] = (back + (front - back) * far)[first:]
    SURFACE[ground](pen, rng)


def _noise(pen: Pen, cells: tuple[int, int], seed: int) -> np.ndarray:
    """Smooth random numbers from -1 to 1, so many cells to the height of the picture across and down."""
    x, y = (
        pen.canvas.x * (cells[0] / pen.canvas.height),
        pen.canvas.y * (cells[1] / pen.canvas.height),
    )
    column, row = x.astype(np.uint32), y.astype(np.uint32)
    u, v = x - column.astype(np.float32), y - row.astype(np.float32)
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)

    def corner(i: int, j: int) -> np.ndarray:
        h = (column + i) * np.uint32(374761393) + (row + j) * np.uint32(668265263)
        h += np.uint32(seed * 69069 + 1)
        h = (h ^ (h >> np.uint32(13))) * np.uint32(1274126177)
        return ((h ^ (h >> np.uint32(16))) & np.uint32(0xFFFF)).astype(np.float32) * (2 / 65535) - 1

    top = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * u
    bottom = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * u
    return top + (bottom - top) * v


def _roughen(
    pen: Pen, cells: tuple[int, int], amount: float, seed: int, top: float = HORIZON
) -> None:
    """Vary the brightness of the picture below `top`."""
    below = (pen.canvas.y / pen.canvas.height >= top).astype(np.float32)
    pen.canvas.pixels *= 1 + amount * below * _noise(pen, cells, seed)


def _scatter(
    rng: random.Random, count: int, top: float = HORIZON + 0.02
) -> list[tuple[float, float, float]]:
    """Places (x, y) on the ground from far to near and the size there, 0.3 to 1; denser far away."""
    depths = sorted(rng.random() for _ in range(count))
    return [
        (2 * rng.random(), top + (1 - top) * d * (0.4 + 0.6 * d), 0.3 + 0.7 * d) for d in depths
    ]


def _hills(pen: Pen, rng: random.Random) -> None:
    for x, y, rx, ry, colour in (
        (0.30, 0.50, 0.50, 0.12, (0.56, 0.76, 0.62)),
        (1.55, 0.51, 0.60, 0.15, (0.56, 0.76, 0.62)),
        (0.95, 0.50, 0.45, 0.09, (0.54, 0.76, 0.46)),
        (1.95, 0.50, 0.30, 0.08, (0.54, 0.76, 0.46)),
        (0.02, 0.50, 0.30, 0.08, (0.54, 0.76, 0.46)),
    ):
        pen.mark(pen.ellipse(x, y, rx, ry), colour)


def _grass(pen: Pen, rng: random.Random) -> None:
    _roughen(pen, (6, 14), 0.07, 1)
    for x, y, near in _scatter(rng, 420):
        colour = ((0.72, 0.88, 0.42), (0.30, 0.56, 0.22))[int(2 * rng.random())]
        lean, tall = 0.012 * (rng.random() - 0.5), (0.012 + 0.016 * rng.random()) * near
        pen.mark(pen.stroke((x, y), (x + lean, y - tall), width=0.0035 * near), colour, 0.7)
    for x, y, near in _scatter(rng, 40, HORIZON + 0.05):
        pen.mark(
            pen.circle(x, y, 0.006 * near),
            ((1.0, 1.0, 0.95), (1.0, 0.95, 0.55))[int(2 * rng.random())],
            0.9,
        )


def _waves(pen: Pen, rng: random.Random) -> None:
    _roughen(pen, (5, 40), 0.07, 2)
    pen.mark(pen.rectangle(0, HORIZON, 2, HORIZON + 0.008), (0.80, 0.93, 0.97), 0.5)
    for x, y, near in _scatter(rng, 150):
        crest = pen.ellipse(x, y, 0.045 * near, 0.011 * near)
        wave = pen.without(crest, pen.ellipse(x, y + 0.006 * near, 0.050 * near, 0.011 * near))
        pen.mark(wave, (0.80, 0.95, 1.0), 0.35 + 0.4 * rng.random())


def _drifts(pen: Pen, rng: random.Random) -> None:
    for x, tall in (
        (0.10, 0.17),
        (0.48, 0.11),
        (0.85, 0.20),
        (1.30, 0.13),
        (1.68, 0.18),
        (1.98, 0.12),
    ):
        y = HORIZON - tall
        pen.mark(
            pen.polygon((x - 1.5 * tall, 0.50), (x, y), (x + 1.7 * tall, 0.50)), (0.62, 0.71, 0.84)
        )
        snow = pen.polygon(
            (x - 0.45 * tall, y + 0.32 * tall), (x, y), (x + 0.50 * tall, y + 0.31 * tall)
        )
        pen.mark(snow, (0.97, 0.98, 1.0))
    for x, rx in ((0.2, 0.4), (0.9, 0.5), (1.6, 0.4)):
        pen.mark(pen.ellipse(x, 0.50, rx, 0.075), (0.84, 0.90, 0.97))


def _snow(pen: Pen, rng: random.Random) -> None:
    for x, y, near in _scatter(rng, 14, HORIZON + 0.04):
        pen.mark(
            pen.ellipse(x, y, 0.30 * near, 0.030 * near), (0.74, 0.83, 0.95), 0.5, soft=0.05 * near
        )
        pen.mark(
            pen.ellipse(x - 0.02, y - 0.022 * near, 0.30 * near, 0.024 * near),
            WHITE,
            0.7,
            soft=0.04 * near,
        )
    for x, y, near in _scatter(rng, 160):
        pen.mark(
            pen.circle(x, y, 0.004 * near),
            ((0.66, 0.76, 0.92), (1.1, 1.1, 1.1))[int(2 * rng.random())],
            0.7,
        )


def _skyline(pen: Pen, rng: random.Random) -> None:
    lit = (2.9, 2.2, 0.9) if pen.light == NIGHT else (0.80, 0.87, 0.93)
    x = -0.02
    while x < 2:
        wide, tall = 0.08 + 0.08 * rng.random(), 0.07 + 0.12 * rng.random()
        shade = 0.66 + 0.10 * rng.random()
        pen.mark(pen.rectangle(x, HORIZON - tall, x + wide, 0.5), (shade, shade, 1.08 * shade))
        for column in range(int(wide / 0.028) - 1):
            for row in range(int(tall / 0.035)):
                if rng.random() < 0.6:
                    left, top = x + 0.018 + 0.028 * column, HORIZON - tall + 0.016 + 0.035 * row
                    pen.mark(pen.rectangle(left, top, left + 0.011, top + 0.016), lit, 0.65)
        x += wide + 0.004


def _road(pen: Pen, rng: random.Random) -> None:
    pen.mark(pen.rectangle(0, HORIZON, 2, 0.555), (0.76, 0.74, 0.71))
    for x in range(25):
        pen.mark(pen.stroke((0.09 * x, HORIZON), (0.09 * x - 0.02, 0.545), width=0.003), DARK, 0.25)
    pen.mark(pen.rectangle(0, 0.545, 2, 0.57), (0.90, 0.89, 0.86))
    pen.mark(pen.rectangle(0, 0.57, 2, 0.582), DARK, 0.45)
    _roughen(pen, (110, 110), 0.06, 4, 0.58)
    _roughen(pen, (4, 8), 0.05, 5, 0.58)
    for dash in range(6):
        x = 0.36 * dash
        lane = pen.polygon((x, 0.765), (x + 0.19, 0.765), (x + 0.18, 0.79), (x - 0.02, 0.79))
        pen.mark(lane, (0.93, 0.92, 0.86), 0.9)


def _sand(pen: Pen, rng: random.Random) -> None:
    _roughen(pen, (110, 110), 0.05, 6)
    _roughen(pen, (5, 24), 0.05, 7)
    shore = [pen.ellipse(0.14 * i, 0.505 + 0.012 * (i % 3 - 1), 0.13, 0.022) for i in range(16)]
    pen.mark(
        pen.union(pen.rectangle(0, HORIZON, 2, 0.515), *shore, r=0.02),
        (0.72, 0.60, 0.42),
        0.6,
        soft=0.02,
    )
    pen.mark(pen.union(pen.rectangle(0, HORIZON, 2, 0.505), *shore, r=0.02), WHITE)
    pen.mark(pen.rectangle(0, HORIZON, 2, 0.507), (0.16, 0.56, 0.70), soft=0.008)
    for x, y, near in _scatter(rng, 90, 0.56):
        colour = ((0.62, 0.50, 0.36), (1.0, 0.96, 0.88))[int(2 * rng.random())]
        pen.mark(pen.ellipse(x, y, 0.007 * near, 0.004 * near), colour, 0.7)


BEHIND = {"meadow": _hills, "snow": _drifts, "street": _skyline}
SURFACE = {"meadow": _grass, "sea": _waves, "snow": _snow, "street": _road, "beach": _sand}
