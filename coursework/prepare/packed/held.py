"""The files of a bundle where somebody else's zip or folder holds them; nothing that it says is believed.

Its entries must be the files of a bundle and nothing else, each as large as the manifest in it has it: a zip
that would unpack to more, or to elsewhere, is refused before a byte of it is written.
"""

import json
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from coursework.bundle import FILES, FORMAT
from coursework.files import InputError, reason
from coursework.zipped import UNREADABLE, check_entry

MANIFEST = "bundle.json"
MEMBERS = (MANIFEST, *FILES)
LARGEST_MANIFEST = 1 << 26  # bytes
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
AGAIN = "get it again from where your course has it"


class Unusable(InputError):
    """What is wrong is the source itself, not where it is to go; `.wrong` is the message without advice."""

    def __init__(self, wrong: str, advice: str = AGAIN):
        super().__init__(f"{wrong}: {advice}")
        self.wrong = wrong


class InFolder:
    """A bundle in a folder, to be copied. Raises InputError if it is none. A context manager."""

    def __init__(self, path: Path):
        self.path, self.name = path, str(path)
        missing = [name for name in MEMBERS if not (path / name).is_file()]
        if missing:
            raise InputError(f"{path} is not a bundle: it has no {missing[0]}")
        self.sizes = {name: (path / name).stat().st_size for name in MEMBERS}

    def open(self, name: str) -> BinaryIO:
        """One of the bundle's files."""
        return open(self.path / name, "rb")

    def __enter__(self) -> "InFolder":
        return self

    def __exit__(self, *error: object) -> None:
        pass


class InZip:
    """A bundle in a zip, called `name` in messages. A context manager.

    Raises InputError where the zip cannot be read, Unusable unless it holds just a bundle.
    """

    def __init__(self, path: Path, name: str = ""):
        self.path, self.name = path, name or str(path)
        try:
            with explained(self.name):
                self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise InputError(f"cannot read {path}: {reason(error)}") from error
        try:
            self._entries = _entries(self.name, self._zip.infolist())
        except InputError:
            self._zip.close()
            raise
        self.sizes = {name: entry.file_size for name, entry in self._entries.items()}

    def open(self, name: str) -> BinaryIO:
        """One of the bundle's files."""
        return self._zip.open(self._entries[name])

    def __enter__(self) -> "InZip":
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()


Held = InFolder | InZip


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what a bad zip, called `name`, makes its reader raise into an Unusable."""
    try:
        yield
    except UNREADABLE as error:
        raise Unusable(f"{name} is not a whole zip file ({reason(error)})") from error


def read_manifest(held: Held) -> dict:
    """The manifest, checked as far as unpacking goes by it: format, fingerprint, and the size of each file.

    Raises Unusable, also where a file has another size than the manifest says.
    """
    if held.sizes[MANIFEST] > LARGEST_MANIFEST:
        raise Unusable(f"{held.name} is not a bundle, its {MANIFEST} is far too large")
    with explained(held.name), held.open(MANIFEST) as file:
        data = file.read(LARGEST_MANIFEST)
    try:
        manifest = json.loads(data)
        made = manifest["format"]
        sizes = {name: manifest["files"][name]["bytes"] for name in FILES} if made == FORMAT else {}
        if not FINGERPRINT.fullmatch(manifest["fingerprint"]):
            raise ValueError("no fingerprint")
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise Unusable(f"{held.name}: damaged bundle manifest, {reason(error)}") from error
    if made != FORMAT:
        raise Unusable(
            f"{held.name} has bundle format {made}, this version reads format {FORMAT}",
            "get the bundle or the kit again, so that they fit each other",
        )
    _check_sizes(held, sizes)
    return manifest


def _check_sizes(held: Held, sizes: Mapping[str, int]) -> None:
    """Raise Unusable unless the files have these sizes."""
    for name, size in sizes.items():
        if held.sizes[name] != size:
            raise Unusable(
                f"{held.name} is damaged, {name} has {held.sizes[name]} bytes instead of {size}"
            )


def _entries(zip_name: str, listed: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The entries by the names of a bundle's files, from the zip's top or from one folder in it.

    Raises Unusable for anything else among them.
    """
    found, folders = {}, set()
    for entry in listed:
        parts = PurePosixPath(entry.filename).parts
        if parts and (parts[0] == "__MACOSX" or parts[-1] == ".DS_Store"):
            continue  # what macOS adds is never unpacked
        _check_entry(zip_name, entry)
        if entry.filename.endswith("/") and len(parts) == 1:  # the folder around them
            continue
        why = _why_not(entry, parts) or (
            f"it holds {parts[-1]} twice" if parts[-1] in found else ""
        )
        if why:
            raise Unusable(f"{zip_name} is not a packed bundle, {why}")
        found[parts[-1]] = entry
        folders.add(parts[:-1])
    missing = [name for name in MEMBERS if name not in found]
    if missing or len(folders) > 1:
        why = f"it has no {missing[0]}" if missing else "its files lie in several folders"
        raise Unusable(f"{zip_name} is not a packed bundle, {why}")
    return found


def _check_entry(zip_name: str, entry: zipfile.ZipInfo) -> None:
    """Raise Unusable for an entry that could lead elsewhere."""
    try:
        check_entry(zip_name, entry)
    except InputError as error:
        wrong, _, advice = str(error).rpartition(": ")
        raise Unusable(wrong, advice) from error


def _why_not(entry: zipfile.ZipInfo, parts: tuple[str, ...]) -> str:
    """Why an entry is not one of a bundle's files as `pack` writes it; empty if it is."""
    if entry.orig_filename != entry.filename or "\\" in entry.filename:
        return f"it holds {entry.orig_filename!r}"
    if len(parts) not in (1, 2) or parts[-1] not in MEMBERS or entry.filename.endswith("/"):
        return f"it holds {entry.filename!r}"
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        return f"{parts[-1]} is no ordinary file"
    if entry.flag_bits & 1:
        return f"{parts[-1]} is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"{parts[-1]} is neither stored nor deflated"
    return ""
