"""Sample: tensors full of NULL and of zeros, filled only where the caption has not ended."""
# ruff: noqa: F821

import torch


@torch.no_grad()
def CaptioningRNN_sample(self, features, max_length=15):
    N, C, height, width = features.shape
    captions = torch.full((N, max_length), self.null, dtype=torch.long, device=features.device)
    maps = features.new_zeros(N, max_length, height, width)
    if self.cell_type == "attn":
        image = self.image_projection(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        h = c = image.mean(dim=[2, 3])
    else:
        image = h = self.image_projection(features.mean(dim=[2, 3]))
        c = torch.zeros_like(h)
    state = [h, c] if self.cell_type != "rnn" else [h]
    running = torch.ones(N, dtype=torch.bool, device=features.device)
    word = captions.new_full((N,), self.start)
    for t in range(max_length):
        x = self.word_embedding(word)
        state, weights = self.cell.step(x, state, image)
        if self.cell.attends:
            maps[running, t] = weights[running]
        word = torch.argmax(self.vocabulary_projection(state[0]), dim=-1)
        captions[running, t] = word[running]
        running = running & (word != self.end)
    return captions, maps if self.cell.attends else None
