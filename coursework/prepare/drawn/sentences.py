"""The grammar: what can truly be said of a scene, in many shapes of sentence.

A template is a sentence with blanks. A blank such as {where a} is filled by the method `where` of `Telling`
for the kind of thing that plays the part a. Where a blank cannot be filled truly, the template is passed
over: {between abc} becomes "between" only if a is between b and c.

Things are named from left to right. Attention looks before it knows the word that comes next: were the
order a matter of chance, no model could know where to look for the first colour.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from coursework.prepare.drawn import relations, words
from coursework.prepare.drawn.dice import Dice
from coursework.prepare.drawn.drawing import COLOURS, THINGS, Placed
from coursework.vocabulary import tokenise

SENTENCES = 5
LONGEST = 16  # words
SMALL, LARGE = (
    0.22,
    0.30,
)  # square root of the box's area: at most, at least; no word for what lies between
SIZE_SAID, TIME_SAID = 0.4, {"night": 0.35, "day": 0.05}  # how often, where it could be

TEMPLATES = {
    1: [
        "there {be a} {a} {doing a} {where a}",
        "there {be a} {a} {where a}",
        "{a} {does a} {where a}",
        "{a} {doing a} {where a}",
        "{a} {where a} {when}",
        "{where a} {stands a} {a}",
        "{where a} there {be a} {a}",
        "{where a} you can see {a}",
        "{when} {a} {does a} {where a}",
        "it is {day} and {a} {does a} {where a}",
        "you can see {a} {where a}",
        "the picture shows {a} {where a}",
        "a picture of {a} {doing a} {where a}",
        "{scene} with {a}",
        "{scene} with {a} {doing a} {when}",
        "nothing but {a} {where a}",
        "only {a} can be seen {where a}",
        "here {be a} {a} {doing a} {where a}",
    ],
    2: [
        "there {be a} {a} {near ab} {b}",
        "{a} {be a} {near ab} {b}",
        "{a} {does a} {near ab} {b}",
        "{a} {doing a} {near ab} {b}",
        "{near ab} {b} {stands a} {a}",
        "{where a} {a} {does a} {near ab} {b}",
        "{where a} there {be a} {a} {near ab} {b}",
        "{when} {a} {does a} {near ab} {b}",
        "it is {day} and {a} {does a} {near ab} {b}",
        "you can see {a} {near ab} {b}",
        "the picture shows {a} {near ab} {b}",
        "a picture of {a} {doing a} {near ab} {b}",
        "{a} with {b} {near ba} {it a}",
        "{left ab} {be a} {a} and on the right {be b} {b}",
        "{a} and {b} {side ab}",
        "{a} {does a} {where a} while {b} {does b} {elsewhere ba}",
        "{a} {where a} and {b} {elsewhere ba}",
        "{a} and {b} {where ab}",
        "{where ab} you can see {a} and {b}",
        "the picture shows {a} and {b}",
        "{scene} with {a} and {b}",
        "here {be a} {a} and there {be b} {b}",
    ],
    3: [
        "{between abc} {b} and {c} {stands a} {a}",
        "{between abc} {b} and {c} there {be a} {a}",
        "{between abc} {b} and {c} you can see {a}",
        "in the middle {be a} {a} {between abc} {b} and {c}",
        "in the middle {stands a} {a} {between abc} {b} and {c}",
        "{where a} {between abc} {b} and {c} {stands a} {a}",
        "{a} {be a} {near ab} {b} and {also acb} {c}",
        "{a} {does a} {near ab} {b} and {also acb} {c}",
        "there {be a} {a} {near ab} {b} and {also acb} {c}",
        "{a} {near ab} {b} with {c} {both cab} them",
        "{a} and {b} are {each abc} {c}",
        "{both abc} {b} and {c} {stands a} {a}",
        "{a} {does a} {near ab} {b} while {c} {does c} {elsewhere ca}",
        "{row abc} you can see {a}, {b} and {c}",
        "{a}, {b} and {c} {row abc}",
        "{where abc} you can see {a}, {b} and {c}",
        "{a}, {b} and {c} {where abc}",
        "the picture shows {a}, {b} and {c}",
        "{scene} with {a}, {b} and {c}",
        "{when} you can see {a}, {b} and {c}",
        "a picture of {a}, {b} and {c}",
    ],
}


def _overhead(item: Placed) -> bool:
    return THINGS[item.thing].zone == "sky"


RELATIONS = {
    "left": relations.left_of,
    "right": lambda p, q: relations.left_of(q, p),
    "above": relations.above,
    "below": lambda p, q: relations.above(q, p),
    "under": lambda p, q: relations.above(q, p) and _overhead(q) and not _overhead(p),
    "beside": relations.next_to,
    "behind": relations.behind,
    "in front": lambda p, q: relations.behind(q, p),
}
BLANK = re.compile(r"\{(\w+)(?: (\w+))?\}")


@dataclass(frozen=True)
class Kind:
    """All things of one name and colour in a scene."""

    thing: str
    colour: str
    members: tuple[Placed, ...]

    @property
    def zone(self) -> str:
        """ground, water or sky"""
        return THINGS[self.thing].zone

    @property
    def many(self) -> bool:
        """More than one?"""
        return len(self.members) > 1


def kinds(placed: Sequence[Placed]) -> list[Kind]:
    """The things in a scene, those of one name and colour taken together."""
    found: dict[tuple[str, str], list[Placed]] = {}
    for item in placed:
        found.setdefault((item.thing, item.colour), []).append(item)
    return [Kind(thing, colour, tuple(members)) for (thing, colour), members in found.items()]


def describe(ground: str, time: str, placed: Sequence[Placed], dice: Dice) -> list[str]:
    """Five different true sentences, each naming all that is in the picture.

    No two are of one template, as long as enough templates can be filled.
    """
    cast, said = kinds(placed), []
    while True:
        for template in dice.shuffled(TEMPLATES[len(cast)]):
            sentence = _fill(template, ground, time, cast, dice)
            if sentence and sentence not in said and len(tokenise(sentence)) <= LONGEST:
                said.append(sentence)
            if len(said) == SENTENCES:
                return said


def lexicon() -> dict:
    """{"nouns": every noun that names a thing -> the thing, "colours": the colour words}."""
    nouns = {noun: thing for thing, pairs in words.NOUNS.items() for pair in pairs for noun in pair}
    return {"nouns": nouns, "colours": list(COLOURS)}


def _fill(template: str, ground: str, time: str, cast: list[Kind], dice: Dice) -> str | None:
    """The sentence, with the parts given out so that it is true; None if there is no such way."""
    for order in dice.shuffled(list(permutations(cast))):
        parts = dict(zip("abc", order, strict=False))
        sentence = Telling(ground, time, parts, dice).fill(template)
        if sentence and _from_left_to_right(template, parts):
            return sentence
    return None


def _from_left_to_right(template: str, parts: dict[str, Kind]) -> bool:
    """Are the things named in the order they stand in? One that is said to be between needs no order."""
    free = "a" if "{between" in template else ""
    named = [parts[name] for name, _ in BLANK.findall(template) if name in parts and name != free]
    return named == sorted(named, key=lambda kind: min(item.x for item in kind.members))


@dataclass(frozen=True)
class Telling:
    """One attempt at a sentence: who plays which part, and a method for each blank (None: not true)."""

    ground: str
    time: str
    cast: dict[str, Kind]
    dice: Dice

    def fill(self, template: str) -> str | None:
        """The sentence; None as soon as one blank cannot be filled."""
        blanks = BLANK.findall(template)
        filled: list[str] = []
        for name, parts in blanks:
            fill, parts = ("name", name) if name in self.cast else (name, parts)
            text = getattr(self, fill)(*(self.cast[part] for part in parts))
            if text is None:
                return None
            filled.append(text)
        sentence = BLANK.sub(lambda _: filled.pop(0), template)
        time_is_said = any(name in ("when", "day") for name, _ in blanks)
        return sentence if time_is_said else sentence + self._perhaps_when()

    def name(self, a: Kind) -> str:
        """a small red car; two red cars"""
        pair = self.dice.pick(words.NOUNS[a.thing][: 1 if self.dice.chance(0.6) else None])
        sizes = [math.sqrt(relations.area(item)) for item in a.members]
        size = "small" if max(sizes) <= SMALL else "large" if min(sizes) >= LARGE else None
        said = [a.colour, pair[a.many]]
        if size and self.dice.chance(SIZE_SAID / len(self.cast)):
            said.insert(0, self.dice.pick(words.SIZES[size]))
        article = "an" if said[0][0] in "aeiou" else "a"
        return " ".join([words.COUNTS.get(len(a.members), article), *said])

    def be(self, a: Kind) -> str:
        """is, are"""
        return "are" if a.many else "is"

    def does(self, a: Kind) -> str:
        """sits, is parked; sit, are parked"""
        return self.dice.pick(self._verbs(a))[a.many]

    def stands(self, a: Kind) -> str:
        """The same where the verb comes first: a single word."""
        return self.dice.pick([forms for forms in self._verbs(a) if " " not in forms[0]])[a.many]

    def doing(self, a: Kind) -> str:
        """sitting, parked"""
        return self.dice.pick(self._verbs(a))[2]

    def _verbs(self, a: Kind) -> list[tuple[str, str, str]]:
        strange = words.STRANGE.get(self.ground, ())
        return [words.FORMS[verb] for verb in words.VERBS[a.thing] if verb not in strange]

    def it(self, a: Kind) -> str:
        """it, them"""
        return "them" if a.many else "it"

    def where(self, *of: Kind) -> str | None:
        """on the grass: only if it holds for all of them"""
        if len({a.zone for a in of}) > 1:
            return None
        if any(a.thing in words.DIVERS for a in of):
            return self.dice.pick(words.UNDER_WATER)
        return self.dice.pick(words.PLACES[self.ground, of[0].zone])

    def elsewhere(self, a: Kind, b: Kind) -> str | None:
        """over the field: only if it does not hold for b as well"""
        return None if a.zone == b.zone else self.where(a)

    def scene(self) -> str:
        """a beach"""
        return self.dice.pick(words.SCENES[self.ground])

    def when(self) -> str | None:
        """at night; by day it is not often spoken of"""
        goes_without_saying = self.time == "day" and self.dice.chance(0.6)
        return None if goes_without_saying else self.dice.pick(words.TIMES[self.time])

    def _perhaps_when(self) -> str:
        return (
            f" {self.dice.pick(words.TIMES[self.time])}"
            if self.dice.chance(TIME_SAID[self.time])
            else ""
        )

    def day(self) -> str | None:
        """day, night"""
        return None if self.time == "day" and self.dice.chance(0.6) else self.time

    def relations(self, a: Kind, b: Kind) -> list[str]:
        """All that a is to b: names of RELATIONS."""
        pairs = [(p, q) for p in a.members for q in b.members]
        true = [name for name, holds in RELATIONS.items() if all(holds(p, q) for p, q in pairs)]
        return [name for name in true if name != "beside" or self._alone(a, b)]

    def _alone(self, a: Kind, b: Kind) -> bool:
        """One and one, and nothing between them?"""
        others = [kind for kind in self.cast.values() if kind not in (a, b)]
        return not a.many and not b.many and not any(self.between(other, a, b) for other in others)

    def _words(self, names: list[str]) -> str | None:
        return self.dice.pick(words.RELATIONS[self.dice.pick(names)]) if names else None

    def near(self, a: Kind, b: Kind) -> str | None:
        """left of, in front of: what a is to b"""
        return self._words(self.relations(a, b))

    def also(self, a: Kind, b: Kind, c: Kind) -> str | None:
        """What a is to b, but not to c."""
        known = self.relations(a, c)
        return self._words([name for name in self.relations(a, b) if name not in known])

    def both(self, a: Kind, b: Kind, c: Kind) -> str | None:
        """What a is to b and to c alike."""
        return self._words([name for name in self.relations(a, b) if name in self.relations(a, c)])

    def each(self, a: Kind, b: Kind, c: Kind) -> str | None:
        """What a and b alike are to c."""
        return self._words([name for name in self.relations(a, c) if name in self.relations(b, c)])

    def left(self, a: Kind, b: Kind) -> str | None:
        """on the left: of two, a is the one to the left"""
        return "on the left" if "left" in self.relations(a, b) else None

    def side(self, a: Kind, b: Kind) -> str | None:
        """side by side"""
        if "beside" not in self.relations(a, b):
            return None
        return self.dice.pick(["side by side", "next to each other"])

    def between(self, a: Kind, b: Kind, c: Kind) -> str | None:
        """between: a stands in a row with b and c, one on either side"""
        rows = [(p, q, r) for p in a.members for q in b.members for r in c.members]
        holds = all(relations.between(p, q, r) or relations.between(p, r, q) for p, q, r in rows)
        return "between" if holds else None

    def row(self, *of: Kind) -> str | None:
        """from left to right: in the order in which they are named"""
        return "from left to right" if relations.left_to_right([a.members[0] for a in of]) else None
