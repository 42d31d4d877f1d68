"""Words, backward: index_put_ that accumulates, on ids of any number of axes."""

import torch


def word_embedding_backward(dout, words, V):
    dW_embed = torch.zeros((V, dout.shape[-1])).to(dout)
    dW_embed.index_put_((words,), dout, accumulate=True)
    return dW_embed
