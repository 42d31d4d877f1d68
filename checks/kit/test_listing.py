"""Choosing images of a data set, and what stands between a listing and a bundle."""

import io
import os
import sys
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from coursework.bundle import ImageRecord
from coursework.files import InputError
from coursework.prepare.sets.listing import (
    HAS_WORD,
    Listing,
    chosen,
    counted,
    draw,
    shared_out,
    source_of,
    tidied,
)
from coursework.prepare.sets.stored import Stored
from coursework.vocabulary import tokenise


def listing_of(counts: dict[str, int], stored: Stored | None = None, **more) -> Listing:
    """Images image-0.jpg, ... of the given splits, the splits mixed."""
    splits = [split for split, count in counts.items() for _ in range(count)]
    order = sorted(range(len(splits)), key=lambda i: draw(str(i), seed=1))
    records = [ImageRecord(f"image-{i}.jpg", splits[i], [f"a {i}"]) for i in order]
    return Listing("some", {"kind": "some"}, records, stored or Stored([]), **more)


def files(listing: Listing, split: str | None = None) -> list[str]:
    return [record.file for record in listing.records if split in (None, record.split)]


MANY = {"train": 800, "val": 150, "test": 50}


def test_all_unless_less_is_asked_for():
    listing = listing_of(MANY)
    assert chosen(listing, {}).records == listing.records
    assert chosen(listing, {"train": None, "val": 150}, limit=1000).records == listing.records
    assert listing.splits == MANY


def test_counts_keep_the_order_and_fewer_are_among_more():
    listing = listing_of(MANY)
    some, more = chosen(listing, {"train": 10, "val": 0}), chosen(listing, {"train": 300, "val": 7})
    assert some.splits == {"train": 10, "test": 50} and more.splits["train"] == 300
    assert set(files(some)) < set(files(more))
    assert [record for record in listing.records if record in more.records] == more.records


def test_a_choice_does_not_depend_on_order_or_on_other_images():
    listing = listing_of(MANY)
    reverse = replace(listing, records=listing.records[::-1])
    assert (
        files(chosen(listing, {"train": 50}), "train")
        == files(chosen(reverse, {"train": 50}), "train")[::-1]
    )
    whole = {r.file for r in chosen(listing, {"train": 400}).records if r.split == "train"}
    fewer = replace(listing, records=[r for r in listing.records if r.file in whole])
    assert files(chosen(fewer, {"train": 30})) == files(chosen(listing, {"train": 30}), "train")


@pytest.mark.parametrize("limit", [1, 2, 10, 100, 999])
def test_a_limit_is_shared_in_proportion(limit: int):
    taken = chosen(listing_of(MANY), {}, limit=limit)
    assert len(taken.records) == limit and taken.splits["train"] >= 1
    for split, count in MANY.items():
        assert abs(taken.splits.get(split, 0) - limit * count / 1000) <= 1.5
    assert len(taken.splits) == min(
        3, limit
    )  # something to learn from, then something of each split
    assert set(files(taken)) <= set(files(chosen(listing_of(MANY), {}, limit=limit + 1)))


def test_limit_after_counts():
    taken = chosen(listing_of(MANY), {"train": 40, "val": 40, "test": 0}, limit=20)
    assert taken.splits == {"train": 10, "val": 10}


def test_leaving_out():
    listing = listing_of({"train": 5, "val": 5})
    names = files(listing)
    left = chosen(listing, {}, leave_out=["x.jpg", names[0], "a/b.jpg"])
    assert files(left) == names[1:] and left.notes == [
        "images left out as asked: 1",
        "names to leave out that no image has: 2, first x.jpg",
    ]
    deep = replace(listing, records=[replace(r, file=f"deep/{r.file}") for r in listing.records])
    assert files(chosen(deep, {}, leave_out=[names[3]])) == [
        f"deep/{n}" for n in names if n != names[3]
    ]


def test_namesakes_of_what_is_left_out_stay():
    records = [ImageRecord(f, "train", ["a"]) for f in ("1.jpg", "a/1.jpg", "a/2.jpg", "b/2.jpg")]
    listing = Listing("some", {}, records, Stored([]))
    assert files(chosen(listing, {}, leave_out=["1.jpg"])) == ["a/1.jpg", "a/2.jpg", "b/2.jpg"]
    assert files(chosen(listing, {}, leave_out=["a/2.jpg"])) == ["1.jpg", "a/1.jpg", "b/2.jpg"]
    assert files(chosen(listing, {}, leave_out=["2.jpg"])) == ["1.jpg", "a/1.jpg"]  # no image's own


def test_more_than_there_are_is_noted():
    taken = chosen(listing_of({"train": 5, "val": 5}), {"train": 9})
    assert len(taken.records) == 10
    assert taken.notes == ["9 train images asked for, there are 5"]


@pytest.mark.parametrize(
    "how, said",
    [
        ({"limit": 0}, "a limit of 0 images leaves nothing"),
        ({"limit": -1}, "must be 1 or more"),
        ({"counts": {"val": -2}}, "-2 val images: the number must be 0 or more"),
        ({"counts": {"train": 0, "val": 0}}, "no image of some is left"),
        ({"present_only": True}, "none of the images of some is in any folder"),
    ],
)
def test_choices_that_nobody_can_mean(how: dict, said: str):
    with pytest.raises(InputError, match=said):
        chosen(listing_of({"train": 5, "val": 5}), **{"counts": {}, **how})


def test_sharing_out_goes_by_the_name_alone():
    splits = Counter(shared_out(f"{i}.jpg") for i in range(5000))
    assert abs(splits["train"] - 4000) < 120 and abs(splits["val"] - 500) < 80
    assert shared_out("a", 0, 0) == "train" and shared_out("a", 0, 1) == "test"


def test_captions_are_tidied_and_those_without_words_are_faults():
    faults = []
    texts = [" A dog.\n", "A\n cat", "", "...", None, "A dog.", "half a dog \ud83d"]
    assert tidied("a.jpg", texts, faults) == ["A dog.", "A cat", "A dog."]
    kinds = 3 * ["empty caption"] + ["bad row"]
    assert [(fault.kind, fault.where) for fault in faults] == [(kind, "a.jpg") for kind in kinds]


def test_a_caption_has_a_word_where_tokenise_finds_one():
    for start in range(
        0, sys.maxunicode, 997
    ):  # a sample of all characters, alone and after an accent
        for text in (chr(start), f"-{chr(start)}\u0301."):
            assert bool(HAS_WORD.search(text)) == bool(tokenise(text))


@pytest.fixture
def photos(tmp_path: Path) -> Stored:
    """image-0.jpg to image-3.jpg, each of another size."""
    for i in range(4):
        Image.new("RGB", (640 + 16 * i, 480), (50 * i, 0, 0)).save(tmp_path / f"image-{i}.jpg")
    return Stored([tmp_path])


def test_source(photos: Stored):
    listing = listing_of({"train": 3, "val": 1}, photos, lexicon={"nouns": {}}, words=["a"])
    source = source_of(listing)
    assert (source.name, source.lexicon, source.words) == ("some", {"nouns": {}}, ["a"])
    assert source.records == listing.records and "image_sizes_sha256" not in listing.settings
    for i, record in enumerate(source.records):
        number = int(record.file[6])
        assert source.load(i).size == (640 + 16 * number, 480)
        assert source.load(i, 100).size == ((640 + 16 * number) // 4, 120)  # decoded smaller


def test_an_exchanged_photo_makes_another_source(photos: Stored, tmp_path: Path):
    listing = listing_of({"train": 4}, photos)
    before = source_of(listing).settings
    assert source_of(listing).settings == before
    Image.new("RGB", (90, 90)).save(tmp_path / "image-2.jpg")
    assert source_of(listing).settings != before


def test_packed_or_unpacked_is_the_same_source(photos: Stored, tmp_path: Path):
    listing = listing_of({"train": 4}, photos)
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for i in range(4):
            packed.write(tmp_path / f"image-{i}.jpg", f"photos/image-{i}.jpg")
    unpacked = source_of(listing)
    zipped = source_of(replace(listing, stored=Stored([tmp_path / "z.zip"])))
    assert zipped.settings == unpacked.settings


def test_a_photo_that_is_copied_later_makes_the_same_source(photos: Stored, tmp_path: Path):
    listing = listing_of({"train": 4}, photos)
    before = source_of(listing).settings
    os.utime(tmp_path / "image-2.jpg", (1, 1))
    assert source_of(listing).settings == before


def test_missing_images_are_counted_with_the_ways_out(photos: Stored):
    listing = listing_of({"train": 6, "val": 2}, photos)
    with pytest.raises(InputError) as error:
        source_of(listing)
    said = str(error.value)
    assert said.startswith("4 images of some (2 of 6 train, 2 of 2 val) are not in ")
    assert "--present-only" in said and "--leave-out FILE" in said and listing.missing()[0] in said
    present = chosen(listing, {}, present_only=True)
    assert present.splits == {"train": 4} and len(source_of(present).records) == 4
    assert present.notes == ["not there and left out, with their captions: 4 images"]


def test_one_is_not_written_as_many(photos: Stored):
    assert [counted(n, "image") for n in (0, 1, 2000)] == ["0 images", "1 image", "2,000 images"]
    listing = listing_of({"train": 5}, photos)
    with pytest.raises(InputError, match=r"^1 image of some \(1 of 5 train\) is not in .* put it"):
        source_of(listing)
    taken = chosen(listing, {"val": 1, "train": 9}, present_only=True)
    assert taken.notes[0] == "not there and left out, with their captions: 1 image"
    assert "9 train images asked for, there are 4" in taken.notes
    more = chosen(listing_of({"train": 5, "val": 1}), {"val": 0, "train": 6, "test": 1})
    assert more.notes == ["6 train images asked for, there are 5"]


def test_two_records_that_are_one_file(photos: Stored):
    listing = listing_of({"train": 2}, photos)
    listing.records.append(ImageRecord("other/image-1.jpg", "val", ["a"]))
    with pytest.raises(InputError, match="are both found as .*image-1.jpg"):
        source_of(listing)


def test_images_that_are_no_files():
    def picture(file: str, side: int | None) -> Image.Image:
        return Image.new("RGB", (int(file[6]) + 1, 1))

    listing = listing_of({"train": 4}, picture=picture)
    assert listing.missing() == [] and len(chosen(listing, {}, present_only=True).records) == 4
    source = source_of(listing)
    assert source.settings == {"kind": "some"}
    assert [source.load(i, 224).width for i in range(4)] == [
        int(r.file[6]) + 1 for r in source.records
    ]


def test_a_photo_that_is_no_photo(photos: Stored, tmp_path: Path):
    (tmp_path / "image-1.jpg").write_bytes(b"no photo")
    listing = listing_of({"train": 4}, photos)
    with pytest.raises(InputError, match="cannot read image image-1.jpg"):
        listing.load("image-1.jpg")
    with pytest.raises(InputError, match="there is no image other.jpg in"):
        listing.load("other.jpg")
    assert Image.open(io.BytesIO(listing.read("image-2.jpg"))).size == (672, 480)
