"""Words: F.cross_entropy on permuted scores, reduction="none", masked by a product."""

import torch.nn.functional as F


def temporal_softmax_loss(scores, targets, ignore_index=None):
    losses = F.cross_entropy(scores.permute(0, 2, 1), targets, reduction="none")
    if ignore_index is not None:
        losses = losses * (targets != ignore_index)
    return losses.sum(dim=1).mean()
