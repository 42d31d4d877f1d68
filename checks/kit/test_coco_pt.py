"""A course's coco.pt: its ids come back exactly, its pictures unchanged, and nothing in it is executed."""

import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import TinyEncoder

from coursework.files import InputError
from coursework.prepare.build import build
from coursework.prepare.sets.coco_pt import coco_pt_listing, written
from coursework.prepare.sets.listing import chosen, source_of
from coursework.vocabulary import SPECIAL, UNK, Vocabulary, tokenise

TOKENS = [*SPECIAL, "a", "dog", "t-shirt", "don't", "cat"]
LENGTH = 8  # ids in a row


def rows(*captions: list[int]) -> torch.Tensor:
    """Captions of word ids as the file has them: START, words, END, NULL."""
    filled = [[1, *words, 2] + [0] * (LENGTH - len(words) - 2) for words in captions]
    return torch.tensor(filled, dtype=torch.int64).reshape(-1, LENGTH)


def contents(tokens: list[str] = TOKENS, **other) -> dict:
    """What a small coco.pt holds: three pictures to train on, one to validate."""
    pixels = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, 3, 6, 5), dtype=torch.uint8, generator=pixels)
    ids = {token: i for i, token in enumerate(tokens)}
    return {
        "train_images": images[:3].clone(),
        "train_captions": rows([4, 5, 6, 7, 8], [4, 3], [5] * 6),
        "val_images": images[3:].clone(),
        "val_captions": rows([4, 3, 3, 8]),
        "vocab": {"idx_to_token": tokens, "token_to_idx": ids},
    } | other


def saved(path: Path, content: object, **options) -> Path:
    torch.save(content, path, **options)
    return path


def ids_of(row: torch.Tensor) -> list[int]:
    return row.tolist()[: row.tolist().index(2) + 1]


def check_ids(listing, content: dict) -> None:
    """Every caption encodes to the ids that the file has for it."""
    vocabulary = Vocabulary(listing.words)
    for record in listing.records:
        part, row = record.file.split("-")
        wanted = ids_of(content[f"{part}_captions"][int(row)])
        assert vocabulary.encode(record.captions[0]) == wanted, record


@pytest.mark.parametrize("new_form", [True, False])
def test_captions_splits_and_pictures(tmp_path: Path, new_form: bool):
    content = contents()
    path = saved(tmp_path / "coco.pt", content, _use_new_zipfile_serialization=new_form)
    listing = coco_pt_listing(path)
    assert [(r.file, r.split, r.captions) for r in listing.records] == [
        ("train-00000", "train", ["a dog tshirt don't cat"]),
        ("train-00001", "train", ["a unk"]),
        ("train-00002", "train", ["dog dog dog dog dog dog"]),
        ("val-00000", "val", ["a unk unk cat"]),
    ]
    assert not listing.faults and not listing.missing()
    check_ids(listing, content)
    source = source_of(listing)
    for i, (part, row) in enumerate([("train", 0), ("train", 1), ("train", 2), ("val", 0)]):
        picture = source.load(i, 224)
        assert picture.mode == "RGB"
        wanted = content[f"{part}_images"][row].permute(1, 2, 0).numpy()
        assert np.array_equal(np.asarray(picture), wanted)
    assert listing.notes == [
        "the pictures are 5 x 6, one caption each, and there is no test split",
        "1 of its 9 words are written so that each is one word: 't-shirt' as 'tshirt'",
        "3 of the 17 words in its captions are <UNK> in the file itself, here written 'unk': no caption can"
        " get these right",
    ]


def test_a_listing_of_some_and_a_bundle(tmp_path: Path):
    content = contents()
    listing = coco_pt_listing(saved(tmp_path / "coco.pt", content))
    assert chosen(listing, {"train": 2}).splits == {"train": 2, "val": 1}
    bundle = build(source_of(listing), TinyEncoder(), tmp_path / "out", progress=False)
    assert bundle.vocabulary.words == listing.words and bundle.splits == {"train": 3, "val": 1}
    assert bundle.vocabulary.encode(bundle.images[3].captions[0]) == [1, 4, 3, 3, 8, 2]
    moved = coco_pt_listing(saved(tmp_path / "other.pt", content))
    assert moved.records == listing.records and str(tmp_path) not in str(moved.settings)
    other = coco_pt_listing(saved(tmp_path / "third.pt", contents(val_captions=rows([4]))))
    assert other.settings != listing.settings


AWKWARD = [
    *[
        "t-shirt",
        "tshirt",
        "tshirt2",
        "t.shirt",
        "'s",
        "s",
        "Dog",
        "dog",
        "DOG",
        "unk",
        "unk2",
        "UNK",
    ],
    *[".", ",", "...", "$", "<pad>", "", " ", "two words", "a_b", "20", "3.5", "\n", "\x00"],
    *["cafe\u0301", "caf\u00e9", "\u72ac", "\u0130", "\ud55c", "\U0001f436"],
    *["rock'n'roll", "o\u2019clock", "o'clock", "fullstop", "empty", "NULL", "start"],
]


def test_words_are_changed_no_more_than_needed():
    assert written([*SPECIAL, "a", "t-shirt", "'s", ".", "tshirt", "don't"]) == [
        *SPECIAL, "a", "tshirt2", "s", "fullstop", "tshirt", "don't",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_awkward_words_encode_to_their_own_ids(tmp_path: Path, seed: int):
    draws = random.Random(seed)
    tokens = [*SPECIAL, *draws.sample(AWKWARD, len(AWKWARD))]
    words = written(tokens)
    assert len(set(words)) == len(words) and words[:4] == SPECIAL
    assert all(tokenise(word) == [word] and word != "unk" for word in words[4:])
    for token, word in zip(tokens, words, strict=True):
        assert word == token or tokenise(token) != [token] or token == "unk"
    captions = [[draws.randrange(3, len(tokens)) for _ in range(6)] for _ in range(200)]
    images = torch.zeros(200, 3, 2, 2, dtype=torch.uint8)
    content = contents(tokens, train_images=images, train_captions=rows(*captions))
    listing = coco_pt_listing(saved(tmp_path / "coco.pt", content))
    assert len(listing.records) == 201 and Vocabulary(listing.words).word_to_idx[UNK] == 3
    check_ids(listing, content)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ([1, 4, 5, 5, 5, 5, 5, 5], "has no <END>"),
        ([1, 4, 9, 2, 0, 0, 0, 0], "has id 9, the vocabulary has 9 words"),
        ([1, 4, -1, 2, 0, 0, 0, 0], "has id -1"),
        ([4, 5, 2, 0, 0, 0, 0, 0], "does not begin with <START>"),
        ([1, 2, 0, 0, 0, 0, 0, 0], "has no word"),
        ([1, 4, 0, 5, 2, 0, 0, 0], "has <NULL> or <START> among its words"),
        ([1, 1, 4, 2, 0, 0, 0, 0], "has <NULL> or <START> among its words"),
        ([1, 4, 2, 5, 0, 0, 0, 0], "goes on behind <END>"),
        ([0] * 8, "does not begin with <START>"),
    ],
)
def test_a_bad_caption_is_left_out_with_its_picture(tmp_path: Path, row: list[int], text: str):
    content = contents()
    content["train_captions"][1] = torch.tensor(row)
    listing = coco_pt_listing(saved(tmp_path / "coco.pt", content))
    assert [record.file for record in listing.records] == [
        "train-00000",
        "train-00002",
        "val-00000",
    ]
    (fault,) = listing.faults
    assert (fault.kind, fault.where) == ("bad row", "train-00001")
    assert fault.text.startswith(f"row 1 of train_captions {text}")
    picture = source_of(listing).load(1, 224)
    assert np.array_equal(np.asarray(picture), content["train_images"][2].permute(1, 2, 0).numpy())


def vocab(**other) -> dict:
    ids = {token: i for i, token in enumerate(TOKENS)}
    return {"vocab": {"idx_to_token": TOKENS, "token_to_idx": ids} | other}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"train_images": None}, "there is no train_images"),
        ({"val_captions": None}, "there is no val_captions"),
        ({"train_images": torch.zeros(3, 3, 6, 5)}, r"train_images is torch\.float32"),
        ({"train_images": torch.zeros(3, 6, 5, 3, dtype=torch.uint8)}, r"\(3, 6, 5, 3\) instead of"),
        ({"train_images": torch.zeros(3, 3, 30, dtype=torch.uint8)}, r"uint8 \(3, 3, 30\) instead of"),
        ({"train_images": torch.zeros(3, 3, 0, 5, dtype=torch.uint8)}, "instead of"),
        ({"train_images": torch.zeros(2, 3, 6, 5, dtype=torch.uint8)}, "train has 2 images and 3 captions"),
        ({"train_images": [1, 2, 3]}, "train_images is no plain tensor"),
        ({"val_images": torch.zeros(1, 3, 6, 5).to_sparse()}, "val_images is no plain tensor"),
        ({"train_captions": torch.zeros(3, 8)}, r"float32 \(3, 8\) instead of torch\.int64 \(N, T\)"),
        ({"train_captions": torch.zeros(3, dtype=torch.int64)}, r"int64 \(3,\) instead of"),
        ({"vocab": None}, "no idx_to_token"),
        ({"vocab": {}}, "no idx_to_token"),
        (vocab(idx_to_token=None), "no idx_to_token"),
        (vocab(idx_to_token=[*SPECIAL, 7]), "no idx_to_token"),
        (vocab(idx_to_token=["a", *SPECIAL]), "does not begin with <NULL> <START> <END> <UNK>"),
        (vocab(idx_to_token=[*TOKENS, "dog"]), "has a word twice"),
        (vocab(token_to_idx={}), "do not agree"),
        (vocab(token_to_idx={"a": 4}), "do not agree"),
        (vocab(token_to_idx={t: torch.tensor([i, i]) for i, t in enumerate(TOKENS)}), "do not agree"),
        (vocab(token_to_idx={t: torch.tensor(i) for i, t in enumerate(TOKENS)}), "do not agree"),
        (vocab(token_to_idx=torch.zeros(9)), "do not agree"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Validating sparse")
def test_another_layout_is_refused(tmp_path: Path, change: dict, text: str):
    content = {key: value for key, value in (contents() | change).items() if value is not None}
    path = saved(tmp_path / "coco.pt", content)
    with pytest.raises(InputError, match=rf"coco\.pt is not laid out as .*{text}") as caught:
        coco_pt_listing(path)
    assert "\n" not in str(caught.value)


def test_the_vocabulary_may_be_a_dict_of_ids_alone(tmp_path: Path):
    tokens = {i: TOKENS[i] for i in reversed(range(len(TOKENS)))}
    content = contents(vocab={"idx_to_token": tokens})
    check_ids(coco_pt_listing(saved(tmp_path / "coco.pt", content)), content)


def test_without_a_good_caption_nothing_is_made_of_it(tmp_path: Path):
    nothing = torch.zeros(0, 3, 6, 5, dtype=torch.uint8)
    bad = contents(train_captions=rows([4], [4], [4]) - 1, val_captions=rows(), val_images=nothing)
    with pytest.raises(InputError, match="no whole caption: row 0 of train_captions"):
        coco_pt_listing(saved(tmp_path / "coco.pt", bad))
    empty = bad | {"train_captions": rows(), "train_images": nothing}
    with pytest.raises(InputError, match="no whole caption$"):
        coco_pt_listing(saved(tmp_path / "coco.pt", empty))


class Code:
    """What a file could hold to harm whoever unpickles it."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("new_form", [True, False])
def test_code_in_the_file_is_never_run(tmp_path: Path, new_form: bool):
    content = contents(more=Code(tmp_path / "ran"))
    path = saved(tmp_path / "coco.pt", content, _use_new_zipfile_serialization=new_form)
    with pytest.raises(
        InputError, match=r"coco\.pt is damaged, or holds more than tensors"
    ) as caught:
        coco_pt_listing(path)
    assert "\n" not in str(caught.value) and not (tmp_path / "ran").exists()


def damaged(data: bytes) -> dict[str, bytes]:
    return {
        "empty": b"",
        "a page": b"<!doctype html><title>Sign in</title>",
        "cut": data[: len(data) // 2],
        "a zip's beginning": b"PK\3\4" + b"x" * 100,
        "numbers": bytes(range(256)),
    }


@pytest.mark.parametrize("kind", damaged(b""))
@pytest.mark.parametrize("new_form", [True, False])
def test_damaged_files_are_named(tmp_path: Path, kind: str, new_form: bool):
    path = saved(tmp_path / "coco.pt", contents(), _use_new_zipfile_serialization=new_form)
    path.write_bytes(damaged(path.read_bytes())[kind])
    with pytest.raises(InputError, match=r"coco\.pt is damaged") as caught:
        coco_pt_listing(path)
    assert "\n" not in str(caught.value)


def everything_in(path: Path) -> list:
    listing = coco_pt_listing(path)
    return [(r.file, r.captions, listing.load(r.file).tobytes()) for r in listing.records]


def test_flipped_bits_are_noticed_or_harmless(tmp_path: Path):
    path = saved(tmp_path / "coco.pt", contents())
    whole, wanted, refused = path.read_bytes(), everything_in(path), 0
    for place in range(3, 8 * len(whole), 211):  # all bits of a byte come up
        bad = bytearray(whole)
        bad[place // 8] ^= 1 << place % 8
        path.write_bytes(bad)
        try:
            assert everything_in(path) == wanted
        except InputError as error:
            refused += 1
            assert "is damaged" in str(error) and "\n" not in str(error)
    assert refused > 20


def test_a_flipped_bit_of_a_picture_is_noticed(tmp_path: Path):
    path = saved(tmp_path / "coco.pt", contents())
    data = bytearray(path.read_bytes())
    data[data.index(contents()["val_images"].numpy().tobytes()) + 40] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"is damaged \(Bad CRC-32 .*download it again"):
        coco_pt_listing(path)


@pytest.mark.parametrize("part", [0.5, 0.9])
def test_half_a_file_is_to_be_downloaded_again(tmp_path: Path, part: float):
    images = torch.zeros(3, 3, 300, 300, dtype=torch.uint8)
    path = saved(tmp_path / "coco.pt", contents(train_images=images))
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(InputError, match=r"coco\.pt is damaged .*download it again"):
        coco_pt_listing(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "coco.pt")
    with pytest.raises(InputError, match="cannot read .*coco.pt"):
        coco_pt_listing(tmp_path / "coco.pt")


def test_what_is_not_there_or_not_a_dict_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"no file at .*absent\.pt"):
        coco_pt_listing(tmp_path / "absent.pt")
    with pytest.raises(InputError, match="cannot read"):
        coco_pt_listing(tmp_path)
    with pytest.raises(InputError, match="it holds a list, not a dict"):
        coco_pt_listing(saved(tmp_path / "coco.pt", [1, 2]))


@pytest.mark.skipif(
    sys.platform != "linux", reason="other systems keep what is mapped from writers"
)
def test_pictures_stay_on_disk_until_they_are_asked_for(tmp_path: Path):
    path = saved(tmp_path / "coco.pt", contents())
    source = source_of(coco_pt_listing(path))
    assert np.asarray(source.load(0, 6)).max() > 0
    data = path.read_bytes()
    pixels = contents()["train_images"].numpy().tobytes()
    with open(path, "r+b") as file:  # in place, not another file of the same name
        file.seek(data.index(pixels))
        file.write(bytes(len(pixels)))
    assert np.asarray(source.load(0, 6)).max() == 0
    assert Image.fromarray(np.asarray(source.load(3, 6))).getextrema() != ((0, 0),) * 3
