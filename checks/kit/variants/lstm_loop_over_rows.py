"""LSTM: a loop over the rows of the batch; weight gradients are sums of outer products."""

import torch


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    rows = []
    for n in range(len(x)):
        a_i, a_f, a_o, a_g = (x[n] @ Wx + prev_h[n] @ Wh + b).view(4, -1)
        i, f, o, g = a_i.sigmoid(), a_f.sigmoid(), a_o.sigmoid(), a_g.tanh()
        c = f * prev_c[n] + i * g
        rows.append((o * c.tanh(), c, i, f, o, g))
    next_h, next_c, *_ = (torch.stack(column) for column in zip(*rows))
    return next_h, next_c, (rows, x, prev_h, prev_c, Wx, Wh)


def lstm_step_backward(dnext_h, dnext_c, cache):
    rows, x, prev_h, prev_c, Wx, Wh = cache
    dx, dprev_h, dprev_c, dWx, dWh, db = [], [], [], 0, 0, 0
    for n, (_, c, i, f, o, g) in enumerate(rows):
        dc = dnext_c[n] + dnext_h[n] * o * (1 - c.tanh() ** 2)
        da_i, da_f = dc * g * i * (1 - i), dc * prev_c[n] * f * (1 - f)
        da_o, da_g = dnext_h[n] * c.tanh() * o * (1 - o), dc * i * (1 - g**2)
        da = torch.cat([da_i, da_f, da_o, da_g])
        dx.append(Wx @ da)
        dprev_h.append(Wh @ da)
        dprev_c.append(dc * f)
        dWx = dWx + torch.outer(x[n], da)
        dWh = dWh + torch.outer(prev_h[n], da)
        db = db + da
    return torch.stack(dx), torch.stack(dprev_h), torch.stack(dprev_c), dWx, dWh, db
