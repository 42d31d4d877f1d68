"""Attention: a double loop over the grid, weights filled in by index."""

import torch


def dot_product_attention(prev_h, A):
    N, H, h, w = A.shape
    scores = []
    for y in range(h):
        for x in range(w):
            scores.append((prev_h * A[:, :, y, x]).sum(dim=1) / H**0.5)
    weights = torch.stack(scores, dim=1).softmax(dim=1).view(N, h, w)
    attn = torch.zeros_like(prev_h)
    for y in range(h):
        for x in range(w):
            attn = attn + weights[:, y, x].unsqueeze(1) * A[:, :, y, x]
    return attn, weights


def dot_product_attention_backward(dattn, prev_h, A, weights):
    N, H, h, w = A.shape
    dweights = torch.zeros_like(weights)
    for y in range(h):
        for x in range(w):
            dweights[:, y, x] = (dattn * A[:, :, y, x]).sum(dim=1)
    mean = (weights * dweights).sum(dim=2).sum(dim=1)
    dprev_h, dA = torch.zeros_like(prev_h), torch.zeros_like(A)
    for y in range(h):
        for x in range(w):
            dscore = (weights[:, y, x] * (dweights[:, y, x] - mean) / H**0.5)[:, None]
            dprev_h += dscore * A[:, :, y, x]
            dA[:, :, y, x] = weights[:, y, x, None] * dattn + dscore * prev_h
    return dprev_h, dA
