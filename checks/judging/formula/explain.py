"""The changes of a formula that give just what a hand-in returned."""

import ast
import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from checks.judging.formula.captioner import Sampling, Teaching
from checks.judging.formula.changes import Change, replaced, unusual, usual
from checks.judging.formula.lines import FORMULAS
from checks.judging.formula.loops import LOOPS, OVER_TIME, LoopProgram
from checks.judging.formula.others import call
from checks.judging.formula.peel import with_peeled
from checks.judging.formula.program import (
    Line,
    Program,
    Quantities,
    close,
    names_in,
    needed_for,
)
from checks.judging.formula.words import ORDER, START, STEP, text, told

LIMIT, LIMIT_OF_LOOPS = 60_000, 160_000  # lines that may be computed: about half a second


IN_LOOPS = {target for loop in LOOPS.values() for target in loop.targets}


@dataclass(frozen=True)
class Finding:
    """What was put where in the formula, so that a target comes out as it did."""

    target: str
    planted: tuple[Change, ...]
    where: str = ""

    @property
    def said(self) -> tuple[str, ...]:
        loops = self.target in IN_LOOPS
        return tuple(self.where + told(c.name, c.said, loops) for c in self.planted)


def explain(
    exercise: str, cases: list[tuple[Quantities, Quantities]]
) -> tuple[list[Finding], list[str]]:
    """What explains the outputs of a function in every case, target by target; and what is not explained.

    cases: of each, the inputs and what was returned; the changes are looked for in the first. A target is
    explained from what was returned above it: right or wrong, that is what the hand-in went on with.
    """
    program = program_of(exercise, cases[0][0])
    scopes = [prepared(program, inputs) for inputs, _ in cases]
    seen = [
        with_peeled(program.peeled, scope, returned) for scope, (_, returned) in zip(scopes, cases)
    ]
    findings, unexplained, right = [], [], []
    targets = [t for t in program.targets if t in seen[0] and sum(t in each for each in seen) > 1]
    for target in targets:
        there = [k for k, each in enumerate(seen) if target in each]
        shown = [seen[k][target] for k in there]
        later = {t: seen[0][t] for t in targets[targets.index(target) + 1 :]}
        look = Look(program, target, [scopes[k] for k in there], shown, later)
        look.doubtful = set(unexplained)
        if look.fits({}):
            right.append(target)
        else:
            limit = LIMIT if type(program) is Program else LIMIT_OF_LOOPS
            look.limit = program.effort + (limit - program.effort) * 2 // 3
            if planted := look.explained([f.planted for f in findings], right):
                findings.append(Finding(target, planted))
            else:
                unexplained.append(target)
        for scope, value in zip(look.scopes, shown):
            scope[target] = value
    open_ = set(unexplained)
    return [local(program, each, findings, open_, scopes[0]) for each in findings], unexplained


def local(
    program: Program,
    finding: Finding,
    others: list[Finding],
    unexplained: set[str],
    scope: Quantities,
) -> Finding:
    """The finding; a change that another target would show, and does not, is told of this target alone."""
    planted = []
    for change in finding.planted:
        touched = {t for t in program.targets if t in scope and shows(program, change, t, scope)}
        showing = unexplained | {other.target for other in others if change in other.planted}
        if change.name != finding.target and not touched <= showing:
            said = f"where `{change.name.split()[-1]}` enters, {change.said}"
            change = replace(change, name=finding.target, said=said)
        planted.append(change)
    return Finding(finding.target, tuple(planted))


def shows(program: Program, change: Change, target: str, scope: Quantities) -> bool:
    """Whether a change makes a difference in a target."""
    without, with_it = (
        program.value(scope, target, lines) for lines in ({}, program.planted([change]))
    )
    return with_it is None or without is None or not close(with_it, without)


def program_of(exercise: str, inputs: Quantities) -> Program:
    cell = exercise.split("[")[-1].rstrip("]")
    if exercise.startswith("CaptioningRNN.sample"):
        return Sampling(cell, LOOPS[exercise], inputs)
    if exercise.startswith("CaptioningRNN.forward"):
        return Teaching(cell, FORMULAS[exercise], inputs)
    if exercise in LOOPS:
        return LoopProgram(LOOPS[exercise], inputs)
    return Program(FORMULAS[exercise], inputs)


def prepared(program: Program, inputs: Quantities) -> Quantities:
    """The inputs and the given lines."""
    scope = dict(inputs)
    for name in program.given:
        scope[name] = program.value(scope, name)
    return scope


class Look:
    """The search for the changes behind one target; shown: what it is in every case; so for later targets."""

    def __init__(
        self,
        program: Program,
        target: str,
        scopes: list[Quantities],
        shown: list[np.ndarray],
        later: Quantities,
    ):
        self.program, self.target, self.scopes, self.shown = program, target, scopes, shown
        self.later = later
        self.limit = LIMIT
        self.doubtful: set[str] = set()  # quantities that are wrong, nobody knows how
        self.whole = program.all_values(scopes[0], target)
        self.around: dict[frozenset, Quantities] = {}
        self.distinct: dict[bytes, Change] = {}
        self.odd: dict[bytes, Change] = {}

    def fits(self, planted) -> bool:
        """Whether the target comes out as it was returned, in every case."""
        return all(
            close(self.program.value(scope, self.target, planted), value)
            for scope, value in zip(self.scopes, self.shown)
        )

    def explained(
        self, known: list[tuple[Change, ...]], right: list[str]
    ) -> tuple[Change, ...] | None:
        """The fewest changes that give the target in every case, one or two; known ones first."""
        for some in known:
            planted = tuple(c for c in some if shows(self.program, c, self.target, self.scopes[0]))
            if planted and self.fits(self.program.planted(planted)):
                return planted
        if not any(value.any() for value in self.shown):  # zeros: anything may make them
            return None
        first = [change for planted in known for change in planted]
        looks = (
            self.elsewhere,
            lambda: self.one(usual, right, "own"),
            lambda: self.twins(first),
            self.between,
            lambda: self.in_some_rows(right),
            lambda: self.own_pair(first),
            lambda: self.one(usual, right, "step"),
            lambda: self.one(unusual, right, "own"),
            lambda: self.at_some_steps(right),
            lambda: self.pair(first, by_rank),
            lambda: self.one(unusual, right, "step"),
            lambda: self.pair(first, self.with_unusual),
            self.weighted,
        )
        return next((found for look in looks if (found := look())), None)

    def value(self, lines) -> np.ndarray | None:
        """The target in the first case, with lines planted."""
        where = frozenset(lines)
        if where not in self.around:
            self.around[where] = self.program.untouched(self.whole, where)
        return self.program.value(self.around[where], self.target, lines)

    def soon(self, some: Sequence[Change], lines) -> tuple[np.ndarray | None, np.ndarray]:
        """What changes give, and what was returned, in the first case; where that is enough in a part."""
        part = self.program.glimpse(some, lines, self.target, self.scopes[0])
        if part is None:
            return self.value(lines), self.shown[0]
        value, steps = part
        return value, self.shown[0][:, steps]

    def one(self, alternatives, right: list[str], part: str) -> tuple[Change] | None:
        """The change that gives the target in every case; of several the one that explains most besides."""
        program, first, hits = self.program, self.scopes[0], []
        for change in program.changes(self.target, first, alternatives, right, part):
            if program.effort > self.limit:
                break
            lines = program.planted([change])
            value, shown = self.soon([change], lines)
            if value is None:
                continue
            if close(value, shown) and self.fits(lines):
                hits.append(change)
            # the same in this case, or at two steps, may be something else in another
            same = f"{value.shape} {change.name} {change.said if change.slot else ''}"
            key = value.round(9).tobytes() + same.encode()
            (self.distinct if alternatives is usual else self.odd).setdefault(key, change)
        return (max(hits, key=self.explains),) if hits else None

    def explains(self, change: Change) -> int:
        """How many of the later targets come out, too, as they were returned."""
        lines = self.program.planted([change])
        return sum(
            close(self.program.value(self.scopes[0], target, lines), shown)
            for target, shown in self.later.items()
        )

    def pair(self, first: Sequence[Change], order) -> tuple[Change, ...] | None:
        changes = [*first, *self.distinct.values()]
        if isinstance(self.program, Teaching | Sampling):  # a program of calls: other calls first
            changes.sort(key=lambda change: not change.slot)
        for pair in order(changes):
            if self.program.effort > self.limit:
                return None
            lines = self.program.planted(pair)
            if lines and close(*self.soon(pair, lines)) and self.fits(lines):
                return pair
        return None

    def with_unusual(self, changes: Sequence[Change]) -> Iterator[tuple[Change, Change]]:
        yield from itertools.product(changes, [*self.odd.values()])

    def weighted(self) -> tuple[Change] | None:
        """The terms of a sum, each with a factor of its own; and what else of that shape is added."""
        if isinstance(self.program, LoopProgram):
            return None
        name, outer = self.target, None
        tree = self.program.lines[name].tree
        if (
            isinstance(tree, ast.Call) and tree.func.id in INVERSES
        ):  # undone, what is inside is seen
            outer, tree = tree.func.id, tree.args[0]
            if isinstance(tree, ast.Name) and tree.id in self.program.lines:
                name, tree = tree.id, self.program.lines[tree.id].tree
        with np.errstate(all="ignore"):
            inner = [INVERSES[outer](value) if outer else value for value in self.shown]
        terms = terms_of(tree)
        added = [n for n in self.scopes[0] if np.shape(self.scopes[0][n]) == np.shape(inner[0])]
        for more in ([], [ast.Name(n, ast.Load()) for n in added if n not in self.program.targets]):
            found = self.factors(name, [*terms, *more], inner[0])
            if found is None:
                continue
            new = functools.reduce(lambda a, b: ast.BinOp(a, ast.Add(), b), found.trees)
            said = " and ".join(found.said)
            if said:
                change = Change(name, (), new, said)
                if self.fits(self.program.planted([change])):
                    return (change,)
        return None

    def factors(self, name: str, terms: list[ast.expr], inner: np.ndarray) -> "Factors | None":
        """What each term counts, so that they add up to what is seen inside: three equations each."""
        if not np.isfinite(inner).all() or inner.size < 3 * len(terms):
            return None
        columns = []
        for term in terms:
            line = Line(term, names_in(term))
            value = self.program.value(self.scopes[0], name, {name: line})
            if value is None or value.dtype.kind != "f":
                return None
            columns.append(np.broadcast_to(value, inner.shape).ravel())
        solved, _, rank, _ = np.linalg.lstsq(np.stack(columns, axis=1), inner.ravel(), rcond=None)
        if rank < len(terms) or not close(np.stack(columns, axis=1) @ solved, inner.ravel()):
            return None
        return Factors.of(terms, solved, len(terms_of(self.program.lines[name].tree)))

    def elsewhere(self) -> tuple[Change] | None:
        """Another quantity in the place of the whole target."""
        if isinstance(self.program, LoopProgram) or self.shown[0].ndim < 2:
            return None
        known = self.scopes[0]
        for name in [n for n in (*known, *self.program.lines) if n not in self.doubtful]:
            if name != self.target and self.target not in needed_for(name, self.program.lines, ()):
                value = known[name] if name in known else self.program.value(known, name)
                if isinstance(value, np.ndarray) and close(value, self.shown[0]):
                    said = f"`{name}` stands where `{self.target}` belongs"
                    change = Change(self.target, (), ast.Name(name, ast.Load()), said)
                    if self.fits(self.program.planted([change])):
                        return (change,)
        return None

    def twins(self, first: Sequence[Change]) -> tuple[Change, ...] | None:
        """The same change in two lines, as of both states before the first step."""
        return None if isinstance(self.program, Sampling) else self.pair(first, same_words)

    def own_pair(self, first: Sequence[Change]) -> tuple[Change, ...] | None:
        """Two changes outside of what is called, which is right: most of the effort."""
        if not isinstance(self.program, LoopProgram | Teaching):
            return None
        limit, so_far = self.limit, self.program.effort
        self.limit = so_far + (limit - so_far) * 2 // 3
        found = self.pair(first, self.by_first_step)
        self.limit = limit
        return found

    def by_first_step(self, changes: Sequence[Change]) -> Iterator[tuple[Change, Change]]:
        """The pairs that can give what stands at the step that is computed first.

        Where it is right, neither shows there; where it is wrong, one does alone, or both do.
        """
        if isinstance(self.program, Teaching | Sampling):
            changes = [change for change in changes if change.slot]
        if isinstance(self.program, Teaching):
            yield from by_rank(changes)
            return
        seen = [self.at_first_step([change]) for change in changes]
        right, shown = self.at_first_step([]), self.at_first_step(None)
        if right is None:
            yield from by_rank(changes)
            return
        parted = {"whole": [], "quiet": [], "alone": [], "loud": []}
        for change, value in zip(changes, seen):
            if change.name in (ORDER, self.target):  # of all steps together
                parted["whole"].append(change)
            elif close(value, right):
                parted["quiet"].append(change)
            else:
                parted["loud"].append(change)
                parted["alone"] += [change] * close(value, shown)
        if close(shown, right):
            yield from by_rank(parted["quiet"])
        else:
            yield from itertools.product(parted["alone"], parted["quiet"])
            yield from by_rank(parted["loud"])
        yield from itertools.product(parted["whole"], changes)

    def at_first_step(self, some: Sequence[Change] | None) -> np.ndarray | None:
        """What stands there with these changes; with None: what was returned."""
        program, known = self.program, self.scopes[0]
        if not program.loop.outputs[self.target].startswith("stacked") or known["T"] < 3:
            return None
        first = next(iter(program.lines[ORDER].value({**OVER_TIME, **known})))
        if some is None:
            return self.shown[0][:, first]
        value = program.value(known, self.target, program.planted(some), steps=1)
        return None if value is None else value[:, first]

    def between(self) -> tuple[Change] | None:
        """The right numbers, kept between two limits."""
        right, shown = self.program.value(self.scopes[0], self.target), self.shown[0]
        if right is None or right.shape != shown.shape or not shown.size > 1:
            return None
        low, high = (float(limit) for limit in (shown.min(), shown.max()))
        if not (low > right.min() or high < right.max()) or low == high:
            return None
        line = self.program.lines[self.target]
        new = call("between", line.tree, ast.Constant(low), ast.Constant(high))
        limits = [f"above {high:.4g}"] * int(high < right.max())
        limits += [f"below {low:.4g}"] * int(low > right.min())
        change = Change(self.target, (), new, f"what is {' or '.join(limits)} is cut off")
        return (change,) if self.fits(self.program.planted([change])) else None

    def in_some_rows(self, right: list[str]) -> tuple[Change] | None:
        """One change, for some rows of the batch only, the others being right."""
        made = [self.program.value(scope, self.target) for scope in self.scopes]
        kinds = [
            kind
            for kind, rows in ROWS.items()
            if all(
                value is not None
                and value.shape == shown.shape
                and shown.ndim > 1
                and len(shown) == scope["N"]
                and wrong_rows(value, shown) == rows(len(shown))
                for value, shown, scope in zip(made, self.shown, self.scopes)
            )
        ]
        if not kinds or isinstance(self.program, LoopProgram):
            return None
        for change in self.program.changes(self.target, self.scopes[0], usual, right, "own"):
            lines = self.program.planted([change])
            values = [self.program.value(scope, self.target, lines) for scope in self.scopes]
            if all(
                value is not None and same_where_wrong(value, shown, ROWS[kinds[0]])
                for value, shown in zip(values, self.shown)
            ):
                return (replace(change, said=f"{kinds[0]}, {change.said}"),)
        return None

    def at_some_steps(self, right: list[str]) -> tuple[Change] | None:
        """One change of a loop's own lines, at some of the steps only."""
        program = self.program
        if not isinstance(program, LoopProgram):
            return None
        outside = (STEP, START)
        for test, when in STEPS.items():
            condition = ast.parse(test, mode="eval").body
            for change in program.changes(self.target, self.scopes[0], usual, right, "own"):
                if program.effort > self.limit:
                    return None
                if change.name.startswith(outside) or change.name in (ORDER, self.target):
                    continue
                tree = program.lines[change.name].tree
                new = ast.IfExp(condition, replaced(tree, change.path, change.new), tree)
                some = Change(change.name, (), new, f"{when}, {change.said}")
                lines = program.planted([some])
                if close(self.value(lines), self.shown[0]) and self.fits(lines):
                    return (some,)
        return None


INVERSES = {"tanh": np.arctanh, "sigmoid": lambda q: np.log(q / (1 - q))}


def terms_of(tree: ast.expr) -> list[ast.expr]:
    """The terms of a sum; those that are subtracted with their sign."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
        right = tree.right
        if isinstance(tree.op, ast.Sub):
            right = ast.BinOp(ast.Constant(-1), ast.Mult(), right)
        return [*terms_of(tree.left), right]
    return [tree]


@dataclass
class Factors:
    """Terms with their factors, and how that is said of those whose factor is not as it should be."""

    trees: list[ast.expr]
    said: list[str]

    @classmethod
    def of(cls, terms: list[ast.expr], solved: np.ndarray, own: int) -> "Factors":
        trees, said = [], []
        for k, (term, factor) in enumerate(zip(terms, solved)):
            what, factor = text(term), float(np.round(factor, 12))
            if abs(factor) > 1e-9:
                trees.append(ast.BinOp(ast.Constant(factor), ast.Mult(), term))
            if k >= own and abs(factor) > 1e-9:
                said.append(f"`{what}` is added {factor:.4g} times")
            elif k < own and abs(factor) <= 1e-9:
                said.append(f"the term `{what}` is missing")
            elif k < own and abs(factor - 1) > 1e-9:
                said.append(f"the term `{what}` counts {factor:.4g} times")
        return cls(trees or [ast.Constant(0)], said)


STEPS = {
    "t == 0": "at the first step",
    "t > 0": "at every step but the first",
    "t == T - 1": "at the last step",
    "t < T - 1": "at every step but the last",
}
ROWS = {
    "in the first row of the batch alone": lambda n: {0},
    "in the last row of the batch alone": lambda n: {n - 1},
    "in every row of the batch but the first": lambda n: {*range(1, n)},
    "in every row of the batch but the last": lambda n: {*range(n - 1)},
}


def wrong_rows(value: np.ndarray, shown: np.ndarray) -> set[int]:
    return {n for n, (a, b) in enumerate(zip(value, shown)) if not close(a, b)}


def same_where_wrong(value: np.ndarray, shown: np.ndarray, rows) -> bool:
    wrong = sorted(rows(len(shown)))
    return value.shape == shown.shape and close(value[wrong], shown[wrong])


def by_rank(changes: Sequence[Change]) -> Iterator[tuple[Change, Change]]:
    """All pairs, those of the first changes first."""
    for total in range(1, 2 * len(changes) - 2):
        for j in range(max(0, total - len(changes) + 1), (total + 1) // 2):
            yield changes[j], changes[total - j]


def same_words(changes: Sequence[Change]) -> Iterator[tuple[Change, Change]]:
    """The pairs of changes of which the same is said."""
    alike: dict[str, list[Change]] = {}
    for change in changes:
        alike.setdefault(change.said, []).append(change)
    for some in alike.values():
        yield from itertools.combinations(some, 2)
