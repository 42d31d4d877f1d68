"""LSTM: einsum on weights reshaped to (D,4,H), gates picked from an axis of four."""

import torch
from torch import einsum


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    Wx4, Wh4 = Wx.reshape(-1, 4, H), Wh.reshape(H, 4, H)
    a = einsum("nd,dkh->nkh", x, Wx4) + einsum("nj,jkh->nkh", prev_h, Wh4) + b.reshape(4, H)
    i, f, o = torch.sigmoid(a[:, :3]).unbind(dim=1)
    g = torch.tanh(a[:, 3])
    next_c = f * prev_c + i * g
    tanh_c = torch.tanh(next_c)
    return o * tanh_c, next_c, (x, prev_h, prev_c, Wx4, Wh4, (i, f, o, g, tanh_c))


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx4, Wh4, (i, f, o, g, tanh_c) = cache
    dc = dnext_c + dnext_h * o * (1 - tanh_c * tanh_c)
    dgates = torch.stack([dc * g, dc * prev_c, dnext_h * tanh_c, dc * i], dim=1)
    slopes = torch.stack([i - i * i, f - f * f, o - o * o, 1 - g * g], dim=1)
    da = dgates * slopes
    dx = einsum("nkh,dkh->nd", da, Wx4)
    dprev_h = einsum("nkh,jkh->nj", da, Wh4)
    dWx = einsum("nd,nkh->dkh", x, da).flatten(1)
    dWh = einsum("nj,nkh->jkh", prev_h, da).flatten(1)
    return dx, dprev_h, dc * f, dWx, dWh, da.sum(0).flatten()
