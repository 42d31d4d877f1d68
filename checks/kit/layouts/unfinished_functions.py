"""A4, as far as the vanilla RNN: the rest is still as it was handed out."""

import math

import torch
import torch.nn as nn
from a4_helper import *
from torch.nn.parameter import Parameter


class FeatureExtractor(object):
    def __init__(self, pooling=False, verbose=False, device="cpu", dtype=torch.float32):
        from torchvision import models

        self.mobilenet = models.mobilenet_v2(pretrained=True).features.to(device).eval()

    def extract_mobilenet_feature(self, img, verbose=False):
        with torch.no_grad():
            return self.mobilenet(img / 255.0)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h, cache = None, None
    # TODO: one step
    next_h = torch.tanh(x.mm(Wx) + prev_h.mm(Wh) + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    dx, dprev_h, dWx, dWh, db = None, None, None, None, None
    # TODO: its gradients
    pass
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = None, None
    # TODO: all steps
    h, cache = [], []
    for t in range(x.shape[1]):
        h0, step = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h.append(h0)
        cache.append(step)
    h = torch.stack(h, dim=1)
    return h, cache


def rnn_backward(dh, cache):
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    # TODO: all steps, the last one first
    pass
    return dx, dh0, dWx, dWh, db


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        self.Wx = Parameter(torch.randn(input_size, hidden_size, device=device, dtype=dtype))
        self.Wh = Parameter(torch.randn(hidden_size, hidden_size, device=device, dtype=dtype))
        self.b = Parameter(torch.zeros(hidden_size, device=device, dtype=dtype))

    def forward(self, x, h0):
        hn, _ = rnn_forward(x, h0, self.Wx, self.Wh, self.b)
        return hn

    def step_forward(self, x, prev_h):
        next_h, _ = rnn_step_forward(x, prev_h, self.Wx, self.Wh, self.b)
        return next_h


class WordEmbedding(nn.Module):
    def __init__(self, vocab_size, embed_size, device="cpu", dtype=torch.float32):
        super().__init__()
        weight = torch.randn(vocab_size, embed_size, device=device, dtype=dtype)
        self.W_embed = Parameter(weight.div(math.sqrt(vocab_size)))

    def forward(self, x):
        out = None
        # TODO: words to vectors
        pass
        return out


def temporal_softmax_loss(x, y, ignore_index=None):
    loss = None
    # TODO: the loss
    pass
    return loss


class CaptioningRNN(nn.Module):
    def __init__(
        self,
        word_to_idx,
        input_dim=512,
        wordvec_dim=128,
        hidden_dim=128,
        cell_type="rnn",
        device="cpu",
        ignore_index=None,
        dtype=torch.float32,
    ):
        super().__init__()
        self.cell_type = cell_type
        self._null = word_to_idx["<NULL>"]
        self._start = word_to_idx.get("<START>", None)
        self.ignore_index = ignore_index
        # TODO: the layers
        pass

    def forward(self, images, captions):
        loss = 0.0
        # TODO: from images to the loss
        pass
        return loss

    def sample(self, images, max_length=15):
        N = images.shape[0]
        captions = torch.full((N, max_length), self._null, dtype=torch.long)
        if self.cell_type == "attention":
            attn_weights_all = torch.zeros(N, max_length, 4, 4)
        # TODO: word by word
        pass
        if self.cell_type == "attention":
            return captions, attn_weights_all.cpu()
        return captions


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    next_h, next_c = None, None
    # TODO: one step of the LSTM
    pass
    return next_h, next_c


def lstm_forward(x, h0, Wx, Wh, b):
    h = None
    c0 = torch.zeros_like(h0)
    # TODO: all steps
    pass
    return h


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        self.Wx = Parameter(torch.randn(input_size, hidden_size * 4, device=device, dtype=dtype))
        self.Wh = Parameter(torch.randn(hidden_size, hidden_size * 4, device=device, dtype=dtype))
        self.b = Parameter(torch.zeros(hidden_size * 4, device=device, dtype=dtype))

    def forward(self, x, h0):
        return lstm_forward(x, h0, self.Wx, self.Wh, self.b)

    def step_forward(self, x, prev_h, prev_c):
        return lstm_step_forward(x, prev_h, prev_c, self.Wx, self.Wh, self.b)


def dot_product_attention(prev_h, A):
    N, H, D_a, _ = A.shape
    attn, attn_weights = None, None
    # TODO: where to look
    pass
    return attn, attn_weights


def attention_forward(x, A, Wx, Wh, Wattn, b):
    h = None
    h0 = A.mean(dim=(2, 3))
    c0 = h0
    # TODO: all steps
    pass
    return h
