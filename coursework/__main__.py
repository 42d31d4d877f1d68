"""The command line, one function a verb: python -m coursework VERB --help."""

import argparse
import json
import os
import sys
import time
from importlib import util
from pathlib import Path

from coursework.errors import InputError, reason

ROOT = Path(__file__).resolve().parents[1]
DATA = Path("data") if ROOT == Path.cwd() else ROOT / "data"
CELLS = ("rnn", "lstm", "attn")
SCENES_ON_PHOTOS = (
    "note: the encoder of the drawn scenes knows nothing of photos. Its features will do to overfit a few;"
    " to describe photos never seen, take --weights imagenet"
)


def demo(args) -> None:
    from coursework.demo import demo

    demo(args.out, args.data, device(args.device))


def check(args) -> int:
    from checks.faces.command import check

    return check(args.module, args.names, args.json, args.watch, args.hint, args.device)


def board() -> int:
    """What a bare `python -m coursework` shows."""
    from checks.faces.command import check

    check(None)
    print("python -m coursework --help lists what else there is")
    return 0


def overfit(args) -> None:
    from coursework.learn.overfit import overfit
    from coursework.look import plots

    verdict = overfit(
        opened_bundle(args.data),
        args.cell,
        args.out,
        count=args.count,
        device=device(args.device),
        module=module(args.module),
    )
    if args.out:
        plots.save(plots.loss_curve(verdict.history), args.out / "loss.png")
    print(verdict.text())


def prepare_scenes(args) -> None:
    from coursework.prepare.scenes import scenes_source

    build_bundle(scenes_source(args.train, args.val, args.test, args.seed), args)


def prepare_folder(args) -> None:
    from coursework.prepare.folder import folder_source

    if args.weights == "scenes":
        print(SCENES_ON_PHOTOS, file=sys.stderr)
    build_bundle(folder_source(args.images, args.captions), args)


def build_bundle(source, args) -> None:
    """Run the pictures of a source through the encoder that the arguments name, and say what came out."""
    from coursework.prepare.build import build
    from coursework.prepare.encoder import Encoder

    started = time.monotonic()
    where = device(args.device)
    encoder = Encoder(args.encoder, args.weights, args.image_size)
    bundle = build(source, encoder, args.out, minimum_count=args.minimum_count, device=where)
    splits = ", ".join(f"{count:,} {name}" for name, count in bundle.splits.items())
    print(
        f"{bundle.path}: {len(bundle.images):,} images ({splits}), {len(bundle.vocabulary):,} words,"
        f" features {bundle.channels} x {bundle.grid[0]} x {bundle.grid[1]} from {args.encoder},"
        f" {time.monotonic() - started:.0f} s"
    )
    print(f"next: python -m coursework overfit --cell rnn --data {bundle.path}")


def train(args) -> None:
    from coursework.learn.loop import train
    from coursework.learn.recipe import Recipe
    from coursework.look import plots

    settings = {"resume": args.resume, "device": device(args.device), "module": module(args.module)}
    try:
        run = train(opened_bundle(args.data), Recipe.load(args.recipe), args.out, **settings)
    except KeyboardInterrupt as stopped:
        raise KeyboardInterrupt(f"{stopped}; add --resume to go on") from None
    plots.save(plots.loss_curve(run.history), args.out / "loss.png")
    print(f"{args.out}: trained; loss curve in {args.out / 'loss.png'}")
    print(f"next: python -m coursework evaluate --run {args.out} --data {args.data}")


def evaluate(args) -> None:
    from coursework.look.evaluate import evaluate, report
    from coursework.run import own_errors

    run, mine = opened_run(args.run), module(args.module)
    bundle = opened_bundle(args.data or Path(run.settings["bundle"]["path"]))
    run.check_encoder(bundle)
    model = run.model(module=mine, device=device(args.device))
    with own_errors(mine):
        scores = evaluate(model, bundle, args.split, run.max_length, run.vocabulary)
    print(json.dumps(scores, indent=1) if args.json else report(scores))


def caption(args) -> None:
    from coursework.look import plots
    from coursework.look.decoding import caption_features
    from coursework.prepare.encoder import encoder_from
    from coursework.prepare.images import read_image
    from coursework.run import own_errors

    run, mine, where = opened_run(args.run), module(args.module), device(args.device)
    grids = grid_files(args.images, args.out) if args.out else []
    pictures = [read_image(path) for path in args.images]
    model = run.model(module=mine, device=where)
    encoder = encoder_from(run.encoder, args.weights).to(where)
    views = [encoder.view(picture) for picture in pictures]
    with own_errors(mine):
        captions = caption_features(model, encoder.encode(views), run.vocabulary, run.max_length)
    for path, said in zip(args.images, captions, strict=True):
        print(f"{path}: {said}")
    for view, said, file in zip(views, captions, grids):
        if said.weights is not None:
            plots.save(plots.attention_grid(view, said.words, said.weights, title=str(said)), file)
    if args.out:
        plots.save(
            plots.captioned_images(views, [c.words for c in captions]), args.out / "captions.png"
        )


def grid_files(images: list[Path], out: Path) -> list[Path]:
    """Where the attention grid of each image goes; InputError if a picture would overwrite an image."""
    files = [out / f"attention_{number}_{path.stem}.png" for number, path in enumerate(images, 1)]
    for path in images:
        if path.resolve() in {file.resolve() for file in [*files, out / "captions.png"]}:
            raise InputError(f"{path} would be overwritten: choose another folder with --out")
    return files


# What the verbs share


def device(name: str):
    """The torch device of that name; InputError if this machine has none such."""
    import torch

    try:
        return torch.zeros(1, device=torch.device(name)).device
    except (RuntimeError, AssertionError) as error:
        why = str(error).splitlines()[0]
        raise InputError(
            f"--device {name}: not to be had here ({why}); use --device cpu"
        ) from error


def module(path: Path | None):
    """The captioning module: the kit's own, or that of a file."""
    from coursework import captioning

    if path is None:
        return captioning
    path = path.resolve()
    if not path.is_file():
        raise InputError(f"no module at {path}: --module takes the file with your functions")
    spec = util.spec_from_file_location("hand_in", path)
    try:
        loaded = util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
    except Exception as error:  # whatever a student's file may raise when it is imported
        line = getattr(error, "lineno", None) or last_line_in(path, error)
        raise InputError(f"{path}, line {line}: {type(error).__name__}: {reason(error)}") from error
    if not hasattr(loaded, "CaptioningRNN"):
        raise InputError(f"{path} has no class CaptioningRNN: --module takes a captioning.py")
    return loaded


def last_line_in(path: Path, error: Exception) -> int | str:
    """The deepest line of a file that an error passed through."""
    line, trace = "?", error.__traceback__
    while trace:
        if Path(trace.tb_frame.f_code.co_filename) == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def opened_bundle(path: Path):
    from coursework.bundle import Bundle

    return Bundle.open(path)


def opened_run(path: Path):
    from coursework.run import Run

    return Run.open(path)


# The arguments of each verb


def parser() -> argparse.ArgumentParser:
    """All verbs with their arguments; each --help says what the verb does and shows an example."""
    main = argparse.ArgumentParser(
        "python -m coursework", description="Image captioning from scratch."
    )
    verbs = main.add_subparsers(title="verbs", metavar="VERB", required=True)

    add = adder(verbs)
    verb = add(
        "demo", demo, "from nothing to captions and attention grids, in about two minutes", DEMO
    )
    verb.add_argument(
        "--out", type=Path, default=Path("demo"), help="folder of the pictures (demo)"
    )
    bundle_argument(verb)

    check_arguments(add("check", check, "what is right, and what is wrong and how", CHECK))
    verb = add(
        "overfit", overfit, "learn a few captions by heart: the first test of a model", OVERFIT
    )
    verb.add_argument("--cell", choices=CELLS, default="rnn", help="which cell (rnn)")
    verb.add_argument("--count", type=positive, default=50, help="how many images (50)")
    verb.add_argument("--out", type=Path, help="folder for the run and its loss curve")
    bundle_argument(verb)
    module_argument(verb)

    sources = adder(
        add("prepare", None, "turn images and captions into a bundle", PREPARE).add_subparsers(
            title="sources", metavar="SOURCE", required=True
        )
    )
    verb = sources("scenes", prepare_scenes, "pictures that the kit draws itself", PREPARE_SCENES)
    for split, count in (("train", 2400), ("val", 300), ("test", 300)):  # scenes.COUNTS
        verb.add_argument(
            f"--{split}", type=positive, default=count, help=f"{split} images ({count})"
        )
    verb.add_argument("--seed", type=int, default=0, help="another seed, other scenes (0)")
    build_arguments(verb, "scenes", minimum_count=1)
    verb = sources(
        "folder", prepare_folder, "your own photos with your own captions", PREPARE_FOLDER
    )
    verb.add_argument("images", type=Path, metavar="IMAGES", help="folder of the images")
    verb.add_argument(
        "captions", type=Path, metavar="CAPTIONS", help="COCO-layout .json or two-column .csv"
    )
    build_arguments(verb, "folder", minimum_count=2)

    verb = add("train", train, "train on a bundle, by a recipe", TRAIN)
    verb.add_argument(
        "--recipe", default="scenes-attn", help="a recipe's name or a .toml file (scenes-attn)"
    )
    verb.add_argument("--out", type=Path, required=True, help="folder of the run")
    verb.add_argument(
        "--resume", action="store_true", help="go on exactly where the run was interrupted"
    )
    bundle_argument(verb)
    module_argument(verb)

    verb = add(
        "evaluate",
        evaluate,
        "score the captions of a split, with conditions",
        EVALUATE,
    )
    verb.add_argument("--run", type=Path, required=True, help="folder of the run")
    verb.add_argument("--split", default="test", help="which split (test)")
    verb.add_argument("--json", action="store_true", help="one JSON object instead of text")
    verb.add_argument("--data", type=Path, help="the bundle (the one that the run was trained on)")
    module_argument(verb)

    verb = add("caption", caption, "caption any picture", CAPTION)
    verb.add_argument("images", type=Path, nargs="+", metavar="IMAGE")
    verb.add_argument("--run", type=Path, required=True, help="folder of the run")
    verb.add_argument("--out", type=Path, help="folder for an attention grid of each picture")
    verb.add_argument(
        "--weights", help="the encoder's weights file, where the run used one of your own"
    )
    module_argument(verb)
    return main


def adder(verbs):
    """A function that adds a verb with its one-line help, its text and --device."""

    def add(name: str, function, line: str, text: str) -> argparse.ArgumentParser:
        formatter = argparse.RawDescriptionHelpFormatter
        verb = verbs.add_parser(name, help=line, description=text, formatter_class=formatter)
        if function:
            verb.set_defaults(function=function)
            verb.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps (cpu)")
        return verb

    return add


def check_arguments(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "names", nargs="*", metavar="NAME", help="functions, or parts: rnn, words, lstm, ... (all)"
    )
    verb.add_argument(
        "--hint", nargs="?", type=hint_level, const=1, metavar="LEVEL", help="a hint: 1, 2 or 3 (1)"
    )
    verb.add_argument("--watch", action="store_true", help="again at every save, what changed")
    verb.add_argument("--json", action="store_true", help="one JSON object instead of text")
    module_argument(verb)


def bundle_argument(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--data", type=Path, default=DATA / "scenes", help="the bundle (data/scenes)")


def module_argument(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--module", type=Path, metavar="FILE", help="your functions (coursework/captioning.py)"
    )


def build_arguments(verb: argparse.ArgumentParser, name: str, minimum_count: int) -> None:
    verb.add_argument(
        "--out", type=Path, default=DATA / name, help=f"the bundle to make (data/{name})"
    )
    verb.add_argument(
        "--encoder", default="regnet_x_400mf", help="a torchvision backbone (regnet_x_400mf)"
    )
    verb.add_argument(
        "--weights", default="scenes", help="scenes, imagenet, or a .pth or .safetensors file"
    )
    verb.add_argument(
        "--image-size", type=positive, help="side of the square it sees, in pixels (224)"
    )
    help_text = f"words seen less often in training become <UNK> ({minimum_count})"
    verb.add_argument("--minimum-count", type=positive, default=minimum_count, help=help_text)


def positive(text: str) -> int:
    """A whole number of at least 1; argparse turns the error into one line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} should be a whole number of at least 1")
    return int(text)


def hint_level(text: str) -> int:
    """1, 2 or 3; argparse turns the error into one line."""
    if text not in ("1", "2", "3"):
        raise argparse.ArgumentTypeError(f"{text!r} should be 1, 2 or 3; names go before --hint")
    return int(text)


DEMO = """Draws scenes, runs them through the frozen encoder, learns fifty captions by heart, trains an
attention LSTM and captions pictures it has never seen. Pictures of every stage land in --out.

    python -m coursework demo
"""
CHECK = """Runs your functions on inputs of all kinds and says what is right, and of what is wrong, which
mistake it is. Without a name: all of them, part by part. With names: these, in more detail; what your
code prints is shown then.

    python -m coursework check
    python -m coursework check rnn_forward
    python -m coursework check lstm CaptioningRNN.sample       a part, and a method with all its cells
    python -m coursework check rnn_forward --hint 2            two of three hints
    python -m coursework check --watch                         on every save, what changed
    python -m coursework check --module my_captioning.py --json

Exit status 0 when all passed, 1 otherwise.
"""
OVERFIT = """Learns one caption for each of a few images by heart, then asks for them back without help.
A model that cannot do this cannot learn anything else: do it before you train.

    python -m coursework overfit --cell lstm
    python -m coursework overfit --cell attn --data data/folder --out runs/overfit
"""
PREPARE = """Runs every image through a frozen encoder once, and keeps features, captions and thumbnails
in a folder, a bundle, that training reads. Interrupted, it goes on where it stopped when you run
it again.
"""
PREPARE_SCENES = """Draws scenes with five true captions each, and the boxes of the things in them.

    python -m coursework prepare scenes
    python -m coursework prepare scenes --train 8000 --out data/many-scenes
"""
PREPARE_FOLDER = """Takes a folder of images and their captions: JSON as COCO lays it out, or a CSV with a
row "image,caption" for each caption. Several captions an image are welcome.

    python -m coursework prepare folder photos captions.csv --weights imagenet
"""
TRAIN = """Trains on the train split of a bundle, keeps the best and the last model, and draws the loss
curve. Ctrl-C loses nothing: the same command with --resume goes on exactly where it stopped.

    python -m coursework train --recipe scenes-attn --out runs/attn
"""
EVALUATE = """Captions every image of a split, word by word without help, and scores the captions:
BLEU-1 to 4; on scenes also whether the things named are there, and whether attention looks at them.

    python -m coursework evaluate --run runs/attn --split val
"""
CAPTION = """Captions pictures with the encoder that the run was trained with, and draws where the model
looked.

    python -m coursework caption --run runs/attn photo.jpg --out grids
"""


def main(argv: list[str] | None = None) -> int:
    """Run one verb, or show the board. Exit status 0, or what the verb says; 2 with one line on stderr
    for bad input; 130 for Ctrl-C.
    """
    argv = sys.argv[1:] if argv is None else argv
    try:
        if not argv:
            return board()
        args = parser().parse_args(argv)
        return args.function(args) or 0
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read along has had enough, as `| head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt as stopped:
        print(f"\nstopped; {str(stopped) or 'nothing half-done is left behind'}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
