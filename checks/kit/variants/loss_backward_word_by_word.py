"""Words, backward of the loss: a double loop that skips padding, filling zeros."""

import torch


def temporal_softmax_loss_backward(scores, targets, ignore_index=None):
    dscores = torch.zeros_like(scores)
    N, T = targets.shape
    for n in range(N):
        for t in range(T):
            word = targets[n, t].item()
            if word == ignore_index:
                continue
            p = torch.exp(scores[n, t] - scores[n, t].logsumexp(0))
            p[word] -= 1
            dscores[n, t] = p / N
    return dscores
