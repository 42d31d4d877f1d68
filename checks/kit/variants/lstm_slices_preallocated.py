"""LSTM: slices of a; buffers with dtype and device spelled out, filled by index."""

import torch


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = torch.matmul(x, Wx) + torch.matmul(prev_h, Wh) + b
    i = torch.sigmoid(a[:, :H])
    f = torch.sigmoid(a[:, H : 2 * H])
    o = torch.sigmoid(a[:, 2 * H : 3 * H])
    g = torch.tanh(a[:, 3 * H :])
    next_c = prev_c * f + i * g
    next_h = torch.tanh(next_c) * o
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    N, H = dnext_h.shape
    tanh_c = torch.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    da = torch.zeros(N, 4 * H, dtype=dnext_h.dtype, device=dnext_h.device)
    da[:, 0:H] = dc * g * i * (1 - i)
    da[:, H : 2 * H] = dc * prev_c * f * (1 - f)
    da[:, 2 * H : 3 * H] = dnext_h * tanh_c * o * (1 - o)
    da[:, 3 * H : 4 * H] = dc * i * (1 - g**2)
    return da.mm(Wx.t()), da.mm(Wh.t()), dc * f, x.t().mm(da), prev_h.t().mm(da), da.sum(0)


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = torch.zeros((N, T, H), dtype=x.dtype, device=x.device)
    state, c = h0, torch.zeros((N, H), dtype=x.dtype, device=x.device)
    cache = {}
    for t in range(T):
        state, c, cache[t] = lstm_step_forward(x[:, t], state, c, Wx, Wh, b)
        h[:, t] = state
    return h, cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    x, Wx, Wh = cache[0][0], cache[0][3], cache[0][4]
    dx = torch.zeros((N, T, x.shape[1]), dtype=dh.dtype, device=dh.device)
    dstate, dc = torch.zeros_like(dh[:, 0]), torch.zeros_like(dh[:, 0])
    dWx, dWh, db = torch.zeros_like(Wx), torch.zeros_like(Wh), torch.zeros_like(Wh[0])
    for t in range(T - 1, -1, -1):
        step = lstm_step_backward(dh[:, t] + dstate, dc, cache[t])
        dx[:, t], dstate, dc = step[:3]
        dWx += step[3]
        dWh += step[4]
        db += step[5]
    return dx, dstate, dWx, dWh, db
