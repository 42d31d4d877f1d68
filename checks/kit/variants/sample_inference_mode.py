"""Sample: inference_mode, the step functions rather than the modules, log_softmax, topk."""
# ruff: noqa: F821

import torch
import torch.nn.functional as F


@torch.inference_mode()
def CaptioningRNN_sample(self, features, max_length=15):
    cell, linear = self.cell, self.image_projection
    A = F.conv2d(features, linear.weight.unsqueeze(-1).unsqueeze(-1), linear.bias)
    h = F.adaptive_avg_pool2d(A, 1).flatten(1)
    c = h.clone() if self.cell_type == "attn" else torch.zeros_like(h)
    word = torch.full((features.shape[0], 1), self.start, device=features.device)
    alive = torch.ones_like(word)
    captions, maps = [], []
    for _ in range(max_length):
        x = word_embedding_forward(word.squeeze(1), self.word_embedding.W_embed)
        if self.cell_type == "rnn":
            h, _ = rnn_step_forward(x, h, cell.Wx, cell.Wh, cell.b)
        elif self.cell_type == "lstm":
            h, c, _ = lstm_step_forward(x, h, c, cell.Wx, cell.Wh, cell.b)
        else:
            attn, weights = dot_product_attention(h, A)
            maps.append(weights.unsqueeze(1))
            h, c, _ = attention_lstm_step_forward(
                x, h, c, attn, cell.Wx, cell.Wh, cell.Wattn, cell.b
            )
        log_probs = F.log_softmax(self.vocabulary_projection(h), dim=1)
        _, word = log_probs.topk(1, dim=1)
        captions.append(word * alive + self.null * (1 - alive))
        alive = alive * (word != self.end)
    captions = torch.cat(captions, dim=1)
    return captions, torch.cat(maps, dim=1) if maps else None
