"""The code that is given in the kit's layout, and whether it still does what it did."""

from contextlib import contextmanager

import torch
from torch import nn

C, D, H, V = 9, 5, 7, 11
WORDS = {"<NULL>": 2, "<START>": 0, "<END>": 3, "<UNK>": 1} | {f"w{k}": k for k in range(4, V)}
CLASSES = {"rnn": "RNN", "lstm": "LSTM", "attn": "AttentionLSTM"}
FUNCTIONS = {
    "rnn": ("rnn_step_forward", "rnn_forward"),
    "lstm": ("lstm_step_forward", "lstm_forward"),
    "attn": ("attention_lstm_step_forward", "attention_lstm_forward"),
}
RESULTS = {"rnn": (1, 1), "lstm": (2, 1), "attn": (2, 2)}  # of step_forward, of forward
STATES = {"rnn": 1, "lstm": 2, "attn": 3}


def given_code_problem(namespace: dict, cell: str) -> str:
    """What the given code of a cell no longer does, in a sentence; "" if all is as given."""
    try:
        return (
            _constructor_problem(namespace, cell)
            or _wrapper_problem(namespace, cell)
            or _embedding_problem(namespace)
        )
    except Exception as error:  # whatever changed code may raise
        return f"the code given around your functions has been changed: {error!r}"


def parameter_shapes(cell: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the parameters of a captioner with that cell."""
    columns = H if cell == "rnn" else 4 * H
    shapes = {
        "word_embedding.W_embed": (V, D),
        "image_projection.weight": (H, C),
        "image_projection.bias": (H,),
        "cell.Wx": (D, columns),
        "cell.Wh": (H, columns),
        "cell.b": (columns,),
        "vocabulary_projection.weight": (V, H),
        "vocabulary_projection.bias": (V,),
    }
    return shapes | ({"cell.Wattn": (H, columns)} if cell == "attn" else {})


def _constructor_problem(namespace: dict, cell: str) -> str:
    made = namespace["CaptioningRNN"](WORDS, C, D, H, cell, ignore_index=4)
    got = {name: tuple(value.shape) for name, value in made.named_parameters()}
    for name, shape in parameter_shapes(cell).items():
        if got.get(name) != shape:
            return f"`CaptioningRNN.__init__` is given: its {name} should have the shape {shape}"
    if extra := sorted(got.keys() - parameter_shapes(cell).keys()):
        return f"`CaptioningRNN.__init__` is given: {', '.join(extra)} came in addition"
    values = (made.cell_type, made.ignore_index, made.null, made.start, made.end)
    if values != (cell, 4, 2, 0, 3):
        return (
            "`CaptioningRNN.__init__` is given: it keeps cell_type, ignore_index, null, start, end"
        )
    for layer in (made.image_projection, made.vocabulary_projection):
        if type(layer) is not nn.Linear:
            return "`CaptioningRNN.__init__` is given: both projections are nn.Linear"
    bias = torch.zeros_like(made.cell.b)
    if cell != "rnn":
        bias[H : 2 * H] = 1
    if not torch.equal(made.cell.b.detach(), bias):
        return f"`{CLASSES[cell]}.__init__` is given: its bias no longer starts as it did"
    return ""


def _wrapper_problem(namespace: dict, cell: str) -> str:
    """Call the wrapped module with stand-ins for the student's functions, which tell what they got."""
    step, sequence = FUNCTIONS[cell]
    made = namespace[CLASSES[cell]](D, H)
    weights = (made.Wx, made.Wh, *((made.Wattn,) if cell == "attn" else ()), made.b)
    results = [torch.zeros(1, 1) for _ in range(3)]
    calls = [
        (made.step_forward, step, 1 + STATES[cell], RESULTS[cell][0]),
        (made.forward, sequence, 2, RESULTS[cell][1]),
    ]
    for method, name, count, returned in calls:
        inputs, seen = [torch.zeros(2, 2) for _ in range(count)], []

        def stand_in(*arguments, seen=seen, returned=returned):
            seen.extend(arguments)
            return (*results[:returned], None)

        with _replaced(method.__func__.__globals__, name, stand_in):
            got = method(*inputs)
        got = got if isinstance(got, tuple) else (got,)
        if not _same(seen, [*inputs, *weights]) or not _same(got, results[:returned]):
            return (
                f"`{CLASSES[cell]}` is given: it hands its weights to your `{name}`, nothing else"
            )
    return ""


def _embedding_problem(namespace: dict) -> str:
    made, words, result, seen = namespace["WordEmbedding"](V, D), torch.zeros(2), object(), []

    def stand_in(*arguments):
        seen.extend(arguments)
        return result

    with _replaced(made.forward.__func__.__globals__, "word_embedding_forward", stand_in):
        got = made(words)
    if got is not result or not _same(seen, [words, made.W_embed]):
        return "`WordEmbedding` is given: it hands words and W_embed to `word_embedding_forward`"
    return ""


@contextmanager
def _replaced(scope: dict, name: str, stand_in):
    """For a while, another function of that name in a module."""
    kept = {name: scope[name]} if name in scope else {}
    scope[name] = stand_in
    try:
        yield
    finally:
        del scope[name]
        scope.update(kept)


def _same(got, wanted) -> bool:
    return len(got) == len(wanted) and all(a is b for a, b in zip(got, wanted))
