"""RNN: a loop over the rows of the batch; weight gradients are sums of outer products."""

import torch


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    rows = []
    for n in range(x.shape[0]):
        rows.append(torch.tanh(x[n] @ Wx + prev_h[n] @ Wh + b))
    next_h = torch.stack(rows)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dx, dprev_h = torch.zeros_like(x), torch.zeros_like(prev_h)
    dWx, dWh, db = torch.zeros_like(Wx), torch.zeros_like(Wh), torch.zeros_like(Wh[0])
    for n in range(x.shape[0]):
        da = dnext_h[n] * (1 - next_h[n] ** 2)
        dx[n] = Wx @ da
        dprev_h[n] = Wh @ da
        dWx += torch.outer(x[n], da)
        dWh += prev_h[n].unsqueeze(1) * da.unsqueeze(0)
        db += da
    return dx, dprev_h, dWx, dWh, db
