# exercise: word_embedding_forward
# slip: looks up with padding_idx=0, so word 0 never gets a gradient (the vectors themselves are right)
import torch
import torch.nn.functional as F


def word_embedding_forward(words, W_embed):
    return F.embedding(words, W_embed, padding_idx=0)
