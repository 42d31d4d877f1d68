"""The judge, on answers of hand-ins made for the purpose: what fails, at which stage, and what is said."""

import re
import time

import numpy as np
import pytest
import torch

from checks import record
from checks.answer import Answer, Problem, pack, unpack
from checks.answers import recorded
from checks.cases import EXERCISES
from checks.classroom.stubs import blank
from checks.hand_ins.hand_in import HandIn, open_file
from checks.judging.compare import error, same
from checks.judging.judge import FLOAT32, SHORT, judge
from checks.judging.signature import columns_of, fingerprint
from checks.running.runner import run
from checks.running.watchdog import Limits, watched

ALL = set(EXERCISES)


def loaded(source):
    namespace = {"__name__": "hand_in"}
    exec(compile(source, "<hand-in>", "exec"), namespace)
    return HandIn(namespace)


def verdict(exercise, code, passed=ALL):
    """The result for the reference with `code` after it."""
    return judge(EXERCISES[exercise], run(loaded(f"{record.SOURCE}\n{code}"), exercise), passed)


def with_line(function, old, new):
    """The reference with one line of a function replaced, in an exercise's own words."""
    mistake = record.Mistake("planted", function, old, new, "", "")
    return record.hand_in([mistake])


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_reference_passes_without_a_note_and_says_why(exercise):
    result = judge(EXERCISES[exercise], run(record.hand_in(), exercise), ALL)
    assert (result.status, result.stage, result.notes) == ("passed", None, [])
    assert result.message == EXERCISES[exercise].right


@pytest.mark.parametrize("body", ["raise NotImplementedError", "pass", "return None"])
def test_a_blank_module_is_unwritten_throughout(body):
    hand_in = loaded(re.sub(r"raise NotImplementedError\(.+\)", body, blank(record.SOURCE)))
    for name, exercise in EXERCISES.items():
        assert judge(exercise, run(hand_in, name), set()).status == "unwritten", name


def test_a_blank_holds_no_line_of_the_solution():
    text = blank(record.SOURCE)
    for line in ("torch.tanh(x @ Wx", "chunk(4", "argmax", "unflatten(1", "_project_image("):
        assert line in record.SOURCE and line not in text


@pytest.mark.parametrize("exercise", EXERCISES)
def test_answers_that_did_not_come_back_are_not_taken_for_right(exercise):
    right = recorded(exercise).right
    assert judge(EXERCISES[exercise], right, ALL).status == "passed"
    assert judge(EXERCISES[exercise], right[1:], ALL).status == "failed"
    assert judge(EXERCISES[exercise], [], ALL).status == "failed"
    empty = [Answer(answer.case) for answer in right]
    assert judge(EXERCISES[exercise], empty, ALL).status == "failed"


def test_answers_travel_as_they_are():
    answers = run(record.hand_in(), "attention_lstm_backward")
    answers[0].problem = Problem("raised", "no", "ValueError", [("f", 3, "x = 1")])
    again = unpack(pack(answers))
    assert again[0].problem == answers[0].problem
    for a, b in zip(answers, again, strict=True):
        assert a.case == b.case and a.dtypes == b.dtypes and a.numeric == b.numeric
        assert all(np.array_equal(b.outputs[name], value) for name, value in a.outputs.items())


def test_what_waits_for_another_is_blocked_unless_it_is_right_by_itself():
    code = "def rnn_step_forward(x, prev_h, Wx, Wh, b):\n    raise NotImplementedError\n"
    result = verdict("rnn_forward", code, passed=set())
    assert (result.status, result.message) == ("blocked", "waits for rnn_step_forward")
    code += (
        "def rnn_forward(x, h0, Wx, Wh, b):\n"
        "    h = [h0]\n"
        "    for t in range(x.shape[1]):\n"
        "        h.append(torch.tanh(x[:, t] @ Wx + h[-1] @ Wh + b))\n"
        "    return torch.stack(h[1:], 1), None\n"
    )
    assert verdict("rnn_forward", code, passed=set()).status == "passed"


def test_a_backward_that_fits_a_wrong_forward_is_told_so():
    code = (
        "def rnn_step_forward(x, prev_h, Wx, Wh, b):\n"
        "    return torch.tanh(x @ Wx + prev_h @ Wh), (x, prev_h, Wx, Wh,"
        " torch.tanh(x @ Wx + prev_h @ Wh))\n"
        "def rnn_step_backward(dnext_h, cache):\n"
        "    x, prev_h, Wx, Wh, next_h = cache\n"
        "    da = dnext_h * (1 - next_h**2)\n"
        "    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, 0 * da.sum(0)\n"
    )
    result = verdict("rnn_step_backward", code, ALL - {"rnn_step_forward"})
    assert result.status == "blocked" and "fits your own forward" in result.notes[0]


KEEPS = """
_project = CaptioningRNN._project_image
def keeping(self, features):
    if getattr(self, "kept", None) is None:
        self.kept = _project(self, features)
    return self.kept
CaptioningRNN._project_image = keeping
"""
EVALS = """
_sample = CaptioningRNN.sample
def sample(self, features, max_length=15):
    self.eval()
    return _sample(self, features, max_length)
CaptioningRNN.sample = sample
"""
NUDGES = EVALS.replace("self.eval()", "self.vocabulary_projection.bias.data.sub_(1.0)")
FREEZES = EVALS.replace("self.eval()", "self.requires_grad_(False)")


@pytest.mark.parametrize(
    "code, said",
    [(KEEPS, "earlier calls"), (EVALS, "eval()"), (NUDGES, "parameters"), (FREEZES, "trained")],
    ids=["keeps", "evals", "nudges", "freezes"],
)
@pytest.mark.parametrize("cell", ["rnn", "attn"])
def test_a_captioner_that_is_another_after_a_call_is_told_so(cell, code, said):
    result = verdict(f"CaptioningRNN.sample[{cell}]", code)
    assert (result.status, result.stage) == ("failed", "property")
    assert said in result.message


@pytest.mark.parametrize("cell", ["rnn", "attn"])
def test_dropout_is_called_chance_from_the_first_call_on(cell):
    hand_in = with_line(
        "CaptioningRNN.forward", "scores = ", "h = nn.functional.dropout(h, 0.3)\n        scores = "
    )
    name = f"CaptioningRNN.forward[{cell}]"
    assert "there is chance in it" in judge(EXERCISES[name], run(hand_in, name), ALL).message


def test_a_forgotten_return_is_not_called_unwritten():
    code = "def rnn_step_forward(x, prev_h, Wx, Wh, b):\n    next_h = torch.tanh(x @ Wx)\n"
    result = verdict("rnn_step_forward", code)
    assert (result.status, result.stage) == ("failed", "structure")
    assert "`return` missing" in result.message


def test_a_slip_of_the_keyboard_is_not_taken_for_a_mistake():
    code = "def dot_product_attention_backward(dattn, prev_h, A, weights):\n    return wieghts, A\n"
    result = verdict("dot_product_attention_backward", code)
    assert result.mistakes == [] and "'wieghts' is not defined" in result.message


def test_an_error_in_a_function_it_calls_is_told_with_the_call():
    code = (
        "def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):\n"
        "    return dot_product_attention(A, x[:, 0])\n"
    )
    assert "called from line" in verdict("attention_lstm_forward", code).message


@pytest.mark.parametrize(
    "head",
    [
        "class Answering(dict):\n    __getattr__ = dict.__getitem__\nsettings = Answering()\n",
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Cache:\n    h: list[int]\n",
        "# -*- coding: latin-1 -*-\n# h\u00e9\n",
    ],
    ids=["attributes", "dataclass", "latin"],
)
def test_whatever_else_stands_in_a_file_is_no_matter(tmp_path, head):
    mine = tmp_path / "mine.py"
    encoding = "latin-1" if "latin" in head else "utf-8"
    mine.write_text(head + record.SOURCE, encoding=encoding)
    answers = run(open_file(mine), "rnn_forward")
    assert judge(EXERCISES["rnn_forward"], answers, ALL).status == "passed"


def test_a_notebook_s_random_numbers_go_on_as_before():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(record.hand_in(), "CaptioningRNN.sample[rnn]")
    assert torch.equal(torch.rand(3), expected)


def test_nothing_is_broadcast_before_it_is_compared():
    hand_in = with_line("rnn_step_backward", "da.sum(dim=0)", "da.sum(dim=0, keepdim=True)")
    result = judge(EXERCISES["rnn_step_backward"], run(hand_in, "rnn_step_backward"), ALL)
    assert result.stage == "shape" and "(1, 7)" in result.message and "(7,)" in result.message


@pytest.mark.parametrize(
    "old, new, stage",
    [
        ("return next_h, cache", "return next_h", "structure"),
        ("return next_h, cache", "return next_h.tolist(), cache", "structure"),
        ("return next_h, cache", "return next_h, x, cache", "structure"),
        ("return next_h, cache", "return next_h[0], cache", "shape"),
        ("return next_h, cache", "return next_h.half(), cache", "dtype"),
        ("return next_h, cache", "return next_h.long(), cache", "dtype"),
        ("return next_h, cache", "return next_h + 0.001 * x.sum(), cache", "values"),
        ("return next_h, cache", "x.mul_(2)\n    return next_h, cache", "property"),
        ("return next_h, cache", "return next_h.detach(), cache", "gradient"),
        ("return next_h, cache", "return next_h / 0, cache", "values"),
        ("return next_h, cache", "return undefined, cache", "run"),
        ("return next_h, cache", "exit()", "run"),
    ],
)
def test_the_stage_that_fails(old, new, stage):
    hand_in = with_line("rnn_step_forward", old, new)
    result = judge(EXERCISES["rnn_step_forward"], run(hand_in, "rnn_step_forward"), ALL)
    assert (result.status, result.stage) == ("failed", stage)
    assert result.message and "\n" not in result.message


def test_single_precision_inside_passes_with_a_note():
    hand_in = with_line("lstm_forward", "torch.zeros_like(h0)", "torch.zeros(h0.shape)")
    assert judge(EXERCISES["lstm_forward"], run(hand_in, "lstm_forward"), ALL).status == "passed"
    hand_in = with_line("rnn_step_forward", "return next_h, cache", "return next_h.float(), cache")
    result = judge(EXERCISES["rnn_step_forward"], run(hand_in, "rnn_step_forward"), ALL)
    assert (result.status, result.notes) == ("passed", [FLOAT32])


def test_sampling_may_stop_once_all_have_ended():
    last = "weights.append(weights_t)"
    stop = f"{last}\n            if ended.all():\n                break"
    hand_in = with_line("CaptioningRNN.sample", last, stop)
    for cell in ("rnn", "lstm", "attn"):
        exercise = EXERCISES[f"CaptioningRNN.sample[{cell}]"]
        result = judge(exercise, run(hand_in, exercise.name), ALL)
        assert (result.status, result.notes) == ("passed", [SHORT])


def test_an_exception_is_told_with_the_student_s_own_line():
    hand_in = with_line("rnn_step_forward", "x @ Wx + prev_h", "x @ Wx.T + prev_h")
    result = judge(EXERCISES["rnn_step_forward"], run(hand_in, "rnn_step_forward"), ALL)
    assert result.stage == "run" and "line " in result.message and "RuntimeError" in result.message


RELATED = {
    "factor": (
        "rnn_forward",
        "torch.stack(h, dim=1), cache",
        "7 * torch.stack(h, dim=1), cache",
        "H",
    ),
    "sign": ("word_embedding_forward", "return W_embed[words]", "return -W_embed[words]", "sign"),
    "blocks": (
        "lstm_step_backward",
        "db = da.sum(dim=0)",
        "db = (da * torch.linspace(1, 2, 28).double().floor().roll(7)).sum(dim=0)",
        "gate blocks",
    ),
    "input": ("rnn_step_backward", "dWh = prev_h.T @ da", "dWh = Wh", "`Wh`"),
    "late": (
        "rnn_forward",
        "torch.stack(h, dim=1)",
        "torch.stack([h[0] ** 3, *h[:-1]], dim=1)",
        "late",
    ),
    "first": (
        "lstm_forward",
        "return torch.stack(h, dim=1)",
        "return torch.stack([h[0], *[k**3 for k in h[1:]]], dim=1)",
        "t = 0 only",
    ),
    "row": (
        "rnn_step_forward",
        "return next_h, cache",
        "return torch.cat([next_h[:1], next_h[1:] ** 3]), cache",
        "first row",
    ),
    "ahead": (
        "rnn_forward",
        "return torch.stack(h, dim=1), cache",
        "return torch.stack(h, dim=1) + 0.1 * h[-1][:, None] ** 3, cache",
        "looks ahead",
    ),
    "missing": ("rnn_step_backward", "dx = da @ Wx.T", "dx = da @ Wx.T - x", "`x`"),
    "outputs": (
        "lstm_step_backward",
        "dx = da @ Wx.T",
        "dx = (da**3) @ Wx.T",
        "are right, `dx` wrong",
    ),
}


@pytest.mark.parametrize("relation", RELATED)
def test_what_no_mistake_explains_is_told_by_its_relation_to_what_is_right(relation):
    exercise, old, new, words = RELATED[relation]
    result = judge(EXERCISES[exercise], run(with_line(exercise, old, new), exercise), ALL)
    assert result.mistakes == [] and words in result.message


def test_an_unknown_exception_is_put_in_words():
    hand_in = with_line("rnn_step_forward", "x @ Wx +", "(x.T @ x).T.view(-1)[:1] + x @ Wx +")
    result = judge(EXERCISES["rnn_step_forward"], run(hand_in, "rnn_step_forward"), ALL)
    assert result.mistakes == [] and "reshape" in result.message


ALONE = """
_sample = CaptioningRNN.sample
CaptioningRNN.sample = lambda *given: _sample(*given)[0]
"""
FILLED = ALONE.replace("_sample(*given)[0]", "(_sample(*given)[0], given[1])")


@pytest.mark.parametrize(
    "cell, code, said",
    [
        (
            "lstm",
            ALONE,
            "`captions`, `weights` (None for a cell that does not attend); it returns one",
        ),
        (
            "attn",
            ALONE,
            "it should return `captions`, `weights`; it returns one tensor of shape (3, 9)",
        ),
        (
            "lstm",
            FILLED,
            "`weights` should be None for a cell that does not attend, it is one tensor",
        ),
    ],
)
def test_sample_returns_captions_and_weights_for_every_cell(cell, code, said):
    result = verdict(f"CaptioningRNN.sample[{cell}]", code)
    assert (result.status, result.stage) == ("failed", "structure")
    assert said in result.message


FORWARD = """
def forward(self, features, captions):
    first = self._project_image(features)
    emb = self.word_embedding(captions[:, :-1])
    h, _ = self.cell(emb, first)
    scores = self.vocabulary_projection(h)
    return temporal_softmax_loss(scores, captions[:, 1:], self.ignore_index)
CaptioningRNN.forward = forward
"""
SAMPLE = """
def sample(self, features, max_length=15):
    h = self._project_image(features)
    state = self.cell.start(h)
    word = torch.full((len(h),), self.start)
    words = []
    for _ in range(max_length):
        state, _ = self.cell.step(self.word_embedding(word), state, h)
        word = self.vocabulary_projection(state[0]).argmax(1)
        words.append(word)
    return torch.stack(words, 1), None
CaptioningRNN.sample = sample
"""


@pytest.mark.parametrize("cell", ["rnn", "lstm", "attn"])
@pytest.mark.parametrize(
    "code, typed, said",
    [
        (FORWARD, "self.vocab_projection(h)", "did you mean `vocabulary_projection`?"),
        (FORWARD, "self.word_embed(captions[:, :-1])", "did you mean `word_embedding`?"),
        (FORWARD, "self.hidden", "CaptioningRNN has no `hidden`; is the name misspelt?"),
        (SAMPLE, "self.vocabulary_proj(h)", "did you mean `vocabulary_projection`?"),
        (SAMPLE, "self.cell.step_forward(h)", "LSTM has no `step_forward`; did you mean `step`?"),
        (SAMPLE, "self.cell.strat(h)", "LSTM has no `strat`; did you mean `start`?"),
        (SAMPLE, "features.tranpose(1, 2)", "Tensor has no `tranpose`; is the name misspelt?"),
    ],
)
def test_a_misspelt_attribute_is_told_and_no_mistake_guessed(cell, code, typed, said):
    method = "forward" if code is FORWARD else "sample"
    place = "    emb = " if code is FORWARD else "    h = self._"
    code = code.replace(place, f"    {typed}\n{place}".replace("(h)", "(features)"))
    result = verdict(f"CaptioningRNN.{method}[{cell}]", code)
    if cell == "rnn":
        said = said.replace("LSTM", "RNN")
    assert result.mistakes == [] and said in result.message
    assert "Perhaps" not in result.message


def test_a_guess_at_an_exception_is_a_mistake_of_the_exercise_itself():
    code = FORWARD.replace("h, _ = self.cell(", "h, _, _ = self.cell(")
    for cell in ("rnn", "lstm", "attn"):
        message = verdict(f"CaptioningRNN.forward[{cell}]", code).message
        assert "count both" in message and "a cache comes with it" not in message
        assert "Two things" not in message


POOLED = FORWARD.replace(
    "self._project_image(features)", "self.image_projection(features.mean(dim=(0, 2, 3)))[:, None]"
)
PAST_THE_END = """
def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.shape[1]):
        h0, step = rnn_step_forward(x[t], h0, Wx, Wh, b[:t])
        h.append(h0)
    return torch.stack(h, 1), cache
"""


@pytest.mark.parametrize(
    "exercise, function, code",
    [
        ("CaptioningRNN.forward[rnn]", "rnn_forward", POOLED),
        ("rnn_forward", "rnn_step_forward", PAST_THE_END),
    ],
)
def test_an_exception_in_a_function_that_is_right_is_put_down_to_the_call(exercise, function, code):
    message = verdict(exercise, code).message
    assert "in line" in message and "it should be (N, " in message
    assert "how many steps" not in message


def test_a_call_of_the_wrong_function_is_not_put_down_to_that_function():
    source = record.SOURCE.replace("self.cell.step(x, state, image)", "self.cell(x, image)")
    source = source.replace(
        "    h, cache = [], []\n", "    N, T, D = x.shape\n    h, cache = [], []\n"
    )
    exercise = EXERCISES["CaptioningRNN.sample[rnn]"]
    message = judge(exercise, run(loaded(source), exercise.name), ALL).message
    assert "arises in `rnn_forward`: is it what you mean to call" in message


BPTT = """
def rnn_backward(dh, cache):
    N, T, H = dh.shape
    dx = torch.zeros(N, T, cache[0][0].shape[1], dtype=dh.dtype)
    dprev_h = torch.zeros_like(dh[:, 0])
    dWx = dWh = db = 0
    for t in range(T - 1, 0, -1):
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return dx, dprev_h, dWx, dWh, db
"""
TWO_LEFT_OUT = """
def rnn_forward(x, h0, Wx, Wh, b):
    h = torch.zeros(x.shape[0], x.shape[1], h0.shape[1], dtype=x.dtype)
    for t in range(x.shape[1] - 2):
        h0, _ = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h[:, t] = h0
    return h, None
"""


@pytest.mark.parametrize(
    "exercise, code, said",
    [
        ("rnn_backward", BPTT, "The loop does not come to the first step, t = 0."),
        ("rnn_forward", TWO_LEFT_OUT, "`h[:, t]` is all zeros at t = 2, 3, of 0 to 3: does the"),
    ],
)
def test_steps_that_the_loop_leaves_out_are_told(exercise, code, said):
    assert said in verdict(exercise, code).message


@pytest.mark.parametrize("exercise", ["rnn_forward", "lstm_forward"])
def test_right_numbers_in_wrong_places_are_put_down_to_a_reshape(exercise):
    cut = "torch.stack(h, dim=1).reshape(x.shape[1], x.shape[0], -1).transpose(0, 1)"
    hand_in = with_line(exercise, "torch.stack(h, dim=1)", cut)
    result = judge(EXERCISES[exercise], run(hand_in, exercise), ALL)
    assert result.mistakes == [] and "right but in the wrong places" in result.message


def test_a_busy_computer_makes_no_endless_loop():
    calls = []
    watched(lambda: time.sleep(0.3), calls.append, Limits(0.2))  # asleep, it computes nothing
    assert calls == []
    watched(lambda: time.sleep(0.3), calls.append, Limits(0.02))
    assert len(calls) == 1 and "is the computer busy? try again" in calls[0]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_right_fingerprint_is_its_own(exercise):
    right = recorded(exercise).right
    columns = columns_of(right)
    again = fingerprint(run(record.hand_in(), exercise), right, columns)
    known = recorded(exercise).usual
    assert (again.codes == known.codes).all()
    np.testing.assert_allclose(again.values, known.values, rtol=1e-5, atol=1e-6)


def test_arrays_are_compared_without_broadcasting():
    assert not same(np.zeros((3, 1)), np.zeros((3, 3)))
    assert same(np.ones(3), np.array([1, 1, np.nan]))
    assert error(np.array([np.nan]), np.array([1.0])) == float("inf")


def test_no_student_s_code_runs_in_the_judge():
    assert not any(
        isinstance(value, torch.nn.Module | torch.Tensor)
        for value in vars(recorded("rnn_forward")).values()
    )
