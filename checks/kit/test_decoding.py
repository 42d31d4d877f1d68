"""Captions out of a model: what is accepted from `sample`, and how it is cut to words."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from coursework.captioning import CaptioningRNN
from coursework.files import InputError
from coursework.look import evaluate as evaluation
from coursework.look.decoding import caption_features, caption_split
from coursework.look.evaluate import evaluate
from coursework.vocabulary import Vocabulary

VOCABULARY = Vocabulary(["<NULL>", "<START>", "<END>", "<UNK>", "a", "red", "car"])
A, RED, CAR, END, NULL = 4, 5, 6, 2, 0


class Says(nn.Module):
    """A stand-in for a student's model: `sample` gives what it was told to, for as many rows as asked."""

    def __init__(self, output):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))
        self.output, self.asked = output, []

    def sample(self, features, max_length=15):
        self.asked.append(len(features))
        return self.output


def untrained(bundle, cell_type):
    torch.manual_seed(0)
    return CaptioningRNN(bundle.vocabulary.word_to_idx, bundle.channels, 8, 16, cell_type)


def features(n=1, h=2, w=3):
    return torch.zeros(n, 5, h, w)


def numbered_weights(n, steps, h=2, w=3):
    """Weights that tell which row and step they belong to."""
    numbers = 100.0 * torch.arange(n)[:, None] + torch.arange(steps)
    return numbers[:, :, None, None].expand(n, steps, h, w)


def test_words_end_at_END():
    said = torch.tensor(
        [[A, RED, CAR, END, NULL, NULL], [A, CAR, END, RED, RED, RED], [END] + [NULL] * 5]
    )
    captions = caption_features(Says((said, None)), features(3), VOCABULARY, max_length=6)
    assert [caption.words for caption in captions] == [["a", "red", "car"], ["a", "car"], []]
    assert [caption.weights for caption in captions] == [None] * 3
    assert str(captions[0]) == "a red car"


def test_without_END_all_steps_are_words():
    captions = caption_features(
        Says((torch.tensor([[A, RED, CAR]]), None)), features(), VOCABULARY, max_length=3
    )
    assert captions[0].words == ["a", "red", "car"]


def test_weights_stay_with_their_words():
    """A sampled NULL or START is no word; the words after it still have the weights of their steps."""
    said = torch.tensor([[A, NULL, CAR, END, NULL], [1, RED, CAR, A, END]])
    model = Says((said, numbered_weights(2, 5)))
    first, second = caption_features(model, features(2), VOCABULARY, max_length=5)
    assert first.words == ["a", "car"] and first.weights[:, 0, 0].tolist() == [0, 2]
    assert second.words == ["red", "car", "a"] and second.weights[:, 0, 0].tolist() == [
        101,
        102,
        103,
    ]
    assert first.weights.shape == (2, 2, 3)


def test_weights_after_END_are_not_looked_at():
    weights = numbered_weights(1, 3).clone()
    weights[:, 2] = float("nan")
    model = Says((torch.tensor([[A, END, NULL]]), weights))
    [caption] = caption_features(model, features(), VOCABULARY, 3)
    assert np.isfinite(caption.weights).all()


def test_ids_are_read_from_the_vocabulary():
    """The special words need not have the usual ids: what ends a caption is what is called END."""
    vocabulary = Vocabulary(VOCABULARY.words)
    vocabulary.words = ["a", "<END>", "car", "<NULL>", "<START>", "<UNK>"]
    vocabulary.word_to_idx = {word: i for i, word in enumerate(vocabulary.words)}
    model = Says((torch.tensor([[0, 2, 1, 3]]), None))
    [caption] = caption_features(model, features(), vocabulary, 4)
    assert caption.words == ["a", "car"]


@pytest.mark.parametrize("cell_type", ["rnn", "lstm", "attn"])
def test_batches_do_not_change_captions(cell_type, tiny_bundle):
    model = untrained(tiny_bundle, cell_type)
    whole = caption_split(model, tiny_bundle, "train", max_length=7, progress=False)
    parts = caption_split(model, tiny_bundle, "train", max_length=7, batch_size=5, progress=False)
    assert len(whole) == tiny_bundle.splits["train"]
    assert [caption.words for caption in whole] == [caption.words for caption in parts]
    for one, other in zip(whole, parts, strict=True):
        if cell_type == "attn":
            assert one.weights.shape == (len(one.words), *tiny_bundle.grid)
            np.testing.assert_allclose(one.weights, other.weights, atol=1e-6)
        else:
            assert one.weights is None and other.weights is None


def test_it_is_the_models_own_sample_that_speaks(tiny_bundle):
    model = untrained(tiny_bundle, "lstm")
    indices = tiny_bundle.split("val")
    expected, _ = model.sample(tiny_bundle.feature_batch(indices), 6)
    captions = caption_split(model, tiny_bundle, "val", max_length=6, progress=False)
    assert [caption.words for caption in captions] == [
        tiny_bundle.vocabulary.decode(row) for row in expected
    ]


def test_mode_and_parameters_are_left_alone(tiny_bundle):
    for training in (True, False):
        model = untrained(tiny_bundle, "attn").train(training)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        caption_split(model, tiny_bundle, "test", progress=False)
        assert model.training is training
        assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_what_fails_in_sample_is_put_down_to_its_module_and_nothing_else_is(
    tiny_bundle, monkeypatch
):
    class Fails(Says):
        def sample(self, features, max_length=15):
            raise ValueError("in sample")

    module = SimpleNamespace(__file__=__file__)
    with pytest.raises(
        InputError, match=r"Fails.sample fails \(test_decoding.py, line .*in sample"
    ):
        evaluate(Fails(None), tiny_bundle, "val", progress=False, module=module)
    with pytest.raises(ValueError, match="in sample"):
        evaluate(Fails(None), tiny_bundle, "val", progress=False)

    def broken(*args):
        raise ValueError("in the scoring")

    monkeypatch.setattr(evaluation, "score_captions", broken)
    model = untrained(tiny_bundle, "rnn")
    with pytest.raises(ValueError, match="in the scoring"):
        evaluate(model, tiny_bundle, "val", progress=False, module=module)


def test_no_images_no_captions():
    model = Says(None)
    assert caption_features(model, features(0), VOCABULARY) == [] and model.asked == []


def test_unknown_split(tiny_bundle):
    with pytest.raises(InputError, match="nowhere"):
        caption_split(Says(None), tiny_bundle, "nowhere")


GOOD = torch.tensor([[A, CAR, END]])
WRONG_OUTPUTS = {
    "nothing": (None, "returned NoneType"),
    "captions alone": (GOOD, "captions and weights, .* None .* it returned Tensor"),
    "lists": (([[A, CAR, END]], None), "returned list and NoneType"),
    "weights as a list": ((GOOD, []), "returned Tensor and list"),
    "three things": ((GOOD, GOOD, GOOD), "returned Tensor and Tensor and Tensor"),
    "START kept": ((torch.tensor([[1, A, CAR, END]]), None), r"\(1, 3\).*got \(1, 4\)"),
    "one row short": ((GOOD[:0], None), r"got \(0, 3\)"),
    "no batch axis": ((GOOD[0], None), r"got \(3,\)"),
    "float ids": ((GOOD.float(), None), "int64.*float32"),
    "an id past the last word": ((torch.tensor([[A, 7, END]]), None), "word id 7.*0 to 6"),
    "a negative id": ((torch.tensor([[A, -1, END]]), None), "word id -1"),
    "flat weights": ((GOOD, torch.zeros(1, 3, 6)), r"\(1, 3, 2, 3\).*got \(1, 3, 6\)"),
    "grid transposed": ((GOOD, numbered_weights(1, 3, 3, 2)), r"got \(1, 3, 3, 2\)"),
    "whole-number weights": ((GOOD, numbered_weights(1, 3).long()), "floating.*int64"),
    "nan weights": ((GOOD, numbered_weights(1, 3) * float("nan")), "not finite"),
}


@pytest.mark.parametrize("wrong", WRONG_OUTPUTS)
def test_wrong_outputs_are_named(wrong):
    output, message = WRONG_OUTPUTS[wrong]
    with pytest.raises(InputError, match=message) as caught:
        caption_features(Says(output), features(), VOCABULARY, max_length=3)
    assert "sample" in str(caught.value) and "\n" not in str(caught.value)
