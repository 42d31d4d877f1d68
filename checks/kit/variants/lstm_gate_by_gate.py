"""LSTM: each gate with its own slice of the weights, forward and backward."""

import torch


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    gates = []
    for k, squash in enumerate([torch.sigmoid, torch.sigmoid, torch.sigmoid, torch.tanh]):
        columns = slice(k * prev_h.shape[1], (k + 1) * prev_h.shape[1])
        gates.append(squash(x @ Wx[:, columns] + prev_h @ Wh[:, columns] + b[columns]))
    i, f, o, g = gates
    next_c = f * prev_c + i * g
    return o * torch.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, gates, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, (i, f, o, g), next_c = cache
    dc = dnext_c + dnext_h * o / torch.cosh(next_c) ** 2
    das = [
        dc * g * i * (1 - i),
        dc * prev_c * f * (1 - f),
        dnext_h * torch.tanh(next_c) * o * (1 - o),
        dc * i * (1 - g) * (1 + g),
    ]
    dx, dprev_h = torch.zeros_like(x), torch.zeros_like(prev_h)
    dWx, dWh, db = torch.zeros_like(Wx), torch.zeros_like(Wh), torch.zeros_like(Wh[0])
    for k, da in enumerate(das):
        columns = slice(k * da.shape[1], (k + 1) * da.shape[1])
        dx += da @ Wx[:, columns].T
        dprev_h += da @ Wh[:, columns].T
        dWx[:, columns] = x.T @ da
        dWh[:, columns] = prev_h.T @ da
        db[columns] = da.sum(dim=0)
    return dx, dprev_h, dc * f, dWx, dWh, db
