"""What can be wrong with a data set: each kind with its weight, its words, and what to do about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coursework.prepare.sets.listing import (
    BAD_ROW,
    EMPTY,
    NO_CAPTION,
    NO_IMAGE,
    NO_SPLIT,
    TWICE,
    Fault,
)

STOPS, SPOILS, NOTE = "stops", "spoils", "note"  # `prepare` will not do it; it costs; good to know
WEIGHTS = (STOPS, SPOILS, NOTE)
SHOWN = 6  # examples in the report
LEAVE_OUT = "--leave-out faulty.txt"
MANY_UNKNOWN = 0.05  # of the words of a split: the model learns to say <UNK>, or is judged by it


@dataclass(frozen=True)
class Kind:
    """A kind of fault. `one` and `many` follow the number; `leave_out`: such images go into faulty.txt."""

    weight: str
    one: str
    many: str
    advice: str
    leave_out: bool = False


KINDS = {
    "missing": Kind(
        STOPS,
        "image is not there",
        "images are not there",
        "add what is missing to a folder or zip that you name; to go on without: --present-only",
        leave_out=True,
    ),
    "damaged": Kind(
        STOPS,
        "image cannot be read",
        "images cannot be read",
        f"get such files again; to go on without: {LEAVE_OUT}",
        leave_out=True,
    ),
    "wordless": Kind(
        STOPS,
        "image has a caption without a word",
        "images have a caption without a word",
        "take such captions out of the file",
    ),
    "untaught": Kind(
        STOPS,
        "split is missing",
        "splits are missing",
        "nothing can be learnt without one: name the caption file or the split file of the train part",
    ),
    "one file": Kind(
        STOPS,
        "image has the file of another",
        "images have the files of others",
        "their names differ in folder or capitals only: name the folder or zip that holds both",
        leave_out=True,
    ),
    "unjudged": Kind(
        SPOILS,
        "split is missing",
        "splits are missing",
        "train needs images in val: give some that split, or name the caption file that has them",
    ),
    "shared": Kind(
        SPOILS,
        "picture stands in two splits",
        "pictures stand in several splits",
        f"what was learnt must not be tested; so that test (or val) alone has such pictures: {LEAVE_OUT}",
        leave_out=True,
    ),
    "blank": Kind(
        SPOILS,
        "image shows one colour and nothing else",
        "images show one colour and nothing else",
        f"perhaps a stand-in for a photo that was withdrawn; to go on without: {LEAVE_OUT}",
        leave_out=True,
    ),
    "tiny": Kind(
        SPOILS,
        "image has a side of less than 64 pixels",
        "images have a side of less than 64 pixels",
        f"perhaps a thumbnail; get the photo itself, or go on without: {LEAVE_OUT}",
        leave_out=True,
    ),
    "long": Kind(
        SPOILS,
        "image has a caption of over 50 words",
        "images have a caption of over 50 words",
        "--max-words 25 cuts such captions for training; correct those where several have run into one",
    ),
    "to come": Kind(
        NOTE,
        "image is not there yet",
        "images are not there yet",
        "prepare downloads what it needs",
    ),
    "copies": Kind(
        NOTE,
        "picture is there more than once in its split",
        "pictures are there more than once in their split",
        "a few do little harm",
    ),
    "repeated": Kind(
        NOTE,
        "image has the same caption twice",
        "images have the same caption twice",
        "two people may have written the same",
    ),
    "grey": Kind(
        NOTE,
        "image has no colours",
        "images have no colours",
        "a few do no harm",
    ),
    "spare": Kind(
        NOTE,
        "image belongs to no caption",
        "images belong to no caption",
        "left aside",
    ),
    NO_IMAGE: Kind(
        NOTE,
        "caption belongs to no image in the list",
        "captions belong to no image in the list",
        "left out; is it the right caption file?",
    ),
    NO_CAPTION: Kind(
        NOTE,
        "image in the list has no caption",
        "images in the list have no caption",
        "left out",
    ),
    NO_SPLIT: Kind(
        NOTE,
        "image with captions is in no split",
        "images with captions are in no split",
        "left out",
    ),
    EMPTY: Kind(
        NOTE,
        "caption has no word in it",
        "captions have no word in them",
        "left out",
    ),
    TWICE: Kind(
        NOTE,
        "entry of the list is there twice",
        "entries of the list are there twice",
        "the first counts",
    ),
    BAD_ROW: Kind(
        SPOILS,
        "row of the caption file makes no sense",
        "rows of the caption file make no sense",
        "left out; a caption with a comma stands in double quotes",
    ),
}


Found = dict[str, list[tuple[str, str]]]  # of each kind, what has it and a note on that: (name, "")


def entries(found: Found) -> list[dict]:
    """What the report says of the faults that were found, the gravest first, and otherwise as in KINDS.

    Each has `kind`, `weight`, `count`, `what` it is in words that follow the number, `advice`, and of the
    first few `examples`, with name and note.
    """
    kinds = [*KINDS, *(kind for kind in found if kind not in KINDS)]
    return by_weight(_entry(kind, found[kind]) for kind in kinds if found.get(kind))


def by_weight(made: Iterable[dict]) -> list[dict]:
    """Entries, the gravest first, and otherwise in their order."""
    return sorted(made, key=lambda one: WEIGHTS.index(one["weight"]))


def unknown_words(unknown: Mapping[str, float], at_best: Mapping[str, float]) -> list[dict]:
    """An entry if very many words of train or val are unknown; else none.

    It has the worse one's `share` besides; its `count` says in how many of the two there are so many.

    `unknown`: of each split the share of words that a bundle's vocabulary does not have; `at_best`: that
    which a vocabulary prepared with another minimum count would leave.
    """
    shares = {split: unknown[split] for split in ("train", "val") if split in unknown}
    split = max(shares, key=lambda split: shares[split], default="")
    if not split or shares[split] <= MANY_UNKNOWN:
        return []
    helps = at_best.get(split, 0) < 0.9 * shares[split]
    return [
        {
            "kind": "unknown words",
            "weight": SPOILS if helps else NOTE,
            "count": sum(share > MANY_UNKNOWN for share in shares.values()),
            "share": shares[split],
            "what": f"of the words of {split} become <UNK>",
            "advice": "the model will say it often; prepare with a lower --minimum-count"
            if helps
            else "no caption to learn from has these words",
            "examples": [],
        }
    ]


def _entry(kind: str, where: Sequence[tuple[str, str]]) -> dict:
    known = KINDS.get(kind) or Kind(NOTE, kind, kind, "left out")
    return {
        "kind": kind,
        "weight": known.weight,
        "count": len(where),
        "what": known.one if len(where) == 1 else known.many,
        "advice": known.advice,
        "examples": [{"name": name, "note": note} for name, note in where[:SHOWN]],
    }


def to_leave_out(found: Found) -> set[str]:
    """The images that are better left out."""
    return {
        name
        for kind, where in found.items()
        if kind in KINDS and KINDS[kind].leave_out
        for name, _ in where
    }


def by_kind(faults: Iterable[Fault]) -> Found:
    """The faults that a reader found."""
    found: Found = {}
    for fault in faults:
        found.setdefault(fault.kind, []).append((fault.where, fault.text))
    return found
