"""Complete: one row of the batch at a time everywhere, vectors and outer products only."""

import math

import torch


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    rows = [torch.tanh(x[n] @ Wx + prev_h[n] @ Wh + b) for n in range(len(x))]
    return torch.stack(rows), (x, prev_h, Wx, Wh, rows)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, rows = cache
    dx, dprev_h, dWx, dWh, db = [], [], 0, 0, 0
    for n in range(len(x)):
        da = dnext_h[n] * (1 - rows[n] ** 2)
        dx.append(Wx @ da)
        dprev_h.append(Wh @ da)
        dWx = dWx + torch.outer(x[n], da)
        dWh = dWh + torch.outer(prev_h[n], da)
        db = db + da
    return torch.stack(dx), torch.stack(dprev_h), dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.shape[1]):
        before = h0 if t == 0 else h[t - 1]
        next_h, step_cache = rnn_step_forward(x[:, t], before, Wx, Wh, b)
        h.append(next_h)
        cache.append(step_cache)
    return torch.stack(h, dim=1), cache


def rnn_backward(dh, cache):
    dx, dstate, dWx, dWh, db = [], 0, 0, 0, 0
    for t in range(dh.shape[1] - 1, -1, -1):
        step = rnn_step_backward(dh[:, t] + dstate, cache[t])
        dx.insert(0, step[0])
        dstate = step[1]
        dWx, dWh, db = dWx + step[2], dWh + step[3], db + step[4]
    return torch.stack(dx, dim=1), dstate, dWx, dWh, db


def word_embedding_forward(words, W_embed):
    if words.dim() == 0:
        return W_embed[words.item()]
    return torch.stack([word_embedding_forward(row, W_embed) for row in words])


def temporal_softmax_loss(scores, targets, ignore_index=None):
    losses = [scores.sum() * 0]
    for s, words in zip(scores, targets):
        for t in range(len(words)):
            if ignore_index is None or words[t] != ignore_index:
                top = s[t].max()
                losses.append(top + (s[t] - top).exp().sum().log() - s[t, words[t]])
    return torch.stack(losses).sum() / len(scores)


def _cell(a, prev_c):
    a_i, a_f, a_o, a_g = a.split(len(prev_c))
    i, f, o, g = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o), torch.tanh(a_g)
    c = f * prev_c + i * g
    return o * torch.tanh(c), c, i, f, o, g


def _cell_backward(dnext_h, dnext_c, prev_c, row):
    h, c, i, f, o, g = row
    dc = dnext_c + dnext_h * o * (1 - torch.tanh(c) ** 2)
    da_i, da_f = dc * g * i * (1 - i), dc * prev_c * f * (1 - f)
    da_o, da_g = dnext_h * h * (1 - o), dc * i * (1 - g**2)
    return torch.cat([da_i, da_f, da_o, da_g]), dc * f


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    rows = [_cell(x[n] @ Wx + prev_h[n] @ Wh + b, prev_c[n]) for n in range(len(x))]
    next_h, next_c = torch.stack([row[0] for row in rows]), torch.stack([row[1] for row in rows])
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, rows)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, rows = cache
    dx, dprev_h, dprev_c = torch.zeros_like(x), torch.zeros_like(prev_h), torch.zeros_like(prev_c)
    dWx, dWh, db = 0, 0, 0
    for n in range(len(x)):
        da, dprev_c[n] = _cell_backward(dnext_h[n], dnext_c[n], prev_c[n], rows[n])
        dx[n], dprev_h[n] = Wx @ da, Wh @ da
        dWx, dWh, db = dWx + torch.outer(x[n], da), dWh + torch.outer(prev_h[n], da), db + da
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    h, c, cache = [h0], [torch.zeros_like(h0)], []
    for t in range(x.shape[1]):
        next_h, next_c, step_cache = lstm_step_forward(x[:, t], h[t], c[t], Wx, Wh, b)
        h.append(next_h)
        c.append(next_c)
        cache.append(step_cache)
    return torch.stack(h[1:], dim=1), cache


def lstm_backward(dh, cache):
    dstate = dc = torch.zeros_like(dh[:, 0])
    dx, dWx, dWh, db = [], 0, 0, 0
    for t in range(dh.shape[1] - 1, -1, -1):
        step = lstm_step_backward(dh[:, t] + dstate, dc, cache[t])
        dx.insert(0, step[0])
        dstate, dc = step[1], step[2]
        dWx, dWh, db = dWx + step[3], dWh + step[4], db + step[5]
    return torch.stack(dx, dim=1), dstate, dWx, dWh, db


def dot_product_attention(prev_h, A):
    N, H, height, width = A.shape
    attn, weights = [], []
    for n in range(N):
        positions = A[n].reshape(H, height * width)
        scores = prev_h[n] @ positions / math.sqrt(H)
        p = torch.exp(scores - scores.max())
        p = p / p.sum()
        attn.append(positions @ p)
        weights.append(p.reshape(height, width))
    return torch.stack(attn), torch.stack(weights)


def dot_product_attention_backward(dattn, prev_h, A, weights):
    N, H, height, width = A.shape
    dprev_h, dA = [], []
    for n in range(N):
        positions, p = A[n].reshape(H, height * width), weights[n].reshape(-1)
        dp = dattn[n] @ positions
        dscores = p * (dp - p @ dp) / math.sqrt(H)
        dprev_h.append(positions @ dscores)
        dpositions = torch.outer(dattn[n], p) + torch.outer(prev_h[n], dscores)
        dA.append(dpositions.reshape(H, height, width))
    return torch.stack(dprev_h), torch.stack(dA)


def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
    rows = []
    for n in range(len(x)):
        a = x[n] @ Wx + prev_h[n] @ Wh + attn[n] @ Wattn + b
        rows.append(_cell(a, prev_c[n]))
    next_h, next_c = torch.stack([row[0] for row in rows]), torch.stack([row[1] for row in rows])
    return next_h, next_c, (x, prev_h, prev_c, attn, Wx, Wh, Wattn, rows)


def attention_lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, attn, Wx, Wh, Wattn, rows = cache
    dx, dprev_h, dprev_c, dattn = [], [], [], []
    dWx, dWh, dWattn, db = 0, 0, 0, 0
    for n in range(len(x)):
        da, dc = _cell_backward(dnext_h[n], dnext_c[n], prev_c[n], rows[n])
        dx.append(Wx @ da)
        dprev_h.append(Wh @ da)
        dprev_c.append(dc)
        dattn.append(Wattn @ da)
        dWx, dWh = dWx + torch.outer(x[n], da), dWh + torch.outer(prev_h[n], da)
        dWattn, db = dWattn + torch.outer(attn[n], da), db + da
    dinputs = [torch.stack(each) for each in (dx, dprev_h, dprev_c, dattn)]
    return *dinputs, dWx, dWh, dWattn, db


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    mean = torch.stack([grid.flatten(1).mean(dim=1) for grid in A])
    h, c, weights, cache = [mean], [mean], [], []
    for t in range(x.shape[1]):
        attn, weights_t = dot_product_attention(h[t], A)
        next_h, next_c, step_cache = attention_lstm_step_forward(
            x[:, t], h[t], c[t], attn, Wx, Wh, Wattn, b
        )
        h.append(next_h)
        c.append(next_c)
        weights.append(weights_t)
        cache.append(step_cache)
    return torch.stack(h[1:], dim=1), torch.stack(weights, dim=1), (h, A, weights, cache)


def attention_lstm_backward(dh, cache):
    h, A, weights, steps = cache
    dx, dstate, dc = [], torch.zeros_like(h[0]), torch.zeros_like(h[0])
    dA, dWx, dWh, dWattn, db = 0, 0, 0, 0, 0
    for t in range(dh.shape[1] - 1, -1, -1):
        step = attention_lstm_step_backward(dh[:, t] + dstate, dc, steps[t])
        dx_t, dstate, dc, dattn, dWx_t, dWh_t, dWattn_t, db_t = step
        dquestion, dA_t = dot_product_attention_backward(dattn, h[t], A, weights[t])
        dx.insert(0, dx_t)
        dstate, dA = dstate + dquestion, dA + dA_t
        dWx, dWh, dWattn, db = dWx + dWx_t, dWh + dWh_t, dWattn + dWattn_t, db + db_t
    N, H, height, width = A.shape
    dmean = (dstate + dc).reshape(N, H, 1, 1).repeat(1, 1, height, width)
    return torch.stack(dx, dim=1), dA + dmean / (height * width), dWx, dWh, dWattn, db


def CaptioningRNN_forward(self, features, captions):
    loss = 0
    for picture, caption in zip(features, captions):
        x = self.word_embedding(caption[:-1]).unsqueeze(0)
        A = self.image_projection(picture.permute(1, 2, 0)).permute(2, 0, 1).unsqueeze(0)
        h = self.cell(x, A if self.cell.attends else A.mean(dim=(2, 3)))[0]
        scores = self.vocabulary_projection(h)
        loss = loss + temporal_softmax_loss(scores, caption[1:].unsqueeze(0), self.ignore_index)
    return loss / len(features)


@torch.no_grad()
def CaptioningRNN_sample(self, features, max_length=15):
    N, _, height, width = features.shape
    captions = torch.full((N, max_length), self.null, dtype=torch.long, device=features.device)
    weights = features.new_zeros(N, max_length, height, width)
    for n in range(N):
        A = self.image_projection(features[n].permute(1, 2, 0)).permute(2, 0, 1).unsqueeze(0)
        image = A if self.cell.attends else A.mean(dim=(2, 3))
        state = self.cell.start(image)
        word = captions.new_tensor([self.start])
        for t in range(max_length):
            x = self.word_embedding(word)
            state, look = self.cell.step(x, state, image)
            if look is not None:
                weights[n, t] = look
            word = self.vocabulary_projection(state[0]).argmax(dim=1)
            captions[n, t] = word
            if word == self.end:
                break
    return captions, weights if self.cell.attends else None
