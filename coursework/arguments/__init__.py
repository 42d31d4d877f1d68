"""The arguments of every verb of the command line, and what --help teaches."""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

from coursework.arguments.kinds import DATA, positive
from coursework.arguments.preparing import add_preparing

CELLS = ("rnn", "lstm", "attn")


def parser(verbs: dict[str, Callable], more: Iterable[Callable] = ()) -> argparse.ArgumentParser:
    """All verbs with their arguments; each --help says what the verb does and shows an example.

    verbs    by name, what is called with the parsed arguments: it stands in their `function`
    more     functions that add further verbs, as `handing_verbs` does
    """
    main = argparse.ArgumentParser(
        "python -m coursework", description="Image captioning from scratch."
    )

    def nested(verb: argparse.ArgumentParser, title: str, metavar: str) -> Callable:
        below = verb.add_subparsers(title=title, metavar=metavar, required=True)
        return adder(below, verbs, verb.get_default("function"))

    add = nested(main, "verbs", "VERB")
    writing_verbs(add)
    add_preparing(add, nested)
    learning_verbs(add)
    handing_verbs(add)
    for add_verbs in more:
        add_verbs(add)
    return main


def adder(subparsers, verbs: dict[str, Callable], above: Callable | None = None):
    """A function that adds a verb with its one-line help and its text; --device where it computes.

    A verb below another one calls that one's function, `above`, which finds its name in `kind`.
    """

    def add(name: str, line: str, text: str, device: bool = True) -> argparse.ArgumentParser:
        formatter = argparse.RawDescriptionHelpFormatter
        verb = subparsers.add_parser(name, help=line, description=text, formatter_class=formatter)
        verb.set_defaults(function=above or verbs.get(name), kind=name)
        if device:
            verb.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps (cpu)")
        return verb

    return add


def writing_verbs(add) -> None:
    """What goes with writing the functions: check and hint; and demo, for when all is written."""
    verb = add("demo", "from nothing to captions and attention grids, in about two minutes", DEMO)
    verb.add_argument(
        "--out", type=Path, default=Path("demo"), help="folder of the pictures (demo)"
    )
    bundle_argument(verb)

    verb = add("check", "what is right, and what is wrong and how", CHECK)
    verb.add_argument(
        "names", nargs="*", metavar="NAME", help="functions, or parts: rnn, words, lstm, ... (all)"
    )
    verb.add_argument("--watch", action="store_true", help="again at every save, what changed")
    verb.add_argument("--json", action="store_true", help="one JSON object instead of text")
    module_argument(verb)

    verb = add("hint", "the next of three hints on a function", HINT, device=False)
    verb.add_argument(
        "name", nargs="?", metavar="NAME", help="a function (the one to do next on the board)"
    )
    verb.add_argument(
        "--level", type=int, choices=(1, 2, 3), help="all hints up to this one (one more)"
    )
    module_argument(verb)


def learning_verbs(add) -> None:
    """From a bundle to a run, and what a run can say."""
    verb = add("overfit", "learn a few captions by heart: the first test of a model", OVERFIT)
    verb.add_argument("--cell", choices=CELLS, help="which cell (the first there is: rnn)")
    verb.add_argument("--count", type=positive, default=50, help="how many images (50)")
    verb.add_argument("--out", type=Path, help="folder for the run and its loss curve")
    bundle_argument(verb)
    module_argument(verb)

    verb = add("train", "train on a bundle, by a recipe", TRAIN)
    verb.add_argument(
        "--recipe", default="scenes-attn", help="a recipe's name or a .toml file (scenes-attn)"
    )
    verb.add_argument("--cell", choices=CELLS, help="another cell than the recipe's")
    verb.add_argument("--out", type=Path, required=True, help="folder of the run")
    verb.add_argument(
        "--resume", action="store_true", help="go on exactly where the run was interrupted"
    )
    bundle_argument(verb)
    module_argument(verb)

    verb = add("evaluate", "score the captions of a split, with conditions", EVALUATE)
    verb.add_argument("--run", type=Path, required=True, help="folder of the run")
    verb.add_argument("--split", default="test", help="which split (test)")
    verb.add_argument("--json", action="store_true", help="one JSON object instead of text")
    verb.add_argument("--data", type=Path, help="the bundle (the one that the run was trained on)")
    module_argument(verb)

    verb = add("caption", "caption any picture", CAPTION)
    verb.add_argument("images", type=Path, nargs="+", metavar="IMAGE")
    verb.add_argument("--run", type=Path, required=True, help="folder of the run")
    verb.add_argument("--out", type=Path, help="folder for an attention grid of each picture")
    verb.add_argument(
        "--weights", help="the encoder's weights file, where the run used one of your own"
    )
    module_argument(verb)


def handing_verbs(add) -> None:
    """What goes from instructor to student and back."""
    verb = add("submit", "the zip to hand in, and what is missing in it", SUBMIT, device=False)
    verb.add_argument("--out", type=Path, metavar="ZIP", help="the zip to make (hand-in.zip)")
    verb = add("update", "bring in a newer handout, and keep your work", UPDATE, device=False)
    verb.add_argument("handout", type=Path, metavar="HANDOUT", help="its zip, or its folder")
    verb.add_argument("--folder", type=Path, help="the handout that you work in (this one)")


def bundle_argument(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--data", type=Path, default=DATA / "scenes", help="the bundle (data/scenes)")


def module_argument(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--module", type=Path, metavar="FILE", help="your functions (coursework/captioning.py)"
    )


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
    python -m coursework check --watch                         on every save, what changed
    python -m coursework check --module my_captioning.py --json

Exit status 0 when all passed, 1 otherwise.
"""
HINT = """Says where a function stands, and gives the next of three hints: where to look; the idea; the
formula.

    python -m coursework hint rnn_forward
    python -m coursework hint                    on what is to be done next
    python -m coursework hint rnn_forward --level 3
"""
OVERFIT = """Learns one caption for each of a few images by heart, then asks for them back without help.
A model that cannot do this cannot learn anything else: do it before you train.

    python -m coursework overfit --cell lstm
    python -m coursework overfit --cell attn --data data/folder --out runs/overfit
"""
TRAIN = """Trains on the train split of a bundle, keeps the best and the last model, and draws the loss
curve. Ctrl-C loses nothing: the same command with --resume goes on exactly where it stopped.

    python -m coursework train --recipe scenes-attn --out runs/attn
    python -m coursework train --recipe demo --cell lstm --out runs/lstm
"""
EVALUATE = """Captions every image of a split, word by word without help, and scores the captions:
BLEU-1 to 4; on scenes also whether the things named are there, and whether attention looks at them.

    python -m coursework evaluate --run runs/attn --split val
"""
CAPTION = """Captions pictures with the encoder that the run was trained with, and draws where the model
looked.

    python -m coursework caption --run runs/attn photo.jpg --out grids
"""
SUBMIT = """Makes the zip to hand in: captioning.py, your answers to the notebooks' questions, and
results.json with what the checks say and the losses and scores of the runs in runs/. Says what is
missing, and makes the zip all the same. An earlier zip is never overwritten.

    python -m coursework submit
"""
UPDATE = """Brings a newer handout into this one, for instance with the next part. What you have written
stays: functions, notebooks, runs, data. What it changes is kept as it was, in before-update.zip.

    python -m coursework update handout-2.zip
    python -m coursework update . --folder ../old      in the new one, unzipped: for one too old to read it
"""
