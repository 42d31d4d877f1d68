"""The command line, one function a verb: python -m coursework VERB --help."""

import io
import json
import os
import sys
import warnings
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from coursework.arguments import parser
from coursework.arguments.kinds import DATA
from coursework.errors import Elsewhere, InputError, reason


def demo(args) -> None:
    where, _ = device(args.device), module(None)
    require_ready(None, "rnn", "attn")
    from coursework.demo import demo

    demo(args.out, args.data, where)


def check(args) -> int:
    from checks.faces.command import check

    return check(args.module, args.names, args.json, args.watch, args.device)


def hint(args) -> int:
    from checks.faces.hints import hint

    return hint(args.module, args.name, args.level)


def board() -> int:
    """What a bare `python -m coursework` shows."""
    from checks.faces.command import check

    check(None)
    print("python -m coursework --help lists what else there is")
    return 0


def overfit(args) -> None:
    from checks.faces.ready import cells_asked_for

    where, mine = device(args.device), module(args.module)
    cell = args.cell or cells_asked_for()[0]
    warning = require_ready(args.module, cell)
    bundle = opened_bundle(args.data)
    from coursework.learn.overfit import overfit
    from coursework.look import plots

    verdict = overfit(bundle, cell, args.out, count=args.count, device=where, module=mine)
    if args.out:
        plots.save(plots.loss_curve(verdict.history), args.out / "loss.png")
    print(verdict.text())
    if warning and verdict.misses:
        print(f"But first: {warning}")
    if args.out is None:
        print(f"Nothing of this is kept; to hand it in, add --out runs/scenes-overfit-{cell}")
    elif not verdict.misses:
        print(f"next: python -m coursework train {after_overfit(bundle, cell, args.data)}")


def after_overfit(bundle, cell: str, data: Path) -> str:
    """The arguments of `train` that suit a bundle."""
    if bundle.lexicon:  # drawn scenes
        where = "" if data == DATA / "scenes" else f" --data {data}"
        return f"--recipe demo --cell {cell}{where} --out runs/scenes-{cell}"
    size = len(bundle.split("train"))
    recipe = "photos-attn" if size < 5000 else "coco-small" if size < 50_000 else "coco-attn"
    return f"--recipe {recipe} --cell {cell} --data {data} --out runs/{data.name}-{cell}"


def prepare(args) -> None:
    from coursework import preparing

    if args.kind == "bundle":
        preparing.fetch(args)
    else:
        preparing.prepare(args, device)


def bundle(args) -> None:
    from coursework.preparing import pack

    pack(args)


def inspect(args) -> None:
    from coursework.preparing import inspect

    inspect(args)


def train(args) -> None:
    from coursework.learn.recipe import Recipe
    from coursework.together import team

    everyone, recipe = team(), Recipe.load(args.recipe)
    recipe = replace(recipe, cell_type=args.cell or recipe.cell_type)
    settings = {"resume": args.resume, "device": device(args.device), "module": module(args.module)}
    if everyone.leads:
        require_ready(args.module, recipe.cell_type)
    bundle = opened_bundle(args.data)
    from coursework.learn.loop import train
    from coursework.look import plots

    try:
        run = train(bundle, recipe, args.out, **settings, team=everyone)
    except KeyboardInterrupt as stopped:
        kept = f"{stopped}; " if str(stopped) else ""
        raise KeyboardInterrupt(f"{kept}add --resume to go on") from None
    everyone.leave()
    if not everyone.leads:
        return
    plots.save(plots.loss_curve(run.history), args.out / "loss.png")
    print(f"{args.out}: trained; loss curve in {args.out / 'loss.png'}")
    more = f" --module {args.module}" if args.module else ""
    print(f"next: python -m coursework evaluate --run {args.out} --data {args.data}{more}")


def evaluate(args) -> None:
    mine = module(args.module)
    from coursework.look.evaluate import evaluate, report, save_scores

    run = opened_run(args.run)
    bundle = opened_bundle(args.data or Path(run.settings["bundle"]["path"]))
    run.check_encoder(bundle)
    model = run.model(module=mine, device=device(args.device))
    scores = evaluate(model, bundle, args.split, run.max_length, run.vocabulary, module=mine)
    print(json.dumps(scores, indent=1) if args.json else report(scores))
    save_scores(scores, run.path)


def caption(args) -> None:
    mine, where = module(args.module), device(args.device)
    from coursework.look import plots
    from coursework.look.decoding import caption_features
    from coursework.prepare.encoder import encoder_from
    from coursework.prepare.images import read_image
    from coursework.run import own_errors

    run = opened_run(args.run)
    grids = grid_files(args.images, args.out) if args.out else []
    for path in args.images:
        read_image(path)  # what cannot be read is said before the encoder is made, or downloaded
    model = run.model(module=mine, device=where)
    encoder = encoder_from(run.encoder, args.weights).to(where)
    views = [encoder.view(read_image(path, encoder.image_size)) for path in args.images]
    features = encoder.encode(views)
    with own_errors(mine):
        captions = caption_features(model, features, run.vocabulary, run.max_length)
    for path, said in zip(args.images, captions, strict=True):
        print(f"{path}: {said}")
    for view, said, file in zip(views, captions, grids):
        if said.weights is not None:
            plots.save(plots.attention_grid(view, said.words, said.weights, title=str(said)), file)
    if args.out:
        print(f"pictures: {args.out / 'captions.png'}" + (f", {grids[0]}, ..." if grids else ""))
        plots.save(
            plots.captioned_images(views, [c.words for c in captions]), args.out / "captions.png"
        )


def submit(args) -> None:
    from checks.engine import check_file
    from checks.faces.board import own_or
    from checks.paths import ROOT
    from coursework.hand_in.submit import submit

    print(submit(ROOT, check_file(own_or(None)).json(), args.out).text())


def update(args) -> None:
    from checks.paths import ROOT
    from coursework.handout.update import update

    print(*update(args.folder or ROOT, args.handout), sep="\n")


VERBS = {
    verb.__name__: verb
    for verb in (
        demo,
        check,
        hint,
        overfit,
        prepare,
        bundle,
        inspect,
        train,
        evaluate,
        caption,
        submit,
        update,
    )
}


def grid_files(images: list[Path], out: Path) -> list[Path]:
    """Where the attention grid of each image goes; InputError if a picture would overwrite an image."""
    files = [out / f"attention_{number}_{path.stem}.png" for number, path in enumerate(images, 1)]
    for path in images:
        if path.resolve() in {file.resolve() for file in [*files, out / "captions.png"]}:
            raise InputError(f"{path} would be overwritten: choose another folder with --out")
    return files


def instructors_verbs() -> list:
    """Functions that add the verbs which a handout does not have."""
    if find_spec("checks.classroom") is None:
        return []
    from checks.classroom.verb import add_release

    return [add_release]


# What the verbs share


def device(name: str):
    """The torch device of that name; InputError if this machine has none such."""
    import torch

    try:
        if torch.device(name).type == "meta":
            raise RuntimeError("it holds no numbers")
        return torch.zeros(1, device=torch.device(name)).device
    except (RuntimeError, AssertionError) as error:
        why = str(error).splitlines()[0]
        raise InputError(
            f"--device {name}: not to be had here ({why}); use --device cpu"
        ) from error


def require_ready(path: Path | None, *cells: str) -> str:
    """InputError unless all that captioners with these cells need is written.

    Prints, and returns, a warning where something of it is wrong; else "".
    """
    from checks.engine import check_file
    from checks.faces.board import module_option, own_or
    from checks.faces.ready import needed, readiness

    report = check_file(own_or(path), [name for cell in cells for name in needed(cell)])
    found = [readiness(report, cell) for cell in cells]
    for ready in found:
        if ready.refusal():
            raise InputError(ready.refusal())
    warnings = [ready.warning(module_option(path)) for ready in found if ready.failing]
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return warnings[0] if warnings else ""


def module(path: Path | None):
    from coursework.module import captioning_module

    return captioning_module(path)


def opened_bundle(path: Path):
    from coursework.bundle import Bundle

    return Bundle.open(path)


def opened_run(path: Path):
    from coursework.run import Run

    return Run.open(path)


def on_one_line(message: object) -> str:
    """A message with what would break the line, or colour the terminal, written out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(message))


def rank_and_size() -> tuple[int, int]:
    """This process's rank and how many there are, where torchrun started it; else 0 and 1."""
    names = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    rank, size, *address = (os.environ.get(name, "") for name in names)
    if not (rank.isdecimal() and size.isdecimal() and all(address)):
        return 0, 1
    return int(rank), int(size)


def main(argv: list[str] | None = None) -> int:
    """Run one verb, or show the board. Exit status 0, or what the verb says; 2 with one line on stderr
    for bad input; 130 for Ctrl-C.
    """
    argv = sys.argv[1:] if argv is None else argv
    rank, processes = rank_and_size()
    for remark in ("Corrupt EXIF data", "Image size .* exceeds limit", "Glyph .* missing from"):
        warnings.filterwarnings("ignore", remark)  # libraries' words on pictures and captions
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # consoles of few letters show ? for the others
            stream.reconfigure(errors="replace")
    try:
        if not argv:
            return board()
        args = parser(VERBS, instructors_verbs()).parse_args(argv)
        if processes > 1 and args.function not in (prepare, train):
            if rank:
                return 2
            raise InputError(f"{argv[0]} is for one process: start it without torchrun")
        return args.function(args) or 0
    except Elsewhere:
        return 2
    except InputError as error:
        print(f"{f'process {rank}: ' if rank else ''}error: {on_one_line(error)}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read along has had enough, as `| head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # the disk, a path that no system takes, ...
        named = f"{error.filename}: " if error.filename else ""
        print(f"error: {on_one_line(f'{named}{reason(error)}')}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stopped:
        if rank == 0:
            said = str(stopped) or "nothing half-done is left behind"
            print(f"\nstopped; {said}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
