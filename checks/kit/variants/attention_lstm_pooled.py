"""Attention LSTM: h0 by adaptive_avg_pool2d, its gradient by expand; nested tuples for a cache."""
# ruff: noqa: F821

import torch
import torch.nn.functional as F


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    h0 = F.adaptive_avg_pool2d(A, 1).squeeze(-1).squeeze(-1)
    states, maps, cache, c = [h0], [], (), h0
    for x_t in x.unbind(dim=1):
        attn, weights = dot_product_attention(states[-1], A)
        h, c, step_cache = attention_lstm_step_forward(x_t, states[-1], c, attn, Wx, Wh, Wattn, b)
        cache = (cache, states[-1], weights, step_cache)
        states.append(h)
        maps.append(weights)
    return torch.stack(states[1:], dim=1), torch.stack(maps, dim=1), (A, cache)


def attention_lstm_backward(dh, cache):
    A, cache = cache
    dx, dA, dweights, dstate, dc = [], [], [], 0, torch.zeros_like(dh[:, 0])
    while cache:
        cache, prev_h, weights, step_cache = cache
        dh_t = dh[:, dh.shape[1] - 1 - len(dx)]
        step = attention_lstm_step_backward(dh_t + dstate, dc, step_cache)
        dx_t, dstate, dc, dattn, *dweights_t = step
        dstate_attn, dA_t = dot_product_attention_backward(dattn, prev_h, A, weights)
        dstate = dstate + dstate_attn
        dx.append(dx_t)
        dA.append(dA_t)
        dweights.append(dweights_t)
    dmean = (dstate + dc)[:, :, None, None].expand_as(A)
    dA.append(dmean / (A.shape[-1] * A.shape[-2]))
    dWx, dWh, dWattn, db = (sum(each) for each in zip(*dweights))
    return torch.stack(dx, dim=1).flip(1), sum(dA), dWx, dWh, dWattn, db
