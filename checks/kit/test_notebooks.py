"""The notebooks as they are handed out, and their helpers: setup cell, drawings, lab.

That every cell runs is proved by `python -m checks.kit.notebooks`.
"""

import importlib
import io
import json
import os
import re
import shutil
import signal
import sys
import types
import zipfile
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from matplotlib.figure import Figure
from PIL import Image
from tiny import TinyEncoder

from checks.cases import EXERCISES
from checks.classroom.leaks import all_secrets, found_in
from checks.classroom.notebooks import NOTEBOOKS, fresh
from checks.classroom.stubs import blank
from checks.classroom.texts import texts_in
from checks.faces import theirs
from checks.kit import notebooks as runner
from checks.paths import OWN, ROOT
from coursework.bundle import Bundle
from coursework.errors import InputError
from coursework.learn import loop
from coursework.learn.recipe import Recipe
from coursework.prepare import encoder, scenes

FOLDER = ROOT / "notebooks"
FILES = [FOLDER / name for name in NOTEBOOKS]
REFERENCE = OWN.read_text(encoding="utf-8")


def cells(path: Path) -> list[dict]:
    """The cells of a notebook, their sources as one text each."""
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in found]


def tagged(path: Path, tag: str) -> list[dict]:
    return [cell for cell in cells(path) if tag in cell["metadata"].get("tags", [])]


EVERY = [(path.stem, cell) for path in FILES for cell in cells(path)]
CODE = [(stem, cell) for stem, cell in EVERY if cell["cell_type"] == "code"]
SETUP = next(cell["source"] for _, cell in CODE if cell["id"] == "setup")


# the files


def test_no_notebook_is_missing_and_none_is_unknown():
    assert {path.name for path in FOLDER.glob("*.ipynb")} == set(NOTEBOOKS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_notebook_is_valid_and_as_if_nobody_had_run_it(path):
    text = path.read_bytes()
    nbformat.validate(json.loads(text))
    found = json.loads(text)["cells"]
    assert all(cell == fresh(cell) for cell in found)
    ids = [cell["id"] for cell in found]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-z0-9-]{1,64}", each) for each in ids)
    assert b"\r" not in text and text.endswith(b"}\n")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_notebooks_begin_alike(path):
    first = cells(path)[0]
    assert first["cell_type"] == "markdown" and first["source"].startswith("# ")
    (setup,) = [cell for cell in cells(path) if cell["id"] == "setup"]
    assert setup["source"] == SETUP and "metadata" in setup and not setup["metadata"]
    before = cells(path)[: cells(path).index(setup)]
    assert all(cell["cell_type"] == "markdown" for cell in before)


@pytest.mark.parametrize("path", FILES[1:], ids=lambda path: path.stem)
def test_one_cell_says_which_bundle_is_used(path):
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    assert code[1]["id"] == "bundle"
    wanted = r'BUNDLE = "scenes"  # or "coco", or .*\nlab\.bundle\(BUNDLE\)'
    assert re.fullmatch(wanted, code[1]["source"])
    assert not any('"scenes"' in cell["source"] for cell in code if cell["id"] != "bundle")


def test_every_code_cell_is_python():
    for stem, cell in CODE:
        compile(TransformerManager().transform_cell(cell["source"]), f"{stem}/{cell['id']}", "exec")


def test_every_exercise_is_checked_in_its_notebook_below_the_text_that_names_it():
    places = {}
    for (_, before), (stem, cell) in zip(EVERY, EVERY[1:]):
        name = re.fullmatch(r'check\("(.+?)"\)', cell["source"].strip())
        if name and name[1] in EXERCISES:
            slug = re.sub(r"[^a-z0-9]+", "-", name[1].lower()).strip("-")
            assert cell["id"] == f"check-{slug}"
            assert before["cell_type"] == "markdown"
            assert EXERCISES[name[1]].function in before["source"]
            places.setdefault(name[1], []).append(stem)
    assert places == {name: [exercise.notebook] for name, exercise in EXERCISES.items()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_below_every_question_there_is_room_for_the_answer(path):
    questions, answers = tagged(path, "question"), tagged(path, "answer")
    assert len(questions) >= 2 and len(questions) == len(answers)
    for question in questions:
        answer = cells(path)[cells(path).index(question) + 1]
        assert answer["source"] == "*Your answer:*"
        assert question["cell_type"] == answer["cell_type"] == "markdown"
        kept = [{*cell["metadata"]["tags"]} - {"question", "answer"} for cell in (question, answer)]
        assert kept[0] == kept[1] and "answer" in answer["metadata"]["tags"]


def test_tags_are_those_that_mean_something():
    known = {"question", "answer"} | {f"needs:{exercise.part}" for exercise in EXERCISES.values()}
    assert {tag for _, cell in EVERY for tag in cell["metadata"].get("tags", [])} <= known


def test_no_line_of_the_solution_stands_in_notebooks_or_their_helpers():
    looked_for = all_secrets(REFERENCE)
    files = [*FILES, *FOLDER.glob("*.py"), *FOLDER.glob("drawings/*.py")]
    texts = [
        text for path in files for text in texts_in(f"notebooks/{path.name}", path.read_bytes())
    ]
    assert len(texts) > len(files)
    assert [leak for text in texts for leak in found_in(text, looked_for)] == []


# the setup cell


class Shell:
    """What stands in for the notebook's shell: it remembers the magics."""

    def __init__(self):
        self.magics = []

    def run_line_magic(self, *magic):
        self.magics.append(magic)

    @property
    def magics_manager(self):
        return types.SimpleNamespace(magics={"line": dict(self.magics)})

    @property
    def events(self):
        return types.SimpleNamespace(register=lambda _, hook: setattr(self, "look", hook))


KIT = {
    "notebooks/lab.py": "",
    "notebooks/drawings/__init__.py": "",
    "coursework/captioning.py": "# blank\n",
}


@pytest.fixture
def content(tmp_path, monkeypatch):
    """A folder that takes the place of /content; working folder, imports and path are put back after."""
    folder = tmp_path / "content"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("lab", "drawings"):
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]
    return folder


@pytest.fixture
def colab(monkeypatch, content):
    """Google's module, as far as the cell uses it. Mounting the Drive makes `mounted` appear in it."""
    google, drive = types.ModuleType("google.colab"), types.SimpleNamespace(mounted=[])
    drive.mount = drive.mounted.append
    google.drive = drive
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", google)
    return drive


def set_up(content: Path, drive: str = "") -> Shell:
    """Run the setup cell."""
    text = SETUP.replace('DRIVE = ""', f'DRIVE = "{drive}"').replace("/content", content.as_posix())
    shell = Shell()
    code = TransformerManager().transform_cell(text)
    exec(compile(code, "setup", "exec"), {"get_ipython": lambda: shell})
    return shell


def put_kit(folder: Path) -> Path:
    for name, text in KIT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def put_zip(file: Path, top: str = "handout") -> Path:
    with zipfile.ZipFile(file, "w") as zipped:
        for name, text in KIT.items():
            zipped.writestr(f"{top}/{name}", text)
    return file


@pytest.mark.parametrize("start", [".", "notebooks", "notebooks/drawings"])
def test_setup_finds_the_kit_from_its_folders(content, monkeypatch, start):
    monkeypatch.chdir(put_kit(content / "kit") / start)
    shell = set_up(content)
    assert Path.cwd() == content / "kit" / "notebooks"
    assert Path(sys.modules["lab"].__file__) == content / "kit" / "notebooks" / "lab.py"
    assert ("autoreload", "2") in shell.magics


def test_setup_in_colab_takes_a_folder(colab, content):
    put_kit(content / "handout")
    set_up(content)
    assert Path.cwd() == content / "handout" / "notebooks" and not colab.mounted


def test_setup_in_colab_unzips_and_later_keeps_the_work(colab, content, monkeypatch):
    put_zip(content / "handout.zip")
    set_up(content)
    assert Path.cwd() == content / "handout" / "notebooks"
    module = content / "handout" / "coursework" / "captioning.py"
    module.write_text("# my work", encoding="utf-8")
    put_zip(content / "handout (1).zip")
    monkeypatch.chdir(content)
    set_up(content)
    assert module.read_text(encoding="utf-8") == "# my work"


def test_setup_in_colab_unzips_into_the_drive(colab, content):
    (content / "drive" / "MyDrive" / "course").mkdir(parents=True)
    put_zip(content / "drive" / "MyDrive" / "course" / "handout.zip")
    put_kit(content / "another")
    set_up(content, drive="MyDrive/course")
    assert colab.mounted == [(content / "drive").as_posix()]
    assert Path.cwd() == content / "drive" / "MyDrive" / "course" / "handout" / "notebooks"


def test_setup_says_what_to_do_where_there_is_no_kit(colab, content, capsys):
    whole = put_zip(content / "arriving.zip").read_bytes()
    (content / "arriving.zip").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(content / "photos.zip", "w") as zipped:
        zipped.writestr("photos/cat.jpg", "")
    zipfile.ZipFile(content / "empty.zip", "w").close()
    set_up(content)
    assert "The kit is not here" in capsys.readouterr().out and Path.cwd() == content
    assert {path.name for path in content.iterdir()} == {"arriving.zip", "photos.zip", "empty.zip"}


def test_setup_says_so_where_the_kernel_lacks_a_package(content, monkeypatch, capsys):
    kit = put_kit(content / "kit")
    (kit / "notebooks" / "lab.py").write_text("import no_such_package", encoding="utf-8")
    monkeypatch.chdir(kit)
    set_up(content)
    assert "No module named 'no_such_package': choose the kernel" in capsys.readouterr().out


# drawings


@pytest.fixture
def helpers(monkeypatch):
    """The folder of notebooks can be imported from."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def test_every_drawing_is_shown_and_draws(helpers):
    drawings = helpers("drawings")
    named = {
        name for _, cell in CODE for name in re.findall(r"\bdrawings\.(\w+)\(\)", cell["source"])
    }
    assert named
    for name in sorted(named):
        figure = getattr(drawings, name)()
        assert isinstance(figure, Figure), name
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=20)
        assert np.asarray(Image.open(file).convert("L")).std() > 5, name


def test_drawings_come_without_those_of_other_parts(tmp_path, monkeypatch):
    shutil.copytree(FOLDER / "drawings", tmp_path / "drawings")
    for name in ("lstm", "attention", "bptt"):
        (tmp_path / "drawings" / f"{name}.py").unlink()
    loaded = {name: module for name, module in sys.modules.items() if name.startswith("drawings")}
    for name in loaded:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    drawings = importlib.import_module("drawings")
    assert Path(drawings.__file__).is_relative_to(tmp_path)
    assert callable(drawings.rnn_step) and not hasattr(drawings, "lstm_step")
    for name in [name for name in sys.modules if name.startswith("drawings")]:
        monkeypatch.delitem(sys.modules, name)


def test_arrows_end_at_borders(helpers):
    canvas = helpers("drawings.canvas")
    box, ball = canvas.Thing(1, 1, 2, 1), canvas.Thing(5, 1, 1, 1, round=True)
    assert box.border(ball.centre) == pytest.approx((2 + canvas.AIR, 1))
    assert ball.border(box.centre) == pytest.approx((4.5 - canvas.AIR, 1))
    x, y = ball.border((6, 2))
    assert np.hypot(x - 5, y - 1) == pytest.approx(0.5 + canvas.AIR)
    assert box.border((1, 9)) == pytest.approx((1, 1.5 + canvas.AIR))


# lab


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


def test_a_training_of_earlier_code_is_said_to_be_so(lab):
    lab.train("tiny", "rnn")
    change(lab, "def rnn_step_forward", "# a remark changes nothing\ndef rnn_step_forward")
    change(lab, "def lstm_step_forward", "def earlier():\n    pass\n\n\ndef lstm_step_forward")
    assert "earlier code" not in repr(lab.train("tiny", "rnn"))
    change(lab, "torch.tanh(x @ Wx", "torch.tanh(0 + x @ Wx")
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
    monkeypatch.delitem(EXERCISES, "CaptioningRNN.forward[lstm]")
    assert "lstm" not in repr(lab.score("tiny", "rnn", "lstm"))
    assert "this handout has no CaptioningRNN.forward[lstm]" in repr(lab.train("tiny", "lstm"))


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
    notebook = nbformat.read(FILES[1], as_version=4)
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
