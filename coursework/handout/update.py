"""A newer handout brought into a folder that is worked in: parts are added, and the work stays.

`coursework/captioning.py` is left alone: it has had the stubs of all parts from the beginning. Notebooks are
merged; other files of the kit are replaced; what only the student has (own files, runs, bundles) is left
alone. Work that is changed or replaced is kept in a zip.

A handout of format 1 has an older captioning.py, which the checks no longer fit. It gets the new one, once;
where work is in the old one, that is kept beside it.
"""

import os
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from coursework.errors import InputError
from coursework.files import written_beside
from coursework.handout.notebook import merged_notebook
from coursework.handout.opened import (
    FORMAT,
    MANIFEST,
    MODULE,
    handout_files,
    is_as_handed_out,
    manifest,
    read,
)
from coursework.zipped import unused, zip_bytes

SETTINGS = (".vscode/", ".gitignore")  # the student may have made them fit: never replaced
NOTHING = "nothing to do: all of that handout is here already"
LEFT_ALONE = (
    f"{MODULE}: left as it is; the blank one of the new handout has other given code or texts than the one"
    " that you began with: look there if a check speaks of given code"
)
ASIDE = "coursework/captioning-before.py"  # no import can take a file of that name for a module
BEGUN_ANEW = [
    f"the cells in {MODULE} have changed: yours is kept as {{}} beside it",
    "copy your functions from there into the new one, one after the other; forward and sample of"
    " CaptioningRNN have to fit the new cells, see their docstrings",
]


def update(folder: Path, handout: Path) -> list[str]:
    """Bring a newer handout, a zip or a folder, into the student's `folder`; what was done, in lines.

    All or nothing: where something goes wrong, all is as before; an update that was killed can be run again.
    Raises InputError if either is not a handout, if the new one has fewer parts, and for a notebook of the
    student's that cannot be read.
    """
    folder, handout = Path(folder), Path(handout)
    if not (folder / MANIFEST).is_file():
        raise InputError(
            f"{folder} is not a handout, it has no {MANIFEST}: update works where you unzipped yours"
        )
    if handout.resolve() == folder.resolve():
        raise InputError(f"{handout} is this very folder: give the new handout, a zip or a folder")
    new = handout_files(handout)
    before, after = manifest(read(folder / MANIFEST), folder, 1), manifest(new[MANIFEST], handout)
    if gone := [str(part) for part in before["parts"] if part not in after["parts"]]:
        raise InputError(
            f"{handout} has fewer parts than this folder, it lacks {', '.join(gone)}: take the newest one"
        )
    there = {name: read(folder / name) for name in new if os.path.lexists(folder / name)}
    changed, lines = _worked_out(there, new, before)
    if not changed:
        return [NOTHING]
    lines += _said_on_the_module(folder, changed, there, before, after)
    if added := [str(part) for part in after["parts"] if part not in before["parts"]]:
        lines.insert(0, f"new parts: {', '.join(added)}")
    if kept := {name: there[name] for name in changed if _touched(name, there, before)}:
        backup = unused(folder / "before-update.zip")
        with written_beside(backup) as beside:
            beside.write_bytes(zip_bytes(kept))
        lines.append(f"{backup.name} keeps what was changed, as it was")
    _replace(folder, changed, there)
    return lines


def _worked_out(
    there: Mapping[str, bytes], new: Mapping[str, bytes], before: dict
) -> tuple[dict[str, bytes], list[str]]:
    """The files that change, with their new content, and what there is to say on them."""
    changed, lines = {}, []
    for name in sorted(new):
        data, said = _brought_together(name, there, new, before)
        lines += said
        if data != there.get(name):
            changed[name] = data
    if kit := [name for name in changed if not _work(name) and name != MANIFEST]:
        lines.append(f"{len(kit)} other file{'s' * (len(kit) > 1)} of the kit brought up to date")
    if any(name.endswith(".ipynb") and name in there for name in changed):
        lines.append("notebooks that are open: close them without saving, then open them again")
    if "requirements.txt" in changed:
        lines.append("requirements.txt has changed: python -m pip install -r requirements.txt")
    return changed, lines


def _brought_together(
    name: str, there: Mapping[str, bytes], new: Mapping[str, bytes], before: dict
) -> tuple[bytes, list[str]]:
    """What a file will hold, and what there is to say on it."""
    if name not in there:
        return new[name], [f"{name}: new"] if _work(name) else []
    if name.startswith(SETTINGS) or name == MODULE and before["format"] == FORMAT:
        return there[name], []
    if name != MODULE and _work(name) and _touched(name, there, before):
        data, count = merged_notebook(there[name], new[name], name)
        return data, [f"{name}: {count} new cell{'s' * (count > 1)}"] if count else []
    told = _work(name) and new[name] != there[name]
    return new[name], [f"{name}: brought up to date"] if told else []


def _touched(name: str, there: Mapping[str, bytes], before: dict) -> bool:
    """Whether a file is there and not known to be as it was handed out."""
    if name not in there or name == MANIFEST:
        return False
    return not is_as_handed_out(name, there[name], before)


def _work(name: str) -> bool:
    """Whether a file of the kit is one that students work in."""
    return name == MODULE or (name.startswith("notebooks/") and name.endswith(".ipynb"))


def _said_on_the_module(
    folder: Path, changed: dict[str, bytes], there: Mapping[str, bytes], before: dict, after: dict
) -> list[str]:
    """What there is to say on captioning.py; where it is replaced, with work in it, that is among `changed`
    too, under a name of its own.
    """
    if MODULE not in changed:
        same = before["files"].get(MODULE) == after["files"][MODULE]
        return [] if same or is_as_handed_out(MODULE, there[MODULE], after) else [LEFT_ALONE]
    if not _touched(MODULE, there, before):
        return []
    path, mine = folder / ASIDE, there[MODULE]
    files = [file for file in path.parent.glob(f"{path.stem}*{path.suffix}") if file.is_file()]
    aside = next((file for file in files if read(file) == mine), None)  # an update was killed then
    if aside is None:
        aside = unused(path)
        changed[f"coursework/{aside.name}"] = mine  # the last: it is renamed first
    return [line.format(aside.name) for line in BEGUN_ANEW]


def _replace(folder: Path, changed: Mapping[str, bytes], there: Mapping[str, bytes]) -> None:
    """Write all files beside their places, then rename all, from the last to the first; the manifest at the
    end, so that it is never ahead.

    Where that fails, what was renamed is put back. Raises InputError where the system refuses.
    """
    order = sorted(changed, key=lambda name: name != MANIFEST)  # the first is renamed last
    try:
        with ExitStack() as stack:
            for name in order:
                stack.enter_context(written_beside(folder / name)).write_bytes(changed[name])
    except BaseException:
        for name in order:
            with suppress(InputError, OSError):
                _put_back(folder / name, there.get(name))
        raise


def _put_back(path: Path, data: bytes | None) -> None:
    """Make a file what it was; None: it was not there."""
    if data is None:
        path.unlink(missing_ok=True)
    elif path.read_bytes() != data:
        with written_beside(path) as beside:
            beside.write_bytes(data)
