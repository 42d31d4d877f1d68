"""Attention: one picture at a time; backward with the softmax's Jacobian diag(w) - w w^T."""

import torch


def dot_product_attention(prev_h, A):
    H = A.shape[1]
    attn, weights = [], []
    for query, grid in zip(prev_h, A):
        positions = grid.reshape(H, -1)
        p = torch.softmax(query @ positions / H**0.5, dim=0)
        attn.append(positions @ p)
        weights.append(p.reshape(grid.shape[1:]))
    return torch.stack(attn), torch.stack(weights)


def dot_product_attention_backward(dattn, prev_h, A, weights):
    H = A.shape[1]
    dprev_h, dA = torch.empty_like(prev_h), torch.empty_like(A)
    for n in range(len(A)):
        positions, p = A[n].reshape(H, -1), weights[n].flatten()
        jacobian = torch.diag(p) - torch.outer(p, p)
        dscores = jacobian @ (dattn[n] @ positions) / H**0.5
        dprev_h[n] = positions @ dscores
        dpositions = torch.outer(dattn[n], p) + torch.outer(prev_h[n], dscores)
        dA[n] = dpositions.view(A.shape[1:])
    return dprev_h, dA
