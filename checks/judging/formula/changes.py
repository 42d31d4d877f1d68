"""Every way to change one part of a line, and how to say it."""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from checks.judging.formula.words import text

FUNCTIONS = ("tanh", "sigmoid", "relu")
FACTORS = {"2": 2.0, "1/2": 0.5, "-1": -1.0}
CONSTANTS = (0, 1, 2, 3, -1)
SIZES = {"2": "2", "1/2": "0.5", "-1": "-1", "N": "N", "1/N": "1 / N", "H": "H", "1/H": "1 / H"}


@dataclass(frozen=True)
class Change:
    """In the line of `name`, the node at `path` becomes `new`; `said` tells it in words."""

    name: str
    path: tuple
    new: ast.expr
    said: str

    def meets(self, other: "Change") -> bool:
        """Whether one of the two lies within the other."""
        shorter = min(len(self.path), len(other.path))
        return self.name == other.name and self.path[:shorter] == other.path[:shorter]


def changes(name: str, tree: ast.expr, known: Sequence[str]) -> Iterator[Change]:
    """The changes of one line; `known` are the quantities that may stand in it: inputs and lines above."""
    inner = sorted(nodes(tree), key=lambda item: not isinstance(item[1], ast.Name | ast.Call))
    for path, node in inner:
        for new, said in alternatives(node, known):
            yield Change(name, path, new, said)
    for said, factor in SIZES.items():
        new = ast.BinOp(tree, ast.Mult(), ast.parse(factor, mode="eval").body)
        yield Change(name, (), new, f"everything is {said} times too large")


def nodes(tree: ast.AST, path: tuple = ()) -> Iterator[tuple[tuple, ast.expr]]:
    """Every expression in a tree, with the way to it."""
    if isinstance(tree, ast.expr):
        yield path, tree
    for field, value in ast.iter_fields(tree):
        if isinstance(value, ast.expr) and not (isinstance(tree, ast.Call) and field == "func"):
            yield from nodes(value, (*path, field))
        elif isinstance(value, list):
            for k, each in enumerate(value):
                if not isinstance(
                    each, ast.Constant
                ):  # an axis or a block: `_of_call` knows what else
                    yield from nodes(each, (*path, (field, k)))


def alternatives(node: ast.expr, known: Sequence[str]) -> Iterator[tuple[ast.expr, str]]:
    """What may stand in the place of a node, and how that is said."""
    if isinstance(node, ast.Name):
        for other in known:
            if other != node.id:
                yield ast.Name(other, ast.Load()), f"`{other}` stands where `{node.id}` belongs"
        yield call("T", node), f"`{node.id}` is transposed, and should not be"
    elif isinstance(node, ast.Constant):
        for other in CONSTANTS:
            if other != node.value:
                yield ast.Constant(other), f"{other} stands where {node.value} belongs"
    elif isinstance(node, ast.BinOp):
        yield from _of_operator(node)
    elif isinstance(node, ast.Call):
        yield from _of_call(node)


def _of_operator(node: ast.BinOp) -> Iterator[tuple[ast.expr, str]]:
    left, right, operator = node.left, node.right, type(node.op)
    a, b = text(left), text(right)
    if operator in (ast.Add, ast.Sub):
        yield right, f"the term `{a}` is missing"
        yield left, f"the term `{b}` is missing"
        other = ast.Sub() if operator is ast.Add else ast.Add()
        verb = (
            "subtracted, and should be added"
            if operator is ast.Add
            else "added, and should be subtracted"
        )
        yield ast.BinOp(left, other, right), f"`{b}` is {verb}"
        if operator is ast.Sub and isinstance(left, ast.Constant):
            yield from _of_slope(node, right)
        elif operator is ast.Sub:
            yield ast.BinOp(right, node.op, left), f"`{b} - {a}` stands where `{a} - {b}` belongs"
        yield (
            ast.BinOp(left, ast.Mult(), right),
            f"`{a}` and `{b}` are multiplied, where the formula has `{text(node)}`",
        )
        for term, others in ((left, right), (right, left)):
            for said, factor in FACTORS.items():
                scaled = ast.BinOp(ast.Constant(factor), ast.Mult(), term)
                if said != "-1" or term is left:
                    new = (
                        ast.BinOp(scaled, node.op, others)
                        if term is left
                        else ast.BinOp(left, node.op, scaled)
                    )
                    words = f"the term `{text(term)}` counts {said} times"
                    yield new, words if said != "-1" else f"`{a}` has the wrong sign"
    elif operator in (ast.Mult, ast.Div):
        yield (
            left,
            f"the factor `{b}` is missing"
            if operator is ast.Mult
            else f"it is not divided by `{b}`",
        )
        other = ast.Div() if operator is ast.Mult else ast.Mult()
        verb = "divided" if operator is ast.Mult else "multiplied"
        yield (
            ast.BinOp(left, other, right),
            f"`{a}` is {verb} by `{b}`, where the formula has `{text(node)}`",
        )
        if operator is ast.Mult:
            yield right, f"the factor `{a}` is missing"
            yield (
                ast.BinOp(left, ast.Add(), right),
                f"`{a}` and `{b}` are added, where they should be multiplied",
            )
            yield ast.BinOp(node, ast.Mult(), right), f"the factor `{b}` is there twice"
            yield ast.BinOp(node, ast.Mult(), left), f"the factor `{a}` is there twice"
        else:
            yield ast.BinOp(node, ast.Div(), right), f"it is divided by `{b}` twice"


def _of_slope(node: ast.BinOp, right: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """What is taken for 1 - q^2, or for the 1 - q of q (1 - q)."""
    squared = isinstance(right, ast.BinOp) and ast.dump(right.left) == ast.dump(right.right)
    q = right.left if squared else right
    one, square = ast.Constant(1), ast.BinOp(q, ast.Mult(), q)
    rest = ast.BinOp(one, ast.Sub(), q)
    others = [
        ast.BinOp(rest, ast.Mult(), rest),
        ast.BinOp(q, ast.Mult(), rest),
        ast.BinOp(square, ast.Sub(), one),
        rest if squared else ast.BinOp(one, ast.Sub(), square),
    ]
    for other in others:
        yield other, f"`{text(other)}` stands where `{text(node)}` belongs"
    if squared:
        for name in FUNCTIONS:
            curved = call(name, q)
            new = ast.BinOp(one, ast.Sub(), ast.BinOp(curved, ast.Mult(), curved))
            yield new, f"`{name}` is applied to `{text(q)}`, where `{text(node)}` belongs"


def _of_call(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    name, inside = node.func.id, node.args
    if name in FUNCTIONS:
        yield inside[0], f"`{name}` is left out"
        yield from _outside(name, inside[0])
        yield call(name, node), f"`{name}` is applied twice"
        for other in FUNCTIONS:
            if other != name:
                yield call(other, inside[0]), f"`{other}` stands where `{name}` belongs"
    elif name == "T":
        yield inside[0], f"`{text(inside[0])}` is not transposed"
    elif name == "sqrt":
        yield inside[0], f"`{text(inside[0])}` stands where `{text(node)}` belongs"
        yield ast.Constant(1), f"`{text(node)}` is left out"
    elif name == "dot":
        yield (
            call("dot", inside[1], inside[0]),
            f"the two factors of `{text(node)}` have changed places",
        )
        turned = call("T", node)
        yield turned, f"`{text(node)}` is transposed"
    elif name == "block":
        for k, gate in enumerate("ifog"):
            if k != inside[1].value:
                right = "ifog"[inside[1].value]
                yield (
                    call("block", inside[0], ast.Constant(k)),
                    f"the columns of gate {gate} are taken for gate {right}",
                )
    elif name == "softmax":
        yield (
            call("softmax", inside[0], ast.Constant(0)),
            "the softmax runs over the batch, not over the positions",
        )
        yield call("exp", inside[0]), "the exponentials are not divided by their sum"
        yield call("sigmoid", inside[0]), "a sigmoid stands where the softmax belongs"
        yield call("softmax", node, inside[1]), "the softmax is applied twice"
        yield inside[0], "the softmax is left out"
    elif name == "total":
        what = text(inside[0])
        yield (
            call("total", inside[0], ast.Constant(1)),
            f"`{what}` is summed over the hidden units, not over the batch",
        )
        yield (
            call("average", inside[0], ast.Constant(0)),
            f"`{what}` is averaged over the batch, not summed",
        )
        yield (
            call("first", inside[0]),
            f"only the first row of `{what}` is taken, not the sum over the batch",
        )
        yield inside[0], f"`{what}` is not summed over the batch"
    elif name == "kept":
        yield (
            call("average_kept", inside[0]),
            f"the sum over positions of `{text(inside[0])}` is an average",
        )
        yield ast.Constant(0), f"the sum over positions of `{text(inside[0])}` is left out"
        yield inside[0], f"`{text(inside[0])}` is not summed over the positions"
    elif name in OVER_TIME:
        yield from OVER_TIME[name](node)
    elif name == "beside":
        for j in range(len(inside)):
            for k in range(j):
                order = list(inside)
                order[j], order[k] = order[k], order[j]
                yield (
                    call("beside", *order),
                    f"the blocks of `{text(inside[k])}` and `{text(inside[j])}` have changed places",
                )


def _outside(name: str, inner: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """A term of the sum in a function that is added outside of it; `a` is such a sum in another line."""
    if isinstance(inner, ast.Name) and inner.id == "a":
        for term in ("b", "dot(x, Wx)", "dot(prev_h, Wh)"):
            left_out = ast.parse(term, mode="eval").body
            rest = call(name, ast.BinOp(inner, ast.Sub(), left_out))
            said = f"`{text(left_out)}` is added after `{name}`, and belongs inside"
            yield ast.BinOp(rest, ast.Add(), left_out), said


def _of_steps(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    array, t = node.args[0], ast.Name("t", ast.Load())
    what = text(array)
    if isinstance(node.args[1], ast.Constant):
        return
    last = ast.parse("T - 1", mode="eval").body
    for other, said in (
        (ast.BinOp(t, ast.Sub(), ast.Constant(1)), "of the step before"),
        (ast.BinOp(t, ast.Add(), ast.Constant(1)), "of the step after"),
        (ast.Constant(0), "of the first step"),
        (last, "of the last step"),
        (ast.BinOp(last, ast.Sub(), t), "counted from the end"),
    ):
        yield call("at", array, other), f"at every step the `{what}` {said} is taken"


def _of_order(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    other, said = ("backwards", "from the last step to the first")
    if node.func.id == "backwards":
        other, said = ("forwards", "from the first step to the last")
    yield call(other, *node.args), f"the loop runs {said}"
    yield call("without_first", node), "the loop does not come to the first step, t = 0"
    yield call("without_last", node), "the loop does not come to the last step"


def _others(**named: str) -> Callable:
    def alternatives(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
        for other, said in named.items():
            yield call(other, *node.args), said.format(text(node.args[0]).removesuffix("_t"))

    return alternatives


def _of_zeros(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    yield node.args[0], f"`{text(node.args[0])}` stands where zeros belong"
    yield call("ones", *node.args), "ones stand where zeros belong"


OVER_TIME = {
    "at": _of_steps,
    "forwards": _of_order,
    "backwards": _of_order,
    "zeros": _of_zeros,
    "middle": _others(
        largest="the largest over the positions of `{}` is taken, not the mean",
        all_positions="the sum over the positions of `{}` is taken, not the mean",
        first_position="the first position of `{}` is taken, not the mean",
        last_position="the last position of `{}` is taken, not the mean",
        zeros_of="zeros are taken, not the mean of `{}`",
    ),
    "summed": _others(
        averaged="the `{}` of all steps are averaged, not summed",
        computed_last="only the `{}` of the step computed last counts, not the sum over the steps",
        computed_first="only the `{}` of the step computed first counts, not the sum over the steps",
        all_but_last="the `{}` of the step computed last is not added",
        all_but_first="the `{}` of the step computed first is not added",
    ),
    "stacked": _others(
        stacked_backwards="the steps stand in reversed order",
        one_late="everything stands one step too late",
        one_early="everything stands one step too early",
        last_everywhere="what the last step gave stands at every step",
    ),
}


def call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def replaced(tree: ast.expr, path: tuple, new: ast.expr) -> ast.expr:
    """The tree with another node at the end of the path."""
    if not path:
        return new
    step, *rest = path
    field, index = step if isinstance(step, tuple) else (step, None)
    fields = dict(ast.iter_fields(tree))
    if index is None:
        fields[field] = replaced(fields[field], tuple(rest), new)
    else:
        fields[field] = [
            replaced(each, tuple(rest), new) if k == index else each
            for k, each in enumerate(fields[field])
        ]
    return type(tree)(**fields)
