"""Makes a handout of the instructor's working tree, proves it, and puts it in place."""

import glob
import json
import os
import shutil
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from checks.classroom.parts import check_complete, exercises_in, in_order, parts_named
from checks.classroom.proof import prove, prove_same
from checks.classroom.tree import COMES_ALONG, content, handout_files
from checks.paths import OWN, ROOT
from coursework.errors import InputError, reason
from coursework.zipped import zip_bytes

__all__ = ["Released", "parts_named", "release"]

PROVED = (
    "proved: all is unwritten, no line of a solution is in it, with the reference everything passes"
)

UNFINISHED = ".{}.{}.partial"  # the name of the folder beside `out` that a handout is built in


@dataclass(frozen=True)
class Released:
    """What lies where: the folder, its zip, and of which parts and exercises they are.

    changes: what became of a handout that was there before, in lines.
    """

    folder: Path
    zip: Path
    parts: list[str]
    exercises: list[str]
    changes: list[str]

    def __str__(self) -> str:
        size = self.zip.stat().st_size / 1e6
        made = (
            f"{self.folder} and {self.zip.name} ({size:.1f} MB): {len(self.exercises)} exercises in"
            f" {', '.join(self.parts)}"
        )
        return "\n".join([made, *self.changes, PROVED])


def release(out: Path | str, parts: Iterable[str] | str | None = None) -> Released:
    """Make the handout `out` and `out`.zip, of these parts or of all.

    Where `out` is a handout already, the parts are added to those that it has, and the work in it is
    kept; the zip is as if nobody had worked in it. Nothing appears before all is proved. Raises InputError
    for parts that do not go together, for an `out` that is in use, a link or among the kit's files, and for
    a handout that is not proved.
    """
    out = Path(os.path.abspath(out))
    check_place(out)
    parts = in_order({*parts_named(parts), *parts_of(out)})
    check_complete(parts)
    archive = out.with_name(f"{out.name}.zip")
    if archive.exists() and not is_zip_of_handout(archive):
        raise InputError(f"{archive} is there already, and is no handout: move it away")
    remove_leftovers(out)
    files = made(parts)
    data = zipped(files, out.name)
    prove_same(data, zipped(made(parts), out.name))
    with built(files, out) as folder:
        prove(folder, data, content(OWN).decode(), parts)
        changes = put_in_place(folder, out, archive, data)
    return Released(out, archive, parts, exercises_in(parts), changes)


def check_place(out: Path) -> None:
    """Raise InputError where no handout can be: nowhere, at a link, or among what handouts are made of."""
    if not out.name:
        raise InputError(f"{out} cannot be a handout: give the name of a new folder")
    if out.is_symlink():
        raise InputError(f"{out} is a link: give the folder itself, or a new one")
    for top in sorted({name.split("/")[0] for name in COMES_ALONG}):
        if (ROOT / top).is_dir() and out.resolve().is_relative_to(ROOT / top):
            raise InputError(
                f"{out} lies in {top}/, which goes into handouts: give a folder elsewhere"
            )


def remove_leftovers(out: Path) -> None:
    """Remove the unfinished folders beside `out` of releases that were killed."""
    for left in out.parent.glob(UNFINISHED.format(glob.escape(out.name), "[0-9a-f]" * 8)):
        shutil.rmtree(left, ignore_errors=True)


def parts_of(out: Path) -> list[str]:
    """The parts of the handout in a folder; none where nothing is there. InputError for anything else."""
    try:
        if not out.exists() or out.is_dir() and not any(out.iterdir()):
            return []
        return parts_named(json.loads((out / "handout.json").read_text("utf-8-sig"))["parts"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = "a file" if out.is_file() else "not empty, and no handout"
        raise InputError(f"{out} is {what}: give a new folder, or a handout to add to") from error


def made(parts: list[str]) -> dict[str, bytes]:
    """The files of a handout, from the working tree. Raises InputError where that is not in order."""
    try:
        return handout_files(ROOT, parts)
    except OSError as error:
        raise InputError(f"cannot read {error.filename}: {reason(error)}") from error
    except (ValueError, LookupError, SyntaxError) as error:
        raise InputError(f"no handout can be made of {ROOT}: {reason(error)}") from error


def zipped(files: dict[str, bytes], top: str) -> bytes:
    """The zip of a handout: all of it in one folder called `top`."""
    return zip_bytes({f"{top}/{name}": data for name, data in files.items()})


def is_zip_of_handout(path: Path) -> bool:
    """Whether a file is the zip of a handout: handout.json lies in its top folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
    return any(name.count("/") == 1 and name.endswith("/handout.json") for name in names)


@contextmanager
def built(files: dict[str, bytes], out: Path) -> Iterator[Path]:
    """A folder beside `out` with these files; it is gone in the end, unless it was renamed."""
    folder = out.with_name(UNFINISHED.format(out.name, uuid.uuid4().hex[:8]))
    try:
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        yield folder
    except OSError as error:
        raise InputError(f"cannot write {out}: {reason(error)}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(folder: Path, out: Path, archive: Path, data: bytes) -> list[str]:
    """Rename the built folder to `out`, or bring it into the handout there; then the zip beside it.

    What became of a handout that was there, in lines.
    """
    from coursework.files import written_beside  # torch comes with these two
    from coursework.handout.update import update

    with written_beside(archive) as beside:
        beside.write_bytes(data)
        if (out / "handout.json").is_file():
            return update(out, folder)
        if out.exists():
            out.rmdir()  # empty
        folder.rename(out)
        return []
