"""Words, backward: scatter_add_, the ids repeated along the word vector."""


def word_embedding_backward(dout, words, V):
    index = words.unsqueeze(-1).expand_as(dout).flatten(0, -2)
    dW_embed = dout.new_zeros((V, dout.size(-1)))
    dW_embed.scatter_add_(0, index, dout.flatten(0, -2))
    return dW_embed
