"""Expressions and changes as they are told to a student."""

import ast

WRITTEN = {  # operations of the formulas that have no name in a student's file
    "T": "{0}^T",
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
}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
START, NEXT, STEP = "start ", "next ", "step "  # of a line's name: where in a loop it belongs
ORDER = "order"


def text(node: ast.expr, inside: type | None = None) -> str:
    """An expression; products of matrices side by side, ^T for a transpose."""
    if isinstance(node, ast.Name):
        return node.id.removesuffix("_t")
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


def told(name: str, said: str) -> str:
    """A change of the line of that name, as a clause that can begin a sentence."""
    if name == ORDER:
        return said
    if name.startswith(START):
        return f"before the first step, as `{name.removeprefix(START)}`, {said}"
    if name.startswith(NEXT):
        return f"in what one step hands to the next as `{name.removeprefix(NEXT)}`, {said}"
    if name.startswith(STEP):
        return f"in the step, in `{name.removeprefix(STEP)}`, {said}"
    return f"in `{name.removesuffix('_t')}`, {said}"
