# exercise: CaptioningRNN.sample[attn]
# slip: "over" is recomputed at each word instead of accumulated: one NULL after END, then the caption resumes
import torch


@torch.no_grad()
def CaptioningRNN_sample(self, features, max_length: int = 15):
    N = len(features)
    proj = self.image_projection
    if self.cell_type == "attn":
        A = proj(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).contiguous()
        weights = torch.zeros(N, max_length, *A.shape[2:], dtype=A.dtype, device=A.device)
    else:
        A, weights = proj(features.mean((2, 3))), None
    state = self.cell.start(A)
    out = torch.zeros(N, max_length, dtype=torch.long, device=features.device)
    word = torch.full((N,), self.start, dtype=torch.long, device=features.device)
    over = torch.zeros(N, dtype=torch.bool, device=features.device)
    for t in range(max_length):
        x = self.word_embedding(word)
        state, look = self.cell.step(x, state, A)
        if self.cell_type == "attn":
            weights[:, t] = look
        best = torch.argmax(self.vocabulary_projection(state[0]), dim=-1)
        word = best.masked_fill(over, self.null)
        out[:, t] = word
        over = word == self.end
    return out, weights
