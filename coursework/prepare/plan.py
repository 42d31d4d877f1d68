"""What a bundle is to be made from: known, checked and hashed before any work is done."""

import importlib.metadata
import json
from collections.abc import Sequence
from typing import Any

import coursework
from coursework.bundle import FORMAT, ImageRecord, json_hash, plan_hash, records_hash
from coursework.files import InputError
from coursework.prepare.source import Source
from coursework.vocabulary import Vocabulary, VocabularyOptions, tokenise


def check_records(records: Sequence[ImageRecord]) -> None:
    """Raise InputError unless files are listed once, captions have words, and there is a train split."""
    if not records:
        raise InputError("there are no images to prepare")
    seen = set()
    for record in records:
        if record.file in seen:
            raise InputError(f"image {record.file} is listed twice")
        seen.add(record.file)
        if not record.captions:
            raise InputError(f"image {record.file} has no caption")
        for caption in record.captions:
            if not tokenise(caption):
                raise InputError(f"image {record.file} has a caption without a word: {caption!r}")
        try:
            " ".join([record.file, *record.captions]).encode()
        except UnicodeEncodeError as error:
            raise InputError(
                f"image {record.file!r}: there is half a character (a lone surrogate) in its name or captions"
            ) from error
    if all(record.split != "train" for record in records):
        raise InputError("no image is in split 'train': there is nothing to learn from")


def plan_of(source: Source, encoder: Any, options: VocabularyOptions, views: list[str]) -> dict:
    """The manifest as far as it is known before any work is done, with the plan: the hash over it."""
    versions = {name: _version(name) for name in ("torch", "torchvision", "Pillow")}
    manifest = {
        "format": FORMAT,
        "name": source.name,
        "source": source.settings,
        "encoder": encoder.description,
        "views": views,
        "vocabulary": _vocabulary_described(source, options),
        "records_sha256": records_hash(source.records),
        "versions": versions | {"coursework": getattr(coursework, "__version__", None)},
        "lexicon": source.lexicon,
    }
    text = json.dumps(manifest, ensure_ascii=False)
    try:
        manifest = json.loads(text.encode())  # as it will be read: tuples are lists then
    except UnicodeEncodeError as error:
        raise InputError(
            f"a name that is not Unicode: {error.object[error.start - 20 : error.end]!r}; give that file or"
            " folder another one"
        ) from error
    shape = [len(source.records), len(views), encoder.channels, *encoder.grid]
    return manifest | {
        "plan": plan_hash(manifest),
        "features": {"shape": shape, "dtype": "float16"},
    }


def _vocabulary_described(source: Source, options: VocabularyOptions) -> dict:
    """What decides the vocabulary. Where the source has words of its own, it is not counted from captions."""
    described = options.described()
    if source.words is not None:
        described |= {"captions": None, "minimum_count": None}
        described |= {"words_sha256": json_hash(Vocabulary(source.words).words)}
    return described


def _version(package: str) -> str | None:
    """The version of an installed package, without what it was built for: CPU and GPU builds count as one."""
    try:
        return importlib.metadata.version(package).split("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def vocabulary_of(source: Source, described: dict) -> Vocabulary:
    """The source's own words, or those of its captions as the options in the manifest say."""
    if source.words is not None:
        return Vocabulary(source.words)
    captions = (
        caption
        for record in source.records
        if described["captions"] == "all" or record.split == "train"
        for caption in record.captions
    )
    return Vocabulary.build(captions, described["minimum_count"], described["max_words"])
