"""The verdict on one exercise, stage by stage; it stops at the first stage that fails.

Works on answers alone, recorded right ones and given ones: no student's code and no torch here.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from checks import answers
from checks.answer import Answer, Problem
from checks.cases import Case, Exercise
from checks.judging.allowed import not_counted
from checks.judging.compare import EXACT, SINGLE, error, first_wrong, same, shape_text
from checks.judging.diagnosis import CORE, diagnose
from checks.judging.evident import evident
from checks.judging.exceptions import meaning
from checks.judging.sampled import sampled

STAGES = ("import", "run", "structure", "shape", "dtype", "values", "property", "gradient")
FLOAT32 = (
    "right to single precision only: somewhere a float32 tensor takes part (a buffer made without"
    " dtype=, a torch.tensor(number)), or float32 comes back for float64"
)
GRAPH = "sample builds a gradient graph that nobody needs: torch.no_grad() saves time and memory"
SHORT = "it stops once all captions have ended, and leaves it to others to fill up with NULL"
GUESS = "Perhaps this:"  # after what an exception means
LOST = Problem("returned", "no answer came back")
SEPARATE = {"one row", "one step", "one unit", "strided", "float32", "one word a row", "three axes"}
SEPARATE |= {"tall grid", "wide grid", "one position", "extreme", "large gradients", "all NULL"}
SEPARATE |= {"one caption NULL"}  # what fails there fails in no other case


@dataclass
class Result:
    """A verdict: the fields of the JSON contract, and what the faces show beside it.

    hint     a further nudge;  picture: name of a wrong output, what came, what should have
    faults   of all that is wrong, the stage and the case; None: it was not judged
    """

    function: str
    part: str
    status: str
    stage: str | None = None
    mistakes: list[list[str]] = field(default_factory=list)
    message: str = ""
    notes: list[str] = field(default_factory=list)
    hint: str = ""
    picture: tuple[str, np.ndarray, np.ndarray] | None = None
    faults: set[tuple[str, str]] | None = None

    def json(self) -> dict:
        """As `check --json` prints it."""
        names = ("function", "part", "status", "stage", "mistakes", "message", "notes")
        return {name: getattr(self, name) for name in names}


@dataclass
class Failure:
    """The first thing that is wrong: at which stage, in which case, in which output, and what."""

    stage: str
    case: Case
    text: str
    output: str = ""
    picture: tuple[str, np.ndarray, np.ndarray] | None = None
    unsteady: bool = False
    problem: Problem | None = None


def judge(
    exercise: Exercise,
    given: Sequence[Answer],
    passed: Collection[str],
    layout: str = "kit",
    faults: Mapping[str, set[tuple[str, str]] | None] = {},
) -> Result:
    """The verdict on the answers to an exercise.

    passed, faults: names of the exercises that passed before; of those that failed, what is wrong.
    """
    result = Result(exercise.name, exercise.part, "passed", message=exercise.right)
    if kind := unfinished(given):
        result.status, result.message = kind
        return result
    found = failures(exercise, given, layout)
    if layout != "kit" and found:
        wrong = dict.fromkeys(failure.case.name for failure in found)
        dropped, result.notes = not_counted(exercise, given, wrong)
        given = [answer for answer in given if answer.case not in dropped]
        found = [failure for failure in found if failure.case.name not in dropped]
        for failure in found if "plain" in dropped else []:  # the square grid is the usual one
            if failure.case.name == "square grid":
                failure.text = failure.text.removesuffix(where_it_shows(failure.case))
    result.faults = {(failure.stage, failure.case.name) for failure in found}
    if not found:
        result.notes += notes(exercise, given, layout)
        return result
    missing = [name for name in exercise.needs if name not in passed]
    if any(hides(faults.get(name), found[0]) for name in missing):
        result.status, result.message = "blocked", f"waits for {', '.join(missing)}"
        result.faults = None
        if consistent(given):
            result.notes.append("it fits your own forward: put that right first")
        return result
    return failed(result, exercise, given, found[0], layout)


def hides(faults: set[tuple[str, str]] | None, failure: Failure) -> bool:
    """Whether a failure may be that of a function it calls, which has these faults (None: not known).

    What is wrong in a case apart, or with a gradient alone, shows where the same is asked.
    """
    if faults is None or failure.problem and len(failure.problem.where) > 1:
        return True
    ordinary = {case for stage, case in faults if stage != "gradient"}
    apart = {case.removesuffix(", square grid") for case in ordinary}
    return (
        bool(apart - SEPARATE)
        or failure.case.name.removesuffix(", square grid") in apart
        or failure.stage == "gradient"
    )


def unfinished(given: Sequence[Answer]) -> tuple[str, str] | None:
    """Status and message of what is not written yet."""
    problem = given[0].problem if given else LOST
    if problem and problem.kind == "unwritten":
        return "unwritten", problem.message or "not written yet"
    return None


def failed(
    result: Result, exercise: Exercise, given: Sequence[Answer], failure: Failure, layout: str
) -> Result:
    """The result of a failure, with the mistake behind it."""
    result.status, result.stage, result.picture = "failed", failure.stage, failure.picture
    result.message = failure.text
    changed = [
        answer.given for answer in given if answer.case == failure.case.name and answer.given
    ]
    if changed:  # put right, it gives something else there
        result.stage, result.message = "structure", f"{changed[0]} ({failure.text})"
        return result
    if not given:
        return result
    if failure.problem and failure.problem.kind in ("stopped", "structure"):
        result.mistakes = [[failure.problem.type]] if failure.problem.type else []
        return result
    certain = evident(failure.problem, failure.case)
    if layout != "kit" and (certain or failure.unsteady):
        result.message = f"{certain} ({failure.text})" if certain else failure.text
        return result
    if layout != "kit" and raised_alone(exercise, given, failure):
        needs, plain = set(exercise.needs), failure.case.name == "plain" and not exercise.cell
        said = meaning(failure.problem, needs, letters=plain)
        result.message = f"{said} ({failure.text})" if said else failure.text
        return result
    found = diagnose(exercise, given, failure.case.name)
    if not found.mistakes and "captions" in exercise.outputs:
        certain = certain or sampled(exercise, given, answers.recorded(exercise.name).right)
    if certain:
        _, guess, perhaps = found.message.partition(GUESS)
        found.message = f"{certain} {guess}{perhaps}" if guess else found.message
        found.message = found.message if found.mistakes else certain
    result.mistakes, result.hint = found.mistakes, found.hint
    if failure.unsteady and found.mistakes:
        result.message = f"{failure.text} {found.message}"
    elif found.message and not failure.unsteady:
        result.message = f"{found.message} ({failure.text})"
    for answer in given:
        if answer.case == failure.case.name and answer.layers:
            result.message = f"{answer.layers} {result.message}"
    return result


def raised_alone(exercise: Exercise, given: Sequence[Answer], failure: Failure) -> bool:
    """Whether an exception is all there is: no wrong number in an ordinary case that would name a mistake."""
    if failure.stage != "run" or not failure.problem:
        return False
    right = {answer.case: answer.outputs for answer in answers.recorded(exercise.name).right}
    ordinary = [answer for answer in given if answer.case in CORE]
    return all(
        same(got, right[answer.case][name], SINGLE)
        for answer in ordinary
        for name, got in answer.outputs.items()
        if name in right[answer.case]
    )


def failures(exercise: Exercise, given: Sequence[Answer], layout: str = "kit") -> list[Failure]:
    """All that is wrong: first the plain case, then by the order of STAGES; empty if nothing is."""
    right = {answer.case: answer for answer in answers.recorded(exercise.name).right}
    by_case = {answer.case: answer for answer in given}
    triples = [
        (case, whole(by_case.get(case.name), right[case.name], layout), right[case.name])
        for case in exercise.cases
        if case.judged
    ]
    plain, square = (
        [triple for triple in triples if triple[0].name == name]
        for name in ("plain", "square grid")
    )
    found = [
        failure
        for some in (
            plain,
            square,
            triples,
        )  # what is wrong there comes before what crashes at N = 1
        for look in (steadiness, problems, shapes, dtypes, values, properties, gradients)
        for failure in look(some)
    ]
    if layout != "kit":  # other courses hold the encoder inside, frozen
        found = [f for f in found if (f.stage, f.output) != ("gradient", "features")]
    return found


def whole(answer: Answer | None, right: Answer, layout: str) -> Answer:
    """The answer; or, where it or one of its outputs did not come back, an answer that says so."""
    optional = {"weights"} if layout != "kit" else set()
    if answer and (answer.problem or right.outputs.keys() - answer.outputs.keys() <= optional):
        return answer
    return Answer(right.case, problem=LOST)


Triples = Sequence[tuple[Case, Answer, Answer]]


def steadiness(triples: Triples) -> Iterator[Failure]:
    """What comes out differently from call to call."""
    for case, answer, _ in triples:
        if answer.unsteady:
            yield Failure("property", case, answer.unsteady, unsteady=True)


def problems(triples: Triples) -> Iterator[Failure]:
    """Cases without outputs."""
    for case, answer, _ in triples:
        if problem := answer.problem:
            stage = {"structure": "structure", "returned": "structure"}.get(problem.kind, "run")
            text = problem_text(problem) + where_it_shows(case)
            yield Failure(stage, case, text, problem=problem)


def shapes(triples: Triples) -> Iterator[Failure]:
    for case, answer, right in triples:
        for name, expected in right.outputs.items():
            got = answer.outputs.get(name)
            if got is not None and got.shape != expected.shape:
                text = f"`{name}` has the shape {got.shape}, it should have {expected.shape}"
                if (
                    case.name == "plain" and not case.parameters
                ):  # the captioner has sizes of its own
                    text = (
                        f"`{name}` has the shape {shape_text(got.shape)};"
                        f" it should have {shape_text(expected.shape)}"
                    )
                yield Failure("shape", case, text + where_it_shows(case), name)


def dtypes(triples: Triples) -> Iterator[Failure]:
    """Another dtype than the input's; float32 for float64 is only noted."""
    for case, answer, right in triples:
        for name, expected in right.dtypes.items():
            got = answer.dtypes.get(name, expected)
            if got != expected and (expected, got) != ("float64", "float32"):
                text = f"`{name}` is {got}, it should be {expected}"
                yield Failure("dtype", case, text + where_it_shows(case), name)


def values(triples: Triples, stage: tuple[str, ...] = ("values", "dtype")) -> Iterator[Failure]:
    for case, answer, right in triples:
        for name, expected in right.outputs.items():
            got = answer.outputs.get(name)
            if case.stage not in stage or got is None or got.shape != expected.shape:
                continue
            if error(got, expected) > tolerance(case, answer.dtypes[name]):
                text = f"`{name}` {wrong_text(got, expected)}{where_it_shows(case)}"
                yield Failure("values", case, text, name, (name, got, expected))


def properties(triples: Triples) -> Iterator[Failure]:
    """Inputs changed, a graph kept, and values that go wrong in a case of that kind alone."""
    for case, answer, _ in triples:
        if answer.changed:
            names = " and ".join(f"`{name}`" for name in answer.changed)
            text = f"it changes its input {names} in place: whoever called it still needs that"
            yield Failure("property", case, text, answer.changed[0])
        for text in answer.side_effects:
            yield Failure("property", case, text)
        if answer.keeps_graph:
            text = "what sample returns still hangs on a gradient graph"
            yield Failure("property", case, text)
    for failure in values(triples, ("property",)):
        failure.stage = "property"
        yield failure


def gradients(triples: Triples) -> Iterator[Failure]:
    """Autograd's gradients, of every forward function in every floating input."""
    for case, answer, right in triples:
        if problem := answer.gradient_problem:
            text = f"autograd cannot go back through it: {problem_text(problem)}"
            yield Failure("gradient", case, text + where_it_shows(case), problem=problem)
            continue
        for name, expected in right.gradients.items():
            got = answer.gradients.get(name)
            if got is None and np.abs(expected).max() > 0:
                text = f"the values are right, but no gradient reaches `{name}`"
                yield Failure("gradient", case, text + where_it_shows(case), name)
            elif got is not None and (
                got.shape != expected.shape
                or error(got, expected) > tolerance(case, str(got.dtype))
            ):
                text = (
                    f"the values are right, but the gradient that autograd finds of `{name}` is not"
                )
                yield Failure(
                    "gradient", case, text + where_it_shows(case), name, (name, got, expected)
                )


def tolerance(case: Case, dtype: str = "") -> float:
    single = "float32" in (dtype, case.settings.get("dtype"))
    return 10 * SINGLE if single else SINGLE


def wrong_text(got: np.ndarray, expected: np.ndarray) -> str:
    if got.dtype.kind == "f" and not np.isfinite(got).all():
        return "holds nan or inf"
    return f"is wrong: {first_wrong(got, expected)}"


def where_it_shows(case: Case) -> str:
    """For a case that is not the plain one: that it goes wrong there, those before being right."""
    return f"; it shows {case.only}" if case.only else ""


def problem_text(problem: Problem) -> str:
    """An exception, or what else stood in the way, in a sentence."""
    if problem.kind != "raised":
        return problem.message or "it is not written for this case"
    text = f"{problem.type}: {problem.message}" if problem.message else problem.type
    if not problem.where:
        return text
    function, line, source = problem.where[-1]
    caller, from_line, _ = problem.where[0]
    if caller != function:
        function += f", called from line {from_line} in {caller}"
    quoted = f"`{source}`, " if source else ""
    return f"line {line}, {quoted}in {function}: {text}"


def notes(exercise: Exercise, given: Sequence[Answer], layout: str) -> list[str]:
    """What may be said of a function that passes."""
    right = {answer.case: answer for answer in answers.recorded(exercise.name).right}
    cases = {case.name: case for case in exercise.cases if case.judged}
    single = any(
        error(got, right[answer.case].outputs[name]) > EXACT
        or answer.dtypes[name] != right[answer.case].dtypes[name]
        for answer in given
        if answer.case in cases and "dtype" not in cases[answer.case].settings
        for name, got in answer.outputs.items()
    )
    found = [note for answer in given for note in answer.notes]
    found += {
        f"{answer.given}; no harm here, but others count on it" for answer in given if answer.given
    }
    found += [FLOAT32] if single else []
    if any(answer.cut_short for answer in given):
        found.append(SHORT)
    if layout == "kit" and any(answer.builds_graph for answer in given):
        found.append(GRAPH)
    return found


def consistent(given: Sequence[Answer]) -> bool:
    """Whether a backward agrees with central differences of its own forward."""
    numeric = [pair for answer in given for pair in answer.numeric.values()]
    return bool(numeric) and all(abs(a - b) <= 1e-5 * max(1.0, abs(a)) for a, b in numeric)
