"""RNN: torch.zeros without a dtype, so float64 comes back as float32: right, with a note."""

import torch


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = torch.zeros(N, T, h0.shape[1])
    prev_h, cache = h0, []
    for t in range(T):
        prev_h, step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)  # noqa: F821
        h[:, t] = prev_h
        cache.append(step_cache)
    return h, (cache, D)


def rnn_backward(dh, cache):
    steps, D = cache
    N, T, H = dh.shape
    dx, dprev_h = torch.zeros(N, T, D), torch.zeros(N, H)
    dWx, dWh, db = torch.zeros(D, H), torch.zeros(H, H), torch.zeros(H)
    for t in reversed(range(T)):
        gradients = rnn_step_backward(dh[:, t] + dprev_h, steps[t])  # noqa: F821
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = gradients
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dprev_h, dWx, dWh, db
