"""Words, backward of the loss: exp over its sum by hand, 1 subtracted at pairs of indices, rows masked."""

import torch


def temporal_softmax_loss_backward(scores, targets, ignore_index=None):
    N, T, V = scores.shape
    exps = torch.exp(scores - scores.max(dim=2, keepdim=True)[0])
    dscores = exps / exps.sum(dim=2, keepdim=True)
    n, t = torch.arange(N)[:, None], torch.arange(T)[None, :]
    dscores[n, t, targets] -= 1
    if ignore_index is not None:
        dscores[targets == ignore_index] = 0
    return dscores / N
