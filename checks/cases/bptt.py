"""Part bptt: the gradients by hand, backpropagation through time."""

from dataclasses import replace

import numpy as np

from checks.cases import attention, lstm, rnn, words
from checks.cases.case import Case, Exercise, standard_cases, with_extreme

EXTREME = {"lstm_step_forward": "x", "attention_lstm_step_forward": "x"}
EXTREME |= {"dot_product_attention": "prev_h"}


def backward_cases(forward: str, inputs: dict[str, str], upstream: dict[str, str]) -> list[Case]:
    """The standard cases, for the backward function of a forward one."""
    standard = standard_cases(f"{forward} backward", inputs, upstream)
    sharper = attention.with_sharper_grid(standard) if "A" in inputs else standard
    cases = [by_hand(case) for case in sharper if case.name != "another ending"]
    cases.append(large_gradients(cases[0], [f"d{name}" for name in upstream]))
    name = EXTREME.get(forward)
    return with_extreme(cases, name, f"`{name}`") if name else cases


def large_gradients(case: Case, names: list[str]) -> Case:
    """The case with larger upstream gradients: these are not to be clipped, nor is what comes of them."""
    larger = {name: words.LARGER * case.inputs[name] for name in names}
    return replace(case, name="large gradients", inputs={**case.inputs, **larger}, only=words.LARGE)


def by_hand(case: Case) -> Case:
    """The case with the upstream gradients as inputs: "next_h" comes as "dnext_h"."""
    upstream = {f"d{name}": array for name, array in case.upstream.items()}
    return replace(case, inputs={**case.inputs, **upstream}, upstream={})


def embedding_backward_cases() -> list[Case]:
    return [
        replace(by_hand(case), settings={**case.settings, "V": len(case.inputs["W_embed"])})
        for case in words.embedding_cases()
    ]


def loss_backward_cases() -> list[Case]:
    """Those of the loss; what arrives at it is 1, the gradient of the loss itself."""
    itself = {"loss": np.ones(())}
    return [by_hand(replace(case, upstream=itself)) for case in words.loss_cases()]


def backward(forward: str, points: int, shapes: dict, upstream: dict, **more) -> Exercise:
    """The exercise of a backward function; its outputs are the gradients of the forward's inputs."""
    return Exercise(
        forward.removesuffix("_forward") + "_backward",
        "bptt",
        points,
        inputs=tuple(f"d{name}" for name in upstream),
        outputs=tuple(f"d{name}" for name in shapes),
        forward=forward,
        make_cases=lambda: backward_cases(forward, shapes, upstream),
        **more,
    )


STATE, STATES, ALL = {"next_h": "N H"}, {"next_h": "N H", "next_c": "N H"}, {"h": "N T H"}
AGREES = "agrees with autograd and with central differences of your own forward"

EXERCISES = [
    backward(
        "rnn_step_forward",
        4,
        rnn.STEP,
        STATE,
        needs=("rnn_step_forward",),
        hints=(
            "First through tanh, to the gradient of its argument; from that, one line an input.",
            "The derivative of tanh can be had from its output. In a product each factor gets the"
            " gradient times the other, transposed so that shapes fit. b was added to every row.",
            "da = dnext_h * (1 - next_h^2); dx = da Wx^T; dprev_h = da Wh^T; dWx = x^T da;"
            " dWh = prev_h^T da; db = sum of da over the batch",
        ),
        right=AGREES,
    ),
    backward(
        "rnn_forward",
        4,
        rnn.SEQUENCE,
        ALL,
        needs=("rnn_forward", "rnn_step_backward"),
        hints=(
            "The loop of rnn_forward, from the last step to the first.",
            "A state is used twice: as the output of its step, and by the next step. Its gradient"
            " is the sum of both. The weights are used at every step: their gradients add up.",
            "dnext_h(t) = dh[:, t] + dprev_h(t+1), with 0 after the last step; dWx = sum over t of"
            " dWx(t), likewise dWh, db; dh0 is the dprev_h of the first step",
        ),
        right=AGREES,
    ),
    Exercise(
        "word_embedding_backward",
        "bptt",
        points=2,
        inputs=("dout", "words", "V"),
        outputs=("dW_embed",),
        needs=("word_embedding_forward",),
        forward="word_embedding_forward",
        standalone=True,
        hints=(
            "Start from zeros, one row for each of the V words; every place of `words` adds to one row.",
            "A row that was looked up several times gets the sum of all the gradients that arrive"
            " there. An assignment at a tensor of indices writes each row once, even with +=.",
            "dW_embed[v] = sum of dout[...] over all places where words[...] = v;"
            " in matrices: dW_embed = one_hot(words)^T dout, all places one below the other",
        ),
        right="the gradients of equal words add up in their row; agrees with autograd",
        make_cases=embedding_backward_cases,
    ),
    Exercise(
        "temporal_softmax_loss_backward",
        "bptt",
        points=4,
        inputs=("scores", "targets"),
        outputs=("dscores",),
        needs=("temporal_softmax_loss",),
        forward="temporal_softmax_loss",
        standalone=True,
        hints=(
            "Each place has a gradient of its own: only its scores, its target, and N take part.",
            "The gradient of log sum exp is the softmax; that of the target's own score is 1. What"
            " the loss divides by, its gradient is divided by; what it leaves out has gradient 0.",
            "dscores[n, t] = (softmax(scores[n, t]) - one_hot(targets[n, t])) / N where the target"
            " counts, 0 where it does not",
        ),
        right="softmax minus one-hot, divided by N, 0 where no target counts; agrees with autograd",
        make_cases=loss_backward_cases,
    ),
    backward(
        "lstm_step_forward",
        7,
        lstm.STEP,
        STATES,
        needs=("lstm_step_forward",),
        hints=(
            "From the outputs backwards: state, cell, gates, their arguments, inputs.",
            "next_c reaches the loss on two ways, through next_h and through later steps. A sigmoid"
            " s has the derivative s (1 - s). Put the four gate gradients side by side, in order.",
            "dc = dnext_c + dnext_h * o * (1 - tanh(next_c)^2); do = dnext_h * tanh(next_c);"
            " df = dc * prev_c; di = dc * g; dg = dc * i; dprev_c = dc * f; then da_i = di i (1-i),"
            " ..., da_g = dg (1 - g^2)",
        ),
        right=AGREES,
    ),
    backward(
        "lstm_forward",
        4,
        lstm.SEQUENCE,
        ALL,
        needs=("lstm_forward", "lstm_step_backward"),
        hints=(
            "As rnn_backward, with two gradients that travel back.",
            "Into step t go the gradient of its state, from its output and from step t+1 together,"
            " and the gradient of its cell, from step t+1 alone. The first cell is a constant.",
            "dnext_h(t) = dh[:, t] + dprev_h(t+1); dnext_c(t) = dprev_c(t+1); both 0 after the last"
            " step; weights' gradients add up over t",
        ),
        right=AGREES,
    ),
    backward(
        "dot_product_attention",
        6,
        attention.LOOK,
        {"attn": "N H"},
        needs=("dot_product_attention",),
        hints=(
            "Backwards through weighted mean, softmax, scores. A appears in two of them.",
            "Through the mean, weights and A each get a gradient. Softmax couples all positions of a"
            " picture: subtract the weighted mean of the gradients. Through the scores go prev_h"
            " and A once more, with the scale.",
            "dw[p] = dattn . A[:, p]; ds = w * (dw - sum of w dw); dprev_h = sum over p of"
            " ds[p] A[:, p] / sqrt(H); dA[:, p] = w[p] dattn + ds[p] prev_h / sqrt(H)",
        ),
        right=AGREES,
    ),
    backward(
        "attention_lstm_step_forward",
        2,
        attention.STEP,
        STATES,
        needs=("attention_lstm_step_forward", "lstm_step_backward"),
        hints=(
            "lstm_step_backward, with two more gradients.",
            "attn and Wattn stand to each other as x and Wx do.",
            "dattn = da Wattn^T; dWattn = attn^T da; all else as in lstm_step_backward",
        ),
        right=AGREES,
    ),
    backward(
        "attention_lstm_forward",
        5,
        attention.SEQUENCE,
        ALL,
        needs=(
            "attention_lstm_forward",
            "attention_lstm_step_backward",
            "dot_product_attention_backward",
        ),
        hints=(
            "As lstm_backward; each step goes back through the step and then through its look.",
            "The state before a step is used by the step and by its look: its gradient is the sum."
            " A collects a gradient at every look, and from the first h and the first c, which are"
            " its mean.",
            "dprev_h(t) = that of the step + that of attention; dA = sum over t of dA(t)"
            " + (dh0 + dc0) / (h w) at every position",
        ),
        right=AGREES,
    ),
]
