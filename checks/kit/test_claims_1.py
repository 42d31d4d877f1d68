"""What the first notebook says, computed anew: the text is read from the notebook itself."""

import json
import math
import re
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from coursework.captioning import RNN, CaptioningRNN
from coursework.learn.recipe import Recipe
from coursework.prepare import scenes
from coursework.prepare.encoder import Encoder
from coursework.vocabulary import SPECIAL

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads((NOTEBOOKS / "1_rnn.ipynb").read_text("utf-8"))["cells"]
}
IN_ORDER = [
    "rnn_step_forward",
    "rnn_forward",
    "word_embedding_forward",
    "temporal_softmax_loss",
    "CaptioningRNN.forward[rnn]",
    "CaptioningRNN.sample[rnn]",
]


@pytest.fixture
def drawings(monkeypatch):
    monkeypatch.syspath_prepend(str(NOTEBOOKS))
    import drawings.scene

    return drawings


def executed(cell: str, **names) -> dict:
    """The names that a code cell leaves behind, run without a notebook round it."""
    names |= {"lab": SimpleNamespace(patient=nullcontext), "display": lambda figure: None}
    exec(CELLS[cell], names)
    return names


def test_the_exercises_come_in_the_order_of_the_path():
    source = "\n".join(CELLS.values())
    assert re.findall(r'^check\("(.+)"\)$', source, re.MULTILINE) == IN_ORDER


def test_memory_fades_as_the_text_says():
    plain = SimpleNamespace(rnn_memory=lambda curves: None)
    curves = executed("memory", drawings=plain)["curves"]
    small, middle, large = curves.values()
    assert small[4] < 0.02 and small[8] < 0.001  # gone after a few steps
    assert "less than a hundredth is left after ten" in CELLS["memory-read"]
    assert 0.001 < middle[10] < 0.01
    assert min(large) > 0.2  # the difference stays
    assert "which is how training begins here" in CELLS["memory-read"]
    assert math.isclose(RNN(8, 192).Wh.std().item(), 1 / math.sqrt(192), rel_tol=0.05)


def test_a_cell_has_as_many_numbers_as_the_text_says():
    assert "$DH + H^2 + H$ numbers" in CELLS["write-rnn-forward"]
    assert sum(p.numel() for p in RNN(5, 7).parameters()) == 5 * 7 + 7**2 + 7


def test_the_table_of_signs():
    rows = re.findall(r"^\| (\d) \| `(<\w+>)`", CELLS["write-word-embedding-forward"], re.MULTILINE)
    assert rows == [(str(idx), sign) for idx, sign in enumerate(SPECIAL)]


def test_the_first_figure_of_the_loss(capsys):
    assert "on average 5" in CELLS["sanity-idea"]
    executed("sanity", **executed("memory", drawings=SimpleNamespace(rnn_memory=id)))
    numbers = re.findall(r"\d+\.\d+", capsys.readouterr().out)
    assert numbers == [f"{5 * math.log(205):.3f}"] * 2


def test_the_sizes_of_the_recipes():
    demo, overfit = Recipe.load("demo"), Recipe.load("overfit")
    assert demo.epochs == 4 and "every caption is seen four times" in CELLS["train-idea"]
    assert f"captions[0], {overfit.max_words})" in CELLS["overfit-start"]
    assert f"captions[0], {demo.max_words})" in CELLS["picture-memory"]


def test_the_grid_of_the_scenes():
    said = re.search(r"that is (\d+) × (\d+) positions with (\d+) numbers", CELLS["captioner-idea"])
    encoder = Encoder()
    assert tuple(map(int, said.groups())) == (*encoder.grid, encoder.channels)


def test_the_scores_to_expect_are_those_that_were_recorded(drawings):
    import tour

    assert Recipe.load("demo").validation_images == 100 and "100)" in CELLS["train-idea"]
    said = re.search(
        r"mentions of (\d+) to (\d+) % and a BLEU-4 of (\d+) to (\d+)", CELLS["score-idea"]
    )
    least, most, low, high = map(int, said.groups())
    found = tour.recorded().about["scores"]["rnn"]
    assert least < 100 * found["mentions"]["f1"] < most
    assert low < 100 * found["bleu"]["bleu4"] < high


def test_the_captions_in_the_drawings_are_those_of_the_scene(drawings):
    about = drawings.scene
    true = scenes.captions(scenes.scene(about.SPLIT, about.INDEX))
    assert " ".join(about.CAPTION) in true and " ".join(about.LONGER) in true


def test_states_are_caught_on_their_way(drawings):
    torch.manual_seed(0)
    words = {word: idx for idx, word in enumerate([*SPECIAL, "a", "duck"])}
    model = CaptioningRNN(words, input_dim=3, wordvec_dim=4, hidden_dim=5)
    features, captions = torch.randn(2, 3, 2, 4), torch.tensor([[1, 4, 5, 2], [1, 5, 2, 0]])
    h0, *after = drawings.states(model, features, captions)
    assert torch.equal(h0, model.image_projection(features.mean(dim=(2, 3))))
    wanted, _ = model.cell(model.word_embedding(captions[:, :-1]), h0)
    torch.testing.assert_close(torch.stack(after, dim=1), wanted)
    assert not model.image_projection._forward_hooks
