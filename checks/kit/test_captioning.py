"""The reference, every number derived at least twice: torch's own kernels, autograd, central differences."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from coursework import captioning as cap

SIZES = [
    dict(N=3, T=4, D=5, H=7, h=2, w=3),
    dict(N=1, T=4, D=5, H=7, h=3, w=2),
    dict(N=3, T=1, D=5, H=7, h=1, w=4),
    dict(N=3, T=4, D=5, H=1, h=4, w=1),
    dict(N=1, T=1, D=1, H=1, h=1, w=1),
]
sizes = pytest.mark.parametrize("s", SIZES, ids=lambda s: "-".join(f"{k}{v}" for k, v in s.items()))


def draw(*shape, seed=0, scale=1.0):
    """A float64 tensor that wants a gradient, from a seed of its own."""
    generator = torch.Generator().manual_seed(1000 * seed + sum(shape))
    values = scale * torch.randn(*shape, dtype=torch.float64, generator=generator)
    return values.requires_grad_()


def lin(start, stop, *shape):
    return torch.linspace(start, stop, math.prod(shape), dtype=torch.float64).reshape(shape)


def inputs(s, kind):
    """The arguments of each forward function, by name, at the sizes s."""
    N, T, D, H, grid = s["N"], s["T"], s["D"], s["H"], (s["h"], s["w"])
    gates = 1 if kind.startswith("rnn") else 4
    weights = [draw(D, gates * H, seed=1), draw(H, gates * H, seed=2), draw(gates * H, seed=4)]
    if kind.startswith("attention"):
        weights.insert(2, draw(H, gates * H, seed=3))
    states = {
        "rnn_step": [draw(N, D), draw(N, H)],
        "rnn": [draw(N, T, D), draw(N, H)],
        "lstm_step": [draw(N, D), draw(N, H), draw(N, H, seed=5)],
        "lstm": [draw(N, T, D), draw(N, H)],
        "attention_lstm_step": [draw(N, D), draw(N, H), draw(N, H, seed=5), draw(N, H, seed=6)],
        "attention_lstm": [draw(N, T, D), draw(N, H, *grid)],
    }
    if kind == "dot_product_attention":
        return [draw(N, H), draw(N, H, *grid)]
    return states[kind] + weights


KINDS = ["rnn_step", "rnn", "lstm_step", "lstm"]
KINDS += ["dot_product_attention", "attention_lstm_step", "attention_lstm"]
OUTPUTS = {"lstm_step": 2, "attention_lstm_step": 2}  # outputs with an upstream gradient; else 1


def forward(kind, arguments):
    """The differentiable outputs of the forward function, and what its backward needs."""
    if kind == "dot_product_attention":
        attn, weights = cap.dot_product_attention(*arguments)
        return (attn,), (arguments[0], arguments[1], weights)
    *outputs, cache = getattr(cap, f"{kind}_forward")(*arguments)
    return tuple(outputs[: OUTPUTS.get(kind, 1)]), (cache,)


def backward(kind, upstream, rest):
    return getattr(cap, f"{kind}_backward")(*upstream, *rest)


def central_differences(f, argument, upstream, step=1e-5):
    """d(sum of upstream * f)/d(argument), one entry at a time."""
    flat, gradient = argument.view(-1), torch.zeros(argument.numel(), dtype=torch.float64)
    for k in range(flat.numel()):
        old = flat[k].item()
        values = []
        for shifted in (old + step, old - step):
            flat[k] = shifted
            values.append(sum((u * y).sum() for u, y in zip(upstream, f())).item())
        flat[k] = old
        gradient[k] = (values[0] - values[1]) / (2 * step)
    return gradient.view_as(argument)


@sizes
@pytest.mark.parametrize("kind", KINDS)
def test_backward_equals_autograd(kind, s):
    arguments = inputs(s, kind)
    outputs, _ = forward(kind, arguments)
    upstream = tuple(draw(*y.shape, seed=9 + k).detach() for k, y in enumerate(outputs))
    expected = torch.autograd.grad(outputs, arguments, upstream)
    with torch.no_grad():
        got = backward(kind, upstream, forward(kind, arguments)[1])
    assert len(got) == len(expected)
    for g, e in zip(got, expected):
        assert g.shape == e.shape
        assert (g - e).abs().max() < 1e-10


@sizes
@pytest.mark.parametrize("kind", KINDS)
def test_backward_equals_central_differences(kind, s):
    arguments = [a.detach() for a in inputs(s, kind)]
    outputs, rest = forward(kind, arguments)
    upstream = tuple(draw(*y.shape, seed=9 + k).detach() for k, y in enumerate(outputs))
    for argument, gradient in zip(arguments, backward(kind, upstream, rest)):
        numeric = central_differences(lambda: forward(kind, arguments)[0], argument, upstream)
        torch.testing.assert_close(gradient, numeric, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_forward_passes_gradcheck(kind):
    assert gradcheck(lambda *a: forward(kind, a)[0], inputs(SIZES[0], kind))


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_stay_as_they_were(kind):
    arguments = [a.detach() for a in inputs(SIZES[0], kind)]
    before = [a.clone() for a in arguments]
    outputs, rest = forward(kind, arguments)
    upstream = tuple(draw(*y.shape, seed=9).detach() for y in outputs)
    upstream_before = [u.clone() for u in upstream]
    backward(kind, upstream, rest)
    assert all(torch.equal(a, b) for a, b in zip(arguments, before))
    assert all(torch.equal(a, b) for a, b in zip(upstream, upstream_before))


@pytest.mark.parametrize("kind", KINDS)
def test_float32_in_float32_out(kind):
    arguments = [a.detach().float() for a in inputs(SIZES[0], kind)]
    outputs, rest = forward(kind, arguments)
    gradients = backward(kind, outputs, rest)
    assert {y.dtype for y in (*outputs, *gradients)} == {torch.float32}


def torch_twin(kind, arguments, D, H):
    """torch.nn.RNN or torch.nn.LSTM holding the same weights; torch orders the gates i, f, g, o."""
    x, h0, Wx, Wh, b = arguments
    twin = (torch.nn.RNN if kind == "rnn" else torch.nn.LSTM)(D, H, batch_first=True).double()
    order = [0] if kind == "rnn" else [0, 1, 3, 2]

    def torch_layout(W):
        W = torch.cat([W.split(H, dim=-1)[k] for k in order], dim=-1)
        return W.T if W.ndim == 2 else W

    with torch.no_grad():
        twin.weight_ih_l0.copy_(torch_layout(Wx))
        twin.weight_hh_l0.copy_(torch_layout(Wh))
        twin.bias_ih_l0.copy_(torch_layout(b))
        twin.bias_hh_l0.zero_()
    state = h0[None] if kind == "rnn" else (h0[None], torch.zeros_like(h0)[None])
    return twin, twin(x, state)[0], torch_layout


@sizes
@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_equals_torch_in_value_and_every_gradient(kind, s):
    arguments = inputs(s, kind)
    twin, expected, torch_layout = torch_twin(kind, arguments, s["D"], s["H"])
    (h,), (cache,) = forward(kind, arguments)
    torch.testing.assert_close(h, expected, rtol=1e-10, atol=1e-12)
    dh = draw(*h.shape, seed=9).detach()
    dx, dh0, dWx, dWh, db = [g.detach() for g in backward(kind, (dh,), (cache,))]
    parameters = [twin.weight_ih_l0, twin.weight_hh_l0, twin.bias_ih_l0]
    wanted = torch.autograd.grad(expected, [arguments[0], arguments[1], *parameters], dh)
    got = [dx, dh0, torch_layout(dWx), torch_layout(dWh), torch_layout(db)]
    for g, w in zip(got, wanted):
        torch.testing.assert_close(g, w, rtol=1e-10, atol=1e-11)


@sizes
def test_attention_equals_torch_and_the_slow_sum(s):
    prev_h, A = inputs(s, "dot_product_attention")
    attn, weights = cap.dot_product_attention(prev_h, A)
    keys = A.flatten(2).transpose(1, 2)
    fused = F.scaled_dot_product_attention(prev_h[:, None], keys, keys)[:, 0]
    torch.testing.assert_close(attn, fused, rtol=1e-10, atol=1e-12)
    for n in range(s["N"]):
        scores = torch.tensor(
            [[(prev_h[n] @ A[n, :, y, x]).item() for x in range(s["w"])] for y in range(s["h"])],
            dtype=torch.float64,
        ) / math.sqrt(s["H"])
        slow = scores.exp() / scores.exp().sum()
        torch.testing.assert_close(weights[n].detach(), slow, rtol=1e-10, atol=1e-12)


def test_attention_lstm_over_a_uniform_grid_is_an_lstm_with_a_constant_input():
    s = SIZES[0]
    x, A, Wx, Wh, Wattn, b = [a.detach() for a in inputs(s, "attention_lstm")]
    A = A.mean(dim=(2, 3), keepdim=True).expand_as(A)
    h, weights, _ = cap.attention_lstm_forward(x, A, Wx, Wh, Wattn, b)
    prev_h = prev_c = A[:, :, 0, 0]
    b_with_image = A[:, :, 0, 0] @ Wattn
    for t in range(s["T"]):
        a_image = b_with_image + b
        steps = [
            cap.lstm_step_forward(
                x[n : n + 1, t], prev_h[n : n + 1], prev_c[n : n + 1], Wx, Wh, a_image[n]
            )
            for n in range(s["N"])
        ]
        prev_h, prev_c = torch.cat([h_n for h_n, *_ in steps]), torch.cat([c for _, c, _ in steps])
        torch.testing.assert_close(h[:, t], prev_h, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(weights, torch.full_like(weights, 1 / (s["h"] * s["w"])))


# the loss


@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("ignore_index", [None, 0, 3])
def test_loss_equals_cross_entropy_in_value_and_gradient(scale, ignore_index):
    scores = draw(4, 5, 6, scale=scale)
    targets = torch.randint(0, 6, (4, 5), generator=torch.Generator().manual_seed(1))
    targets[1] = 0  # a row of NULL alone
    mask = {} if ignore_index is None else {"ignore_index": ignore_index}
    flat = scores.reshape(-1, 6), targets.reshape(-1)
    expected = F.cross_entropy(*flat, reduction="sum", **mask) / 4
    loss = cap.temporal_softmax_loss(scores, targets, ignore_index)
    assert loss.shape == ()
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-12)
    gradients = [torch.autograd.grad(value, scores)[0] for value in (loss, expected)]
    gradients.append(cap.temporal_softmax_loss_backward(scores.detach(), targets, ignore_index))
    for gradient in gradients[1:]:
        torch.testing.assert_close(gradient, gradients[0], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("ignore_index", [None, 0, 3])
def test_gradient_of_the_loss_equals_central_differences(ignore_index):
    scores, targets = draw(2, 3, 4).detach(), torch.tensor([[1, 3, 0], [2, 0, 3]])
    numeric = central_differences(
        lambda: [cap.temporal_softmax_loss(scores, targets, ignore_index)], scores, [1.0]
    )
    gradient = cap.temporal_softmax_loss_backward(scores, targets, ignore_index)
    torch.testing.assert_close(gradient, numeric, rtol=1e-7, atol=1e-8)


def test_loss_of_nothing_is_zero_with_zero_gradients():
    scores, targets = draw(2, 3, 4), torch.zeros(2, 3, dtype=torch.int64)
    loss = cap.temporal_softmax_loss(scores, targets, 0)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(scores.grad, torch.zeros_like(scores))
    assert not cap.temporal_softmax_loss_backward(scores.detach(), targets, 0).any()


def test_gradient_of_the_loss_adds_up_to_zero_at_every_place_in_either_precision():
    scores, targets = draw(2, 3, 4, scale=1e4).detach(), torch.tensor([[1, 3, 0], [2, 0, 3]])
    before = scores.clone()
    for dtype, tolerance in ((torch.float64, 1e-15), (torch.float32, 1e-6)):
        gradient = cap.temporal_softmax_loss_backward(scores.to(dtype), targets)
        assert gradient.dtype == dtype and gradient.any()
        assert gradient.sum(dim=2).abs().max() <= tolerance
    assert torch.equal(scores, before)


def test_loss_passes_gradcheck_and_takes_captions_that_are_not_contiguous():
    targets = torch.tensor([[1, 2, 3, 0], [1, 3, 0, 0]])[:, 1:]
    assert not targets.is_contiguous()
    assert gradcheck(lambda s: cap.temporal_softmax_loss(s, targets, 0), [draw(2, 3, 4)])


def test_loss_of_equal_scores_is_the_log_of_the_number_of_words():
    targets = torch.ones(2, 5, dtype=torch.int64)
    loss = cap.temporal_softmax_loss(torch.zeros(2, 5, 7, dtype=torch.float64), targets, 0)
    assert loss.item() == pytest.approx(5 * math.log(7))


@pytest.mark.parametrize(
    "shape, kept, low, high",
    [
        ((1000, 1, 10), 1.0, 2.00, 2.11),
        ((1000, 10, 10), 1.0, 20.6, 21.0),
        ((5000, 10, 10), 0.1, 2.00, 2.11),
    ],
)
def test_published_losses_of_small_random_scores(shape, kept, low, high):
    generator = torch.Generator().manual_seed(2)
    scores = 0.001 * torch.randn(*shape, generator=generator)
    targets = torch.randint(0, shape[2], shape[:2], generator=generator)
    targets[torch.rand(shape[:2], generator=generator) > kept] = 0
    assert low < cap.temporal_softmax_loss(scores, targets, 0).item() < high


# numbers that courses publish for these functions (inputs by linspace, float64)


def test_published_rnn_numbers():
    h, _ = cap.rnn_step_forward(
        lin(-0.4, 0.7, 3, 10),
        lin(-0.2, 0.5, 3, 4),
        lin(-0.1, 0.9, 10, 4),
        lin(-0.3, 0.7, 4, 4),
        lin(-0.2, 0.4, 4),
    )
    expected = [
        [-0.58172089, -0.50182032, -0.41232771, -0.31410098],
        [0.66854692, 0.79562378, 0.87755553, 0.92795967],
        [0.97934501, 0.99144213, 0.99646691, 0.99854353],
    ]
    torch.testing.assert_close(h, torch.tensor(expected).double(), rtol=0, atol=1e-7)
    h, _ = cap.rnn_forward(
        lin(-0.1, 0.3, 2, 3, 4),
        lin(-0.3, 0.1, 2, 5),
        lin(-0.2, 0.4, 4, 5),
        lin(-0.4, 0.1, 5, 5),
        lin(-0.7, 0.1, 5),
    )
    expected = [-0.42070749, -0.27279261, -0.11074945, 0.05740409, 0.22236251]
    torch.testing.assert_close(h[0, 0], torch.tensor(expected).double(), rtol=0, atol=1e-7)


def test_published_lstm_numbers():
    step = (lin(-0.4, 1.2, 3, 4), lin(-0.3, 0.7, 3, 5), lin(-0.4, 0.9, 3, 5))
    weights = (lin(-2.1, 1.3, 4, 20), lin(-0.7, 2.2, 5, 20), lin(0.3, 0.7, 20))
    h, c, _ = cap.lstm_step_forward(*step, *weights)
    expected_h = [0.24635157, 0.28610883, 0.32240467, 0.35525807, 0.38474904]
    expected_c = [0.32986176, 0.39145139, 0.451556, 0.51014116, 0.56717407]
    torch.testing.assert_close(h[0], torch.tensor(expected_h).double(), rtol=0, atol=1e-7)
    torch.testing.assert_close(c[0], torch.tensor(expected_c).double(), rtol=0, atol=1e-7)
    h, _ = cap.lstm_forward(
        lin(-0.4, 0.6, 2, 3, 5),
        lin(-0.4, 0.8, 2, 4),
        lin(-0.2, 0.9, 5, 16),
        lin(-0.3, 0.6, 4, 16),
        lin(0.2, 0.7, 16),
    )
    expected = [0.01764008, 0.01823233, 0.01882671, 0.0194232]
    torch.testing.assert_close(h[0, 0], torch.tensor(expected).double(), rtol=0, atol=1e-7)


def test_published_attention_numbers():
    attn, _ = cap.dot_product_attention(lin(-0.4, 0.6, 2, 5), lin(-0.4, 1.8, 2, 5, 4, 4))
    expected = [-0.29784344, -0.07645979, 0.14492386, 0.36630751, 0.58769115]
    torch.testing.assert_close(attn[0], torch.tensor(expected).double(), rtol=0, atol=1e-7)
    h, _, _ = cap.attention_lstm_step_forward(
        lin(-0.4, 1.2, 3, 4),
        lin(-0.3, 0.7, 3, 5),
        lin(-0.4, 0.9, 3, 5),
        lin(0.6, 1.8, 3, 5),
        lin(-2.1, 1.3, 4, 20),
        lin(-0.7, 2.2, 5, 20),
        lin(1.3, 4.2, 5, 20),
        lin(0.3, 0.7, 20),
    )
    expected = [0.53704256, 0.59980774, 0.65596820, 0.70569729, 0.74932626]
    torch.testing.assert_close(h[0], torch.tensor(expected).double(), rtol=0, atol=1e-7)
    h, _, _ = cap.attention_lstm_forward(
        lin(-0.4, 0.6, 2, 3, 5),
        lin(-0.4, 1.8, 2, 4, 4, 4),
        lin(-0.2, 0.9, 5, 16),
        lin(-0.3, 0.6, 4, 16),
        lin(1.3, 4.2, 4, 16),
        lin(0.2, 0.7, 16),
    )
    expected = [0.56141729, 0.70274849, 0.80000386, 0.86349400]
    torch.testing.assert_close(h[0, 0], torch.tensor(expected).double(), rtol=0, atol=1e-7)


# words


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 0)])
def test_word_embedding_is_one_hot_times_matrix(shape):
    W = draw(6, 4)
    words = torch.randint(0, 6, shape, generator=torch.Generator().manual_seed(3))
    one_hot = F.one_hot(words, 6).double() if words.numel() else torch.zeros(*shape, 6).double()
    torch.testing.assert_close(cap.word_embedding_forward(words, W), one_hot @ W)


@pytest.mark.parametrize("shape", [(), (3,), (4, 5), (2, 0), (2, 3, 2)])
def test_gradient_of_word_embedding_equals_autograd_and_central_differences(shape):
    W = draw(6, 4)
    words = torch.randint(0, 4, shape, generator=torch.Generator().manual_seed(3))  # 4 and 5 never
    dout = draw(*shape, 4, seed=9).detach()
    gradient = cap.word_embedding_backward(dout, words, 6)
    for lookup in (cap.word_embedding_forward, F.embedding):
        (expected,) = torch.autograd.grad(lookup(words, W), W, dout)
        torch.testing.assert_close(gradient, expected, rtol=1e-12, atol=1e-14)
    W = W.detach()
    numeric = central_differences(lambda: [cap.word_embedding_forward(words, W)], W, [dout])
    torch.testing.assert_close(gradient, numeric, rtol=1e-7, atol=1e-8)
    assert not gradient[4:].any()
    assert cap.word_embedding_backward(dout.float(), words, 6).dtype == torch.float32


# the captioner

CELLS = ["rnn", "lstm", "attn"]
IDX = {"a": 0, "<END>": 1, "b": 2, "<NULL>": 3, "c": 4, "<START>": 5, "<UNK>": 6}


def captioner(cell, word_to_idx=IDX, made=cap.CaptioningRNN, **kwargs):
    torch.manual_seed(0)
    return made(word_to_idx, 6, 5, 8, cell, **kwargs).double()


def features(N=3, h=2, w=3):
    return draw(N, 6, h, w).detach()


def captions():
    return torch.tensor([[5, 0, 2, 1], [5, 4, 1, 3], [5, 1, 3, 3]])


@pytest.mark.parametrize("cell", CELLS)
def test_loss_of_the_captioner_written_out_word_by_word(cell):
    model, pictures, words = captioner(cell), features(), captions()
    total = 0
    for n in range(3):
        grid = (
            pictures[n].flatten(1).T @ model.image_projection.weight.T + model.image_projection.bias
        )
        A = grid.T.reshape(1, 8, 2, 3)
        h = A.mean(dim=(2, 3))
        c = h if cell == "attn" else torch.zeros_like(h)
        for t in range(3):
            x = model.word_embedding.W_embed[words[n, t]][None]
            if cell == "rnn":
                h, _ = cap.rnn_step_forward(x, h, *model.cell.parameters())
            elif cell == "lstm":
                h, c, _ = cap.lstm_step_forward(x, h, c, *model.cell.parameters())
            else:
                attn, _ = cap.dot_product_attention(h, A)
                weights = [getattr(model.cell, name) for name in ("Wx", "Wh", "Wattn", "b")]
                h, c, _ = cap.attention_lstm_step_forward(x, h, c, attn, *weights)
            if words[n, t + 1] != IDX["<NULL>"]:
                total -= model.vocabulary_projection(h).log_softmax(1)[0, words[n, t + 1]]
    torch.testing.assert_close(model(pictures, words), total / 3)


@pytest.mark.parametrize("cell", CELLS)
def test_sample_agrees_with_teacher_forcing_of_its_own_output(cell):
    model, pictures = captioner(cell), features(N=5)
    sampled, weights = model.sample(pictures, max_length=9)
    assert sampled.shape == (5, 9) and sampled.dtype == torch.int64
    assert (weights is None) == (cell != "attn") == (not model.cell.attends)
    fed = torch.cat([torch.full((5, 1), IDX["<START>"]), sampled[:, :-1]], dim=1)
    h, _ = model.cell(model.word_embedding(fed), model._project_image(pictures))
    best = model.vocabulary_projection(h).argmax(dim=2)
    alive = (fed == IDX["<END>"]).cumsum(dim=1) == 0
    assert torch.equal(best[alive], sampled[alive])
    assert (sampled[~alive] == IDX["<NULL>"]).all()


def test_sample_returns_the_weights_of_its_steps():
    model, pictures = captioner("attn"), features()
    sampled, weights = model.sample(pictures, max_length=4)
    fed = torch.cat([torch.full((3, 1), IDX["<START>"]), sampled[:, :-1]], dim=1)
    _, expected = model.cell(model.word_embedding(fed), model._project_image(pictures))
    torch.testing.assert_close(weights, expected)


@pytest.mark.parametrize("cell", CELLS)
def test_sample_ends_with_null_after_end_and_keeps_no_graph(cell):
    model = captioner(cell)
    with torch.no_grad():
        model.vocabulary_projection.bias[IDX["<END>"]] = 100
    out, _ = model.sample(features(), max_length=4)
    assert out.tolist() == [[IDX["<END>"], 3, 3, 3]] * 3
    with torch.no_grad():
        model.vocabulary_projection.bias[IDX["<END>"]] = -100
        model.vocabulary_projection.bias[IDX["<NULL>"]] = 100
    out, weights = model.sample(features(), max_length=4)
    assert weights is None or not weights.requires_grad
    assert (out == IDX["<NULL>"]).all()


@pytest.mark.parametrize("cell", CELLS)
def test_renumbering_the_words_renumbers_the_captions_alone(cell):
    order = ["<NULL>", "<START>", "<END>", "<UNK>", "a", "b", "c"]
    renumbered = {word: k for k, word in enumerate(order)}
    one, two = captioner(cell), captioner(cell, renumbered)
    rows = torch.tensor([IDX[word] for word in order])
    state = one.state_dict()
    for name in (
        "word_embedding.W_embed",
        "vocabulary_projection.weight",
        "vocabulary_projection.bias",
    ):
        state[name] = state[name][rows]
    two.load_state_dict(state)
    new_id = torch.argsort(rows)
    torch.testing.assert_close(one(features(), captions()), two(features(), new_id[captions()]))
    assert torch.equal(new_id[one.sample(features())[0]], two.sample(features())[0])


@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_nothing_and_rows_do_not_influence_each_other(cell):
    model, pictures, words = captioner(cell), features(), captions()
    padded = F.pad(words, (0, 3), value=IDX["<NULL>"])
    torch.testing.assert_close(model(pictures, padded), model(pictures, words))
    alone = [model(pictures[n : n + 1], words[n : n + 1]) for n in range(3)]
    torch.testing.assert_close(model(pictures, words), sum(alone) / 3)


@pytest.mark.parametrize("cell", CELLS)
def test_the_picture_enters_by_its_mean_or_by_its_positions(cell):
    model, pictures = captioner(cell), features()
    order = torch.tensor([4, 2, 0, 5, 1, 3])
    moved = pictures.flatten(2)[:, :, order].reshape(pictures.shape)
    torch.testing.assert_close(model(pictures, captions()), model(moved, captions()))
    assert not torch.allclose(model(pictures, captions()), model(pictures.flip(1), captions()))
    assert not torch.allclose(model(pictures, captions()), model(pictures.flip(0), captions()))
    if cell == "attn":
        (a, weights), (b, weights_moved) = model.sample(pictures, 4), model.sample(moved, 4)
        assert torch.equal(a, b)
        torch.testing.assert_close(weights.flatten(2)[:, :, order], weights_moved.flatten(2))


@pytest.mark.parametrize("cell", CELLS)
def test_every_parameter_gets_a_gradient(cell):
    model = captioner(cell)
    model(features(), captions()).backward()
    assert [
        name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()
    ] == []


@pytest.mark.parametrize("cell", CELLS)
def test_null_does_not_count_whatever_its_number_and_none_masks_nothing(cell):
    """NULL is 3 here, and 0 is a word like any other."""
    pictures, words = features(), captions()
    losses = {
        name: captioner(cell, **more)(pictures, words).item()
        for name, more in (
            ("default", {}),
            ("NULL", {"ignore_index": IDX["<NULL>"]}),
            ("0", {"ignore_index": 0}),
            ("None", {"ignore_index": None}),
        )
    }
    assert losses["default"] == losses["NULL"] < losses["None"]
    assert losses["0"] < losses["None"]


class Bag(torch.nn.Module):
    """A cell of its own: the state is a running sum, of words and of the picture's brightest place."""

    attends = True

    def __init__(self, D, H):
        super().__init__()
        self.W = torch.nn.Parameter(torch.randn(D, H))

    def forward(self, x, image):
        h = image.amax(dim=(2, 3))[:, None] + (x @ self.W).cumsum(dim=1)
        return h, torch.ones(*x.shape[:2], *image.shape[2:], dtype=x.dtype)

    def start(self, image):
        return image.amax(dim=(2, 3)), torch.zeros(len(image), dtype=torch.int64)

    def step(self, x, state, image):
        weights = torch.ones(len(x), *image.shape[2:], dtype=x.dtype)
        return (state[0] + x @ self.W, state[1] + 1), weights


class WithBag(cap.CaptioningRNN):
    cells = {**cap.CaptioningRNN.cells, "bag": Bag}


@pytest.mark.parametrize("cell", [*CELLS, "bag"])
def test_a_captioner_takes_any_cell_that_speaks_the_protocol(cell):
    model, pictures = captioner(cell, made=WithBag), features()
    x, image = draw(3, 4, 5).detach(), model._project_image(pictures)
    h, weights = model.cell(x, image)
    state = model.cell.start(image)
    for t in range(4):
        state, weights_t = model.cell.step(x[:, t], state, image)
        torch.testing.assert_close(state[0], h[:, t])
        assert isinstance(state, tuple) and (weights_t is None) == (not model.cell.attends)
        assert weights_t is None or torch.allclose(weights_t, weights[:, t])
    model(pictures, captions()).backward()
    assert all(p.grad.any() for p in model.parameters())
    sampled, weights = model.sample(pictures, max_length=6)
    fed = torch.cat([torch.full((3, 1), IDX["<START>"]), sampled[:, :-1]], dim=1)
    h, _ = model.cell(model.word_embedding(fed), image)
    best = model.vocabulary_projection(h).argmax(dim=2)
    alive = (fed == IDX["<END>"]).cumsum(dim=1) == 0
    assert torch.equal(best[alive], sampled[alive])
    assert weights.shape == (3, 6, 2, 3) if model.cell.attends else weights is None


def test_unknown_cell_type_is_refused_with_the_known_ones():
    for made in (cap.CaptioningRNN, WithBag):
        with pytest.raises(ValueError, match="gru.*rnn.*lstm.*attn") as refused:
            made(IDX, 6, 5, 8, "gru")
        assert ("bag" in str(refused.value)) == (made is WithBag)


@pytest.mark.parametrize("cell", CELLS)
def test_size_one_everywhere(cell):
    torch.manual_seed(0)
    model = cap.CaptioningRNN(IDX, 1, 1, 1, cell)
    assert model(torch.ones(1, 1, 1, 1), torch.tensor([[5, 1]])).shape == ()
    assert model.sample(torch.ones(1, 1, 1, 1), max_length=1)[0].shape == (1, 1)
