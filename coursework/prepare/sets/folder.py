"""A folder of photos and a file with their captions.

The captions come in one of two forms, told apart by the file's ending:
- `.json`, as COCO has it: {"images": [{"id", "file_name"}], "annotations": [{"image_id", "caption"}]};
- anything else, CSV with the columns image and caption: a caption a row, as many rows an image as it has
  captions. A first row "image,caption" is optional; a caption with commas stands in double quotes. Instead
  of commas all columns may be separated by semicolons or tabs; the first row tells.
Both may give a `split` (a field of the image, a third column under a header): train, val or test.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from coursework.bundle import ImageRecord
from coursework.files import InputError, reason
from coursework.prepare.sets import coco
from coursework.prepare.sets.listing import (
    BAD_ROW,
    NO_CAPTION,
    PICTURES,
    SPLITS,
    Fault,
    Listing,
    draw,
    shared_out,
    tidied,
)
from coursework.prepare.sets.stored import Stored

IMAGE_COLUMNS = ("image", "file", "file_name", "filename", "image_name")
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}  # between columns, in words


def faultless_listing(
    images: Path, captions: Path, val: float = 0.1, test: float = 0.1, seed: int = 0
) -> Listing:
    """The photos in `images` that the file `captions` names, with their captions; see `folder_listing`.

    Raises InputError for whatever is missing, double, empty or unreadable: of one's own photos one wants to
    know.
    """
    captions = Path(captions)
    listing = folder_listing(images, captions, val, test, seed)
    if listing.faults:
        raise InputError(_in_words(captions, listing.faults))
    missing = listing.missing()
    if missing:
        raise InputError(
            f"{captions} names {len(missing)} images (of {len(listing.records)}) that are not in {images},"
            f" first {missing[0]!r}: add them, or go on without them with --present-only or --leave-out FILE"
        )
    return listing


def folder_listing(
    images: Path, captions: Path, val: float = 0.1, test: float = 0.1, seed: int = 0
) -> Listing:
    """The photos in the folder or zip `images` that the file `captions` names, with their captions.

    An image whose split is not given gets one by a hash of its name and `seed`, so that neither the order
    nor the other images matter: about the fraction `test` of them goes to test, `val` to val, the rest to
    train. With few images a split may stay empty, but not train: if all would go elsewhere, the one whose
    hash comes closest is put there. Photos without a caption in the file are left out. A name that the file
    gives with a folder, as dogs/1.jpg, means a photo in a folder of that name.

    Rows that make no sense and images without a caption are faults, and left out. Raises InputError where
    there is nothing to read, or no caption in it.
    """
    images, captions = Path(images), Path(captions)
    if not images.is_dir() and images.suffix.lower() != ".zip":
        raise InputError(f"no folder of images at {images}")
    if not captions.is_file():
        raise InputError(f"no caption file at {captions}")
    if min(val, test) < 0 or val + test >= 1:
        raise InputError(
            f"val {val:g} and test {test:g} are fractions: together they must be below 1"
        )
    faults: list[Fault] = []
    read = _from_json if captions.suffix.lower() == ".json" else _from_csv
    records = read(captions, faults)
    if not records:
        why = f" ({faults[0].where}: {faults[0].text})" if faults else ""
        raise InputError(f"{captions} has no captions{why}")
    settings = {"kind": "folder", "captions": captions.name, "val": val, "test": test, "seed": seed}
    name = images.resolve().name if images.is_dir() else images.stem
    records, stored = _with_splits(records, val, test, seed), Stored([images])
    image_of = partial(stored.find, strict=True)
    return Listing(name, settings, records, stored, faults, image_of=image_of)


def _in_words(captions: Path, faults: list[Fault]) -> str:
    """The first fault, and how many there are."""
    first = faults[0]
    in_file = first.where.startswith(captions.name)  # else it is an image
    place = captions.with_name(first.where) if in_file else f"{captions}, image {first.where!r}"
    more = f" (and {len(faults) - 1} more such faults)" if len(faults) > 1 else ""
    return f"{place}: {first.text}{more}"


def _from_json(path: Path, faults: list[Fault]) -> list[ImageRecord]:
    """The records of a caption file in COCO's form, in the order of its images; split "" if none is given."""
    return coco.read_captions(Stored([path]), path.as_posix(), "", None, faults).records


def _from_csv(path: Path, faults: list[Fault]) -> list[ImageRecord]:
    """The records of a CSV caption file, in the order in which images first appear."""
    splits: dict[str, str] = {}
    captions: dict[str, list[str]] = {}
    for where, row in _table(path, faults):
        image, split = row["image"], row.get("split", "")
        if split and split not in SPLITS:
            text = f"image {image!r} is in split {split!r}, not one of {', '.join(SPLITS)}"
        elif splits.setdefault(image, split) != split:
            text = f"image {image!r} is in another split further up"
        else:
            captions.setdefault(image, []).append(row["caption"])
            continue
        faults.append(Fault(BAD_ROW, where, text))
    records = []
    for image, texts in captions.items():
        kept = tidied(image, texts, faults)
        if kept:
            records.append(ImageRecord(image, splits[image], kept))
        else:
            faults.append(Fault(NO_CAPTION, image, "no caption is left of it"))
    return records


def _table(path: Path, faults: list[Fault]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of captions, each with its place in the file: its cells by their columns."""
    columns = ["image", "caption"]
    text = _text(path)
    delimiter = _delimiter(text)
    for i, (where, cells) in enumerate(_rows(path.name, text, delimiter, faults)):
        if i == 0 and _is_header(cells):
            columns = ["image", *(cell.lower() for cell in cells[1:])]
        elif len(cells) == len(columns):
            yield where, dict(zip(columns, cells, strict=True))
        else:
            wrong = f"{len(cells)} columns instead of {len(columns)} ({delimiter.join(columns)})"
            if len(cells) > len(columns):
                wrong += f": a caption with {DELIMITERS[delimiter]} must stand in double quotes"
            faults.append(Fault(BAD_ROW, where, wrong))


def _text(path: Path) -> str:
    """The content of a CSV file. Raises InputError if it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path} as CSV in UTF-8: {reason(error)}") from error


def _is_header(cells: list[str]) -> bool:
    lower = [cell.lower() for cell in cells]
    return "caption" in lower and lower[0] in IMAGE_COLUMNS


def _delimiter(text: str) -> str:
    """What separates the columns: commas, unless the first row makes more sense with others."""

    def sense(delimiter: str) -> int:
        _, cells = next(_rows("", text, delimiter, []), ("", [""]))
        two = len(cells) == 2
        return two + (_is_header(cells) or two and cells[0].lower().endswith(PICTURES))

    return max(DELIMITERS, key=sense)  # the first of equals


def _rows(
    name: str, text: str, delimiter: str, faults: list[Fault]
) -> Iterator[tuple[str, list[str]]]:
    """The rows of a CSV file that are not blank, each with its place; outer spaces are cut off."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    while True:
        where = f"{name}, line {reader.line_num + 1}"
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(
                Fault(BAD_ROW, where, f"not CSV, {reason(error)}: are its quotes in pairs?")
            )
            continue
        if any(cells):
            yield where, cells


def _with_splits(
    records: list[ImageRecord], val: float, test: float, seed: int
) -> list[ImageRecord]:
    """The records with every split filled in, by the rule that `folder_listing` states."""
    drawn = {r.file: shared_out(r.file, val, test, seed) for r in records if not r.split}
    given = [record.split for record in records if record.split]
    if drawn and "train" not in (*given, *drawn.values()):
        drawn[max(drawn, key=lambda file: draw(file, seed))] = "train"
    return [replace(record, split=record.split or drawn[record.file]) for record in records]
