"""A handout as a student gets it, a zip or a folder: what it says of itself, and its files.

handout.json    {"format": 2, "parts": [names], "exercises": [names], "files": {path: sha256}}

Parts and exercises are those that are asked for. captioning.py is the same whichever these are, with a stub
for every exercise. (In format 1 it held those of its own parts alone.)
"""

import hashlib
import json
from pathlib import Path, PurePosixPath

from coursework.errors import InputError, reason
from coursework.zipped import leads_out, read_zip

FORMAT = 2
MANIFEST = "handout.json"
MODULE = "coursework/captioning.py"
KINDS = {"parts": list, "exercises": list, "files": dict}
AGAIN = "take the zip from where your course has it"
BESIDE = (
    "unzip that handout beside this folder, and in it type"
    " python -m coursework update . --folder THIS_FOLDER"
)


def handout_files(path: Path) -> dict[str, bytes]:
    """The files of the handout in a zip or a folder, by their paths in it, handout.json among them.

    What else lies there is left out. Raises InputError unless it is a whole handout, as it was made.
    """
    if not path.exists():
        raise InputError(f"no handout at {path}: give the zip or the folder of the new one")
    files = _in_folder(path) if path.is_dir() else _in_zip(path)
    wanted = manifest(files[MANIFEST], path)
    for name in (MODULE, *wanted["files"]):
        if name not in files or name not in wanted["files"]:
            raise InputError(f"{path} is not a whole handout, it has no {name}: {AGAIN}")
        if not is_as_handed_out(name, files[name], wanted):
            raise InputError(f"in {path}, {name} is not as it was handed out: {AGAIN}")
    return {name: files[name] for name in (*wanted["files"], MANIFEST)}


def manifest(data: bytes, where: Path, oldest: int = FORMAT) -> dict:
    """The content of a handout.json of format `oldest` or a later one, up to FORMAT.

    Raises InputError for anything else, naming `where` it is from.
    """
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        said = f"damaged {MANIFEST} in {where}: not JSON, {reason(error)}; {AGAIN}"
        raise InputError(said) from error
    found = content.get("format") if isinstance(content, dict) else None
    if found not in range(oldest, FORMAT + 1):
        newer = isinstance(found, int) and found > FORMAT
        raise InputError(
            f"{MANIFEST} in {where} is of format {found}, this version reads {FORMAT}:"
            f" {BESIDE if newer else AGAIN}"
        )
    for key, kind in KINDS.items():
        if not isinstance(content.get(key), kind):
            raise InputError(f"damaged {MANIFEST} in {where}: no {key} in it; {AGAIN}")
    for name in content["files"]:
        if leads_out(name):
            raise InputError(f"damaged {MANIFEST} in {where}: {name!r} leads out of it; {AGAIN}")
    return content


def is_as_handed_out(name: str, data: bytes, known: dict) -> bool:
    """Whether a file is known to a manifest with this content, whatever its line ends."""
    return known["files"].get(name) in (sha256(data), sha256(data.replace(b"\r\n", b"\n")))


def sha256(data: bytes) -> str:
    """The sha256 of some bytes, as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def _in_zip(path: Path) -> dict[str, bytes]:
    """The files below the folder of a zip that is a handout: its top folder, or the whole."""
    files = read_zip(path)
    tops = {PurePosixPath(name).parent for name in files if PurePosixPath(name).name == MANIFEST}
    tops = [top.as_posix() for top in tops if len(top.parts) <= 1]
    if len(tops) != 1:
        raise InputError(
            f"{path} is not a handout: it should hold one {MANIFEST}, it has {len(tops)}"
        )
    top = "" if tops[0] == "." else f"{tops[0]}/"
    return {name[len(top) :]: data for name, data in files.items() if name.startswith(top)}


def _in_folder(path: Path) -> dict[str, bytes]:
    """The files that a folder names in its handout.json, or the only folder in it that has one."""
    tops = (
        [path]
        if (path / MANIFEST).is_file()
        else [file.parent for file in path.glob(f"*/{MANIFEST}")]
    )
    if len(tops) != 1:
        raise InputError(
            f"{path} is not a handout: it should hold one {MANIFEST}, it has {len(tops)}"
        )
    names = [MANIFEST, *manifest(read(tops[0] / MANIFEST), path)["files"]]
    return {name: read(tops[0] / name) for name in names if (tops[0] / name).is_file()}


def read(path: Path) -> bytes:
    """The bytes of a file. Raises InputError where the system refuses."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
