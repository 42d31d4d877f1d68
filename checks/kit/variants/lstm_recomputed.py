"""LSTM: the backward step computes the gates again from the inputs, the only thing cached."""

import torch


def gates_of(x, prev_h, prev_c, Wx, Wh, b):
    a = torch.addmm(torch.addmm(b, x, Wx), prev_h, Wh)
    i, f, o, g = a.tensor_split(4, dim=1)
    return torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o), torch.tanh(g)


def lstm_step_forward(*inputs):
    i, f, o, g = gates_of(*inputs)
    prev_c = inputs[2]
    next_c = f * prev_c + i * g
    return o * torch.tanh(next_c), next_c, inputs


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, b = cache
    i, f, o, g = gates_of(*cache)
    tanh_c = torch.tanh(f * prev_c + i * g)
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    dsigmoids = torch.stack([dc * g, dc * prev_c, dnext_h * tanh_c])
    sigmoids = torch.stack([i, f, o])
    da_i, da_f, da_o = dsigmoids * sigmoids * (1 - sigmoids)
    da = torch.column_stack([da_i, da_f, da_o, dc * i * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, torch.ones_like(x[:, 0]) @ da
