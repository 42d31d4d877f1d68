"""Complete: what torch.nn.functional offers wherever it offers something."""

import torch
import torch.nn.functional as F


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = F.tanh(F.linear(x, Wx.T, b) + F.linear(prev_h, Wh.T))
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = torch.addcmul(dnext_h, dnext_h, next_h.square(), value=-1)
    dWx, dWh = F.linear(x.T, da.T), F.linear(prev_h.T, da.T)
    return F.linear(da, Wx), F.linear(da, Wh), dWx, dWh, da.sum(0)


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache, from_x = [h0], (x, Wx, Wh), F.linear(x, Wx.T, b)
    for from_x_t in from_x.unbind(dim=1):
        h.append(F.tanh(from_x_t + F.linear(h[-1], Wh.T)))
    return torch.stack(h[1:], dim=1), (*cache, h)


def rnn_backward(dh, cache):
    x, Wx, Wh, h = cache
    dstate, da = torch.zeros_like(h[0]), []
    for t in reversed(range(x.shape[1])):
        da.append((dh[:, t] + dstate) * (1 - h[t + 1].square()))
        dstate = F.linear(da[-1], Wh)
    da = torch.stack(da[::-1], dim=1)
    before = torch.stack(h[:-1], dim=1)
    dWx = torch.tensordot(x, da, dims=([0, 1], [0, 1]))
    dWh = torch.tensordot(before, da, dims=([0, 1], [0, 1]))
    return F.linear(da, Wx), dstate, dWx, dWh, da.sum(dim=(0, 1))


def word_embedding_forward(words, W_embed):
    return F.embedding(words, W_embed)


def temporal_softmax_loss(scores, targets, ignore_index=None):
    ignored = -100 if ignore_index is None else ignore_index
    loss = F.cross_entropy(scores.transpose(1, 2), targets, ignore_index=ignored, reduction="sum")
    return loss / scores.size(0)


def _gates(a, prev_c):
    i, f, o, g = a.chunk(4, dim=1)
    i, f, o, g = F.sigmoid(i), F.sigmoid(f), F.sigmoid(o), F.tanh(g)
    next_c = f * prev_c + i * g
    return o * F.tanh(next_c), next_c, (i, f, o, g, prev_c, next_c)


def _gates_backward(dnext_h, dnext_c, cache):
    i, f, o, g, prev_c, next_c = cache
    dc = dnext_c + dnext_h * o * (1 - F.tanh(next_c).square())
    dgates = torch.cat([dc * g, dc * prev_c, dnext_h * F.tanh(next_c)], dim=1)
    gates = torch.cat([i, f, o], dim=1)
    return torch.cat([dgates * gates * (1 - gates), dc * i * (1 - g.square())], dim=1), dc * f


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    next_h, next_c, gates = _gates(F.linear(x, Wx.T, b) + F.linear(prev_h, Wh.T), prev_c)
    return next_h, next_c, (x, prev_h, Wx, Wh, gates)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, Wx, Wh, gates = cache
    da, dprev_c = _gates_backward(dnext_h, dnext_c, gates)
    return F.linear(da, Wx), F.linear(da, Wh), dprev_c, x.T @ da, prev_h.T @ da, da.sum(dim=0)


def lstm_forward(x, h0, Wx, Wh, b):
    h, c, gates, from_x = [h0], torch.zeros_like(h0), [], F.linear(x, Wx.T, b)
    for from_x_t in from_x.unbind(dim=1):
        h_t, c, gates_t = _gates(from_x_t + F.linear(h[-1], Wh.T), c)
        h.append(h_t)
        gates.append(gates_t)
    return torch.stack(h[1:], dim=1), (x, Wx, Wh, h, gates)


def lstm_backward(dh, cache):
    x, Wx, Wh, h, gates = cache
    dstate, dc, da = torch.zeros_like(h[0]), torch.zeros_like(h[0]), []
    for t in reversed(range(x.shape[1])):
        da_t, dc = _gates_backward(dh[:, t] + dstate, dc, gates[t])
        da.append(da_t)
        dstate = F.linear(da_t, Wh)
    da = torch.stack(da, dim=1).flip(dims=[1])
    dWx = torch.tensordot(x, da, dims=([0, 1], [0, 1]))
    dWh = torch.tensordot(torch.stack(h[:-1], dim=1), da, dims=([0, 1], [0, 1]))
    return F.linear(da, Wx), dstate, dWx, dWh, da.sum(dim=(0, 1))


def dot_product_attention(prev_h, A):
    query, rows = prev_h.unsqueeze(1), A.flatten(2).mT
    attn = F.scaled_dot_product_attention(query, rows, rows).squeeze(1)
    scores = torch.bmm(query, rows.mT).squeeze(1) / A.size(1) ** 0.5
    return attn, F.softmax(scores, dim=1).unflatten(1, A.shape[2:])


def dot_product_attention_backward(dattn, prev_h, A, weights):
    rows, scale = A.flatten(2).mT, A.size(1) ** -0.5
    p = weights.flatten(1)
    dp = torch.bmm(rows, dattn.unsqueeze(2)).squeeze(2)
    dscores = scale * p * (dp - torch.linalg.vecdot(p, dp).unsqueeze(1))
    dprev_h = torch.bmm(dscores.unsqueeze(1), rows).squeeze(1)
    drows = torch.stack([p, dscores], dim=2) @ torch.stack([dattn, prev_h], dim=1)
    return dprev_h, drows.mT.unflatten(2, A.shape[2:])


def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
    a = F.linear(x, Wx.T, b) + F.linear(prev_h, Wh.T) + F.linear(attn, Wattn.T)
    next_h, next_c, gates = _gates(a, prev_c)
    return next_h, next_c, ((x, prev_h, attn), (Wx, Wh, Wattn), gates)


def attention_lstm_step_backward(dnext_h, dnext_c, cache):
    inputs, weights, gates = cache
    da, dprev_c = _gates_backward(dnext_h, dnext_c, gates)
    dx, dprev_h, dattn = (F.linear(da, W) for W in weights)
    return dx, dprev_h, dprev_c, dattn, *(each.T @ da for each in inputs), da.sum(dim=0)


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    h = c = F.avg_pool2d(A, A.shape[2:]).flatten(1)
    states, maps, caches = [], [], []
    for x_t in x.unbind(dim=1):
        attn, weights = dot_product_attention(h, A)
        caches.append([h, weights])
        h, c, cache = attention_lstm_step_forward(x_t, h, c, attn, Wx, Wh, Wattn, b)
        states.append(h)
        maps.append(weights)
        caches[-1].append(cache)
    return torch.stack(states, dim=1), torch.stack(maps, dim=1), (A, caches)


def attention_lstm_backward(dh, cache):
    A, caches = cache
    dx, dA, dweights = [], torch.zeros_like(A), []
    dstate = dc = torch.zeros_like(dh[:, 0])
    for t in reversed(range(dh.shape[1])):
        prev_h, weights, step = caches[t]
        dx_t, dstate, dc, dattn, *dweights_t = attention_lstm_step_backward(
            dh[:, t] + dstate, dc, step
        )
        dquestion, dA_t = dot_product_attention_backward(dattn, prev_h, A, weights)
        dstate = dstate + dquestion
        dA += dA_t
        dx.append(dx_t)
        dweights.append(dweights_t)
    dmean = (dstate + dc).unsqueeze(-1).unsqueeze(-1)
    dA += F.interpolate(dmean, size=A.shape[2:]) / A.shape[2:].numel()
    dWx, dWh, dWattn, db = map(sum, zip(*dweights))
    return torch.stack(dx[::-1], dim=1), dA, dWx, dWh, dWattn, db


def _project(model, features):
    linear = model.image_projection
    return F.conv2d(features, linear.weight[..., None, None], linear.bias)


def CaptioningRNN_forward(self, features, captions):
    x, A = self.word_embedding(captions[:, :-1]), _project(self, features)
    pooled = F.adaptive_avg_pool2d(A, 1).flatten(1)
    h = self.cell(x, A)[0] if self.cell_type == "attn" else self.cell(x, pooled)[0]
    scores = F.linear(h, self.vocabulary_projection.weight, self.vocabulary_projection.bias)
    return temporal_softmax_loss(scores, captions[:, 1:], self.ignore_index)


@torch.inference_mode()
def CaptioningRNN_sample(self, features, max_length=15):
    A = _project(self, features)
    image = A if self.cell.attends else F.adaptive_avg_pool2d(A, 1).flatten(1)
    state = self.cell.start(image)
    word = torch.full((A.size(0),), self.start, device=A.device)
    captions, maps, running = [], [], torch.ones_like(word).bool()
    while len(captions) < max_length and running.any():
        x = F.embedding(word, self.word_embedding.W_embed)
        state, weights = self.cell.step(x, state, image)
        maps += [weights] if self.cell.attends else []
        word = F.log_softmax(self.vocabulary_projection(state[0]), dim=1).argmax(dim=1)
        word = torch.where(running, word, torch.full_like(word, self.null))
        running = running & word.ne(self.end)
        captions.append(word)
    missing = max_length - len(captions)
    captions = F.pad(torch.stack(captions, dim=1), (0, missing), value=self.null)
    if not maps:
        return captions, None
    return captions, F.pad(torch.stack(maps, dim=1), (0, 0, 0, 0, 0, missing))
