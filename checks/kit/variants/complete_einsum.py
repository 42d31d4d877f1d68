"""Complete: einsum for every product, lists stacked time first, gates on an axis of their own."""

import torch
from torch import einsum


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = (einsum("nd,dh->nh", x, Wx) + einsum("nk,kh->nh", prev_h, Wh) + b).tanh()
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h - dnext_h * next_h**2
    return _affine_backward(da, (x, Wx), (prev_h, Wh))


def _affine_backward(da, *pairs):
    """Gradients of the inputs, then of their weights, then of the bias."""
    dinputs = [einsum("nh,dh->nd", da, W) for _, W in pairs]
    dweights = [einsum("nd,nh->dh", inputs, da) for inputs, _ in pairs]
    return *dinputs, *dweights, einsum("nh->h", da)


def rnn_forward(x, h0, Wx, Wh, b):
    steps = [(h0, None)]
    for x_t in einsum("ntd->tnd", x):
        steps.append(rnn_step_forward(x_t, steps[-1][0], Wx, Wh, b))
    h, cache = zip(*steps[1:])
    return einsum("tnh->nth", torch.stack(h)), cache


def rnn_backward(dh, cache):
    dx, dweights = [], []
    dstate = torch.zeros_like(dh[:, 0])
    for t in reversed(range(len(cache))):
        dx_t, dstate, *step = rnn_step_backward(dh[:, t] + dstate, cache[t])
        dx.append(dx_t)
        dweights.append(step)
    dWx, dWh, db = (torch.stack(each).sum(0) for each in zip(*dweights))
    return einsum("tnd->ntd", torch.stack(dx[::-1])), dstate, dWx, dWh, db


def word_embedding_forward(words, W_embed):
    one_hot = torch.eye(len(W_embed), dtype=W_embed.dtype, device=W_embed.device)[words]
    return einsum("...v,vd->...d", one_hot, W_embed)


def temporal_softmax_loss(scores, targets, ignore_index=None):
    N, _, V = scores.shape
    one_hot = torch.eye(V, dtype=scores.dtype, device=scores.device)[targets]
    if ignore_index is not None:
        one_hot = one_hot * (targets != ignore_index).unsqueeze(-1)
    return -einsum("ntv,ntv->", one_hot, scores.log_softmax(-1)) / N


def _cell(a, prev_c):
    a = a.unflatten(1, (4, prev_c.shape[1]))
    i, f, o = einsum("nkh->knh", a[:, :3].sigmoid())
    g = a[:, 3].tanh()
    next_c = f * prev_c + i * g
    tanh_c = next_c.tanh()
    return o * tanh_c, next_c, (prev_c, i, f, o, g, tanh_c)


def _cell_backward(dnext_h, dnext_c, cache):
    prev_c, i, f, o, g, tanh_c = cache
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    dgates = torch.stack([dc * g, dc * prev_c, dnext_h * tanh_c, dc * i])
    slopes = torch.stack([i * (1 - i), f * (1 - f), o * (1 - o), 1 - g**2])
    return einsum("knh,knh->nkh", dgates, slopes).flatten(1), dc * f


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = einsum("nd,dk->nk", x, Wx) + einsum("nh,hk->nk", prev_h, Wh) + b
    next_h, next_c, cell = _cell(a, prev_c)
    return next_h, next_c, (x, prev_h, Wx, Wh, cell)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, Wx, Wh, cell = cache
    da, dprev_c = _cell_backward(dnext_h, dnext_c, cell)
    dx, dprev_h, *dweights = _affine_backward(da, (x, Wx), (prev_h, Wh))
    return dx, dprev_h, dprev_c, *dweights


def lstm_forward(x, h0, Wx, Wh, b):
    steps = [(h0, torch.zeros_like(h0), None)]
    for x_t in einsum("ntd->tnd", x):
        steps.append(lstm_step_forward(x_t, *steps[-1][:2], Wx, Wh, b))
    h, _, cache = zip(*steps[1:])
    return einsum("tnh->nth", torch.stack(h)), cache


def lstm_backward(dh, cache):
    dx, dweights = [], []
    dstate = dc = torch.zeros_like(dh[:, 0])
    for t in reversed(range(len(cache))):
        dx_t, dstate, dc, *step = lstm_step_backward(dh[:, t] + dstate, dc, cache[t])
        dx.append(dx_t)
        dweights.append(step)
    dWx, dWh, db = (torch.stack(each).sum(0) for each in zip(*dweights))
    return einsum("tnd->ntd", torch.stack(dx[::-1])), dstate, dWx, dWh, db


def dot_product_attention(prev_h, A):
    scores = einsum("nc,ncij->nij", prev_h, A) * A.shape[1] ** -0.5
    scores = scores - scores.amax((1, 2), keepdim=True)
    weights = scores.exp() / einsum("nij->n", scores.exp())[:, None, None]
    return einsum("nij,ncij->nc", weights, A), weights


def dot_product_attention_backward(dattn, prev_h, A, weights):
    dweights = einsum("nc,ncij->nij", dattn, A)
    mean = einsum("nij,nij->n", weights, dweights)
    dscores = einsum("nij,nij->nij", weights, dweights - mean[:, None, None]) * A.shape[1] ** -0.5
    dA = einsum("nij,nc->ncij", weights, dattn) + einsum("nij,nc->ncij", dscores, prev_h)
    return einsum("nij,ncij->nc", dscores, A), dA


def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
    pairs = (x, Wx), (prev_h, Wh), (attn, Wattn)
    a = sum(einsum("nd,dk->nk", inputs, W) for inputs, W in pairs) + b
    next_h, next_c, cell = _cell(a, prev_c)
    return next_h, next_c, (pairs, cell)


def attention_lstm_step_backward(dnext_h, dnext_c, cache):
    pairs, cell = cache
    da, dprev_c = _cell_backward(dnext_h, dnext_c, cell)
    dx, dprev_h, *rest = _affine_backward(da, *pairs)
    return dx, dprev_h, dprev_c, *rest


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    h = c = einsum("ncij->nc", A) / (A.shape[2] * A.shape[3])
    states, maps, cache = [], [], []
    for x_t in einsum("ntd->tnd", x):
        attn, weights = dot_product_attention(h, A)
        question = h
        h, c, step = attention_lstm_step_forward(x_t, h, c, attn, Wx, Wh, Wattn, b)
        states.append(h)
        maps.append(weights)
        cache.append((question, A, weights, step))
    return torch.stack(states, 1), torch.stack(maps, 1), cache


def attention_lstm_backward(dh, cache):
    dx, totals = [], []
    dstate = dc = torch.zeros_like(dh[:, 0])
    for t in reversed(range(len(cache))):
        question, A, weights, step = cache[t]
        dx_t, dstate, dc, dattn, *dweights = attention_lstm_step_backward(
            dh[:, t] + dstate, dc, step
        )
        dquestion, dA_t = dot_product_attention_backward(dattn, question, A, weights)
        dstate = dstate + dquestion
        dx.append(dx_t)
        totals.append([dA_t, *dweights])
    dA, dWx, dWh, dWattn, db = (torch.stack(each).sum(0) for each in zip(*totals))
    ones = torch.ones_like(weights) / weights[0].numel()
    dA = dA + einsum("nc,nij->ncij", dstate + dc, ones)
    return torch.stack(dx[::-1], 1), dA, dWx, dWh, dWattn, db


def _project(model, features):
    weight, bias = model.image_projection.weight, model.image_projection.bias
    return einsum("kc,ncij->nkij", weight, features) + bias[:, None, None]


def CaptioningRNN_forward(self, features, captions):
    x, A = self.word_embedding(captions[:, :-1]), _project(self, features)
    h, _ = self.cell(x, A if self.cell.attends else einsum("ncij->nc", A) / A[0, 0].numel())
    scores = einsum("nth,vh->ntv", h, self.vocabulary_projection.weight)
    scores = scores + self.vocabulary_projection.bias
    return temporal_softmax_loss(scores, captions[:, 1:], self.ignore_index)


def CaptioningRNN_sample(self, features, max_length=15):
    with torch.no_grad():
        A = _project(self, features)
        image = A if self.cell.attends else einsum("ncij->nc", A) / A[0, 0].numel()
        state = self.cell.start(image)
        word = torch.tensor([self.start] * len(A), device=A.device)
        ended = torch.zeros_like(word).bool()
        captions, maps = [], []
        for _ in range(max_length):
            x = self.word_embedding(word)
            state, weights = self.cell.step(x, state, image)
            maps.append(weights)
            word = torch.where(ended, self.null, self.vocabulary_projection(state[0]).argmax(-1))
            ended = torch.logical_or(ended, word == self.end)
            captions.append(word)
        captions = einsum("tn->nt", torch.stack(captions))
        return captions, None if None in maps else torch.stack(maps, 1)
