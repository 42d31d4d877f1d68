"""Words: gather, the ids repeated along the word vector."""


def word_embedding_forward(words, W_embed):
    D = W_embed.size(1)
    index = words.flatten().unsqueeze(1).expand(-1, D)
    return W_embed.gather(0, index).reshape(words.shape + (D,))
