"""What the text of the public assignments allows, and the kit's own does not: cases that do not count.

A hand-in may be written for the 4 x 4 grid alone, its `forward` may leave NULL out of the loss whatever
it is told, and its WordEmbedding may take words of shape (N, T) alone.
"""

from collections.abc import Collection, Sequence

from checks.answer import Answer, Problem
from checks.cases import Exercise
from checks.judging.compare import same

SIDE = 4  # of the grid that these layouts' encoders give
IGNORING = ("nothing ignored", "another ignored")  # the plain case but for ignore_index
OTHER_AXES = ("one word a row", "three axes")
GRID = "works on the 4 x 4 grid; other heights and widths it does not take"
ON_GRID = "judged on the 4 x 4 grid: other heights and widths it does not take"
NULL = "NULL is left out of the loss whatever `ignore_index` says: this assignment allows it"
AXES = "takes words of shape (N, T) alone: this assignment asks for no other"


def not_counted(
    exercise: Exercise, given: Sequence[Answer], wrong: Collection[str]
) -> tuple[set[str], list[str]]:
    """The names of cases that do not count for this hand-in, and notes that say why.

    wrong: names of the cases in which something is wrong.
    """
    by_case = {answer.case: answer for answer in given}
    cases, notes = other_grids(exercise, by_case, wrong), []
    gridless = bool(cases)
    if set(wrong) & set(IGNORING) and "captions" in exercise.inputs and alike(by_case):
        cases |= set(IGNORING)
        notes += [] if set(wrong) - cases else [NULL]
    axes = [name for name in OTHER_AXES if name in by_case and by_case[name].problem]
    if axes and exercise.function == "word_embedding_forward" and not by_case["plain"].problem:
        cases |= set(OTHER_AXES)
        notes.append(AXES)
    if gridless:
        notes.append(ON_GRID if set(wrong) - cases else GRID)
    return cases, notes


def other_grids(exercise: Exercise, by_case: dict[str, Answer], wrong: Collection[str]) -> set[str]:
    """The cases of other grids than 4 x 4, if the function does not take such; else none."""
    sides = {
        case.name: array.shape[-2:]
        for case in exercise.cases
        for name, array in case.inputs.items()
        if name in ("A", "features")
    }
    square = [name for name, shape in sides.items() if shape == (SIDE, SIDE)]
    others = {name for name in sides if name not in square}
    home = next((name for name in ("square grid", "plain") if name in square), None)
    if (
        home not in by_case
        or "equal sizes" in others
        and not by_case.get("equal sizes", by_case[home]).problem
    ):
        others -= {"equal sizes"}
    ordinary = [
        name for name in ("plain", "tall grid", "wide grid") if name in others and name in by_case
    ]
    if home in by_case and any(
        not_taken(by_case[name], by_case[home], name in wrong, home in wrong) for name in ordinary
    ):
        return others
    return set()


def not_taken(other: Answer, home: Answer, other_wrong: bool, home_wrong: bool) -> bool:
    """Whether something goes wrong with another grid that does not with the square one."""
    if other.problem:
        return not home.problem or place(other.problem) != place(home.problem)
    return other_wrong and not home_wrong


def place(problem: Problem) -> tuple:
    return problem.kind, problem.type, problem.where[-1:]


def alike(by_case: dict[str, Answer]) -> bool:
    """Whether the loss is that of the plain case, whatever is to be ignored."""
    losses = [by_case[name].outputs.get("loss") for name in ("plain", *IGNORING) if name in by_case]
    if len(losses) < 3 or any(loss is None for loss in losses):
        return False
    return all(same(loss, losses[0]) for loss in losses[1:])
