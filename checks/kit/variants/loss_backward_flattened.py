"""Words, backward of the loss: F.softmax on flattened scores, as courses in numpy write it."""

import torch
import torch.nn.functional as F


def temporal_softmax_loss_backward(scores, targets, ignore_index=None):
    N, T, V = scores.shape
    flat, wanted = scores.reshape(N * T, V), targets.reshape(N * T)
    mask = torch.ones(N * T, 1).to(scores)
    if ignore_index is not None:
        mask = (wanted != ignore_index).to(scores.dtype).unsqueeze(1)
    dflat = F.softmax(flat, dim=1)
    dflat[torch.arange(N * T), wanted] -= 1
    dflat = dflat / N * mask
    return dflat.view(N, T, V)
