"""The handout: what is in it, what is not, and what it refuses."""

import ast
import hashlib
import io
import itertools
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from checks import answers
from checks.cases import EXERCISES, asked_in
from checks.classroom import release as releasing
from checks.classroom.notebooks import NOTEBOOKS, notebooks_for, pruned
from checks.classroom.parts import PARTS, check_complete, exercises_in, in_order, parts_named
from checks.classroom.recorded import answers_for
from checks.classroom.release import Released, release
from checks.classroom.stubs import blank
from checks.classroom.tree import COMES_ALONG, STAYS_BEHIND, content, copied, handout_files
from checks.hand_ins.layouts import layout_of
from checks.paths import OWN, ROOT
from coursework.errors import InputError
from coursework.handout.opened import FORMAT

SOURCE = OWN.read_text(encoding="utf-8")
FEW = ["rnn", "words", "captioner"]


def is_complete(parts):
    try:
        check_complete(parts)
    except InputError:
        return False
    return True


CHOICES = [
    parts
    for count in range(1, len(PARTS) + 1)
    for parts in itertools.combinations(PARTS, count)
    if is_complete(parts)
]


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """A handout of a few parts, made and proved; all tests share it and leave it as it is."""
    return release(tmp_path_factory.mktemp("course") / "week 1", FEW)


@pytest.fixture
def unproved(monkeypatch):
    """Release without the proofs, which take seconds."""
    monkeypatch.setattr(releasing, "prove", lambda *_: None)


# Parts


def test_parts_are_named_in_any_order_and_by_any_separator():
    for names in ("lstm,rnn", "lstm rnn", " rnn , lstm,", ["lstm", "rnn"], ["rnn,lstm", "rnn"]):
        assert parts_named(names) == ["rnn", "lstm"]
    assert parts_named() == parts_named(list(PARTS)) == list(PARTS)


@pytest.mark.parametrize(
    "names, said", [("rrn", "did you mean rnn"), ("x", "bptt"), (",", "no part")]
)
def test_a_name_that_is_no_part_is_refused(names, said):
    with pytest.raises(InputError, match=said):
        parts_named(names)


@pytest.mark.parametrize(
    "parts, missing",
    [
        (["words"], "rnn or lstm"),
        (["attention"], "lstm"),
        (["rnn", "captioner"], "words"),
        (["bptt"], "rnn or lstm or attention"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(parts, missing):
    with pytest.raises(InputError, match=f"{parts[-1]} needs {missing}"):
        check_complete(parts)


def test_there_are_so_many_choices_of_parts():
    cells = 2 * 3 - 1  # rnn or not; none or lstm or lstm with attention; but one of them
    more = 3 * 2  # neither words nor captioner, or words, or both; bptt or not
    assert len(CHOICES) == cells * more == 30


@pytest.mark.parametrize("parts", CHOICES, ids="-".join)
def test_what_is_asked_for_can_be_done_with_what_is_there(parts):
    asked = exercises_in(parts)
    assert {EXERCISES[name].part for name in asked} == set(parts)
    for name in asked:
        assert set(EXERCISES[name].needs) <= set(asked)
        assert EXERCISES[name].forward in (None, *asked)
    cells = {EXERCISES[name].cell for name in asked} - {None}
    assert ("attn" in cells) == ({"captioner", "attention"} <= set(parts))


def test_all_parts_ask_for_all_exercises():
    assert exercises_in(PARTS) == list(EXERCISES)


# The blank module


BLANK = blank(SOURCE)


def functions_in(tree):
    for node in tree.body:
        for part in [node, *getattr(node, "body", [])]:
            if isinstance(part, ast.FunctionDef):
                yield part.name if part is node else f"{node.name}.{part.name}", part


def test_a_blank_has_a_stub_for_every_exercise_with_its_docstring():
    functions, reference = (dict(functions_in(ast.parse(text))) for text in (BLANK, SOURCE))
    for exercise in EXERCISES.values():
        name = exercise.function
        docstring, stub = functions[name].body
        said = f"Part {exercise.part}: write {name}"
        assert ast.unparse(stub) == f"raise NotImplementedError('{said}')"
        assert ast.unparse(docstring) == ast.unparse(reference[name].body[0])
        assert ast.unparse(functions[name].args) == ast.unparse(reference[name].args)


def test_all_else_in_a_blank_is_given_code_as_in_the_reference():
    made, wanted = ast.parse(BLANK), ast.parse(SOURCE)
    stubs, asked = dict(functions_in(made)), {e.function for e in EXERCISES.values()}
    for name, function in functions_in(wanted):
        if name in asked:
            function.body = stubs[name].body
    owner = next(node for node in wanted.body if getattr(node, "name", "") == "CaptioningRNN")
    owner.body = [part for part in owner.body if getattr(part, "name", "") != "_project_image"]
    assert ast.unparse(made) == ast.unparse(wanted) and "_project_image" not in BLANK


def test_a_blank_can_be_imported_and_its_cells_be_made():
    assert layout_of(ast.parse(BLANK)) == "kit"
    namespace = {"__name__": "blank"}
    exec(compile(BLANK, "blank", "exec"), namespace)
    words = {word: number for number, word in enumerate(["<NULL>", "<START>", "<END>", "a"])}
    captioner = namespace["CaptioningRNN"]
    for cell in captioner.cells:
        captioner(words, 3, 4, 5, cell)
    imported = {
        a.asname or a.name for n in ast.parse(BLANK).body if hasattr(n, "names") for a in n.names
    }
    assert imported <= {
        node.id for node in ast.walk(ast.parse(BLANK)) if isinstance(node, ast.Name)
    }


def test_what_only_a_solution_uses_goes_with_it():
    """An instructor's own way to write it: helpers, constants and remarks of other names."""
    more = (
        "import cmath, os\nfrom functools import partial, reduce\nimport torch as to, re\n\n"
        "SCALE = 3.5\nSCALE: float = SCALE + 1\n\n\n"
        "# squashes\n@cmath.sqrt\ndef squashed(a):\n    return torch.tanh(a) * SCALE\n    # squashed\n\n\n"
        "class Squash:\n    def _by(self):\n        return squashed(self._by())\n\n"
    )
    changed = SOURCE.replace("\n\n# 1. A vanilla RNN", f"\n{more}\n# 1. A vanilla RNN")
    changed = changed.replace(
        "    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)\n",
        "    # it is squashed\n    next_h = Squash(x @ Wx) + reduce(partial, os.sep)\n",
    )
    changed = changed.replace(
        "cache = (x, prev_h, Wx, Wh, next_h)\n    return next_h, cache\n",
        "return next_h, cache\n    # the sum is squashed\n",
        1,
    )
    assert changed.count("squashed") == 5 and "the sum is" in changed
    assert blank(changed) == BLANK
    given = changed.replace("torch.randn(rows, columns)", "SCALE * to.randn(rows, columns)")
    assert "import torch as to\n" in blank(given) and "SCALE: float = SCALE + 1\n" in blank(given)
    assert "import cmath" not in blank(given) and "quash" not in blank(given)


def test_a_blank_is_the_same_whatever_the_line_ends():
    assert blank(SOURCE.replace("\n", "\r\n")) == BLANK


@pytest.mark.parametrize("other", ["lstm_backwards", "lstm_forward(x):\n    return x\n\n\ndef old"])
def test_a_reference_that_lacks_an_exercise_or_its_docstring_is_refused(other):
    with pytest.raises(ValueError, match="no lstm_forward with a docstring"):
        blank(SOURCE.replace("def lstm_forward", f"def {other}"))


# Answers and exercises


def test_answers_are_those_of_the_exercises_and_always_the_same_bytes():
    exercises = exercises_in(FEW)
    made = answers_for(answers.FILE, exercises)
    assert made == answers_for(answers.FILE, list(reversed(exercises)))
    with np.load(io.BytesIO(made)) as few, np.load(answers.FILE) as all_of_them:
        assert {name.rpartition("/")[0] for name in few.files} == {*exercises, ""}
        for name in set(few.files) - {"texts"}:
            assert few[name].tobytes() == all_of_them[name].tobytes()
        named = {m for e in exercises for m in json.loads(str(few[f"{e}/names"]))}
        texts = json.loads(str(few["texts"]))
    assert texts == {name: answers.texts()[name] for name in named}
    assert 0 < len(texts) < len(answers.texts())


def test_all_answers_are_small_enough_to_hand_out():
    assert len(answers_for(answers.FILE, list(EXERCISES))) < 2e6


def test_an_exercise_without_recorded_answers_is_noticed():
    with pytest.raises(LookupError, match="gru_forward"):
        answers_for(answers.FILE, ["rnn_forward", "gru_forward"])


def test_the_board_asks_for_what_handout_json_names(tmp_path):
    assert list(asked_in(tmp_path)[1]) == list(EXERCISES)
    handout = {"parts": ["rnn"], "exercises": ["rnn_forward", "one of a later version"]}
    (tmp_path / "handout.json").write_text(json.dumps(handout))
    parts, exercises = asked_in(tmp_path)
    assert (list(parts), list(exercises)) == (["rnn"], ["rnn_forward"])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"parts": 3, "exercises": []}', "\udcff"])
def test_a_damaged_handout_json_says_so(tmp_path, text):
    (tmp_path / "handout.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match="damaged .*handout.json"):
        asked_in(tmp_path)


# Notebooks


def cell(source, *tags, **more):
    metadata = {"tags": list(tags)} if tags else {"collapsed": True}
    return {"cell_type": "markdown", "id": source, "metadata": metadata, "source": [source], **more}


def test_a_notebook_keeps_the_cells_of_its_parts_and_no_trace_of_a_run():
    run = {"cell_type": "code", "execution_count": 7, "outputs": [{"output_type": "stream"}]}
    cells = [cell("a"), cell("b", "needs:lstm"), cell("c", "needs:lstm", "needs:bptt", "question")]
    cells.append(cell("d", "answer", **run))
    metadata = {"widgets": 1, "language_info": {"name": "python", "version": "3.11.7"}}
    text = json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    few, more = (json.loads(pruned(text, parts)) for parts in (["lstm"], ["lstm", "bptt"]))
    assert [c["id"] for c in few["cells"]] == ["a", "b", "d"]
    assert [c["id"] for c in more["cells"]] == ["a", "b", "c", "d"]
    last = more["cells"][-1]
    assert (last["execution_count"], last["outputs"], last["metadata"]["tags"]) == (
        None,
        [],
        ["answer"],
    )
    assert "collapsed" not in json.dumps(more) and "3.11" not in json.dumps(more)
    assert pruned(pruned(text, PARTS), PARTS) == pruned(text, PARTS)


def test_the_table_names_every_notebook():
    assert {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} == NOTEBOOKS.keys()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_ask_for_what_is_there(name):
    text = content(ROOT / "notebooks" / name).decode()
    for parts in (parts for parts in CHOICES if name in notebooks_for(parts)):
        asked = {*exercises_in(parts), *(EXERCISES[each].function for each in exercises_in(parts))}
        for each in json.loads(pruned(text, parts))["cells"]:
            if each["cell_type"] == "code":
                wanted = set(checked_in("".join(each["source"])))
                assert wanted <= {*asked, *parts}, (each["id"], parts)


def checked_in(code):
    """The names that are given to check and hint in the code of a cell."""
    code = re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", code)  # a notebook's own commands
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("check", "hint"):
            yield from (arg.value for arg in node.args if isinstance(getattr(arg, "value", 0), str))


# The tree


def planted(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def test_new_files_come_along_and_leftovers_do_not(tmp_path):
    comes = ["checks/new/judge.py", "coursework/look/beam.py", "coursework/learn/recipes/mine.toml"]
    comes += ["notebooks/drawings/gru.py"]
    stays = [
        *(name if Path(name).suffix else f"{name}/deep/inside.py" for name in STAYS_BEHIND),
        "checks/__pycache__/judge.py",
        "checks/.ipynb_checkpoints/judge.py",
        "coursework/.venv/lib/torch.py",
        "coursework/.hints.json",
        "coursework/captioning.py~",
        "coursework/captioning.py.orig",
        "coursework/run.partial/features.py",
        "coursework/handout/handout.json",
        "coursework/handout/coursework/captioning.py",
        "notebooks/Untitled.ipynb",
        "notebooks/photo.png",
        "data/scenes/bundle.json",
        "runs/attn/settings.json",
        "demo/loss.png",
        "handout.zip",
    ]
    planted(tmp_path, *comes, *stays)
    found = set(copied(tmp_path))
    assert set(comes) <= found and not found & set(stays)
    assert found - set(comes) == {name for name, kinds in COMES_ALONG.items() if not kinds}


def test_the_tables_name_what_there_is():
    assert [name for name in [*COMES_ALONG, *STAYS_BEHIND] if not (ROOT / name).exists()] == []


def test_text_has_the_same_bytes_on_every_system(tmp_path):
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")
    (tmp_path / "a.npz").write_bytes(b"\xef\xbb\xbf\r\n")
    assert content(tmp_path / "a.py") == b"a = 1\nb = 2\n"
    assert content(tmp_path / "a.npz") == b"\xef\xbb\xbf\r\n"


@pytest.fixture(scope="module")
def everything() -> dict[str, bytes]:
    """The files of a handout of all parts."""
    return handout_files(ROOT, PARTS)


def test_nothing_in_a_handout_imports_what_stays_behind(everything):
    """All but the command line, which takes the instructor's verbs where these are."""
    modules = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in everything
    }
    for name, data in everything.items():
        for node in ast.walk(ast.parse(data)) if name.endswith(".py") else ():
            wanted = [node.module] if isinstance(node, ast.ImportFrom) else []
            wanted += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for each in wanted:
                if each.split(".")[0] in ("checks", "coursework") and each not in modules:
                    assert (name, each) == ("coursework/__main__.py", "checks.classroom.verb")


def test_nothing_in_a_handout_speaks_of_what_stays_behind(everything):
    rooms = [path.removesuffix(".py").removeprefix("coursework/") for path in STAYS_BEHIND]
    named = re.compile("|".join(rooms).replace("/", "[/.]") + r"|\bpretrain\.py")
    found = {
        (name, match)
        for name, data in everything.items()
        if name.endswith((".md", ".py", ".ipynb", ".toml"))
        for match in named.findall(data.decode())
    }
    assert found == {("coursework/__main__.py", "checks.classroom")}  # the instructor's verbs


def test_handout_json_says_what_is_in_it(everything):
    handout = json.loads(everything["handout.json"])
    assert (handout["format"], handout["parts"]) == (FORMAT, list(PARTS))
    assert handout["exercises"] == list(EXERCISES)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in everything.items()}
    assert handout["files"] == {k: v for k, v in hashes.items() if k != "handout.json"}


# What a handout does not ask for


@pytest.fixture(scope="module")
def first_week(tmp_path_factory) -> Path:
    """A handout of the RNN, bare of all but what its checks need."""
    folder = tmp_path_factory.mktemp("first week")
    for name, data in handout_files(ROOT, FEW).items():
        if Path(name).suffix in (".py", ".json", ".toml", ".npz"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize(
    "command, said",
    [
        ("check lstm", "this handout does not ask for lstm; a later one may"),
        ("check lstm_forward", "lstm_forward goes with the part lstm, which this handout does not"),
        (
            "check CaptioningRNN.sample[attn]",
            "CaptioningRNN.sample[attn] goes with the parts lstm and attention, ",
        ),
        ("hint lstm_backward", "lstm_backward goes with the parts lstm and bptt, which"),
        ("overfit --cell attn", "the cell attn goes with the parts lstm and attention, which this"),
        ("train --cell lstm", "the cell lstm goes with the part lstm, which this handout does not"),
        ("check lstm_foward", "there is no exercise 'lstm_foward'"),
    ],
)
def test_what_is_not_asked_for_is_told_so_in_one_line(first_week, command, said):
    paths = " --recipe demo --out runs/x" if command.startswith("train") else ""
    done = subprocess.run(
        [sys.executable, "-m", "coursework", *f"{command}{paths}".split()],
        cwd=first_week,
        capture_output=True,
        text=True,
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and re.match(f"error: {said.replace('[attn]', '.attn.')}", line), (
        line
    )


def test_a_stub_that_runs_all_the_same_is_told_so(first_week):
    code = """
import torch
from coursework import captioning, run
for run_it in (lambda: captioning.lstm_forward(1, 2, 3, 4, 5), lambda: captioning.rnn_forward(1, 2, 3, 4, 5)):
    try:
        with run.own_errors(captioning):
            run_it()
    except run.InputError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=first_week, capture_output=True, text=True, check=True
    )
    later, now = done.stdout.splitlines()
    assert re.match(r"lstm_forward is not written yet .*: this handout does not ask for it", later)
    assert re.match(r"rnn_forward is not written yet .*: write it, then check it", now)


# The whole release


def test_folder_and_zip_hold_the_same(released):
    files = {
        f"week 1/{path.relative_to(released.folder).as_posix()}": path.read_bytes()
        for path in released.folder.rglob("*")
        if path.is_file()
    }
    with zipfile.ZipFile(released.zip) as archive:
        assert archive.namelist() == sorted(files)
        assert {name: archive.read(name) for name in files} == files
    assert released.zip.name == "week 1.zip"
    assert sorted(path.name for path in released.zip.parent.iterdir()) == ["week 1", "week 1.zip"]
    assert released.exercises == exercises_in(FEW) and not released.changes
    count = len(exercises_in(FEW))
    assert count < len(EXERCISES) and f"{count} exercises in rnn, words, captioner" in str(released)


def test_a_released_module_has_all_stubs_and_the_board_asks_for_its_parts(released):
    module = released.folder / "coursework" / "captioning.py"
    assert module.read_text(encoding="utf-8") == BLANK
    assert list(asked_in(released.folder)[1]) == released.exercises


@pytest.mark.parametrize("there", ["a folder with work", "a file", "a zip of something"])
def test_what_is_there_already_is_left_alone(tmp_path, there, unproved):
    out = tmp_path / "handout"
    mine = {"a file": out, "a zip of something": tmp_path / "handout.zip"}.get(
        there, out / "mine.txt"
    )
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(InputError, match="handout"):
        release(out, "rnn")
    assert mine.read_text() == "mine"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]


def test_no_handout_is_made_at_a_link(tmp_path, unproved):
    out, empty = tmp_path / "handout", tmp_path / "empty"
    empty.mkdir()
    for target in (empty, tmp_path / "nowhere"):
        try:
            out.symlink_to(target, target_is_directory=True)
        except OSError:
            pytest.skip("this system makes no links")
        with pytest.raises(InputError, match="handout is a link"):
            release(out, "rnn")
        assert out.is_symlink() and not any(empty.iterdir())
        out.unlink()
    assert list(tmp_path.iterdir()) == [empty]


@pytest.mark.parametrize("place", ["coursework/out", "checks/kit/out", "notebooks/out", "data/out"])
def test_no_handout_is_made_among_what_goes_into_it(place, unproved):
    with pytest.raises(
        InputError, match=f"lies in {place.split('/')[0]}/, which goes into handouts"
    ):
        release(ROOT / place, "rnn")
    assert not (ROOT / place).exists()


def test_leftovers_of_a_release_that_was_killed_are_removed(tmp_path, unproved):
    (tmp_path / ".hand[o]ut.0a1b2c3d.partial" / "checks").mkdir(parents=True)
    others = [".handout.0a1b2c3d.partial", ".hand[o]ut.mine.partial", "hand[o]ut.0a1b2c3d.partial"]
    for name in others:
        (tmp_path / name).mkdir()
    release(tmp_path / "hand[o]ut", "rnn")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*others, "hand[o]ut", "hand[o]ut.zip"}


def test_a_handout_that_is_not_proved_leaves_nothing(tmp_path, monkeypatch):
    def refuse(folder, data, source, parts):
        assert (
            (folder / "handout.json").is_file() and parts == ["rnn"] and data and source == SOURCE
        )
        raise InputError("a line of the solution")

    monkeypatch.setattr(releasing, "prove", refuse)
    with pytest.raises(InputError, match="a line of the solution"):
        release(tmp_path / "handout", "rnn")
    assert list(tmp_path.iterdir()) == []


def test_parts_are_added_and_the_work_in_it_is_kept(tmp_path, unproved):
    out = tmp_path / "handout"
    release(out, "rnn")
    module = out / "coursework" / "captioning.py"
    written = "    return torch.tanh(x @ Wx + prev_h @ Wh + b), None\n"
    stub = '    raise NotImplementedError("Part rnn: write rnn_step_forward")\n'
    module.write_text(module.read_text().replace(stub, written))
    (out / "notes.txt").write_text("mine")
    made = release(out, "words,captioner")
    assert made.parts == FEW and "new parts: words, captioner" in str(made)
    assert module.read_text() == BLANK.replace(stub, written)
    assert "captioning.py" not in "\n".join(made.changes)
    assert (out / "notes.txt").read_text() == "mine"
    assert json.loads((out / "handout.json").read_text())["parts"] == FEW
    with zipfile.ZipFile(made.zip) as archive:  # for those who begin only now
        assert archive.read("handout/coursework/captioning.py").decode() == BLANK


def test_parts_come_in_the_order_of_the_board():
    assert in_order(["bptt", "rnn"]) == ["rnn", "bptt"]
