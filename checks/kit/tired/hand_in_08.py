# exercise: word_embedding_forward
# slip: one_hot without num_classes: as wide as the largest word that occurs, so the product raises unless word V-1 is among the words
import torch
from torch.nn.functional import one_hot


def word_embedding_forward(words, W_embed):
    selector = one_hot(words).to(W_embed.dtype)
    return selector @ W_embed
