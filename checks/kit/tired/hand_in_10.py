# exercise: temporal_softmax_loss
# slip: subtracts one maximum of all scores instead of each word's own, so a word with much lower scores underflows to log 0 and the loss is infinite
import torch


def temporal_softmax_loss(scores, targets, ignore_index: int | None = None):
    shifted = scores - scores.max()
    exps = torch.exp(shifted)
    log_p = shifted - torch.log(exps.sum(dim=-1, keepdim=True))
    loss = 0
    for t in range(scores.shape[1]):
        y = targets[:, t]
        picked = log_p[:, t].gather(1, y.unsqueeze(1)).squeeze(1)
        if ignore_index is not None:
            picked = picked * (y != ignore_index)
        loss = loss - picked.sum()
    return loss / scores.shape[0]
