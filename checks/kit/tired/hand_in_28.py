# exercise: CaptioningRNN.sample[rnn]
# slip: puts START into column 0, so everything is one column late and the last word is missing
import torch


@torch.no_grad()
def CaptioningRNN_sample(self, features, max_length: int = 15):
    N, C, gh, gw = features.shape
    captions = torch.full((N, max_length), self.null, dtype=torch.int64, device=features.device)
    captions[:, 0] = self.start
    looked = torch.zeros(N, max_length, gh, gw, dtype=features.dtype, device=features.device)
    if self.cell_type == "attn":
        image = self.image_projection(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    else:
        image = self.image_projection(features.mean(dim=(2, 3)))
    state = self.cell.start(image)
    word = captions[:, 0]
    finished = torch.zeros(N, dtype=torch.bool, device=features.device)
    for t in range(1, max_length):
        x = self.word_embedding(word)
        state, weights = self.cell.step(x, state, image)
        if weights is not None:
            looked[:, t] = weights
        word = self.vocabulary_projection(state[0]).argmax(dim=1)
        word[finished] = self.null
        captions[:, t] = word
        finished = finished | (word == self.end)
    if self.cell_type == "attn":
        return captions, looked
    return captions, None
