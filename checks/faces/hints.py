"""What `python -m coursework hint` does: the next of three hints, and what was given is remembered."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from checks.cases import EXERCISES
from checks.engine import check_file
from checks.faces.asked import exercises_named
from checks.faces.board import LEVELS, Board, hint_command, own_or, said_on
from checks.paths import ROOT
from coursework.errors import InputError
from coursework.files import read_json, write_json

if TYPE_CHECKING:
    from checks.judging.judge import Result

GIVEN = ROOT / ".hints.json"  # for each exercise how many hints were given


def hint(path: Path | None, name: str | None, level: int | None = None) -> int:
    """Print the next hint on an exercise, or those up to a level; without a name, on what is to be done next.

    What the checks say of the function comes first. Raises InputError for an unknown name.
    """
    module = own_or(path)
    report = check_file(module, [name] if name else [])
    result = worth_a_hint(report.results, name or report.next_up)
    board = Board()
    if result is None or result.stage == "import":
        if result:
            board.show(result)
        board.finish(report)
        return 0
    short, long = said_on(result)
    board.write(f"{result.function}: {short}")
    for text in long if result.status == "failed" else []:
        board.write(board.filled(text, "    "))
    if result.status == "passed":
        return 0
    if result.hint:
        board.write(board.filled(f"a nudge: {result.hint}"))
    give(board, result.function, level, str(module))
    return 0


def worth_a_hint(results: "list[Result]", name: str | None) -> "Result | None":
    """Of the exercises that a name stands for, the first that does not pass; else the first of all."""
    if any(result.stage == "import" for result in results):
        return results[0]
    meant = exercises_named([name]) if name else []
    found = [result for result in results if result.function in meant]
    still_open = [result for result in found if result.status != "passed"]
    return next(iter(still_open or found), None)


def give(board: Board, name: str, level: int | None, module: str) -> None:
    """Write the next hint, or all up to a level; remember how far it went."""
    so_far = given()
    first, last = so_far.get(name, 0), level or min(so_far.get(name, 0) + 1, len(LEVELS))
    again = level or first == len(LEVELS)  # nothing new is left
    for number in range(0 if again else first, last):
        text = EXERCISES[name].hints[number]
        board.write(board.filled(f"hint {number + 1} of {len(LEVELS)}, {LEVELS[number]}: {text}"))
    if last < len(LEVELS):
        board.write(f"the next, {LEVELS[last]}: {hint_command(name, module)}")
    remember(so_far | {name: max(first, last)})


def given() -> dict[str, int]:
    """How many hints were given on each exercise; none where that is not known."""
    try:
        found = read_json(GIVEN, "record of hints")
    except InputError:
        return {}
    levels = range(len(LEVELS) + 1)
    return {k: v for k, v in found.items() if v in levels} if isinstance(found, dict) else {}


def remember(levels: dict[str, int]) -> None:
    """Keep it for the next time; where nothing can be written, the first hint is given again."""
    with suppress(OSError, InputError):
        write_json(GIVEN, levels)
