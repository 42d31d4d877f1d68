"""What notebook 2, on the LSTM, says and draws: numbers computed anew, pictures looked over."""

import json
import re
import sys
from functools import cache
from math import exp

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from checks.paths import ROOT
from coursework import captioning
from coursework.learn.recipe import Recipe
from coursework.prepare import scenes
from coursework.vocabulary import SPECIAL

sys.path.insert(0, str(ROOT / "notebooks"))
import tour  # noqa: E402
from drawings import lstm as drawings  # noqa: E402
from drawings.canvas import MODEL_COLOURS  # noqa: E402

NOTEBOOK = ROOT / "notebooks" / "2_lstm.ipynb"


@cache
def cells() -> dict[str, str]:
    """The source of every cell by its id."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}


@cache
def experiment() -> dict:
    """What the experiment on gradients leaves behind, run as it stands in the notebook."""
    names = {"drawings": drawings}
    exec(cells()["gradient-reach"], names)
    return names


def share_left(name: str, steps: int = 30) -> float:
    lengths = experiment()["curves"][name]
    return lengths[steps - 1] / lengths[0]


def test_what_is_said_of_the_gradients_after_thirty_steps():
    text = cells()["experiment-read"]
    assert "After 30 steps the plain RNN has less than a hundred-thousandth left" in text
    assert share_left("RNN") < 1e-5
    assert "so has the LSTM with forget bias 0" in text
    assert share_left("LSTM, forget bias 0") < 1e-5
    assert "With bias 1 a few thousandths are left" in text
    assert 0.001 < share_left("LSTM, forget bias 1") < 0.005
    assert "with bias 3 it is more than half" in text
    assert share_left("LSTM, forget bias 3") > 0.5


def test_the_experiment_has_the_sizes_and_the_first_weights_of_the_students_own_networks():
    recipe = Recipe.load("demo")
    assert (experiment()["D"], experiment()["H"]) == (recipe.wordvec_dim, recipe.hidden_dim)
    torch.manual_seed(0)
    ours, theirs = captioning.LSTM(64, 192), experiment()["net"]
    for mine, other in ((ours.Wx, theirs.weight_ih_l0), (ours.Wh, theirs.weight_hh_l0)):
        assert mine.std().item() == pytest.approx(other.std().item(), rel=0.02)


def test_the_second_block_is_the_forget_gate_in_pytorch_too():
    H = 3
    net = torch.nn.LSTM(2, H)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.bias_ih_l0[H : 2 * H] = 50  # wide open
        first = torch.randn(1, 1, H)
        _, (_, last) = net(torch.randn(5, 1, 2), (torch.zeros(1, 1, H), first))
    assert torch.allclose(last, first)


def test_numbers_in_the_text():
    assert round(0.67**12, 3) == float(re.search(r"\\approx ([\d.]+)", cells()["problem"])[1])
    for a, gate in re.findall(r"sigmoid\((\d)\) = ([\d.]+\d)", cells()["question-reach"]):
        assert round(1 / (1 + exp(-int(a))), 2) == float(gate)
    sizes = re.search(r"D = (\d+) and H = (\d+) that is ([\d,]+) instead of ([\d,]+)", all_text())
    D, H, lstm, rnn = (int(number.replace(",", "")) for number in sizes.groups())
    for made, said in ((captioning.LSTM(D, H), lstm), (captioning.RNN(D, H), rnn)):
        assert sum(parameter.numel() for parameter in made.parameters()) == said


def all_text() -> str:
    return "\n".join(cells().values())


def test_what_one_step_keeps_without_the_way_through_the_other_state():
    said = re.search(r"keeps about ([\d.]+), ([\d.]+) and ([\d.]+),", cells()["why-it-lasts"])
    for bias, share in zip((0, 1, 3), map(float, said.groups())):
        name = f"LSTM, forget bias {bias}"
        assert kept_in_a_step(bias) == pytest.approx(share, abs=0.012)
        assert share_left(name) ** (1 / 29) > share + 0.05  # "less steeply"
        assert share_left(name) ** (1 / 29) > 1 / (1 + exp(-bias))  # "all are larger"


def kept_in_a_step(bias: float, steps: int = 30) -> float:
    """By which factor the gradient of h falls in a step where it goes back through the cell alone."""
    torch.manual_seed(0)
    N, D, H = 16, 64, 192
    x, h0 = torch.randn(N, steps, D), (0.5 * torch.randn(N, H)).requires_grad_()
    Wx, Wh, b = torch.randn(D, 4 * H) / D**0.5, torch.randn(H, 4 * H) / H**0.5, torch.zeros(4 * H)
    b[H : 2 * H] = bias
    h, c, states = h0, torch.zeros(N, H), []
    for t in range(steps):
        h, c, _ = captioning.lstm_step_forward(x[:, t], h if t == 0 else h.detach(), c, Wx, Wh, b)
        states.append(h)
    first, *_, last = experiment()["reach"](torch.stack(states, dim=1), h0)
    return (last / first) ** (1 / (steps - 1))


def test_before_training_the_sums_scatter_by_about_one():
    assert "scatter around the bias, by about 1 up and down" in cells()["forget-bias"]
    torch.manual_seed(0)
    words = {word: k for k, word in enumerate([*SPECIAL, *map(str, range(200))])}
    network = captioning.CaptioningRNN(words, 400, 64, 192, cell_type="lstm")
    x = network.word_embedding(torch.randint(4, len(words), (16, 12)))
    h, _ = network.cell(x, network.image_projection(torch.randn(16, 400)))
    a = x[:, 1:] @ network.cell.Wx + h[:, :-1] @ network.cell.Wh
    assert 0.9 < a.std().item() < 1.1 and abs(a.mean().item()) < 0.05


def test_the_scores_to_expect_are_those_that_were_recorded():
    for cell, name in (("score-idea", "lstm"), ("compare", "rnn")):
        numbers = r"mentions of (\d+) to (\d+) % and a BLEU-4 of (\d+) to (\d+)"
        least, most, low, high = map(int, re.search(numbers, cells()[cell]).groups())
        found = tour.recorded().about["scores"][name]
        assert least < 100 * found["mentions"]["f1"] < most
        assert low < 100 * found["bleu"]["bleu4"] < high


def test_a_model_has_one_colour_in_all_notebooks():
    reach, losses = drawings.gradient_reach(experiment()["curves"]), drawings.two_losses(HISTORIES)
    rnn, *biases = (line.get_color() for line in reach.axes[0].lines)
    assert [line.get_color() for line in losses.axes[0].lines] == [rnn, biases[1]]
    assert [rnn, biases[1]] == [MODEL_COLOURS["RNN"], MODEL_COLOURS["LSTM"]]
    assert len({*biases, rnn}) == 4


def test_a_caption_has_about_a_dozen_words():
    assert "about a dozen words" in all_text()
    captions = [text for i in range(200) for text in scenes.captions(scenes.scene("train", i))]
    assert 11 < np.mean([len(text.split()) for text in captions]) < 13


def test_the_gradient_of_the_cell_is_the_forget_gate():
    x, prev_h, prev_c = torch.randn(5, 2), torch.randn(5, 3), torch.randn(5, 3, requires_grad=True)
    Wx, Wh, b = torch.randn(2, 12), torch.randn(3, 12), torch.randn(12)
    next_c = captioning.lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b)[1]
    (f,) = torch.autograd.grad(next_c.sum(), prev_c)
    assert torch.allclose(f, torch.sigmoid(x @ Wx + prev_h @ Wh + b)[:, 3:6])


GATES = {"before": np.linspace(0.3, 0.9, 50), "trained": np.array([0.01, 0.99, 1.0])}
HISTORIES = {"RNN": {"loss": [70.0, 30, 20, 16.8]}, "LSTM": {"loss": [70.0, 30, 18, 16.7]}}
PICTURES = {
    "step": lambda: drawings.lstm_step(),
    "blocks": lambda: drawings.lstm_blocks(),
    "lanes": lambda: drawings.lstm_lanes(),
    "gate curves": lambda: drawings.gate_curves(),
    "gradients": lambda: drawings.gradient_reach(experiment()["curves"], "How far?"),
    "two gradients": lambda: drawings.gradient_reach({"before": [2, 0.2], "trained": [2, 1.9]}),
    "losses": lambda: drawings.two_losses(HISTORIES),
    "gates": lambda: drawings.forget_gates(GATES),
}


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_written_in_a_picture_is_cut_off_or_covered(name):
    page = PICTURES[name]()
    FigureCanvasAgg(page).draw()
    written = written_in(page)
    boxes = [text.get_window_extent().padded(-1) for text in written]
    for text, box in zip(written, boxes):
        corners = box.get_points()
        assert (corners >= 0).all() and (corners <= page.bbox.max).all(), text.get_text()
    for k, box in enumerate(boxes):
        for other, text in zip(boxes[:k], written):
            assert not box.overlaps(other), (written[k].get_text(), text.get_text())


def written_in(page) -> list:
    """All texts that are drawn: titles, notes, names of axes, and the ticks in view."""
    texts = list(page.texts)
    for axes in page.axes:
        texts += [*axes.texts, axes.xaxis.label, axes.yaxis.label]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels())
            texts += [label for place, label in ticks if axes.axison and low <= place <= high]
    return [text for text in texts if text.get_text().strip()]


def test_shares_are_written_as_people_say_them():
    said = [drawings._share(share) for share in (1.0, 0.7, 0.1, 0.01, 1 / 512, 1.6e-6)]
    assert said == ["1", "0.70", "1/10", "1/100", "1/500", "1/600,000"]


def test_a_histogram_counts_every_gate_once():
    assert drawings._tenths(GATES["trained"]).sum() == pytest.approx(1)
