# exercise: CaptioningRNN.sample[attn]
# slip: "over" is recomputed at each word instead of accumulated: one NULL after END, then the caption resumes
import torch


@torch.no_grad()
def CaptioningRNN_sample(self, features, max_length: int = 15):
    N = len(features)
    proj = self.image_projection
    if self.cell_type == "attn":
        A = proj(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).contiguous()
        h = A.mean((2, 3))
        c = h.clone()
        weights = torch.zeros(N, max_length, *A.shape[2:], dtype=A.dtype, device=A.device)
    else:
        h = proj(features.mean((2, 3)))
        c = torch.zeros_like(h)
    out = torch.zeros(N, max_length, dtype=torch.long, device=features.device)
    word = torch.full((N,), self.start, dtype=torch.long, device=features.device)
    over = torch.zeros(N, dtype=torch.bool, device=features.device)
    for t in range(max_length):
        x = self.word_embedding(word)
        if self.cell_type == "attn":
            attn, weights[:, t] = dot_product_attention(h, A)
            h, c = self.cell.step_forward(x, h, c, attn)
        elif self.cell_type == "lstm":
            h, c = self.cell.step_forward(x, h, c)
        else:
            h = self.cell.step_forward(x, h)
        best = torch.argmax(self.vocabulary_projection(h), dim=-1)
        word = best.masked_fill(over, self.null)
        out[:, t] = word
        over = word == self.end
    if self.cell_type == "attn":
        return out, weights
    return out
