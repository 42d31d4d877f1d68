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
    captions, maps = zip(*results)
    return torch.stack(captions), torch.stack(maps) if self.cell.attends else None


def _caption_one(model, picture, max_length):
    image = model.image_projection(picture[None].movedim(1, 3)).movedim(3, 1)
    if not model.cell.attends:
        image = image.flatten(2).mean(2)
    state = model.cell.start(image)
    word = torch.tensor([model.start], device=picture.device)
    words, maps = [], []
    while len(words) < max_length and model.end not in words:
        x = model.word_embedding(word)
        state, weights = model.cell.step(x, state, image)
        if weights is not None:
            maps.append(weights[0])
        word = model.vocabulary_projection(state[0]).argmax(dim=1)
        words.append(word.item())
    missing = max_length - len(words)
    words = torch.tensor(words + [model.null] * missing, device=picture.device)
    if maps:
        maps = nn.functional.pad(torch.stack(maps), (0, 0, 0, 0, 0, missing))
    return words, maps
