"""Caption a split, score the captions, and say the figures with the conditions they hold under."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from torch import nn

from coursework.bundle import Bundle
from coursework.files import write_json
from coursework.look.decoding import Caption, caption_split
from coursework.look.scoring import bleu, mention_scores, pointing
from coursework.vocabulary import TOKENISER, Vocabulary, tokenise


def evaluate(
    model: nn.Module,
    bundle: Bundle,
    split: str = "test",
    max_length: int = 15,
    vocabulary: Vocabulary | None = None,
    batch_size: int = 100,
    progress: bool = True,
    module: ModuleType | None = None,
) -> dict:
    """Greedy captions of a split and their scores, see `caption_split` and `score_captions`.

    `module` is the one that the model is of: what goes wrong in the model is put down to it.
    """
    captions = caption_split(
        model, bundle, split, max_length, vocabulary, batch_size, progress, module
    )
    return score_captions(captions, bundle, split, max_length)


def score_captions(
    captions: Sequence[Caption], bundle: Bundle, split: str, max_length: int
) -> dict:
    """The scores of a split's captions (one an image, in the split's order) with their conditions, for JSON.

    "bleu" always; "mentions" and "pointing" where the bundle knows its scenes, else None ("pointing" also
    for a model without attention). Scores are in 0..1; `report` puts them in words.
    """
    records = [bundle.images[i] for i in bundle.split(split)]
    references = [[tokenise(text) for text in record.captions] for record in records]
    known = bundle.lexicon is not None and all(record.things is not None for record in records)
    return {
        "bundle": bundle.name,
        "fingerprint": bundle.fingerprint,
        "split": split,
        "images": len(records),
        "references_per_image": [min(map(len, references)), max(map(len, references))],
        "decoding": "greedy",
        "max_length": max_length,
        "tokeniser": TOKENISER,
        "bleu": bleu([caption.words for caption in captions], references),
        "mentions": mention_scores(captions, records, bundle.lexicon) if known else None,
        "pointing": pointing(captions, records, bundle.lexicon) if known else None,
    }


def save_scores(scores: dict, run: str | os.PathLike) -> Path:
    """Leave scores in the folder of a run, as scores_<split>.json; returns the file.

    Those of the same split that were there are replaced. Raises InputError where that cannot be written.
    """
    file = Path(run) / f"scores_{scores['split']}.json"
    write_json(file, scores)
    return file


def report(scores: dict) -> str:
    """The scores as text, each with its conditions: BLEU and percentages as numbers out of 100."""
    low, high = scores["references_per_image"]
    references = f"{low}" if low == high else f"{low} to {high}"
    lines = [
        f"{scores['bundle']}, split {scores['split']}: {scores['images']:,} images, {references} "
        f"reference{'s' * (high > 1)} an image, greedy captions of at most {scores['max_length']} words",
        *_bleu_lines(scores["bleu"], scores["tokeniser"]),
        *_mention_lines(scores["mentions"]),
        *_pointing_lines(scores["pointing"]),
    ]
    return "\n".join(lines)


def _bleu_lines(scores: dict, tokeniser: str) -> list[str]:
    return [
        "  ".join(f"BLEU-{n} {100 * scores[f'bleu{n}']:.1f}" for n in range(1, 5)),
        f"  corpus BLEU without smoothing; brevity penalty {scores['brevity_penalty']:.3f} "
        f"({scores['hypothesis_length']:,} words, closest references {scores['reference_length']:,})",
        f"  words are {tokeniser}",
    ]


def _mention_lines(scores: dict | None) -> list[str]:
    if scores is None:
        return []
    return [
        f"things with their colour: precision {_percent(scores['precision'])}, "
        f"recall {_percent(scores['recall'])}, F1 {_percent(scores['f1'])}",
        f"  {scores['said']:,} named, {scores['there']:,} there, {scores['right']:,} both",
    ]


def _pointing_lines(scores: dict | None) -> list[str]:
    if scores is None:
        return []
    if not scores["mentions"]:
        return ["attention on the thing named: no right mention to judge it by"]
    return [
        f"attention on the thing named: {_percent(scores['score'])} "
        f"(any position: {_percent(scores['chance'])}, the middle of the grid: {_percent(scores['centre'])})",
        f"  share of {scores['mentions']:,} right mentions; the position with the largest weight must "
        "touch the thing's box",
    ]


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"
