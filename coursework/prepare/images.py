"""Pictures of any kind as RGB."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from coursework.files import InputError, reason


def read_image(path: Path) -> Image.Image:
    """The image in a file, see `as_rgb`. Raises InputError, naming the file, if it cannot be read."""
    try:
        with Image.open(path) as image:
            return as_rgb(image)
    except Exception as error:  # damaged files make the decoders raise almost anything
        raise InputError(f"cannot read image {path}: {reason(error)}") from error


def as_rgb(image: Image.Image) -> Image.Image:
    """RGB, upright as its EXIF says, transparent parts on white, 16-bit grey scaled to 8."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        grey = np.asarray(image).clip(0, 65535) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")
