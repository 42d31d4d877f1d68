"""Attention LSTM step: the LSTM's own step, fed with [x, attn] and [Wx; Wattn]."""
# ruff: noqa: F821

import torch


def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
    inputs, weights = torch.cat([x, attn], 1), torch.cat([Wx, Wattn], 0)
    next_h, next_c, cache = lstm_step_forward(inputs, prev_h, prev_c, weights, Wh, b)
    return next_h, next_c, (x.shape[1], cache)


def attention_lstm_step_backward(dnext_h, dnext_c, cache):
    D, lstm_cache = cache
    dinputs, dprev_h, dprev_c, dweights, dWh, db = lstm_step_backward(dnext_h, dnext_c, lstm_cache)
    dx, dattn = dinputs[:, :D], dinputs[:, D:]
    return dx, dprev_h, dprev_c, dattn, dweights[:D], dWh, dweights[D:], db
