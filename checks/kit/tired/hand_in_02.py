# exercise: rnn_step_backward
# slip: applies tanh a second time in the derivative: 1 - tanh(next_h)^2 although next_h is already the tanh
import torch


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)
    cache = {"x": x, "prev_h": prev_h, "Wx": Wx, "Wh": Wh, "next_h": next_h}
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    dtanh = 1 - torch.tanh(cache["next_h"]) ** 2
    da = dnext_h * dtanh
    dx = torch.mm(da, cache["Wx"].t())
    dprev_h = torch.mm(da, cache["Wh"].t())
    dWx = torch.mm(cache["x"].t(), da)
    dWh = torch.mm(cache["prev_h"].t(), da)
    db = torch.sum(da, dim=0)
    return dx, dprev_h, dWx, dWh, db
