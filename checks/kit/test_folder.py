"""A folder of photos with a caption file: both forms, every kind of photo, and every way to get it wrong."""

import csv
import io
import json
import zipfile
from argparse import Namespace
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import TinyEncoder

from coursework.files import InputError
from coursework.prepare.build import build
from coursework.prepare.from_arguments import source_from
from coursework.prepare.images import read_image
from coursework.prepare.sets.folder import faultless_listing, folder_listing
from coursework.prepare.sets.listing import source_of
from coursework.prepare.source import Source

REAL = Path(__file__).parents[3] / "shared" / "real"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Five photos, a.png to e.png."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, name in enumerate("abcde"):
        Image.new("RGB", (40, 30), (50 * i, 100, 0)).save(folder / f"{name}.png")
    return folder


def csv_file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder.parent / "captions.csv"
    path.write_bytes(text.encode(encoding))
    return path


def coco_file(folder: Path, images: object, annotations: object) -> Path:
    path = folder.parent / "captions.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations}), encoding="utf-8")
    return path


def image(id: int, name: str, **more) -> dict:
    return {"id": id, "file_name": name, **more}


def note(image_id: int, caption: object) -> dict:
    return {"image_id": image_id, "caption": caption}


def folder_source(*paths: Path, **settings) -> Source:
    return source_of(faultless_listing(*paths, **settings))


def captions_of(source) -> dict[str, list[str]]:
    return {record.file: record.captions for record in source.records}


@pytest.mark.parametrize(
    "header", ["", "image,caption\n", "file_name, caption\r\n", "Image,Caption\n"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv(photos: Path, header: str, encoding: str):
    text = header + 'b.png,A café.\na.png,"One, two ""dogs"""\n\nb.png, Twice \n'
    source = folder_source(photos, csv_file(photos, text, encoding))
    assert captions_of(source) == {"b.png": ["A café.", "Twice"], "a.png": ['One, two "dogs"']}
    assert list(captions_of(source)) == ["b.png", "a.png"] and source.name == "photos"


@pytest.mark.parametrize("header", [[], ["image", "caption"], ["File_Name", "Caption"]])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_separated_as_a_spreadsheet_does(photos: Path, header: list, delimiter: str):
    rows = [["b.png", "A dog, running, fast"], ["a.png", "One; two\tthree"], ["b.png", "Twice"]]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header, *rows] if header else rows)
    source = folder_source(photos, csv_file(photos, text.getvalue()))
    assert captions_of(source) == {
        "b.png": ["A dog, running, fast", "Twice"],
        "a.png": ["One; two three"],
    }


@pytest.mark.parametrize("first", ["a.png;A dog, running", "a.png;A dog", "image;caption;split"])
def test_a_comma_in_a_caption_between_semicolons_separates_nothing(photos: Path, first: str):
    rest = ";train" if "split" in first else ""
    path = csv_file(photos, f"{first}\nb.png;A cat, two dogs, a horse{rest}\n")
    assert captions_of(folder_source(photos, path))["b.png"] == ["A cat, two dogs, a horse"]


def test_a_semicolon_in_a_caption_between_commas_separates_nothing(photos: Path):
    path = csv_file(photos, "a.png,A dog; it runs\nb.png,A cat\n")
    assert captions_of(folder_source(photos, path))["a.png"] == ["A dog; it runs"]


def test_what_is_wrong_between_semicolons_is_said_of_semicolons(photos: Path):
    path = csv_file(photos, "image;caption\na.png;x\nb.png;y;z\n")
    with pytest.raises(
        InputError, match=r"line 3: 3 .*\(image;caption\): a caption with semicolons"
    ):
        folder_source(photos, path)


def test_coco_json(photos: Path):
    images = [image(7, "c.png", split="val"), image(3, "a.png")]
    path = coco_file(photos, images, [note(3, "one"), note(7, "two "), note(3, "three")])
    source = folder_source(photos, path, val=0, test=0)
    assert captions_of(source) == {"c.png": ["two"], "a.png": ["one", "three"]}
    assert [record.split for record in source.records] == ["val", "train"]


def test_a_split_column_is_followed_and_the_rest_goes_by_hash(photos: Path):
    text = "image,split,caption\na.png,test,x\nb.png,val,y\nc.png,,z\n"
    source = folder_source(photos, csv_file(photos, text), val=0, test=0)
    assert [record.split for record in source.records] == ["test", "val", "train"]


def test_splits_depend_on_the_name_alone(tmp_path: Path):
    names = [f"{i:04}.jpg" for i in range(600)]
    for name in names:
        (tmp_path / name).touch()

    def splits(chosen: list[str], seed: int = 0) -> dict[str, str]:
        text = "".join(f"{name},a dog\n" for name in chosen)
        (tmp_path / "c.csv").write_text(text)
        records = folder_source(tmp_path, tmp_path / "c.csv", seed=seed).records
        return {record.file: record.split for record in records}

    whole = splits(names)
    assert splits(names[::-1]) == whole and splits(names, seed=1) != whole
    assert splits(names[100:200]).items() <= whole.items()
    counts = Counter(whole.values())  # 60 expected, standard deviation 7.3
    assert 38 <= counts["val"] <= 82 and 38 <= counts["test"] <= 82


def test_train_is_never_empty(photos: Path):
    for name in "abcde":
        path = csv_file(photos, f"{name}.png,a dog\n")
        assert folder_source(photos, path, val=0.49, test=0.5).records[0].split == "train"
    rest = "".join(f"{name}.png,a dog\n" for name in "abcde")
    splits = [
        r.split for r in folder_source(photos, csv_file(photos, rest), val=0.5, test=0.499).records
    ]
    assert splits.count("train") >= 1


def test_the_settings_tell_photos_apart_but_not_machines(photos: Path, tmp_path: Path):
    path = csv_file(photos, "a.png,a dog\nb.png,a cat\n")
    before = folder_source(photos, path).settings
    assert str(tmp_path) not in json.dumps(before)
    Image.new("RGB", (400, 300), "red").save(photos / "a.png")
    assert folder_source(photos, path).settings != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no captions"),
        ("image,caption\n", "has no captions"),
        ("a.png,A dog, running\n", "line 1: 3 columns instead of 2 .*double quotes"),
        ("a.png,x\nb.png\n", r"line 2: 1 columns instead of 2 \(image,caption\)$"),
        ("a.png,x\na.png,  \n", r"captions\.csv, image 'a\.png': no word in ''$"),
        (
            "x.png,x\na.png,x\ny.png,x\n",
            r"names 2 images \(of 3\) that are not in .*first 'x\.png'",
        ),
        ('a.png,"never closed\n', r"line 1: not CSV, .*quotes in pairs"),
        ("image,caption,split\na.png,x,dev\n", "split 'dev', not one of train, val, test"),
        (
            "image,caption,split\na.png,x,val\na.png,y,test\n",
            "line 3: .* in another split further up",
        ),
    ],
)
def test_bad_csv_is_named(photos: Path, text: str, message: str):
    with pytest.raises(InputError, match=message) as caught:
        folder_source(photos, csv_file(photos, text))
    assert "\n" not in str(caught.value)


def test_a_csv_that_is_not_utf8_is_named(photos: Path):
    with pytest.raises(InputError, match="as CSV in UTF-8"):
        folder_source(photos, csv_file(photos, "a.png,A café\n", "latin-1"))


A, B = image(1, "a.png"), image(2, "b.png")


@pytest.mark.parametrize(
    ("images", "annotations", "message"),
    [
        ([], [], "has no captions"),
        ([A], [], "has no captions"),
        ([A, B], [note(1, "x")], r"image 'b\.png': captions\.json has no caption for it"),
        ([A], [note(1, "x"), note(1, " ")], r"image 'a\.png': no word in ' '$"),
        ([A], [note(1, " ")], r"has no captions \(a\.png: no word in ' '\)"),
        ([A], [note(1, "x"), note(9, "y"), note(8, "z")], r"image '9': .*does not list image 9 \(and 1 more"),
        ([A, image(1, "b.png")], [note(1, "x")], "image 1 is listed twice"),
        ([A, image(2, "a.png")], [note(1, "x"), note(2, "y")], r"image 'a\.png': .* listed twice"),
        ([image(1, "z.png")], [note(1, "x")], r"names 1 images .*'z\.png'"),
        ([{"id": 1}], [note(1, "x")], "an image without id or file_name"),
        ([A], [{"image_id": 1}], "no captions"),
        ([A], [note(1, 5)], "no word in 5"),
        ([image(1, 5)], [note(1, "x")], "an image without id or file_name"),
        ([image([1], "a.png")], [note(1, "x")], r"has no captions \(1: .* does not list image 1\)"),
        (None, None, "not in COCO's form"),
    ],
)  # fmt: skip
def test_bad_coco_json_is_named(photos: Path, images, annotations, message: str):
    with pytest.raises(InputError, match=message) as caught:
        folder_source(photos, coco_file(photos, images, annotations))
    assert "\n" not in str(caught.value)


def test_a_listing_leaves_out_what_is_wrong_and_says_so(photos: Path):
    text = (
        "image,caption,split\na.png,one,\na.png,A dog, running,\nb.png, ,val\nc.png,three,dev\n"
        'd.png,four,test\nd.png,five,val\ne.png,"never closed'
    )
    listing = folder_listing(photos, csv_file(photos, text), val=0, test=0)
    assert {r.file: (r.split, r.captions) for r in listing.records} == {
        "a.png": ("train", ["one"]),
        "d.png": ("test", ["four"]),
    }
    assert [(fault.kind, fault.where) for fault in listing.faults] == [
        ("bad row", "captions.csv, line 3"),
        ("bad row", "captions.csv, line 5"),
        ("bad row", "captions.csv, line 7"),
        ("bad row", "captions.csv, line 8"),
        ("empty caption", "b.png"),
        ("image without caption", "b.png"),
    ]


def test_a_caption_over_two_lines_is_one_caption(photos: Path):
    source = folder_source(photos, csv_file(photos, 'a.png,"A dog\r\nruns"\r\nb.png,x\u2028y\r\n'))
    assert captions_of(source) == {"a.png": ["A dog runs"], "b.png": ["x y"]}


def test_images_in_a_zip_and_in_folders_below(photos: Path, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as packed:
        for path in photos.iterdir():
            packed.write(path, f"photos/{path.name}")
    (photos / "below").mkdir()
    (photos / "a.png").rename(photos / "below" / "a.png")
    path = csv_file(photos, "a.png,a dog\nb.png,a cat\n")
    for images, name in ((tmp_path / "mine.zip", "mine"), (photos, "photos")):
        source = folder_source(images, path)
        assert source.name == name
        assert source.load(1, 10).getpixel((3, 3)) == (50, 100, 0)


def test_a_name_with_a_folder_means_that_folder(photos: Path):
    for folder in ("cats", "dogs", "dogs/big"):
        (photos / folder).mkdir()
        Image.new("RGB", (10, 10)).save(photos / folder / f"{folder[0]}.png")
    (photos / "dogs" / "d.png").unlink()
    (photos / "cats" / "c.png").rename(photos / "cats" / "1.png")
    text = "dogs/1.png,a dog\nDogs/Big/d.PNG,a big dog\nphotos/a.png,a thing\n1.png,a cat\n"
    path = csv_file(photos, text)
    listing = folder_listing(photos, path)
    assert listing.missing() == ["dogs/1.png"]  # cats/1.png is another
    with pytest.raises(
        InputError,
        match="names 1 images .* first 'dogs/1.png': add .* --present-only or --leave-out FILE",
    ):
        folder_source(photos, path)


def prepared(photos: Path, captions: Path, **given) -> tuple[list[str], list[str]]:
    """The images that `prepare folder` takes with these arguments, and its notes."""
    names = ("train", "val", "test", "limit", "leave_out")
    args = Namespace(kind="folder", images=photos, captions=captions, present_only=False)
    vars(args).update(dict.fromkeys(names), **given)
    notes = []
    return [record.file for record in source_from(args, notes.append).records], notes


@pytest.mark.parametrize("choice", [{}, {"limit": 1}, {"train": 1}, {"val": 1}])
def test_what_is_wrong_is_said_however_many_are_taken(photos: Path, choice: dict):
    for text, said in (
        ("a.png,x\nb.png,y,z\n", "line 2: 3 columns"),
        ("a.png,x\ny.png,x\n", r"names 1 images \(of 2\)"),
    ):
        path = csv_file(photos, text)
        with pytest.raises(InputError, match=said):
            prepared(photos, path, **choice)
        assert prepared(photos, path, present_only=True, **choice)[0] == ["a.png"]
    (photos / "names.txt").write_text("y.png\nz.png\n")
    taken, notes = prepared(photos, path, leave_out=photos / "names.txt", **choice)
    assert taken == ["a.png"] and "names to leave out that no image has: 1, first z.png" in notes
    assert len(prepared(photos, csv_file(photos, "a.png,x\nb.png,y\n"), limit=1)[0]) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "5"])
def test_json_that_is_something_else_is_named(photos: Path, text: str):
    path = photos.parent / "captions.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"captions\.json"):
        folder_source(photos, path)


def test_what_is_not_there_is_named(photos: Path):
    path = csv_file(photos, "a.png,a dog\n")
    with pytest.raises(InputError, match=r"no folder of images at .*absent"):
        folder_source(photos.parent / "absent", path)
    with pytest.raises(InputError, match=r"no caption file at .*absent"):
        folder_source(photos, photos.parent / "absent.csv")
    with pytest.raises(InputError, match="below 1"):
        folder_source(photos, path, val=0.5, test=0.5)


def pixel(path: Path, x: int = 0, y: int = 0) -> tuple[int, ...]:
    opened = read_image(path)
    assert opened.mode == "RGB"
    return opened.getpixel((x, y))


def test_every_kind_of_image_becomes_the_rgb_one_sees(tmp_path: Path):
    size = (4, 2)
    wide = Image.fromarray(np.full((2, 4), 0x8000, np.uint16))
    palette = Image.new("P", size, 1)
    palette.putpalette([0, 0, 0, 250, 10, 20])
    kinds = {
        "grey.png": (Image.new("L", size, 90), (90, 90, 90)),
        "black-and-white.png": (Image.new("1", size, 1), (255, 255, 255)),
        "alpha.png": (Image.new("RGBA", size, (200, 0, 0, 0)), (255, 255, 255)),
        "half.png": (Image.new("RGBA", size, (0, 0, 0, 128)), (127, 127, 127)),
        "grey-alpha.png": (Image.new("LA", size, (0, 0)), (255, 255, 255)),
        "palette.png": (palette, (250, 10, 20)),
        "cmyk.tif": (Image.new("CMYK", size, (0, 255, 255, 0)), (255, 0, 0)),
        "wide.png": (wide, (128, 128, 128)),
    }
    for name, (picture, seen) in kinds.items():
        picture.save(tmp_path / name)
        assert pixel(tmp_path / name) == seen, name
    palette.save(tmp_path / "clear.gif", transparency=1)
    assert pixel(tmp_path / "clear.gif") == (255, 255, 255)


def test_a_photo_is_turned_upright(tmp_path: Path):
    picture = Image.new("RGB", (40, 20), "white")
    picture.paste("red", (0, 0, 10, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that the picture must turn clockwise
    picture.save(tmp_path / "a.png", exif=exif)
    assert read_image(tmp_path / "a.png").size == (20, 40)
    assert pixel(tmp_path / "a.png", 10, 2) == (255, 0, 0)
    assert pixel(tmp_path / "a.png", 10, 38) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["empty", "truncated", "text"])
@pytest.mark.parametrize("name", ["c.jpg", "c.png"])
def test_a_corrupt_photo_is_named_by_the_build(photos: Path, kind: str, name: str):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(photos / name)
    data = (photos / name).read_bytes()
    damaged = {"empty": b"", "truncated": data[: len(data) // 2], "text": b"<html>not found</html>"}
    (photos / name).write_bytes(damaged[kind])
    source = folder_source(photos, csv_file(photos, f"a.png,a dog\n{name},a cat\n"), val=0, test=0)
    with pytest.raises(InputError, match=rf"cannot read image .*{name}") as caught:
        build(source, TinyEncoder(), photos.parent / "out", progress=False)
    assert "\n" not in str(caught.value)


def test_a_folder_becomes_a_bundle(photos: Path):
    rows = "".join(f"{name}.png,a {name} thing\n" for name in "abcde")
    source = folder_source(photos, csv_file(photos, rows), val=0, test=0)
    bundle = build(source, TinyEncoder(), photos.parent / "out", progress=False)
    assert bundle.splits == {"train": 5} and bundle.name == "photos" and bundle.lexicon is None
    assert np.abs(np.asarray(bundle.thumbnail(2), int)[40, 40] - [100, 100, 0]).max() < 5


@pytest.mark.skipif(not (REAL / "coco").is_dir(), reason=f"no real photos at {REAL / 'coco'}")
def test_real_coco_photos():
    source = folder_source(REAL / "coco" / "images", REAL / "coco" / "captions_mini.json")
    assert len(source.records) == 521
    assert sum(len(record.captions) for record in source.records) == 2606
    assert Counter(record.split for record in source.records).keys() == {"train", "val", "test"}
    assert read_image(REAL / "coco" / "images" / source.records[0].file).size == (640, 478)


@pytest.mark.skipif(
    not (REAL / "flickr8k").is_dir(), reason=f"no real captions at {REAL / 'flickr8k'}"
)
def test_real_captions_whose_photos_are_absent():
    folder = REAL / "flickr8k"
    with pytest.raises(
        InputError, match=r"names 7824 images \(of 8091\).*first '1110208841_5bb6806afe\.jpg'"
    ):
        folder_source(folder / "images", folder / "captions.txt")
