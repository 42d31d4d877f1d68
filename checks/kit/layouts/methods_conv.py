"""A5, run on a Colab GPU only: everything goes to 'cuda' here."""

import math
from typing import Optional, Tuple

import torch
import torchvision
from a5_helper import *
from torch import nn
from torch.nn import functional as F
from torchvision.models import feature_extraction

DEVICE = torch.device("cuda")


def hello_rnn_lstm_captioning():
    print("hello")


class ImageEncoder(nn.Module):
    def __init__(self, pretrained: bool = True, verbose: bool = True):
        super().__init__()
        self.cnn = torchvision.models.regnet_x_400mf(pretrained=pretrained)
        nodes = {"trunk_output.block4": "c5"}
        self.backbone = feature_extraction.create_feature_extractor(self.cnn, return_nodes=nodes)
        self._out_channels = self.backbone(torch.randn(2, 3, 224, 224))["c5"].shape[1]
        self.normalize = torchvision.transforms.Normalize(
            mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]
        )

    @property
    def out_channels(self):
        return self._out_channels

    def forward(self, images: torch.Tensor):
        if images.dtype == torch.uint8:
            images = images.to(dtype=self.cnn.stem[0].weight.dtype)
            images /= 255.0
        return self.backbone(self.normalize(images))["c5"]


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = (x.mm(Wx) + prev_h.mm(Wh) + b).tanh()
    cache = [x, prev_h, Wx, Wh, b, next_h]
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b, next_h = cache
    grad = dnext_h.mul(1 - next_h.pow(2))
    return grad.mm(Wx.t()), grad.mm(Wh.t()), x.t().mm(grad), prev_h.t().mm(grad), grad.sum(dim=0)


def rnn_forward(x, h0, Wx, Wh, b):
    hs, caches = [], []
    for xt in x.permute(1, 0, 2):
        h0, cache = rnn_step_forward(xt, h0, Wx, Wh, b)
        hs.append(h0)
        caches.append(cache)
    return torch.stack(hs).permute(1, 0, 2), caches


def rnn_backward(dh, cache):
    T = dh.shape[1]
    dx, dprev, dWx, dWh, db = rnn_step_backward(dh[:, T - 1], cache[T - 1])
    dx = [dx]
    for t in range(T - 2, -1, -1):
        dxt, dprev, dWxt, dWht, dbt = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dx = [dxt] + dx
        dWx = dWx + dWxt
        dWh = dWh + dWht
        db = db + dbt
    return torch.stack(dx, dim=1), dprev, dWx, dWh, db


class RNN(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim) / math.sqrt(input_dim))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim) / math.sqrt(hidden_dim))
        self.b = nn.Parameter(torch.zeros(hidden_dim))

    def forward(self, x, h0):
        return rnn_forward(x, h0, self.Wx, self.Wh, self.b)[0]

    def step_forward(self, x, prev_h):
        return rnn_step_forward(x, prev_h, self.Wx, self.Wh, self.b)[0]


class WordEmbedding(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int):
        super().__init__()
        self.W_embed = nn.Parameter(torch.randn(vocab_size, embed_size) / math.sqrt(vocab_size))

    def forward(self, x):
        return self.W_embed[x, :]


def temporal_softmax_loss(x, y, ignore_index=None):
    N, T, V = x.shape
    flat_scores, flat_words = x.contiguous().view(-1, V), y.contiguous().view(-1)
    total = F.cross_entropy(flat_scores, flat_words, ignore_index=ignore_index, reduction="sum")
    return total / N


class CaptioningRNN(nn.Module):
    def __init__(
        self,
        word_to_idx,
        input_dim: int = 512,
        wordvec_dim: int = 128,
        hidden_dim: int = 128,
        cell_type: str = "rnn",
        image_encoder_pretrained: bool = True,
        ignore_index: Optional[int] = None,
    ):
        super().__init__()
        self.cell_type = cell_type
        self._null = word_to_idx["<NULL>"]
        self._start = word_to_idx.get("<START>", None)
        self._end = word_to_idx.get("<END>", None)
        self.ignore_index = ignore_index
        vocab_size = len(word_to_idx)
        encoder = ImageEncoder(pretrained=image_encoder_pretrained, verbose=False)
        self.image_encoder = encoder.to(device="cuda")
        channels = self.image_encoder.out_channels
        if cell_type == "attn":
            self.conv = nn.Conv2d(channels, hidden_dim, 1, 1).to(device="cuda")
            self.core = AttentionLSTM(wordvec_dim, hidden_dim).cuda()
        else:
            self.pool = nn.AvgPool2d(4, 4)
            self.fc = nn.Linear(channels, hidden_dim).to(DEVICE)
            self.core = (RNN if cell_type == "rnn" else LSTM)(wordvec_dim, hidden_dim).cuda()
        self.embed = WordEmbedding(vocab_size=vocab_size, embed_size=wordvec_dim).to("cuda:0")
        self.scores = nn.Linear(hidden_dim, vocab_size).to(device="cuda")

    def encode(self, images):
        features = self.image_encoder.forward(images.to("cuda"))
        if self.cell_type == "attn":
            return self.conv.forward(features)
        return self.fc.forward(self.pool.forward(features).reshape(images.shape[0], -1))

    def forward(self, images, captions):
        captions_in = captions[:, :-1].to(device="cuda")
        captions_out = captions[:, 1:].to(device="cuda")
        hidden = self.core.forward(self.embed.forward(captions_in), self.encode(images))
        return temporal_softmax_loss(self.scores.forward(hidden), captions_out, self.ignore_index)

    def sample(self, images, max_length=15):
        N = images.shape[0]
        captions = torch.zeros(N, max_length).long().cuda() + self._null
        word = [self._start for _ in range(N)]
        if self.cell_type == "rnn":
            h = self.encode(images)
            for t in range(max_length):
                h = self.core.step_forward(self.embed.forward(word), h)
                word = self.scores.forward(h).argmax(dim=1)
                captions[:, t] = word
        elif self.cell_type == "lstm":
            h = self.encode(images)
            c = torch.zeros_like(h)
            for t in range(max_length):
                h, c = self.core.step_forward(self.embed.forward(word), h, c)
                word = self.scores.forward(h).argmax(dim=1)
                captions[:, t] = word
        else:
            attn_weights_all = torch.zeros(N, max_length, 4, 4).cuda()
            A = self.encode(images)
            h = A.mean(dim=(2, 3))
            c = h
            for t in range(max_length):
                attn, attn_weights_all[:, t, :, :] = dot_product_attention(h, A)
                h, c = self.core.step_forward(self.embed.forward(word), h, c, attn)
                word = self.scores.forward(h).argmax(dim=1)
                captions[:, t] = word
            return captions, attn_weights_all.cuda()
        return captions


class LSTM(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim * 4) / math.sqrt(input_dim))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim * 4) / math.sqrt(hidden_dim))
        self.b = nn.Parameter(torch.zeros(hidden_dim * 4))

    def step_forward(self, x, prev_h, prev_c) -> Tuple[torch.Tensor, torch.Tensor]:
        N, H = prev_h.shape
        activation = x.mm(self.Wx) + prev_h.mm(self.Wh) + self.b
        ai, af, ao, ag = activation.split(split_size=H, dim=1)
        next_c = af.sigmoid() * prev_c + ai.sigmoid() * ag.tanh()
        next_h = ao.sigmoid() * next_c.tanh()
        return next_h, next_c

    def forward(self, x, h0):
        c0 = torch.zeros_like(h0)
        N, T, D = x.shape
        hn = torch.zeros(size=(T, *h0.shape), dtype=h0.dtype, device="cuda")
        for t, xt in enumerate(x.permute(1, 0, 2)):
            h0, c0 = self.step_forward(xt, h0, c0)
            hn[t] = h0
        return hn.permute(1, 0, 2)


def dot_product_attention(prev_h, A):
    N, H, D_a, _ = A.shape
    scores = torch.sum(prev_h.reshape(N, H, 1, 1) * A, dim=1) / H**0.5
    attn_weights = F.softmax(scores.reshape(N, D_a * D_a), dim=1).reshape(N, D_a, D_a)
    attn = torch.sum(attn_weights.reshape(N, 1, D_a, D_a) * A, dim=[2, 3])
    return attn, attn_weights


class AttentionLSTM(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim * 4) / math.sqrt(input_dim))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim * 4) / math.sqrt(hidden_dim))
        self.Wattn = nn.Parameter(torch.randn(hidden_dim, hidden_dim * 4) / math.sqrt(hidden_dim))
        self.b = nn.Parameter(torch.zeros(hidden_dim * 4))

    def step_forward(self, x, prev_h, prev_c, attn) -> Tuple[torch.Tensor, torch.Tensor]:
        N, H = prev_h.shape
        activation = x.mm(self.Wx) + prev_h.mm(self.Wh) + attn.mm(self.Wattn) + self.b
        ai, af, ao, ag = activation.split(split_size=H, dim=1)
        next_c = af.sigmoid() * prev_c + ai.sigmoid() * ag.tanh()
        next_h = ao.sigmoid() * next_c.tanh()
        return next_h, next_c

    def forward(self, x, A):
        h0 = A.mean(dim=(2, 3))
        c0 = h0
        hn = torch.zeros(size=(x.shape[1], *h0.shape), dtype=h0.dtype, device="cuda")
        for t, xt in enumerate(x.permute(1, 0, 2)):
            attn, _ = dot_product_attention(h0, A)
            h0, c0 = self.step_forward(xt, h0, c0, attn)
            hn[t] = h0
        return hn.permute(1, 0, 2)
