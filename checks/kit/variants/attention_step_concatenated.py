"""Attention LSTM step: [x, prev_h, attn] times [Wx; Wh; Wattn], backward split into three."""

import torch


def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
    inputs = torch.cat((x, prev_h, attn), dim=1)
    W = torch.cat((Wx, Wh, Wattn), dim=0)
    i, f, o, g = (inputs @ W + b).chunk(4, dim=1)
    i, f, o, g = i.sigmoid(), f.sigmoid(), o.sigmoid(), g.tanh()
    next_c = f * prev_c + i * g
    tanh_c = next_c.tanh()
    return o * tanh_c, next_c, (inputs, W, [len(Wx), len(Wh), len(Wattn)], prev_c, i, f, o, g)


def attention_lstm_step_backward(dnext_h, dnext_c, cache):
    inputs, W, sizes, prev_c, i, f, o, g = cache
    tanh_c = (f * prev_c + i * g).tanh()
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    da_i, da_f = dc * g * i * (1 - i), dc * prev_c * f * (1 - f)
    da_o, da_g = dnext_h * tanh_c * o * (1 - o), dc * i * (1 - g**2)
    da = torch.cat((da_i, da_f, da_o, da_g), dim=1)
    dx, dprev_h, dattn = torch.split(da @ W.T, sizes, dim=1)
    dWx, dWh, dWattn = torch.split(inputs.T @ da, sizes, dim=0)
    return dx, dprev_h, dc * f, dattn, dWx, dWh, dWattn, da.sum(dim=0)
