"""LSTM: [x, prev_h, 1] times [Wx; Wh; b], split into the sizes of its parts."""

import torch


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    inputs = torch.cat([x, prev_h, torch.ones_like(x[:, :1])], 1)
    W = torch.cat([Wx, Wh, b.unsqueeze(0)], 0)
    a = inputs @ W
    i, f, o, g = torch.split(a, prev_h.size(1), dim=1)
    i, f, o, g = i.sigmoid(), f.sigmoid(), o.sigmoid(), g.tanh()
    next_c = torch.addcmul(f * prev_c, i, g)
    return o * next_c.tanh(), next_c, (inputs, W, x.size(1), prev_c, [i, f, o, g], next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    inputs, W, D, prev_c, (i, f, o, g), next_c = cache
    H = prev_c.size(1)
    tanh_c = next_c.tanh()
    dc = dnext_c + dnext_h * o * (1 - tanh_c.pow(2))
    da_sigmoids = torch.cat([dc * g, dc * prev_c, dnext_h * tanh_c], 1)
    sigmoids = torch.cat([i, f, o], 1)
    da = torch.cat([da_sigmoids * sigmoids * (1 - sigmoids), dc * i * (1 - g.pow(2))], 1)
    dx, dprev_h, _ = (da @ W.T).split([D, H, 1], dim=1)
    dWx, dWh, db = (inputs.T @ da).split([D, H, 1], dim=0)
    return dx, dprev_h, dc * f, dWx, dWh, db.squeeze(0)
