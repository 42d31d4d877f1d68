"""Makes every small change to the reference's functions, and proves that the checks see each one.

    python -m checks.kit.mutants [FUNCTION ...]

What the catalogue names are mistakes that somebody thought of. These are made by rule: another
operator, another name, another axis, a line left out. One that passes is either right in another
way, and listed in equivalents.py with the reason, or it shows a case that the checks lack.
"""

import argparse
import ast
import copy
import itertools
import multiprocessing
import os
import re
import sys
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from tqdm import tqdm

from checks.cases import EXERCISES
from checks.hand_ins.hand_in import HandIn
from checks.judging.judge import failures
from checks.kit.equivalents import EQUIVALENTS
from checks.mistakes.catalogue import HELPERS, Mistake, segment
from checks.record import SOURCE, hand_in
from checks.running.runner import run_case

FUNCTIONS = list(dict.fromkeys([*(e.name for e in EXERCISES.values() if not e.cell), *HELPERS]))
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.MatMult, ast.Pow)
LOGIC = (ast.BitOr, ast.BitAnd, ast.BitXor)
ORDER = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
IDENTITY = (ast.Is, ast.IsNot)
FAMILIES = [
    set(family.split())
    for family in (
        "sigmoid tanh relu",
        "sum mean amax amin",
        "exp log sqrt",
        "softmax log_softmax sigmoid",
        "zeros_like ones_like",
        "stack cat",
        "argmax argmin",
        "squeeze unsqueeze",
        "null start end ignore_index",
        "word_embedding image_projection vocabulary_projection cell",
        "forward start step",
        "bool int64",
    )
]


@dataclass(frozen=True)
class Mutant:
    """A function of the reference with one change: `source` is all of it, `change` says what."""

    where: str
    change: str
    source: str


# The kinds of change: what may stand in the place of a node


def operators(node: ast.AST) -> Iterator[ast.AST]:
    """Another operator; one operand alone; the two exchanged; a unary operator left out."""
    if isinstance(node, ast.BinOp):
        family = LOGIC if isinstance(node.op, LOGIC) else ARITHMETIC
        yield from (changed(node, op=other()) for other in family)
        yield from (node.left, node.right)
        if not isinstance(node.op, (ast.Add, ast.Mult, *LOGIC)):
            yield changed(node, left=node.right, right=node.left)
    elif isinstance(node, ast.Compare):
        family = ORDER if isinstance(node.ops[0], ORDER) else IDENTITY
        yield from (changed(node, ops=[other()]) for other in family)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand


def conditions(node: ast.AST) -> Iterator[ast.AST]:
    """Always the one way, or always the other."""
    if isinstance(node, ast.If | ast.IfExp):
        yield from (changed(node, test=ast.Constant(value)) for value in (True, False))


def constants(node: ast.AST) -> Iterator[ast.AST]:
    """Another number or truth value; something for None."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, str):
        return
    value = node.value
    if value is None or isinstance(value, bool):
        others = (not value, 0)
    else:
        others = (value + 1, value - 1, 0, None)
    yield from (ast.Constant(other) for other in others)


def axes(node: ast.AST) -> Iterator[ast.AST]:
    """Another axis in dim=; all of them."""
    if isinstance(node, ast.keyword) and node.arg == "dim":
        yield from (changed(node, value=ast.Constant(axis)) for axis in (-1, 0, 1, 2, 3, None))


def calls(node: ast.AST) -> Iterator[ast.AST]:
    """Arguments exchanged or left out; no call at all, but what went into it."""
    if isinstance(node, ast.Call):
        yield from (changed(node, args=args) for args in reordered(node.args))
        yield from (changed(node, keywords=rest) for rest in shortened(node.keywords))
        yield from node.args
        if isinstance(node.func, ast.Attribute):
            yield node.func.value


def loops(node: ast.AST) -> Iterator[ast.AST]:
    """The first step left out, the last one, one too many."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "range":
        yield changed(node, args=[ast.Constant(1), *node.args])
        yield from (changed(node, args=[count]) for count in shifted(node.args[0]))


def relatives(node: ast.AST) -> Iterator[ast.AST]:
    """A function, method or attribute of the same family."""
    if isinstance(node, ast.Attribute):
        for family in FAMILIES:
            if node.attr in family:
                yield from (changed(node, attr=other) for other in sorted(family))


def transposes(node: ast.AST) -> Iterator[ast.AST]:
    """.T left out, or put where none was."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield ast.Attribute(node, "T", ast.Load())


def subscripts(node: ast.AST) -> Iterator[ast.AST]:
    """No index; an index one up or down; a slice without its start, stop or step."""
    if isinstance(node, ast.Slice):
        yield from (changed(node, **{part: None}) for part in ("lower", "upper", "step"))
    elif isinstance(node, ast.Subscript):
        yield node.value
        if isinstance(node.slice, ast.Name):
            yield from (changed(node, slice=index) for index in shifted(node.slice))
        elif isinstance(node.slice, ast.Tuple):
            for place, index in enumerate(node.slice.elts):
                for other in shifted(index) if isinstance(index, ast.Name) else ():
                    elements = [*node.slice.elts[:place], other, *node.slice.elts[place + 1 :]]
                    yield changed(node, slice=changed(node.slice, elts=elements))


def collections(node: ast.AST) -> Iterator[ast.AST]:
    """Elements of a tuple or list exchanged or left out; parameters, too."""
    if isinstance(node, ast.Tuple | ast.List):
        yield from (changed(node, elts=elements) for elements in reordered(node.elts))
    elif isinstance(node, ast.arguments):
        yield from (changed(node, args=arguments) for arguments in reordered(node.args))


def einsums(node: ast.AST) -> Iterator[ast.AST]:
    """Letters of an einsum in another order, and each letter replaced or left out."""
    if not isinstance(node, ast.Constant) or "->" not in str(node.value):
        return
    text = node.value
    for term in re.findall(r"\w+", text):
        for order in itertools.permutations(term):
            yield ast.Constant(text.replace(term, "".join(order), 1))
    for place, letter in enumerate(text):
        if letter.isalpha():
            for other in ("", *sorted(set(re.findall(r"\w", text)))):
                yield ast.Constant(text[:place] + other + text[place + 1 :])


def omissions(node: ast.AST) -> Iterator[ast.AST]:
    """A statement left out, or a decorator."""
    if isinstance(node, ast.Assign | ast.Expr | ast.If):
        yield ast.Pass()
    elif isinstance(node, ast.FunctionDef):
        yield from (changed(node, decorator_list=rest) for rest in shortened(node.decorator_list))


def detached(node: ast.AST) -> Iterator[ast.AST]:
    """An operand or argument through which no gradient goes back."""

    def cut(value: ast.AST) -> ast.AST:
        return ast.Call(ast.Attribute(value, "detach", ast.Load()), [], [])

    if isinstance(node, ast.BinOp):
        yield changed(node, left=cut(node.left))
        yield changed(node, right=cut(node.right))
    elif isinstance(node, ast.Call):
        for place, value in enumerate(node.args):
            yield changed(node, args=[*node.args[:place], cut(value), *node.args[place + 1 :]])


def other_names(names: list[str], node: ast.AST) -> Iterator[ast.AST]:
    """Any other name that the function knows."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        yield from (changed(node, id=other) for other in names)


KINDS = (operators, conditions, constants, axes, calls, loops, relatives, transposes, subscripts)
KINDS += (collections, einsums, omissions)


def changed(node: ast.AST, **fields) -> ast.AST:
    """A copy of a node with other fields; what is below it is shared."""
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def shortened(elements: list) -> Iterator[list]:
    """The list with one element left out."""
    yield from (elements[:place] + elements[place + 1 :] for place in range(len(elements)))


def reordered(elements: list) -> Iterator[list]:
    """The list with one element left out, or two exchanged."""
    yield from shortened(elements)
    for i, j in itertools.combinations(range(len(elements)), 2):
        other = list(elements)
        other[i], other[j] = other[j], other[i]
        yield other


def shifted(value: ast.AST) -> Iterator[ast.AST]:
    """value + 1 and value - 1."""
    yield from (ast.BinOp(value, op(), ast.Constant(1)) for op in (ast.Add, ast.Sub))


# The walk


def mutants(where: str) -> Iterator[Mutant]:
    """Every mutant of a function of the reference, each once, always in the same order."""
    tree = parsed(where)
    names = sorted({name for node in ast.walk(tree) for name in bound(node)})
    kinds = [*KINDS, partial(other_names, names)]
    if not where.endswith(("backward", "sample")):  # those are not differentiated
        kinds.append(detached)
    before = ast.unparse(tree)
    seen = {before}
    for owner, place in list(places(tree)):
        node = owner[place]
        for other in itertools.chain.from_iterable(kind(node) for kind in kinds):
            owner[place] = other
            source = ast.unparse(tree)
            owner[place] = node
            if source not in seen:
                seen.add(source)
                yield Mutant(where, difference(before, source), source)


def parsed(where: str) -> ast.Module:
    """A function of the reference, without its docstring."""
    tree = ast.parse(textwrap.dedent(text_of(where)))
    if ast.get_docstring(tree.body[0]):
        del tree.body[0].body[0]
    return tree


def text_of(where: str) -> str:
    return SOURCE[slice(*segment(SOURCE, where))]


def bound(node: ast.AST) -> Iterator[str]:
    """The local name that a node binds, if any."""
    if isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id


def places(node: ast.AST) -> Iterator[tuple[list | dict, int | str]]:
    """Where the nodes below a node stand: a list and a position, or a node's fields and a name."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        many = isinstance(value, list)
        owner, keys = (value, range(len(value))) if many else (vars(node), [name])
        for key in keys:
            if isinstance(owner[key], ast.AST):
                yield owner, key
                yield from places(owner[key])


def difference(before: str, after: str) -> str:
    """Where two sources differ: the line, with {old -> new} in it."""
    old, new, _, _ = without_common_ends(before.splitlines(), after.splitlines())
    old, new = (
        re.findall(r"-?\w+|[=!<>]+|\W", " / ".join(map(str.strip, lines))) for lines in (old, new)
    )
    old, new, start, end = without_common_ends(old, new)
    return f"{''.join(start)}{{{''.join(old)} -> {''.join(new)}}}{''.join(end)}"


def without_common_ends(old: list, new: list) -> tuple[list, list, list, list]:
    """What is left of two lists without their common start and end; these."""
    shorter = min(len(old), len(new))
    start = next((k for k in range(shorter) if old[k] != new[k]), shorter)
    rest = shorter - start
    end = next((k for k in range(rest) if old[-1 - k] != new[-1 - k]), rest)
    stop = len(old) - end
    return old[start:stop], new[start : len(new) - end], old[:start], old[stop:]


# The proof


def is_caught(mutant: Mutant) -> bool:
    """Whether an exercise that its function belongs to fails; a pass with a note is a pass."""
    where, text = mutant.where, text_of(mutant.where)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numbers that are called, of .T with three axes
        try:
            made = hand_in([Mistake(mutant.change, where, text, mutant.source, "", "")])
        except Exception:  # decorators and defaults run at once: such a file cannot be imported
            return True
        return any(fails(made, name) for name in homes(where))


def homes(where: str) -> list[str]:
    """The exercises that a function belongs to, and those that take up the cache that it leaves."""
    own = HELPERS.get(where, (where,))
    return [*own, *(name for name, exercise in EXERCISES.items() if exercise.forward in own)]


def fails(made: HandIn, name: str) -> bool:
    """Whether the verdict is other than passed, looked for case by case: most fail the first one."""
    exercise = EXERCISES[name]
    return any(
        failure.case is case
        for case in exercise.cases
        if case.judged
        for failure in failures(exercise, [run_case(made, exercise, case)])
    )


def survivors(made: Iterable[Mutant]) -> tuple[list[Mutant], int]:
    """The mutants that the checks let pass, and the number of all; on all processors."""
    made = list(made)
    with multiprocessing.get_context("spawn").Pool(
        os.cpu_count(), torch.set_num_threads, (1,)
    ) as pool:
        verdicts = pool.imap(is_caught, made, chunksize=32)
        shown = tqdm(verdicts, total=len(made), unit="mutant", disable=not sys.stderr.isatty())
        return [mutant for mutant, caught in zip(made, shown) if not caught], len(made)


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m checks.kit.mutants", description=__doc__.split("\n")[0]
    )
    parser.add_argument("function", nargs="*", help="all by default")
    asked = parser.parse_args().function or FUNCTIONS
    if unknown := set(asked) - set(FUNCTIONS):
        parser.error(f"no function {', '.join(sorted(unknown))}: choose of {', '.join(FUNCTIONS)}")
    asked_for = {name for where in asked for name in homes(where)}
    if failing := sorted(name for name in asked_for if fails(hand_in(), name)):
        print(f"the reference itself fails {', '.join(failing)}: python -m checks.record")
        return 1
    return report(asked, *survivors(mutant for where in asked for mutant in mutants(where)))


def report(asked: Iterable[str], left: Iterable[Mutant], count: int) -> int:
    """Print what should not be as it is, and a summary; 1 if there was something, else 0."""
    found = {(mutant.where, mutant.change) for mutant in left}
    listed = {(where, change) for where in asked for change in EQUIVALENTS.get(where, {})}
    for where, change in sorted(found - listed):
        print(f"{where} passes with {change}")
    for where, change in sorted(listed - found):
        print(f"{where} is listed as right with {change}, which fails now or is not made")
    print(f"{count} mutants, {count - len(found)} caught, {len(found & listed)} equivalent")
    return 1 if found != listed else 0


if __name__ == "__main__":
    sys.exit(main())
