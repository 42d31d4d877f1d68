"""The proofs that a handout goes through before it is let out."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from checks.classroom.leaks import leaks
from coursework.errors import InputError

NEEDED = ("README.md", "AGENTS.md", "LICENSE", "requirements.txt", "pyproject.toml")
NEEDED += ("handout.json", "coursework/captioning.py", "checks/answers.npz")
MODULE = Path("coursework", "captioning.py")
SHOWN = 3  # faults that are told one by one
PATIENCE = 600  # seconds that a check of all functions may take


def prove(folder: Path, zip_bytes: bytes, source: str, parts: Collection[str]) -> None:
    """Let a handout of these parts pass, or raise InputError with the first few faults on one line.

    folder: as it will be handed out; zip_bytes: the same as a zip; source: of the reference captioning.py.
    Proved is: nothing gives the solution away; all that a student needs is there; every exercise is still to
    be written; with the reference in its place all pass; checking leaves nothing behind.
    """
    faults = [f"{name} is missing" for name in NEEDED if not (folder / name).is_file()]
    faults = faults or not_as_named(folder, parts)
    faults += leaks(folder, zip_bytes, source)
    if not faults:
        faults = behaviour(folder, source)
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise InputError(f"this handout is not let out: {'; '.join(faults[:SHOWN])}{more}")


def not_as_named(folder: Path, parts: Collection[str]) -> list[str]:
    """What handout.json says otherwise than that these are the parts."""
    try:
        named = json.loads((folder / "handout.json").read_text(encoding="utf-8"))
        same = list(named["parts"]) == list(parts) and bool(named["exercises"])
    except (ValueError, KeyError, TypeError):
        same = False
    return [] if same else [f"handout.json should name the parts {', '.join(parts)}"]


def behaviour(folder: Path, source: str) -> list[str]:
    """What goes otherwise than it should when the checks of a handout run: blank, and solved."""
    wanted = json.loads((folder / "handout.json").read_text(encoding="utf-8"))["exercises"]
    before = listing(folder)
    with tempfile.TemporaryDirectory() as scratch:
        solved = Path(scratch, "solved")
        shutil.copytree(folder, solved)
        (solved / MODULE).write_text(source, encoding="utf-8", newline="\n")
        running = {"unwritten": started(folder), "passed": started(solved)}  # at the same time
        said = {status: finished(process) for status, process in running.items()}
    faults = [
        f"{'as handed out' if status == 'unwritten' else 'with the reference in its place'}, {fault}"
        for status, text in said.items()
        for fault in other_than(status, text, wanted)
    ]
    left = sorted(listing(folder) ^ before)
    return faults + ([f"a check leaves {left[0][0]} behind"] if left else [])


def started(folder: Path) -> subprocess.Popen:
    """`python -m coursework check --json` in a folder, by itself: no other kit is found, no bytecode kept."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.Popen(
        [sys.executable, "-B", "-m", "coursework", "check", "--json"],
        cwd=folder,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def finished(process: subprocess.Popen) -> tuple[str, str]:
    """What a process printed, and its errors; whatever it does, it comes to an end."""
    try:
        return process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return "", f"no answer after {PATIENCE} s"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def other_than(status: str, said: tuple[str, str], wanted: list[str]) -> list[str]:
    """Where a report is not one of this status for each exercise wanted."""
    printed, errors = said
    try:
        results = {each["function"]: each for each in json.loads(printed)["results"]}
    except (ValueError, KeyError, TypeError):
        return [f"the checks do not run: {(errors.strip().splitlines() or ['nothing said'])[-1]}"]
    if list(results) != wanted:
        odd = sorted(set(results) ^ set(wanted))
        return [f"other exercises are asked for than handout.json names ({', '.join(odd)})"]
    return [
        f"{name} is {result['status']}, not {status}{_why(result)}"
        for name, result in results.items()
        if result["status"] != status
    ]


def _why(result: dict) -> str:
    message = result.get("message") if result["status"] in ("failed", "blocked") else ""
    return f" ({message})" if message else ""


def listing(folder: Path) -> set[tuple[str, int, int]]:
    """Every file in a folder with its size and time of change, and every folder in it."""
    found = set()
    for path in folder.rglob("*"):
        info = (path.stat().st_size, path.stat().st_mtime_ns) if path.is_file() else (0, 0)
        found.add((path.relative_to(folder).as_posix(), *info))
    return found


def prove_same(one: bytes, other: bytes) -> None:
    """Raise InputError unless a zip that was built twice, with the same zlib, is the same to the byte."""
    if one != other:
        raise InputError(f"built twice, the zip differs: {_first_difference(one, other)}")


def _first_difference(one: bytes, other: bytes) -> str:
    if len(one) != len(other):
        return f"{len(one):,} and {len(other):,} bytes"
    return f"at byte {next(n for n, pair in enumerate(zip(one, other)) if pair[0] != pair[1]):,}"
