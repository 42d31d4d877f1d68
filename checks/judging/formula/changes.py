"""Every way to change one part of a line, and how to say it."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.judging.formula.others import OTHERS, call, filled
from checks.judging.formula.words import quoted, text

FUNCTIONS = ("tanh", "sigmoid", "relu")
OUTSIDE = [  # terms of `a` that may be added outside of its function
    ("b",),
    ("dot(x, Wx)",),
    ("dot(prev_h, Wh)",),
    ("dot(prev_h, Wh)", "b"),
    ("dot(x, Wx)", "b"),
]
FACTORS = {"2": 2.0, "1/2": 0.5, "-1": -1.0}
CONSTANTS = (0, 1, 2, 3, -1)
SIZES = {"2": "2", "1/2": "0.5", "-1": "-1", "N": "N", "1/N": "1 / N", "H": "H", "1/H": "1 / H"}
MORE_SIZES = {
    **{
        "T": "T",
        "1/T": "1 / T",
        "N T": "N * T",
        "1/(N T)": "1 / (N * T)",
        "D": "D",
        "1/D": "1 / D",
    },
    **{
        "sqrt(H)": "sqrt(H)",
        "1/sqrt(H)": "1 / sqrt(H)",
        "sqrt(D)": "sqrt(D)",
        "V": "V",
        "1/V": "1 / V",
    },
    **{
        "1/sqrt(D)": "1 / sqrt(D)",
        "h w": "P",
        "1/(h w)": "1 / P",
        "3": "3",
        "4": "4",
        "1/4": "0.25",
    },
}
LENGTHS = {*"N T D H V P height width number".split()}
IDS = {*"ignored nothing NULL START END UNK".split()}
NUMBERS = LENGTHS | IDS
ACTIVATIONS = {*FUNCTIONS, "sqrt"}
OTHER_ACTIVATIONS = tuple("softplus softsign leaky elu silu hard_sigmoid sin exp".split())
DIVIDED = "`{0}` is divided by `{1}`"
POINTWISE = [
    ("zeros(_0)", "zeros stand in the place of {}"),
    ("2 * _0", "{} is doubled"),
    ("_0 / 2", "{} is halved"),
    ("relu(_0)", "what is negative in {} is set to 0"),
    ("-relu(-_0)", "what is positive in {} is set to 0"),
    ("abs(_0)", "{} loses its sign"),
    ("_0 * _0", "{} is squared"),
    *((f"clipped(_0, {c})", f"{{}} is clipped to [-{c}, {c}]") for c in (0.1, 0.5, 1, 2, 5)),
    ("half(_0)", "{} is rounded to half precision (float16)"),
    ("brain(_0)", "{} is rounded to bfloat16"),
    *((f"rounded(_0, {k})", f"{{}} is rounded to {k} decimals") for k in (1, 2, 3, 4)),
    ("row_of(_0, 0)", "the first row of {} is used for all rows of the batch"),
    ("row_of(_0, -1)", "the last row of {} is used for all rows of the batch"),
    ("over_batch(_0)", "{} is averaged over the batch"),
    ("turned(_0, 1)", "each row gets the {} of the row before"),
    ("turned(_0, -1)", "each row gets the {} of the row after"),
    ("flipped(_0)", "the rows of {} are in reversed order"),
]


@dataclass(frozen=True)
class Change:
    """In the line of `name`, the node at `path` becomes `new`; `said` tells it in words.

    slot: the node is a place made for other things, as what is pooled how, or which id.
    """

    name: str
    path: tuple
    new: ast.expr
    said: str
    slot: bool = False

    def holds(self, other: "Change") -> bool:
        """Whether the other lies within this one, in the same line."""
        inside = other.path[: len(self.path)] == self.path
        return self.name == other.name and inside and len(other.path) > len(self.path)


def changes(name: str, tree: ast.expr, known: Sequence[str], alternatives) -> Iterator[Change]:
    """The changes of one line; `known` are the quantities that may stand in it: inputs and lines above.

    alternatives: `usual`, or `unusual` with what is seldom done.
    """
    inner = sorted(nodes(tree), key=lambda item: SIMPLEST.get(type(item[1]), len(SIMPLEST)))
    for path, node in inner:
        for new, said in alternatives(node, known):
            slot = isinstance(node, ast.Call) and node.func.id in OTHERS or is_size(node)
            yield Change(name, path, new, said, slot)
    for said, factor in SIZES.items() if alternatives is usual else MORE_SIZES.items():
        factor = ast.parse(factor, mode="eval").body
        if all(each.id in known for each in ast.walk(factor) if is_size(each)):
            new = ast.BinOp(tree, ast.Mult(), factor)
            words = f"everything is {said} times too large" if said != "-1" else "the sign is wrong"
            yield Change(name, (), new, words)


SIMPLEST = {
    ast.Name: 0,
    ast.Call: 1,
}  # what is changed first: of two ways to say it the simpler one


def is_size(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in NUMBERS


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


def usual(node: ast.expr, known: Sequence[str]) -> Iterator[tuple[ast.expr, str]]:
    """What may stand in the place of a node, and how that is said."""
    if isinstance(node, ast.Name):
        size = node.id in NUMBERS
        for other in known:
            if other != node.id and kind(other) == kind(node.id):
                yield ast.Name(other, ast.Load()), instead(other, node)
        if node.id == "P":
            for other in ("height * height", "width * width", "H * P", "N * P", "N * H * P"):
                new = filled(other, [])
                yield new, f"`{text(new)}` stands where `h * w` belongs"
        if not size:
            yield call("transposed", node), f"`{node.id}` is transposed, and should not be"
    elif isinstance(node, ast.Constant):
        for other in CONSTANTS:
            if other != node.value:
                yield ast.Constant(other), f"{other} stands where {node.value} belongs"
    elif isinstance(node, ast.BinOp):
        yield from _of_operator(node)
        if isinstance(node.op, ast.Mult) and ast.dump(node.left) == ast.dump(node.right):
            for other in known:
                if other not in NUMBERS and not is_named(node.left, other):
                    yield (
                        filled("_0 * _0", [ast.Name(other, ast.Load())]),
                        instead(other, node.left),
                    )
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
        if node.func.id in ACTIVATIONS:  # of one quantity: another may be taken for it
            for other in known:
                if other not in NUMBERS and not is_named(node.args[0], other):
                    yield ast.Name(other, ast.Load()), instead(other, node)


def kind(name: str) -> str:
    """What may stand for each other: arrays, lengths, ids of words."""
    return "length" if name in LENGTHS else "id" if name in IDS else "array"


def is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def instead(other: str, node: ast.expr) -> str:
    return f"{quoted(other)} stands where {quoted(text(node))} belongs"


def unusual(node: ast.expr, known: Sequence[str]) -> Iterator[tuple[ast.expr, str]]:
    """What is seldom done: another quantity for a whole expression, another operator, a number made of
    each number, the wrong rows.
    """
    if isinstance(node, ast.BinOp | ast.Call):
        for other in known:
            if other not in NUMBERS:
                yield ast.Name(other, ast.Load()), instead(other, node)
    if isinstance(node, ast.BinOp):
        left, right = text(node.left), text(node.right)
        for operator, verb in ((ast.Sub, "`{1}` is subtracted from `{0}`"), (ast.Div, DIVIDED)):
            if not isinstance(node.op, operator) and not isinstance(node.op, ast.Add | ast.Sub):
                said = f"{verb.format(left, right)}, where the formula has `{text(node)}`"
                yield ast.BinOp(node.left, operator(), node.right), said
                said = f"{verb.format(right, left)}, where the formula has `{text(node)}`"
                yield ast.BinOp(node.right, operator(), node.left), said
        if isinstance(node.op, ast.Mult):
            cubed = ast.BinOp(node, ast.Mult(), node.right)
            yield cubed, f"the power of `{right}` is one too high"
    if isinstance(node, ast.Call) and node.func.id in ACTIVATIONS:
        for other in OTHER_ACTIVATIONS:
            new = call(other, *node.args)
            yield new, f"`{other}` stands where `{node.func.id}` belongs"
    if isinstance(node, ast.Call) and node.func.id == "sqrt":
        for other in ("exp", "log"):
            yield call(other, *node.args), f"`{other}` stands where `sqrt` belongs"
        square = ast.BinOp(node.args[0], ast.Mult(), node.args[0])
        yield square, f"`{text(square)}` stands where `{text(node)}` belongs"
    if not isinstance(node, ast.Constant) and not is_size(node):
        for template, said in POINTWISE:
            yield filled(template, [node]), said.format(quoted(text(node)))


def _of_operator(node: ast.BinOp) -> Iterator[tuple[ast.expr, str]]:
    left, right, operator = node.left, node.right, type(node.op)
    a, b = text(left), text(right)
    if operator in (ast.Add, ast.Sub):
        if operator is ast.Add:
            yield right, f"the term `{a}` is missing"
        else:
            yield ast.UnaryOp(ast.USub(), right), f"the term `{a}` is missing"
            yield right, f"`{b}` stands where `{text(node)}` belongs"
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
    elif name == "transposed":
        yield inside[0], f"`{text(inside[0])}` is not transposed"
    elif name == "sqrt":
        yield inside[0], f"`{text(inside[0])}` stands where `{text(node)}` belongs"
        yield ast.Constant(1), f"`{text(node)}` is left out"
    elif name == "dot":
        yield (
            call("dot", inside[1], inside[0]),
            f"the two factors of `{text(node)}` have changed places",
        )
        turned = call("transposed", node)
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
        over = "positions" if inside[1].value == 1 else "words"
        for axis, what in ((0, "batch"), (1, "steps")):
            if axis != inside[1].value:
                said = f"the softmax runs over the {what}, not over the {over}"
                yield call("softmax", inside[0], ast.Constant(axis)), said
        yield call("exp", inside[0]), "the exponentials are not divided by their sum"
        yield call("sigmoid", inside[0]), "a sigmoid stands where the softmax belongs"
        yield call("softmax", node, inside[1]), "the softmax is applied twice"
        if over == "words":
            yield call("log_softmax", *inside), "the logarithm of the softmax is taken"
            said = "1 at the word with the highest score stands where the softmax belongs"
            yield call("most_likely", inside[0]), said
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
        said = f"the largest of `{text(inside[0])}` is taken, not the sum over the positions"
        yield call("largest_kept", inside[0]), said
        yield ast.Constant(0), f"the sum over positions of `{text(inside[0])}` is left out"
        yield inside[0], f"`{text(inside[0])}` is not summed over the positions"
    elif name in OTHERS:
        yield from OTHERS[name](node)
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
    if not (isinstance(inner, ast.Name) and inner.id == "a"):
        return
    for terms in OUTSIDE:
        left_out = ast.parse(" + ".join(terms), mode="eval").body
        told = " and ".join(f"`{text(ast.parse(term, mode='eval').body)}`" for term in terms)
        verbs = (
            "is added after {}, and belongs"
            if len(terms) == 1
            else "are added after {}, and belong"
        )
        inside = ast.BinOp(inner, ast.Sub(), left_out)
        for other in FUNCTIONS:
            said = f"{told} {verbs.format(f'`{other}`')} inside"
            if other != name:
                said += f"; `{other}` stands where `{name}` belongs"
            yield ast.BinOp(call(other, inside), ast.Add(), left_out), said


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


def at_end(tree: ast.expr, path: tuple) -> ast.expr:
    """The node at the end of the path."""
    for step in path:
        field, index = step if isinstance(step, tuple) else (step, None)
        tree = getattr(tree, field)
        tree = tree if index is None else tree[index]
    return tree


def exchanged(tree: ast.expr, old: ast.expr, new: ast.expr) -> ast.expr:
    """The tree with another node wherever this very node stands in it; itself where it does not."""
    if tree is old:
        return new
    if isinstance(tree, ast.BinOp):
        left, right = exchanged(tree.left, old, new), exchanged(tree.right, old, new)
        same = left is tree.left and right is tree.right
        return tree if same else ast.BinOp(left, tree.op, right)
    if isinstance(tree, ast.Call):
        inside = [exchanged(each, old, new) for each in tree.args]
        same = all(a is b for a, b in zip(inside, tree.args))
        return tree if same else ast.Call(tree.func, inside, [])
    if isinstance(tree, ast.UnaryOp):
        inside = exchanged(tree.operand, old, new)
        return tree if inside is tree.operand else ast.UnaryOp(tree.op, inside)
    return tree
