"""Views: other ways to see one picture, for training. Each is encoded once, like the picture itself.

plain      the whole square
flip       left and right exchanged
crop-nw    the north-western seven eighths of the square, enlarged; likewise crop-ne, crop-sw, crop-se
"""

import re
from collections.abc import Sequence
from fractions import Fraction

from PIL import Image

from coursework.errors import InputError
from coursework.vocabulary import tokenise

PLAIN = "plain"
VIEW_SETS = {"flip": ["flip"], "crops": ["crop-nw", "crop-ne", "crop-sw", "crop-se"]}
CROP = Fraction(7, 8)  # of the side: it always keeps the middle, where people put what matters
# Where in the square each crop begins, in fractions of its side from the left and from the top.
CORNERS = {
    "crop-nw": (Fraction(0), Fraction(0)),
    "crop-ne": (1 - CROP, Fraction(0)),
    "crop-sw": (Fraction(0), 1 - CROP),
    "crop-se": (1 - CROP, 1 - CROP),
}
VIEWS = (PLAIN, *(view for views in VIEW_SETS.values() for view in views))
# Words of which a mirror image may be untrue: bottomleft, left's, leftmost, lefty, clockwise, ...
SIDE = re.compile(
    r"(?:upper|lower|top|bottom|far|mid|middle)?(?:left|right)"
    r"(?:'?s|most|hand|handed|handside|side|wards?|facing|y|ies)?|(?:counter|anti)?clockwise"
)


def view_names(spec: str | Sequence[str]) -> list[str]:
    """The names of views, "plain" first: those of the sets in "flip,crops", or a list of names, checked.

    Raises InputError for what is no set ("" is none) or no list of views.
    """
    if not isinstance(spec, str):
        names = list(spec)
        if names[:1] != [PLAIN] or len(set(names)) < len(names) or not set(names) <= set(VIEWS):
            raise InputError(
                f"not a list of views: {', '.join(map(str, names))}; it must begin with plain, "
                f"and the others are {', '.join(VIEWS[1:])}"
            )
        return names
    sets = [word.strip() for word in spec.split(",") if word.strip() not in ("", PLAIN)]
    for name in sets:
        if name not in VIEW_SETS:
            raise InputError(f"no views {name!r}: choose of {', '.join(VIEW_SETS)}")
    return [PLAIN, *(view for name in VIEW_SETS if name in sets for view in VIEW_SETS[name])]


def mirrored(view: str) -> bool:
    """Whether left and right are exchanged in a view."""
    return view == "flip"


def picture(image: Image.Image, view: str, side: int) -> Image.Image:
    """The view of a square image, as a square of `side` pixels."""
    x, y, size = (float(part * image.width) for part in _region(view))
    region = (x, y, x + size, y + size)
    seen = image
    if image.size != (side, side) or region != (0, 0, side, side):
        seen = image.resize((side, side), Image.Resampling.BICUBIC, region)
    return seen.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored(view) else seen


def moved(things: list[dict], view: str) -> list[dict]:
    """The things of an `ImageRecord` with their boxes as they lie in the view, those outside left out."""
    x, y, size = (float(part) for part in _region(view))
    found = []
    for thing in things:
        x0, y0, x1, y1 = thing["box"]
        x0, x1 = (min(max((edge - x) / size, 0.0), 1.0) for edge in (x0, x1))
        y0, y1 = (min(max((edge - y) / size, 0.0), 1.0) for edge in (y0, y1))
        if x0 < x1 and y0 < y1:
            box = [1 - x1, y0, 1 - x0, y1] if mirrored(view) else [x0, y0, x1, y1]
            found.append(thing | {"box": box})
    return found


def names_a_side(caption: str) -> bool:
    """Whether a caption speaks of left or right: it may be untrue of a mirrored view."""
    return any(map(SIDE.fullmatch, tokenise(caption)))


def _region(view: str) -> tuple[Fraction, Fraction, Fraction]:
    """What a view shows of the square: left edge, upper edge and side, in fractions of it."""
    if view in CORNERS:
        return (*CORNERS[view], CROP)
    return Fraction(0), Fraction(0), Fraction(1)
