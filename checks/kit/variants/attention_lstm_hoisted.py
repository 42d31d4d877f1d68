"""Attention LSTM: its own loop, input product hoisted, weight gradients all at the end."""

import torch


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    N, H, height, width = A.shape
    rows = A.flatten(2).transpose(1, 2)
    from_x = x @ Wx + b
    h = c = rows.sum(dim=1) / (height * width)
    outputs, steps = [], []
    for t in range(x.shape[1]):
        p = torch.softmax((rows @ h.unsqueeze(2)).squeeze(2) / H**0.5, dim=1)
        attn = (p.unsqueeze(1) @ rows).squeeze(1)
        a = from_x[:, t] + h @ Wh + attn @ Wattn
        i, f, o = torch.sigmoid(a[:, : 3 * H]).chunk(3, dim=1)
        g = torch.tanh(a[:, 3 * H :])
        steps.append((h, c, attn, p, i, f, o, g))
        c = f * c + i * g
        h = o * torch.tanh(c)
        outputs.append(h)
    weights = torch.stack([step[3] for step in steps], dim=1).view(N, -1, height, width)
    return torch.stack(outputs, dim=1), weights, (x, rows, A.shape, steps, Wx, Wh, Wattn)


def attention_lstm_backward(dh, cache):
    x, rows, shape, steps, Wx, Wh, Wattn = cache
    N, P, H = rows.shape
    da, drows = [], torch.zeros_like(rows)
    dstate = dc = torch.zeros_like(dh[:, 0])
    for t in reversed(range(len(steps))):
        h, c, attn, p, i, f, o, g = steps[t]
        tanh_c = torch.tanh(f * c + i * g)
        dstate = dstate + dh[:, t]
        dc = dc + dstate * o * (1 - tanh_c**2)
        da_i, da_f = dc * g * i * (1 - i), dc * c * f * (1 - f)
        da_o, da_g = dstate * tanh_c * o * (1 - o), dc * i * (1 - g**2)
        da.insert(0, torch.cat([da_i, da_f, da_o, da_g], dim=1))
        dattn = da[0] @ Wattn.T
        dp = (rows @ dattn.unsqueeze(2)).squeeze(2)
        dscores = p * (dp - (p * dp).sum(dim=1, keepdim=True)) / H**0.5
        drows += p.unsqueeze(2) * dattn.unsqueeze(1) + dscores.unsqueeze(2) * h.unsqueeze(1)
        dstate = da[0] @ Wh.T + (dscores.unsqueeze(1) @ rows).squeeze(1)
        dc = dc * f
    drows += (dstate + dc).unsqueeze(1) / P
    dA = drows.transpose(1, 2).reshape(shape)
    da = torch.stack(da, dim=1)
    before, attns = (torch.stack(each, dim=1) for each in list(zip(*steps))[0:3:2])
    dWx, dWh, dWattn = (s.flatten(0, 1).T @ da.flatten(0, 1) for s in (x, before, attns))
    return da @ Wx.T, dA, dWx, dWh, dWattn, da.sum(dim=(0, 1))
