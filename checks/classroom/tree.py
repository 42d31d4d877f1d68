"""Which files a handout has: the kit's own as they are, some made for it, and which stay behind."""

import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from checks.classroom.notebooks import notebooks_for, pruned
from checks.classroom.parts import exercises_in, in_order
from checks.classroom.recorded import answers_for
from checks.classroom.stubs import blank
from coursework.handout.opened import FORMAT, MANIFEST, MODULE, sha256

KINDS = {".py", ".toml", ".json", ".md", ".html", ".png", ".svg", ".ttf"}
COMES_ALONG = {  # a file; or a folder with all files in it of these kinds: any other is somebody's leftover
    "coursework": KINDS,
    "checks": KINDS,
    "notebooks": {".py"},
    "data/README.md": None,
    "data/attention.png": None,
    "data/scenes_regnet_x_400mf.md": None,
    "data/scenes_regnet_x_400mf.safetensors": None,
    "data/tour.npz": None,
    "LICENSE": None,
    "requirements.txt": None,
}
STAYS_BEHIND = {  # of the above
    "checks/classroom": "makes and proves handouts",
    "checks/kit": "the tests of the kit, with many right solutions",
    "checks/mistakes": "patches on the reference",
    "checks/record.py": "runs the reference",
    "coursework/prepare/pretrain.py": "trains the encoder that comes along",
}
BINARY = {".png", ".npz", ".safetensors", ".ttf"}
OWN = "checks/classroom/handout"  # what only handouts have: their README and the like
HIDDEN = {"gitignore": ".gitignore", "vscode": ".vscode"}  # whose names begin with a dot there
MAKER = "coursework.prepare.pretrain"


def handout_files(root: Path, parts: Collection[str]) -> dict[str, bytes]:
    """The files of a handout of these parts, by their names in it: "checks/engine.py".

    handout.json names parts and exercises, and says how everything was when it was handed out.
    `root` is the instructor's working tree. Text has line feeds alone at its line ends. Raises OSError for
    a file that cannot be read, ValueError and LookupError where the reference, the answers or a notebook
    are not what they should be.
    """
    files = {name: content(root / name) for name in copied(root)}
    files["data/README.md"] = without_sections(files["data/README.md"], MAKER)
    files |= own_files(root)
    for name in notebooks_for(parts):
        text = content(root / "notebooks" / name).decode()
        files[f"notebooks/{name}"] = pruned(text, parts).encode()
    exercises = exercises_in(parts)
    files["checks/answers.npz"] = answers_for(root / "checks" / "answers.npz", exercises)
    files[MODULE] = blank(content(root / MODULE).decode()).encode()
    handout = {
        "format": FORMAT,
        "parts": in_order(parts),
        "exercises": exercises,
        "files": {name: sha256(files[name]) for name in sorted(files)},
    }
    files[MANIFEST] = (json.dumps(handout, indent=1, ensure_ascii=False) + "\n").encode()
    return dict(sorted(files.items()))


def copied(root: Path) -> Iterator[str]:
    """The names of the files that come along as they are."""
    for name, kinds in COMES_ALONG.items():
        if kinds is None:
            yield name
            continue
        for folder, folders, names in os.walk(root / name):
            here = Path(folder).relative_to(root)
            folders[:] = sorted(
                each
                for each in folders
                if not stays(here / each) and not is_handout(root / here / each)
            )
            yield from (
                (here / each).as_posix()
                for each in sorted(names)
                if Path(each).suffix in kinds and not stays(here / each)
            )


def stays(path: Path) -> bool:
    """Whether a file or folder, seen from the root, is left behind: by the table, or as a leftover."""
    leftover = path.name.startswith((".", "__pycache__")) or path.name.endswith(("~", ".partial"))
    return leftover or path.as_posix() in STAYS_BEHIND


def is_handout(folder: Path) -> bool:
    return (folder / MANIFEST).is_file()


def own_files(root: Path) -> dict[str, bytes]:
    """What only a handout has, by the names that it has there."""
    files = {}
    for path in sorted((root / OWN).rglob("*")):
        inside = path.relative_to(root / OWN)
        if path.is_file() and not stays(inside):
            first, *rest = inside.parts
            name = PurePosixPath(HIDDEN.get(first, first), *rest)
            files[str(name)] = content(path)
    return files


def content(path: Path) -> bytes:
    """The bytes of a file; of a text in UTF-8 without byte order mark, line feeds at its line ends."""
    data = path.read_bytes()
    if path.suffix in BINARY:
        return data
    return data.decode("utf-8-sig").replace("\r\n", "\n").encode()


def without_sections(page: bytes, word: str) -> bytes:
    """A Markdown page without the sections in which a word stands."""
    first, *sections = page.decode().split("\n## ")
    kept = [section.rstrip() for section in sections if word not in section]
    return ("\n\n## ".join([first.rstrip(), *kept]) + "\n").encode()
