"""From the arguments of `prepare` to the source that they name: one function a kind of source."""

import argparse
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from coursework.files import InputError, reason
from coursework.prepare.sets.listing import Listing, chosen, counted, source_of
from coursework.prepare.source import Source

FEW = 5000  # training images: below, every word counts


def source_from(args: argparse.Namespace, say: Callable[[str], None]) -> Source:
    """The source that the parsed arguments name; `say` is told what is noteworthy about it.

    Raises InputError as the readers do.
    """
    found = SOURCES[args.kind](args)
    if isinstance(found, Source):
        return found
    for note in [*found.notes, *faults_in_short(found)]:
        say(note)
    return source_of(found)


def minimum_count(source: Source) -> int:
    """How often a word must occur, where the arguments do not say.

    In few captions most words are rare: a model trained without them says little but UNK.
    """
    train = sum(record.split == "train" for record in source.records)
    return 1 if train < FEW else 5


def scenes(args: argparse.Namespace) -> Source:
    from coursework.prepare.scenes import scenes_source

    return scenes_source(args.train, args.val, args.test, args.seed)


def folder(args: argparse.Namespace) -> Listing:
    """Of one's own photos one wants to know what is wrong, unless one asks to go on without."""
    from coursework.prepare.sets.folder import faultless_listing, folder_listing

    read = folder_listing if args.leave_out or args.present_only else faultless_listing
    return selected(read(args.images, args.captions), args)


def coco(args: argparse.Namespace) -> Listing:
    from coursework.prepare.sets.coco import PARTS
    from coursework.prepare.sets.coco_download import coco_gathered

    parts = (args.split,) if args.split else PARTS

    def select(listing: Listing) -> Listing:
        left = chosen(listing, {}, None, *left_out(args))
        so_many, notes = few_held_out(counts(args), left.splits)
        return chosen(replace(left, notes=[*left.notes, *notes]), so_many, args.limit)

    settings = {"year": args.year, "counts": counts(args), "whole": args.whole}
    return coco_gathered(args.paths, args.downloads, select, parts, **settings)


def few_held_out(
    asked: Mapping[str, int | None], there: Mapping[str, int]
) -> tuple[dict[str, int | None], list[str]]:
    """How many images of each split, where val or test is not asked for; and a note on what nobody said.

    Who wants 1,000 images to learn from does not want 5,000 more to be downloaded: so in val at most a tenth
    of those asked for in train, and in test, to score on, at most as many as in val, to watch.
    """
    enough = asked["val"] or (asked["train"] and max(asked["train"] // 10, 1))
    unsaid = [split for split in ("val", "test") if asked[split] is None and split in there]
    if not enough or not unsaid:
        return dict(asked), []
    so_many = {**asked, **{split: min(enough, there[split]) for split in unsaid}}
    if asked["val"]:
        return so_many, []
    options = " and ".join(f"--{split} N" for split in unsaid)
    most = f"{counted(enough, 'image')}{' each' if unsaid[1:] else ''}"
    each = f"{' and '.join(unsaid)}: at most {most}"
    return so_many, [f"{each}, a tenth of train, as nothing else is asked for ({options})"]


def flickr8k(args: argparse.Namespace) -> Listing:
    from coursework.prepare.sets.flickr8k import flickr8k_download, flickr8k_listing

    paths = args.paths or flickr8k_download(args.downloads)
    return selected(flickr8k_listing(paths), args)


def karpathy(args: argparse.Namespace) -> Listing:
    from coursework.prepare.sets.coco_download import fetched_images, with_images
    from coursework.prepare.sets.karpathy import karpathy_listing

    images = [*args.images, *fetched_images(args.downloads)]
    listing = selected(karpathy_listing(args.dataset, images, args.restval), args)
    return with_images(listing, args.downloads, args.whole)


def coco_pt(args: argparse.Namespace) -> Listing:
    from coursework.prepare.sets.coco_pt import coco_pt_listing

    return chosen(coco_pt_listing(args.file), counts(args), args.limit)


SOURCES = {
    "scenes": scenes,
    "folder": folder,
    "coco": coco,
    "flickr8k": flickr8k,
    "karpathy": karpathy,
    "coco-pt": coco_pt,
}


def selected(listing: Listing, args: argparse.Namespace) -> Listing:
    """Of a data set's images those that the arguments ask for."""
    return chosen(listing, counts(args), args.limit, *left_out(args))


def left_out(args: argparse.Namespace) -> tuple[list[str], bool]:
    """The names of images to leave out, and whether those go that are not there."""
    return names_in(args.leave_out) if args.leave_out else [], args.present_only


def counts(args: argparse.Namespace) -> dict[str, int | None]:
    """How many images of each split the arguments ask for; None: all."""
    return {split: getattr(args, split) for split in ("train", "val", "test")}


def names_in(file: Path) -> list[str]:
    """The lines of a text file. Raises InputError if it cannot be read."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {file}: {reason(error)}") from error
    return [line.strip() for line in lines if line.strip()]


def faults_in_short(listing: Listing) -> list[str]:
    """One line a kind of fault that the reader found, with the first of them."""
    kinds = Counter(fault.kind for fault in listing.faults)
    first = {fault.kind: fault for fault in reversed(listing.faults)}
    return [
        f"{kind}, left out: {count:,}, first {first[kind].where} ({first[kind].text})"
        for kind, count in kinds.items()
    ]
