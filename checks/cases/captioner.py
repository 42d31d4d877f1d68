"""Part captioner: the loss of captions by teacher forcing, and greedy sampling, for each cell."""

from dataclasses import replace

import numpy as np

from checks.cases.case import EQUAL, LEFT_AWAY, STRIDED, Case, Exercise, Sizes, numbers

SQUARE = Sizes(h=4, w=4)  # the grid that courses with an encoder of their own have
WORDS = "<NULL> <START> <END> <UNK> a red bird on the blue hill".split()
RENUMBERED = "a <END> red bird <UNK> on <NULL> the <START> blue hill".split()
CAPTIONS = [  # the first four words belong to the plain vocabulary: cut, they end in NULL or a word
    "<START> a bird on the <UNK> hill <END>",
    "<START> the red bird <END> <NULL> <NULL> <NULL>",
    "<START> blue hill <END> <NULL> <NULL> <NULL> <NULL>",
    "<START> <UNK> on a hill <END> <NULL> <NULL>",
]
GATES = {"rnn": 1, "lstm": 4, "attn": 4}
SEEDS = {  # chosen so that rows say different things, some END and some NULL among them, no near ties
    "rnn": {
        "plain": 1856,
        "another numbering": 35,
        "one row": 166,
        "tall grid": 1901,
        "wide grid": 1712,
        "equal sizes": 2385,
    },
    "lstm": {
        "plain": 1217,
        "another numbering": 1137,
        "one row": 1591,
        "tall grid": 122,
        "wide grid": 539,
        "equal sizes": 281,
    },
    "attn": {
        "plain": 937,
        "another numbering": 1302,
        "one row": 628,
        "tall grid": 2275,
        "wide grid": 708,
        "equal sizes": 2023,
    },
}


def parameters(cell: str, sizes: Sizes, seed: int = 0) -> dict[str, np.ndarray]:
    """A captioner's parameters, large enough for words, states and looks to differ from each other."""
    C, D, H, V, columns = sizes.C, sizes.D, sizes.H, sizes.V, GATES[cell] * sizes.H
    shapes = {
        "word_embedding.W_embed": ((V, D), 1.5),
        "image_projection.weight": ((H, C), 1.5),
        "image_projection.bias": ((H,), 0.5),
        "cell.Wx": ((D, columns), 1.2),
        "cell.Wh": ((H, columns), 1.6),
        "cell.b": ((columns,), 0.5),
        "vocabulary_projection.weight": ((V, H), 2.0),
        "vocabulary_projection.bias": ((V,), 0.5),
    }
    if cell == "attn":
        shapes["cell.Wattn"] = ((H, columns), 1.2)
    return {
        name: numbers(f"{cell} {name} {seed}", *shape, scale=scale)
        for name, (shape, scale) in shapes.items()
    }


def features(sizes: Sizes, seed: int = 0) -> np.ndarray:
    """A feature grid, of both signs, as standardised features are."""
    return 0.5 + numbers(f"features {seed}", sizes.N, sizes.C, sizes.h, sizes.w, scale=3.0)


def case(name: str, cell: str, sizes: Sizes = SQUARE, words=WORDS, seed: int = 0, **more) -> Case:
    """A case of a captioner of that cell; `more` as in Case, `inputs` beside the features."""
    inputs = {"features": features(sizes, seed), **more.pop("inputs", {})}
    settings = {"cell_type": cell, "words": words, "ignore_index": words.index("<NULL>")}
    settings |= more.pop("settings", {})
    return Case(name, inputs, settings=settings, parameters=parameters(cell, sizes, seed), **more)


def captions(words: list[str], rows: int = 3, length: int = 8) -> dict[str, np.ndarray]:
    ids = [[words.index(word) for word in caption.split()[:length]] for caption in CAPTIONS]
    return {"captions": np.array(ids[:rows], dtype=np.int64)}


def forward_cases(cell: str) -> list[Case]:
    def made(name: str, sizes: Sizes = SQUARE, words=WORDS, rows=3, length=8, **more) -> Case:
        loss = {"loss": numbers("captioner", 1).reshape(())}
        inputs = captions(words, rows, length)
        return case(name, cell, sizes, words, inputs=inputs, upstream=loss, **more)

    plain = made("plain")
    positions = SQUARE.h * SQUARE.w
    order = (5 * np.arange(positions) + 3) % positions
    grid = plain.inputs["features"]
    shuffled = grid.reshape(*grid.shape[:2], -1)[:, :, order].reshape(grid.shape)
    float32, strided = {"dtype": "float32"}, {"strided": True}
    return [
        plain,
        made("another numbering", words=RENUMBERED, only=NUMBERING),
        made("nothing ignored", settings={"ignore_index": None}, only="with ignore_index=None"),
        made("another ignored", settings={"ignore_index": 3}, only=IGNORED),
        made("left away", words=RENUMBERED, settings={"ignore_index": LEFT_AWAY}, only=DEFAULT),
        made("one row", replace(SQUARE, N=1), rows=1, only=ONE_ROW),
        made("one step", length=2, only="with captions of one word after START"),
        made("tall grid", Sizes(h=5, w=2), only="with another grid, 5 x 2"),
        made("wide grid", Sizes(h=2, w=6), only="with another grid, 2 x 6"),
        replace(
            plain,
            name="shuffled positions",
            inputs={**plain.inputs, "features": shuffled},
            stage="property",
            only="with the positions of the grid shuffled, which should change nothing",
        ),
        made("strided", stage="property", settings=strided, only=STRIDED),
        made("float32", stage="dtype", settings=float32, only="in float32"),
        made("equal sizes", replace(EQUAL, V=len(WORDS)), rows=4, judged=False),
    ]


ONE_ROW = "for a single image (N = 1)"
NUMBERING = "with another numbering of the words, where NULL is 6, START 8 and END 1"
DEFAULT = "where ignore_index is not given: it is NULL's id, 6 in this vocabulary"
IGNORED = "where ignore_index is another number than NULL's"


def sample_cases(cell: str) -> list[Case]:
    def made(name: str, sizes: Sizes = SQUARE, words=WORDS, max_length: int | None = 9, **more):
        seed = SEEDS[cell].get(name, SEEDS[cell]["plain"])
        settings = {"max_length": max_length, **more.pop("settings", {})}
        return case(name, cell, sizes, words, seed, settings=settings, **more)

    float32, strided, eval_mode = {"dtype": "float32"}, {"strided": True}, {"eval": True}
    return [
        made("plain"),
        made("another numbering", words=RENUMBERED, only=NUMBERING),
        made("one row", replace(SQUARE, N=1), only=ONE_ROW),
        made("eval mode", settings=eval_mode, only="in eval mode"),
        made("one word", max_length=1, only="with max_length=1"),
        made("default length", max_length=None, only="where max_length is not given: it is 15"),
        made("another ignored", settings={"ignore_index": 3}, only=IGNORED),
        made("tall grid", Sizes(h=5, w=2), only="with another grid, 5 x 2"),
        made("wide grid", Sizes(h=2, w=6), only="with another grid, 2 x 6"),
        made("strided", stage="property", settings=strided, only=STRIDED),
        made("float32", stage="dtype", settings=float32, only="in float32"),
        made("equal sizes", replace(EQUAL, V=len(WORDS)), judged=False),
    ]


HINTS = {
    "forward": (
        "Five lines: words to vectors, the picture to what the cell wants, the cell, the scores,"
        " the loss. Which words go in, which are wanted?",
        "At each step the model gets the true word and is asked for the next: what is wanted is what"
        " goes in, one step later. The loss must know which id is NULL in this vocabulary. The cell"
        " gets all word vectors and the picture at once, and returns the states of all steps first.",
        "x = embed(captions[:, :-1]); h, _ = cell(x, image); scores = vocabulary_projection(h);"
        " loss = temporal_softmax_loss(scores, captions[:, 1:], ignore_index).",
    ),
    "sample": (
        "A loop over max_length steps with three things that survive: the word, the cell's state,"
        " and who has ended. `self.cell.start` makes the first state, `self.cell.step` the next.",
        "The first word in is START, then the word just chosen. A state is a tuple, and its first is"
        " h. Each step's most probable word is kept, also END; a row that has ended gets NULL. The"
        " weights come back beside the captions, None where the cell does not attend.",
        "state_t, weights_t = step(embed(word_(t-1)), state_(t-1), image), with state_(-1) ="
        " start(image) and word_(-1) = START; word_t = argmax over V of vocabulary_projection(h_t).",
    ),
}
PICTURE = {  # `self.cell.attends` tells which
    False: " The image: image_projection of the mean of the features over h and w, (N, H).",
    True: " The image: image_projection of the features at every position, (N, H, h, w).",
}
RIGHT = {
    "forward": "predicts each next word from the true ones before; NULL does not count",
    "sample": "begins as in forward, feeds each word back, carries the state, ends with NULL",
}
STEPS = {
    "rnn": ("rnn_step_forward",),
    "lstm": ("lstm_step_forward",),
    "attn": ("dot_product_attention", "attention_lstm_step_forward"),
}
SEQUENCES = {"rnn": "rnn_forward", "lstm": "lstm_forward", "attn": "attention_lstm_forward"}


def exercise(method: str, cell: str) -> Exercise:
    steps, words = STEPS[cell], "word_embedding_forward"
    forward = method == "forward"
    where, idea, formula = HINTS[method]
    return Exercise(
        f"CaptioningRNN.{method}[{cell}]",
        "captioner",
        points=3 if forward else 4,
        inputs=("features", "captions") if forward else ("features",),
        outputs=("loss",) if forward else ("captions", "weights"),
        needs=(words, SEQUENCES[cell], "temporal_softmax_loss") if forward else (words, *steps),
        hints=(where, idea, formula + PICTURE[cell == "attn"]),
        right=RIGHT[method],
        make_cases=lambda: forward_cases(cell) if forward else sample_cases(cell),
    )


EXERCISES = [
    exercise(method, cell) for cell in ("rnn", "lstm", "attn") for method in ("forward", "sample")
]
