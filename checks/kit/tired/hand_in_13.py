# exercise: lstm_step_backward
# slip: two slips: the gate gradients are concatenated in the order i, f, g, o, and dprev_c is dnext_c * f without the part through next_h
import torch


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    ai, af, ao, ag = torch.split(x @ Wx + prev_h @ Wh + b, prev_h.shape[1], dim=1)
    gates = ai.sigmoid(), af.sigmoid(), ao.sigmoid(), ag.tanh()
    next_c = gates[1] * prev_c + gates[0] * gates[3]
    next_h = gates[2] * next_c.tanh()
    return next_h, next_c, ((x, prev_h, prev_c), (Wx, Wh), gates, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    (x, prev_h, prev_c), (Wx, Wh), (i, f, o, g), next_c = cache
    tc = next_c.tanh()
    dsig = lambda s: s * (1 - s)
    dc = dnext_c + dnext_h * o * (1 - tc.pow(2))
    dai = dc * g * dsig(i)
    daf = dc * prev_c * dsig(f)
    dao = dnext_h * tc * dsig(o)
    dag = dc * i * (1 - g.pow(2))
    da = torch.cat((dai, daf, dag, dao), dim=-1)
    dprev_c = dnext_c * f
    return da @ Wx.T, da @ Wh.T, dprev_c, x.T @ da, prev_h.T @ da, da.sum(dim=0)
