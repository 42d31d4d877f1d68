import math
from typing import Optional, Tuple

import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torchvision.models import feature_extraction


def hello_rnn_lstm_captioning():
    print("rnn_lstm_captioning.py was found")


class ImageEncoder(nn.Module):
    """RegNet-X 400MF up to its last feature map."""

    def __init__(self, pretrained: bool = True, verbose: bool = True):
        super().__init__()
        self.cnn = torchvision.models.regnet_x_400mf(pretrained=pretrained)
        self.backbone = feature_extraction.create_feature_extractor(
            self.cnn, return_nodes={"trunk_output.block4": "c5"}
        )
        example = self.backbone(torch.randn(2, 3, 224, 224))["c5"]
        self._out_channels = example.shape[1]
        if verbose:
            print("c5 of a (2, 3, 224, 224) batch:", example.shape)
        self.normalize = torchvision.transforms.Normalize(
            mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]
        )

    @property
    def out_channels(self):
        return self._out_channels

    def forward(self, images: torch.Tensor):
        if images.dtype == torch.uint8:
            images = images.to(dtype=self.cnn.stem[0].weight.dtype) / 255.0
        return self.backbone(self.normalize(images))["c5"]


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h, cache = None, None
    # TODO: your RNN step
    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    # end
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    dx, dprev_h, dWx, dWh, db = None, None, None, None, None
    # TODO: its gradients
    x, prev_h, Wx, Wh, next_h = cache
    dtanh = dnext_h * (1 - next_h**2)
    dx = dtanh @ Wx.T
    dprev_h = dtanh @ Wh.T
    dWx = x.T @ dtanh
    dWh = prev_h.T @ dtanh
    db = dtanh.sum(dim=0)
    # end
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = None, None
    # TODO: loop over time
    N, T, D = x.shape
    _, H = h0.shape
    h = torch.zeros(N, T, H, dtype=x.dtype, device=x.device)
    cache = []
    prev_h = h0
    for t in range(T):
        prev_h, c = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        h[:, t, :] = prev_h
        cache.append(c)
    # end
    return h, cache


def rnn_backward(dh, cache):
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    # TODO: loop over time, backwards
    N, T, H = dh.shape
    x, prev_h, Wx, Wh, next_h = cache[0]
    dx = torch.zeros(N, T, x.shape[1], dtype=dh.dtype, device=dh.device)
    dh0 = torch.zeros_like(prev_h)
    dWx = torch.zeros_like(Wx)
    dWh = torch.zeros_like(Wh)
    db = torch.zeros(H, dtype=dh.dtype, device=dh.device)
    for t in reversed(range(T)):
        dx_t, dh0, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t, :] + dh0, cache[t])
        dx[:, t, :] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    # end
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
        # end
        return out


def temporal_softmax_loss(x, y, ignore_index=None):
    loss = None
    # TODO: one line is enough
    loss = (
        F.cross_entropy(x.transpose(1, 2), y, ignore_index=ignore_index, reduction="sum")
        / x.shape[0]
    )
    # end
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
        if cell_type not in {"rnn", "lstm", "attn"}:
            raise ValueError(f"{cell_type} is no cell type")
        self.cell_type = cell_type
        self.word_to_idx = word_to_idx
        self.idx_to_word = {i: w for w, i in word_to_idx.items()}
        vocab_size = len(word_to_idx)
        self._null = word_to_idx["<NULL>"]
        self._start = word_to_idx.get("<START>", None)
        self._end = word_to_idx.get("<END>", None)
        self.ignore_index = ignore_index

        # TODO: make the layers
        self.image_encoder = ImageEncoder(pretrained=image_encoder_pretrained, verbose=False)
        self.word_embedding = WordEmbedding(vocab_size, wordvec_dim)
        self.feature_proj = nn.Linear(input_dim, hidden_dim)
        self.output_proj = nn.Linear(hidden_dim, vocab_size)
        if cell_type == "rnn":
            self.rnn = RNN(wordvec_dim, hidden_dim)
        elif cell_type == "lstm":
            self.rnn = LSTM(wordvec_dim, hidden_dim)
        else:
            self.rnn = AttentionLSTM(wordvec_dim, hidden_dim)
        # end

    def forward(self, images, captions):
        captions_in = captions[:, :-1]
        captions_out = captions[:, 1:]
        loss = 0.0
        # TODO: from images to the loss
        features = self.image_encoder(images)
        x = self.word_embedding(captions_in)
        if self.cell_type == "attn":
            A = self.feature_proj(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            h = self.rnn(x, A)
        else:
            h0 = self.feature_proj(features.mean(dim=(2, 3)))
            h = self.rnn(x, h0)
        scores = self.output_proj(h)
        loss = temporal_softmax_loss(scores, captions_out, ignore_index=self.ignore_index)
        # end
        return loss

    def sample(self, images, max_length=15):
        N = images.shape[0]
        captions = torch.full((N, max_length), self._null, dtype=torch.long, device=images.device)
        if self.cell_type == "attn":
            attn_weights_all = torch.zeros(N, max_length, 4, 4, device=images.device)
        # TODO: greedy sampling
        features = self.image_encoder(images)
        if self.cell_type == "attn":
            A = self.feature_proj(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            prev_h = A.mean(dim=(2, 3))
            prev_c = prev_h
        else:
            prev_h = self.feature_proj(features.mean(dim=(2, 3)))
            prev_c = torch.zeros_like(prev_h)
        words = torch.full((N,), self._start, dtype=torch.long, device=images.device)
        for t in range(max_length):
            x = self.word_embedding(words)
            if self.cell_type == "rnn":
                prev_h = self.rnn.step_forward(x, prev_h)
            elif self.cell_type == "lstm":
                prev_h, prev_c = self.rnn.step_forward(x, prev_h, prev_c)
            else:
                attn, attn_weights = dot_product_attention(prev_h, A)
                prev_h, prev_c = self.rnn.step_forward(x, prev_h, prev_c, attn)
                attn_weights_all[:, t] = attn_weights
            words = torch.argmax(self.output_proj(prev_h), dim=1)
            captions[:, t] = words
        # end
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
        H = prev_h.shape[1]
        a = x @ self.Wx + prev_h @ self.Wh + self.b
        i = torch.sigmoid(a[:, :H])
        f = torch.sigmoid(a[:, H : 2 * H])
        o = torch.sigmoid(a[:, 2 * H : 3 * H])
        g = torch.tanh(a[:, 3 * H :])
        next_c = f * prev_c + i * g
        next_h = o * torch.tanh(next_c)
        # end
        return next_h, next_c

    def forward(self, x: torch.Tensor, h0: torch.Tensor) -> torch.Tensor:
        c0 = torch.zeros_like(h0)
        hn = None
        # TODO: all steps
        N, T, D = x.shape
        prev_h, prev_c = h0, c0
        hn = torch.zeros(N, T, h0.shape[1], dtype=x.dtype, device=x.device)
        for t in range(T):
            prev_h, prev_c = self.step_forward(x[:, t], prev_h, prev_c)
            hn[:, t] = prev_h
        # end
        return hn


def dot_product_attention(prev_h, A):
    N, H, D_a, _ = A.shape
    attn, attn_weights = None, None
    # TODO: where to look
    A_flat = A.reshape(N, H, -1)
    scores = torch.bmm(prev_h.unsqueeze(1), A_flat) / math.sqrt(H)
    attn_weights = torch.softmax(scores, dim=-1)
    attn = torch.bmm(A_flat, attn_weights.transpose(1, 2)).squeeze(-1)
    attn_weights = attn_weights.reshape(N, D_a, D_a)
    # end
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
        H = prev_h.shape[1]
        a = x @ self.Wx + prev_h @ self.Wh + attn @ self.Wattn + self.b
        i = torch.sigmoid(a[:, :H])
        f = torch.sigmoid(a[:, H : 2 * H])
        o = torch.sigmoid(a[:, 2 * H : 3 * H])
        g = torch.tanh(a[:, 3 * H :])
        next_c = f * prev_c + i * g
        next_h = o * torch.tanh(next_c)
        # end
        return next_h, next_c

    def forward(self, x: torch.Tensor, A: torch.Tensor):
        h0 = A.mean(dim=(2, 3))
        c0 = h0
        hn = None
        # TODO: all steps
        N, T, D = x.shape
        prev_h, prev_c = h0, c0
        hn = torch.zeros(N, T, h0.shape[1], dtype=x.dtype, device=x.device)
        for t in range(T):
            attn, _ = dot_product_attention(prev_h, A)
            prev_h, prev_c = self.step_forward(x[:, t], prev_h, prev_c, attn)
            hn[:, t] = prev_h
        # end
        return hn
