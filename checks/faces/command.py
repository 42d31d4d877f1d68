"""What `python -m coursework check` does, and the board of a bare `python -m coursework`."""

import json
from collections.abc import Sequence
from pathlib import Path

from checks.engine import check_file
from checks.faces.asked import exercises_named
from checks.faces.board import Board, own_or
from coursework.errors import InputError


def check(
    path: Path | None,
    names: Sequence[str] = (),
    as_json: bool = False,
    watching: bool = False,
    device: str = "cpu",
) -> int:
    """Check a file (the kit's own captioning.py), all functions or those named, and print what came out.

    The exit status: 0 when all passed, 1 otherwise. Raises InputError for bad input.
    """
    path = own_or(path)
    exercises_named(names)
    if as_json and watching:
        raise InputError("--json prints one object: leave --watch away")
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
        board.finish(report)
    return 0 if report.passed == report.total else 1
