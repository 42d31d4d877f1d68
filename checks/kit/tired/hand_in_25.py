# exercise: CaptioningRNN.forward[rnn]
# slip: always masks self.null instead of passing self.ignore_index on; wrong when ignore_index is None or another id
import torch


def CaptioningRNN_forward(self, features, captions):
    fed, wanted = captions[:, :-1], captions[:, 1:]
    vectors = self.word_embedding(fed)
    if self.cell_type in ("rnn", "lstm"):
        h0 = self.image_projection(features.mean(dim=(2, 3)))
        h, _ = self.cell(vectors, h0)
    else:
        A = self.image_projection(features.movedim(1, -1)).movedim(-1, 1)
        h, _ = self.cell(vectors, A)
    scores = self.vocabulary_projection(h)
    return temporal_softmax_loss(scores, wanted, ignore_index=self.null)
