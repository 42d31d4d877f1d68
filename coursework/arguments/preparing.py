"""The arguments of `prepare` with its sources, of `bundle` and of `inspect`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from coursework.arguments.kinds import DATA, positive


def add_preparing(add, nested: Callable) -> None:
    """All three verbs. `add` adds a verb; `nested` makes such an adder for verbs below a verb."""
    prepare = add("prepare", "turn images and captions into a bundle", PREPARE, device=False)
    source = nested(prepare, "sources", "SOURCE")
    add_scenes(source)
    add_folder(source)
    add_coco(source)
    add_flickr8k(source)
    add_karpathy(source)
    add_coco_pt(source)
    add_packed(source)

    bundle = add("bundle", "a bundle as one file, for others", BUNDLE, device=False)
    verb = nested(bundle, "actions", "ACTION")("pack", "make the zip", PACK, device=False)
    verb.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's folder")
    verb.add_argument("--out", type=Path, metavar="ZIP", help="the zip to make (BUNDLE.zip)")

    verb = add("inspect", "the doctor: what is in a data set or a bundle", INSPECT, device=False)
    verb.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH", help="a bundle, or the files of a data set"
    )
    verb.add_argument("--out", type=Path, help="folder for a picture, and for faulty.txt")
    verb.add_argument("--quick", action="store_true", help="do not decode every image")
    verb.add_argument("--json", action="store_true", help="one JSON object instead of text")


def add_scenes(source) -> None:
    """Drawn scenes."""
    verb = source("scenes", "pictures that the kit draws itself", SCENES)
    for split, count in (("train", 2400), ("val", 300), ("test", 300)):  # scenes.COUNTS
        verb.add_argument(
            f"--{split}", type=positive, default=count, help=f"{split} images ({count})"
        )
    verb.add_argument("--seed", type=int, default=0, help="another seed, other scenes (0)")
    build_arguments(verb, "scenes")


def add_folder(source) -> None:
    """Photos of one's own."""
    verb = source("folder", "your own photos with your own captions", FOLDER)
    verb.add_argument("images", type=Path, metavar="IMAGES", help="folder or zip of the images")
    verb.add_argument(
        "captions", type=Path, metavar="CAPTIONS", help="COCO-layout .json or two-column .csv"
    )
    choice_arguments(verb)
    build_arguments(verb, "folder", minimum_count=None)


def add_coco(source) -> None:
    """COCO with its official splits."""
    verb = source("coco", "COCO 2017 or 2014, from files or downloaded", COCO)
    verb.add_argument(
        "paths",
        type=Path,
        nargs="*",
        metavar="PATH",
        help="folders, zips and .json with annotations and images; what is not there is downloaded",
    )
    verb.add_argument(
        "--split", choices=("train", "val"), help="only this official part of COCO (both)"
    )
    verb.add_argument("--year", type=int, choices=(2014, 2017), help="of what is downloaded (2017)")
    coco_download_arguments(verb)
    choice_arguments(verb, held_out="see above")
    build_arguments(verb, "coco", minimum_count=None, weights="imagenet")


def add_flickr8k(source) -> None:
    """Flickr8k, as Kaggle or as its authors lay it out."""
    verb = source("flickr8k", "Flickr8k, from files or downloaded", FLICKR)
    verb.add_argument(
        "paths",
        type=Path,
        nargs="*",
        metavar="PATH",
        help="folders or zips with captions, split files and images (downloaded)",
    )
    downloads_argument(verb, "flickr8k")
    choice_arguments(verb)
    build_arguments(verb, "flickr8k", minimum_count=None, weights="imagenet")


def add_karpathy(source) -> None:
    """Karpathy's splits."""
    verb = source(
        "karpathy",
        "Karpathy's splits of COCO, Flickr8k, Flickr30k",
        KARPATHY,
    )
    verb.add_argument(
        "dataset",
        type=Path,
        metavar="DATASET",
        help="dataset_coco.json, or the zip that it came in",
    )
    verb.add_argument(
        "images",
        type=Path,
        nargs="*",
        metavar="IMAGES",
        help="folders or zips of the images; photos of COCO that are not there are downloaded",
    )
    coco_download_arguments(verb)
    verb.add_argument(
        "--restval", choices=("train", "out"), default="train", help="COCO's restval images (train)"
    )
    choice_arguments(verb)
    build_arguments(verb, "karpathy", minimum_count=None, weights="imagenet")


def add_coco_pt(source) -> None:
    """A course's coco.pt."""
    verb = source("coco-pt", "a course's coco.pt", COCO_PT)
    verb.add_argument("file", type=Path, metavar="FILE", help="coco.pt")
    choice_arguments(verb, missing=False)
    build_arguments(verb, "coco-pt", weights="imagenet", image_size=112)


def add_packed(source) -> None:
    """A bundle that somebody else prepared."""
    verb = source("bundle", "a bundle that somebody else prepared", PACKED, device=False)
    verb.add_argument("source", metavar="SOURCE", help="the zip's address, or the zip itself")
    verb.add_argument(
        "--fingerprint", metavar="HEX", help="the one it must have: 12 digits or more"
    )
    verb.add_argument("--out", type=Path, help="the bundle's folder (data/, the name of the zip)")


def coco_download_arguments(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--whole", action="store_true", help="download whole image zips (train2017: 19 GB)"
    )
    downloads_argument(verb, "coco")


def downloads_argument(verb: argparse.ArgumentParser, name: str) -> None:
    default = DATA / "downloads" / name
    verb.add_argument(
        "--downloads",
        type=Path,
        default=default,
        help=f"where downloads go (data/downloads/{name})",
    )


def choice_arguments(
    verb: argparse.ArgumentParser, missing: bool = True, held_out: str = "all"
) -> None:
    """Which images of a data set; `missing`: what to do about those that are not there."""
    usual = {"train": "all", "val": held_out, "test": held_out}
    for split in usual:
        text = f"{split} images ({usual[split]})"
        verb.add_argument(f"--{split}", type=positive, metavar="N", help=text)
    verb.add_argument("--limit", type=positive, metavar="N", help="at most so many images in all")
    if missing:
        verb.add_argument(
            "--leave-out", type=Path, metavar="FILE", help="images to leave out, one name a line"
        )
        verb.add_argument(
            "--present-only", action="store_true", help="leave out the images that are not there"
        )


def build_arguments(
    verb: argparse.ArgumentParser,
    name: str,
    minimum_count: int | None = 1,
    weights: str = "scenes",
    image_size: int | None = None,
) -> None:
    """What every source takes: the encoder, the views, the words, and where the bundle goes."""
    verb.add_argument(
        "--out", type=Path, default=DATA / name, help=f"the bundle to make (data/{name})"
    )
    verb.add_argument(
        "--encoder", default="regnet_x_400mf", help="a torchvision backbone (regnet_x_400mf)"
    )
    verb.add_argument(
        "--weights",
        default=weights,
        help=f"scenes, imagenet, or a .pth or .safetensors file ({weights})",
    )
    verb.add_argument(
        "--image-size",
        type=positive,
        default=image_size,
        help=f"side of the square it sees, in pixels ({image_size or 224})",
    )
    verb.add_argument(
        "--views", default="", help="flip, crops, or flip,crops: further views to train on (none)"
    )
    verb.add_argument(
        "--vocabulary", choices=("train", "all"), default="train", help="whose words (train)"
    )
    usual = (
        minimum_count or "5; with fewer than 5,000 training images 1"
    )  # from_arguments.minimum_count
    text = f"words seen less often become <UNK> ({usual})"
    verb.add_argument("--minimum-count", type=positive, default=minimum_count, help=text)
    verb.add_argument(
        "--max-words", type=positive, help="longer captions are cut for training (as they are)"
    )


PREPARE = """Runs every image through a frozen encoder once, and keeps features, captions and thumbnails
in a folder, a bundle, that training reads. Interrupted, it goes on where it stopped when you run
it again. Several processes share the work:

    torchrun --nproc-per-node 2 -m coursework prepare coco COCO --out data/coco

--views keeps further views of every image, to train on: flip is its mirror image (never shown with a
caption that says left or right), crops are four corners of seven eighths of its side.
"""
SCENES = """Draws scenes with five true captions each, and the boxes of the things in them.

    python -m coursework prepare scenes
    python -m coursework prepare scenes --train 8000 --out data/many-scenes
"""
FOLDER = """Takes a folder of images and their captions: JSON as COCO lays it out, or a CSV with a
row "image,caption" for each caption. Several captions an image are welcome.

    python -m coursework prepare folder photos captions.csv --weights imagenet
"""
COCO = """Takes COCO as it is published: captions_*.json and images, found by their names in folders and
zips; zips are read where they lie. What is missing is downloaded: the annotations, and of the images
only those that are needed, one by one. train2017 becomes train; val2017 is shared out to val and test:
as many to test as --val asks for; with --train alone a tenth as many to each.

    python -m coursework prepare coco --train 10000 --val 500
    python -m coursework prepare coco annotations_trainval2017.zip train2017.zip val2017.zip
    python -m coursework prepare coco COCO --split val --limit 1000 --out data/coco-val
"""
FLICKR = """Takes Flickr8k from folders and zips: captions.txt as Kaggle has it or Flickr8k.token.txt, the
official split files, and the images, found by their names. Without a PATH it is downloaded (1.1 GB).

    python -m coursework prepare flickr8k Flickr8k_Dataset.zip Flickr8k_text.zip
    python -m coursework prepare flickr8k archive.zip --encoder resnet50
"""
KARPATHY = """Takes the splits that papers report on: a dataset_*.json of Karpathy's caption_datasets.zip
(coco, flickr8k, flickr30k, or any set laid out like them), and the images.

    python -m coursework prepare karpathy dataset_coco.json train2014.zip val2014.zip
    python -m coursework prepare karpathy dataset_flickr30k.json flickr30k-images --out data/flickr30k
"""
COCO_PT = """Takes the coco.pt that a course handed out: small pictures with one caption each, in its own
vocabulary.

    python -m coursework prepare coco-pt coco.pt
"""
PACKED = """Fetches a bundle that somebody else prepared and packed, verifies all of it, and puts it into
place. Nothing needs encoding.

    python -m coursework prepare bundle https://example.org/coco-10k.zip --fingerprint 0123456789ab
"""
BUNDLE = """A bundle as one zip: prepare once, and let a class fetch it.

    python -m coursework bundle pack data/coco
"""
PACK = """Verifies a bundle, packs it, and says how others get it.

    python -m coursework prepare coco --train 10000 --val 500 --image-size 112 --out data/coco-10k
    python -m coursework bundle pack data/coco-10k
"""
INSPECT = """Says what is in a data set, before it is prepared, or in a bundle: counts, splits, captions,
words; and what is wrong with it: images that are missing, damaged, grey or there twice, captions without
image. With --out also a picture of some examples, and faulty.txt, the images that
prepare --leave-out leaves out.

    python -m coursework inspect data/scenes --out look
    python -m coursework inspect annotations_trainval2017.zip val2017.zip --quick
"""
