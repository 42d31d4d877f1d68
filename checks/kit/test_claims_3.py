"""What notebook 3 says, computed anew; its text and its cells are read from the notebook itself."""

import json
import re
import shlex
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from checks.cases import EXERCISES
from coursework import captioning
from coursework.arguments import parser
from coursework.learn.recipe import Recipe

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads((NOTEBOOKS / "3_attention.ipynb").read_text("utf-8"))["cells"]
}
TEXT = "\n".join(CELLS.values())


@pytest.fixture(scope="module")
def drawings():
    sys.path.insert(0, str(NOTEBOOKS))
    try:
        import drawings

        yield drawings
    finally:
        sys.path.remove(str(NOTEBOOKS))


def run(cell: str, drawings, **given) -> dict:
    """Execute a cell as it stands, with names given; all that it displays is gathered under "shown"."""
    shown = []
    names = {
        "drawings": drawings,
        "lab": SimpleNamespace(patient=nullcontext),
        "display": shown.append,
        "shown": shown,
        **given,
    }
    torch.manual_seed(0)
    exec(CELLS[cell], names)
    return names


@pytest.fixture(scope="module")
def scale(drawings) -> dict:
    return run("scale", drawings)


@pytest.fixture(scope="module")
def mean(drawings) -> dict:
    return run("mean", drawings)


@pytest.fixture(scope="module")
def ask(drawings) -> dict:
    return run("ask", drawings)


def test_swapping_colours_changes_positions_and_hardly_their_mean(mean):
    assert "7 × 7 vectors of 400 numbers each" in CELLS["mean-idea"]
    assert mean["before"].shape == (400, 7, 7)
    change = mean["difference"].norm() / mean["mean"].norm()
    for told, share in (("changed one by", mean["change"].max()), ("mean has moved by", change)):
        assert f"{told} {100 * share:.0f} %" in CELLS["mean-read"]
    assert {first.colour for first in mean["scene"].placed} == {"pink", "orange"}
    assert "a little more pink" in CELLS["mean-read"]


def test_who_answers_when_a_house_asks(ask):
    from coursework.look.scoring import cells_touched
    from coursework.prepare import scenes

    things = scenes.things(scenes.scene("val", 8))
    assert sorted((t["colour"], t["thing"]) for t in things) == [
        ("blue", "house"),
        ("blue", "house"),
        ("purple", "house"),
    ]
    looks = ask["looks"]
    asking = [t for t in things if cells_touched([t["box"]], (7, 7))[4, 1]]
    assert [t["colour"] for t in asking] == ["blue"]

    def best(look: str) -> list[str]:
        """The best position of the house that asks, of the other blue one, and of the purple one."""
        others = [thing for thing in things if thing not in asking]
        order = asking + sorted(others, key=lambda thing: thing["colour"])
        touched = [torch.from_numpy(cells_touched([t["box"]], (7, 7))) for t in order]
        return [f"{looks[look][each].max():.2f}" for each in touched]

    assert looks["whole"].argmax() == 4 * 7 + 1 and float(best("whole")[2]) < 0.05
    said = re.findall(r"0\.\d\d", CELLS["ask-read"])
    assert said == [*best("whole")[:2], *best("a quarter")]
    torch.testing.assert_close(looks["zero"], torch.full((7, 7), 1 / 49))
    torch.testing.assert_close(ask["attn"], ask["A"].mean(dim=(2, 3)), atol=1e-5, rtol=1e-4)
    assert ask["A"].shape[1] == 400 and "H is 400" in CELLS["ask-idea"]


def test_attention_does_not_know_where_positions_stand(ask):
    question, A = ask["question"] / 4, ask["A"]
    order = torch.randperm(49, generator=torch.Generator().manual_seed(0))
    shuffled = A.flatten(2)[:, :, order].reshape(A.shape)
    attn, _ = captioning.dot_product_attention(question, A)
    torch.testing.assert_close(captioning.dot_product_attention(question, shuffled)[0], attn)


def test_the_weights_that_the_text_gives_for_three_scores():
    plain, tenfold = re.search(
        r"From scores 1, 2, 3 it makes the weights (.*?)\. From .*? makes (.*?)\.\n",
        CELLS["scale-idea"] + "\n",
    ).groups()
    scores = torch.tensor([1.0, 2.0, 3.0])
    for text, factor in ((plain, 1), (tenfold, 10)):
        said = [float(number) for number in re.findall(r"\d\.\d\d", text)]
        assert said == [round(w, 2) for w in torch.softmax(factor * scores, dim=0).tolist()]


def test_spread_of_random_scores(scale):
    for H, scores in scale["plain"].items():
        assert float(scores.std()) == pytest.approx(H**0.5, rel=0.05)
        assert float(scale["scaled"][H].std()) == pytest.approx(1, rel=0.05)
    hidden = Recipe.load("demo").hidden_dim
    assert f"H = {hidden} is what a training on the drawn scenes uses" in CELLS["scale-read"]
    assert f"show={hidden}" in CELLS["scale"]
    largest = torch.softmax(scale["plain"][hidden], dim=1).amax(dim=1).mean()
    spread_out = torch.softmax(scale["scaled"][hidden], dim=1).amax(dim=1).mean()
    assert largest > 0.85 and spread_out < 0.2


def test_the_gradient_of_softmax_has_the_factor_that_the_text_gives():
    assert "weight × (1 − weight)" in CELLS["scale-read"]
    scores = torch.randn(5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    jacobian = torch.autograd.functional.jacobian(lambda s: torch.softmax(s, dim=0), scores)
    weights = torch.softmax(scores, dim=0)
    torch.testing.assert_close(jacobian.diagonal(), weights * (1 - weights))


def test_equal_shares_in_the_cell_that_counts_them():
    count = CELLS["reach"].split("weights in zip")[1].split(":\n", 1)[1]
    entropy = next(line for line in count.splitlines() if "entropy =" in line).strip()
    for weights, shares in ((np.full((7, 7), 1 / 49), 49), (np.eye(1, 49), 1)):
        names = {"np": np, "weights": weights}
        exec(entropy, names)
        assert np.exp(names["entropy"]) == pytest.approx(shares)


def test_a_small_word_is_counted_with_the_one_before_it(drawings, monkeypatch):
    from coursework.look import decoding

    words = "<START> a picture of a red car and a kite".split()[1:]
    caption = SimpleNamespace(words=words, weights=np.full((len(words), 2, 2), 1 / 4))
    monkeypatch.setattr(decoding, "caption_split", lambda *_: [caption])
    bundle = SimpleNamespace(lexicon={"nouns": {"car": "car", "kite": "kite"}, "colours": ["red"]})
    bundle.grid = (2, 2)
    trained = SimpleNamespace(model=lambda _: None, max_length=20)
    kept = SimpleNamespace(bundle=lambda _: bundle, run=lambda *_: trained, module=lambda: None)
    monkeypatch.setitem(sys.modules, "kept", kept)
    looks = run("reach", drawings, BUNDLE="scenes")["looks"]
    pairs = ["<START> a", "a picture", "picture of", "of a", "red", "car", "and", "and a", "kite"]
    assert list(looks) == pairs
    assert list(looks.values()) == [[pytest.approx(4)]] * len(pairs)


def test_what_to_expect_is_what_the_recorded_trainings_scored():
    with np.load(NOTEBOOKS.parent / "data" / "tour.npz", allow_pickle=False) as tour:
        scores = json.loads(str(tour["about"]))["scores"]
    text = CELLS["score-idea"].split("**What to expect**")[1]
    said = [int(number) for number in re.findall(r"(?<!BLEU-)\b\d+", text)]
    for cell, bleu4, mentions in zip(("attn", "lstm", "rnn"), said[::2], said[1::2], strict=True):
        assert 100 * scores[cell]["bleu"]["bleu4"] == pytest.approx(bleu4, abs=1.5)
        assert 100 * scores[cell]["mentions"]["f1"] == pytest.approx(mentions, abs=3)


def test_commands_in_the_text_are_commands():
    commands = re.findall(r"^python -m coursework (.+)$", TEXT, re.MULTILINE)
    assert len(commands) == 3
    train, evaluate, _ = (parser({}).parse_args(shlex.split(command)) for command in commands)
    assert train.out == evaluate.run and train.module == evaluate.module == Path("no_scale.py")
    assert evaluate.split == "val" and "on `val` BLEU-4" in CELLS["no-scale-idea"]


def test_every_exercise_has_its_check_below_its_text():
    asked = [name for name in re.findall(r'^check\("(.+)"\)$', TEXT, re.MULTILINE)]
    forward = [n for n, e in EXERCISES.items() if e.part == "attention"]
    assert asked == [*forward, "CaptioningRNN.forward[attn]", "CaptioningRNN.sample[attn]"]
    ids = list(CELLS)
    for name in asked:
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        assert f'check("{name}")' == CELLS[f"check-{slug}"]
        assert ids[ids.index(f"check-{slug}") - 1] == f"write-{slug}"


def test_no_text_leaves_its_drawing(drawings, mean, ask, scale):
    looks = {word: [3.0, 4.0] for word in ("mushroom", "red", "a", "extraordinarily")}
    lexicon = {"nouns": {"mushroom": "mushroom"}, "colours": ["red"]}
    pages = [
        drawings.attention_look(),
        drawings.attention_step(),
        drawings.attention_loop(),
        drawings.reach(looks, lexicon, 49),
        drawings.spread(scale["plain"], scale["scaled"], show=192),
        *mean["shown"],
        *ask["shown"],
    ]
    assert len(pages) == 7
    for page in pages:
        page.canvas.draw()
        whole = page.bbox
        texts = [*page.texts, *(text for axes in page.axes for text in axes.texts)]
        for text in texts:
            box = text.get_window_extent()
            inside = whole.x0 <= box.x0 and box.x1 <= whole.x1
            assert inside and whole.y0 <= box.y0 and box.y1 <= whole.y1, text.get_text()
