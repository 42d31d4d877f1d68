"""Whether anything in a handout gives the solution away.

The search is for accidents: a line of the reference left in a notebook, bytecode, a patch in an array. It
knows the reference's own lines, and what is calculated in them, in any spacing, line breaks, quotes and
brackets, but not with other names.
"""

import ast
import io
import os
import sys
import zipfile
from bisect import bisect
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate
from pathlib import Path, PurePosixPath

from checks.classroom.secret import SHORTEST, Secret, secrets, squeeze
from checks.classroom.texts import Text, outputs_in, texts_in
from checks.classroom.tree import STAYS_BEHIND
from coursework.zipped import UNREADABLE

NO_FOLDERS = {".git", "__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache", ".venv"}
NO_ENDINGS = {".pyc", ".pyo"}
NO_ENDINGS |= {".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar"}  # nothing looks into these


def leaks(folder: Path, zip_bytes: bytes, source: str) -> list[str]:
    """What in a handout's folder and zip must not be let out, a few words each; empty when all is well.

    source: of the reference captioning.py.
    """
    files, faults = contents(folder)
    faults += other_imports(source)
    faults += [fault for name in files for fault in forbidden(name)]
    faults += zip_differences(files, zip_bytes)
    looked_for = all_secrets(source)
    for name, data in sorted(files.items()):
        faults += outputs_in(name, data)
        try:
            for text in [Text(f"the name {name}", name, lined=False), *texts_in(name, data)]:
                faults += found_in(text, looked_for)
        except ValueError as error:
            faults.append(str(error))
    return list(dict.fromkeys(faults))


def other_imports(source: str) -> list[str]:
    """What the reference imports besides torch and the standard library: there may be solutions in it, and
    a handout takes it along.
    """
    allowed = {"torch", *sys.stdlib_module_names}
    found = []
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = ["." * node.level + (node.module or "")]
        found += [(node.lineno, name) for name in names if name.split(".")[0] not in allowed]
    told = "import only torch and the standard library, a handout would take solutions along in the rest"
    return [f"captioning.py, line {line} imports {name}: {told}" for line, name in found]


@cache
def all_secrets(source: str) -> list[Secret]:
    """The secrets, those last that are best told: lines before patches, long ones before short ones."""
    return sorted(secrets(source), key=lambda each: (not each.is_patch, len(each.text)))


def contents(folder: Path) -> tuple[dict[str, bytes], list[str]]:
    """The bytes of every file by its name in the folder, and what is no plain file or folder."""
    files, faults = {}, []
    for place, folders, names in os.walk(folder):
        for name in sorted([*folders, *names]):
            path = Path(place, name)
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                faults.append(f"{relative} is a link")
            elif path.is_file():
                files[relative] = path.read_bytes()
            elif not any(path.iterdir()):
                faults.append(f"{relative} is an empty folder, which a zip may lose")
                faults += forbidden(relative)
    return files, faults


def forbidden(name: str) -> Iterator[str]:
    """What is wrong with a file of that name, whatever it holds."""
    path = PurePosixPath(name.lower())
    if NO_FOLDERS & set(path.parts) or path.suffix in NO_ENDINGS:
        yield f"{name} has no place in a handout"
    elif not STAYS_BEHIND.keys().isdisjoint(str(each) for each in (path, *path.parents)):
        yield f"{name} is the instructor's"


def zip_differences(files: dict[str, bytes], zip_bytes: bytes) -> list[str]:
    """Where a zip is not the folder: one top folder with the same files, and nothing besides."""
    try:
        with zipfile.ZipFile(io.BytesIO(zip_bytes)) as packed:
            members = [member for member in packed.infolist() if not member.is_dir()]
            held = {member.filename: packed.read(member) for member in members}
            remarks = packed.comment + b"".join(each.comment + each.extra for each in members)
    except (*UNREADABLE, OSError) as error:
        return [f"the zip cannot be read ({error})"]
    tops = sorted({name.partition("/")[0] for name in held})
    if len(tops) != 1 or tops[0] in ("", ".", ".."):
        return [f"the zip should hold one folder, it holds {', '.join(tops) or 'nothing'}"]
    packed_files = {name.partition("/")[2]: data for name, data in held.items()}
    faults = ["the zip holds a file twice"] if len(held) < len(members) else []
    faults += ["the zip holds remarks beside its files"] if remarks else []
    faults += [f"{name} is in the zip only" for name in sorted(packed_files.keys() - files.keys())]
    faults += [f"{name} is not in the zip" for name in sorted(files.keys() - packed_files.keys())]
    both = sorted(files.keys() & packed_files.keys())
    return faults + [f"{n} is another in the zip" for n in both if files[n] != packed_files[n]]


def found_in(text: Text, looked_for: Iterable[Secret]) -> list[str]:
    """Every secret that stands in a text, with its place; of several in a line, one."""
    squeezed, found = squeeze(text.text), {}
    if len(squeezed) < SHORTEST:
        return []
    statements = text.statements()
    normal = "\n".join(statement for _, statement in statements)
    starts = list(accumulate((len(statement) + 1 for _, statement in statements), initial=0))
    for secret in looked_for:
        if (position := squeezed.find(secret.text)) >= 0:
            found[text.line_of(position)] = secret
        elif (position := normal.find(secret.text)) >= 0:
            found[statements[bisect(starts, position) - 1][0]] = secret
    return [f"{text.place(line)} holds {secret.told}" for line, secret in sorted(found.items())]
