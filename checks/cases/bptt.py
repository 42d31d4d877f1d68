"""Part bptt: the gradients by hand, backpropagation through time."""

from dataclasses import replace

from checks.cases import attention, lstm, rnn
from checks.cases.case import Case, Exercise, standard_cases


def backward_cases(seed: str, inputs: dict[str, str], upstream: dict[str, str]) -> list[Case]:
    """The standard cases, the upstream gradients being inputs now: "next_h" comes as "dnext_h"."""
    return [
        replace(
            case,
            inputs={**case.inputs, **{f"d{name}": array for name, array in case.upstream.items()}},
            upstream={},
        )
        for case in standard_cases(seed, inputs, upstream)
        if case.name != "another ending"
    ]


def backward(forward: str, points: int, shapes: dict, upstream: dict, **more) -> Exercise:
    """The exercise of a backward function; its outputs are the gradients of the forward's inputs."""
    sharper = attention.with_sharper_grid if "A" in shapes else list
    return Exercise(
        forward.removesuffix("_forward") + "_backward",
        "bptt",
        points,
        inputs=tuple(f"d{name}" for name in upstream),
        outputs=tuple(f"d{name}" for name in shapes),
        forward=forward,
        make_cases=lambda: sharper(backward_cases(f"{forward} backward", shapes, upstream)),
        **more,
    )


STATE, STATES, ALL = {"next_h": "N H"}, {"next_h": "N H", "next_c": "N H"}, {"h": "N T H"}
AGREES = "agrees with autograd and with central differences of your own forward"

EXERCISES = [
    backward(
        "rnn_step_forward",
        5,
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
        5,
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
    backward(
        "lstm_step_forward",
        8,
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
        5,
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
        3,
        attention.STEP,
        STATES,
        needs=("attention_lstm_step_forward",),
        hints=(
            "lstm_step_backward, with two more gradients.",
            "attn and Wattn stand to each other as x and Wx do.",
            "dattn = da Wattn^T; dWattn = attn^T da; all else as in lstm_step_backward",
        ),
        right=AGREES,
    ),
    backward(
        "attention_lstm_forward",
        6,
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
