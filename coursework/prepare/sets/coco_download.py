"""What of COCO is not there yet: fetched once, into one folder, and used again from there.

FOLDER/annotations_trainval2017.zip          read where it lies
FOLDER/train2017/000000000009.jpg            single photos, of those that were needed
FOLDER/train2017.zip                         or all photos of a part
FOLDER/missing.txt                           names of photos that are not to be had, for --leave-out
"""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from coursework.files import InputError, size_text, written_beside
from coursework.prepare.download import Failure, addresses, fetch, fetch_many
from coursework.prepare.sets.coco import (
    AT_COCO,
    OTHER_TASKS,
    PARTS,
    PHOTO,
    coco_listing,
    has_captions,
    images_by_number,
    official_part,
)
from coursework.prepare.sets.listing import PICTURES, Listing
from coursework.prepare.sets.stored import Stored

YEARS = (2014, 2017)
MANY = 20_000  # photos: above, one by one takes hours, and nobody should start that without knowing
PHOTO_BYTES = 165_000  # of one photo, on average
SPARE = 1 << 28  # bytes to leave free on the disk


def coco_gathered(
    paths: Sequence[Path],
    folder: Path,
    select: Callable[[Listing], Listing] = lambda listing: listing,
    parts: Sequence[str] = PARTS,
    year: int | None = None,
    counts: Mapping[str, int | None] | None = None,
    whole: bool = False,
    progress: bool = True,
) -> Listing:
    """COCO from `paths` and from what was downloaded to `folder` before; what is missing is downloaded.

    `select` chooses the images (see `listing.chosen`); only what it leaves is downloaded, photo by photo, or
    with `whole` as zips. Without caption files the annotations are fetched: of `year`, else of the year that
    the photos' names tell, else of 2017. Other arguments as for `coco_listing`.

    Raises InputError as `coco_listing` does, for paths with nothing of COCO in them, for a disk that is too
    small, and where very many photos would come one by one.
    """
    given = Stored(paths)
    _check_given(given)
    paths = list(paths)
    if not has_captions(given, parts, year):
        paths.append(fetch_annotations(folder, year or _year_of(given), progress))
    listing = select(coco_listing([*paths, *fetched_images(folder)], parts, year, counts))
    return with_images(listing, folder, whole, progress)


def fetch_annotations(folder: Path, year: int, progress: bool = True) -> Path:
    """The zip of COCO's annotations, downloaded to `folder` unless it is there."""
    address = addresses.COCO_ANNOTATIONS[year]
    return fetch(address.url, Path(folder) / address.name, progress=progress)


def fetched_images(folder: Path) -> list[Path]:
    """The folders and zips of images that are in `folder` from earlier downloads."""
    names = [f"{part}{year}" for year in YEARS for part in PARTS]
    wanted = [Path(folder) / name for stem in names for name in (stem, f"{stem}.zip")]
    return [path for path in wanted if path.is_file() or (path.is_dir() and any(path.iterdir()))]


def with_images(
    listing: Listing, folder: Path, whole: bool = False, progress: bool = True
) -> Listing:
    """The listing with those of its images that were not there, and have an address at COCO, fetched.

    Raises InputError if some could not be had (what came is kept), for a disk that is too small, and for over
    20,000 photos without `whole`.
    """
    missing = [file for file in listing.missing() if AT_COCO.fullmatch(listing.urls.get(file, ""))]
    if not missing:
        return listing
    places = {file: _place(listing.urls[file]) for file in missing}
    folder = Path(folder)
    if whole:
        _fetch_zips(sorted({(part, year) for part, year, _ in places.values()}), folder, progress)
    else:
        targets = {
            file: (listing.urls[file], folder / f"{part}{year}" / name)
            for file, (part, year, name) in places.items()
        }
        _fetch_photos(targets, folder, progress)
    stored = Stored([*listing.stored.paths, *fetched_images(folder)])
    return replace(listing, stored=stored, image_of=images_by_number(stored, listing.urls))


def _place(url: str) -> tuple[str, int, str]:
    """Part, year and file name that the address of a photo at COCO ends with."""
    part, year, name = AT_COCO.fullmatch(url).groups()
    return part, int(year), name


def _fetch_photos(targets: Mapping[str, tuple[str, Path]], folder: Path, progress: bool) -> None:
    """Fetch single photos: of each the file that a listing calls it, its address, and where it goes."""
    count, size = len(targets), len(targets) * PHOTO_BYTES
    if count > MANY:
        raise InputError(
            f"{count:,} photos of COCO are not there, some {size_text(size)}: take fewer (--train 10000"
            " --val 500), fetch all of them as zips with --whole, or name the folder or zip that has them"
        )
    _check_space(folder, size)
    if progress:
        print(
            f"{count:,} photos of COCO are not there: about {size_text(size)} are fetched to {folder}",
            file=sys.stderr,
        )
    failures = fetch_many(list(targets.values()), progress=progress)
    if failures:
        raise InputError(_what_did_not_come(targets, failures, folder))


def _what_did_not_come(
    targets: Mapping[str, tuple[str, Path]], failures: Sequence[Failure], folder: Path
) -> str:
    """What to tell the user about photos that could not be had. Of those that never will, names are kept."""
    first, count = failures[0], len(failures)
    said = f"{count:,} of {len(targets):,} photos could not be fetched, first {first.url}: {first.reason}"
    gone = {failure.url for failure in failures if failure.for_good}
    tried = sum(failure.tried for failure in failures)
    if count == len(targets) and len(gone) == tried < count:
        return (
            f"{said}, and so on. Open that address in a browser to see why; or name the folder or zip"
            " that has the photos"
        )
    if not gone:
        return (
            f"{said}. Run the same command again, it goes on from there; or go on without them with"
            " --present-only"
        )
    noted = _note_missing(
        [file for file, (url, _) in targets.items() if url in gone], targets, folder
    )
    if len(gone) == count:
        return f"{said}. They are not to be had: leave them out with --leave-out {noted}"
    return (
        f"{said}. {len(gone):,} of them are not to be had: run the same command again with"
        f" --leave-out {noted}, it goes on from there"
    )


def _note_missing(files: Sequence[str], asked: Mapping[str, object], folder: Path) -> Path:
    """Put down the names of photos that are not to be had, after those of earlier runs; returns where."""
    path, earlier = folder / "missing.txt", []
    with suppress(OSError):
        earlier = path.read_text(encoding="utf-8", errors="replace").splitlines()
    names = [name for name in earlier if name not in asked] + [*files]
    with written_beside(path) as beside:
        beside.write_text("".join(f"{name}\n" for name in names), encoding="utf-8", newline="\n")
    return path


def _fetch_zips(wanted: Sequence[tuple[str, int]], folder: Path, progress: bool) -> None:
    """Fetch all photos of the given (part, year)s, as zips."""
    zips = [addresses.COCO_IMAGES[which] for which in wanted]
    missing = [address for address in zips if not (folder / address.name).is_file()]
    left = (address.bytes - _part_size(folder, address.name) for address in missing)
    _check_space(folder, sum(left))
    for address in zips:
        fetch(address.url, folder / address.name, progress=progress)


def _part_size(folder: Path, name: str) -> int:
    """Bytes of a download that an earlier run began."""
    part = folder / f"{name}.part"
    return part.stat().st_size if part.is_file() else 0


def _check_space(folder: Path, size: int) -> None:
    """Raise InputError if the disk has no room for so many bytes more."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if size + SPARE > free:
        raise InputError(
            f"about {size_text(size)} would come to {folder}, and {size_text(SPARE)} are to stay free,"
            f" but only {size_text(free)} are: make room, choose another folder with --downloads, or take"
            " fewer images"
        )


def _check_given(given: Stored) -> None:
    """Raise InputError if the user named files, and nothing of COCO is among them."""
    ours = any(official_part(n) or OTHER_TASKS.search(n) for n in given.names(".json"))
    if not given.paths or ours or has_captions(given):
        return
    pictures = given.names(PICTURES)
    if not any(PHOTO.search(name) for name in pictures):
        what = (
            "no picture is named as COCO's are"
            if pictures
            else "there are no captions, no pictures"
        )
        packed = given.archives()
        inside = f" ({packed[0]} is to be unpacked first)" if packed else ""
        raise InputError(
            f"{what} in {given}{inside}: name the folder or zip that has COCO, or no PATH to download it"
        )


def _year_of(given: Stored) -> int:
    """The year whose names the user's photos have."""
    photos = (PHOTO.search(name) for name in given.names((".jpg", ".jpeg")))
    return next((int(photo[2]) for photo in photos if photo and photo[2]), 2017)
