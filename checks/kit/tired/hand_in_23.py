# exercise: attention_lstm_backward
# slip: the gradient through attention's question is added only to h0 after the loop, not handed to the earlier steps' states; right only for T = 1
import torch


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    h = A.mean(dim=(-2, -1))
    c = h
    outs, looks, tape = [], [], []
    for t in range(x.shape[1]):
        attn, look = dot_product_attention(h, A)
        entry = [h, look]
        h, c, step = attention_lstm_step_forward(x[:, t], h, c, attn, Wx, Wh, Wattn, b)
        tape.append(entry + [step])
        outs.append(h)
        looks.append(look)
    return torch.stack(outs, 1), torch.stack(looks, 1), {"A": A, "tape": tape}


def attention_lstm_backward(dh, cache):
    A, tape = cache["A"], cache["tape"]
    N, T, H = dh.shape
    positions = A.shape[-1] * A.shape[-2]
    dA = torch.zeros_like(A)
    dprev_h = torch.zeros_like(dh[:, 0])
    dprev_c = torch.zeros_like(dh[:, 0])
    dxs = []
    sums = None
    for t in reversed(range(T)):
        prev_h, look, step = tape[t]
        dx_t, dprev_h, dprev_c, dattn, *dweights = attention_lstm_step_backward(
            dh[:, t] + dprev_h, dprev_c, step
        )
        dquestion, dA_t = dot_product_attention_backward(dattn, prev_h, A, look)
        dA += dA_t
        dxs = [dx_t] + dxs
        sums = dweights if sums is None else [s + d for s, d in zip(sums, dweights)]
    dprev_h = dprev_h + dquestion
    dA += (dprev_h + dprev_c).div(positions)[..., None, None]
    dWx, dWh, dWattn, db = sums
    return torch.stack(dxs, 1), dA, dWx, dWh, dWattn, db
