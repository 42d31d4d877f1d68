"""No right function is rejected, however it is written; a mistake keeps its name in any of them."""

import pytest
import torch
from assembled import OTHERS, VARIANTS, exercises, hand_in, layout, planted_text, source, text
from planted import PLANTED, Planted

from checks.cases import EXERCISES
from checks.hand_ins.hand_in import HandIn
from checks.judging.judge import Result, judge
from checks.mistakes import CATALOGUE
from checks.running.runner import run


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def module(stem: str, whole: str) -> str:
    return whole if stem in OTHERS else source(whole)


def verdict(made: HandIn, exercise: str) -> Result:
    return judge(EXERCISES[exercise], run(made, exercise), set(EXERCISES), made.layout.name)


@pytest.mark.parametrize("stem", VARIANTS + OTHERS)
def test_what_is_right_passes(stem, tmp_path):
    made = hand_in(module(stem, text(stem)), tmp_path / f"{stem}.py")
    assert made.layout.name == layout(stem)
    wrong = [
        result for name in exercises(stem) if (result := verdict(made, name)).status != "passed"
    ]
    assert not wrong


@pytest.mark.parametrize("planted", PLANTED, ids=lambda p: f"{p.variant}-{p.name}")
def test_a_planted_mistake_keeps_its_name(planted: Planted, tmp_path):
    whole = planted_text(planted.variant, planted.old, planted.new)
    made = hand_in(module(planted.variant, whole), tmp_path / f"{planted.variant}.py")
    result = verdict(made, planted.exercise)
    assert result.status == "failed"
    assert [planted.name] in result.mistakes


def test_the_planted_mistakes_are_of_every_kind():
    assert {planted.exercise for planted in PLANTED} == set(EXERCISES)
    assert {planted.name for planted in PLANTED} <= set(CATALOGUE)
    assert sum(planted.variant in OTHERS for planted in PLANTED) >= 12
