"""RNN: F.linear with transposed weights forward, addmm to gather the weight gradients backward."""

import torch
import torch.nn.functional as F


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = F.tanh(F.linear(x, Wx.t(), b) + F.linear(prev_h, Wh.t()))
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = torch.addcmul(dnext_h, dnext_h, next_h**2, value=-1)
    return F.linear(da, Wx), F.linear(da, Wh), x.t().mm(da), prev_h.t().mm(da), da.sum(0)


def rnn_forward(x, h0, Wx, Wh, b):
    h = [h0]
    for t in range(x.shape[1]):
        h.append(torch.addmm(torch.addmm(b, x[:, t], Wx), h[-1], Wh).tanh())
    return torch.stack(h[1:], 1), (x, h, Wx, Wh)


def rnn_backward(dh, cache):
    x, h, Wx, Wh = cache
    dx = torch.empty_like(x)
    dh0 = torch.zeros_like(h[0])
    dWx, dWh, db = torch.zeros_like(Wx), torch.zeros_like(Wh), torch.zeros_like(Wh[0])
    for t in range(x.shape[1] - 1, -1, -1):
        da = (dh[:, t] + dh0) * (1 - h[t + 1] ** 2)
        dx[:, t] = F.linear(da, Wx)
        dWx = torch.addmm(dWx, x[:, t].t(), da)
        dWh = torch.addmm(dWh, h[t].t(), da)
        db = db + da.sum(0)
        dh0 = F.linear(da, Wh)
    return dx, dh0, dWx, dWh, db
