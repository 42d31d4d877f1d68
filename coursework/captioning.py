"""Image captioning with recurrent networks, written out by hand.

A picture comes in as the feature grid of a frozen convolutional network, a caption goes out one
word at a time. The file reads from top to bottom, each section building on the one before:

    1. a vanilla RNN             tanh of (input + state), one step, then all steps
    2. words                     from word to vector; the loss of a caption
    3. the LSTM                  a second state with gates, so that gradients survive many steps
    4. attention                 look at the picture again before each word
    5. the captioner             image -> state -> words: training loss and greedy sampling

The gradients of the three cells and of attention are derived by hand, each below its forward
function (backpropagation through time, Werbos 1990). Training lets autograd find the same ones.

Shapes, everywhere: N batch, T time steps, D word-vector size, H hidden size, V vocabulary size,
C feature channels, h x w the feature grid. Weights act from the right: x @ Wx.
"""

import math

import torch
from torch import nn

NULL = 0  # id of the word that pads short captions, in the kit's own vocabulary


# 1. A vanilla RNN


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """One step of a vanilla RNN (Elman 1990).

        next_h = tanh(x Wx + prev_h Wh + b)

    x (N,D), prev_h (N,H), Wx (D,H), Wh (H,H), b (H,)
    Returns next_h (N,H) and a cache: whatever a backward step would need.
    """
    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    """Gradients of one RNN step.

        da = dnext_h * (1 - next_h^2),   since tanh'(a) = 1 - tanh(a)^2 and a = x Wx + prev_h Wh + b

    dnext_h (N,H): gradient of the loss with respect to next_h.
    Returns dx (N,D), dprev_h (N,H), dWx (D,H), dWh (H,H), db (H,).
    """
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    db = da.sum(dim=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    """Run the RNN over a whole sequence: the same weights at every step, the state handed on.

        h[:, t] = step(x[:, t], h[:, t-1])   with h0 before the first step

    x (N,T,D), h0 (N,H), Wx (D,H), Wh (H,H), b (H,)
    Returns h (N,T,H), the states after every step, and a cache.
    """
    h, cache = [], []
    prev_h = h0
    for t in range(x.shape[1]):
        prev_h, step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h.append(prev_h)
        cache.append(step_cache)
    return torch.stack(h, dim=1), cache


def rnn_backward(dh, cache):
    """Backpropagation through time: from the last step to the first.

    The state of step t is used twice, by the output at t and by step t+1: its gradient is a sum.

        dnext_h(t) = dh[:, t] + dprev_h(t+1)

    dh (N,T,H): upstream gradient of every step's output, without what later steps add.
    Returns dx (N,T,D), dh0 (N,H), dWx (D,H), dWh (H,H), db (H,): a weight's gradient is the sum
    of those at every step.
    """
    dx = []
    dprev_h = torch.zeros_like(dh[:, 0])
    dWx = dWh = db = 0
    for t in reversed(range(dh.shape[1])):
        dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dx.append(dx_t)
        dWx = dWx + dWx_t
        dWh = dWh + dWh_t
        db = db + db_t
    dh0 = dprev_h
    return torch.stack(dx[::-1], dim=1), dh0, dWx, dWh, db


# 2. Words


def word_embedding_forward(words, W_embed):
    """Look up the vector of every word (Bengio et al. 2003): a row of the matrix each.

        out[...] = W_embed[words[...]] = one_hot(words[...]) W_embed

    words (...,) int64 with values in 0..V-1, W_embed (V,D)
    Returns out (...,D).
    """
    return W_embed[words]


def temporal_softmax_loss(scores, targets, ignore_index: int | None = None):
    """Cross-entropy of every word of a caption: summed over time, averaged over the batch.

        loss = -1/N  sum of  log softmax(scores[n,t])[targets[n,t]]  over the n, t that count
        log softmax(s) = (s - m) - log sum exp(s - m)   with m = max(s), so that exp never overflows

    scores (N,T,V), targets (N,T) int64 in 0..V-1; those equal to ignore_index do not count
    (None: all count).  Returns a 0-dim tensor; 0 when nothing counts.
    """
    N = scores.shape[0]
    shifted = scores - scores.amax(dim=2, keepdim=True)
    log_probs = shifted - shifted.exp().sum(dim=2, keepdim=True).log()
    log_prob_of_target = log_probs.gather(2, targets.unsqueeze(2)).squeeze(2)
    if ignore_index is not None:
        log_prob_of_target = log_prob_of_target[targets != ignore_index]
    return (-log_prob_of_target).sum() / N


# 3. The LSTM


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """One step of an LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).

        a = x Wx + prev_h Wh + b, split along its 4H columns into a_i, a_f, a_o, a_g (in this order)
        i = sigmoid(a_i)   f = sigmoid(a_f)   o = sigmoid(a_o)   g = tanh(a_g)
        next_c = f * prev_c + i * g
        next_h = o * tanh(next_c)

    x (N,D), prev_h (N,H), prev_c (N,H), Wx (D,4H), Wh (H,4H), b (4H,)
    Returns next_h (N,H), next_c (N,H) and a cache.
    """
    a = x @ Wx + prev_h @ Wh + b
    next_h, next_c, cell_cache = _lstm_cell_forward(a, prev_c)
    cache = (x, prev_h, Wx, Wh, cell_cache)
    return next_h, next_c, cache


def _lstm_cell_forward(a, prev_c):
    """From a (N,4H) and prev_c (N,H) to the new states: the same in the attention LSTM."""
    a_i, a_f, a_o, a_g = a.chunk(4, dim=1)
    i = torch.sigmoid(a_i)
    f = torch.sigmoid(a_f)
    o = torch.sigmoid(a_o)
    g = torch.tanh(a_g)
    next_c = f * prev_c + i * g
    next_h = o * torch.tanh(next_c)
    return next_h, next_c, (prev_c, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    """Gradients of one LSTM step.

    next_c reaches the loss on two ways, through later steps and through next_h:

        dc = dnext_c + dnext_h * o * (1 - tanh(next_c)^2)
        di = dc * g    df = dc * prev_c    do = dnext_h * tanh(next_c)    dg = dc * i
        da_i = di * i (1 - i), likewise f and o;    da_g = dg * (1 - g^2);    dprev_c = dc * f

    dnext_h (N,H), dnext_c (N,H): gradient reaching next_c from later steps only.
    Returns dx (N,D), dprev_h (N,H), dprev_c (N,H), dWx (D,4H), dWh (H,4H), db (4H,).
    """
    x, prev_h, Wx, Wh, cell_cache = cache
    da, dprev_c = _lstm_cell_backward(dnext_h, dnext_c, cell_cache)
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    db = da.sum(dim=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def _lstm_cell_backward(dnext_h, dnext_c, cache):
    """From dnext_h and dnext_c to da (N,4H) and dprev_c: the same in the attention LSTM."""
    prev_c, i, f, o, g, next_c = cache
    tanh_c = torch.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    da_i = dc * g * i * (1 - i)
    da_f = dc * prev_c * f * (1 - f)
    da_o = dnext_h * tanh_c * o * (1 - o)
    da_g = dc * i * (1 - g**2)
    dprev_c = dc * f
    return torch.cat([da_i, da_f, da_o, da_g], dim=1), dprev_c


def lstm_forward(x, h0, Wx, Wh, b):
    """Run the LSTM over a whole sequence, from h0 and a cell state of zeros.

    x (N,T,D), h0 (N,H), Wx (D,4H), Wh (H,4H), b (4H,)
    Returns h (N,T,H) and a cache.
    """
    h, cache = [], []
    prev_h = h0
    prev_c = torch.zeros_like(h0)
    for t in range(x.shape[1]):
        prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h.append(prev_h)
        cache.append(step_cache)
    return torch.stack(h, dim=1), cache


def lstm_backward(dh, cache):
    """Backpropagation through time for the LSTM: two gradients travel back, of h and of c.

    dh (N,T,H): upstream gradient of every step's output, without what later steps add.
    Returns dx (N,T,D), dh0 (N,H), dWx (D,4H), dWh (H,4H), db (4H,).
    """
    dx = []
    dprev_h = torch.zeros_like(dh[:, 0])
    dprev_c = torch.zeros_like(dh[:, 0])
    dWx = dWh = db = 0
    for t in reversed(range(dh.shape[1])):
        dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(
            dh[:, t] + dprev_h, dprev_c, cache[t]
        )
        dx.append(dx_t)
        dWx = dWx + dWx_t
        dWh = dWh + dWh_t
        db = db + db_t
    dh0 = dprev_h
    return torch.stack(dx[::-1], dim=1), dh0, dWx, dWh, db


# 4. Attention


def dot_product_attention(prev_h, A):
    """Scaled dot-product attention over a feature grid (Luong et al. 2015; scale: Vaswani et al. 2017).

    The state asks, every position p of the grid answers; what comes back is their weighted mean.

        score[p] = prev_h . A[p] / sqrt(H)
        weights  = softmax(score) over all positions
        attn     = sum_p weights[p] A[p]

    prev_h (N,H), A (N,H,h,w)
    Returns attn (N,H) and weights (N,h,w), which sum to 1 over the grid.
    """
    N, H, h, w = A.shape
    positions = A.flatten(2)
    scores = torch.einsum("nh,nhp->np", prev_h, positions) / math.sqrt(H)
    weights = torch.softmax(scores, dim=1)
    attn = torch.einsum("np,nhp->nh", weights, positions)
    return attn, weights.reshape(N, h, w)


def dot_product_attention_backward(dattn, prev_h, A, weights):
    """Gradients of dot_product_attention. A is used twice, in the scores and in the weighted mean.

        dweights[p] = dattn . A[p]
        dscore      = weights * (dweights - sum_p weights[p] dweights[p])          (softmax)
        dprev_h     = sum_p dscore[p] A[p] / sqrt(H)
        dA[p]       = weights[p] dattn + dscore[p] prev_h / sqrt(H)

    dattn (N,H), prev_h (N,H), A (N,H,h,w), weights (N,h,w)
    Returns dprev_h (N,H), dA (N,H,h,w).
    """
    positions, weights = A.flatten(2), weights.flatten(1)
    scale = 1 / math.sqrt(A.shape[1])
    dweights = torch.einsum("nh,nhp->np", dattn, positions)
    dscores = weights * (dweights - (weights * dweights).sum(dim=1, keepdim=True))
    dprev_h = torch.einsum("np,nhp->nh", dscores, positions) * scale
    dA_mean = torch.einsum("np,nh->nhp", weights, dattn)
    dA_scores = torch.einsum("np,nh->nhp", dscores, prev_h) * scale
    return dprev_h, (dA_mean + dA_scores).reshape(A.shape)


def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
    """One step of an LSTM that also takes in what attention saw (Xu et al. 2015).

        a = x Wx + prev_h Wh + attn Wattn + b,   then exactly as in lstm_step_forward

    x (N,D), prev_h (N,H), prev_c (N,H), attn (N,H), Wx (D,4H), Wh (H,4H), Wattn (H,4H), b (4H,)
    Returns next_h (N,H), next_c (N,H) and a cache.
    """
    a = x @ Wx + prev_h @ Wh + attn @ Wattn + b
    next_h, next_c, cell_cache = _lstm_cell_forward(a, prev_c)
    cache = (x, prev_h, attn, Wx, Wh, Wattn, cell_cache)
    return next_h, next_c, cache


def attention_lstm_step_backward(dnext_h, dnext_c, cache):
    """Gradients of one attention-LSTM step: as in lstm_step_backward, and attn and Wattn alike.

    dnext_h (N,H), dnext_c (N,H): gradient reaching next_c from later steps only.
    Returns dx (N,D), dprev_h (N,H), dprev_c (N,H), dattn (N,H), dWx (D,4H), dWh (H,4H),
    dWattn (H,4H), db (4H,); dprev_h without the path through attention.
    """
    x, prev_h, attn, Wx, Wh, Wattn, cell_cache = cache
    da, dprev_c = _lstm_cell_backward(dnext_h, dnext_c, cell_cache)
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dattn = da @ Wattn.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    dWattn = attn.T @ da
    db = da.sum(dim=0)
    return dx, dprev_h, dprev_c, dattn, dWx, dWh, dWattn, db


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    """Run the attention LSTM over a whole sequence, looking at the grid before each step.

        h0 = c0 = mean of A over its positions
        attn_t, weights_t = dot_product_attention(h[:, t-1], A)

    x (N,T,D), A (N,H,h,w), Wx (D,4H), Wh (H,4H), Wattn (H,4H), b (4H,)
    Returns h (N,T,H), weights (N,T,h,w) and a cache. The weights are for looking: no gradient
    enters through them.
    """
    h, weights, steps = [], [], []
    prev_h = prev_c = A.mean(dim=(2, 3))
    for t in range(x.shape[1]):
        attn, weights_t = dot_product_attention(prev_h, A)
        next_h, next_c, step_cache = attention_lstm_step_forward(
            x[:, t], prev_h, prev_c, attn, Wx, Wh, Wattn, b
        )
        h.append(next_h)
        weights.append(weights_t)
        steps.append((prev_h, weights_t, step_cache))
        prev_h, prev_c = next_h, next_c
    return torch.stack(h, dim=1), torch.stack(weights, dim=1), (A, steps)


def attention_lstm_backward(dh, cache):
    """Backpropagation through time for the attention LSTM.

    The state before step t feeds the step and asks the question of attention: both send a gradient
    back to it.  A collects a gradient at every step, and at the start, where its mean is h0 and c0.

    dh (N,T,H): upstream gradient of every step's output, without what later steps add.
    Returns dx (N,T,D), dA (N,H,h,w), dWx (D,4H), dWh (H,4H), dWattn (H,4H), db (4H,).
    """
    A, steps = cache
    dx = []
    dprev_h = torch.zeros_like(dh[:, 0])
    dprev_c = torch.zeros_like(dh[:, 0])
    dA = dWx = dWh = dWattn = db = 0
    for t in reversed(range(dh.shape[1])):
        prev_h, weights, step_cache = steps[t]
        step_gradients = attention_lstm_step_backward(dh[:, t] + dprev_h, dprev_c, step_cache)
        dx_t, dprev_h_step, dprev_c, dattn, dWx_t, dWh_t, dWattn_t, db_t = step_gradients
        dprev_h_attention, dA_t = dot_product_attention_backward(dattn, prev_h, A, weights)
        dprev_h = dprev_h_step + dprev_h_attention
        dx.append(dx_t)
        dA = dA + dA_t
        dWx = dWx + dWx_t
        dWh = dWh + dWh_t
        dWattn = dWattn + dWattn_t
        db = db + db_t
    dA = dA + (dprev_h + dprev_c)[:, :, None, None] / (A.shape[2] * A.shape[3])
    return torch.stack(dx[::-1], dim=1), dA, dWx, dWh, dWattn, db


# The functions above, wrapped with their parameters (given)


def _weight(rows: int, columns: int):
    """A normal (rows, columns) parameter, scaled so that outputs are about as large as inputs."""
    return nn.Parameter(torch.randn(rows, columns) / math.sqrt(rows))


class RNN(nn.Module):
    """Vanilla RNN with input size D and hidden size H; see rnn_step_forward and rnn_forward."""

    def __init__(self, D: int, H: int):
        super().__init__()
        self.Wx = _weight(D, H)
        self.Wh = _weight(H, H)
        self.b = nn.Parameter(torch.zeros(H))

    def step_forward(self, x, prev_h):
        return rnn_step_forward(x, prev_h, self.Wx, self.Wh, self.b)[0]

    def forward(self, x, h0):
        return rnn_forward(x, h0, self.Wx, self.Wh, self.b)[0]


class LSTM(nn.Module):
    """LSTM with input size D and hidden size H; see lstm_step_forward and lstm_forward."""

    def __init__(self, D: int, H: int):
        super().__init__()
        self.Wx = _weight(D, 4 * H)
        self.Wh = _weight(H, 4 * H)
        self.b = nn.Parameter(torch.zeros(4 * H))
        self.b.data[H : 2 * H] = 1  # forget gates start open (Jozefowicz et al. 2015)

    def step_forward(self, x, prev_h, prev_c):
        return lstm_step_forward(x, prev_h, prev_c, self.Wx, self.Wh, self.b)[:2]

    def forward(self, x, h0):
        return lstm_forward(x, h0, self.Wx, self.Wh, self.b)[0]


class AttentionLSTM(LSTM):
    """LSTM with attention, input size D and hidden size H; see attention_lstm_forward."""

    def __init__(self, D: int, H: int):
        super().__init__(D, H)
        self.Wattn = _weight(H, 4 * H)

    def step_forward(self, x, prev_h, prev_c, attn):
        return attention_lstm_step_forward(
            x, prev_h, prev_c, attn, self.Wx, self.Wh, self.Wattn, self.b
        )[:2]

    def forward(self, x, A):
        return attention_lstm_forward(x, A, self.Wx, self.Wh, self.Wattn, self.b)[:2]


class WordEmbedding(nn.Module):
    """A vector of size D for each of V words; see word_embedding_forward."""

    def __init__(self, V: int, D: int):
        super().__init__()
        self.W_embed = nn.Parameter(torch.randn(V, D))

    def forward(self, words):
        return word_embedding_forward(words, self.W_embed)


# 5. The captioner


class CaptioningRNN(nn.Module):
    """From the feature grid of a picture to a caption (after Vinyals et al. 2015, Xu et al. 2015).

    cell_type    how the picture enters
    "rnn"        h0 = image_projection(mean of the features over the grid)
    "lstm"       the same, with a cell state of zeros
    "attn"       A = image_projection at every position of the grid, h0 = c0 = mean of A

    The scores of the words are vocabulary_projection(h). No nonlinearity but those of the cell.
    """

    def __init__(
        self,
        word_to_idx: dict[str, int],
        input_dim: int,
        wordvec_dim: int,
        hidden_dim: int,
        cell_type: str = "rnn",
        ignore_index: int | None = NULL,
    ):
        """word_to_idx holds <NULL>, <START>, <END>; input_dim is C; ignore_index=None masks nothing.

        Raises ValueError for an unknown cell_type.
        """
        super().__init__()
        cells = {"rnn": RNN, "lstm": LSTM, "attn": AttentionLSTM}
        if cell_type not in cells:
            raise ValueError(f"cell_type is {cell_type!r}, it should be one of {', '.join(cells)}")
        self.cell_type = cell_type
        self.ignore_index = ignore_index
        self.null = word_to_idx["<NULL>"]
        self.start = word_to_idx["<START>"]
        self.end = word_to_idx["<END>"]
        self.word_embedding = WordEmbedding(len(word_to_idx), wordvec_dim)
        self.image_projection = nn.Linear(input_dim, hidden_dim)
        self.cell = cells[cell_type](wordvec_dim, hidden_dim)
        self.vocabulary_projection = nn.Linear(hidden_dim, len(word_to_idx))

    def _project_image(self, features):
        """features (N,C,h,w) -> h0 (N,H) for rnn and lstm, A (N,H,h,w) for attn."""
        if self.cell_type == "attn":
            return self.image_projection(features.movedim(1, 3)).movedim(3, 1)
        return self.image_projection(features.mean(dim=(2, 3)))

    def forward(self, features, captions):
        """Training loss by teacher forcing: given the true words so far, predict the next.

        features (N,C,h,w); captions (N,T+1) int64: START, words, END, then NULL up to the longest.
        Fed are captions[:, :-1], wanted are captions[:, 1:].  Returns the loss, a 0-dim tensor.
        """
        x = self.word_embedding(captions[:, :-1])
        image = self._project_image(features)
        if self.cell_type == "attn":
            h, _ = self.cell(x, image)
        else:
            h = self.cell(x, image)
        scores = self.vocabulary_projection(h)
        return temporal_softmax_loss(scores, captions[:, 1:], self.ignore_index)

    @torch.no_grad()
    def sample(self, features, max_length: int = 15):
        """Greedy captions: feed START, take the most probable word, feed it back, and so on.

        features (N,C,h,w)
        Returns captions (N,max_length) int64: column 0 is the first word sampled, after END only
        NULL; for attn also weights (N,max_length,h,w), where the model looked for each word.
        """
        image = self._project_image(features)
        if self.cell_type == "attn":
            h = c = image.mean(dim=(2, 3))
        else:
            h, c = image, torch.zeros_like(image)
        word = torch.full((len(features),), self.start, device=features.device)
        ended = torch.zeros_like(word, dtype=torch.bool)
        captions, weights = [], []
        for _ in range(max_length):
            x = self.word_embedding(word)
            if self.cell_type == "rnn":
                h = self.cell.step_forward(x, h)
            elif self.cell_type == "lstm":
                h, c = self.cell.step_forward(x, h, c)
            else:
                attn, weights_t = dot_product_attention(h, image)
                h, c = self.cell.step_forward(x, h, c, attn)
                weights.append(weights_t)
            word = self.vocabulary_projection(h).argmax(dim=1).masked_fill(ended, self.null)
            ended = ended | (word == self.end)
            captions.append(word)
        captions = torch.stack(captions, dim=1)
        return (captions, torch.stack(weights, dim=1)) if self.cell_type == "attn" else captions
