"""Words: a loop over time; scores picked by two index vectors, masked rows left out."""

import torch


def temporal_softmax_loss(scores, targets, ignore_index=None):
    N, T, V = scores.shape
    loss = scores.new_zeros(())
    for t in range(T):
        rows = torch.arange(N, device=scores.device)
        if ignore_index is not None:
            rows = rows[targets[:, t] != ignore_index]
        s = scores[rows, t]
        s = s - s.max(dim=1, keepdim=True).values.detach()
        log_probs = s - torch.log(torch.sum(torch.exp(s), dim=1, keepdim=True))
        loss = loss - log_probs[torch.arange(len(rows)), targets[rows, t]].sum()
    return loss / N
