"""The drawings of the notebooks, one function each: it returns a Figure, which shows by itself.

One file a subject; a handout with fewer parts has fewer of them.
"""

from importlib import import_module
from importlib.util import find_spec

SUBJECTS = ("rnn", "captioner", "lstm", "attention", "bptt")

for _subject in SUBJECTS:
    if find_spec(f"{__name__}.{_subject}"):
        _module = import_module(f"{__name__}.{_subject}")
        globals().update({name: getattr(_module, name) for name in _module.__all__})
