"""A bundle: images turned into features once, with their captions, in one folder that training and scoring
read.

    bundle.json        what it was made from, and size and sha256 of every other file
    features.npy       float16 (images, views, C, h, w), opened by memory map
    checksums.npy      uint32 (images, 2): crc32 of an image's row of features and of its thumbnail
    images.json        one record an image, a line each: file, split, captions, things where they are known
    vocabulary.json    the words of the training captions
    thumbnails.jpgs    what the encoder saw, JPEG files one behind the other
    thumbnails.npy     int64 (images + 1,): image i is bytes [offset i, offset i + 1) of that file

A bundle is opened in an instant whatever its size: the small files are hashed then, the rows of the two
large ones checked when they are first read. `coursework.prepare.build` writes it; nothing writes to it after
that.
"""

import gc
import hashlib
import io
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from coursework.files import InputError, read_json, reason, sha256, written_beside
from coursework.views import mirrored, moved, view_names
from coursework.vocabulary import Vocabulary

FORMAT = 2
FILES = (
    "features.npy", "checksums.npy", "images.json", "vocabulary.json", "thumbnails.jpgs", "thumbnails.npy",
)  # fmt: skip
LARGE = ("features.npy", "thumbnails.jpgs")  # not hashed when a bundle is opened
# What the plan is taken over: everything that a bundle is made from, known before the work begins.
DESCRIPTION = (
    "format", "name", "source", "encoder", "views", "vocabulary", "records_sha256", "versions", "lexicon",
)  # fmt: skip
AGAIN = "make it again with python -m coursework prepare"


@dataclass(frozen=True)
class ImageRecord:
    """One image: its file name, its split, its captions, and what is in it where that is known.

    A thing is {"thing": "car", "colour": "red", "box": [x0, y0, x1, y1]}, the box in fractions 0..1 of the
    square that the encoder sees, x to the right and y down.
    """

    file: str
    split: str
    captions: list[str]
    things: list[dict] | None = None


def json_hash(obj: object) -> str:
    """sha256 of `obj` as JSON, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(obj, sort_keys=True).encode()).hexdigest()


def records_hash(records: Sequence[ImageRecord]) -> str:
    """sha256 over the image list: files, splits, captions, things."""
    return json_hash([vars(record) for record in records])


def write_records(path: Path, records: Sequence[ImageRecord]) -> None:
    """Write images.json: a JSON array with a line for each record."""
    lines = (json.dumps(vars(record), ensure_ascii=False) for record in records)
    with written_beside(path) as beside:
        text = "[\n" + ",\n".join(lines) + "\n]\n"
        beside.write_text(text, encoding="utf-8", newline="\n")


def read_records(path: Path) -> list[ImageRecord]:
    """What `write_records` wrote. Raises TypeError, ValueError or InputError for anything else."""
    with _no_collection():
        records = [ImageRecord(**record) for record in read_json(path, "image list")]
        for record in records:
            texts = (record.file, record.split, *record.captions)
            if not record.captions or not all(isinstance(text, str) for text in texts):
                raise ValueError(f"image {record.file!r} has no file name, split and captions")
        return records


@contextmanager
def _no_collection() -> Iterator[None]:
    """Look for no garbage: among a million new objects that are kept it costs more than making them."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def plan_hash(manifest: dict) -> str:
    """The sha256 of what a bundle is made from: two with one plan are the same but for rounding."""
    return json_hash({key: manifest[key] for key in DESCRIPTION})


def fingerprint(manifest: dict) -> str:
    """The sha256 that names a bundle by what it holds, byte for byte: that of the rest of its manifest."""
    return json_hash({key: value for key, value in manifest.items() if key != "fingerprint"})


def npy_header(dtype: str, shape: Sequence[int]) -> bytes:
    """The bytes before the rows of a .npy file of version 1.0; NumPy's own differ from one to the next."""
    text = str({"descr": dtype, "fortran_order": False, "shape": tuple(shape)})
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("ascii")


class Bundle:
    """An opened bundle, read-only. Get one from `Bundle.open`."""

    def __init__(self, path: Path, manifest: dict):
        """Read the small files of a folder whose manifest has been checked; see `open`."""
        self.path, self.manifest = path, manifest
        self.name: str = manifest["name"]
        self.plan: str = manifest["plan"]
        self.fingerprint: str = manifest["fingerprint"]
        self.encoder: dict = dict(manifest["encoder"])
        self.lexicon: dict | None = manifest["lexicon"]
        self.views: list[str] = view_names(manifest["views"])
        self.max_words: int | None = manifest["vocabulary"]["max_words"]
        self.images = read_records(path / "images.json")
        self.vocabulary = Vocabulary.load(path / "vocabulary.json")
        count, shape = len(self.images), tuple(manifest["features"]["shape"])
        if shape[:2] != (count, len(self.views)) or len(shape) != 5:
            raise ValueError(f"{count} images in {len(self.views)} views, features {shape}")
        self._features = _rows(path / "features.npy", shape, "<f2")
        self._checksums = _rows(path / "checksums.npy", (count, 2), "<u4")
        self._offsets = _rows(path / "thumbnails.npy", (count + 1,), "<i8")
        if self._offsets[0] or self._offsets[-1] != manifest["files"]["thumbnails.jpgs"]["bytes"]:
            raise ValueError("the thumbnails do not fit their offsets")
        self._good = np.zeros(count, dtype=bool)  # whose features have been checked

    @classmethod
    def open(cls, path: str | os.PathLike) -> "Bundle":
        """Open the bundle in folder `path` after checking format, sizes, shapes, and all of the small files.

        The features and thumbnails are checked as they are read; `verify` checks them all. Raises
        InputError, naming the file and the reason, where a file is missing, of another format or damaged.
        """
        path = Path(path)
        try:
            manifest = _checked_manifest(path)
            for name in FILES:
                _check_file(path / name, manifest["files"][name])
            return cls(path, manifest)
        except KeyError as error:
            file = path / "bundle.json"
            raise InputError(
                f"damaged bundle manifest {file}: {error} is missing; {AGAIN}"
            ) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise InputError(f"damaged bundle {path}: {reason(error)}; {AGAIN}") from error
        except OSError as error:
            raise InputError(f"cannot read bundle {path}: {reason(error)}") from error

    @property
    def channels(self) -> int:
        """C, the number of feature channels."""
        return self._features.shape[2]

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w), the positions the features are taken at."""
        return self._features.shape[3:]

    @property
    def mirrored(self) -> list[bool]:
        """Of each view, whether left and right are exchanged in it."""
        return [mirrored(view) for view in self.views]

    @property
    def splits(self) -> dict[str, int]:
        """The number of images in each split, in the order they first appear."""
        return dict(Counter(record.split for record in self.images))

    def split(self, name: str) -> list[int]:
        """The indices of the images in a split. Raises InputError, listing the splits, if it has none."""
        indices = [i for i, record in enumerate(self.images) if record.split == name]
        if not indices:
            known = ", ".join(f"{split} ({count} images)" for split, count in self.splits.items())
            raise InputError(f"bundle {self.path} has no images in split '{name}'; it has {known}")
        return indices

    def feature_batch(
        self,
        indices: Sequence[int] | np.ndarray | Tensor,
        views: int | Sequence[int] | np.ndarray | Tensor = 0,
    ) -> Tensor:
        """The features of some images, float32 (n, C, h, w); `views`: of which view, one for all or for each.

        Raises InputError, naming the image, where they are damaged.
        """
        rows = np.asarray(indices, dtype=np.int64)
        self._check_features(rows)
        views = np.asarray(views, dtype=np.int64)
        return torch.from_numpy(self._features[rows, views]).float()  # faster so than NumPy's way

    def things(self, i: int, view: int = 0) -> list[dict] | None:
        """What is in image `i`, boxes as they lie in a view, see `ImageRecord`; None where not known."""
        known = self.images[i].things
        return None if known is None else moved(known, self.views[view])

    def thumbnail(self, i: int) -> Image.Image:
        """Image `i` as the encoder saw it (in the first view), RGB. Raises InputError where it is damaged."""
        i = range(len(self.images))[i]
        with open(self.path / "thumbnails.jpgs", "rb") as file:
            jpeg = self._jpeg(file, i)
        try:
            return Image.open(io.BytesIO(jpeg)).convert("RGB")
        except Exception as error:  # what is no image makes the decoders raise almost anything
            where = f"{self.path / 'thumbnails.jpgs'}: image {self.images[i].file}"
            raise InputError(f"damaged bundle file {where}, {reason(error)}; {AGAIN}") from error

    def verify(self, progress: bool = True) -> None:
        """Read everything and check it to the last byte. Raises InputError, naming what is damaged."""
        for name in set(FILES) - set(LARGE):
            _check_file(self.path / name, self.manifest["files"][name])
        sizes = [self.manifest["files"][name]["bytes"] for name in LARGE]
        with tqdm(
            total=sum(sizes), unit="B", unit_scale=True, delay=1, disable=not progress,
            desc=f"checking {self.path.name}",
        ) as bar:  # fmt: skip
            for name, parts in zip(LARGE, (self._feature_parts(), self._thumbnail_parts())):
                digest = hashlib.sha256()
                for part in parts:
                    digest.update(part)
                    bar.update(len(part))
                if digest.hexdigest() != self.manifest["files"][name]["sha256"]:
                    raise InputError(_changed(self.path / name))

    def _feature_parts(self) -> Iterator[bytes | memoryview]:
        """features.npy in parts, the rows checked."""
        yield npy_header("<f2", self._features.shape)
        at_once = max(1, 2**24 // self._features[0].nbytes)
        for first in range(0, len(self.images), at_once):
            rows = self._features[first : first + at_once]
            self._check_features(np.arange(first, first + len(rows)))
            if not np.isfinite(rows).all():
                file = self.path / "features.npy"
                raise InputError(
                    f"damaged bundle file {file}: features that are not finite; {AGAIN}"
                )
            yield memoryview(rows).cast("B")

    def _thumbnail_parts(self) -> Iterator[bytes]:
        """thumbnails.jpgs in parts, each checked."""
        with open(self.path / "thumbnails.jpgs", "rb") as file:
            for i in range(len(self.images)):
                yield self._jpeg(file, i)

    def _check_features(self, rows: np.ndarray) -> None:
        """Check those rows of the features that were not checked before."""
        if self._good[rows].all():
            return
        for i in np.unique(rows[~self._good[rows]]):
            if zlib.crc32(self._features[i]) != self._checksums[i, 0]:
                raise InputError(
                    _changed(self.path / "features.npy", f"image {self.images[i].file}")
                )
            self._good[i] = True

    def _jpeg(self, file: io.BufferedReader, i: int) -> bytes:
        """The thumbnail of image `i` from the opened file of thumbnails, checked."""
        first, last = (int(offset) for offset in self._offsets[i : i + 2])
        file.seek(first)
        jpeg = file.read(last - first)
        if zlib.crc32(jpeg) != self._checksums[i, 1]:
            raise InputError(_changed(Path(file.name), f"image {self.images[i].file}"))
        return jpeg


def refuse_bundle(folder: Path) -> None:
    """Raise InputError if `folder` is a bundle: nothing else is to be written there."""
    if (folder / "bundle.json").exists():
        raise InputError(f"{folder} is a bundle: give another --out")


def _checked_manifest(path: Path) -> dict:
    """The manifest of the bundle in folder `path`. Raises InputError if there is none that we can read."""
    file = path / "bundle.json"
    if not file.is_file():
        raise InputError(_why_no_bundle(path))
    try:
        manifest = read_json(file, "bundle manifest")
    except InputError as error:
        raise InputError(f"{error}; {AGAIN}") from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        raise InputError(
            f"{file} has bundle format {found}, this version reads format {FORMAT}; {AGAIN}"
        )
    fits = manifest["plan"] == plan_hash(manifest) and set(manifest["files"]) == set(FILES)
    if manifest["fingerprint"] != fingerprint(manifest) or not fits:
        raise InputError(f"damaged bundle manifest {file}: its fingerprint does not fit; {AGAIN}")
    return manifest


def _why_no_bundle(path: Path) -> str:
    """What to tell the user where `path` holds no bundle.json."""
    partial = path.parent / f"{path.name}.partial"
    if partial.is_dir():
        return (
            f"the bundle {path} is not finished, {partial} was interrupted: run again what made it "
            "(python -m coursework prepare ..., or demo), it goes on where it stopped"
        )
    if not path.exists():
        what = "scenes" if path.name == "scenes" else "..."
        return (
            f"no bundle at {path}: make one with python -m coursework prepare {what} --out {path}"
        )
    if not path.is_dir():
        return f"{path} is a file, not a bundle: give the folder that python -m coursework prepare made"
    return f"{path} is not a bundle (it has no bundle.json): make one with python -m coursework prepare"


def _check_file(file: Path, wanted: dict) -> None:
    """Raise InputError unless `file` has the size and, if it is a small one, the sha256 of the manifest."""
    if not file.is_file():
        raise InputError(f"bundle file {file} is missing; {AGAIN}")
    size = file.stat().st_size
    if size != wanted["bytes"]:
        raise InputError(
            f"damaged bundle file {file}: {size} bytes instead of {wanted['bytes']}; {AGAIN}"
        )
    if file.name not in LARGE and sha256(file) != wanted["sha256"]:
        raise InputError(_changed(file))


def _changed(file: Path, where: str = "") -> str:
    """What to tell the user about a file whose hash is another."""
    part = f"{where} in it has changed" if where else "its content has changed"
    return f"damaged bundle file {file}: {part} (the checksum differs); {AGAIN}"


def _rows(file: Path, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """The rows of a .npy file, by memory map. Raises InputError unless it is of just that shape and type."""
    header = npy_header(dtype, shape)
    with open(file, "rb") as opened:
        fits = opened.read(len(header)) == header
    if not fits or file.stat().st_size != len(header) + np.dtype(dtype).itemsize * prod(shape):
        raise InputError(f"damaged bundle file {file}: not an array {dtype} {shape}; {AGAIN}")
    return np.memmap(file, dtype, "r", len(header), shape)
