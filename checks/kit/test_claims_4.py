"""What the notebook on gradients says, computed anew: its cells run, its text is read from the notebook."""

import json
import re
from collections.abc import Mapping
from contextlib import nullcontext
from math import exp
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from checks import numeric_gradient
from checks.cases import PARTS
from checks.faces import ready
from coursework import captioning

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads((NOTEBOOKS / "4_bptt.ipynb").read_text("utf-8"))["cells"]
}
PLAIN = SimpleNamespace(gradient_norms=lambda curves, *_, **__: curves, same_losses=lambda *_: None)


def executed(cell: str, change: Mapping[str, str] | None = None, **names) -> dict:
    """The names that a code cell leaves behind, run without a notebook; `change`: text -> other text."""
    source = CELLS[cell]
    for old, new in (change or {}).items():
        assert old in source
        source = source.replace(old, new)
    names |= {"lab": SimpleNamespace(patient=nullcontext), "display": lambda _: None}
    names |= {"torch": torch, "drawings": PLAIN, "numeric_gradient": numeric_gradient}
    exec(source, names)
    return names


def differences(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"difference (\S+)", text)]


def test_the_exercises_come_in_the_order_of_the_board():
    asked = re.findall(r'^check\("(.+)"\)$', "\n".join(CELLS.values()), re.MULTILINE)
    assert asked == [exercise.name for exercise in PARTS["bptt"].EXERCISES]


def test_measuring_agrees_and_finds_what_is_spoilt(capsys):
    executed("numeric")
    assert max(differences(capsys.readouterr().out)) < 1e-6
    assert "far below one in a million" in CELLS["numeric-read"]

    left = executed("numeric", {"dy * s * 2 * x": "dy * s * x"})
    measured = numeric_gradient(lambda x: left["s"] * x**2, left["x"], left["dy"])
    assert torch.allclose(left["dx"], measured / 2) and "half of what" in CELLS["numeric-read"]

    left = executed("numeric", {".sum(": ".mean("})
    assert left["ds"].shape == (2,) and "right shape and the wrong size" in CELLS["numeric-read"]

    capsys.readouterr()
    ones = {"dy = torch.randn": "dy = torch.ones", "dy * s * 2": "s * 2", "(dy * x**2)": "(x**2)"}
    executed("numeric", ones)
    assert max(differences(capsys.readouterr().out)) < 1e-6  # agrees, and is wrong all the same


def test_the_slopes_of_the_third_rule():
    u = torch.linspace(-3, 3, 7, dtype=torch.float64)
    for f, slope in ((torch.tanh, lambda y: 1 - y**2), (torch.sigmoid, lambda y: y * (1 - y))):
        assert torch.allclose(numeric_gradient(f, u.clone()), slope(f(u)))
    assert "$1 - y^2$ for tanh and $y\\,(1 - y)$ for a sigmoid" in CELLS["five-rules"]


def test_by_hand_and_autograd_differ_by_rounding(capsys):
    executed("run-rnn-autograd")
    found = differences(capsys.readouterr().out)
    assert len(found) == 5 and max(found) < 1e-14


def test_the_gradient_of_the_rnn_vanishes_and_explodes():
    small, middle, large = executed("run-rnn-vanish", captioning=captioning)["curves"].values()
    assert len(middle) == 40 and small[-1] < 1e-12 and large[-1] > 1e4
    assert 5 < next(k for k, norm in enumerate(middle) if norm < middle[0] / 100) < 15
    beyond = [sum(curve[10:]) / sum(curve) for curve in (small, middle, large)]  # what is cut off
    assert beyond[0] < 1e-3 and beyond[1] < 0.05 and beyond[2] > 0.9


def test_an_open_forget_gate_keeps_the_gradient():
    curves = executed("run-lstm-vanish")["curves"]
    more = {
        0: (4 / 3, "about a third larger"),
        1: (8 / 7, "about a seventh"),
        3: (1, "nearly equal"),
    }
    for bias, (times, said) in more.items():
        sigmoid = 1 / (1 + exp(-bias))
        assert f"sigmoid({bias}) = {sigmoid:.2f}" in CELLS["lstm-vanish"]
        curve = curves[f"LSTM, forget bias {bias}"]
        a_step = (curve[30] / curve[10]) ** (1 / 20)
        assert a_step / sigmoid == pytest.approx(times, abs=0.02) and said in CELLS["question-lstm"]
    assert curves["RNN"][-1] < 1e-3 * curves["LSTM, forget bias 1"][-1]


def test_attention_is_a_short_way_to_the_picture():
    lstm, attention = executed("run-attention-reach")["curves"].values()
    assert len(lstm) == 30 and lstm[0] / lstm[-1] > 100
    assert max(attention) / min(attention) < 4


def test_the_gradients_of_softmax_sum_to_zero():
    """The test that the box on attention recommends: a shift of all scores changes no weight."""
    torch.manual_seed(0)
    weights, dweights = torch.randn(3, 35).double().softmax(dim=1), torch.randn(3, 35).double()
    scores = weights.log().requires_grad_()
    (dscore,) = torch.autograd.grad(scores.softmax(dim=1), scores, dweights)
    assert dscore.sum(dim=1).abs().max() < 1e-12 and "must be zero" in CELLS["attention-mistakes"]


@pytest.fixture(scope="module", params=captioning.CaptioningRNN.cells)
def trained(request, tiny_bundle) -> dict:
    """What the two cells that train by hand leave behind: 100 steps on a tiny bundle, for each cell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(NOTEBOOKS))
        import kept

        patch.setattr(kept, "bundle", lambda name: tiny_bundle)
        patch.setattr(ready, "cells_asked_for", lambda: [request.param])
        helpers = executed("gradients-by-hand", captioning=captioning)
        left = executed("run-train", {"steps=200": "steps=100"}, **helpers, BUNDLE="tiny")
    assert left["CELL"] == request.param
    return left


def test_a_captioner_learns_the_same_without_autograd(trained):
    assert len(trained["mine"]) == 100 and trained["apart"] < 1e-9
    assert trained["mine"] == pytest.approx(trained["autograd"], rel=1e-9)
    assert trained["mine"][-1] < trained["mine"][0] / 2
    assert not any(parameter.requires_grad for parameter in trained["model"].parameters())


def test_the_gradients_by_hand_are_those_of_autograd(trained):
    model, (features, captions) = trained["captioner"](trained["CELL"]), trained["batch"](0)
    loss, by_hand = trained["gradients_by_hand"](model, features, captions)
    its = model(features, captions)
    its.backward()
    assert loss.item() == pytest.approx(its.item(), rel=1e-14)
    assert by_hand.keys() == dict(model.named_parameters()).keys()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(by_hand[name], parameter.grad, rtol=1e-10, atol=1e-12)


def test_a_cell_that_is_not_written_is_not_trained(trained, monkeypatch):
    def stub(*_):
        raise NotImplementedError

    assert trained["written"](trained["CELL"])
    monkeypatch.setattr(captioning, "word_embedding_backward", stub)
    assert not trained["written"](trained["CELL"])


def test_the_example_of_the_gradient_of_the_loss():
    said = re.findall(r"[−\d.]*\d\.\d\d", CELLS["write-temporal-softmax-loss-backward"])
    scores, target = torch.tensor([[[2.0, 1.0, 0.0]]]), torch.tensor([[1]])
    assert "scores 2, 1, 0 and N = 1" in CELLS["write-temporal-softmax-loss-backward"]
    found = captioning.temporal_softmax_loss_backward(scores, target).flatten().tolist()
    numbers = [*torch.softmax(scores, dim=2).flatten().tolist(), *found]
    assert [f"{number:.2f}".replace("-", "−") for number in numbers] == said


def test_the_drawings_draw(monkeypatch):
    monkeypatch.syspath_prepend(str(NOTEBOOKS))
    from drawings import bptt

    for name in bptt.__all__:
        if name not in ("gradient_norms", "same_losses"):
            getattr(bptt, name)().canvas.draw()
    bptt.same_losses([3.0, 2.0], [3.0, 2.0]).canvas.draw()
    page = bptt.gradient_norms({"a": [1.0, 1e-3], "b": [1.0, 1.1e-3], "c": [1, 1e3]}, "x", "y")
    heights = sorted(text.get_position()[1] for text in page.axes[0].texts)
    assert min(b - a for a, b in zip(heights, heights[1:])) > 0.07  # no name on another


def test_a_model_has_one_colour_in_all_curves(monkeypatch):
    monkeypatch.syspath_prepend(str(NOTEBOOKS))
    from drawings import bptt
    from drawings.canvas import MODEL_COLOURS

    for cell in ("run-rnn-vanish", "run-lstm-vanish", "run-attention-reach"):
        curves = executed(cell, captioning=captioning)["curves"]
        lines = bptt.gradient_norms(curves, "x", "y").axes[0].lines
        looks = {(line.get_color(), line.get_linestyle()) for line in lines}
        plain = {re.split("[:,]", name)[0] for name in curves}
        assert {MODEL_COLOURS[name] for name in plain} <= {colour for colour, _ in looks}
        assert len(looks) == len(curves)  # and no two curves look alike
