"""What verdicts claim holds, of a few of all; every mistake, and more: python -m checks.kit.truth"""

from dataclasses import replace

import pytest

from checks.cases import EXERCISES
from checks.kit.claims import CLAIMS, Seen, claims_in, holds_elsewhere, names_told
from checks.kit.truth import alone, examined, judged
from checks.mistakes import CATALOGUE


@pytest.mark.parametrize("exercise", EXERCISES)
def test_nothing_untrue_is_said(exercise):
    singles = max(1, len(alone(exercise, 1)) // 5)
    count, untrue = examined(exercise, whole=False, singles=singles, some=3)
    assert untrue == []
    assert count.total() >= 5


def seen_of(exercise: str, *names: str, message: str = "") -> Seen:
    """What is seen of planted mistakes; with another message."""
    found = judged(EXERCISES[exercise], [CATALOGUE[name] for name in names])
    return replace(found, result=replace(found.result, message=message or found.result.message))


PROVED = [  # exercise, mistake: what is so, and what is not
    (
        "rnn_forward",
        "rnn-last-step-left-zero",
        "`h[:, t]` is all zeros at t = 3, of 0 to 3: does the loop come there?",
        "`h[:, t]` is all zeros at t = 2, 3, of 0 to 3: does the loop come there?",
    ),
    (
        "rnn_forward",
        "rnn-last-step-left-zero",
        "`h` is right at t = 0 to 2: look at what one step hands to the next",
        "`h` is right at t = 0 only: look at what one step hands to the next",
    ),
    (
        "rnn_forward",
        "rnn-states-in-reverse-order",
        "`h` is reversed in time.",
        "`h` comes one time step late.",
    ),
    (
        "rnn_forward",
        "rnn-states-in-reverse-order",
        "In `h`, step 0 holds what belongs in step 3, step 1 holds what belongs in step 2, step 2 holds"
        " what belongs in step 1, step 3 holds what belongs in step 0.",
        "In `h`, step 0 holds what belongs in step 3, step 3 holds what belongs in step 0.",
    ),
    (
        "rnn_step_backward",
        "rnn-dx-with-Wh",
        "That does not explain `dx`.",
        "That does not explain `dWx`.",
    ),
    (
        "rnn_forward",
        "rnn-states-reshaped-to-batch-first",
        "All numbers of `h` are right but in the wrong places",
        "`h` is the same in every row",
    ),
    (
        "rnn_step_forward",
        "rnn-step-without-bias",
        "`next_h` is wrong: 21 of 21 numbers differ",
        "`next_h` is right for the first row of the batch only",
    ),
    (
        "rnn_step_forward",
        "rnn-step-state-detached",
        "the values are right, but no gradient reaches `prev_h`",
        "the values are right, but no gradient reaches `x`",
    ),
    (
        "rnn_step_forward",
        "rnn-step-overwrites-prev_h",
        "it changes its input `prev_h` in place",
        "it changes its input `x` in place",
    ),
    (
        "rnn_step_backward",
        "rnn-tanh-derivative-negative",
        "`dx` has the wrong sign, everything else about it is right.",
        "`dx` is zero throughout.",
    ),
    (
        "rnn_step_backward",
        "rnn-step-gradients-divided-by-N",
        "`db` is right but for a constant factor: it is 0.3333 = 1/N times too large.",
        "`db` is right but for a constant factor: it is 0.3333 = 1/T times too large.",
    ),
    (
        "rnn_step_backward",
        "rnn-dx-with-Wh",
        "`dx` has the shape (3, 7), that is (N, H); it should have (3, 5), that is (N, D)",
        "`dx` has the shape (3, 5), that is (N, D); it should have (3, 7), that is (N, H)",
    ),
    (
        "rnn_step_backward",
        "rnn-dprev_h-plus-upstream",
        "`dprev_h` is one term too many: `dnext_h`.",
        "`dprev_h` is one term too few: `dnext_h`.",
    ),
    (
        "rnn_step_backward",
        "rnn-dWh-transposed",
        "`dWh` comes out transposed.",
        "`dWx` comes out transposed.",
    ),
    (
        "rnn_step_backward",
        "rnn-dWh-from-next_h",
        "`dx`, `dprev_h`, `dWx` and `db` are right, `dWh` wrong.",
        "`dx`, `dprev_h`, `dWh` and `db` are right, `dWx` wrong.",
    ),
    (
        "lstm_step_forward",
        "lstm-old-cell-returned",
        "What is returned as `next_c` is `prev_c`.",
        "What is returned as `next_c` is `prev_h`.",
    ),
    (
        "lstm_step_backward",
        "lstm-gate-gradients-fiog",
        "`db` has its gate blocks in the order f, i, o, g instead of i, f, o, g.",
        "`db` has its gate blocks in the order i, f, g, o instead of i, f, o, g.",
    ),
    (
        "lstm_step_backward",
        "lstm-da_f-without-derivative",
        "Of the four gate blocks only f went wrong, in `dWx`, `dWh` and `db`.",
        "Of the four gate blocks only i and f went wrong, in `dWx`, `dWh` and `db`.",
    ),
    (
        "lstm_step_forward",
        "lstm-state-from-old-cell",
        "`next_c` is right, `next_h` wrong.",
        "`next_h` is right, `next_c` wrong.",
    ),
]


@pytest.mark.parametrize(("exercise", "name", "true", "false"), PROVED)
def test_a_claim_is_told_from_its_contrary(exercise, name, true, false):
    found = list(claims_in(seen_of(exercise, name, message=false)))
    assert found and not any(holds for _, holds, _ in found)
    if "numbers differ" not in true:
        found = list(claims_in(seen_of(exercise, name, message=true)))
        assert found and all(holds for _, holds, _ in found)


def test_every_number_of_the_first_wrong_place_counts():
    seen = seen_of("rnn_step_forward", "rnn-step-without-bias")
    assert [kind for kind, holds, _ in claims_in(seen) if holds] == ["numbers"]
    told = seen.result.message
    for before, after in (("21 of", "20 of"), ("of 21", "of 22"), ("[0, 0]", "[0, 1]")):
        other = replace(seen, result=replace(seen.result, message=told.replace(before, after)))
        assert [holds for _, holds, _ in claims_in(other)] == [False]


def test_where_it_shows_is_true_of_nothing_that_shows_in_the_plain_case():
    seen = seen_of("rnn_step_forward", "rnn-step-state-squeezed")
    assert [kind for kind, holds, _ in claims_in(seen) if holds] == ["shape", "where it shows"]
    message = "`next_h` is wrong; it shows with a batch of one (N = 1)"
    seen = seen_of("rnn_step_forward", "rnn-step-without-bias", message=message)
    assert [holds for _, holds, _ in claims_in(seen)] == [False]


def test_a_name_must_give_the_same_numbers():
    seen = seen_of("rnn_step_forward", "rnn-step-without-bias")
    assert [holds for _, holds, _ in names_told(seen)] == [True]
    other = CATALOGUE["rnn-step-bias-twice"]
    wrong = replace(seen.result, message=other.sentence, mistakes=[[other.name]])
    assert [holds for _, holds, _ in names_told(replace(seen, result=wrong))] == [False]


def test_a_change_of_the_formula_must_hold_for_other_sizes():
    from checks.judging.formula.seen import explained

    found = {}
    for name in ("rnn-step-without-bias", "rnn-step-bias-twice"):
        seen = seen_of("rnn_step_forward", name)
        given, right = list(seen.answers.values()), list(seen.right.values())
        found[name] = seen, explained(seen.exercise, given, right)[0]
    (one, of_one), (other, of_other) = found.values()
    assert holds_elsewhere(one, of_one) and holds_elsewhere(other, of_other)
    assert not holds_elsewhere(one, of_other) and not holds_elsewhere(other, of_one)


def test_every_kind_of_claim_has_a_pattern_of_its_own():
    patterns = [pattern for _, pattern, _ in CLAIMS]
    assert len(set(patterns)) == len(patterns) > 30
