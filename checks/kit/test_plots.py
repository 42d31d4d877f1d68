"""Pictures: what is lit is where the map peaks, files are whole, layouts hold whatever they are given."""

import io
import warnings

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from coursework.files import InputError
from coursework.look import plots

PNG = b"\x89PNG\r\n\x1a\n"


def grey_image(width=120, height=120):
    return Image.new("RGB", (width, height), (128, 128, 128))


def noisy_image(width=120, height=120, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def bump(grid, row, column, width=0.7):
    y, x = np.mgrid[: grid[0], : grid[1]]
    map_ = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * width**2))
    return map_ / map_.sum()


def rendered(figure):
    """The figure as it is drawn: uint8 (height, width, 3)."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return np.asarray(Image.open(file).convert("RGB"))


def texts(figure):
    return [text.get_text() for text in figure.texts]


@pytest.mark.parametrize("grid", [(7, 7), (4, 4), (3, 5), (1, 1)])
def test_the_brightest_pixel_is_in_the_peak_cell(grid):
    image = np.full((90, 150, 3), 0.5, dtype=np.float32)
    for row in range(grid[0]):
        for column in range(grid[1]):
            light = plots.overlay(image, bump(grid, row, column)).sum(axis=2)
            y, x = np.unravel_index(light.argmax(), light.shape)
            assert (int((y + 0.5) / 90 * grid[0]), int((x + 0.5) / 150 * grid[1])) == (row, column)


def test_the_drawn_tile_is_lit_at_the_peak_cell():
    """The same on the page itself: pixels of the second tile, whose map peaks in row 1, column 5 of 4 x 6."""
    weights = np.stack([bump((4, 6), 3, 0), bump((4, 6), 1, 5)])
    figure = plots.attention_grid(grey_image(), ["left", "right"], weights)
    pixels = rendered(figure)
    box = figure.axes[2].get_position()
    high, wide = pixels.shape[:2]
    top, left = round((1 - box.y1) * high), round(box.x0 * wide)
    tile = pixels[top : top + 300, left : left + 300]
    y, x = np.unravel_index(tile.astype(int).sum(axis=2)[2:-2, 2:-2].argmax(), (296, 296))
    assert ((y + 2) // 75, (x + 2) // 50) == (1, 5)


def test_light_is_smooth_and_none_is_lost_at_the_edges():
    image = np.full((140, 140, 3), 0.5, dtype=np.float32)
    even = plots.overlay(image, np.full((7, 7), 1 / 49))
    assert np.ptp(even[..., 0]) < 1e-4
    peaked = plots.overlay(image, bump((7, 7), 3, 3, 0.3))[..., 0]
    assert np.abs(np.diff(peaked, axis=0)).max() < 0.2 * np.ptp(peaked)  # cells have no hard edge


@pytest.mark.parametrize("weights", [np.zeros((3, 3)), -np.ones((3, 3)), np.full((3, 3), 1e-30)])
def test_empty_maps_are_drawn(weights):
    assert np.isfinite(plots.overlay(np.zeros((30, 30, 3), dtype=np.float32), weights)).all()


def test_a_map_without_a_peak_leaves_the_image_as_it_is():
    """A night sky too: what makes the dark glow is the difference to what is not lit."""
    night = np.full((40, 40, 3), (0.05, 0.08, 0.2), dtype=np.float32)
    np.testing.assert_allclose(plots.overlay(night, np.full((7, 7), 1 / 49)), night, atol=1e-5)
    lit = plots.overlay(night, bump((7, 7), 3, 3))
    assert lit[20, 20, 0] > 5 * night[20, 20, 0]  # in the dark, a peak can be seen


def test_a_negative_weight_gives_no_light():
    pixels = np.asarray(noisy_image(40, 40), dtype=np.float32) / 255
    weights = np.array([[0.5, 0.0], [0.2, 0.3]])
    lit = plots.overlay(pixels, weights)
    np.testing.assert_array_equal(plots.overlay(pixels, weights - [[0, 3], [0, 0]]), lit)
    assert lit.min() >= 0 and lit.max() <= 1


@pytest.mark.parametrize("count, rows", [(0, 1), (1, 1), (7, 1), (8, 2), (15, 2), (20, 3)])
def test_an_attention_grid_has_a_tile_a_word_all_of_one_size(count, rows):
    words = [f"word{t}" for t in range(count)]
    figure = plots.attention_grid(noisy_image(), words, np.ones((count, 4, 5)) / 20)
    sizes = np.array([axes.get_position().size for axes in figure.axes]) * figure.get_size_inches()
    assert len(figure.axes) == count + 1
    assert sizes == pytest.approx(np.full((count + 1, 2), plots.TILE))
    assert len({round(axes.get_position().y0, 6) for axes in figure.axes}) == rows
    assert [text for text in texts(figure) if text.startswith("word")] == words
    order = [(-round(axes.get_position().y0, 6), axes.get_position().x0) for axes in figure.axes]
    assert order == sorted(order)  # as one reads: from left to right, then down


def test_words_and_titles_fit_the_page():
    """Drawn text stays on the page, and a long word on its own tile; $ and % are not markup."""
    words = ["incomprehensibilities" * 2, "$a$", "100%"]
    title = "a very long title that has to be broken " * 3
    figure = plots.attention_grid(noisy_image(), words, np.ones((3, 2, 2)) / 4, title=title)
    renderer = FigureCanvasAgg(figure).get_renderer()
    wide, high = figure.get_size_inches() * figure.dpi
    boxes = [text.get_window_extent(renderer) for text in figure.texts]
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= wide and box.y1 <= high for box in boxes)
    long = next(text for text in figure.texts if text.get_text() == words[0])
    assert long.get_window_extent(renderer).width <= 1.03 * plots.TILE * figure.dpi
    assert {"$a$", "100%"} <= set(texts(figure))
    assert not any(text.get_parse_math() for text in figure.texts)


def test_boxes_are_outlined_on_their_words_tile():
    boxes = [[], [[0.25, 0.5, 0.75, 1.0], [0, 0, 0.1, 0.1]]]
    figure = plots.attention_grid(grey_image(), ["a", "car"], np.ones((2, 2, 2)) / 4, boxes=boxes)
    assert [len(axes.patches) for axes in figure.axes] == [0, 0, 4]
    assert figure.axes[2].patches[0].get_bbox().extents.tolist() == [0.25, 0.5, 0.75, 1.0]


def test_a_map_is_needed_for_each_word():
    with pytest.raises(InputError, match="3 words, 2 maps"):
        plots.attention_grid(grey_image(), "a red car", np.ones((2, 2, 2)))


def test_captioned_images_show_every_word():
    captions = ["a cat", "a long caption about " + "one thing after another " * 5, ""]
    references = ["one reference", "a second one", "a third"]
    images = [noisy_image(), noisy_image(200, 100), noisy_image(100, 200)]
    figure = plots.captioned_images(images, captions, references, columns=2)
    assert len(figure.axes) == 3
    said = " ".join(texts(figure)).split()
    assert said == " ".join(f"{c} reference: {r}" for c, r in zip(captions, references)).split()
    renderer = FigureCanvasAgg(figure).get_renderer()
    assert all(text.get_window_extent(renderer).y0 >= 0 for text in figure.texts)
    widths = [text.get_window_extent(renderer).width for text in figure.texts]
    assert max(widths) <= 1.02 * plots.PHOTO * figure.dpi


def test_marks_colour_their_words():
    marks = [None, True, True, None, None, False, False]
    figure = plots.captioned_images([noisy_image()], ["a red car by a blue cat"], marks=[marks])
    colours = {text.get_text(): text.get_color() for text in figure.texts}
    plain = {"a": plots.INK, "by a": plots.INK}
    assert colours == {**plain, "red car": plots.RIGHT, "blue cat": plots.WRONG}
    [line] = figure.artists  # the wrong words are underlined: not everybody sees the colours
    wrong = next(text for text in figure.texts if text.get_text() == "blue cat")
    assert line.get_xdata()[0] == pytest.approx(wrong.get_position()[0])


@pytest.mark.parametrize("images, captions", [([], []), ([None], []), ([None], ["a", "b"])])
def test_images_and_captions_must_match(images, captions):
    with pytest.raises(InputError, match="each image a caption"):
        plots.captioned_images(images, captions)


def test_loss_curve_shows_what_it_was_given():
    losses = [30.0, 20.0, 10.0, 4.0]
    validation = [{"step": 2, "bleu4": 0.1}, {"step": 4, "bleu4": 0.25}]
    figure = plots.loss_curve({"loss": losses, "validation": validation})
    left, right = figure.axes
    assert left.lines[0].get_xydata().tolist() == [[1, 30], [2, 20], [3, 10], [4, 4]]
    assert right.lines[0].get_xydata().tolist() == [[2, 10], [4, 25]]
    assert (
        "nats" in left.get_ylabel()
        and "BLEU-4" in right.get_ylabel()
        and "step" in left.get_xlabel()
    )
    assert left.get_ylim()[0] == 0 and left.get_ylim()[1] > 30


def test_the_strong_line_begins_where_there_are_enough_steps_for_a_mean():
    figure = plots.loss_curve({"loss": np.linspace(80, 10, 300)})
    every, mean = figure.axes[0].lines
    assert len(every.get_xdata()) == 300 and mean.get_xdata()[0] == 8
    assert [text.get_text().endswith("mean of 15 steps") for text in figure.axes[0].texts] == [True]
    short = plots.loss_curve({"loss": np.linspace(80, 10, 39)}).axes[0]
    assert len(short.lines[1].get_xdata()) == 39 and not short.texts


def test_loss_curve_of_overfitting_shows_what_came_back():
    came_back = [{"epoch": 10, "step": 1, "recall": 0.5}, {"epoch": 20, "step": 2, "recall": 1.0}]
    for history in ({"validation": came_back}, {"validation": [], "recall": came_back}):
        figure = plots.loss_curve({"loss": [3.0, 0.1], **history})
        assert figure.axes[1].lines[0].get_xydata().tolist() == [[1, 50], [2, 100]]
        assert "word for word" in figure.axes[1].get_ylabel()


def test_loss_curve_without_validation_and_with_next_to_nothing():
    for losses in ([], [3.0], [0.0, 0.0]):
        figure = plots.loss_curve({"loss": losses}, title="overfitting 50 captions")
        assert len(figure.axes) == 1 and rendered(figure).std() > 0


def test_the_running_mean_is_true_to_lines_and_quiets_noise():
    line = np.linspace(40, 10, 301)
    steps, means = plots.running_mean(line, 5)
    assert (steps[0], steps[-1]) == (6, 296)  # every mean is of eleven values, at the ends too
    np.testing.assert_allclose(means, line[steps - 1])
    noise = np.random.default_rng(0).normal(size=1000)
    assert plots.running_mean(noise, 50)[1].std() < 0.25 * noise.std()


@pytest.mark.parametrize(
    "count, means", [(0, {}), (1, {1: 0}), (2, {1: 0, 2: 1}), (3, {2: 1}), (4, {2: 1, 3: 2})]
)
def test_the_running_mean_of_a_few_values(count, means):
    steps, found = plots.running_mean(np.arange(count), 7)
    assert dict(zip(steps.tolist(), found.tolist())) == means


@pytest.mark.parametrize("name", ["figure.png", "figure.svg", "FIGURE.PNG"])
def test_saved_files_are_whole_and_the_same_every_time(name, tmp_path):
    def draw():
        return plots.attention_grid(
            noisy_image(), "a red car", np.ones((3, 2, 2)) / 4, title="a red car"
        )

    first, second = (
        plots.save(draw(), tmp_path / folder / name).read_bytes() for folder in ("one", "two")
    )
    assert first == second and len(first) > 10_000
    if name.lower().endswith("png"):
        assert first.startswith(PNG) and Image.open(io.BytesIO(first)).size[0] > 1000
    else:
        assert first.rstrip().endswith(b"</svg>")
    assert [path.name for path in (tmp_path / "one").iterdir()] == [name]


def test_an_old_file_survives_a_failed_save(tmp_path):
    class Broken(Figure):
        def savefig(self, path, **_):
            path.write_bytes(b"half a pict")
            raise OSError(28, "No space left on device")

    path = tmp_path / "figure.png"
    path.write_bytes(b"the old picture")
    with pytest.raises(InputError, match="No space left"):
        plots.save(Broken(), path)
    assert path.read_bytes() == b"the old picture"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["figure.jpg", "figure", "figure.pdf"])
def test_other_endings_are_refused(name, tmp_path):
    with pytest.raises(InputError, match=r"\.png or \.svg"):
        plots.save(plots.loss_curve({"loss": [1.0]}), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_figures_show_themselves_in_notebooks_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert plots.loss_curve({"loss": [2.0, 1.0]})._repr_png_().startswith(PNG)
