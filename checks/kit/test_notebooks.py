"""The notebooks as they are handed out: their cells, the setup cell, the drawings.

That every cell runs is proved by `python -m checks.kit.notebooks`.
"""

import io
import json
import re
import sys
import types
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from matplotlib.figure import Figure
from PIL import Image
from shell import Shell

from checks.cases import EXERCISES
from checks.classroom.leaks import all_secrets, found_in
from checks.classroom.notebooks import NOTEBOOKS, fresh
from checks.classroom.texts import texts_in
from checks.paths import OWN, ROOT

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
    wanted = r'BUNDLE = "scenes"  # or "coco", or .*\nlab\.bundle\(BUNDLE\)'
    assert [cell["id"] for cell in code if re.fullmatch(wanted, cell["source"])] == ["bundle"]
    first = next(cell["id"] for cell in code if "BUNDLE" in cell["source"])
    assert first == "bundle"
    assert not any('"scenes"' in cell["source"] for cell in code if cell["id"] != "bundle")


def test_every_code_cell_is_python():
    for stem, cell in CODE:
        python = TransformerManager().transform_cell(cell["source"])
        assert compile(python, f"{stem}/{cell['id']}", "exec")


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
    assert "The handout is not in" in capsys.readouterr().out and Path.cwd() == content
    assert {path.name for path in content.iterdir()} == {"arriving.zip", "photos.zip", "empty.zip"}


def test_setup_says_so_where_the_kernel_lacks_a_package(content, monkeypatch, capsys):
    kit = put_kit(content / "kit")
    (kit / "notebooks" / "lab.py").write_text("import no_such_package", encoding="utf-8")
    monkeypatch.chdir(kit)
    set_up(content)
    assert "No module named 'no_such_package': choose the kernel" in capsys.readouterr().out


# drawings


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


def test_arrows_end_at_borders(helpers):
    canvas = helpers("drawings.canvas")
    box, ball = canvas.Thing(1, 1, 2, 1), canvas.Thing(5, 1, 1, 1, round=True)
    assert box.border(ball.centre) == pytest.approx((2 + canvas.AIR, 1))
    assert ball.border(box.centre) == pytest.approx((4.5 - canvas.AIR, 1))
    x, y = ball.border((6, 2))
    assert np.hypot(x - 5, y - 1) == pytest.approx(0.5 + canvas.AIR)
    assert box.border((1, 9)) == pytest.approx((1, 1.5 + canvas.AIR))
