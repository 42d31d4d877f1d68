"""What a handout must not hold: the lines of the solution, what is calculated in them, and the patches that
plant mistakes in it.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass

from checks.classroom.stubs import solution
from checks.mistakes import CATALOGUE

SHORTEST = 10  # characters that count in a line: `dx = da @ Wx.T` has ten, `else:` says nothing
RENAMING = r"\w+=\w+"  # nor does `prev_h = next_h`, and hints say such things
SHORTEST_PATCH = 32  # a patch is a piece of a line: a shorter one stands in other code by chance
SHORTEST_VALUE = 16  # so does an expression; `A.mean(dim=(2, 3))` is longer, but has one operation
OPERATIONS = (ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.Call)


@dataclass(frozen=True)
class Secret:
    """A text, squeezed, that is found nowhere in a handout, and what to say where it is."""

    text: str
    told: str
    is_patch: bool = False


def squeeze(text: str) -> str:
    """What counts of a text: no white space, no `#`, no backslash, one kind of quotes.

    So a line stays the same line in a comment, in JSON, with other spacing and with other line breaks.
    """
    return re.sub(r"[\s#\\]+", "", text).replace("'", '"')


def secrets(source: str) -> list[Secret]:
    """All secrets of the reference's source, each once.

    What stands in the source outside of the solution is none: formulas in docstrings, given code.
    """
    hidden = solution(ast.parse(source))
    public = squeeze(rest_of(source, hidden))
    found = {
        text: Secret(text, f"the patch of the mistake {name}", is_patch=True)
        for name, text in patches()
        if len(text) >= SHORTEST_PATCH
    }
    for told, text in [*lines_of(source, hidden), *values_of(source, hidden)]:
        if len(text) >= SHORTEST and not re.fullmatch(RENAMING, text):
            if text not in found or found[text].is_patch:
                found[text] = Secret(text, told)
    return [secret for text, secret in found.items() if text not in public]


def rest_of(source: str, hidden: dict[str, list[ast.stmt]]) -> str:
    """The source without the statements that are hidden."""
    lines = source.splitlines()
    for statement in (each for body in hidden.values() for each in body):
        for number in range(statement.lineno - 1, statement.end_lineno):
            lines[number] = ""
    return "\n".join(lines)


def lines_of(source: str, hidden: dict[str, list[ast.stmt]]) -> Iterable[tuple[str, str]]:
    """(what to say, text) for every line of the solution, and for every statement in one piece.

    A statement comes as it is written, and as Python would write it, which settles brackets and quotes.
    """
    lines = without_comments(source).splitlines()
    for name, body in hidden.items():
        for statement in body:
            for number in range(statement.lineno, statement.end_lineno + 1):
                yield place(name, number, lines), squeeze(lines[number - 1])
            for number, text in statements(statement):
                yield place(name, number, lines), text
            for part in ast.walk(statement):
                if isinstance(part, ast.stmt) and not hasattr(part, "body"):
                    whole = "".join(lines[part.lineno - 1 : part.end_lineno])
                    yield place(name, part.lineno, lines), squeeze(whole)


def place(name: str, number: int, lines: list[str]) -> str:
    return f"line {number} of captioning.py, {name}: `{' '.join(lines[number - 1].split())}`"


def statements(tree: ast.AST) -> Iterable[tuple[int, str]]:
    """(line, text) of every statement as Python would write it, squeezed; of a loop: up to the colon."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            if hasattr(node, "body"):
                kept = {name: getattr(node, name) for name in node._fields}
                short = {"body": [ast.Pass()], "orelse": [], "decorator_list": []}
                kept |= {name: value for name, value in short.items() if name in kept}
                node = ast.copy_location(type(node)(**kept), node)
                yield node.lineno, squeeze(ast.unparse(node).removesuffix("pass"))
            else:
                yield from ((node.lineno, squeeze(text)) for text in ways_to_write(node))


def ways_to_write(statement: ast.stmt) -> Iterable[str]:
    """A statement as Python would write it; of `a += b` and `a: T = b` also `a = b`, of that `a += b`."""
    yield ast.unparse(statement)
    if isinstance(statement, ast.AugAssign | ast.AnnAssign) and statement.value:
        yield f"{ast.unparse(statement.target)} = {ast.unparse(statement.value)}"
    elif isinstance(statement, ast.Assign):
        yield f"{ast.unparse(statement.targets[0])} += {ast.unparse(statement.value)}"


def values_of(source: str, hidden: dict[str, list[ast.stmt]]) -> Iterable[tuple[str, str]]:
    """(what to say, text) for every expression of the solution that says enough to be told from an idiom:
    of two operations, or of one and long.
    """
    lines = without_comments(source).splitlines()
    for name, body in hidden.items():
        for node in (node for statement in body for node in ast.walk(statement)):
            count = sum(isinstance(part, OPERATIONS) for part in ast.walk(node))
            shortest = SHORTEST_VALUE if count > 1 else SHORTEST_PATCH
            if isinstance(node, ast.expr) and count:
                for text in (ast.unparse(node), ast.get_source_segment(source, node)):
                    if len(squeeze(text)) >= shortest:
                        yield place(name, node.lineno, lines), squeeze(text)


def without_comments(source: str) -> str:
    """The source with every comment cut off; lines keep their numbers."""
    lines = source.splitlines(keepends=True)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip() + "\n"
    return "".join(lines)


def patches() -> Iterable[tuple[str, str]]:
    """(name of the mistake, text) for every patch of the catalogue, before and after."""
    for mistake in CATALOGUE.values():
        for text in (mistake.old, mistake.new):
            yield mistake.name, squeeze(text)
