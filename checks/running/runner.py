"""Runs the cases of an exercise on a hand-in: arrays in, arrays out.

The only file of the checks that runs a student's code. It judges nothing and knows no right answer,
so it serves a notebook, a child process and a sandbox alike.
"""

import dis
import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import numpy as np
import torch

from checks.answer import Answer, Problem
from checks.cases import EXERCISES, Case, Exercise
from checks.hand_ins.given import Given
from checks.hand_ins.hand_in import HandIn
from checks.hand_ins.strangers import OtherLayers
from checks.running.evidence import Calls, Zeros, expression

DISTURBED = (
    "it leaves the captioner otherwise than it was: its parameters, whether they are trained, or"
    " train() and eval()"
)
REMEMBERED = "what comes out depends on earlier calls: something is kept in `self`, or outside"
KEPT = (
    "Called twice with the same arguments, it gives two different results: something is kept from the"
    " call before, in a global variable or in a default argument such as `[]`."
)
RANDOM = (
    "Called twice with the same arguments, it gives two different results: there is chance in it,"
    " as dropout brings, noise, or a tensor drawn anew in every call."
)
UNFILLED = (
    "It computes with memory that nobody has filled, as `torch.empty`, `torch.Tensor(n)` and"
    " `x.new(n)` leave it: what comes out is whatever lay there. Use `torch.zeros`, `torch.full` or"
    " `torch.tensor`."
)
EMPTY = " (None for a cell that does not attend)"
STEP = 1e-4  # of central differences: errors of about 1e-8 here
LONGEST = 200  # characters of an exception's message
MIXED = r"dtype|scalar type|[Dd]ouble|[Ff]loat|[Hh]alf"  # in messages where two dtypes meet
DTYPES = {"float32": torch.float32, "float64": torch.float64}


class Trouble(Exception):
    """Stops a case; carries the Problem to report."""

    def __init__(self, problem: Problem):
        self.problem = problem


def require(device: str) -> None:
    """Raises an error of torch's where this machine has no such device, or one without float64."""
    torch.zeros(1, dtype=torch.float64, device=device)


def run(hand_in: HandIn, name: str, device: str = "cpu", closely: bool = True) -> list[Answer]:
    """The answers of a hand-in to all cases of an exercise.

    closely: exceptions are looked into, and whether the plain case comes out the same when called again.
    After a case that finds nothing written, or given code changed, the others are not run.
    """
    with torch.random.fork_rng(devices=[]), filled_memory():  # a notebook's own go on as before
        return list(answers_to(hand_in, EXERCISES[name], device, closely))


@contextmanager
def filled_memory() -> Iterator[None]:
    """Memory that nobody has filled holds nan (whole numbers: the largest), the same in every run."""
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)


def answers_to(hand_in: HandIn, exercise: Exercise, device: str, closely: bool) -> Iterator[Answer]:
    """The answers, one after the other."""
    kit = exercise.cell and hand_in.layout.name == "kit"
    given = hand_in.layout.given(exercise.cell) if kit else Given()
    if given.fault:
        yield Answer(exercise.cases[0].name, problem=Problem("structure", given.fault))
        return
    for case in exercise.cases:
        answer = run_case(hand_in, exercise, case, device, closely)
        unwritten = answer.problem and answer.problem.kind == "unwritten"
        if case is exercise.cases[0] and not unwritten:
            answer.notes += given.notes
        for doubt in [] if unwritten else given.doubts:
            with hand_in.layout.repaired(doubt.repair):
                otherwise = run_case(hand_in, exercise, case, device)
            if differ(answer, otherwise) and doubt.spoil:
                answer.problem = answer.problem or Problem("structure", doubt.sentence)
            elif differ(answer, otherwise):
                answer.given = answer.given or doubt.sentence
        yield answer
        if unwritten:
            return


def differ(one: Answer, other: Answer) -> bool:
    """Whether other numbers came out, or whether only one of the two came to an end."""
    if bool(one.problem) != bool(other.problem):
        return True
    pairs = [(one.outputs, other.outputs), (one.gradients, other.gradients)]
    return any(
        mine.keys() != theirs.keys()
        or any(
            a.shape != theirs[name].shape or not np.allclose(a, theirs[name], 1e-4, 1e-6, True)
            for name, a in mine.items()
        )
        for mine, theirs in pairs
    )


def run_case(
    hand_in: HandIn, exercise: Exercise, case: Case, device: str = "cpu", closely: bool = False
) -> Answer:
    """Call the function of an exercise on one case; whatever happens is in the answer."""
    answer = attempt(hand_in, exercise, case, device)
    if in_float64(case) and any(re.search(MIXED, p.message) for p in problems_of(answer)):
        # float32 somewhere inside: does it work if all is float32?
        in_single = replace(case, settings={**case.settings, "dtype": "float32"})
        single = attempt(hand_in, exercise, in_single, device)
        if not problems_of(single):
            answer, case = single, in_single
    if not closely or answer.problem and answer.problem.kind == "unwritten":
        return answer
    why = unsteady(hand_in, exercise, case, device, answer) if case.name == "plain" else ""
    if any(problem.kind == "raised" for problem in problems_of(answer)):
        again = attempt(hand_in, exercise, case, device, watched=True)
        answer = again if problems_of(again) else answer
    answer.unsteady = why
    return answer


def problems_of(answer: Answer) -> list[Problem]:
    return [problem for problem in (answer.problem, answer.gradient_problem) if problem]


def unsteady(hand_in: HandIn, exercise: Exercise, case: Case, device: str, answer: Answer) -> str:
    """Why another call with the same arguments gives something else, in a sentence; "" if it does not."""
    if differ(answer, attempt(hand_in, exercise, case, device)):
        return KEPT
    if differ(answer, attempt(hand_in, exercise, case, device, seed=1)):
        return RANDOM
    with Zeros(hand_in) as zeros:
        otherwise = attempt(hand_in, exercise, case, device)
    if not differ(answer, otherwise):
        return ""
    places = list(zeros.places)
    return f"{UNFILLED} (line {places[0][1]}, `{places[0][2]}`)" if len(places) == 1 else UNFILLED


def in_float64(case: Case) -> bool:
    return case.settings.get("dtype", "float64") == "float64"


def attempt(
    hand_in: HandIn,
    exercise: Exercise,
    case: Case,
    device: str,
    seed: int = 0,
    watched: bool = False,
) -> Answer:
    """run_case in the dtype of the case. watched: an exception is told with the arguments of all calls."""
    torch.manual_seed(seed)
    answer = Answer(case.name)
    call = Call(hand_in, exercise, case, device)
    call.calls = Calls(hand_in) if watched else None
    try:
        with call.calls or nullcontext():
            outputs = call.outputs(answer)
        answer.changed = call.changed()
    except Trouble as trouble:
        answer.problem = trouble.problem
        return answer
    answer.outputs = {name: as_array(value) for name, value in outputs.items()}
    answer.dtypes = {name: str(v.dtype).removeprefix("torch.") for name, v in outputs.items()}
    sampled = "captions" in outputs
    answer.keeps_graph = sampled and any(value.requires_grad for value in outputs.values())
    try:
        answer.gradients = call.gradients(outputs)
    except Trouble as trouble:
        answer.gradient_problem = trouble.problem
    if exercise.forward and case.name == "plain":
        answer.numeric = call.numeric(outputs)
    return answer


def as_array(tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().cpu()
    tensor = (tensor if tensor.layout == torch.strided else tensor.to_dense()).resolve_conj()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy().copy()


class Call:
    """One case on one hand-in, as tensors: the call, and what can be asked of it afterwards."""

    def __init__(self, hand_in: HandIn, exercise: Exercise, case: Case, device: str):
        self.hand_in, self.exercise, self.case, self.device = hand_in, exercise, case, device
        self.dtype = DTYPES[case.settings.get("dtype", "float64")]
        self.inputs = {name: self.tensor(array) for name, array in case.inputs.items()}
        self.parameters = {name: self.tensor(array) for name, array in case.parameters.items()}
        self.calls: Calls | None = None
        self.leaves = {}
        if case.upstream:
            self.leaves = {k: v for k, v in self.inputs.items() if v.is_floating_point()}
            for name, leaf in self.leaves.items():
                leaf.requires_grad_()
                self.inputs[name] = leaf.clone()  # may be changed in place: `changed` sees it

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        """The array as a tensor in the dtype of the case; strided where the case says so."""
        value = torch.from_numpy(array.copy()).to(self.device)
        value = value.to(self.dtype) if value.is_floating_point() else value
        if self.case.settings.get("strided") and value.ndim > 1:
            value = value.transpose(0, -1).contiguous().transpose(0, -1)
        return value

    def outputs(self, answer: Answer) -> dict[str, torch.Tensor]:
        """What the function returns, by name. Raises Trouble."""
        if self.exercise.cell:
            return self.captioner(answer)
        if self.exercise.forward:
            return self.backward()
        function = self.function(self.exercise.name)
        returned = self.call(function, *self.arguments(self.exercise), **self.options())
        return self.named(self.exercise, returned)[0]

    def arguments(self, exercise: Exercise) -> list:
        """What its function is called with, in order."""
        known = {**self.case.settings, **self.inputs}
        return [known[name] for name in exercise.inputs]

    def options(self) -> dict:
        """What is handed over by name, where the case says so."""
        settings = self.case.settings
        return {name: settings[name] for name in ("ignore_index",) if name in settings}

    def function(self, name: str):
        try:
            return self.hand_in.layout.function(name)
        except LookupError as error:
            raise Trouble(Problem("unwritten", str(error).strip("'"))) from None

    def call(self, function, *arguments, **more):
        """Call the student's code; what it raises becomes Trouble."""
        try:
            return function(*arguments, **more)
        except OtherLayers as error:
            raise Trouble(Problem("structure", str(error))) from None
        except NotImplementedError as error:
            calls = self.hand_in.places(error.__traceback__)
            if len(calls) <= 1 and is_raised(error):  # not in something it calls, and not by torch
                raise Trouble(Problem("unwritten")) from None
            raise Trouble(self.raised(error)) from None
        except (Exception, SystemExit) as error:
            raise Trouble(self.raised(error)) from None

    def raised(self, error: BaseException) -> Problem:
        try:
            message = (str(error).strip().splitlines() or [""])[0].split(". ")[0]
        except Exception:  # an exception of the student's own
            message = ""
        problem = Problem("raised", message[:LONGEST], type(error).__name__)
        problem.where = self.hand_in.places(error.__traceback__)
        if self.calls:
            problem.arguments = self.calls.of(error.__traceback__)
            problem.expression, problem.seen = expression(self.hand_in, error)
        return problem

    def named(self, exercise: Exercise, returned) -> tuple[dict[str, torch.Tensor], object]:
        """The outputs by name, and the cache. Raises Trouble where something else came back."""
        names = exercise.outputs
        values = returned if isinstance(returned, tuple | list) else (returned,)
        if all(value is None for value in values):
            raise Trouble(self.nothing(exercise))
        expected = [*names, "cache"] if exercise.cache else list(names)
        if len(values) != len(expected):
            wanted = [f"`{name}`{EMPTY * self.always_none(name)}" for name in expected]
            raise Trouble(Problem("returned", _returned_text(wanted, returned)))
        outputs = {n: v for n, v in zip(names, values) if v is not None or not self.optional(n)}
        for name, value in outputs.items():
            if self.always_none(name):
                text = f"`{name}` should be None for a cell that does not attend, it is {_thing(value)}"
                raise Trouble(Problem("returned", text))
            if not isinstance(value, torch.Tensor):
                text = f"`{name}` should be a tensor, it is {_thing(value)}"
                raise Trouble(Problem("returned", text))
            device = next(iter(self.inputs.values())).device
            if value.device.type != device.type:
                text = f"`{name}` is on {value.device}, its inputs are on {device}"
                raise Trouble(Problem("returned", text))
        return outputs, values[-1] if exercise.cache else None

    def nothing(self, exercise: Exercise) -> Problem:
        """What to report where None came back: nothing is there yet, or a `return` is missing."""
        made = exercise.cell and getattr(self.made, exercise.function.split(".")[-1])
        function = made or self.function(exercise.name)
        code = getattr(inspect.unwrap(getattr(function, "__func__", function)), "__code__", None)
        does = {step.opname.split("_")[0] for step in dis.get_instructions(code)} if code else set()
        if self.hand_in.layout.name == "kit" and does & {"CALL", "BINARY"}:
            return Problem("returned", "it returns nothing (None): is the `return` missing?")
        return Problem("unwritten")

    def optional(self, name: str) -> bool:
        """Whether this output may be None, which it may in other layouts than the kit's, too."""
        return self.always_none(name) or name == "weights" and self.hand_in.layout.name != "kit"

    def always_none(self, name: str) -> bool:
        """Whether this output is None, as the weights are of a cell that does not attend."""
        return name == "weights" and self.exercise.cell in ("rnn", "lstm")

    def backward(self) -> dict[str, torch.Tensor]:
        """The backward, without autograd, with what the student's own forward leaves for it."""
        function, given = self.function(self.exercise.name), self.arguments(self.exercise)
        with torch.no_grad():
            rest = [] if self.exercise.standalone else self.left_by_forward(function, given)
            returned = self.call(function, *given, *rest, **self.options())
            return self.named(self.exercise, returned)[0]

    def left_by_forward(self, function, given: list) -> list:
        """The cache; where there is none, what went into the forward, and the weights."""
        forward = EXERCISES[self.exercise.forward]
        arguments = self.arguments(forward)
        try:
            made = self.call(self.function(forward.name), *arguments)
            outputs, cache = self.named(forward, made)
        except Trouble as trouble:
            raise self.without_forward(function, given, trouble.problem) from None
        return [cache] if forward.cache else [*arguments, outputs["weights"]]

    def without_forward(self, function, given: list, problem: Problem) -> Trouble:
        """What to report of a backward whose forward fails: that it is unwritten too, if so."""
        rest = [None] * (1 if EXERCISES[self.exercise.forward].cache else 3)
        try:
            self.named(self.exercise, self.call(function, *given, *rest))
        except Trouble as trouble:
            if trouble.problem.kind == "unwritten":
                return trouble
        return Trouble(replace(problem, kind="raised"))

    def captioner(self, answer: Answer) -> dict[str, torch.Tensor]:
        """The loss of the student's captioner, or what it samples."""
        settings = self.case.settings
        words = {word: k for k, word in enumerate(settings["words"])}
        H, C = self.parameters["image_projection.weight"].shape
        sizes = {"C": C, "D": self.parameters["cell.Wx"].shape[0], "H": H}
        build = self.hand_in.layout.captioner
        about = (words, sizes, settings["cell_type"], settings["ignore_index"], self.parameters)
        try:
            self.made = self.call(build, *about, self.dtype)
        except Trouble as trouble:
            problem = trouble.problem
            if problem.type == "LookupError" and not problem.where:  # a part is not there yet
                problem.kind = "unwritten"
            raise
        self.made.train(not settings.get("eval", False))
        before = self.state()
        outputs = self.with_its_layers(answer)
        if self.state() != before:
            answer.side_effects.append(DISTURBED)
        if self.case.name == "plain" and self.remembers(build, about, answer):
            answer.side_effects.append(REMEMBERED)
        return outputs

    def with_its_layers(self, answer: Answer) -> dict[str, torch.Tensor]:
        """What was asked of the captioner, unless it has other layers than the captioner asked for."""
        try:
            outputs, trouble = self.asked(answer), None
        except Trouble as error:
            outputs, trouble = {}, error
        written = trouble is None or trouble.problem.kind != "unwritten"
        name, fault = self.made.fault() if written else ("", "")
        if fault:
            raise Trouble(Problem("structure", fault, name))
        if trouble:
            raise trouble
        answer.layers = self.made.note()
        return outputs

    def state(self) -> list:
        """Whether the captioner trains, and what its parameters hold."""
        parameters = self.made.parameters().values()
        values = [(p.requires_grad, as_array(p).tobytes()) for p in parameters]
        return [getattr(self.made, "training", None), *values]

    def remembers(self, build, about: tuple, answer: Answer) -> bool:
        """Whether other features give something else than with a captioner that is new."""
        measured, features = self.made, self.inputs["features"]
        self.inputs["features"], found = -features.detach(), []
        try:
            for made in (measured, self.call(build, *about, self.dtype)):
                self.made = made
                with torch.no_grad():
                    found.append(self.asked(Answer(self.case.name)))
        except Trouble:
            return False
        finally:
            self.made, self.inputs["features"] = measured, features
        return not all(
            a.shape == found[1][name].shape and torch.allclose(a, found[1][name], atol=1e-5)
            for name, a in found[0].items()
        )

    def asked(self, answer: Answer) -> dict[str, torch.Tensor]:
        """The loss of the captioner that has been made, or what it samples."""
        settings = self.case.settings
        if self.exercise.inputs == ("features", "captions"):
            arguments = self.inputs["features"], self.inputs["captions"]
            return self.named(self.exercise, self.call(self.made.forward, *arguments))[0]
        graph = WatchedGraph()
        with graph:
            length = [] if settings["max_length"] is None else [settings["max_length"]]
            returned = self.call(self.made.sample, self.inputs["features"], *length)
        answer.builds_graph = graph.built
        outputs = self.named(self.exercise, returned)[0]
        answer.cut_short = self.filled_up(outputs)
        if (
            self.hand_in.layout.name != "kit" and outputs["captions"].ndim == 2
        ):  # where words after END are nobody's business
            words = settings["words"]
            is_end = outputs["captions"] == words.index("<END>")
            after = (is_end.cumsum(1) - is_end.long()) > 0
            outputs["captions"] = outputs["captions"].masked_fill(after, words.index("<NULL>"))
        return outputs

    def filled_up(self, outputs: dict[str, torch.Tensor]) -> bool:
        """Whether sampling stopped when all had ended; what it left out becomes NULL."""
        words, length = self.case.settings["words"], self.case.settings["max_length"] or 15
        captions = outputs["captions"]
        if captions.ndim != 2 or not 0 < captions.shape[1] < length:
            return False
        if not (captions == words.index("<END>")).any(dim=1).all():
            return False
        missing, null = length - captions.shape[1], words.index("<NULL>")
        for name, value in outputs.items():
            if value.shape[:2] == captions.shape:
                filler = value.new_full((len(value), missing, *value.shape[2:]), null)
                outputs[name] = torch.cat([value, filler], dim=1)
        return True

    def changed(self) -> list[str]:
        """Inputs that no longer hold what they held."""
        return [
            name
            for name, array in self.case.inputs.items()
            if not torch.equal(self.inputs[name].detach(), self.tensor(array))
        ]

    def gradients(self, outputs: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
        """Autograd's gradients of sum(upstream * output), for the inputs that it reaches."""
        if not self.case.upstream:
            return {}
        wanted = dict(self.leaves)
        if self.exercise.cell:
            wanted |= self.made.parameters()
        pairs = [
            (outputs[name], self.tensor(array).to(outputs[name]))
            for name, array in self.case.upstream.items()
            if name in outputs and outputs[name].requires_grad
        ]
        if not pairs or any(value.shape != given.shape for value, given in pairs):
            return {}
        try:  # of one scalar: given upstream gradients, torch would import sympy first, half a second
            total = sum((value * given).sum() for value, given in pairs)
            found = torch.autograd.grad(total, list(wanted.values()), allow_unused=True)
        except Exception as error:  # an autograd.Function may raise anything
            raise Trouble(self.raised(error)) from None
        return {name: as_array(g) for name, g in zip(wanted, found) if g is not None}

    def numeric(self, outputs: dict[str, torch.Tensor]) -> dict[str, list[float]]:
        """Central differences of the student's forward along one direction an input.

        For dx and a direction v: [(L(x + s v) - L(x - s v)) / 2s, sum of dx * v], where L is the sum
        of upstream * output. The two agree where the gradient is right.
        """
        forward = EXERCISES[self.exercise.forward]
        found = {}
        for name in forward.inputs:
            value, said = self.tensor(self.case.inputs[name]), outputs.get(f"d{name}")
            if said is None or said.shape != value.shape:
                continue
            direction = torch.cos(torch.arange(1.0, value.numel() + 1).to(value))
            direction = direction.view(value.shape)
            losses = [self.loss(forward, name, value + s * direction) for s in (STEP, -STEP)]
            if None not in losses:
                difference = (losses[0] - losses[1]) / (2 * STEP)
                found[f"d{name}"] = [difference, (said.to(value.dtype) * direction).sum().item()]
        return found

    def loss(self, forward: Exercise, name: str, value: torch.Tensor) -> float | None:
        """sum(upstream * output) of the student's forward with one input replaced."""
        inputs = {k: self.tensor(self.case.inputs[k]) for k in forward.inputs} | {name: value}
        try:
            with torch.no_grad():
                function = self.function(forward.name)
                made = self.call(function, *inputs.values(), **self.options())
                outputs, _ = self.named(forward, made)
            given = {k: self.case.inputs.get(f"d{k}") for k in outputs}
            pairs = [(outputs[k], self.tensor(a)) for k, a in given.items() if a is not None]
            return sum((output * upstream).sum() for output, upstream in pairs).item()
        except (Trouble, RuntimeError):
            return None


def is_raised(error: BaseException) -> bool:
    """Whether a `raise` raised it, and not an operation that torch has for other dtypes alone."""
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    return dis.opname[trace.tb_frame.f_code.co_code[trace.tb_lasti]] == "RAISE_VARARGS"


class WatchedGraph(torch.autograd.graph.saved_tensors_hooks):
    """Notes whether autograd saved anything while it was open."""

    def __init__(self):
        self.built = False
        super().__init__(self.note, lambda kept: kept)

    def note(self, tensor: torch.Tensor) -> torch.Tensor:
        self.built = True
        return tensor


def _returned_text(expected: list[str], returned) -> str:
    wanted = ", ".join(expected)
    if len(expected) == 1:
        return f"it should return one tensor, {wanted}; it returns {_thing(returned)}"
    if isinstance(returned, tuple | list):
        return f"it should return {wanted}: {len(expected)} things, not {len(returned)}"
    return f"it should return {wanted}; it returns {_thing(returned)}"


def _thing(value) -> str:
    """What a wrong kind of output is, in words."""
    if isinstance(value, torch.Tensor):
        return f"one tensor of shape {tuple(value.shape)}"
    if value is None:
        return "None"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return f"an object of type {type(value).__name__}"
