"""Words: logsumexp minus the target's score, torch.where for the mask."""

import torch


def temporal_softmax_loss(scores, targets, ignore_index=None):
    target_scores = torch.gather(scores, -1, targets[..., None])[..., 0]
    losses = torch.logsumexp(scores, dim=-1) - target_scores
    if ignore_index is not None:
        losses = torch.where(targets == ignore_index, torch.zeros_like(losses), losses)
    return losses.mean(dim=0).sum()
