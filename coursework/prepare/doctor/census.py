"""What captions are like, in figures: how many an image, how long, which words."""

from collections import Counter
from collections.abc import Iterable, Sequence

from coursework.bundle import ImageRecord
from coursework.prepare.sets.listing import in_order
from coursework.vocabulary import tokenise

USUAL = 5  # captions an image in the data sets that are in use
LIMITS = (15, 20, 25)  # words a caption: how many are cut by these
COUNTS = (1, 2, 3, 4, 5, 10)  # minimum counts to choose among
VERY_LONG = 50  # words: no longer one sentence about one picture
FREQUENT, CURVE = 20, 100  # words that are listed; points of the curve over ranks


def caption_figures(records: Sequence[ImageRecord], least: int = 1) -> dict:
    """Splits, captions an image, words a caption, and what each minimum count keeps and loses, for JSON.

    Keys of histograms are numbers as text, as JSON has them. The words are those of the train split; where
    there is none, of all. `least`: a minimum count to figure out besides COUNTS. Raises nothing: no captions
    make figures of zero.
    """
    lengths, words = Counter(), {}
    for record in records:
        counts = words.setdefault(record.split, Counter())
        for caption in record.captions:
            tokens = tokenise(caption)
            lengths[len(tokens)] += 1
            counts.update(tokens)
    return {
        "images": len(records),
        "captions": lengths.total(),
        "splits": _splits(records),
        "captions_an_image": _captions_an_image(records),
        "length": _length(lengths),
        "words": _words(words, sorted({*COUNTS, least})),
    }


def _splits(records: Sequence[ImageRecord]) -> dict:
    found = in_order(record.split for record in records)
    splits = {split: {"images": 0, "captions": 0} for split in found}
    for record in records:
        splits[record.split]["images"] += 1
        splits[record.split]["captions"] += len(record.captions)
    return splits


def _captions_an_image(records: Sequence[ImageRecord]) -> dict:
    counts = Counter(len(record.captions) for record in records)
    return {
        "min": min(counts, default=0),
        "mean": _mean(counts),
        "max": max(counts, default=0),
        f"not_{USUAL}": counts.total() - counts[USUAL],
        "histogram": _histogram(counts),
    }


def _length(lengths: Counter) -> dict:
    """Words a caption: the mean, the number that 95 % stay within, and the share of longer captions."""
    total = max(lengths.total(), 1)
    within = (n for n in sorted(lengths) if _up_to(lengths, n) >= 0.95 * total)
    return {
        "mean": _mean(lengths),
        "p95": next(within, 0),
        "max": max(lengths, default=0),
        "longer_than": {str(n): 1 - _up_to(lengths, n) / total for n in LIMITS},
        "histogram": _histogram(lengths),
    }


def _words(words: dict[str, Counter], counts_to_choose: Sequence[int]) -> dict:
    """The words of the train split (of all, without one), and which minimum count loses how many of them."""
    learnt = "train" if "train" in words else "all"
    known = words[learnt] if learnt == "train" else sum(words.values(), Counter())
    unseen = next(
        (split for split in ("val", "test") if split in words and learnt == "train"), None
    )
    choices = [
        {
            "minimum_count": least,
            "kept": sum(count >= least for count in known.values()),
            "unknown": {
                split: _unknown(counts, known, least)
                for split, counts in ((learnt, known), (unseen, words.get(unseen)))
                if counts
            },
        }
        for least in counts_to_choose
    ]
    ranked = sorted(known.items(), key=lambda item: (-item[1], item[0]))
    return {
        "of": learnt,
        "tokens": known.total(),
        "types": len(known),
        "minimum_counts": choices,
        "frequent": [list(item) for item in ranked[:FREQUENT]],
        "by_rank": [[rank, ranked[rank - 1][1]] for rank in _ranks(len(ranked))],
    }


def _unknown(counts: Counter, known: Counter, least: int) -> float:
    """The share of a split's words, each as often as it stands there, that would be read as UNK."""
    return sum(n for word, n in counts.items() if known[word] < least) / max(counts.total(), 1)


def _ranks(last: int) -> list[int]:
    """About CURVE ranks from 1 to `last`, even on a logarithmic scale."""
    if last < 1:
        return []
    return sorted({round(last ** (step / (CURVE - 1))) for step in range(CURVE)})


def _up_to(counts: Counter, most: int) -> int:
    return sum(count for n, count in counts.items() if n <= most)


def _mean(counts: Counter) -> float:
    return sum(n * count for n, count in counts.items()) / max(counts.total(), 1)


def _histogram(counts: Counter) -> dict[str, int]:
    return {str(n): counts[n] for n in sorted(counts)}


def odd_captions(records: Iterable[ImageRecord]) -> dict[str, list[tuple[str, str]]]:
    """The images with an odd caption, by the kind of oddity: (file, what it says or how long it is).

    "wordless": a caption without a word; "long": one of more than VERY_LONG words; "repeated": two
    captions of the same words.
    """
    odd: dict[str, list[tuple[str, str]]] = {"wordless": [], "long": [], "repeated": []}
    for record in records:
        tokens = [tuple(tokenise(text)) for text in record.captions]
        longest = max(map(len, tokens), default=0)
        if not all(tokens):
            odd["wordless"].append((record.file, repr(record.captions[tokens.index(())])))
        if longest > VERY_LONG:
            odd["long"].append((record.file, f"{longest} words"))
        if len(set(tokens)) < len(tokens):
            (often, _), *_ = Counter(tokens).most_common(1)
            odd["repeated"].append((record.file, " ".join(often)))
    return odd
