"""One rule cuts captions into words, and ids go there and back."""

from pathlib import Path

import pytest
import torch

from coursework.files import InputError, write_json
from coursework.vocabulary import SPECIAL, Vocabulary, tokenise

CAPTIONS = ["A dog runs.", "a dog, a cat", "Don't feed the cat!"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A man's T-shirt.", ["a", "man's", "t", "shirt"]),
        ("don\u2019t 'quote' it''s", ["don't", "quote", "it", "s"]),
        ("2 dogs, 3rd_place", ["2", "dogs", "3rd", "place"]),
        ("Cafe\u0301 caf\u00e9 \u00c9", ["caf\u00e9", "caf\u00e9", "\u00e9"]),
        ("\u72d7\u5728\u8dd1 \u03b1\u03b2", ["\u72d7\u5728\u8dd1", "\u03b1\u03b2"]),
        (" ... <NULL> \t\n", ["null"]),
        ("?!", []),
    ],
)
def test_tokenise(text: str, words: list[str]):
    assert tokenise(text) == words
    assert tokenise(" ".join(words)) == words


def test_words_come_by_falling_count_and_then_by_alphabet():
    words = ["a", "cat", "dog", "don't", "feed", "runs", "the"]
    assert Vocabulary.build(CAPTIONS).words == [*SPECIAL, *words]
    assert Vocabulary.build(reversed(CAPTIONS)).words == [*SPECIAL, *words]
    assert Vocabulary.build(CAPTIONS, minimum_count=2).words == [*SPECIAL, *words[:3]]


def test_encode_and_decode_are_inverse_for_known_words():
    vocabulary = Vocabulary.build(CAPTIONS)
    for caption in CAPTIONS:
        ids = vocabulary.encode(caption)
        assert ids[0] == 1 and ids[-1] == 2
        assert vocabulary.decode(ids) == tokenise(caption)
        assert vocabulary.encode(tokenise(caption)) == ids


def test_encode_cuts_and_marks_unknown_words():
    vocabulary = Vocabulary.build(CAPTIONS)
    assert vocabulary.encode("a zebra runs", max_words=2) == [1, 4, 3, 2]
    assert vocabulary.encode("", max_words=2) == [1, 2]
    assert vocabulary.decode([4, 3]) == ["a", "<UNK>"]


def test_decode_ends_at_end_and_skips_null_and_start():
    vocabulary = Vocabulary.build(CAPTIONS)
    assert vocabulary.decode(torch.tensor([1, 4, 0, 5, 2, 6, 6])) == ["a", "cat"]


def test_batch_fills_up_with_null():
    batch = Vocabulary.build(CAPTIONS).batch([[1, 2], [1, 4, 5, 2]])
    assert batch.dtype == torch.int64 and batch.tolist() == [[1, 2, 0, 0], [1, 4, 5, 2]]


def test_a_saved_vocabulary_comes_back(tmp_path: Path):
    vocabulary = Vocabulary.build([*CAPTIONS, "caf\u00e9"])
    vocabulary.save(tmp_path / "v.json")
    back = Vocabulary.load(tmp_path / "v.json")
    assert back.words == vocabulary.words and back.word_to_idx == vocabulary.word_to_idx
    assert len(back) == len(vocabulary) == 12


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"words": "abc"},
        {"words": [*SPECIAL, 5]},
        {"words": ["a", *SPECIAL]},
        {"words": [*SPECIAL, "a", "a"]},
        {"words": SPECIAL[:3]},
    ],
)
def test_a_damaged_vocabulary_is_named(tmp_path: Path, content: object):
    write_json(tmp_path / "v.json", content)
    with pytest.raises(InputError, match=r"damaged vocabulary .*v\.json"):
        Vocabulary.load(tmp_path / "v.json")
