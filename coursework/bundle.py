"""A bundle: images turned into features once, with their captions, in one folder that training and scoring
read.

    bundle.json        what it is: source, encoder, versions, and size and sha256 of every other file
    features.npy       float16 (images, views, C, h, w), opened by memory map
    images.json        one record an image: file, split, captions, and the things in it where they are known
    vocabulary.json    the words of the training captions
    thumbnails.jpgs    what the encoder saw, JPEG files one behind the other
    thumbnails.npy     int64 (images + 1,): image i is bytes [offset i, offset i + 1) of that file

`coursework.prepare.build` writes it; nothing writes to it after that.
"""

import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from coursework.files import InputError, read_json, reason, sha256
from coursework.vocabulary import Vocabulary

FORMAT = 1
FILES = ("features.npy", "images.json", "vocabulary.json", "thumbnails.jpgs", "thumbnails.npy")
# What the fingerprint is taken over: everything that decides what the bundle holds.
DESCRIPTION = (
    "format", "name", "source", "encoder", "views", "records_sha256", "minimum_count", "versions", "lexicon",
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
    return json_hash([asdict(record) for record in records])


def fingerprint(manifest: dict) -> str:
    """The sha256 that names a bundle by what went into it: two bundles with one fingerprint hold the same."""
    return json_hash({key: manifest[key] for key in DESCRIPTION})


class Bundle:
    """An opened bundle, read-only. Get one from `Bundle.open`."""

    def __init__(self, path: Path, manifest: dict):
        """Read the files of a folder whose manifest has been checked; see `open`."""
        self.path, self.manifest = path, manifest
        self.name: str = manifest["name"]
        self.fingerprint: str = manifest["fingerprint"]
        self.encoder: dict = manifest["encoder"]
        self.lexicon: dict | None = manifest["lexicon"]
        self.views: list[str] = manifest["views"]
        self.images = [
            ImageRecord(**record) for record in read_json(path / "images.json", "image list")
        ]
        self.vocabulary = Vocabulary.load(path / "vocabulary.json")
        self.features = np.load(path / "features.npy", mmap_mode="r", allow_pickle=False)
        self._offsets = np.load(path / "thumbnails.npy", allow_pickle=False)

    @classmethod
    def open(cls, path: str | os.PathLike) -> "Bundle":
        """Open the bundle in folder `path` after checking all of it: format, sizes, hashes, shapes, values.

        Raises InputError, naming the file and the reason, where it is missing, of another format or damaged.
        """
        path = Path(path)
        try:
            manifest = _checked_manifest(path)
            for name in FILES:
                _check_file(path / name, manifest["files"][name])
            bundle = cls(path, manifest)
            bundle._check_arrays()
        except KeyError as error:
            file = path / "bundle.json"
            raise InputError(
                f"damaged bundle manifest {file}: {error} is missing; {AGAIN}"
            ) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise InputError(f"damaged bundle {path}: {reason(error)}; {AGAIN}") from error
        except OSError as error:
            raise InputError(f"cannot read bundle {path}: {reason(error)}") from error
        return bundle

    @property
    def channels(self) -> int:
        """C, the number of feature channels."""
        return self.features.shape[2]

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w), the positions the features are taken at."""
        return self.features.shape[3:]

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

    def feature_batch(self, indices: Sequence[int] | np.ndarray | Tensor, view: int = 0) -> Tensor:
        """The features of some images, float32 (n, C, h, w)."""
        rows = np.asarray(indices, dtype=np.int64)
        return torch.from_numpy(np.asarray(self.features[rows, view], dtype=np.float32))

    def thumbnail(self, i: int) -> Image.Image:
        """Image `i` as the encoder saw it, RGB."""
        i = range(len(self.images))[i]
        first, last = (int(offset) for offset in self._offsets[i : i + 2])
        with open(self.path / "thumbnails.jpgs", "rb") as file:
            file.seek(first)
            return Image.open(io.BytesIO(file.read(last - first))).convert("RGB")

    def _check_arrays(self) -> None:
        """Raise InputError unless the arrays have the manifest's shapes and types and are finite."""
        count = len(self.images)
        wanted = self.manifest["features"]
        for name, array, shape, dtype in (
            ("features.npy", self.features, (count, *wanted["shape"][1:]), wanted["dtype"]),
            ("thumbnails.npy", self._offsets, (count + 1,), "int64"),
        ):
            if array.shape != shape or array.dtype != dtype:
                got = f"{array.dtype} {array.shape} instead of {dtype} {shape}"
                raise InputError(f"damaged bundle file {self.path / name}: {got}; {AGAIN}")
        for first in range(0, count, 256):  # a slice at a time: the whole may not fit in memory
            if not np.isfinite(self.features[first : first + 256]).all():
                file = self.path / "features.npy"
                raise InputError(
                    f"damaged bundle file {file}: features that are not finite; {AGAIN}"
                )


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
    if manifest["fingerprint"] != fingerprint(manifest):
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
    """Raise InputError unless `file` has the size and the sha256 that the manifest gives."""
    if not file.is_file():
        raise InputError(f"bundle file {file} is missing; {AGAIN}")
    size = file.stat().st_size
    if size != wanted["bytes"]:
        raise InputError(
            f"damaged bundle file {file}: {size} bytes instead of {wanted['bytes']}; {AGAIN}"
        )
    if sha256(file) != wanted["sha256"]:
        raise InputError(
            f"damaged bundle file {file}: its content has changed (the sha256 differs); {AGAIN}"
        )
