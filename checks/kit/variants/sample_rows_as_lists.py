"""Sample: a Python list of ids a row, stopped and padded one by one; softmax before the argmax."""
# ruff: noqa: F821

import torch


def CaptioningRNN_sample(self, features, max_length=15):
    device = features.device
    features = features.detach()
    image = self.image_projection(features.transpose(1, 3)).transpose(1, 3)
    image = image if self.cell.attends else image.mean((2, 3))
    h, *c = self.cell.start(image)
    rows = [[] for _ in features]
    last, maps = [self.start] * len(rows), []
    for _ in range(max_length):
        x = self.word_embedding(torch.tensor(last, device=device))
        (h, *c), weights = self.cell.step(x, (h, *c), image)
        if self.cell.attends:
            maps.append(weights.detach())
        probabilities = self.vocabulary_projection(h).detach().softmax(dim=1)
        last = probabilities.argmax(dim=1).tolist()
        for row, word in zip(rows, last):
            if self.end not in row:
                row.append(word)
    padded = [row + [self.null] * (max_length - len(row)) for row in rows]
    captions = torch.tensor(padded, dtype=torch.long, device=device)
    return captions, torch.stack(maps, dim=1) if maps else None
