"""RNN: the loops do not call the step functions; unsqueeze and cat; a dict of lists for a cache."""

import torch


def rnn_forward(x, h0, Wx, Wh, b):
    cache = {"x": x, "h": [h0], "Wx": Wx, "Wh": Wh}
    outputs = []
    for t in range(x.size(1)):
        h_t = (x[:, t].mm(Wx) + cache["h"][t].mm(Wh) + b).tanh()
        cache["h"].append(h_t)
        outputs.append(h_t.unsqueeze(1))
    return torch.cat(outputs, dim=1), cache


def rnn_backward(dh, cache):
    x, h, Wx, Wh = cache["x"], cache["h"], cache["Wx"], cache["Wh"]
    T = dh.size(1)
    dx, dWx, dWh, db = [None] * T, 0.0, 0.0, 0.0
    dh_t = dh[:, T - 1]
    for t in range(T - 1, -1, -1):
        da = dh_t - dh_t * h[t + 1] * h[t + 1]
        dx[t] = da.mm(Wx.t()).unsqueeze(1)
        dWx += x[:, t].t().mm(da)
        dWh += h[t].t().mm(da)
        db += da.sum(dim=0)
        dh_t = da.mm(Wh.t())
        if t > 0:
            dh_t = dh_t + dh[:, t - 1]
    return torch.cat(dx, dim=1), dh_t, dWx, dWh, db
