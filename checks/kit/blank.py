"""A module as a student first sees it: everything that is asked for still to be written."""

import ast

from checks.cases import EXERCISES
from checks.mistakes.catalogue import HELPERS, segment

PRIVATE = [name for name in HELPERS if name.split(".")[-1].startswith("_")]


def blank(source: str, body: str = "raise NotImplementedError") -> str:
    """The source with the body of every exercise replaced; what only a solution needs is gone."""
    asked = {exercise.function for exercise in EXERCISES.values()}
    for name in sorted(asked | set(PRIVATE), key=lambda each: -segment(source, each)[0]):
        start, end = segment(source, name)
        text = "" if name in PRIVATE else stub(source[start:end], body)
        source = source[:start] + text + source[end:]
    return source


def stub(function: str, body: str) -> str:
    """A function with its docstring and nothing else but `body`."""
    indent = function[: len(function) - len(function.lstrip())]
    tree = ast.parse("class _:\n" + function if indent else function)
    node = tree.body[0].body[0] if indent else tree.body[0]
    first = node.body[1].lineno - (2 if indent else 1)
    kept = "".join(function.splitlines(keepends=True)[:first])
    return f"{kept}{indent}    {body}\n"
