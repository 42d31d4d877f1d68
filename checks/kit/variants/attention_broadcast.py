"""Attention: products broadcast over the grid and summed, no matrix product at all."""

import torch


def dot_product_attention(prev_h, A):
    N, H, h, w = A.shape
    scores = (prev_h[:, :, None, None] * A).sum(1) / H**0.5
    weights = torch.softmax(scores.reshape(N, -1), dim=-1).reshape(N, h, w)
    attn = (weights[:, None] * A).sum(dim=(2, 3))
    return attn, weights


def dot_product_attention_backward(dattn, prev_h, A, weights):
    scale = A.shape[1] ** 0.5
    p = weights.unsqueeze(1)
    dp = (dattn[:, :, None, None] * A).sum(1, keepdim=True)
    dscores = p * (dp - (p * dp).sum((2, 3), keepdim=True))
    dA = torch.zeros_like(A)
    dA += p * dattn[..., None, None]
    dA += dscores * prev_h[..., None, None] / scale
    return (dscores * A / scale).sum((2, 3)), dA
