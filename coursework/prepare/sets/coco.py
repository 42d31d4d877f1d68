"""COCO as it is published, or captions laid out as COCO's are: any captions_*.json, in folders and zips.

Photos are found by their names, and failing that by the number at the end of them: COCO 2017 has the photos
of 2014 under other names and in other splits, so that 000000000139.jpg and COCO_val2014_000000000139.jpg are
the same photo, and either will do for the other.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from coursework.bundle import ImageRecord
from coursework.files import InputError, reason
from coursework.prepare.download import addresses
from coursework.prepare.sets.listing import (
    BAD_ROW,
    HALF,
    NO_CAPTION,
    NO_IMAGE,
    SPLITS,
    TWICE,
    Fault,
    Listing,
    draw,
    shared_out,
    tidied,
)
from coursework.prepare.sets.stored import Stored, base_name

PARTS = ("train", "val")
OFFICIAL = re.compile(r"captions_(train|val)(2014|2017)\.json", re.IGNORECASE)
OTHER_TASKS = re.compile(
    r"(instances|person_keypoints|panoptic|stuff|image_info)_\w*\.json$", re.IGNORECASE
)
PART = re.compile(r"(?<![a-z])(train|val|test|dev)(?:id|idation|ing)?(?![a-z])")
PHOTO = re.compile(r"(?:^|/)(?:COCO_(train|val|test)(\d{4})_)?(\d{12})\.jpe?g$")
AT_COCO = re.compile(
    re.escape(addresses.COCO) + r"/(train|val)(2014|2017)/((?:COCO_\w+_)?\d{12}\.jpg)"
)
ADVICE = "COCO's captions are captions_*.json in annotations_trainval2017.zip"


@dataclass
class _Group:
    """What one caption file holds: `part` is train, val, test or, where its name says nothing, ""."""

    file: str
    part: str
    year: int | None
    records: list[ImageRecord]
    urls: dict[str, str]


def coco_listing(
    paths: Sequence[str | os.PathLike],
    parts: Sequence[str] = PARTS,
    year: int | None = None,
    counts: Mapping[str, int | None] | None = None,
) -> Listing:
    """The captions of the caption files found below `paths`, and the images found there.

    `parts`: of which official parts, train and val. Where both are there, train is split train, and val is
    shared out by a hash of the names to the splits val and test: half each, or so that there are as many as
    `counts` asks for ({"val": 4000}). Where there is one caption file only, its images are shared out to
    train, val and test, 80, 10 and 10 %; but a file that says test in its name is split test alone. A split
    that the file itself gives to an image stands.

    What is wrong with single images and captions is noted in `.faults`. Raises InputError if there is no
    caption file, or several that do not go together, or one of several that says in its name of no part.
    """
    stored = Stored(paths)
    faults, notes = [], []
    groups = [
        read_captions(stored, *found, faults) for found in _caption_files(stored, parts, year)
    ]
    _drop_repeated(groups, faults)
    records = _with_splits(groups, counts or {}, notes)
    if not records:
        raise InputError(f"{', '.join(g.file for g in groups)} has no image with a caption")
    years = {group.year for group in groups if group.year}
    settings = {"kind": "coco", "captions": sorted(base_name(group.file) for group in groups)}
    urls = {file: url for group in groups for file, url in group.urls.items()}
    return Listing(
        f"coco{years.pop()}" if len(years) == 1 else "coco",
        settings,
        records,
        stored,
        faults,
        notes,
        urls,
        image_of=images_by_number(stored, urls),
    )


def has_captions(stored: Stored, parts: Sequence[str] = PARTS, year: int | None = None) -> bool:
    """Whether `coco_listing` would find a caption file to read."""
    return bool(_official(stored, parts, year) or (year is None and _unofficial(stored)))


def images_by_number(stored: Stored, urls: Mapping[str, str]) -> Callable[[str], str | None]:
    """For `Listing.image_of`: finds a file by its name, else a COCO photo by its number.

    The last two parts of an address (val2017/000000000139.jpg) say in which of several folders.
    """
    numbers = {}

    def image_of(file: str) -> str | None:
        url = urls.get(file)
        if stored.has(file):
            return stored.find("/".join(url.split("/")[-2:]) if url else file)
        photo = PHOTO.search(file)
        if photo is None:
            return None
        if not numbers:
            numbers.update(_numbers(stored))
        return numbers.get(photo[3])

    return image_of


def _numbers(stored: Stored) -> dict[str, str]:
    """The stored name of every COCO photo by its number."""
    found = {"": ""}  # never empty: built once
    for name in stored.names((".jpg", ".jpeg")):
        photo = PHOTO.search(name)
        if photo:
            found.setdefault(photo[3], name)
    return found


def _caption_files(
    stored: Stored, parts: Sequence[str], year: int | None
) -> list[tuple[str, str, int | None]]:
    """The caption files to read: name in `stored`, part ("" if unknown) and year (None if unknown)."""
    official = _official(stored, parts, year)
    years = sorted({found_year for _, _, found_year in official})
    if len(years) > 1:
        places = ", ".join(_places(stored, [name for name, _, _ in official]))
        raise InputError(
            f"there are captions of {years[0]} and {years[1]} in {places}: choose with"
            f" --year {years[0]} or {years[1]}"
        )
    found = official or _unofficial(stored)
    if not found:
        raise InputError(_why_none(stored))
    twice = {part for _, part, _ in found if [p for _, p, _ in found].count(part) > 1}
    if twice:
        names = [name for name, part, _ in found if part in twice]
        raise InputError(
            f"there are two caption files, {names[0]} and {names[1]}: give one of them"
        )
    return found


def _places(stored: Stored, names: Sequence[str]) -> list[str]:
    """Which of the paths that were given hold the files."""
    paths = {str(path): path.as_posix() for path in stored.paths}
    held = {
        path: any(name == start or name.startswith(f"{start.rstrip('/')}/") for name in names)
        for path, start in paths.items()
    }
    return [path for path in paths if held[path]]


def official_part(name: str) -> tuple[str, int] | None:
    """Part and year of a caption file that is called as COCO's are, in small letters or capitals."""
    match = OFFICIAL.fullmatch(base_name(name))
    return (match[1].lower(), int(match[2])) if match else None


def _official(
    stored: Stored, parts: Sequence[str], year: int | None
) -> list[tuple[str, str, int | None]]:
    """COCO's own caption files, each once, train before val."""
    found = {}
    for name in stored.names(".json"):
        which = official_part(name)
        if which and which[0] in parts and year in (None, which[1]):
            found.setdefault(which, base_name(name))
    return [(stored.find(base), *which) for which, base in sorted(found.items())]


def _unofficial(stored: Stored) -> list[tuple[str, str, None]]:
    """Other files that may hold captions, with the part that their names speak of.

    Those that the user named; else those that are called captions; else the only one there is.
    """
    names = [n for n in stored.names(".json") if not official_part(n) and not OTHER_TASKS.search(n)]
    named = {path.as_posix() for path in stored.paths}
    found = [name for name in names if name in named]
    found = found or [name for name in names if "caption" in base_name(name).lower()]
    found = found or (names if len(names) == 1 else [])
    parts = [PART.search(base_name(name).lower()) for name in found]
    parts = ["val" if part and part[1] == "dev" else part[1] if part else "" for part in parts]
    return [(name, part, None) for name, part in zip(found, parts, strict=True)]


def _why_none(stored: Stored) -> str:
    """What to tell the user where there is no caption file."""
    other = [name for name in stored.names(".json") if OTHER_TASKS.search(name)]
    if other:
        return f"{other[0]} is not of captions ({stored} has no captions_*.json): {ADVICE}"
    official = [name for name in stored.names(".json") if official_part(name)]
    if official:
        bases = ", ".join(map(base_name, official))
        return f"only {bases} is in {stored}: give another --split or --year"
    packed = stored.archives()
    if packed:
        return f"no caption file (captions_*.json) in {stored}: unpack {packed[0]}, and name what is in it"
    return f"no caption file (captions_*.json) in {stored}: {ADVICE}"


def read_captions(
    stored: Stored, name: str, part: str, year: int | None, faults: list[Fault]
) -> _Group:
    """The images of a caption file that have captions, in its order, their split "" where none is given."""
    images, annotations = _lists(name, parsed(stored, name, "caption file"))
    captions, urls, splits = {}, {}, {}
    listed = {}  # image id: file
    for image in images:
        wrong = _wrong_with(image)
        if wrong:
            faults.append(Fault(BAD_ROW, base_name(name), f"{wrong}: {image!r:.80}"))
            continue
        number, file = str(image["id"]), image["file_name"].strip()
        if number in listed or file in captions:
            text = f"image {number} is listed twice in {base_name(name)}"
            faults.append(Fault(TWICE, file, text))
            continue
        listed[number], captions[file], splits[file] = file, [], _split(image, faults)
        url = _address(image, part, year)
        if url:
            urls[file] = url
    _add_captions(name, annotations, listed, captions, faults)
    records = []
    for file, texts in captions.items():
        kept = tidied(file, texts, faults)
        if kept and splits[file] is not None:
            records.append(ImageRecord(file, splits[file], kept))
        elif not kept:
            faults.append(Fault(NO_CAPTION, file, f"{base_name(name)} has no caption for it"))
    return _Group(name, part, year, records, urls)


def parsed(stored: Stored, name: str, what: str) -> object:
    """The content of a JSON file, called `what` in messages. Raises InputError if it is damaged."""
    try:
        return json.loads(stored.read(name).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"damaged {what} {name}: not JSON, {reason(error)}") from error


def _lists(name: str, content: object) -> tuple[list, list]:
    """The images and annotations of a caption file. Raises InputError if it is something else."""
    if isinstance(content, list):
        raise InputError(
            f"{name} holds results (a list), not COCO's images and annotations: {ADVICE}"
        )
    lists = [
        content.get(key) if isinstance(content, dict) else None for key in ("images", "annotations")
    ]
    images, annotations = lists
    if isinstance(images, list) and images and _is_row(images[0], "sentences"):
        raise InputError(f"{name} is in Karpathy's form: use python -m coursework prepare karpathy")
    if not isinstance(images, list) or not isinstance(annotations, list):
        raise InputError(
            f'{name} is not in COCO\'s form: it has no "images" and "annotations". {ADVICE}'
        )
    if annotations and not any(_is_row(row, "caption") for row in annotations[:1000]):
        raise InputError(f"{name} has annotations, but no captions among them: {ADVICE}")
    return images, annotations


def _wrong_with(row: object) -> str:
    """Why a row is no image; "" if it is one."""
    named = _is_row(row, "id", "file_name") and isinstance(row["file_name"], str)
    if not named or not row["file_name"].strip():
        return "an image without id or file_name"
    return "half a character in its file_name" if HALF.search(row["file_name"]) else ""


def _is_row(row: object, *keys: str) -> bool:
    return isinstance(row, dict) and all(key in row for key in keys)


def _split(image: dict, faults: list[Fault]) -> str | None:
    """The split that a row gives to its image, "" if none, None if there is none such."""
    split = image.get("split") or ""
    if split and split not in SPLITS:
        faults.append(
            Fault(BAD_ROW, str(image["file_name"]), f"split {split!r} is not train, val or test")
        )
        return None
    return split


def _address(image: dict, part: str, year: int | None) -> str | None:
    """Where COCO has a photo on the web, None for a photo that is not COCO's."""
    given, photo = image.get("coco_url"), PHOTO.match(image["file_name"])
    if photo and photo[1]:
        part, year = photo[1], int(photo[2])
    made = addresses.coco_image(part, year, photo[0]) if photo and part and year else ""
    return next((u for u in (given, made) if isinstance(u, str) and AT_COCO.fullmatch(u)), None)


def _add_captions(
    name: str, rows: list, listed: dict[str, str], captions: dict[str, list], faults: list[Fault]
) -> None:
    """Put the text of every annotation to its image; what has no image, or is there twice, is a fault."""
    seen = set()
    for row in rows:
        if not _is_row(row, "image_id", "caption"):
            text = f"not a caption with image_id: {row!r:.80}"
            faults.append(Fault(BAD_ROW, base_name(name), text))
            continue
        number = str(row["image_id"])
        file = listed.get(number)
        if file is None:
            text = f"{base_name(name)} does not list image {number}"
            faults.append(Fault(NO_IMAGE, number, text))
            continue
        same = (str(row.get("id")), number, str(row["caption"]))
        if "id" in row and same in seen:
            faults.append(Fault(TWICE, file, f"caption {same[0]} is there twice: {same[2]:.80}"))
            continue
        seen.add(same)
        captions[file].append(row["caption"])


def _drop_repeated(groups: list[_Group], faults: list[Fault]) -> None:
    """Leave out images that another caption file has given already."""
    seen = {}
    for group in groups:
        for record in group.records:
            other = seen.setdefault(record.file, group)
            if other is not group:
                text = f"{base_name(group.file)} lists what {base_name(other.file)} has listed"
                faults.append(Fault(TWICE, record.file, text))
        group.records = [record for record in group.records if seen[record.file] is group]


def _with_splits(
    groups: list[_Group], counts: Mapping[str, int | None], notes: list[str]
) -> list[ImageRecord]:
    """The records of all groups with every split filled in, by the rule that `coco_listing` states."""
    known = {group.part for group in groups}
    records = []
    for group in groups:
        asked = [record.file for record in group.records if not record.split]
        splits, said = _splits(group, asked, known, counts) if asked else ({}, "")
        notes += [f"{base_name(group.file)} is shared out to {said}"] if said else []
        records += [replace(r, split=r.split or splits[r.file]) for r in group.records]
    return records


def _splits(
    group: _Group, asked: list[str], known: set[str], counts: Mapping[str, int | None]
) -> tuple[dict[str, str], str]:
    """The split of each of the files `asked`, and if they are shared out to several, to which and why.

    `known`: the parts of all groups. Raises InputError if it cannot be told.
    """
    alone = known == {group.part}
    if not group.part and not alone:
        raise InputError(
            f"{group.file}: its name does not say train, val or test: give each image a split, or name only"
            " the files you mean"
        )
    if group.part == "test":
        return dict.fromkeys(asked, "test"), ""
    if alone or "train" not in known:
        why = "it is all there is" if alone else "there are none of train"
        test, shares = (
            (0, "val (90, 10 %)") if "test" in known else (0.1, "val, test (80, 10, 10 %)")
        )
        return {file: shared_out(file, test=test) for file in asked}, f"train, {shares}: {why}"
    if group.part == "val" and "test" not in known:
        return _halves(asked, counts), "val and test"
    return dict.fromkeys(asked, group.part), ""


def _halves(files: list[str], counts: Mapping[str, int | None]) -> dict[str, str]:
    """val or test for each of the files: by halves, unless more than half is asked for in one of them."""
    order = sorted(files, key=lambda file: (draw(file), file))
    val, test = counts.get("val"), counts.get("test")
    if val and test and val + test > len(files):
        raise InputError(
            f"{val:,} images for val and {test:,} for test: together there are {len(files):,}"
        )
    border = max(len(files) // 2, val or 0) if val != 0 else 0
    if test is not None:
        border = min(border, len(files) - test) if test else len(files)
    return {file: "val" if rank < border else "test" for rank, file in enumerate(order)}
