"""Attention: positions as rows, matmul, exp and sum written out with the max subtracted."""

import torch


def dot_product_attention(prev_h, A):
    N, H, h, w = A.shape
    rows = A.contiguous().view(N, H, -1).transpose(1, 2)
    scores = torch.matmul(rows, prev_h[:, :, None]) * H**-0.5
    e = torch.exp(scores - scores.max(dim=1, keepdim=True)[0])
    weights = e / e.sum(dim=1, keepdim=True)
    attn = torch.matmul(weights.transpose(1, 2), rows)[:, 0]
    return attn, weights[:, :, 0].view(N, h, w)


def dot_product_attention_backward(dattn, prev_h, A, weights):
    N, H, h, w = A.shape
    rows = A.permute(0, 2, 3, 1).reshape(N, h * w, H)
    p = weights.reshape(N, h * w, 1)
    dp = rows @ dattn.unsqueeze(-1)
    dscores = p * (dp - p.transpose(1, 2) @ dp) * H**-0.5
    dprev_h = (rows.transpose(1, 2) @ dscores).squeeze(-1)
    drows = p @ dattn.unsqueeze(1) + dscores @ prev_h.unsqueeze(1)
    return dprev_h, drows.reshape(N, h, w, H).permute(0, 3, 1, 2)
