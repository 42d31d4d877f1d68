"""Views show what they say, their boxes go with them, and captions with a side in them are recognised."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from coursework.files import InputError
from coursework.views import VIEWS, mirrored, moved, names_a_side, picture, view_names

CROPS = ["crop-nw", "crop-ne", "crop-sw", "crop-se"]


@pytest.fixture
def quarters() -> Image.Image:
    """Red, green, blue, white: the quarters of a square, as one reads."""
    image = Image.new("RGB", (64, 64), "white")
    draw = ImageDraw.Draw(image)
    for corner, colour in [((0, 0), "#ff0000"), ((32, 0), "#00ff00"), ((0, 32), "#0000ff")]:
        draw.rectangle((*corner, corner[0] + 31, corner[1] + 31), fill=colour)
    return image


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("", ["plain"]),
        ("plain", ["plain"]),
        ("flip", ["plain", "flip"]),
        ("crops", ["plain", *CROPS]),
        ("flip,crops", ["plain", "flip", *CROPS]),
        (" crops, flip ", ["plain", "flip", *CROPS]),
        (["plain"], ["plain"]),
        (("plain", "crop-se", "flip"), ["plain", "crop-se", "flip"]),
    ],
)
def test_names_of_views(spec, names: list[str]):
    assert view_names(spec) == names and view_names(names) == names


@pytest.mark.parametrize("spec", ["flop", "flip crops", "crop-nw"])
def test_unknown_sets_are_refused_with_a_choice(spec: str):
    with pytest.raises(InputError, match="choose of flip, crops"):
        view_names(spec)


@pytest.mark.parametrize("names", [[], ["flip"], ["plain", "flip", "flip"], ["plain", "x"], [1]])
def test_lists_that_are_none_of_views_are_refused(names: list):
    with pytest.raises(InputError, match="must begin with plain"):
        view_names(names)


def test_the_plain_view_is_the_picture_and_flipped_twice_it_is_again(quarters: Image.Image):
    assert picture(quarters, "plain", 64) is quarters
    flipped = picture(quarters, "flip", 64)
    assert np.array_equal(np.asarray(flipped), np.asarray(quarters)[:, ::-1])
    assert np.array_equal(np.asarray(picture(flipped, "flip", 64)), np.asarray(quarters))
    assert [view for view in VIEWS if mirrored(view)] == ["flip"]


@pytest.mark.parametrize("side", [32, 56, 64])
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_a_square_of_the_side_asked_for(quarters: Image.Image, view: str, side: int):
    assert picture(quarters, view, side).size == (side, side)


def test_a_crop_without_scaling_is_a_part_of_the_picture(quarters: Image.Image):
    pixels = np.asarray(quarters)
    for view, part in {
        "crop-nw": pixels[:56, :56],
        "crop-ne": pixels[:56, 8:],
        "crop-sw": pixels[8:, :56],
        "crop-se": pixels[8:, 8:],
    }.items():
        assert np.array_equal(np.asarray(picture(quarters, view, 56)), part), view


@pytest.mark.parametrize("view", VIEWS)
def test_boxes_lie_in_the_view_where_the_things_are(view: str):
    """A white box on black: the box that `moved` gives holds the white of the view, and nothing else."""
    box = [0.25, 0.125, 0.5, 0.625]
    image = Image.new("L", (64, 64))
    ImageDraw.Draw(image).rectangle((16, 8, 31, 39), fill=255)
    (thing,) = moved([{"thing": "car", "colour": "red", "box": box}], view)
    assert (thing["thing"], thing["colour"]) == ("car", "red")
    x0, y0, x1, y1 = (round(448 * edge) for edge in thing["box"])
    rows, columns = np.nonzero(np.asarray(picture(image, view, 448)) > 127)
    assert abs(np.array([columns.min(), rows.min(), columns.max(), rows.max()]) + [0, 0, 1, 1]
               - [x0, y0, x1, y1]).max() <= 1  # fmt: skip


def test_boxes_are_cut_at_the_edge_and_left_out_beyond_it():
    corner = {"thing": "car", "box": [0.0, 0.0, 0.1, 0.1]}
    middle = {"thing": "cat", "box": [0.0, 0.0, 0.5625, 1.0]}
    assert moved([corner, middle], "plain") == [corner, middle]
    assert moved([corner, middle], "flip")[0]["box"] == [0.9, 0.0, 1.0, 0.1]
    assert moved([corner, middle], "crop-se") == [{"thing": "cat", "box": [0.0, 0.0, 0.5, 1.0]}]
    assert len(moved([corner], "crop-nw")) == 1
    assert corner["box"] == [0.0, 0.0, 0.1, 0.1]


@pytest.mark.parametrize(
    ("caption", "named"),
    [
        ("A dog to the LEFT of a car.", True),
        ("the rightmost boat", True),
        ("a left-hand turn", True),
        ("his lefthand glove", True),
        ("On the right's a tree", True),
        ("a bright, upright light", False),
        ("the clock runs counterclockwise, at the bottomleft", True),
        ("lefty at bat", True),
        ("leftovers on a plate", False),
        ("a copyright sign", False),
        ("", False),
    ],
)
def test_captions_that_name_a_side(caption: str, named: bool):
    assert names_a_side(caption) is named
