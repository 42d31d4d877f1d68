"""Given code that was rewritten: what does the same passes, what does not is told by what it does.

Each module is the reference with texts of its given code replaced. Right answers are the reference's own.
"""

from functools import cache

import numpy as np
import pytest

from checks import answers, record
from checks.answers import Recorded
from checks.cases import EXERCISES
from checks.hand_ins.hand_in import HandIn
from checks.judging.judge import judge
from checks.judging.signature import columns_of, fingerprint
from checks.running.runner import run

FORWARD = {cell: f"CaptioningRNN.forward[{cell}]" for cell in ("rnn", "lstm", "attn")}
SAMPLE = {cell: f"CaptioningRNN.sample[{cell}]" for cell in ("rnn", "lstm", "attn")}
SIX = [*FORWARD.values(), *SAMPLE.values()]


@cache
def reference(exercise: str) -> Recorded:
    """What is right, from the reference as it is now; with no mistakes known."""
    right = record.right_answers(exercise)
    columns = columns_of(right)
    usual = fingerprint(right, right, columns)
    nothing = np.zeros((0, len(columns)))
    return Recorded(
        right, columns, usual, [], 0, nothing, nothing, np.zeros((0, 2), int), np.zeros((0, 3))
    )


@pytest.fixture(autouse=True)
def right_answers(monkeypatch):
    monkeypatch.setattr(answers, "recorded", reference)


def hand_in(*changes: tuple[str, str]) -> HandIn:
    """The reference with texts replaced, each of which stands there once."""
    source = record.SOURCE
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    namespace = {"__name__": "hand_in"}
    exec(compile(source, "<hand-in>", "exec"), namespace)
    return HandIn(namespace)


def verdict(made: HandIn, exercise: str):
    return judge(EXERCISES[exercise], run(made, exercise), set(EXERCISES))


RNN_FORWARD = "return rnn_forward(x, image, self.Wx, self.Wh, self.b)[0], None"
RNN_STEP = "return rnn_step_forward(x, *state, self.Wx, self.Wh, self.b)[:1], None"
RNN_START = "return (image,)"
LSTM_FORWARD = "return lstm_forward(x, image, self.Wx, self.Wh, self.b)[0], None"
LSTM_STEP = "return lstm_step_forward(x, *state, self.Wx, self.Wh, self.b)[:2], None"
LSTM_START = "return image, torch.zeros_like(image)"
LSTM_BIAS = "self.b = nn.Parameter(forget.repeat_interleave(H))"
ATTN_FORWARD = "return attention_lstm_forward(x, image, *parameters)[:2]"
ATTN_STEP = "return attention_lstm_step_forward(x, *state, attn, *parameters)[:2], weights"
ATTN_START = "return mean, mean"
WORDS_FORWARD = "return word_embedding_forward(words, self.W_embed)"
WORDS_INIT = "self.W_embed = nn.Parameter(torch.randn(V, D))"
CELL = "self.cell = self.cells[cell_type](wordvec_dim, hidden_dim)"
IMAGE = "self.image_projection = nn.Linear(input_dim, hidden_dim)"
SCORES = "self.vocabulary_projection = nn.Linear(hidden_dim, len(word_to_idx))"
TABLE = "self.word_embedding = WordEmbedding(len(word_to_idx), wordvec_dim)"
IGNORE = "self.ignore_index = word_to_idx.get(ignore_index, ignore_index)"
END = "self.end = word_to_idx[END]"
PROJECTED = "return self.image_projection(image.movedim(1, -1)).movedim(-1, 1)"
USED = "h, _ = self.cell(x, self._project_image(features))"
LOSS = "return temporal_softmax_loss(scores, captions[:, 1:], self.ignore_index)"
SCALE = "return nn.Parameter(torch.randn(rows, columns) / math.sqrt(rows))"
SIGNATURE = """    def __init__(self, word_to_idx, input_dim, wordvec_dim, hidden_dim,
                 cell_type="rnn", ignore_index=NULL):"""

OWN_LOOP = """h, c = self.start(image)
        out = []
        for t in range(x.shape[1]):
            h, c, _ = lstm_step_forward(x[:, t], h, c, self.Wx, self.Wh, self.b)
            out.append(h)
        return torch.stack(out, dim=1), None"""
OWN_STEP = """(h,) = state
        return (torch.tanh(torch.addmm(self.b, x, self.Wx) + torch.mm(h, self.Wh)),), None"""
OWN_ATTENTION = """h, c = self.start(image)
        hs, looks = [], []
        for t in range(x.shape[1]):
            (h, c), look = self.step(x[:, t], (h, c), image)
            hs.append(h)
            looks.append(look)
        return torch.stack(hs, 1), torch.stack(looks, 1)"""
CONVOLVED = """grid = self.image_projection(image.reshape(*image.shape[:2], 1, -1))
        return grid.reshape(len(image), -1, *image.shape[2:])"""

HARMLESS = {
    "own loop over lstm_step_forward": [(LSTM_FORWARD, OWN_LOOP)],
    "attention forward by its own steps": [(ATTN_FORWARD, OWN_ATTENTION)],
    "step written with torch's operations": [(RNN_STEP, OWN_STEP)],
    "step by torch's kernel": [
        (RNN_STEP, "return (torch.rnn_tanh_cell(x, *state, self.Wx.T, self.Wh.T, self.b),), None")
    ],
    "embedding of the library": [
        (WORDS_FORWARD, "return nn.functional.embedding(words, self.W_embed)")
    ],
    "special ids under another name": [
        (END, "self.ids = dict(end=word_to_idx[END])"),
        ("ended = ended | (word == self.end)", 'ended = ended | (word == self.ids["end"])'),
    ],
    "ignored target under another name": [
        (IGNORE, IGNORE.replace("self.ignore_index", "self._masked")),
        (LOSS, LOSS.replace("self.ignore_index", "self._masked")),
    ],
    "cell under another name": [
        (CELL, CELL.replace("self.cell ", "self.recurrence ")),
        (USED, USED.replace("self.cell", "self.recurrence")),
        ("if self.cell.attends else features", "if self.recurrence.attends else features"),
        ("state = self.cell.start(image)", "state = self.recurrence.start(image)"),
        ("= self.cell.step(x", "= self.recurrence.step(x"),
        ("if self.cell.attends else None", "if self.recurrence.attends else None"),
    ],
    "start by another name": [
        *((f"def start(self, image):\n        {body}", f"def first(self, image):\n        {body}")
          for body in (RNN_START, LSTM_START, "mean = image")),
        ("self.cell.start(image)", "self.cell.first(image)"),
    ],
    "parameters created in another order": [
        (SCORES, "pass"),
        (IMAGE, f"{SCORES}\n        {IMAGE}"),
    ],
    "parameters of a cell under other names": [
        ("self.Wx = _weight(D, H)", "self.W_in = _weight(D, H)"),
        (RNN_FORWARD, RNN_FORWARD.replace("self.Wx", "self.W_in")),
        (RNN_STEP, RNN_STEP.replace("self.Wx", "self.W_in")),
    ],
    "a helper method": [
        (LSTM_STEP, "return self._next(x, *state), None\n\n    def _next(self, x, h, c):\n"
         "        return lstm_step_forward(x, h, c, self.Wx, self.Wh, self.b)[:2]")
    ],
    "keywords only": [(SIGNATURE, SIGNATURE.replace("self, ", "self, *, "))],
    "arguments by other names": [
        (SIGNATURE, SIGNATURE.replace("input_dim", "C")),
        (IMAGE, IMAGE.replace("input_dim", "C")),
    ],
    "a buffer beside": [(CELL, f'{CELL}\n        self.register_buffer("seen", torch.zeros(3))')],
    "the helper inlined": [
        ("h, _ = self.cell(x, self._project_image(features))",
         "image = features if self.cell.attends else features.mean(dim=(2, 3))\n"
         "        image = self.image_projection(image.movedim(1, -1)).movedim(-1, 1)\n"
         "        h, _ = self.cell(x, image)")
    ],
    "states as lists": [
        (LSTM_START, "return [image, 0 * image]"),
        (LSTM_STEP, "return list(lstm_step_forward(x, *state, self.Wx, self.Wh, self.b)[:2]), None"),
    ],
    "cells in the order of more types": [
        ('cells = {"rnn": RNN', 'cells = {"another": None, "rnn": RNN')
    ],
}  # fmt: skip
TURNED = [
    (LSTM_START, "return torch.zeros_like(image), image"),
    (
        LSTM_STEP,
        "c, h = state\n        h, c, _ = lstm_step_forward(x, h, c, self.Wx, self.Wh, self.b)\n"
        "        return (c, h), None",
    ),
    (
        ATTN_STEP,
        "return attention_lstm_step_forward(x, *state[::-1], attn, *parameters)[:2][::-1], weights",
    ),
    (
        "attn, weights = dot_product_attention(state[0], image)",
        "attn, weights = dot_product_attention(state[-1], image)",
    ),
    ("self.vocabulary_projection(state[0])", "self.vocabulary_projection(state[-1])"),
]
NOTED = {
    "all cells in a ModuleDict": (
        [(CELL, "kinds = self.cells.items()\n"
          "        made = {k: kind(wordvec_dim, hidden_dim) for k, kind in kinds}\n"
          "        self.all = nn.ModuleDict(made)"),
         (SCORES, f"{SCORES}\n\n    @property\n    def cell(self):\n"
          "        return self.all[self.cell_type]")],
        "the captioner has parameters beside those that it needs: all.",
    ),
    "a 1x1 convolution as projection": (
        [(IMAGE, "self.image_projection = nn.Conv2d(input_dim, hidden_dim, 1)"), (PROJECTED, CONVOLVED)],
        "`image_projection.weight` belongs to a Conv2d, not a Linear",
    ),
    "a table of torch's inside": (
        [(WORDS_INIT, "self.table = nn.Embedding(V, D)"), (WORDS_FORWARD, "return self.table(words)")],
        "",
    ),
    "torch's own embedding": ([(TABLE, TABLE.replace("WordEmbedding", "nn.Embedding"))], ""),
    "a parameter that nothing uses": (
        [(CELL, f"{CELL}\n        self.scale = nn.Parameter(torch.ones(3))")],
        "the captioner has parameters beside those that it needs: scale",
    ),
    "a projection in a Sequential": (
        [(IMAGE, "self.image_projection = nn.Sequential(nn.Linear(input_dim, hidden_dim))")],
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", HARMLESS)
def test_rewritten_to_do_the_same_it_passes_without_a_word(change):
    made = hand_in(*HARMLESS[change])
    for exercise in SIX:
        result = verdict(made, exercise)
        assert (result.status, result.notes) == ("passed", []), (exercise, result.message)


@pytest.mark.parametrize("change", NOTED)
def test_what_came_in_addition_passes_with_a_note(change):
    changes, note = NOTED[change]
    made = hand_in(*changes)
    for exercise in SIX:
        result = verdict(made, exercise)
        assert result.status == "passed", (exercise, result.message)
        assert [n[: len(note)] for n in result.notes] == ([note] if note else []), exercise


def test_a_protocol_that_is_another_but_used_so_passes_with_a_note():
    made = hand_in(*TURNED)
    for exercise in SIX:
        result = verdict(made, exercise)
        assert result.status == "passed", (exercise, result.message)
        turned = exercise in (SAMPLE["lstm"], SAMPLE["attn"])
        assert any("(c, h): the hidden state" in note for note in result.notes) == turned, exercise


HARMFUL = {  # text replaced; the exercises that fail; what is said, word for word or in part
    "RNN: Wx and Wh exchanged": (
        [(RNN_FORWARD, RNN_FORWARD.replace("self.Wx, self.Wh", "self.Wh, self.Wx"))],
        [FORWARD["rnn"]],
        "`RNN.forward` uses `Wx` and `Wh` one in the place of the other",
    ),
    "attention: Wh and Wattn exchanged in the step": (
        [(ATTN_STEP, ATTN_STEP.replace("*parameters", "self.Wx, self.Wattn, self.Wh, self.b"))],
        [SAMPLE["attn"]],
        "`AttentionLSTM.step` uses `Wh` and `Wattn` one in the place of the other",
    ),
    "a plain tensor": (
        [("self.Wattn = _weight(H, 4 * H)", "self.Wattn = _weight(H, 4 * H).detach()")],
        [FORWARD["attn"], SAMPLE["attn"]],
        "`cell.Wattn` is a plain tensor, not an nn.Parameter: it is not among captioner.parameters(),"
        " and would never be trained",
    ),
    "a buffer": (
        [(WORDS_INIT, 'self.register_buffer("W_embed", torch.randn(V, D))')],
        SIX,
        "`word_embedding.W_embed` is a buffer, not an nn.Parameter",
    ),
    "frozen": (
        [(WORDS_INIT, WORDS_INIT.replace("randn(V, D))", "randn(V, D), requires_grad=False)"))],
        SIX,
        "`word_embedding.W_embed` is frozen (requires_grad is False)",
    ),
    "sizes exchanged": (
        [(CELL, CELL.replace("wordvec_dim, hidden_dim", "hidden_dim, wordvec_dim"))],
        SIX,
        "`cell.Wx` has the shape (7, 5), it should have (D, H) = (5, 7)",
    ),
    "states in the wrong order": (
        [(LSTM_STEP, LSTM_STEP.replace("[:2]", "[1::-1]"))],
        [SAMPLE["lstm"]],
        "`LSTM.step` returns (c, h): the hidden state comes first",
    ),
    "states taken in the wrong order": (
        [(LSTM_STEP, LSTM_STEP.replace("*state", "*state[::-1]"))],
        [SAMPLE["lstm"]],
        "`LSTM.step` uses `h` and `c` one in the place of the other",
    ),
    "h0 ignored": (
        [(RNN_FORWARD, RNN_FORWARD.replace("image", "torch.zeros_like(image)"))],
        [FORWARD["rnn"]],
        "`RNN.forward` does not use `image`: another value there changes nothing that comes out",
    ),
    "start with zeros": (
        [(LSTM_START, "return torch.zeros_like(image), torch.zeros_like(image)")],
        [SAMPLE["lstm"]],
        "`LSTM.start`: the `h` that it returns is zeros; it should be `image`, as it came in",
    ),
    "attention starts with c of zeros": (
        [(ATTN_START, "return mean, torch.zeros_like(mean)")],
        [SAMPLE["attn"]],
        "`AttentionLSTM.start`: the `c` that it returns is zeros;"
        " it should be the mean of `image` over its positions",
    ),
    "a cell in a plain list": (
        [(CELL, CELL.replace("self.cell =", "self.all =").replace("= self.cells", "= [self.cells") + "]"),
         (SCORES, f"{SCORES}\n\n    @property\n    def cell(self):\n        return self.all[0]")],
        SIX,
        "the RNN in `all` is in a plain list, a module that is not registered",
    ),
    "forget gate closed": (
        [(LSTM_BIAS, "self.b = nn.Parameter(torch.zeros(4 * H))")],
        [FORWARD["lstm"], SAMPLE["lstm"], FORWARD["attn"], SAMPLE["attn"]],
        "`cell.b` starts with i 0, f 0, o 0, g 0;"
        " it should be 1 in the block of the forget gate f, 0 in i, o and g",
    ),
    "bias of ones": (
        [(LSTM_BIAS, "self.b = nn.Parameter(torch.ones(4 * H))")],
        [FORWARD["lstm"], SAMPLE["lstm"], FORWARD["attn"], SAMPLE["attn"]],
        "`cell.b` starts with i 1, f 1, o 1, g 1;",
    ),
    "the RNN's bias of ones": (
        [("torch.zeros(H)", "torch.ones(H)")],
        [FORWARD["rnn"], SAMPLE["rnn"]],
        "`cell.b` starts with numbers such as 1, it should be 0",
    ),
    "scale left away": (
        [(SCALE, SCALE.replace(" / math.sqrt(rows)", ""))],
        SIX,
        "it should be 1 / sqrt(D) = 0.158",
    ),
    "Wattn unused in the step": (
        [(ATTN_STEP, "return lstm_step_forward(x, *state, self.Wx, self.Wh, self.b)[:2], weights")],
        [SAMPLE["attn"]],
        "`AttentionLSTM.step` does not use `Wattn`: another value there changes nothing",
    ),
    "attention without the grid": (
        [(ATTN_FORWARD, ATTN_FORWARD.replace("x, image", "x, image.mean((2, 3), True).expand_as(image)"))],
        [FORWARD["attn"]],
        "`AttentionLSTM.forward` computes something else than was given",
    ),
    "embedding scaled": (
        [(WORDS_FORWARD, f"{WORDS_FORWARD} * 3")],
        SIX,
        "`WordEmbedding.forward`: what it returns is 3 times what is right",
    ),
    "embedding detached": (
        [(WORDS_FORWARD, WORDS_FORWARD.replace("W_embed", "W_embed.detach()"))],
        [*FORWARD.values()],
        "`WordEmbedding.forward`: its values are right, but no gradient reaches `W_embed` through it",
    ),
    "another ignored target not kept": (
        [(IGNORE, "self.ignore_index = self.null")],
        [*FORWARD.values()],
        "the captioner, made with ignore_index=None, keeps 2 in `self.ignore_index`; it should be None",
    ),
    "a default that masks nothing": (
        [(IGNORE, "self.ignore_index = None if ignore_index == NULL else ignore_index")],
        [*FORWARD.values()],
        "the captioner, made with ignore_index left away, keeps None in `self.ignore_index`;"
        " it should be 2",
    ),
    "NULL taken for the end": (
        [(END, "self.end = word_to_idx[NULL]")],
        [*SAMPLE.values()],
        "the captioner keeps 2 in `self.end`; it should be 3",
    ),
    "a layer whose parameters are still to come": (
        [(IMAGE, IMAGE.replace("Linear(input_dim, ", "LazyLinear("))],
        SIX,
        "the parameters of a new captioner cannot be read: ",
    ),
    "always an RNN": (
        [(CELL, CELL.replace("self.cells[cell_type]", "RNN"))],
        [name for name in SIX if "rnn" not in name],
        "`cell.Wx` has the shape (5, 7), it should have (D, 4H) = (5, 28)",
    ),
    "attention without attention": (
        [('"attn": AttentionLSTM', '"attn": LSTM')],
        [FORWARD["attn"], SAMPLE["attn"]],
        "with cell_type='attn' the captioner has no parameter `cell.Wattn`,"
        " of shape (H, 4H) = (7, 28): `cell` is of the class LSTM",
    ),
    "no bias": (
        [(IMAGE, IMAGE.replace("hidden_dim)", "hidden_dim, bias=False)"))],
        SIX,
        "the layer of `image_projection.weight` has no bias: there is no `image_projection.bias`",
    ),
    "a nonlinearity": (
        [(IMAGE, "self.image_projection = nn.Sequential(nn.Linear(input_dim, hidden_dim), nn.ReLU())")],
        SIX,
        "`image_projection` computes something else than was given",
    ),
    "a detached step": (
        [(LSTM_STEP, "h, c, _ = lstm_step_forward(x, *state, self.Wx, self.Wh, self.b)\n"
          "        return (h.detach(), c.detach()), None")],
        [SAMPLE["lstm"]],
        "`LSTM.step`: its values are right, but no gradient reaches `x` through it",
    ),
    "a detached forward": (
        [(RNN_FORWARD, RNN_FORWARD.replace("image", "image.detach()"))],
        [FORWARD["rnn"]],
        "`RNN.forward`: its values are right, but no gradient reaches `image` through it",
    ),
    "one matrix in two places": (
        [("self.Wattn = _weight(H, 4 * H)", "self.Wattn = self.Wh")],
        [FORWARD["attn"], SAMPLE["attn"]],
        "`cell.Wh` and `cell.Wattn` are one and the same parameter",
    ),
    "one table for all captioners": (
        [(WORDS_INIT, 'self.W_embed = _tables.setdefault((V, D), nn.Parameter(torch.randn(V, D)))'),
         ("class WordEmbedding", "_tables = {}\n\n\nclass WordEmbedding")],
        SIX,
        "`word_embedding.W_embed` of one captioner is that of every other: they share it",
    ),
    "attends not": (
        [("attends = True", "attends = False")],
        [FORWARD["attn"], SAMPLE["attn"]],
        "`AttentionLSTM.attends` is False; it should be True",
    ),
    "gates of the step not in their order": (
        [(LSTM_STEP, LSTM_STEP.replace("self.b", "self.b.roll(1)"))],
        [SAMPLE["lstm"]],
        "`LSTM.step` computes something else than was given: with right functions under it, its `h`",
    ),
    "a step that returns the state alone": (
        [(LSTM_STEP, "return lstm_step_forward(x, *state, self.Wx, self.Wh, self.b)[:2]")],
        [SAMPLE["lstm"]],
        "the state that `LSTM.step` returns should be (h, c); it is one tensor of shape (3, 7)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", HARMFUL)
def test_what_does_something_else_is_told_by_what_it_does(change):
    changes, wrong, sentence = HARMFUL[change]
    made = hand_in(*changes)
    results = [verdict(made, exercise) for exercise in SIX]
    outcome = {result.function: (result.status, result.stage) for result in results}
    right, failed = ("passed", None), ("failed", "structure")
    assert outcome == {exercise: failed if exercise in wrong else right for exercise in SIX}
    assert any(sentence in result.message for result in results), [r.message for r in results]
