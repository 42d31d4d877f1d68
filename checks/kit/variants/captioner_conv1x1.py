"""Captioner: image_projection's weight as a 1x1 convolution, then the mean over the grid."""
# ruff: noqa: F821

import torch.nn.functional as F


def CaptioningRNN_forward(self, features, captions):
    weight = self.image_projection.weight[:, :, None, None]
    A = F.conv2d(features, weight, self.image_projection.bias)
    x = self.word_embedding(captions[:, :-1])
    if not self.cell.attends:
        A = F.adaptive_avg_pool2d(A, (1, 1)).flatten(1)
    h, weights = self.cell(x, A)
    scores = self.vocabulary_projection(h)
    return temporal_softmax_loss(scores, captions[:, 1:].contiguous(), self.ignore_index)
