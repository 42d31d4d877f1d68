"""What a hand-in returned, as the formulas name and shape it."""

from collections.abc import Sequence

import numpy as np

from checks.answer import Answer
from checks.cases import Exercise
from checks.judging.formula.explain import Finding, explain
from checks.judging.formula.lines import FORMULAS
from checks.judging.formula.loops import LOOPS
from checks.judging.formula.program import Quantities

TOGETHER = ("plain", "equal sizes", "one row", "tall grid", "square grid")  # must agree, where run
FLOAT32 = "float32"


def explained(exercise: Exercise, given: Sequence[Answer]) -> tuple[list[Finding], list[str]]:
    """What in the formula gives what was returned; and the quantities that are wrong and not explained.

    Nothing where the function has no formula here, or did not return float64 numbers of the right shapes.
    """
    if exercise.name not in FORMULAS and exercise.name not in LOOPS:
        return [], []
    answers = {answer.case: answer for answer in given if answer.outputs and not answer.problem}
    by_name = {case.name: case for case in exercise.cases}
    cases = [
        (quantities(by_name[name].inputs), quantities(answers[name].outputs))
        for name in TOGETHER
        if name in answers and FLOAT32 not in answers[name].dtypes.values()
    ]
    if len(cases) < 2 or "plain" not in answers:
        return [], []
    return explain(exercise.name, cases)


def quantities(arrays: dict[str, np.ndarray]) -> Quantities:
    """Grids flattened to positions; and the sizes that the formulas mention."""
    found = {name: flat(name, array) for name, array in arrays.items()}
    state = next((found[name] for name in ("prev_h", "h0", "A") if name in found), None)
    if state is not None:
        found |= {"N": state.shape[0], "H": state.shape[1]}
    return found


def flat(name: str, array: np.ndarray) -> np.ndarray:
    """A (N,H,h,w) as (N,H,P); weights (N,h,w) as (N,P), (N,T,h,w) as (N,T,P)."""
    grid = 3 if name == "weights" and array.ndim == 3 else 4
    return array.reshape(*array.shape[:-2], -1) if array.ndim == grid else array
