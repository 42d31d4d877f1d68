"""Scores of captions: corpus BLEU; and, where the scene is known, what is said and where the model looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from sys import float_info

import numpy as np

from coursework.bundle import ImageRecord
from coursework.files import InputError
from coursework.look.decoding import Caption


def bleu(
    hypotheses: Sequence[list[str]], references: Sequence[Sequence[list[str]]]
) -> dict[str, float]:
    """Corpus BLEU-1 to 4 (Papineni et al. 2002): one hypothesis an image, one or more references each.

    No smoothing; an image counts with the length of its closest reference, the shorter of two equally close.
    Returns bleu1 .. bleu4 and brevity_penalty in 0..1, hypothesis_length and reference_length in words.
    A score is 0.0 where no n-gram of some length is shared.
    """
    from nltk.translate.bleu_score import brevity_penalty, closest_ref_length, corpus_bleu

    if not hypotheses or len(hypotheses) != len(references) or not all(references):
        raise InputError("BLEU needs captions, and at least one reference for every caption")

    def precisions(fractions, **_) -> list[float]:
        """Matched n-grams over all n-grams, n = 1 to 4, without nltk's warning where there is no match."""
        values = []
        for n, fraction in enumerate(fractions, 1):
            too_short = sum(
                len(words) < n for words in hypotheses
            )  # nltk counts one n-gram in each
            count = fraction.denominator - too_short
            values.append(fraction.numerator / count if fraction.numerator else float_info.min)
        return values

    weights = [(1 / n,) * n for n in range(1, 5)]
    scores = corpus_bleu(references, hypotheses, weights, smoothing_function=precisions)
    said = sum(len(words) for words in hypotheses)
    wanted = sum(
        closest_ref_length(refs, len(words)) for refs, words in zip(references, hypotheses)
    )
    return {
        **{f"bleu{n}": score if score > 1e-50 else 0.0 for n, score in enumerate(scores, 1)},
        "brevity_penalty": float(brevity_penalty(wanted, said)),
        "hypothesis_length": said,
        "reference_length": wanted,
    }


@dataclass(frozen=True)
class Mention:
    """A thing named in a caption, with the colour said directly before it; `position` is the noun's."""

    thing: str
    colour: str | None
    position: int


def mentions(words: Sequence[str], lexicon: dict) -> list[Mention]:
    """The things that a caption names, in order: every word that is one of the lexicon's nouns."""
    nouns, colours = lexicon["nouns"], set(lexicon["colours"])
    before = [None, *words]
    return [
        Mention(nouns[word], before[t] if before[t] in colours else None, t)
        for t, word in enumerate(words)
        if word in nouns
    ]


def mention_marks(words: Sequence[str], record: ImageRecord, lexicon: dict) -> list[bool | None]:
    """For every word: True in a mention that is right, False in one that is wrong, None elsewhere."""
    marks: list[bool | None] = [None] * len(words)
    for mention in mentions(words, lexicon):
        start = mention.position - (mention.colour is not None)
        right = (mention.thing, mention.colour) in _scene(record)
        marks[start : mention.position + 1] = [right] * (mention.position + 1 - start)
    return marks


def mention_boxes(mention: Mention, record: ImageRecord) -> list[list[float]]:
    """The boxes [x0, y0, x1, y1] of the things in the scene with the mention's name and colour."""
    wanted = (mention.thing, mention.colour)
    return [
        thing["box"] for thing in record.things if (thing["thing"], thing.get("colour")) == wanted
    ]


def word_boxes(words: Sequence[str], record: ImageRecord, lexicon: dict) -> list[list[list[float]]]:
    """For every word the boxes of what it names: for a noun of a right mention, else none."""
    boxes: list[list[list[float]]] = [[] for _ in words]
    for mention in mentions(words, lexicon):
        boxes[mention.position] = mention_boxes(mention, record)
    return boxes


def _scene(record: ImageRecord) -> set[tuple[str, str | None]]:
    return {(thing["thing"], thing.get("colour")) for thing in record.things}


def mention_scores(
    captions: Sequence[Caption], records: Sequence[ImageRecord], lexicon: dict
) -> dict[str, float]:
    """Are the (thing, colour) pairs that captions name there, and are those that are there named?

    Each pair counts once a caption. precision = right / said and recall = right / there, over all images
    together; f1 is their harmonic mean; a ratio over nothing is 0.0. Also returns these three counts.
    """
    right = said = there = 0
    for caption, record in zip(captions, records, strict=True):
        named = {(mention.thing, mention.colour) for mention in mentions(caption.words, lexicon)}
        scene = _scene(record)
        right += len(named & scene)
        said += len(named)
        there += len(scene)
    return {
        "precision": right / max(said, 1),
        "recall": right / max(there, 1),
        "f1": 2 * right / max(said + there, 1),
        "right": right,
        "said": said,
        "there": there,
    }


def pointing(
    captions: Sequence[Caption], records: Sequence[ImageRecord], lexicon: dict
) -> dict | None:
    """When a caption names a thing that is there, does the model look at it? None without attention.

    For every right mention: a hit if the cell with the largest weight at the noun's own step overlaps the
    box of a thing of that name and colour (in area, no margin). `score` is hits / mentions. Over the same
    mentions, `chance` is what any cell scores on average and `centre` what the middle cell of the grid
    scores. All three are None where there is no right mention.
    """
    if any(caption.weights is None for caption in captions):
        return None
    rows = []
    for caption, record in zip(captions, records, strict=True):
        for mention in mentions(caption.words, lexicon):
            if boxes := mention_boxes(mention, record):
                weights = caption.weights[mention.position]
                touched = cells_touched(boxes, weights.shape)
                h, w = weights.shape
                rows.append(
                    (touched.flat[weights.argmax()], touched.mean(), touched[h // 2, w // 2])
                )
    score, chance, centre = np.mean(rows, axis=0).tolist() if rows else (None, None, None)
    hits = int(sum(row[0] for row in rows))
    return {"hits": hits, "mentions": len(rows), "score": score, "chance": chance, "centre": centre}


def cells_touched(boxes: Sequence[Sequence[float]], grid: tuple[int, int]) -> np.ndarray:
    """Which cells of an (h, w) grid over the unit square overlap a box, in area: bool (h, w)."""
    h, w = grid
    top, left = np.arange(h)[:, None] / h, np.arange(w)[None] / w
    bottom, right = np.arange(1, h + 1)[:, None] / h, np.arange(1, w + 1)[None] / w
    touched = np.zeros(grid, dtype=bool)
    for x0, y0, x1, y1 in boxes:
        touched |= (left < x1) & (right > x0) & (top < y1) & (bottom > y0)
    return touched
