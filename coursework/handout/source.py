"""A Python file, as lines and as statements: where things stand in it."""

import ast
import io
import textwrap
import tokenize
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from coursework.errors import InputError, reason

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)


@dataclass(frozen=True)
class Source:
    """A Python file. Get one from `Source.of`; `data` gives the very same bytes back."""

    lines: list[str]
    """with their ends, whatever these are"""
    tree: ast.Module
    encoding: str

    @classmethod
    def of(cls, data: bytes, name: str) -> "Source":
        """Read the bytes of a file, called `name` in messages.

        Raises InputError, with the line, where Python could not read it either.
        """
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            text = data.decode(encoding)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # on escapes like "\\d": that is for another day
                tree = ast.parse(text)
            return cls(list(io.StringIO(text, newline="")), tree, encoding)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise InputError(
                f"{name}, line {line}: not {error.encoding} text; save the file as UTF-8"
            ) from error
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or 1
            said = getattr(error, "msg", None) or reason(error)
            raise InputError(
                f"{name}, line {line}: {said}; mend that line, then update again"
            ) from error

    def data(self, lines: Sequence[str] | None = None) -> bytes:
        """These lines (default: its own) as bytes in its encoding. Raises UnicodeEncodeError."""
        return "".join(self.lines if lines is None else lines).encode(self.encoding)

    @cached_property
    def newline(self) -> str:
        """The end of most of its lines."""
        ends = Counter(line[len(line.rstrip("\r\n")) :] for line in self.lines)
        del ends[""]
        return ends.most_common(1)[0][0] if ends else "\n"

    def text(self, node: ast.AST) -> str:
        """The lines of a statement, comparable: dedented, with neither trailing blanks nor tabs."""
        first, last = span(node)
        lines = [line.expandtabs(4).rstrip() for line in self.lines[first:last]]
        return textwrap.dedent("\n".join(lines))

    def end(self, node: ast.stmt) -> int:
        """How many lines there are up to the end of a statement, and of the comments that belong to it.

        These are comments indented deeper than it, and those that follow it without a blank line and have
        one below.
        """
        last = touching = node.end_lineno
        while touching < len(self.lines) and self.lines[touching].lstrip().startswith("#"):
            touching += 1
        if touching == len(self.lines) or not self.lines[touching].strip():
            last = touching
        if not isinstance(node, DEFINITIONS):
            return last
        for number in range(last, len(self.lines)):
            line = self.lines[number]
            if line.lstrip().startswith("#") and indent_of(line) != indent_of(
                self.lines[node.lineno - 1]
            ):
                last = number + 1
            elif line.strip():
                break
        return last

    def start(self, node: ast.stmt) -> int:
        """The index of the first line of a statement, of the comments right above it if there are any."""
        first, _ = span(node)
        while first and self.lines[first - 1].lstrip().startswith("#"):
            first -= 1
        return first


def span(node: ast.AST) -> tuple[int, int]:
    """The lines of a statement, decorators included: index of the first, and of the one behind the last."""
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)]) - 1, node.end_lineno


def indent_of(line: str) -> str:
    """The blanks and tabs that a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t\f"))]


def bound(node: ast.AST) -> set[str]:
    """The names that a statement gives a meaning to, at its own level: also inside of if, try and with."""
    if isinstance(node, DEFINITIONS):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    return {name for child in ast.iter_child_nodes(node) for name in bound(child)}


def docstring(node: ast.AST) -> ast.Expr | None:
    """The statement that is the docstring of a module, class or function."""
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return first if isinstance(first.value.value, str) else None
    return None


def definitions(tree: ast.Module) -> dict[str, ast.stmt]:
    """Functions and classes by name, methods as "Class.method"; of several with one name the last."""
    found = {}
    for node in tree.body:
        if isinstance(node, DEFINITIONS):
            found[node.name] = node
        if isinstance(node, ast.ClassDef):
            methods = [each for each in node.body if isinstance(each, FUNCTIONS)]
            found |= {f"{node.name}.{method.name}": method for method in methods}
    return found
