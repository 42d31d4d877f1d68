"""Whether a captioner can learn yet: are the functions that its cell needs written, and are they right?"""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from checks.cases import EXERCISES
from checks.faces.asked import first_on_the_way, not_asked, with_needs
from coursework.errors import InputError

if TYPE_CHECKING:
    from checks.engine import Report
    from checks.judging.judge import Result

METHODS = ("CaptioningRNN.forward", "CaptioningRNN.sample")


@dataclass(frozen=True)
class Ready:
    """What stands between a cell and its training: functions not written, and functions that fail."""

    cell: str
    unwritten: list[str]
    failing: "list[Result]"

    def refusal(self) -> str:
        """One line on what is still to be written; "" if all is."""
        if not self.unwritten:
            return ""
        first = first_on_the_way(self.unwritten)
        return (
            f"a captioner with the cell {self.cell} cannot learn yet: {shortened(self.unwritten)} not"
            f" written; begin with {first} (python -m coursework shows all that is to be done)"
        )

    def warning(self, option: str = "") -> str:
        """One line on what fails its check; "" if nothing does. option: " --module FILE", if need be."""
        if not self.failing:
            return ""
        names = [result.function for result in self.failing]
        return (
            f"{shortened(names)} not right yet: what you train now may learn little, or the wrong"
            f" thing; python -m coursework check {quoted(first_on_the_way(names))}{option} says"
            " why"
        )


def shortened(names: list[str], most: int = 3) -> str:
    """ "a is", "a, b are", "a, b, c and 4 more are" """
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{rest} {'is' if len(names) == 1 else 'are'}"


def quoted(text: str) -> str:
    """As every shell wants it: brackets have a meaning to some."""
    return f'"{text}"' if set(text) & set("[] ()&'") else text


def cells_asked_for() -> list[str]:
    """The cells that there are exercises for; all three in a handout without the captioner."""
    found = dict.fromkeys(exercise.cell for exercise in EXERCISES.values() if exercise.cell)
    return list(found) or ["rnn", "lstm", "attn"]


def needed(cell: str) -> list[str]:
    """The exercises that a captioner with that cell is made of. InputError: a handout does not ask for it."""
    names = [f"{method}[{cell}]" for method in METHODS]
    if not set(names) <= set(EXERCISES):
        raise InputError(not_asked(f"the cell {cell}", names))
    return with_needs(names)


def readiness(report: "Report", cell: str) -> Ready:
    """What a report on the needed exercises (and perhaps others) says of that cell.

    Raises InputError if the file could not be imported.
    """
    for result in report.results:
        if result.stage == "import":
            raise InputError(result.message)
    found = [result for result in report.results if result.function in needed(cell)]
    failing = [r for r in found if r.status == "failed"]
    return Ready(cell, [r.function for r in found if r.status == "unwritten"], failing)


def learned(runs: Path) -> set[tuple[str, str]]:
    """Which (kind, cell) the runs below a folder have finished: ("overfit", "rnn"), ("train", "lstm")."""
    found = set()
    for file in runs.glob("*/settings.json"):
        with suppress(OSError, ValueError, AttributeError):  # a damaged run counts for none
            settings = json.loads(file.read_text(encoding="utf-8"))
            history = json.loads(file.with_name("history.json").read_text(encoding="utf-8"))
            if history.get("finished"):
                found.add((settings.get("kind"), settings.get("cell_type")))
    return found


def after_writing(cells: list[str], done: set[tuple[str, str]]) -> str:
    """The verb, with its arguments, that comes next when the functions of these cells are right."""
    for cell in cells:
        if ("overfit", cell) not in done:
            return f"overfit --cell {cell} --out runs/scenes-overfit-{cell}"
        if ("train", cell) not in done:
            return f"train --recipe demo --cell {cell} --out runs/scenes-{cell}"
    return "submit"


def ready_cells(report: "Report") -> list[str]:
    """The cells whose needed exercises have all passed."""
    passed = {result.function for result in report.results if result.status == "passed"}
    asked = {exercise.cell for exercise in EXERCISES.values()}
    cells = [cell for cell in cells_asked_for() if cell in asked]
    return [cell for cell in cells if passed.issuperset(needed(cell))]
