"""Words: a loop over all the words, filling a buffer row by row."""

import torch


def word_embedding_forward(words, W_embed):
    D = W_embed.shape[1]
    out = torch.zeros(words.numel(), D, dtype=W_embed.dtype, device=W_embed.device)
    for row, word in enumerate(words.flatten().tolist()):
        out[row] = W_embed[word]
    return out.view(words.shape + (D,))
