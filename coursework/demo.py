"""The main job: from nothing to captions and attention grids, each stage announced, timed and drawn."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from coursework.bundle import Bundle
from coursework.files import InputError
from coursework.look import plots
from coursework.prepare import scenes
from coursework.run import Run

GRIDS = 4

NEXT = """
Next: read coursework/captioning.py, which did all this, from top to bottom; then, better with more scenes,
  python -m coursework prepare scenes --train 8000 --out data/many-scenes
  python -m coursework train --recipe scenes-attn --data data/many-scenes --out runs/attn
  python -m coursework evaluate --run runs/attn
"""


def demo(out: Path, data: Path, device="cpu") -> None:
    """Draw, prepare, overfit, train, score, look: pictures land in folder `out`, the bundle in `data`.

    What an earlier demo finished is not done again.  Raises InputError as the stages do.
    """
    say = announcer(stages=6)
    draw_scenes(out / "1_scenes.png")
    say("scenes", f"what the kit draws, with captions: {out / '1_scenes.png'}")
    bundle = prepare(data, device)
    say("prepare", f"{len(bundle.images):,} scenes through the frozen encoder, kept in {data}")
    verdict = overfit(bundle, out / "2_overfit.png", device)
    say("overfit", f"{verdict} {out / '2_overfit.png'}")
    run = train(bundle, out / "run", out / "3_training.png", device)
    say("train", f"attention LSTM, {len(run.history['loss']):,} steps: {out / '3_training.png'}")
    captions, text = score(run, bundle, device)
    say("score", "captions of scenes it has never seen, word by word without help\n" + text)
    grids = look(bundle, captions, out)
    say("look", f"captions {out / '4_captions.png'}, where it looked {grids}")
    print(NEXT)


def announcer(stages: int) -> Callable[[str, str], None]:
    """A function that prints a finished stage with its number and the seconds it took."""
    started = last = time.monotonic()
    number = 0

    def say(stage: str, text: str) -> None:
        nonlocal last, number
        number, now = number + 1, time.monotonic()
        head = f"{number}/{stages} {stage:8}{now - last:4.0f} s  "
        print(head + text.replace("\n", "\n" + " " * len(head)), flush=True)
        last = now
        if number == stages:
            print(f"done in {now - started:.0f} s")

    return say


def draw_scenes(path: Path, count: int = 8) -> None:
    """Some training scenes with a caption each."""
    drawn = [scenes.scene("train", index) for index in range(count)]
    captions = [scenes.captions(scene)[0] for scene in drawn]
    plots.save(plots.captioned_images([scenes.picture(s) for s in drawn], captions), path)


def prepare(data: Path, device) -> Bundle:
    """The bundle of scenes: the one that is there, or a new one."""
    from coursework.prepare.build import build
    from coursework.prepare.encoder import Encoder

    return build(scenes.scenes_source(**scenes.COUNTS), Encoder().to(device), data, device=device)


def overfit(bundle: Bundle, picture: Path, device) -> str:
    """Fifty captions by heart; the verdict's first line."""
    from coursework.learn.overfit import overfit

    verdict = overfit(bundle, "rnn", device=device)
    plots.save(plots.loss_curve(verdict.history), picture)
    return verdict.text().splitlines()[0]


def train(bundle: Bundle, out: Path, picture: Path, device) -> Run:
    """The demo's training, or what is left of it."""
    from coursework.learn.loop import train
    from coursework.learn.recipe import Recipe

    try:
        run = train(bundle, Recipe.load("demo"), out, resume=True, device=device)
    except InputError as error:
        raise InputError(f"{error} (or choose another folder with --out)") from error
    plots.save(plots.loss_curve(run.history), picture)
    return run


def score(run: Run, bundle: Bundle, device) -> tuple[list, str]:
    """Captions of the validation split, and their scores in words."""
    from coursework.look.decoding import caption_split
    from coursework.look.evaluate import report, score_captions

    model = run.model(device=device)
    captions = caption_split(model, bundle, "val", run.max_length)
    return captions, report(score_captions(captions, bundle, "val", run.max_length))


def look(bundle: Bundle, captions: list, out: Path) -> str:
    """Twelve validation images with captions, attention grids of the fullest; returns their names."""
    from coursework.look.scoring import mention_marks, word_boxes

    images = bundle.split("val")[:12]
    records, captions = [bundle.images[i] for i in images], captions[:12]
    pictures, words = [bundle.thumbnail(i) for i in images], [caption.words for caption in captions]
    marks = [mention_marks(w, record, bundle.lexicon) for w, record in zip(words, records)]
    plots.save(plots.captioned_images(pictures, words, marks=marks), out / "4_captions.png")
    # full pictures show best how the map moves, and bright ones show the map best
    bright = [np.asarray(picture).mean() for picture in pictures]
    fullest = sorted(range(12), key=lambda k: (-len(records[k].things), -bright[k]))[:GRIDS]
    names = [out / f"5_attention_{number + 1}.png" for number in range(GRIDS)]
    for k, name in zip(fullest, names):
        boxes = word_boxes(words[k], records[k], bundle.lexicon)
        title = str(captions[k])
        plots.save(
            plots.attention_grid(pictures[k], words[k], captions[k].weights, title, boxes), name
        )
    return f"{names[0]} to {names[-1].name}"
