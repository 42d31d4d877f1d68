"""The doctor: what is in a data set or a bundle, and what is wrong with it.

Both examinations give a report for JSON, with these keys: `name`, `of` ("data set" or "bundle"), the figures
of `census.caption_figures`, `pictures` (None by a quick look), `faults` (see `faults.entries`), `faulty` (the
files that `prepare --leave-out` should leave out), `notes` and `there` (of each split the number of images
that are there; None where they are no files); that of a bundle has `bundle` besides. `text` puts it in words,
`shown` picks what a page about it shows.
"""

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from coursework.bundle import Bundle, ImageRecord
from coursework.files import InputError
from coursework.prepare.doctor.census import caption_figures, odd_captions
from coursework.prepare.doctor.checkup import Finding, examined, glanced_at, looked_at, seen
from coursework.prepare.doctor.contents import contents, lowest_unknown
from coursework.prepare.doctor.faults import (
    Found,
    by_kind,
    by_weight,
    entries,
    to_leave_out,
    unknown_words,
)
from coursework.prepare.doctor.report import text
from coursework.prepare.sets.listing import NO_SPLIT, PICTURES, SPLITS, Listing
from coursework.prepare.sets.stored import base_name

__all__ = ["examine_bundle", "examine_listing", "shown", "text"]

LETTERS = 110  # of a caption below a shown picture
SIDE = 480  # pixels: the least that a shown picture is loaded at
ABSENT = Finding(wrong="not there")
SIGHTS = {  # what stands below a picture with a fault that can be seen
    "damaged": "cannot be read: {note}",
    "shared": "in several splits",
    "blank": "one colour",
    "tiny": "{note} pixels",
    "copies": "there more than once",
    "grey": "no colours",
}


def examine_listing(listing: Listing, quick: bool = False, progress: bool = True) -> dict:
    """The report on a data set, see above. Every image is decoded; `quick`: its header alone is read."""
    files = [record.file for record in listing.records]
    look = glanced_at if quick else examined

    def finding(i: int) -> Finding:
        if listing.picture:
            return seen(listing.load(files[i]))
        if _place(listing, files[i]) is None:
            return ABSENT
        return look(lambda: listing.read(files[i]))

    findings = list(looked_at(len(files), finding, progress, listing.name))
    found = by_kind(listing.faults) | _faults_of_files(listing, findings)
    report = _report(listing.name, "data set", listing.records, findings, quick, found)
    return report | {"notes": list(listing.notes), "there": _there(listing, findings)}


def examine_bundle(bundle: Bundle, quick: bool = False, progress: bool = True) -> dict:
    """The report on a bundle: every file is verified and every thumbnail decoded, unless `quick`.

    Raises InputError, naming the file, if the bundle is damaged.
    """

    findings = []
    if not quick:
        bundle.verify(progress=progress)

        def look(i: int) -> Finding:
            return seen(bundle.thumbnail(i))

        findings = list(looked_at(len(bundle.images), look, progress, bundle.name))
    least = bundle.manifest["vocabulary"]["minimum_count"]
    report = _report(bundle.name, "bundle", bundle.images, findings, quick, {}, least)
    inside = contents(bundle)
    unknown = unknown_words(inside["unknown"], lowest_unknown(bundle, report["words"], inside))
    faults = by_weight([*report["faults"], *unknown])
    return report | {"faults": faults, "there": None, "bundle": inside}


def _report(
    name: str,
    of: str,
    records: Sequence[ImageRecord],
    findings: Sequence[Finding],
    quick: bool,
    found: Found,
    least: int = 1,
) -> dict:
    """What both reports have. `findings`: one a record, or none at all; `least`: a bundle's minimum count."""
    found = found | odd_captions(records) | _faults_of_pictures(records[: len(findings)], findings)
    splits = {record.split for record in records}
    for kind, split in (("untaught", "train"), ("unjudged", "val")):
        if split not in splits:
            found[kind] = [(split, f"there is {', '.join(sorted(splits)) or 'none'}")]
    unwanted = to_leave_out(found)
    return {
        "name": name,
        "of": of,
        **caption_figures(records, least),
        "pictures": None if quick else _pictures(findings),
        "faults": entries(found),
        "faulty": [record.file for record in records if record.file in unwanted],
        "notes": [],
    }


def _there(listing: Listing, findings: Sequence[Finding]) -> dict[str, int] | None:
    """Of each split the number of images that are there; None where the images are no files."""
    if listing.picture:
        return None
    there = dict.fromkeys(listing.splits, 0)
    for record, finding in zip(listing.records, findings, strict=True):
        there[record.split] += finding is not ABSENT
    return there


def _pictures(findings: Sequence[Finding]) -> dict:
    """How many pictures can be read, and their sizes."""
    sizes = [finding.size for finding in findings if not finding.wrong]
    return {
        "good": len(sizes),
        "typical": [int(side) for side in np.median(sizes or [(0, 0)], axis=0)],
        "smallest_side": min(map(min, sizes), default=0),
        "grey": sum(finding.grey for finding in findings),
    }


def _place(listing: Listing, file: str) -> str | None:
    """Where a record's image is stored; None also where two files would fit equally well."""
    try:
        return listing.stored_name(file)
    except InputError:
        return None


def _faults_of_files(listing: Listing, findings: Sequence[Finding]) -> Found:
    """Records without a file, those that share one, and image files that no record has."""
    if listing.picture:
        return {}
    users: dict[str, list[str]] = defaultdict(list)
    absent = []
    for record, finding in zip(listing.records, findings, strict=True):
        if finding is ABSENT:
            absent.append(record.file)
        else:
            users[_place(listing, record.file)].append(record.file)
    unsplit = {_place(listing, fault.where) for fault in listing.faults if fault.kind == NO_SPLIT}
    known = users.keys() | unsplit
    spare = [name for name in listing.stored.names(PICTURES) if name not in known]
    return {
        "missing": [(file, "") for file in absent if file not in listing.urls],
        "to come": [(file, "") for file in absent if file in listing.urls],
        "one file": [(other, files[0]) for files in users.values() for other in files[1:]],
        "spare": [(base_name(name), "") for name in spare],
    }


def _faults_of_pictures(records: Sequence[ImageRecord], findings: Sequence[Finding]) -> Found:
    found: Found = defaultdict(list)
    same: dict[bytes, list[ImageRecord]] = defaultdict(list)
    for record, finding in zip(records, findings, strict=True):
        if finding is ABSENT:
            continue
        if finding.wrong:
            found["damaged"].append((record.file, finding.wrong))
        else:
            _note_odd(found, record.file, finding)
            if finding.digest:
                same[finding.digest].append(record)
    for group in same.values():
        _note_copies(found, group)
    return dict(found)


def _note_odd(found: Found, file: str, finding: Finding) -> None:
    if finding.tiny:
        found["tiny"].append((file, f"{finding.size[0]} x {finding.size[1]}"))
    elif finding.blank:
        found["blank"].append((file, ""))
    if finding.grey:
        found["grey"].append((file, ""))


def _note_copies(found: Found, group: Sequence[ImageRecord]) -> None:
    """Of records with one picture those that should go: what is in test stays, else what is in val."""
    last = max((record.split for record in group), key=_place_of_split)
    stays = next(record for record in group if record.split == last)
    for record in group:
        if record.split != last:
            found["shared"].append((record.file, f"{record.split}; {stays.file} in {last}"))
        elif record is not stays:
            found["copies"].append((record.file, f"as {stays.file}"))


def _place_of_split(split: str) -> int:
    return SPLITS.index(split) if split in SPLITS else -1


# An image, None if it cannot be read; what stands below it; and of a faulty one the name of its file.
Shown = tuple[Image.Image | None, str]
Faulty = tuple[Image.Image | None, str, str]


def shown(
    subject: Listing | Bundle, report: dict, good: int = 6, bad: int = 6
) -> tuple[list[Shown], list[Faulty]]:
    """What a page shows: so many images with their first captions, and faulty ones with what is wrong.

    The good ones are spread over the data set, the same every time.
    """
    records = subject.images if isinstance(subject, Bundle) else subject.records
    faulty = set(report["faulty"])
    places = {record.file: i for i, record in enumerate(records)}
    chosen = [
        i for i, record in enumerate(records) if record.captions and record.file not in faulty
    ]
    step = max(1, len(chosen) // good)
    examples = []
    for i in dict.fromkeys([*chosen[step // 2 :: step], *chosen]):
        if len(examples) == good:
            break
        picture = _picture(subject, i)
        if picture:
            examples.append(
                (picture, textwrap.shorten(records[i].captions[0], LETTERS, placeholder=" ..."))
            )
    odd = [(file, words) for file, words in _worth_seeing(report, bad) if file in places]
    return examples, [
        (_picture(subject, places[file]), words, base_name(file)) for file, words in odd
    ]


def _worth_seeing(report: dict, count: int) -> Iterator[tuple[str, str]]:
    """Of the faults that can be seen the first of each kind, then the second, ...: (file, what is wrong)."""
    kinds = [each for each in report["faults"] if each["kind"] in SIGHTS]
    most = max((len(each["examples"]) for each in kinds), default=0)
    ranks = ((each, rank) for rank in range(most) for each in kinds if rank < len(each["examples"]))
    for each, rank in [*ranks][:count]:
        example = each["examples"][rank]
        yield example["name"], SIGHTS[each["kind"]].format(**example)


def _picture(subject: Listing | Bundle, i: int) -> Image.Image | None:
    try:
        if isinstance(subject, Bundle):
            return subject.thumbnail(i)
        return subject.load(subject.records[i].file, SIDE)
    except InputError:
        return None
