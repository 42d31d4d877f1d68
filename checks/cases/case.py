"""A case and an exercise: what is asked of a function, as data."""

import random
from collections.abc import Callable
from dataclasses import astuple, dataclass, field, replace
from functools import cached_property

import numpy as np

NOTEBOOKS = {  # by part; the captioner's by cell
    "rnn": "1_rnn",
    "words": "1_rnn",
    "lstm": "2_lstm",
    "attention": "3_attention",
    "attn": "3_attention",
    "bptt": "4_bptt",
}

LEFT_AWAY = "left away"


@dataclass(frozen=True)
class Case:
    """One call of a function: arrays in, by name; what comes out is compared with recorded arrays.

    stage      the stage that fails where this case alone goes wrong
    only       what it shows when this case goes wrong and those before it are right
    upstream   gradients of the outputs, by name: autograd is asked for those of the inputs
    settings   what is not an array: ignore_index, V, cell_type, max_length, "dtype", "strided" (inputs
               are not contiguous in memory), words (of the vocabulary, in the order of their ids);
               a captioner whose ignore_index is LEFT_AWAY is made without one
    parameters of the captioner, by name
    judged     False: for the diagnosis alone
    """

    name: str
    inputs: dict[str, np.ndarray]
    stage: str = "values"
    only: str = ""
    upstream: dict[str, np.ndarray] = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    parameters: dict[str, np.ndarray] = field(default_factory=dict)
    judged: bool = True


@dataclass(frozen=True)
class Exercise:
    """A function that a student writes.

    name       as in design and everywhere: "rnn_step_forward", "CaptioningRNN.sample[attn]"
    needs      exercises whose functions it calls: it waits for these
    inputs     names of its arguments, in order, a case's inputs or settings; outputs: names of what
               it returns, in order
    cache      whether a cache comes after the outputs
    forward    for a backward function: the forward function whose gradient it is
    standalone for a backward function: takes its inputs alone, nothing that the forward made
    hints      three levels: where to look; the idea; the formula
    right      a line to say why it is right, when it passes
    """

    name: str
    part: str
    points: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    hints: tuple[str, str, str]
    right: str
    make_cases: Callable[[], list[Case]]
    needs: tuple[str, ...] = ()
    cache: bool = False
    forward: str | None = None
    standalone: bool = False

    @cached_property
    def cases(self) -> list[Case]:
        return self.make_cases()

    @property
    def function(self) -> str:
        """The name without the cell: "CaptioningRNN.sample"."""
        return self.name.split("[")[0]

    @property
    def cell(self) -> str | None:
        return self.name[:-1].split("[")[1] if "[" in self.name else None

    @property
    def notebook(self) -> str:
        """The notebook that leads to it: "1_rnn"."""
        return NOTEBOOKS[self.cell or self.part]


@dataclass(frozen=True)
class Sizes:
    """N batch, T steps, D word vector, H hidden, h x w grid, V words, C channels."""

    N: int = 3
    T: int = 4
    D: int = 5
    H: int = 7
    h: int = 2
    w: int = 6
    V: int = 11
    C: int = 9

    def shape(self, letters: str) -> tuple[int, ...]:
        """("N", "4H") for "N 4H"."""
        return tuple(
            4 * self.H if letter == "4H" else getattr(self, letter) for letter in letters.split()
        )


MIXED = Sizes()  # no two alike, so that no transpose can hide
LETTER_SIZES = {
    **{letter: getattr(MIXED, letter) for letter in "NTDHhwVC"},
    "4H": 4 * MIXED.H,
    "h*w": MIXED.h * MIXED.w,
}
EQUAL = Sizes(4, 4, 4, 4, 2, 2, 4, 4)  # all alike, so that a forgotten transpose gives numbers


def numbers(seed: str, *shape: int, scale: float = 1.0) -> np.ndarray:
    """Uniform float64 numbers in [-scale, scale), the same on every machine and for ever."""
    draw = random.Random(seed).random
    flat = [scale * (2 * draw() - 1) for _ in range(int(np.prod(shape)))]
    return np.array(flat, dtype=np.float64).reshape(shape)


def whole_numbers(seed: str, below: int, *shape: int) -> np.ndarray:
    """int64 numbers in 0..below-1, the same on every machine."""
    draw = random.Random(seed).random
    flat = [int(draw() * below) for _ in range(int(np.prod(shape)))]
    return np.array(flat, dtype=np.int64).reshape(shape)


def drawn(seed: str, sizes: Sizes, **shapes: str) -> dict[str, np.ndarray]:
    """Arrays by name: drawn("rnn", MIXED, x="N T D", Wx="D H")."""
    return {
        name: numbers(f"{seed} {name} {astuple(sizes)}", *sizes.shape(letters))
        for name, letters in shapes.items()
    }


SPECIAL_SIZES = {
    "one row": (dict(N=1), "with a batch of one (N = 1)"),
    "one step": (dict(T=1), "with a single time step (T = 1)"),
    "one unit": (dict(H=1), "with a single hidden unit (H = 1)"),
    "tall grid": (dict(h=5, w=2), "with another grid, 5 x 2"),
    "square grid": (dict(h=4, w=4), "with a square grid, 4 x 4"),
    "one row, square grid": (dict(N=1, h=4, w=4), "with a batch of one (N = 1)"),
    "one position": (dict(h=1, w=1), "with a grid of one position"),
    "more steps": (dict(T=9), "with nine time steps"),
}


SQUARE_SIZES = {  # what other courses' functions, which take no other grid, would not be asked
    "one step, square grid": (dict(T=1, h=4, w=4), "with a single time step (T = 1)"),
    "one unit, square grid": (dict(H=1, h=4, w=4), "with a single hidden unit (H = 1)"),
    "more steps, square grid": (dict(T=9, h=4, w=4), "with nine time steps"),
}


def standard_cases(
    seed: str, inputs: dict[str, str], upstream: dict[str, str], square: bool = False
) -> list[Case]:
    """The cases that every function on floating numbers gets; shapes as in `drawn`.

    Mixed sizes first; then sizes of one wherever the function has that letter, other grids, inputs
    that lie strided in memory, float32, and all sizes equal for the diagnosis. square: all of it is
    asked on a square grid too.
    """
    letters = set(" ".join([*inputs.values(), *upstream.values()]).replace("4H", "H").split())

    def case(name: str, sizes: Sizes, **more) -> Case:
        arrays = drawn(seed, sizes, **inputs)
        return Case(name, arrays, upstream=drawn(seed, sizes, **upstream), **more)

    cases = [case("plain", MIXED)]
    for name, (change, only) in (SPECIAL_SIZES | (SQUARE_SIZES if square else {})).items():
        if set(change) <= letters:
            cases.append(case(name, replace(MIXED, **change), only=only))
    if "T" in letters and "x" in inputs:
        cases.append(another_ending(cases[0]))
    grids = {"": MIXED, ", square grid": replace(MIXED, h=4, w=4)} if square else {"": MIXED}
    for where, sizes in grids.items():
        strided, single = {"strided": True}, {"dtype": "float32"}
        cases += [
            case(f"strided{where}", sizes, stage="property", settings=strided, only=STRIDED),
            case(f"float32{where}", sizes, stage="dtype", settings=single, only="in float32"),
        ]
    return [*cases, case("equal sizes", EQUAL, judged=False)]


def with_extreme(
    cases: list[Case], name: str, what: str, of: str = "plain", autograd=False
) -> list[Case]:
    """The cases, and one of them again with one input a thousand times as large: exp overflows there.

    autograd: its gradients are asked for too, which a sigmoid of exponentials does not survive, and need not.
    """
    case = next(case for case in cases if case.name == of)
    inputs = {**case.inputs, name: 1000 * case.inputs[name]}
    upstream = case.upstream if autograd else {}
    only = f"with {what} a thousand times as large"
    return [*cases, replace(case, name="extreme", inputs=inputs, upstream=upstream, only=only)]


STRIDED = "with inputs that do not lie contiguous in memory, as slices and transposes do"
CHANGED_FROM = 2  # the first time step that `another_ending` changes


def another_ending(plain: Case) -> Case:
    """The plain case with other inputs from step 2 on: what comes before must not notice."""
    x = plain.inputs["x"].copy()
    x[:, CHANGED_FROM:] = numbers("another ending", *x[:, CHANGED_FROM:].shape)
    only = "with other words later in the sequence"
    inputs = {**plain.inputs, "x": x}
    return replace(plain, name="another ending", inputs=inputs, stage="property", only=only)
