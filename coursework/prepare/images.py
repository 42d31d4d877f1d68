"""Pictures of any kind as RGB."""

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from coursework.errors import InputError, reason


def read_image(
    file: Path | BinaryIO | bytes, side: int | None = None, name: str | None = None
) -> Image.Image:
    """The image in a file, or in its bytes, see `as_rgb`; `name` stands for it in messages.

    Where only a square of `side` pixels is wanted, a JPEG is decoded at a half, a quarter or an eighth of its
    size if that leaves the shorter side no shorter than `side`: libjpeg then skips the finest waves, which is
    quicker and takes less memory. Raises InputError, naming the file, if it cannot be read.
    """
    opened = io.BytesIO(file) if isinstance(file, bytes) else file
    if name is None:
        name = file if isinstance(file, Path) else getattr(file, "name", "without a name")
    try:
        with Image.open(opened) as image:
            if side:
                image.draft(None, (side, side))  # only a JPEG can, the others do nothing here
            image.load()
            return as_rgb(image)
    except UnidentifiedImageError as error:  # its own text has an address in memory
        raise InputError(f"cannot read image {name}: it is none that Pillow knows") from error
    except Exception as error:  # damaged files make the decoders raise almost anything
        raise InputError(f"cannot read image {name}: {reason(error)}") from error


def as_rgb(image: Image.Image) -> Image.Image:
    """RGB, upright as its EXIF says, transparent parts on white, 16-bit grey scaled to 8.

    A picture that is so already is returned itself: copying a large one takes as long as half its decoding.
    """
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        grey = np.asarray(image).clip(0, 65535) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")
