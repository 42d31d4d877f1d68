"""Captioner: a loop over time with the step modules, the loss added up word by word."""
# ruff: noqa: F821

import torch


def CaptioningRNN_forward(self, features, captions):
    image = self.image_projection(features.flatten(2).mean(2))
    state = (image,) if self.cell_type == "rnn" else (image, torch.zeros_like(image))
    if self.cell_type == "attn":
        state = image, image
        image = self.image_projection(features.transpose(1, 3)).transpose(1, 3)
    loss = 0
    for t in range(captions.shape[1] - 1):
        x = self.word_embedding(captions[:, t])
        state, _ = self.cell.step(x, state, image)
        scores = self.vocabulary_projection(state[0]).unsqueeze(1)
        target = captions[:, t + 1 : t + 2]
        loss = loss + temporal_softmax_loss(scores, target, self.ignore_index)
    return loss
