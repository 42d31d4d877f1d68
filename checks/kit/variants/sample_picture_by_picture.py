"""Sample: one picture after the other, each until its END, in eval mode; mode restored."""
# ruff: noqa: F821

import torch
from torch import nn


@torch.no_grad()
def CaptioningRNN_sample(self, features, max_length=15):
    training = self.training
    self.eval()
    results = [_caption_one(self, picture, max_length) for picture in features]
    self.train(training)
    captions, maps = (torch.stack(each) for each in zip(*results))
    return (captions, maps) if self.cell_type == "attn" else captions


def _caption_one(model, picture, max_length):
    A = model.image_projection(picture[None].movedim(1, 3)).movedim(3, 1)
    h = A.flatten(2).mean(2)
    c = h if model.cell_type == "attn" else torch.zeros_like(h)
    word = torch.tensor([model.start], device=picture.device)
    words, maps = [], []
    while len(words) < max_length and model.end not in words:
        x = model.word_embedding(word)
        if model.cell_type == "rnn":
            h = model.cell.step_forward(x, h)
        elif model.cell_type == "lstm":
            h, c = model.cell.step_forward(x, h, c)
        else:
            attn, weights = dot_product_attention(h, A)
            h, c = model.cell.step_forward(x, h, c, attn)
            maps.append(weights[0])
        word = model.vocabulary_projection(h).argmax(dim=1)
        words.append(word.item())
    missing = max_length - len(words)
    words = torch.tensor(words + [model.null] * missing, device=picture.device)
    maps = (
        torch.stack(maps) if maps else picture.new_zeros(len(words) - missing, *picture.shape[1:])
    )
    return words, nn.functional.pad(maps, (0, 0, 0, 0, 0, missing))
