import math
from typing import Optional, Tuple

import torch
import torchvision
from a5_helper import *
from torch import nn
from torch.nn import functional as F
from torchvision.models import feature_extraction


def hello_rnn_lstm_captioning():
    print("Good evening from A5")


class ImageEncoder(nn.Module):
    """Frozen RegNet."""

    def __init__(self, pretrained: bool = True, verbose: bool = True):
        super().__init__()
        self.cnn = torchvision.models.regnet_x_400mf(pretrained=pretrained)
        self.backbone = feature_extraction.create_feature_extractor(
            self.cnn, return_nodes={"trunk_output.block4": "c5"}
        )
        shape = self.backbone(torch.randn(2, 3, 224, 224))["c5"].shape
        self._out_channels = shape[1]
        if verbose:
            print(f"c5: {shape}")
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
    # b + x Wx + h Wh
    z = torch.addmm(torch.addmm(b, x, Wx), prev_h, Wh)
    next_h = torch.tanh(z)
    cache = {"x": x, "h": prev_h, "Wx": Wx, "Wh": Wh, "z": z}
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    dz = dnext_h / torch.cosh(cache["z"]) ** 2
    dx = torch.mm(dz, cache["Wx"].transpose(0, 1))
    dprev_h = torch.mm(dz, cache["Wh"].transpose(0, 1))
    # outer products, summed over the batch
    dWx = torch.bmm(cache["x"].unsqueeze(2), dz.unsqueeze(1)).sum(dim=0)
    dWh = torch.bmm(cache["h"].unsqueeze(2), dz.unsqueeze(1)).sum(dim=0)
    db = dz.sum(dim=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = x.new_zeros(N, T, H)
    cache = []
    for t in range(T):
        if t == 0:
            ht, ct = rnn_step_forward(x[:, 0], h0, Wx, Wh, b)
        else:
            ht, ct = rnn_step_forward(x[:, t], ht, Wx, Wh, b)
        h[:, t] += ht
        cache.append(ct)
    # print(h.shape)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    dx = []
    dWx = dWh = db = None
    dprev_h = dh.new_zeros(N, H)
    while cache:
        t = len(cache) - 1
        dx_t, dprev_h, a, b, c = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dx.append(dx_t)
        dWx = a if dWx is None else dWx + a
        dWh = b if dWh is None else dWh + b
        db = c if db is None else db + c
        cache = cache[:-1]
    dx.reverse()
    return torch.stack(dx, dim=1), dprev_h, dWx, dWh, db


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
        one_hot = x.unsqueeze(-1) == torch.arange(len(self.W_embed), device=x.device)
        return one_hot.to(self.W_embed.dtype) @ self.W_embed


def temporal_softmax_loss(x, y, ignore_index=None):
    loss = 0.0
    for n in range(x.shape[0]):
        loss += F.cross_entropy(x[n], y[n], ignore_index=ignore_index, reduction="sum")
    return loss / x.shape[0]


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
        self.word_to_idx = word_to_idx
        self._null = word_to_idx["<NULL>"]
        self._start = word_to_idx.get("<START>", None)
        self._end = word_to_idx.get("<END>", None)
        self.ignore_index = ignore_index
        self.hidden_dim = hidden_dim
        self.backbone = ImageEncoder(image_encoder_pretrained)
        self.fc_image = nn.Linear(self.backbone.out_channels, hidden_dim)
        self.fc_words = nn.Linear(hidden_dim, len(word_to_idx))
        self.embedding = WordEmbedding(len(word_to_idx), wordvec_dim)
        if self.cell_type == "attn":
            self.attn_lstm = AttentionLSTM(wordvec_dim, hidden_dim)
        elif self.cell_type == "lstm":
            self.lstm = LSTM(wordvec_dim, hidden_dim)
        else:
            self.rnn = RNN(wordvec_dim, hidden_dim)

    def image_map(self, images):
        features = self.backbone(images)
        N, C, _, _ = features.shape
        projected = self.fc_image(features.view(N, C, 16).transpose(1, 2))
        return projected.transpose(1, 2).reshape(N, self.hidden_dim, 4, 4)

    def forward(self, images, captions):
        captions_in, captions_out = captions[:, :-1], captions[:, 1:]
        x = self.embedding(captions_in)
        if self.cell_type == "attn":
            h = self.attn_lstm(x, self.image_map(images))
        else:
            features = F.adaptive_avg_pool2d(self.backbone(images), (1, 1)).flatten(1)
            h0 = self.fc_image(features)
            h = self.lstm(x, h0) if self.cell_type == "lstm" else self.rnn(x, h0)
        # scores of one time step after the other
        scores = torch.stack([self.fc_words(h[:, t]) for t in range(h.shape[1])], dim=1)
        return temporal_softmax_loss(scores, captions_out, self.ignore_index)

    def sample(self, images, max_length=15):
        N = images.shape[0]
        captions = self._null * torch.ones(N, max_length, device=images.device).long()
        A = self.image_map(images)
        h = A.mean(dim=(2, 3))
        if self.cell_type == "attn":
            attn_weights_all = torch.zeros(N, max_length, 4, 4, device=images.device).float()
            c = h
        else:
            c = torch.zeros_like(h)
        word = torch.tensor([self._start], device=images.device).repeat(N)
        for t in range(max_length):
            x = self.embedding(word)
            if self.cell_type == "attn":
                attn, weights = dot_product_attention(h, A)
                attn_weights_all[:, t] = weights.detach()
                h, c = self.attn_lstm.step_forward(x, h, c, attn)
            elif self.cell_type == "lstm":
                h, c = self.lstm.step_forward(x, h, c)
            else:
                h = self.rnn.step_forward(x, h)
            word = F.softmax(self.fc_words(h), dim=1).argmax(dim=1)
            captions[:, t] = word
        print("first caption:", captions[0].tolist())
        if self.cell_type == "attn":
            return captions, attn_weights_all.cpu()
        return captions


class LSTM(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim * 4).div(math.sqrt(input_dim)))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim * 4).div(math.sqrt(hidden_dim)))
        self.b = nn.Parameter(torch.zeros(hidden_dim * 4))
        self.hidden_dim = hidden_dim

    def step_forward(
        self, x: torch.Tensor, prev_h: torch.Tensor, prev_c: torch.Tensor
    ) -> Tuple[torch.Tensor, torch.Tensor]:
        z = torch.addmm(torch.addmm(self.b, x, self.Wx), prev_h, self.Wh)
        i, f, o = torch.sigmoid(z[:, : 3 * self.hidden_dim]).chunk(3, dim=1)
        g = torch.tanh(z[:, 3 * self.hidden_dim :])
        next_c = f * prev_c + i * g
        return o * torch.tanh(next_c), next_c

    def forward(self, x: torch.Tensor, h0: torch.Tensor) -> torch.Tensor:
        c0 = torch.zeros_like(h0)
        hn = []
        for t in range(x.shape[1]):
            h0, c0 = self.step_forward(x[:, t, :], h0, c0)
            hn.append(h0)
        return torch.stack(hn, dim=1)


def dot_product_attention(prev_h, A):
    N, H, D_a, _ = A.shape
    A = A.contiguous().view(N, H, 16)
    M = torch.bmm(A.transpose(1, 2), prev_h.unsqueeze(2)) / (H**0.5)  # (N, 16, 1)
    attn_weights = F.softmax(M, dim=1)
    attn = torch.bmm(A, attn_weights).squeeze(2)
    return attn, attn_weights.view(N, 4, 4)


class AttentionLSTM(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim * 4).div(math.sqrt(input_dim)))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim * 4).div(math.sqrt(hidden_dim)))
        self.Wattn = nn.Parameter(
            torch.randn(hidden_dim, hidden_dim * 4).div(math.sqrt(hidden_dim))
        )
        self.b = nn.Parameter(torch.zeros(hidden_dim * 4))
        self.hidden_dim = hidden_dim

    def step_forward(
        self, x: torch.Tensor, prev_h: torch.Tensor, prev_c: torch.Tensor, attn: torch.Tensor
    ) -> Tuple[torch.Tensor, torch.Tensor]:
        z = torch.addmm(torch.addmm(self.b, x, self.Wx), prev_h, self.Wh)
        z = torch.addmm(z, attn, self.Wattn)
        i, f, o = torch.sigmoid(z[:, : 3 * self.hidden_dim]).chunk(3, dim=1)
        g = torch.tanh(z[:, 3 * self.hidden_dim :])
        next_c = f * prev_c + i * g
        return o * torch.tanh(next_c), next_c

    def forward(self, x: torch.Tensor, A: torch.Tensor):
        h = A.reshape(A.shape[0], A.shape[1], 16).mean(dim=2)
        c = h
        hn = []
        for t in range(x.shape[1]):
            attn, _ = dot_product_attention(h, A)
            h, c = self.step_forward(x[:, t, :], h, c, attn)
            hn.append(h)
        return torch.stack(hn, dim=1)
