"""Karpathy's splits of COCO, Flickr8k and Flickr30k, which papers report their scores on.

    {"dataset": "coco", "images": [{"filepath": "val2014", "filename": "COCO_val2014_000000522418.jpg",
     "split": "restval", "sentences": [{"raw": "A woman ...", "tokens": ["a", "woman", ...]}, ...]}, ...]}

`filepath` is there in COCO's file only. Its split `restval` is the rest of the validation images of 2014,
30,504 of them, which papers train on as well.
"""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from coursework.bundle import ImageRecord
from coursework.files import InputError
from coursework.prepare.download import addresses
from coursework.prepare.sets.coco import AT_COCO, images_by_number, parsed
from coursework.prepare.sets.listing import (
    BAD_ROW,
    HALF,
    NO_CAPTION,
    SPLITS,
    TWICE,
    Fault,
    Listing,
    tidied,
)
from coursework.prepare.sets.stored import Stored, base_name

RESTVAL = "restval"
RESTVAL_GOES = {"train": "are in train", "out": "are left out"}
SAMPLE = 200  # images by which it is judged whose splits are meant
ADVICE = "Karpathy's splits are dataset_coco.json, dataset_flickr8k.json and dataset_flickr30k.json"


def karpathy_listing(
    dataset: str | os.PathLike, images: Sequence[str | os.PathLike], restval: str = "train"
) -> Listing:
    """The images of the file `dataset` with their captions and splits; photos are looked for in `images`.

    `dataset` may also be a zip or folder that holds such a file, and where it holds several, the one whose
    images are there is meant; caption_datasets.zip/dataset_coco.json names one. `restval`: whether the images
    of that split are put to train ("train") or left out ("out"). Where a file name occurs in several folders,
    it is given with its folder.

    What is wrong with single images and captions is noted in `.faults`. Raises InputError if there is no such
    file or no image in it has a caption.
    """
    if restval not in RESTVAL_GOES:
        raise InputError(f"restval goes to train or out, not to {restval!r}")
    stored = Stored(images)
    name, content = _dataset(Path(dataset), stored)
    rows, faults, notes = content["images"], [], []
    records, urls = _records(name, rows, faults)
    left = sum(record.split == RESTVAL for record in records)
    records = [_put(record, restval) for record in records]
    records = [record for record in records if record]
    if left:
        notes.append(f"{left:,} images of split restval {RESTVAL_GOES[restval]}")
    if not records:
        raise InputError(f"{name} has no image with a caption in {', '.join(SPLITS)}")
    kind = str(content.get("dataset") or Path(name).stem.removeprefix("dataset_"))
    settings = {"kind": "karpathy", "dataset": kind, "restval": restval}
    return Listing(
        f"karpathy-{kind}",
        settings,
        records,
        stored,
        faults,
        notes,
        urls,
        image_of=images_by_number(stored, urls),
    )


def _put(record: ImageRecord, restval: str) -> ImageRecord | None:
    """The record with restval resolved; None if it is left out."""
    if record.split != RESTVAL:
        return record
    return ImageRecord(record.file, "train", record.captions) if restval == "train" else None


def _dataset(path: Path, stored: Stored) -> tuple[str, dict]:
    """Name and content of the dataset_*.json meant."""
    holder = next((p for p in (path, *path.parents) if p.exists()), path)
    if holder != path and holder.suffix.lower() != ".zip":
        raise InputError(f"no file or folder at {path}")
    inside = path.name if holder != path else None
    packed = Stored([holder])
    names = [name for name in packed.names(".json") if inside in (None, base_name(name))]
    if not names:
        raise InputError(f"there is no {inside or 'dataset_*.json'} in {holder}: {ADVICE}")
    dataset_names = [name for name in names if base_name(name).startswith("dataset")]
    names = sorted(dataset_names or names, key=packed.size)
    found = {}
    for name in names:
        found[name] = _checked(name, parsed(packed, name, "file of splits"))
        if len(names) > 1 and _fits(found[name]["images"], stored):
            return name, found[name]
    if len(names) > 1:
        short = ", ".join(map(base_name, names))
        raise InputError(
            f"{holder} holds {short}, and the images of none of them are in {stored}: name the folder or zip"
            f" that has them, or choose with {holder / base_name(names[-1])}"
        )
    return names[0], found[names[0]]


def _checked(name: str, content: object) -> dict:
    """The content, if it is laid out as Karpathy's files are. Raises InputError if not."""
    images = content.get("images") if isinstance(content, dict) else None
    if isinstance(content, dict) and "annotations" in content:
        raise InputError(
            f"{name} is in COCO's own form: use python -m coursework prepare coco. {ADVICE}"
        )
    if not isinstance(images, list) or not any(
        isinstance(row, dict) and "sentences" in row for row in images[:SAMPLE]
    ):
        raise InputError(
            f'{name} is not laid out as Karpathy\'s files ("images" with "sentences"): {ADVICE}'
        )
    return content


def _fits(rows: list, stored: Stored) -> bool:
    """Whether some of the images are there, judged by a sample spread over all of them."""
    sample = rows[:: max(1, len(rows) // SAMPLE)]
    return any(isinstance(row, dict) and stored.has(str(row.get("filename"))) for row in sample)


def _records(
    name: str, rows: list, faults: list[Fault]
) -> tuple[list[ImageRecord], dict[str, str]]:
    """The records with captions, their splits as the file has them, and the addresses of COCO's photos."""
    good = [row for row in rows if _is_good(name, row, faults)]
    often = Counter(row["filename"] for row in good)
    records, urls = {}, {}
    for row in good:
        whole = f"{row.get('filepath') or ''}/{row['filename']}".lstrip("/")
        file = row["filename"] if often[row["filename"]] == 1 else whole
        if file in records:
            faults.append(Fault(TWICE, file, f"{name} lists it twice"))
            continue
        captions = tidied(file, map(_text, row["sentences"]), faults)
        if not captions:
            faults.append(Fault(NO_CAPTION, file, f"{name} has no caption for it"))
            continue
        records[file] = ImageRecord(file, row["split"], captions)
        if AT_COCO.fullmatch(f"{addresses.COCO}/{whole}"):
            urls[file] = f"{addresses.COCO}/{whole}"
    return list(records.values()), urls


def _is_good(name: str, row: object, faults: list[Fault]) -> bool:
    """Whether a row has all that is needed; if not, that is a fault."""
    where = base_name(name)
    if not isinstance(row, dict) or not isinstance(row.get("filename") or None, str):
        wrong = f"an image without filename: {row!r:.80}"
    elif HALF.search(f"{row.get('filepath')}/{row['filename']}"):
        wrong = f"half a character in its filename: {row!r:.80}"
    else:
        where, wrong = row["filename"], _wrong_inside(row)
    if wrong:
        faults.append(Fault(BAD_ROW, where, wrong))
    return not wrong


def _wrong_inside(row: dict) -> str:
    """Why an image with a name is of no use; "" if it is of use."""
    if not isinstance(row.get("sentences"), list):
        return "it has no list of sentences"
    if row.get("split") not in (*SPLITS, RESTVAL):
        return f"split {row.get('split')!r} is not train, restval, val or test"
    return ""


def _text(sentence: object) -> object:
    """The caption as it was written, or where that is not kept its words."""
    if not isinstance(sentence, dict):
        return None
    raw, tokens = sentence.get("raw"), sentence.get("tokens")
    return (
        raw if isinstance(raw, str) or not isinstance(tokens, list) else " ".join(map(str, tokens))
    )
