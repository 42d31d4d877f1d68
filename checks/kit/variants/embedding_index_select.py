"""Words: index_select on the flattened ids, reshaped."""

import torch


def word_embedding_forward(words, W_embed):
    rows = torch.index_select(W_embed, 0, words.reshape(-1))
    return rows.view(*words.shape, W_embed.shape[1])
