"""What a mistake is: a small patch on the reference, and what to say about it."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

CELLS = ("rnn", "lstm", "attn")
HELPERS = {  # code of several exercises; the LSTM step may be written out in that with attention
    "lstm_step_forward": ("lstm_step_forward", "attention_lstm_step_forward"),
    "lstm_step_backward": ("lstm_step_backward", "attention_lstm_step_backward"),
    "CaptioningRNN._project_image": tuple(
        f"CaptioningRNN.{method}[{cell}]" for cell in CELLS for method in ("forward", "sample")
    ),
    "CaptioningRNN.forward": tuple(f"CaptioningRNN.forward[{cell}]" for cell in CELLS),
    "CaptioningRNN.sample": tuple(f"CaptioningRNN.sample[{cell}]" for cell in CELLS),
}
GIVEN = {  # code that is given here and the student's own in other layouts: where it is theirs
    f"{owner}.{method}": (f"CaptioningRNN.sample[{cell}]",)
    for owner, cell in {"RNN": "rnn", "LSTM": "lstm", "AttentionLSTM": "attn"}.items()
    for method in ("start", "step")
}


@dataclass(frozen=True)
class Mistake:
    """One wrong way to write a function, as a patch: in the source of `where`, `old` becomes `new`.

    `old` stands there exactly once.  `sentence` tells the student what is wrong, `hint` where to
    look; neither gives the line away.  `alone`: it is a mistake of `where` only; nobody makes it, with
    these numbers, in the other exercises that have this code.
    """

    name: str
    where: str
    old: str
    new: str
    sentence: str
    hint: str
    alone: bool = False

    @property
    def exercises(self) -> tuple[str, ...]:
        """The exercises whose code the patch changes."""
        shared = {} if self.alone else HELPERS | GIVEN
        return shared.get(self.where, (self.where,))


@cache
def segment(source: str, where: str) -> tuple[int, int]:
    """Start and end, as offsets, of a function or "Class.method" in the source of a module.

    Raises LookupError if there is no such function.
    """
    scope = _parsed(source).body
    for name in where.split("."):
        found = [node for node in scope if getattr(node, "name", None) == name]
        if not found:
            raise LookupError(f"no function {where} in the module")
        node, scope = found[-1], getattr(found[-1], "body", [])
    lines = source.splitlines(keepends=True)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return len("".join(lines[: first - 1])), len("".join(lines[: node.end_lineno]))


@cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


def patched_functions(source: str, mistakes: Iterable[Mistake]) -> dict[str, str]:
    """The source of each function that mistakes are planted in, by its name.

    Raises ValueError where a patch does not apply exactly once, as when two of a pair exclude each
    other.
    """
    texts = {}
    for mistake in mistakes:
        start, end = segment(source, mistake.where)
        text = texts.get(mistake.where, source[start:end])
        if text.count(mistake.old) != 1:
            raise ValueError(f"{mistake.name} applies {text.count(mistake.old)} times")
        texts[mistake.where] = text.replace(mistake.old, mistake.new)
    return texts


def patched(source: str, mistakes: Iterable[Mistake]) -> str:
    """The module's source with the mistakes planted. Raises ValueError as patched_functions does."""
    texts = patched_functions(source, mistakes)
    whole = source
    for where, text in sorted(texts.items(), key=lambda item: -segment(source, item[0])[0]):
        start, end = segment(source, where)
        whole = whole[:start] + text + whole[end:]
    return whole
