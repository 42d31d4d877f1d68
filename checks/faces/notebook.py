"""Checks in a notebook: check(rnn_step_forward) shows a card, hint("rnn_step_forward") a hint."""

from collections.abc import Callable

from checks.engine import Report
from checks.faces.asked import exercises_named
from checks.faces.board import hint_lines, text_of
from checks.faces.card import card, framed, hint_card, inline
from checks.faces.theirs import hand_ins_of, name_of
from checks.judging.verdicts import judged
from checks.running.sources import Here
from checks.running.watchdog import LIMITS
from coursework.errors import InputError


class Shown:
    """Something said, as text and as HTML; `report` is where it comes from, if from a check."""

    def __init__(self, text: str, html: str, report: Report | None = None):
        self.text, self.html, self.report = text, html, report

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def check(*what: Callable | str) -> Shown:
    """Check functions, and show for each what is right or wrong with it.

        check(rnn_step_forward)          a function of this notebook, or one that was imported
        check(CaptioningRNN.sample)      with all three cells
        check("rnn_forward", "words")    by name, also of a part: those of coursework/captioning.py
        check()                          all of coursework/captioning.py

    What a function of the notebook leans on and the notebook lacks, is taken from coursework/captioning.py.
    """
    try:
        exercises_named(name_of(each) for each in what)
        report = Report("notebook")
        for hand_in, group, notes in hand_ins_of(what):
            found = judged(Here(hand_in, LIMITS), "notebook", group)
            report.results += found.results
            report.layout_notes += [*found.layout_notes, *notes]
    except InputError as error:
        return refusal(error)
    notes = "".join(f"<div>{inline(note)}</div>" for note in report.layout_notes)
    texts = [text_of(result) for result in report.results]
    cards = [card(result) for result in report.results]
    return Shown("\n".join([*texts, *report.layout_notes]), "".join(cards) + notes, report)


def hint(what: Callable | str, level: int = 1) -> Shown:
    """A hint on a function: level 1 says where to look, 2 adds the idea, 3 the formula."""
    try:
        names = exercises_named([name_of(what)])
    except InputError as error:
        return refusal(error)
    lines = [line for name in names for line in hint_lines(name, level)]
    return Shown("\n".join(lines), "".join(hint_card(name, level) for name in names))


def refusal(error: InputError) -> Shown:
    return Shown(str(error), framed("#d9534f", [f"<div>{inline(str(error))}</div>"]))
