"""Diagnosis by formula: slips planted in the reference, and what must be said of them.

None of these is looked up in the catalogue: the formula is changed part by part until it gives what was
returned. Each row: the exercise, what is replaced in its function, and what the first sentences say.
"""

# ruff: noqa: E501  (a row a line)
import ast

import numpy as np
import pytest

from checks import answers
from checks.cases import EXERCISES
from checks.hand_ins.hand_in import HandIn
from checks.judging.diagnosis import sentences
from checks.judging.formula.explain import prepared, program_of
from checks.judging.formula.lines import FORMULAS
from checks.judging.formula.loops import LOOPS
from checks.judging.formula.program import close
from checks.judging.formula.seen import EDGES, explained, outputs, quantities
from checks.judging.judge import judge
from checks.kit.mutants import parsed, text_of
from checks.mistakes.catalogue import Mistake
from checks.record import hand_in
from checks.running.runner import run


def planted(exercise: str, *patches: tuple[str, str]) -> HandIn:
    """The reference with some text replaced in the function of an exercise, that stands there once."""
    where = exercise.split("[")[0]
    source = ast.unparse(parsed(where))
    for old, new in patches:
        assert source.count(old) == 1, (source.count(old), old)
        source = source.replace(old, new)
    return hand_in([Mistake("slip", where, text_of(where), source, "", "")])


def said(exercise: str, *patches: tuple[str, str]) -> str:
    """What the formula alone says of such a hand-in, all of it explained."""
    given = run(planted(exercise, *patches), exercise)
    findings, unexplained = explained(EXERCISES[exercise], given, answers.recorded(exercise).right)
    assert not unexplained, (unexplained, sentences(findings))
    return sentences(findings)


@pytest.mark.parametrize("exercise", [*FORMULAS, *LOOPS])
def test_formulas_give_the_recorded_answers(exercise):
    right = {answer.case: answer for answer in answers.recorded(exercise).right}
    for case in EXERCISES[exercise].cases:
        if not EDGES & case.settings.keys():
            inputs = quantities(case)
            shown = outputs(case, right[case.name], EXERCISES[exercise].outputs)
            shown = {name: np.nan_to_num(array) for name, array in shown.items()}
            program = program_of(exercise, inputs)
            scope = prepared(program, inputs | {k: v for k, v in shown.items() if k == "captions"})
            for target in program.targets:
                if target in shown:
                    value = program.value(scope, target)
                    assert close(value, shown[target]), (case.name, target)


STEP, BACK = "rnn_step_forward", "rnn_step_backward"
LSTM, LSTM_BACK = "lstm_step_forward", "lstm_step_backward"
LOOK, LOOK_BACK = "dot_product_attention", "dot_product_attention_backward"
LOSS, LOSS_BACK = "temporal_softmax_loss", "temporal_softmax_loss_backward"
TERM = "x @ Wx + prev_h @ Wh + b"
CHANGES = [
    # one change, or two at once, in a step (P1)
    (STEP, [(TERM, "x @ Wx - prev_h @ Wh + b")], "`prev_h Wh` is subtracted, and should be added"),
    (STEP, [(f"torch.tanh({TERM})", "torch.relu(x @ Wx + prev_h @ Wh - b)")], "`relu` stands where `tanh`"),
    (STEP, [(f"torch.tanh({TERM})", "torch.tanh(x @ Wx + prev_h @ Wh.T) + b")], "`Wh` is transposed"),
    (BACK, [("next_h ** 2)", "next_h)"), ("x.T @ da", "x.T @ dnext_h")], "In `dWx`, `dnext_h` stands where `da`"),
    (LSTM, [("next_c = f * prev_c + i * g", "next_c = f * prev_c - o * g")], "In `next_c`, "),
    (LSTM_BACK, [("dc * prev_c * f", "dc * next_c * f"), ("dprev_c = dc * f", "dprev_c = dc * i")], "`next_c` stands where `prev_c`"),
    (LSTM_BACK, [("[da_i, da_f, da_o, da_g]", "[da_i, da_i, da_o, da_g]")], "`da_i` stands where `da_f` belongs"),
    (LOOK, [("/ math.sqrt(H)", "* math.sqrt(H)"), ("torch.einsum('np,nhp->nh', weights", "torch.einsum('np,nhp->nh', scores")], "`scores` stands where `weights`"),
    (LOOK_BACK, [("+ dA_keys", "- dA_keys"), ("H = A.shape[1]", "H = A.shape[0]")], "`N` stands where `H` belongs"),
    # over time
    ("rnn_forward", [("prev_h = h0", "prev_h = h0 * 2")], "2 times too large"),
    ("lstm_backward", [("(dh[:, t] + dprev_h, dprev_c)", "(dh[:, t] - dprev_h, dprev_h)")], "`dprev_h`"),
    ("attention_lstm_backward", [("zeros_like", "ones_like")], "as `dprev_c` and `dprev_h`, ones stand where zeros belong"),
    ("attention_lstm_forward", [("A.mean(dim=(2, 3))", "A.sum(dim=(2, 3)) / A.shape[2] ** 2")], "h * h, not by h * w"),
    ("attention_lstm_backward", [("/ A.shape[2:].numel()", "/ A.shape[3] ** 2")], "`w^2` stands where `h * w` belongs"),
    # factors of the terms of a sum (P2)
    (STEP, [(TERM, "x @ Wx + 0.9 * (prev_h @ Wh) + 0.3 * b")], "`prev_h Wh` counts 0.9 times and the term `b` counts 0.3 times"),
    (LSTM, [("next_c = f * prev_c + i * g", "next_c = 0.7 * f * prev_c + 0.3 * i * g + 0.1 * prev_h")], "`prev_h` is added 0.1 times"),
    (LOOK_BACK, [("dA_values + dA_keys", "0.25 * dA_values + 1.5 * dA_keys")], "counts 0.25 times"),
    # a function of each number (P4)
    (STEP, [(f"torch.tanh({TERM})", f"torch.tanh({TERM}).clamp(-0.6, 0.6)")], "what is above 0.6 or below -0.6 is cut off"),
    (BACK, [("da = dnext_h * (1 - next_h ** 2)", "da = (dnext_h * (1 - next_h ** 2)).abs()")], "`dnext_h` loses its sign"),
    (BACK, [("da = dnext_h", "da = dnext_h.clamp(-0.5, 0.5)")], "`dnext_h` is clipped to [-0.5, 0.5]"),
    (LSTM, [("g = torch.tanh(a_g)", "g = nn.functional.softsign(a_g)")], "`softsign` stands where `tanh` belongs"),
    ("rnn_backward", [("dh[:, t] + dprev_h", "(dh[:, t] + dprev_h).clamp(-0.5, 0.5)")], "is clipped to [-0.5, 0.5]"),
    # which entries are used (P5)
    (LSTM, [("prev_h @ Wh", "prev_h[:1] @ Wh")], "the first row of `prev_h` is used for all rows"),
    (STEP, [("prev_h @ Wh", "prev_h.flip(0) @ Wh")], "the rows of `prev_h` are in reversed order"),
    (LOOK, [("prev_h, positions", "prev_h.roll(1, 0), positions")], "each row gets the `prev_h` of the row before"),
    ("word_embedding_forward", [("W_embed[words]", "W_embed[words - 1]")], "the row before its own"),
    ("word_embedding_forward", [("W_embed[words]", "W_embed.flip(0)[words]")], "the rows are counted from the end"),
    ("word_embedding_backward", [("index_add(0, words.reshape(-1), rows)", "index_copy(0, words.reshape(-1), rows)")], "the others are overwritten"),
    # the loss, by its value and by its gradient (P7)
    (LOSS, [("(-log_prob_of_target).sum() / N", "(-log_prob_of_target).sum() / N / V".replace("V", "scores.shape[2]"))], "1/V times too large"),
    (LOSS, [("shifted = scores", "shifted = 2 * scores")], "`scores` is doubled"),
    (LOSS, [("log_probs.gather(2, targets", "log_probs.gather(2, targets.roll(-1, 1)")], "the target of the next step is taken"),
    (LOSS, [("targets != ignore_index", "targets > ignore_index")], "only targets above `ignore_index` count"),
    (LOSS, [("shifted - shifted.exp().sum(dim=2, keepdim=True).log()", "shifted - shifted.exp().sum(dim=2, keepdim=True).log().detach()")], "1 at the word with the highest score stands where the softmax belongs"),
    (LOSS, [("shifted = scores - scores.amax(dim=2, keepdim=True)", "shifted = scores - scores.amax(dim=2, keepdim=True).detach()"), ("shifted.exp().sum(dim=2, keepdim=True).log()", "shifted.detach().exp().sum(dim=2, keepdim=True).log()")], "the term `softmax(scores)` is missing"),
    (LOSS_BACK, [("- nn.functional.one_hot(targets, V)", "- nn.functional.one_hot(scores.argmax(2), V)")], "1 stands at the word with the highest score"),
    (LOSS_BACK, [("(targets != ignore_index)", "(targets.roll(1, 1) != ignore_index)")], "is read off the target before it"),
    (LOSS_BACK, [("dim=2) -", "dim=0) -"), ("/ N", "/ V")], "the softmax runs over the batch"),
    # rounding (P8)
    (STEP, [(f"torch.tanh({TERM})", f"torch.tanh({TERM}).half().double()")], "half precision (float16)"),
    (BACK, [("da = dnext_h", "da = dnext_h.bfloat16().double()")], "`dnext_h` is rounded to bfloat16"),
    (LOOK, [("weights = torch.softmax(scores, dim=1)", "weights = torch.softmax(scores, dim=1).round(decimals=2)")], "rounded to 2 decimals"),
    # at some rows or steps only
    (STEP, [("return (next_h, cache)", "next_h = torch.cat([torch.tanh(x @ Wx + b)[:1], next_h[1:]])\n    return (next_h, cache)")], "in the first row of the batch alone, the term `prev_h Wh` is missing"),
    ("rnn_forward", [("x[:, t], prev_h", "x[:, max(t, 0)] * (1 + (t == 0)), prev_h")], "at the first step"),
    # what autograd sees
    (LSTM, [("o * torch.tanh(next_c)", "o * torch.tanh(next_c).detach()")], "in the gradients that autograd finds"),
    ("rnn_forward", [("prev_h, cache_t = rnn_step_forward(x[:, t], prev_h,", "prev_h, cache_t = rnn_step_forward(x[:, t], prev_h.detach(),")], "gradients that autograd finds"),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "patches", "expected"), CHANGES)
def test_what_was_changed_is_said(exercise, patches, expected):
    text = said(exercise, *patches)
    assert expected.lower() in text.lower(), text


# What is told where: everything goes through the judge


def message(exercise: str, *patches: tuple[str, str]) -> str:
    """The whole message of the verdict on such a hand-in."""
    given = run(planted(exercise, *patches), exercise)
    return judge(EXERCISES[exercise], given, set(EXERCISES)).message


FORWARD, SAMPLE = "CaptioningRNN.forward", "CaptioningRNN.sample"
CAPTIONER = [  # P7: the captioner as a program with slots
    (FORWARD, [("captions[:, 1:]", "captions[:, :-1]"), (", self.ignore_index", ", self.end")], "words that are read are wanted"),
    (FORWARD, [("captions[:, :-1]", "captions[:, 1:]"), (", self.ignore_index", ", self.start")], "words of the next step are read"),
    (FORWARD, [("self.ignore_index)", "self.ignore_index) / h.shape[1]")], "divided by the number of steps"),
    (FORWARD, [("self._project_image(features)", "torch.tanh(self._project_image(features))"), (", self.ignore_index", ", self.end")], "`tanh` follows `image_projection`"),
    (SAMPLE, [("scores.argmax(dim=1)", "scores.argmin(dim=1)"), ("image = self._project_image(features)", "image = torch.relu(self._project_image(features))")], "`relu` follows `image_projection`"),
    (SAMPLE, [("scores.argmax(dim=1)", "scores.topk(2, dim=1).indices[:, 1]")], "second highest score"),
    (SAMPLE, [("word == self.end", "word == self.null"), ("scores.argmax(dim=1)", "scores.argmin(dim=1)")], "the word with the lowest score"),
]  # fmt: skip


@pytest.mark.parametrize("cell", ["rnn", "lstm", "attn"])
@pytest.mark.parametrize(("method", "patches", "expected"), CAPTIONER)
def test_captioner_is_explained_slot_by_slot(method, patches, expected, cell):
    assert expected in said(f"{method}[{cell}]", *patches).lower()


def test_what_remains_unexplained_is_said():
    odd = ("db = da.sum(dim=0)", "db = da.sum(dim=0) ** 3 + da.std(dim=0)")
    text = message(BACK, ("x.T @ da", "x.T @ dnext_h"), odd)
    assert "`dnext_h` stands where `da` belongs. That does not explain `db`." in text


def test_a_function_that_returns_zeros_is_said_to():
    text = message("rnn_backward", ("dWh + dWh_t", "dWh * dWh_t"))
    assert text.startswith("`dWh` is zero throughout. `dx`, `dh0`, `dWx` and `db` are right")


def test_one_scaled_gradient_is_told_as_one():
    """P0: a row that scales all gradients gives this `dWx` too, but the others are right."""
    text = message(BACK, ("x.T @ da", "x.T @ da / len(x)"))
    assert "`dWx`" in text and not {"`dWh`", "`db`"} & set(text.split("(")[0].split())
    text = message(
        "lstm_backward", ("dWh + dWh_t", "dWh + dWh_t * 3"), ("db + db_t", "db + db_t * 2")
    )
    assert "is scaled" not in text and "`dWh`" in text and "`db`" in text


def test_gates_that_went_wrong_are_told_once():
    odd = ("da_o = dnext_h * tanh_c * o * (1 - o)", "da_o = (dnext_h.cos() * tanh_c.exp() + o) * i")
    text = message(LSTM_BACK, odd)
    assert "Of the four gate blocks only o went wrong, in `dWx`, `dWh` and `db`." in text


def test_an_input_changed_as_well_is_said():
    """P6."""
    text = message(STEP, ("next_h = torch", "x[:, :2] += 1\n    next_h = torch"))
    assert "It changes its input `x` in place" in text


def test_rows_and_steps_in_the_wrong_place():
    """P5: what belongs in another row, or at another step."""
    text = message(BACK, ("dx = da @ Wx.T", "dx = (da @ Wx.T)[[*range(len(da))][::-1]]"))
    assert "row" in text


def test_the_same_function_is_explained_in_the_same_words_each_time():
    patches = ("dh[:, t] + dprev_h", "dh[:, t] - 2 * dprev_h")
    assert message("rnn_backward", patches) == message("rnn_backward", patches)


@pytest.mark.parametrize(
    ("name", "copy"),
    [
        ("embedding-row-0-zeroed-in-place", "W_embed * (torch.arange(len(W_embed)) != 0)[:, None]"),
        ("embedding-renormalised-in-place", "torch.renorm(W_embed, 2, 0, 1.0)"),
    ],
)
def test_no_mistake_is_named_that_changes_an_input_where_none_was_changed(name, copy):
    """P0: the same numbers, made on a copy."""
    exercise = "word_embedding_forward"
    given = run(planted(exercise, ("W_embed[words]", f"({copy})[words]")), exercise)
    assert not any(answer.changed for answer in given)
    assert [name] not in judge(EXERCISES[exercise], given, set(EXERCISES)).mistakes
