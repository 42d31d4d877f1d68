"""The formulas, line by line; a line defines a quantity from those above it and the inputs.

`given` lines are what the hand-in starts from: nothing in them is changed. `targets` are the quantities that
can be seen, in the order in which they are explained: an output, or something that can be worked out of the
outputs (`peeled`: its name, and how).
"""

import re
from dataclasses import dataclass

from checks.judging.formula.quantities import OPERATIONS


@dataclass(frozen=True)
class Formula:
    """The lines of a function, and which of their quantities can be seen."""

    lines: dict[str, str]
    targets: tuple[str, ...]
    given: tuple[str, ...] = ()
    peeled: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str]:
        """The names in the lines that no line defines."""
        words = re.findall(r"[A-Za-z_]\w*", " ".join(self.lines.values()))
        return [
            word
            for word in dict.fromkeys(words)
            if word not in self.lines and word not in OPERATIONS
        ]


def formula(text: str, targets: str, given: str = "", peeled: str = "") -> Formula:
    return Formula(parsed(text), *(tuple(names.split()) for names in (targets, given, peeled)))


def parsed(text: str) -> dict[str, str]:
    """ "name = expression" lines, by name."""
    return dict(line.strip().split(" = ", 1) for line in text.strip().splitlines())


GATES = """
    a_i = block(a, 0)
    a_f = block(a, 1)
    a_o = block(a, 2)
    a_g = block(a, 3)
    i = sigmoid(a_i)
    f = sigmoid(a_f)
    o = sigmoid(a_o)
    g = tanh(a_g)
    next_c = f * prev_c + i * g
    next_h = o * tanh(next_c)
"""
GATE_NAMES = "a a_i a_f a_o a_g i f o g next_c next_h"
GATES_BACK = """
    tanh_c = tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - tanh_c * tanh_c)
    do = dnext_h * tanh_c
    di = dc * g
    df = dc * prev_c
    dg = dc * i
    da_i = di * i * (1 - i)
    da_f = df * f * (1 - f)
    da_o = do * o * (1 - o)
    da_g = dg * (1 - g * g)
    da = beside(da_i, da_f, da_o, da_g)
    dprev_c = f * dc
"""
AFFINE_BACK = """
    dx = dot(da, transposed(Wx))
    dprev_h = dot(da, transposed(Wh))
    dWx = dot(transposed(x), da)
    dWh = dot(transposed(prev_h), da)
    db = total(da, 0)
"""
AFFINE = "a = dot(x, Wx) + dot(prev_h, Wh) + b"
WITH_ATTENTION = "a = dot(x, Wx) + dot(prev_h, Wh) + dot(attn, Wattn) + b"
ATTENTION_BACK = """
    dattn = dot(da, transposed(Wattn))
    dWattn = dot(transposed(attn), da)
"""
STEP_GRADIENTS = "dx dprev_h dWx dWh db"

FORMULAS = {
    "rnn_step_forward": formula(f"{AFFINE}\n next_h = tanh(a)", "next_h"),
    "rnn_step_backward": formula(
        f"{AFFINE}\n next_h = tanh(a)\n da = dnext_h * (1 - next_h * next_h)\n{AFFINE_BACK.strip()}",
        f"da {STEP_GRADIENTS}",
        given="a next_h",
        peeled="da",
    ),
    "lstm_step_forward": formula(AFFINE + GATES.rstrip(), "next_c next_h"),
    "lstm_step_backward": formula(
        AFFINE + GATES.rstrip() + GATES_BACK.rstrip() + AFFINE_BACK.rstrip(),
        f"da_i da_f da_o da_g da dprev_c {STEP_GRADIENTS}",
        given=GATE_NAMES,
        peeled="da da_i da_f da_o da_g",
    ),
    "dot_product_attention": formula(
        """
        scores = asked(prev_h, A) / sqrt(H)
        weights = softmax(scores, 1)
        attn = weighed(weights, A)
        """,
        "weights attn",
    ),
    "dot_product_attention_backward": formula(
        """
        scores = asked(prev_h, A) / sqrt(H)
        weights = softmax(scores, 1)
        dweights = asked(dattn, A)
        dscores = weights * (dweights - kept(weights * dweights))
        dprev_h = weighed(dscores, A) / sqrt(H)
        dA = spread(weights, dattn) + spread(dscores, prev_h) / sqrt(H)
        """,
        "dprev_h dA",
        given="scores weights",
    ),
    "attention_lstm_step_forward": formula(WITH_ATTENTION + GATES.rstrip(), "next_c next_h"),
    "attention_lstm_step_backward": formula(
        WITH_ATTENTION
        + GATES.rstrip()
        + GATES_BACK.rstrip()
        + AFFINE_BACK.rstrip()
        + ATTENTION_BACK.rstrip(),
        f"da_i da_f da_o da_g da dprev_c {STEP_GRADIENTS} dattn dWattn",
        given=GATE_NAMES,
        peeled="da da_i da_f da_o da_g",
    ),
    "word_embedding_forward": formula("out = rows(W_embed, words)", "out"),
    "word_embedding_backward": formula("dW_embed = added(dout, words, V)", "dW_embed"),
    "temporal_softmax_loss": formula(
        """
        number = everything(counting(targets, ignored))
        log_probs = log_softmax(scores, 2)
        picked = pick(log_probs, targets)
        counts = counting(targets, ignored)
        loss = -everything(picked * counts) / N
        """,
        "loss",
    ),
    "temporal_softmax_loss_backward": formula(
        """
        number = everything(counting(targets, ignored))
        probs = softmax(scores, 2)
        one_hot_targets = one_hot(targets, V)
        counts = at_each(counting(targets, ignored))
        dscores = (probs - one_hot_targets) / N * counts
        """,
        "dscores",
    ),
}
IMAGE = {"rnn": "image_projection(middle(features))", "attn": "image_projection(features)"}
IMAGE["lstm"] = IMAGE["rnn"]
FORMULAS |= {
    f"CaptioningRNN.forward[{cell}]": formula(
        f"""
        image = {IMAGE[cell]}
        read = not_last(captions)
        x = word_embedding(read)
        h = cell(x, image)
        scores = vocabulary_projection(h)
        wanted = not_first(captions)
        number = everything(counting(wanted, ignored))
        loss = temporal_softmax_loss(scores, wanted, ignored)
        """,
        "loss",
    )
    for cell in IMAGE
}
