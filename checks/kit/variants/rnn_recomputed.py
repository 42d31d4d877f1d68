"""RNN: the cache holds only inputs, in a namedtuple; the backward pass runs the forward again."""

from collections import namedtuple

import torch

Inputs = namedtuple("Inputs", "x state Wx Wh b")


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    return torch.tanh(b + prev_h @ Wh + x @ Wx), Inputs(x, prev_h, Wx, Wh, b)


def rnn_step_backward(dnext_h, cache):
    next_h, _ = rnn_step_forward(*cache)
    da = dnext_h * (1 - next_h) * (1 + next_h)
    dWx, dWh = cache.x.T @ da, cache.state.T @ da
    return da @ cache.Wx.T, da @ cache.Wh.T, dWx, dWh, da.sum(0)


def rnn_forward(x, h0, Wx, Wh, b):
    h, state = [], h0
    for x_t in x.unbind(1):
        state, _ = rnn_step_forward(x_t, state, Wx, Wh, b)
        h.append(state)
    return torch.stack(h, 1), Inputs(x, h0, Wx, Wh, b)


def rnn_backward(dh, cache):
    h, _ = rnn_forward(*cache)
    before = [cache.state, *h.unbind(1)]
    dx, dstate, totals = [], 0, (0, 0, 0)
    for t in range(dh.shape[1])[::-1]:
        step = Inputs(cache.x[:, t], before[t], cache.Wx, cache.Wh, cache.b)
        dx_t, dstate, *dweights = rnn_step_backward(dh[:, t] + dstate, step)
        dx = [dx_t] + dx
        totals = [total + dweight for total, dweight in zip(totals, dweights)]
    return torch.stack(dx, 1), dstate, *totals
