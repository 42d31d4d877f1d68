"""From a student's file to a report: its functions are run in a child process, and judged."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from checks.running.child import Child
from checks.running.watchdog import LIMITS, Limits
from coursework.errors import InputError

if TYPE_CHECKING:
    from checks.judging.judge import Result


@dataclass
class Report:
    """What came out for every exercise asked for; one result alone for a file that cannot be imported.

    asked is how many were asked for;
    layout_notes are about the file as a whole; next_up is the exercise, asked for or needed by
    one that was, that is to be written or mended next.
    """

    module: str
    results: "list[Result]" = field(default_factory=list)
    layout_notes: list[str] = field(default_factory=list)
    next_up: str | None = None
    asked: int = 0

    @property
    def passed(self) -> int:
        return sum(result.status == "passed" for result in self.results)

    @property
    def total(self) -> int:
        return self.asked or len(self.results)

    def json(self) -> dict:
        """The object that `check --json` prints."""
        results = [result.json() for result in self.results]
        counts = {"passed": self.passed, "total": self.total}
        return {"module": self.module, **counts, "results": results}


def check_file(
    path: Path | str,
    names: Iterable[str] = (),
    on_result: "Callable[[Result], None] | None" = None,
    limits: Limits = LIMITS,
    prints: bool = False,
    child: Child | None = None,
    device: str = "cpu",
) -> Report:
    """Check a file's functions, all or those named, in a child process.

    on_result is called with each Result as it comes; prints: what the student's code prints is shown,
    on stderr; child: one started before, to save the time of its start.
    Raises InputError for a name that is no exercise, a file that is not there, and a device that is not
    there or has no float64.
    """
    if not Path(path).is_file():
        where = "take it from the handout's zip again, or name yours with --module"
        raise InputError(f"no module at {path}: {where}")
    with child or Child(limits, prints, device) as child:
        from checks.judging.verdicts import judged  # this comes in while the child imports torch
        from checks.running.sources import Session

        with Session(Path(path).resolve(), child) as session:
            return judged(session, str(path), names, on_result)
