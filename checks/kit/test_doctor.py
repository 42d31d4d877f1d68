"""The doctor finds what is wrong, counts what is there, and says what to do."""

import io
import json
import os
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from checks.kit.tiny import TinyEncoder, tiny_source
from coursework.bundle import ImageRecord
from coursework.files import InputError
from coursework.look import inspection, plots
from coursework.prepare import doctor
from coursework.prepare.build import build
from coursework.prepare.doctor.census import caption_figures
from coursework.prepare.doctor.checkup import Finding, examined, looked_at
from coursework.prepare.sets.coco import coco_listing
from coursework.prepare.sets.flickr8k import flickr8k_listing
from coursework.prepare.sets.listing import Listing, chosen
from coursework.prepare.sets.recognise import listing_of
from coursework.prepare.sets.stored import Stored
from coursework.vocabulary import VocabularyOptions

REAL = Path(__file__).parents[2].parent / "shared" / "real"
COUNT = 20


def jpeg(seed, size=(120, 90), mode="RGB"):
    """A JPEG file of coarse coloured noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize(size).convert(mode).save(file, "JPEG")
    return file.getvalue()


def records(count=COUNT, splits=("train", "val", "test")):
    return [
        ImageRecord(f"{i:02}.jpg", splits[i % len(splits)], [f"a dog number {i}", "a dog runs"])
        for i in range(count)
    ]


def listing(folder, items):
    return Listing("photos", {"kind": "test"}, items, Stored([folder]))


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("healthy")
    for i in range(COUNT):
        (folder / f"{i:02}.jpg").write_bytes(jpeg(i))
    return folder


@pytest.fixture
def photos(healthy, tmp_path):
    """A copy of the healthy photos, for a test to spoil."""
    return shutil.copytree(healthy, tmp_path / "photos")


def kinds(report):
    return {fault["kind"]: fault["count"] for fault in report["faults"]}


def notes(report, kind):
    (fault,) = (fault for fault in report["faults"] if fault["kind"] == kind)
    return {example["name"]: example["note"] for example in fault["examples"]}


def test_nothing_is_wrong_with_what_is_right(healthy):
    report = doctor.examine_listing(listing(healthy, records()), progress=False)
    assert report["faults"] == [] and report["faulty"] == []
    assert report["pictures"] == {
        "good": COUNT,
        "typical": [120, 90],
        "smallest_side": 90,
        "grey": 0,
    }
    assert doctor.text(report).endswith("nothing is wrong with it")


def spoil(photos):
    (photos / "00.jpg").unlink()
    (photos / "01.jpg").write_bytes(jpeg(1)[:-300])
    (photos / "02.jpg").write_bytes(b"")
    (photos / "03.jpg").write_text("<!DOCTYPE html><title>Sign in</title>")
    (photos / "04.jpg").write_bytes(b"neither fish nor fowl")
    (photos / "05.jpg").write_bytes(jpeg(5, mode="L"))
    (photos / "06.jpg").write_bytes(jpeg(6, size=(8, 8)))
    Image.new("RGB", (200, 100), "#ddd").save(photos / "07.jpg")
    (photos / "09.jpg").write_bytes(jpeg(8))  # train; 8 is test
    (photos / "13.jpg").write_bytes(jpeg(10))  # both val
    (photos / "stray.jpg").write_bytes(jpeg(99))


def test_every_fault_of_a_picture_is_found(photos):
    spoil(photos)
    report = doctor.examine_listing(listing(photos, records()), progress=False)
    assert kinds(report) == {
        "missing": 1, "damaged": 4, "shared": 1, "blank": 1, "tiny": 1, "copies": 1, "grey": 1, "spare": 1,
    }  # fmt: skip
    assert notes(report, "damaged") == {
        "01.jpg": "cut short",
        "02.jpg": "an empty file",
        "03.jpg": "a web page, not an image",
        "04.jpg": "not an image of a known kind",
    }
    assert notes(report, "shared") == {"09.jpg": "train; 08.jpg in test"}
    assert notes(report, "copies") == {"13.jpg": "as 10.jpg"}
    assert list(notes(report, "grey")) == ["05.jpg"]
    names = ("00", "01", "02", "03", "04", "06", "07", "09")
    assert report["faulty"] == [f"{name}.jpg" for name in names]


def test_what_is_left_out_as_advised_is_healthy(photos):
    spoil(photos)
    sick = listing(photos, records())
    report = doctor.examine_listing(sick, progress=False)
    cured = chosen(sick, {}, leave_out=report["faulty"])
    report = doctor.examine_listing(cured, progress=False)
    assert {fault["weight"] for fault in report["faults"]} == {"note"}
    assert report["faulty"] == []


def test_a_quick_look_reads_headers_alone(photos):
    spoil(photos)
    report = doctor.examine_listing(listing(photos, records()), quick=True, progress=False)
    assert report["pictures"] is None
    assert kinds(report) == {"missing": 1, "damaged": 3, "tiny": 1, "spare": 1}
    assert "01.jpg" not in notes(report, "damaged")  # its header is whole


def test_every_fault_of_a_caption_is_found(tmp_path):
    texts = [["word " * 60], ["..", "a dog"], ["A dog.", "a  dog"], ["a cat"], []]
    images = [{"id": i, "file_name": f"{i:02}.jpg"} for i in range(len(texts))]
    images.append({"id": 3, "file_name": "03.jpg"})
    rows = [(i, text) for i, each in enumerate(texts) for text in each] + [(77, "of nobody")]
    notes = [{"id": n, "image_id": i, "caption": text} for n, (i, text) in enumerate(rows)]
    file = tmp_path / "captions_train2017.json"
    file.write_text(json.dumps({"images": images, "annotations": notes}))
    for i in range(len(texts)):
        (tmp_path / f"{i:02}.jpg").write_bytes(jpeg(i))
    report = doctor.examine_listing(coco_listing([tmp_path]), progress=False)
    found = kinds(report)
    assert {kind for kind in found if " " in kind} == {
        "image without caption", "caption without image", "empty caption", "listed twice",
    }  # fmt: skip
    assert found["long"] == found["repeated"] == 1


def test_commas_outside_quotes_are_found(tmp_path):
    (tmp_path / "captions.txt").write_text("image,caption\n00.jpg,a dog\n01.jpg,a dog, running\n")
    (tmp_path / "00.jpg").write_bytes(jpeg(0))
    report = doctor.examine_listing(flickr8k_listing([tmp_path]), progress=False)
    assert kinds(report)["bad row"] == 1
    assert "double quotes" in doctor.text(report)


def test_without_train_there_is_nothing_to_learn(healthy):
    report = doctor.examine_listing(listing(healthy, records(splits=["val"])), progress=False)
    assert kinds(report) == {"untaught": 1}
    assert "refuses" in doctor.text(report)


def test_without_val_train_refuses_it(healthy):
    report = doctor.examine_listing(listing(healthy, records(splits=["train"])), progress=False)
    assert kinds(report) == {"unjudged": 1}
    said = doctor.text(report).splitlines()
    assert "train needs images in val" in said[-2]
    assert said[-1] == "train refuses it as it is: it needs images in train and in val"


def test_photos_of_coco_that_prepare_downloads_are_to_come_in_karpathys_splits_too(tmp_path):
    names = [f"COCO_val2014_{i:012}.jpg" for i in range(3)]
    images = [
        {"filename": name, "filepath": "val2014", "split": split, "sentences": [{"raw": "a dog"}]}
        for name, split in zip([*names, "own.jpg"], ("train", "val", "test", "test"), strict=True)
    ]
    (tmp_path / "dataset_coco.json").write_text(json.dumps({"dataset": "coco", "images": images}))
    (tmp_path / names[0]).write_bytes(jpeg(0))
    found = listing_of([tmp_path / "dataset_coco.json", tmp_path])
    report = doctor.examine_listing(found, progress=False)
    assert kinds(report) == {"missing": 1, "to come": 2} and report["faulty"] == ["own.jpg"]


def test_one_file_for_two_records_is_found(healthy):
    items = records(2, ["train", "val"]) + [ImageRecord("other/00.jpg", "train", ["a dog"])]
    report = doctor.examine_listing(listing(healthy, items), progress=False)
    assert notes(report, "one file") == {"other/00.jpg": "00.jpg"}


def test_figures_of_a_few_captions():
    items = [
        ImageRecord("0.jpg", "train", ["A dog.", "a dog runs", "the dog"]),
        ImageRecord("1.jpg", "val", ["a cat and a dog"] * 5),
    ]
    figures = caption_figures(items)
    assert figures["captions"] == 8
    assert figures["splits"] == {
        "train": {"images": 1, "captions": 3},
        "val": {"images": 1, "captions": 5},
    }
    assert figures["captions_an_image"] == {
        "min": 3, "mean": 4, "max": 5, "not_5": 1, "histogram": {"3": 1, "5": 1},
    }  # fmt: skip
    assert figures["length"]["histogram"] == {"2": 2, "3": 1, "5": 5}
    assert figures["length"]["mean"] == 32 / 8 and figures["length"]["p95"] == 5
    words = figures["words"]
    assert words["of"] == "train" and words["tokens"] == 7 and words["types"] == 4
    assert words["frequent"] == [["dog", 3], ["a", 2], ["runs", 1], ["the", 1]]
    once, twice, thrice = words["minimum_counts"][:3]
    assert once["kept"] == 4 and once["unknown"] == {"train": 0, "val": 0.4}  # cat and and
    assert twice["kept"] == 2 and twice["unknown"]["train"] == 2 / 7
    assert thrice["unknown"]["val"] == 0.8


def test_nothing_at_all_has_figures_too():
    report = doctor.examine_listing(listing(Path(__file__).parent, []), progress=False)
    assert report["images"] == 0 and "untaught" in kinds(report)
    inspection.inspection(report, [])
    json.dumps(report)


def test_a_curve_over_ranks_falls_from_the_first_to_the_last():
    text = " ".join(f"w{n} " * (500 // n) for n in range(1, 400))
    words = caption_figures([ImageRecord("0.jpg", "train", [text])])["words"]
    ranks, counts = zip(*words["by_rank"], strict=True)
    assert ranks[0] == 1 and ranks[-1] == words["types"] and len(ranks) <= 100
    assert counts[0] == 500 and list(counts) == sorted(counts, reverse=True)


def test_text_is_short_and_every_grave_fault_comes_with_advice(photos):
    spoil(photos)
    report = doctor.examine_listing(listing(photos, records()), progress=False)
    lines = doctor.text(report).splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 120
    for mark in "✗!":
        for line, below in zip(lines, lines[1:], strict=False):
            assert not line.startswith(f"{mark} ") or below.startswith("    ")


def test_a_report_goes_through_json(photos):
    spoil(photos)
    report = doctor.examine_listing(listing(photos, records()), progress=False)
    again = json.loads(json.dumps(report))
    assert again == report and doctor.text(again) == doctor.text(report)


def test_a_listing_without_files_is_looked_at_as_well():
    pictures = {f"{i}": Image.open(io.BytesIO(jpeg(i))) for i in (0, 1)}
    items = [ImageRecord(name, "train", ["a dog"]) for name in ("0", "1")]
    items.append(ImageRecord("2", "val", ["a dog"]))
    pictures["2"] = pictures["1"]
    held = Listing("held", {}, items, Stored([]), picture=lambda file, side: pictures[file])
    report = doctor.examine_listing(held, progress=False)
    assert kinds(report) == {"shared": 1} and report["faulty"] == ["1"]


def test_findings_come_in_order_and_few_are_under_way():
    under_way, most, lock = 0, 0, threading.Lock()

    def look(i):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        return Finding(size=(i, i))

    sizes = []
    for finding in looked_at(300, look, progress=False):
        with lock:
            under_way -= 1
        sizes.append(finding.size[0])
    assert sizes == list(range(300)) and most <= 4 * 8 + 1


def test_no_more_are_looked_at_at_once_than_there_are_cores_for_us(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0}, raising=False)
    under_way, most = [], []

    def look(i):
        under_way.append(i)
        time.sleep(0.002)
        most.append(len(under_way))
        under_way.remove(i)
        return Finding()

    assert len(list(looked_at(20, look, progress=False))) == 20 and max(most) == 1


def test_a_picture_cut_anywhere_is_noticed():
    whole = jpeg(0, size=(400, 300))
    assert not examined(lambda: whole).wrong
    for cut in np.linspace(1, len(whole) - 2, 15).astype(int):
        assert examined(lambda: whole[:cut]).wrong, cut  # noqa: B023  called at once


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    return build(tiny_source(), TinyEncoder(), folder, progress=False)


def test_a_bundle_is_examined(bundle):
    report = doctor.examine_bundle(bundle, progress=False)
    assert report["of"] == "bundle" and report["images"] == 40 and report["faults"] == []
    inside = report["bundle"]
    assert inside["fingerprint"] == bundle.fingerprint and inside["features"] == [40, 1, 12, 3, 4]
    assert inside["unknown"] == {"train": 0, "val": 0, "test": 0}
    features = bundle.feature_batch(range(40)).numpy()
    assert inside["values"]["largest"] == features.max()
    assert inside["values"]["zeros"] == pytest.approx((features == 0).mean())
    assert bundle.fingerprint in doctor.text(json.loads(json.dumps(report)))


def test_a_damaged_bundle_is_refused_by_a_whole_look(bundle, tmp_path):
    folder = shutil.copytree(bundle.path, tmp_path / "tiny")
    file = folder / "thumbnails.jpgs"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(InputError, match="thumbnails.jpgs"):
        doctor.examine_bundle(type(bundle).open(folder), progress=False)


def test_the_page_shows_examples_and_what_is_odd(photos, tmp_path):
    spoil(photos)
    sick = listing(photos, records())
    report = doctor.examine_listing(sick, progress=False)
    good, odd = doctor.shown(sick, report)
    assert len(good) == 6 and all(image for image, _ in good)
    assert [words for _, words, _ in odd] == [
        "cannot be read: cut short",
        "in several splits",
        "one colour",
        "8 x 8 pixels",
        "there more than once",
        "no colours",
    ]
    assert odd[0][0] is None and odd[1][0] is not None
    page = inspection.inspection(report, good, odd)
    said = {text.get_text() for text in page.texts}
    assert {"photos", "worth a second look", "one colour"} <= said
    assert {name for *_, name in odd} == {f"{i:02}.jpg" for i in (1, 9, 7, 6, 13, 5)} <= said
    assert len(page.axes) == 6 + 3 + 6
    with Image.open(plots.save(page, tmp_path / "page.png")) as image:
        assert image.width > image.height


def test_the_page_of_a_bundle(bundle):
    report = doctor.examine_bundle(bundle, quick=True, progress=False)
    assert report["pictures"] is None
    good, odd = doctor.shown(bundle, report)
    assert len(good) == 6 and odd == []
    page = inspection.inspection(report, good, odd)
    assert len(page.axes) == 6 + 3
    said = [text.get_text() for axes in page.axes for text in axes.texts]
    assert f"{len(bundle.vocabulary) - 4} words at least once" in said


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real data at {REAL}")
def test_real_photos():
    mini = listing_of([REAL / "coco" / "captions_mini.json", REAL / "coco" / "images"])
    mini = chosen(mini, {}, limit=60)
    report = doctor.examine_listing(mini, progress=False)
    assert report["images"] == report["pictures"]["good"] == 60
    assert not {"missing", "damaged"} & kinds(report).keys()


def test_images_with_captions_in_no_split_are_not_strangers(tmp_path):
    for name in "abcd":
        (tmp_path / f"{name}.jpg").write_bytes(jpeg(ord(name)))
    rows = "".join(f"{name}.jpg#0\ta dog\n" for name in "abcx")
    (tmp_path / "Flickr8k.token.txt").write_text(rows)
    (tmp_path / "Flickr_8k.trainImages.txt").write_text("a.jpg\n")
    (tmp_path / "Flickr_8k.devImages.txt").write_text("b.jpg\n")
    report = doctor.examine_listing(flickr8k_listing([tmp_path]), progress=False)
    assert kinds(report) == {"image in no split": 2, "spare": 1}  # c and x; d
    assert list(notes(report, "spare")) == ["d.jpg"]
    said = doctor.text(report)
    assert "2 images with captions are in no split: left out (c.jpg)" in said
    assert "1 image belongs to no caption: left aside (d.jpg)" in said


def test_how_many_are_there_of_each_split(photos):
    items = records(9)
    quick = {"quick": True, "progress": False}
    whole = doctor.examine_listing(listing(photos, items), **quick)
    assert whole["there"] == {"train": 3, "val": 3, "test": 3}
    assert "  pictures           all 9 are there\n" in doctor.text(whole)
    for i in (0, 3, 4):
        (photos / f"{i:02}.jpg").unlink()
    said = "  pictures           6 of 9 are there: train 1, val 2, test 3\n"
    assert said in doctor.text(doctor.examine_listing(listing(photos, items), **quick))
    report = doctor.examine_listing(listing(photos, items), progress=False)
    assert f"{said}{' ' * 21}6 can be read; 120 x 90" in doctor.text(report)


def of_words(train, val, folder, **options):
    """A bundle of the tiny pictures with these captions, and its report."""
    source = tiny_source()
    captions = {"train": train, "val": val, "test": ["a dog"]}
    items = [replace(r, captions=captions[r.split]) for r in source.records[::-1]]  # test first
    source = replace(source, records=items)
    options = VocabularyOptions(**options)
    made = build(source, TinyEncoder(), folder / "b", vocabulary=options, progress=False)
    return doctor.examine_bundle(made, quick=True, progress=False)


def test_many_unknown_words_are_a_fault(tmp_path):
    common = ["a dog runs on the grass"] * 3
    report = of_words(
        [*common, "a cat"], [*common, "a cat sees zebras"], tmp_path, minimum_count=50
    )
    assert list(report["bundle"]["unknown"]) == ["train", "val", "test"]
    assert report["bundle"]["unknown"]["val"] == pytest.approx(3 / 22)
    (fault,) = (fault for fault in report["faults"] if fault["kind"] == "unknown words")
    assert fault["weight"] == "spoils"
    said = doctor.text(json.loads(json.dumps(report)))
    assert (
        "! 13.6 % of the words of val become <UNK>\n    the model will say it often; prepare"
        in said
    )
    assert " 6 words and 4 special tokens, of train captions, --minimum-count 50" in said
    assert "5.0 % of train, 13.6 % of val, 0.0 % of test" in said
    page = inspection.inspection(report, [])
    texts = [text.get_text() for axes in page.axes for text in axes.texts]
    assert "6 words at least 50 times" in texts


def test_words_that_no_minimum_count_keeps_are_a_note(tmp_path):
    report = of_words(["a dog"], ["a cat"], tmp_path)
    (fault,) = (fault for fault in report["faults"] if fault["kind"] == "unknown words")
    assert fault["weight"] == "note" and fault["share"] == 0.5
    assert "· 50.0 % of the words of val become <UNK>: no caption to learn" in doctor.text(report)


def test_words_behind_the_cut_are_not_unknown(tmp_path):
    report = of_words(["a dog runs fast"], ["a dog sleeps"], tmp_path, max_words=2)
    assert report["bundle"]["unknown"] == {"train": 0, "val": 0, "test": 0}
    assert "unknown words" not in kinds(report)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real data at {REAL}")
@pytest.mark.parametrize("files", [["Flickr8k.token.txt", "Flickr_8k.*.txt"], ["captions.txt"]])
def test_real_images_of_flickr8k_in_no_split(files):
    folder = REAL / "flickr8k"
    paths = [path for name in files for path in folder.glob(name)]
    found = flickr8k_listing([*paths, folder / "images"])
    report = doctor.examine_listing(found, quick=True, progress=False)
    assert kinds(report)["image in no split"] == 91 and "spare" not in kinds(report)
