"""captioning.py as a student first sees it: docstrings and given code, and no line of a solution."""

import ast
import re
from collections.abc import Iterator

from checks.cases import EXERCISES

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
Import = ast.Import | ast.ImportFrom
HEADING = r"# \d+\. "  # such a comment is no remark on what stands below it


def blank(source: str) -> str:
    """The module with one line that raises NotImplementedError for the body of every exercise.

    Signatures, docstrings and given code stay; what only solutions mention goes: helpers, constants,
    imports. Raises ValueError where the source lacks an exercise, or its docstring.
    """
    lines = source.splitlines()
    tree = ast.parse("\n".join(lines))
    functions, hidden = dict(functions_of(tree)), solution(tree)
    edits = []  # (first, behind the last, the lines instead)
    for name in {exercise.function: None for exercise in EXERCISES.values()}:
        node = functions.get(name)
        if node is None or ast.get_docstring(node) is None:
            raise ValueError(f"there is no {name} with a docstring in captioning.py")
        stub = f'{" " * (node.col_offset + 4)}raise NotImplementedError("{todo(name)}")'
        edits.append((node.body[0].end_lineno, end_of(node, lines), [stub]))
    for name in hidden.keys() - {exercise.function for exercise in EXERCISES.values()}:
        if name.rpartition(".")[0] not in hidden:  # a method goes with its class
            edits += [(start_of(node, lines), end_of(node, lines), []) for node in hidden[name]]
    edits += unused_imports(tree, names_in(tree, hidden))
    for first, last, instead in sorted(edits, reverse=True):
        while not instead and first and not lines[first - 1].strip():
            first -= 1  # the blank lines above go with what stood there
        lines[first:last] = instead
    return "\n".join(lines).rstrip() + "\n"


def todo(function: str) -> str:
    """What the stub of an exercise says: "Part lstm: write lstm_step_forward"."""
    part = next(e.part for e in EXERCISES.values() if e.function == function)
    return f"Part {part}: write {function}"


def solution(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """The statements that only a solution holds, by name: the bodies of the exercises without their
    docstrings; and functions, private methods, classes and constants that only solutions mention.
    """
    asked = {exercise.function for exercise in EXERCISES.values()}
    owners = {name.split(".")[0] for name in asked}
    bodies = {name: body_of(node) for name, node in functions_of(tree) if name in asked}
    helpers = {name: [node] for name, node in functions_of(tree) if re.search(r"\._[^_]", name)}
    for node in tree.body:
        if names := sorted(bound(node) - owners):
            helpers.setdefault(names[0], []).append(node)
    while True:  # what given code mentions is given, too
        mentioned = names_in(tree, bodies | helpers)
        given = [name for name in helpers if set().union(*map(bound, helpers[name])) & mentioned]
        if not given:
            return bodies | helpers
        for name in given:
            del helpers[name]


def functions_of(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Functions by name, methods by "Class.method"."""
    for node in tree.body:
        if isinstance(node, Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            methods = (part for part in node.body if isinstance(part, Function))
            yield from ((f"{node.name}.{method.name}", method) for method in methods)


def body_of(function: Function) -> list[ast.stmt]:
    """The statements of a function without its docstring."""
    return function.body[ast.get_docstring(function) is not None :]


def bound(node: ast.stmt) -> set[str]:
    """The names that a definition or an assignment gives a meaning to."""
    if isinstance(node, Definition):
        return {node.name}
    targets = getattr(node, "targets", None) or [getattr(node, "target", node)]
    parts = (part for target in targets for part in ast.walk(target))
    is_assignment = isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
    return {part.id for part in parts if isinstance(part, ast.Name)} if is_assignment else set()


def names_in(tree: ast.Module, hidden: dict[str, list[ast.stmt]]) -> set[str]:
    """The names and attributes that code mentions outside of the statements that are hidden."""
    skipped = {id(statement) for body in hidden.values() for statement in body}
    found, waiting = set(), [tree]
    while waiting:
        node = waiting.pop()
        if id(node) not in skipped:
            found |= {getattr(node, "id", ""), getattr(node, "attr", "")}
            waiting += ast.iter_child_nodes(node)
    return found


def unused_imports(tree: ast.Module, mentioned: set[str]) -> Iterator[tuple[int, int, list[str]]]:
    """For imports of names that are not mentioned: their lines, and what is left of them."""
    for node in tree.body:
        if isinstance(node, Import) and getattr(node, "module", "") != "__future__":
            kept = [a for a in node.names if (a.asname or a.name.split(".")[0]) in mentioned]
            if len(kept) < len(node.names):
                node.names = kept
                yield node.lineno - 1, node.end_lineno, [ast.unparse(node)] if kept else []


def start_of(node: ast.stmt, lines: list[str]) -> int:
    """The index of the first line of a statement, of its decorators and of a remark right above it."""
    first = min(each.lineno for each in [node, *getattr(node, "decorator_list", [])]) - 1
    while first and re.match(r"\s*#", above := lines[first - 1]) and not re.match(HEADING, above):
        first -= 1
    return first


def end_of(node: ast.stmt, lines: list[str]) -> int:
    """The index behind the last line of a statement, and behind the remarks that end its body."""
    last = node.end_lineno
    for number, line in enumerate(lines[last:], start=last + 1):
        if line.strip() and len(line) - len(line.lstrip()) <= node.col_offset:
            break
        last = number if line.strip() else last
    return last
