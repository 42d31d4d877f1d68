"""My answers to A4, part RNN / LSTM / attention. Runs on Colab with a GPU."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from a4_helper import *
from eecs598 import reset_seed
from google.colab import drive
from torch.nn.parameter import Parameter

drive.mount("/content/drive")
reset_seed(0)
to_double = {"device": "cuda", "dtype": torch.float64}
to_float_cuda = {"device": torch.device("cuda:0"), "dtype": torch.float32}


def hello():
    print("Hello, captions!")


class FeatureExtractor(object):
    def __init__(self, pooling=False, verbose=False, device="cpu", dtype=torch.float32):
        from torchsummary import summary
        from torchvision import models, transforms

        self.prep = transforms.Compose(
            [transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])]
        )
        self.device, self.dtype = device, dtype
        backbone = models.mobilenet_v2(pretrained=True).to(device)
        self.mobilenet = nn.Sequential(*list(backbone.children())[:-1])
        if pooling:
            self.mobilenet.add_module("pool", nn.AvgPool2d(4, 4))
        self.mobilenet.eval()
        if verbose:
            summary(self.mobilenet, (3, 112, 112))

    def extract_mobilenet_feature(self, img, verbose=False):
        batch = torch.stack([self.prep(i.type(self.dtype) / 255.0) for i in img]).to(self.device)
        with torch.no_grad():
            feat = torch.cat([self.mobilenet(part) for part in batch.split(500)])
        return feat.squeeze(-1).squeeze(-1)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    pre = torch.matmul(x, Wx) + torch.matmul(prev_h, Wh) + b
    next_h = pre.tanh()
    return next_h, (x, prev_h, Wx, Wh, pre)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, pre = cache
    dpre = dnext_h * (1.0 - torch.tanh(pre) ** 2)
    dx = torch.matmul(dpre, Wx.T)
    dprev_h = torch.matmul(dpre, Wh.T)
    dWx = torch.matmul(x.T, dpre)
    dWh = torch.matmul(prev_h.T, dpre)
    db = torch.sum(dpre, dim=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = torch.zeros((N, T, H), dtype=x.dtype, device=x.device)
    cache = {}
    prev = h0
    for t in range(T):
        prev, cache[t] = rnn_step_forward(x[:, t], prev, Wx, Wh, b)
        h[:, t] = prev
    cache["T"] = T
    return h, cache


def rnn_backward(dh, cache):
    T = cache["T"]
    x, _, Wx, Wh, _ = cache[0]
    dx = torch.empty(x.shape[0], T, x.shape[1], dtype=x.dtype, device=x.device)
    dWx, dWh = torch.zeros_like(Wx), torch.zeros_like(Wh)
    db = torch.zeros_like(Wh[0])
    dprev_h = torch.zeros_like(dh[:, 0])
    for t in reversed(range(T)):
        grads = rnn_step_backward(dh[:, t, :] + dprev_h, cache[t])
        dx[:, t, :] = grads[0]
        dprev_h = grads[1]
        dWx += grads[2]
        dWh += grads[3]
        db += grads[4]
    return dx, dprev_h, dWx, dWh, db


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        self.Wx = Parameter(
            torch.randn(input_size, hidden_size, device=device, dtype=dtype) / input_size**0.5
        )
        self.Wh = Parameter(
            torch.randn(hidden_size, hidden_size, device=device, dtype=dtype) / hidden_size**0.5
        )
        self.b = Parameter(torch.zeros(hidden_size, device=device, dtype=dtype))

    def forward(self, x, h0):
        return rnn_forward(x, h0, self.Wx, self.Wh, self.b)[0]

    def step_forward(self, x, prev_h):
        return rnn_step_forward(x, prev_h, self.Wx, self.Wh, self.b)[0]


class WordEmbedding(nn.Module):
    def __init__(self, vocab_size, embed_size, device="cpu", dtype=torch.float32):
        super().__init__()
        self.W_embed = Parameter(
            torch.randn(vocab_size, embed_size, device=device, dtype=dtype) / vocab_size**0.5
        )

    def forward(self, x):
        return self.W_embed[x]


def temporal_softmax_loss(x, y, ignore_index=None):
    N, T, V = x.shape
    loss = F.cross_entropy(
        x.reshape(N * T, V), y.reshape(N * T), ignore_index=ignore_index, reduction="sum"
    )
    return loss / N


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
        self.word_to_idx = word_to_idx
        vocab_size = len(word_to_idx)
        self._null = word_to_idx["<NULL>"]
        self._start = word_to_idx.get("<START>", None)
        self._end = word_to_idx.get("<END>", None)
        self.ignore_index = ignore_index

        # the pooled extractor is not needed for attention, but it does no harm
        self.pooled = FeatureExtractor(pooling=True, verbose=False, device="cuda", dtype=dtype)
        self.fc_in = nn.Linear(1280, hidden_dim).to(device="cuda", dtype=dtype)
        if cell_type == "attention":
            self.grid = FeatureExtractor(pooling=False, verbose=False, device="cuda", dtype=dtype)
            self.conv = nn.Conv2d(1280, hidden_dim, (1, 1)).cuda().to(dtype)
        self.embed = WordEmbedding(vocab_size, wordvec_dim, device="cuda", dtype=dtype)
        Cell = {"rnn": RNN, "lstm": LSTM, "attention": AttentionLSTM}[cell_type]
        self.RNN = Cell(wordvec_dim, hidden_dim, device="cuda", dtype=dtype)
        self.fc_out = nn.Linear(hidden_dim, vocab_size).to(device="cuda", dtype=dtype)

    def encode(self, images):
        if self.cell_type == "attention":
            return self.conv(self.grid.extract_mobilenet_feature(images))
        return self.fc_in(self.pooled.extract_mobilenet_feature(images))

    def forward(self, images, captions):
        images = images.to("cuda")
        captions = captions.to("cuda")
        states = self.RNN(self.embed(captions[:, :-1]), self.encode(images))
        scores = self.fc_out(states)
        return temporal_softmax_loss(scores, captions[:, 1:], self.ignore_index)

    def sample(self, images, max_length=15):
        N = images.shape[0]
        captions = torch.ones(N, max_length, device="cuda").long() * self._null
        if self.cell_type == "attention":
            attn_weights_all = torch.zeros((N, max_length, 4, 4), device="cuda")
        encoded = self.encode(images.cuda())
        if self.cell_type == "attention":
            h = c = encoded.mean(dim=(2, 3))
        else:
            h = encoded
            c = torch.zeros(h.shape, dtype=h.dtype, device="cuda")
        words = [self._start] * N
        for t in range(max_length):
            x = self.embed(words)
            if self.cell_type == "rnn":
                h = self.RNN.step_forward(x, h)
            elif self.cell_type == "lstm":
                h, c = self.RNN.step_forward(x, h, c)
            elif self.cell_type == "attention":
                attn, attn_weights = dot_product_attention(h, encoded)
                attn_weights_all[:, t, :, :] = attn_weights
                h, c = self.RNN.step_forward(x, h, c, attn)
            words = torch.max(self.fc_out(h), dim=1)[1]
            captions[:, t] = words
        if self.cell_type == "attention":
            return captions, attn_weights_all.cpu()
        else:
            return captions


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    if attn != None:  # noqa: E711
        extra = torch.matmul(attn, Wattn)
    else:
        extra = 0
    a = torch.matmul(x, Wx) + torch.matmul(prev_h, Wh) + b + extra
    ai, af, ao, ag = torch.chunk(a, 4, dim=1)
    next_c = ai.sigmoid() * ag.tanh() + af.sigmoid() * prev_c
    next_h = ao.sigmoid() * next_c.tanh()
    return next_h, next_c


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = torch.zeros(N, T, h0.shape[1], device=h0.device, dtype=h0.dtype)
    prev_h, prev_c = h0, torch.zeros_like(h0)
    for t in range(T):
        next_h, next_c = lstm_step_forward(x[:, t, :], prev_h, prev_c, Wx, Wh, b)
        h[:, t, :] = next_h
        prev_h, prev_c = next_h, next_c
    return h


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        self.Wx = Parameter(
            torch.randn(input_size, hidden_size * 4, device=device, dtype=dtype) / input_size**0.5
        )
        self.Wh = Parameter(
            torch.randn(hidden_size, hidden_size * 4, device=device, dtype=dtype) / hidden_size**0.5
        )
        self.b = Parameter(torch.zeros(hidden_size * 4, device=device, dtype=dtype))

    def forward(self, x, h0):
        return lstm_forward(x, h0, self.Wx, self.Wh, self.b)

    def step_forward(self, x, prev_h, prev_c):
        next_h, next_c = lstm_step_forward(x, prev_h, prev_c, self.Wx, self.Wh, self.b)
        return next_h, next_c


def dot_product_attention(prev_h, A):
    N, H, D_a, _ = A.shape
    scores = (prev_h.view(N, H, 1, 1) * A).sum(dim=1) / math.sqrt(H)
    attn_weights = F.softmax(scores.view(N, -1), dim=-1).view(N, D_a, D_a)
    attn = (attn_weights.view(N, 1, D_a, D_a) * A).sum(dim=(2, 3))
    return attn, attn_weights


def attention_forward(x, A, Wx, Wh, Wattn, b):
    h0 = A.mean(dim=(2, 3))
    c0 = h0
    N, T, D = x.shape
    h = torch.zeros(N, T, h0.shape[1], device=h0.device, dtype=h0.dtype)
    for t in range(T):
        attn, attn_weights = dot_product_attention(h0, A)
        h0, c0 = lstm_step_forward(x[:, t, :], h0, c0, Wx, Wh, b, attn, Wattn)
        h[:, t, :] = h0
    return h


class AttentionLSTM(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        D, H = input_size, hidden_size
        self.Wx = Parameter(torch.randn(D, H * 4, device=device, dtype=dtype) / D**0.5)
        self.Wh = Parameter(torch.randn(H, H * 4, device=device, dtype=dtype) / H**0.5)
        self.Wattn = Parameter(torch.randn(H, H * 4, device=device, dtype=dtype) / H**0.5)
        self.b = Parameter(torch.zeros(H * 4, device=device, dtype=dtype))

    def forward(self, x, A):
        return attention_forward(x, A, self.Wx, self.Wh, self.Wattn, self.b)

    def step_forward(self, x, prev_h, prev_c, attn):
        return lstm_step_forward(x, prev_h, prev_c, self.Wx, self.Wh, self.b, attn, self.Wattn)
