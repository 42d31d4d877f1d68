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


def run(cell: str, drawings) -> dict:
    """Execute a cell as it stands, all that it displays gathered under "shown"."""
    shown = []
    names = {
        "drawings": drawings,
        "lab": SimpleNamespace(patient=nullcontext),
        "display": shown.append,
        "shown": shown,
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
    assert mean["change"].max() > 0.8 and change < 0.2
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
    whole = looks["whole"]
    assert whole.argmax() == 4 * 7 + 1 and whole.max() > 0.6
    peaks = {
        t["colour"]: looks["a quarter"][torch.from_numpy(cells_touched([t["box"]], (7, 7)))].max()
        for t in things
        if t not in asking
    }
    assert peaks["blue"] > peaks["purple"] > 2 / 49  # both join in, the blue one more
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


def test_commands_in_the_text_are_commands():
    commands = re.findall(r"^python -m coursework (.+)$", TEXT, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        parser({}).parse_args(shlex.split(command))


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
