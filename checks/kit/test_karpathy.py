"""Karpathy's splits of COCO, Flickr8k and Flickr30k, from files laid out like his."""

import json
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image
from test_stored import write_zip

from coursework.files import InputError
from coursework.prepare.sets.karpathy import karpathy_listing

SPLITS = ("train", "restval", "restval", "val", "test")


def row(number: int, split: str, coco: bool, captions: int = 5) -> dict:
    """An image as the files have it, with all that is in them."""
    part = "train2014" if split == "train" else "val2014"
    raws = [f"A dog, number {number},  seen {i} times.\n" for i in range(captions)]
    numbers = [number * 10 + i for i in range(captions)]
    sentences = [
        {"tokens": raw.lower().replace(",", "").split(), "raw": raw, "imgid": number, "sentid": i}
        for i, raw in zip(numbers, raws, strict=True)
    ]
    name = f"COCO_{part}_{number:012}.jpg" if coco else f"{number}_0123456789.jpg"
    image = {"sentids": numbers, "imgid": number, "sentences": sentences, "split": split}
    image |= {"filepath": part, "cocoid": number} if coco else {}
    return image | {"filename": name}


def dataset(name: str, count: int = 20) -> dict:
    rows = [row(i + 1, SPLITS[i % 5], name == "coco", 5 + (i == 3)) for i in range(count)]
    if name != "coco":
        for one in rows:
            one["split"] = one["split"].replace("restval", "train")
    return {"dataset": name, "images": rows}


def save(folder: Path, content: object, name: str = "dataset_coco.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder / name


def photos(folder: Path, content: dict, flat: bool = False) -> Path:
    for i, one in enumerate(content["images"]):
        path = folder / ("" if flat else one.get("filepath", "")) / one["filename"]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8 + i, 8)).save(path)
    return folder


@pytest.mark.parametrize("name", ["coco", "flickr8k", "flickr30k"])
def test_all_three_data_sets(tmp_path: Path, name: str):
    content = dataset(name)
    images = photos(tmp_path / "images", content)
    listing = karpathy_listing(save(tmp_path, content), [images])
    assert listing.name == f"karpathy-{name}" and listing.missing() == [] and listing.faults == []
    assert listing.splits == {"train": 12, "val": 4, "test": 4}
    assert [record.file for record in listing.records] == [r["filename"] for r in content["images"]]
    assert Counter(len(record.captions) for record in listing.records) == {5: 19, 6: 1}
    assert listing.records[0].captions[1] == "A dog, number 1, seen 1 times."
    assert listing.load(listing.records[4].file).size == (12, 8)
    assert len(listing.urls) == (20 if name == "coco" else 0)


def test_restval_may_be_left_out(tmp_path: Path):
    path = save(tmp_path, dataset("coco"))
    (tmp_path / "images").mkdir()
    assert karpathy_listing(path, [tmp_path / "images"]).notes == [
        "8 images of split restval are in train"
    ]
    listing = karpathy_listing(path, [tmp_path / "images"], restval="out")
    assert listing.splits == {"train": 4, "val": 4, "test": 4}
    assert listing.notes == ["8 images of split restval are left out"]
    assert listing.settings["restval"] == "out"
    with pytest.raises(InputError, match="restval goes to train or out, not to 'val'"):
        karpathy_listing(path, [tmp_path / "images"], restval="val")


def test_photos_flat_in_one_folder_in_a_zip_and_as_coco_2017_names_them(tmp_path: Path):
    content = dataset("coco")
    path = save(tmp_path, content)
    assert karpathy_listing(path, [photos(tmp_path / "flat", content, flat=True)]).missing() == []
    names = {f"train2017/{i + 1:012}.jpg": b"x" * i for i in range(20)}
    listing = karpathy_listing(path, [write_zip(tmp_path / "a.zip", names)])
    assert listing.missing() == []
    assert listing.read("COCO_val2014_000000000005.jpg") == b"xxxx"


def test_the_zip_that_they_come_in(tmp_path: Path):
    contents = {name: dataset(name) for name in ("coco", "flickr8k", "flickr30k")}
    contents["flickr30k"]["images"] = [row(i, SPLITS[i % 2], False) for i in range(100, 120)]
    files = {f"dataset_{name}.json": json.dumps(it).encode() for name, it in contents.items()}
    packed = write_zip(tmp_path / "caption_datasets.zip", files)
    for name, content in contents.items():
        images = [photos(tmp_path / name, content)]
        assert karpathy_listing(packed, images).name == f"karpathy-{name}"
        assert karpathy_listing(packed / f"dataset_{name}.json", images).missing() == []
    deep = write_zip(
        tmp_path / "deep.zip", {f"annotations/{name}": it for name, it in files.items()}
    )
    asked = deep / "annotations" / "dataset_coco.json"
    assert karpathy_listing(asked, [tmp_path / "coco"]).name == "karpathy-coco"
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="images of none of them are in .*none: name the folder"):
        karpathy_listing(packed, [tmp_path / "none"])
    with pytest.raises(
        InputError, match="there is no dataset_cocoa.json in .*caption_datasets.zip"
    ):
        karpathy_listing(packed / "dataset_cocoa.json", [tmp_path / "none"])


def test_one_name_in_two_folders(tmp_path: Path):
    rows = [row(1, "train", True) | {"filename": "1.jpg", "filepath": part} for part in "ab"]
    content = {"dataset": "mine", "images": rows}
    listing = karpathy_listing(save(tmp_path, content), [photos(tmp_path / "images", content)])
    assert [record.file for record in listing.records] == ["a/1.jpg", "b/1.jpg"]
    assert listing.load("b/1.jpg").size == (9, 8)


def test_faults_are_noted_and_left_out(tmp_path: Path):
    content = dataset("flickr8k", 5)
    good = content["images"]
    none, odd, short = row(11, "train", False), row(12, "dev", False), row(13, "train", False)
    none["sentences"] = [{"raw": " \n"}, {}, None]
    short["sentences"] = [{"tokens": ["a", "dog"]}, {"raw": "..."}]
    listless = row(14, "train", False) | {"sentences": None}
    content["images"] = [*good, none, odd, short, listless, {"split": "train"}, "row", good[0]]
    (tmp_path / "images").mkdir()
    listing = karpathy_listing(save(tmp_path, content), [tmp_path / "images"])
    kinds = Counter(fault.kind for fault in listing.faults)
    assert kinds == {
        "bad row": 4,
        "empty caption": 4,
        "image without caption": 1,
        "listed twice": 1,
    }
    assert len(listing.records) == 6 and listing.records[-1].captions == ["a dog"]


def test_half_a_character_in_a_name_is_a_bad_row(tmp_path: Path):
    content = dataset("coco", 5)
    content["images"][0]["filename"] = "\ud83d.jpg"
    content["images"][1]["filepath"] = "\udc00"
    (tmp_path / "images").mkdir()
    listing = karpathy_listing(save(tmp_path, content), [tmp_path / "images"])
    assert len(listing.records) == 3
    assert [(fault.kind, fault.where) for fault in listing.faults] == 2 * [
        ("bad row", "dataset_coco.json")
    ]


@pytest.mark.parametrize(
    "content, said",
    [
        (
            {"images": [], "annotations": []},
            "COCO's own form: use python -m coursework prepare coco",
        ),
        ({"images": []}, "is not laid out as Karpathy's files"),
        ([1, 2], "is not laid out as Karpathy's files"),
        ({"images": [row(1, "dev", False)]}, "has no image with a caption in train, val, test"),
    ],
)
def test_other_files(tmp_path: Path, content: object, said: str):
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match=said):
        karpathy_listing(save(tmp_path, content), [tmp_path / "images"])


def test_no_file(tmp_path: Path):
    for path, said in (
        (tmp_path / "x.json", "no file or folder at"),
        (tmp_path, "there is no dataset"),
    ):
        with pytest.raises(InputError, match=said):
            karpathy_listing(path, [tmp_path])
    (tmp_path / "dataset_coco.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="damaged file of splits .*dataset_coco.json: not JSON"):
        karpathy_listing(tmp_path / "dataset_coco.json", [tmp_path])
