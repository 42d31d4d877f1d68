"""A formula that can be computed, as it is or with changes."""

import ast
import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import CodeType

import numpy as np

from checks.judging.formula.changes import Change, at_end, changes, exchanged, replaced
from checks.judging.formula.lines import Formula
from checks.judging.formula.quantities import OPERATIONS

Quantities = dict[str, np.ndarray]
CLOSE = 1e-7  # of the largest number


SCOPE = {"__builtins__": {}, **OPERATIONS}
ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Eq: operator.eq,
    ast.Gt: operator.gt,
    ast.Lt: operator.lt,
}


def computed(node: ast.expr, scope: Mapping):
    """The value of an expression. Compiling it would take longer than to go through it once."""
    if isinstance(node, ast.Name):
        return scope[node.id]
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BinOp):
        return ARITHMETIC[type(node.op)](computed(node.left, scope), computed(node.right, scope))
    if isinstance(node, ast.Call):
        function = OPERATIONS.get(node.func.id) or scope[node.func.id]
        return function(*[computed(each, scope) for each in node.args])
    if isinstance(node, ast.IfExp):
        return computed(node.body if computed(node.test, scope) else node.orelse, scope)
    if isinstance(node, ast.Compare):
        left, right = computed(node.left, scope), computed(node.comparators[0], scope)
        return ARITHMETIC[type(node.ops[0])](left, right)
    return -computed(node.operand, scope)


@dataclass(frozen=True)
class Line:
    """A line that can be computed: its tree, the names in it; and its code, where it is computed often."""

    tree: ast.expr
    names: frozenset[str]
    code: CodeType | None = None

    @classmethod
    @cache
    def parsed(cls, text: str) -> "Line":
        tree = ast.parse(text, mode="eval").body
        return cls(tree, names_in(tree), compile(text, "<formula>", "eval"))

    def value(self, scope: Mapping):
        return eval(self.code, SCOPE, scope) if self.code else computed(self.tree, scope)


def names_in(tree: ast.expr) -> frozenset[str]:
    """The names in an expression, those of functions left out."""
    if isinstance(tree, ast.Name):
        return frozenset((tree.id,))
    parts = (names_in(each) for each in parts_of(tree))
    return frozenset().union(*parts)


def parts_of(tree: ast.expr) -> list[ast.expr]:
    if isinstance(tree, ast.BinOp):
        return [tree.left, tree.right]
    if isinstance(tree, ast.Call):
        return tree.args
    if isinstance(tree, ast.IfExp):
        return [tree.test, tree.body, tree.orelse]
    if isinstance(tree, ast.Compare):
        return [tree.left, *tree.comparators]
    return [tree.operand] if isinstance(tree, ast.UnaryOp) else []


class Program:
    """The lines of a formula, for inputs of these names; `effort` counts the lines computed so far."""

    costs: dict[str, int] = {}  # of lines that take longer than others

    def __init__(self, formula: Formula, inputs: Iterable[str]):
        self.formula, self.inputs, self.effort = formula, tuple(inputs), 0
        self.targets, self.given, self.peeled = formula.targets, formula.given, formula.peeled
        self.lines = {name: Line.parsed(text) for name, text in formula.lines.items()}

    def tools(self, known: Quantities) -> dict:
        """Functions that the lines call and that depend on what is known."""
        return {}

    def value(
        self, known: Quantities, target: str, planted: Mapping[str, Line] | None = None
    ) -> np.ndarray | None:
        """The target computed from what is known, with other lines planted; None where shapes do not fit."""
        lines = {**self.lines, **planted} if planted else self.lines
        scope, needed = {**self.tools(known), **known}, needed_for(target, lines, known)
        self.effort += sum(self.costs.get(name, 1) for name in needed)
        try:
            with np.errstate(all="ignore"):
                for name in in_order(target, needed, lines):
                    scope[name] = lines[name].value(scope)
        except Exception:  # a product, or a sum, of what does not fit
            return None
        return numbers(scope[target])

    def all_values(self, known: Quantities, target: str) -> Quantities:
        """What is known, and all lines that the target goes back to."""
        scope = dict(known)
        for name in self.lines:
            if name in needed_for(target, self.lines, known):
                scope[name] = self.value(scope, name)
        return scope

    def untouched(self, scope: Quantities, planted: Iterable[str]) -> Quantities:
        """Of all values those that do not depend on these lines."""
        touched = set(planted)
        for name, line in self.lines.items():
            if not touched.isdisjoint(line.names):
                touched.add(name)
        return {name: value for name, value in scope.items() if name not in touched}

    def changes(
        self, target: str, known: Quantities, alternatives, right=(), part: str = "own"
    ) -> Iterator[Change]:
        """The changes that may show in a target, those of its own line first."""
        if part == "step":
            return
        free = needed_for(target, self.lines, known) - set(self.given)
        order = list(self.lines)
        for name in [n for n in reversed(order) if n in free]:
            above = [*self.inputs, *order[: order.index(name)]]
            yield from changes(name, self.lines[name].tree, above, alternatives)

    def glimpse(self, some, lines, target: str, known: Quantities):
        """A part of the target that tells soon whether changes can be the right ones, if there is one."""
        return None

    def planted(self, some: Sequence[Change]) -> dict[str, Line] | None:
        """The lines with these changes in them; None where two exclude each other."""
        outer = {}
        self.effort += 2 * len(some) - 1
        for a, b in itertools.permutations(some, 2):
            if a.name == b.name and a.holds(b):
                self.effort += 4
                new = exchanged(a.new, at_end(self.lines[b.name].tree, b.path), b.new)
                if new is a.new:
                    return None
                outer[a.said, a.path] = new
                outer[b.said, b.path] = None
            elif a.name == b.name and a.path == b.path:
                return None
        lines = {}
        for change in some:
            new = outer.get((change.said, change.path), change.new)
            if new is not None:
                line = lines.get(change.name, self.lines[change.name])
                names = line.names | names_in(new)
                lines[change.name] = Line(replaced(line.tree, change.path, new), names)
        return lines


def in_order(target: str, needed: set[str], lines: Mapping[str, Line]) -> list[str]:
    """These lines, each after those it needs, the target last. Raises RecursionError for a circle."""
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        for other in lines[name].names:
            if other in needed and other not in order:
                visit(other)
        order[name] = None

    visit(target)
    return list(order)


def needed_for(target: str, lines: Mapping[str, Line], known: Iterable[str]) -> set[str]:
    """The lines that must be computed for a target: those that it goes back to and that are not known."""
    found, waiting = set(), [target]
    while waiting:
        name = waiting.pop()
        if name in lines and name not in found and (name == target or name not in known):
            found.add(name)
            waiting += lines[name].names
    return found


def numbers(value) -> np.ndarray | None:
    """A finite array of numbers; None for anything else."""
    array = np.asarray(value)
    return array if array.dtype.kind in "fiu" and np.isfinite(array).all() else None


def close(got: np.ndarray | None, wanted: np.ndarray) -> bool:
    """Whether two arrays are the same numbers, but for the order in which they were computed."""
    if got is None or got.shape != wanted.shape:
        return False
    largest = float(np.abs(wanted).max(initial=0.0))
    return float(np.abs(got - wanted).max(initial=0.0)) <= CLOSE * max(largest, 1e-3)
