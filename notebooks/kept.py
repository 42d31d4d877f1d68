"""What is on disk: your captioning.py as it is saved now, the bundles in data/, the runs in runs/."""

import ast
import hashlib
import linecache
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from checks.paths import OWN, ROOT
from coursework.errors import InputError, reason
from coursework.files import read_json
from coursework.module import captioning_module

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from coursework.bundle import Bundle
    from coursework.learn.recipe import Recipe
    from coursework.run import Run

CLASSES = {"rnn": "RNN", "lstm": "LSTM", "attn": "AttentionLSTM"}
CODE = "code.txt"  # in the folder of a run: a hash of the code it was trained with, and RIGHT if it was
RIGHT = "right"
MANY = 10_000  # training images from which on sizes and steps are those for COCO
DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


class NotYet(InputError):
    """What is missing will be there once an earlier cell of the notebook has been run."""


def module() -> ModuleType:
    """captioning.py, imported anew from the saved file. Raises InputError, with the line, if it fails."""
    linecache.checkcache(str(OWN))
    return captioning_module(OWN)


def spare_autoreload(shell: "InteractiveShell | None") -> None:
    """Keep from a notebook's autoreload what it cannot reload, over which it would show pages of traceback.

    That is captioning.py while Python does not understand it (the checks say so in a line), and `hand_in`,
    as the checks call their own copy of it.
    """
    shown, skipped = {}, {"hand_in": True}

    def look(*_) -> None:
        magics = shell.magics_manager.magics["line"]
        skipped["coursework.captioning"] = not _is_python()
        for name, skip in skipped.items():
            if "aimport" in magics and shown.get(name, False) != skip:
                shell.run_line_magic("aimport", f"-{name}" if skip else name)
                shown[name] = skip

    if shell:
        shell.events.register("pre_run_cell", look)  # before autoreload has registered itself


def _is_python() -> bool:
    with suppress(OSError, SyntaxError, ValueError):
        ast.parse(OWN.read_bytes())
        return True
    return False


def code_in_use(cell: str) -> str:
    """sha256 of what a captioner with that cell runs, as code: comments and docstrings do not count.

    That is what CaptioningRNN leads to by name; it names all cells, and only this one counts. Raises
    SyntaxError.
    """
    tree = ast.parse(OWN.read_bytes())
    parts = {node.name: node for node in tree.body if isinstance(node, DEFINITIONS)}
    others = {*CLASSES.values()} - {CLASSES[cell]}
    used, waiting = set(), ["CaptioningRNN"]
    while waiting:
        name = waiting.pop()
        if name in parts and name not in used:
            used.add(name)
            inside = {node.id for node in ast.walk(parts[name]) if isinstance(node, ast.Name)}
            waiting += inside - others if name == "CaptioningRNN" else inside
    kept = [node for node in tree.body if getattr(node, "name", None) in used]
    kept += [node for node in tree.body if not isinstance(node, DEFINITIONS)]
    for node in ast.walk(tree):
        if isinstance(node, (*DEFINITIONS, ast.Module)) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    return hashlib.sha256("\n".join(map(ast.unparse, kept)).encode()).hexdigest()


def bundle_folder(name: str) -> Path:
    """data/<name>; for a path, that path, seen from the kit's folder."""
    return ROOT / "data" / name if Path(name).name == str(name) else ROOT / Path(name).expanduser()


def bundle(name: str) -> "Bundle":
    """The bundle of that name. Raises InputError where there is none, or a damaged one."""
    from coursework.bundle import Bundle

    return Bundle.open(bundle_folder(name))


def scenes() -> None:
    """Draw the scenes and run them through their encoder, into data/scenes; goes on where it stopped."""
    from coursework.prepare.build import build
    from coursework.prepare.encoder import Encoder
    from coursework.prepare.scenes import COUNTS, scenes_source

    print("The scenes are drawn and run through the encoder, once, in about a minute.")
    build(scenes_source(**COUNTS), Encoder().to(device()), bundle_folder("scenes"), device=device())


def recipe(data: "Bundle", cell: str) -> "Recipe":
    """What suits the bundle: for scenes "demo", for photos "photos-attn" or, for many, "coco-attn"."""
    from dataclasses import replace

    from coursework.learn.recipe import Recipe

    photos = "coco-attn" if data.splits["train"] >= MANY else "photos-attn"
    return replace(Recipe.load("demo" if data.lexicon else photos), cell_type=cell)


def device() -> str:
    """A GPU of NVIDIA's if there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def run_folder(name: str, kind: str) -> Path:
    """Where the runs of a bundle are: kind is "rnn", "overfit-rnn", ..."""
    return ROOT / "runs" / f"{Path(name).name}-{kind}"


def run(name: str, cell: str, data: "Bundle") -> "Run":
    """The training of a cell, finished or not. Raises NotYet, saying what to do, where there is none."""
    from coursework.run import Run

    folder, how = run_folder(name, cell), f'lab.train("{name}", "{cell}")'
    if not (folder / "settings.json").exists():
        raise NotYet(f"there is no training of {cell} on {name} yet: {how} makes one")
    if not (folder / "best.safetensors").exists():
        raise NotYet(f"the training of {cell} on {name} has only begun: {how} goes on with it")
    opened = Run.open(folder)
    opened.check_encoder(data)
    return opened


def caveats(name: str, cell: str, right: bool) -> list[str]:
    """What to bear in mind about the training of a cell: it is not finished, or of code since changed.

    right: whether the code passes its checks now. What was right and is right makes no difference.
    """
    folder, how, said = run_folder(name, cell), f'lab.train("{name}", "{cell}"', []
    if not finished(folder):
        said.append(f"The training of {cell} was stopped half-way: {how}) goes on with it.")
    if is_old(folder, cell) and not (right and was_right(folder)):
        said.append(
            f"The training of {cell} is of earlier code of yours, it has changed since:"
            f" {how}, again=True) trains the code of now."
        )
    return said


def is_old(folder: Path, cell: str) -> bool:
    """Whether a run is known to have been trained with code that has changed since."""
    file = folder / CODE
    return file.is_file() and file.read_text(encoding="utf-8").split()[:1] != [code_in_use(cell)]


def was_right(folder: Path) -> bool:
    """Whether the code that a run was trained with passed its checks then."""
    return RIGHT in (folder / CODE).read_text(encoding="utf-8").split()


def finished(folder: Path) -> bool:
    """Whether a training has come to its end. False also where that cannot be read."""
    with suppress(InputError, AttributeError):
        return bool(read_json(folder / "history.json", "training history").get("finished"))
    return False


def make_way(folder: Path, cell: str, again: bool, right: bool) -> list[str]:
    """Remove a run that must not be gone on with, and note the code for a new one. Returns what to say.

    `again`: also a finished one; one that was stopped goes on, to the same end as a new one would.
    """
    if not folder.exists():
        note_code(folder, cell, right)
        return []
    old, done = is_old(folder, cell), finished(folder)
    if not (again and (done or old)) and not (old and not done):
        return []
    remove(folder)
    note_code(folder, cell, right)
    return [] if done else ["Your code had changed since the training stopped: it was begun anew."]


def note_code(folder: Path, cell: str, right: bool) -> None:
    """Leave with a run which code it is trained with, and whether that passes its checks."""
    folder.mkdir(parents=True, exist_ok=True)
    said = f"{code_in_use(cell)} {RIGHT if right else 'wrong'}\n"
    (folder / CODE).write_text(said, encoding="utf-8")


def remove(folder: Path) -> None:
    """Remove a run. Raises InputError where the system refuses."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise InputError(f"cannot remove {folder}: {reason(error)}") from error


@contextmanager
def made_beside(folder: Path):
    """A folder to make a run in; when that went well, it takes the place of `folder`."""
    beside = folder.with_name(f"{folder.name}.partial")
    remove(beside)
    try:
        yield beside
        remove(folder)
        os.replace(beside, folder)
    except OSError as error:
        raise InputError(f"cannot write {folder}: {reason(error)}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
