"""The painter: anti-aliased shapes on a numpy canvas, and whole pictures of things on a ground.

A shape is a signed distance in pixels (negative inside). Its coverage of a pixel is the distance cut to
0..1, and colours are blended by coverage. Pictures are equal to the bit on every platform and library
version, because only exactly rounded operations are used: + - * / sqrt, min, max, comparisons and whole
numbers; no sine, no power, no sum, no numpy random. Keep it so: the kit's tests hold the
hashes. Each shape is computed only inside its bounds, which makes a picture a matter of milliseconds.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from coursework.prepare.drawn.things import (
    GROUNDS,
    HORIZON,
    THINGS,
    TIMES,
    decorate_sky,
    lay_ground,
)

__all__ = ["COLOURS", "GROUNDS", "HORIZON", "THINGS", "TIMES", "Placed", "box", "paint"]

COLOURS = {
    "red": (0.86, 0.13, 0.14),
    "orange": (0.99, 0.52, 0.06),
    "yellow": (1.00, 0.87, 0.16),
    "green": (0.12, 0.62, 0.26),
    "blue": (0.12, 0.33, 0.86),
    "purple": (0.50, 0.22, 0.68),
    "pink": (1.00, 0.53, 0.74),
    "white": (0.97, 0.97, 0.97),
}
LIGHT = {"day": (1.0, 1.0, 1.0), "night": (0.86, 0.87, 0.95)}
OUTLINE = 0.026  # width of the ink line, in heights of the thing
INK = 0.62  # how much darker than its surface the ink line is


@dataclass(frozen=True)
class Placed:
    """One thing in a picture: centre and height of its box in fractions of the picture."""

    thing: str
    colour: str
    x: float
    y: float
    size: float
    flip: bool = False


def box(placed: Placed) -> tuple[float, float, float, float]:
    """The box (x0, y0, x1, y1) of a thing in fractions of the picture; it may reach over the edge."""
    half = placed.size / 2
    side = half * THINGS[placed.thing].aspect
    return placed.x - side, placed.y - half, placed.x + side, placed.y + half


def paint(
    ground: str, time: str, placed: list[Placed], size: int = 224, texture_seed: int = 0
) -> np.ndarray:
    """The picture, uint8 (size, size, 3); later things stand in front of earlier ones.

    `texture_seed` moves the texture of the ground, the clouds and the stars, and varies colours slightly.
    """
    rng = random.Random(texture_seed)
    wide = _ground(ground, time, size)
    shift = int(rng.random() * 56) * size // 56
    canvas = Canvas(wide[:, :, shift : shift + size] * (0.96 + 0.08 * rng.random()))
    decorate_sky(Pen(canvas), time, rng)
    for one in placed:
        thing = THINGS[one.thing]
        colour = _body_colour(one.colour, rng)
        pen = Pen(canvas, (one.x, one.y), one.size, one.flip, colour, LIGHT[time])
        if thing.zone == "ground":
            pen.shadow(thing.aspect)
        elif thing.zone == "water":
            pen.ripple(thing.aspect)
        thing.draw(pen)
    return canvas.picture()


def _body_colour(name: str, rng: random.Random) -> tuple[float, ...]:
    brightness = 0.95 + 0.08 * rng.random()
    return tuple(brightness * channel + 0.04 * (rng.random() - 0.5) for channel in COLOURS[name])


@lru_cache(maxsize=32)
def _ground(ground: str, time: str, size: int) -> np.ndarray:
    """The ground without things, float32 (3, size, 2 size): a picture is a window on it."""
    canvas = Canvas(np.zeros((3, size, 2 * size), dtype=np.float32))
    lay_ground(Pen(canvas), ground, time)
    canvas.pixels.setflags(write=False)
    return canvas.pixels


class Shape(NamedTuple):
    """Bounds (x0, y0, x1, y1) in pixels, and the signed distance at columns x (w,) and rows y (h, 1)."""

    bounds: tuple[float, float, float, float]
    distance: Callable[[np.ndarray, np.ndarray], np.ndarray]


def ellipse(
    cx: float, cy: float, rx: float, ry: float, turn: tuple[float, float] = (1.0, 0.0)
) -> Shape:
    """An ellipse whose first axis points along `turn`, a direction of any length."""
    length = math.sqrt(turn[0] * turn[0] + turn[1] * turn[1])
    c, s = turn[0] / length, turn[1] / length
    wide = math.sqrt(rx * c * rx * c + ry * s * ry * s)
    high = math.sqrt(rx * s * rx * s + ry * c * ry * c)

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        x, y = x - cx, y - cy
        if rx == ry:
            d = x * x + y * y
            np.sqrt(d, out=d)
            d -= rx
            return d
        if s == 0.0:
            u, v = x * (1 / rx), y * (1 / ry)
        else:
            u, v = x * (c / rx) + y * (s / rx), y * (c / ry) - x * (s / ry)
        u *= u
        v *= v
        near = u + v
        slope = u * (1 / (rx * rx)) + v * (1 / (ry * ry))
        slope += 1e-12
        d = np.sqrt(near)
        near -= d
        np.sqrt(slope, out=slope)
        near /= slope
        return near

    return Shape((cx - wide, cy - high, cx + wide, cy + high), distance)


def rectangle(x0: float, y0: float, x1: float, y1: float, r: float = 0.0) -> Shape:
    """An upright rectangle with corners rounded by r."""
    cx, cy, w, h = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2 - r, (y1 - y0) / 2 - r

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        x, y = np.abs(x - cx) - w, np.abs(y - cy) - h
        inside = np.minimum(np.maximum(x, y), 0)
        x, y = np.maximum(x, 0), np.maximum(y, 0)
        d = x * x + y * y
        np.sqrt(d, out=d)
        d += inside
        d -= r
        return d

    return Shape((x0, y0, x1, y1), distance)


def half_plane(x: float, y: float, nx: float, ny: float) -> Shape:
    """All that lies behind the line through (x, y) with the outward normal (nx, ny)."""
    length = math.sqrt(nx * nx + ny * ny)
    nx, ny = nx / length, ny / length
    shift = nx * x + ny * y
    everywhere = (-1e9, -1e9, 1e9, 1e9)
    return Shape(everywhere, lambda px, py: px * nx + (py * ny - shift))


def _edges(points: list[tuple[float, float]]) -> list[Shape]:
    (ax, ay), (bx, by), (cx, cy) = points[:3]
    inside = (ax + bx + cx) / 3, (ay + by + cy) / 3
    edges = []
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        nx, ny = by - ay, ax - bx
        outward = 1.0 if nx * (ax - inside[0]) + ny * (ay - inside[1]) > 0 else -1.0
        edges.append(half_plane(ax, ay, nx * outward, ny * outward))
    return edges


def _around(points: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


def polygon(points: list[tuple[float, float]], r: float = 0.0) -> Shape:
    """A convex polygon, its corners softened over r pixels."""
    return overlap(*_edges(points), r=r)._replace(bounds=_around(points))


def star(points: list[tuple[float, float]]) -> Shape:
    """The five-pointed star on the corners of a pentagon: where at most one of its five lines is crossed."""
    lines = _edges([points[i * 2 % 5] for i in range(5)])

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        first = lines[0].distance(x, y)
        second = np.full_like(first, -1e9)
        for line in lines[1:]:
            d = line.distance(x, y)
            second = np.maximum(second, np.minimum(first, d))
            first = np.maximum(first, d)
        return second

    return Shape(_around(points), distance)


def stroke(points: list[tuple[float, float]], width: float) -> Shape:
    """A line through the points with round ends."""
    r = width / 2
    x0, y0, x1, y1 = _around(points)

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        nearest = None
        for (ax, ay), (bx, by) in pairwise(points):
            ux, uy = bx - ax, by - ay
            length = ux * ux + uy * uy
            px, py = x - ax, y - ay
            t = px * (ux / length) + py * (uy / length)
            np.minimum(np.maximum(t, 0, out=t), 1, out=t)
            dx, dy = px - t * ux, py - t * uy
            dx *= dx
            dy *= dy
            dx += dy
            nearest = dx if nearest is None else np.minimum(nearest, dx)
        return np.sqrt(nearest) - r

    return Shape((x0 - r, y0 - r, x1 + r, y1 + r), distance)


def union(*shapes: Shape, r: float = 0.0) -> Shape:
    """What lies in any of the shapes; inner corners are filled over r pixels."""

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        d = shapes[0].distance(x, y)
        for shape in shapes[1:]:
            e = shape.distance(x, y)
            d = np.minimum(d, e) - _rounding(d, e, r) if r else np.minimum(d, e)
        return d

    x0, y0, x1, y1 = zip(*(shape.bounds for shape in shapes), strict=True)
    return Shape((min(x0), min(y0), max(x1), max(y1)), distance)


def overlap(*shapes: Shape, r: float = 0.0) -> Shape:
    """What lies in all of the shapes; corners are softened over r pixels."""

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        d = shapes[0].distance(x, y)
        for shape in shapes[1:]:
            e = shape.distance(x, y)
            d = np.maximum(d, e) + _rounding(d, e, r) if r else np.maximum(d, e)
        return d

    x0, y0, x1, y1 = zip(*(shape.bounds for shape in shapes), strict=True)
    return Shape((max(x0), max(y0), min(x1), min(y1)), distance)


def _rounding(d: np.ndarray, e: np.ndarray, r: float) -> np.ndarray:
    gap = np.maximum(r - np.abs(d - e), 0)
    gap *= gap
    gap *= 0.25 / r
    return gap


def without(shape: Shape, hole: Shape) -> Shape:
    """The shape less the hole."""
    return Shape(shape.bounds, lambda x, y: np.maximum(shape.distance(x, y), -hole.distance(x, y)))


class Canvas:
    """Pixels float32 (3, height, width), 0..255, and the brush that lays shapes on them."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels
        self.height, self.width = pixels.shape[1:]
        self.x = np.arange(self.width, dtype=np.float32) + 0.5
        self.y = np.arange(self.height, dtype=np.float32)[:, None] + 0.5

    def window(
        self, bounds: tuple[float, float, float, float], margin: float = 0.5
    ) -> tuple[slice, slice] | None:
        """Rows and columns that the bounds and a margin touch, or None where they lie outside."""
        x0, y0 = max(math.floor(bounds[0] - margin), 0), max(math.floor(bounds[1] - margin), 0)
        x1, y1 = (
            min(math.ceil(bounds[2] + margin), self.width),
            min(math.ceil(bounds[3] + margin), self.height),
        )
        return (slice(y0, y1), slice(x0, x1)) if x0 < x1 and y0 < y1 else None

    def fill(
        self,
        shape: Shape,
        colour: tuple[float, ...],
        alpha: float = 1.0,
        soft: float = 1.0,
        shading: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray] | None = None,
    ) -> None:
        """Lay a colour (0..1) on a shape; `soft` is the width of its edge in pixels.

        `shading(x, y, distance)` gives the factor of brightness at each pixel.
        """
        window = self.window(shape.bounds, soft / 2)
        if window is None:
            return
        rows, columns = window
        x, y = self.x[columns], self.y[rows]
        distance = shape.distance(x, y)
        paint = np.array([255 * c for c in colour], dtype=np.float32)[:, None, None]
        if shading is not None:
            paint = paint * shading(x, y, distance)
        cover = distance * (-alpha / soft)
        cover += 0.5 * alpha
        np.minimum(np.maximum(cover, 0, out=cover), alpha, out=cover)
        below = self.pixels[:, rows, columns]
        change = paint - below
        change *= cover
        below += change

    def picture(self) -> np.ndarray:
        """The pixels rounded, uint8 (height, width, 3)."""
        self.pixels += 0.5
        np.minimum(np.maximum(self.pixels, 0, out=self.pixels), 255, out=self.pixels)
        out = np.empty((self.height, self.width, 3), dtype=np.uint8)
        for channel in range(3):
            out[:, :, channel] = self.pixels[channel]
        return out


class Pen:
    """Draws one thing. Its units are heights of the thing, its origin the centre, y points down.
    (With the sizes left out: the pen for the ground, in heights of the picture from its upper left corner.)

    Mirroring is the pen's business: shapes are described facing right. Light comes from the upper left of
    the picture whichever way the thing faces.
    """

    def __init__(
        self,
        canvas: Canvas,
        place: tuple[float, float] = (0.0, 0.0),
        size: float = 1.0,
        flip: bool = False,
        colour: tuple[float, ...] = COLOURS["white"],
        light: tuple[float, ...] = LIGHT["day"],
    ) -> None:
        self.canvas, self.unit = canvas, size * canvas.height
        self.cx, self.cy = place[0] * canvas.height, place[1] * canvas.height
        self.side = -self.unit if flip else self.unit
        self.colour, self.light = colour, light
        self.accent = (0.60, 0.65, 0.74) if min(colour) > 0.8 else (0.97, 0.95, 0.90)

    def _points(self, points: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
        return [(self.cx + self.side * x, self.cy + self.unit * y) for x, y in points]

    def circle(self, x: float, y: float, r: float) -> Shape:
        """A disc."""
        return self.ellipse(x, y, r, r)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, turn: tuple[float, float] = (1.0, 0.0)
    ) -> Shape:
        """An ellipse whose first axis points along `turn`."""
        turn = (turn[0] * self.side, turn[1] * self.unit)
        return ellipse(
            self.cx + self.side * x, self.cy + self.unit * y, rx * self.unit, ry * self.unit, turn
        )

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, r: float = 0.0) -> Shape:
        """An upright rectangle with rounded corners."""
        return rectangle(*_around(self._points(((x0, y0), (x1, y1)))), r * self.unit)

    def polygon(self, *points: tuple[float, float], r: float = 0.0) -> Shape:
        """A convex polygon with softened corners."""
        return polygon(self._points(points), r * self.unit)

    def star(self, *points: tuple[float, float]) -> Shape:
        """A five-pointed star on the corners of a pentagon."""
        return star(self._points(points))

    def stroke(self, *points: tuple[float, float], width: float) -> Shape:
        """A line with round ends."""
        return stroke(self._points(points), width * self.unit)

    def above(self, y: float) -> Shape:
        """All that lies above the height y."""
        return half_plane(self.cx, self.cy + self.unit * y, 0, 1)

    def union(self, *shapes: Shape, r: float = 0.0) -> Shape:
        """What lies in any of the shapes."""
        return union(*shapes, r=r * self.unit)

    def overlap(self, *shapes: Shape, r: float = 0.0) -> Shape:
        """What lies in all of the shapes."""
        return overlap(*shapes, r=r * self.unit)

    def without(self, shape: Shape, hole: Shape) -> Shape:
        """The shape less the hole."""
        return without(shape, hole)

    def body(self, shape: Shape, tone: float = 1.0) -> None:
        """The main surface: the thing's own colour, lit, with an ink line; `tone` brightens or darkens it."""
        self.part(shape, tuple(tone * c for c in self.colour))

    def part(self, shape: Shape, colour: tuple[float, ...]) -> None:
        """A surface of a fixed colour, lit, with an ink line."""
        ink = max(OUTLINE * self.unit, 0.8)
        tilt = 0.30 / self.unit
        round_ = 0.22 * self.unit

        def shading(x: np.ndarray, y: np.ndarray, distance: np.ndarray) -> np.ndarray:
            light = (self.cx - x) * tilt + (1.0 + (self.cy - y) * tilt)
            rim = np.maximum(distance + round_, 0)
            rim *= rim
            rim *= -0.16 / (round_ * round_)
            light += rim
            edge = distance + (ink + 0.5)
            np.minimum(np.maximum(edge, 0, out=edge), 1, out=edge)
            edge *= -INK
            edge += 1.06
            light *= edge
            return light

        self.canvas.fill(shape, self._lit(colour), shading=shading)

    def mark(
        self, shape: Shape, colour: tuple[float, ...], alpha: float = 1.0, soft: float = 0.0
    ) -> None:
        """A flat mark without an ink line; `soft` is the width of its edge."""
        self.canvas.fill(shape, self._lit(colour), alpha, soft=max(soft * self.unit, 1.0))

    def shine(self, x: float, y: float, rx: float, ry: float, alpha: float = 0.55) -> None:
        """A soft highlight on the upper left of a surface, whose centre is (x, y) and half axes rx and ry."""
        cx, cy = (
            self.cx + self.side * x - 0.38 * rx * self.unit,
            self.cy + (y - 0.46 * ry) * self.unit,
        )
        shape = ellipse(cx, cy, 0.34 * rx * self.unit, 0.20 * ry * self.unit, (1, -0.6))
        self.canvas.fill(
            shape, self._lit((1.0, 1.0, 1.0)), alpha, soft=max(0.16 * ry * self.unit, 1.0)
        )

    def shadow(self, aspect: float) -> None:
        """A soft shadow on the ground below the thing, reaching a little out to the right."""
        rx, ry = 0.56 * aspect * self.unit, 0.085 * self.unit
        cx, cy = self.cx + 0.06 * self.unit, self.cy + 0.475 * self.unit
        window = self.canvas.window((cx - rx, cy - ry, cx + rx, cy + ry))
        if window is None:
            return
        rows, columns = window
        x, y = (self.canvas.x[columns] - cx) * (1 / rx), (self.canvas.y[rows] - cy) * (1 / ry)
        dark = np.maximum(1.0 - x * x - y * y, 0)
        dark *= -0.55
        dark += 1.0
        self.canvas.pixels[:, rows, columns] *= dark

    def ripple(self, aspect: float) -> None:
        """The ring that a thing makes on the water."""
        rx, ry, cy = 0.54 * aspect, 0.075, 0.455
        self.mark(self.ellipse(0, cy, rx, ry), (0.85, 0.95, 1.0), 0.45, soft=0.03)
        self.mark(
            self.ellipse(0, cy + 0.008, rx - 0.04, ry - 0.02), (0.04, 0.22, 0.36), 0.65, soft=0.03
        )

    def _lit(self, colour: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(c * light for c, light in zip(colour, self.light, strict=True))
