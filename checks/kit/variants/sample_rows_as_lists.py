"""Sample: a Python list of ids a row, stopped and padded one by one; softmax before the argmax."""
# ruff: noqa: F821

import torch


def CaptioningRNN_sample(self, features, max_length=15):
    device = features.device
    features = features.detach()
    A = self.image_projection(features.transpose(1, 3)).transpose(1, 3)
    h = A.mean((2, 3))
    c = h if self.cell_type == "attn" else h * 0
    rows = [[] for _ in features]
    last, maps = [self.start] * len(rows), []
    for _ in range(max_length):
        x = self.word_embedding(torch.tensor(last, device=device))
        if self.cell_type == "attn":
            attn, weights = dot_product_attention(h, A)
            maps.append(weights.detach())
            h, c = self.cell.step_forward(x, h, c, attn)
        elif self.cell_type == "lstm":
            h, c = self.cell.step_forward(x, h, c)
        else:
            h = self.cell.step_forward(x, h)
        probabilities = self.vocabulary_projection(h).detach().softmax(dim=1)
        last = probabilities.argmax(dim=1).tolist()
        for row, word in zip(rows, last):
            if self.end not in row:
                row.append(word)
    padded = [row + [self.null] * (max_length - len(row)) for row in rows]
    captions = torch.tensor(padded, dtype=torch.long, device=device)
    return (captions, torch.stack(maps, dim=1)) if maps else captions
