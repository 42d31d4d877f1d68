"""Run the notebooks from top to bottom, in a copy of the tree: nothing is left in the repository.

    python -m checks.kit.notebooks                        all, with the reference
    python -m checks.kit.notebooks 1_rnn 2_lstm           some
    python -m checks.kit.notebooks --blank                as a student first sees them
    python -m checks.kit.notebooks --data mine            on another bundle: its name in data/, or a path
    python -m checks.kit.notebooks --keep FOLDER          leave them there as executed, and all pictures

Exit status 1, with the reason, where a cell ends in an error, or shows a traceback or a red or grey card.
With --blank, such cards are in order, but every check must say that its function is not written.
"""

import argparse
import base64
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from checks.faces.card import COLOURS
from checks.paths import ROOT
from coursework.errors import InputError

FOLDERS = ("coursework", "checks", "notebooks")
SECONDS = 1200  # for a cell
NOT_WRITTEN = re.compile(r"not written|unwritten|is to be written|waits for")
SAD = ("failed", "unwritten")
ON_PURPOSE = re.compile(r"\bcheck\([^\")]|\bhint\(")  # of a function that stands in the notebook
EMBEDDED = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")


def names_of(notebooks: list[str]) -> list[Path]:
    """The files of the notebooks of these names, "1_rnn"; of all if none is named. Raises InputError."""
    files = {path.stem: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
    for name in notebooks:
        if Path(name).stem not in files:
            raise InputError(f"there is no notebook {name}: there are {', '.join(files)}")
    return [files[Path(name).stem] for name in notebooks or files]


def copy_tree(to: Path, blank: bool = False) -> None:
    """The kit without what was made with it; its bundles are linked, or copied where that cannot be."""
    litter = shutil.ignore_patterns("__pycache__", ".*", "*.partial")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, to / name, ignore=litter)
    (to / "data").mkdir()
    for path in (ROOT / "data").iterdir():
        if path.is_file():
            shutil.copy2(path, to / "data")
        elif (path / "bundle.json").is_file():
            try:
                os.symlink(path, to / "data" / path.name, target_is_directory=True)
            except OSError:
                shutil.copytree(path, to / "data" / path.name)
    if (ROOT / "handout.json").is_file():
        shutil.copy2(ROOT / "handout.json", to)
    if blank:
        from checks.classroom.stubs import blank as without_solutions

        module = to / "coursework" / "captioning.py"
        text = without_solutions(module.read_text(encoding="utf-8"))
        module.write_text(text, encoding="utf-8", newline="\n")


def with_bundle(notebook: NotebookNode, name: str) -> None:
    """Put another bundle into the cell `bundle`, if there is one: the tour needs none.

    Raises InputError where that cell has no line for it.
    """
    path = Path(name)
    line = f'BUNDLE = "{name if path.name == name else path.resolve().as_posix()}"'
    for cell in notebook.cells:
        if cell.id == "bundle":
            cell.source, count = re.subn(r'(?m)^BUNDLE = "[^"]*"', lambda _: line, cell.source)
            if not count:
                raise InputError('the cell with the id bundle has no line BUNDLE = "..."')


def run(notebook: NotebookNode, folder: Path) -> str:
    """Execute a notebook in a folder, its outputs go into it; returns the error that ended it, or ""."""
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # no word on how it is reached
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return str(error)
    return ""


def complaints(notebook: NotebookNode, blank: bool) -> Iterator[str]:
    """What should not be seen in the outputs of a notebook."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        text = "\n".join(map(text_of, cell.outputs))
        html = "\n".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)
        if "Traceback" in text:
            yield f"cell {cell.id} shows a traceback:\n{text}"
        on_purpose = ON_PURPOSE.search(cell.source)
        if not blank and not on_purpose and any(COLOURS[status] in html for status in SAD):
            yield f"cell {cell.id} shows a red or grey card:\n{text}"
        if blank and cell.source.startswith("check(") and not NOT_WRITTEN.search(text):
            yield f"cell {cell.id} does not say that its function is not written:\n{text}"


def text_of(output: NotebookNode) -> str:
    """What an output says, as text."""
    if output.output_type == "stream":
        return output.text
    return output.get("data", {}).get("text/plain", "")


def keep(notebook: NotebookNode, name: str, folder: Path) -> None:
    """Leave an executed notebook and the pictures in it in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")
    for cell in notebook.cells:
        for number, png in enumerate(pictures(cell), start=1):
            (folder / f"{name}-{cell.id}-{number}.png").write_bytes(png)


def pictures(cell: NotebookNode) -> Iterator[bytes]:
    """The PNGs in the outputs of a cell, also those within HTML."""
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if png := data.get("image/png"):
            yield base64.b64decode(png)
        for png in EMBEDDED.findall(data.get("text/html", "")):
            yield base64.b64decode(png)


def run_all(files: list[Path], blank: bool, bundle: str | None, kept: Path | None) -> int:
    """Run notebooks one after the other in one copy; returns how many went wrong."""
    wrong, began = 0, time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        copy = Path(folder).resolve() / "kit"
        copy_tree(copy, blank)
        for file in files:
            notebook = nbformat.read(file, as_version=4)
            if bundle:
                with_bundle(notebook, bundle)
            started = time.monotonic()
            error = run(notebook, copy / "notebooks")
            problems = [error] if error else list(complaints(notebook, blank))
            wrong += bool(problems)
            verdict = "went wrong" if problems else "ok"
            print(f"{file.stem:16} {time.monotonic() - started:6.1f} s  {verdict}", flush=True)
            for problem in problems:
                print(problem, flush=True)
            if kept:
                keep(notebook, file.stem, kept)
    print(f"{len(files)} notebooks, {wrong} wrong, {time.monotonic() - began:.0f} s")
    return wrong


def main(argv: list[str] | None = None) -> int:
    """Exit status 0, 1 if a notebook went wrong, 2 for bad input."""
    parser = argparse.ArgumentParser("python -m checks.kit.notebooks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("notebooks", nargs="*", metavar="NAME", help="such as 1_rnn; default: all")
    parser.add_argument(
        "--blank", action="store_true", help="with the functions still to be written"
    )
    parser.add_argument("--data", metavar="BUNDLE", help="run them on this bundle")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="for the notebooks and pictures"
    )
    args = parser.parse_args(argv)
    try:
        return int(run_all(names_of(args.notebooks), args.blank, args.data, args.keep) > 0)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
