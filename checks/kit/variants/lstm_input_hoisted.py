"""LSTM: x @ Wx for all steps before the loop; weight gradients of all steps in one product."""

import torch


def lstm_forward(x, h0, Wx, Wh, b):
    H = h0.shape[1]
    from_x = torch.matmul(x, Wx) + b
    h, c, gates = [h0], [torch.zeros_like(h0)], []
    for t in range(x.shape[1]):
        a = from_x[:, t] + h[t] @ Wh
        i, f, o = a[:, : 3 * H].sigmoid().split(H, dim=1)
        g = a[:, 3 * H :].tanh()
        c.append(f * c[t] + i * g)
        h.append(o * c[t + 1].tanh())
        gates.append((i, f, o, g))
    return torch.stack(h[1:], dim=1), (x, h, c, gates, Wx, Wh)


def lstm_backward(dh, cache):
    x, h, c, gates, Wx, Wh = cache
    da = torch.empty(*dh.shape[:2], Wh.shape[1], dtype=dh.dtype, device=dh.device)
    dstate = dc = torch.zeros_like(h[0])
    for t in range(dh.shape[1] - 1, -1, -1):
        i, f, o, g = gates[t]
        tanh_c = c[t + 1].tanh()
        dstate = dstate + dh[:, t]
        dc = dc + dstate * o * (1 - tanh_c**2)
        da_i, da_f = dc * g * i * (1 - i), dc * c[t] * f * (1 - f)
        da_o, da_g = dstate * tanh_c * o * (1 - o), dc * i * (1 - g**2)
        da[:, t] = torch.cat((da_i, da_f, da_o, da_g), dim=1)
        dstate, dc = da[:, t] @ Wh.T, dc * f
    before = torch.stack(h[:-1], dim=1)
    dWx = x.flatten(0, 1).T @ da.flatten(0, 1)
    dWh = before.flatten(0, 1).T @ da.flatten(0, 1)
    return da @ Wx.T, dstate, dWx, dWh, da.sum(dim=(0, 1))
