"""The training of the shipped encoder, on a few small pictures."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
from torchvision.models import get_model

from coursework.files import InputError, read_tensors, sha256, write_tensors
from coursework.prepare import pretrain, scenes
from coursework.prepare.drawn import drawing
from coursework.prepare.encoder import Encoder
from coursework.prepare.pretrain import (
    Pictures,
    Settings,
    Training,
    cell_labels,
    main,
    training_batches,
)

KINDS, COLOURS = list(drawing.THINGS), list(drawing.COLOURS)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Two sizes of small pictures, so that a whole training takes a second."""
    monkeypatch.setattr(pretrain, "PHASES", ((0.0, 32), (0.5, 64)))
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def thing(kind, colour, *box):
    return {"thing": KINDS[kind], "colour": COLOURS[colour], "box": list(box)}


def test_cells_under_a_box_are_its_own():
    kinds, colours, boxes = cell_labels([thing(2, 3, 0.25, 0.5, 0.75, 1.0)], 4)
    wanted = np.zeros((4, 4))
    wanted[2:, 1:3] = 1  # rows are y, columns x
    assert np.array_equal(kinds, 3 * wanted)
    assert np.array_equal(colours, 4 * wanted)
    assert np.allclose(boxes[:, 3, 2], [0.25, 0.5, 0.75, 1.0])
    assert not boxes[:, 0, 0].any()


def test_cell_that_is_hardly_touched_shows_nothing():
    kinds, _, _ = cell_labels(
        [thing(0, 0, 0.0, 0.0, 0.53, 0.5)], 4
    )  # an eighth of the third column
    assert kinds[0].tolist() == [1, 1, 0, 0]


def test_thing_smaller_than_a_cell_is_not_lost():
    kinds, _, _ = cell_labels([thing(5, 0, 0.55, 0.55, 0.65, 0.65)], 4)
    assert kinds[2, 2] == 6
    assert (kinds > 0).sum() == 1


@pytest.mark.parametrize("front", [0, 1])
def test_the_nearer_thing_hides_the_farther(front):
    pair = [thing(0, 0, 0.0, 0.0, 1.0, 1.0), thing(1, 1, 0.0, 0.0, 0.5, 0.5)]
    kinds, _, _ = cell_labels(pair if front else pair[::-1], 2)
    assert kinds.tolist() == ([[2, 1], [1, 1]] if front else [[1, 1], [1, 1]])


def test_box_over_the_edge_stays_on_its_side():
    kinds, _, _ = cell_labels([thing(0, 0, -0.1, -0.1, 0.5, 0.5)], 2)
    assert kinds.tolist() == [[1, 0], [0, 0]]


def test_labels_are_those_of_the_scene():
    picture = Pictures("train", 5, 64, 3)[2]
    scene = scenes.scene("train", 2, seed=5)
    image = np.array(scenes.picture(scene, 64))
    assert np.array_equal(picture["image"].permute(1, 2, 0).numpy(), image)
    assert list(drawing.GROUNDS)[picture["ground"]] == scene.ground
    assert list(drawing.TIMES)[picture["time"]] == scene.time
    shown = {KINDS[kind - 1] for kind in picture["thing"].unique().tolist() if kind}
    assert shown and shown <= {placed.thing for placed in scene.placed}


def test_no_picture_comes_twice_and_resuming_goes_on_with_the_next():
    settings = Settings(steps=3, more=1, batch=3)
    whole = [batch["image"] for batch in training_batches(settings, 0, 0)]
    resumed = [batch["image"] for batch in training_batches(settings, 3, 0)]
    assert [tuple(images.shape) for images in whole] == [(3, 3, 32, 32)] * 2 + [(3, 3, 64, 64)] * 2
    assert len({image.numpy().tobytes() for images in whole for image in images}) == 12
    assert len(resumed) == 1 and torch.equal(resumed[0], whole[3])


def test_drawing_ahead_changes_no_picture():
    settings = Settings(steps=2, more=0, batch=2)
    alone, ahead = (list(training_batches(settings, 0, workers)) for workers in (0, 1))
    assert all(torch.equal(one[name], two[name]) for one, two in zip(alone, ahead) for name in one)


def test_learning_rate_rises_and_falls():
    settings = Settings(steps=200, more=100, rate=0.5)
    rates = [settings.rate_at(step) for step in range(200)]
    assert rates[0] == pytest.approx(0.05)
    assert max(rates) == rates[9] == rates[10] == 0.5
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 1e-3
    again = [settings.rate_at(step) for step in range(200, 300)]
    assert max(again) == again[4] == 0.25
    assert again[5:] == sorted(again[5:], reverse=True)
    assert {settings.size_at(step) for step in range(200, 300)} == {pretrain.PHASES[-1][1]}


def test_loss_falls_on_pictures_seen_again(tmp_path):
    batch = next(training_batches(Settings(steps=1, more=0, batch=4), 0, 0))
    training = Training(Settings(steps=40, more=0, batch=4), tmp_path)
    losses = [training.take(batch)[0] for _ in range(16)]
    assert np.mean(losses[-3:]) < 0.6 * losses[0]


def test_batch_without_things_has_a_finite_loss():
    batch = next(training_batches(Settings(steps=1, more=0, batch=2), 0, 0))
    batch["thing"].zero_()
    scores = pretrain.Pupil()(batch["image"])
    assert torch.isfinite(pretrain.loss_of(scores, batch))


def options(tmp_path, *more):
    sizes = [
        "--steps",
        "3",
        "--more",
        "1",
        "--batch",
        "4",
        "--count",
        "6",
        "--workers",
        "0",
        "--threads",
        "1",
    ]
    return [
        *sizes,
        "--work",
        str(tmp_path / "work"),
        "--out",
        str(tmp_path / "w.safetensors"),
        *more,
    ]


def test_stopped_and_resumed_is_the_same_as_in_one_go(tmp_path, monkeypatch, capsys):
    assert main(options(tmp_path / "whole")) == 0
    take = Training.take
    monkeypatch.setattr(
        Training, "take", lambda self, batch: take(self, batch) if self.step < 2 else interrupt()
    )
    assert main(options(tmp_path / "parts")) == 130
    assert "--resume" in capsys.readouterr().err
    monkeypatch.setattr(Training, "take", take)
    assert main(options(tmp_path / "parts", "--resume")) == 0
    whole, parts = (
        read_tensors(tmp_path / name / "w.safetensors", "weights") for name in ("whole", "parts")
    )
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def interrupt():
    raise KeyboardInterrupt


def test_what_is_written_is_torchvisions_trunk_in_float16(tmp_path):
    assert main(options(tmp_path)) == 0
    tensors = read_tensors(tmp_path / "w.safetensors", "weights")
    theirs = get_model("regnet_x_400mf", weights=None).state_dict()
    statistics = {name: tensors.pop(name) for name in ("feature_mean", "feature_std")}
    assert set(tensors) == {name for name in theirs if not name.startswith("fc.")}
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16, torch.int64}
    standardised = Encoder("regnet_x_400mf", tmp_path / "w.safetensors", 64)
    assert standardised.grid == (2, 2)
    write_tensors(tmp_path / "trunk.safetensors", tensors)
    plain = Encoder("regnet_x_400mf", tmp_path / "trunk.safetensors", 64)
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    mean, std = (statistics[name].view(-1, 1, 1) for name in ("feature_mean", "feature_std"))
    torch.testing.assert_close(
        standardised(images) * std + mean, plain(images), rtol=1e-4, atol=1e-4
    )
    card = (tmp_path / "w.md").read_text(encoding="utf-8")
    assert sha256(tmp_path / "w.safetensors") in card
    assert "--steps 3 --more 1 --batch 4 --seed 0" in card
    assert "16, each once |" in card


def test_half_trained_weights_can_be_written(tmp_path, monkeypatch):
    training = Training(Settings(steps=9, more=0, batch=4), tmp_path / "work")
    training.take(next(training_batches(training.settings, 0, 0)))
    training.save()
    assert main(options(tmp_path, "--export-only")) == 0
    assert "stopped at step 1 of 9" in (tmp_path / "w.md").read_text(encoding="utf-8")


def test_checkpoint_brings_everything_back(tmp_path):
    training = Training(Settings(steps=9, more=0, batch=4, seed=3, rate=0.01), tmp_path)
    first, second = training_batches(Settings(steps=2, more=0, batch=4), 0, 0)
    training.take(first)
    training.save()
    again = Training.load(tmp_path)
    assert asdict(again.settings) == asdict(training.settings)
    assert again.step == 1
    assert again.take(second)[0] == training.take(second)[0]
    assert all(
        torch.equal(*pair)
        for pair in zip(again.average.parameters(), training.average.parameters())
    )


@pytest.mark.parametrize("flag", ["--resume", "--export-only"])
def test_nothing_to_resume(tmp_path, capsys, flag):
    assert main(options(tmp_path, flag)) == 2
    assert "no checkpoint" in capsys.readouterr().err


def test_checkpoint_is_not_overwritten_by_a_new_start(tmp_path, capsys):
    Training(Settings(), tmp_path / "work").save()
    before = sha256(tmp_path / "work" / "checkpoint.safetensors")
    assert main(options(tmp_path)) == 2
    assert "--resume" in capsys.readouterr().err
    assert sha256(tmp_path / "work" / "checkpoint.safetensors") == before


def test_damaged_checkpoint(tmp_path):
    Training(Settings(), tmp_path).save()
    (tmp_path / "checkpoint.safetensors").write_bytes(b"cut off")
    with pytest.raises(InputError, match="damaged checkpoint"):
        Training.load(tmp_path)
