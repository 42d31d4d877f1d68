"""The board as text: what is done, what is wrong and how, what to do next."""

import os
import shutil
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from checks.cases import EXERCISES
from checks.faces.ready import after_writing, learned, quoted, ready_cells
from checks.paths import OWN, ROOT

if TYPE_CHECKING:
    from checks.engine import Report
    from checks.judging.judge import Result

COMMAND = "python -m coursework"
MARKS = {"passed": "✓", "failed": "✗", "unwritten": "·", "blocked": "·"}
PLAIN_MARKS = {"passed": "+", "failed": "x", "unwritten": ".", "blocked": "."}
COLOURS = {"passed": "32", "failed": "31", "unwritten": "2", "blocked": "2", "heading": "1"}
COUNTED = {
    "failed": "wrong",
    "unwritten": "not written yet",
    "blocked": "waiting for another",
}
STAGE_WORDS = {
    "import": "cannot be imported",
    "run": "does not run",
    "structure": "not as asked",
    "shape": "wrong shape",
    "dtype": "wrong dtype",
    "values": "wrong values",
    "property": "not right in every case",
    "gradient": "wrong gradient",
}
NAMES, MESSAGES = 32, " " * 6  # columns for a name, and before what is said below it
LEVELS = ("where to look", "the idea", "the formula")


class Board:
    """Writes results as they come, a line or a few each, and at the end what to do next."""

    def __init__(self, stream: TextIO | None = None, detail: bool = False):
        """detail: for functions asked for by name, whose notes are of interest."""
        self.stream = stream or sys.stdout
        self.detail, self.part = detail, None
        self.colours = has_colours(self.stream)
        self.width = min(shutil.get_terminal_size((100, 24)).columns, 100)
        self.marks = MARKS if _writes(self.stream, "✓✗·") else PLAIN_MARKS

    def title(self, path: Path) -> None:
        self.write(self.paint(str(path), "heading"))

    def show(self, result: "Result") -> None:
        """What came out for one function, under the heading of its part."""
        if result.stage == "import":  # of the file, not of a function
            self.write(f"\n  {self.marked(result)} {self.filled(result.message, '    ').lstrip()}")
            return
        if result.part != self.part:
            self.part = result.part
            self.write(f"\n{self.paint(self.part, 'heading')}")
        short, long = said_on(result, self.detail)
        beside = self.filled(short, " " * (NAMES + 4)).lstrip()
        self.write(f"  {self.marked(result)} {result.function:<{NAMES}}{beside}".rstrip())
        for text in long:
            self.write(self.filled(text, MESSAGES))

    def finish(self, report: "Report") -> None:
        """The notes on the file, how many passed, what can learn by now, and what to do next."""
        self.write("")
        for note in report.layout_notes:
            self.write(self.filled(f"note: {note}"))
        self.write(self.paint(summary(report), "heading"))
        if ready := ready_cells(report):
            self.write(f"ready to overfit and train: --cell {', '.join(ready)}")
            verb = after_writing(ready, learned(ROOT / "runs"))
            if report.next_up and verb != "submit" and not _elsewhere(report.module):
                self.write(f"it can learn now: {COMMAND} {verb}")
        self.write(f"next: {next_step(report)}")

    def write(self, text: str) -> None:
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        print(text.encode(encoding, "replace").decode(encoding), file=self.stream, flush=True)

    def marked(self, result: "Result") -> str:
        return self.paint(self.marks[result.status], result.status)

    def filled(self, text: str, indent: str = "") -> str:
        """Wrapped to the width, every line of it by itself."""
        return "\n".join(
            textwrap.fill(
                line,
                self.width,
                initial_indent=indent,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for line in text.splitlines()
        )

    def paint(self, text: str, colour: str) -> str:
        return f"\033[{COLOURS[colour]}m{text}\033[0m" if self.colours else text


def said_on(result: "Result", detail: bool = False) -> tuple[str, list[str]]:
    """What stands beside a function's name, and what below it; with detail also the notes."""
    if result.status == "failed":
        short, long = STAGE_WORDS[result.stage], [result.message]
    elif result.status == "passed":
        short, long = "passed", [result.message] if detail else []
    else:
        short, long = result.message, []
    return short, [*long, *(notes_on(result) if detail else ())]


def notes_on(result: "Result") -> list[str]:
    return [f"note: {note}" for note in result.notes]


def summary(report: "Report") -> str:
    """As "1 of 4 passed, 1 wrong, 1 not written yet, 1 waiting for another"."""
    if any(result.stage == "import" for result in report.results):
        return "Nothing can be checked before the file can be imported."
    counts = Counter(result.status for result in report.results)
    rest = [f"{counts[status]} {words}" for status, words in COUNTED.items() if counts[status]]
    return ", ".join([f"{report.passed} of {report.total} passed", *rest])


def next_step(report: "Report") -> str:
    """One line on what to do now."""
    if any(result.stage == "import" for result in report.results):
        return "mend that line, then check again"
    name = report.next_up
    if name is None:
        cells = ready_cells(report)
        if len(report.results) < len(EXERCISES) or not cells:
            return COMMAND
        if _elsewhere(report.module):
            return f"{COMMAND} overfit --cell {cells[-1]}{module_option(report.module)}"
        return f"{COMMAND} {after_writing(cells, learned(ROOT / 'runs'))}"
    notebook = f"notebooks/{EXERCISES[name].notebook}.ipynb"
    there = (ROOT / notebook).is_file() and not _elsewhere(report.module)
    where = f" ({notebook})" if there else ""
    return f"{name}{where}; for a hint: {hint_command(name, report.module)}"


def hint_command(name: str, module: str) -> str:
    """What to type for a hint on a function of that file."""
    return f"{COMMAND} hint {quoted(name)}{module_option(module)}"


def module_option(module: Path | str | None) -> str:
    """The --module that a command needs to be about that file; "" for the kit's own."""
    return f" --module {quoted(str(module))}" if module and _elsewhere(module) else ""


def hint_lines(name: str, level: int) -> list[str]:
    """The hints on a function up to a level of 1, 2 or 3, and how to get more in a notebook."""
    hints = EXERCISES[name].hints[:level]
    lines = [f"{name}, {what}: {hint}" for what, hint in zip(LEVELS, hints)]
    if level < len(LEVELS):
        lines.append(f"More ({LEVELS[level]}): level={level + 1}")
    return lines


def text_of(result: "Result") -> str:
    """One result as plain text: for pytest, and for a notebook without HTML."""
    passed = " passed" if result.status == "passed" else ""
    return "\n".join([f"{result.function}{passed}: {result.message}", *notes_on(result)])


def has_colours(stream: TextIO) -> bool:
    """Whether the stream is a terminal that shows colours, and nobody asked for none."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return False
    return sys.platform != "win32" or _windows_colours()


def _windows_colours() -> bool:
    """Ask a Windows console to understand colours; whether it does."""
    import ctypes

    kernel, mode = ctypes.windll.kernel32, ctypes.c_ulong()
    handle = kernel.GetStdHandle(-11)  # standard output
    if not kernel.GetConsoleMode(handle, ctypes.byref(mode)):
        return False
    return bool(kernel.SetConsoleMode(handle, mode.value | 4))  # virtual terminal processing


def _writes(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def own_or(path: Path | None) -> Path:
    """The file named, or the kit's own captioning.py as seen from where we are."""
    if path:
        return path
    return OWN.relative_to(Path.cwd()) if OWN.is_relative_to(Path.cwd()) else OWN


def _elsewhere(module: Path | str) -> bool:
    return Path(module).resolve() != OWN
