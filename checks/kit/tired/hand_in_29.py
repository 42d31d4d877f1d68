# exercise: CaptioningRNN.sample[lstm]
# slip: runs the whole-sequence LSTM on one word at a time, so the cell state starts from zeros at every word
import torch


@torch.no_grad()
def CaptioningRNN_sample(self, features, max_length: int = 15):
    N = features.shape[0]
    word = features.new_full((N,), self.start, dtype=torch.long)
    ended = torch.zeros_like(word).bool()
    words, looks = [], []
    if self.cell_type == "attn":
        A = torch.einsum("nchw,kc->nkhw", features, self.image_projection.weight)
        A = A + self.image_projection.bias[:, None, None]
        h, c = self.cell.start(A)
    else:
        h = self.image_projection(features.flatten(2).mean(2))
    for _ in range(max_length):
        x = self.word_embedding(word)
        if self.cell_type == "attn":
            (h, c), look = self.cell.step(x, (h, c), A)
            looks.append(look)
        else:
            h = self.cell(x[:, None, :], h)[0][:, -1]
        word = self.vocabulary_projection(h).max(dim=1).indices
        word = torch.where(ended, torch.full_like(word, self.null), word)
        ended = ended | (word == self.end)
        words.append(word)
    captions = torch.stack(words, dim=1)
    if self.cell_type == "attn":
        return captions, torch.stack(looks, dim=1)
    return captions, None
