# exercise: rnn_backward
# slip: stores the step's result as dprev_h_t but adds dprev_h, which is never assigned: UnboundLocalError as soon as T > 1
import torch


def rnn_forward(x, h0, Wx, Wh, b):
    h = [h0]
    cache = {}
    for t in range(x.shape[1]):
        next_h, cache[t] = rnn_step_forward(x[:, t], h[-1], Wx, Wh, b)
        h.append(next_h)
    return torch.stack(h[1:], 1), cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    dx = [None for _ in range(T)]
    for t in range(T - 1, -1, -1):
        if t == T - 1:
            dnext_h = dh[:, t]
        else:
            dnext_h = dh[:, t] + dprev_h
        dx[t], dprev_h_t, dWx_t, dWh_t, db_t = rnn_step_backward(dnext_h, cache[t])
        if t == T - 1:
            dWx, dWh, db = dWx_t, dWh_t, db_t
        else:
            dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
        if t == 0:
            dprev_h = dprev_h_t
    return torch.stack(dx, 1), dprev_h, dWx, dWh, db
