"""A formula that can be computed, as it is or with changes."""

import ast
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType

import numpy as np

from checks.judging.formula.changes import Change, changes, replaced
from checks.judging.formula.lines import Formula
from checks.judging.formula.quantities import OPERATIONS

Quantities = dict[str, np.ndarray]
CLOSE = 1e-7  # of the largest number
SCOPE = {"__builtins__": {}, **OPERATIONS}


@dataclass(frozen=True)
class Line:
    """A line that can be computed: its tree, its code, and the names in it."""

    tree: ast.expr
    code: CodeType
    names: tuple[str, ...]

    @classmethod
    def of(cls, tree: ast.expr) -> "Line":
        code = compile(ast.fix_missing_locations(ast.Expression(tree)), "<formula>", "eval")
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        return cls(tree, code, tuple(names))

    @classmethod
    def parsed(cls, text: str) -> "Line":
        return cls.of(ast.parse(text, mode="eval").body)


class Program:
    """The lines of a formula, for inputs of these names."""

    def __init__(self, formula: Formula, inputs: Iterable[str]):
        self.formula, self.inputs = formula, tuple(inputs)
        self.targets, self.given, self.peeled = formula.targets, formula.given, formula.peeled
        self.lines = {name: Line.parsed(text) for name, text in formula.lines.items()}
        self.changed: dict[Change, Line] = {}

    def value(
        self, known: Quantities, target: str, planted: Mapping[str, Line] | None = None
    ) -> np.ndarray | None:
        """The target computed from what is known, with other lines planted; None where shapes do not fit."""
        lines = {**self.lines, **planted} if planted else self.lines
        scope, needed = dict(known), needed_for(target, lines, known)
        try:
            with np.errstate(all="ignore"):
                for name, line in lines.items():
                    if name in needed:
                        scope[name] = eval(line.code, SCOPE, scope)
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

    def changes(self, target: str, known: Quantities) -> list[Change]:
        """The changes that may show in a target, those of its own line first."""
        free = needed_for(target, self.lines, known) - set(self.given)
        above, found = list(self.inputs), []
        for name, line in self.lines.items():
            if name in free:
                found.append(list(changes(name, line.tree, above)))
            above.append(name)
        return [change for some in reversed(found) for change in some]

    def planted(self, some: Sequence[Change]) -> dict[str, Line] | None:
        """The lines with these changes in them; None where one lies within another."""
        if any(a.meets(b) for a, b in itertools.combinations(some, 2)):
            return None
        lines = {}
        for change in some:
            if change.name in lines:
                tree = lines[change.name].tree
                lines[change.name] = Line.of(replaced(tree, change.path, change.new))
            else:
                lines[change.name] = self.with_one(change)
        return lines

    def with_one(self, change: Change) -> Line:
        if change not in self.changed:
            tree = self.lines[change.name].tree
            self.changed[change] = Line.of(replaced(tree, change.path, change.new))
        return self.changed[change]


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
