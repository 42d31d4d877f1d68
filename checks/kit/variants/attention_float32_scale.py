"""Attention: sqrt of an integer tensor is float32: right to single precision, with a note."""

import torch


def dot_product_attention(prev_h, A):
    N, H, h, w = A.shape
    positions = A.reshape(N, H, -1)
    scores = (prev_h.unsqueeze(1) @ positions).squeeze(1) / torch.sqrt(torch.tensor(H))
    weights = torch.softmax(scores, dim=1)
    return (positions @ weights.unsqueeze(2)).squeeze(2), weights.reshape(N, h, w)
