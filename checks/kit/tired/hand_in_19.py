# exercise: attention_lstm_step_forward
# slip: stacks the inputs as x, prev_h, attn but the matrices as Wx, Wattn, Wh, so the state goes through Wattn and attn through Wh
import torch


def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
    inputs = torch.cat([x, prev_h, attn], dim=1)
    W = torch.cat([Wx, Wattn, Wh], dim=0)
    a = inputs @ W + b
    ifo, a_g = a.tensor_split([3 * prev_h.shape[1]], dim=1)
    i, f, o = ifo.sigmoid().chunk(3, dim=1)
    g = a_g.tanh()
    next_c = f * prev_c + i * g
    t = next_c.tanh()
    return o * t, next_c, (x, prev_h, prev_c, attn, Wx, Wh, Wattn, i, f, o, g, t)
