"""Words, backward of the loss: the 1 scattered onto probabilities, torch.where for the mask."""

import torch


def temporal_softmax_loss_backward(scores, targets, ignore_index=None):
    dscores = torch.exp(torch.log_softmax(scores, dim=-1))
    minus_one = torch.full_like(dscores[..., :1], -1)
    dscores = dscores.scatter_add(-1, targets[..., None], minus_one) / len(scores)
    ignored = torch.zeros_like(targets, dtype=torch.bool)
    if ignore_index is not None:
        ignored = targets == ignore_index
    return torch.where(ignored[..., None], torch.zeros_like(dscores), dscores)
