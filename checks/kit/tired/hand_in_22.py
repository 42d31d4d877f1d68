# exercise: attention_lstm_forward
# slip: two slips: c0 is zeros (copied from lstm_forward) instead of the mean of A, and the weights returned for step t are those of step t+1
import torch


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    T = x.shape[1]
    h = A.sum(dim=(2, 3)) / (A.shape[2] * A.shape[3])
    c = torch.zeros_like(h)
    hs = []
    ws = []
    steps = []
    attn, w = dot_product_attention(h, A)
    for t in range(T):
        old_h, old_w = h, w
        h, c, cache = attention_lstm_step_forward(x[:, t], h, c, attn, Wx, Wh, Wattn, b)
        attn, w = dot_product_attention(h, A)
        hs.append(h)
        ws.append(w)
        steps.append((cache, old_h, old_w))
    return torch.stack(hs, dim=1), torch.stack(ws, dim=1), (A, steps)
