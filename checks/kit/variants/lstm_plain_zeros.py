"""LSTM: c0 from torch.zeros without a dtype, promoted by the first step; two upstream branches."""
# ruff: noqa: F821

import torch


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    prev_h, prev_c = h0, torch.zeros(h0.shape, device=h0.device)
    outputs, caches = (), ()
    for t in range(T):
        prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        outputs += (prev_h[:, None],)
        caches += (step_cache,)
    return torch.concat(outputs, dim=1), caches


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    dx, dweights = [], []
    for t in reversed(range(T)):
        if t == T - 1:
            dstate, dc = dh[:, t], torch.zeros(N, H, device=dh.device)
        else:
            dstate = dh[:, t] + dstate
        dx_t, dstate, dc, *step = lstm_step_backward(dstate, dc, cache[t])
        dx.insert(0, dx_t)
        dweights.append(step)
    dWx, dWh, db = (torch.stack(each).sum(dim=0) for each in zip(*dweights))
    return torch.stack(dx, dim=1), dstate, dWx, dWh, db
