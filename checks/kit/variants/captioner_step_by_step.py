"""Captioner: a loop over time with the step modules, the loss added up word by word."""
# ruff: noqa: F821

import torch


def CaptioningRNN_forward(self, features, captions):
    pooled = features.flatten(2).mean(2)
    h = self.image_projection(pooled)
    c = torch.zeros_like(h)
    if self.cell_type == "attn":
        A = self.image_projection(features.transpose(1, 3)).transpose(1, 3)
        c = h
    loss = 0
    for t in range(captions.shape[1] - 1):
        x = self.word_embedding(captions[:, t])
        if self.cell_type == "rnn":
            h = self.cell.step_forward(x, h)
        elif self.cell_type == "lstm":
            h, c = self.cell.step_forward(x, h, c)
        else:
            attn, _ = dot_product_attention(h, A)
            h, c = self.cell.step_forward(x, h, c, attn)
        scores = self.vocabulary_projection(h).unsqueeze(1)
        target = captions[:, t + 1 : t + 2]
        loss = loss + temporal_softmax_loss(scores, target, self.ignore_index)
    return loss
