"""What a hand-in returned, as the formulas name and shape it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from checks.answer import Answer
from checks.cases import Case, Exercise
from checks.judging.formula.captioner import known_of
from checks.judging.formula.explain import Finding, explain
from checks.judging.formula.lines import FORMULAS
from checks.judging.formula.loops import LOOPS
from checks.judging.formula.program import Quantities
from checks.judging.formula.quantities import until_end

FLOAT32 = "float32"
USUAL = ("plain", "square grid")  # the latter for functions that take no other grid
EDGES = {"strided", "dtype"}  # settings of cases where more can go wrong than the formula
GRADIENT = "in the gradients that autograd finds, "


def explained(
    exercise: Exercise, given: Sequence[Answer], right: Sequence[Answer]
) -> tuple[list[Finding], list[str]]:
    """What in the formula gives what was returned; and the quantities that are wrong and not explained.

    Nothing where the function has no formula here, or did not return float64 numbers of the right shapes.
    """
    if exercise.name not in FORMULAS and exercise.name not in LOOPS:
        return [], []
    expected = {answer.case: answer for answer in right}
    answers = {a.case: a for a in given if whole(a, expected[a.case])}
    asked = [
        case
        for case in exercise.cases
        if not EDGES & case.settings.keys() and case.name in answers and case.name != "extreme"
    ]
    if exercise.name in LOOPS:  # one that leaves a step out does nothing where there is one
        asked = [case for case in asked if sizes(case.inputs).get("T", 2) > 1]
    if len(asked) < 2 or asked[0].name not in USUAL:
        return [], []
    cases = [
        (quantities(case), outputs(case, answers[case.name], exercise.outputs)) for case in asked
    ]
    findings, unexplained = explain(exercise.name, cases)
    broken = [name for name in answers[asked[0].name].outputs if name not in cases[0][1]]
    found = findings, [*unexplained, *broken]
    if not found[0] and (not found[1] or exercise.name == "temporal_softmax_loss"):
        return by_gradient(exercise, asked, answers) or found
    return found


def whole(answer: Answer, right: Answer) -> bool:
    """Whether float64 (or whole) numbers of the right shapes came out, not nan alone.

    Other layouts may leave the weights away.
    """
    return (
        not answer.problem
        and all(
            name in answer.outputs
            and answer.outputs[name].shape == array.shape
            and answer.dtypes[name] != FLOAT32
            for name, array in right.outputs.items()
            if name in answer.outputs or name != "weights"
        )
        and any(np.isfinite(array).all() for array in answer.outputs.values())
    )


def by_gradient(
    exercise: Exercise, asked: Sequence[Case], answers: dict[str, Answer]
) -> tuple[list[Finding], list[str]] | None:
    """What autograd's gradients tell of a forward function: the formula of its backward function, changed."""
    backward = exercise.name.removesuffix("_forward") + "_backward"
    if backward not in FORMULAS and backward not in LOOPS:
        return None
    cases = []
    for case in asked:
        gradients = answers[case.name].gradients
        scale = (
            case.upstream["loss"] if "loss" in case.upstream else 1.0
        )  # its backward starts from 1
        if scale and not answers[case.name].gradient_problem:
            shown = {f"d{name}": flat(f"d{name}", g / scale) for name, g in gradients.items()}
            upstream = {f"d{name}": array for name, array in case.upstream.items()}
            cases.append((quantities(case) | upstream, shown))
    if len(cases) < 2 or not cases[0][1]:
        return None
    findings, unexplained = explain(backward, cases)
    return [replace(finding, where=GRADIENT) for finding in findings], unexplained


def outputs(case: Case, answer: Answer, names: Sequence[str]) -> Quantities:
    """What was returned; the weights of sampling up to each row's END."""
    found = {
        name: flat(name, array)
        for name, array in answer.outputs.items()
        if name in names and np.isfinite(array).all()
    }
    if {"captions", "weights"} <= found.keys():
        end = case.settings["words"].index("<END>")
        found["weights"] = until_end(found["weights"], found["captions"], end)
    return found


def quantities(case: Case) -> Quantities:
    """The inputs, grids flattened to positions; and the sizes and ids that the formulas mention."""
    found = {name: flat(name, array) for name, array in case.inputs.items()}
    found |= sizes(case.inputs)
    if case.parameters:
        found |= known_of(case.settings, case.parameters)
        found["T"] = found["captions"].shape[1] - 1 if "captions" in found else found["T"]
        found["H"], found["D"] = found["Wh"].shape[0], found["Wx"].shape[0]
    if "V" in case.settings:
        found["V"] = case.settings["V"]
    ignored = case.settings.get("ignore_index")
    found["ignored"] = ignored if isinstance(ignored, int) else found.get("NULL", -1)
    if ignored is None:
        found["ignored"] = -1
    found["nothing"] = -1
    return found


LETTERS = {  # where the sizes are read off
    "x": "NTD",
    "prev_h": "NH",
    "h0": "NH",
    "A": "NHhw",
    "features": "NChw",
    "scores": "NTV",
    "W_embed": "VD",
    "dh": "NTH",
    "words": "NT",
    "Wx": "D.",
}
GRID = {"h": "height", "w": "width"}


def sizes(inputs: dict[str, np.ndarray]) -> Quantities:
    """The sizes by their letters; P positions."""
    found = {}
    for name, letters in LETTERS.items():
        if name in inputs and inputs[name].ndim == len(letters):
            named = [GRID.get(letter, letter) for letter in letters]
            found |= {a: size for a, size in zip(named, inputs[name].shape) if a not in ".C"}
    if "height" in found:
        found["P"] = found["height"] * found["width"]
    return found


def flat(name: str, array: np.ndarray) -> np.ndarray:
    """A (N,H,h,w) as (N,H,P); weights (N,h,w) as (N,P), (N,T,h,w) as (N,T,P)."""
    grids = {"A": (4,), "dA": (4,), "features": (4,), "weights": (3, 4)}
    return array.reshape(*array.shape[:-2], -1) if array.ndim in grids.get(name, ()) else array
