"""Zip files: written the same to the byte every time (with the same zlib), and read with suspicion."""

import os
import stat
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path, PureWindowsPath

from coursework.errors import InputError, reason

LARGEST = 1 << 29  # bytes that a zip may hold once unpacked
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """A zip with these files, by name: the same bytes for the same files and zlib, whenever it is made."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix: the next line is understood
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            packed.writestr(info, files[name], compresslevel=9)
    return made.getvalue()


def read_zip(path: str | os.PathLike) -> dict[str, bytes]:
    """The files in a zip, by name; nothing is written.

    Raises InputError if it is absent, damaged, encrypted or far too large, and for an entry that is a link
    or whose name leads out of the folder that it would be unpacked to.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as packed:
            entries = [entry for entry in packed.infolist() if not entry.filename.endswith("/")]
            if sum(entry.file_size for entry in entries) > LARGEST:
                raise InputError(
                    f"{path} is too large: unpacked, it would take over {LARGEST >> 20} MiB"
                )
            for entry in packed.infolist():
                check_entry(path, entry)
            return {entry.filename: packed.read(entry) for entry in entries}
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    except UNREADABLE as error:
        raise InputError(
            f"{path} is not a whole zip file ({reason(error)}): download it again"
        ) from error


def leads_out(name: str) -> bool:
    """Whether a path in a zip would lead out of the folder that it is unpacked to, on any system."""
    path = PureWindowsPath(name)  # knows / and \ and drives
    return bool(path.anchor) or ".." in path.parts


def check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    """Raise InputError for an entry that could lead elsewhere."""
    if leads_out(entry.filename):
        raise InputError(
            f"{path} holds {entry.filename!r}, which leads out of its folder: get the zip again from where it"
            " comes from"
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise InputError(
            f"{path} holds the link {entry.filename!r}: get the zip again from where it comes from"
        )


def unused(path: Path) -> Path:
    """`path`, or where that is taken the first free of name-2.zip, name-3.zip, ..."""
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
