"""Words: F.embedding."""

import torch.nn.functional as F


def word_embedding_forward(words, W_embed):
    return F.embedding(words, W_embed)
