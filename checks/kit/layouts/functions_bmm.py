"""A4. Attention only ever sees the 4x4 map of MobileNet here."""

import math

import torch
import torch.nn as nn
from a4_helper import *
from torch.nn.parameter import Parameter


def hello():
    print("Hello from A4")


class FeatureExtractor(object):
    def __init__(self, pooling=False, verbose=False, device="cpu", dtype=torch.float32):
        from torchvision import models, transforms

        self.preprocess = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        self.device, self.dtype = device, dtype
        self.net = models.mobilenet_v2(pretrained=True).features.to(device=device, dtype=dtype)
        self.net.eval()

    def extract_mobilenet_feature(self, img, verbose=False):
        with torch.no_grad():
            return self.net(self.preprocess(img.to(self.device).type(self.dtype) / 255.0))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    # concatenating input and state gives one product instead of two
    both = torch.cat((x, prev_h), dim=1)
    W = torch.cat((Wx, Wh), dim=0)
    next_h = torch.tanh(torch.addmm(b, both, W))
    cache = (both, W, x.shape[1], next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    both, W, D, next_h = cache
    da = (1 - next_h**2).mul(dnext_h)
    dboth = da.mm(W.t())
    dW = both.t().mm(da)
    dx, dprev_h = dboth[:, :D], dboth[:, D:]
    dWx, dWh = dW[:D], dW[D:]
    db = torch.ones(len(da), dtype=da.dtype, device=da.device) @ da
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    T = x.shape[1]
    h = [None] * T
    cache = [None] * T
    for t in range(T):
        h[t], cache[t] = rnn_step_forward(x[:, t, :], h0 if t == 0 else h[t - 1], Wx, Wh, b)
    return torch.stack(h).transpose(0, 1), cache


def rnn_backward(dh, cache):
    T = len(cache)
    dx = [None] * T
    dprev_h = torch.zeros_like(dh[:, 0, :])
    dWx, dWh, db = 0.0, 0.0, 0.0
    t = T - 1
    while t >= 0:
        dx[t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t, :] + dprev_h, cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
        t -= 1
    return torch.stack(dx, dim=1), dprev_h, dWx, dWh, db


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        self.Wx = Parameter(torch.randn(input_size, hidden_size, device=device, dtype=dtype))
        self.Wh = Parameter(torch.randn(hidden_size, hidden_size, device=device, dtype=dtype))
        self.b = Parameter(torch.zeros(hidden_size, device=device, dtype=dtype))

    def forward(self, x, h0):
        return rnn_forward(x, h0, self.Wx, self.Wh, self.b)[0]

    def step_forward(self, x, prev_h):
        return rnn_step_forward(x, prev_h, self.Wx, self.Wh, self.b)[0]


class WordEmbedding(nn.Module):
    def __init__(self, vocab_size, embed_size, device="cpu", dtype=torch.float32):
        super().__init__()
        self.W_embed = Parameter(torch.randn(vocab_size, embed_size, device=device, dtype=dtype))

    def forward(self, x):
        return torch.index_select(self.W_embed, 0, x.reshape(-1)).reshape(*x.shape, -1)


def temporal_softmax_loss(x, y, ignore_index=None):
    # (N, V, T) is what cross_entropy wants
    loss = F.cross_entropy(x.permute(0, 2, 1), y, ignore_index=ignore_index, reduction="sum")
    loss /= x.shape[0]
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
        self._end = word_to_idx.get("<END>", None)
        self.ignore_index = ignore_index
        self.device = device
        vocab_size = len(word_to_idx)
        self.features = FeatureExtractor(False, False, device, dtype)
        self.pool = nn.AvgPool2d(4)
        self.affine_h0 = nn.Linear(input_dim, hidden_dim, device=device, dtype=dtype)
        self.affine_vocab = nn.Linear(hidden_dim, vocab_size, device=device, dtype=dtype)
        self.words = WordEmbedding(vocab_size, wordvec_dim, device, dtype)
        if cell_type == "rnn":
            self.cell = RNN(wordvec_dim, hidden_dim, device, dtype)
        elif cell_type == "lstm":
            self.cell = LSTM(wordvec_dim, hidden_dim, device, dtype)
        else:
            self.cell = AttentionLSTM(wordvec_dim, hidden_dim, device, dtype)
        print("cell:", cell_type, "hidden size:", hidden_dim)

    def start_state(self, images):
        maps = self.features.extract_mobilenet_feature(images)
        if self.cell_type != "attention":
            return self.affine_h0(self.pool(maps).squeeze(3).squeeze(2))
        N, C = maps.shape[:2]
        rows = maps.reshape(N, C, 16).transpose(1, 2)
        return self.affine_h0(rows).transpose(1, 2).reshape(N, -1, 4, 4)

    def forward(self, images, captions):
        x = self.words(captions[:, :-1])
        h = self.cell(x, self.start_state(images))
        scores = self.affine_vocab(h)
        return temporal_softmax_loss(scores, captions[:, 1:], ignore_index=self.ignore_index)

    def sample(self, images, max_length=15):
        N = images.shape[0]
        captions = torch.zeros(N, max_length, dtype=torch.int64, device=images.device)
        captions += self._null
        weights = []
        state = self.start_state(images)
        if self.cell_type == "attention":
            A = state
            h, c = A.mean(dim=(2, 3)), A.mean(dim=(2, 3))
        elif self.cell_type == "lstm":
            h, c = state, torch.zeros_like(state)
        else:
            h = state
        x = self.words(torch.tensor([self._start] * N, device=images.device))
        for t in range(max_length):
            if self.cell_type == "attention":
                attn, w = dot_product_attention(h, A)
                weights.append(w)
                h, c = self.cell.step_forward(x, h, c, attn)
            elif self.cell_type == "lstm":
                h, c = self.cell.step_forward(x, h, c)
            else:
                h = self.cell.step_forward(x, h)
            _, best = self.affine_vocab(h).max(1)
            captions[:, t] = best
            x = self.words(best)
        # nothing after END
        for n in range(N):
            ends = (captions[n] == self._end).nonzero()
            if len(ends) > 0:
                captions[n, ends[0].item() + 1 :] = self._null
        print("sampled", captions.shape)
        if self.cell_type == "attention":
            return captions, torch.stack(weights, dim=1).cpu()
        return captions


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    H = prev_h.shape[1]
    inputs, weights = [x, prev_h], [Wx, Wh]
    if attn is not None:
        inputs.append(attn)
        weights.append(Wattn)
    a = torch.addmm(b, torch.cat(inputs, 1), torch.cat(weights, 0))
    ifo, g = torch.split(a, [3 * H, H], dim=1)
    i, f, o = torch.sigmoid(ifo).split(H, dim=1)
    next_c = f * prev_c + i * torch.tanh(g)
    next_h = o * torch.tanh(next_c)
    return next_h, next_c


def lstm_forward(x, h0, Wx, Wh, b):
    T = x.shape[1]
    c0 = torch.zeros_like(h0)
    hs = []
    for t in range(T):
        h0, c0 = lstm_step_forward(x[:, t, :], h0, c0, Wx, Wh, b)
        hs.append(h0.unsqueeze(1))
    return torch.cat(hs, dim=1)


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        self.Wx = Parameter(torch.randn(input_size, 4 * hidden_size, device=device, dtype=dtype))
        self.Wh = Parameter(torch.randn(hidden_size, 4 * hidden_size, device=device, dtype=dtype))
        self.b = Parameter(torch.zeros(4 * hidden_size, device=device, dtype=dtype))

    def forward(self, x, h0):
        return lstm_forward(x, h0, self.Wx, self.Wh, self.b)

    def step_forward(self, x, prev_h, prev_c):
        return lstm_step_forward(x, prev_h, prev_c, self.Wx, self.Wh, self.b)


def dot_product_attention(prev_h, A):
    N, H, D_a, _ = A.shape
    A_cols = A.reshape(N, H, 16)
    M = torch.bmm(prev_h.reshape(N, 1, H), A_cols) / math.sqrt(H)  # N x 1 x 16
    attn_weights = torch.softmax(M, dim=2)
    attn = torch.bmm(attn_weights, A_cols.transpose(1, 2)).reshape(N, H)
    return attn, attn_weights.reshape(N, 4, 4)


def attention_forward(x, A, Wx, Wh, Wattn, b):
    h0 = A.mean(dim=(2, 3))
    c0 = h0
    hs = []
    for t in range(x.shape[1]):
        attn, _ = dot_product_attention(h0, A)
        h0, c0 = lstm_step_forward(x[:, t], h0, c0, Wx, Wh, b, attn, Wattn)
        hs.append(h0.unsqueeze(1))
    return torch.cat(hs, dim=1)


class AttentionLSTM(nn.Module):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        super().__init__()
        H = hidden_size
        self.Wx = Parameter(torch.randn(input_size, 4 * H, device=device, dtype=dtype))
        self.Wh = Parameter(torch.randn(H, 4 * H, device=device, dtype=dtype))
        self.Wattn = Parameter(torch.randn(H, 4 * H, device=device, dtype=dtype))
        self.b = Parameter(torch.zeros(4 * H, device=device, dtype=dtype))

    def forward(self, x, A):
        return attention_forward(x, A, self.Wx, self.Wh, self.Wattn, self.b)

    def step_forward(self, x, prev_h, prev_c, attn):
        return lstm_step_forward(x, prev_h, prev_c, self.Wx, self.Wh, self.b, attn, self.Wattn)
