# exercise: temporal_softmax_loss
# slip: tests "if ignore_index" instead of "is not None", so ignore_index=0 masks nothing
import torch


def temporal_softmax_loss(scores, targets, ignore_index: int | None = None):
    N, T, V = scores.shape
    log_probs = torch.log_softmax(scores.reshape(N * T, V), dim=1)
    flat = targets.reshape(N * T)
    nll = -log_probs[torch.arange(N * T, device=scores.device), flat]
    if ignore_index:
        nll = nll[flat != ignore_index]
    return nll.sum() / N
