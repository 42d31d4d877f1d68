"""The claims that verdicts make, by their words, and what must be so where they are made."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from checks.answer import Answer
from checks.cases import Case, Exercise
from checks.cases import captioner as captioners
from checks.cases.case import MIXED, Sizes, numbers, whole_numbers
from checks.hand_ins.hand_in import HandIn
from checks.judging.diagnosis import sentences
from checks.judging.formula import seen as formula_seen
from checks.judging.formula.explain import Finding, prepared, program_of
from checks.judging.formula.peel import with_peeled
from checks.judging.formula.program import close
from checks.judging.judge import Result
from checks.mistakes import CATALOGUE
from checks.record import hand_in
from checks.running.runner import attempt, filled_memory, run_case

ORDINARY = ("plain", "square grid", "equal sizes")
# of the largest number, at least of 1: what is right, what is let pass, what is wrong
RIGHT, SINGLE, WRONG = 1e-5, 2e-5, 3e-5
SIZES = {name: getattr(MIXED, name) for name in "N T D H V C h w".split()}
NAMES = r"`\w+`(?:(?:, | and )`\w+`)*"


@dataclass
class Seen:
    """A hand-in, its answers and the right ones by case, and the verdict."""

    exercise: Exercise
    made: HandIn
    answers: dict[str, Answer]
    right: dict[str, Answer]
    result: Result

    @cached_property
    def case(self) -> Case:
        """The case that the message is about."""
        told = re.findall(r"it shows (.*)", self.result.message)
        for case in self.exercise.cases:
            if told and case.only and told[-1].rstrip(")").startswith(case.only.rstrip(")")):
                return case
        return self.exercise.cases[0]

    def here(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """What came out as an output, and what should have, in that case."""
        return self.in_case(name, self.case.name)

    def in_case(self, name: str, case: str = "plain") -> tuple[np.ndarray, np.ndarray]:
        return self.answers[case].outputs[name], self.right[case].outputs[name]

    def is_right(self, name: str, case: str = "plain") -> bool:
        return alike(*self.in_case(name, case))

    def all_right(self, case: str) -> bool:
        answer = self.answers[case]
        return not answer.problem and all(
            name in answer.outputs and alike(*self.in_case(name, case), SINGLE)
            for name in self.right[case].outputs
        )


Check = Callable[..., bool | None]
CLAIMS: list[tuple[str, str, Check]] = []


def claim(kind: str, pattern: str) -> Callable[[Check], Check]:
    """The function below tells whether what the pattern finds in a message is so.

    It gets what was seen and the groups of the pattern; it returns None where there is nothing to compare.
    """

    def entered(check: Check) -> Check:
        CLAIMS.append((kind, pattern, check))
        return check

    return entered


def claims_in(seen: Seen) -> Iterator[tuple[str, bool, str]]:
    """The claims found in a message: kind, whether it holds, its words."""
    for kind, pattern, check in CLAIMS:
        for found in re.finditer(pattern, certain(seen.result.message)):
            try:
                holds = check(seen, *found.groups())
            except LookupError:  # that output did not come back at all
                holds = False
            if holds is not None:
                yield kind, bool(holds), found[0]


def certain(message: str) -> str:
    """A message without what it says by way of a guess."""
    return re.sub(r"Perhaps this: .*(?=\()", "", message)


# Comparing


def alike(got: np.ndarray, expected: np.ndarray, tolerance: float = RIGHT) -> bool:
    """Whether shapes agree and numbers do, wherever something is expected (not nan)."""
    if got.shape != expected.shape:
        return False
    return not differing(got, expected, tolerance).any()


def differing(got: np.ndarray, expected: np.ndarray, tolerance: float = RIGHT) -> np.ndarray:
    got, expected = got.astype(float), expected.astype(float)
    counted = ~np.isnan(expected)
    largest = max(1.0, np.abs(expected[counted]).max(initial=0.0))
    with np.errstate(invalid="ignore"):
        return counted & ~(np.abs(got - expected) <= tolerance * largest)


def names_in(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def tuple_in(text: str) -> tuple[int, ...]:
    return ast.literal_eval(text)


def as_written(number: float, text: str) -> bool:
    """Whether a number is the one written with six digits."""
    return abs(number - float(text)) <= 2e-5 * max(abs(number), 1e-3) or (
        np.isnan(number) and text == "nan"
    )


# What the judge says of the first thing that is wrong


@claim(
    "numbers",
    r"`(\w+)` is wrong: (\d+) of (\d+) numbers differ, at \[([\d, ]*)\] it is (\S+) and should be"
    r" ([^\s;)]+)",
)
def _numbers(seen, name, some, whole, place, is_, should):
    got, expected = seen.here(name)
    index = tuple(int(k) for k in place.split(","))
    few, many = (int(differing(got, expected, t).sum()) for t in (WRONG, RIGHT))
    right = as_written(got[index], is_) and as_written(expected[index], should)
    return right and few <= int(some) <= many and int(whole) == expected.size


@claim("number", r"`(\w+)` is wrong: it is (\S+), it should be ([^\s;)]+)")
def _number(seen, name, is_, should):
    got, expected = seen.here(name)
    return as_written(got.item(), is_) and as_written(expected.item(), should)


@claim("not finite", r"`(\w+)` holds nan or inf")
def _not_finite(seen, name):
    return not np.isfinite(seen.here(name)[0]).all()


@claim(
    "shape",
    r"`(\w+)` has the shape (\([\d, ]*\))(?:, that is \(([^)]*)\))?[;,] it should have (\([\d, ]*\))",
)
def _shape(seen, name, is_, letters, should):
    got, expected = seen.here(name)
    named = letters is None or shape_of(letters) == got.shape
    return named and (got.shape, expected.shape) == (tuple_in(is_), tuple_in(should))


def shape_of(letters: str, T: int = MIXED.T) -> tuple[int, ...]:
    """(N, 4H) in numbers."""
    known = SIZES | {"T": T}
    spaced = re.sub(r"(\d)([A-Z])", r"\1*\2", letters)
    return tuple(eval(each, {}, known) for each in spaced.split(",") if each.strip())


@claim("dtype", r"`(\w+)` is ((?:float|int)\d+|bool), it should be ((?:float|int)\d+)")
def _dtype(seen, name, is_, should):
    dtypes = (side[seen.case.name].dtypes[name] for side in (seen.answers, seen.right))
    return (is_, should) == tuple(dtypes)


@claim("in place", rf"changes its input ({NAMES}) in place")
def _in_place(seen, names):
    return any(set(names_in(names)) <= set(answer.changed) for answer in seen.answers.values())


@claim("no gradient", r"the values are right, but no gradient reaches `([\w.]+)`")
def _no_gradient(seen, name):
    return seen.all_right(seen.case.name) and name not in seen.answers[seen.case.name].gradients


@claim(
    "gradient", r"the values are right, but the gradient that autograd finds of `([\w.]+)` is not"
)
def _gradient(seen, name):
    got, expected = (side[seen.case.name].gradients[name] for side in (seen.answers, seen.right))
    return seen.all_right(seen.case.name) and not alike(got, expected)


@claim("where it shows", r"it shows (.*)")
def _where_it_shows(seen, _):
    """The plain case is right, and that one is not."""
    plain, there = seen.exercise.cases[0].name, seen.case.name
    later = seen.result.stage in ("gradient", "property", "dtype")
    return there != plain and seen.all_right(plain) and (later or not seen.all_right(there))


@claim("two results", r"Called twice with the same arguments, it gives two different results")
def _two_results(seen):
    with filled_memory():
        made = [
            attempt(seen.made, seen.exercise, seen.exercise.cases[0], "cpu", seed=seed)
            for seed in (0, 1, 1)
        ]
    first, *others = (answer.outputs for answer in made)
    return any(not alike(other[name], first[name], 1e-7) for other in others for name in other)


# What is told of an exception


@claim("product", r"A product \(([^)]+)\) @ \(([^)]+)\) does not fit")
def _product(seen, *letters):
    found = re.search(r"\((\d+)x(\d+) and (\d+)x(\d+)\)", seen.result.message)
    return tuple(map(int, found.groups())) == shape_of(letters[0]) + shape_of(letters[1])


@claim("numbers asked for", r"The shape asked for holds (\S+) numbers, the tensor has (\S+)\.")
def _numbers_asked_for(seen, asked, there):
    found = re.search(r"shape '\[([-\d, ]+)\]' is invalid .* size (\d+)", seen.result.message)
    wanted = np.prod([int(size) for size in found[1].split(", ") if int(size) > 0])
    return (wanted, int(found[2])) == tuple(
        int(np.prod(shape_of(t.replace("*", ",")))) for t in (asked, there)
    )


@claim("axes", r"of which one has (\S+) along an axis where the other has (\S+)\.")
def _axes(seen, *letters):
    found = re.search(r"tensor a \((\d+)\) must match .* tensor b \((\d+)\)", seen.result.message)
    return tuple(map(int, found.groups())) == shape_of(",".join(letters))


# Relations


@claim("right and wrong", rf"({NAMES}) (?:is|are) right, ({NAMES}) wrong\.")
def _right_and_wrong(seen, right, wrong):
    return all(map(seen.is_right, names_in(right))) and not any(map(seen.is_right, names_in(wrong)))


@claim("zero", rf"({NAMES}) (?:is|are) zero (?:throughout|everywhere)")
def _zero(seen, names):
    return not any(
        np.abs(seen.in_case(name)[0]).max(initial=0.0) > 1e-6 for name in names_in(names)
    )


@claim("zero", r"`(\w+)` is zeros?[,:.]")
def _zeros(seen, name):
    return _zero(seen, f"`{name}`") if name in seen.exercise.outputs else None


@claim("NULL", r"`captions` holds NULL everywhere")
def _null(seen):
    null = seen.exercise.cases[0].settings["words"].index("<NULL>")
    return (seen.in_case("captions")[0] == null).all()


@claim(
    "factor",
    r"`(\w+)` is right but for a constant factor: it is (\S+)(?: = ([^.]+?))? times too large",
)
def _factor(seen, name, number, letters):
    got, expected = seen.in_case(name)
    named = letters is None or np.isclose(value_of(letters), float(number), rtol=1e-3)
    return named and alike(got, float(number) * expected, 1e-3 * max(1.0, abs(float(number))))


def value_of(letters: str) -> float:
    """1/(N T), sqrt(H), h w in numbers."""
    known = SIZES | {"sqrt": np.sqrt, "log": np.log}
    return eval(re.sub(r"(?<=\w) (?=\w)", "*", letters), {}, known)


@claim("sign", r"`(\w+)` has the wrong sign, everything else about it is right")
def _sign(seen, name):
    got, expected = seen.in_case(name)
    return alike(-got, expected)


@claim(
    "gate order", r"`(\w+)` has its gate blocks in the order ([ifog]), ([ifog]), ([ifog]), ([ifog])"
)
def _gate_order(seen, name, *order):
    got, expected = (np.split(array, 4, axis=-1) for array in seen.in_case(name))
    return all(alike(mine, expected["ifog".index(gate)]) for mine, gate in zip(got, order))


@claim(
    "gates",
    rf"Of the four gate blocks only ([ifog](?:(?:, | and )[ifog])*) went wrong, in ({NAMES})",
)
def _gates(seen, wrong, names):
    found = []
    for name in names_in(names):
        got, expected = (np.split(array, 4, axis=-1) for array in seen.in_case(name))
        found.append([g for g, a, b in zip("ifog", got, expected) if not alike(a, b)])
    return all(each == re.split(", | and ", wrong) for each in found)


@claim(
    "moved", r"In `(\w+)`, ((?:(?:row|step) \d+ holds what belongs in (?:row|step) \d+(?:, )?)+)\."
)
def _moved(seen, name, places):
    """What is said of some, and the others in their places."""
    got, expected = (np.moveaxis(a, int("step" in places), 0) for a in seen.in_case(name))
    told = {int(n): int(m) for n, m in re.findall(r"(\d+) holds .*? (\d+)", places)}
    return all(alike(one, expected[told.get(n, n)]) for n, one in enumerate(got))


@claim("digits", r"`(\w+)` is right to about (\d) digits and no more")
def _digits(seen, name, digits):
    got, expected = seen.in_case(name)
    wrong = np.abs(got - expected).max() / np.abs(expected).max()
    return 10.0 ** -(int(digits) + 1) <= wrong <= 10.0 ** -int(digits)


@claim("not explained", rf"That does not explain ({NAMES})")
def _not_explained(seen, names):
    return not any(map(seen.is_right, names_in(names)))


@claim("something else", r"What is returned as `(\w+)` is `(\w+)`")
def _something_else(seen, name, other):
    known = {**seen.exercise.cases[0].inputs, **seen.right["plain"].outputs}
    return alike(seen.in_case(name)[0], known[other])


@claim("shifted", r"`(\w+)` comes one time step (late|early)|`(\w+)` is (reversed) in time")
def _shifted(seen, name, how, reversed_name, back):
    got, expected = seen.in_case(name or reversed_name)
    if back:
        return alike(got[:, ::-1], expected)
    late, early = (got[:, 1:], expected[:, :-1]), (got[:, :-1], expected[:, 1:])
    return alike(*(late if how == "late" else early))


@claim(
    "steps", r"`(\w+)` is right at (t = [\d, to]+|the last step|the first step)(?: the last| only)"
)
def _steps(seen, name, steps):
    got, expected = seen.in_case(name)
    right = [t for t in range(MIXED.T) if alike(got[:, t], expected[:, t])]
    if "first" in steps or "last" in steps:
        return right == ([0] if "first" in steps else [MIXED.T - 1])
    told = [int(t) for t in re.findall(r"\d+", steps)]
    if "to" in steps:
        told = list(range(told[0], (told[1:] or [MIXED.T - 1])[0] + 1))
    return right == told


@claim("steps", r"`(\w+)` is right at t = 0 to (\d+):")
def _first_steps(seen, name, last):
    return _steps(seen, name, f"t = 0 to {last}")


@claim("empty steps", r"`(\w+)\[:, t\]` is all zeros at t = ([\d, ]+), of")
def _empty_steps(seen, name, steps):
    got, expected = seen.in_case(name)
    told = [int(t) for t in steps.split(",")]
    return not any(np.abs(got[:, t]).max() > 1e-6 or alike(got[:, t], expected[:, t]) for t in told)


@claim("places", r"All numbers of `(\w+)` are right but in the wrong places")
def _places(seen, name):
    got, expected = seen.in_case(name)
    return alike(np.sort(got, axis=None), np.sort(expected, axis=None)) and not alike(got, expected)


@claim("first row", r"`(\w+)` is right for the first row of the batch only")
def _first_row(seen, name):
    got, expected = seen.in_case(name)
    return [alike(a, b) for a, b in zip(got, expected)] == [True] + [False] * (len(got) - 1)


@claim("every row", r"`(\w+)` is the same in every row(: it is averaged over the batch)?")
def _every_row(seen, name, averaged):
    got, expected = seen.in_case(name)
    same = all(alike(row, got[0]) for row in got)
    return same and (not averaged or alike(got[0], expected.mean(axis=0)))


@claim("term", r"`(\w+)` is one term too (few|many): `(\w+)`")
def _term(seen, name, how, other):
    known = {**seen.exercise.cases[0].inputs, **seen.right["plain"].outputs}
    got, expected = seen.in_case(name)
    return alike(got + (known[other] if how == "few" else -known[other]), expected)


@claim("same vector", r"`(\w+)` is off by the same vector in every row")
def _same_vector(seen, name):
    got, expected = seen.in_case(name)
    return all(alike(row, (got - expected)[0]) for row in got - expected)


@claim("looks ahead", r"`(\w+)` at a time step changes when later inputs change")
def _looks_ahead(seen, name):
    return not alike(
        seen.in_case(name)[0][:, :2], seen.in_case(name, "another ending")[0][:, :2], 1e-7
    )


@claim("transposed", r"`(\w+)` comes out transposed")
def _transposed(seen, name):
    """In numbers, or in shape where it has other numbers too."""
    found = []
    for case in ("plain", "equal sizes"):
        if not seen.answers[case].problem:
            got, expected = seen.in_case(name, case)
            found += [alike(got.T, expected), got.shape == expected.shape[::-1] != expected.shape]
    return any(found)


# What sentences of the catalogue say of the outputs


@claim(
    "values right",
    r"(?:[Tt]he|The gradient and the) (?:values?|numbers|loss|gradients?) (?:are|is) right, but [^n]",
)
def _values_right(seen):
    return seen.all_right(seen.case.name)


@claim("output right", r"`(\w+)` is right[.;,](?! `\w+` wrong)")
def _output_right(seen, name):
    return seen.is_right(name)


@claim("sizes too small", r"`(\w+)` is [^.]*so it is ([NT]) times too small")
def _too_small(seen, name, letter):
    got, expected = seen.in_case(name)
    return alike(SIZES[letter] * got, expected)


@claim("equals", r"`(\w+)` is computed with [^.]*: it equals `(\w+)`")
def _equals(seen, name, other):
    return alike(seen.in_case(name)[0], seen.in_case(other)[0])


@claim(
    "in place",
    r"(?:[Tt]he caller's `(\w+)` is (?:changed|overwritten)|`(\w+)` is changed in place)",
)
def _changed(seen, caller, other):
    return any((caller or other) in answer.changed for answer in seen.answers.values())


@claim("no gradient", r"no gradient reaches `(\w+)`(?: through|[.:,)]| at all)")
def _reaches(seen, name):
    """Where it is said that none comes through something, some may come another way."""
    expected = seen.right["plain"].gradients.get(name)
    got = seen.answers["plain"].gradients.get(name)
    return got is None or expected is None or not alike(got, expected)


@claim(
    "letters",
    r"(?<!should )comes? (?:out|back)(?: (?!is)[a-z]+)*(?:, | as )\(([\w+*, ]+)\)(?=[.,:;])",
)
def _letters(seen, letters):
    """That some output has this shape."""
    if seen.exercise.cell or seen.answers["plain"].problem:
        return None
    found = [array.shape for array in seen.answers["plain"].outputs.values()]
    steps = {
        MIXED.T - 1,
        MIXED.T,
        MIXED.T + 1,
    }  # with another mistake there may be one more, or less
    return any(shape_of(letters, T) in found for T in steps)


@claim("steps too few", r"([Tt])(-|\+)1 (?:states come out|entries)|`(\w+)` has one step too (few)")
def _too_few(seen, _, sign, name, few):
    wanted = MIXED.T + (1 if sign == "+" else -1)
    found = seen.answers["plain"].outputs
    return any(array.shape[1:2] == (wanted,) for n, array in found.items() if name in (None, n))


@claim("always float64", r"(?:is|are|comes out in) float64 whatever|float64 comes out whatever")
def _always_float64(seen):
    return "float64" in seen.answers["float32"].dtypes.values()


@claim(
    "range",
    r"(comes out between 0 and 1)|(never gets beyond 0.77)|(nothing negative survives)"
    r"|(All of them are negative)|(Every weight is 1)",
)
def _range(seen, unit, bounded, positive, negative, ones):
    outputs = seen.answers["plain"].outputs
    got = outputs["weights"] if negative or ones else list(outputs.values())[0]
    low, high = got.min(), got.max()
    if unit:
        return 0 < low and high < 1
    if bounded:
        return -0.77 < low and high < 0.77
    if ones:
        return low == high == 1
    return low >= 0 if positive else high < 0


# Names, and changes of the formula


def names_told(seen: Seen) -> Iterator[tuple[str, bool, str]]:
    """Each mistake (or pair) that the message tells, planted again, gives what the hand-in gave."""
    if "Perhaps this: " in seen.result.message:
        return
    for names in seen.result.mistakes:
        told = [CATALOGUE[name] for name in names if name in CATALOGUE]
        if told and all(mistake.sentence in seen.result.message for mistake in told):
            yield "names", gives_the_same(seen, told), " + ".join(names)


def gives_the_same(seen: Seen, told: list) -> bool:
    try:
        sources = [hand_in(told)]
    except ValueError:  # the patches exclude each other: then each output is that of one of them
        sources = [hand_in([mistake]) for mistake in told]
    for case in seen.exercise.cases:
        if case.name in ORDINARY and case.name in seen.answers:
            given = seen.answers[case.name]
            made = [run_case(source, seen.exercise, case) for source in sources]
            if given.problem or any(answer.problem for answer in made):
                if not (given.problem and any(answer.problem for answer in made)):
                    return False
                continue
            for name, array in given.outputs.items():
                if not any(
                    n == name and alike(array, a) for m in made for n, a in m.outputs.items()
                ):
                    return False
    return True


def of_the_formula(seen: Seen) -> Iterator[tuple[str, bool, str]]:
    """What is said to stand elsewhere in the formula gives what the hand-in gives for other inputs."""
    given, right = list(seen.answers.values()), list(seen.right.values())
    if seen.result.mistakes or any(answer.unsteady for answer in given):
        return
    findings, _ = formula_seen.explained(seen.exercise, given, right)
    told = sentences(findings)
    if findings and told in seen.result.message:
        holds = holds_elsewhere(seen, findings)
        if holds is not None:
            yield "formula", holds, told


def holds_elsewhere(seen: Seen, findings: list[Finding]) -> bool | None:
    """Whether the hand-in and the changed formula agree in a case that was not asked before."""
    case = another_case(seen.exercise)
    answer = run_case(seen.made, seen.exercise, case)
    if answer.problem:
        return False
    name, returned = seen.exercise.name, formula_seen.outputs(case, answer, seen.exercise.outputs)
    if findings[0].where:  # told by the gradient of the loss
        name = "temporal_softmax_loss_backward"
        returned = {"dscores": answer.gradients["scores"] / case.upstream["loss"]}
    known = formula_seen.quantities(case)
    program = program_of(name, known)
    scope = prepared(program, known)
    returned = with_peeled(program.peeled, scope, returned)
    found = {finding.target: finding for finding in findings}
    for target in [target for target in program.targets if target in returned]:
        planted = (
            [own_line(program.lines, c) for c in found[target].planted] if target in found else []
        )
        if target in found:
            value = program.value(scope, target, program.planted(planted))
            if not close(value, returned[target]):
                return False
        scope[target] = returned[target]
    return True


def own_line(lines: dict, change):
    """The change in the line it was made in: one that is told of a target alone may come from another."""
    found = re.match(r"where `(\w+)` enters, ", change.said)
    names = [n for n in lines if found and n.split()[-1] == found[1]]
    return replace(change, name=names[0]) if names else change


OTHER = Sizes(N=4, T=6, D=8, H=5, h=3, w=2, V=9, C=7)


def another_case(exercise: Exercise) -> Case:
    """A case of other sizes and other numbers than those that are asked."""
    plain = exercise.cases[0]
    if exercise.cell:
        return another_captioner(exercise)
    letters = {getattr(MIXED, name): getattr(OTHER, name) for name in SIZES} | {
        4 * MIXED.H: 4 * OTHER.H
    }
    arrays = {}
    for name, array in {**plain.inputs, **plain.upstream}.items():
        shape = [letters[size] for size in array.shape]
        whole = array.dtype.kind == "i"
        scale = 2.0 if name in ("A", "scores") else 1.0
        seed = f"another {exercise.name} {name}"
        arrays[name] = (
            whole_numbers(seed, OTHER.V, *shape) if whole else numbers(seed, *shape, scale=scale)
        )
    settings = {**plain.settings, **({"V": OTHER.V} if "V" in plain.settings else {})}
    inputs, upstream = ({n: arrays[n] for n in group} for group in (plain.inputs, plain.upstream))
    return replace(plain, name="another", inputs=inputs, upstream=upstream, settings=settings)


def another_captioner(exercise: Exercise) -> Case:
    """Other features, parameters and sizes; the words and captions of the plain case."""
    sizes, plain = replace(OTHER, N=3, V=len(captioners.WORDS)), exercise.cases[0]
    more = {"settings": plain.settings, "upstream": plain.upstream}
    inputs = {name: array for name, array in plain.inputs.items() if name != "features"}
    return captioners.case("another", exercise.cell, sizes, seed=4711, inputs=inputs, **more)
