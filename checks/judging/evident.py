"""What made an exception, told from what the variables were: their shapes and dtypes, where it arose."""

import ast
import re
from collections.abc import Iterator

import numpy as np

from checks.answer import Problem
from checks.cases import Case
from checks.judging.exceptions import is_slip

STEP = {"x": "N D", "prev_h": "N H", "prev_c": "N H", "attn": "N H"}
SEQUENCE = {"x": "N T D", "h0": "N H", "A": "N H h w"}
LOOK = {"prev_h": "N H", "A": "N H h w"}
ARGUMENTS = {  # of the functions of the exercises, in all layouts: their axes
    **dict.fromkeys(("rnn_step_forward", "lstm_step_forward", "step_forward"), STEP),
    **dict.fromkeys(("attention_lstm_step_forward", "step"), STEP),
    **dict.fromkeys(("rnn_forward", "lstm_forward", "attention_forward", "forward"), SEQUENCE),
    "attention_lstm_forward": SEQUENCE,
    "dot_product_attention": LOOK,
    "temporal_softmax_loss": {"x": "N T V", "scores": "N T V", "y": "N T", "targets": "N T"},
    "rnn_step_backward": {"dnext_h": "N H"},
    "rnn_backward": {"dh": "N T H"},
}
ONES = {"N": "with one image, N = 1,", "T": "with one step, T = 1,", "H": "with one unit, H = 1,"}
AXES = {"N": "the batch axis", "T": "the axis of time", "H": "the axis of the state"}
DTYPE_WORDS = r"dtype|scalar type|[Dd]ouble|[Ff]loat"


def evident(problem: Problem | None, case: Case) -> str:
    """What can be said of an exception for certain, in a sentence or two; "" for nothing."""
    if not problem or problem.kind != "raised" or is_slip(problem):
        return ""
    looks = (arguments_missing, argument_shape, cache_of_one, argument_dtype, two_dtypes)
    looks += (strided_view, index_dtype, axis_gone, unpacked_shape, stored_shape)
    return next((said for look in looks if (said := look(problem, case))), "")


def calls(problem: Problem) -> Iterator[tuple[str, dict, int]]:
    """Of every call on the way: the function, what it was called with, and the line that called it."""
    for k, ((name, *_), given) in enumerate(zip(problem.where, problem.arguments)):
        yield name, given, problem.where[k - 1][1] if k else 0


def sizes_of(case: Case) -> dict[str, int]:
    """N, T, D, H, h and w of a case, as far as it has them."""
    found = {}
    shapes = {"x": "N T D" if case.inputs.get("x", np.zeros(0)).ndim == 3 else "N D"}
    shapes |= {"prev_h": "N H", "h0": "N H", "A": "N H h w", "features": "N C h w", "dh": "N T H"}
    shapes |= {"dnext_h": "N H"}
    for name, letters in shapes.items():
        if name in case.inputs:
            found |= dict(zip(letters.split(), case.inputs[name].shape))
    if "captions" in case.inputs:
        found["T"] = case.inputs["captions"].shape[1] - 1
    if case.parameters:
        found["H"] = case.parameters["image_projection.weight"].shape[0]
        found["V"], found["D"] = case.parameters["word_embedding.W_embed"].shape
    return found


def arguments_missing(problem: Problem, case: Case) -> str:
    found = re.search(
        r"(\w+)\(\) missing \d+ required positional arguments?: (.+)", problem.message
    )
    if not found or not problem.where:
        return ""
    names = re.findall(r"'(\w+)'", found[2])
    named = " and ".join(f"`{name}`" for name in names)
    lacks = "is" if len(names) == 1 else "are"
    return f"{named} {lacks} not handed over to `{found[1]}` in line {problem.where[-1][1]}."


def argument_shape(problem: Problem, case: Case) -> str:
    """The first argument on the way that has not the axes it should have."""
    sizes = sizes_of(case)
    for function, given, line in calls(problem):
        takes = ARGUMENTS.get(function, {})
        if function == "forward" and not {"h0", "A", "image"} & given.keys():
            continue
        if "image" in given:  # of the kit's cells
            image = "N H h w" if case.settings.get("cell_type") == "attn" else "N H"
            takes = {**takes, "image": image}
        for name, letters in takes.items():
            axes = letters.split()
            if (
                not line
                or not set(axes) <= sizes.keys()
                or given.get(name, {}).get("type") != "Tensor"
            ):
                continue
            shape, wanted = given[name]["shape"], [sizes[axis] for axis in axes]
            if len(shape) == len(wanted) and shape == wanted:
                continue
            lost = [axis for axis in axes if sizes[axis] == 1]
            left = [axis for axis in axes if axis not in lost[:1]]
            said = f"`{name}` comes to `{function}` in line {line} as"
            if lost and shape == [sizes[axis] for axis in left]:
                return f"{said} {letters_text(left)}, it should be {letters_text(axes)}: {gone(lost[0])}"
            return (
                f"{said} {tuple(shape)}, it should be {letters_text(axes)}, here {tuple(wanted)}."
            )
    return ""


def gone(axis: str) -> str:
    return f"{ONES[axis]} {AXES[axis]} is gone, as after a `squeeze()` that names no axis."


def letters_text(axes: list[str]) -> str:
    return f"({', '.join(axes)}{',' * (len(axes) == 1)})"


def cache_of_one(problem: Problem, case: Case) -> str:
    """A backward over time that is handed something else than a cache for every step."""
    for function, given, _ in calls(problem):
        cache, dh = given.get("cache"), given.get("dh", {})
        if function == "rnn_backward" and cache and len(dh.get("shape", ())) == 3:
            steps, length = dh["shape"][1], cache.get("length")
            if length is None or length == steps and cache["of"] != ["Tensor"]:
                return ""
            what = f"{length} tensors" if cache["of"] == ["Tensor"] else f"length {length}"
            return (
                f"`cache` comes in as a {cache['type']} of {what}, and should have an entry for each of the"
                f" T = {steps} steps: does the forward collect every step's, or keep one?"
            )
    return ""


def argument_dtype(problem: Problem, case: Case) -> str:
    """The first argument on the way that is of another precision than all that went in."""
    if not re.search(DTYPE_WORDS, problem.message):
        return ""
    wanted = case.settings.get("dtype", "float64")
    for function, given, line in calls(problem):
        for name, what in given.items():
            if line and "float" in what.get("dtype", "") and what["dtype"] != wanted:
                return (
                    f"`{name}` comes to `{function}` in line {line} as {what['dtype']}, where all that"
                    f" went in is {wanted}: a tensor made on the way there has a dtype of its own. Take that"
                    " of the inputs: `dtype=x.dtype`, or `zeros_like`."
                )
    return ""


def two_dtypes(problem: Problem, case: Case) -> str:
    """Tensors of two dtypes in the very expression that raised."""
    if not re.search(DTYPE_WORDS, problem.message):
        return ""
    found = {name: what["dtype"] for name, what in problem.seen.items() if what.get("shape")}
    wanted = case.settings.get("dtype", "float64")
    others = {name: dtype for name, dtype in found.items() if "float" in dtype and dtype != wanted}
    if not others or wanted not in found.values():
        return ""
    name, dtype = next(iter(others.items()))
    return f"In `{problem.expression}`, `{name}` is {dtype}, where all that went in is {wanted}."


def strided_view(problem: Problem, case: Case) -> str:
    if "view size is not compatible" not in problem.message or not problem.expression:
        return ""
    call = ast.parse(problem.expression, mode="eval").body
    if not isinstance(call, ast.Call) or getattr(call.func, "attr", "") != "view":
        return ""
    return (
        f"`.view` takes contiguous tensors alone, and `{ast.unparse(call.func.value)}` is not contiguous"
        " here: `.reshape` takes any."
    )


def index_dtype(problem: Problem, case: Case) -> str:
    if "tensors used as indices must be" not in problem.message:
        return ""
    found = [name for name, what in problem.seen.items() if "float" in what.get("dtype", "")]
    if len(found) != 1:
        return ""
    return (
        f"`{found[0]}` is {problem.seen[found[0]]['dtype']} and picks entries in `{problem.expression}`: that"
        " takes a mask of bool, or ids of int64."
    )


def axis_gone(problem: Problem, case: Case) -> str:
    """A tensor of too few axes in the very expression that raised, in a case with a size of one."""
    sizes = sizes_of(case)
    ones = [axis for axis in ONES if sizes.get(axis) == 1]
    if len(ones) != 1 or not problem.expression:
        return ""
    if not re.search(
        r"Dimension out of range|too many indices|index out of range", problem.message
    ):
        return ""
    taken = f"{ONES[ones[0]]} a `squeeze()` that names no axis takes {AXES[ones[0]]} as well."
    name = operand(problem.expression)
    shape = problem.seen.get(name, {}).get("shape")
    if shape is None:
        squeezed = ".squeeze()" in problem.expression
        return f"In `{problem.expression}`: {taken}" if squeezed else ""
    axes = re.search(r"expected to be in range of \[-(\d+)", problem.message)
    if axes and int(axes[1]) != max(len(shape), 1):
        return ""
    return (
        f"`{name}` has the shape {tuple(shape)} in `{problem.expression}`, fewer axes than that asks for:"
        f" {taken}"
    )


def operand(expression: str) -> str:
    """The variable that a call, an index or a shape is of: `x` in "x.sum(1)", "f(x, 1)", "x[0]"."""
    try:
        node = ast.parse(expression, mode="eval").body
    except SyntaxError:
        return ""
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name):
        return node.args[0].id
    if isinstance(node, ast.Call):
        node = node.func
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def stored_shape(problem: Problem, case: Case) -> str:
    """Something stored that does not fit where it goes."""
    place, _, name = problem.expression.partition(" = ")
    shape = problem.seen.get(name, {}).get("shape")
    if "expanded size of the tensor" not in problem.message or shape is None:
        return ""
    return f"`{name}` has the shape {tuple(shape)}, and does not fit into `{place}`."


def unpacked_shape(problem: Problem, case: Case) -> str:
    """A shape taken apart into more names, or fewer, than the tensor has axes."""
    found = re.search(r"values to unpack \(expected (\d+)", problem.message)
    tensors = [(name, what["shape"]) for name, what in problem.seen.items() if "shape" in what]
    if (
        not found
        or len(tensors) != 1
        or problem.expression
        not in (
            f"{tensors[0][0]}.shape",
            f"{tensors[0][0]}.size()",
        )
    ):
        return ""
    name, shape = tensors[0]
    said = f"`{name}` has the shape {tuple(shape)}, and {found[1]} sizes are taken from it."
    names = problem.arguments[-1] if problem.arguments else {}
    if name not in names or len(problem.where) < 2 or names[name].get("shape") != shape:
        return said
    return f"{said} So line {problem.where[-2][1]} hands it over."
