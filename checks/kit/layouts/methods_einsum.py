import math
from typing import Optional, Tuple

import torch
import torchvision
from a5_helper import decode_captions, train_captioner
from einops import rearrange
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchvision.models import feature_extraction


def hello_rnn_lstm_captioning():
    print(decode_captions, train_captioner, rearrange)


class ImageEncoder(nn.Module):
    def __init__(self, pretrained: bool = True, verbose: bool = True):
        super().__init__()
        weights = torchvision.models.RegNet_X_400MF_Weights.IMAGENET1K_V1 if pretrained else None
        self.cnn = torchvision.models.regnet_x_400mf(weights=weights)
        self.backbone = feature_extraction.create_feature_extractor(
            self.cnn, return_nodes={"trunk_output.block4": "c5"}
        )
        self.normalize = torchvision.transforms.Normalize(
            mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]
        )

    @property
    def out_channels(self):
        return 400

    def forward(self, images: Tensor) -> Tensor:
        if images.dtype == torch.uint8:
            images = images.float() / 255
        return self.backbone(self.normalize(images))["c5"]


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(
        torch.einsum("ij,jk->ik", x, Wx) + torch.einsum("ij,jk->ik", prev_h, Wh) + b
    )
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = torch.einsum("nh,nh->nh", dnext_h, 1 - next_h * next_h)
    dx = torch.einsum("nh,dh->nd", da, Wx)
    dprev_h = torch.einsum("nh,kh->nk", da, Wh)
    dWx = torch.einsum("nd,nh->dh", x, da)
    dWh = torch.einsum("nk,nh->kh", prev_h, da)
    db = torch.einsum("nh->h", da)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.size(1)):
        h0, step = rnn_step_forward(x.select(1, t), h0, Wx, Wh, b)
        h.append(h0)
        cache.append(step)
    return torch.stack(h, dim=-2), cache


def rnn_backward(dh, cache):
    grads = []
    dprev_h = torch.zeros_like(dh.select(1, 0))
    for t, step in reversed(list(enumerate(cache))):
        dx, dprev_h, *dweights = rnn_step_backward(dh.select(1, t) + dprev_h, step)
        grads.append((dx, *dweights))
    dx, dWx, dWh, db = (
        torch.stack(g[::-1], dim=1 if k == 0 else 0) for k, g in enumerate(zip(*grads))
    )
    return dx, dprev_h, dWx.sum(0), dWh.sum(0), db.sum(0)


class RNN(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim).div(math.sqrt(input_dim)))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim).div(math.sqrt(hidden_dim)))
        self.b = nn.Parameter(torch.zeros(hidden_dim))

    def forward(self, x, h0):
        return rnn_forward(x, h0, self.Wx, self.Wh, self.b)[0]

    def step_forward(self, x, prev_h):
        return rnn_step_forward(x, prev_h, self.Wx, self.Wh, self.b)[0]


class WordEmbedding(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int):
        super().__init__()
        self.W_embed = nn.Parameter(torch.randn(vocab_size, embed_size).div(math.sqrt(vocab_size)))

    def forward(self, x):
        return nn.functional.embedding(x, self.W_embed)


def temporal_softmax_loss(x, y, ignore_index=None):
    return cross_entropy(
        x.reshape(-1, x.size(-1)), y.reshape(-1), reduction="sum", ignore_index=ignore_index
    ) / x.size(0)


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
        self._start = word_to_idx["<START>"]
        self._end = word_to_idx["<END>"]
        self.ignore_index = ignore_index
        # RegNet-X 400MF has 400 channels
        self.img2h = nn.Linear(400, hidden_dim)
        self.h2vocab = nn.Linear(hidden_dim, len(word_to_idx))
        self.encoder = ImageEncoder(image_encoder_pretrained, verbose=False)
        for p in self.encoder.parameters():
            p.requires_grad_(False)
        self.embed = WordEmbedding(len(word_to_idx), wordvec_dim)
        self.net = {"rnn": RNN, "lstm": LSTM, "attn": AttentionLSTM}[cell_type](
            wordvec_dim, hidden_dim
        )

    def _project(self, images):
        A = torch.einsum("nchw,kc->nkhw", self.encoder(images), self.img2h.weight)
        return A + self.img2h.bias.view(1, -1, 1, 1)

    def forward(self, images, captions):
        A = self._project(images)
        x = self.embed(captions[:, :-1])
        h = self.net(x, A if self.cell_type == "attn" else A.mean(dim=[2, 3]))
        scores = torch.einsum("nth,vh->ntv", h, self.h2vocab.weight) + self.h2vocab.bias
        return temporal_softmax_loss(scores, captions[:, 1:], self.ignore_index)

    def sample(self, images, max_length=15):
        A = self._project(images)
        N = A.size(0)
        h = A.mean(dim=[2, 3])
        c = h.clone() if self.cell_type == "attn" else torch.zeros_like(h)
        captions = torch.full((N, max_length), self._null, device=A.device)
        weights = A.new_zeros(N, max_length, *A.shape[2:])
        word = torch.full((N,), self._start, device=A.device)
        done = torch.zeros_like(word, dtype=torch.bool)
        t = 0
        while t < max_length and not done.all():
            x = self.embed(word)
            if self.cell_type == "rnn":
                h = self.net.step_forward(x, h)
            elif self.cell_type == "lstm":
                h, c = self.net.step_forward(x, h, c)
            else:
                attn, weights[:, t] = dot_product_attention(h, A)
                h, c = self.net.step_forward(x, h, c, attn)
            word = self.h2vocab(h).argmax(dim=-1)
            captions[:, t] = torch.where(done, self._null, word)
            done |= word == self._end
            t += 1
        return (captions, weights) if self.cell_type == "attn" else captions


def _gates(a: Tensor, prev_c: Tensor) -> Tuple[Tensor, Tensor]:
    i, f, o, g = a.unflatten(1, (4, -1)).unbind(1)
    next_c = torch.sigmoid(f) * prev_c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(next_c), next_c


class LSTM(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim * 4).div(math.sqrt(input_dim)))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim * 4).div(math.sqrt(hidden_dim)))
        self.b = nn.Parameter(torch.zeros(hidden_dim * 4))

    def step_forward(self, x: Tensor, prev_h: Tensor, prev_c: Tensor) -> Tuple[Tensor, Tensor]:
        a = torch.einsum("nd,dk->nk", x, self.Wx) + torch.einsum("nh,hk->nk", prev_h, self.Wh)
        return _gates(a + self.b, prev_c)

    def forward(self, x: Tensor, h0: Tensor) -> Tensor:
        h, c, hn = h0, torch.zeros_like(h0), []
        for t in range(x.size(1)):
            h, c = self.step_forward(x[:, t], h, c)
            hn.append(h)
        return torch.stack(hn, dim=1)


def dot_product_attention(prev_h, A):
    scores = torch.einsum("nk,nkhw->nhw", prev_h, A).div(math.sqrt(A.size(1)))
    attn_weights = torch.exp(scores - scores.amax(dim=(1, 2), keepdim=True))
    attn_weights = attn_weights / attn_weights.sum(dim=(1, 2), keepdim=True)
    return torch.einsum("nhw,nkhw->nk", attn_weights, A), attn_weights


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
        self, x: Tensor, prev_h: Tensor, prev_c: Tensor, attn: Tensor
    ) -> Tuple[Tensor, Tensor]:
        a = torch.einsum("nd,dk->nk", x, self.Wx) + torch.einsum("nh,hk->nk", prev_h, self.Wh)
        a = a + torch.einsum("nh,hk->nk", attn, self.Wattn) + self.b
        return _gates(a, prev_c)

    def forward(self, x: Tensor, A: Tensor) -> Tensor:
        h = c = A.mean(dim=[2, 3])
        hn = []
        for t in range(x.size(1)):
            attn, _ = dot_product_attention(h, A)
            h, c = self.step_forward(x[:, t], h, c, attn)
            hn.append(h)
        return torch.stack(hn, dim=1)
