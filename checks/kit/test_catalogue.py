"""The catalogue: every mistake applies once, is caught, and is named as itself. All pairs: record --check."""

import json
import re
import textwrap

import pytest

from checks import record
from checks.answers import FILE, recorded, texts
from checks.cases import EXERCISES
from checks.judging.judge import judge
from checks.mistakes import CATALOGUE, PARTS, UNDO, Mistake, patched, patched_functions
from checks.mistakes.catalogue import segment
from checks.running.runner import run

WHERE = sorted({mistake.where for mistake in CATALOGUE.values()})


def test_there_are_mistakes_of_every_function():
    asked = {exercise for mistake in CATALOGUE.values() for exercise in mistake.exercises}
    assert asked == set(EXERCISES)
    assert len(CATALOGUE) >= 150


def test_no_name_is_used_twice_in_any_part():
    names = [mistake.name for part in PARTS for mistake in part.MISTAKES]
    assert len(names) == len(set(names)) == len(CATALOGUE)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+)+", name) for name in names)


@pytest.mark.parametrize("where", WHERE)
def test_every_patch_applies_once_and_compiles(where):
    start, end = segment(record.SOURCE, where)
    for mistake in CATALOGUE.values():
        if mistake.where == where:
            assert record.SOURCE[start:end].count(mistake.old) == 1, mistake.name
            text = patched_functions(record.SOURCE, [mistake])[where]
            assert text != record.SOURCE[start:end]
            compile(textwrap.dedent(text), mistake.name, "exec")


def test_a_patched_module_is_the_reference_but_for_the_patch():
    mistake = CATALOGUE["rnn-step-without-bias"]
    changed = patched(record.SOURCE, [mistake])
    assert changed.replace(mistake.new, mistake.old, 1) == record.SOURCE != changed


@pytest.mark.parametrize("pair", sorted(map(sorted, UNDO)), ids="+".join)
def test_slips_that_undo_each_other_are_right_together_and_wrong_alone(pair):
    planted = sorted((CATALOGUE[name] for name in pair), key=list(CATALOGUE.values()).index)
    for exercise in set(planted[0].exercises) & set(planted[1].exercises):
        assert record.fault(exercise, planted) == []
        assert set(pair) <= set(recorded(exercise).names)


def test_a_patch_that_does_not_apply_once_is_refused():
    mistake = Mistake("twice", "rnn_step_backward", "da", "db", "", "")
    with pytest.raises(ValueError, match="twice applies"):
        patched(record.SOURCE, [mistake])
    with pytest.raises(LookupError, match="nowhere"):
        patched(record.SOURCE, [Mistake("x", "nowhere", "a", "b", "", "")])


def test_what_is_said_is_a_sentence_or_two_that_hold_no_code_of_the_reference():
    for mistake in CATALOGUE.values():
        for text in (mistake.sentence, mistake.hint):
            assert text[0] != " " and text.rstrip()[-1] in ".?!)`", mistake.name
            assert len(text) < 330, mistake.name
        start, end = segment(record.SOURCE, mistake.where)
        body = record.SOURCE[start:end].split('"""')[-1]
        lines = [line.strip() for line in body.splitlines() if len(line.strip()) > 20]
        assert not any(line in mistake.sentence + mistake.hint for line in lines), mistake.name


def test_what_is_recorded_is_of_this_catalogue():
    assert texts() == record.texts()
    seen = {name for exercise in EXERCISES for name in recorded(exercise).names}
    assert seen == set(CATALOGUE)


def test_what_is_recorded_is_small_and_holds_no_pickle():
    import numpy as np

    assert FILE.stat().st_size < 2_000_000
    with np.load(FILE, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files if "names" in name)
        assert "torch" not in json.loads(str(file["rnn_forward/names"]))


@pytest.mark.parametrize("exercise", EXERCISES)
def test_mistakes_are_caught_and_named(exercise):
    """Every fifth here; all of them: python -m checks.record --check"""
    names = set(recorded(exercise).names)
    own = [mistake for mistake in record.own(exercise) if mistake.name in names][::5]
    faults = [fault for mistake in own for fault in record.fault(exercise, [mistake])]
    assert len(own) >= 4 and faults == []


@pytest.mark.parametrize("exercise", EXERCISES)
def test_pairs_are_caught_and_named(exercise):
    """A few of them here, from all over the list; all of them: python -m checks.record --check"""
    known = recorded(exercise)
    chosen = known.pairs[:: max(1, len(known.pairs) // 10)]
    pairs = [[CATALOGUE[known.names[k]] for k in pair] for pair in chosen]
    faults = [fault for pair in pairs for fault in record.fault(exercise, pair)]
    assert len(pairs) >= 10 and faults == []


def test_what_torch_does_not_have_for_a_dtype_is_not_taken_for_a_stub():
    """`|` of floating-point numbers is a NotImplementedError, as a stub raises it."""
    planted = [CATALOGUE["sample-ended-is-no-mask"], CATALOGUE["sample-goes-on-after-END"]]
    for exercise in planted[0].exercises:
        result = judge(EXERCISES[exercise], run(record.hand_in(planted), exercise), set(EXERCISES))
        assert result.status == "failed" and "not implemented for" in result.message
    stub = Mistake(
        "", "rnn_step_forward", "next_h = torch", "raise NotImplementedError\n    a = torch", "", ""
    )
    result = judge(EXERCISES[stub.where], run(record.hand_in([stub]), stub.where), set(EXERCISES))
    assert result.status == "unwritten"
