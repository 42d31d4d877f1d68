"""Words, backward: a loop over all places, each adding to its word's row."""

import torch


def word_embedding_backward(dout, words, V):
    D = dout.shape[-1]
    dW_embed = torch.zeros(V, D, dtype=dout.dtype, device=dout.device)
    for word, gradient in zip(words.flatten().tolist(), dout.reshape(-1, D)):
        dW_embed[word] += gradient
    return dW_embed
