# exercise: lstm_forward
# slip: the output buffer is torch.zeros without dtype, so float64 inputs come back as float32 states
import torch


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    N, H = h0.shape
    h = torch.zeros(N, T, H, device=x.device)
    caches = []
    prev_h = h0
    prev_c = torch.zeros_like(h0)
    for t in range(T):
        prev_h, prev_c, cache = lstm_step_forward(x[:, t, :], prev_h, prev_c, Wx, Wh, b)
        h[:, t, :] = prev_h
        caches.append(cache)
    return h, caches
