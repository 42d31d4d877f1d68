"""RNN: turned time first for the loops and back again; a nested cache, built back to front."""

import torch


def rnn_forward(x, h0, Wx, Wh, b):
    states, cache, h = [], None, h0
    for x_t in x.transpose(0, 1):
        h, step_cache = rnn_step_forward(x_t, h, Wx, Wh, b)  # noqa: F821
        states.append(h)
        cache = (step_cache, cache)
    return torch.stack(states).transpose(0, 1), cache


def rnn_backward(dh, cache):
    dx, dweights = [], None
    dstate = torch.zeros_like(dh[:, 0])
    for dh_t in dh.transpose(0, 1).flip(0):
        step_cache, cache = cache
        dx_t, dstate, *step = rnn_step_backward(dh_t + dstate, step_cache)  # noqa: F821
        dx.append(dx_t)
        dweights = step if dweights is None else [a + b for a, b in zip(dweights, step)]
    return torch.stack(dx).flip(0).permute(1, 0, 2), dstate, *dweights
