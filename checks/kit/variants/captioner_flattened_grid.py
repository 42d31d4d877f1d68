"""Captioner: the grid as h*w rows through the Linear, and the projected rows averaged."""
# ruff: noqa: F821


def CaptioningRNN_forward(self, features, captions):
    N, C, h, w = features.shape
    captions_in, captions_out = captions[:, :-1], captions[:, 1:]
    rows = features.permute(0, 2, 3, 1).reshape(N * h * w, C)
    projected = self.image_projection(rows).view(N, h * w, -1)
    words = word_embedding_forward(captions_in, self.word_embedding.W_embed)
    if self.cell_type == "rnn":
        states, _ = self.cell.forward(words, projected.mean(dim=1))
    elif self.cell_type == "lstm":
        states, _ = self.cell.forward(words, projected.sum(dim=1) / (h * w))
    elif self.cell_type == "attn":
        A = projected.transpose(1, 2).reshape(N, -1, h, w)
        states = self.cell.forward(words, A)[0]
    scores = self.vocabulary_projection(states)
    return temporal_softmax_loss(scores, captions_out, ignore_index=self.ignore_index)
