"""Overfitting: the verdict says what came back, free-running, and where to look when something did not."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from training import module_with, true_captions

from coursework import captioning
from coursework.files import InputError, sha256
from coursework.learn import overfit as overfitting
from coursework.learn.overfit import Verdict, overfit
from coursework.learn.recipe import Recipe
from coursework.run import Run


@pytest.fixture
def quick(monkeypatch):
    """The recipe in small: a few steps, for tests that want to see it go wrong."""
    few = {"epochs": 3, "validate_every": 1, "hidden_dim": 8, "wordvec_dim": 6}
    recipe = replace(Recipe.load("overfit"), **few)
    monkeypatch.setattr(overfitting, "Recipe", SimpleNamespace(load=lambda name: recipe))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "attn"])
def test_the_reference_learns_the_tiny_bundle_by_heart(tiny_bundle, cell, monkeypatch):
    small = replace(
        Recipe.load("overfit"), hidden_dim=96, wordvec_dim=32, learning_rate=5e-3
    )  # to be quick
    monkeypatch.setattr(overfitting, "Recipe", SimpleNamespace(load=lambda name: small))
    verdict = overfit(tiny_bundle, cell, count=12, progress=False)
    assert verdict.reproduced == verdict.count == 12
    assert verdict.text() == "12 of 12 captions come back word for word."
    assert (
        len(verdict.history["loss"]) < Recipe.load("overfit").epochs
    )  # it stopped as soon as it could
    assert verdict.history["recall"][-1]["recall"] == 1 > verdict.history["recall"][0]["recall"]


def test_a_small_bundle_is_taken_whole_and_the_verdict_says_so(tiny_bundle, quick):
    verdict = overfit(tiny_bundle, "rnn", count=50, progress=False)
    assert verdict.count == 28
    assert "The bundle has 28 training images, not 50: all were taken." in verdict.text()


def test_the_plain_view_is_learned_whatever_others_there_are(tiny_bundle, quick, monkeypatch):
    shown = []

    def feature_batch(indices, views=0):
        shown.append(views)
        return real(indices, views)

    real = tiny_bundle.feature_batch
    monkeypatch.setattr(tiny_bundle, "views", ["plain", "flip"])
    monkeypatch.setattr(tiny_bundle, "feature_batch", feature_batch)
    overfit(tiny_bundle, "rnn", count=4, progress=False)
    assert len(shown) == 4 and set(shown) == {0}  # three steps, and for the captions in the end


def test_the_verdict_names_what_did_not_come_back():
    misses = [(n, ["a", "red", "cat"], ["a", "cat"]) for n in range(3, 10)]
    verdict = Verdict(50, misses, {}, "look there.", ["A note."])
    lines = verdict.text().splitlines()
    assert verdict.reproduced == 43
    assert lines[0] == "43 of 50 captions come back word for word; these do not:"
    assert lines[1] == "  image 3: wanted 'a red cat', got 'a cat'"
    assert lines[-3:] == ["  and 2 more", "A note.", "Next: look there."]


def test_the_captions_judged_are_free_running_and_must_end(tiny_bundle, quick):
    """What `sample` says counts, word for word: here one word too many, one wrong, one without END."""

    def sample(self, features, max_length):
        captions = true_captions(tiny_bundle, features, max_length)
        ends = (captions == 2).int().argmax(dim=1)
        captions[0, ends[0]], captions[0, ends[0] + 1] = 7, 2
        captions[1, 0] = captions[1, 1]
        captions[2, ends[2] :] = 0  # NULL does not end a caption
        return captions, None

    verdict = overfit(
        tiny_bundle, "rnn", count=8, module=module_with(sample=sample), progress=False
    )
    assert [image for image, _, _ in verdict.misses] == tiny_bundle.split("train")[:3]
    assert [len(got) - len(wanted) for _, wanted, got in verdict.misses[:2]] == [1, 0]
    assert verdict.misses[2][2][-1] == "<NULL>"
    assert "5 of 8 captions" in verdict.text()


def test_right_words_without_end_are_told_as_that(tiny_bundle, quick):
    def sample(self, features, max_length):
        captions = true_captions(tiny_bundle, features, max_length)
        return captions.masked_fill((captions == 2) | (captions == 0), 5), None

    verdict = overfit(
        tiny_bundle, "rnn", count=8, module=module_with(sample=sample), progress=False
    )
    assert verdict.reproduced == 0 and "END does not come" in verdict.text()


def test_one_caption_for_every_image_points_to_the_image_path(tiny_bundle, quick):
    def sample(self, features, max_length):
        return torch.tensor([[5] * (max_length - 1) + [2]] * len(features)), None

    verdict = overfit(
        tiny_bundle, "rnn", count=8, module=module_with(sample=sample), progress=False
    )
    assert "every image gets the same caption" in verdict.text()


def test_learned_but_not_said_points_to_sample(tiny_bundle):
    def sample(self, features, max_length):
        captions, _ = captioning.CaptioningRNN.sample(self, features, max_length)
        return captions.flip(0), None

    module = module_with(sample=sample)
    with pytest.MonkeyPatch.context() as patch:
        recipe = replace(
            Recipe.load("overfit"), epochs=100, hidden_dim=96, wordvec_dim=32, learning_rate=5e-3
        )
        patch.setattr(overfitting, "Recipe", SimpleNamespace(load=lambda name: recipe))
        verdict = overfit(tiny_bundle, "rnn", count=8, module=module, progress=False)
    assert "forward has learned the captions, sample does not say" in verdict.text()


def test_not_learned_points_to_the_checks(tiny_bundle, quick):
    verdict = overfit(tiny_bundle, "lstm", count=8, progress=False)
    assert verdict.reproduced < 8
    assert "the loss is still" in verdict.advice or "the same caption" in verdict.advice


def test_a_forward_that_uses_no_image_cannot_pass(tiny_bundle):
    def projected(self, features):
        return captioning.CaptioningRNN._project_image(self, torch.zeros_like(features))

    with pytest.MonkeyPatch.context() as patch:
        recipe = replace(
            Recipe.load("overfit"), epochs=60, hidden_dim=96, wordvec_dim=32, learning_rate=5e-3
        )
        patch.setattr(overfitting, "Recipe", SimpleNamespace(load=lambda name: recipe))
        module = module_with(_project_image=projected)
        verdict = overfit(tiny_bundle, "rnn", count=12, module=module, progress=False)
    assert verdict.reproduced <= 1
    assert "every image gets the same caption" in verdict.text()


def test_an_unwritten_function_is_named(tiny_bundle, quick, tmp_path):
    for name in ("forward", "sample"):

        def unwritten(self, *args):
            raise NotImplementedError("task 5")

        unwritten.__code__ = unwritten.__code__.replace(
            co_qualname=f"CaptioningRNN.{name}", co_filename=__file__
        )
        module = module_with(**{name: unwritten})
        module.__file__ = __file__
        with pytest.raises(InputError, match=rf"^CaptioningRNN.{name} is not written yet"):
            overfit(tiny_bundle, "rnn", module=module, progress=False)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (None, "must return captions and weights.*returned NoneType"),
        ((), "must return captions and weights.*returned nothing"),
        ((torch.zeros(8, 15), None), "must return captions of dtype torch.int64.*float32"),
        ((torch.zeros(8, 3).long(), None), r"must return captions of shape.*got \(8, 3\)"),
        (
            (torch.full((8, 15), 22), None),
            "gave the word id 22; the vocabulary has the ids 0 to 21",
        ),
        ((torch.full((8, 15), -1), None), "gave the word id -1"),
    ],
)
def test_a_sample_that_returns_no_captions_is_told_so(tiny_bundle, quick, output, said):
    module = module_with(sample=lambda *args: output)
    with pytest.raises(InputError, match=f"sample {said}"):
        overfit(tiny_bundle, "rnn", count=8, module=module, progress=False)


def test_images_that_look_the_same_are_noted_and_not_waited_for(tiny_bundle, monkeypatch):
    real = tiny_bundle.feature_batch
    train = tiny_bundle.split("train")

    def twins(indices, view=0):
        """The features of the first training image for the second as well."""
        return real([train[0] if int(i) == train[1] else int(i) for i in indices], view)

    monkeypatch.setattr(tiny_bundle, "feature_batch", twins)
    verdict = overfit(tiny_bundle, "rnn", count=6, progress=False)
    assert verdict.reproduced == 5
    assert len(verdict.history["loss"]) < Recipe.load("overfit").epochs
    assert (
        f"Images {train[0]}, {train[1]} have the same features and different captions"
        in verdict.text()
    )


def test_captions_that_are_all_alike_and_unused_weights_are_noted(tiny_bundle, quick, monkeypatch):
    alike = [replace(record, captions=["a red car"]) for record in tiny_bundle.images]
    monkeypatch.setattr(tiny_bundle, "images", alike)

    def forward(self, features, captions):
        return (
            captioning.CaptioningRNN.forward(self, features, captions) + 0 * self.spare[0].detach()
        )

    def init(self, *args, **kwargs):
        captioning.CaptioningRNN.__init__(self, *args, **kwargs)
        self.spare = torch.nn.Parameter(torch.zeros(1))

    module = module_with(__init__=init, forward=forward)
    text = overfit(tiny_bundle, "rnn", count=8, module=module, progress=False).text()
    assert "Only 1 different captions among 8" in text
    assert "No gradient reached spare" in text


def test_the_run_can_be_kept_and_is_not_written_over(tiny_bundle, quick, tmp_path):
    out = tmp_path / "run"
    verdict = overfit(tiny_bundle, "attn", out=out, count=8, progress=False)
    run = Run.open(out)
    assert run.history == verdict.history and run.history["finished"]
    assert run.settings["cell_type"] == run.model().cell_type == "attn"
    before = sha256(out / "best.safetensors")
    with pytest.raises(InputError, match="already holds a run: it is overfitted already"):
        overfit(tiny_bundle, "attn", out=out, progress=False)
    assert sha256(out / "best.safetensors") == before


def test_the_same_seed_gives_the_same_verdict(tiny_bundle, quick):
    losses = [
        overfit(tiny_bundle, "lstm", count=8, seed=seed, progress=False).history["loss"]
        for seed in (0, 0, 1)
    ]
    assert losses[0] == losses[1] != losses[2]


def test_no_captions_and_an_unknown_cell_are_refused(tiny_bundle):
    with pytest.raises(InputError, match="at least 1"):
        overfit(tiny_bundle, "rnn", count=0, progress=False)
    with pytest.raises(InputError, match="cell_type is 'gru'"):
        overfit(tiny_bundle, "gru", progress=False)
