"""The hand-in: the module, the answers to the notebooks' questions, and all results, in one zip."""

import ast
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coursework.errors import InputError, reason
from coursework.files import written_beside
from coursework.hand_in.conclusions import Conclusions, conclusions
from coursework.hand_in.results import left_undone, runs_in
from coursework.zipped import unused, zip_bytes

FORMAT = 1
MODULE = "coursework/captioning.py"
STATUS_WORDS = {
    "failed": "is wrong",
    "unwritten": "is not written",
    "blocked": "waits for another",
}
CELL_OF = re.compile(r"CaptioningRNN\.\w+\[(\w+)\]")


@dataclass
class Submitted:
    """What was written where, and what a reader will miss in it."""

    path: Path
    said: str
    """what is in it, in a few words"""
    missing: list[str]
    """functions not passed, questions not answered, cells neither overfitted nor trained"""
    notes: list[str] = field(default_factory=list)
    """what was left out because it could not be read"""

    def text(self) -> str:
        """For a terminal."""
        here, path = Path.cwd(), self.path.absolute()
        shown = path.relative_to(here) if path.is_relative_to(here) else self.path
        lines = [f"{shown}: {self.said}", *(f"note: {note}" for note in self.notes)]
        if not self.missing:
            return "\n".join([*lines, "Nothing is missing."])
        wish = "You can hand it in as it is, or go on and submit again."
        return "\n".join([*lines, "missing:", *(f"  {each}" for each in self.missing), wish])


def submit(root: Path, report: Mapping[str, Any], out: Path | None = None) -> Submitted:
    """Write the hand-in of the kit in `root`: captioning.py, conclusions.md, results.json.

    report: what `check --json` says. out: the zip to write; by default hand-in.zip in `root`, or the first
    free of hand-in-2.zip, hand-in-3.zip, ... Nothing is ever overwritten, and what is missing keeps nobody
    from handing in. The same work gives the same bytes. Raises InputError where `out` exists or cannot be
    written, and where there is no module.
    """
    root = Path(root)
    if out is not None and os.path.lexists(out):
        raise InputError(
            f"{out} is there already, and a hand-in overwrites nothing: give another --out"
        )
    module = _module(root / MODULE)
    told = conclusions(root / "notebooks")
    records, notes = runs_in(root / "runs")
    results = {
        "format": FORMAT,
        "board": {**report, "module": MODULE},
        "questions": {"asked": len(told.questions), "answered": _answered(told)},
        "runs": records,
        "notes": [*told.damaged, *notes],
    }
    results = _without_place(results, root)
    files = {
        "captioning.py": module,
        "conclusions.md": told.page.encode(errors="replace"),
        "results.json": (json.dumps(results, indent=1, ensure_ascii=False) + "\n").encode(
            errors="replace"
        ),
    }
    path = unused(root / "hand-in.zip") if out is None else Path(out)
    with written_beside(path) as beside:
        beside.write_bytes(zip_bytes(files))
    missing = _missing(report, told, records, _left_behind(module, root))
    return Submitted(path, _said(report, told, records), missing, results["notes"])


def _left_behind(module: bytes, root: Path) -> list[str]:
    """What is said of files of the student's own that the module imports: they are not handed in."""
    try:
        nodes = list(ast.walk(ast.parse(module)))
    except (SyntaxError, ValueError):
        return []
    names = [a.name for node in nodes if isinstance(node, ast.Import) for a in node.names]
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            base = "coursework." * (node.level > 0) + (node.module or "")
            names += [base, *(f"{base.rstrip('.')}.{alias.name}" for alias in node.names)]
    files = [f"{name.replace('.', '/')}.py" for name in dict.fromkeys(names)]
    found = [f for f in files if (root / f).is_file() or (root / "coursework" / f).is_file()]
    return [f"captioning.py imports {f}, which is not handed in: put it into it" for f in found]


def _missing(
    report: Mapping[str, Any], told: Conclusions, records: list[dict], left_behind: list[str]
) -> list[str]:
    """What a complete hand-in would have besides, in the order of the path through the course."""
    results = report["results"]
    functions = [
        f"{result['function']} {STATUS_WORDS.get(result['status'], result['status'])}"
        for result in results
        if result["status"] != "passed"
    ]
    cells = [found[1] for result in results if (found := CELL_OF.fullmatch(result["function"]))]
    open_questions = [f"{each.name}: no answer" for each in told.questions if not each.answer]
    undone = left_undone(list(dict.fromkeys(cells)), records)
    return [
        *functions,
        *left_behind,
        *undone,
        *open_questions,
        *(f"answers: {each}" for each in told.damaged),
    ]


def _said(report: Mapping[str, Any], told: Conclusions, records: list[dict]) -> str:
    answered = f"{_answered(told)} of {len(told.questions)} questions answered"
    runs = f"{len(records)} run{'s' * (len(records) != 1)}"
    return f"{report['passed']} of {report['total']} functions passed, {answered}, {runs}"


def _answered(told: Conclusions) -> int:
    return sum(bool(each.answer) for each in told.questions)


def _without_place(value: Any, root: Path) -> Any:
    """The same without where the kit lies on this machine: paths in texts begin at its root."""
    if isinstance(value, dict):
        return {key: _without_place(each, root) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_place(each, root) for each in value]
    if not isinstance(value, str):
        return value
    home = Path(os.path.expanduser("~"))
    for place, instead in ((root.absolute(), ""), (root.resolve(), ""), (home, "~/")):
        for path in {str(place), place.as_posix(), str(place).replace("\\", "\\\\")}:
            if len(path) > 1:
                value = re.sub(re.escape(path) + r"(?![\w.-])[\\/]*", instead, value)
    return value


def _module(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"there is no module to hand in: {path}, {reason(error)}") from error
