"""A data set as it was found: its images and captions, what is wrong with them, and a choice among them.

A reader (coco, karpathy, flickr8k, coco_pt, folder) makes a `Listing`; `chosen` takes so many images of it;
`source_of` makes the source from which a bundle is built.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from PIL import Image

from coursework.bundle import ImageRecord, json_hash
from coursework.files import InputError
from coursework.prepare.images import read_image
from coursework.prepare.sets.stored import Stored, base_name
from coursework.prepare.source import Source

SPLITS = ("train", "val", "test")
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
HAS_WORD = re.compile(r"[^\W_]")  # a letter or digit: where there is one, `tokenise` finds a word
HALF = re.compile("[\ud800-\udfff]")  # half a character: JSON can have it, no file can be called so
# The kinds of faults that a reader finds.
NO_CAPTION, NO_IMAGE = "image without caption", "caption without image"
EMPTY, TWICE, BAD_ROW = "empty caption", "listed twice", "bad row"
NO_SPLIT = "image in no split"


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a data set: its kind, where (an image, or a place in a file), and what in words."""

    kind: str
    where: str
    text: str


@dataclass(frozen=True)
class Listing:
    """A data set as a reader found it.

    `settings` says what the records were made from (JSON-able, no paths of one machine). `image_of` gives
    the name in `stored` of a record's file, None if it is not there; without it `stored.find` does.
    `picture`, where the images are no files, gives that of a record's file, large enough for a square of so
    many pixels. `urls` has the web addresses of record files, where they are known.
    """

    name: str
    settings: dict
    records: list[ImageRecord]
    stored: Stored
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)
    lexicon: dict | None = None
    words: list[str] | None = None
    image_of: Callable[[str], str | None] | None = None
    picture: Callable[[str, int | None], Image.Image] | None = None

    def stored_name(self, file: str) -> str | None:
        """The name in `stored` of a record's file, None if it is not there."""
        return (self.image_of or self.stored.find)(file)

    def missing(self) -> list[str]:
        """The files of the records whose images are not there."""
        if self.picture:
            return []
        return [record.file for record in self.records if self.stored_name(record.file) is None]

    def read(self, file: str) -> bytes:
        """The bytes of a record's image file. Raises InputError if it is not there or damaged."""
        name = self.stored_name(file)
        if name is None:
            raise InputError(f"there is no image {file} in {self.stored}")
        return self.stored.read(name)

    def load(self, file: str, side: int | None = None) -> Image.Image:
        """The picture of a record's file, RGB, large enough for a square of `side` pixels."""
        if self.picture:
            return self.picture(file, side)
        return read_image(self.read(file), side, name=file)

    @property
    def splits(self) -> dict[str, int]:
        """The number of images in each split, train, val and test first."""
        counts = Counter(record.split for record in self.records)
        return {split: counts[split] for split in in_order(counts)}


def counted(number: int, one: str) -> str:
    """So many of them in words: 1 image, 2,000 images."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def tidied(file: str, captions: Iterable[object], faults: list[Fault]) -> list[str]:
    """The captions of an image on one line each, without outer spaces.

    Those without a word are faults, and those with half a character.
    """
    kept = []
    for caption in captions:
        text = " ".join(caption.split()) if isinstance(caption, str) else ""
        if not HAS_WORD.search(text):
            faults.append(Fault(EMPTY, file, f"no word in {caption!r}"))
        elif HALF.search(text):
            faults.append(Fault(BAD_ROW, file, f"half a character in {caption!r}"))
        else:
            kept.append(text)
    return kept


def draw(name: str, seed: int = 0) -> float:
    """A number in [0, 1) that depends on `name` and `seed` alone."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big") / 2**64


def shared_out(name: str, val: float = 0.1, test: float = 0.1, seed: int = 0) -> str:
    """The split of an image that is given none: by its name, so that the other images do not matter."""
    number = draw(name, seed)
    if number < test:
        return "test"
    return "val" if number < test + val else "train"


def chosen(
    listing: Listing,
    counts: Mapping[str, int | None],
    limit: int | None = None,
    leave_out: Iterable[str] = (),
    present_only: bool = False,
) -> Listing:
    """The listing with a part of its images, in the same order, and a note on what was left out.

    First what is in `leave_out` goes (files of records; a name that no record has stands for all whose last
    part it is), with `present_only` also every image that is not there. Then so many images of each split are
    taken as `counts` says (all where it says None or nothing), then `limit` of all together, each split in
    proportion, but one of each first. Which, is decided by a hash of their names: the same images everywhere,
    and fewer are always among more.

    Raises InputError for counts below 0, a limit below 1, and if no image is left.
    """
    _check_choice(counts, limit)
    notes = list(listing.notes)
    records = _without(listing.records, list(dict.fromkeys(leave_out)), notes)
    if present_only:
        missing = set(replace(listing, records=records).missing())
        records = [record for record in records if record.file not in missing]
        if not records:
            raise InputError(f"none of the images of {listing.name} is in {listing.stored}")
        if missing:
            gone = counted(len(missing), "image")
            notes.append(f"not there and left out, with their captions: {gone}")
    kept = _taken(records, counts, limit, notes)
    if not kept:
        raise InputError(f"no image of {listing.name} is left: choose more, or add images")
    records = [record for record in records if record.file in kept]
    return replace(listing, records=records, notes=notes)


def _without(
    records: Sequence[ImageRecord], unwanted: Sequence[str], notes: list[str]
) -> list[ImageRecord]:
    """The records that are not named, and notes on the others and on names that are nobody's."""
    if not unwanted:
        return list(records)
    files = {record.file for record in records}
    exact, loose = files.intersection(unwanted), set(unwanted) - files
    kept = [r for r in records if r.file not in exact and base_name(r.file) not in loose]
    notes.append(f"images left out as asked: {len(records) - len(kept):,}")
    strangers = loose.difference(map(base_name, files))
    if strangers:
        first = next(name for name in unwanted if name in strangers)
        notes.append(f"names to leave out that no image has: {len(strangers):,}, first {first}")
    return kept


def _check_choice(counts: Mapping[str, int | None], limit: int | None) -> None:
    """Raise InputError for a choice that nobody can mean."""
    for split, count in counts.items():
        if count is not None and count < 0:
            raise InputError(f"{count} {split} images: the number must be 0 or more")
    if limit is not None and limit < 1:
        raise InputError(f"a limit of {limit} images leaves nothing: it must be 1 or more")


def _taken(
    records: Sequence[ImageRecord],
    counts: Mapping[str, int | None],
    limit: int | None,
    notes: list[str],
) -> set[str]:
    """The files of the images that are taken; a note where there are fewer than were asked for."""
    queue = []  # (how early in its split, split, file): the splits merged in proportion, one of each first
    for order, split in enumerate(in_order({record.split for record in records})):
        files = [record.file for record in records if record.split == split]
        files.sort(key=lambda file: (draw(file), file))
        count = counts.get(split)
        if count is not None and count > len(files):
            notes.append(f"{counted(count, f'{split} image')} asked for, there are {len(files):,}")
        files = files[:count]
        queue += [
            ((rank + 0.5) / len(files) if rank else 0, order, file)
            for rank, file in enumerate(files)
        ]
    return {file for *_, file in sorted(queue)[:limit]}


def in_order(splits: Iterable[str]) -> list[str]:
    """train, val and test first, then any others."""
    found = set(splits)
    return [split for split in SPLITS if split in found] + sorted(found.difference(SPLITS))


def source_of(listing: Listing) -> Source:
    """The source of a listing, whose images must all be there.

    The sizes of all image files enter the settings: a photo that was exchanged for one of another size makes
    another bundle, one of the same size goes unnoticed. Packed or unpacked makes no difference. Raises
    InputError for images that are missing, and for two records that are one file.
    """
    missing = listing.missing()
    if missing:
        raise InputError(_what_is_missing(listing, missing))
    settings = dict(listing.settings)
    if not listing.picture:
        settings["image_sizes_sha256"] = json_hash(_sizes(listing))
    files = [record.file for record in listing.records]
    return Source(
        listing.name,
        settings,
        listing.records,
        lambda i, side=None: listing.load(files[i], side),
        lexicon=listing.lexicon,
        words=listing.words,
    )


def _what_is_missing(listing: Listing, missing: list[str]) -> str:
    """What to tell the user about images that are not there."""
    absent, gone = set(missing), Counter()
    for record in listing.records:
        gone[record.split] += record.file in absent
    by_split = ", ".join(f"{gone[s]:,} of {n:,} {s}" for s, n in listing.splits.items() if gone[s])
    packed = listing.stored.archives()
    inside = f" ({packed[0]} is to be unpacked first)" if packed else ""
    verb, them = ("is", "it") if len(missing) == 1 else ("are", "them")
    return (
        f"{counted(len(missing), 'image')} of {listing.name} ({by_split}) {verb} not in"
        f" {listing.stored}{inside}, first {missing[0]}: put {them} there, or go on without {them} with"
        " --present-only or --leave-out FILE"
    )


def _sizes(listing: Listing) -> list[int]:
    """The size of every record's image file. Raises InputError if one file serves two records."""
    users, sizes = {}, []
    for record in listing.records:
        name = listing.stored_name(record.file)
        other = users.setdefault(name, record.file)
        if other != record.file:
            raise InputError(
                f"images {other} and {record.file} are both found as {name}: put the other one there too,"
                " or leave it out with --leave-out FILE"
            )
        sizes.append(listing.stored.size(name))
    return sizes
