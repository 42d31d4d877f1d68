"""One rule cuts captions into words, and ids go there and back."""

from pathlib import Path

import pytest
import torch

from coursework.files import InputError, write_json
from coursework.vocabulary import SPECIAL, Vocabulary, VocabularyOptions, tokenise

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


@pytest.mark.parametrize("max_words", [None, 1, 3, 99])
def test_encoding_all_is_encoding_each(max_words):
    vocabulary = Vocabulary.build(CAPTIONS[:2])
    captions = [*CAPTIONS, "", "?", "Caf\u00e9 a dog runs a cat a dog"]
    ids, lengths = vocabulary.encode_all(iter(captions), max_words)
    rows = [vocabulary.encode(caption, max_words) for caption in captions]
    assert torch.equal(ids, vocabulary.batch(rows)) and ids.dtype == torch.int32
    assert lengths.tolist() == [len(row) for row in rows] and lengths.dtype == torch.int64


def test_encoding_goes_by_the_ids_that_the_vocabulary_has():
    vocabulary = Vocabulary([*SPECIAL, "a"])
    vocabulary.word_to_idx = {word: 9 - idx for word, idx in vocabulary.word_to_idx.items()}
    ids, _ = vocabulary.encode_all(["a b", "a"])
    assert ids.tolist() == [[8, 5, 6, 7], [8, 5, 7, 9]]


def test_no_captions_are_encoded_as_none():
    ids, lengths = Vocabulary.build([]).encode_all([])
    assert ids.shape == (0, 0) and lengths.shape == (0,)


def test_words_behind_the_cut_do_not_count():
    assert Vocabulary.build(CAPTIONS, max_words=2).words[4:] == ["a", "dog", "don't", "feed"]
    assert Vocabulary.build(CAPTIONS, 2, max_words=2).words[4:] == ["a", "dog"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"captions": "val"}, "train or all, not 'val'"),
        ({"minimum_count": 0}, "0 times: at least 1"),
        ({"max_words": 0}, "0 words: at least 1"),
    ],
)
def test_options_out_of_range_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        VocabularyOptions(**wrong)


def test_the_options_are_described_with_the_rule_for_words():
    described = VocabularyOptions(minimum_count=5).described()
    assert described.pop("tokeniser").startswith("lower-case runs")
    assert described == {"captions": "train", "minimum_count": 5, "max_words": None}


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
