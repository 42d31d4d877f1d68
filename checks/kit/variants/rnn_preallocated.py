"""RNN: buffers from new_zeros and zeros_like, filled by index and added to in place."""

import torch


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(torch.matmul(x, Wx) + torch.matmul(prev_h, Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = torch.zeros_like(dnext_h)
    da += dnext_h
    da *= 1 - next_h.detach() ** 2
    dx = torch.matmul(da, Wx.transpose(0, 1))
    dprev_h = torch.matmul(da, Wh.transpose(0, 1))
    dWx = torch.matmul(x.transpose(0, 1), da)
    dWh = torch.matmul(prev_h.transpose(0, 1), da)
    return dx, dprev_h, dWx, dWh, torch.sum(da, axis=0)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = x.new_zeros(N, T, h0.shape[1])
    prev_h, cache = h0, []
    for t in range(T):
        prev_h, step_cache = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        h[:, t, :] = prev_h
        cache.append(step_cache)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    x, prev_h, Wx, Wh, next_h = cache[0]
    dx = dh.new_zeros(N, T, x.shape[1])
    dprev_h = dh.new_zeros(N, H)
    dWx, dWh = torch.zeros_like(Wx), torch.zeros_like(Wh)
    db = dh.new_zeros(H)
    for t in range(T - 1, -1, -1):
        gradients = rnn_step_backward(dh[:, t, :] + dprev_h, cache[t])
        dx[:, t, :], dprev_h = gradients[:2]
        dWx += gradients[2]
        dWh += gradients[3]
        db += gradients[4]
    return dx, dprev_h, dWx, dWh, db
