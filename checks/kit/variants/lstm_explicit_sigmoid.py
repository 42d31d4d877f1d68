"""LSTM: 1 / (1 + exp(-a)) for the sigmoid, exponentials of 2a for the tanh; a dict for a cache."""

import torch


def logistic(a):
    return 1 / (1 + torch.exp(-a))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a_i, a_f, a_o, a_g = torch.chunk(x @ Wx + prev_h @ Wh + b, 4, dim=-1)
    i, f, o = logistic(a_i), logistic(a_f), logistic(a_o)
    g = 1 - 2 / (torch.exp(2 * a_g) + 1)
    next_c = f * prev_c + i * g
    tanh_c = 2 * logistic(2 * next_c) - 1
    cache = dict(x=x, prev_h=prev_h, prev_c=prev_c, Wx=Wx, Wh=Wh, i=i, f=f, o=o, g=g, tanh_c=tanh_c)
    return o * tanh_c, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, o, g, tanh_c = (cache[name] for name in ("i", "f", "o", "g", "tanh_c"))
    do = dnext_h * tanh_c
    dtanh_c = dnext_h * o
    dc = dtanh_c * (1 - tanh_c**2) + dnext_c
    di, df, dg, dprev_c = dc * g, dc * cache["prev_c"], dc * i, dc * f
    da_i, da_f, da_o = i * (1 - i) * di, f * (1 - f) * df, o * (1 - o) * do
    da = torch.hstack([da_i, da_f, da_o, (1 - g**2) * dg])
    dx, dprev_h = da @ cache["Wx"].T, da @ cache["Wh"].T
    return dx, dprev_h, dprev_c, cache["x"].T @ da, cache["prev_h"].T @ da, da.sum(dim=0)
