"""Complete: a class for each cell whose objects are the caches; functions are thin wrappers."""

import math

import torch


class Affine:
    """inputs @ weights summed, plus a bias; remembers what its backward needs."""

    def __init__(self, *weights, bias):
        self.weights, self.bias, self.calls = weights, bias, []

    def forward(self, *inputs):
        self.calls.append(inputs)
        return sum((i @ W for i, W in zip(inputs, self.weights)), start=self.bias)

    def backward(self, da):
        inputs = self.calls.pop()
        dinputs = [da @ W.T for W in self.weights]
        return dinputs, [*(i.T @ da for i in inputs), da.sum(0)]


class Tanh:
    """The vanilla cell: one state."""

    states = 1

    def __init__(self):
        self.calls = []

    def forward(self, a):
        self.calls.append(torch.tanh(a))
        return (self.calls[-1],)

    def backward(self, dh):
        return dh * (1 - self.calls.pop() ** 2), ()


class Gates:
    """The LSTM's cell: two states."""

    states = 2

    def __init__(self):
        self.calls = []

    def forward(self, a, prev_c):
        H = prev_c.shape[1]
        i, f, o = torch.sigmoid(a.narrow(1, 0, 3 * H)).split(H, dim=1)
        g = torch.tanh(a.narrow(1, 3 * H, H))
        c = prev_c * f + g * i
        self.calls.append((i, f, o, g, prev_c, torch.tanh(c)))
        return o * torch.tanh(c), c

    def backward(self, dh, dc):
        i, f, o, g, prev_c, tanh_c = self.calls.pop()
        dc = dc + dh * o * (1 - tanh_c**2)
        dgates = torch.cat([dc * g, dc * prev_c, dh * tanh_c, dc * i], dim=1)
        slopes = torch.cat([i * (1 - i), f * (1 - f), o * (1 - o), 1 - g**2], dim=1)
        return dgates * slopes, (dc * f,)


class Cell:
    """Affine and a nonlinearity; with a grid, attention between them."""

    def __init__(self, affine, nonlinearity, grid=None):
        self.affine, self.nonlinearity, self.grid = affine, nonlinearity, grid
        self.looks = []

    def step(self, x, states, *attn):
        return self.nonlinearity.forward(self.affine.forward(x, states[0], *attn), *states[1:])

    def step_backward(self, dstates):
        da, dother_states = self.nonlinearity.backward(*dstates)
        (dx, dprev_h, *dattn), dweights = self.affine.backward(da)
        return [dx, dprev_h, *dother_states, *dattn], dweights

    def look(self, h):
        attn, weights = dot_product_attention(h, self.grid)
        self.looks.append((h, self.grid, weights))
        return attn

    def run(self, x, *states):
        h = []
        for t in range(x.shape[1]):
            seen = [] if self.grid is None else [self.look(states[0])]
            states = self.step(x[:, t], states, *seen)
            h.append(states[0])
        return torch.stack(h, dim=1)

    def run_backward(self, dh):
        """Gradients of x, of the first states, of the weights and of the grid (0 if none)."""
        dx, dweights, dgrid = [], [], 0
        dstates = [torch.zeros_like(dh[:, 0])] * self.nonlinearity.states
        for dh_t in reversed(dh.unbind(dim=1)):
            dinputs, dweights_t = self.step_backward([dstates[0] + dh_t, *dstates[1:]])
            if self.grid is not None:
                dquestion, dgrid_t = dot_product_attention_backward(
                    dinputs.pop(), *self.looks.pop()
                )
                dinputs[1], dgrid = dinputs[1] + dquestion, dgrid + dgrid_t
            dx_t, *dstates = dinputs
            dx.append(dx_t)
            dweights.append(dweights_t)
        return torch.stack(dx[::-1], dim=1), dstates, list(map(sum, zip(*dweights))), dgrid


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    cell = Cell(Affine(Wx, Wh, bias=b), Tanh())
    return *cell.step(x, [prev_h]), cell


def rnn_step_backward(dnext_h, cache):
    dinputs, dweights = cache.step_backward([dnext_h])
    return *dinputs, *dweights


def rnn_forward(x, h0, Wx, Wh, b):
    cell = Cell(Affine(Wx, Wh, bias=b), Tanh())
    return cell.run(x, h0), cell


def rnn_backward(dh, cache):
    dx, (dh0,), dweights, _ = cache.run_backward(dh)
    return dx, dh0, *dweights


def word_embedding_forward(words, W_embed):
    return torch.take_along_dim(W_embed, words.reshape(-1, 1), dim=0).reshape(*words.shape, -1)


def temporal_softmax_loss(scores, targets, ignore_index=None):
    log_probs = torch.log_softmax(scores, dim=2)
    chosen = log_probs.take_along_dim(targets[:, :, None], dim=2)[:, :, 0]
    if ignore_index is not None:
        chosen = chosen.masked_fill(targets.eq(ignore_index), 0)
    return chosen.sum().neg().div(len(scores))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    cell = Cell(Affine(Wx, Wh, bias=b), Gates())
    return *cell.step(x, [prev_h, prev_c]), cell


def lstm_step_backward(dnext_h, dnext_c, cache):
    dinputs, dweights = cache.step_backward([dnext_h, dnext_c])
    return *dinputs, *dweights


def lstm_forward(x, h0, Wx, Wh, b):
    cell = Cell(Affine(Wx, Wh, bias=b), Gates())
    return cell.run(x, h0, torch.zeros_like(h0)), cell


def lstm_backward(dh, cache):
    dx, (dh0, _), dweights, _ = cache.run_backward(dh)
    return dx, dh0, *dweights


def dot_product_attention(prev_h, A):
    scores = torch.linalg.vecdot(prev_h[:, :, None, None], A, dim=1) / math.sqrt(A.shape[1])
    weights = torch.exp(scores - torch.logsumexp(scores, dim=(1, 2), keepdim=True))
    return torch.sum(A * weights[:, None], dim=(-2, -1)), weights


def dot_product_attention_backward(dattn, prev_h, A, weights):
    dweights = torch.linalg.vecdot(dattn[:, :, None, None], A, dim=1)
    centred = dweights - torch.sum(weights * dweights, dim=(1, 2), keepdim=True)
    dscores = (weights * centred / math.sqrt(A.shape[1])).unsqueeze(1)
    dA = weights.unsqueeze(1) * dattn[:, :, None, None] + dscores * prev_h[:, :, None, None]
    return torch.sum(dscores * A, dim=(-2, -1)), dA


def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
    cell = Cell(Affine(Wx, Wh, Wattn, bias=b), Gates())
    return *cell.step(x, [prev_h, prev_c], attn), cell


def attention_lstm_step_backward(dnext_h, dnext_c, cache):
    dinputs, dweights = cache.step_backward([dnext_h, dnext_c])
    return *dinputs, *dweights


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    cell = Cell(Affine(Wx, Wh, Wattn, bias=b), Gates(), grid=A)
    mean = A.mean(dim=(-2, -1))
    h = cell.run(x, mean, mean)
    return h, torch.stack([weights for _, _, weights in cell.looks], dim=1), cell


def attention_lstm_backward(dh, cache):
    dx, dstates, dweights, dA = cache.run_backward(dh)
    dA = dA + sum(dstates)[:, :, None, None] / cache.grid[0, 0].numel()
    return dx, dA, *dweights


def CaptioningRNN_forward(self, features, captions):
    given, wanted = captions[:, :-1], captions[:, 1:]
    image = features if self.cell_type == "attn" else features.mean((-2, -1), keepdim=True)
    image = self.image_projection(image.movedim(1, -1)).movedim(-1, 1)
    if self.cell_type != "attn":
        image = image.flatten(1)
    h = self.cell(self.word_embedding(given), image)[0]
    return temporal_softmax_loss(self.vocabulary_projection(h), wanted, self.ignore_index)


@torch.no_grad()
def CaptioningRNN_sample(self, features, max_length=15):
    image = self.image_projection(features.movedim(1, -1)).movedim(-1, 1)
    mean = image.mean(dim=(-2, -1))
    states = {"rnn": [mean], "lstm": [mean, mean * 0], "attn": [mean, mean]}[self.cell_type]
    word = torch.full_like(mean[:, 0], self.start, dtype=torch.int64)
    words, maps = [], []
    for _ in range(max_length):
        states, weights = self.cell.step(self.word_embedding(word), states, image)
        maps.extend([weights] * (self.cell_type == "attn"))
        word = self.vocabulary_projection(states[0]).argmax(dim=-1)
        words.append(word)
    words = torch.stack(words, dim=1)
    ended_before = (words == self.end).cumsum(dim=1) - (words == self.end).long() > 0
    captions = words.masked_fill(ended_before, self.null)
    return captions, torch.stack(maps, dim=1) if maps else None
