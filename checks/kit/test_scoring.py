"""Scores: known answers, and the same numbers from slower code written another way."""

import json
import math
import random
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from coursework.bundle import ImageRecord
from coursework.captioning import CaptioningRNN
from coursework.files import InputError
from coursework.look.decoding import Caption
from coursework.look.evaluate import evaluate, report, score_captions
from coursework.look.scoring import (
    Mention,
    bleu,
    cells_touched,
    mention_marks,
    mention_scores,
    mentions,
    pointing,
    word_boxes,
)
from coursework.vocabulary import tokenise

REAL = (
    Path(__file__).parents[3] / "shared" / "real" / "metrics" / "fakecap_tokenized_test_refs.json"
)
tokens = str.split
LEXICON = {
    "nouns": {"car": "car", "cars": "car", "cat": "cat", "kitten": "cat"},
    "colours": ["red", "blue"],
}


def scene(*things):
    return ImageRecord(
        "x.png", "test", ["a caption"], [dict(zip(("thing", "colour", "box"), t)) for t in things]
    )


def slow_bleu(hypotheses, references):
    """Corpus BLEU as Papineni et al. 2002 write it, counted by hand."""
    matched, total, said, wanted = [0] * 4, [0] * 4, 0, 0
    for words, refs in zip(hypotheses, references):
        said += len(words)
        wanted += sorted((abs(len(ref) - len(words)), len(ref)) for ref in refs)[0][1]
        for n in range(1, 5):
            grams = Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
            most = Counter()
            for ref in refs:
                most |= Counter(" ".join(ref[i : i + n]) for i in range(len(ref) - n + 1))
            matched[n - 1] += (grams & most).total()
            total[n - 1] += grams.total()
    brevity = 0.0 if said == 0 else min(1.0, math.exp(1 - wanted / said))
    scores = {}
    for n in range(1, 5):
        precisions = [m / t if t else 0.0 for m, t in zip(matched[:n], total[:n])]
        scores[f"bleu{n}"] = brevity * math.prod(precisions) ** (1 / n)
    return {
        **scores,
        "brevity_penalty": brevity,
        "hypothesis_length": said,
        "reference_length": wanted,
    }


def sentences(count, seed, words="abcde", longest=9):
    dice = random.Random(seed)
    return [dice.choices(words, k=dice.randint(0, longest)) for _ in range(count)]


def test_bleu_of_the_coco_caption_demo():
    if not REAL.exists():
        pytest.skip(f"the coco-caption demo is not here: {REAL}")
    rows = json.loads(REAL.read_text(encoding="utf-8"))
    scores = bleu(
        [row["test"].split() for row in rows],
        [[ref.split() for ref in row["refs"]] for row in rows],
    )
    known = [0.57939958, 0.40439130, 0.27853639, 0.19082904]
    assert [scores[f"bleu{n}"] for n in range(1, 5)] == pytest.approx(known, abs=1e-6)
    assert (scores["hypothesis_length"], scores["reference_length"]) == (9893, 9855)
    assert scores["brevity_penalty"] == 1.0


def test_bleu_by_hand():
    """4 of 5 words match (the reference has "the" twice), 2 of 4 pairs, 1 of 3 triples, 0 of 2 fours."""
    scores = bleu([tokens("the the the cat sat")], [[tokens("the cat sat on the mat now")]])
    brevity = math.exp(1 - 7 / 5)
    expected = [4 / 5, (4 / 5 * 2 / 4) ** (1 / 2), (4 / 5 * 2 / 4 * 1 / 3) ** (1 / 3), 0]
    expected = [brevity * score for score in expected]
    assert [scores[f"bleu{n}"] for n in range(1, 5)] == pytest.approx(expected, abs=1e-12)
    assert scores["brevity_penalty"] == pytest.approx(brevity)
    assert (scores["hypothesis_length"], scores["reference_length"]) == (5, 7)


@pytest.mark.parametrize("seed", range(8))
def test_bleu_agrees_with_slow_bleu(seed):
    """Also where captions are empty or too short to have any group of four, or of two."""
    hypotheses = sentences(12, seed, longest=3 + seed)
    references = [sentences(1 + i % 3, f"{seed}/{i}") for i in range(12)]
    assert bleu(hypotheses, references) == pytest.approx(
        slow_bleu(hypotheses, references), abs=1e-12
    )


def test_bleu_of_perfect_captions_is_one():
    hypotheses = [words for words in sentences(20, 3) if words] + [["a"], ["b", "c"]]
    scores = bleu(hypotheses, [[["z"], words] for words in hypotheses])
    assert [scores[f"bleu{n}"] for n in range(1, 5)] == pytest.approx([1] * 4)


def test_bleu_does_not_depend_on_order():
    hypotheses, references = sentences(15, 1), [sentences(3, i) for i in range(15)]
    pairs = list(zip(hypotheses, references))
    random.Random(0).shuffle(pairs)
    turned = [refs[::-1] for _, refs in pairs]
    assert bleu([words for words, _ in pairs], turned) == pytest.approx(
        bleu(hypotheses, references)
    )


def test_only_short_captions_pay_for_brevity():
    reference = tokens("a b c d e f g h")
    short, exact, long = (
        bleu([words], [[reference]]) for words in (reference[:6], reference, [*reference, "a"])
    )
    assert (
        short["brevity_penalty"]
        == pytest.approx(math.exp(1 - 8 / 6))
        == pytest.approx(short["bleu4"])
    )
    assert exact["brevity_penalty"] == long["brevity_penalty"] == 1.0


def test_of_two_references_equally_close_the_shorter_counts():
    assert bleu([list("abcd")], [[list("abcdxx"), list("ab")]])["reference_length"] == 2


@pytest.mark.parametrize("words", [[], ["x"], ["x", "a", "y"], tokens("b a d c")])
def test_bleu_without_overlap_is_zero_and_silent(words):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = bleu([words], [[tokens("a b c d e")]])
    assert scores["bleu4"] == 0.0 and scores["bleu2"] == 0.0
    assert (scores["bleu1"] == 0.0) == (not set(words) & set("abcde"))
    assert all(isinstance(scores[f"bleu{n}"], float) for n in range(1, 5))


@pytest.mark.parametrize("hypotheses, references", [([], []), ([["a"]], []), ([["a"]], [[]])])
def test_bleu_of_nothing_is_refused(hypotheses, references):
    with pytest.raises(InputError, match="at least one reference"):
        bleu(hypotheses, references)


def test_mentions():
    words = tokens("a small red car and a kitten near two blue cars")
    assert mentions(words, LEXICON) == [
        Mention("car", "red", 3),
        Mention("cat", None, 6),
        Mention("car", "blue", 10),
    ]


@pytest.mark.parametrize(
    "caption, expected",
    [
        ("", []),
        ("red", []),
        ("car", [Mention("car", None, 0)]),
        (
            "red small car",
            [Mention("car", None, 2)],
        ),  # the colour stands directly before the noun or is none
        ("car red", [Mention("car", None, 0)]),
        ("blue red cat", [Mention("cat", "red", 2)]),
    ],
)
def test_mentions_at_the_edges(caption, expected):
    assert mentions(caption.split(), LEXICON) == expected


def test_mention_scores_by_hand():
    """Said: red car (twice: one pair), blue cat (wrong colour); then a car (no colour: wrong)."""
    records = [scene(("car", "red", None), ("cat", "red", None)), scene(("car", "blue", None))]
    captions = [Caption(tokens("a red car and a red car by a blue cat")), Caption(tokens("a car"))]
    scores = mention_scores(captions, records, LEXICON)
    assert (scores["right"], scores["said"], scores["there"]) == (1, 3, 3)
    assert (scores["precision"], scores["recall"], scores["f1"]) == pytest.approx(
        (1 / 3, 1 / 3, 1 / 3)
    )


def test_f1_is_the_harmonic_mean():
    records = [scene(("car", "red", None), ("car", "blue", None), ("cat", "red", None))]
    scores = mention_scores([Caption(tokens("a red car"))], records, LEXICON)
    assert (scores["precision"], scores["recall"]) == pytest.approx((1, 1 / 3))
    assert scores["f1"] == pytest.approx(2 * 1 * (1 / 3) / (1 + 1 / 3))


def test_nothing_said_scores_zero():
    scores = mention_scores([Caption([])], [scene(("car", "red", None))], LEXICON)
    assert (scores["precision"], scores["recall"], scores["f1"]) == (0, 0, 0)


def test_mention_marks():
    record = scene(("car", "red", None))
    marks = mention_marks(tokens("a red car by a blue car and a kitten"), record, LEXICON)
    assert marks == [None, True, True, None, None, False, False, None, None, False]


def looking_at(*cells, grid=(4, 4)):
    """One map a word, each with its peak in one cell."""
    maps = np.full((len(cells), *grid), 0.01)
    for t, (row, column) in enumerate(cells):
        maps[t, row, column] = 0.5
    return maps


def test_the_peak_of_the_nouns_own_step_decides():
    record = scene(("car", "red", [0.5, 0.25, 0.75, 0.5]))  # exactly the cell in row 1, column 2
    words, there, away = ["red", "car"], (1, 2), (3, 0)
    hit = pointing([Caption(words, looking_at(away, there))], [record], LEXICON)
    miss = pointing([Caption(words, looking_at(there, away))], [record], LEXICON)
    assert (hit["hits"], hit["mentions"], hit["score"]) == (1, 1, 1.0)
    assert (miss["hits"], miss["mentions"], miss["score"]) == (0, 1, 0.0)


@pytest.mark.parametrize("cell", [(0, 1), (0, 2), (0, 3), (1, 1), (1, 3), (2, 1), (2, 2), (2, 3)])
def test_the_next_cell_is_a_miss(cell):
    """A box that ends on the border of a cell has no area in it."""
    record = scene(("car", "red", [0.5, 0.25, 0.75, 0.5]))
    assert (
        pointing([Caption(["red", "car"], looking_at((0, 0), cell))], [record], LEXICON)["hits"]
        == 0
    )


def test_pointing_looks_for_the_thing_of_that_name_and_colour():
    """A wrong mention does not count at all; of two things alike either will do; the other car is a miss."""
    left, right, middle = [0, 0, 0.25, 1], [0.75, 0, 1, 1], [0.3, 0.3, 0.6, 0.6]
    record = scene(("car", "red", left), ("car", "red", right), ("car", "blue", middle))
    for column, hits in ((0, 1), (3, 1), (1, 0), (2, 0)):
        captions = [Caption(tokens("red car"), looking_at((1, column), (1, column)))]
        assert pointing(captions, [record], LEXICON)["hits"] == hits
    captions = [Caption(tokens("blue kitten by a red kitten"), looking_at(*[(1, 1)] * 6))]
    nothing = pointing(captions, [record], LEXICON)
    assert nothing == {"hits": 0, "mentions": 0, "score": None, "chance": None, "centre": None}


@pytest.mark.parametrize("grid", [(7, 7), (4, 4), (3, 5), (1, 1)])
def test_chance_and_centre_by_brute_force(grid):
    """Chance is the mean score of looking at one fixed cell, over all cells; centre of the middle one."""
    dice = random.Random(str(grid))
    sides = [sorted((dice.random(), dice.random())) for _ in range(60)]
    boxes = [[x0, y0, x1, y1] for (x0, x1), (y0, y1) in zip(sides[::2], sides[1::2])]
    records = [scene(("car", "red", box)) for box in boxes]

    def looking(row, column):
        maps = looking_at((row, column), (row, column), grid=grid)
        return pointing([Caption(["red", "car"], maps)] * 30, records, LEXICON)

    fixed = {(r, c): looking(r, c) for r in range(grid[0]) for c in range(grid[1])}
    expected = sum(scores["score"] for scores in fixed.values()) / len(fixed)
    assert all(scores["chance"] == pytest.approx(expected) for scores in fixed.values())
    assert fixed[0, 0]["centre"] == fixed[grid[0] // 2, grid[1] // 2]["score"]


def test_cells_touched_by_counting_points():
    dice = random.Random(5)
    for _ in range(20):
        h, w = dice.randint(1, 6), dice.randint(1, 6)
        x0, x1 = sorted(k / 60 for k in dice.sample(range(61), 2))
        y0, y1 = sorted(k / 60 for k in dice.sample(range(61), 2))
        inside = np.zeros((h, w), dtype=bool)
        for i in range(60):
            for j in range(60):
                x, y = (j + 0.5) / 60, (i + 0.5) / 60
                if x0 < x < x1 and y0 < y < y1:
                    inside[int(y * h), int(x * w)] = True
        assert (cells_touched([[x0, y0, x1, y1]], (h, w)) == inside).all()


def test_no_attention_no_pointing():
    assert pointing([Caption(["car"])], [scene(("car", "red", [0, 0, 1, 1]))], LEXICON) is None


@pytest.mark.parametrize("cell_type", ["rnn", "attn"])
def test_evaluate_and_its_report(cell_type, tiny_bundle):
    torch.manual_seed(0)
    model = CaptioningRNN(
        tiny_bundle.vocabulary.word_to_idx, tiny_bundle.channels, 8, 16, cell_type
    )
    scores = evaluate(model, tiny_bundle, "val", max_length=6, progress=False)
    assert json.loads(json.dumps(scores)) == scores
    assert (scores["images"], scores["references_per_image"]) == (tiny_bundle.splits["val"], [3, 3])
    assert (scores["pointing"] is not None) == (cell_type == "attn")
    text = report(scores)
    for condition in (
        "split val",
        "6 images",
        "3 references an image",
        "greedy",
        "at most 6 words",
        "brevity penalty",
    ):
        assert condition in text
    assert scores["tokeniser"] in text and f"{100 * scores['bleu']['bleu1']:.1f}" in text


def test_references_score_full_marks(tiny_bundle):
    """Each image's own first reference, looking at the thing whenever it is named."""
    captions = []
    records = [tiny_bundle.images[i] for i in tiny_bundle.split("test")]
    for record in records:
        words = tokenise(record.captions[0])
        maps = np.zeros((len(words), *tiny_bundle.grid))
        for mention in mentions(words, tiny_bundle.lexicon):
            wanted = (mention.thing, mention.colour)
            x0, y0, x1, y1 = next(
                t["box"] for t in record.things if (t["thing"], t["colour"]) == wanted
            )
            row, column = (y0 + y1) / 2 * maps.shape[1], (x0 + x1) / 2 * maps.shape[2]
            maps[mention.position, int(row), int(column)] = 1
        captions.append(Caption(words, maps))
    scores = score_captions(captions, tiny_bundle, "test", 15)
    assert scores["bleu"]["bleu4"] == pytest.approx(1)
    assert scores["mentions"]["f1"] == scores["pointing"]["score"] == 1.0
    assert scores["pointing"]["mentions"] >= len(records)
    assert 0 < scores["pointing"]["chance"] < 0.5
    assert "BLEU-4 100.0" in report(scores) and "100.0 %" in report(scores)


def test_word_boxes_are_those_of_the_things_that_right_nouns_name():
    lexicon = {"nouns": {"car": "car", "cars": "car", "tree": "tree"}, "colours": ["red", "blue"]}
    things = [
        {"thing": "car", "colour": "red", "box": [0.0, 0.1, 0.2, 0.3]},
        {"thing": "car", "colour": "red", "box": [0.5, 0.1, 0.7, 0.3]},
        {"thing": "tree", "colour": "blue", "box": [0.4, 0.4, 0.6, 0.6]},
    ]
    record = ImageRecord("x.png", "val", ["two red cars"], things)
    boxes = word_boxes("two red cars and a red tree".split(), record, lexicon)
    assert boxes == [[], [], [things[0]["box"], things[1]["box"]], [], [], [], []]
