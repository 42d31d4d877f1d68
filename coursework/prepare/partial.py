"""The folder a bundle is made in, `OUT.partial`: it grows batch by batch, and outlives a run that is killed.

Rows are appended to ordinary files, not to a memory map, so that a full disk is an error and not a crash.
After each batch everything is forced to disk, and only then is the count of images done raised; what lies
behind that count, from a batch that was cut short, is cut off again on the next run.
"""

import io
import os
import shutil
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from coursework.files import InputError, read_json, write_json

PROGRESS = "progress.json"  # whose plan the folder follows, and how many of its images are done
REPLACED = "replaced"  # an older bundle, until the new one stands in its place


class Partial:
    """Features and thumbnails of the first `.done` images, in a folder beside `out`; a context manager."""

    def __init__(self, out: Path, plan: str, shape: Sequence[int]):
        """Continue the folder if it follows `plan` (a fingerprint), else start it anew.

        `shape` is that of the whole features.npy. Raises InputError if a folder of that name is not an
        earlier run's.
        """
        self.path, self.plan = out.with_name(out.name + ".partial"), plan
        self.done = self._images_done()
        if not self.done:
            self._start_anew()
        row_bytes = 2 * prod(shape[1:])
        features, offsets = _npy_header("<f2", shape), _npy_header("<i8", (shape[0] + 1,))
        self._features = self._opened("features.npy", features, self.done * row_bytes)
        self._offsets = self._opened("thumbnails.npy", offsets, self.done * 8 + 8)
        self._thumbnails = self._opened("thumbnails.jpgs", b"", self._last_offset())

    def _images_done(self) -> int:
        """How many images of this plan the folder holds; 0 if there is nothing of use."""
        try:
            state = read_json(self.path / PROGRESS, "progress")
            return state["images"] if state["fingerprint"] == self.plan else 0
        except (InputError, KeyError, TypeError):
            return 0

    def _start_anew(self) -> None:
        """An empty folder, after throwing away what an earlier run left; nothing else is thrown away."""
        if self.path.exists():
            foreign = [
                p for p in self.path.iterdir() if not p.name.startswith(f".{Path(PROGRESS).stem}.")
            ]
            if foreign and not (self.path / PROGRESS).is_file():
                raise InputError(
                    f"{self.path} is in the way and not from an interrupted prepare: move it elsewhere"
                )
            shutil.rmtree(self.path)
        self.path.mkdir(parents=True)
        self._save_progress()

    def _opened(self, name: str, header: bytes, size: int) -> BinaryIO:
        """A file cut to its header and the `size` bytes known to be good; a new one has zeros there."""
        path, size = self.path / name, len(header) + size
        if self.done and (not path.is_file() or path.stat().st_size < size):
            raise InputError(
                f"damaged {path}: shorter than it was; remove {self.path} and run again"
            )
        file = open(path, "r+b" if self.done else "w+b")  # noqa: SIM115 (closed by `close`)
        if not self.done:
            file.write(header)
        file.truncate(size)
        file.seek(0, os.SEEK_END)
        return file

    def _last_offset(self) -> int:
        """Where the last good thumbnail ends."""
        self._offsets.seek(-8, os.SEEK_END)
        return int.from_bytes(self._offsets.read(8), "little")

    def append(self, features: np.ndarray, thumbnails: Sequence[bytes]) -> None:
        """Add n images, on disk on return: features float16 (n, views, C, h, w), and a JPEG file for each."""
        ends = self._last_offset() + np.cumsum([len(jpeg) for jpeg in thumbnails])
        self._features.write(features.astype("<f2").tobytes())
        self._offsets.write(ends.astype("<i8").tobytes())
        self._thumbnails.write(b"".join(thumbnails))
        for file in (self._features, self._offsets, self._thumbnails):
            file.flush()
            os.fsync(file.fileno())
        self.done += len(thumbnails)
        self._save_progress()

    def _save_progress(self) -> None:
        """Put down how many images are done."""
        write_json(self.path / PROGRESS, {"fingerprint": self.plan, "images": self.done})

    def put_in_place(self, out: Path, files: Sequence[str]) -> None:
        """Make the folder, now holding exactly `files`, the folder `out`; an older one there is replaced."""
        self.close()
        for path in self.path.iterdir():
            if path.is_file() and path.name not in (*files, PROGRESS):
                path.unlink()  # a temporary file of a killed run
        if out.is_dir() and any(out.iterdir()):
            out.rename(self.path / REPLACED)
        elif out.is_dir():
            out.rmdir()
        self.path.rename(out)
        tidy(out)

    def close(self) -> None:
        """Close the files; what was appended stays."""
        for file in (self._features, self._offsets, self._thumbnails):
            file.close()

    def __enter__(self) -> "Partial":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def tidy(out: Path) -> None:
    """Remove from a finished bundle what a run that was killed in its last moment may have left in it."""
    (out / PROGRESS).unlink(missing_ok=True)
    shutil.rmtree(out / REPLACED, ignore_errors=True)


def _npy_header(dtype: str, shape: Sequence[int]) -> bytes:
    """The bytes that stand before the rows in a .npy file."""
    header = io.BytesIO()
    fields = {"descr": dtype, "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(header, fields)
    return header.getvalue()
