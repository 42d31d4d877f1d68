"""Drawings of the captioner: from picture and words to the loss, the words shifted by one, sampling."""

import torch
from torch import Tensor, nn

from coursework.look.plots import Page
from drawings.canvas import INK, LOSS, NOTE, QUIET, RIGHT, Canvas, Thing
from drawings.scene import CAPTION, LONGER, picture

__all__ = ["captioner", "sampling", "states", "words_shifted"]


def captioner(model: str) -> Page:
    """All of the captioner in training: the picture into h0, the words through `self.cell`, the loss.

    model: what the cell is, such as "RNN".
    """
    canvas = Canvas(11.8, 5.4)
    seen = picture(canvas, 1.0, 1.3, 1.3)
    features = canvas.grid(2.9, 1.3, 7, 7, "features", cell=0.18, shape="(N, C, h, w)")
    mean = canvas.op(4.35, 1.3, "mean", size=0.72)
    project = _layer(canvas, 5.75, 1.3, "image_\nprojection")
    first = canvas.tensor(7.3, 1.3, "h0", "", 0.8, colour=LOSS)
    canvas.text(7.9, 1.3, "(N, H)", NOTE, QUIET, ha="left")
    canvas.arrow(seen, features)
    canvas.arrow(features, mean)
    canvas.arrow(mean, project)
    canvas.arrow(project, first, colour=LOSS)
    canvas.text(2.0, 2.35, "the frozen encoder has done this", NOTE, QUIET)

    fed = canvas.tensor(1.0, 3.3, "words fed", "(N, T)", 1.3)
    embed = _layer(canvas, 2.9, 3.3, "word_\nembedding")
    vectors = canvas.tensor(4.8, 3.3, "x", "(N, T, D)", 0.8)
    cell = canvas.tensor(7.3, 3.3, f"cell: {model}", "", 1.6, 0.8, colour=LOSS)
    states = canvas.tensor(9.2, 3.3, "h", "(N, T, H)", 0.8, colour=LOSS)
    scoring = _layer(canvas, 10.75, 3.3, "vocabulary_\nprojection")
    scores = canvas.tensor(10.75, 4.75, "scores", "", 1.1)
    canvas.text(10.75, 5.16, "(N, T, V)", NOTE, QUIET)
    for start, end in ((fed, embed), (embed, vectors), (vectors, cell), (scoring, scores)):
        canvas.arrow(start, end)
    for start, end in ((first, cell), (cell, states), (states, scoring)):
        canvas.arrow(start, end, colour=LOSS)
    wanted = canvas.tensor(1.0, 4.75, "words wanted", "(N, T)", 1.6, colour=RIGHT)
    loss = canvas.tensor(7.3, 4.75, "temporal_softmax_loss", "one number", 2.6)
    canvas.arrow(wanted, loss, colour=RIGHT)
    canvas.arrow(scores, loss)
    return canvas.page


def words_shifted() -> Page:
    """Two captions of a batch, what is fed and what is wanted: the same words, one place on, padded."""
    canvas = Canvas(12.6, 4.0)
    for row, caption in enumerate((LONGER, CAPTION)):
        padding = ["<NULL>"] * (len(LONGER) - len(caption))
        words = ["<START>", *caption, "<END>", *padding]
        y = 0.75 + 1.75 * row
        for t, (fed, wanted) in enumerate(zip(words, words[1:])):
            x = 2.4 + 1.18 * t
            above = _word(canvas, x, y, fed, INK)
            below = _word(canvas, x, y + 0.85, wanted, RIGHT)
            counts = wanted != "<NULL>"
            canvas.arrow(above, below, colour=INK if counts else QUIET, dashed=not counts)
            if row == 0:
                canvas.text(x, 0.3, f"t = {t}", NOTE, QUIET)
        canvas.text(1.75, y, "fed", 12, ha="right")
        canvas.text(1.75, y + 0.85, "wanted", 12, RIGHT, ha="right")
        canvas.text(0.2, y + 0.42, f"caption {row}", 12, QUIET, ha="left")
    note = "where the word wanted is NULL, nothing counts"
    canvas.text(12.38, 3.75, note, 11, QUIET, ha="right")
    return canvas.page


def sampling() -> Page:
    """Sampling: the word with the highest score is written down and fed in at the next step."""
    said = [*CAPTION, "<END>", "<NULL>"]
    canvas = Canvas(12.6, 4.5)
    before = canvas.tensor(0.75, 2.9, "h0", "(N, H)", 0.8, colour=LOSS)
    fed = "<START>"
    for t, word in enumerate(said):
        x = 2.15 + 1.36 * t
        ended = fed in ("<END>", "<NULL>")
        state = canvas.tensor(x, 2.9, "h", "", 0.6, colour=QUIET if ended else LOSS)
        canvas.arrow(before, state, colour=QUIET if ended else LOSS)
        best = canvas.tensor(x, 1.9, "", "", 0.9, 0.4, colour=QUIET)
        canvas.text(x, 1.9, "has ended" if ended else "best score", NOTE, QUIET)
        out = _word(canvas, x, 1.0, word, QUIET if ended else RIGHT)
        canvas.arrow(state, best, colour=QUIET)
        canvas.arrow(best, out, colour=QUIET)
        canvas.text(x, 3.95, fed, 12, QUIET if ended else INK)
        canvas.arrow((x, 3.75), state, colour=QUIET if ended else INK)
        if t + 1 < len(said):
            turn = x + 0.68
            way = [(turn, 1.0), (turn, 3.95)]
            canvas.arrow(out, (x + 1.36 - _half(word), 3.95), via=way, colour=RIGHT, dashed=True)
        before, fed = state, word
    canvas.text(0.75, 1.0, "returned", 11, RIGHT)
    canvas.text(0.75, 3.95, "fed", 11, INK)
    for t in range(len(said)):
        canvas.text(2.15 + 1.36 * t, 0.5, f"[:, {t}]", NOTE, QUIET)
    return canvas.page


def states(model: nn.Module, features: Tensor, captions: Tensor) -> list[Tensor]:
    """h0 and the state after every step, (N, H) each, caught on the way through a captioner's layers.

    features (N, C, h, w), captions (N, T+1) int64, as `forward` takes them.
    """
    caught: list[Tensor] = []

    def before(layer: nn.Module, given: tuple, h0: Tensor) -> None:
        caught.append(h0)

    def after(layer: nn.Module, given: tuple, scores: Tensor) -> None:
        caught.extend(given[0].reshape(len(features), -1, layer.in_features).unbind(1))

    hooks = [
        model.image_projection.register_forward_hook(before),
        model.vocabulary_projection.register_forward_hook(after),
    ]
    try:
        with torch.no_grad():
            model(features, captions)
    finally:
        for hook in hooks:
            hook.remove()
    return caught


def _half(word: str) -> float:
    """About half the width in inches of a word as `sampling` writes it, and a little air."""
    return 0.06 * len(word) + 0.07


def _word(canvas: Canvas, x: float, y: float, word: str, colour: str) -> Thing:
    """A word in a box of its own, grey where it is padding."""
    colour = QUIET if word == "<NULL>" else colour
    box = canvas.tensor(x, y, "", "", 1.08, 0.4, colour=colour)
    canvas.text(x, y, word, 12, colour)
    return box


def _layer(canvas: Canvas, x: float, y: float, name: str) -> Thing:
    """A layer of the class, its name on two lines."""
    box = canvas.tensor(x, y, "", "", 1.35, 0.66, colour=QUIET)
    canvas.text(x, y, name, 12, QUIET)
    return box
