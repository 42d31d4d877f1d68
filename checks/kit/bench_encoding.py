"""How fast `prepare` takes photos in, and how much memory it needs: `python -m checks.kit.bench_encoding`.

    --photos FOLDER    resample these to 640 x 480; without it, clouds with the spectrum of photos are drawn
    --images 1000      how many files
    --peaks 500 50000  images of the two runs whose memory is compared; 0 leaves that out

One core would at best do 1 / (d + e) images a second: d the CPU seconds to decode an image to what the
encoder sees, e those to encode it (regnet_x_400mf at 224), each measured alone with one thread, around the
run itself because machines change their pace. What is compared with that, for all cores, is the whole of
`build`: files to a finished bundle.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import nn

from coursework.bundle import ImageRecord
from coursework.prepare.build import build
from coursework.prepare.encode import cores
from coursework.prepare.encoder import Encoder
from coursework.prepare.images import read_image
from coursework.prepare.source import Source
from coursework.together import Team

SIZE = (640, 480)
QUALITY = 90
BATCH = 16


def clouds(seed: int) -> Image.Image:
    """A picture whose waves have the strength that they have in photos: one over the frequency."""
    draw = np.random.default_rng(seed)
    across, down = np.fft.rfftfreq(SIZE[0]), np.fft.fftfreq(SIZE[1])
    strength = 1 / np.hypot(across[None], down[:, None]).clip(1 / SIZE[0])
    noise = draw.normal(size=(3, *strength.shape)) + 1j * draw.normal(size=(3, *strength.shape))
    noise = 0.8 * noise[:1] + 0.2 * noise  # colours go together
    waves = np.fft.irfft2(noise * strength, s=SIZE[::-1])
    waves = 128 + 60 * waves / waves.std()
    return Image.fromarray(waves.clip(0, 255).astype(np.uint8).transpose(1, 2, 0))


def made(folder: Path, photos: Path | None, count: int) -> list[Path]:
    """`count` JPEG files of 640 x 480 in `folder`."""
    found = (
        sorted(p for p in photos.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
        if photos
        else []
    )
    files = [folder / f"{i:06}.jpg" for i in range(count)]
    for i, file in enumerate(files):
        image = ImageOps.fit(read_image(found[i % len(found)]), SIZE) if found else clouds(i)
        if found and i // len(found) % 2:
            image = ImageOps.mirror(image)
        image.save(file, quality=QUALITY)
    return files


def photo_source(files: list[Path], count: int) -> Source:
    """A source of `count` images that reads the files in turn."""
    records = [
        ImageRecord(f"{i:06}.jpg", "train", [f"a photo number {i % 1000}"] * 5)
        for i in range(count)
    ]
    load = lambda i, side: read_image(files[i % len(files)], side)  # noqa: E731
    return Source("bench", {"kind": "bench", "images": count}, records, load)


def cpu_seconds(work: Callable[[], None]) -> float:
    """CPU time of this process for `work`."""
    before = os.times()
    work()
    after = os.times()
    return after.user + after.system - before.user - before.system


def alone(encoder: Encoder, files: list[Path]) -> tuple[float, float]:
    """CPU seconds to decode one image, and to encode one, with one thread."""
    threads, views = torch.get_num_threads(), []
    torch.set_num_threads(1)

    def decode() -> None:
        views.extend(encoder.view(read_image(file, encoder.image_size)) for file in files)

    def encode() -> None:
        with torch.inference_mode():
            for first in range(0, len(files), BATCH):
                encoder.encode(views[first : first + BATCH])

    decoding = cpu_seconds(decode)
    encoding = cpu_seconds(encode)
    torch.set_num_threads(threads)
    return decoding / len(files), encoding / len(files)


def rate(files: list[Path], out: Path) -> None:
    """Measure decoding and encoding alone, the whole, and the two alone again; print how they compare."""
    encoder, sample = Encoder(), files[: min(len(files), 20 * BATCH)]
    alone(encoder, sample[:BATCH])  # the first batch sets things up
    before, started = alone(encoder, sample), time.perf_counter()
    busy = cpu_seconds(
        lambda: build(
            photo_source(files, len(files)), encoder, out, batch_size=BATCH, progress=False
        )
    )
    seconds = time.perf_counter() - started
    d, e = np.mean([before, alone(encoder, sample)], axis=0)
    at_best = cores(Team()) / (d + e)
    size = np.mean([file.stat().st_size for file in files])
    print(f"{len(files)} JPEG files of {size / 1000:.0f} kB, {cores(Team())} cores")
    print(
        f"decode {1e3 * d:.2f} ms, encode {1e3 * e:.2f} ms an image: at best {at_best:.1f} images/s"
    )
    print(
        f"build: {len(files) / seconds:.1f} images/s, {len(files) / seconds / at_best:.3f} of that"
    )
    print(f"       {1e3 * busy / len(files):.2f} CPU ms an image, for {1e3 * (d + e):.2f} alone")


class Cheap(nn.Module):
    """Stands in for an encoder where only memory counts: the mean colours of the cells, again and again."""

    channels, grid, image_size = 399, (7, 7), 224
    description = {"name": "cheap", "image_size": 224}
    view = Encoder.view

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.adaptive_avg_pool2d(images.float(), 7).repeat(1, 133, 1, 1)


def peak(files: list[Path], count: int, out: Path, real: bool) -> None:
    """Build a bundle of `count` images and print the most memory that this process ever had, in MB."""
    encoder = Encoder() if real else Cheap()
    build(photo_source(files, count), encoder, out, batch_size=BATCH, progress=False)
    status = Path("/proc/self/status").read_text()  # rusage's peak would be that of the parent
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1000)


def peak_in_a_fresh_process(folder: Path, count: int, real: bool) -> float:
    """What `peak` prints, in MB."""
    command = [
        sys.executable,
        "-m",
        "checks.kit.bench_encoding",
        "--peak-of",
        str(folder),
        str(count),
        *["--real"] * real,
    ]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--peaks", type=int, nargs="+", default=[500, 50000])
    parser.add_argument("--real", action="store_true", help="the real encoder for --peaks too")
    parser.add_argument("--peak-of", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bundle"
        if args.peak_of:
            files = sorted(Path(args.peak_of[0]).glob("*.jpg"))
            return peak(files, int(args.peak_of[1]), out, args.real)
        (Path(folder) / "photos").mkdir()
        files = made(Path(folder) / "photos", args.photos, args.images)
        if args.images >= BATCH:
            rate(files, out)
        for count in filter(None, args.peaks):
            most = peak_in_a_fresh_process(Path(folder) / "photos", count, args.real)
            print(f"peak memory for {count:,} images: {most:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
