"""Which data set is it? Files and folders told apart by what lies in them, and read by the right reader."""

import os
from collections.abc import Sequence
from pathlib import Path

from coursework.files import InputError
from coursework.prepare.sets.coco import OTHER_TASKS, coco_listing, official_part
from coursework.prepare.sets.coco_pt import coco_pt_listing
from coursework.prepare.sets.flickr8k import flickr8k_listing
from coursework.prepare.sets.folder import folder_listing
from coursework.prepare.sets.karpathy import karpathy_listing
from coursework.prepare.sets.listing import Listing
from coursework.prepare.sets.stored import Stored, base_name

FLICKR8K = ("flickr8k.token.txt", "captions.txt")
KARPATHY = (b'"sentids"', b'"sentences"')  # what the first image of such a file has
BEGINNING = 1 << 16  # bytes of a JSON file in which its first image stands
KNOWN = "captions_*.json of COCO, captions.txt or Flickr8k.token.txt, dataset_*.json, coco.pt, or a .csv"


def listing_of(paths: Sequence[str | os.PathLike]) -> Listing:
    """The data set that lies at `paths`, in folders, zips and single files.

    A caption file among the paths themselves settles it, else what is found below them. Raises InputError if
    there are no captions, or those of several data sets.
    """
    paths = [Path(path) for path in paths]
    named = [path for path in paths if path.is_file() and path.suffix.lower() != ".zip"]
    stored = Stored(named)
    found = _caption_files(stored)
    if not found:
        stored = Stored(paths)
        found = _caption_files(stored)
    if not found:
        raise InputError(f"no captions in {stored}: name the file that has them ({KNOWN})")
    if len(found) > 1:
        files = " and ".join(names[0] for names in found.values())
        raise InputError(f"there are captions of several data sets, {files}: name the file of one")
    ((kind, names),) = found.items()
    return READERS[kind](paths, names)


def _caption_files(stored: Stored) -> dict[str, list[str]]:
    """The files that may hold captions, by the kind of data set. COCO's own go before others in its form."""
    found: dict[str, list[str]] = {}
    for name in stored.names((".json", ".txt", ".csv", ".pt")):
        kind = _kind(stored, name)
        if kind:
            found.setdefault(kind, []).append(name)
    if "coco" in found:
        found.pop("folder", None)
    return found


def _kind(stored: Stored, name: str) -> str | None:
    base = base_name(name).lower()
    if base in FLICKR8K:
        return "flickr8k"
    if base.endswith(".pt"):
        return "coco-pt"
    if official_part(base):
        return "coco"
    if base.endswith(".csv"):
        return "folder"
    if base.endswith(".json") and not OTHER_TASKS.search(base):
        beginning = stored.read(name)[:BEGINNING]
        return "karpathy" if any(word in beginning for word in KARPATHY) else "folder"
    return None


def _one(names: Sequence[str]) -> str:
    """The only one of several caption files. Raises InputError if there are more."""
    if len(names) > 1:
        raise InputError(
            f"there are two caption files, {names[0]} and {names[1]}: name one of them"
        )
    return names[0]


def _coco(paths: Sequence[Path], names: Sequence[str]) -> Listing:
    """COCO's own files: the parts and the year that their names say."""
    parts, years = map(set, zip(*map(official_part, names)))
    if len(years) > 1:
        both = " and ".join(map(str, sorted(years)))
        raise InputError(
            f"there are captions of {both}, {', '.join(names)}: name the caption file itself, or the zip"
            " of one year alone"
        )
    return coco_listing(paths, sorted(parts), years.pop())


def _folder(paths: Sequence[Path], names: Sequence[str]) -> Listing:
    """Photos of one's own, with a caption file of any name."""
    if names[0].lower().endswith(".json") and (len(names) > 1 or not Path(names[0]).is_file()):
        return coco_listing(paths)  # several parts, or in a zip
    file = Path(_one(names))
    images = [path for path in paths if path.is_dir() or path.suffix.lower() == ".zip"]
    return folder_listing(images[0] if images else file.parent, file)


def _karpathy(paths: Sequence[Path], names: Sequence[str]) -> Listing:
    """Karpathy's: of several files in one zip the reader finds the one whose images are there."""
    inside = (path for path in paths if all(name.startswith(path.as_posix()) for name in names))
    dataset = names[0] if len(names) == 1 else next(inside, None)
    return karpathy_listing(dataset or _one(names), paths)


READERS = {
    "coco": _coco,
    "coco-pt": lambda paths, names: coco_pt_listing(_one(names)),
    "flickr8k": lambda paths, names: flickr8k_listing(paths),
    "folder": _folder,
    "karpathy": _karpathy,
}
