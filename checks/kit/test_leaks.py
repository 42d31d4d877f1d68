"""What a handout must not hold is found wherever it is put; and what a release proves besides."""

import ast
import gzip
import io
import json
import py_compile
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from checks.cases import EXERCISES
from checks.classroom.leaks import leaks
from checks.classroom.proof import NEEDED, prove, prove_same
from checks.classroom.secret import SHORTEST_PATCH, secrets, solution, squeeze
from checks.classroom.stubs import blank
from checks.mistakes import CATALOGUE
from checks.paths import OWN
from coursework.errors import InputError
from coursework.files import write_tensors

SOURCE = OWN.read_text(encoding="utf-8")
LINE = "next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)"
LONG = "next_h, next_c, cache_t = attention_lstm_step_forward("
LONG += "x[:, t], prev_h, prev_c, attn, Wx, Wh, Wattn, b)"
PARTS = ["rnn"]
ASKED = ["rnn_step_forward", "rnn_forward"]

# A stand-in for the checks: a function that still raises is unwritten, any other has passed.
CHECKS = """
import ast, json
from pathlib import Path

text = Path("coursework/captioning.py").read_text(encoding="utf-8")
bodies = {n.name: ast.unparse(n) for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)}
asked = json.loads(Path("handout.json").read_text(encoding="utf-8"))["exercises"]
status = {name: "unwritten" if "raise NotImplementedError" in bodies[name] else "passed" for name in asked}
print(json.dumps({"results": [{"function": name, "status": status[name]} for name in asked]}))
"""


def notebook(*cells: dict) -> str:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def cell(source: str, outputs: list | None = None) -> dict:
    lines = source.splitlines(keepends=True)
    return {"cell_type": "code", "metadata": {}, "source": lines, "outputs": outputs or []}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small handout: the blank module, checks that tell what is written, a notebook, some answers."""
    folder = tmp_path / "week 1"
    for name in NEEDED:
        put(folder, name, f"# {name}\n")
    put(folder, "coursework/__init__.py", "")
    put(folder, "coursework/__main__.py", CHECKS)
    put(folder, "coursework/captioning.py", blank(SOURCE))
    put(folder, "handout.json", json.dumps({"parts": PARTS, "exercises": ASKED}))
    put(folder, "notebooks/1_rnn.ipynb", notebook(cell("%autoreload 2\nlab.bundle(BUNDLE)")))
    np.savez_compressed(folder / "checks" / "answers.npz", texts=np.array("{}"), codes=np.arange(9))
    return folder


def put(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def zipped(folder: Path, **more: str) -> bytes:
    """The folder as a zip, with more members of any name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.write(path, f"{folder.name}/{path.relative_to(folder).as_posix()}")
        for name, text in more.items():
            packed.writestr(f"{folder.name}/{name}", text)
    return file.getvalue()


def refused(folder: Path, zip_bytes: bytes | None = None, source: str = SOURCE) -> str:
    """The one line with which a handout is refused."""
    with pytest.raises(InputError) as caught:
        prove(folder, zip_bytes or zipped(folder), source, PARTS)
    message = str(caught.value)
    assert message.startswith("this handout is not let out: ") and "\n" not in message
    return message


# What is a secret


def test_every_exercise_and_every_helper_has_secrets():
    hidden = solution(ast.parse(SOURCE))
    assert {e.function for e in EXERCISES.values()} < set(hidden)
    assert {name for name in hidden if name.split(".")[-1].startswith("_")} == {
        "CaptioningRNN._project_image"
    }
    told = " ".join(secret.told for secret in secrets(SOURCE))
    for name in hidden.keys() - {"word_embedding_forward"}:
        assert f", {name}:" in told
    assert "return W_embed[words]" in told  # its only line


def test_formulas_of_docstrings_and_given_code_are_none():
    texts = {secret.text for secret in secrets(SOURCE)}
    for public in ("next_c = f * prev_c + i * g", "dprev_c = dc * f", "super().__init__()"):
        assert squeeze(public) not in texts
    for line in (LINE, LONG, "dx = da @ Wx.T", "def _project_image(self, features):"):
        assert squeeze(line) in texts


def test_helpers_that_given_code_uses_are_given():
    def hidden(source):
        return set(solution(ast.parse(source)))

    helpers = (
        "\n\nTEN = 12345\n\n\ndef _one():\n    return _two(TEN)\n\n\ndef _two(x):\n    return x\n"
    )
    assert hidden(SOURCE + helpers) - hidden(SOURCE) == {"_one", "_two", "TEN"}
    given = helpers + "\n\nclass Given(RNN):\n    made = _one()\n"
    assert hidden(SOURCE + given) - hidden(SOURCE) == {"_one", "_two", "TEN", "Given"}
    given += "\n\nif Given:\n    pass\n"
    assert hidden(SOURCE + given) == hidden(SOURCE)
    assert not {"_weight", "RNN", "NULL", "CaptioningRNN"} & hidden(SOURCE)


# Where it may be put


def in_a_comment(folder):
    put(folder, "coursework/run.py", f"import os\n# {LINE.replace(' ', '').replace('@', ' @')}\n")


def its_value_under_another_name(folder):
    put(folder, "coursework/run.py", f"\nf = lambda x: {LINE.removeprefix('next_h = ')}\n")


def its_value_in_a_call(folder):
    put(folder, "notes.md", f"Try\n\n    print({LINE.removeprefix('next_h = ')})\n")


def its_value_in_brackets(folder):
    put(folder, "coursework/run.py", "x = 1\nd = (dnext_h\n  * ((1) - (next_h**2)))\n")


def with_a_type(folder):
    put(
        folder,
        "notebooks/1_rnn.ipynb",
        notebook(cell("x = 1\nda: Tensor = a\ndWx: Tensor = x.T @ da")),
    )


def added_up(folder):
    put(folder, "notes.md", "# dWx += x.T @ da\n")


def in_two_lines(folder):
    put(folder, "coursework/run.py", "\nnext_h = torch.tanh(x @ Wx\n    + prev_h @ Wh + b)\n")


def joined(folder):
    put(folder, "coursework/run.py", f"\n\n{LONG}\n")


def with_brackets(folder):
    put(folder, "coursework/run.py", "def f(x):\n    return ((next_h), (cache))\n")


def in_a_cell(folder):
    put(folder, "notebooks/1_rnn.ipynb", notebook(cell("1 + 1"), cell(f"%magic\nt = 3\n{LINE}")))


def in_an_output(folder):
    output = {"output_type": "stream", "name": "stdout", "text": ["0.1\n", f"{LINE}\n"]}
    put(folder, "notebooks/1_rnn.ipynb", notebook(cell("1 + 1", [output])))


def in_a_notebook_s_metadata(folder):
    put(folder, "notebooks/1_rnn.ipynb", notebook(cell("1 + 1") | {"metadata": {"old": LINE}}))


def in_an_array(folder):
    np.savez_compressed(
        folder / "checks" / "answers.npz", texts=np.array(json.dumps({"hint": LINE}))
    )


def in_an_npz_in_an_array(folder):
    inner = io.BytesIO()
    np.savez_compressed(inner, records=np.array([LINE]))
    data = np.frombuffer(inner.getvalue(), dtype=np.uint8)
    np.savez_compressed(folder / "checks" / "answers.npz", right=data)


def in_json(folder):
    text = json.dumps({"a": [1, {'the "line"': f'said "x"\n\t{LINE}'}]})
    put(folder, "checks/kept.json", text)


def in_weights(folder):
    write_tensors(folder / "data" / "w.safetensors", {"w": torch.ones(3)}, {"note": LINE})


def in_utf_16(folder):
    put(folder, "notes.txt", LINE.encode("utf-16"))


def in_a_zip(folder):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("old/captioning.py", f"{LINE}\n")
    put(folder, "data/old.bin", inner.getvalue())


def in_a_name(folder):
    put(folder, f"data/{LINE.replace(' ', '')}", "")


def as_bytecode_by_another_name(folder):
    put(folder, "a.py", f"def f():\n    'use {LINE}'\n")
    py_compile.compile(str(folder / "a.py"), cfile=str(folder / "data" / "a.bin"), doraise=True)
    (folder / "a.py").unlink()


def below_a_stub(folder):
    text = blank(SOURCE)
    stub = 'raise NotImplementedError("Part rnn: write rnn_step_forward")'
    assert stub in text
    put(folder, "coursework/captioning.py", text.replace(stub, f"return None\n    {LINE}"))


def as_a_patch(folder):
    lines = [secret.text for secret in secrets(SOURCE) if not secret.is_patch]
    patches = [each.new for each in CATALOGUE.values() if "\n" not in each.new]
    patches = [new for new in patches if not any(line in squeeze(new) for line in lines)]
    longest = max(patches, key=lambda new: len(squeeze(new)))
    assert len(squeeze(longest)) > SHORTEST_PATCH
    put(folder, "checks/patches.md", f"* instead of\n\n> {longest}\n")


PLANTS = {
    in_a_comment: r"coursework/run.py, line 2 holds line \d+ of captioning.py, rnn_step_forward: `next_h",
    its_value_under_another_name: r"coursework/run.py, line 2 holds line \d+ of .*, rnn_step_forward",
    its_value_in_a_call: r"notes.md, line 3 holds line \d+ of captioning.py, rnn_step_forward",
    its_value_in_brackets: r"coursework/run.py, line 2 holds line \d+ of .*, rnn_step_backward: `da =",
    with_a_type: r"1_rnn.ipynb, cell 1, line 3 holds line \d+ of .*, rnn_step_backward: `dWx =",
    added_up: r"notes.md, line 1 holds line \d+ of captioning.py, rnn_step_backward: `dWx =",
    in_two_lines: r"coursework/run.py, line 2 holds line \d+ of captioning.py, rnn_step_forward",
    joined: r"coursework/run.py, line 3 holds line \d+ of captioning.py, attention_lstm_forward: `next_h",
    with_brackets: r"coursework/run.py, line 2 holds line \d+ of .*`return next_h, cache`",
    in_a_cell: r"1_rnn.ipynb, cell 2, line 3 holds line \d+",
    in_an_output: r"1_rnn.ipynb, cell 1 holds an output; .*1_rnn.ipynb holds line \d+",
    in_a_notebook_s_metadata: r"1_rnn.ipynb holds line \d+",
    in_an_array: r"checks/answers.npz, texts.npy holds line \d+",
    in_an_npz_in_an_array: r"checks/answers.npz, right.npy, records.npy holds line \d+",
    in_json: r"checks/kept.json, line 1 holds line \d+",
    in_weights: r"data/w.safetensors holds line \d+",
    in_utf_16: r"notes.txt holds line \d+",
    in_a_zip: r"data/old.bin, old/captioning.py, line 1 holds line \d+",
    in_a_name: r"the name data/next_h=.* holds line \d+",
    as_bytecode_by_another_name: r"data/a.bin holds line \d+",
    below_a_stub: r"coursework/captioning.py, line \d+ holds line \d+",
    as_a_patch: r"checks/patches.md, line 3 holds the patch of the mistake [\w-]+",
}


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_leak_is_found_and_its_place_told(tree, plant):
    assert leaks(tree, zipped(tree), SOURCE) == []
    plant(tree)
    assert (message := refused(tree)) and re.search(PLANTS[plant], message), message


def test_what_is_public_may_stand_anywhere(tree):
    formulas = "next_c = f * prev_c + i * g\nda = dnext_h * (1 - next_h^2)\nfor t in range(3):\n"
    formulas += (
        "mean = A.mean(dim=(2, 3))\nscale = math.sqrt(A.shape[1])\n"  # idioms, of one operation
    )
    put(tree, "notebooks/1_rnn.ipynb", notebook(cell(formulas)))
    put(tree, "coursework/run.py", "import torch\n\n\ndef f(h):\n    return torch.tanh(h)\n")
    assert leaks(tree, zipped(tree), SOURCE) == []


def test_the_hints_and_what_is_said_of_mistakes_give_no_line_away(tree):
    for exercise in EXERCISES.values():
        put(tree, f"hints/{exercise.name}.md", "\n".join([*exercise.hints, exercise.right]))
    said = [text for mistake in CATALOGUE.values() for text in (mistake.sentence, mistake.hint)]
    put(tree, "hints/mistakes.md", "\n".join(said))
    assert leaks(tree, zipped(tree), SOURCE) == []


# What has no place there, whatever it holds


@pytest.mark.parametrize(
    "name",
    [
        ".git/config",
        "checks/__pycache__/engine.cpython-311.pyc",
        "coursework/run.pyc",
        "notebooks/.ipynb_checkpoints/1_rnn-checkpoint.ipynb",
        "checks/mistakes/rnn.py",
        "checks/record.py",
        "checks/kit/tiny.py",
        "checks/classroom/leaks.py",
        "coursework/prepare/pretrain.py",
        "Checks/Kit/tiny.py",
    ],
)
def test_some_files_are_refused_by_name(tree, name):
    put(tree, name, "{}")
    assert re.search(
        f"{re.escape(name)} (has no place in a handout|is the instructor's)", refused(tree)
    )


def test_what_cannot_be_looked_into_is_refused(tree):
    put(tree, "data/old.gz", gzip.compress(LINE.encode()))
    put(tree, "notebooks/2_lstm.ipynb", "{}")
    message = refused(tree)
    assert "data/old.gz has no place in a handout" in message
    assert "notebooks/2_lstm.ipynb is no notebook" in message


def test_links_and_empty_folders_are_refused(tree):
    (tree / "checks" / ".git").mkdir()
    try:
        (tree / "reference").symlink_to(OWN)
    except OSError:
        pytest.skip("this system makes no links")
    found = leaks(tree, zipped(tree), SOURCE)
    assert "reference is a link" in found
    assert "checks/.git has no place in a handout" in found


# What the reference leans on


@pytest.mark.parametrize(
    "line, name",
    [
        ("from coursework.gates import step", "coursework.gates"),
        ("from . import gates", "."),
        ("from .gates import step", ".gates"),
        ("import torch, checks.engine as e", "checks.engine"),
        ("    import gates", "gates"),
    ],
)
def test_a_reference_that_leans_on_other_files_is_refused(tree, line, name):
    indent = line[: len(line) - len(line.lstrip())]
    source = SOURCE.replace(
        "import math\n", f"import math\n{'if True:' if indent else ''}\n{line}\n", 1
    )
    number = source.splitlines().index(line) + 1
    message = refused(tree, source=source)
    assert f"captioning.py, line {number} imports {name}: import only torch and" in message


# The zip


def test_the_zip_holds_what_the_folder_holds(tree):
    good = zipped(tree)
    assert "old.py is in the zip only" in refused(tree, zipped(tree, **{"old.py": LINE}))
    put(tree, "README.md", "changed")
    put(tree, "more.md", "more")
    message = refused(tree, good)
    assert "more.md is not in the zip" in message and "README.md is another in the zip" in message


def test_the_zip_is_a_zip_of_one_folder(tree):
    assert "the zip cannot be read" in refused(tree, b"PK")
    assert "should hold one folder, it holds other, week 1" in refused(
        tree, zipped(tree, **{"../other/a.py": ""}).replace(b"week 1/../other", b"other/../other/")
    )


def test_a_zip_built_twice_is_the_same_to_the_byte():
    prove_same(b"abc", b"abc")
    with pytest.raises(InputError, match="differs: at byte 1"):
        prove_same(b"abc", b"aBc")
    with pytest.raises(InputError, match="3 and 4 bytes"):
        prove_same(b"abc", b"abcd")


# What it does


def test_a_clean_handout_passes_and_is_left_as_it_was(tree):
    before = zipped(tree)
    prove(tree, before, SOURCE, PARTS)
    assert zipped(tree) == before and not list(tree.rglob("__pycache__"))


@pytest.mark.parametrize("name", ["README.md", "AGENTS.md", "checks/answers.npz"])
def test_what_a_student_needs_is_there(tree, name):
    (tree / name).unlink()
    assert f"{name} is missing" in refused(tree)


def test_a_solved_exercise_is_refused_in_whatever_words(tree):
    text = blank(SOURCE)
    stub = 'raise NotImplementedError("Part rnn: write rnn_step_forward")'
    put(tree, "coursework/captioning.py", text.replace(stub, "return (x @ Wx).tanh(), b"))
    assert "as handed out, rnn_step_forward is passed, not unwritten" in refused(tree)


def test_the_reference_must_pass_in_the_handout(tree):
    broken = SOURCE.replace(f"    {LINE}", "    raise NotImplementedError('in May')")
    assert broken != SOURCE
    told = "with the reference in its place, rnn_step_forward is unwritten, not passed"
    assert told in refused(tree, source=broken)


def test_handout_json_tells_the_truth(tree):
    put(tree, "handout.json", json.dumps({"parts": ["lstm"], "exercises": ASKED}))
    assert "handout.json should name the parts rnn" in refused(tree)
    put(tree, "handout.json", json.dumps({"parts": PARTS, "exercises": ASKED}))
    put(
        tree,
        "coursework/__main__.py",
        CHECKS.replace("for name in asked]", "for name in asked[:1]]"),
    )
    assert "other exercises are asked for than handout.json names (rnn_forward)" in refused(tree)


def test_checks_that_break_or_leave_files_behind_are_refused(tree):
    put(tree, "coursework/__main__.py", CHECKS + "\nPath('left.txt').touch()")
    assert "a check leaves left.txt behind" in refused(tree)
    put(tree, "coursework/__main__.py", "import os\nraise OSError('no luck')")
    assert "the checks do not run: OSError: no luck" in refused(tree)


def test_the_kit_around_does_not_help(tree, monkeypatch):
    """A handout that lacks a file must not find it in the instructor's kit."""
    monkeypatch.setenv("PYTHONPATH", str(OWN.parents[1]))
    put(tree, "coursework/__main__.py", "import checks.engine\n" + CHECKS)
    assert "the checks do not run: ModuleNotFoundError" in refused(tree)


def test_only_the_first_faults_are_told(tree):
    for number in range(9):
        put(tree, f"{number}.pyc", b"")
    message = refused(tree)
    assert message.count(".pyc") == 3 and message.endswith("and 6 more")
