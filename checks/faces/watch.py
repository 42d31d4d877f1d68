"""check --watch: at every save, what changed is checked."""

import ast
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from checks.cases import EXERCISES
from checks.engine import Report, check_file
from checks.faces.asked import exercises_named, first_on_the_way
from checks.faces.board import Board
from checks.running.child import Child
from coursework.errors import InputError, reason

INTERVAL = 0.25  # seconds between two looks at the file
REST = ""  # the unit of all that is neither a function nor a method


def watch(path: Path, names: Sequence[str] = (), device: str = "cpu") -> NoReturn:
    """Check now and at every save, until Ctrl-C: KeyboardInterrupt."""
    watched = Watched(path, exercises_named(names), device)
    try:
        for source in saves(path):
            watched.saved(source)
            print(f"watching {path}, Ctrl-C ends it", flush=True)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{path} is no longer watched") from None
    finally:
        watched.child.close()


class Watched:
    """A file, how it looked when it was last checked, and what came out for each function."""

    def __init__(self, path: Path, asked: list[str], device: str):
        self.path, self.asked = path, asked
        self.units, self.results = None, {}
        self.child = Child(
            device=device
        )  # one is always ahead: torch is imported while the student types

    def saved(self, source: str) -> None:
        """Check what a new version of the file changes, and print what comes out."""
        try:
            units = units_of(source)
        except (SyntaxError, ValueError) as error:
            where = f"{self.path.name}, line {getattr(error, 'lineno', '?')}"
            print(f"{where}: {type(error).__name__}: {getattr(error, 'msg', error)}", flush=True)
            return
        changed = set(EXERCISES) if self.units is None else affected(self.units, units)
        self.units = units
        if wanted := [name for name in self.asked if name in changed]:
            self.check(wanted)

    def check(self, wanted: list[str]) -> None:
        board = Board(detail=len(wanted) < len(EXERCISES))
        board.title(self.path)
        try:
            report = check_file(self.path, wanted, board.show, child=self.child)
        finally:
            self.child = self.child.another()
        if any(result.stage == "import" for result in report.results):
            self.units = None  # all is to be checked when it is mended
            return board.finish(report)
        self.results |= {result.function: result for result in report.results}
        everything = [self.results[name] for name in self.asked if name in self.results]
        open_ones = [r.function for r in everything if r.status in ("failed", "unwritten")]
        first = first_on_the_way(open_ones) or report.next_up
        board.finish(Report(str(self.path), everything, report.layout_notes, first))


def saves(path: Path) -> Iterator[str]:
    """The text of a file, now and whenever it has been saved. Raises InputError if it is not there now."""
    seen = None
    while True:
        try:
            state = path.stat()
            stamp = (state.st_mtime_ns, state.st_size)
            if stamp != seen:
                source = path.read_text(encoding="utf-8-sig", errors="replace")
                seen = stamp
                yield source
        except OSError as error:  # editors may move a file away for a moment
            if seen is None:
                raise InputError(f"cannot read {path}: {reason(error)}") from error
        time.sleep(INTERVAL)


def units_of(source: str) -> dict[str, ast.AST]:
    """The functions and "Class.method"s of a module; REST holds everything else."""
    units, rest = {}, []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            units[node.name] = node
        elif isinstance(node, ast.ClassDef):
            methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            units |= {f"{node.name}.{method.name}": method for method in methods}
            rest += [part for part in node.body if part not in methods]
        else:
            rest.append(node)
    return units | {REST: ast.Module(rest, [])}


def affected(before: dict[str, ast.AST], now: dict[str, ast.AST]) -> set[str]:
    """The exercises whose outcome may differ between two versions of a module.

    These are the functions changed, those that mention one (helpers lead to exercises so), and those that
    need one. Where that is not sure to be all, as when a constant changes, it is every exercise.
    """
    old, new = (
        {name: ast.unparse(node) for name, node in units.items()} for units in (before, now)
    )
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    own = {exercise.function for exercise in EXERCISES.values()}
    if any(name == REST or ("." in name and "CaptioningRNN" not in name) for name in changed):
        return set(EXERCISES)
    mentions = {name: identifiers(node) for name, node in now.items()}
    while more := {
        name
        for name in mentions.keys() - changed
        if mentions[name] & {each.split(".")[-1] for each in changed}
    }:
        changed |= more
    found = {e.name for e in EXERCISES.values() if e.function in changed & own}
    while more := {e.name for e in EXERCISES.values() if found & set(e.needs)} - found:
        found |= more
    return found or (set(EXERCISES) if changed else set())


def identifiers(node: ast.AST) -> set[str]:
    """Every name and attribute that a piece of code mentions."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return names | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
