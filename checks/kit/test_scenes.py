"""Drawn scenes and what is said of them. The truth of sentences is judged by rules of this file's own."""

import hashlib
import math
import re
from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest

from coursework.files import InputError
from coursework.prepare import scenes
from coursework.prepare.drawn import words
from coursework.prepare.drawn.dice import Dice
from coursework.prepare.drawn.drawing import COLOURS, GROUNDS, THINGS, TIMES
from coursework.prepare.drawn.sentences import TEMPLATES, lexicon
from coursework.vocabulary import tokenise

COUNT = 1500
LEXICON = lexicon()
NAMED = re.compile(
    r"\b(an?|two|three) (?:(small|little|tiny|large|big|huge) )?"
    rf"({'|'.join(COLOURS)}) ({'|'.join(sorted(LEXICON['nouns'], key=len, reverse=True))})\b"
)
RELATION = (
    r"((?:to the )?left of|(?:to the )?right of|above|below|under|beneath|next to|beside|near"
    r"|behind|in front of)"
)
GROUND_WORDS = {
    "meadow": {"meadow", "field", "grass", "grassy"},
    "sea": {"sea", "water", "waves"},
    "snow": {"snow", "snowy", "winter"},
    "street": {"street", "road"},
    "beach": {"beach", "sand", "sandy"},
}
TIME_WORDS = {"night": {"night", "dark", "moonlight"}, "day": {"day", "daylight", "bright"}}


@pytest.fixture(scope="module")
def drawn() -> list[scenes.Scene]:
    return [scenes.scene("train", index) for index in range(COUNT)]


@pytest.fixture(scope="module")
def told(drawn) -> list[tuple[scenes.Scene, str]]:
    return [(scene, caption) for scene in drawn for caption in scenes.captions(scene)]


def test_any_scene_can_be_had_without_the_others():
    forwards = [scenes.scene("val", index) for index in range(6)]
    backwards = [scenes.scene("val", index) for index in reversed(range(6))][::-1]
    assert forwards == backwards
    assert len(set(forwards)) == 6
    assert scenes.scene("val", 3, seed=1) != scenes.scene("val", 3)


def test_scenes_and_captions_are_the_recorded_ones():
    """On every platform and Python. A new thing or a new word changes the hash: record it anew then."""
    some = [scenes.scene(split, index) for split in scenes.SHARES for index in range(20)]
    text = "\n".join(repr(scene) + "\n".join(scenes.captions(scene)) for scene in some)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "5907298092f2cb52"


def test_unknown_split_is_refused_by_name():
    with pytest.raises(InputError, match=r"no split 'dev'.*train, val, test"):
        scenes.scene("dev", 0)


def test_splits_share_no_scene(drawn):
    keys = {"train": {scenes.key(scene) for scene in drawn}}
    for split in ("val", "test"):
        keys[split] = {scenes.key(scenes.scene(split, index)) for index in range(400)}
    for one, other in combinations(keys.values(), 2):
        assert not one & other
    assert len(keys["train"]) > 0.95 * COUNT


def test_shares_of_the_splits_are_as_stated():
    dice = Dice("any scene")
    counts = Counter(scenes.split_of(scenes._draw(dice)) for _ in range(3000))
    for split, share in scenes.SHARES.items():
        assert counts[split] / 3000 == pytest.approx(share, abs=0.03)


def test_things_lie_inside_the_picture_where_they_belong(drawn):
    for scene in drawn:
        assert 1 <= len(scene.placed) <= 3
        for item, seen in zip(scene.placed, scenes.things(scene)):
            x0, y0, x1, y1 = seen["box"]
            assert 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1
            zone = THINGS[item.thing].zone
            assert zone in ("sky", "water" if scene.ground == "sea" else "ground")
            assert y1 < 0.51 if zone == "sky" else y1 > 0.55


def test_things_overlap_only_where_one_is_deliberately_behind_the_other(drawn):
    hidden = []
    for scene in drawn:
        for far, near in combinations(scenes.things(scene), 2):
            share = _intersection(far["box"], near["box"]) / _area(far["box"])
            if share > 0:
                hidden.append(share)
                assert far["box"][3] < near["box"][3] and far["colour"] != near["colour"]
    assert len(hidden) > 0.05 * COUNT
    assert min(hidden) > 0.19 and max(hidden) < 0.46


def test_sizes_are_small_medium_or_large_with_gaps_between(drawn):
    sizes = [math.sqrt(_area(thing["box"])) for scene in drawn for thing in scenes.things(scene)]
    assert not [size for size in sizes if 0.221 < size < 0.229 or 0.291 < size < 0.299]
    assert min(sizes) > 0.15 and max(sizes) < 0.41


def test_every_thing_colour_ground_and_time_is_seen_about_equally_often(drawn):
    things = [thing for scene in drawn for thing in scenes.things(scene)]
    for counts, names in (
        (Counter(thing["thing"] for thing in things), THINGS),
        (Counter(thing["colour"] for thing in things), COLOURS),
        (Counter(scene.ground for scene in drawn), GROUNDS),
        (Counter(scene.time for scene in drawn), TIMES),
    ):
        assert set(counts) == set(names)
        assert max(counts.values()) < 3 * min(counts.values())


def test_things_leave_room_for_pointing_to_mean_something(drawn):
    """A thing touches few of the 7 x 7 cells of the encoder's grid: chance stays low."""
    cells = [_cells(thing["box"], 7) for scene in drawn for thing in scenes.things(scene)]
    assert np.mean(cells) < 9


def test_picture_shows_the_things():
    scene = scenes.scene("train", 0)
    picture = scenes.picture(scene, 64)
    assert picture.size == (64, 64) and picture.mode == "RGB"
    empty = scenes.picture(scenes.Scene(scene.ground, scene.time, (), scene.texture_seed), 64)
    changed = np.any(np.asarray(picture) != np.asarray(empty), axis=2)
    for thing in scenes.things(scene):
        x0, y0, x1, y1 = (round(64 * edge) for edge in thing["box"])
        assert changed[y0:y1, x0:x1].mean() > 0.3


def test_every_thing_has_words():
    assert set(words.NOUNS) == set(words.VERBS) == set(THINGS)
    assert set(LEXICON["nouns"].values()) == set(THINGS)
    assert LEXICON["colours"] == list(COLOURS)
    for pairs in words.NOUNS.values():
        assert all(len(tokenise(noun)) == 1 for pair in pairs for noun in pair)
    assert {verb for verbs in words.VERBS.values() for verb in verbs} == set(words.FORMS)
    assert set(words.SCENES) == set(GROUNDS) and set(words.TIMES) == set(TIMES)


def test_five_different_captions_of_readable_length(drawn):
    lengths = []
    for scene in drawn:
        captions = scenes.captions(scene)
        assert len(captions) == len(set(captions)) == 5
        lengths += [len(tokenise(caption)) for caption in captions]
    assert min(lengths) >= 4 and max(lengths) <= 20
    assert 10 <= np.mean(lengths) <= 12.5
    assert scenes.captions(drawn[0], seed=1) != scenes.captions(drawn[0])


def test_every_caption_names_exactly_what_is_there(told):
    for scene, caption in told:
        there = Counter((item.thing, item.colour) for item in scene.placed)
        said = {
            (LEXICON["nouns"][noun], colour): {"two": 2, "three": 3}.get(count, 1)
            for count, _, colour, noun in NAMED.findall(caption)
        }
        assert said == there, caption
        assert len(NAMED.findall(caption)) == len(there), caption


def test_nouns_and_colours_occur_only_as_colour_before_noun(told):
    for _, caption in told:
        rest = tokenise(NAMED.sub("", caption))
        assert not set(rest) & (set(LEXICON["nouns"]) | set(COLOURS)), caption


def test_every_relation_said_is_true(told):
    seen = Counter()
    for scene, caption in told:
        for relation, subject, objects in _relations(caption, scene):
            assert _true(relation, subject, objects), (caption, scene)
            seen[relation] += 1
    wanted = {
        "left",
        "right",
        "above",
        "below",
        "under",
        "next to",
        "behind",
        "in front",
        "between",
    }
    assert wanted | {"row"} <= set(seen)
    assert min(seen.values()) > 20


def test_no_relation_is_said_that_the_checker_does_not_read(told):
    loose = re.compile(
        r"\b(left|right|above|below|beneath|beside|behind|front|between|near|next)\b"
    )
    for scene, caption in told:
        if loose.search(caption):
            assert _relations(caption, scene), caption


def test_the_checker_would_notice_a_lie(told):
    swap = {"left": "right", "right": "left", "above": "below", "below": "above"}
    lies = 0
    for scene, caption in told[:2000]:
        lie = re.sub(r"\b(left|right) of|\b(above|below)\b", lambda m: _swapped(m, swap), caption)
        if lie != caption and "left to right" not in caption:
            lies += 1
            assert not all(_true(*claim) for claim in _relations(lie, scene)), lie
    assert lies > 100


def test_ground_time_and_size_words_are_true(told):
    for scene, caption in told:
        said = set(tokenise(caption))
        for name, known in (*GROUND_WORDS.items(), *TIME_WORDS.items()):
            assert not said & known or name in (scene.ground, scene.time), caption
        for _, size, colour, noun in NAMED.findall(caption):
            areas = [_area(t["box"]) for t in _those(scene, colour, noun)]
            if size in ("small", "little", "tiny"):
                assert math.sqrt(max(areas)) < 0.23, caption
            elif size:
                assert math.sqrt(min(areas)) > 0.29, caption


def test_places_hold_for_the_things_they_are_said_of(told):
    """Where things of the sky and of the ground are named in one breath, no place is said of both."""
    for scene, caption in told:
        zones = {THINGS[item.thing].zone == "sky" for item in scene.placed}
        if "in the sky" in caption or " over the " in caption:
            assert True in zones, caption
        if re.search(
            r"\b[io]n the (grass|meadow|field|water|sea|waves|snow|street|sand)\b", caption
        ):
            assert False in zones, caption
        if re.search(
            r"@\d and @\d (in|on|over) (?!the dark|the moon|the day)", _marked(caption)[0]
        ):
            assert len(zones) == 1, caption


def test_grammar_agrees(told):
    singular, plural = ({forms[n] for forms in words.FORMS.values()} for n in (0, 1))
    for _, caption in told:
        for article, following in re.findall(r"\b(an?) (\w+)", caption):
            assert (article == "an") == (following[0] in "aeiou"), caption
        marked, named = _marked(caption)
        for verb, index in re.findall(r"\b(?:there|here|left|right) (is|are) @(\d)", marked):
            assert (verb == "are") == (named[int(index)][0] in ("two", "three")), caption
        ahead = re.findall(r"(?<!and )@(\d) (is parked|are parked|\w+) (?!@)", marked)
        inverted = re.findall(r"(\w+) @(\d)", marked)  # in the sky flies a bird
        for index, verb in [*ahead, *((index, verb) for verb, index in inverted)]:
            if verb in singular ^ plural:
                many = named[int(index)][0] in ("two", "three")
                assert verb in (plural if many else singular), caption
        for count, _, _, noun in named:
            many = count in ("two", "three")
            assert noun in {pair[many] for pairs in words.NOUNS.values() for pair in pairs}, caption


def test_vocabulary_is_small_and_shapes_are_many(told):
    vocabulary = {word for _, caption in told for word in tokenise(caption)}
    assert 150 <= len(vocabulary) <= 300
    shapes = {_shape(caption) for _, caption in told}
    assert len(shapes) > 40
    assert all(len(templates) >= 12 for templates in TEMPLATES.values())


def test_source_is_whole():
    source = scenes.scenes_source(train=6, val=2, test=1, seed=3, size=48)
    assert [record.split for record in source.records] == ["train"] * 6 + ["val"] * 2 + ["test"]
    assert len({record.file for record in source.records}) == 9
    assert source.lexicon == LEXICON and source.settings["seed"] == 3
    last = scenes.scene("test", 0, seed=3)
    assert source.records[8].captions == scenes.captions(last)
    assert source.records[8].things == scenes.things(last)
    assert source.load(8).tobytes() == scenes.picture(last, 48).tobytes()


def test_dice_are_fair_and_repeatable():
    dice = Dice("test")
    picks = Counter(dice.weighted({"often": 3.0, "seldom": 1.0}) for _ in range(4000))
    assert picks["often"] / 4000 == pytest.approx(0.75, abs=0.03)
    assert sorted(dice.shuffled("abcdef")) == list("abcdef")
    assert Dice("one").shuffled("abcdef") == Dice("one").shuffled("abcdef")
    assert 0.79 < Dice("first").between(0.79, 0.8) < 0.8


def _swapped(match: re.Match, swap: dict[str, str]) -> str:
    return re.sub(r"left|right|above|below", lambda word: swap[word.group()], match.group())


def _marked(caption: str) -> tuple[str, list[tuple]]:
    """The caption with @0, @1, ... for its noun phrases, and these."""
    named = NAMED.findall(caption)
    numbers = iter(range(len(named)))
    return NAMED.sub(lambda _: f"@{next(numbers)}", caption), named


def _shape(caption: str) -> str:
    """The caption with its noun phrases, verbs and places taken out."""
    verbs = {form for forms in words.FORMS.values() for form in forms}
    text = re.sub(r"\b[io](n|ver) (the )?\w+( ground)?", "PLACE", _marked(caption)[0])
    return " ".join("VERB" if word in verbs else word for word in text.split())


def _those(scene: scenes.Scene, colour: str, noun: str) -> list[dict]:
    thing = LEXICON["nouns"][noun]
    return [t for t in scenes.things(scene) if (t["thing"], t["colour"]) == (thing, colour)]


def _relations(caption: str, scene: scenes.Scene) -> list[tuple[str, list, list[list]]]:
    """What the caption claims: (relation, boxes of its subject, boxes of each of its objects)."""
    text, named = _marked(caption)
    boxes = [[t["box"] for t in _those(scene, colour, noun)] for _, _, colour, noun in named]
    if "from left to right" in text:
        return [("row", boxes[0], boxes[1:])]
    if "on the left" in text:
        return [("left", boxes[0], boxes[1:])]
    if match := re.search(r"between @(\d) and @(\d)", text):
        ends = [int(index) for index in match.groups()]
        (middle,) = {0, 1, 2} - set(ends)
        return [("between", boxes[middle], [boxes[end] for end in ends])]
    if "side by side" in text or "next to each other" in text:
        return [("next to", boxes[0], boxes[1:])]
    if match := re.match(rf"{RELATION} @", text):  # behind a house and a tree sits a cat
        return [(_name(match[1]), boxes[-1], boxes[:-1])]
    if match := re.search(rf"@0 and @1 are {RELATION} @2", text):
        return [(_name(match[1]), box, [boxes[2]]) for box in boxes[:2]]
    claims = []
    if match := re.search(rf"with @(\d) {RELATION} (?:it|them)", text):
        claims.append((_name(match[2]), boxes[int(match[1])], boxes[: int(match[1])]))
    for said, index in re.findall(rf"{RELATION} @(\d)", text):
        claims.append((_name(said), boxes[0], [boxes[int(index)]]))
    return claims


def _name(said: str) -> str:
    said = said.removeprefix("to the ").removesuffix(" of")
    return {"beneath": "under", "beside": "next to", "near": "next to"}.get(said, said)


def _true(relation: str, subject: list, objects: list[list]) -> bool:
    """By rules that know nothing of the kit's: box edges and centres only."""
    if relation == "between":
        (middle,), (one,), (other,) = subject, *objects
        one, other = sorted((one, other))
        in_order = one[2] <= middle[0] and middle[2] <= other[0]
        return in_order and abs(_y(middle) - (_y(one) + _y(other)) / 2) < 0.3
    if relation == "row":
        row = [boxes[0] for boxes in (subject, *objects)]
        return all(a[2] <= b[0] for a, b in pairwise(row))
    return all(_holds(relation, a, b) for a in subject for boxes in objects for b in boxes)


def _holds(relation: str, a: list, b: list) -> bool:
    across, down = _x(b) - _x(a), _y(b) - _y(a)
    if relation in ("left", "right"):
        across = across if relation == "left" else -across
        return across > 0.1 and across >= abs(down) - 1e-4 and _intersection(a, b) == 0
    if relation in ("above", "below", "under"):
        down = down if relation == "above" else -down
        return down > 0.1 and down >= abs(across) - 1e-4 and _intersection(a, b) == 0
    if relation == "next to":
        gap = max(a[0], b[0]) - min(a[2], b[2])
        return 0 <= gap < 0.2 and abs(down) < 0.2
    far, near = (a, b) if relation == "behind" else (b, a)
    return _intersection(far, near) > 0.15 * _area(far) and far[3] < near[3]


def _x(box: list) -> float:
    return (box[0] + box[2]) / 2


def _y(box: list) -> float:
    return (box[1] + box[3]) / 2


def _area(box: list) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _intersection(a: list, b: list) -> float:
    across, down = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
    return max(across, 0) * max(down, 0)


def _cells(box: list, grid: int) -> int:
    across, down = (math.ceil(grid * box[i + 2]) - math.floor(grid * box[i]) for i in (0, 1))
    return across * down


def test_things_are_named_from_left_to_right_except_the_one_between():
    """Told from the text and the boxes alone: the order of the nouns against the leftmost centres."""
    nouns, between = lexicon()["nouns"], 0
    for index in range(300):
        drawn = scenes.scene("train", index, seed=8)
        leftmost = {}
        for thing in scenes.things(drawn):
            name = (thing["colour"], thing["thing"])
            centre = (thing["box"][0] + thing["box"][2]) / 2
            leftmost[name] = min(centre, leftmost.get(name, 1))
        for caption in scenes.captions(drawn):
            said = tokenise(caption)
            named = [(said[t - 1], nouns[word]) for t, word in enumerate(said) if word in nouns]
            if "between" in said:
                between += 1
                named.remove(sorted(leftmost, key=leftmost.get)[1])
            places = [leftmost[name] for name in dict.fromkeys(named)]
            assert all(a <= b + 1e-3 for a, b in zip(places, places[1:])), caption
    assert between > 20
