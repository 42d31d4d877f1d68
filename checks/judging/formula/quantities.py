"""The operations that formulas are written in, on numpy arrays of any sizes."""

import numpy as np


def dot(a, b):
    return a @ b


def T(a):
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


def average_kept(a):
    return a.mean(axis=1, keepdims=True)


OPERATIONS = {
    function.__name__: function
    for function in (
        *(dot, T, sigmoid, relu, softmax, total, average, first, block, beside),
        *(asked, weighed, spread, kept, average_kept),
    )
} | {"tanh": np.tanh, "exp": np.exp, "log": np.log, "sqrt": np.sqrt}
