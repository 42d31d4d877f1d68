"""Attention: bmm with queries and values as matrices; the backward with bmm too."""

import torch
import torch.nn.functional as F


def dot_product_attention(prev_h, A):
    N, H, h, w = A.shape
    A_flat = A.reshape(N, H, h * w)
    scores = torch.bmm(prev_h.unsqueeze(1), A_flat).squeeze(1) / (H**0.5)
    weights = F.softmax(scores, dim=1)
    attn = torch.bmm(A_flat, weights.unsqueeze(2)).squeeze(2)
    return attn, weights.view(N, h, w)


def dot_product_attention_backward(dattn, prev_h, A, weights):
    N, H, h, w = A.shape
    A_flat, weights = A.reshape(N, H, h * w), weights.reshape(N, 1, h * w)
    dweights = torch.bmm(dattn.unsqueeze(1), A_flat)
    dscores = weights * dweights - weights * (weights * dweights).sum(dim=2, keepdim=True)
    dscores = dscores / H**0.5
    dprev_h = torch.bmm(A_flat, dscores.transpose(1, 2)).squeeze(2)
    dA = torch.bmm(dattn.unsqueeze(2), weights) + torch.bmm(prev_h.unsqueeze(2), dscores)
    return dprev_h, dA.view(N, H, h, w)
