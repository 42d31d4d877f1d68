"""captioning.py as a student first sees it: docstrings and given code, and no line of a solution."""

import ast
import re
from collections.abc import Collection, Iterable

from checks.cases import EXERCISES
from checks.classroom.introduction import introduction
from checks.classroom.parts import CELLS, NUMBERS, PARTS, exercises_in
from coursework.handout.source import FUNCTIONS, Source, bound, definitions, docstring

GIVEN = {  # the part that given code comes with; None: always there
    "NULL": None,
    "RNN": "rnn",
    "LSTM": "lstm",
    "AttentionLSTM": "attention",
    "WordEmbedding": "words",
    "CaptioningRNN": "captioner",
}
IMPORTS = (ast.Import, ast.ImportFrom)


def blank(source: str, parts: Collection[str] = PARTS) -> str:
    """The module with the exercises of these parts still to be written, and nothing else but given code.

    Exercises keep signature and docstring. What is of another part goes, and so does all that only a
    solution mentions: helpers, constants, imports. Raises ValueError where the source lacks one of the
    functions or classes, InputError where it is no Python.
    """
    source = "\n".join(source.splitlines()) + "\n"
    asked = {EXERCISES[name].function for name in exercises_in(parts)}
    roots = {name.split(".")[0] for name in asked}
    roots |= {name for name, part in GIVEN.items() if part is None or part in parts}
    tree = parsed(source).tree
    there = {*definitions(tree), *(name for node in tree.body for name in bound(node))}
    if missing := sorted((asked | roots) - there):
        raise ValueError(f"there is no {', no '.join(missing)} in captioning.py")
    source = with_stubs(source, asked)
    source = with_cells(source, [cell for cell, part in CELLS.items() if part in parts])
    source = without_private_methods(source)
    source = without_unused(source, roots)
    source = without_empty_sections(source)
    return with_introduction(source, parts)


def with_stubs(text: str, asked: Collection[str]) -> str:
    """The bodies of the exercises replaced by one line that raises NotImplementedError."""
    source = parsed(text)
    lines = list(source.lines)
    for name, node in reversed(definitions(source.tree).items()):
        if name in asked:
            first = node.body[0].end_lineno if docstring(node) else node.body[0].lineno - 1
            indent = " " * (node.col_offset + 4)
            stub = f'{indent}raise NotImplementedError("{todo(name)}")\n'
            lines[first : source.end(node)] = [stub]
    return "".join(lines)


def todo(function: str) -> str:
    """What the stub of an exercise says: "Part 3: write lstm_step_forward"."""
    part = next(e.part for e in EXERCISES.values() if e.function == function)
    return f"Part {NUMBERS[part]}: write {function}"


def with_cells(text: str, cells: Collection[str]) -> str:
    """CaptioningRNN with these cells alone, in `cells = {...}` and in its docstring."""
    source = parsed(text)
    lines = list(source.lines)
    owner = definitions(source.tree)["CaptioningRNN"]
    for node in ast.walk(owner):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "cells":
            entries = [
                f'"{key.value}": {ast.unparse(value)}'
                for key, value in zip(node.value.keys, node.value.values)
                if key.value in cells
            ]
            line = f"{' ' * node.col_offset}cells = {{{', '.join(entries)}}}\n"
            lines[node.lineno - 1 : node.end_lineno] = [line]
            break  # the lines below are no longer where they were
    if about := docstring(owner):
        first, last = about.lineno - 1, about.end_lineno
        lines[first:last] = rows_of(lines[first:last], cells)
    return "".join(lines)


def rows_of(lines: Iterable[str], cells: Collection[str]) -> list[str]:
    """The lines of a docstring without the rows (`"lstm"   ...`) of cells that are not handed out.

    A row that refers to one that went ("the same, ...") says in full what is the same.
    """
    kept, gone = [], ""
    for line in lines:
        row = re.match(r'\s*"(\w+)"\s+(.*)', line)
        if not row or row[1] in cells:
            kept.append(line.replace("the same", gone, 1) if row and gone else line)
            gone = ""
        elif not row[2].startswith("the same"):
            gone = row[2]
    return kept


def without_private_methods(text: str) -> str:
    """The module without methods of one leading underscore that no other code mentions."""
    source = parsed(text)
    lines = list(source.lines)
    mentioned = {part.attr for part in ast.walk(source.tree) if isinstance(part, ast.Attribute)}
    for name, node in reversed(definitions(source.tree).items()):
        if isinstance(node, FUNCTIONS) and re.search(r"\._[^_]", name):
            if node.name not in mentioned:
                cut(lines, source, node)
    return "".join(lines)


def without_unused(text: str, roots: Collection[str]) -> str:
    """The module with `roots` and what they mention, one through the other; all else goes."""
    source = parsed(text)
    lines = list(source.lines)
    wanted = reached(source.tree, roots)
    for node in reversed(source.tree.body):
        unused = bound(node) - wanted
        if unused and isinstance(node, IMPORTS) and bound(node) & wanted:
            node.names = [a for a in node.names if bound(ast.Import([a])) <= wanted]
            lines[node.lineno - 1 : node.end_lineno] = [f"{ast.unparse(node)}\n"]
        elif unused and not bound(node) & wanted:
            cut(lines, source, node)
    return "".join(lines)


def reached(tree: ast.Module, roots: Collection[str]) -> set[str]:
    """The top-level names that `roots` mention, directly or through what they mention; and the roots."""
    mentions = {}
    for node in tree.body:
        found = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        for name in bound(node):
            mentions.setdefault(name, set()).update(found)
    wanted, waiting = set(), list(roots)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += mentions.get(name, ())
    return wanted


def without_empty_sections(text: str) -> str:
    """The module without headings (comments that stand by themselves) that have nothing below them."""
    lines, kept = text.splitlines(), []
    for number, line in enumerate(lines):
        below = [other for other in lines[number + 1 :] if other.strip()]
        by_itself = line.startswith("#") and not "".join(lines[number + 1 : number + 2]).strip()
        if by_itself and (not below or below[0].startswith("#")):
            while kept and not kept[-1].strip():
                kept.pop()
        else:
            kept.append(line)
    return "\n".join(kept).rstrip() + "\n"


def with_introduction(text: str, parts: Collection[str]) -> str:
    """The module with a docstring that says what is in it now, and that it is to be written."""
    source = parsed(text)
    about = docstring(source.tree)
    if about is None:
        raise ValueError("captioning.py does not begin with a docstring")
    said = f'"""{introduction(about.value.value, parts)}"""\n'
    return said + "".join(source.lines[about.end_lineno :])


def cut(lines: list[str], source: Source, node: ast.stmt) -> None:
    """Take a statement of `source` out of its lines, with the comment right above it and the blank lines
    before that."""
    first, last = source.start(node), source.end(node)
    while first and not lines[first - 1].strip():
        first -= 1
    del lines[first:last]


def parsed(text: str) -> Source:
    return Source.of(text.encode(), "captioning.py")
