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
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    """Gradients of one RNN step, with a = x Wx + prev_h Wh + b and next_h = tanh(a).

    dnext_h (N,H): gradient of the loss with respect to next_h.
        da = dnext_h * (1 - next_h^2),  then dx = da Wx^T, dWx = x^T da, ...
    Returns dx (N,D), dprev_h (N,H), dWx (D,H), dWh (H,H), db (H,).
    """
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(0)


def rnn_forward(x, h0, Wx, Wh, b):
    """Run the RNN over a whole sequence: the same weights at every step.

    x (N,T,D), h0 (N,H), Wx (D,H), Wh (H,H), b (H,)
        h[:, t] = step(x[:, t], h[:, t-1])   with h0 before the first step
    Returns h (N,T,H), the state after every step, and a cache.
    """
    states, caches, state = [], [], h0
    for xt in x.unbind(1):
        state, c = rnn_step_forward(xt, state, Wx, Wh, b)
        states.append(state)
        caches.append(c)
    return torch.stack(states, 1), caches


def rnn_backward(dh, cache):
    """Backpropagation through time: from the last step to the first.

    dh (N,T,H): gradient with respect to each step's output, not through later steps.
        dnext_h = dh[:, t] + dprev_h of step t+1,  as h[:, t] is an output and feeds t+1
    Returns dx (N,T,D), dh0 (N,H); and, summed over time, dWx (D,H), dWh (H,H), db (H,).
    """
    dx = []
    dWx = dWh = db = 0
    carried = torch.zeros_like(dh[:, 0])
    for t in range(dh.shape[1] - 1, -1, -1):
        dxt, carried, gx, gh, gb = rnn_step_backward(dh[:, t] + carried, cache[t])
        dx.insert(0, dxt)
        dWx, dWh, db = dWx + gx, dWh + gh, db + gb
    return torch.stack(dx, 1), carried, dWx, dWh, db


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
    dW = dout.new_zeros(V, dout.shape[-1])
    for v, row in zip(words.flatten().tolist(), dout.flatten(0, -2)):
        dW[v] += row
    return dW


def temporal_softmax_loss(scores, targets, ignore_index=None):
    """Cross-entropy of every word: summed over time, averaged over the batch.

    scores (N,T,V), targets (N,T) int64 in 0..V-1; those equal to ignore_index do not
    count (None: all count).
        log_probs = log softmax(scores) = (scores - m) - log sum exp(scores - m)
                    sum and m = max(scores) over V; with m, exp never overflows
        loss = -1/N  sum of log_probs[n, t, targets[n, t]] over the n, t that count
    Returns the loss, a 0-dim tensor; 0 when nothing counts.
    """
    s = scores - scores.amax(2, keepdim=True)
    logp = s - s.exp().sum(2, keepdim=True).log()
    picked = logp.gather(2, targets.unsqueeze(2)).squeeze(2)
    if ignore_index is not None:
        picked = torch.where(targets == ignore_index, torch.zeros_like(picked), picked)
    return -picked.sum() / scores.shape[0]


def temporal_softmax_loss_backward(scores, targets, ignore_index=None):
    """Gradient of temporal_softmax_loss with respect to its scores.

    The arguments are those of temporal_softmax_loss.
        dscores = (softmax(scores) - one_hot(targets)) / N, 0 where targets do not count
    Returns dscores (N,T,V).
    """
    probs = scores.softmax(2)
    N, T, V = scores.shape
    for n in range(N):
        for t in range(T):
            probs[n, t, targets[n, t]] -= 1
            if ignore_index is not None and targets[n, t] == ignore_index:
                probs[n, t] = 0
    return probs / N


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
    a_i, a_f, a_o, a_g = (x @ Wx + prev_h @ Wh + b).chunk(4, 1)
    i, f, o, g = a_i.sigmoid(), a_f.sigmoid(), a_o.sigmoid(), a_g.tanh()
    next_c = f * prev_c + i * g
    tc = next_c.tanh()
    return o * tc, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, tc)


def lstm_step_backward(dnext_h, dnext_c, cache):
    """Gradients of one LSTM step.

    next_c reaches the loss by two paths, through later steps and through next_h.
    dnext_h (N,H): the whole gradient; dnext_c (N,H): only what comes from later steps.
        dc = dnext_c + dnext_h * o * (1 - tanh(next_c)^2)    dprev_c = dc * f
        di = dc * g    df = dc * prev_c    do = dnext_h * tanh(next_c)    dg = dc * i
        da_i = di * i * (1 - i), likewise f and o            da_g = dg * (1 - g^2)
    Returns dx (N,D), dprev_h (N,H), dprev_c (N,H), dWx (D,4H), dWh (H,4H), db (4H,).
    """
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, tc = cache
    dc = dnext_c + dnext_h * o * (1 - tc**2)
    da = torch.cat(
        [
            dc * g * i * (1 - i),
            dc * prev_c * f * (1 - f),
            dnext_h * tc * o * (1 - o),
            dc * i * (1 - g**2),
        ],
        1,
    )
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(0)


def lstm_forward(x, h0, Wx, Wh, b):
    """Run the LSTM over a whole sequence, from h0 and a cell state of zeros.

    x (N,T,D), h0 (N,H), Wx (D,4H), Wh (H,4H), b (4H,)
    Returns h (N,T,H) and a cache.
    """
    N, T, _ = x.shape
    out = h0.new_empty(N, T, h0.shape[1])
    h, c, caches = h0, torch.zeros_like(h0), []
    for t in range(T):
        h, c, k = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        out[:, t] = h
        caches.append(k)
    return out, caches


def lstm_backward(dh, cache):
    """Backpropagation through time for the LSTM: two gradients travel back, of h and c.

    dh (N,T,H): gradient with respect to each step's output, not through later steps.
    Returns dx (N,T,D), dh0 (N,H), dWx (D,4H), dWh (H,4H), db (4H,).
    """
    T = dh.shape[1]
    dxs = [None] * T
    grads = [0, 0, 0]
    back_h = back_c = torch.zeros_like(dh[:, 0])
    for t in reversed(range(T)):
        dxs[t], back_h, back_c, *g = lstm_step_backward(dh[:, t] + back_h, back_c, cache[t])
        grads = [s + n for s, n in zip(grads, g)]
    return torch.stack(dxs, 1), back_h, *grads


# 4. Attention
def dot_product_attention(prev_h, A):
    """Scaled dot-product attention (Luong et al. 2015; scale: Vaswani et al. 2017).

    prev_h (N,H): the query; A (N,H,h,w): its A[p] (N,H) is key and value of position p
        scores[p] = prev_h . A[p] / sqrt(H)
        weights   = softmax(scores) over all positions p
        attn      = sum over p of weights[p] A[p],  the context vector
    Returns attn (N,H) and weights (N,h,w), which sum to 1 over the grid.
    """
    score = torch.einsum("nk,nkhw->nhw", prev_h, A) / math.sqrt(A.shape[1])
    weights = score.flatten(1).softmax(1).view_as(score)
    return torch.einsum("nhw,nkhw->nk", weights, A), weights


def dot_product_attention_backward(dattn, prev_h, A, weights):
    """Gradients of dot_product_attention. A is used twice, as values and as keys.

    dattn (N,H), prev_h (N,H), A (N,H,h,w), weights (N,h,w)
        dweights[p] = dattn . A[p]
        dscores[p]  = weights[p] (dweights[p] - sum over q of weights[q] dweights[q])
        dprev_h     = sum over p of dscores[p] A[p] / sqrt(H)
        dA[p]       = weights[p] dattn + dscores[p] prev_h / sqrt(H)
    Returns dprev_h (N,H), dA (N,H,h,w).
    """
    r = math.sqrt(A.shape[1])
    dweights = torch.einsum("nk,nkhw->nhw", dattn, A)
    dscore = weights * (dweights - (weights * dweights).sum((1, 2), keepdim=True))
    dprev_h = torch.einsum("nhw,nkhw->nk", dscore, A) / r
    dA = weights[:, None] * dattn[:, :, None, None] + dscore[:, None] * prev_h[:, :, None, None] / r
    return dprev_h, dA


def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
    """One step of an LSTM with one more input, the context vector (Xu et al. 2015).

    x (N,D), prev_h, prev_c, attn (N,H), Wx (D,4H), Wh, Wattn (H,4H), b (4H,)
        a = x Wx + attn Wattn + prev_h Wh + b,   then as in lstm_step_forward
          = [x, attn] [Wx; Wattn] + prev_h Wh + b    (side by side, one above the other)
    Returns next_h (N,H), next_c (N,H) and a cache.
    """
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + attn @ Wattn + b
    i, f, o = (torch.sigmoid(a[:, k * H : (k + 1) * H]) for k in range(3))
    g = torch.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    tc = torch.tanh(next_c)
    return o * tc, next_c, (x, prev_h, prev_c, attn, Wx, Wh, Wattn, i, f, o, g, tc)


def attention_lstm_step_backward(dnext_h, dnext_c, cache):
    """Gradients of one attention-LSTM step: those of an LSTM step, cut apart.

    dnext_h (N,H): the whole gradient; dnext_c (N,H): only what comes from later steps.
    Returns dx (N,D), dprev_h (N,H), dprev_c (N,H), dattn (N,H), dWx (D,4H), dWh (H,4H),
    dWattn (H,4H), db (4H,); dprev_h without the path through attention.
    """
    x, prev_h, prev_c, attn, Wx, Wh, Wattn, i, f, o, g, tc = cache
    dc = dnext_c + dnext_h * o * (1 - tc**2)
    da = torch.cat(
        [
            dc * g * i * (1 - i),
            dc * prev_c * f * (1 - f),
            dnext_h * tc * o * (1 - o),
            dc * i * (1 - g**2),
        ],
        1,
    )
    return (
        da @ Wx.T,
        da @ Wh.T,
        dc * f,
        da @ Wattn.T,
        x.T @ da,
        prev_h.T @ da,
        attn.T @ da,
        da.sum(0),
    )


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    """Run the attention LSTM over a whole sequence: look, then step.

    x (N,T,D), A (N,H,h,w), Wx (D,4H), Wh (H,4H), Wattn (H,4H), b (4H,)
        h0 = c0 = mean of A over its positions
        attn_t, weights_t = dot_product_attention(h[:, t-1], A),  with h0 at t = 0
    Returns h (N,T,H), weights (N,T,h,w) and a cache. The weights are to be looked at:
    the loss does not use them.
    """
    h = c = A.mean((2, 3))
    hs, ws, steps = [], [], []
    for t in range(x.shape[1]):
        attn, weights = dot_product_attention(h, A)
        prev_h = h
        h, c, k = attention_lstm_step_forward(x[:, t], h, c, attn, Wx, Wh, Wattn, b)
        hs.append(h)
        ws.append(weights)
        steps.append((k, prev_h, weights))
    return torch.stack(hs, 1), torch.stack(ws, 1), (A, steps)


def attention_lstm_backward(dh, cache):
    """Backpropagation through time for the attention LSTM. h[:, t-1] is used twice by
    step t, as its state and as its query: the two gradients add. A gets one at every
    step, and one through its mean, which is h0 and c0.

    dh (N,T,H): gradient with respect to each step's output, not through later steps.
    Returns dx (N,T,D), dA (N,H,h,w), dWx (D,4H), dWh (H,4H), dWattn (H,4H), db (4H,).
    """
    A, steps = cache
    dA = torch.zeros_like(A)
    back_h = back_c = torch.zeros_like(dh[:, 0])
    dWx = dWh = dWattn = db = 0
    dx = []
    for t in reversed(range(len(steps))):
        k, prev_h, weights = steps[t]
        dxt, dp, back_c, dattn, g1, g2, g3, g4 = attention_lstm_step_backward(
            dh[:, t] + back_h, back_c, k
        )
        dq, dAt = dot_product_attention_backward(dattn, prev_h, A, weights)
        back_h = dp + dq
        dA = dA + dAt
        dWx, dWh, dWattn, db = dWx + g1, dWh + g2, dWattn + g3, db + g4
        dx.append(dxt)
    dA = dA + ((back_h + back_c) / (A.shape[2] * A.shape[3]))[:, :, None, None]
    return torch.stack(dx[::-1], 1), dA, dWx, dWh, dWattn, db


# 5. The cells (given). A cell is any module Cell(D, H) that speaks this protocol:
#     attends               does it want image as a grid (N,H,h,w), or its mean (N,H)?
#     forward(x, image)     all steps: x (N,T,D) -> h (N,T,H), weights (N,T,h,w) or None
#     start(image)          -> the state before the first step: a tuple, h its first
#     step(x, state, image) one step: x (N,D) -> the next state, weights (N,h,w) or None


def _weight(rows, columns):
    """A normal (rows, columns) parameter with variance 1 / rows (LeCun et al. 1998)."""
    return nn.Parameter(torch.randn(rows, columns) / math.sqrt(rows))


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
    """From features to a caption (after Vinyals et al. 2015 and Xu et al. 2015)."""

    cells = {"rnn": RNN, "lstm": LSTM, "attn": AttentionLSTM}

    def __init__(self, word_to_idx, input_dim, wordvec_dim, hidden_dim,
                 cell_type="rnn", ignore_index=NULL):  # fmt: skip
        """(given)  word_to_idx: ids 0..V-1 by word; input_dim: C; ignore_index: id, or
        word, of the target that does not count; None: all count.
        Raises ValueError for an unknown cell_type.
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

    def forward(self, features, captions):
        """Training loss by teacher forcing: reads the true words, predicts the next.

        features (N,C,h,w); captions (N,T+1) int64: START, words, END, then NULL. Reads
        captions[:, :-1], predicts captions[:, 1:].  Returns the loss, a 0-dim tensor.
        """
        x = self.word_embedding(captions[:, :-1])
        if self.cell.attends:
            image = self.image_projection(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        else:
            image = self.image_projection(features.mean((2, 3)))
        h, _ = self.cell(x, image)
        return temporal_softmax_loss(
            self.vocabulary_projection(h), captions[:, 1:], self.ignore_index
        )

    @torch.no_grad()
    def sample(self, features, max_length=15):
        """Greedy captions: reads START, then each time the word it has just predicted.

        features (N,C,h,w)
        Returns captions (N,max_length) int64, the first predicted word first, only NULL
        after END; and weights (N,max_length,h,w), or None if the cell does not attend.
        """
        N = features.shape[0]
        attends = self.cell.attends
        if attends:
            image = self.image_projection(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        else:
            image = self.image_projection(features.mean((2, 3)))
        state = self.cell.start(image)
        word = torch.full((N,), self.start, dtype=torch.long, device=features.device)
        done = torch.zeros_like(word, dtype=torch.bool)
        captions = torch.full((N, max_length), self.null, dtype=torch.long, device=features.device)
        looks = features.new_zeros(N, max_length, *features.shape[2:])
        for t in range(max_length):
            x = self.word_embedding(word)
            state, look = self.cell.step(x, state, image)
            if attends:
                looks[:, t] = look
            word = self.vocabulary_projection(state[0]).argmax(1)
            word = word.masked_fill(done, self.null)
            captions[:, t] = word
            done |= word == self.end
        return captions, looks if attends else None
