"""A folder of photos and a file with their captions, as a source.

The captions come in one of two forms, told apart by the file's ending:
- `.json`, as COCO has it: {"images": [{"id", "file_name"}], "annotations": [{"image_id", "caption"}]};
- anything else, CSV with the columns image and caption: a caption a row, as many rows an image as it has
  captions. A first row "image,caption" is optional; a caption with commas stands in double quotes.
Both may give a `split` (a field of the image, a third column under a header): train, val or test.
"""

import csv
import hashlib
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from coursework.bundle import ImageRecord, json_hash
from coursework.files import InputError, read_json, reason
from coursework.prepare.build import Source
from coursework.prepare.images import read_image

SPLITS = ("train", "val", "test")
IMAGE_COLUMNS = ("image", "file", "file_name", "filename", "image_name")


def folder_source(
    images: Path, captions: Path, val: float = 0.1, test: float = 0.1, seed: int = 0
) -> Source:
    """The photos in folder `images` that the file `captions` names, with their captions.

    An image whose split is not given gets one by a hash of its name and `seed`, so that neither the order
    nor the other images matter: about the fraction `test` of them goes to test, `val` to val, the rest to
    train. With few images a split may stay empty, but not train: if all would go elsewhere, the one whose
    hash comes closest is put there. Photos without a caption in the file are left out.

    Raises InputError for whatever is missing, double, empty or unreadable.
    """
    images, captions = Path(images), Path(captions)
    if not images.is_dir():
        raise InputError(f"no folder of images at {images}")
    if not captions.is_file():
        raise InputError(f"no caption file at {captions}")
    if min(val, test) < 0 or val + test >= 1:
        raise InputError(
            f"val {val:g} and test {test:g} are fractions: together they must be below 1"
        )
    records = _read_records(captions)
    sizes = _sizes(images, captions, [record.file for record in records])
    records = _with_splits(records, val, test, seed)
    settings = {"kind": "folder", "captions": captions.name, "val": val, "test": test, "seed": seed}
    settings["image_sizes_sha256"] = json_hash(
        sizes
    )  # a photo that was exchanged makes another bundle
    name = images.resolve().name
    return Source(name, settings, records, lambda i: read_image(images / records[i].file))


def _read_records(path: Path) -> list[ImageRecord]:
    """The records of a caption file, their split "" where none is given."""
    records = _from_json(path) if path.suffix.lower() == ".json" else _from_csv(path)
    if not any(record.captions for record in records):
        raise InputError(f"{path} has no captions")
    for record in records:
        if not record.captions:
            raise InputError(f"{path}: image {record.file!r} has no caption")
        if not all(record.captions):
            raise InputError(f"{path}: image {record.file!r} has an empty caption")
        if record.split and record.split not in SPLITS:
            raise InputError(
                f"{path}: image {record.file!r} is in split {record.split!r}, not one of {', '.join(SPLITS)}"
            )
    return records


def _from_json(path: Path) -> list[ImageRecord]:
    """The records of a caption file in COCO's form, in the order of its images."""
    content = read_json(path, "caption file")
    try:
        records = {
            image["id"]: ImageRecord(image["file_name"].strip(), image.get("split") or "", [])
            for image in content["images"]
        }
        for annotation in content["annotations"]:
            records[annotation["image_id"]].captions.append(annotation["caption"].strip())
        listed = [image[key] for key in ("id", "file_name") for image in content["images"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(_what_is_wrong(path, content, error)) from error
    twice = [name for name, count in Counter(map(repr, listed)).items() if count > 1]
    if twice:
        raise InputError(f"{path} lists image {twice[0]} twice")
    return list(records.values())


def _what_is_wrong(path: Path, content: object, error: Exception) -> str:
    """What to tell the user about JSON whose captions could not be gathered."""
    with suppress(KeyError, TypeError):
        known = {image["id"] for image in content["images"]}
        lost = [a["image_id"] for a in content["annotations"] if a["image_id"] not in known]
        if lost:
            return f"{path} has {len(lost)} captions for images it does not list, first image_id {lost[0]!r}"
    return (
        f"{path} is not in COCO's form, images with id and file_name and annotations with image_id and "
        f"caption ({type(error).__name__}: {error})"
    )


def _from_csv(path: Path) -> list[ImageRecord]:
    """The records of a CSV caption file, in the order in which images first appear."""
    rows = _rows(path)
    columns, records = ["image", "caption"], {}
    header = [cell.lower() for cell in rows[0][1]] if rows else []
    if "caption" in header and header[0] in IMAGE_COLUMNS:
        columns, rows = ["image", *header[1:]], rows[1:]
    for line, cells in rows:
        if len(cells) != len(columns):
            hint = (
                ": a caption with commas must stand in double quotes"
                if len(cells) > len(columns)
                else ""
            )
            raise InputError(
                f"{path}, line {line}: {len(cells)} columns instead of {len(columns)} "
                f"({','.join(columns)}){hint}"
            )
        row = dict(zip(columns, cells, strict=True))
        split = row.get("split", "")
        record = records.setdefault(row["image"], ImageRecord(row["image"], split, []))
        if record.split != split:
            raise InputError(
                f"{path}, line {line}: image {record.file!r} is in another split further up"
            )
        record.captions.append(row["caption"])
    return list(records.values())


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a CSV file that are not blank, each with its line number; outer spaces are cut off."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path} as CSV in UTF-8: {reason(error)}") from error
    return [(line, cells) for line, cells in rows if any(cells)]


def _sizes(images: Path, captions: Path, files: list[str]) -> list[int]:
    """The size of every image file in bytes. Raises InputError with the first missing and their number."""
    missing = [file for file in files if not (images / file).is_file()]
    if missing:
        raise InputError(
            f"{captions} names {len(missing)} images (of {len(files)}) that are not in {images}, "
            f"first {missing[0]!r}: add them, or take their captions out"
        )
    return [(images / file).stat().st_size for file in files]


def _with_splits(
    records: list[ImageRecord], val: float, test: float, seed: int
) -> list[ImageRecord]:
    """The records with every split filled in, by the rule that `folder_source` states."""
    draws = {record.file: _draw(record.file, seed) for record in records if not record.split}
    splits = {file: _split_of(draw, val, test) for file, draw in draws.items()}
    given = [record.split for record in records if record.split]
    if draws and "train" not in (*given, *splits.values()):
        splits[max(draws, key=draws.get)] = "train"
    return [replace(record, split=record.split or splits[record.file]) for record in records]


def _split_of(draw: float, val: float, test: float) -> str:
    if draw < test:
        return "test"
    return "val" if draw < test + val else "train"


def _draw(name: str, seed: int) -> float:
    """A number in [0, 1) that depends on `name` and `seed` alone."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big") / 2**64
