"""What the functions of the exercises should compute, by torch's own kernels.

They are put under given code to see what that does by itself. Arguments as in coursework.captioning;
where a cache is returned there, None is here.
"""

import torch
from torch.nn import functional as F

STATES = {"rnn": ("h",), "lstm": ("h", "c"), "attn": ("h", "c")}
WEIGHTS = {"rnn": ("Wx", "Wh", "b"), "lstm": ("Wx", "Wh", "b"), "attn": ("Wx", "Wh", "Wattn", "b")}


def _rnn_step(x, h, Wx, Wh, b):
    return torch.rnn_tanh_cell(x, h, Wx.T, Wh.T, b), None


def _lstm_step(x, h, c, Wx, Wh, b):
    Wx, Wh, b = (_torch_order(weight) for weight in (Wx, Wh, b))
    return *torch.lstm_cell(x, (h, c), Wx.T, Wh.T, b), None


def _torch_order(weight):
    """Columns of the gates i, f, o, g in the order of torch: i, f, g, o."""
    i, f, o, g = weight.tensor_split(4, -1)
    return torch.cat([i, f, g, o], -1)


def _attention(h, A):
    keys = A.flatten(2).mT
    P = keys.shape[1]
    each = torch.eye(P).to(keys).expand(len(keys), P, P)  # as values it gives the weights back
    seen = F.scaled_dot_product_attention(h[:, None], keys, torch.cat([keys, each], -1))[:, 0]
    return seen[:, :-P], seen[:, -P:].unflatten(1, A.shape[-2:])


def _attention_lstm_step(x, h, c, attn, Wx, Wh, Wattn, b):
    return _lstm_step(torch.hstack((attn, x)), h, c, torch.vstack((Wattn, Wx)), Wh, b)


def _sequence(cell_type: str, x, image, *weights):
    """h and weights of all steps."""
    cell = RightCell(cell_type, dict(zip(WEIGHTS[cell_type], weights, strict=True)))
    return cell.forward(x, image)


def _loss(scores, targets, ignore_index=None):
    ignored = -100 if ignore_index is None else ignore_index
    words = scores.flatten(0, 1), targets.flatten()
    return F.cross_entropy(*words, ignore_index=ignored, reduction="sum") / len(scores)


FUNCTIONS = {
    "rnn_step_forward": _rnn_step,
    "rnn_forward": lambda *given: _sequence("rnn", *given),
    "word_embedding_forward": lambda words, W_embed: F.embedding(words, W_embed),
    "temporal_softmax_loss": _loss,
    "lstm_step_forward": _lstm_step,
    "lstm_forward": lambda *given: _sequence("lstm", *given),
    "dot_product_attention": _attention,
    "attention_lstm_step_forward": _attention_lstm_step,
    "attention_lstm_forward": lambda *given: (*_sequence("attn", *given), None),
}


class RightCell:
    """The protocol of a cell, with weights by their names."""

    def __init__(self, cell_type: str, weights: dict[str, torch.Tensor]):
        self.cell_type, self.weights = cell_type, weights

    def start(self, image):
        if self.cell_type == "attn":
            return (image.mean((2, 3)),) * 2
        return (image, torch.zeros_like(image))[: len(STATES[self.cell_type])]

    def step(self, x, state, image):
        weights = [self.weights[name] for name in WEIGHTS[self.cell_type]]
        if self.cell_type == "rnn":
            return _rnn_step(x, *state, *weights)[:1], None
        if self.cell_type == "lstm":
            return _lstm_step(x, *state, *weights)[:2], None
        attn, look = _attention(state[0], image)
        return _attention_lstm_step(x, *state, attn, *weights)[:2], look

    def forward(self, x, image):
        state, h, looks = self.start(image), [], []
        for now in x.unbind(1):
            state, look = self.step(now, state, image)
            h.append(state[0])
            looks.append(look)
        return torch.stack(h, 1), torch.stack(looks, 1) if self.cell_type == "attn" else None
