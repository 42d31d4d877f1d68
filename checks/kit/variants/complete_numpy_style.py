"""Complete: as one ports NumPy coursework: sizes unpacked first, buffers filled by index."""

import numpy as np
import torch


def sigmoid(a):
    return 1.0 / (1.0 + torch.exp(-a))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(prev_h.mm(Wh) + x.mm(Wx) + b)
    cache = (x, Wx, Wh, prev_h, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, Wx, Wh, prev_h, next_h = cache
    dtanh = (1 - next_h * next_h) * dnext_h
    dx = dtanh.mm(Wx.T)
    dprev_h = dtanh.mm(Wh.T)
    dWx = x.T.mm(dtanh)
    dWh = prev_h.T.mm(dtanh)
    db = torch.sum(dtanh, axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    _, H = h0.shape
    h = torch.zeros((N, T, H), dtype=x.dtype, device=x.device)
    cache = []
    prev_h = h0
    for t in range(T):
        next_h, step_cache = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        h[:, t, :] = next_h
        prev_h = next_h
        cache.append(step_cache)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    like = {"dtype": dh.dtype, "device": dh.device}
    dx = torch.zeros((N, T, D), **like)
    dprev_h = torch.zeros((N, H), **like)
    dWx, dWh, db = torch.zeros((D, H), **like), torch.zeros((H, H), **like), torch.zeros(H, **like)
    for t in range(T)[::-1]:
        dcurrent = dh[:, t, :] + dprev_h
        dx[:, t, :], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dcurrent, cache.pop())
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dprev_h, dWx, dWh, db


def word_embedding_forward(words, W_embed):
    out = W_embed[words, :]
    return out


def temporal_softmax_loss(scores, targets, ignore_index=None):
    N, T, V = scores.shape
    x_flat = scores.reshape(N * T, V)
    y_flat = targets.reshape(N * T)
    mask_flat = torch.ones(N * T, dtype=scores.dtype, device=scores.device)
    if ignore_index is not None:
        mask_flat = (y_flat != ignore_index).to(scores.dtype)
    logits = x_flat - torch.max(x_flat, dim=1, keepdim=True)[0]
    log_probs = logits - torch.log(torch.sum(torch.exp(logits), dim=1, keepdim=True))
    rows = torch.arange(N * T, device=scores.device)
    return -torch.sum(mask_flat * log_probs[rows, y_flat]) / N


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    a = x.mm(Wx) + prev_h.mm(Wh) + b
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H : 2 * H])
    o = sigmoid(a[:, 2 * H : 3 * H])
    g = torch.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    next_h = o * torch.tanh(next_c)
    cache = (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    do = dnext_h * torch.tanh(next_c)
    dnext_c = dnext_c + dnext_h * o * (1 - torch.tanh(next_c) ** 2)
    df, dprev_c = dnext_c * prev_c, dnext_c * f
    di, dg = dnext_c * g, dnext_c * i
    da = torch.hstack((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)))
    return da.mm(Wx.T), da.mm(Wh.T), dprev_c, x.T.mm(da), prev_h.T.mm(da), da.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    _, H = h0.shape
    h = torch.zeros((N, T, H), dtype=x.dtype, device=x.device)
    next_h, next_c = h0, torch.zeros((N, H), dtype=x.dtype, device=x.device)
    cache = []
    for t in range(T):
        next_h, next_c, step_cache = lstm_step_forward(x[:, t, :], next_h, next_c, Wx, Wh, b)
        h[:, t, :] = next_h
        cache.append(step_cache)
    return h, cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    like = {"dtype": dh.dtype, "device": dh.device}
    dx, dWx = torch.zeros((N, T, D), **like), torch.zeros((D, 4 * H), **like)
    dWh, db = torch.zeros((H, 4 * H), **like), torch.zeros(4 * H, **like)
    dprev_h, dprev_c = torch.zeros((N, H), **like), torch.zeros((N, H), **like)
    for t in range(T)[::-1]:
        dx[:, t, :], dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(
            dh[:, t, :] + dprev_h, dprev_c, cache.pop()
        )
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dprev_h, dWx, dWh, db


def dot_product_attention(prev_h, A):
    N, H, D_a, D_b = A.shape
    A_flat = A.reshape(N, H, D_a * D_b)
    scores = torch.matmul(prev_h.reshape(N, 1, H), A_flat) / np.sqrt(H)
    weights = torch.softmax(scores.reshape(N, D_a * D_b), dim=1)
    attn = torch.matmul(A_flat, weights.reshape(N, D_a * D_b, 1)).reshape(N, H)
    return attn, weights.reshape(N, D_a, D_b)


def dot_product_attention_backward(dattn, prev_h, A, weights):
    N, H, D_a, D_b = A.shape
    A_flat = A.reshape(N, H, D_a * D_b)
    weights = weights.reshape(N, 1, D_a * D_b)
    dweights = torch.matmul(dattn.reshape(N, 1, H), A_flat)
    dscores = weights * (dweights - torch.sum(dweights * weights, axis=2, keepdims=True))
    dscores = dscores / np.sqrt(H)
    dprev_h = torch.sum(dscores * A_flat, axis=2)
    dA = dattn.reshape(N, H, 1) * weights + prev_h.reshape(N, H, 1) * dscores
    return dprev_h, dA.reshape(N, H, D_a, D_b)


def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
    N, H = prev_h.shape
    a = x.mm(Wx) + prev_h.mm(Wh) + attn.mm(Wattn) + b
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H : 2 * H])
    o = sigmoid(a[:, 2 * H : 3 * H])
    g = torch.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    next_h = o * torch.tanh(next_c)
    cache = (x, prev_h, prev_c, attn, Wx, Wh, Wattn, i, f, o, g, next_c)
    return next_h, next_c, cache


def attention_lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, attn, Wx, Wh, Wattn, i, f, o, g, next_c = cache
    do = dnext_h * torch.tanh(next_c)
    dnext_c = dnext_c + dnext_h * o * (1 - torch.tanh(next_c) ** 2)
    df, dprev_c = dnext_c * prev_c, dnext_c * f
    di, dg = dnext_c * g, dnext_c * i
    da = torch.hstack((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)))
    dx, dprev_h, dattn = da.mm(Wx.T), da.mm(Wh.T), da.mm(Wattn.T)
    dWx, dWh, dWattn = x.T.mm(da), prev_h.T.mm(da), attn.T.mm(da)
    return dx, dprev_h, dprev_c, dattn, dWx, dWh, dWattn, da.sum(axis=0)


def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    N, T, D = x.shape
    _, H, D_a, D_b = A.shape
    h = torch.zeros((N, T, H), dtype=x.dtype, device=x.device)
    weights = torch.zeros((N, T, D_a, D_b), dtype=x.dtype, device=x.device)
    prev_h = A.mean(dim=(2, 3))
    prev_c = prev_h
    cache = []
    for t in range(T):
        attn, weights_t = dot_product_attention(prev_h, A)
        next_h, next_c, step_cache = attention_lstm_step_forward(
            x[:, t, :], prev_h, prev_c, attn, Wx, Wh, Wattn, b
        )
        h[:, t, :] = next_h
        weights[:, t, :, :] = weights_t
        cache.append((prev_h, A, weights_t, step_cache))
        prev_h, prev_c = next_h, next_c
    return h, weights, cache


def attention_lstm_backward(dh, cache):
    N, T, H = dh.shape
    A, D = cache[0][1], cache[0][3][0].shape[1]
    like = {"dtype": dh.dtype, "device": dh.device}
    dx, dWx = torch.zeros((N, T, D), **like), torch.zeros((D, 4 * H), **like)
    dA = torch.zeros_like(A)
    dWh, dWattn = torch.zeros((H, 4 * H), **like), torch.zeros((H, 4 * H), **like)
    db = torch.zeros(4 * H, **like)
    dprev_h, dprev_c = torch.zeros((N, H), **like), torch.zeros((N, H), **like)
    for t in range(T)[::-1]:
        prev_h, A, weights_t, step_cache = cache.pop()
        dx[:, t, :], dprev_h_t, dprev_c, dattn, dWx_t, dWh_t, dWattn_t, db_t = (
            attention_lstm_step_backward(dh[:, t, :] + dprev_h, dprev_c, step_cache)
        )
        dprev_h_attn, dA_t = dot_product_attention_backward(dattn, prev_h, A, weights_t)
        dprev_h = dprev_h_t + dprev_h_attn
        dA += dA_t
        dWx += dWx_t
        dWh += dWh_t
        dWattn += dWattn_t
        db += db_t
    _, _, D_a, D_b = A.shape
    dA += (dprev_h + dprev_c).reshape(N, H, 1, 1) / (D_a * D_b)
    return dx, dA, dWx, dWh, dWattn, db


def CaptioningRNN_forward(self, features, captions):
    captions_in = captions[:, :-1]
    captions_out = captions[:, 1:]
    word_vectors = self.word_embedding(captions_in)
    if self.cell_type == "attn":
        A = self.image_projection(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        h, _ = self.cell(word_vectors, A)
    else:
        h0 = self.image_projection(features.mean(dim=(2, 3)))
        h, _ = self.cell(word_vectors, h0)
    scores = self.vocabulary_projection(h)
    return temporal_softmax_loss(scores, captions_out, ignore_index=self.ignore_index)


@torch.no_grad()
def CaptioningRNN_sample(self, features, max_length=15):
    N, C, D_a, D_b = features.shape
    captions = self.null * features.new_ones((N, max_length), dtype=torch.long)
    attn_weights_all = features.new_zeros(N, max_length, D_a, D_b)
    if self.cell.attends:
        image = self.image_projection(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    else:
        image = self.image_projection(features.mean(dim=(2, 3)))
    prev_state = self.cell.start(image)
    word = self.start * captions.new_ones(N)
    done = captions.new_zeros(N, dtype=torch.bool)
    for t in range(max_length):
        x = self.word_embedding(word)
        next_state, weights_t = self.cell.step(x, prev_state, image)
        if weights_t is not None:
            attn_weights_all[:, t] = weights_t
        _, word = torch.max(self.vocabulary_projection(next_state[0]), dim=1)
        prev_state = next_state
        captions[~done, t] = word[~done]
        done = done | (word == self.end)
    if not self.cell.attends:
        attn_weights_all = None
    return captions, attn_weights_all
