"""The dict of cells that CaptioningRNN.__init__ chooses among: `cells = {"rnn": RNN, ...}`."""

import ast

from coursework.handout.source import Source

CELLS = "cells"


def cells_of(function: ast.FunctionDef) -> ast.Dict | None:
    """The dict that a function assigns to `cells`, if it writes one out."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == CELLS:
            return node.value if isinstance(node.value, ast.Dict) else None
    return None


def new_entries(mine: ast.Dict | None, new: ast.Dict | None) -> list[str]:
    """What `new` has and `mine` has not, as `"lstm": LSTM`."""
    known = {ast.unparse(key) for key in mine.keys if key} if mine else set()
    pairs = zip(new.keys, new.values) if new else ()
    return [
        f"{ast.unparse(key)}: {ast.unparse(value)}".replace("'", '"')
        for key, value in pairs
        if ast.unparse(key) not in known
    ]


def with_entries(
    source: Source, mine: ast.Dict | None, entries: list[str]
) -> tuple[int, int, list[str]] | None:
    """The line of `source` that gets entries behind the last one of a dict: (from, up to, new lines).

    None where there is nothing to add, no entry to add it to, or something in the way.
    """
    if not entries or mine is None or not mine.values:
        return None
    last = mine.values[-1]
    line = source.lines[last.end_lineno - 1].encode()  # where nodes end is counted in bytes
    head, tail = line[: last.end_col_offset].decode(), line[last.end_col_offset :].decode()
    if tail.lstrip()[:1] not in ("", ",", "}", "#"):  # a bracket: rather not
        return None
    return last.end_lineno - 1, last.end_lineno, [f"{head}, {', '.join(entries)}{tail}"]
