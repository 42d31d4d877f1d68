"""The operations that formulas are written in, on numpy arrays of any sizes."""

import inspect

import numpy as np


def dot(a, b):
    return a @ b


def transposed(a):
    return np.swapaxes(a, -1, -2)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def relu(a):
    return np.maximum(a, 0)


def softmax(a, axis):
    shifted = np.exp(a - a.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def total(a, axis):
    return a.sum(axis=axis)


def average(a, axis):
    return a.mean(axis=axis)


def first(a):
    return a[0]


def block(a, k):
    """The k-th of four blocks of columns."""
    return np.split(a, 4, axis=-1)[k]


def beside(*blocks):
    return np.concatenate(blocks, axis=-1)


def asked(query, A):
    """What each position of A (N,H,P) answers to a query (N,H): (N,P)."""
    return (query[:, :, None] * A).sum(axis=1)


def weighed(weights, A):
    """The positions of A (N,H,P) added up by their weights (N,P): (N,H)."""
    return (weights[:, None, :] * A).sum(axis=2)


def spread(weights, vector):
    """A vector (N,H) put at every position by its weight (N,P): (N,H,P)."""
    return vector[:, :, None] * weights[:, None, :]


def kept(a):
    """The sum over positions, its axis kept: (N,1)."""
    return a.sum(axis=1, keepdims=True)


def largest_kept(a):
    return a.max(axis=1, keepdims=True)


def average_kept(a):
    return a.mean(axis=1, keepdims=True)


# Words


def rows(W, words):
    return W[words]


def added(dout, words, V):
    """The vectors dout (...,D) added up in the rows (V,D) of their words."""
    found = np.zeros((V, dout.shape[-1]))
    np.add.at(found, words, dout)
    return found


def last_one(dout, words, V):
    found = np.zeros((V, dout.shape[-1]))
    found[words] = dout
    return found


def averaged_rows(dout, words, V):
    how_often = added(np.ones_like(dout), words, V)
    return added(dout, words, V) / np.maximum(how_often, 1)


def one_hot(targets, V):
    return (np.arange(V) == targets[..., None]).astype(float)


def most_likely(scores):
    return one_hot(scores.argmax(axis=-1), scores.shape[-1])


def pick(a, targets):
    """Of a (N,T,V) the entries at the targets (N,T)."""
    return np.take_along_axis(a, targets[..., None], axis=2)[..., 0]


def counting(targets, ignored):
    """1 where a target counts, else 0."""
    return (targets != ignored).astype(float)


def given(counts, ignored):
    """A mask where there is an ignore_index, which is -1 where there is none."""
    return counts if ignored >= 0 else np.ones_like(counts)


def only(targets, ignored):
    return (targets == ignored).astype(float)


def log_softmax(a, axis):
    return shifted(a, axis) - log_sum(shifted(a, axis), axis)


def everything(a):
    return a.sum()


def mean_of_all(a):
    return a.mean()


def at_each(a):
    """One number a place, to go with the V numbers there."""
    return a[..., None]


def over(targets, ignored):
    return (targets > ignored).astype(float)


def below(targets, ignored):
    return (targets < ignored).astype(float)


def until_ignored(targets, ignored):
    return (np.cumsum(targets == ignored, axis=1) == 0).astype(float)


def greatest(a):
    return a.max(axis=2)


def all_words(a):
    return a.sum(axis=2)


def shifted(a, axis):
    return a - a.max(axis=axis, keepdims=True)


def log_sum(a, axis):
    return np.log(np.exp(a).sum(axis=axis, keepdims=True))


# Along the steps, the second axis


def at(a, t):
    return a[:, t]


def later(a):
    return np.roll(a, -1, axis=1)


def earlier(a):
    return np.roll(a, 1, axis=1)


def first_step(a):
    return a[:, :1]


def last_step(a):
    return a[:, -1:]


def not_first(a):
    return a[:, 1:]


def not_last(a):
    return a[:, :-1]


def first_row(a):
    return a[:1]


def ones(a):
    return np.ones(a.shape)


def zeros(a):
    return np.zeros(a.shape)


# Over the positions, the last axis of A (N,H,P)


def middle(A):
    return A.mean(axis=2)


def zeros_of(A):
    return np.zeros(A.shape[:2])


def largest(A):
    return A.max(axis=2)


def smallest(A):
    return A.min(axis=2)


def median(A):
    return np.sort(A, axis=2)[:, :, (A.shape[2] - 1) // 2]


def all_positions(A):
    return A.sum(axis=2)


def first_position(A):
    return A[:, :, 0]


def last_position(A):
    return A[:, :, -1]


def everywhere(a):
    return a[:, :, None]


def everywhere_middle(A):
    return np.broadcast_to(A.mean(axis=2, keepdims=True), A.shape)


def turned_grid(A, h, w):
    """The same numbers with the two axes of the grid exchanged."""
    return A.reshape(*A.shape[:2], h, w).swapaxes(2, 3).reshape(A.shape)


def normal(a):
    return a / np.linalg.norm(a, axis=1, keepdims=True)


# Choosing words


def argmax(scores):
    return scores.argmax(axis=-1)


def argmin(scores):
    return scores.argmin(axis=-1)


def second(scores):
    return np.argsort(scores, axis=-1)[..., -2]


def unless(ended, words, null):
    return np.where(ended, null, words)


def equal(words, word):
    return words == word


def either(a, b):
    return a | b


def both(a, b):
    return a & b


def opposite(a):
    return ~a


def all_rows(a):
    return np.broadcast_to(a.all(), a.shape)


def any_row(a):
    return np.broadcast_to(a.any(), a.shape)


def until_end(weights, captions, end):
    """Weights (N,T,P), zeros after a row's END: nothing is asked of these."""
    ends = captions == end
    return np.where((np.cumsum(ends, axis=1) - ends > 0)[:, :, None], 0.0, weights)


# One number of another: the whole numbers, the rows, the precision


def clipped(a, limit):
    return np.clip(a, -limit, limit)


def between(a, low, high):
    return np.clip(a, low, high)


def rounded(a, decimals):
    return np.round(a, decimals)


def half(a):
    return a.astype(np.float16).astype(float)


def brain(a):
    """As bfloat16 keeps it: the upper half of a float32, to the nearest."""
    bits = a.astype(np.float32).view(np.uint32).astype(np.uint64)
    kept_bits = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16).astype(np.uint32)
    return kept_bits.view(np.float32).astype(float)


def row_of(a, n):
    """One row for all of the batch."""
    return np.broadcast_to(a[n], a.shape)


def over_batch(a):
    return np.broadcast_to(a.mean(axis=0), a.shape)


def turned(a, n):
    """The rows of the batch moved by n places."""
    return np.roll(a, n, axis=0)


def flipped(a):
    return a[::-1]


def softsign(a):
    return a / (1 + np.abs(a))


def softplus(a):
    return np.logaddexp(0, a)


def leaky(a):
    return np.where(a > 0, a, 0.01 * a)


def elu(a):
    return np.where(a > 0, a, np.expm1(np.minimum(a, 0)))


def silu(a):
    return a * sigmoid(a)


def hard_sigmoid(a):
    return np.clip(a / 6 + 0.5, 0, 1)


OPERATIONS = {
    name: function for name, function in list(globals().items()) if inspect.isfunction(function)
} | {"tanh": np.tanh, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs, "sin": np.sin}
