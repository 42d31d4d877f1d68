"""From images and captions to a bundle: every image goes through the encoder once, its features are kept.

The work is done in `OUT.partial`, which takes its final name when it is whole. A run that was interrupted,
however rudely, is continued by the next one with the same plan, and the bundle comes out the same byte for
byte.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from coursework.bundle import DESCRIPTION, FILES, Bundle, fingerprint, write_records
from coursework.files import InputError, read_json, reason, size_text, write_json
from coursework.prepare.encode import Batch, encoded
from coursework.prepare.partial import Partial, check_replaceable, tidy
from coursework.prepare.plan import check_records, plan_of, vocabulary_of
from coursework.prepare.source import Source
from coursework.together import Team
from coursework.views import view_names
from coursework.vocabulary import VocabularyOptions

# What features and thumbnails depend on: all that the plan is taken over but the words.
ENCODED = [key for key in DESCRIPTION if key != "vocabulary"]
Stream = Callable[..., Iterator[Batch]]  # `encoded` but for its start


def build(
    source: Source,
    encoder: Any,
    out: str | os.PathLike,
    *,
    vocabulary: VocabularyOptions = VocabularyOptions(),  # noqa: B008 (frozen)
    batch_size: int = 16,
    views: str | Sequence[str] = ("plain",),
    device: str | torch.device = "cpu",
    progress: bool = True,
    team: Team | None = None,
) -> Bundle | None:
    """Make the bundle of `source` in folder `out`, and open it.

    `encoder` is a `coursework.prepare.encoder.Encoder`, or any module with its .channels, .grid,
    .image_size, .description, .view and forward. `views`: see `coursework.views.view_names`. A bundle with
    the same plan that is already there, and whole, is returned as it is; an older one of the same images is
    replaced once the new one is whole, and gives it its features where only the words are to be others.
    Memory use does not grow with the features.

    The processes of a `team` share the work, and all call this; rank 0 writes. The bundle is None on a
    machine where `out` is not to be seen.

    Raises InputError for bad records, unreadable images, features too large for float16, a full disk, or an
    `out` that holds something else. Interrupted (KeyboardInterrupt, which then says so), it leaves
    `out`.partial, from where the same call goes on.
    """
    team = team or Team()
    progress = progress and team.leads
    check_records(source.records)
    out = Path(os.path.realpath(out))
    manifest = plan_of(source, encoder, vocabulary, view_names(views))
    stream = partial(
        encoded,
        source,
        encoder.to(device),
        batch_size=batch_size,
        views=manifest["views"],
        device=device,
        team=team,
    )
    if team.leads:
        bundle = _led(source, stream, out, manifest, batch_size, team, progress)
    else:
        _exhaust(stream(start=team.share()))
        bundle = None
    team.share()  # the bundle is there
    if bundle is None and (out / "bundle.json").is_file():
        bundle = Bundle.open(out)
    return bundle


def _exhaust(batches: Iterator) -> None:
    """Do the work that yields nothing."""
    for _ in batches:
        pass


def _led(
    source: Source,
    stream: Stream,
    out: Path,
    manifest: dict,
    batch_size: int,
    team: Team,
    progress: bool,
) -> Bundle:
    """What rank 0 does, or a process alone: look what is there, start the others, write."""
    try:
        bundle = _of_use(out, manifest, progress)
        if bundle and bundle.plan == manifest["plan"]:
            tidy(out)
            _exhaust(stream(start=team.share(len(source.records))))
            if progress:
                print(f"{out} is already there, made from the same: nothing to do", file=sys.stderr)
            return bundle
        with Partial(
            out, manifest["plan"], manifest["features"]["shape"], batch_size
        ) as unfinished:
            _check_room(unfinished.path, manifest["features"]["shape"], unfinished.done)
            if bundle and not unfinished.done:
                if progress:
                    print("only the words are others: the features are kept", file=sys.stderr)
                unfinished.take_over(bundle.path)
            bundle = None  # Windows does not move a folder whose files are open
            batches = stream(start=team.share(unfinished.done))
            _append_all(source, batches, unfinished, progress)
            _write_rest(unfinished.path, source, manifest, progress)
            unfinished.put_in_place(out, (*FILES, "bundle.json"))
    except OSError as error:
        advice = "put that right and run the same command again, it goes on where it stopped"
        raise InputError(f"cannot write the bundle {out}: {reason(error)}; {advice}") from error
    return Bundle.open(out)


def _append_all(
    source: Source, batches: Iterator[Batch], unfinished: Partial, progress: bool
) -> None:
    """Append the features and the thumbnails of all images that are not done yet."""
    count = len(source.records)
    bar = tqdm(
        total=count,
        initial=unfinished.done,
        unit=" images",
        delay=1,
        disable=not progress,
        desc=source.name,
    )
    try:
        with bar, closing(batches):
            for features, thumbnails in batches:
                unfinished.append(features, thumbnails)
                bar.update(len(thumbnails))
        unfinished.save()
    except KeyboardInterrupt:
        kept = f"{unfinished.done} of {count} images are kept in {unfinished.path}"
        raise KeyboardInterrupt(f"{kept}: run the same command again to go on") from None


def _of_use(out: Path, plan: dict, progress: bool) -> Bundle | None:
    """The bundle in `out` if it is whole and made as the manifest `plan` says, but perhaps for the words.

    Raises InputError if `out` holds a bundle of other images, or no bundle: that must not be replaced.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    check_replaceable(out)
    _check_same_images(out, plan)
    try:
        bundle = Bundle.open(out)
        if any(bundle.manifest[key] != plan[key] for key in ENCODED):
            return None
        bundle.verify(progress)
    except InputError:  # damaged, or of another format: making it again is how the user mends it
        return None
    return bundle


def _check_same_images(out: Path, plan: dict) -> None:
    """Raise InputError if the bundle in `out`, of whatever format, is one of other images, or may be."""
    else_do = "choose another folder for this one, or delete that one first (nothing was changed)"
    try:
        there = read_json(out / "bundle.json", "bundle manifest")
        others = [key for key in ("name", "source") if there[key] != plan[key]]
    except (InputError, KeyError, TypeError) as error:
        raise InputError(
            f"{out} holds a bundle whose manifest is damaged, perhaps of other images: {else_do}"
        ) from error
    if others:
        said = f"{others[0]} {there[others[0]]}"
        raise InputError(f"{out} holds a bundle of other images ({said}): {else_do}")


def _check_room(folder: Path, shape: Sequence[int], done: int) -> None:
    """Raise InputError, hours before the disk is full, if the features of the other images do not fit."""
    wanted, free = 2 * prod(shape[1:]) * (shape[0] - done), shutil.disk_usage(folder).free
    if wanted > free:
        raise InputError(
            f"the features take {size_text(wanted)}, and {folder.parent} has {size_text(free)} free:"
            " make room there, or choose fewer images, fewer views or another --out"
        )


def _write_rest(folder: Path, source: Source, manifest: dict, progress: bool) -> None:
    """Write image list, vocabulary and, last, the manifest with the size and hash of everything."""
    vocabulary_of(source, manifest["vocabulary"]).save(folder / "vocabulary.json")
    write_records(folder / "images.json", source.records)
    manifest = manifest | {"files": _hashed(folder, progress)}
    write_json(folder / "bundle.json", manifest | {"fingerprint": fingerprint(manifest)})


def _hashed(folder: Path, progress: bool) -> dict[str, dict]:
    """Size and sha256 of every file of a bundle but the manifest."""
    sizes = {name: (folder / name).stat().st_size for name in FILES}
    files = {}
    with tqdm(
        total=sum(sizes.values()), desc="hashing", unit="B", unit_scale=True, delay=1, disable=not progress
    ) as bar:  # fmt: skip
        for name, size in sizes.items():
            digest = hashlib.sha256()
            with open(folder / name, "rb") as file:
                while part := file.read(2**20):
                    digest.update(part)
                    bar.update(len(part))
            files[name] = {"bytes": size, "sha256": digest.hexdigest()}
    return files
