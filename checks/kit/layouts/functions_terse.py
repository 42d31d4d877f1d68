import math
import sys

import torch
import torch.nn as nn
from torch.nn.parameter import Parameter

sys.path.append("/content/drive/My Drive/A4")
from a4_helper import *  # noqa: E402


def hello_a4():
    print("hi")


class FeatureExtractor(object):
    def __init__(self, pooling=False, verbose=False, device="cpu", dtype=torch.float32):
        import torchvision

        self.device, self.dtype, self.pooling = device, dtype, pooling
        weights = torchvision.models.MobileNet_V2_Weights.IMAGENET1K_V1
        self.mobilenet = torchvision.models.mobilenet_v2(weights=weights).features.eval().to(device)

    def extract_mobilenet_feature(self, img, verbose=False):
        img = img.to(self.device, self.dtype) / 255
        mean, std = img.new_tensor([0.485, 0.456, 0.406]), img.new_tensor([0.229, 0.224, 0.225])
        with torch.no_grad():
            feat = self.mobilenet((img - mean[:, None, None]) / std[:, None, None])
        return feat.mean(dim=(2, 3)) if self.pooling else feat


def _unroll(step, x, state):
    """Apply step(x_t, state) -> state along time; the first entry of the state is h."""
    hs = []
    for t in range(x.size(1)):
        state = step(x[:, t], state)
        hs.append(state[0])
    return torch.stack(hs, 1)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, dict(x=x, prev_h=prev_h, Wx=Wx, Wh=Wh, next_h=next_h)


def rnn_step_backward(dnext_h, cache):
    dz = dnext_h * (1 - cache["next_h"].square())
    dx, dprev_h = dz @ cache["Wx"].mT, dz @ cache["Wh"].mT
    dWx, dWh = cache["x"].mT @ dz, cache["prev_h"].mT @ dz
    return dx, dprev_h, dWx, dWh, dz.sum(0)


def rnn_forward(x, h0, Wx, Wh, b):
    # the input products of all time steps at once
    xW = x @ Wx + b
    hs = [h0]
    for t in range(x.size(1)):
        hs.append(torch.tanh(xW[:, t] + hs[-1] @ Wh))
    h = torch.stack(hs[1:], 1)
    return h, (x, torch.stack(hs[:-1], 1), h, Wx, Wh)


def rnn_backward(dh, cache):
    x, h_before, h, Wx, Wh = cache
    dz = torch.zeros_like(dh)
    dprev = torch.zeros_like(dh[:, 0])
    for t in range(dh.size(1) - 1, -1, -1):
        dz[:, t] = (dh[:, t] + dprev) * (1 - h[:, t] ** 2)
        dprev = dz[:, t] @ Wh.T
    dWx = x.flatten(0, 1).T @ dz.flatten(0, 1)
    dWh = h_before.flatten(0, 1).T @ dz.flatten(0, 1)
    return dz @ Wx.T, dprev, dWx, dWh, dz.sum((0, 1))


class _Cell(nn.Module):
    def __init__(self, sizes, device, dtype):
        super().__init__()
        for name, size in sizes.items():
            weight = torch.randn(*size, device=device, dtype=dtype) / math.sqrt(size[0])
            self.register_parameter(name, Parameter(weight))


class RNN(_Cell):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        D, H = input_size, hidden_size
        super().__init__({"Wx": (D, H), "Wh": (H, H), "b": (H,)}, device, dtype)

    def forward(self, x, h0):
        return rnn_forward(x, h0, self.Wx, self.Wh, self.b)[0]

    def step_forward(self, x, prev_h):
        return rnn_step_forward(x, prev_h, self.Wx, self.Wh, self.b)[0]


class WordEmbedding(_Cell):
    def __init__(self, vocab_size, embed_size, device="cpu", dtype=torch.float32):
        super().__init__({"W_embed": (vocab_size, embed_size)}, device, dtype)

    def forward(self, x):
        return F.embedding(x, self.W_embed)


def temporal_softmax_loss(x, y, ignore_index=None):
    return F.cross_entropy(
        x.flatten(0, 1), y.flatten(), ignore_index=ignore_index, reduction="sum"
    ).div(len(x))


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
        self.cell_type, self.ignore_index = cell_type, ignore_index
        self._null, self._start = word_to_idx["<NULL>"], word_to_idx["<START>"]
        V, kw = len(word_to_idx), {"device": device, "dtype": dtype}
        self.extractor = FeatureExtractor(pooling=False, verbose=False, **kw)
        self.image2hidden = nn.Conv2d(input_dim, hidden_dim, kernel_size=1, **kw)
        self.embed = WordEmbedding(V, wordvec_dim, **kw)
        self.rnn = dict(rnn=RNN, lstm=LSTM, attention=AttentionLSTM)[cell_type](
            wordvec_dim, hidden_dim, **kw
        )
        self.hidden2vocab = nn.Linear(hidden_dim, V, **kw)

    def encode(self, images):
        A = self.image2hidden(self.extractor.extract_mobilenet_feature(images))
        return A if self.cell_type == "attention" else A.mean(dim=(-2, -1))

    def forward(self, images, captions):
        h = self.rnn(self.embed(captions[:, :-1]), self.encode(images))
        return temporal_softmax_loss(self.hidden2vocab(h), captions[:, 1:], self.ignore_index)

    def sample(self, images, max_length=15):
        device = next(self.parameters()).device
        image = self.encode(images)
        state, weights, captions = self.first_state(image), [], []
        word = torch.full((images.shape[0],), self._start, dtype=torch.long, device=device)
        for _ in range(max_length):
            x, extra = self.embed(word), []
            if self.cell_type == "attention":
                attn, w = dot_product_attention(state[0], image)
                weights.append(w)
                extra.append(attn)
            state = self.rnn.step_forward(x, *state, *extra)
            state = (state,) if self.cell_type == "rnn" else state
            word = self.hidden2vocab(state[0]).argmax(1)
            captions.append(word)
        captions = torch.stack(captions, 1)
        return (captions, torch.stack(weights, 1)) if weights else captions

    def first_state(self, image):
        if self.cell_type == "rnn":
            return (image,)
        if self.cell_type == "lstm":
            return image, torch.zeros_like(image)
        return image.mean(dim=(2, 3)), image.mean(dim=(2, 3))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    a = x @ Wx + prev_h @ Wh + b + (0 if attn is None else attn @ Wattn)
    i, f, o, g = a.tensor_split(4, dim=-1)
    next_c = torch.sigmoid(f) * prev_c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(next_c), next_c


def lstm_forward(x, h0, Wx, Wh, b):
    return _unroll(
        lambda x_t, s: lstm_step_forward(x_t, *s, Wx, Wh, b), x, (h0, torch.zeros_like(h0))
    )


class LSTM(_Cell):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        D, H = input_size, hidden_size
        super().__init__({"Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,)}, device, dtype)

    def forward(self, x, h0):
        return lstm_forward(x, h0, self.Wx, self.Wh, self.b)

    def step_forward(self, x, prev_h, prev_c):
        return lstm_step_forward(x, prev_h, prev_c, self.Wx, self.Wh, self.b)


def dot_product_attention(prev_h, A):
    flat = A.flatten(2)
    w = torch.softmax((flat.mT @ prev_h[..., None]).squeeze(-1) * A.size(1) ** -0.5, -1)
    return (flat @ w[..., None])[..., 0], w.unflatten(1, A.shape[2:])


def attention_forward(x, A, Wx, Wh, Wattn, b):
    def step(x_t, state):
        attn, _ = dot_product_attention(state[0], A)
        return lstm_step_forward(x_t, *state, Wx, Wh, b, attn=attn, Wattn=Wattn)

    h0 = A.mean(dim=(2, 3))
    return _unroll(step, x, (h0, h0))


class AttentionLSTM(_Cell):
    def __init__(self, input_size, hidden_size, device="cpu", dtype=torch.float32):
        D, H = input_size, hidden_size
        sizes = {"Wx": (D, 4 * H), "Wh": (H, 4 * H), "Wattn": (H, 4 * H), "b": (4 * H,)}
        super().__init__(sizes, device, dtype)

    def forward(self, x, A):
        return attention_forward(x, A, self.Wx, self.Wh, self.Wattn, self.b)

    def step_forward(self, x, prev_h, prev_c, attn):
        return lstm_step_forward(x, prev_h, prev_c, self.Wx, self.Wh, self.b, attn, self.Wattn)
