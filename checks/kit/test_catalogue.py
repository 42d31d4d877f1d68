"""The catalogue: every mistake applies once, is caught, and is named as itself. All pairs: record --check."""

import json
import re

import pytest

from checks import record
from checks.answers import FILE, recorded, texts
from checks.cases import EXERCISES
from checks.mistakes import CATALOGUE, Mistake, patched
from checks.mistakes.catalogue import segment

WHERE = sorted({mistake.where for mistake in CATALOGUE.values()})


def test_there_are_mistakes_of_every_function():
    asked = {exercise for mistake in CATALOGUE.values() for exercise in mistake.exercises}
    assert asked == set(EXERCISES)
    assert len(CATALOGUE) >= 150


def test_no_name_is_used_twice_in_any_part():
    from checks.mistakes import attention, captioner, lstm, rnn, words

    names = [m.name for part in (rnn, words, lstm, attention, captioner) for m in part.MISTAKES]
    assert len(names) == len(set(names)) == len(CATALOGUE)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+)+", name) for name in names)


@pytest.mark.parametrize("where", WHERE)
def test_every_patch_applies_once_and_compiles(where):
    start, end = segment(record.SOURCE, where)
    for mistake in CATALOGUE.values():
        if mistake.where == where:
            assert record.SOURCE[start:end].count(mistake.old) == 1, mistake.name
            source = patched(record.SOURCE, [mistake])
            assert source != record.SOURCE
            compile(source, mistake.name, "exec")


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
    wanted = {m.name: {"sentence": m.sentence, "hint": m.hint} for m in CATALOGUE.values()}
    assert texts() == wanted
    seen = {name for exercise in EXERCISES for name in recorded(exercise).names}
    assert seen == set(CATALOGUE)


def test_what_is_recorded_is_small_and_holds_no_pickle():
    import numpy as np

    assert FILE.stat().st_size < 2_000_000
    with np.load(FILE, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files if "names" in name)
        assert "torch" not in json.loads(str(file["rnn_forward/names"]))


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_mistake_is_caught_and_named(exercise):
    names = set(recorded(exercise).names)
    own = [mistake for mistake in record.own(exercise) if mistake.name in names]
    faults = [fault for mistake in own for fault in record.fault(exercise, [mistake])]
    assert len(own) >= 10 and faults == []


@pytest.mark.parametrize("exercise", EXERCISES)
def test_pairs_are_caught_and_named(exercise):
    """A few of them here, from all over the list; all of them: python -m checks.record --check"""
    known = recorded(exercise)
    chosen = known.pairs[:: max(1, len(known.pairs) // 15)]
    pairs = [[CATALOGUE[known.names[k]] for k in pair] for pair in chosen]
    faults = [fault for pair in pairs for fault in record.fault(exercise, pair)]
    assert len(pairs) >= 10 and faults == []
