"""What the notebooks do with your captioning.py: learn by heart, train, score, look.

    lab.bundle("scenes")                  pictures and captions; the scenes are drawn on first use
    lab.overfit("scenes", "rnn")          50 captions by heart, with a verdict
    lab.train("scenes", "rnn")            a training; goes on where it stopped, again=True begins anew
    lab.score("scenes", "rnn", "lstm")    scores on pictures that were not trained on
    lab.captions("scenes", "rnn")         what the model says of some of them
    lab.attention("scenes", image=0)      where it looked; image: a number, or a file "my_photo.jpg"
    with lab.patient(): ...               your own trials: an error becomes one line

A bundle is the name of a folder in data/, or a path from the kit's folder; a cell is rnn, lstm or attn.
What is used is the saved file, as it is at that moment. None of these raises for what cannot be done: a
card says what and why. `.figure` is the figure shown, or None. Runs are left in runs/<bundle>-<cell> and
runs/<bundle>-overfit-<cell>.
"""

from pathlib import Path

import kept
from cards import Shown, on_a_card, patient, said_by
from IPython import get_ipython

from checks.cases import EXERCISES
from checks.faces import notebook
from checks.faces.asked import first_on_the_way
from checks.faces.ready import Ready, needed, readiness
from checks.paths import ROOT
from coursework.errors import InputError
from coursework.look import plots

__all__ = ["attention", "bundle", "captions", "overfit", "patient", "score", "train"]

NAMES = {"rnn": "RNN", "lstm": "LSTM", "attn": "attention LSTM"}
HEAD = ["", "BLEU-4", "mentions", "pointing"]
ONLY_SCENES = "The encoder of the drawn scenes knows nothing of photos: expect nonsense on one."
MEANT = (
    "mentions: things named with their colour, F1 of what is right among the named and among those there",
    "pointing: how often the position with the largest weight touches the thing just named, in brackets any"
    " position",
)
kept.spare_autoreload(get_ipython())


@on_a_card
def bundle(name: str) -> Shown:
    """What a bundle holds, with a few of its pictures. Scenes that are not there yet are drawn."""
    if name == "scenes" and not (kept.bundle_folder(name) / "bundle.json").exists():
        kept.scenes()
    data = kept.bundle(name)
    splits = ", ".join(f"{count:,} {split}" for split, count in data.splits.items())
    line = (
        f"`{name}`: {len(data.images):,} pictures ({splits}), {len(data.vocabulary):,} words; features of"
        f" {data.channels} channels on a grid of {data.grid[0]} x {data.grid[1]}, from a frozen encoder"
        f" ({data.encoder['name']})"
    )
    first = data.split("train")[:4]
    captions = [data.images[i].captions[0] for i in first]
    pictures = plots.captioned_images([data.thumbnail(i) for i in first], captions)
    return Shown("passed", [line], pictures)


@on_a_card
def overfit(name: str, cell: str) -> Shown:
    """Fifty captions by heart: the loss, and how many come back word for word."""
    data, ready = kept.bundle(name), _ready(cell)
    if ready.unwritten:
        return _to_be_written(ready)
    module = kept.module()
    from coursework.learn.overfit import overfit as learn

    try:
        with kept.made_beside(kept.run_folder(name, f"overfit-{cell}")) as folder:
            kept.note_code(folder, cell, not ready.failing)
            verdict = learn(data, cell, folder, device=kept.device(), module=module)
    except KeyboardInterrupt:
        return Shown("blocked", ["Stopped; run the cell again, it begins anew."])
    status = "failed" if verdict.misses else "passed"
    lines = [*verdict.text().splitlines(), *_warned(ready)]
    return Shown(status, lines, plots.loss_curve(verdict.history))


@on_a_card
def train(name: str, cell: str, again: bool = False) -> Shown:
    """A training with the recipe that suits the bundle; one that is finished is shown, not done again."""
    data, ready = kept.bundle(name), _ready(cell)
    if ready.unwritten:
        return _to_be_written(ready)
    module = kept.module()
    from coursework.learn.loop import train as learn

    folder, recipe = kept.run_folder(name, cell), kept.recipe(data, cell)
    notes = kept.make_way(folder, cell, again, not ready.failing)
    if kept.finished(folder):
        notes.append(f'Trained before; lab.train("{name}", "{cell}", again=True) trains anew.')
    try:
        run = learn(data, recipe, folder, resume=True, device=kept.device(), module=module)
    except InputError as error:
        anew = f'to train anew, lab.train("{name}", "{cell}", again=True)'
        raise InputError(str(error).replace("choose another --out", anew)) from error
    losses, best = run.history["loss"], max(e["bleu4"] for e in run.history["validation"])
    last, judged = losses[-50:], min(recipe.validation_images, len(data.split("val")))
    line = (
        f"{NAMES[cell]}: {len(losses):,} steps in {run.history['seconds']:.0f} s, loss a caption from"
        f" {losses[0]:.1f} to {sum(last) / len(last):.1f} (mean of the last {len(last)} steps); best BLEU-4"
        f" on {judged} pictures not trained on: {100 * best:.1f}"
    )
    old = kept.caveats(name, cell, not ready.failing)
    lines = [line, *(old or notes), *_warned(ready)]
    return Shown("blocked" if old else "passed", lines, plots.loss_curve(run.history))


@on_a_card
def score(name: str, *cells: str) -> Shown:
    """A table of scores on the split val, a row for each trained cell; they are left with the runs.

    A cell that a handout with fewer parts does not have is left out.
    """
    data, rows, notes, status = kept.bundle(name), [], [], "unwritten"
    for cell in cells:
        if cell in NAMES and f"CaptioningRNN.forward[{cell}]" not in EXERCISES:
            continue
        try:
            rows.append(_score_row(name, cell, data))
            notes += _caveats(name, cell)
        except InputError as error:
            notes.append(said_by(error))
            status = status if isinstance(error, kept.NotYet) else "failed"
    if not rows:
        return Shown(status, notes or ["name the cells: rnn, lstm, attn"])
    count = len(data.split("val"))
    lines = [f"{count:,} pictures that were not trained on, captioned word by word without help"]
    width = 2 if not data.lexicon else 4 if any(row[3] for row in rows) else 3
    lines += ["; ".join(MEANT[: width - 2])] if width > 2 else []
    table = [row[:width] for row in [HEAD, *rows]]
    return Shown("blocked" if notes else "passed", [*lines, *notes], table=table)


@on_a_card
def captions(name: str, cell: str, count: int = 8) -> Shown:
    """The first pictures of the split val with the model's captions; green is right, red wrong."""
    from coursework.look.scoring import mention_marks

    data, notes = kept.bundle(name), _caveats(name, cell)
    images = data.split("val")[:count]
    said = _captions(name, cell, data, data.feature_batch(images))
    records, words = [data.images[i] for i in images], [caption.words for caption in said]
    marks = references = None
    if data.lexicon:
        marks = [mention_marks(each, record, data.lexicon) for each, record in zip(words, records)]
    else:
        references = [record.captions[0] for record in records]
    pictures = [data.thumbnail(i) for i in images]
    figure = plots.captioned_images(pictures, words, references, marks=marks)
    return Shown("blocked" if notes else "passed", [f"{NAMES[cell]} on `{name}`", *notes], figure)


@on_a_card
def attention(name: str, image: int | str = 0) -> Shown:
    """Where the attention LSTM looked, word by word: at a picture of the split val, or at a file."""
    from coursework.look.scoring import word_boxes

    data, boxes, notes = kept.bundle(name), None, _caveats(name, "attn")
    if isinstance(image, int):
        index = _numbered(data, image)
        picture, features = data.thumbnail(index), data.feature_batch([index])
    else:
        picture, features = _view(name, data, Path(image).expanduser())
        notes += [ONLY_SCENES] if data.lexicon else []
    (said,) = _captions(name, "attn", data, features)
    if isinstance(image, int) and data.lexicon:
        boxes = word_boxes(said.words, data.images[index], data.lexicon)
    title = str(said) or "(not a word)"
    figure = plots.attention_grid(picture, said.words, said.weights, title, boxes)
    return Shown("blocked" if notes else "passed", [f"{NAMES['attn']} on `{name}`", *notes], figure)


def _numbered(data, image: int) -> int:
    """The index in the bundle of a picture of the split val. Raises InputError for a number it has not."""
    images = data.split("val")
    if not 0 <= image < len(images):
        raise InputError(
            f"the pictures have the numbers 0 to {len(images) - 1}: there is no {image}"
        )
    return images[image]


def _ready(cell: str) -> Ready:
    """What the checks say of what that cell needs. InputError: no such cell, or the file does not import."""
    if cell not in NAMES:
        raise InputError(f"there is no cell {cell!r}: take rnn, lstm or attn")
    found = notebook.check(*needed(cell))
    if found.report is None:
        raise InputError(found.text)
    return readiness(found.report, cell)


def _caveats(name: str, cell: str) -> list[str]:
    return kept.caveats(name, cell, right=not _ready(cell).failing)


def _to_be_written(ready: Ready) -> Shown:
    names = ", ".join(f"`{name}`" for name in ready.unwritten)
    first = first_on_the_way(ready.unwritten)
    line = f"Nothing to train yet: the {NAMES[ready.cell]} still needs {names}. Next: `{first}`."
    return Shown("unwritten", [line])


def _warned(ready: Ready) -> list[str]:
    return [f"Warning: {ready.warning()}."] if ready.failing else []


def _captions(name: str, cell: str, data, features) -> list:
    """What the training of a cell says of features (n, C, h, w)."""
    module, run = kept.module(), kept.run(name, cell, data)
    from coursework.look.decoding import caption_features
    from coursework.run import own_errors

    model = run.model(module, device=kept.device())
    with own_errors(module):
        return caption_features(model, features, run.vocabulary, run.max_length)


def _view(name: str, data, path: Path) -> tuple:
    """A picture in a file as the encoder sees it, and its features (1, C, h, w)."""
    from coursework.prepare.encoder import encoder_from
    from coursework.prepare.images import read_image

    file = next((each for each in (path, ROOT / path) if each.is_file()), path)
    picture, run = read_image(file), kept.run(name, "attn", data)
    encoder = encoder_from(run.encoder).to(kept.device())
    view = encoder.view(picture)
    return view, encoder.encode([view])


def _score_row(name: str, cell: str, data) -> list[str]:
    """A line of the table."""
    if cell not in NAMES:
        raise InputError(f"there is no cell {cell!r}: take rnn, lstm or attn")
    module, run = kept.module(), kept.run(name, cell, data)
    from coursework.look.evaluate import evaluate, save_scores

    model = run.model(module, device=kept.device())
    scores = evaluate(model, data, "val", run.max_length, run.vocabulary, module=module)
    save_scores(scores, run.path)
    row = [NAMES[cell], f"{100 * scores['bleu']['bleu4']:.1f}", "", ""]
    if named := scores["mentions"]:
        row[2] = f"{100 * named['f1']:.1f} %"
    if (looked := scores["pointing"]) and looked["mentions"]:
        row[3] = f"{100 * looked['score']:.1f} % ({100 * looked['chance']:.1f} %)"
    return row
