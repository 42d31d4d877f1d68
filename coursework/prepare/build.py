"""From images and captions to a bundle: every image goes through the encoder once, its features are kept.

The work is done in `OUT.partial`, which takes its final name when it is whole. A run that was interrupted,
however rudely, is continued by the next one with the same plan, and the bundle comes out the same byte for
byte.
"""

import importlib.metadata
import io
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

import coursework
from coursework.bundle import FILES, FORMAT, Bundle, ImageRecord, fingerprint, records_hash
from coursework.files import InputError, reason, sha256, write_json
from coursework.prepare.partial import Partial, tidy
from coursework.vocabulary import Vocabulary, tokenise

FLOAT16_MAX = 65504.0
JPEG_QUALITY = 85


@dataclass
class Source:
    """Images with their captions, wherever they come from.

    `load(i)` gives the picture of `records[i]`, from any thread; where it cannot, it raises InputError or
    OSError. `settings` says what the records were made from (JSON-able, no paths of one machine): it enters
    the fingerprint.
    """

    name: str
    settings: dict
    records: list[ImageRecord]
    load: Callable[[int], Image.Image]
    lexicon: dict | None = None


def build(
    source: Source,
    encoder: Any,
    out: str | os.PathLike,
    minimum_count: int = 1,
    batch_size: int = 32,
    views: Sequence[str] = ("plain",),
    device: str | torch.device = "cpu",
    progress: bool = True,
) -> Bundle:
    """Make the bundle of `source` in folder `out`, and open it.

    `encoder` is a `coursework.prepare.encoder.Encoder`, or any module with its .channels, .grid,
    .description, .view and forward. Words that occur fewer than `minimum_count` times in the training
    captions are left out of the vocabulary. A bundle with the same fingerprint that is already there is
    returned as it is; an older one is replaced once the new one is whole. Memory use does not grow with the
    number of images.

    Raises InputError for bad records, unreadable images, features too large for float16, a full disk, or an
    `out` that holds something else. Interrupted (KeyboardInterrupt, which then says so), it leaves
    `out`.partial, from where the same call goes on.
    """
    _check_records(source.records)
    if tuple(views) != ("plain",):
        raise InputError(f"unknown views {', '.join(views)}: the only view so far is 'plain'")
    out = Path(os.path.realpath(out))
    manifest = _plan(source, encoder, minimum_count, views)
    try:
        bundle = _already_there(out, manifest)
        if bundle:
            if progress:
                print(f"{out} is already there, made from the same: nothing to do", file=sys.stderr)
            return bundle
        with Partial(out, manifest["fingerprint"], manifest["features"]["shape"]) as partial:
            _encode_all(source, encoder.to(device), partial, batch_size, device, progress)
            _write_rest(partial.path, source.records, manifest)
            partial.put_in_place(out, (*FILES, "bundle.json"))
    except OSError as error:
        advice = "put that right and run the same command again, it goes on where it stopped"
        raise InputError(f"cannot write the bundle {out}: {reason(error)}; {advice}") from error
    return Bundle.open(out)


def _check_records(records: Sequence[ImageRecord]) -> None:
    """Raise InputError unless files are listed once, captions have words, and there is a train split."""
    if not records:
        raise InputError("there are no images to prepare")
    seen = set()
    for record in records:
        if record.file in seen:
            raise InputError(f"image {record.file} is listed twice")
        seen.add(record.file)
        if not record.captions:
            raise InputError(f"image {record.file} has no caption")
        for caption in record.captions:
            if not tokenise(caption):
                raise InputError(f"image {record.file} has a caption without a word: {caption!r}")
    if all(record.split != "train" for record in records):
        raise InputError("no image is in split 'train': there is nothing to learn from")


def _plan(source: Source, encoder: Any, minimum_count: int, views: Sequence[str]) -> dict:
    """The manifest as far as it is known before any work is done, with the fingerprint over it."""
    versions = {name: _version(name) for name in ("torch", "torchvision", "Pillow")}
    shape = [len(source.records), len(views), encoder.channels, *encoder.grid]
    plan = {
        "format": FORMAT,
        "name": source.name,
        "source": source.settings,
        "encoder": encoder.description,
        "views": list(views),
        "records_sha256": records_hash(source.records),
        "minimum_count": minimum_count,
        "versions": versions | {"coursework": getattr(coursework, "__version__", None)},
        "lexicon": source.lexicon,
    }
    features = {"shape": shape, "dtype": "float16"}
    return plan | {"fingerprint": fingerprint(plan), "features": features}


def _version(package: str) -> str | None:
    """The version of an installed package, without what it was built for: CPU and GPU builds count as one."""
    try:
        return importlib.metadata.version(package).split("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def _already_there(out: Path, plan: dict) -> Bundle | None:
    """The bundle in `out` if it is a good one with the fingerprint of `plan`.

    Raises InputError if `out` holds a bundle of other images, or no bundle: that must not be replaced.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    if not (out / "bundle.json").is_file():
        raise InputError(
            f"{out} exists and is not a bundle: give another --out (nothing was changed)"
        )
    try:
        bundle = Bundle.open(out)
    except InputError:  # damaged, or of another format: making it again is how the user mends it
        return None
    for key in ("name", "source"):
        if bundle.manifest[key] != plan[key]:
            raise InputError(
                f"{out} holds a bundle of other images ({key} {bundle.manifest[key]}): choose another"
                " folder for this one, or delete that one first (nothing was changed)"
            )
    if bundle.fingerprint != plan["fingerprint"]:
        return None
    tidy(out)
    return bundle


def _encode_all(
    source: Source,
    encoder: Any,
    partial: Partial,
    batch_size: int,
    device: str | torch.device,
    progress: bool,
) -> None:
    """Append the features and the thumbnails of all images that are not done yet."""
    count = len(source.records)
    bar = tqdm(
        total=count,
        initial=partial.done,
        unit="image",
        delay=1,
        disable=not progress,
        desc=source.name,
    )
    try:
        with bar, closing(_batches(source, encoder, partial.done, batch_size)) as batches:
            for pixels, thumbnails in batches:
                features = _features(encoder, pixels, device)
                _check_range(features, source.records[partial.done :])
                partial.append(features.astype(np.float16)[:, None], thumbnails)
                bar.update(len(thumbnails))
    except KeyboardInterrupt:
        kept = f"{partial.done} of {count} images are kept in {partial.path}"
        raise KeyboardInterrupt(f"{kept}: run the same command again to go on") from None


def _batches(
    source: Source, encoder: Any, start: int, batch_size: int
) -> Iterator[tuple[np.ndarray, list[bytes]]]:
    """Pixels uint8 (n, S, S, 3) and thumbnails, batch by batch from `start` on; threads load one ahead."""
    pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1))
    ahead = deque()
    count = len(source.records)
    try:
        for first in range(start, count, batch_size):
            batch = range(first, min(first + batch_size, count))
            ahead.append([pool.submit(_pixels_and_thumbnail, source, encoder, i) for i in batch])
            if len(ahead) == 2:
                yield _gathered(ahead.popleft())
        if ahead:
            yield _gathered(ahead.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _gathered(futures: list) -> tuple[np.ndarray, list[bytes]]:
    """One batch, when its images are ready."""
    pixels, thumbnails = zip(*(future.result() for future in futures), strict=True)
    return np.stack(pixels), list(thumbnails)


def _pixels_and_thumbnail(source: Source, encoder: Any, i: int) -> tuple[np.ndarray, bytes]:
    """What the encoder sees of image `i`, as pixels uint8 (S, S, 3) and as a JPEG file."""
    try:
        view = encoder.view(source.load(i))
    except OSError as error:
        raise InputError(f"cannot read image {source.records[i].file}: {reason(error)}") from error
    jpeg = io.BytesIO()
    view.save(jpeg, format="JPEG", quality=JPEG_QUALITY)
    return np.asarray(view), jpeg.getvalue()


def _features(encoder: Any, pixels: np.ndarray, device: str | torch.device) -> np.ndarray:
    """The encoder's output for pixels uint8 (n, S, S, 3): float32 (n, C, h, w)."""
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(device)
    with torch.inference_mode():
        return encoder(images).float().cpu().numpy()


def _check_range(features: np.ndarray, records: Sequence[ImageRecord]) -> None:
    """Raise InputError, naming the image, if float16 cannot hold the features of the first n records."""
    for largest, record in zip(np.abs(features).max(axis=(1, 2, 3)), records, strict=False):
        if not largest <= FLOAT16_MAX:  # said so that NaN is refused as well
            raise InputError(
                f"the features of image {record.file} reach {largest:g}, float16 ends at {FLOAT16_MAX:g}: "
                "use another encoder or other weights"
            )


def _write_rest(folder: Path, records: Sequence[ImageRecord], manifest: dict) -> None:
    """Write image list, vocabulary and, last, the manifest with the size and hash of everything."""
    train = (
        caption for record in records if record.split == "train" for caption in record.captions
    )
    Vocabulary.build(train, manifest["minimum_count"]).save(folder / "vocabulary.json")
    write_json(folder / "images.json", [asdict(record) for record in records])
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)}
        for name in FILES
    }
    write_json(folder / "bundle.json", manifest | {"files": files})
