"""A student's file, loaded: where each exercise's function is and how it is called."""

import ast
import difflib
import inspect
import linecache
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType, FunctionType, ModuleType, TracebackType

import torch

from checks.cases import EXERCISES
from checks.hand_ins.given import given_code_problem


class ImportProblem(Exception):
    """A file that cannot be imported; the message says why, `line` where in the file."""

    def __init__(self, message: str, line: int | None = None):
        super().__init__(message)
        self.line = line


class KitLayout:
    """The kit's own layout: functions by their names, the captioner's constructor as given."""

    name = "kit"
    exercises = None  # all of them

    def __init__(self, namespace: dict):
        self.namespace = namespace

    def function(self, name: str) -> Callable:
        """The function of that name. Raises LookupError if the file has none."""
        if not callable(self.namespace.get(name)):
            asked = {exercise.function for exercise in EXERCISES.values()}
            own = [k for k, v in self.namespace.items() if callable(v) and k not in asked]
            near = difflib.get_close_matches(name, own, 1, 0.85)
            meant = f": is {near[0]} meant to be it?" if near else ""
            raise LookupError(f"there is no {name} in the file{meant}")
        return self.namespace[name]

    def captioner(
        self,
        word_to_idx: dict[str, int],
        sizes: dict[str, int],
        cell_type: str,
        ignore_index: int | None,
        parameters: dict[str, torch.Tensor],
        dtype: torch.dtype,
    ) -> "KitCaptioner":
        """The student's CaptioningRNN of sizes C, D, H, holding these parameters."""
        captioner = self.function("CaptioningRNN")
        made = captioner(
            word_to_idx, sizes["C"], sizes["D"], sizes["H"], cell_type, ignore_index
        ).to(dtype=dtype, device=next(iter(parameters.values())).device)
        made.load_state_dict(parameters)
        return KitCaptioner(made)

    def structure(self, cell: str) -> str:
        """What was changed in the code given for this cell, in a sentence; "" if nothing."""
        return given_code_problem(self.namespace, cell)


class KitCaptioner:
    """A captioner of the kit's layout, with its parameters by name."""

    def __init__(self, made: torch.nn.Module):
        self.made, self.forward, self.sample = made, made.forward, made.sample

    @property
    def training(self) -> bool:
        return self.made.training

    def train(self, mode: bool) -> None:
        self.made.train(mode)

    def parameters(self) -> dict[str, torch.Tensor]:
        return dict(self.made.named_parameters())


class HandIn:
    """A student's functions, in one of the layouts, and the files that their code stands in."""

    def __init__(self, namespace: dict, layout=None):
        self.layout = layout or KitLayout(namespace)
        self.files = {code.co_filename for code in code_in(namespace)}

    def places(self, trace: TracebackType | None) -> list[tuple[str, int, str]]:
        """(function, line, its text) wherever a traceback passes through the student's files."""
        steps = []
        while trace:
            steps.append((trace.tb_frame, trace.tb_lineno))
            trace = trace.tb_next
        return [self.place(frame, line) for frame, line in steps if self.holds(frame)]

    def holds(self, frame: FrameType) -> bool:
        return frame.f_code.co_filename in self.files

    def place(self, frame: FrameType, line: int) -> tuple[str, int, str]:
        text = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
        return frame.f_code.co_name, line, text


def code_in(namespace: dict):
    """The code objects of the functions and methods that a namespace defines."""
    for value in list(namespace.values()):
        own = isinstance(value, type) and value.__module__ == namespace.get("__name__")
        for function in [value, *(vars(value).values() if own else ())]:
            if isinstance(function, FunctionType):  # anything else may answer with an error
                function = inspect.unwrap(function)
            if isinstance(function, FunctionType) and (
                function.__globals__ is namespace or function.__module__ == "coursework.captioning"
            ):
                yield function.__code__


def open_file(path: Path) -> HandIn:
    """Load a student's file, in the kit's layout or one of the two public ones.

    Raises ImportProblem where it cannot be read, parsed or imported.
    """
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        raise ImportProblem(f"{type(error).__name__}: {error.msg}", error.lineno) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ImportProblem(f"{type(error).__name__}: {error}") from None
    from checks.hand_ins import layouts  # not needed in a notebook

    layout = layouts.layout_of(tree)
    try:
        if layout == "kit":
            module = sys.modules["hand_in"] = ModuleType("hand_in")  # dataclasses look there
            namespace = vars(module)
            namespace["__file__"] = str(path)
            exec(compile(tree, str(path), "exec"), namespace)
            return HandIn(namespace)
        namespace = layouts.load(path)
        return HandIn(namespace, layouts.LAYOUTS[layout](namespace))
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ImportProblem(why, lines[-1] if lines else None) from error
