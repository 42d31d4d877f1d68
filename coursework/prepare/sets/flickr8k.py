"""Flickr8k, in the two forms that are about: as its authors publish it, and as Kaggle has it.

- Flickr8k_text.zip and Flickr8k_Dataset.zip: Flickr8k.token.txt with lines "IMAGE.jpg#0<tab>caption", and
  the official splits in Flickr_8k.trainImages.txt, .devImages.txt and .testImages.txt, an image a line;
- archive.zip: captions.txt, CSV with the columns image and caption, beside Images/; it has no splits.

Both have the same 40,455 captions of 8,091 images. Folders do as well as zips. Cite M. Hodosh, P. Young and
J. Hockenmaier, "Framing Image Description as a Ranking Task", JAIR 47 (2013).
"""

import csv
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from coursework.bundle import ImageRecord
from coursework.files import InputError, reason
from coursework.prepare.download import Broken, Refused, fetch
from coursework.prepare.download.addresses import FLICKR8K_IMAGES, FLICKR8K_TEXT
from coursework.prepare.sets.listing import (
    BAD_ROW,
    NO_CAPTION,
    NO_IMAGE,
    NO_SPLIT,
    PICTURES,
    TWICE,
    Fault,
    Listing,
    draw,
    tidied,
)
from coursework.prepare.sets.stored import Stored, base_name

TOKENS, TABLE = "Flickr8k.token.txt", "captions.txt"
# An image that stands in two of them stays in the first: what is tested must not be learnt.
SPLIT_FILES = {
    "test": "Flickr_8k.testImages.txt",
    "val": "Flickr_8k.devImages.txt",
    "train": "Flickr_8k.trainImages.txt",
}
TRAIN, HELD_OUT = 6000, 1000  # images in train, and in each of val and test
KAGGLE = "kaggle.com/datasets/adityajn105/flickr8k"

Line = tuple[str, str]  # where it stands, for messages, and its text


def flickr8k_listing(paths: Sequence[str | os.PathLike]) -> Listing:
    """What the folders, zips and files in `paths` hold of Flickr8k; the official dev split is "val".

    Without any of the official split files the images are shared out by their names, just as many to each
    split. Rows that make no sense, captions under a name that is no image's (2258277193_586949ec62.jpg.1 in
    the authors' file), names in the split files that have no caption and images in no split are faults, and
    left out. Raises InputError if there is no caption file, or no caption in it.
    """
    stored = Stored(paths)
    faults, notes = [], []
    captions = _captions(stored, faults)
    splits = _official_splits(stored, captions, faults, notes)
    official = splits is not None
    if splits is None:
        splits = _splits_by_name(captions, notes)
    records = [
        ImageRecord(file, splits[file], texts) for file, texts in captions.items() if file in splits
    ]
    if not records:
        raise InputError(
            f"the split files in {stored} name none of the {len(captions):,} images that have captions:"
            " do they belong to Flickr8k?"
        )
    faults += [
        Fault(NO_SPLIT, file, "it has captions, but no split")
        for file in captions
        if file not in splits
    ]
    settings = {"kind": "flickr8k", "splits": "official" if official else "by name"}
    return Listing("flickr8k", settings, records, stored, faults, notes)


def flickr8k_download(folder: str | os.PathLike, progress: bool = True) -> list[Path]:
    """The two zips of Flickr8k in `folder`, downloaded (1.1 GB) unless they are there.

    Raises InputError, with the ways to get them by hand, where they cannot be had.
    """
    addresses = (
        FLICKR8K_TEXT,
        FLICKR8K_IMAGES,
    )  # the small one first: it tells whether all is well
    try:
        return [fetch(one.url, Path(folder) / one.name, progress=progress) for one in addresses]
    except InputError as error:
        if not isinstance(error.__cause__, (Broken, Refused)):  # the disk, not the address
            raise
        raise InputError(
            f"{error}. The archive that Kaggle has serves as well, zipped as it comes: get it from {KAGGLE}"
            " and name it, python -m coursework prepare flickr8k archive.zip"
        ) from error


def _captions(stored: Stored, faults: list[Fault]) -> dict[str, list[str]]:
    """The captions of every image that has any, in the order of the file."""
    name = stored.find(TOKENS) or stored.find(TABLE)
    if name is None:
        raise InputError(
            f"no captions of Flickr8k in {stored}: name the zip or folder that has {TOKENS}"
            f" ({FLICKR8K_TEXT.name}) or {TABLE} (the archive that Kaggle has)"
        )
    read = _from_tokens if name == stored.find(TOKENS) else _from_table
    gathered: dict[str, list[str]] = {}
    for image, caption in read(_lines(stored, name, faults), faults):
        if image.lower().endswith(PICTURES):
            gathered.setdefault(image, []).append(caption)
        else:
            faults.append(Fault(NO_IMAGE, image, f"not the name of an image: {caption!r}"))
    captions = {image: tidied(image, texts, faults) for image, texts in gathered.items()}
    for image, texts in captions.items():
        if not texts:
            faults.append(Fault(NO_CAPTION, image, "all its captions are empty"))
    captions = {image: texts for image, texts in captions.items() if texts}
    if not captions:
        first = f"; {faults[0].where}: {faults[0].text}" if faults else ""
        raise InputError(f"{name} has no captions in the form of Flickr8k{first}")
    return captions


def _lines(stored: Stored, name: str, faults: list[Fault]) -> Iterator[Line]:
    """The lines of a text file that are not blank."""
    short = base_name(name)
    for number, raw in enumerate(stored.read(name).splitlines(), start=1):
        where = f"{short}, line {number}"
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            faults.append(Fault(BAD_ROW, where, f"not UTF-8: {reason(error)}"))
            continue
        if line:
            yield where, line


def _from_tokens(lines: Iterable[Line], faults: list[Fault]) -> Iterator[tuple[str, str]]:
    """(image, caption) of lines "IMAGE#0<tab>caption"."""
    for where, line in lines:
        key, _, caption = line.partition("\t")
        image, _, number = key.rpartition("#")
        if image and number.strip().isdigit():
            yield image.strip(), caption
        else:
            faults.append(Fault(BAD_ROW, where, f"not IMAGE#NUMBER, a tab, a caption: {line!r}"))


def _from_table(lines: Iterable[Line], faults: list[Fault]) -> Iterator[tuple[str, str]]:
    """(image, caption) of lines of CSV, a header or none.

    Every line is read for itself, so that a quote which is never closed spoils one and not the rest.
    """
    for i, (where, line) in enumerate(lines):
        try:
            cells = [cell.strip() for cell in next(csv.reader([line], strict=True))]
        except csv.Error as error:
            faults.append(Fault(BAD_ROW, where, f"not CSV, {reason(error)}: {line!r}"))
            continue
        if i == 0 and cells[-1].lower() == "caption":
            continue
        if len(cells) == 2:
            yield cells[0], cells[1]
            continue
        hint = "; a caption with commas must stand in double quotes" if len(cells) > 2 else ""
        text = f"{len(cells)} columns instead of image,caption{hint}: {line!r}"
        faults.append(Fault(BAD_ROW, where, text))


def _official_splits(
    stored: Stored, captions: Collection[str], faults: list[Fault], notes: list[str]
) -> dict[str, str] | None:
    """The split of every image that the split files name; None without any such file."""
    found = {split: stored.find(file) for split, file in SPLIT_FILES.items()}
    if not any(found.values()):
        return None
    splits: dict[str, str] = {}
    for split, name in found.items():
        if name is None:
            notes.append(f"{SPLIT_FILES[split]} is not there, so there is no split {split}")
            continue
        for where, image in _lines(stored, name, faults):
            if image in splits:
                text = f"{where}, but it is in {splits[image]} already"
                faults.append(Fault(TWICE, image, text))
            elif image in captions:
                splits[image] = split
            else:
                faults.append(Fault(NO_CAPTION, image, f"{where}, but there is no caption of it"))
    return splits


def _splits_by_name(images: Collection[str], notes: list[str]) -> dict[str, str]:
    """As many images to each split as officially, or an eighth each to val and test of fewer images."""
    notes.append(
        "without the official split files the images are shared out by their names: scores do not compare"
        " with published ones"
    )
    order = sorted(images, key=lambda image: (draw(image), image))
    held_out = min(HELD_OUT, len(order) // 8)
    test, val, train = (
        order[:held_out],
        order[held_out : 2 * held_out],
        order[2 * held_out :][:TRAIN],
    )
    parts = {"test": test, "val": val, "train": train}
    return {image: split for split, files in parts.items() for image in files}
