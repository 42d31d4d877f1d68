"""Assignment 4: captions from pictures with an RNN, an LSTM and attention."""

import math

import torch
import torch.nn as nn
from a4_helper import *
from torch.nn.parameter import Parameter


def hello_captioning():
    """Shows that the notebook finds this file."""
    print("rnn_lstm_attention_captioning.py is here")


class FeatureExtractor(object):
    """MobileNet v2 without its classifier."""

    def __init__(self, pooling=False, verbose=False, device="cpu", dtype=torch.float32):
        from torchvision import models, transforms

        self.normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        self.device, self.dtype = device, dtype
        net = models.mobilenet_v2(pretrained=True).to(device)
        parts = list(net.children())[:-1]
        if pooling:
            parts.append(nn.AvgPool2d(4, 4))
        self.mobilenet = nn.Sequential(*parts).eval()

    def extract_mobilenet_feature(self, img, verbose=False):
        """Images (N,3,112,112) -> features (N,1280,4,4), or (N,1280) if pooled."""
        img = torch.stack([self.normalize(one.type(self.dtype).div(255.0)) for one in img])
        with torch.no_grad():
            feat = self.mobilenet(img.to(self.device)).squeeze(-1).squeeze(-1)
        if verbose:
            print("features:", feat.shape)
        return feat


# ---- vanilla RNN ----


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """One time step."""
    next_h, cache = None, None
    # TODO: one step of the RNN
    next_h = torch.tanh(x.mm(Wx) + prev_h.mm(Wh) + b)
    cache = (x, prev_h, Wx, Wh, b, next_h)
    # done
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    dx, dprev_h, dWx, dWh, db = None, None, None, None, None
    # TODO: gradients of one step. tanh' is one minus tanh squared!
    x, prev_h, Wx, Wh, b, next_h = cache
    dtanh = dnext_h * (1 - next_h * next_h)
    dx = dtanh.mm(Wx.t())
    dprev_h = dtanh.mm(Wh.t())
    dWx = x.t().mm(dtanh)
    dWh = prev_h.t().mm(dtanh)
    db = dtanh.sum(0)
    # done
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = None, None
    # TODO: all steps
    h, cache = [], []
    prev_h = h0
    for t in range(x.shape[1]):
        prev_h, step_cache = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        h.append(prev_h)
        cache.append(step_cache)
    h = torch.stack(h, dim=1)
    # done
    return h, cache


def rnn_backward(dh, cache):
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    # TODO: all steps, the last one first
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = torch.zeros(N, T, D, dtype=dh.dtype, device=dh.device)
    dWx = torch.zeros(D, H, dtype=dh.dtype, device=dh.device)
    dWh = torch.zeros(H, H, dtype=dh.dtype, device=dh.device)
    db = torch.zeros(H, dtype=dh.dtype, device=dh.device)
    dh0 = torch.zeros(N, H, dtype=dh.dtype, device=dh.device)
    for t in range(T - 1, -1, -1):
        dx[:, t], dh0, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dh0, cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    # done
    return dx, dh0, dWx, dWh, db


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        made = {"device": device, "dtype": dtype}
        self.Wx = Parameter(torch.randn(input_size, hidden_size, **made).div(math.sqrt(input_size)))
        self.Wh = Parameter(
            torch.randn(hidden_size, hidden_size, **made).div(math.sqrt(hidden_size))
        )
        self.b = Parameter(torch.zeros(hidden_size, **made))

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
        # TODO: look the words up
        out = self.W_embed[x]
        # done
        return out


def temporal_softmax_loss(x, y, ignore_index=None):
    loss = None
    # TODO: in one line
    loss = (
        F.cross_entropy(
            x.reshape(-1, x.shape[2]), y.reshape(-1), ignore_index=ignore_index, reduction="sum"
        )
        / x.shape[0]
    )
    # done
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
        if cell_type not in {"rnn", "lstm", "attention"}:
            raise ValueError('no such cell type: "%s"' % cell_type)
        self.cell_type = cell_type
        self.word_to_idx = word_to_idx
        self.idx_to_word = {i: w for w, i in word_to_idx.items()}
        vocab_size = len(word_to_idx)
        self._null = word_to_idx["<NULL>"]
        self._start = word_to_idx.get("<START>", None)
        self._end = word_to_idx.get("<END>", None)
        self.ignore_index = ignore_index

        # TODO: the layers
        made = {"device": device, "dtype": dtype}
        self.feat_extractor = FeatureExtractor(pooling=cell_type != "attention", **made)
        self.word_emb = WordEmbedding(vocab_size, wordvec_dim, **made)
        self.feat_proj = nn.Linear(input_dim, hidden_dim).to(**made)
        self.score_proj = nn.Linear(hidden_dim, vocab_size).to(**made)
        if cell_type == "rnn":
            self.core = RNN(wordvec_dim, hidden_dim, **made)
        elif cell_type == "lstm":
            self.core = LSTM(wordvec_dim, hidden_dim, **made)
        elif cell_type == "attention":
            self.core = AttentionLSTM(wordvec_dim, hidden_dim, **made)
        # done

    def forward(self, images, captions):
        captions_in = captions[:, :-1]
        captions_out = captions[:, 1:]
        loss = 0.0
        # TODO: features, words, recurrence, scores, loss
        feat = self.feat_extractor.extract_mobilenet_feature(images)
        x = self.word_emb(captions_in)
        if self.cell_type == "attention":
            A = self.feat_proj(feat.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            h = self.core(x, A)
        else:
            h0 = self.feat_proj(feat)
            h = self.core(x, h0)
        scores = self.score_proj(h)
        loss = temporal_softmax_loss(scores, captions_out, ignore_index=self.ignore_index)
        # done
        return loss

    def sample(self, images, max_length=15):
        N = images.shape[0]
        captions = torch.full((N, max_length), self._null, dtype=torch.long, device=images.device)
        if self.cell_type == "attention":
            attn_weights_all = torch.zeros(N, max_length, 4, 4, device=images.device)
        # TODO: word by word
        feat = self.feat_extractor.extract_mobilenet_feature(images)
        if self.cell_type == "attention":
            A = self.feat_proj(feat.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            prev_h = A.mean(dim=(2, 3))
            prev_c = prev_h
        else:
            prev_h = self.feat_proj(feat)
            prev_c = torch.zeros_like(prev_h)
        word = self._start * torch.ones(N, device=images.device).long()
        for t in range(max_length):
            x = self.word_emb(word)
            if self.cell_type == "rnn":
                prev_h = self.core.step_forward(x, prev_h)
            elif self.cell_type == "lstm":
                prev_h, prev_c = self.core.step_forward(x, prev_h, prev_c)
            else:
                attn, attn_weights_all[:, t] = dot_product_attention(prev_h, A)
                prev_h, prev_c = self.core.step_forward(x, prev_h, prev_c, attn)
            word = self.score_proj(prev_h).argmax(dim=1)
            captions[:, t] = word
        # done
        if self.cell_type == "attention":
            return captions, attn_weights_all.cpu()
        return captions


# ---- LSTM ----


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    next_h, next_c = None, None
    # TODO: one step of the LSTM, with or without attention
    H = prev_h.shape[1]
    a = x.mm(Wx) + prev_h.mm(Wh) + b
    if attn is not None:
        a = a + attn.mm(Wattn)
    i = torch.sigmoid(a[:, :H])
    f = torch.sigmoid(a[:, H : 2 * H])
    o = torch.sigmoid(a[:, 2 * H : 3 * H])
    g = torch.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    next_h = o * torch.tanh(next_c)
    # done
    return next_h, next_c


def lstm_forward(x, h0, Wx, Wh, b):
    h = None
    c0 = torch.zeros_like(h0)
    # TODO: all steps
    h = []
    prev_h, prev_c = h0, c0
    for t in range(x.shape[1]):
        prev_h, prev_c = lstm_step_forward(x[:, t, :], prev_h, prev_c, Wx, Wh, b)
        h.append(prev_h)
    h = torch.stack(h, dim=1)
    # done
    return h


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        made = {"device": device, "dtype": dtype}
        D, H = input_size, hidden_size
        self.Wx = Parameter(torch.randn(D, H * 4, **made).div(math.sqrt(D)))
        self.Wh = Parameter(torch.randn(H, H * 4, **made).div(math.sqrt(H)))
        self.b = Parameter(torch.zeros(H * 4, **made))

    def forward(self, x, h0):
        return lstm_forward(x, h0, self.Wx, self.Wh, self.b)

    def step_forward(self, x, prev_h, prev_c):
        return lstm_step_forward(x, prev_h, prev_c, self.Wx, self.Wh, self.b)


# ---- attention ----


def dot_product_attention(prev_h, A):
    N, H, D_a, _ = A.shape
    attn, attn_weights = None, None
    # TODO: scores, softmax, weighted sum
    A_flat = A.reshape(N, H, D_a * D_a)
    scores = prev_h.unsqueeze(1).matmul(A_flat).squeeze(1) / math.sqrt(H)
    attn_weights = torch.softmax(scores, dim=1)
    attn = A_flat.matmul(attn_weights.unsqueeze(2)).squeeze(2)
    attn_weights = attn_weights.reshape(N, D_a, D_a)
    # done
    return attn, attn_weights


def attention_forward(x, A, Wx, Wh, Wattn, b):
    h = None
    h0 = A.mean(dim=(2, 3))
    c0 = h0
    # TODO: attend, then step
    h = []
    prev_h, prev_c = h0, c0
    for t in range(x.shape[1]):
        attn, _ = dot_product_attention(prev_h, A)
        prev_h, prev_c = lstm_step_forward(
            x[:, t, :], prev_h, prev_c, Wx, Wh, b, attn=attn, Wattn=Wattn
        )
        h.append(prev_h)
    h = torch.stack(h, dim=1)
    # done
    return h


class AttentionLSTM(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        made = {"device": device, "dtype": dtype}
        D, H = input_size, hidden_size
        self.Wx = Parameter(torch.randn(D, H * 4, **made).div(math.sqrt(D)))
        self.Wh = Parameter(torch.randn(H, H * 4, **made).div(math.sqrt(H)))
        self.Wattn = Parameter(torch.randn(H, H * 4, **made).div(math.sqrt(H)))
        self.b = Parameter(torch.zeros(H * 4, **made))

    def forward(self, x, A):
        return attention_forward(x, A, self.Wx, self.Wh, self.Wattn, self.b)

    def step_forward(self, x, prev_h, prev_c, attn):
        return lstm_step_forward(
            x, prev_h, prev_c, self.Wx, self.Wh, self.b, attn=attn, Wattn=self.Wattn
        )
