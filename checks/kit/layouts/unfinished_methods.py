"""A5: a captioner with the vanilla RNN can be trained already; sampling and the LSTMs are blank."""

import math
from typing import Optional, Tuple

import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torchvision.models import feature_extraction


class ImageEncoder(nn.Module):
    def __init__(self, pretrained: bool = True, verbose: bool = True):
        super().__init__()
        self.cnn = torchvision.models.regnet_x_400mf(pretrained=pretrained)
        self.backbone = feature_extraction.create_feature_extractor(
            self.cnn, return_nodes={"trunk_output.block4": "c5"}
        )
        self._out_channels = self.backbone(torch.randn(2, 3, 224, 224))["c5"].shape[1]

    @property
    def out_channels(self):
        return self._out_channels

    def forward(self, images: torch.Tensor):
        return self.backbone(images)["c5"]


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h, cache = None, None
    # TODO: one step
    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    dx, dprev_h, dWx, dWh, db = None, None, None, None, None
    # TODO: its gradients
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    dx, dprev_h, dWx, dWh, db = da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(0)
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
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim).div(math.sqrt(input_dim)))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim).div(math.sqrt(hidden_dim)))
        self.b = nn.Parameter(torch.zeros(hidden_dim))

    def forward(self, x, h0):
        hn, _ = rnn_forward(x, h0, self.Wx, self.Wh, self.b)
        return hn

    def step_forward(self, x, prev_h):
        next_h, _ = rnn_step_forward(x, prev_h, self.Wx, self.Wh, self.b)
        return next_h


class WordEmbedding(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int):
        super().__init__()
        self.W_embed = nn.Parameter(torch.randn(vocab_size, embed_size).div(math.sqrt(vocab_size)))

    def forward(self, x):
        out = None
        # TODO: words to vectors
        out = self.W_embed[x]
        return out


def temporal_softmax_loss(x, y, ignore_index=None):
    loss = None
    # TODO: the loss
    loss = F.cross_entropy(
        x.flatten(0, 1), y.flatten(), ignore_index=ignore_index, reduction="sum"
    ) / len(x)
    return loss


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
        self.ignore_index = ignore_index
        # TODO: the layers
        self.encoder = ImageEncoder(pretrained=image_encoder_pretrained)
        self.words = WordEmbedding(len(word_to_idx), wordvec_dim)
        self.image = nn.Linear(input_dim, hidden_dim)
        self.scores = nn.Linear(hidden_dim, len(word_to_idx))
        if cell_type == "rnn":
            self.rnn = RNN(wordvec_dim, hidden_dim)

    def forward(self, images, captions):
        loss = 0.0
        # TODO: from images to the loss
        h0 = self.image(self.encoder(images).mean(dim=(2, 3)))
        x = self.words(captions[:, :-1])
        if self.cell_type == "rnn":
            h = self.rnn(x, h0)
            loss = temporal_softmax_loss(self.scores(h), captions[:, 1:], self.ignore_index)
        return loss

    def sample(self, images, max_length=15):
        N = images.shape[0]
        captions = torch.full((N, max_length), self._null, dtype=torch.long)
        if self.cell_type == "attn":
            attn_weights_all = torch.zeros(N, max_length, 4, 4)
        # TODO: greedy sampling
        pass
        if self.cell_type == "attn":
            return captions, attn_weights_all.cpu()
        return captions


class LSTM(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim * 4).div(math.sqrt(input_dim)))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim * 4).div(math.sqrt(hidden_dim)))
        self.b = nn.Parameter(torch.zeros(hidden_dim * 4))

    def step_forward(
        self, x: torch.Tensor, prev_h: torch.Tensor, prev_c: torch.Tensor
    ) -> Tuple[torch.Tensor, torch.Tensor]:
        next_h, next_c = None, None
        # TODO: the gates
        pass
        return next_h, next_c

    def forward(self, x: torch.Tensor, h0: torch.Tensor) -> torch.Tensor:
        c0 = torch.zeros_like(h0)
        hn = None
        # TODO: all steps
        pass
        return hn


def dot_product_attention(prev_h, A):
    N, H, D_a, _ = A.shape
    attn, attn_weights = None, None
    # TODO: where to look
    pass
    return attn, attn_weights


class AttentionLSTM(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim * 4).div(math.sqrt(input_dim)))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim * 4).div(math.sqrt(hidden_dim)))
        self.Wattn = nn.Parameter(
            torch.randn(hidden_dim, hidden_dim * 4).div(math.sqrt(hidden_dim))
        )
        self.b = nn.Parameter(torch.zeros(hidden_dim * 4))

    def step_forward(
        self, x: torch.Tensor, prev_h: torch.Tensor, prev_c: torch.Tensor, attn: torch.Tensor
    ) -> Tuple[torch.Tensor, torch.Tensor]:
        next_h, next_c = None, None
        # TODO: the gates, with attn
        pass
        return next_h, next_c

    def forward(self, x: torch.Tensor, A: torch.Tensor):
        h0 = A.mean(dim=(2, 3))
        c0 = h0
        hn = None
        # TODO: all steps
        pass
        return hn
