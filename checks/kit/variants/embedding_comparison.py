"""Words: one-hot rows made by comparing with arange, multiplied by an einsum."""

import torch


def word_embedding_forward(words, W_embed):
    ids = torch.arange(len(W_embed), device=words.device)
    one_hot = (words.unsqueeze(-1) == ids).type_as(W_embed)
    return torch.einsum("...v,vd->...d", one_hot, W_embed)
