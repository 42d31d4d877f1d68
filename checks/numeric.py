"""Gradients by trying: slow, and right for any function. Compare your own with them."""

import itertools
from collections.abc import Callable

import torch
from torch import Tensor


@torch.no_grad()
def numeric_gradient(
    f: Callable[[Tensor], Tensor], x: Tensor, upstream: Tensor | None = None, step: float = 1e-5
) -> Tensor:
    """The gradient of sum(upstream * f(x)) with respect to x, by central differences.

        dx[k] = sum( upstream * (f(x + step e_k) - f(x - step e_k)) ) / (2 step)      for every entry k

    f takes x and returns a tensor; upstream (of its shape) is the gradient that arrives at what it
    returns, all ones if left away; x is a float64 tensor: in float32 the difference would be lost in
    rounding. Each entry of x is changed in place and set back, so f may look at x itself as well.

        dx = numeric_gradient(lambda x: rnn_step_forward(x, prev_h, Wx, Wh, b)[0], x, dnext_h)
    """
    if x.dtype != torch.float64:
        raise ValueError(f"x is {x.dtype}, it should be float64 (x.double()): else rounding wins")
    values, gradient = x.detach(), torch.zeros(x.shape, dtype=x.dtype, device=x.device)
    for k in itertools.product(*map(range, x.shape)):
        kept = values[k].clone()
        try:
            values[k] = kept + step
            above = _output(f, x)
            values[k] = kept - step
            below = _output(f, x)
        finally:
            values[k] = kept
        difference = above - below
        if upstream is not None:
            _same_shape(upstream, difference)
            difference = difference * upstream
        gradient[k] = difference.sum() / (2 * step)
    return gradient


def _output(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    out = f(x)
    if not isinstance(out, Tensor):
        raise TypeError(
            f"f returned a {type(out).__name__}, it should return one tensor:"
            " lambda x: rnn_step_forward(x, ...)[0]"
        )
    return out.clone()  # it may be x itself


def _same_shape(upstream: Tensor, out: Tensor) -> None:
    if upstream.shape != out.shape:
        raise ValueError(
            f"upstream has the shape {tuple(upstream.shape)}, what f returns {tuple(out.shape)}"
        )
