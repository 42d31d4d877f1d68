"""What the command line does for `prepare`, `bundle pack` and `inspect`."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from coursework.arguments.kinds import DATA
from coursework.bundle import Bundle, refuse_bundle
from coursework.files import InputError, size_text, written_beside
from coursework.prepare import packed as packing
from coursework.prepare.build import build
from coursework.prepare.encoder import Encoder
from coursework.prepare.from_arguments import minimum_count, source_from
from coursework.together import team
from coursework.vocabulary import VocabularyOptions

SCENES_ON_PHOTOS = (
    "the encoder of the drawn scenes knows nothing of photos. Its features will do to overfit a few;"
    " to describe photos never seen, take --weights imagenet"
)


def prepare(args: argparse.Namespace, device: Callable[[str], torch.device]) -> None:
    """Make a bundle; `device` finds that of a name. Under torchrun every process calls this."""
    check_paths(args)
    started, everyone = time.monotonic(), team()
    where = device(args.device)

    def say(note: str) -> None:
        if everyone.leads:
            print(f"note: {note}", file=sys.stderr)

    if args.kind == "folder" and args.weights == "scenes":
        say(SCENES_ON_PHOTOS)
    with everyone.first():  # what is downloaded is downloaded once on each machine
        encoder = Encoder(args.encoder, args.weights, args.image_size)
        source = source_from(args, say)
    count = args.minimum_count or minimum_count(source)
    words = VocabularyOptions(args.vocabulary, count, args.max_words)
    settings = {"vocabulary": words, "views": args.views, "device": where, "team": everyone}
    made = build(source, encoder, args.out, **settings)
    if everyone.leads:
        print_bundle(made, time.monotonic() - started)
    everyone.leave()


def check_paths(args: argparse.Namespace) -> None:
    """Raise InputError if something is named that is not there: before an encoder is downloaded in vain."""
    for name in ("paths", "images", "captions", "dataset", "file", "leave_out"):
        given = getattr(args, name, None) or []
        for path in [given] if isinstance(given, Path) else given:
            inside = name == "dataset" and any(above.is_file() for above in path.parents)
            if not path.exists() and not inside:
                raise InputError(f"there is nothing at {path}")


def fetch(args: argparse.Namespace) -> None:
    """A bundle that somebody else prepared, put into place."""
    started = time.monotonic()
    stem = args.source.rstrip("/").replace("\\", "/").rpartition("/")[2].partition(".zip")[0]
    out = args.out or DATA / (stem or "bundle")
    made = packing.unpack(args.source, out, args.fingerprint)
    print_bundle(made, time.monotonic() - started)


def pack(args: argparse.Namespace) -> None:
    """A bundle as one zip, and what to tell those who fetch it."""
    packed = packing.pack(args.bundle, args.out)
    size, made = size_text(packed.stat().st_size), Bundle.open(args.bundle)
    print(f"{packed}: {size}. Put it where others can fetch it; then:")
    print(f"python -m coursework prepare bundle URL --fingerprint {made.fingerprint[:16]}")


def inspect(args: argparse.Namespace) -> None:
    """The doctor's report on a data set or a bundle, and with --out its picture."""
    from coursework.look import inspection, plots  # matplotlib takes a while: prepare need not wait
    from coursework.prepare import doctor
    from coursework.prepare.sets.recognise import listing_of

    if args.out:
        refuse_bundle(args.out)
    if len(args.paths) == 1 and (args.paths[0] / "bundle.json").is_file():
        subject = Bundle.open(args.paths[0])
        report = doctor.examine_bundle(subject, args.quick)
    else:
        subject = listing_of(args.paths)
        report = doctor.examine_listing(subject, args.quick)
    print(json.dumps(report, indent=1) if args.json else doctor.text(report))
    if args.out:
        page = inspection.inspection(report, *doctor.shown(subject, report))
        plots.save(page, args.out / "inspection.png")
        print(f"a picture of it: {args.out / 'inspection.png'}", file=sys.stderr)
        if report["faulty"]:
            write_lines(args.out / "faulty.txt", report["faulty"])
            print(f"for prepare --leave-out: {args.out / 'faulty.txt'}", file=sys.stderr)


def write_lines(path: Path, lines: list[str]) -> None:
    with written_beside(path) as beside:
        beside.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")


def print_bundle(bundle: Bundle, seconds: float) -> None:
    """What came out of `prepare`, and what to do next."""
    order = {"train": 0, "val": 1, "test": 2}
    sizes = sorted(bundle.splits.items(), key=lambda split: order.get(split[0], len(order)))
    splits = ", ".join(f"{count:,} {name}" for name, count in sizes)
    views = f" x {len(bundle.views)} views" if len(bundle.views) > 1 else ""
    print(
        f"{bundle.path}: {len(bundle.images):,} images{views} ({splits}),"
        f" {len(bundle.vocabulary):,} words,"
        f" features {bundle.channels} x {bundle.grid[0]} x {bundle.grid[1]}"
        f" from {bundle.encoder['name']}, fingerprint {bundle.fingerprint[:16]}, {seconds:.0f} s"
    )
    print(f"next: python -m coursework overfit --data {bundle.path}")
