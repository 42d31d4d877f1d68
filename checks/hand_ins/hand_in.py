"""A student's file, loaded: where each exercise's function is and how it is called."""

import ast
import difflib
import inspect
import io
import linecache
import re
import sys
import tokenize
import traceback
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, FunctionType, ModuleType, TracebackType

import torch

from checks.cases import EXERCISES
from checks.cases.case import LEFT_AWAY
from checks.hand_ins.given import SIZES, Given, Repair, captioner, look_at
from checks.hand_ins.layers import Homes, filled, homes_in
from checks.hand_ins.parameters import shapes_of


class ImportProblem(Exception):
    """A file that cannot be imported; the message says why, `line` where in the file.

    exercises: those of its layout, where that is known (None: all)
    """

    def __init__(self, message: str, line: int | None = None, exercises=None):
        super().__init__(message)
        self.line, self.exercises = line, exercises


class KitLayout:
    """The kit's own layout: functions by their names, the captioner's constructor as given."""

    name = "kit"
    exercises = None  # all of them

    def __init__(self, namespace: dict):
        self.namespace = namespace
        self.repair: Repair | None = None
        self._homes: dict[str, Homes] = {}
        self._given: dict[str, Given] = {}

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
        ignore_index: int | str | None,
        parameters: dict[str, torch.Tensor],
        dtype: torch.dtype,
    ) -> "KitCaptioner":
        """The student's CaptioningRNN of sizes C, D, H, holding these parameters."""
        more = {} if ignore_index == LEFT_AWAY else {"ignore_index": ignore_index}
        maker = self.function("CaptioningRNN")
        made = captioner(maker, cell_type, sizes, word_to_idx, **more)
        made = made.to(dtype=dtype, device=next(iter(parameters.values())).device)
        leaves = filled(made, self.homes(cell_type), parameters)
        if self.repair:
            with suppress(Exception):  # what the student's class does not let be set
                self.repair(made, word_to_idx, ignore_index)
        return KitCaptioner(made, leaves)

    def homes(self, cell_type: str) -> Homes:
        """Where this captioner has its parameters: seen at sizes that all differ."""
        if cell_type not in self._homes:
            with torch.random.fork_rng(devices=[]):  # the first call draws what later calls draw
                made = captioner(self.function("CaptioningRNN"), cell_type, SIZES)
            self._homes[cell_type] = homes_in(made, shapes_of(cell_type, SIZES))
        return self._homes[cell_type]

    def given(self, cell_type: str) -> Given:
        """What was seen of the code given for a captioner with this cell."""
        if cell_type not in self._given:
            self._given[cell_type] = look_at(self.namespace, cell_type)
        return self._given[cell_type]

    @contextmanager
    def repaired(self, repair: Repair):
        """Within, captioners have something put right."""
        self.repair = repair
        try:
            yield
        finally:
            self.repair = None


class KitCaptioner:
    """A captioner of the kit's layout, with its parameters by the kit's names."""

    def __init__(self, made: torch.nn.Module, leaves: dict[str, torch.Tensor]):
        self.made, self.forward, self.sample = made, made.forward, made.sample
        self.leaves = leaves

    @property
    def training(self) -> bool:
        return self.made.training

    def train(self, mode: bool) -> None:
        self.made.train(mode)

    def fault(self) -> tuple[str, str]:
        """Nothing: what it has for layers is seen by `given`."""
        return "", ""

    def note(self) -> str:
        return ""

    def parameters(self) -> dict[str, torch.Tensor]:
        return self.leaves


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
        text = linecache.getline(frame.f_code.co_filename, line, frame.f_globals)
        return frame.f_code.co_name, line, quotable(text)


def quotable(line: str) -> str:
    """A line of source without its comment, and with one blank where there were several."""
    with suppress(tokenize.TokenError, IndentationError, SyntaxError):  # it need not be a statement
        for token in tokenize.generate_tokens(io.StringIO(line.strip()).readline):
            if token.type == tokenize.COMMENT:
                line = line.strip()[: token.start[1]]
                break
    return re.sub(r"\s+", " ", line).strip()


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
        asked = None if layout == "kit" else layouts.LAYOUTS[layout].exercises
        raise ImportProblem(why, lines[-1] if lines else None, asked) from error
