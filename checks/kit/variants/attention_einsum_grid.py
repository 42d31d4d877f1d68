"""Attention: einsum over the four axes of the grid, softmax on a flattened view."""

import math

import torch
from torch import einsum


def dot_product_attention(prev_h, A):
    scores = einsum("bc,bcij->bij", prev_h, A) / math.sqrt(A.size(1))
    weights = scores.flatten(1).softmax(-1).view_as(scores)
    return einsum("bij,bcij->bc", weights, A), weights


def dot_product_attention_backward(dattn, prev_h, A, weights):
    query = prev_h / math.sqrt(A.size(1))
    dweights = einsum("bc,bcij->bij", dattn, A)
    mean = einsum("bij,bij->b", weights, dweights)
    dscores = weights * (dweights - mean.view(-1, 1, 1))
    dA = einsum("bc,bij->bcij", dattn, weights) + einsum("bc,bij->bcij", query, dscores)
    dquery = einsum("bij,bcij->bc", dscores, A)
    return dquery / torch.tensor(A.size(1), dtype=A.dtype, device=A.device).sqrt(), dA
