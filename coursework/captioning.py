"""Image captioning with recurrent networks, written out by hand.

A picture comes in as the feature grid of a frozen convolutional network; a caption goes
out one word at a time. Each section builds on those before it:

    1. A vanilla RNN    one step: tanh of input and state; then all steps
    2. Words            from word to vector; the loss of a caption
    3. The LSTM         a second state and gates, so that gradients survive many steps
    4. Attention        look at the picture again before each word
    5. The cells        (given) these functions with their parameters, in one protocol
    6. The captioner    picture -> state -> words: training loss and greedy sampling

Each function is followed by its gradient, derived by hand (backpropagation through
time, Werbos 1990); training uses autograd, which finds the same. A handout keeps the
code marked (given); the bodies of all other functions are for you to write.

Shapes, everywhere: N batch, T time steps, D word vector, H hidden state, V vocabulary,
C feature channels, h x w the grid, p one of its positions. Products are x W, not W x.
"""

import math

import torch
from torch import nn

NULL, START, END = "<NULL>", "<START>", "<END>"  # padding, start and end of a caption


# 1. A vanilla RNN
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """One step of a vanilla RNN (Elman 1990).

    x (N,D), prev_h (N,H), Wx (D,H), Wh (H,H), b (H,)
        next_h = tanh(x Wx + prev_h Wh + b)
    Returns next_h (N,H) and a cache: whatever a backward step needs.
    """
    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    """Gradients of one RNN step, with a = x Wx + prev_h Wh + b and next_h = tanh(a).

    dnext_h (N,H): gradient of the loss with respect to next_h.
        da = dnext_h * (1 - next_h^2),  then dx = da Wx^T, dWx = x^T da, ...
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
    """Run the RNN over a whole sequence: the same weights at every step.

    x (N,T,D), h0 (N,H), Wx (D,H), Wh (H,H), b (H,)
        h[:, t] = step(x[:, t], h[:, t-1])   with h0 before the first step
    Returns h (N,T,H), the state after every step, and a cache.
    """
    h, cache = [], []
    prev_h = h0
    for t in range(x.shape[1]):
        prev_h, cache_t = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h.append(prev_h)
        cache.append(cache_t)
    return torch.stack(h, dim=1), cache


def rnn_backward(dh, cache):
    """Backpropagation through time: from the last step to the first.

    dh (N,T,H): gradient with respect to each step's output, not through later steps.
        dnext_h = dh[:, t] + dprev_h of step t+1,  as h[:, t] is an output and feeds t+1
    Returns dx (N,T,D), dh0 (N,H); and, summed over time, dWx (D,H), dWh (H,H), db (H,).
    """
    dx = []
    dprev_h = torch.zeros_like(dh[:, 0])
    dWx = dWh = db = 0
    for t in reversed(range(dh.shape[1])):
        dnext_h = dh[:, t] + dprev_h
        dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dnext_h, cache[t])
        dx.append(dx_t)
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    dh0 = dprev_h
    return torch.stack(dx[::-1], dim=1), dh0, dWx, dWh, db


# 2. Words
def word_embedding_forward(words, W_embed):
    """Look up the vector of every word: one row per word (Bengio et al. 2003).

    words (...) int64 in 0..V-1, W_embed (V,D)
        out[...] = W_embed[words[...]] = one_hot(words[...]) W_embed
    Returns out (...,D).
    """
    return W_embed[words]


def word_embedding_backward(dout, words, V):
    """Gradient of word_embedding_forward: the rows of equal words add up.

    dout (...,D), words (...) int64 in 0..V-1
        dW_embed[v] = sum of dout[...] over all places with words[...] = v
    Returns dW_embed (V,D): zeros for a word that does not occur.
    """
    rows = dout.reshape(-1, dout.shape[-1])
    return rows.new_zeros(V, rows.shape[1]).index_add(0, words.reshape(-1), rows)


def temporal_softmax_loss(scores, targets, ignore_index=None):
    """Cross-entropy of every word: summed over time, averaged over the batch.

    scores (N,T,V), targets (N,T) int64 in 0..V-1; those equal to ignore_index do not
    count (None: all count).
        log_probs = log softmax(scores) = (scores - m) - log sum exp(scores - m)
                    sum and m = max(scores) over V; with m, exp never overflows
        loss = -1/N  sum of log_probs[n, t, targets[n, t]] over the n, t that count
    Returns the loss, a 0-dim tensor; 0 when nothing counts.
    """
    N = scores.shape[0]
    shifted = scores - scores.amax(dim=2, keepdim=True)
    log_probs = shifted - shifted.exp().sum(dim=2, keepdim=True).log()
    log_prob_of_target = log_probs.gather(2, targets.unsqueeze(2)).squeeze(2)
    if ignore_index is not None:
        log_prob_of_target = log_prob_of_target[targets != ignore_index]
    return (-log_prob_of_target).sum() / N


def temporal_softmax_loss_backward(scores, targets, ignore_index=None):
    """Gradient of temporal_softmax_loss with respect to its scores.

    The arguments are those of temporal_softmax_loss.
        dscores = (softmax(scores) - one_hot(targets)) / N, 0 where targets do not count
    Returns dscores (N,T,V).
    """
    N, T, V = scores.shape
    dscores = (torch.softmax(scores, dim=2) - nn.functional.one_hot(targets, V)) / N
    if ignore_index is not None:
        dscores = dscores * (targets != ignore_index).unsqueeze(2)
    return dscores


# 3. The LSTM
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """One step of an LSTM (Hochreiter & Schmidhuber 1997; gate f: Gers et al. 2000).

    x (N,D), prev_h (N,H), prev_c (N,H), Wx (D,4H), Wh (H,4H), b (4H,)
        a = x Wx + prev_h Wh + b, four blocks of H columns: a_i, a_f, a_o, a_g
        i = sigmoid(a_i)   f = sigmoid(a_f)   o = sigmoid(a_o)   g = tanh(a_g)
        next_c = f * prev_c + i * g
        next_h = o * tanh(next_c)
    Returns next_h (N,H), next_c (N,H) and a cache.
    """
    a = x @ Wx + prev_h @ Wh + b
    a_i, a_f, a_o, a_g = a.chunk(4, dim=1)
    i = torch.sigmoid(a_i)
    f = torch.sigmoid(a_f)
    o = torch.sigmoid(a_o)
    g = torch.tanh(a_g)
    next_c = f * prev_c + i * g
    next_h = o * torch.tanh(next_c)
    cache = (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    """Gradients of one LSTM step.

    next_c reaches the loss by two paths, through later steps and through next_h.
    dnext_h (N,H): the whole gradient; dnext_c (N,H): only what comes from later steps.
        dc = dnext_c + dnext_h * o * (1 - tanh(next_c)^2)    dprev_c = dc * f
        di = dc * g    df = dc * prev_c    do = dnext_h * tanh(next_c)    dg = dc * i
        da_i = di * i * (1 - i), likewise f and o            da_g = dg * (1 - g^2)
    Returns dx (N,D), dprev_h (N,H), dprev_c (N,H), dWx (D,4H), dWh (H,4H), db (4H,).
    """
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tanh_c = torch.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    da_i = dc * g * i * (1 - i)
    da_f = dc * prev_c * f * (1 - f)
    da_o = dnext_h * tanh_c * o * (1 - o)
    da_g = dc * i * (1 - g**2)
    da = torch.cat([da_i, da_f, da_o, da_g], dim=1)
    dprev_c = dc * f
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    db = da.sum(dim=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    """Run the LSTM over a whole sequence, from h0 and a cell state of zeros.

    x (N,T,D), h0 (N,H), Wx (D,4H), Wh (H,4H), b (4H,)
    Returns h (N,T,H) and a cache.
    """
    h, cache = [], []
    prev_h = h0
    prev_c = torch.zeros_like(h0)
    for t in range(x.shape[1]):
        prev_h, prev_c, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h.append(prev_h)
        cache.append(cache_t)
    return torch.stack(h, dim=1), cache


def lstm_backward(dh, cache):
    """Backpropagation through time for the LSTM: two gradients travel back, of h and c.

    dh (N,T,H): gradient with respect to each step's output, not through later steps.
    Returns dx (N,T,D), dh0 (N,H), dWx (D,4H), dWh (H,4H), db (4H,).
    """
    dx = []
    dprev_h = dprev_c = torch.zeros_like(dh[:, 0])
    dWx = dWh = db = 0
    for t in reversed(range(dh.shape[1])):
        dnext_h, dnext_c = dh[:, t] + dprev_h, dprev_c
        step_gradients = lstm_step_backward(dnext_h, dnext_c, cache[t])
        dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = step_gradients
        dx.append(dx_t)
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    dh0 = dprev_h
    return torch.stack(dx[::-1], dim=1), dh0, dWx, dWh, db


# 4. Attention
def dot_product_attention(prev_h, A):
    """Scaled dot-product attention (Luong et al. 2015; scale: Vaswani et al. 2017).

    prev_h (N,H): the query; A (N,H,h,w): its A[p] (N,H) is key and value of position p
        scores[p] = prev_h . A[p] / sqrt(H)
        weights   = softmax(scores) over all positions p
        attn      = sum over p of weights[p] A[p],  the context vector
    Returns attn (N,H) and weights (N,h,w), which sum to 1 over the grid.
    """
    H = A.shape[1]
    positions = A.flatten(2)
    scores = torch.einsum("nh,nhp->np", prev_h, positions) / math.sqrt(H)
    weights = torch.softmax(scores, dim=1)
    attn = torch.einsum("np,nhp->nh", weights, positions)
    return attn, weights.unflatten(1, A.shape[2:])


def dot_product_attention_backward(dattn, prev_h, A, weights):
    """Gradients of dot_product_attention. A is used twice, as values and as keys.

    dattn (N,H), prev_h (N,H), A (N,H,h,w), weights (N,h,w)
        dweights[p] = dattn . A[p]
        dscores[p]  = weights[p] (dweights[p] - sum over q of weights[q] dweights[q])
        dprev_h     = sum over p of dscores[p] A[p] / sqrt(H)
        dA[p]       = weights[p] dattn + dscores[p] prev_h / sqrt(H)
    Returns dprev_h (N,H), dA (N,H,h,w).
    """
    H = A.shape[1]
    positions, weights = A.flatten(2), weights.flatten(1)
    dweights = torch.einsum("nh,nhp->np", dattn, positions)
    dscores = weights * (dweights - (weights * dweights).sum(dim=1, keepdim=True))
    dprev_h = torch.einsum("np,nhp->nh", dscores, positions) / math.sqrt(H)
    dA_values = torch.einsum("np,nh->nhp", weights, dattn)
    dA_keys = torch.einsum("np,nh->nhp", dscores, prev_h) / math.sqrt(H)
    return dprev_h, (dA_values + dA_keys).reshape(A.shape)


def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
    """One step of an LSTM with one more input, the context vector (Xu et al. 2015).

    x (N,D), prev_h, prev_c, attn (N,H), Wx (D,4H), Wh, Wattn (H,4H), b (4H,)
        a = x Wx + attn Wattn + prev_h Wh + b,   then as in lstm_step_forward
          = [x, attn] [Wx; Wattn] + prev_h Wh + b    (side by side, one above the other)
    Returns next_h (N,H), next_c (N,H) and a cache.
    """
    x_attn = torch.cat([x, attn], dim=1)
    Wx_attn = torch.cat([Wx, Wattn], dim=0)
    return lstm_step_forward(x_attn, prev_h, prev_c, Wx_attn, Wh, b)


def attention_lstm_step_backward(dnext_h, dnext_c, cache):
    """Gradients of one attention-LSTM step: those of an LSTM step, cut apart.

    dnext_h (N,H): the whole gradient; dnext_c (N,H): only what comes from later steps.
    Returns dx (N,D), dprev_h (N,H), dprev_c (N,H), dattn (N,H), dWx (D,4H), dWh (H,4H),
    dWattn (H,4H), db (4H,); dprev_h without the path through attention.
    """
    step_gradients = lstm_step_backward(dnext_h, dnext_c, cache)
    dx_attn, dprev_h, dprev_c, dWx_attn, dWh, db = step_gradients
    H = dnext_h.shape[1]
    dx, dattn = dx_attn[:, :-H], dx_attn[:, -H:]
    dWx, dWattn = dWx_attn[:-H], dWx_attn[-H:]
    return dx, dprev_h, dprev_c, dattn, dWx, dWh, dWattn, db


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    """Run the attention LSTM over a whole sequence: look, then step.

    x (N,T,D), A (N,H,h,w), Wx (D,4H), Wh (H,4H), Wattn (H,4H), b (4H,)
        h0 = c0 = mean of A over its positions
        attn_t, weights_t = dot_product_attention(h[:, t-1], A),  with h0 at t = 0
    Returns h (N,T,H), weights (N,T,h,w) and a cache. The weights are to be looked at:
    the loss does not use them.
    """
    h, weights, cache = [], [], []
    prev_h = prev_c = A.mean(dim=(2, 3))
    for t in range(x.shape[1]):
        attn, weights_t = dot_product_attention(prev_h, A)
        next_h, next_c, cache_t = attention_lstm_step_forward(
            x[:, t], prev_h, prev_c, attn, Wx, Wh, Wattn, b
        )
        h.append(next_h)
        weights.append(weights_t)
        cache.append((prev_h, A, weights_t, cache_t))
        prev_h, prev_c = next_h, next_c
    return torch.stack(h, dim=1), torch.stack(weights, dim=1), cache


def attention_lstm_backward(dh, cache):
    """Backpropagation through time for the attention LSTM. h[:, t-1] is used twice by
    step t, as its state and as its query: the two gradients add. A gets one at every
    step, and one through its mean, which is h0 and c0.

    dh (N,T,H): gradient with respect to each step's output, not through later steps.
    Returns dx (N,T,D), dA (N,H,h,w), dWx (D,4H), dWh (H,4H), dWattn (H,4H), db (4H,).
    """
    dx = []
    dprev_h = dprev_c = torch.zeros_like(dh[:, 0])
    dA = dWx = dWh = dWattn = db = 0
    for t in reversed(range(dh.shape[1])):
        prev_h, A, weights_t, cache_t = cache[t]
        dnext_h, dnext_c = dh[:, t] + dprev_h, dprev_c
        step_gradients = attention_lstm_step_backward(dnext_h, dnext_c, cache_t)
        dx_t, dprev_h, dprev_c, dattn, dWx_t, dWh_t, dWattn_t, db_t = step_gradients
        dquery, dA_t = dot_product_attention_backward(dattn, prev_h, A, weights_t)
        dprev_h = dprev_h + dquery
        dx.append(dx_t)
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
        dWattn, dA = dWattn + dWattn_t, dA + dA_t
    dA = dA + (dprev_h + dprev_c)[:, :, None, None] / A.shape[2:].numel()
    return torch.stack(dx[::-1], dim=1), dA, dWx, dWh, dWattn, db


# 5. The cells (given). A cell is any module Cell(D, H) that speaks this protocol:
#     attends               does it want image as a grid (N,H,h,w), or its mean (N,H)?
#     forward(x, image)     all steps: x (N,T,D) -> h (N,T,H), weights (N,T,h,w) or None
#     start(image)          -> the state before the first step: a tuple, h its first
#     step(x, state, image) one step: x (N,D) -> the next state, weights (N,h,w) or None


def _weight(rows, columns):
    return nn.Parameter(torch.randn(rows, columns) / math.sqrt(rows))  # (LeCun 1998)


class RNN(nn.Module):
    """Vanilla RNN with input size D and hidden size H; see rnn_forward."""

    attends = False

    def __init__(self, D, H):
        super().__init__()
        self.Wx = _weight(D, H)
        self.Wh = _weight(H, H)
        self.b = nn.Parameter(torch.zeros(H))

    def forward(self, x, image):
        return rnn_forward(x, image, self.Wx, self.Wh, self.b)[0], None

    def start(self, image):
        return (image,)

    def step(self, x, state, image):
        return rnn_step_forward(x, *state, self.Wx, self.Wh, self.b)[:1], None


class LSTM(nn.Module):
    """LSTM with input size D and hidden size H; see lstm_forward."""

    attends = False

    def __init__(self, D, H):
        super().__init__()
        self.Wx = _weight(D, 4 * H)
        self.Wh = _weight(H, 4 * H)
        forget = torch.tensor([0.0, 1.0, 0.0, 0.0])  # f open (Jozefowicz et al. 2015)
        self.b = nn.Parameter(forget.repeat_interleave(H))

    def forward(self, x, image):
        return lstm_forward(x, image, self.Wx, self.Wh, self.b)[0], None

    def start(self, image):
        return image, torch.zeros_like(image)

    def step(self, x, state, image):
        return lstm_step_forward(x, *state, self.Wx, self.Wh, self.b)[:2], None


class AttentionLSTM(LSTM):
    """LSTM with attention, input size D, hidden size H; see attention_lstm_forward."""

    attends = True

    def __init__(self, D, H):
        super().__init__(D, H)
        self.Wattn = _weight(H, 4 * H)

    def forward(self, x, image):
        parameters = self.Wx, self.Wh, self.Wattn, self.b
        return attention_lstm_forward(x, image, *parameters)[:2]

    def start(self, image):
        mean = image.mean(dim=(2, 3))
        return mean, mean

    def step(self, x, state, image):
        attn, weights = dot_product_attention(state[0], image)
        parameters = self.Wx, self.Wh, self.Wattn, self.b
        return attention_lstm_step_forward(x, *state, attn, *parameters)[:2], weights


class WordEmbedding(nn.Module):
    """A vector of size D for each of V words; see word_embedding_forward."""

    def __init__(self, V, D):
        super().__init__()
        self.W_embed = nn.Parameter(torch.randn(V, D))

    def forward(self, words):
        return word_embedding_forward(words, self.W_embed)


# 6. The captioner
class CaptioningRNN(nn.Module):
    """From features to a caption (after Vinyals et al. 2015 and Xu et al. 2015).

    The cell gets as its image image_projection of the features, at each position of the
    grid; or, if it does not attend, of their mean. scores = vocabulary_projection(h)
    """

    cells = {"rnn": RNN, "lstm": LSTM, "attn": AttentionLSTM}

    def __init__(self, word_to_idx, input_dim, wordvec_dim, hidden_dim,
                 cell_type="rnn", ignore_index=NULL):  # fmt: skip
        """(given)  word_to_idx: ids 0..V-1 by word; input_dim: C; ignore_index: id, or
        word, of the target that does not count (None: all do). ValueError: unknown cell
        """
        super().__init__()
        if cell_type not in self.cells:
            raise ValueError(f"cell_type {cell_type!r} is not in {list(self.cells)}")
        self.cell_type = cell_type
        self.null = word_to_idx[NULL]
        self.start = word_to_idx[START]
        self.end = word_to_idx[END]
        self.ignore_index = word_to_idx.get(ignore_index, ignore_index)
        self.word_embedding = WordEmbedding(len(word_to_idx), wordvec_dim)
        self.image_projection = nn.Linear(input_dim, hidden_dim)
        self.cell = self.cells[cell_type](wordvec_dim, hidden_dim)
        self.vocabulary_projection = nn.Linear(hidden_dim, len(word_to_idx))

    def _project_image(self, features):
        image = features if self.cell.attends else features.mean(dim=(2, 3))
        return self.image_projection(image.movedim(1, -1)).movedim(-1, 1)

    def forward(self, features, captions):
        """Training loss by teacher forcing: reads the true words, predicts the next.

        features (N,C,h,w); captions (N,T+1) int64: START, words, END, then NULL. Reads
        captions[:, :-1], predicts captions[:, 1:].  Returns the loss, a 0-dim tensor.
        """
        x = self.word_embedding(captions[:, :-1])
        h, _ = self.cell(x, self._project_image(features))
        scores = self.vocabulary_projection(h)
        return temporal_softmax_loss(scores, captions[:, 1:], self.ignore_index)

    @torch.no_grad()
    def sample(self, features, max_length=15):
        """Greedy captions: reads START, then each time the word it has just predicted.

        features (N,C,h,w) -> captions (N,max_length) int64, predicted words alone, NULL
        after END; and weights (N,max_length,h,w), or None if the cell does not attend.
        """
        image = self._project_image(features)
        state = self.cell.start(image)
        word = torch.full((len(features),), self.start, device=features.device)
        ended = torch.zeros_like(word, dtype=torch.bool)
        captions, weights = [], []
        for _ in range(max_length):
            x = self.word_embedding(word)
            state, weights_t = self.cell.step(x, state, image)
            scores = self.vocabulary_projection(state[0])
            word = scores.argmax(dim=1).masked_fill(ended, self.null)
            ended = ended | (word == self.end)
            captions.append(word)
            weights.append(weights_t)
        weights = torch.stack(weights, dim=1) if self.cell.attends else None
        return torch.stack(captions, dim=1), weights
