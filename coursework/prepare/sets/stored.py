"""Files by their names, in folders and in zips: a zip is read where it lies, nothing is unpacked.

Data sets come as folders, as zips, and as folders of zips, with a folder more or less around everything. So
a file is found by the end of its path, however much stands before it. Pipes, sockets and devices are not
there, nor links to them or to nothing.
"""

import errno
import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from coursework.files import InputError, reason
from coursework.zipped import UNREADABLE, check_entry

LARGEST = (
    1 << 30
)  # bytes of one file in a zip, unpacked: the largest annotation files have half of that
LOCAL_HEADER = 30  # bytes that stand before an entry's name; the lengths of name and extra end them
SUSPECT = re.compile(r"^[/~]|\.\.|[\\:]")  # a name without any of these leads nowhere else
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".rar", ".7z")  # a .zip here: in a zip
WHOLE = "download it again, or remove it"
DAMAGED = (*UNREADABLE, OverflowError)  # the last: sizes and places of Zip64 beyond any file


class _InFolder(NamedTuple):
    """A file on disk."""

    path: str

    def size(self) -> int:
        return os.stat(self.path).st_size

    def read(self) -> bytes:
        return Path(self.path).read_bytes()


class _InZip(NamedTuple):
    """An entry of a zip. Every reading opens the zip anew: nothing is shared between threads."""

    zip: Path
    name: str
    offset: int
    packed: int  # bytes in the zip
    unpacked: int
    method: int
    crc: int

    def size(self) -> int:
        return self.unpacked

    def read(self) -> bytes:
        with open(self.zip, "rb") as file:
            file.seek(self.offset)
            header = file.read(LOCAL_HEADER)
            if len(header) < LOCAL_HEADER or header[:4] != b"PK\x03\x04":
                raise zipfile.BadZipFile("there is no entry where its list says so")
            name, extra = (
                int.from_bytes(header[26:28], "little"),
                int.from_bytes(header[28:], "little"),
            )
            file.seek(name + extra, os.SEEK_CUR)
            if self.packed > os.fstat(file.fileno()).st_size:
                raise zipfile.BadZipFile("it is longer than the zip")
            data = file.read(self.packed)
        if self.method == zipfile.ZIP_DEFLATED:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, self.unpacked + 1)
        if len(data) != self.unpacked or zlib.crc32(data) != self.crc:
            raise zipfile.BadZipFile("its checksum is wrong")
        return data


class Stored:
    """The files below `paths`: folders (with the zips in them), zips, and single files.

    A file's name here is its path, where a zip counts as a folder: data/val2014.zip/val2014/a.jpg. Hidden
    files and what macOS adds to zips are not there. All methods may be called from several threads.
    """

    def __init__(self, paths: Sequence[str | os.PathLike]):
        """List everything; nothing but the zips' tables of contents is read.

        Raises InputError for a path that is not there, and for a zip that is damaged, cut short or
        encrypted, or has an entry that is a link or leads out of its folder.
        """
        self.paths = [Path(path) for path in paths]
        self._files: dict[str, _InFolder | _InZip] = {}
        for path in self.paths:
            for name, file in _listed(path):
                self._files.setdefault(name, file)
        self._by_base: dict[str, list[str]] = {}
        for name in self._files:
            self._by_base.setdefault(_key(name), []).append(name)
        self._alike: dict[tuple[str, ...], bool] = {}  # what was compared once

    def names(self, suffixes: str | Sequence[str] = ()) -> list[str]:
        """The names of all files, or of those that end so (".jpg"; capitals count as small letters)."""
        if not suffixes:
            return list(self._files)
        ends = (suffixes,) if isinstance(suffixes, str) else tuple(suffixes)
        return [name for name in self._files if name.lower().endswith(ends)]

    def archives(self) -> list[str]:
        """The names of packed files that are not looked into: of other kinds than zip, or zips in zips."""
        return self.names(ARCHIVES)

    def has(self, name: str) -> bool:
        """Whether there is such a file; see `find`."""
        return name in self._files or _key(name) in self._by_base

    def find(self, name: str, strict: bool = False) -> str | None:
        """The whole name of the file `name`, which may be a path or only its end; None if there is none.

        The last part must be the same (but for capitals); where several files have it, the one with which
        most parts agree from the end. `strict`: all parts of `name` must agree, so that cats/1.jpg does not
        answer for dogs/1.jpg. Raises InputError if two different files fit equally well.
        """
        if name in self._files:
            return name
        found = self._by_base.get(_key(name), [])
        if strict:
            found = [other for other in found if _ends_with(os.path.abspath(other), name)]
        if len(found) > 1:
            found = _closest(name, found)
        if len(found) > 1 and not self._are_alike(found):
            raise InputError(
                f"there are two files {name}, {found[0]} and {found[1]}: give one of their folders"
            )
        return found[0] if found else None

    def size(self, name: str) -> int:
        """The size of a file in bytes (unpacked). Raises InputError if there is no such file."""
        try:
            return self._file(name).size()
        except OSError as error:
            raise InputError(f"cannot read {name}: {reason(error)}") from error

    def read(self, name: str) -> bytes:
        """The content of a file. Raises InputError, naming it, if it is not there or damaged."""
        file = self._file(name)
        if isinstance(file, _InZip) and file.unpacked > LARGEST:
            raise InputError(f"{name} is too large: over {LARGEST >> 20} MiB unpacked")
        try:
            return file.read()
        except OSError as error:
            raise InputError(f"cannot read {name}: {reason(error)}") from error
        except DAMAGED as error:
            raise InputError(
                f"{file.zip} is damaged at {file.name} ({reason(error)}): {WHOLE}"
            ) from error

    def _are_alike(self, names: Sequence[str]) -> bool:
        """Whether the files hold the same, by size and checksum. Raises InputError if one cannot be read."""
        key = tuple(names)
        if key not in self._alike:
            compared = (self.size, self._checksum)  # most that differ need not be read
            self._alike[key] = all(len(set(map(look, names))) == 1 for look in compared)
        return self._alike[key]

    def _checksum(self, name: str) -> int:
        file = self._file(name)
        return file.crc if isinstance(file, _InZip) else zlib.crc32(self.read(name))

    def _file(self, name: str) -> _InFolder | _InZip:
        whole = self.find(name)
        if whole is None:
            raise InputError(f"there is no {name} in {self}")
        return self._files[whole]

    def __len__(self) -> int:
        return len(self._files)

    def __str__(self) -> str:
        return ", ".join(map(str, self.paths)) or "any folder given"


def base_name(name: str) -> str:
    r"""The last part of a path, be it written with / or with \."""
    return name.replace("\\", "/").rpartition("/")[2]


def _key(name: str) -> str:
    """The last part of a path, the same however it is typed."""
    base = base_name(name)
    return base.lower() if base.isascii() else unicodedata.normalize("NFC", base).casefold()


def _parts(name: str) -> list[str]:
    """The parts of a path, those that lead nowhere or upwards left out."""
    return [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]


def _ends_with(path: str, end: str) -> bool:
    """Whether all parts of `end` are the last ones of `path`, however they are typed."""
    wanted = [_key(part) for part in _parts(end)]
    return wanted == [_key(part) for part in _parts(path)[-len(wanted) :]]


def _closest(name: str, found: list[str]) -> list[str]:
    """Those of `found` that agree with `name` in most parts from the end."""
    agreement = [_agreement(name, other) for other in found]
    return [other for other, parts in zip(found, agreement, strict=True) if parts == max(agreement)]


def _agreement(one: str, other: str) -> float:
    """How many parts of two paths are the same, counted from the end; capitals that differ cost a little."""
    count = 0.0
    for a, b in zip(reversed(_parts(one)), reversed(_parts(other))):
        if _key(a) != _key(b):
            break
        count += 1 if a == b else 0.999
    return count


def _listed(path: Path) -> Iterator[tuple[str, _InFolder | _InZip]]:
    """Everything at and below a path that the user gave."""
    if path.is_dir():
        yield from _walked(path)
    elif not path.exists():
        raise InputError(f"no file or folder at {path}")
    elif not path.is_file():
        raise InputError(f"{path} is a pipe, a socket or a device: name a file or folder")
    else:
        yield from _file_or_entries(str(path))


def _walked(top: Path) -> Iterator[tuple[str, _InFolder | _InZip]]:
    """The files below a folder, those of one folder in alphabetical order; links to folders are followed."""
    seen, waiting = set(), [str(top)]
    while waiting:
        folder = waiting.pop()
        if os.path.realpath(folder) in seen:
            continue
        seen.add(os.path.realpath(folder))
        try:
            with os.scandir(folder) as listing:
                entries = sorted((entry.name, _kind(entry)) for entry in listing)
        except OSError as error:
            raise InputError(f"cannot read the folder {folder}: {reason(error)}") from error
        shown = [entry for entry in entries if entry[0][0] != "." and entry[0] != "__MACOSX"]
        folders = [name for name, kind in shown if kind == "folder"]
        waiting += [os.path.join(folder, name) for name in reversed(folders)]
        for name, kind in shown:
            if kind == "file":
                yield from _file_or_entries(os.path.join(folder, name))


def _kind(entry: os.DirEntry) -> str:
    """What an entry is, "folder" or "file", itself or by way of a link; "" for all else: pipes, devices."""
    try:
        return "folder" if entry.is_dir() else "file" if entry.is_file() else ""
    except OSError as error:
        if error.errno != errno.ELOOP:  # a link to itself
            raise
        return ""


def _file_or_entries(path: str) -> Iterator[tuple[str, _InFolder | _InZip]]:
    """A file, or if it is a zip what is in it."""
    if path.lower().endswith(".zip"):
        yield from _entries(Path(path))
    else:
        yield path.replace(os.sep, "/"), _InFolder(path)


def _entries(path: Path) -> Iterator[tuple[str, _InZip]]:
    """The files in a zip."""
    try:
        with zipfile.ZipFile(path) as packed:
            entries = packed.infolist()
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    except DAMAGED as error:
        raise InputError(f"{path} is not a whole zip file ({reason(error)}): {WHOLE}") from error
    start = path.as_posix()
    for entry in entries:
        if SUSPECT.search(entry.filename) or stat.S_ISLNK(entry.external_attr >> 16):
            check_entry(path, entry)
        name = entry.filename.replace("\\", "/")
        base = base_name(name)
        if not base or base.startswith(".") or name.startswith("__MACOSX/"):
            continue
        _check_readable(path, entry)
        place = (entry.header_offset, entry.compress_size, entry.file_size)
        file = _InZip(path, entry.filename, *place, entry.compress_type, entry.CRC)
        yield f"{start}/{name}", file


def _check_readable(path: Path, entry: zipfile.ZipInfo) -> None:
    """Raise InputError for an entry that needs a password, or another program to unpack it."""
    if entry.flag_bits & 1:
        raise InputError(f"{path} is encrypted: unpack it with its password and give the folder")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(
            f"{path} is packed in a way that Python does not read (method {entry.compress_type}):"
            " unpack it and give the folder"
        )
