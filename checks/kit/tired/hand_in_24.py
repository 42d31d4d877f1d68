# exercise: attention_lstm_backward
# slip: two slips: dA is overwritten at every step instead of summed, and the gradient of h0 and c0 goes to every position without the mean's 1/(h*w)
import torch


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    N, T, D = x.shape
    _, H, gh, gw = A.shape
    h = torch.empty(N, T, H, dtype=x.dtype, device=x.device)
    weights = torch.empty(N, T, gh, gw, dtype=x.dtype, device=x.device)
    prev_hs, caches = [], []
    state_h = state_c = A.reshape(N, H, -1).mean(2)
    for t in range(T):
        attn, weights_t = dot_product_attention(state_h, A)
        weights[:, t] = weights_t
        prev_hs.append(state_h)
        state_h, state_c, cache = attention_lstm_step_forward(
            x[:, t], state_h, state_c, attn, Wx, Wh, Wattn, b
        )
        h[:, t] = state_h
        caches.append(cache)
    return h, weights, (x, A, Wx, Wh, Wattn, b, prev_hs, weights, caches)


def attention_lstm_backward(dh, cache):
    x, A, Wx, Wh, Wattn, b, prev_hs, weights, caches = cache
    N, T, H = dh.shape
    dx = torch.zeros_like(x)
    dA = torch.zeros_like(A)
    dWx = torch.zeros_like(Wx)
    dWh = torch.zeros_like(Wh)
    dWattn = torch.zeros_like(Wattn)
    db = torch.zeros_like(b)
    dstate_h = torch.zeros_like(dh[:, 0])
    dstate_c = torch.zeros_like(dh[:, 0])
    for t in range(T - 1, -1, -1):
        grads = attention_lstm_step_backward(dh[:, t] + dstate_h, dstate_c, caches[t])
        dx[:, t] = grads[0]
        dstate_c = grads[2]
        dWx += grads[4]
        dWh += grads[5]
        dWattn += grads[6]
        db += grads[7]
        dask, dA = dot_product_attention_backward(grads[3], prev_hs[t], A, weights[:, t])
        dstate_h = grads[1] + dask
    dA = dA + (dstate_h + dstate_c)[:, :, None, None]
    return dx, dA, dWx, dWh, dWattn, db
