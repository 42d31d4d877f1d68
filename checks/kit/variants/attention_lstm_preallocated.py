"""Attention LSTM: preallocated outputs and dA added to in place; h0 by flatten and mean."""
# ruff: noqa: F821

import torch


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    N, T, D = x.shape
    N, H, height, width = A.shape
    h0 = A.flatten(2).mean(-1)
    h, weights = x.new_zeros(N, T, H), x.new_zeros(N, T, height, width)
    prev_h, prev_c, caches = h0, h0.clone(), []
    for t in range(T):
        attn, weights_t = dot_product_attention(prev_h, A)
        weights[:, t] = weights_t
        step = attention_lstm_step_forward(x[:, t], prev_h, prev_c, attn, Wx, Wh, Wattn, b)
        caches.append((prev_h, weights_t, step[2]))
        prev_h, prev_c = step[:2]
        h[:, t] = prev_h
    return h, weights, (caches, A, x, Wx, Wh, Wattn, b)


def attention_lstm_backward(dh, cache):
    caches, A, *inputs = cache
    dx, dWx, dWh, dWattn, db = (torch.zeros_like(each) for each in inputs)
    dA = torch.zeros_like(A)
    dprev_h = dprev_c = torch.zeros_like(dh[:, 0, :])
    for t in range(dh.shape[1] - 1, -1, -1):
        prev_h, weights, step_cache = caches[t]
        step = attention_lstm_step_backward(dprev_h + dh[:, t, :], dprev_c, step_cache)
        dx[:, t], dprev_h, dprev_c, dattn = step[:4]
        for total, part in zip((dWx, dWh, dWattn, db), step[4:]):
            total += part
        dprev_h_attn, dA_attn = dot_product_attention_backward(dattn, prev_h, A, weights)
        dprev_h = dprev_h + dprev_h_attn
        dA += dA_attn
    dA += ((dprev_h + dprev_c) / A[0, 0].numel()).unsqueeze(-1).unsqueeze(-1)
    return dx, dA, dWx, dWh, dWattn, db
