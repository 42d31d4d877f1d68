# exercise: CaptioningRNN.forward[lstm]
# slip: two slips: the features are summed over the grid instead of averaged, and h0 goes through a tanh nobody asked for
import torch


def CaptioningRNN_forward(self, features, captions):
    N, C, gh, gw = features.shape
    words_in = captions[:, :-1]
    words_out = captions[:, 1:]
    x = self.word_embedding(words_in)
    grid = features.reshape(N, C, gh * gw)
    if self.cell_type == "attn":
        A = self.image_projection(grid.transpose(1, 2)).transpose(1, 2).reshape(N, -1, gh, gw)
        h = self.cell(x, A)[0]
    else:
        pooled = grid.sum(dim=2)
        h0 = torch.tanh(self.image_projection(pooled))
        h = self.cell(x, h0)[0]
    scores = self.vocabulary_projection(h)
    loss = temporal_softmax_loss(scores, words_out, self.ignore_index)
    return loss
