"""Words: F.cross_entropy on flattened scores, reduction="sum"."""

import torch.nn.functional as F


def temporal_softmax_loss(scores, targets, ignore_index=None):
    N, T, V = scores.shape
    if ignore_index is None:
        ignore_index = -100
    flat, wanted = scores.reshape(N * T, V), targets.reshape(N * T)
    return F.cross_entropy(flat, wanted, ignore_index=ignore_index, reduction="sum") / N
