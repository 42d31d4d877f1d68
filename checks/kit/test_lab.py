"""lab, which the notebooks' cells call, on a tiny bundle: it answers with cards. And their runner."""

import importlib
import json
import os
import re
import shutil
import signal
from dataclasses import replace

import nbformat
import pytest
from shell import Shell
from tiny import TinyEncoder

from checks.cases import EXERCISES
from checks.classroom.stubs import blank
from checks.faces import ready, theirs
from checks.kit import notebooks as runner
from checks.paths import OWN, ROOT
from coursework.bundle import Bundle
from coursework.errors import InputError
from coursework.learn import loop
from coursework.learn.recipe import Recipe
from coursework.prepare import encoder, scenes

FOLDER = ROOT / "notebooks"
REFERENCE = OWN.read_text(encoding="utf-8")


@pytest.fixture
def lab(helpers, tmp_path, monkeypatch, tiny_bundle):
    """lab, in a folder with the tiny bundle and a captioning.py of its own."""
    lab, kept, cards = helpers("lab"), helpers("kept"), helpers("cards")
    own = tmp_path / "captioning.py"
    own.write_text(REFERENCE, encoding="utf-8")
    shutil.copytree(tiny_bundle.path, tmp_path / "data" / "tiny")
    for module in (kept, cards, theirs):
        monkeypatch.setattr(module, "OWN", own)
    for module in (lab, kept, cards):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(kept, "device", lambda: "cpu")
    lab.own, lab.runs = own, tmp_path / "runs"
    return lab


def change(lab, old: str, new: str) -> None:
    """Put other code into captioning.py."""
    text = lab.own.read_text(encoding="utf-8")
    assert old in text
    lab.own.write_text(text.replace(old, new), encoding="utf-8")


def everything(lab):
    yield lab.overfit("tiny", "rnn")
    yield lab.train("tiny", "rnn")
    yield lab.score("tiny", "rnn", "lstm")
    yield lab.captions("tiny", "rnn")
    yield lab.attention("tiny", image=0)
    yield lab.attention("tiny", "photo.jpg")


def test_a_bundle_is_described(lab):
    shown = lab.bundle("tiny")
    assert "`tiny`: 40 pictures (28 train, 6 val, 6 test)" in repr(shown)
    assert "12 channels on a grid of 3 x 4" in repr(shown)
    assert shown.figure and "data:image/png;base64," in shown._repr_html_()


def test_the_scenes_are_drawn_on_first_use(lab, monkeypatch, capsys):
    monkeypatch.setattr(encoder, "Encoder", TinyEncoder)
    monkeypatch.setattr(scenes, "COUNTS", {"train": 6, "val": 2, "test": 2})
    assert "`scenes`: 10 pictures (6 train, 2 val, 2 test)" in repr(lab.bundle("scenes"))
    assert "once" in capsys.readouterr().out
    lab.bundle("scenes")
    assert capsys.readouterr().out == ""


def test_a_missing_bundle_is_a_card(lab):
    (lab.own.parent / "data" / "tiny" / "images.json").write_text("[]", encoding="utf-8")
    for name, said in (("coco", "no bundle at data"), ("tiny", "damaged bundle file data")):
        for show in (lab.bundle, lab.score, lab.attention):
            assert said in repr(show(name))
        for show in (lab.overfit, lab.train, lab.captions):
            assert said in repr(show(name, "rnn"))


def test_a_cell_that_there_is_not_is_a_card(lab):
    for show in (lab.overfit, lab.train, lab.score, lab.captions):
        assert "gru" in repr(show("tiny", "gru"))


def test_nothing_is_trained_while_functions_are_to_be_written(lab):
    lab.own.write_text(blank(REFERENCE), encoding="utf-8")
    for shown in everything(lab):
        assert shown.figure is None and "Traceback" not in repr(shown)
    unwritten = repr(lab.train("tiny", "rnn"))
    assert "`rnn_step_forward`, `rnn_forward`" in unwritten and "lstm" not in unwritten.lower()
    assert "Next: `rnn_step_forward`" in unwritten
    assert not lab.runs.exists()


def test_a_file_that_python_does_not_understand_is_a_card_with_the_line(lab):
    lab.own.write_text("import torch\n\ndef rnn_step_forward(:\n", encoding="utf-8")
    for shown in list(everything(lab))[:2]:
        assert "captioning.py, line 3" in repr(shown)
    assert not lab.runs.exists()


def test_a_failing_function_is_a_warning(lab, monkeypatch):
    change(lab, "torch.tanh(", "1.5 * torch.tanh(")
    shown = lab.train("tiny", "rnn")
    assert shown.figure and "Warning: rnn_step_forward is not right yet" in repr(shown)


def test_an_error_in_the_code_is_a_card_with_the_line(lab):
    lab.train("tiny", "rnn")
    change(
        lab, "    def sample(", "    def sample(self, *_):\n        return 1 / 0\n\n    def old("
    )
    for shown in (lab.captions("tiny", "rnn"), lab.score("tiny", "rnn")):
        assert "CaptioningRNN.sample fails" in repr(shown) and "division by zero" in repr(shown)
    assert "CaptioningRNN.sample fails" in repr(lab.train("tiny", "rnn", again=True))


def test_overfitting_leaves_one_whole_run(lab, monkeypatch):
    short = replace(Recipe.load("overfit"), epochs=3)
    monkeypatch.setattr(Recipe, "load", lambda name: short)
    for _ in range(2):
        shown = lab.overfit("tiny", "rnn")
        assert "of 28 captions come back word for word" in repr(shown) and shown.figure
    assert [path.name for path in lab.runs.iterdir()] == ["tiny-overfit-rnn"]
    history = json.loads((lab.runs / "tiny-overfit-rnn" / "history.json").read_text("utf-8"))
    assert history["finished"]


def test_a_finished_training_is_shown_and_not_done_again(lab, monkeypatch):
    first = lab.train("tiny", "rnn")
    assert "12 steps" in repr(first) and first.figure
    monkeypatch.setattr(loop, "take_step", None)
    again = lab.train("tiny", "rnn")
    assert "Trained before" in repr(again) and again.figure


def test_the_code_of_a_cell_is_what_it_is_made_of_and_no_other_cells(lab):
    kept = importlib.import_module("kept")
    before = {cell: kept.code_in_use(cell) for cell in kept.CLASSES}
    change(lab, "[0.0, 1.0, 0.0, 0.0]", "[0.0, 2.0, 0.0, 0.0]")  # in LSTM, and so in AttentionLSTM
    after = {cell: kept.code_in_use(cell) for cell in kept.CLASSES}
    assert [cell for cell in before if before[cell] != after[cell]] == ["lstm", "attn"]


def test_a_training_of_earlier_code_is_said_to_be_so(lab):
    lab.train("tiny", "rnn")
    change(lab, "def rnn_step_forward", "# a remark changes nothing\ndef rnn_step_forward")
    change(lab, "def lstm_step_forward", "def earlier():\n    pass\n\n\ndef lstm_step_forward")
    assert "earlier code" not in repr(lab.train("tiny", "rnn"))
    change(lab, "torch.tanh(x @ Wx", "torch.tanh(0 + x @ Wx")  # right before and after
    assert "earlier code" not in repr(lab.train("tiny", "rnn"))
    change(lab, "torch.tanh(0 + x @ Wx", "torch.tanh(0.5 + x @ Wx")
    for shown in (
        lab.train("tiny", "rnn"),
        lab.score("tiny", "rnn"),
        lab.captions("tiny", "rnn", count=2),
    ):
        assert "of earlier code of yours" in repr(shown)
    assert "earlier" not in repr(lab.train("tiny", "rnn", again=True))
    assert "earlier" not in repr(lab.score("tiny", "rnn"))


@pytest.fixture
def stopped(lab, monkeypatch):
    """Trainings are stopped at their fifth step, as the stop button of a notebook does, until `undo`."""
    real, taken = loop.take_step, []

    def step(*arguments):
        taken.append(1)
        if len(taken) == 5:
            signal.raise_signal(signal.SIGINT)
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "take_step", step)
        yield patch


def test_a_stopped_training_goes_on(lab, stopped):
    shown = lab.train("tiny", "rnn")
    kept = os.path.join("runs", "tiny-rnn")
    assert f"step 5 of 12 is kept in {kept}. Run the cell again to go on." in repr(shown)
    assert "stopped half-way" in repr(lab.score("tiny", "rnn"))
    finished = repr(lab.train("tiny", "rnn"))
    assert "12 steps" in finished and "anew" not in finished


def test_a_stopped_training_of_earlier_code_begins_anew(lab, stopped):
    lab.train("tiny", "rnn")
    change(lab, "torch.tanh(x @ Wx", "torch.tanh(0 + x @ Wx")
    finished = repr(lab.train("tiny", "rnn"))
    assert "begun anew" in finished and "12 steps" in finished


def test_a_stopped_overfitting_leaves_nothing(lab, stopped):
    assert "Stopped" in repr(lab.overfit("tiny", "rnn"))
    assert list(lab.runs.iterdir()) == []


def test_a_training_on_another_bundle_is_not_gone_on_with(lab, monkeypatch):
    lab.train("tiny", "rnn")
    monkeypatch.setattr(Bundle, "fingerprint", "another", raising=False)
    opened = Bundle.__init__

    def other(self, *arguments):
        monkeypatch.delattr(Bundle, "fingerprint", raising=False)
        opened(self, *arguments)
        self.fingerprint = "another"

    monkeypatch.setattr(Bundle, "__init__", other)
    shown = repr(lab.train("tiny", "rnn"))
    assert "another bundle" in shown and 'lab.train("tiny", "rnn", again=True)' in shown


def test_scores_are_a_table_and_left_with_the_run(lab):
    lab.train("tiny", "rnn")
    lab.train("tiny", "attn")
    shown = lab.score("tiny", "rnn", "lstm", "attn")
    assert re.search(r"RNN +\d+\.\d +\d+\.\d %", repr(shown))
    assert "there is no training of lstm on tiny yet" in repr(shown)
    assert "<td>attention LSTM</td>" in shown._repr_html_()
    assert (lab.runs / "tiny-attn" / "scores_val.json").is_file()
    assert lab.attention("tiny", image=5).figure and "no 6" in repr(lab.attention("tiny", image=6))
    assert "cannot read image" in repr(lab.attention("tiny", "no_photo.jpg"))
    assert lab.captions("tiny", "attn", count=3).figure


def test_scores_leave_out_what_a_handout_does_not_have(lab, monkeypatch):
    fewer = {k: v for k, v in EXERCISES.items() if k != "CaptioningRNN.forward[lstm]"}
    for module in (lab, ready):
        monkeypatch.setattr(module, "EXERCISES", fewer)
    assert "lstm" not in repr(lab.score("tiny", "rnn", "lstm"))
    assert "does not ask for" in repr(lab.train("tiny", "lstm"))


def test_patience_turns_an_error_into_a_line(lab, capsys):
    lab.own.write_text(blank(REFERENCE), encoding="utf-8")
    kept = importlib.import_module("kept")
    with lab.patient():
        kept.module().rnn_step_forward(None, None, None, None, None)
    assert "`rnn_step_forward` is not written yet" in capsys.readouterr().out
    lab.own.write_text(REFERENCE, encoding="utf-8")
    with lab.patient():
        kept.module().rnn_step_forward(None, None, None, None, None)
    said = capsys.readouterr().out
    assert re.search(r"`rnn_step_forward` fails \(captioning.py, line \d+\): TypeError", said)
    assert 'check("rnn_step_forward")' in said
    with lab.patient():
        raise InputError("bad input")
    with lab.patient():
        h, cache = None
    assert re.search("bad input\n.*TypeError: cannot unpack", capsys.readouterr().out)


def test_a_function_that_is_not_asked_for_is_said_to_be_so(lab, monkeypatch, capsys):
    lab.own.write_text(blank(REFERENCE), encoding="utf-8")
    fewer = {name: each for name, each in EXERCISES.items() if name != "lstm_forward"}
    monkeypatch.setattr(importlib.import_module("cards"), "EXERCISES", fewer)
    with lab.patient():
        importlib.import_module("kept").module().lstm_forward(*5 * [None])
    assert "This handout does not ask for it" in capsys.readouterr().out


def test_autoreload_is_spared_a_file_that_is_no_python(lab):
    shell = Shell()
    importlib.import_module("kept").spare_autoreload(shell)
    shell.look()
    assert shell.magics == []  # autoreload is not there yet
    shell.magics = [("aimport", "")]
    shell.look()
    change(lab, "def rnn_forward(", "def rnn_forward((")
    shell.look()
    shell.look()
    change(lab, "def rnn_forward((", "def rnn_forward(")
    shell.look()
    module = "coursework.captioning"
    assert [name for _, name in shell.magics[1:]] == ["-hand_in", f"-{module}", module]


# the runner


def test_the_runner_puts_another_bundle_in():
    notebook = nbformat.read(ROOT / "notebooks" / "1_rnn.ipynb", as_version=4)
    runner.with_bundle(notebook, "mine")
    (cell,) = [cell for cell in notebook.cells if cell.id == "bundle"]
    assert cell.source.startswith('BUNDLE = "mine"  #')


def output(**data) -> list[dict]:
    return [nbformat.v4.new_output("display_data", data=data)]


def test_the_runner_notices_tracebacks_red_cards_and_checks_that_say_nothing(lab):
    shown = lab.bundle("no-such")
    red = output(**{"text/html": shown._repr_html_(), "text/plain": repr(shown)})
    cell = nbformat.v4.new_code_cell('check("rnn_forward")', id="a", outputs=red)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    assert "red" in next(runner.complaints(notebook, blank=False))
    assert "not say" in next(runner.complaints(notebook, blank=True))
    cell.outputs = output(**{"text/plain": "rnn_forward: not written yet"})
    assert not list(runner.complaints(notebook, blank=True))
    cell.outputs = [nbformat.v4.new_output("stream", text="Traceback (most recent call last)")]
    assert "traceback" in next(runner.complaints(notebook, blank=False))
