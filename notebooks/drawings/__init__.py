"""The drawings of the notebooks, one function each: it returns a Figure, which shows by itself.

One file a subject. A handout has them all, whatever its parts.
"""

# ruff: noqa: F403 - each file says in its __all__ what it draws
from drawings.attention import *
from drawings.bptt import *
from drawings.captioner import *
from drawings.lstm import *
from drawings.rnn import *
