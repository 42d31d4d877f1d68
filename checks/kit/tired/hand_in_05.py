# exercise: rnn_backward
# slip: collects dx while walking backwards and stacks it as collected, so dx comes out in reversed time order
import torch


def rnn_forward(x, h0, Wx, Wh, b):
    hs, stack = [], []
    h = h0
    for t in range(x.size(1)):
        h, step = rnn_step_forward(x[:, t, :], h, Wx, Wh, b)
        hs.append(h)
        stack.append(step)
    return torch.stack(hs, dim=1), stack


def rnn_backward(dh, cache):
    steps = list(cache)
    t = dh.size(1)
    dprev = torch.zeros_like(dh[:, 0, :])
    dxs, dWxs, dWhs, dbs = [], [], [], []
    while steps:
        t -= 1
        dx_t, dprev, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t, :] + dprev, steps.pop())
        dxs.append(dx_t)
        dWxs.append(dWx_t)
        dWhs.append(dWh_t)
        dbs.append(db_t)
    dx = torch.stack(dxs, dim=1)
    return dx, dprev, sum(dWxs), sum(dWhs), sum(dbs)
