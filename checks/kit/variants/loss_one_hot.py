"""Words: one-hot targets times log-probabilities, then a float mask."""

import torch
import torch.nn.functional as F


def temporal_softmax_loss(scores, targets, ignore_index=None):
    N, T, V = scores.shape
    log_probs = F.log_softmax(scores, dim=2)
    one_hot = F.one_hot(targets, num_classes=V).to(scores.dtype)
    mask = torch.ones_like(log_probs[:, :, 0])
    if ignore_index is not None:
        mask[targets == ignore_index] = 0
    return -torch.sum((one_hot * log_probs).sum(-1) * mask) / N
