"""A tiny source and a stand-in encoder: a bundle in a blink, from which captions can be learned."""

import random
from itertools import product

import torch
from PIL import Image, ImageDraw
from torch import nn

from coursework.bundle import ImageRecord
from coursework.prepare.source import Source

COLOURS = {"red": "#ff0000", "green": "#00ff00", "blue": "#0000ff"}
COLOURS |= {"yellow": "#ffff00", "purple": "#ff00ff", "orange": "#ff8000"}
THINGS = {
    "car": "#00ffff",
    "cat": "#800000",
    "dog": "#008000",
    "tree": "#000080",
    "boat": "#808000",
    "house": "#008080",
}
GRID = (3, 4)  # rows and columns, on purpose different
SIZE = 96  # side of the square that the encoder sees, in pixels
CELL = (SIZE // GRID[1], SIZE // GRID[0])  # width and height in pixels


class TinyEncoder(nn.Module):
    """An encoder without weights: channel k of a cell is bright where palette colour k is."""

    channels, grid, image_size = len(COLOURS) + len(THINGS), GRID, SIZE

    def __init__(self):
        super().__init__()
        palette = [
            Image.new("RGB", (1, 1), code).getpixel((0, 0))
            for code in (*COLOURS.values(), *THINGS.values())
        ]
        self.register_buffer("palette", torch.tensor(palette, dtype=torch.float32))

    @property
    def description(self) -> dict:
        return {"name": "tiny", "weights": "none", "weights_sha256": None, "image_size": SIZE}

    def view(self, image: Image.Image, side: int = SIZE) -> Image.Image:
        return image.convert("RGB").resize((side, side))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images uint8 (N, 3, S, S) -> (N, 12, 3, 4): how much of each cell is palette colour k, 0 to 2."""
        difference = images.float().unsqueeze(1) - self.palette[None, :, :, None, None]
        return 4 * nn.functional.adaptive_avg_pool2d((difference.abs().amax(2) < 40).float(), GRID)


def tiny_source(count: int = 40, seed: int = 0) -> Source:
    """Pictures with one or two coloured things, each in a cell of its own: 28 train, 6 val, 6 test."""
    draws = random.Random(seed)
    pairs = list(product(COLOURS, THINGS))
    draws.shuffle(pairs)
    cells = list(product(range(GRID[0]), range(GRID[1])))
    records = []
    for i in range(count):
        chosen = [pairs[i % len(pairs)]] + ([draws.choice(pairs)] if i % 2 else [])
        places = draws.sample(cells, len(chosen))
        things = [_thing(*pair, *place) for pair, place in zip(chosen, places, strict=True)]
        split = "train" if i < 0.7 * count else "val" if i < 0.85 * count else "test"
        records.append(ImageRecord(f"tiny-{i:03}.png", split, _captions(chosen), things))
    lexicon = {
        "nouns": {word: thing for thing in THINGS for word in (thing, thing + "s")},
        "colours": [*COLOURS],
    }
    return Source(
        "tiny",
        {"kind": "tiny", "seed": seed},
        records,
        lambda i, side=0: _picture(records[i].things),
        lexicon,
    )


def _thing(colour: str, thing: str, row: int, column: int) -> dict:
    box = [column / GRID[1], row / GRID[0], (column + 1) / GRID[1], (row + 1) / GRID[0]]
    return {"thing": thing, "colour": colour, "box": box}


def _captions(chosen: list[tuple[str, str]]) -> list[str]:
    names = " and ".join(f"a {colour} {thing}" for colour, thing in chosen)
    return [names, f"there is {names}", f"{names} on white."]


def _picture(things: list[dict]) -> Image.Image:
    """Each thing is a cell whose upper half has the colour's palette entry and the lower half the thing's."""
    image = Image.new("RGB", (SIZE, SIZE), "white")
    for thing in things:
        x, y = round(thing["box"][0] * SIZE), round(thing["box"][1] * SIZE)
        half = CELL[1] // 2
        draw = ImageDraw.Draw(image)
        draw.rectangle((x, y, x + CELL[0] - 1, y + half - 1), fill=COLOURS[thing["colour"]])
        draw.rectangle((x, y + half, x + CELL[0] - 1, y + CELL[1] - 1), fill=THINGS[thing["thing"]])
    return image
