"""Pictures through the encoder, as a stream: decoded and encoded side by side, given back in order.

On a CPU every worker thread takes whole batches, from file to features, with a single thread for the
arithmetic: all cores are busy and none waits for another. On a GPU the threads decode and one encodes. A
batch is always made of the same images and computed alone, so on a CPU the features are the same to the last
bit whatever the number of workers, of processes (torchrun), or of interruptions.
"""

import io
import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image

from coursework.errors import InputError, reason
from coursework.prepare.source import Source
from coursework.together import Team
from coursework.views import CORNERS, CROP, picture

FLOAT16_MAX = 65504.0
JPEG_QUALITY = 85
Batch = tuple[np.ndarray, list[bytes]]


def encoded(
    source: Source,
    encoder: Any,
    start: int = 0,
    batch_size: int = 16,
    views: Sequence[str] = ("plain",),
    device: str | torch.device = "cpu",
    team: Team | None = None,
    workers: int | None = None,
) -> Iterator[Batch]:
    """Features float16 (n, V, C, h, w) and n JPEG thumbnails, batch by batch, in the order of the images.

    It begins at image `start`, a multiple of `batch_size`; V is the number of `views`, the first of them
    "plain". `workers` threads (as many as there are cores for this process) hold a batch each: memory does
    not grow with the number of images. In a team every rank does its share, rank 0 yields everything, the
    others nothing; all must exhaust it.

    Raises InputError, naming the image, where one cannot be read or its features do not fit into float16:
    after the batches before it have been yielded, and in a team on rank 0.
    """
    team = team or Team()
    workers = workers or cores(team)
    firsts = range(start, len(source.records), batch_size)
    mine = (
        range(first, min(first + batch_size, len(source.records)))
        for first in firsts[team.rank :: team.size]
    )
    load = partial(_loaded, source, encoder, views)
    encode = partial(_encoded, source, encoder.to(device), device)
    with closing(_stream(load, encode, mine, workers, torch.device(device).type)) as batches:
        if team.size == 1:
            yield from batches
        else:
            yield from _gathered(team, batches, math.ceil(len(firsts) / team.size))


def cores(team: Team) -> int:
    """How many cores this process may keep busy: its share of those that the system lets it use."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux alone knows
    count = len(allowed(0)) if allowed else os.cpu_count() or 1
    return max(1, count // team.local_size)


def _gathered(team: Team, batches: Iterator[Batch], rounds: int) -> Iterator[Batch]:
    """On rank 0 the batches of all ranks in order, a round a batch of each; errors travel like batches."""
    for _ in range(rounds):
        for batch in team.gather(_next(batches)) or ():
            if isinstance(batch, InputError):
                raise batch
            if batch is not None:
                yield batch


def _next(batches: Iterator[Batch]) -> Batch | InputError | None:
    """What comes next, be it an error; None when nothing is left.

    A rank with an error goes on and gives None: rank 0, which raises the error, ends them all.
    """
    try:
        return next(batches, None)
    except InputError as error:
        return error


def _stream(
    load: Callable, encode: Callable, batches: Iterator[range], workers: int, device_type: str
) -> Iterator[Batch]:
    """The batches loaded and encoded, in order; on a CPU both in the same thread."""
    if device_type == "cpu":
        yield from _in_order(lambda batch: encode(load(batch)), batches, workers)
        return
    with closing(_in_order(load, batches, workers)) as loaded:
        yield from map(encode, loaded)


def _in_order(work: Callable, jobs: Iterator, workers: int) -> Iterator:
    """work(job) for every job, in order, in threads; few are begun before they are asked for."""
    usual = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    begun = deque()
    try:
        for job in jobs:
            begun.append(pool.submit(work, job))
            if len(begun) > 2 * workers:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(usual)  # else threads that are started later would have one, too


def _loaded(
    source: Source, encoder: Any, views: Sequence[str], batch: range
) -> tuple[range, np.ndarray, list[bytes]]:
    """The images of a batch, as pixels uint8 (V, n, S, S, 3) and as JPEG files of the first view."""
    pixels, thumbnails = [], []
    for i in batch:
        seen = _seen(source, encoder, views, i)
        jpeg = io.BytesIO()
        seen[0].save(jpeg, format="JPEG", quality=JPEG_QUALITY)
        thumbnails.append(jpeg.getvalue())
        pixels.append([np.asarray(view) for view in seen])
    return batch, np.stack([np.stack(view) for view in zip(*pixels, strict=True)]), thumbnails


def _seen(source: Source, encoder: Any, views: Sequence[str], i: int) -> list[Image.Image]:
    """Image `i` in every view: squares of the side that the encoder takes."""
    side, enough = encoder.image_size, math.ceil(encoder.image_size / CROP)
    try:
        whole = larger = encoder.view(source.load(i, side))
        if not CORNERS.keys().isdisjoint(views):  # crops need no enlarging, the rest stays as it is
            larger = encoder.view(source.load(i, enough), enough)
    except OSError as error:
        raise InputError(f"cannot read image {source.records[i].file}: {reason(error)}") from error
    except InputError as error:
        way_out = "replace it, or list it in a file for --leave-out; inspect finds all such images"
        raise InputError(f"{error}: {way_out}") from error
    return [picture(larger if view in CORNERS else whole, view, side) for view in views]


def _encoded(
    source: Source,
    encoder: Any,
    device: str | torch.device,
    loaded: tuple[range, np.ndarray, list[bytes]],
) -> Batch:
    """What `_loaded` gives, encoded: features float16 (n, V, C, h, w), and the thumbnails as they are."""
    batch, pixels, thumbnails = loaded
    with torch.inference_mode():
        features = [
            encoder(torch.from_numpy(view).permute(0, 3, 1, 2).to(device)).float().cpu().numpy()
            for view in pixels
        ]
    features = np.stack(features, axis=1)
    _check_range(features, [source.records[i].file for i in batch])
    return features.astype(np.float16), thumbnails


def _check_range(features: np.ndarray, files: Sequence[str]) -> None:
    """Raise InputError, naming the image, if float16 cannot hold the features (n, V, C, h, w)."""
    largest = np.maximum(features.max(axis=(1, 2, 3, 4)), -features.min(axis=(1, 2, 3, 4)))
    for value, file in zip(largest, files, strict=True):
        if not value <= FLOAT16_MAX:  # said so that NaN is refused as well
            raise InputError(
                f"the features of image {file} reach {value:g}, float16 ends at {FLOAT16_MAX:g}: "
                "use another encoder or other weights"
            )
