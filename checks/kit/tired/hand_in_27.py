# exercise: CaptioningRNN.forward[attn]
# slip: after projecting (N, h*w, C) it views the result as (N, H, h, w) without moving the channel axis back, so A is scrambled
import torch


def CaptioningRNN_forward(self, features, captions):
    x = self.word_embedding(captions[:, :-1])
    N, C, height, width = features.shape
    positions = features.flatten(2).permute(0, 2, 1)
    projected = self.image_projection(positions)
    if self.cell_type == "attn":
        image = projected.reshape(N, -1, height, width)
    else:
        image = projected.mean(dim=1)
    hidden, weights = self.cell(x, image)
    return temporal_softmax_loss(
        self.vocabulary_projection(hidden), captions[:, 1:], ignore_index=self.ignore_index
    )
