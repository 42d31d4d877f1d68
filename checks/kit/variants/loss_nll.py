"""Words: log_softmax and nll_loss, class axis moved to the middle."""

import torch
from torch import nn


def temporal_softmax_loss(scores, targets, ignore_index=None):
    log_probs = torch.log_softmax(scores, dim=-1).transpose(1, 2)
    options = {} if ignore_index is None else {"ignore_index": ignore_index}
    loss = nn.NLLLoss(reduction="sum", **options)(log_probs, targets)
    return loss / len(scores)
