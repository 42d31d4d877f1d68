# exercise: lstm_step_backward
# slip: gives the output gate dc * tanh(next_c) instead of dnext_h * tanh(next_c)
import torch


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x.mm(Wx) + prev_h.mm(Wh) + b
    i = torch.sigmoid(a[:, 0:H])
    f = torch.sigmoid(a[:, H : 2 * H])
    o = torch.sigmoid(a[:, 2 * H : 3 * H])
    g = torch.tanh(a[:, 3 * H : 4 * H])
    next_c = f * prev_c + i * g
    next_h = o * torch.tanh(next_c)
    cache = dict(x=x, prev_h=prev_h, prev_c=prev_c, Wx=Wx, Wh=Wh, i=i, f=f, o=o, g=g, next_c=next_c)
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c = cache["x"], cache["prev_h"], cache["prev_c"]
    i, f, o, g = cache["i"], cache["f"], cache["o"], cache["g"]
    tanh_c = torch.tanh(cache["next_c"])

    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    di = dc * g
    df = dc * prev_c
    do = dc * tanh_c
    dg = dc * i

    da_i = di * i * (1 - i)
    da_f = df * f * (1 - f)
    da_o = do * o * (1 - o)
    da_g = dg * (1 - g**2)
    da = torch.hstack([da_i, da_f, da_o, da_g])

    dprev_c = dc * f
    dx = da.mm(cache["Wx"].t())
    dprev_h = da.mm(cache["Wh"].t())
    dWx = x.t().mm(da)
    dWh = prev_h.t().mm(da)
    db = da.sum(0)
    return dx, dprev_h, dprev_c, dWx, dWh, db
