"""RNN: every product an einsum, sums over the batch and over time included."""

import torch
from torch import einsum


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(einsum("nd,dh->nh", x, Wx) + einsum("nk,kh->nh", prev_h, Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = einsum("nh,nh->nh", dnext_h, 1 - next_h**2)
    dx = einsum("nh,dh->nd", da, Wx)
    dprev_h = einsum("nh,kh->nk", da, Wh)
    dWx = einsum("nd,nh->dh", x, da)
    dWh = einsum("nk,nh->kh", prev_h, da)
    return dx, dprev_h, dWx, dWh, einsum("nh->h", da)


def rnn_forward(x, h0, Wx, Wh, b):
    from_x = einsum("ntd,dh->tnh", x, Wx) + b
    h = [h0]
    for from_x_t in from_x:
        h.append(torch.tanh(from_x_t + einsum("nk,kh->nh", h[-1], Wh)))
    h = torch.stack(h)
    return h[1:].transpose(0, 1), (x, h, Wx, Wh)


def rnn_backward(dh, cache):
    x, h, Wx, Wh = cache
    da, dstate = [], torch.zeros_like(h[0])
    for t in range(len(h) - 2, -1, -1):
        da.insert(0, (dh[:, t] + dstate) * (1 - h[t + 1] ** 2))
        dstate = einsum("nh,kh->nk", da[0], Wh)
    da = torch.stack(da)
    dx = einsum("tnh,dh->ntd", da, Wx)
    dWx = einsum("ntd,tnh->dh", x, da)
    dWh = einsum("tnk,tnh->kh", h[:-1], da)
    return dx, dstate, dWx, dWh, einsum("tnh->h", da)
