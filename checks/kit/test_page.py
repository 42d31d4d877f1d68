"""The page itself: its form, and that it computes what it did before it was re-cut.

page_before.npz holds what it gave then for arrays of sines, and captioners of seed 7: parameters when
new, loss, gradients, captions.
"""

import ast
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from coursework import captioning as cap

PAGE = Path(cap.__file__).read_text(encoding="utf-8")
BEFORE = dict(np.load(Path(__file__).with_name("page_before.npz"), allow_pickle=False))
N, T, D, H, V, C, GRID = 3, 4, 5, 6, 11, 7, (2, 3)
WORDS = ["<NULL>", "<START>", "<END>", "<UNK>", *(f"w{k}" for k in range(4, V))]
TARGETS = torch.tensor([[3, 7, 2, 0], [5, 2, 0, 0], [0, 4, 10, 2]])
CAPTIONS = torch.tensor([[1, 5, 7, 2, 0], [1, 4, 2, 0, 0], [1, 9, 8, 10, 2]])
CELLS = ["rnn", "lstm", "attn"]


def sines(k, *shape):
    """A float64 array of that shape, another for every k."""
    count = torch.arange(1, math.prod(shape) + 1, dtype=torch.float64)
    return torch.sin(count * (1.0 + 0.37 * k)).reshape(shape)


def functions():
    """What the functions give, by name."""
    found = {}

    def both(name, arguments, *upstream):
        *outputs, cache = getattr(cap, f"{name}_forward")(*arguments)
        found[f"{name}_forward"] = outputs
        found[f"{name}_backward"] = getattr(cap, f"{name}_backward")(*upstream, cache)

    x, h, c, attn = sines(1, N, T, D), sines(2, N, H), sines(3, N, H), sines(5, N, H)
    A, dh, dnext = sines(4, N, H, *GRID), sines(12, N, T, H), (sines(10, N, H), sines(11, N, H))
    rnn, lstm = ((sines(6, D, g * H), sines(7, H, g * H), sines(8, g * H)) for g in (1, 4))
    attention = (*lstm[:2], sines(9, H, 4 * H), lstm[2])
    both("rnn_step", (x[:, 0], h, *rnn), dnext[0])
    both("rnn", (x, h, *rnn), dh)
    both("lstm_step", (x[:, 0], h, c, *lstm), *dnext)
    both("lstm", (x, h, *lstm), dh)
    both("attention_lstm_step", (x[:, 0], h, c, attn, *attention), *dnext)
    both("attention_lstm", (x, A, *attention), dh)
    look = found["dot_product_attention"] = cap.dot_product_attention(h, A)
    found["dot_product_attention_backward"] = cap.dot_product_attention_backward(
        attn, h, A, look[1]
    )
    scores = 3 * sines(13, N, T, V)
    found["temporal_softmax_loss"] = [
        cap.temporal_softmax_loss(scores, TARGETS, index) for index in (None, 0)
    ]
    found["word_embedding_forward"] = [cap.word_embedding_forward(TARGETS, sines(14, V, D))]
    return found


def assert_same(found, expected):
    """The same names; and each to 1e-12 what it was."""
    assert found.keys() == expected.keys()
    for name, value in found.items():
        wanted = torch.from_numpy(expected[name])
        torch.testing.assert_close(value, wanted, rtol=1e-12, atol=1e-12, msg=name)


def test_functions_give_what_they_gave():
    found = {f"{name}/{k}": v for name, made in functions().items() for k, v in enumerate(made)}
    assert_same(found, {k: v for k, v in BEFORE.items() if k.split("/")[0] not in CELLS})


@pytest.mark.parametrize("cell", CELLS)
def test_a_captioner_begins_loads_learns_and_samples_as_before(cell):
    before = {k.removeprefix(f"{cell}/"): v for k, v in BEFORE.items() if k.startswith(f"{cell}/")}
    first = {k.removeprefix("first/"): v for k, v in before.items() if k.startswith("first/")}
    torch.manual_seed(7)
    model = cap.CaptioningRNN({word: k for k, word in enumerate(WORDS)}, C, D, H, cell)
    assert [name for name, _ in model.named_parameters()] == list(first)
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, torch.from_numpy(first[name])), name
    model.load_state_dict({name: torch.from_numpy(value) for name, value in first.items()})
    features = sines(15, N, C, *GRID).requires_grad_()
    loss = model.double()(features, CAPTIONS)
    leaves = {"features": features, **dict(model.named_parameters())}
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    captions, weights = model.sample(features, 6)
    found = {f"gradient/{name}": gradient for name, gradient in zip(leaves, gradients)}
    found |= {"loss": loss.detach(), "captions": captions}
    found |= {} if weights is None else {"weights": weights}
    assert_same(found, {k: v for k, v in before.items() if not k.startswith("first/")})


# Its form


def test_it_fits_on_paper():
    lines = PAGE.splitlines()
    assert len(lines) <= 500
    assert [line for line in lines if len(line) > 88] == []


def test_it_has_no_type_hints_and_imports_torch_and_the_standard_library_alone():
    for node in ast.walk(ast.parse(PAGE)):
        assert not isinstance(node, ast.AnnAssign)
        assert getattr(node, "annotation", None) is None and getattr(node, "returns", None) is None
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            names = [module] if module else [alias.name for alias in node.names]
            for name in names:
                assert name.split(".")[0] in {"torch", *sys.stdlib_module_names}


def test_the_sections_are_those_of_the_table_of_contents():
    contents = re.findall(r"^    (\d+\. .+?)   ", cap.__doc__, re.M)
    headings = re.findall(r"^# (\d+\. .+)$", PAGE, re.M)
    assert [int(line.split(".")[0]) for line in contents] == list(range(1, len(contents) + 1))
    assert len(contents) == len(headings) >= 6
    for title, heading in zip(contents, headings):
        assert heading.startswith(title)


def test_what_every_public_function_and_class_does_is_said():
    tree = ast.parse(PAGE)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name
