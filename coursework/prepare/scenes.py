"""Drawn scenes: what is in them and where, what they look like, what can be said of them.

A scene is one to three things of eight colours on one of five grounds, by day or at night. It depends on
its split, its index and a seed alone, so any of them can be had without the others, the same on every
platform. No scene is in two splits: what is in it (`key`) decides by its hash which split it belongs to.
"""

import hashlib
import math
from dataclasses import dataclass
from functools import cache

from PIL import Image

from coursework.bundle import ImageRecord
from coursework.files import InputError
from coursework.prepare.drawn import relations, sentences
from coursework.prepare.drawn.dice import Dice
from coursework.prepare.drawn.drawing import COLOURS, GROUNDS, THINGS, TIMES, Placed, box, paint
from coursework.prepare.drawn.things import HORIZON
from coursework.prepare.source import Source

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
COUNTS = {"train": 2400, "val": 300, "test": 300}  # of a bundle, where nothing else is asked for
# The square root of the area of a thing's box.
SIZES = {"small": (0.16, 0.22), "medium": (0.23, 0.29), "large": (0.30, 0.38)}
LAYOUTS = {"apart": 0.56, "row": 0.12, "behind": 0.16, "group": 0.16}
EDGE = 0.02  # free margin of the picture
BASES = {  # where the lower edge of a thing may be, by zone
    "sky": (0.0, HORIZON + 0.04),
    "ground": (HORIZON + 0.1, 1 - EDGE),
    "water": (HORIZON + 0.1, 1 - EDGE),
}
TRIES = 12  # to find room for one thing
CELLS = 4  # a place is one of CELLS x CELLS, when two scenes are compared

Kind = tuple[str, str]  # a thing and its colour


@dataclass(frozen=True)
class Scene:
    """One picture before it is painted; `placed` is in painting order, the farthest first."""

    ground: str
    time: str
    placed: tuple[Placed, ...]
    texture_seed: int


def scene(split: str, index: int, seed: int = 0) -> Scene:
    """The scene of this number: drawn again and again until what is in it belongs to the split asked for."""
    if split not in SHARES:
        raise InputError(
            f"there is no split {split!r} of the scenes: choose one of {', '.join(SHARES)}"
        )
    dice = Dice(f"{seed}/{split}/{index}")
    while True:
        drawn = _draw(dice)
        if split_of(drawn) == split:
            return drawn


def key(drawn: Scene) -> str:
    """What two scenes must share to count as the same: ground, time, things, colours and rough places."""
    things = sorted(
        f"{p.colour} {p.thing} {int(p.x * CELLS)} {int(p.y * CELLS)}" for p in drawn.placed
    )
    return ", ".join((drawn.ground, drawn.time, *things))


def split_of(drawn: Scene) -> str:
    """The split that a scene belongs to, read off the hash of its key."""
    share = int.from_bytes(hashlib.sha256(key(drawn).encode()).digest()[:6]) / 2**48
    for split, part in SHARES.items():
        share -= part
        if share < 0:
            return split
    return split  # rounding may leave a hair over


def picture(drawn: Scene, size: int = 224) -> Image.Image:
    """The scene as an RGB picture of size x size."""
    return Image.fromarray(
        paint(drawn.ground, drawn.time, list(drawn.placed), size, drawn.texture_seed)
    )


def captions(drawn: Scene, seed: int = 0) -> list[str]:
    """Five different sentences, all true of the scene, each naming everything in it.

    They depend on the scene and on `seed`: another seed, other sentences.
    """
    dice = Dice(f"captions/{seed}/{drawn.texture_seed}")
    return sentences.describe(drawn.ground, drawn.time, drawn.placed, dice)


def things(drawn: Scene) -> list[dict]:
    """What is in the scene, in painting order, the later hiding the earlier.

    Each is {"thing": "car", "colour": "red", "box": [x0, y0, x1, y1]}, the box in fractions of the picture.
    """
    return [
        {"thing": item.thing, "colour": item.colour, "box": [round(edge, 4) for edge in box(item)]}
        for item in drawn.placed
    ]


def scenes_source(train: int, val: int, test: int, seed: int = 0, size: int = 224) -> Source:
    """So many scenes a split, as the source of a bundle; pictures are painted when they are asked for."""
    counts = {"train": train, "val": val, "test": test}
    drawn = [
        (split, i, scene(split, i, seed)) for split, count in counts.items() for i in range(count)
    ]
    records = [
        ImageRecord(f"{split}/{i:05d}.png", split, captions(s), things(s)) for split, i, s in drawn
    ]
    settings = {**counts, "seed": seed, "size": size, "painter": painter()}

    def load(index: int, side: int = 0) -> Image.Image:
        return picture(drawn[index][2], max(size, side))

    return Source("scenes", settings, records, load, sentences.lexicon())


def painter() -> str:
    """A hash of what grounds and things look like: it tells bundles of pictures painted otherwise apart."""
    digest = hashlib.sha256()
    for ground in GROUNDS:
        for time in TIMES:
            digest.update(paint(ground, time, [], 56).tobytes())
    for thing in THINGS:
        digest.update(paint("snow", "day", [Placed(thing, "red", 0.5, 0.5, 0.5)], 56).tobytes())
    return digest.hexdigest()


def _draw(dice: Dice) -> Scene:
    """Any scene. A layout that finds no room for its things is thrown away for another."""
    ground, time = dice.pick(GROUNDS), dice.pick(TIMES)
    layouts = {"apart": _apart, "row": _row, "group": _group, "behind": _behind}
    placed = None
    while placed is None:
        placed = layouts[dice.weighted(LAYOUTS)](dice, ground)
    return Scene(ground, time, tuple(placed), int(dice.random() * 2**32))


def _apart(dice: Dice, ground: str) -> list[Placed] | None:
    """One to three different things anywhere they may be."""
    kinds = _kinds(dice, ground, dice.weighted({1: 0.3, 2: 0.4, 3: 0.3}))
    return _spread(dice, kinds, [dice.pick(list(SIZES)) for _ in kinds])


def _group(dice: Dice, ground: str) -> list[Placed] | None:
    """Two or three of a kind, much of one size; two of a kind may have something else for company."""
    same, other = _kinds(dice, ground, 2)
    size = dice.pick(["small", "medium"])
    kinds = dice.pick([[same, same], [same, same, same], [same, same, other]])
    return _spread(
        dice, kinds, [size if kind == same else dice.pick(list(SIZES)) for kind in kinds]
    )


def _row(dice: Dice, ground: str) -> list[Placed] | None:
    """Three different things side by side, much on one level."""
    zone = dice.pick(sorted({THINGS[name].zone for name in _at_home(ground)}))
    low, high = BASES[zone]
    level = dice.between(max(low, 0.3), high)
    bases = max(low, level - 0.05), min(high, level + 0.05)
    placed: list[Placed] = []
    for column, kind in enumerate(_kinds(dice, ground, 3, zone)):
        across = column / 3, (column + 1) / 3
        item = _place(dice, kind, dice.pick(["small", "medium"]), across, bases)
        if item is None or not all(relations.left_of(other, item) for other in placed):
            return None
        placed.append(item)
    return _far_first(placed)


def _behind(dice: Dice, ground: str) -> list[Placed] | None:
    """One thing partly hidden by another of another colour, which stands lower in the picture: nearer."""
    far, near = _kinds(dice, ground, 2, "water" if ground == "sea" else "ground")
    front = _place(dice, near, dice.pick(["small", "medium"]))
    if front is None or near[1] == far[1]:
        return None
    size, base = dice.pick(["medium", "large"]), relations.base(front)
    across, bases = (front.x - 0.4, front.x + 0.4), (base - 0.15, base - 0.02)
    for _ in range(TRIES):
        back = _place(dice, far, size, across, bases)
        if back and 0.2 <= relations.covered(back, front) <= 0.45:
            return [back, front]
    return None


def _spread(dice: Dice, kinds: list[Kind], sizes: list[str]) -> list[Placed] | None:
    """These things, each in a free place; None if there is no room."""
    placed: list[Placed] = []
    for kind, size in zip(kinds, sizes, strict=True):
        tries = (_place(dice, kind, size) for _ in range(TRIES))
        found = next(
            (item for item in tries if item and all(relations.apart(item, p) for p in placed)), None
        )
        if found is None:
            return None
        placed.append(found)
    return _far_first(placed)


def _far_first(placed: list[Placed]) -> list[Placed]:
    """In painting order."""
    return sorted(placed, key=relations.base)


@cache
def _at_home(ground: str, zone: str | None = None) -> dict[str, float]:
    """The things that may be on this ground (all, or those of one zone), and how often each is picked."""
    swim, stand = (2.0, 0.0) if ground == "sea" else (0.0, 1.0)
    weights = {
        "water": swim,
        "ground": stand,
        "sky": 0.75,
    }  # a sky is everywhere, water in one place
    here = [name for name, thing in THINGS.items() if zone in (None, thing.zone)]
    return {name: weights[THINGS[name].zone] for name in here if weights[THINGS[name].zone]}


def _kinds(dice: Dice, ground: str, count: int, zone: str | None = None) -> list[Kind]:
    """So many different (thing, colour)."""
    kinds: list[Kind] = []
    while len(kinds) < count:
        kind = dice.weighted(_at_home(ground, zone)), dice.pick(list(COLOURS))
        if kind not in kinds:
            kinds.append(kind)
    return kinds


def _place(
    dice: Dice,
    kind: Kind,
    size: str,
    across: tuple[float, float] = (0.0, 1.0),
    bases: tuple[float, float] | None = None,
) -> Placed | None:
    """The thing somewhere within `across`, its base within `bases`; None if it has no room there.

    Whatever is asked for, it keeps to its zone and lies whole inside the picture.
    """
    name, colour = kind
    thing = THINGS[name]
    height = dice.between(*SIZES[size]) / math.sqrt(thing.aspect)
    half = height * thing.aspect / 2
    left, right = max(across[0], EDGE) + half, min(across[1], 1 - EDGE) - half
    low, high = bases or BASES[thing.zone]
    top = HORIZON if thing.zone == "water" else EDGE  # what swims does not rise into the sky
    low, high = max(low, BASES[thing.zone][0], top + height), min(high, BASES[thing.zone][1])
    x, base, flip = dice.between(left, right), dice.between(low, high), dice.chance(0.5)
    if left > right or low > high:
        return None
    return Placed(name, colour, round(x, 4), round(base - height / 2, 4), round(height, 4), flip)
