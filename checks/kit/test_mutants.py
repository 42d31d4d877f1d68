"""The mutants are what they say, and the checks see them; all of them: python -m checks.kit.mutants"""

import ast

import pytest

from checks.kit.equivalents import EQUIVALENTS
from checks.kit.mutants import FUNCTIONS, Mutant, fails, homes, is_caught, mutants, parsed, report
from checks.record import hand_in


@pytest.fixture(scope="module")
def every() -> dict[str, list[Mutant]]:
    return {where: list(mutants(where)) for where in FUNCTIONS}


@pytest.mark.parametrize("where", ["rnn_step_forward", "word_embedding_backward", "rnn_backward"])
def test_what_passes_is_listed(every, where):
    assert not any(fails(hand_in(), name) for name in homes(where))
    made = every[where]
    left = [mutant for mutant in made if not is_caught(mutant)]
    assert report([where], left, len(made)) == 0


@pytest.mark.parametrize(
    ("where", "old", "new"),
    [
        ("rnn_step_forward", "prev_h @ Wh", "prev_h @ Wx"),
        ("rnn_step_backward", "1 - next_h", "1 + next_h"),
        ("rnn_step_backward", "da @ Wx.T", "Wx.T @ da"),
        ("rnn_step_backward", "da @ Wh.T", "da @ Wh"),
        ("rnn_step_backward", "da.sum(dim=0)", "da.sum(dim=1)"),
        ("rnn_step_backward", "return (dx, dprev_h", "return (dprev_h, dx"),
        ("rnn_forward", "x[:, t]", "x[:, t - 1]"),
        ("rnn_forward", "h.append(prev_h)", "pass"),
        ("rnn_forward", "range(", "range(1, "),
        ("rnn_backward", "reversed(range(dh.shape[1]))", "range(dh.shape[1])"),
        ("rnn_backward", "dx[::-1]", "dx[:]"),
        ("rnn_backward", "dWx + dWx_t", "dWx_t"),
        ("word_embedding_backward", "rows.shape[1]", "rows.shape[0]"),
        ("temporal_softmax_loss_backward", ") - nn.", ") + nn."),
        ("temporal_softmax_loss_backward", "/ N", "/ T"),
        ("temporal_softmax_loss", "ignore_index is not None", "False"),
        ("temporal_softmax_loss", "targets != ignore_index", "targets > ignore_index"),
        ("temporal_softmax_loss", "dim=2, keepdim=True)\n", "dim=2)\n"),
        ("lstm_step_forward", "sigmoid(a_o)", "tanh(a_o)"),
        ("dot_product_attention", "'nh,nhp->np'", "'hn,nhp->np'"),
        ("CaptioningRNN.forward", "captions[:, 1:]", "captions[:, :]"),
        ("CaptioningRNN.forward", "vocabulary_projection(h)", "vocabulary_projection(h.detach())"),
        ("CaptioningRNN.sample", "@torch.no_grad()\n", ""),
        ("CaptioningRNN.sample", "ended | (word == self.end)", "word == self.end"),
    ],
)
def test_it_is_made(every, where, old, new):
    wanted = ast.unparse(parsed(where)).replace(old, new, 1)
    assert any(mutant.source == wanted for mutant in every[where])


def test_each_is_made_once_and_says_what_it_is(every):
    for where, made in every.items():
        assert len({mutant.change for mutant in made}) == len(made), where
        assert len({mutant.source for mutant in made}) == len(made), where


def test_what_is_listed_is_made(every):
    for where, listed in EQUIVALENTS.items():
        assert listed.keys() <= {mutant.change for mutant in every[where]}


def test_the_report_tells_what_passes_and_what_no_longer_does(every, capsys):
    made = every["rnn_step_forward"]
    assert report(["rnn_step_forward"], made[:1], len(made)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("rnn_step_forward passes with ")
    assert lines[1].startswith("rnn_step_forward is listed as right with ")
    assert lines[2] == f"{len(made)} mutants, {len(made) - 1} caught, 0 equivalent"
