from __future__ import annotations

import math

import torch
import torchvision
from torch import nn
from torchvision.models import feature_extraction

device = "cuda" if torch.cuda.is_available() else "cpu"


def hello_rnn_lstm_captioning():
    print("Hello!", device)


class ImageEncoder(nn.Module):
    def __init__(self, pretrained: bool = True, verbose: bool = True):
        super().__init__()
        self.cnn = torchvision.models.regnet_x_400mf(pretrained=pretrained)
        self.backbone = feature_extraction.create_feature_extractor(
            self.cnn, return_nodes={"trunk_output.block4": "c5"}
        )
        self._out_channels = 400
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1))

    @property
    def out_channels(self):
        return self._out_channels

    def forward(self, images: torch.Tensor):
        if images.dtype == torch.uint8:
            images = images / 255
        return self.backbone((images - self.mean) / self.std)["c5"]


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    a = x.matmul(Wx).add(prev_h.matmul(Wh)).add(b)
    next_h = (a.exp() - (-a).exp()) / (a.exp() + (-a).exp()) if a.abs().max() < 20 else a.tanh()
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = (1 - next_h) * (1 + next_h) * dnext_h
    return da @ Wx.t(), da @ Wh.t(), x.t() @ da, prev_h.t() @ da, da.sum(0)


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = [], []
    prev = h0
    for t in range(x.shape[1]):
        step = rnn_step_forward(x[:, t], prev, Wx, Wh, b)
        prev = step[0]
        h.append(step[0])
        cache.append(step[1])
    return torch.stack(h, 1), tuple(cache)


def rnn_backward(dh, cache):
    # recursion on the last step
    dx, dprev, dWx, dWh, db = rnn_step_backward(dh[:, -1], cache[-1])
    if len(cache) == 1:
        return dx.unsqueeze(1), dprev, dWx, dWh, db
    earlier = dh[:, :-1].clone()
    earlier[:, -1] += dprev
    dx_0, dh0, dWx_0, dWh_0, db_0 = rnn_backward(earlier, cache[:-1])
    return torch.cat([dx_0, dx.unsqueeze(1)], 1), dh0, dWx + dWx_0, dWh + dWh_0, db + db_0


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
        return self.W_embed.index_select(0, x.flatten()).view(*x.shape, self.W_embed.shape[1])


def temporal_softmax_loss(x, y, ignore_index=None):
    log_probs = x - torch.logsumexp(x, dim=2, keepdim=True)
    N, T, V = x.shape
    chosen = log_probs.reshape(N * T, V)[torch.arange(N * T), y.reshape(-1)]
    keep = y.reshape(-1) != ignore_index
    return -chosen[keep].sum() / N


class CaptioningRNN(nn.Module):
    def __init__(
        self,
        word_to_idx,
        input_dim: int = 512,
        wordvec_dim: int = 128,
        hidden_dim: int = 128,
        cell_type: str = "rnn",
        image_encoder_pretrained: bool = True,
        ignore_index: int | None = None,
    ):
        super().__init__()
        self.cell_type = cell_type
        self.ignore_index = ignore_index
        self.start = word_to_idx["<START>"]
        V = len(word_to_idx)
        self.image_encoder = ImageEncoder(image_encoder_pretrained, False)
        # one projection for a vector, one for a map; all three cells, whichever is used
        self.to_h0 = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(input_dim, hidden_dim)
        )
        self.to_map = nn.Conv2d(input_dim, hidden_dim, kernel_size=1)
        self.cells = nn.ModuleDict(
            {
                "rnn": RNN(wordvec_dim, hidden_dim),
                "lstm": LSTM(wordvec_dim, hidden_dim),
                "attn": AttentionLSTM(wordvec_dim, hidden_dim),
            }
        )
        self.vectors = WordEmbedding(V, wordvec_dim)
        self.head = nn.Sequential(nn.Linear(hidden_dim, V), nn.Identity())

    def forward(self, images, captions):
        with torch.no_grad():  # the encoder is not trained
            features = self.image_encoder(images)
        image = self.to_map(features) if self.cell_type == "attn" else self.to_h0(features)
        h = self.cells[self.cell_type](self.vectors(captions[:, :-1]), image)
        return temporal_softmax_loss(self.head(h), captions[:, 1:], self.ignore_index)

    def sample(self, images, max_length=15):
        with torch.no_grad():
            features = self.image_encoder(images)
            cell = self.cells[self.cell_type]
            words = [torch.full((len(images),), self.start, device=images.device)]
            maps = []
            match self.cell_type:
                case "rnn" | "lstm":
                    state = (self.to_h0(features), torch.zeros_like(self.to_h0(features)))
                case "attn":
                    A = self.to_map(features)
                    state = (A.mean((2, 3)), A.mean((2, 3)))
            while len(words) <= max_length:
                x = self.vectors(words[-1])
                match self.cell_type:
                    case "rnn":
                        state = (cell.step_forward(x, state[0]),)
                    case "lstm":
                        state = cell.step_forward(x, *state)
                    case "attn":
                        attn, weights = dot_product_attention(state[0], A)
                        maps.append(weights.unsqueeze(1))
                        state = cell.step_forward(x, *state, attn)
                words.append(self.head(state[0]).argmax(1))
            captions = torch.stack(words[1:], dim=1)
        return (captions, torch.cat(maps, dim=1).cpu()) if maps else captions


class LSTM(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim * 4).div(math.sqrt(input_dim)))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim * 4).div(math.sqrt(hidden_dim)))
        self.b = nn.Parameter(torch.zeros(hidden_dim * 4))

    def gates(self, a, prev_c):
        H = prev_c.shape[1]
        i, f, o, g = (a[:, k * H : (k + 1) * H] for k in range(4))
        next_c = torch.sigmoid(f) * prev_c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(next_c), next_c

    def step_forward(self, x, prev_h, prev_c):
        return self.gates(x @ self.Wx + prev_h @ self.Wh + self.b, prev_c)

    def forward(self, x, h0):
        h, c = h0, torch.zeros_like(h0)
        hn = x.new_empty(x.shape[0], x.shape[1], h0.shape[1])
        for t in range(x.shape[1]):
            h, c = self.step_forward(x[:, t], h, c)
            hn[:, t] = h
        return hn


def dot_product_attention(prev_h, A):
    N, H, D_a, _ = A.shape
    keys = A.permute(0, 2, 3, 1).reshape(N, -1, H)
    attn_weights = torch.softmax(torch.matmul(keys, prev_h.unsqueeze(-1)) / H**0.5, dim=1)
    attn = (attn_weights * keys).sum(1)
    return attn, attn_weights.reshape(N, D_a, -1)


class AttentionLSTM(LSTM):
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__(input_dim, hidden_dim)
        self.Wattn = nn.Parameter(
            torch.randn(hidden_dim, hidden_dim * 4).div(math.sqrt(hidden_dim))
        )

    def step_forward(self, x, prev_h, prev_c, attn):
        a = x @ self.Wx + prev_h @ self.Wh + attn @ self.Wattn + self.b
        return self.gates(a, prev_c)

    def forward(self, x, A):
        h = c = A.mean(dim=(2, 3))
        hn = x.new_empty(x.shape[0], x.shape[1], A.shape[1])
        for t in range(x.shape[1]):
            h, c = self.step_forward(x[:, t], h, c, dot_product_attention(h, A)[0])
            hn[:, t] = h
        return hn
