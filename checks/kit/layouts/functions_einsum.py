import math

import matplotlib.pyplot as plt
import torch
import torch.nn as nn
from a4_helper import *
from torch import einsum
from torch.nn import functional as F
from torch.nn.parameter import Parameter

plt.rcParams["figure.figsize"] = (10.0, 8.0)


def hello_rnn_lstm():
    print("up and running")


class FeatureExtractor(object):
    def __init__(self, pooling=False, verbose=False, device="cpu", dtype=torch.float32):
        from torchvision import models, transforms

        self.device, self.dtype, self.pooling = device, dtype, pooling
        self.norm = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        self.mobilenet = models.mobilenet_v2(pretrained=True).features.to(device).eval()

    def extract_mobilenet_feature(self, img, verbose=False):
        with torch.no_grad():
            feat = self.mobilenet(self.norm(img.to(self.device, self.dtype) / 255))
        return feat.mean((2, 3)) if self.pooling else feat


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(einsum("nd,dh->nh", x, Wx) + einsum("nk,kh->nh", prev_h, Wh) + b)
    cache = x, prev_h, Wx, Wh, next_h
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h - dnext_h * next_h.pow(2)
    return (
        einsum("nh,dh->nd", da, Wx),
        einsum("nh,kh->nk", da, Wh),
        einsum("nd,nh->dh", x, da),
        einsum("nk,nh->kh", prev_h, da),
        einsum("nh->h", da),
    )


def rnn_forward(x, h0, Wx, Wh, b):
    states, caches = [h0], []
    for x_t in x.unbind(dim=1):
        h_t, cache_t = rnn_step_forward(x_t, states[-1], Wx, Wh, b)
        states.append(h_t)
        caches.append(cache_t)
    return torch.stack(states[1:], 1), caches


def rnn_backward(dh, cache):
    dxs = []
    carried = 0
    total = None
    for dh_t, cache_t in zip(reversed(dh.unbind(1)), reversed(cache)):
        dx_t, carried, *weights = rnn_step_backward(dh_t + carried, cache_t)
        dxs.insert(0, dx_t)
        total = weights if total is None else [a + w for a, w in zip(total, weights)]
    return (torch.stack(dxs, 1), carried, *total)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        kw = dict(device=device, dtype=dtype)
        self.Wx = Parameter(torch.randn(input_size, hidden_size, **kw).div(math.sqrt(input_size)))
        self.Wh = Parameter(torch.randn(hidden_size, hidden_size, **kw).div(math.sqrt(hidden_size)))
        self.b = Parameter(torch.zeros(hidden_size, **kw))

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
        # one-hot times matrix, as in the lecture
        one_hot = F.one_hot(x, self.W_embed.shape[0]).to(self.W_embed.dtype)
        return einsum("...v,vd->...d", one_hot, self.W_embed)


def temporal_softmax_loss(x, y, ignore_index=None):
    log_p = F.log_softmax(x, dim=-1)
    picked = log_p.gather(-1, y.unsqueeze(-1)).squeeze(-1)
    counts = (y != ignore_index).to(x.dtype)
    return -einsum("nt,nt->", picked, counts) / x.shape[0]


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
        self.vocab = word_to_idx
        self.ignore_index = ignore_index
        kw = dict(device=device, dtype=dtype)
        # everything for every cell type, only some of it is used
        self.extractor = FeatureExtractor(device=device, dtype=dtype)
        self.embedding = WordEmbedding(len(word_to_idx), wordvec_dim, **kw)
        self.W_image = Parameter(torch.randn(input_dim, hidden_dim, **kw) / math.sqrt(input_dim))
        self.b_image = Parameter(torch.zeros(hidden_dim, **kw))
        self.vanilla = RNN(wordvec_dim, hidden_dim, **kw)
        self.lstm = LSTM(wordvec_dim, hidden_dim, **kw)
        self.attention_lstm = AttentionLSTM(wordvec_dim, hidden_dim, **kw)
        self.to_vocab = nn.Linear(hidden_dim, len(word_to_idx), **kw)

    def _image(self, images):
        feat = self.extractor.extract_mobilenet_feature(images)
        projected = einsum("nchw,ck->nkhw", feat, self.W_image) + self.b_image[:, None, None]
        return projected if self.cell_type == "attention" else projected.mean((2, 3))

    def forward(self, images, captions):
        x = self.embedding(captions[:, :-1])
        image = self._image(images)
        if self.cell_type == "rnn":
            h = self.vanilla(x, image)
        if self.cell_type == "lstm":
            h = self.lstm(x, image)
        if self.cell_type == "attention":
            h = self.attention_lstm(x, image)
        return temporal_softmax_loss(self.to_vocab(h), captions[:, 1:], self.ignore_index)

    @torch.no_grad()
    def sample(self, images, max_length=15):
        N = len(images)
        null, start, end = (self.vocab[w] for w in ("<NULL>", "<START>", "<END>"))
        captions = torch.full((N, max_length), null, device=images.device)
        image = self._image(images)
        if self.cell_type == "attention":
            h = c = image.mean((2, 3))
            all_weights = image.new_zeros(N, max_length, *image.shape[2:])
        else:
            h, c = image, torch.zeros_like(image)
        word = torch.full((N,), start, device=images.device)
        alive = torch.ones(N, dtype=torch.bool, device=images.device)
        for t in range(max_length):
            x = self.embedding(word)
            if self.cell_type == "rnn":
                h = self.vanilla.step_forward(x, h)
            if self.cell_type == "lstm":
                h, c = self.lstm.step_forward(x, h, c)
            if self.cell_type == "attention":
                attn, all_weights[:, t] = dot_product_attention(h, image)
                h, c = self.attention_lstm.step_forward(x, h, c, attn)
            word = self.to_vocab(h).argmax(-1)
            captions[alive, t] = word[alive]
            alive &= word != end
            if not alive.any():
                break
        return (captions, all_weights.cpu()) if self.cell_type == "attention" else captions


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    a = einsum("nd,dk->nk", x, Wx) + einsum("nh,hk->nk", prev_h, Wh) + b
    if attn is not None:
        a = a + einsum("nh,hk->nk", attn, Wattn)
    i, f, o, g = a.reshape(len(x), 4, -1).unbind(1)
    next_c = f.sigmoid() * prev_c + i.sigmoid() * g.tanh()
    next_h = o.sigmoid() * next_c.tanh()
    return next_h, next_c


def lstm_forward(x, h0, Wx, Wh, b):
    h, c, out = h0, torch.zeros_like(h0), []
    for x_t in x.unbind(1):
        h, c = lstm_step_forward(x_t, h, c, Wx, Wh, b)
        out += [h]
    return torch.stack(out, 1)


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        kw = dict(device=device, dtype=dtype)
        H = hidden_size
        self.Wx = Parameter(torch.randn(input_size, 4 * H, **kw).div(math.sqrt(input_size)))
        self.Wh = Parameter(torch.randn(H, 4 * H, **kw).div(math.sqrt(H)))
        self.b = Parameter(torch.zeros(4 * H, **kw))

    def forward(self, x, h0):
        return lstm_forward(x, h0, self.Wx, self.Wh, self.b)

    def step_forward(self, x, prev_h, prev_c):
        return lstm_step_forward(x, prev_h, prev_c, self.Wx, self.Wh, self.b)


def dot_product_attention(prev_h, A):
    scores = einsum("nk,nkhw->nhw", prev_h, A) / math.sqrt(A.shape[1])
    attn_weights = scores.flatten(1).softmax(-1).view_as(scores)
    return einsum("nhw,nkhw->nk", attn_weights, A), attn_weights


def attention_forward(x, A, Wx, Wh, Wattn, b):
    h = c = A.mean((2, 3))
    out = []
    for x_t in x.unbind(1):
        attn, _ = dot_product_attention(h, A)
        h, c = lstm_step_forward(x_t, h, c, Wx, Wh, b, attn, Wattn)
        out += [h]
    return torch.stack(out, 1)


class AttentionLSTM(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        kw = dict(device=device, dtype=dtype)
        H = hidden_size
        self.Wx = Parameter(torch.randn(input_size, 4 * H, **kw).div(math.sqrt(input_size)))
        self.Wh = Parameter(torch.randn(H, 4 * H, **kw).div(math.sqrt(H)))
        self.Wattn = Parameter(torch.randn(H, 4 * H, **kw).div(math.sqrt(H)))
        self.b = Parameter(torch.zeros(4 * H, **kw))

    def forward(self, x, A):
        return attention_forward(x, A, self.Wx, self.Wh, self.Wattn, self.b)

    def step_forward(self, x, prev_h, prev_c, attn):
        return lstm_step_forward(x, prev_h, prev_c, self.Wx, self.Wh, self.b, attn, self.Wattn)
