"""RNN: one product of [x, prev_h] with [Wx; Wh], taken apart again in the backward step."""

import torch


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    inputs = torch.cat([x, prev_h], dim=1)
    W = torch.cat([Wx, Wh], dim=0)
    next_h = torch.tanh(inputs @ W + b)
    return next_h, {"inputs": inputs, "W": W, "D": x.shape[1], "next_h": next_h}


def rnn_step_backward(dnext_h, cache):
    D = cache["D"]
    da = dnext_h * (1 - cache["next_h"].square())
    dinputs = da @ cache["W"].t()
    dW = cache["inputs"].t() @ da
    return dinputs[:, :D], dinputs[:, D:], dW[:D], dW[D:], da.sum(0)
