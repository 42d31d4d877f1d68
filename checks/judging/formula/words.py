"""Expressions and changes as they are told to a student."""

import ast

WRITTEN = {  # operations of the formulas that have no name in a student's file
    "transposed": "{0}^T",
    "dot": "{0} {1}",
    "asked": "{0} . {1}[p]",
    "weighed": "sum over p of {0}[p] {1}[p]",
    "spread": "{0}[p] {1}",
    "kept": "sum over p of {0}",
    "total": "the sum of {0} over the batch",
    "beside": "the four blocks side by side",
    "at": "{0}[:, {1}]",
    "of": "{1} of the step",
    "block": "the columns of gate {gate}",
    "middle": "the mean of {0} over its positions",
    "everywhere": "{0} at every position",
    "stacked": "{0} of every step",
    "summed": "the sum of {0} over the steps",
    "zeros": "zeros",
    "rows": "{0}[{1}]",
    "one_hot": "one_hot({0})",
    "pick": "{0} of the target",
    "counting": "whether a target counts",
    "everything": "the sum of {0} over all places",
    "at_each": "{0}",
    "log_softmax": "log softmax({0})",
    "not_last": "{0}[:, :-1]",
    "not_first": "{0}[:, 1:]",
    "unless": "{1}",
    "either": "{0} or {1}",
    "equal": "{0} == {1}",
}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
START, NEXT, STEP = "start ", "next ", "step "  # of a line's name: where in a loop it belongs
ORDER = "order"


NAMED = {  # what has no name of that kind in a student's file
    "number": "the number of targets that count",
    "nothing": "nothing",
    "ignored": "`ignore_index`",
    "P": "`h * w`",
    "height": "the height of the grid",
    "width": "the width of the grid",
    **{name: f"the id of {name}" for name in ("NULL", "START", "END", "UNK")},
}


SHORT = {
    **{"P": "h * w", "height": "h", "width": "w", "ignored": "ignore_index"},
    **{"one_hot_targets": "one_hot(targets)", "probs": "softmax(scores)"},
    **{"picked": "log_prob_of_target", "counts": "mask"},
}
CLEAR = {
    "counts",
    "picked",
    "log_probs",
    "wanted",
    "read",
    "said",
    "best",
    "ended",
    "image",
    "order",
}
CALLED = {  # lines that have no name in a student's file
    "gradients": "as the backward step is called",
    "states": "as the step is called",
    "next_h": "as the step is called",
    "seen": "as attention is asked",
    "look_back": "as the backward function of attention is called",
}


def quoted(written: str) -> str:
    """A quantity, or an expression, as it stands in a sentence."""
    return NAMED.get(written, f"`{SHORT.get(written, written)}`")


def text(node: ast.expr, inside: type | None = None) -> str:
    """An expression; products of matrices side by side, ^T for a transpose."""
    if isinstance(node, ast.Name):
        return SHORT.get(node.id, node.id.removesuffix("_t"))
    if isinstance(node, ast.Constant):
        return f"{node.value}"
    if isinstance(node, ast.UnaryOp):
        return f"-{text(node.operand, ast.Mult)}"
    if isinstance(node, ast.BinOp):
        operator = type(node.op)
        if operator is ast.Mult and ast.dump(node.left) == ast.dump(node.right):
            return f"{text(node.left, ast.Mult)}^2"
        left, right = text(node.left, operator), text(node.right, operator)
        written = f"{left} {SIGNS[operator]} {right}"
        sums = operator in (ast.Add, ast.Sub)
        return f"({written})" if inside and (sums or inside is ast.Div) else written
    arguments = [text(each, ast.Mult) for each in node.args]
    name = node.func.id
    if name in WRITTEN:
        gate = "ifog"[node.args[1].value] if name == "block" else ""
        return WRITTEN[name].format(*arguments, gate=gate).replace("'", "")
    return f"{name}({', '.join(text(each) for each in node.args)})"


def told(name: str, said: str, called: bool = False) -> str:
    """A change of the line of that name, as a clause that can begin a sentence.

    called: the line stands in a loop, where `next_h` is what a step is called for.
    """
    bare = name.split()[-1].removesuffix("_t")
    if bare in CLEAR or said.endswith(f" stands where `{bare}` belongs"):
        return said if not name.startswith(START) else f"before the first step, {said}"
    if name.startswith(START):
        return f"before the first step, as `{bare}`, {said}"
    if name.startswith(NEXT):
        return f"in what one step hands to the next as `{bare}`, {said}"
    if name.startswith(STEP):
        return f"in the step, in `{bare}`, {said}"
    if bare in CALLED and (called or bare != "next_h"):
        return f"{CALLED[bare]}, {said}"
    return f"in `{bare}`, {said}"
