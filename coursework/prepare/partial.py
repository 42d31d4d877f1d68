"""The folder a bundle is made in, `OUT.partial`: it grows batch by batch, and outlives a run that is killed.

Rows are appended to ordinary files, not to a memory map, so that a full disk is an error and not a crash.
Every few seconds, and when a run ends in whatever way it can notice, everything is forced to disk, and only
then is the count of images done raised; what lies behind that count is cut off again on the next run.
"""

import os
import shutil
import zlib
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from math import prod
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import numpy as np

from coursework.bundle import FILES, npy_header
from coursework.files import InputError, locked, read_json, write_json

LOCK = "lock"  # whoever works on the folder has it
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
        self._lock = self._taken()
        count, row = shape[0], 2 * prod(shape[1:])
        done = self._good_images(min(self._images_done(), count), shape)
        self.done = done if done == count else done - done % batch_size
        if not self.done:
            self._start_anew()
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
            return max(0, int(state["images"])) if state["plan"] == self.plan else 0
        except (InputError, KeyError, TypeError, ValueError, OverflowError):
            return 0

    def _good_images(self, done: int, shape: Sequence[int]) -> int:
        """How many of the first `done` images are as they were written, up to the first that is not."""
        row, count = 2 * prod(shape[1:]), shape[0]
        try:
            sums = self._start_of("checksums.npy", npy_header("<u4", (count, 2)), 8 * done)
            ends = self._start_of("thumbnails.npy", npy_header("<i8", (count + 1,)), 8 * done + 8)
            self._start_of("features.npy", npy_header("<f2", shape), 0)
        except (OSError, ValueError):
            return 0
        sums = np.frombuffer(sums, "<u4").reshape(done, 2).tolist()
        ends = np.frombuffer(ends, "<i8").tolist()
        with (
            open(self.path / "features.npy", "rb") as features,
            open(self.path / "thumbnails.jpgs", "ab+") as thumbnails,
        ):
            features.seek(len(npy_header("<f2", shape)))
            thumbnails.seek(0)
            for i in range(done):
                jpeg = thumbnails.read(max(0, ends[i + 1] - ends[i]))
                found = [zlib.crc32(features.read(row)), zlib.crc32(jpeg)]
                if found != sums[i] or ends[i + 1] != thumbnails.tell():
                    return i
        return done if ends[0] == 0 else 0

    def _start_of(self, name: str, header: bytes, size: int) -> bytes:
        """The first `size` bytes behind the header of a file. Raises OSError or ValueError otherwise."""
        with open(self.path / name, "rb") as file:
            found, data = file.read(len(header)), file.read(size)
        if found != header or len(data) < size:
            raise ValueError(f"{name} is not as it was")
        return data

    def _taken(self) -> BinaryIO:
        """The lock of the folder, which is made if need be, and is an earlier run's if it is there."""
        if self.path.exists():
            ours = (LOCK, f".{Path(PROGRESS).stem}.")  # of a run killed at its beginning
            foreign = [p for p in self.path.iterdir() if not p.name.startswith(ours)]
            if foreign and not (self.path / PROGRESS).is_file():
                raise InputError(
                    f"{self.path} is in the way and not from an interrupted prepare: move it elsewhere"
                )
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            return locked(self.path / LOCK)
        except BlockingIOError as error:
            raise InputError(
                f"another prepare is at work in {self.path}: wait for it, or give another --out"
            ) from error

    def _start_anew(self) -> None:
        """Throw away what an earlier run left; killed over it, the next one still knows whose it is."""
        self._save_progress()
        for path in self.path.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in (LOCK, PROGRESS):
                path.unlink()

    def _opened(self, name: str, header: bytes, row: int, first: int = 0) -> BinaryIO:
        """A file cut to its header, `first` bytes and the rows known to be good; in a new one those are 0."""
        path, size = self.path / name, len(header) + first + self.done * row
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
                path.unlink()  # the lock, and what a killed run was writing
        if out.is_dir() and any(out.iterdir()):
            out.rename(self.path / REPLACED)
        elif out.is_dir():
            out.rmdir()
        self.path.rename(out)
        tidy(out)

    def close(self) -> None:
        """Close the files; what was appended stays."""
        with ExitStack() as closing:  # closes the others too where one cannot write its last bytes
            for file in (self._lock, *self._files):
                closing.callback(file.close)

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
        if not self.done:  # nothing worth keeping
            shutil.rmtree(self.path, ignore_errors=True)


def check_replaceable(out: Path) -> None:
    """Raise InputError if the folder `out` holds anything that is not a bundle's: nobody shall lose it."""
    ours = (
        *FILES,
        "bundle.json",
        PROGRESS,
        LOCK,
        REPLACED,
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
    )
    if not out.is_dir():
        raise InputError(
            f"{out} exists and is not a bundle: give another --out (nothing was changed)"
        )
    foreign = sorted(p.name for p in out.iterdir() if p.name not in ours and not p.match(".*.tmp*"))
    if foreign and not (out / "bundle.json").is_file():
        raise InputError(
            f"{out} exists and is not a bundle: give another --out (nothing was changed)"
        )
    if foreign:
        raise InputError(
            f"{out} holds more than a bundle ({', '.join(foreign[:3])}): move that elsewhere, or give"
            " another --out (nothing was changed)"
        )


def tidy(out: Path) -> None:
    """Remove from a finished bundle what a run that was killed in its last moment may have left in it."""
    (out / PROGRESS).unlink(missing_ok=True)
    shutil.rmtree(out / REPLACED, ignore_errors=True)
