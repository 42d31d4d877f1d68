"""What is plainly true of where two things are in a picture, judged by their boxes."""

from collections.abc import Sequence
from itertools import pairwise

from coursework.prepare.drawn.drawing import Placed, box

GAP = 0.02  # free space between two things that are left, right, above or below of one another
NEAR = 0.16  # the most space between two things that are next to each other


def left_of(a: Placed, b: Placed) -> bool:
    """All of `a` lies to the left of `b`, and from one to the other is more across than up or down."""
    return box(b)[0] - box(a)[2] >= GAP and b.x - a.x >= abs(b.y - a.y)


def above(a: Placed, b: Placed) -> bool:
    """All of `a` lies higher than `b`, and from one to the other is more up or down than across."""
    return box(b)[1] - box(a)[3] >= GAP and b.y - a.y > abs(b.x - a.x)


def apart(a: Placed, b: Placed) -> bool:
    """One is plainly to the left of the other, or above it."""
    return left_of(a, b) or left_of(b, a) or above(a, b) or above(b, a)


def next_to(a: Placed, b: Placed) -> bool:
    """Side by side, much on one level, with little space between."""
    if left_of(b, a):
        a, b = b, a
    return (
        left_of(a, b)
        and box(b)[0] - box(a)[2] <= NEAR
        and abs(a.y - b.y) <= min(a.size, b.size) / 2
    )


def between(a: Placed, b: Placed, c: Placed) -> bool:
    """`a` stands in a row from `b` on its left to `c` on its right, close to the line that joins them."""
    if not (left_of(b, a) and left_of(a, c)):
        return False
    line = b.y + (c.y - b.y) * (a.x - b.x) / (c.x - b.x)
    return abs(a.y - line) <= 0.1


def left_to_right(items: Sequence[Placed]) -> bool:
    """Each begins where the one before it has ended, whatever their heights in the picture."""
    return all(box(b)[0] - box(a)[2] >= GAP for a, b in pairwise(items))


def area(item: Placed) -> float:
    """The area of the box of a thing, as a share of the picture."""
    x0, y0, x1, y1 = box(item)
    return (x1 - x0) * (y1 - y0)


def covered(far: Placed, near: Placed) -> float:
    """The share of the box of `far` that the box of `near` hides."""
    a, b = box(far), box(near)
    across = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    down = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return across * down / area(far)


def behind(far: Placed, near: Placed) -> bool:
    """A good part of `far` is hidden by `near`, which stands lower in the picture and so nearer."""
    return covered(far, near) >= 0.15 and base(far) < base(near)


def base(item: Placed) -> float:
    """Where a thing stands: the lower edge of its box."""
    return item.y + item.size / 2
