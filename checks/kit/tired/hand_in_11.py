# exercise: lstm_step_forward
# slip: reshapes the 4H columns to (N, H, 4) and unbinds the last axis, so every gate takes each fourth column instead of a block of H
import torch


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    N, H = prev_h.shape
    a_i, a_f, a_o, a_g = a.reshape(N, H, 4).unbind(dim=-1)
    i, f, o = map(torch.sigmoid, (a_i, a_f, a_o))
    g = torch.tanh(a_g)
    next_c = f * prev_c + i * g
    tanh_c = torch.tanh(next_c)
    next_h = o * tanh_c
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, tanh_c)
