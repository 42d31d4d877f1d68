# exercise: attention_lstm_forward
# slip: asks attention once, with h0, before the loop and uses that same answer at every step
import torch


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    N, T, _ = x.shape
    h0 = A.flatten(start_dim=2).mean(dim=-1)
    h, c = h0, h0
    attn, weights = dot_product_attention(h, A)
    all_h, all_weights, steps = [], [], []
    for t in range(T):
        next_h, next_c, step_cache = attention_lstm_step_forward(
            x[:, t], h, c, attn, Wx, Wh, Wattn, b
        )
        steps.append((step_cache, h, weights))
        h, c = next_h, next_c
        all_h.append(h)
        all_weights.append(weights)
    return torch.stack(all_h, dim=1), torch.stack(all_weights, dim=1), (A, steps)
