"""Thirty wrong functions, written by people who had seen neither the reference nor the catalogue.

Each file of tired/ holds one, as it would stand in an otherwise right module (solved.py).
"""

import re
from pathlib import Path

import pytest

from checks.cases import EXERCISES
from checks.hand_ins.hand_in import HandIn
from checks.judging.judge import FLOAT32, judge
from checks.running.runner import run

FOLDER = Path(__file__).with_name("tired")
HAND_INS = sorted(path.stem[-2:] for path in FOLDER.glob("hand_in_*.py"))
NAMES = {
    "01": ["rnn-step-Wh-transposed"],
    "02": ["rnn-tanh-derivative-tanh-again"],
    "03": ["rnn-step-backward-changes-dnext_h"],
    "04": ["rnn-state-is-a-view-of-the-output"],
    "05": ["rnn-bptt-dx-in-reverse-order"],
    "07": ["embedding-no-gradient-for-null"],
    "08": ["embedding-one-hot-as-wide-as-the-largest-word"],
    "09": ["loss-ignore-index-0-taken-for-none"],
    "10": ["loss-unstable"],
    "11": ["lstm-gates-interleaved"],
    "12": ["lstm-da_o-from-dc"],
    "13": ["lstm-dprev_c-from-dnext_c", "lstm-gate-gradients-ifgo"],
    "15": ["lstm-backward-states-exchanged"],
    "16": ["attention-weights-width-first"],
    "17": ["attention-backward-softmax-sum-over-everything"],
    "18": ["attention-backward-scale-missing-in-dprev_h", "attention-backward-softmax-diagonal"],
    "19": ["attention-step-Wh-and-Wattn-exchanged"],
    "20": ["lstm-one-minus-g-squared-as-a-whole"],
    "21": ["attention-lstm-looks-once"],
    "22": ["attention-lstm-c0-zero", "attention-lstm-weights-one-step-ahead"],
    "23": ["attention-lstm-backward-question-at-the-start-alone"],
    "24": [
        "attention-lstm-backward-start-not-divided",
        "attention-lstm-backward-dA-of-one-look",
    ],
    "25": ["forward-ignores-NULL-always"],
    "26": ["image-sum-pooled", "forward-image-through-tanh"],
    "27": ["A-output-reshaped-not-permuted"],
    "28": ["sample-START-in-column-0"],
    "29": ["sample-c-not-carried"],
    "30": ["sample-END-forgotten-a-step-later"],
}


def assembled(number):
    """The exercise that a hand-in is about, and the hand-in."""
    wrong = (FOLDER / f"hand_in_{number}.py").read_text(encoding="utf-8") if number else ""
    source = (FOLDER / "solved.py").read_text(encoding="utf-8") + "\n" + wrong
    for method in ("forward", "sample"):
        if f"def CaptioningRNN_{method}(" in wrong:
            source += f"\nCaptioningRNN.{method} = CaptioningRNN_{method}\n"
    namespace = {"__name__": "hand_in"}
    exec(compile(source, f"<hand-in {number}>", "exec"), namespace)
    exercise = re.search(r"# exercise: (\S+)", wrong)
    return exercise and exercise[1], HandIn(namespace)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_module_around_them_is_right(exercise):
    _, hand_in = assembled("")
    assert judge(EXERCISES[exercise], run(hand_in, exercise), set()).status == "passed"


@pytest.mark.parametrize("number", HAND_INS)
def test_they_are_caught_and_named(number):
    exercise, hand_in = assembled(number)
    result = judge(EXERCISES[exercise], run(hand_in, exercise), set(EXERCISES))
    if number == "14":  # a float32 buffer: right to single precision, and told so
        assert (result.status, result.notes) == ("passed", [FLOAT32])
    elif number == "06":  # an unknown exception, put in words
        assert result.status == "failed" and "before it has a value" in result.message
    else:
        assert result.status == "failed"
        assert sorted(NAMES[number]) in [sorted(names) for names in result.mistakes]
