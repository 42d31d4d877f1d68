"""Which data set it is, from what lies there; and what is said where that is not clear."""

import csv
import json
import zipfile

import pytest
import torch
from PIL import Image

from coursework.files import InputError
from coursework.prepare.sets.recognise import listing_of

CAPTION = "a dog on the grass"


def picture(path, colour="red"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (96, 72), colour).save(path)


def coco_form(names):
    images = [{"id": i, "file_name": name} for i, name in enumerate(names)]
    notes = [{"id": i, "image_id": i, "caption": CAPTION} for i in range(len(names))]
    return json.dumps({"images": images, "annotations": notes})


def karpathy_form(names):
    sentences = [{"raw": CAPTION, "tokens": CAPTION.split(), "sentid": 0, "imgid": 0}]
    images = [
        {"sentids": [i], "imgid": i, "sentences": sentences, "split": "train", "filename": name}
        for i, name in enumerate(names)
    ]
    return json.dumps({"images": images, "dataset": "flickr8k"})


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def coco(folder):
    write(folder / "annotations" / "captions_val2017.json", coco_form(["000000000139.jpg"]))
    write(folder / "annotations" / "instances_val2017.json", "{}")
    picture(folder / "val2017" / "000000000139.jpg")


def flickr8k(folder):
    write(folder / "Flickr8k.token.txt", f"1_a.jpg#0\t{CAPTION} .\n")
    write(folder / "Flickr_8k.trainImages.txt", "1_a.jpg\n")
    picture(folder / "Flicker8k_Dataset" / "1_a.jpg")


def kaggle(folder):
    write(folder / "captions.txt", f"image,caption\n1_a.jpg,{CAPTION} .\n")
    picture(folder / "Images" / "1_a.jpg")


def karpathy(folder):
    write(folder / "dataset_flickr8k.json", karpathy_form(["1_a.jpg"]))
    picture(folder / "images" / "1_a.jpg")


def own_json(folder):
    write(folder / "mine.json", coco_form(["a.jpg"]))
    picture(folder / "a.jpg")


def own_csv(folder):
    with open(folder / "mine.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["image", "caption"], ["a.jpg", CAPTION]])
    picture(folder / "a.jpg")


def coco_pt(folder):
    words = ["<NULL>", "<START>", "<END>", "<UNK>", "dog"]
    content = {
        "vocab": {"idx_to_token": words, "token_to_idx": {w: i for i, w in enumerate(words)}}
    }
    for part in ("train", "val"):
        content[f"{part}_images"] = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
        content[f"{part}_captions"] = torch.tensor([[1, 4, 2, 0]])
    torch.save(content, folder / "coco.pt")


KINDS = {
    "coco": coco,
    "flickr8k": flickr8k,
    "karpathy": karpathy,
    "folder": own_csv,
    "coco-pt": coco_pt,
}


@pytest.mark.parametrize("make", [*KINDS.values(), kaggle, own_json])
def test_a_folder_is_known_by_what_lies_in_it(tmp_path, make):
    make(tmp_path)
    wanted = {kaggle: "flickr8k", own_json: "folder"} | {made: kind for kind, made in KINDS.items()}
    listing = listing_of([tmp_path])
    assert listing.settings["kind"] == wanted[make]
    assert listing.records and listing.missing() == []


@pytest.mark.parametrize("make", [coco, flickr8k, kaggle, karpathy, own_json])
def test_a_zip_is_read_as_it_is(tmp_path, make):
    make(tmp_path / "in")
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as packed:
        for path in sorted((tmp_path / "in").rglob("*.*")):
            packed.write(path, path.relative_to(tmp_path / "in"))
    listing = listing_of([tmp_path / "data.zip"])
    assert listing.records and listing.missing() == []


def test_a_caption_file_that_is_named_settles_it(tmp_path):
    coco(tmp_path)
    named = write(tmp_path / "part.json", coco_form(["000000000139.jpg"]))
    listing = listing_of([named, tmp_path / "val2017"])
    assert listing.settings["kind"] == "folder" and listing.missing() == []


def test_other_files_in_cocos_form_do_not_disturb_coco(tmp_path):
    coco(tmp_path)
    write(tmp_path / "part.json", coco_form(["b.jpg"]))
    assert listing_of([tmp_path]).settings["kind"] == "coco"


def test_of_two_years_the_one_that_is_named_is_read(tmp_path):
    coco(tmp_path)
    other = write(tmp_path / "captions_val2014.json", coco_form(["COCO_val2014_000000000139.jpg"]))
    with pytest.raises(InputError, match="2014 and 2017, .*name the caption file itself"):
        listing_of([tmp_path])
    listing = listing_of([other, tmp_path])
    assert listing.name == "coco2014" and listing.missing() == []


def test_capitals_in_names_do_not_matter(tmp_path):
    coco(tmp_path)
    named = write(tmp_path / "other" / "Captions_Val2017.JSON", coco_form(["000000000139.jpg"]))
    listing = listing_of([named, tmp_path / "val2017"])
    assert listing.name == "coco2017" and listing.missing() == []


def test_without_captions_it_says_what_is_looked_for(tmp_path):
    picture(tmp_path / "a.jpg")
    with pytest.raises(InputError, match=r"no captions in .*captions_\*\.json"):
        listing_of([tmp_path])


def test_several_data_sets_are_refused(tmp_path):
    coco(tmp_path)
    kaggle(tmp_path)
    with pytest.raises(InputError, match="several data sets"):
        listing_of([tmp_path])


def test_two_caption_files_of_ones_own_are_refused(tmp_path):
    own_csv(tmp_path)
    write(tmp_path / "other.csv", "image,caption\n")
    with pytest.raises(InputError, match="two caption files"):
        listing_of([tmp_path])
