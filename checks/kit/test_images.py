"""Photos from files: never smaller than asked for, upright, in RGB, and damage is named."""

import io
import math
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from coursework.files import InputError
from coursework.prepare.images import as_rgb, read_image


def saved(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def scene(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """Smooth colours that differ in all four corners."""
    corners = np.array([[[230, 30, 30], [30, 200, 40]], [[40, 40, 220], [240, 230, 60]]], np.uint8)
    return Image.fromarray(corners).resize(size, Image.Resampling.BILINEAR).convert(mode)


def difference(image: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures at 32 x 32, of 255."""
    a, b = (np.asarray(each.convert("RGB").resize((32, 32)), float) for each in (image, other))
    return np.abs(a - b).mean()


def test_a_jpeg_is_decoded_smaller_but_never_smaller_than_asked_for():
    draws, smaller = random.Random(0), 0
    for _ in range(60):
        size = draws.randrange(1, 500), draws.randrange(1, 500)
        side = draws.randrange(1, 300)
        decoded = read_image(saved(scene(size)), side)
        assert min(decoded.size) >= min(side, *size)
        assert all(got <= was for got, was in zip(decoded.size, size, strict=True))
        assert min(decoded.size) <= 2 * side or decoded.width == math.ceil(size[0] / 8)
        smaller += decoded.size != size
    assert smaller >= 15


@pytest.mark.parametrize(
    ("size", "decoded"),
    [
        ((640, 480), (320, 240)),
        ((448, 447), (448, 447)),
        ((448, 448), (224, 224)),
        ((223, 900), (223, 900)),
        ((3000, 2001), (375, 251)),
    ],
)
def test_sizes_at_224(size: tuple[int, int], decoded: tuple[int, int]):
    file = saved(scene(size))
    assert read_image(file, 224).size == decoded
    assert read_image(file).size == size


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_every_kind_of_jpeg_looks_the_same_decoded_smaller(mode: str, progressive: bool):
    file = saved(scene((400, 320), mode), progressive=progressive, quality=92)
    small, whole = read_image(file, 80), read_image(file)
    assert (small.mode, small.size) == ("RGB", (100, 80))
    assert difference(small, whole) < 2
    assert difference(small, scene((400, 320), mode)) < 4


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "GIF"])
def test_other_files_are_read_whole(kind: str):
    assert read_image(saved(scene((200, 120)), kind), 20).size == (200, 120)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpegs_are_upright_also_when_decoded_smaller(orientation: int):
    exif = Image.Exif()
    exif[0x0112] = orientation
    lying = scene((400, 240))
    file = saved(lying, exif=exif)
    small, whole = read_image(file, 60), read_image(file)
    assert small.size == ((100, 60) if orientation <= 4 else (60, 100))
    assert difference(small, whole) < 2
    upright = {
        1: lying,
        2: ImageOps.mirror(lying),
        3: lying.rotate(180),
        4: ImageOps.flip(lying),
        5: lying.transpose(Image.Transpose.TRANSPOSE),
        6: lying.rotate(-90, expand=True),
        7: lying.transpose(Image.Transpose.TRANSVERSE),
        8: lying.rotate(90, expand=True),
    }
    assert difference(small, upright[orientation]) < 4
    assert difference(as_rgb(small), small) == 0  # turned once, not again


def test_a_path_an_open_file_and_bytes_give_the_same(tmp_path: Path):
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(scene((90, 60))))
    wanted = np.asarray(read_image(path))
    assert np.array_equal(np.asarray(read_image(path.read_bytes())), wanted)
    with open(path, "rb") as file:
        assert np.array_equal(np.asarray(read_image(file)), wanted)
    path.unlink()  # nothing holds it


@pytest.mark.parametrize("side", [None, 20])
@pytest.mark.parametrize("damage", ["empty", "no picture", "half"])
def test_damage_is_named(tmp_path: Path, side: int | None, damage: str):
    noise = Image.frombytes("RGB", (96, 96), random.Random(0).randbytes(96 * 96 * 3))
    good = saved(noise)
    bad = {"empty": b"", "no picture": b"<html>", "half": good[: len(good) // 2]}[damage]
    path = tmp_path / "a.jpg"
    path.write_bytes(bad)
    with pytest.raises(InputError, match="cannot read image .*a.jpg: ") as caught:
        read_image(path, side)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"cannot read image photos\.zip/a\.jpg: "):
        read_image(bad, side, name="photos.zip/a.jpg")
    with open(path, "rb") as file, pytest.raises(InputError, match=r"a\.jpg"):
        read_image(file, side)
