# exercise: rnn_forward
# slip: reads the previous state back out of the buffer it keeps writing into; the values are right but autograd's backward raises (tensor modified in place)
import torch


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = x.new_zeros(N, T, h0.shape[1])
    caches = []
    for t in range(T):
        prev_h = h0 if t == 0 else h[:, t - 1]
        h[:, t], step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        caches.append(step_cache)
    return h, caches
