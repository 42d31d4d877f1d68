"""The tour: its recording is whole and about these pictures, and what its text says is so."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from checks.cases import EXERCISES
from checks.classroom import tour as recorder
from checks.faces.notebook import Shown, check
from coursework.look.scoring import mention_scores
from coursework.prepare import scenes
from coursework.prepare.drawn.drawing import COLOURS, GROUNDS

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads((NOTEBOOKS / "0_tour.ipynb").read_text(encoding="utf-8"))["cells"]
}
NAMES = ("rnn", "lstm", "attn")


@pytest.fixture
def tour(monkeypatch: pytest.MonkeyPatch):
    """The reader, as the notebook imports it."""
    monkeypatch.syspath_prepend(str(NOTEBOOKS))
    import tour

    return tour


def test_the_scores_are_those_of_the_recorded_captions(tour):
    for cell in NAMES:
        assert tour.recorded().scores(cell) == tour.recorded().about["scores"][cell]


def test_the_captions_belong_to_the_pictures(tour):
    known, captions = tour.recorded().scenes, tour.recorded().captions("attn")
    right = mention_scores(captions, known.images, known.lexicon)["f1"]
    moved = mention_scores(captions[1:] + captions[:1], known.images, known.lexicon)["f1"]
    assert right > 0.8 and moved < 0.2
    assert tour.recorded().about["painter"] == scenes.painter()  # else: record anew
    for image in range(3):
        assert np.array_equal(
            np.asarray(tour.recorded().picture(image)),
            np.asarray(scenes.picture(scenes.scene("val", image))),
        )


def test_the_attention_belongs_to_the_captions(tour):
    weights, peaks = (tour.recorded().arrays[name] for name in ("weights", "peaks"))
    assert len(weights) == recorder.PICTURES
    for caption, maps, cells in zip(tour.recorded().captions("attn"), weights, peaks):
        maps = maps[: len(caption.words)].astype(float)
        assert np.allclose(maps.sum(axis=(1, 2)), 1, atol=5e-3)
        largest = maps.reshape(len(maps), -1).max(axis=1)
        at_peak = maps.reshape(len(maps), -1)[np.arange(len(maps)), cells[: len(maps)]]
        assert np.allclose(largest, at_peak, rtol=2e-3)  # float16 may round two to a tie


def test_the_file_is_small_and_unpickles_nothing():
    assert recorder.OUT.stat().st_size < 300_000
    with np.load(recorder.OUT, allow_pickle=False) as saved:
        assert all(saved[name].dtype != object for name in saved.files)


def test_other_scenes_and_damage_are_told_on_a_card(tour, monkeypatch, tmp_path):
    missing, cut, other, older = (tmp_path / f"{name}.npz" for name in "abcd")
    cut.write_bytes(recorder.OUT.read_bytes()[:20_000])
    with np.load(recorder.OUT, allow_pickle=False) as saved:
        arrays = {name: saved[name] for name in saved.files}
    about = json.loads(arrays["about"].item())
    np.savez(other, **arrays | {"about": np.array(json.dumps(about | {"records": "0"}))})
    np.savez(older, **arrays | {"about": np.array(json.dumps(about | {"format": 0}))})
    for file, words in (
        *((missing, "missing"), (cut, "damaged"), (other, "drawn otherwise"), (older, "format 0")),
    ):
        monkeypatch.setattr(tour, "FILE", file)
        card = tour.scores()
        assert isinstance(card, Shown) and words in card.text and file.name in card.text


@pytest.mark.parametrize("call", ["says()", "says(300)", "says(-1)", "attention(24)", "scenes(0)"])
def test_a_scene_that_is_not_there_is_told_on_a_card(tour, call):
    assert "the scenes here have the numbers 0 to" in eval(f"tour.{call}", {"tour": tour}).text


def test_every_exercise_has_its_notebook(tour):
    lines = tour.way().text.splitlines()[2:]
    found = [name for line in lines for name in line.replace(",", "").split()[1:]]
    assert sorted(found) == sorted(EXERCISES)
    assert "notebook of the table" in CELLS["next"] and lines[0].startswith("1_rnn.ipynb")


def test_the_numbers_in_the_text(tour):
    about = tour.recorded().about
    assert about["training_images"] == 2_400 and "2,400 scenes" in CELLS["split"]
    assert about["images"] == 300 and "300 others" in CELLS["split"]
    assert len(tour.recorded().scenes.images[0].captions) == 5
    assert "five true captions" in CELLS["scenes"] and "with five captions each" in CELLS["split"]
    assert len(COLOURS) == 8 and len(GROUNDS) == 5 and "eight colours, on five" in CELLS["scenes"]
    assert tour.recorded().arrays["weights"].shape[2:] == (7, 7) and "7 × 7" in CELLS["three"]
    steps = {len(tour.recorded().arrays[f"loss_{cell}"]) for cell in NAMES}
    assert steps == {4 * 5 * 2_400 // 32} and "four times each" in CELLS["losses"]


def test_what_the_questions_ask_can_be_seen(tour):
    said = tour.recorded().captions("rnn")
    assert "tour.says(12, 18, 21, 23)" in CELLS["question-says"]
    for image in (12, 18, 21, 23):
        assert scenes.scene("val", image).ground == "sea" and "fish" in said[image].words
    assert "tour.attention(20)" in CELLS["show-attention-wrong"]
    words = str(tour.recorded().captions("attn")[20])
    boats = [t for t in tour.recorded().scenes.images[20].things if t["thing"] == "boat"]
    assert words.count("red boat") == 2 and "tiny red boat" in words
    assert sorted(boat["colour"] for boat in boats) == ["purple", "red"]


def test_the_first_look_is_sharp_and_names_nothing(tour):
    assert "tour.attention(10)" in CELLS["show-attention"] and "peak 1.00" in CELLS["attention"]
    (word, *_), weights = (
        tour.recorded().captions("attn")[10].words,
        tour.recorded().arrays["weights"],
    )
    first = weights[10, 0]
    assert word == "a" and first.max() > 0.995 and first.argmax() == first.size - 1  # a corner
    x, y = 6 / 7, 6 / 7  # where that corner begins
    boxes = [thing["box"] for thing in tour.recorded().scenes.images[10].things]
    assert not any(x1 > x and y1 > y for _, _, x1, y1 in boxes)


def test_the_example_of_a_verdict_names_two_mistakes():
    namespace = {}
    source = CELLS["show-check"].partition("\ncheck(")[0]
    exec(source, namespace)
    (result,) = check(namespace["rnn_step_forward"]).report.results
    assert result.status == "failed" and len(result.mistakes[0]) == 2


def test_the_recorder_refuses_other_bundles(tiny_bundle, tmp_path, monkeypatch, capsys):
    out = tmp_path / "tour.npz"
    monkeypatch.setattr(recorder, "train", lambda *_, **__: pytest.fail("it trains"))
    with pytest.raises(recorder.InputError, match="prepare scenes"):
        recorder.record(tiny_bundle.path, tmp_path / "runs", out)
    assert not out.exists() and not list(tmp_path.iterdir())
    monkeypatch.setattr(sys, "argv", ["tour", "--data", str(tmp_path / "none")])
    assert recorder.main() == 2 and "no bundle" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cell", "images"),
    [("scenes()", 8), ("says(0, 3)", 2), ("attention(3)", None), ("losses()", 0)],
)
def test_the_pictures_of_the_tour_can_be_drawn(tour, cell: str, images: int | None):
    figure, png = eval(f"tour.{cell}"), io.BytesIO()
    if images is None:  # the picture, and once more for each of its words
        images = 1 + len(tour.recorded().captions("attn")[3].words)
    assert sum(len(axes.images) for axes in figure.axes) == images
    figure.savefig(png)
    assert png.getvalue().startswith(b"\x89PNG")


def test_the_tables_of_the_tour_say_it_all(tour):
    scores, way = str(tour.scores()).strip().splitlines(), str(tour.way())
    best = 100 * tour.recorded().scores("attn")["bleu"]["bleu4"]
    assert scores[-1].split()[0] == "attention" and scores[-1].endswith(f"{best:.1f}")
    assert [name for name in EXERCISES if name not in way] == []
