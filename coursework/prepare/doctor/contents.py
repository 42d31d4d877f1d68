"""What is in a bundle besides images and captions: its vocabulary, and what its features are like."""

import numpy as np

from coursework.bundle import Bundle
from coursework.prepare.sets.listing import in_order
from coursework.vocabulary import SPECIAL, UNK

SAMPLE, SLICE = 1000, 50  # rows of features that are looked at, in all and at a time


def contents(bundle: Bundle) -> dict:
    """What a bundle's own files say, and its features as far as a sample of them tells."""
    files = bundle.manifest["files"].values()
    words = {"words": len(bundle.vocabulary) - len(SPECIAL), "special": len(SPECIAL)}
    return {
        "path": str(bundle.path),
        "fingerprint": bundle.fingerprint,
        "bytes": sum(file["bytes"] for file in files),
        "encoder": bundle.encoder,
        "views": list(bundle.views),
        "features": bundle.manifest["features"]["shape"],
        "vocabulary": bundle.manifest["vocabulary"] | words,
        "unknown": {split: _unknown(bundle, split) for split in in_order(bundle.splits)},
        "values": _values(bundle),
    }


def lowest_unknown(bundle: Bundle, figures: dict, inside: dict) -> dict[str, float]:
    """Of each split the share of its words that would be unknown with the lowest minimum count.

    `figures`: those of the words, see `census`; `inside`: what `contents` says.
    """
    options = inside["vocabulary"]
    if options["minimum_count"] == 1 or bundle.manifest["source"].get("kind") == "coco-pt":
        return inside["unknown"]  # nothing is lower; and coco.pt comes with its own words
    return {} if options["captions"] == "all" else figures["minimum_counts"][0]["unknown"]


def _unknown(bundle: Bundle, split: str) -> float:
    """The share of the words of a split's captions, as they are cut, that the vocabulary does not have."""
    unk, unknown, words = bundle.vocabulary.word_to_idx[UNK], 0, 0
    for i in bundle.split(split):
        for caption in bundle.images[i].captions:
            ids = bundle.vocabulary.encode(caption, bundle.max_words)
            unknown, words = unknown + ids.count(unk), words + len(ids) - 2
    return unknown / max(words, 1)


def _values(bundle: Bundle) -> dict:
    """The largest feature, the share of zeros, the channels that are the same everywhere, in a sample."""
    count = len(bundle.images)
    rows = np.unique(np.linspace(0, count - 1, min(count, SAMPLE)).astype(int))
    low, high, zeros = np.inf, -np.inf, 0.0
    for first in range(0, len(rows), SLICE):
        part = bundle.feature_batch(rows[first : first + SLICE]).numpy()
        low, high = np.minimum(low, part.min((0, 2, 3))), np.maximum(high, part.max((0, 2, 3)))
        zeros += float((part == 0).mean((1, 2, 3)).sum())
    return {
        "images": len(rows),
        "largest": float(max(np.abs(low).max(), np.abs(high).max())),
        "zeros": zeros / len(rows),
        "constant_channels": int((low == high).sum()),
    }
