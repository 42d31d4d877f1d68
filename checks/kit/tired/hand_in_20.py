# exercise: attention_lstm_step_backward
# slip: writes the derivative of tanh as (1 - g)^2 instead of 1 - g^2 for the candidate g
import torch


def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
    N, H = prev_h.shape
    act = (x @ Wx + prev_h @ Wh + attn @ Wattn + b).reshape(N, 4, H)
    ifo = torch.sigmoid(act[:, :3])
    g = torch.tanh(act[:, 3])
    next_c = ifo[:, 1] * prev_c + ifo[:, 0] * g
    next_h = ifo[:, 2] * torch.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, attn, Wx, Wh, Wattn, ifo, g, next_c)


def attention_lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, attn, Wx, Wh, Wattn, ifo, g, next_c = cache
    N, H = prev_h.shape
    i, f, o = ifo[:, 0], ifo[:, 1], ifo[:, 2]
    tanh_next_c = torch.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - tanh_next_c**2)
    da = torch.empty(N, 4 * H, dtype=dnext_h.dtype, device=dnext_h.device)
    da[:, :H] = dc * g * i * (1 - i)
    da[:, H : 2 * H] = dc * prev_c * f * (1 - f)
    da[:, 2 * H : 3 * H] = dnext_h * tanh_next_c * o * (1 - o)
    da[:, 3 * H :] = dc * i * (1 - g) ** 2
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dprev_c = dc * f
    dattn = da @ Wattn.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    dWattn = attn.T @ da
    db = da.sum(0)
    return dx, dprev_h, dprev_c, dattn, dWx, dWh, dWattn, db
