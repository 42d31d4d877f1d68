"""What exceptions of torch and Python mean here, for those that no known mistake raises."""

import re

from checks.answer import Problem
from checks.judging.compare import LETTERS

MEANINGS = [
    (
        r"view size is not compatible",
        "`.view` takes contiguous tensors alone, and slices, transposes and permutations are none:"
        " `.reshape` takes any.",
    ),
    (
        r"modified by an inplace operation",
        "A tensor that autograd still needs has been overwritten. Keep the state in a variable of"
        " its own, and put a copy of it, not the only one, into the buffer.",
    ),
    (
        r"does not require grad|leaf Variable|view of a leaf",
        "Autograd cannot go through this: something is detached from its inputs or changed in place.",
    ),
    (
        r"NVIDIA|CUDA|cuda|on the same device",
        "The device is hard-coded. Make new tensors where the inputs are: `device=x.device`.",
    ),
    (
        r"same dtype|expected scalar type|dtypes? ",
        "Tensors of two dtypes meet. Make new tensors in the dtype of the inputs: `dtype=x.dtype`.",
    ),
    (
        r"must be int, not NoneType",
        "`ignore_index` may be None, which means that every target counts.",
    ),
    (
        r"cannot access local variable|referenced before assignment",
        "A variable is used before it has a value: give it one before the loop, and in every branch.",
    ),
    (r"name .* is not defined", "A name is used that the file does not define or import."),
    (r"NoneType", "None takes part in a computation: does a function return what it should?"),
    (
        r"values to unpack",
        "As many names must stand on the left as there are values on the right: count both.",
    ),
    (
        r"'tuple' and|and 'tuple'|got tuple|'tuple' object|must be Tensor, not tuple",
        "A function that returns several things returns them as one tuple, and here the tuple is used"
        " as if it were a tensor: take it apart first.",
    ),
    (
        r"Dimension out of range",
        "A tensor has fewer axes here than the code takes for granted. Did a `squeeze` without a"
        " dimension, or an index, take one away?",
    ),
    (
        r"must match the size of tensor|broadcast",
        "Two tensors are combined whose shapes do not fit. Print both, and say which axis is which.",
    ),
    (
        r"tensors used as indices must be",
        "Word ids must be int64. `max` gives the score first and the word second; `argmax` the word.",
    ),
    (
        r"out of (bounds|range)",
        "An index is larger than its axis is long: how many steps are there, and which is the last?",
    ),
]


def meaning(problem: Problem, letters: bool = True) -> str:
    """What an exception means, in a sentence; "" if nothing is known of it.

    letters: the sizes are those of the plain cases, so that a size tells which axis it is.
    """
    if sizes := re.search(r"cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)", problem.message):
        names = LETTERS if letters else {}
        a, b, c, d = (names.get(int(size), size) for size in sizes.groups())
        return (
            f"A product ({a}, {b}) @ ({c}, {d}) does not fit: the inner sizes must be the same."
            " Is one of the two to be transposed, or another one meant?"
        )
    text = f"{problem.type}: {problem.message}"
    return next((said for pattern, said in MEANINGS if re.search(pattern, text)), "")
