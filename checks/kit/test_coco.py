"""COCO from files and zips as people have them, and what is downloaded when something is missing."""

import io
import json
import os
from argparse import Namespace
from collections import Counter, namedtuple
from pathlib import Path

import pytest
from PIL import Image
from test_stored import write_zip

from checks.paths import ROOT
from coursework.files import InputError
from coursework.prepare.download import Failure
from coursework.prepare.from_arguments import names_in, source_from
from coursework.prepare.sets import coco_download
from coursework.prepare.sets.coco import coco_listing, has_captions
from coursework.prepare.sets.coco_download import coco_gathered, fetched_images, with_images
from coursework.prepare.sets.listing import Listing, chosen, source_of
from coursework.prepare.sets.stored import Stored

REAL = ROOT.parent / "shared" / "real" / "coco"
AT_COCO = "http://images.cocodataset.org"


def photo(number: int) -> bytes:
    jpeg = io.BytesIO()
    Image.new("RGB", (640, 480 + number % 50)).save(jpeg, "JPEG")
    return jpeg.getvalue()


def name_of(number: int, part: str, year: int) -> str:
    return f"{number:012}.jpg" if year == 2017 else f"COCO_{part}2014_{number:012}.jpg"


def captions(part: str, numbers: range, year: int = 2017, captions_each: int = 5) -> dict:
    """What captions_{part}{year}.json has of these photos."""
    images = [
        {"id": i, "file_name": name_of(i, part, year), "license": 1, "height": 480, "width": 640}
        for i in numbers
    ]
    for image in images[::2]:
        image["coco_url"] = f"{AT_COCO}/{part}{year}/{image['file_name']}"
    texts = [
        (i, k, f"A dog number {i},\nseen {k} times. ")
        for k in range(captions_each)
        for i in numbers
    ]
    annotations = [{"image_id": i, "id": 10 * i + k, "caption": text} for i, k, text in texts]
    return {"info": {"year": year}, "licenses": [], "images": images, "annotations": annotations}


TRAIN, VAL = range(1, 61), range(101, 141)


def official(year: int = 2017) -> dict[str, dict]:
    return {
        f"captions_train{year}.json": captions("train", TRAIN, year),
        f"captions_val{year}.json": captions("val", VAL, year),
    }


def annotations_zip(folder: Path, year: int = 2017, wrapped: str = "annotations/") -> Path:
    files = {wrapped: b""} if wrapped else {}
    files[f"{wrapped}instances_val{year}.json"] = b'{"images": [], "annotations": []}'
    files |= {
        wrapped + name: json.dumps(content).encode() for name, content in official(year).items()
    }
    return write_zip(folder / f"annotations_trainval{year}.zip", files)


def images_zip(folder: Path, part: str, numbers: range, year: int = 2017) -> Path:
    files = {f"{part}{year}/": b""}
    files |= {f"{part}{year}/{name_of(i, part, year)}": photo(i) for i in numbers}
    return write_zip(folder / f"{part}{year}.zip", files)


def save(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def files_in(listing: Listing, split: str) -> set[str]:
    return {record.file for record in listing.records if record.split == split}


@pytest.mark.parametrize("year", [2014, 2017])
@pytest.mark.parametrize("wrapped", ["annotations/", "", "coco/annotations/"])
def test_the_official_zips(tmp_path: Path, year: int, wrapped: str):
    paths = [annotations_zip(tmp_path, year, wrapped)]
    paths += [images_zip(tmp_path, "train", TRAIN, year), images_zip(tmp_path, "val", VAL, year)]
    listing = coco_listing(paths)
    assert listing.name == f"coco{year}" and listing.faults == []
    assert listing.splits == {"train": 60, "val": 20, "test": 20}
    assert files_in(listing, "train") == {name_of(i, "train", year) for i in TRAIN}
    assert listing.records[0].captions[1] == "A dog number 1, seen 1 times."
    assert all(len(record.captions) == 5 for record in listing.records)
    assert listing.urls[name_of(3, "train", year)].startswith(f"{AT_COCO}/train{year}/")
    assert listing.urls.keys() == {record.file for record in listing.records}
    assert source_of(listing).load(7, 224).size == (320, 244)
    assert coco_listing([tmp_path]).records == listing.records


def test_val_and_test_as_many_as_asked_for(tmp_path: Path):
    path = annotations_zip(tmp_path)
    plain = coco_listing([path])
    for counts, expected in [
        ({"val": 5, "test": 5}, (20, 20)),
        ({"val": 30, "test": 10}, (30, 10)),
        ({"val": 30}, (30, 10)),
        ({"test": 25}, (15, 25)),
        ({"test": 0}, (40, 0)),
        ({"val": 0}, (0, 40)),
        ({"val": 99}, (40, 0)),
    ]:
        listing = coco_listing([path], counts=counts)
        assert (listing.splits.get("val", 0), listing.splits.get("test", 0)) == expected
        fewer, more = sorted([files_in(plain, "val"), files_in(listing, "val")], key=len)
        assert fewer <= more  # the same order, cut elsewhere
    with pytest.raises(
        InputError, match="30 images for val and 11 for test: together there are 40"
    ):
        coco_listing([path], counts={"val": 30, "test": 11})


def test_one_part_is_shared_out(tmp_path: Path):
    path = annotations_zip(tmp_path)
    listing = coco_listing([path], parts=("val",))
    assert sum(listing.splits.values()) == 40 and listing.splits["train"] > 20
    assert "captions_val2017.json is shared out to train, val, test" in listing.notes[0]
    alone = save(tmp_path / "alone" / "captions_val2017.json", official()["captions_val2017.json"])
    assert coco_listing([alone]).records == listing.records


def test_a_caption_file_of_ones_own(tmp_path: Path):
    content = captions("val", VAL)
    for i, image in enumerate(content["images"]):
        image["file_name"] = f"photo {i}.png"
        image["split"] = "test" if i < 30 else None
        image.pop("coco_url", None)
    path = save(tmp_path / "mine" / "mine.json", content)
    for given in (path, path.parent):
        listing = coco_listing([given])
        assert listing.name == "coco" and listing.urls == {} and listing.splits["test"] >= 30
        assert listing.settings == {"kind": "coco", "captions": ["mine.json"]}
    save(tmp_path / "mine" / "results.json", [])
    with pytest.raises(InputError, match="no caption file"):
        coco_listing([path.parent])
    assert coco_listing([path]).records == listing.records
    with pytest.raises(InputError, match=r"two caption files, .*mine.json and .*mine2.json"):
        coco_listing([path, save(tmp_path / "mine2.json", content)])
    others = [
        save(tmp_path / f"my-{part}.json", captions(part, TRAIN)) for part in ("train", "dev")
    ]
    listing = coco_listing(others)
    assert listing.splits == {"train": 60}
    assert Counter(fault.kind for fault in listing.faults) == {"listed twice": 60}


def own_files(folder: Path, **numbers: range) -> Path:
    """A folder with captions_NAME.json for every NAME, of photos with these numbers."""
    for name, these in numbers.items():
        save(folder / f"captions_{name}.json", captions("val", these))
    return folder


def test_a_file_beside_others_whose_name_says_no_part_is_refused(tmp_path: Path):
    folder = own_files(tmp_path, train=TRAIN, val=VAL, eval=range(201, 221))
    with pytest.raises(InputError, match="captions_eval.json: its name does not say train, val or"):
        coco_listing([folder])
    named = [folder / f"captions_{part}.json" for part in ("train", "val")]
    assert coco_listing(named).splits == {"train": 60, "val": 20, "test": 20}
    content = captions("val", range(201, 221))
    for image in content["images"]:
        image["split"] = "test"  # said by every image itself
    save(folder / "captions_eval.json", content)
    assert coco_listing([folder]).splits == {"train": 60, "val": 20, "test": 40}


def test_what_is_called_test_is_never_learnt_from(tmp_path: Path):
    folder = own_files(tmp_path / "two", val=range(1, 201), test=range(201, 221))
    listing = coco_listing([folder])
    assert files_in(listing, "test") == {name_of(i, "val", 2017) for i in range(201, 221)}
    assert listing.splits["train"] > 150 and listing.splits["val"] > 5
    assert listing.notes == [
        "captions_val.json is shared out to train, val (90, 10 %): there are none of train"
    ]
    assert coco_listing([own_files(tmp_path / "one", test=VAL)]).splits == {"test": 40}


def test_capitals_and_more_letters_in_the_names_of_caption_files(tmp_path: Path):
    content = captions("val", VAL)
    path = save(tmp_path / "a" / "Captions_Val2017.json", content)
    assert coco_listing([path]).name == "coco2017"
    other = save(tmp_path / "b" / "my_captions_val2017.json", content)  # not COCO's own
    assert coco_listing([other]).name == "coco" and len(coco_listing([other]).records) == 40


def test_half_a_character_in_a_name_or_caption_is_a_bad_row(tmp_path: Path):
    content = captions("val", VAL)
    content["images"][0]["file_name"] = "\ud83d.jpg"
    content["annotations"][1]["caption"] = "a dog \udc00"
    listing = coco_listing([save(tmp_path / "captions_val2017.json", content)])
    assert len(listing.records) == 39 and len(listing.records[0].captions) == 4
    faults = [fault.text for fault in listing.faults if fault.kind == "bad row"]
    assert len(faults) == 2 and all("half a character" in text for text in faults)


def test_photos_of_2017_under_their_names_of_2014_and_the_other_way_round(tmp_path: Path):
    """2017 has the photos of 2014 in other splits: only the number at the end is the same."""
    images = images_zip(tmp_path, "val", range(1, 141), 2014)
    listing = coco_listing([annotations_zip(tmp_path), images])
    assert listing.missing() == [] and listing.read("000000000007.jpg") == photo(7)
    images = images_zip(tmp_path / "b", "train", range(1, 141), 2017)
    listing = coco_listing([annotations_zip(tmp_path, 2014), images])
    assert listing.missing() == [] and listing.read("COCO_val2014_000000000107.jpg") == photo(107)


def test_the_folder_tells_photos_of_one_name_apart(tmp_path: Path):
    packed = write_zip(
        tmp_path / "a.zip",
        {"val2017/000000000101.jpg": photo(101), "small/000000000101.jpg": photo(1)},
    )
    listing = coco_listing([annotations_zip(tmp_path), packed])
    assert listing.read("000000000101.jpg") == photo(101)


def test_faults_are_noted_and_left_out(tmp_path: Path):
    content = captions("val", VAL)
    first = content["annotations"][0]
    content["annotations"] += [
        first,
        first | {"id": 7777},  # two people may write the same: this one stays
        {"image_id": 999, "id": 1, "caption": "Nothing."},
        {"image_id": 101, "id": 2, "caption": " \n"},
        {"image_id": 101, "id": 3, "caption": None},
        {"image_id": 101, "id": 4},
        {"image_id": [101], "id": [4], "caption": "A dog."},
        "row",
    ]
    content["images"] += [
        content["images"][3],
        {"id": 900, "file_name": "000000000900.jpg"},
        {"id": 901, "file_name": None},
        {"file_name": "000000000902.jpg"},
        {"id": 903, "file_name": " "},
    ]
    listing = coco_listing([save(tmp_path / "captions_val2017.json", content)])
    assert Counter(fault.kind for fault in listing.faults) == {
        "listed twice": 2,
        "caption without image": 2,
        "empty caption": 2,
        "bad row": 5,
        "image without caption": 1,
    }
    assert len(listing.records) == 40 and len(listing.records[0].captions) == 6


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("instances_val2017.json", {"images": []}, "instances_val2017.json is not of captions"),
        ("mine.json", {"images": [], "annotations": [{"bbox": []}]}, "no captions among them"),
        ("captions_val2017.json", [{"image_id": 1, "caption": "a"}], r"holds results \(a list\)"),
        ("captions_val2017.json", {"images": [{"sentences": []}]}, "prepare karpathy"),
        ("captions_val2017.json", {"pictures": []}, "is not in COCO's form"),
        ("captions_val2017.json", {"images": [], "annotations": []}, "no image with a caption"),
        ("photos.txt", "nothing", "no caption file"),
    ],
)  # fmt: skip
def test_files_of_another_kind(tmp_path: Path, name: str, content: object, said: str):
    with pytest.raises(InputError, match=said) as error:
        coco_listing([save(tmp_path / name, content)])
    assert "\n" not in str(error.value)


def test_what_is_said_where_captions_are_not_found(tmp_path: Path):
    write_zip(tmp_path / "outer.zip", {"annotations_trainval2017.zip": b"x"})
    with pytest.raises(
        InputError, match="unpack .*outer.zip/annotations_trainval2017.zip, and name"
    ):
        coco_listing([tmp_path])
    path = save(tmp_path / "captions_train2017.json", captions("train", TRAIN))
    with pytest.raises(
        InputError, match="only captions_train2017.json is in .*: give another --split"
    ):
        coco_listing([path], parts=("val",))
    path.write_text('{"images": [', encoding="utf-8")
    with pytest.raises(
        InputError, match="damaged caption file .*captions_train2017.json: not JSON"
    ):
        coco_listing([path])


def test_two_years_at_once(tmp_path: Path):
    paths = [annotations_zip(tmp_path, 2014), annotations_zip(tmp_path, 2017)]
    (tmp_path / "photos").mkdir()
    with pytest.raises(InputError) as caught:
        coco_listing([*paths, tmp_path / "photos"])
    places = f"{paths[0]}, {paths[1]}"
    advice = "choose with --year 2014 or 2017"
    assert str(caught.value) == f"there are captions of 2014 and 2017 in {places}: {advice}"
    assert coco_listing(paths, year=2014).name == "coco2014"
    assert has_captions(Stored(paths), year=2014) and not has_captions(Stored(paths[:1]), year=2017)


class Server:
    """Stands in for COCO's server: keeps what was asked for, and knows the photos of TRAIN and VAL."""

    def __init__(self):
        self.asked: list[str] = []
        self.broken: set[str] = set()  # addresses of photos that are not there
        self.busy: set[str] = set()  # and of those that may come another time

    def fetch(self, url: str, path: Path, progress: bool = True) -> Path:
        if not path.exists():
            self.asked.append(url)
            path.parent.mkdir(parents=True, exist_ok=True)
            name = path.name
            if name.startswith("annotations"):
                annotations_zip(path.parent, int(name[-8:-4]))
            else:
                part = name[:-8]
                images_zip(path.parent, part, TRAIN if part == "train" else VAL, int(name[-8:-4]))
        return path

    def fetch_many(self, items: list, progress: bool = True) -> list[Failure]:
        self.asked += [url for url, _ in items]
        for url, path in items:
            if url not in self.broken | self.busy:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(photo(int(path.stem[-12:])))
        gone = [Failure(url, "404 Not Found", True) for url, _ in items if url in self.broken]
        return [*gone, *(Failure(url, "busy") for url, _ in items if url in self.busy)]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(coco_download, "fetch", server.fetch)
    monkeypatch.setattr(coco_download, "fetch_many", server.fetch_many)
    return server


def ten(listing: Listing) -> Listing:
    return chosen(listing, {"train": 10, "val": 2, "test": 1})


def test_nothing_there_and_a_few_wanted(tmp_path: Path, server: Server, capsys):
    listing = coco_gathered([], tmp_path / "downloads", ten)
    assert listing.splits == {"train": 10, "val": 2, "test": 1} and listing.missing() == []
    assert len(server.asked) == 14 and server.asked[0].endswith("annotations_trainval2017.zip")
    assert {url.rpartition("/")[0] for url in server.asked[1:]} == {
        f"{AT_COCO}/{part}2017" for part in ("train", "val")
    }
    assert "13 photos of COCO are not there: about 2.1 MB are fetched to" in capsys.readouterr().err
    assert len(source_of(listing).records) == 13
    server.asked.clear()
    assert coco_gathered([], tmp_path / "downloads", ten).records == listing.records
    assert server.asked == []  # all is there already
    more = coco_gathered(
        [], tmp_path / "downloads", lambda it: chosen(it, {"train": 14, "val": 2, "test": 1})
    )
    assert len(server.asked) == 4 and more.missing() == []


def test_annotations_but_no_images(tmp_path: Path, server: Server):
    listing = coco_gathered([annotations_zip(tmp_path, 2014)], tmp_path / "downloads", ten)
    assert listing.missing() == [] and len(server.asked) == 13
    assert all("2014/COCO_" in url for url in server.asked)


@pytest.mark.parametrize("year", [2014, 2017])
def test_images_but_no_annotations(tmp_path: Path, server: Server, year: int):
    """The names of the photos say of which year the annotations are."""
    images = images_zip(tmp_path, "val", VAL, year)
    listing = coco_gathered([images], tmp_path / "downloads", parts=("val",))
    assert server.asked == [f"{AT_COCO}/annotations/annotations_trainval{year}.zip"]
    assert listing.missing() == [] and len(listing.records) == 40


def test_only_the_photos_that_are_there(tmp_path: Path, server: Server):
    paths = [annotations_zip(tmp_path), images_zip(tmp_path, "train", TRAIN[:50])]
    listing = coco_gathered(paths, tmp_path / "d", lambda it: chosen(it, {}, present_only=True))
    assert listing.splits == {"train": 50} and server.asked == []


def test_whole_zips(tmp_path: Path, server: Server):
    images = images_zip(tmp_path, "train", TRAIN)
    listing = coco_gathered([images], tmp_path / "downloads", whole=True)
    assert [url.rpartition("/")[2] for url in server.asked] == [
        "annotations_trainval2017.zip",
        "val2017.zip",
    ]
    assert listing.missing() == [] and len(listing.records) == 100
    server.asked.clear()
    settings = {"parts": ("val",), "year": 2014, "whole": True}
    assert coco_gathered([], tmp_path / "other", **settings).missing() == []
    assert [url.rpartition("/")[2] for url in server.asked] == [
        "annotations_trainval2014.zip",
        "val2014.zip",
    ]


def prepared(tmp_path: Path, year: int = 2017, **given) -> tuple[dict[str, int], list[str]]:
    """The splits that `prepare coco` makes with these arguments, and its notes."""
    names = ("split", "train", "val", "test", "limit", "leave_out")
    args = Namespace(kind="coco", year=year, whole=False, present_only=False, paths=[])
    vars(args).update(dict.fromkeys(names), downloads=tmp_path / "downloads", **given)
    notes = []
    source = source_from(args, notes.append)
    return Counter(record.split for record in source.records), notes[1:]  # the first: val is shared


@pytest.mark.parametrize("year", [2014, 2017])
def test_no_more_to_hold_out_than_one_would_want(tmp_path: Path, server: Server, year: int):
    """Of 60 and 40 images; what nobody asked for is not downloaded."""
    for given, splits in [
        ({"val": 5}, (60, 5, 5)),
        ({"val": 25}, (60, 25, 15)),  # there are no more for test
        ({"val": 25, "test": 7}, (60, 25, 7)),
        ({"test": 30}, (60, 10, 30)),
        ({"train": 50, "val": 6, "test": 7}, (50, 6, 7)),
        ({}, (60, 20, 20)),
    ]:
        made = prepared(tmp_path, year, **given)
        assert made == (dict(zip(("train", "val", "test"), splits)), [])


def test_with_train_alone_a_tenth_is_held_out(tmp_path: Path, server: Server):
    splits, notes = prepared(tmp_path, train=50)
    assert splits == {"train": 50, "val": 5, "test": 5} and len(server.asked) == 1 + 60
    assert notes == [
        "val and test: at most 5 images each, a tenth of train, as nothing else is asked for"
        " (--val N and --test N)"
    ]
    splits, notes = prepared(tmp_path, train=30, test=8)
    assert splits == {"train": 30, "val": 3, "test": 8} and "val: at most 3 images, a" in notes[0]
    assert prepared(tmp_path, train=4)[0] == {"train": 4, "val": 1, "test": 1}
    splits, notes = prepared(tmp_path, train=900)
    assert splits == {"train": 60, "val": 20, "test": 20}
    assert notes[1] == "900 train images asked for, there are 60" and not notes[2:]


def test_photos_that_may_come_another_time(tmp_path: Path, server: Server):
    zipped = annotations_zip(tmp_path)
    listing = ten(coco_listing([zipped]))
    server.busy = {listing.urls[listing.records[4].file]}
    with pytest.raises(InputError, match=r"1 of 13 photos could not be fetched, .*: busy. Run"):
        coco_gathered([zipped], tmp_path / "downloads", ten)
    assert not (tmp_path / "downloads" / "missing.txt").exists()
    server.asked.clear()
    server.busy = set()
    assert coco_gathered([zipped], tmp_path / "downloads", ten).missing() == []
    assert len(server.asked) == 1


def test_photos_that_cannot_be_had_are_left_out(tmp_path: Path, server: Server):
    """Their names are gathered over the runs, without those that have come since."""
    downloads, zipped = tmp_path / "downloads", annotations_zip(tmp_path)
    listing = ten(coco_listing([zipped]))
    missing, files = downloads / "missing.txt", [record.file for record in listing.records]
    server.broken, server.busy = {listing.urls[files[4]]}, {listing.urls[files[5]]}
    with pytest.raises(
        InputError, match="1 of them are not to be had: run .* again with --leave-out"
    ):
        coco_gathered([zipped], downloads, ten)
    assert missing.read_text(encoding="utf-8") == f"{files[4]}\n"
    missing.write_text(f"other.jpg\n{files[5]}\n", encoding="utf-8")
    server.busy = set()
    with pytest.raises(InputError, match="1 of 2 photos") as caught:
        coco_gathered([zipped], downloads, ten)
    assert str(caught.value).endswith(f"leave them out with --leave-out {missing}")
    assert "again" not in str(caught.value)
    assert names_in(missing) == ["other.jpg", files[4]]
    left = chosen(listing, {}, leave_out=names_in(missing))
    assert len(left.records) == 12 and with_images(left, downloads).missing() == []


def test_server_that_refuses_every_photo(tmp_path: Path, server: Server, monkeypatch):
    def refuse(items: list, progress: bool = True) -> list[Failure]:
        return [Failure(url, "403", i < 5, i < 5) for i, (url, _) in enumerate(items)]

    monkeypatch.setattr(coco_download, "fetch_many", refuse)
    with pytest.raises(InputError, match="13 of 13 .*: 403, and so on. Open that address"):
        with_images(ten(coco_listing([annotations_zip(tmp_path)])), tmp_path / "downloads")
    assert not (tmp_path / "downloads").exists()


def test_an_empty_folder_of_downloads_is_none(tmp_path: Path):
    for name in ("train2017", "val2017"):
        (tmp_path / name).mkdir()
    (tmp_path / "val2017" / name_of(1, "val", 2017)).write_bytes(photo(1))
    assert fetched_images(tmp_path) == [tmp_path / "val2017"]


def test_too_many_and_too_little_room(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
):
    listing = coco_listing([annotations_zip(tmp_path)])
    monkeypatch.setattr(coco_download, "MANY", 99)
    with pytest.raises(
        InputError, match="100 photos of COCO are not there, some 16.5 MB: .* --whole"
    ):
        with_images(listing, tmp_path / "downloads")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(coco_download.shutil, "disk_usage", lambda path: usage(10**9, 0, 10**8))
    for whole, said in ((False, "about 16.5 MB would come"), (True, "about 20.2 GB would come")):
        monkeypatch.setattr(coco_download, "MANY", 100)
        with pytest.raises(InputError, match=f"{said} .*268.4 MB .*only 100.0 MB are: make room"):
            with_images(listing, tmp_path / "downloads", whole)
    assert server.asked == []


def test_a_wrong_folder_downloads_nothing(tmp_path: Path, server: Server):
    (tmp_path / "empty").mkdir()
    write_zip(tmp_path / "mine" / "mine.zip", {"holiday.jpg": b"x"})
    for path, said in (
        ("empty", "no captions, no pictures in"),
        ("mine", "no picture is named as COCO's"),
    ):
        with pytest.raises(InputError, match=f"{said}.*or no PATH to download it"):
            coco_gathered([tmp_path / path], tmp_path / "downloads")
    for name in ("bundle.json", "images.json", "vocabulary.json"):
        save(tmp_path / "empty" / name, {})
    with pytest.raises(InputError, match="no captions, no pictures in"):
        coco_gathered([tmp_path / "empty"], tmp_path / "downloads")
    with pytest.raises(InputError, match="no file or folder at .*absent"):
        coco_gathered([tmp_path / "absent"], tmp_path / "downloads")
    assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/val2017/000000000101.jpg",
        f"{AT_COCO}/../../000000000101.jpg",
        f"{AT_COCO}/val2017/../000000000101.jpg",
        "file:///etc/000000000101.jpg",
        7,
    ],
)
def test_addresses_in_a_caption_file_lead_to_coco_only(tmp_path: Path, url: object):
    content = captions("val", VAL)
    content["images"][0]["coco_url"] = url
    content["images"][1]["file_name"] = "../../000000000102.jpg"
    content["images"][1]["coco_url"] = None
    listing = coco_listing([save(tmp_path / "captions_val2017.json", content)])
    assert listing.urls["000000000101.jpg"] == f"{AT_COCO}/val2017/000000000101.jpg"
    assert "../../000000000102.jpg" not in listing.urls


needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the real captions are not here")


@needs_real
def test_all_of_val2014():
    listing = coco_listing([REAL / "annotations_val2014.zip", REAL / "images"])
    assert len(listing.records) == 40504
    assert sum(len(record.captions) for record in listing.records) == 202654
    assert listing.faults == [] and len(listing.missing()) == 40504 - 521
    assert not any("\n" in c or c != c.strip() for r in listing.records for c in r.captions)


@needs_real
def test_all_of_val2017_with_photos_named_as_in_2014():
    listing = coco_listing([REAL / "captions_val2017.json", REAL / "images"])
    assert len(listing.records) == 5000
    assert sum(len(record.captions) for record in listing.records) == 25014
    assert Counter(len(record.captions) for record in listing.records) == {5: 4987, 6: 12, 7: 1}
    present = chosen(listing, {}, present_only=True)
    assert len(present.records) == 430
    assert os.path.getsize(REAL / "images" / "COCO_val2014_000000000139.jpg") == len(
        present.read("000000000139.jpg")
    )
