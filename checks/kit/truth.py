"""What a verdict claims is computed again from the answers, by other code, and found true.

    python -m checks.kit.truth [--all] [NAME ...]

Of every exercise (or those named) all mistakes of the catalogue are planted, and a sample of pairs and of
mutants (--all: every one). In what is said of each, claims are recognised by their words: which outputs
are right, at which step, by what factor, of which shape. A mistake that is named must give, when planted
again, the same numbers; a change of the formula the same numbers in a case that nobody has asked before.
"""

import argparse
import random
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

import torch

from checks import answers
from checks.cases import EXERCISES, Exercise
from checks.faces.asked import exercises_named
from checks.judging.judge import judge
from checks.kit.claims import Seen, claims_in, names_told, of_the_formula
from checks.kit.mutants import Mutant, mutants
from checks.mistakes.catalogue import HELPERS, Mistake, segment
from checks.record import SOURCE, compatible_pairs, each, hand_in, own
from checks.running.runner import run
from coursework.errors import fault

PAIRS, MUTANTS = 15, 15  # of each exercise
Planted = Sequence[Mistake]


def examined(
    exercise: str, whole: bool, singles: int = 1, some: int = PAIRS
) -> tuple[Counter, list]:
    """How many claims of each kind were computed again in the verdicts on an exercise; the untrue ones.

    singles: every how manieth mistake is planted alone; some: pairs, and mutants.
    """
    torch.set_num_threads(1)
    count, untrue = Counter(), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numbers that are called, of .T with three axes
        for planted in [*alone(exercise, singles), *sampled(exercise, None if whole else some)]:
            names = " + ".join(mistake.name for mistake in planted)
            try:
                seen = judged(EXERCISES[exercise], planted)
            except Exception as error:
                untrue.append(f"{exercise}, {names}: no verdict: {fault(error)}")
                continue
            for kind, holds, said in verdict_on(seen) if seen else ():
                count[kind] += 1
                if not holds:
                    untrue.append(f"{exercise}, {names}: {kind}: {said}")
    return count, untrue


def alone(exercise: str, step: int) -> list[Planted]:
    names = set(answers.recorded(exercise).names)
    return [[mistake] for mistake in own(exercise) if mistake.name in names][::step]


def sampled(exercise: str, count: int | None) -> Iterator[Planted]:
    """Pairs of mistakes, and mutants: so many of each, always the same ones; None: all."""
    for every in (compatible_pairs(exercise), list(mutants_of(exercise))):
        if count is not None and count < len(every):
            every = random.Random(exercise).sample(every, count)
        yield from every


def mutants_of(exercise: str) -> Iterator[Planted]:
    for where in [w for w, homes in HELPERS.items() if exercise in homes] or [exercise]:
        for mutant in mutants(where):
            yield [as_mistake(mutant)]


def as_mistake(mutant: Mutant) -> Mistake:
    start, end = segment(SOURCE, mutant.where)
    return Mistake(mutant.change, mutant.where, SOURCE[start:end], mutant.source, "", "")


def judged(exercise: Exercise, planted: Planted) -> Seen | None:
    """What was seen and said of the reference with mistakes planted; None where nothing was wrong."""
    try:
        made = hand_in(planted)
    except Exception:  # a decorator, or a default, that does not run
        return None
    given = run(made, exercise.name)
    result = judge(exercise, given, set(EXERCISES))
    if result.status != "failed":
        return None
    right = {answer.case: answer for answer in answers.recorded(exercise.name).right}
    return Seen(exercise, made, {answer.case: answer for answer in given}, right, result)


def verdict_on(seen: Seen) -> Iterator[tuple[str, bool, str]]:
    """Every claim of a verdict: its kind, whether it holds, and its words."""
    yield from claims_in(seen)
    yield from names_told(seen)
    yield from of_the_formula(seen)


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m checks.kit.truth", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--all", action="store_true", help="all pairs and all mutants: long")
    parser.add_argument("names", nargs="*", metavar="NAME", help="exercises; left away: all")
    args = parser.parse_args()
    names = exercises_named(args.names) if args.names else list(EXERCISES)
    count, untrue = Counter(), []
    for _, (some, found) in each(partial(examined, whole=args.all), names):
        count, untrue = count + some, untrue + found
    print(*untrue, sep="\n")
    print(", ".join(f"{kind} {number}" for kind, number in count.most_common()))
    print(f"{count.total()} claims computed again, {len(untrue)} untrue")
    return 1 if untrue else 0


if __name__ == "__main__":
    sys.exit(main())
