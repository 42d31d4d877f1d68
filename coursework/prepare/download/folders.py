"""The folders that downloads go to: none is left empty, and no temporary file of a killed run stays."""

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from coursework.files import InputError, reason

BESIDE = re.compile(r"\..+\.[0-9a-f]{8}\.tmp(\.\w+)?")  # as `files.written_beside` names them
HOUR = 3600.0  # seconds; a younger one may be of a run that is at work


@contextmanager
def made(folders: Iterable[Path]) -> Iterator[None]:
    """Make the folders; those that are new and still empty in the end go again.

    Raises InputError where one cannot be made.
    """
    new = set()
    try:
        for folder in folders:
            try:
                new.update(path for path in (folder, *folder.parents) if not path.exists())
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InputError(f"cannot write {folder}: {reason(error)}") from error
        yield
    finally:
        for folder in sorted(new, key=lambda path: len(path.parts), reverse=True):
            with suppress(OSError):  # it is not empty
                folder.rmdir()


def sweep(folder: Path) -> None:
    """Remove what runs that were killed while they wrote a file left in `folder` over an hour ago."""
    with suppress(OSError):  # there is no such folder yet
        for entry in os.scandir(folder):
            with suppress(OSError):  # another run was quicker
                if BESIDE.fullmatch(entry.name) and time.time() - entry.stat().st_mtime > HOUR:
                    os.unlink(entry.path)
