"""Hand-ins of the two public layouts, called through the kit's own interface."""

import ast
import math
import sys
import traceback
from functools import cache
from pathlib import Path

import pytest
import torch

from checks.cases.case import LEFT_AWAY
from checks.hand_ins.layouts import LAYOUTS, FunctionsLayout, layout_of, load
from coursework import captioning

FOLDER = Path(__file__).parent / "layouts"
RIGHT = sorted(path.stem for path in FOLDER.glob("*_*.py") if path.stem.split("_")[0] in LAYOUTS)
ANY_GRID = ("functions_einsum", "functions_terse", "methods_einsum", "methods_inherit")
FUNCTIONS = [name for name in FunctionsLayout.exercises if "[" not in name]
FORWARDS = [name for name in FUNCTIONS if not name.endswith("backward")]
CELLS = ("rnn", "lstm", "attn")

SHAPES = {
    "rnn_step_forward": {"x": "ND", "prev_h": "NH", "Wx": "DH", "Wh": "HH", "b": "H"},
    "rnn_forward": {"x": "NTD", "h0": "NH", "Wx": "DH", "Wh": "HH", "b": "H"},
    "word_embedding_forward": {"words": "NT", "W_embed": "VD"},
    "temporal_softmax_loss": {"scores": "NTV", "targets": "NT"},
    "lstm_step_forward": {
        "x": "ND",
        "prev_h": "NH",
        "prev_c": "NH",
        "Wx": "DK",
        "Wh": "HK",
        "b": "K",
    },
    "lstm_forward": {"x": "NTD", "h0": "NH", "Wx": "DK", "Wh": "HK", "b": "K"},
    "dot_product_attention": {"prev_h": "NH", "A": "NHhw"},
    "attention_lstm_step_forward": {"x": "ND", "prev_h": "NH", "prev_c": "NH", "attn": "NH"}
    | {"Wx": "DK", "Wh": "HK", "Wattn": "HK", "b": "K"},
    "attention_lstm_forward": {
        "x": "NTD",
        "A": "NHhw",
        "Wx": "DK",
        "Wh": "HK",
        "Wattn": "HK",
        "b": "K",
    },
}  # K is 4H


def sizes(N=3, T=5, H=7, h=4, w=4):
    return {"N": N, "T": T, "D": 5, "H": H, "K": 4 * H, "V": 11, "C": 9, "h": h, "w": w}


def words_of(size: dict) -> dict[str, int]:
    """A vocabulary in which NULL is not 0."""
    words = ["cat", "<START>", "dog", "<NULL>", "<END>", *(f"w{i}" for i in range(5, size["V"]))]
    return {word: i for i, word in enumerate(words)}


@cache
def hand_in(stem: str):
    return LAYOUTS[stem.split("_")[-1 if stem.startswith("un") else 0]](load(FOLDER / f"{stem}.py"))


def drawn(name: str, size: dict) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(len(name))
    inputs = []
    for key, letters in SHAPES[name].items():
        shape = [size[letter] for letter in letters]
        if key in ("words", "targets"):
            inputs.append(torch.randint(size["V"], shape, generator=generator))
        else:
            values = torch.randn(shape, dtype=torch.float64, generator=generator)
            inputs.append(values.requires_grad_())
    return inputs


def outcome(function, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """Outputs and their gradients in every floating input."""
    returned = function(*inputs)
    returned = returned if isinstance(returned, tuple) else (returned,)
    outputs = [value for value in returned if isinstance(value, torch.Tensor)]
    floating = [value for value in inputs if value.is_floating_point()]
    total = sum(
        (value * torch.linspace(1, 2, value.numel()).view_as(value)).sum() for value in outputs[:1]
    )
    return [*outputs, *torch.autograd.grad(total, floating)]


def assert_alike(got: list, expected: list):
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.shape == theirs.shape
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5, check_dtype=False)


@pytest.mark.parametrize(
    "size", [sizes(), sizes(N=1, T=1), sizes(H=1)], ids=["mixed", "ones", "H=1"]
)
@pytest.mark.parametrize("stem", RIGHT)
def test_right_functions_agree_with_the_reference(stem, size):
    for name in FORWARDS:
        inputs = drawn(name, size)
        expected = outcome(getattr(captioning, name), inputs)
        if name == "attention_lstm_forward":
            del expected[1]  # these layouts do not return the weights
        assert_alike(outcome(hand_in(stem).function(name), inputs), expected)


@pytest.mark.parametrize("stem", RIGHT)
def test_right_backward_functions_agree_with_the_reference(stem):
    for name in ("rnn_step_backward", "rnn_backward"):
        forward = name.replace("backward", "forward")
        inputs = [value.detach() for value in drawn(forward, sizes())]
        state, cache_of_reference = getattr(captioning, forward)(*inputs)
        upstream = torch.randn(state.shape, dtype=torch.float64)
        expected = getattr(captioning, name)(upstream, cache_of_reference)
        _, its_cache = hand_in(stem).function(forward)(*inputs)
        assert_alike(hand_in(stem).function(name)(upstream, its_cache), expected)


@pytest.mark.parametrize("stem", RIGHT)
def test_the_loss_ignores_what_it_is_told_to(stem):
    scores, targets = drawn("temporal_softmax_loss", sizes())
    for index in (None, 0, 3):
        expected = captioning.temporal_softmax_loss(scores, targets, index)
        loss = hand_in(stem).function("temporal_softmax_loss")(scores, targets, ignore_index=index)
        assert_alike([loss], [expected])


@pytest.mark.parametrize("stem", RIGHT)
def test_a_rectangular_grid_passes_where_none_is_assumed(stem):
    inputs = drawn("dot_product_attention", sizes(h=2, w=6))
    attend = hand_in(stem).function("dot_product_attention")
    if stem in ANY_GRID:
        assert_alike(attend(*inputs), captioning.dot_product_attention(*inputs))
    else:
        with pytest.raises(RuntimeError):
            attend(*inputs)


def case(cell: str, size: dict, ignore_index: int | None = 3):
    """The reference's captioner, features and captions."""
    torch.manual_seed(CELLS.index(cell))
    dims = (size["C"], size["D"], size["H"])
    reference = captioning.CaptioningRNN(words_of(size), *dims, cell, ignore_index).double()
    with torch.no_grad():
        for value in reference.parameters():
            value.copy_(torch.randn(value.shape))
        reference.vocabulary_projection.bias[4] += 3  # of END
    features = torch.randn([size[letter] for letter in "NChw"], dtype=torch.float64)
    captions = torch.randint(size["V"], (size["N"], size["T"] + 1))
    return reference, features.requires_grad_(), captions


def captioner_like(reference, stem: str, size: dict, dtype=torch.float64, **settings):
    return hand_in(stem).captioner(
        words_of(size),
        {key: size[key] for key in "CDH"},
        reference.cell_type,
        settings.get("ignore_index", reference.ignore_index),
        dict(reference.named_parameters()),
        dtype,
    )


def same_up_to_the_end(captions, expected, weights=None, expected_weights=None, end: int = 4):
    for n, row in enumerate(expected.tolist()):
        length = row.index(end) + 1 if end in row else len(row)
        assert captions[n, :length].tolist() == row[:length]
        if weights is not None:
            assert_alike([weights[n, :length]], [expected_weights[n, :length]])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("stem", RIGHT)
def test_right_captioners_agree_with_the_reference(stem, cell):
    for size, ignore_index in ((sizes(), 3), (sizes(N=1, T=1), None)):
        reference, features, captions = case(cell, size, ignore_index)
        model = captioner_like(reference, stem, size)
        loss, expected = model.forward(features, captions), reference(features, captions)
        wanted = dict(reference.named_parameters()) | {"features": features}
        given = model.parameters() | {"features": features}
        assert wanted.keys() == given.keys()
        got = torch.autograd.grad(loss, list(given.values()))
        theirs = torch.autograd.grad(expected, [wanted[name] for name in given])
        assert_alike([loss, *got], [expected, *theirs])

        ours, looks = model.sample(features, 9)
        theirs, their_looks = reference.sample(features, 9)
        assert ours.shape == theirs.shape and ours.dtype == torch.int64
        assert not any(value.requires_grad for value in (ours, looks) if value is not None)
        assert (looks is None) == (cell != "attn")
        same_up_to_the_end(ours, theirs, looks, their_looks)


def test_an_ignore_index_left_away_is_null_s():
    reference, features, captions = case("rnn", sizes(), words_of(sizes())["<NULL>"])
    model = captioner_like(reference, "methods_plain", sizes(), ignore_index=LEFT_AWAY)
    assert_alike([model.forward(features, captions)], [reference(features, captions)])


@pytest.mark.parametrize("cell", CELLS)
def test_captions_alone_or_a_pair_are_right_without_attention(cell):
    reference, features, _ = case(cell, sizes())
    model = captioner_like(reference, "methods_plain", sizes())
    captions, looks = model.sample(features, 9)
    returned = (captions, torch.ones(1)), captions
    for given in returned:
        model.module.sample = lambda *_, given=given: given
        got = model.sample(features, 9)
        assert got is given if cell == "attn" else torch.equal(got[0], captions) and got[1] is None


def test_the_samples_compared_end_early_and_late():
    ended = []
    for cell in CELLS:
        reference, features, _ = case(cell, sizes())
        captions, _ = reference.sample(features, 9)
        ended += (captions[:, :-1] == 4).any(dim=1).tolist()
    assert True in ended and False in ended


@pytest.mark.parametrize("stem", ("functions_conv", "methods_plain"))
def test_parameters_may_be_moved_and_single_precision_asked_for(stem):
    reference, features, captions = case("attn", sizes())
    model = captioner_like(reference, stem, sizes(), torch.float32)
    loss = model.forward(features.float(), captions)
    assert loss.dtype == torch.float32
    before = loss.item()
    with torch.no_grad():
        model.parameters()["image_projection.weight"].add_(0.1)
        reference.image_projection.weight.add_(0.1)
    after = model.forward(features.float(), captions).item()
    assert after == pytest.approx(reference(features, captions).item(), rel=1e-4)
    assert after != pytest.approx(before)


def linear(first: float, last: float, *shape: int) -> torch.Tensor:
    return torch.linspace(first, last, math.prod(shape), dtype=torch.float64).view(shape)


LSTM_STEP = {
    "x": linear(-0.4, 1.2, 3, 4),
    "prev_h": linear(-0.3, 0.7, 3, 5),
    "prev_c": linear(-0.4, 0.9, 3, 5),
    "Wx": linear(-2.1, 1.3, 4, 20),
    "Wh": linear(-0.7, 2.2, 5, 20),
    "b": linear(0.3, 0.7, 20),
}
ATTENTION = {"attn": linear(0.6, 1.8, 3, 5), "Wattn": linear(1.3, 4.2, 5, 20)}
SEQUENCE = {
    "x": linear(-0.4, 0.6, 2, 3, 5),
    "Wx": linear(-0.2, 0.9, 5, 16),
    "Wh": linear(-0.3, 0.6, 4, 16),
    "b": linear(0.2, 0.7, 16),
}
PUBLISHED = [  # function, arguments, first rows of what it returns
    (
        "rnn_step_forward",
        {
            "x": linear(-0.4, 0.7, 3, 10),
            "prev_h": linear(-0.2, 0.5, 3, 4),
            "Wx": linear(-0.1, 0.9, 10, 4),
            "Wh": linear(-0.3, 0.7, 4, 4),
            "b": linear(-0.2, 0.4, 4),
        },
        [[-0.58172089, -0.50182032, -0.41232771, -0.31410098]],
    ),
    (
        "rnn_forward",
        {
            "x": linear(-0.1, 0.3, 2, 3, 4),
            "h0": linear(-0.3, 0.1, 2, 5),
            "Wx": linear(-0.2, 0.4, 4, 5),
            "Wh": linear(-0.4, 0.1, 5, 5),
            "b": linear(-0.7, 0.1, 5),
        },
        [[-0.42070749, -0.27279261, -0.11074945, 0.05740409, 0.22236251]],
    ),
    (
        "lstm_step_forward",
        LSTM_STEP,
        [
            [0.24635157, 0.28610883, 0.32240467, 0.35525807, 0.38474904],
            [0.32986176, 0.39145139, 0.451556, 0.51014116, 0.56717407],
        ],
    ),
    (
        "lstm_forward",
        SEQUENCE | {"h0": linear(-0.4, 0.8, 2, 4)},
        [[0.01764008, 0.01823233, 0.01882671, 0.0194232]],
    ),
    (
        "dot_product_attention",
        {"prev_h": linear(-0.4, 0.6, 2, 5), "A": linear(-0.4, 1.8, 2, 5, 4, 4)},
        [[-0.29784344, -0.07645979, 0.14492386, 0.36630751, 0.58769115]],
    ),
    (
        "attention_lstm_step_forward",
        LSTM_STEP | ATTENTION,
        [[0.53704256, 0.59980774, 0.65596820, 0.70569729, 0.74932626]],
    ),
    (
        "attention_lstm_forward",
        SEQUENCE | {"A": linear(-0.4, 1.8, 2, 4, 4, 4), "Wattn": linear(1.3, 4.2, 4, 16)},
        [[0.56141729, 0.70274849, 0.80000386, 0.86349400]],
    ),
]


@pytest.mark.parametrize("stem", RIGHT)
def test_the_numbers_that_the_notebooks_publish(stem):
    for name, arguments, rows in PUBLISHED:
        ordered = [arguments[key] for key in SHAPES[name]]
        returned = hand_in(stem).function(name)(*ordered)
        for output, row in zip(returned, rows):
            first = output.reshape(-1, output.shape[-1])[0]
            assert first.tolist() == pytest.approx(row, abs=1e-7)


@pytest.mark.parametrize("stem", RIGHT)
@pytest.mark.parametrize(
    ("shape", "nulls", "low", "high"),
    [((1000, 1), 0, 2, 2.11), ((1000, 10), 0, 20.6, 21), ((5000, 10), 0.9, 2, 2.11)],
)
def test_the_published_losses(stem, shape, nulls, low, high):
    generator = torch.Generator().manual_seed(0)
    scores = 0.001 * torch.randn(*shape, 10, generator=generator)
    targets = torch.randint(10, shape, generator=generator)
    targets[torch.rand(shape, generator=generator) < nulls] = 0
    loss = hand_in(stem).function("temporal_softmax_loss")(scores, targets, 0)
    assert low <= loss.item() <= high


def test_layouts_are_told_apart_by_what_a_file_defines():
    for path in FOLDER.glob("*.py"):
        expected = "functions" if "functions" in path.stem else "methods"
        assert layout_of(ast.parse(path.read_text(encoding="utf-8"))) == expected
    assert layout_of(ast.parse(Path(captioning.__file__).read_text(encoding="utf-8"))) == "kit"
    assert layout_of(ast.parse("")) == "kit"
    assert layout_of(ast.parse("def rnn_step_forward(x): ...")) == "kit"
    assert (
        layout_of(ast.parse("def lstm_step_forward(x, attn=None, Wattn=None): ...")) == "functions"
    )
    assert layout_of(ast.parse("class LSTM:\n    def step_forward(self, x): ...")) == "methods"


def test_loading_leaves_no_trace():
    before = dict(sys.modules)
    for stem in RIGHT:
        load(FOLDER / f"{stem}.py")
    new = {name.split(".")[0] for name in sys.modules.keys() - before.keys()}
    assert not new & {"a4_helper", "a5_helper", "eecs598", "google", "torchvision", "einops"}
    assert all(sys.modules[name] is module for name, module in before.items())


def test_a_gpu_is_the_processor_and_lines_stay_where_they_are(tmp_path):
    path = tmp_path / "late.py"
    lines = ["import torch", "from missing.part import *", "x = torch.zeros(1).to('cuda:0').cuda()"]
    lines += [
        "y = torch.zeros(2, device='cuda').type(torch.cuda.LongTensor)",
        "cuda = 'the cuda way'",
    ]
    lines += [
        "class Own(missing_base := nn.Module): ...",
        "def f():",
        "    # so far",
        "    raise KeyError",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    namespace = load(path)
    assert namespace["x"].device.type == "cpu" and namespace["y"].dtype == torch.int64
    assert namespace["cuda"] == "the cuda way"
    with pytest.raises(KeyError) as caught:
        namespace["f"]()
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno) == (str(path), 9)


def test_an_import_that_is_wrong_is_not_made_good(tmp_path):
    path = tmp_path / "typo.py"
    path.write_text("from torch.nn import Liner\n", encoding="utf-8")
    with pytest.raises(ImportError, match="Liner"):
        load(path)


def test_a_blank_of_the_handouts_counts_as_unwritten():
    functions, methods = hand_in("unfinished_functions"), hand_in("unfinished_methods")
    written = {functions: ["rnn_step_forward", "rnn_forward"]}
    written[methods] = [*written[functions], "word_embedding_forward", "temporal_softmax_loss"]
    for layout in (functions, methods):
        for name in FORWARDS:
            if name in written[layout]:
                outcome(layout.function(name), drawn(name, sizes()))
            elif name != "attention_lstm_step_forward" or layout is methods:
                with pytest.raises(NotImplementedError):
                    layout.function(name)(*drawn(name, sizes()))
    with pytest.raises(NotImplementedError):
        functions.function("rnn_step_backward")(torch.ones(3, 7), functions.namespace)
    with pytest.raises(NotImplementedError):
        captioner_like(case("rnn", sizes())[0], "unfinished_functions", sizes())


def test_a_captioner_for_one_cell_only():
    reference, features, captions = case("rnn", sizes())
    model = captioner_like(reference, "unfinished_methods", sizes())
    assert_alike([model.forward(features, captions)], [reference(features, captions)])
    with pytest.raises(NotImplementedError):
        model.sample(features)
    with pytest.raises(LookupError, match="cell_type='attn' has no layer for the recurrence"):
        captioner_like(case("attn", sizes())[0], "unfinished_methods", sizes())


def test_what_is_not_there_is_looked_up_in_vain():
    for layout in LAYOUTS.values():
        for name in layout.exercises:
            with pytest.raises(LookupError):
                layout({}).function(name)
        assert len(layout.exercises) == 17
