"""Part words: from a word to its vector, and the loss of a caption."""

from dataclasses import replace

import numpy as np

from checks.cases.case import (
    EQUAL,
    MIXED,
    STRIDED,
    Case,
    Exercise,
    Sizes,
    drawn,
    numbers,
    whole_numbers,
)


def embedding_case(name: str, words: np.ndarray, sizes: Sizes = MIXED, **more) -> Case:
    inputs = {"words": words, **drawn("embedding", sizes, W_embed="V D")}
    upstream = {"out": numbers(f"embedding {name}", *words.shape, sizes.D)}
    return Case(name, inputs, upstream=upstream, **more)


def embedding_cases() -> list[Case]:
    # the first word and the last; equal words in one caption, at one time, and elsewhere
    words = np.array([[0, 10, 0, 4], [0, 8, 6, 1], [3, 10, 4, 2]])
    plain = embedding_case("plain", words)
    larger = {"out": LARGER * plain.upstream["out"]}
    return [
        plain,
        embedding_case("rare words", words % 8, only=RARE),
        embedding_case("one word a row", words[:, 0], only="with words of a single axis, (N,)"),
        embedding_case("one row", words[:1], only="with a batch of one (N = 1)"),
        embedding_case("one step", words[:, :1], only="with a single time step (T = 1)"),
        embedding_case("three axes", words.reshape(3, 2, 2), only="with words of three axes"),
        embedding_case(
            "strided", words, stage="property", settings={"strided": True}, only=STRIDED
        ),
        embedding_case(
            "float32", words, stage="dtype", settings={"dtype": "float32"}, only="in float32"
        ),
        replace(plain, name="large gradients", upstream=larger, only=LARGE),
        embedding_case("equal sizes", whole_numbers("w", 4, 4, 4), EQUAL, judged=False),
    ]


def loss_case(name: str, sizes: Sizes = MIXED, targets=None, scale=3.0, **more) -> Case:
    scores = numbers(f"loss {sizes}", sizes.N, sizes.T, sizes.V, scale=scale)
    if targets is None:
        targets = whole_numbers(f"loss {sizes}", sizes.V, sizes.N, sizes.T)
    return Case(
        name,
        {"scores": scores, "targets": targets},
        upstream={"loss": numbers("loss", 1).reshape(())},
        **more,
    )


def loss_cases() -> list[Case]:
    N, T = MIXED.N, MIXED.T
    padded = np.array([[3, 7, 2, 0], [5, 2, 0, 0], [0, 4, 10, 2]])
    renumbered = np.array([[3, 7, 0, 6], [5, 0, 6, 6], [1, 6, 10, 0]])
    masked = {"settings": {"ignore_index": 0}}
    one_row, one_step = padded[:1], padded[:, :1]
    one_empty = padded * [[1], [0], [1]]
    return [
        loss_case("plain", targets=np.array([[3, 7, 2, 0], [5, 2, 1, 10], [0, 4, 10, 2]])),
        loss_case("padded", targets=padded, only="with NULL targets that do not count", **masked),
        loss_case(
            "another NULL",
            targets=renumbered,
            only="where ignore_index is 6, so that 0 is a word like any other",
            settings={"ignore_index": 6},
        ),
        loss_case(
            "nothing ignored",
            targets=padded,
            only="with ignore_index=None, where NULL targets count as well",
            settings={"ignore_index": None},
        ),
        loss_case("one row", Sizes(N=1), one_row, only="with a batch of one (N = 1)", **masked),
        loss_case("one step", Sizes(T=1), one_step, only="with one time step (T = 1)", **masked),
        loss_case("all NULL", targets=np.zeros((N, T), dtype=np.int64), only=ALL_NULL, **masked),
        loss_case("one caption NULL", targets=one_empty, only=ONE_NULL, **masked),
        loss_case("extreme", targets=padded, scale=1e4, only="with scores of +-10,000", **masked),
        loss_case(
            "strided",
            targets=padded,
            stage="property",
            only=STRIDED,
            settings={"ignore_index": 0, "strided": True},
        ),
        loss_case(
            "float32",
            targets=padded,
            stage="dtype",
            only="in float32",
            settings={"ignore_index": 0, "dtype": "float32"},
        ),
        loss_case("equal sizes", EQUAL, judged=False),
    ]


LARGER = 20.0  # than 1: what clips gradients clips these
LARGE = "with upstream gradients twenty times as large"
ONE_NULL = "where all targets of one caption are NULL"
RARE = "where the last words of the vocabulary do not occur"
ALL_NULL = "where no target counts: the loss is 0 then, and its gradients too"

EXERCISES = [
    Exercise(
        "word_embedding_forward",
        "words",
        points=3,
        inputs=("words", "W_embed"),
        outputs=("out",),
        hints=(
            "No loop is needed: a tensor can be indexed with a tensor of indices.",
            "Each word id picks one row of W_embed; the axes of `words` stay, one more comes last.",
            "out[..., :] = W_embed[words[...], :]",
        ),
        right="each word picks its own row, and the gradient goes back into that row",
        make_cases=embedding_cases,
    ),
    Exercise(
        "temporal_softmax_loss",
        "words",
        points=6,
        inputs=("scores", "targets"),
        outputs=("loss",),
        hints=(
            "Log-probabilities over the vocabulary (the last axis), the target's picked out,"
            " those that do not count left out, one sum, one division.",
            "The loss sums over time and is averaged over the batch: the divisor is N, however long"
            " the captions are and however much of them is NULL. Take care that exp does not"
            " overflow.",
            "loss = -1/N sum over counting n, t of log softmax(scores[n, t])[targets[n, t]], with"
            " log softmax(s) = (s - m) - log sum exp(s - m), m = max(s)",
        ),
        right="summed over time, divided by N, NULL left out whatever its number, stable at +-1e4",
        make_cases=loss_cases,
    ),
]
