"""What exceptions of torch and Python mean here, for those that no known mistake raises."""

import difflib
import re
from collections.abc import Collection, Sequence
from math import prod

from checks.answer import Problem
from checks.cases import EXERCISES
from checks.cases.case import LETTER_SIZES
from checks.judging.compare import LETTERS

FUNCTIONS = {exercise.function for exercise in EXERCISES.values()}
SLIPS = ("NameError", "KeyError", "ImportError", "ModuleNotFoundError")  # of the keyboard
NO_ATTRIBUTE = r"'([\w.]+)'.* has no attribute '(\w+)'"
TAKEN_FOR_TENSORS = ("tuple", "list", "dict", "NoneType", "int", "float", "bool")
CELL = ("attends", "start", "step", "forward", "Wx", "Wh", "b")
GIVEN = {  # what the given constructors make
    "CaptioningRNN": (
        *("word_embedding", "image_projection", "cell", "vocabulary_projection"),
        *("null", "start", "end", "ignore_index", "cell_type"),
    ),
    "RNN": CELL,
    "LSTM": CELL,
    "AttentionLSTM": (*CELL, "Wattn"),
    "WordEmbedding": ("W_embed",),
}
MEANINGS = [  # of values of the wrong kind, wherever they came from
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
    (
        r"NoneType",
        "None takes part in a computation: does the function that made it return, or put into the cache,"
        " what it should?",
    ),
    (
        r"'tuple' and|and 'tuple'|got tuple|'tuple' object|must be Tensor, not tuple",
        "A function that returns several things returns them as one tuple, and here the tuple is used"
        " as if it were a tensor: take it apart first.",
    ),
    (
        r"return_types",
        "`max` and `min` along an axis return two things, the numbers and where they stand: `argmax` returns"
        " where alone.",
    ),
    (
        r"tensors used as indices must be",
        "Word ids must be int64. `max` gives the score first and the word second; `argmax` the word.",
    ),
]
SHAPES = [  # of the tensors that the functions meet
    shape.split()
    for shape in (
        "N H h w",
        "N T D",
        "N T H",
        "N T V",
        "N H",
        "N D",
        "D H",
        "H H",
        "N h w",
        "D 4H",
        "H 4H",
        "N 4H",
    )
]
MEANINGS_IN_PLACE = [  # of shapes and lengths: they say something of the line that raised, if that is wrong
    (
        r"values to unpack",
        "As many names must stand on the left as there are values on the right: count both.",
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
        r"index out of range in self",
        "A look-up of word vectors is asked for an id that no word has, V or more, or below 0: what is it"
        " given for words?",
    ),
    (
        r"out of (bounds|range)",
        "An index is larger than its axis is long: which axis does it count along, and which is the last?",
    ),
]


def is_slip(problem: Problem) -> bool:
    """Whether a name is used that does not exist. What is taken for a tensor is no slip."""
    if problem.type == "AttributeError":
        found = re.search(NO_ATTRIBUTE, problem.message)
        return bool(found) and found[1] not in TAKEN_FOR_TENSORS
    return problem.type in SLIPS


def meaning(problem: Problem, right: Collection[str] = (), letters: bool = True) -> str:
    """What an exception means, in a sentence or two; "" if nothing is known of it.

    right: names of functions that are right, so that an exception in one has its cause in the call.
    letters: the sizes are those of the plain cases, so that a size tells which axis it is.
    """
    if is_slip(problem) and (found := re.search(NO_ATTRIBUTE, problem.message)):
        owner, name = found.groups()
        known = GIVEN.get(owner, ())
        near = [own for own in known if name.startswith(f"{own}_")]
        near += difflib.get_close_matches(name, known, 1, 0.5)
        ask = f"did you mean `{near[0]}`?" if near else "is the name misspelt?"
        return f"{owner} has no `{name}`; {ask}"
    text = f"{problem.type}: {problem.message}"
    kind = next((said for pattern, said in MEANINGS if re.search(pattern, text)), "")
    inside = [function for function, *_ in problem.where[1:] if function in right]
    if inside and problem.where[0][0] not in right:
        call = (
            f"The error arises in `{inside[0]}`, which is right by itself: look at what your code"
            f" hands to it (line {problem.where[0][1]}), above all at the shapes."
        )
        return f"{call} {kind}".rstrip()
    methods = {name.split(".")[1] for name in FUNCTIONS if "." in name}
    inside = [function for function, *_ in problem.where[1:] if function in FUNCTIONS]
    if inside and problem.where[0][0] in methods:
        return (
            f"The error arises in `{inside[0]}`: is it what you mean to call in line"
            f" {problem.where[0][1]}, and does that line hand to it what it takes? {kind}"
        ).rstrip()
    return kind or meaning_in_place(problem, letters)


def meaning_in_place(problem: Problem, letters: bool) -> str:
    """What shapes or lengths that do not fit mean, in the line that raised the exception."""
    if sizes := re.search(r"cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)", problem.message):
        names = LETTERS if letters else {}
        a, b, c, d = (names.get(int(size), size) for size in sizes.groups())
        return (
            f"A product ({a}, {b}) @ ({c}, {d}) does not fit: the inner sizes must be the same."
            " Is one of the two to be transposed, or another one meant?"
        )
    if letters and (said := sizes_in_letters(problem.message)):
        return said
    found = (said for pattern, said in MEANINGS_IN_PLACE if re.search(pattern, problem.message))
    return next(found, "")


def sizes_in_letters(message: str) -> str:
    """What two sizes that do not go together are in the sizes of the plain case; "" if that is not known."""
    if found := re.search(r"size of tensor a \((\d+)\) must match .* tensor b \((\d+)\)", message):
        a, b = (LETTERS.get(int(size)) for size in found.groups())
        if a and b:
            return f"Two tensors are combined of which one has {a} along an axis where the other has {b}."
    if found := re.search(
        r"index (\d+) is out of bounds for dimension \d+ with size (\d+)", message
    ):
        if letter := LETTERS.get(int(found[2])):
            return f"An index of {found[1]} is used along an axis that has {letter} entries."
    if found := re.search(r"shape '\[([-\d, ]+)\]' is invalid for input of size (\d+)", message):
        wanted = [int(size) for size in found[1].split(", ")]
        asked, there = product_text(wanted), factors_of(int(found[2]))
        if asked and there:
            return f"The shape asked for holds {asked} numbers, the tensor has {there}."
    return ""


def product_text(sizes: Sequence[int]) -> str:
    """[3, 7, 2] as "N*H*h"; "" where a size has no letter."""
    letters = [LETTERS.get(size) for size in sizes if size > 0]
    return "*".join(letters) if letters and None not in letters else ""


def factors_of(count: int) -> str:
    """A number of numbers as a product of up to five sizes, as the functions have: "N*H*h*w"."""
    for shape in SHAPES:
        if prod(LETTER_SIZES[letter] for letter in shape) == count:
            return "*".join(shape)
    return ""
