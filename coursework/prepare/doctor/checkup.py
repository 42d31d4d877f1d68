"""Many pictures looked at, one by one: whether they can be read, and what is odd about them."""

import hashlib
import io
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from coursework.files import InputError, reason
from coursework.prepare.download.kinds_of_file import BLANK, WEB_PAGE
from coursework.prepare.encode import cores
from coursework.prepare.images import as_rgb
from coursework.together import Team

TINY = 64  # pixels: a shorter side below this shows next to nothing
COLOURLESS = (
    4  # of 255: the largest difference between red, green and blue in a picture without colour
)
GLANCE = 32  # pixels: the side of the copy that is judged for its colours


@dataclass(frozen=True)
class Finding:
    """What one picture is like: `wrong` says why it cannot be read, else the rest holds.

    size is (width, height) in pixels; digest tells pictures of the same bytes. By a quick look, grey and
    blank stay False and the digest empty.
    """

    wrong: str = ""
    size: tuple[int, int] = (0, 0)
    grey: bool = False
    blank: bool = False
    digest: bytes = b""

    @property
    def tiny(self) -> bool:
        return not self.wrong and min(self.size) < TINY


def looked_at(
    count: int, look: Callable[[int], Finding], progress: bool = True, title: str = "images"
) -> Iterator[Finding]:
    """look(0), look(1), ... from several threads, in order; only a few pictures are in memory at a time."""
    workers = min(8, cores(Team()))
    pool = ThreadPoolExecutor(workers)
    window = 4 * workers
    ahead = deque(pool.submit(look, i) for i in range(min(window, count)))
    bar = tqdm(total=count, unit="image", delay=1, disable=not progress, desc=title)
    try:
        with bar:
            for i in range(count):
                finding = ahead.popleft().result()
                if i + window < count:
                    ahead.append(pool.submit(look, i + window))
                bar.update()
                yield finding
    finally:
        pool.shutdown(cancel_futures=True)


def examined(read: Callable[[], bytes]) -> Finding:
    """A picture from the bytes of its file, decoded wholly, at an eighth of its size where that is a JPEG."""
    try:
        data = read()
    except (InputError, OSError) as error:
        return Finding(wrong=reason(error))
    if not data:
        return Finding(wrong="an empty file")
    if WEB_PAGE.match(data[:4096].lstrip(BLANK)):
        return Finding(wrong="a web page, not an image")
    try:
        with Image.open(io.BytesIO(data)) as image:
            size = image.size
            image.draft(None, (1, 1))  # reads all of a JPEG, but computes an eighth of its pixels
            return judged(as_rgb(image), size, hashlib.sha256(data).digest())
    except Exception as error:  # damaged files make the decoders raise almost anything
        return Finding(wrong=_why(error))


def glanced_at(read: Callable[[], bytes]) -> Finding:
    """The same by the header alone: the size, or why there is none."""
    try:
        with Image.open(io.BytesIO(read())) as image:
            return Finding(size=image.size)
    except Exception as error:
        return Finding(wrong=_why(error))


def seen(image: Image.Image) -> Finding:
    """A picture that comes from no file of its own."""
    return judged(image, image.size, hashlib.sha256(image.tobytes()).digest())


def judged(image: Image.Image, size: tuple[int, int], digest: bytes) -> Finding:
    """A decoded RGB picture: does it have colours, does it show anything?"""
    small = image.resize((GLANCE, GLANCE), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.int16)
    grey = int(np.ptp(pixels, axis=2).max()) <= COLOURLESS
    blank = int(np.ptp(pixels, axis=(0, 1)).max()) <= COLOURLESS
    return Finding(size=size, grey=grey and not blank, blank=blank, digest=digest)


def _why(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not an image of a known kind"
    return "cut short" if "truncated" in str(error) else reason(error)
