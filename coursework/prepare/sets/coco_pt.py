"""The data file `coco.pt` of a published form of this assignment: small COCO pictures, one caption each.

    train_images     uint8 (10000, 3, 112, 112); val_images (500, 3, 112, 112)
    train_captions   int64 (10000, 17), ids: START, up to 15 words, END, then NULL; val_captions (500, 17)
    vocab            {"idx_to_token", "token_to_idx"}: 864 words; 0 NULL, 1 START, 2 END, 3 UNK

Its captions are ids already, and they are kept: `Vocabulary(listing.words).encode` gives back for every
caption the very ids that the file has, up to END. For that every word must be one word to `tokenise`, so a
few are written otherwise, see `written`.
"""

import os
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from coursework.bundle import ImageRecord
from coursework.files import InputError, reason, sha256
from coursework.prepare.sets.listing import BAD_ROW, Fault, Listing
from coursework.prepare.sets.stored import Stored
from coursework.vocabulary import SPECIAL, tokenise
from coursework.zipped import UNREADABLE

PARTS = ("train", "val")
NULL, START, END, UNK = range(len(SPECIAL))
UNKNOWN = "unk"  # how UNK stands in a caption; no word of the vocabulary is written so
SHOWN = 4  # words that a note names
AGAIN = "download it again from where your course has it"
BLOCK = 1 << 20  # bytes that are checked at a time


def coco_pt_listing(path: str | os.PathLike) -> Listing:
    """The data set in the file `path`: record train-00000 is row 0 of train_images, and so on.

    The pictures stay on disk until they are asked for (by memory map; files of the form that torch wrote
    before version 1.6 are read whole, and have no checksums, as others have: those are checked). Nothing in
    the file is executed. A caption that is not START, words, END, NULL is a fault, and left out with its
    picture. Raises InputError if the file is absent, damaged, holds anything but tensors and plain values, or
    is not laid out as above.
    """
    path = Path(path)
    content = _loaded(path)
    try:
        tokens = _tokens(content)
        images, captions = _tensors(content)
    except _Unlike as error:
        raise InputError(
            f"{path} is not laid out as coco.pt is (train_images, train_captions, val_images,"
            f" val_captions, vocab): {error}"
        ) from error
    words, faults = written(tokens), []
    records = [
        record
        for part in PARTS
        for record in _records(part, captions[part].tolist(), words, faults)
    ]
    if not records:
        first = f": {faults[0].text}" if faults else ""
        raise InputError(f"{path} has no whole caption{first}")
    pictures = {_name(part, row): (part, row) for part in PARTS for row in range(len(images[part]))}

    def picture(file: str, side: int | None = None) -> Image.Image:
        part, row = pictures[file]
        return Image.fromarray(images[part][row].permute(1, 2, 0).contiguous().numpy())

    return Listing(
        "coco-pt",
        {"kind": "coco-pt", "sha256": sha256(path)},
        records,
        Stored([path]),
        faults,
        _notes(tokens, words, records, images["train"]),
        words=words,
        picture=picture,
    )


def written(tokens: Sequence[str]) -> list[str]:
    """The words of a vocabulary, each changed as little as it takes to be one word to `tokenise`.

    What separates words is left out ("t-shirt" becomes "tshirt", "'s" becomes "s"); a token of nothing else
    takes its Unicode name ("." becomes "fullstop"). Where that is another token already, or UNKNOWN, a
    number follows ("tshirt2"). The first four, which are special, stay.
    """
    stay = {token for token in tokens if tokenise(token) == [token]} - {UNKNOWN}
    taken = {UNKNOWN} | stay
    words = list(tokens[: len(SPECIAL)])
    for token in tokens[len(SPECIAL) :]:
        plain = "".join(tokenise(token)) or "".join(map(_name_of_sign, token)) or "empty"
        word, number = plain, 1
        while word in taken and token not in stay:
            number += 1
            word = f"{plain}{number}"
        words.append(word)
        taken.add(word)
    return words


def _name_of_sign(sign: str) -> str:
    return "".join(tokenise(unicodedata.name(sign, "sign")))


class _Unlike(Exception):
    """The content is not laid out as it should be, and why."""


def _loaded(path: Path) -> Any:
    """The content of a file that `torch.save` wrote, its tensors on the CPU, mapped where that can be."""
    if not path.exists():
        raise InputError(f"no file at {path}")
    if not path.is_file():
        raise InputError(f"cannot read {path}: it is no file")
    try:
        with open(path, "rb") as file:
            is_zip = file.read(4) == b"PK\x03\x04"
        if is_zip:
            _check_sums(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except Exception as error:  # damaged files make it raise almost anything
        raise InputError(
            f"{path} is damaged, or holds more than tensors and plain values (code in a file is never run):"
            f" {AGAIN}"
        ) from error


def _check_sums(path: Path) -> None:
    """Read the zip once: what is mapped later is not checked any more. Raises InputError for damage."""
    try:
        with zipfile.ZipFile(path) as packed:
            entries = packed.infolist()
            size = sum(entry.file_size for entry in entries)
            with tqdm(total=size, unit="B", unit_scale=True, delay=2, desc=path.name) as bar:
                for entry in entries:
                    with packed.open(entry) as content:
                        while block := content.read(BLOCK):
                            bar.update(len(block))
    except (*UNREADABLE, OverflowError) as error:
        raise InputError(f"{path} is damaged ({reason(error)}): {AGAIN}") from error


def _tokens(content: Any) -> list[str]:
    """The vocabulary's words in order of their ids. Raises _Unlike."""
    if not isinstance(content, dict):
        raise _Unlike(f"it holds a {type(content).__name__}, not a dict")
    vocabulary = content.get("vocab")
    tokens = vocabulary.get("idx_to_token") if isinstance(vocabulary, dict) else None
    if isinstance(tokens, dict) and set(tokens) == set(range(len(tokens))):
        tokens = [tokens[i] for i in range(len(tokens))]
    if not isinstance(tokens, (list, tuple)) or not all(isinstance(word, str) for word in tokens):
        raise _Unlike("vocab has no idx_to_token, the list of words")
    if list(tokens[: len(SPECIAL)]) != SPECIAL:
        raise _Unlike(f"idx_to_token does not begin with {' '.join(SPECIAL)}")
    ids = {word: i for i, word in enumerate(tokens)}
    if len(ids) < len(tokens):
        raise _Unlike("idx_to_token has a word twice")
    given = vocabulary.get("token_to_idx", ids)
    plain = isinstance(given, dict) and all(type(idx) is int for idx in given.values())
    if not plain or given != ids:
        raise _Unlike("idx_to_token and token_to_idx do not agree")
    return list(tokens)


def _tensors(content: dict) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Images uint8 (N, 3, H, W) and captions int64 (N, T) of both parts. Raises _Unlike."""
    images = {part: content.get(f"{part}_images") for part in PARTS}
    captions = {part: content.get(f"{part}_captions") for part in PARTS}
    for part in PARTS:
        _check(f"{part}_images", images[part], torch.uint8, "(N, 3, height, width)", 4)
        _check(f"{part}_captions", captions[part], torch.int64, "(N, T)", 2)
        if images[part].shape[1] != 3 or min(images[part].shape[2:]) < 1:
            raise _Unlike(
                f"{part}_images is {tuple(images[part].shape)} instead of (N, 3, height, width)"
            )
        if len(images[part]) != len(captions[part]):
            raise _Unlike(
                f"{part} has {len(images[part])} images and {len(captions[part])} captions"
            )
    return images, captions


def _check(name: str, tensor: Any, dtype: torch.dtype, shape: str, dimensions: int) -> None:
    """Raise _Unlike unless this is a plain tensor of that kind."""
    if tensor is None:
        raise _Unlike(f"there is no {name}")
    plain = isinstance(tensor, Tensor) and tensor.layout == torch.strided and not tensor.is_meta
    if not plain:
        raise _Unlike(f"{name} is no plain tensor")
    if tensor.dtype != dtype or tensor.dim() != dimensions:
        found = f"{tensor.dtype} {tuple(tensor.shape)}"
        raise _Unlike(f"{name} is {found} instead of {dtype} {shape}")


def _records(
    part: str, rows: list[list[int]], words: list[str], faults: list[Fault]
) -> Iterator[ImageRecord]:
    """The records of one part, a record an image; bad captions become faults."""
    for row, ids in enumerate(rows):
        wrong = _what_is_wrong(ids, len(words))
        if wrong:
            faults.append(Fault(BAD_ROW, _name(part, row), f"row {row} of {part}_captions {wrong}"))
            continue
        inside = ids[1 : ids.index(END)]
        caption = " ".join(UNKNOWN if idx == UNK else words[idx] for idx in inside)
        yield ImageRecord(_name(part, row), part, [caption])


def _what_is_wrong(ids: list[int], count: int) -> str:
    """Why a row of ids is no caption in a vocabulary of `count` words; "" if it is one."""
    beyond = [idx for idx in ids if not 0 <= idx < count]
    if beyond:
        return f"has id {beyond[0]}, the vocabulary has {count} words"
    if not ids or ids[0] != START:
        return f"does not begin with {SPECIAL[START]}"
    if END not in ids:
        return f"has no {SPECIAL[END]}"
    end = ids.index(END)
    if end == 1:
        return "has no word"
    if NULL in ids[1:end] or START in ids[1:end]:
        return f"has {SPECIAL[NULL]} or {SPECIAL[START]} among its words"
    if any(idx != NULL for idx in ids[end:][1:]):
        return f"goes on behind {SPECIAL[END]}"
    return ""


def _name(part: str, row: int) -> str:
    return f"{part}-{row:05}"


def _notes(
    tokens: Sequence[str], words: Sequence[str], records: Sequence[ImageRecord], images: Tensor
) -> list[str]:
    """What one should know about this data set."""
    height, width = images.shape[2:]
    notes = [f"the pictures are {width} x {height}, one caption each, and there is no test split"]
    changed = [f"{old!r} as {new!r}" for old, new in zip(tokens, words, strict=True) if old != new]
    if changed:
        shown = ", ".join(changed[:SHOWN]) + (", ..." if len(changed) > SHOWN else "")
        notes.append(
            f"{len(changed)} of its {len(words)} words are written so that each is one word: {shown}"
        )
    said = Counter(word for record in records for word in record.captions[0].split())
    if said[UNKNOWN]:
        notes.append(
            f"{said[UNKNOWN]:,} of the {said.total():,} words in its captions are {SPECIAL[UNK]} in the file"
            f" itself, here written {UNKNOWN!r}: no caption can get these right"
        )
    return notes
