"""Sample: breaks off once every caption has ended; what is left stays NULL and zero."""
# ruff: noqa: F821

import torch


def CaptioningRNN_sample(self, features, max_length=15):
    N, C, height, width = features.shape
    with torch.no_grad():
        captions = torch.zeros(N, max_length, dtype=torch.int64, device=features.device) + self.null
        maps = torch.zeros(
            (N, max_length, height, width), dtype=features.dtype, device=features.device
        )
        projected = self.image_projection(features.movedim(1, -1))
        h = projected.mean(dim=(1, 2))
        c = h if self.cell_type == "attn" else torch.zeros_like(h)
        cell = self.cell
        ended = captions.new_zeros(N) > 0
        word = captions.new_zeros(N) + self.start
        for t in range(max_length):
            x = self.word_embedding(word)
            if self.cell_type == "attn":
                attn, maps[:, t] = dot_product_attention(h, projected.movedim(-1, 1))
                weights = cell.Wx, cell.Wh, cell.Wattn, cell.b
                h, c, _ = attention_lstm_step_forward(x, h, c, attn, *weights)
            elif self.cell_type == "lstm":
                (h, c), _ = cell.step(x, (h, c), None)
            else:
                h = cell.step(x, [h], None)[0][0]
            _, word = self.vocabulary_projection(h).max(dim=1)
            word[ended] = self.null
            captions[:, t] = word
            ended |= word == self.end
            if ended.all():
                break
    if self.cell_type == "attn":
        return captions, maps
    return captions, None
