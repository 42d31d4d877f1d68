"""The catalogue: every mistake that a check can name. One file a part, and its gradients beside it."""

from checks.mistakes import (
    attention,
    attention_backward,
    captioner,
    lstm,
    lstm_backward,
    rnn,
    rnn_backward,
    words,
    words_backward,
)
from checks.mistakes.catalogue import Mistake, patched, patched_functions

PARTS = (
    rnn,
    rnn_backward,
    words,
    words_backward,
    lstm,
    lstm_backward,
    attention,
    attention_backward,
    captioner,
)
CATALOGUE: dict[str, Mistake] = {
    mistake.name: mistake for part in PARTS for mistake in part.MISTAKES
}

UNDO = {  # pairs that are right together: the second slip makes up for the first
    frozenset(pair)
    for pair in (
        ("sample-END-not-written", "sample-one-word-after-END"),  # noticed late, masked late
        ("forward-scores-from-the-state-before", "forward-scores-of-the-first-step-dropped"),
        ("forward-loss-divided-by-N-again", "forward-loss-summed-over-the-batch"),
        ("attention-log-softmax", "attention-softmax-twice"),  # softmax(log softmax) = softmax
        ("attention-mean-of-weighted", "attention-times-positions"),
        ("attention-columns-first", "attention-weights-transposed"),
        # attn first in both is as right as x first in both
        (
            "attention-step-attn-before-the-input",
            "attention-step-weights-stacked-in-the-wrong-order",
        ),
        # 1/H too small and H/sqrt(H) sqrt(H) too large
        ("attention-backward-dweights-averaged", "attention-backward-scale-multiplied"),
    )
}

__all__ = ["CATALOGUE", "UNDO", "Mistake", "patched", "patched_functions"]
