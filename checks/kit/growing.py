"""A small module as two handouts have it, the second with a part more; and the first, solved."""

from coursework.handout.module import merged_module

FIRST = '''"""What there is: the step."""

import torch
from torch import nn

NULL = 0


# 1. The RNN


def step(x, h):
    """One step.

    x (N,D)
    """
    raise NotImplementedError("Part 1: write step")


# Given


class Model(nn.Module):
    """Takes "rnn"."""

    def __init__(self, kind):
        """kind: a cell."""
        super().__init__()
        cells = {"rnn": step}
        self.cell = cells[kind]

    def forward(self, x):
        """The loss."""
        raise NotImplementedError("Part 2: write Model.forward")
'''
SECOND = '''"""What there is: the step, the loop, attention."""

import math

import torch
from torch import nn

NULL = 0


# 1. The RNN


def step(x, h):
    """One step.

    x (N,D)
    """
    raise NotImplementedError("Part 1: write step")


def loop(x, h):
    """All steps."""
    raise NotImplementedError("Part 1: write loop")


# 3. Attention


SCALE = math.sqrt(2)


def attend(h, A):
    """Look."""
    raise NotImplementedError("Part 3: write attend")


# Given


def _weight(rows):
    """A parameter."""
    return nn.Parameter(torch.zeros(rows))


class Cell(nn.Module):
    """Attention with weights."""

    def forward(self, h, A):
        return attend(h, A)


class Model(nn.Module):
    """Takes "rnn", "attn"."""

    def __init__(self, kind):
        """kind: a cell."""
        super().__init__()
        cells = {"rnn": step, "attn": Cell}
        self.cell = cells[kind]

    def forward(self, x):
        """The loss."""
        raise NotImplementedError("Part 2: write Model.forward")

    @torch.no_grad()
    def sample(self, x):
        """Words."""
        raise NotImplementedError("Part 2: write Model.sample")
'''.replace("Model", "CaptioningRNN")
FIRST = FIRST.replace("Model", "CaptioningRNN")
STEP = 'raise NotImplementedError("Part 1: write step")'
SOLVED = FIRST.replace(STEP, "a = x + h  # mine\n    return torch.tanh(a)")
EMPTY = ""  # as a blank file to begin with: nothing counts as left alone
NEW = ["math", "loop", "SCALE", "attend", "_weight", "Cell", "CaptioningRNN.sample"]


def merged(mine, new=SECOND, given=FIRST):
    mine = mine if isinstance(mine, bytes) else mine.encode()
    return merged_module(mine, given.encode(), new.encode())
