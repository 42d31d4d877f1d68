"""What the tests of training share: a small recipe, and modules whose model was tampered with."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import torch

from coursework import captioning
from coursework.bundle import Bundle
from coursework.files import sha256
from coursework.learn.loop import take_step
from coursework.learn.recipe import Recipe


def small(**changes) -> Recipe:
    """A recipe of a few blinks: 84 pairs of the tiny bundle make 6 steps an epoch, the last of 4 pairs."""
    few = {"cell_type": "rnn", "wordvec_dim": 6, "hidden_dim": 8, "epochs": 2, "batch_size": 16}
    rest = {"learning_rate": 0.01, "warmup_steps": 2, "max_words": 8, "max_length": 9}
    return replace(Recipe.load("scenes-rnn"), **(few | rest | changes))


def module_with(**methods) -> SimpleNamespace:
    """The module captioning, with methods of its CaptioningRNN replaced."""
    model = type("CaptioningRNN", (captioning.CaptioningRNN,), methods)
    return SimpleNamespace(CaptioningRNN=model, __file__=str(Path(__file__)))


def true_captions(bundle: Bundle, features: torch.Tensor, max_length: int) -> torch.Tensor:
    """The first caption of the image that each row of features belongs to, as `sample` would give it."""
    every = bundle.feature_batch(range(len(bundle.images)))
    rows = [next(i for i, other in enumerate(every) if torch.equal(own, other)) for own in features]
    ids = [bundle.vocabulary.encode(bundle.images[i].captions[0])[1:] for i in rows]
    captions = torch.zeros(len(rows), max_length, dtype=torch.int64)
    for n, row in enumerate(ids):
        captions[n, : len(row)] = torch.tensor(row[:max_length])
    return captions


def assert_same_run(one, other):
    """Assert that two runs have the same losses, scores and weights, to the last bit."""
    assert one.history["loss"] == other.history["loss"]
    assert one.history["validation"] == other.history["validation"]
    assert one.history["finished"] and other.history["finished"]
    for name in ("best.safetensors", "last.safetensors"):
        assert sha256(one.path / name) == sha256(other.path / name)


class Killed(BaseException):
    """In place of a kill: nothing catches it."""


def dying_at(last):
    """A `take_step` that dies instead of its step number `last`."""
    steps = 0

    def take(*args):
        nonlocal steps
        steps += 1
        if steps == last:
            raise Killed
        return take_step(*args)

    return take
