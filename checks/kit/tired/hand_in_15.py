# exercise: lstm_backward
# slip: unpacks the step's gradients with h and c swapped, so the cell's gradient travels on as the state's and the other way round
import torch


def lstm_forward(x, h0, Wx, Wh, b):
    h, c = h0, h0 * 0
    out, caches = (), ()
    for t in range(x.shape[1]):
        h, c, k = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        out, caches = out + (h,), caches + (k,)
    return torch.stack(out, dim=1), (caches, x.shape, Wx, Wh, b)


def lstm_backward(dh, cache):
    caches, x_shape, Wx, Wh, b = cache
    dx = dh.new_empty(x_shape)
    dWx, dWh, db = torch.zeros_like(Wx), torch.zeros_like(Wh), torch.zeros_like(b)
    dc = dh.new_zeros(dh.shape[0], dh.shape[2])
    dh_later = dh.new_zeros(dh.shape[0], dh.shape[2])
    for t in reversed(range(dh.shape[1])):
        dx[:, t], dc, dh_later, dWx_t, dWh_t, db_t = lstm_step_backward(
            dh[:, t] + dh_later, dc, caches[t]
        )
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dh_later, dWx, dWh, db
