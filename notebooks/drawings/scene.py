"""The scene that the drawings speak of, with two of its captions."""

import numpy as np

from coursework.prepare import scenes
from drawings.canvas import Canvas, Thing

SPLIT, INDEX = "val", 5
CAPTION = ["the", "sea", "with", "a", "yellow", "duck"]
LONGER = ["there", "is", "a", "yellow", "duck", "on", "the", "sea"]


def picture(canvas: Canvas, x: float, y: float, size: float) -> Thing:
    """The scene as a picture, `size` inches wide and high, its centre at (x, y)."""
    pixels = np.asarray(scenes.picture(scenes.scene(SPLIT, INDEX)))
    place = (x - size / 2, x + size / 2, y + size / 2, y - size / 2)
    limits = canvas.axes.get_xlim(), canvas.axes.get_ylim()
    canvas.axes.imshow(pixels, extent=place, aspect="auto", interpolation="lanczos", zorder=2)
    canvas.axes.set(xlim=limits[0], ylim=limits[1])
    return Thing(x, y, size, size)
