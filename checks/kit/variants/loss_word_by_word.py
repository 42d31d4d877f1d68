"""Words: a double loop that skips padding, starting from an untouched zero of the scores."""


def temporal_softmax_loss(scores, targets, ignore_index=None):
    N, T, V = scores.shape
    loss = (scores * 0).sum()
    for n in range(N):
        for t in range(T):
            word = targets[n, t].item()
            if word == ignore_index:
                continue
            loss += scores[n, t].logsumexp(0) - scores[n, t, word]
    return loss / N
