"""The folder a bundle is made in, `OUT.partial`: it grows batch by batch, and outlives a run that is killed.

Rows are appended to ordinary files, not to a memory map, so that a full disk is an error and not a crash.
Every few seconds, and when a run ends in whatever way it can notice, everything is forced to disk, and only
then is the count of images done raised; what lies behind that count is cut off again on the next run.
"""

import os
import shutil
import zlib
from collections.abc import Sequence
from contextlib import suppress
from math import prod
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import numpy as np

from coursework.bundle import npy_header
from coursework.files import InputError, read_json, write_json

PROGRESS = "progress.json"  # whose plan the folder follows, and how many of its images are done
REPLACED = "replaced"  # an older bundle, until the new one stands in its place
PATIENCE = 2.0  # seconds of work at most that a power cut may cost


class Partial:
    """Features, checksums and thumbnails of the first `.done` images, in a folder beside `out`.

    A context manager: on leaving it, whatever is done is kept.
    """

    def __init__(self, out: Path, plan: str, shape: Sequence[int], batch_size: int = 1):
        """Continue the folder if it follows `plan` (a hash), else start it anew.

        `shape` is that of the whole features.npy. It goes on at a multiple of `batch_size` images. Raises
        InputError if a folder of that name is not an earlier run's.
        """
        self.path, self.plan = out.with_name(out.name + ".partial"), plan
        done = self._images_done()
        self.done = done if done == shape[0] else done - done % batch_size
        if not self.done:
            self._start_anew()
        count, row = shape[0], 2 * prod(shape[1:])
        self._features = self._opened("features.npy", npy_header("<f2", shape), row)
        self._checksums = self._opened("checksums.npy", npy_header("<u4", (count, 2)), 8)
        self._offsets = self._opened("thumbnails.npy", npy_header("<i8", (count + 1,)), 8, first=8)
        self._thumbnails = self._opened("thumbnails.jpgs", b"", 0, first=self._last_offset())
        self._files = self._features, self._checksums, self._offsets, self._thumbnails
        self._count = count
        self._saved, self._saved_at = self.done, monotonic()

    def _images_done(self) -> int:
        """How many images of this plan the folder holds; 0 if there is nothing of use."""
        try:
            state = read_json(self.path / PROGRESS, "progress")
            return int(state["images"]) if state["plan"] == self.plan else 0
        except (InputError, KeyError, TypeError, ValueError):
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

    def _opened(self, name: str, header: bytes, row: int, first: int = 0) -> BinaryIO:
        """A file cut to its header, `first` bytes and the rows known to be good; in a new one those are 0."""
        path, size = self.path / name, len(header) + first + self.done * row
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
        """Add n images: features float16 (n, views, C, h, w), and a JPEG file for each."""
        features = np.ascontiguousarray(features, dtype="<f2")
        ends = self._last_offset() + np.cumsum([len(jpeg) for jpeg in thumbnails])
        sums = [[zlib.crc32(row), zlib.crc32(jpeg)] for row, jpeg in zip(features, thumbnails)]
        self._features.write(features.data)
        self._checksums.write(np.array(sums, dtype="<u4").tobytes())
        self._offsets.write(ends.astype("<i8").tobytes())
        self._thumbnails.write(b"".join(thumbnails))
        for file in self._files:
            file.flush()
        self.done += len(thumbnails)
        if monotonic() - self._saved_at >= PATIENCE:
            self.save()

    def take_over(self, bundle: Path) -> None:
        """Be done at once, with the features and thumbnails of a whole bundle of the same pictures."""
        for file in self._files:
            file.seek(0)
            with open(bundle / Path(file.name).name, "rb") as whole:
                shutil.copyfileobj(whole, file, 2**20)
            file.flush()
        self.done = self._count
        self.save()

    def save(self) -> None:
        """Force to disk what was appended, and then put down how many images that is."""
        if self.done > self._saved:
            for file in self._files:
                os.fsync(file.fileno())
            self._save_progress()
        self._saved, self._saved_at = self.done, monotonic()

    def _save_progress(self) -> None:
        """Put down how many images are done."""
        write_json(self.path / PROGRESS, {"plan": self.plan, "images": self.done})

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
        for file in self._files:
            file.close()

    def __enter__(self) -> "Partial":
        return self

    def __exit__(self, error: type[BaseException] | None, *rest: object) -> None:
        """Save and close; where an error is under way already, one of the disk does not hide it."""
        if self._features.closed:  # put in place
            return
        with suppress(*([OSError, InputError] if error else [])):
            self.save()
        with suppress(*([OSError] if error else [])):
            self.close()


def tidy(out: Path) -> None:
    """Remove from a finished bundle what a run that was killed in its last moment may have left in it."""
    (out / PROGRESS).unlink(missing_ok=True)
    shutil.rmtree(out / REPLACED, ignore_errors=True)
