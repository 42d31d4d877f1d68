"""What a student's variables were where an exception arose: shapes and dtypes, as data.

Nothing is judged here; checks/judging/exceptions.py says what it means.
"""

import ast
import linecache
import re
import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

if TYPE_CHECKING:
    from checks.hand_ins.hand_in import HandIn

DERIVED = {"T", "H", "mT", "mH", "data"}  # attributes that are the numbers themselves
PASSIVE = {"size", "dim", "numel", "stride", "__len__", "__repr__", "__format__", "requires_grad_"}
TORCH_INSIDE = r"torch[/\\]_"  # files of torch between an operation and whoever asked for it
PASSIVE |= {"type", "is_floating_point", "is_contiguous", "register_hook"}


class Calls:
    """While open, notes what the functions of a hand-in are called with, frame by frame."""

    def __init__(self, hand_in: "HandIn"):
        self.hand_in, self.arguments = hand_in, {}

    def __enter__(self) -> "Calls":
        self.before = sys.getprofile()
        sys.setprofile(self.note)
        return self

    def __exit__(self, *_) -> None:
        sys.setprofile(self.before)

    def note(self, frame: FrameType, event: str, _) -> None:
        if event == "call" and self.hand_in.holds(frame):
            code = frame.f_code
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            self.arguments[frame] = described(frame, names)

    def of(self, trace: TracebackType | None) -> list[dict]:
        """The arguments of every call that a traceback passes through, outermost first."""
        frames = [frame for frame, _ in frames_of(trace) if self.hand_in.holds(frame)]
        return [self.arguments.get(frame, {}) for frame in frames]


def described(frame: FrameType, names) -> dict[str, dict]:
    """The variables of these names, as far as they have values: what they are."""
    values = frame.f_locals
    return {name: thing(values[name]) for name in names if name in values and name != "self"}


def thing(value: object) -> dict:
    """{"type": "Tensor", "dtype": "float64", "shape": [3, 7]}; of a list its length and what it holds."""
    if isinstance(value, torch.Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        return {"type": "Tensor", "dtype": dtype, "shape": list(value.shape)}
    if isinstance(value, tuple | list):
        kinds = {"Tensor" if isinstance(v, torch.Tensor) else type(v).__name__ for v in value}
        return {"type": type(value).__name__, "length": len(value), "of": sorted(kinds)}
    return {"type": type(value).__name__}


def frames_of(trace: TracebackType | None) -> list[tuple[FrameType, TracebackType]]:
    steps = []
    while trace:
        steps.append((trace.tb_frame, trace))
        trace = trace.tb_next
    return steps


def expression(hand_in: "HandIn", error: BaseException) -> tuple[str, dict[str, dict]]:
    """The part of the student's innermost line that raised, and the variables in it.

    Where values were to be unpacked, it is what was unpacked. ("", {}) where it cannot be told.
    """
    steps = [step for step in frames_of(error.__traceback__) if hand_in.holds(step[0])]
    if not steps:
        return "", {}
    frame, trace = steps[-1]
    line, last, start, end = list(frame.f_code.co_positions())[trace.tb_lasti // 2]
    if line is None or line != last or start is None:
        return "", {}
    source = linecache.getline(frame.f_code.co_filename, line, frame.f_globals)
    text = source.encode()[start:end].decode(errors="replace")
    try:
        if "to unpack" in str(error):
            text = ast.unparse(ast.parse(source.strip()).body[0].value)
        tree = ast.parse(text.strip(), mode="eval")
    except Exception:  # half a statement, or an error with no text
        return "", {}
    try:  # where something is stored, what is stored counts as well
        whole = ast.parse(source.strip()).body[0]
    except (SyntaxError, IndexError):
        whole = tree
    if isinstance(whole, ast.Assign) and ast.dump(tree.body) in map(loaded, whole.targets):
        text, tree = f"{text} = {ast.unparse(whole.value)}", whole
    names = dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return " ".join(text.split()), described(frame, names)


def loaded(target: ast.expr) -> str:
    """A target of an assignment, dumped as if it were read."""
    return ast.dump(target).replace("Store()", "Load()")


class Used(TorchFunctionMode):
    """While open, notes which of some tensors take part in a computation, by their names."""

    def __init__(self, tensors: dict[str, torch.Tensor]):
        super().__init__()
        self.names = {id(tensor): name for name, tensor in tensors.items()}
        self.found: dict[str, None] = {}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        looked_at = getattr(getattr(func, "__self__", None), "__name__", "")
        if name not in PASSIVE and (name != "__get__" or looked_at in DERIVED):
            self.look((*args, *kwargs.values()))
        return func(*args, **kwargs)

    def look(self, values) -> None:
        for value in values:
            if isinstance(value, tuple | list):
                self.look(value)
            elif id(value) in self.names:
                self.found[self.names[id(value)]] = None


class Zeros(TorchDispatchMode):
    """While open, memory that nobody has filled holds zeros.

    places: where in the student's file such memory was asked for.
    """

    def __init__(self, hand_in: "HandIn"):
        super().__init__()
        self.hand_in, self.places = hand_in, {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would import its compiler first, two seconds

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if "empty" in func.overloadpacket.__name__:
            made.zero_()
            frame = sys._getframe(1)
            while frame.f_back and re.search(TORCH_INSIDE, frame.f_code.co_filename):
                frame = frame.f_back
            if self.hand_in.holds(frame):  # and not a layer that torch makes and fills
                self.places[self.hand_in.place(frame, frame.f_lineno)] = None
        return made
