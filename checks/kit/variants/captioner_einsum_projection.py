"""Captioner: both projections by einsum; the functions called, not the modules; masked by -100."""
# ruff: noqa: F821

import torch
import torch.nn.functional as F


def CaptioningRNN_forward(self, features, captions):
    cell, linear, vocabulary = self.cell, self.image_projection, self.vocabulary_projection
    A = torch.einsum("nchw,kc->nkhw", features, linear.weight) + linear.bias.view(1, -1, 1, 1)
    x = self.word_embedding.W_embed[captions[:, :-1]]
    if self.cell_type == "attn":
        h, _, _ = attention_lstm_forward(x, A, cell.Wx, cell.Wh, cell.Wattn, cell.b)
    else:
        run = rnn_forward if self.cell_type == "rnn" else lstm_forward
        h, _ = run(x, A.mean(3).mean(2), cell.Wx, cell.Wh, cell.b)
    scores = torch.einsum("nth,vh->ntv", h, vocabulary.weight) + vocabulary.bias
    targets = captions[:, 1:].contiguous().view(-1)
    if self.ignore_index is not None:
        targets = torch.where(targets == self.ignore_index, -100, targets)
    loss = F.cross_entropy(scores.view(len(targets), -1), targets, reduction="sum")
    return loss / features.shape[0]
