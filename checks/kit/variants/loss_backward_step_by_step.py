"""Words, backward of the loss: one time step after the other, upstream weights carrying mask and 1/N."""

import torch


def temporal_softmax_loss_backward(scores, targets, ignore_index=None):
    N = scores.size(0)
    weight = torch.full(targets.shape, 1 / N, dtype=scores.dtype, device=scores.device)
    if ignore_index is not None:
        weight.masked_fill_(targets.eq(ignore_index), 0.0)
    steps = []
    for s, words, w in zip(scores.unbind(1), targets.unbind(1), weight.unbind(1)):
        one_hot = torch.eye(s.shape[1], dtype=s.dtype)[words]
        steps.append(w[:, None] * (s.softmax(-1) - one_hot))
    return torch.stack(steps, dim=1)
