"""The changes of a formula that give just what a hand-in returned."""

import itertools
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from checks.judging.formula.changes import Change
from checks.judging.formula.lines import FORMULAS
from checks.judging.formula.loops import LOOPS, LoopProgram
from checks.judging.formula.peel import with_peeled
from checks.judging.formula.program import Program, Quantities, close
from checks.judging.formula.words import told

PATIENCE = 1.0  # seconds that may be spent on two changes at once


@dataclass(frozen=True)
class Finding:
    """What was put where in the formula, so that a target comes out as it did."""

    target: str
    planted: tuple[Change, ...]

    @property
    def said(self) -> tuple[str, ...]:
        return tuple(told(change.name, change.said) for change in self.planted)


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
    findings, unexplained, deadline = [], [], perf_counter() + PATIENCE
    for target in program.targets:
        if not all(target in each for each in seen):
            continue
        shown = [each[target] for each in seen]
        if not fits(program, target, {}, scopes, shown):
            known = [finding.planted for finding in findings]
            if planted := explained(program, target, scopes, shown, known, deadline):
                findings.append(Finding(target, planted))
            else:
                unexplained.append(target)
        for scope, value in zip(scopes, shown):
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
            said = f"where `{change.name}` enters, {change.said}"
            change = replace(change, name=finding.target, said=said)
        planted.append(change)
    return Finding(finding.target, tuple(planted))


def shows(program: Program, change: Change, target: str, scope: Quantities) -> bool:
    """Whether a change makes a difference in a target."""
    without, with_it = (
        program.value(scope, target, lines) for lines in ({}, program.planted([change]))
    )
    return with_it is None or not close(with_it, without)


def program_of(exercise: str, inputs: Quantities) -> Program:
    if exercise in LOOPS:
        return LoopProgram(LOOPS[exercise], inputs)
    return Program(FORMULAS[exercise], inputs)


def prepared(program: Program, inputs: Quantities) -> Quantities:
    """The inputs and the given lines."""
    scope = dict(inputs)
    for name in program.given:
        scope[name] = program.value(scope, name)
    return scope


def fits(program: Program, target: str, planted, scopes, shown) -> bool:
    """Whether the target comes out as it was returned, in every case."""
    return all(close(program.value(s, target, planted), v) for s, v in zip(scopes, shown))


def explained(
    program: Program,
    target: str,
    scopes: list[Quantities],
    shown: list[np.ndarray],
    known: list[tuple[Change, ...]],
    deadline: float,
) -> tuple[Change, ...] | None:
    """The fewest changes that give the target in every case, one or two; known ones first."""
    for some in known:
        planted = tuple(c for c in some if shows(program, c, target, scopes[0]))
        if planted and fits(program, target, program.planted(planted), scopes, shown):
            return planted
    distinct = {}
    for change in program.changes(target, scopes[0]):
        lines = program.planted([change])
        value = program.value(scopes[0], target, lines)
        if value is None:
            continue
        if close(value, shown[0]) and fits(program, target, lines, scopes, shown):
            return (change,)
        distinct.setdefault(value.round(9).tobytes() + str(value.shape).encode(), change)
    first = [change for planted in known for change in planted]
    whole, untouched = program.all_values(scopes[0], target), {}
    for pair in itertools.combinations([*first, *distinct.values()], 2):
        if not (lines := program.planted(pair)):
            continue
        where = frozenset(lines)
        if where not in untouched:
            untouched[where] = program.untouched(whole, where)
        value = program.value(untouched[where], target, lines)
        if close(value, shown[0]) and fits(program, target, lines, scopes, shown):
            return pair
        if perf_counter() > deadline:
            break
    return None
