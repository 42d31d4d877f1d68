"""What `python -m coursework check` does, and the board of a bare `python -m coursework`."""

import json
from collections.abc import Sequence
from pathlib import Path

from checks.engine import check_file
from checks.faces.board import Board
from checks.paths import OWN
from coursework.errors import InputError


def check(
    path: Path | None,
    names: Sequence[str] = (),
    as_json: bool = False,
    watching: bool = False,
    hint: int | None = None,
    device: str = "cpu",
) -> int:
    """Check a file (the kit's own captioning.py), all functions or those named, and print what came out.

    The exit status: 0 when all passed, 1 otherwise. Raises InputError for bad input.
    """
    path = path or relative(OWN)
    if as_json and (watching or hint):
        raise InputError("--json prints one object: leave --watch and --hint away")
    if watching:
        from checks.faces.watch import watch

        watch(path, names, device)
    board = None if as_json else Board(detail=bool(names))
    if board:
        board.title(path)
    report = check_file(
        path, names, board and board.show, prints=bool(board and names), device=device
    )
    if not board:
        print(json.dumps(report.json(), indent=1))
    else:
        hinted, nudges = [], {result.function: result.hint for result in report.results}
        if hint:
            hinted = [*nudges] if names else [report.next_up] if report.next_up else []
        for name in hinted:
            board.hint(name, hint, nudges.get(name, ""))
        board.finish(report, bool(hinted))
    return 0 if report.passed == report.total else 1


def relative(path: Path) -> Path:
    """Seen from where we are, if it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
