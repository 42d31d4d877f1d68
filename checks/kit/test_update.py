"""A newer handout in a folder that is worked in: what is new comes, what was written stays."""

import ast
import codecs
import hashlib
import itertools
import json
import os
import random
import stat
import warnings
import zipfile

import pytest

from checks.classroom.parts import PARTS, check_complete
from checks.classroom.stubs import blank
from checks.paths import OWN
from coursework import files as writing
from coursework.errors import InputError
from coursework.handout.module import merged_module
from coursework.handout.notebook import merged_notebook
from coursework.handout.update import NOTHING, update
from coursework.zipped import read_zip, unused, zip_bytes

FIRST = '''"""What there is: the step."""

import torch
from torch import nn

NULL = 0


# 1. The RNN


def step(x, h):
    """One step.

    x (N,D)
    """
    raise NotImplementedError("Part 1: write step")


# Given


class Model(nn.Module):
    """Takes "rnn"."""

    def __init__(self, kind):
        """kind: a cell."""
        super().__init__()
        cells = {"rnn": step}
        self.cell = cells[kind]

    def forward(self, x):
        """The loss."""
        raise NotImplementedError("Part 2: write Model.forward")
'''
SECOND = '''"""What there is: the step, the loop, attention."""

import math

import torch
from torch import nn

NULL = 0


# 1. The RNN


def step(x, h):
    """One step.

    x (N,D)
    """
    raise NotImplementedError("Part 1: write step")


def loop(x, h):
    """All steps."""
    raise NotImplementedError("Part 1: write loop")


# 3. Attention


SCALE = math.sqrt(2)


def attend(h, A):
    """Look."""
    raise NotImplementedError("Part 3: write attend")


# Given


def _weight(rows):
    """A parameter."""
    return nn.Parameter(torch.zeros(rows))


class Cell(nn.Module):
    """Attention with weights."""

    def forward(self, h, A):
        return attend(h, A)


class Model(nn.Module):
    """Takes "rnn", "attn"."""

    def __init__(self, kind):
        """kind: a cell."""
        super().__init__()
        cells = {"rnn": step, "attn": Cell}
        self.cell = cells[kind]

    def forward(self, x):
        """The loss."""
        raise NotImplementedError("Part 2: write Model.forward")

    @torch.no_grad()
    def sample(self, x):
        """Words."""
        raise NotImplementedError("Part 2: write Model.sample")
'''.replace("Model", "CaptioningRNN")
FIRST = FIRST.replace("Model", "CaptioningRNN")
STEP = 'raise NotImplementedError("Part 1: write step")'
SOLVED = FIRST.replace(STEP, "a = x + h  # mine\n    return torch.tanh(a)")
EMPTY = ""  # as a blank file to begin with: nothing counts as left alone
NEW = ["math", "loop", "SCALE", "attend", "_weight", "Cell", "CaptioningRNN.sample"]


def merged(mine, new=SECOND, given=FIRST):
    mine = mine if isinstance(mine, bytes) else mine.encode()
    return merged_module(mine, given.encode(), new.encode())


def text_of(mine, **rest):
    text = merged(mine, **rest).data.decode()
    ast.parse(text)
    return text


def names(text):
    found = []
    for node in ast.parse(text).body:
        found.append(getattr(node, "name", ""))
        found += [
            f"{node.name}.{each.name}" for each in getattr(node, "body", []) if named_in(node, each)
        ]
    return [name for name in found if name]


def named_in(owner, node):
    return isinstance(owner, ast.ClassDef) and isinstance(node, ast.FunctionDef)


def in_order(parts, whole):
    rest = iter(whole)
    return all(part in rest for part in parts)


# The module


def complete(parts):
    try:
        check_complete(parts)
    except InputError:
        return False
    return True


def test_a_blank_of_some_parts_grows_into_that_of_all_to_the_letter():
    source = OWN.read_text(encoding="utf-8")
    every = blank(source, PARTS)
    mine = "\n\ndef my_own():\n    return 1\n"
    choices = [c for n in range(1, len(PARTS)) for c in itertools.combinations(PARTS, n)]
    choices = [parts for parts in choices if complete(parts)]
    assert len(choices) == 29
    for parts in choices:
        given = blank(source, parts)
        once = merged(given + mine, every, given)
        assert once.data.decode().replace(mine, "") == every, parts
        assert merged(once.data, every, every).data == once.data


def test_work_stays_to_the_letter_and_what_is_new_stands_behind_what_comes_before_it():
    out = merged(SOLVED)
    assert out.data.decode() == SECOND.replace(STEP, "a = x + h  # mine\n    return torch.tanh(a)")
    assert sorted(out.added) == sorted(NEW) and out.notes == []
    assert out.renewed == ["the text at the top", "CaptioningRNN", "CaptioningRNN.__init__"]
    assert merged(out.data, given=SECOND).data == out.data == merged(out.data).data


def test_a_module_as_it_was_handed_out_becomes_the_new_one():
    assert text_of(FIRST) == SECOND
    assert merged(FIRST.replace("\n", "\r\n")).data == SECOND.replace("\n", "\r\n").encode()


def test_a_module_in_which_all_was_solved_already_stays():
    solved = SECOND.replace("raise NotImplementedError", "return print")
    for given in (FIRST, SECOND, EMPTY):
        out = merged(solved, given=given)
        assert out.data == solved.encode() and not out.added and not out.renewed and not out.notes


def test_where_nothing_counts_as_left_alone_new_cells_come_all_the_same():
    text = text_of(SOLVED, given=EMPTY)
    assert text.startswith('"""What there is: the step."""') and 'Takes "rnn".' in text
    assert 'cells = {"rnn": step, "attn": Cell}' in text and set(names(SECOND)) == set(names(text))


ENCODED = {
    "windows": SOLVED.replace("\n", "\r\n").encode(),
    "marked": codecs.BOM_UTF8 + SOLVED.replace("mine", "größer").encode(),
    "latin": b"# -*- coding: latin-1 -*-\n" + SOLVED.replace("mine", "größer").encode("latin-1"),
    "tabs": SOLVED.replace("    ", "\t").encode(),
    "two blanks": SOLVED.replace("    ", "  ").encode(),
    "no end": SOLVED.rstrip().encode(),
    "form feed": SOLVED.replace("# Given", "\f\n# Given\u2028").encode(),
    "trailing blanks": SOLVED.replace("\n\n", "   \n\n").encode(),
    "old Mac": SOLVED.replace("\n", "\r").encode(),
}


@pytest.mark.parametrize("data", ENCODED.values(), ids=ENCODED.keys())
def test_every_line_stays_as_it_is_saved(data):
    out = merged_module(data, b"", SECOND.encode()).data
    end = b"\r\n" if b"\r\n" in data else b"\n" if b"\n" in data else b"\r"
    before, after = data.split(end), out.split(end)
    changed = [line for line in before if b"cells = " not in line]
    assert in_order(changed, after)
    assert out.count(b"\r") == (
        out.count(b"\n") if end == b"\r\n" else (end == b"\r") * out.count(end)
    )
    assert set(names(out)) >= set(names(SECOND))
    assert merged_module(out, b"", SECOND.encode()).data == out
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compile(out, "captioning.py", "exec")  # no mixture of tabs and blanks


def test_given_code_indented_by_tabs_still_counts_as_left_alone():
    out = merged(SOLVED.replace("    ", "\t"))
    assert (
        "CaptioningRNN.__init__" in out.renewed and b'\t\tcells = {"rnn": step, "attn"' in out.data
    )


def test_own_functions_imports_and_comments_stay_where_they_are():
    own = "# my helper\n@staticmethod\ndef helper(a):\n    return a\n    # end of it\n"
    mine = SOLVED.replace("# Given\n", f"{own}\n\n# Given\n").replace(
        "import torch\n", "import os, torch\n"
    )
    text = text_of(mine)
    assert f"\n\n\n{own}\n\n# Given\n" in text and "import math\n\nimport os, torch\n" in text
    order = [
        text.index(each) for each in ("tanh(a)", "def loop", "def attend", "# my helper", "# Given")
    ]
    assert order == sorted(order)


def test_comments_that_belong_to_a_function_stay_with_it():
    mine = SOLVED.replace("tanh(a)\n", "tanh(a)\n    # before: a\n\n    # or 2 * a\n# done\n")
    text = text_of(mine)
    assert "tanh(a)\n    # before: a\n\n    # or 2 * a\n" in text
    assert text.index("# or 2 * a") < text.index("def loop")


def test_functions_in_another_order_still_get_their_followers():
    head, rest = SOLVED.split("# 1. The RNN")
    step, model = rest.split("# Given")
    text = text_of(f"{head}# Given{model}\n\n# 1. The RNN{step.rstrip()}\n")
    assert names(text).index("loop") == names(text).index("step") + 1
    assert text.count("# 1. The RNN") == text.count("# Given") == 1
    assert text.count("def sample") == 1


def test_a_heading_that_is_there_is_not_put_in_again():
    mine = SOLVED.replace(SOLVED[SOLVED.index("def step") : SOLVED.index("# Given")], "")
    text = text_of(mine)
    assert text.count("# 1. The RNN") == 1
    assert text.index("# 1. The RNN") < text.index("def step") < text.index("def loop")


@pytest.mark.parametrize(
    "old, new",
    [
        ("def step(", "def my_step("),
        ("def step(", "async def another("),
        (SOLVED[SOLVED.index("def step") : SOLVED.index("# Given")], ""),
        (
            SOLVED[SOLVED.index("def step") : SOLVED.index("# Given")],
            '"""\ndef step(x, h): pass\n"""\n',
        ),
    ],
    ids=["renamed", "renamed and async", "deleted", "in a string"],
)
def test_a_function_that_is_gone_comes_back_to_be_written(old, new):
    out = merged(SOLVED.replace(old, new))
    text = out.data.decode()
    assert "step" in out.added and f"    {STEP}\n" in text and new in text
    assert merged(out.data).data == out.data


@pytest.mark.parametrize(
    "definition",
    [
        "from mine import loop\n",
        "loop = attend = None\n",
        "try:\n    from mine import loop\nexcept ImportError:\n    def loop(): pass\n",
        "if True:\n    def loop(x, h):\n        return h\n",
        "loop: object = lambda x, h: h\n",
        "with open('x') as loop: pass\n",
        "class loop: pass\n",
    ],
)
def test_a_name_that_is_defined_in_any_way_is_there(definition):
    out = merged(SOLVED.replace("# Given\n", f"{definition}\n\n# Given\n"))
    assert "loop" not in out.added and definition in out.data.decode()


def test_own_methods_and_changes_of_a_class_stay():
    mine = SOLVED.replace(
        "super().__init__()", "super().__init__()\n        self.drop = nn.Dropout(0.1)"
    )
    mine = mine.replace(
        "    def forward", "    def helper(self):\n        return 1\n\n    def forward"
    )
    out = merged(mine)
    text = out.data.decode()
    assert (
        "nn.Dropout(0.1)" in text and "def helper" in text and '{"rnn": step, "attn": Cell}' in text
    )
    assert names(text)[-5:] == [
        f"CaptioningRNN{each}" for each in ("", ".__init__", ".helper", ".forward", ".sample")
    ]
    assert "the cells in CaptioningRNN.__init__" in out.renewed


@pytest.mark.parametrize(
    "cells, wanted",
    [
        ('{"gru": step,}', '{"gru": step, "rnn": step, "attn": Cell,}'),
        ('{\n"rnn": step  # x\n}', '{\n"rnn": step, "attn": Cell  # x\n}'),
        ('{"ö": step}', '{"ö": step, "rnn": step, "attn": Cell}'),
        ('{"rnn": nn.RNN, "attn": None}', '{"rnn": nn.RNN, "attn": None}'),
    ],
)
def test_new_cells_get_into_a_dict_that_was_changed(cells, wanted):
    assert f"cells = {wanted}\n" in text_of(SOLVED.replace('{"rnn": step}', cells))


@pytest.mark.parametrize("cells", ["{}", '{"rnn": (step)}', "dict(rnn=step)", "ALL"])
def test_where_cells_cannot_be_added_the_student_is_told(cells):
    out = merged(SOLVED.replace('{"rnn": step}', cells))
    assert f"cells = {cells}\n" in out.data.decode()
    assert "CaptioningRNN.__init__ is your own" in out.notes[0] and '"attn": Cell' in out.notes[0]


def test_docstrings_that_were_changed_stay_and_others_are_brought_up_to_date():
    new = SECOND.replace("One step.", "One step of it.")
    mine = SOLVED.replace('Takes "rnn".', "My own words.").replace("mine", "x")
    out = merged(mine, new)
    text = out.data.decode()
    assert (
        "My own words." in text and '"""One step of it.' in text and "return torch.tanh(a)" in text
    )
    assert out.renewed == ["the text at the top", "step", "CaptioningRNN.__init__"]
    assert '"""One step.\n' in text_of(mine.replace("x (N,D)", "x (N,D)!"), new=new)


def test_a_class_without_the_methods_handed_out_gets_them():
    start = SOLVED.index('    """Takes')
    for body in (
        '    """Mine."""\n',
        "    pass\n",
        "    size = 3\n\n\nif __name__ == '__main__':\n    step(1, 2)\n",
    ):
        text = text_of(SOLVED[:start] + body)
        assert names(text)[-4:] == [
            "CaptioningRNN",
            *(each for each in names(SECOND) if "RNN." in each),
        ]
        assert body.splitlines()[0] in text


def test_an_empty_file_is_filled():
    assert (
        set(names(text_of("")))
        == set(names(SECOND))
        == set(names(text_of("# nothing here", given=EMPTY)))
    )


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("return torch.tanh(a)", "return torch.tanh(a", "line 18: '\\(' was never closed"),
        ("return torch", "  return torch", "line 18: unexpected indent"),
        ("mine", "\0", "line 1: "),
        (SOLVED[SOLVED.index("class Cap") :], "class CaptioningRNN: pass\n", "stands on one line"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(old, new, said):
    with pytest.raises(InputError, match=said):
        merged(SOLVED.replace(old, new))


def test_text_that_is_not_in_the_encoding_of_the_file_is_refused():
    with pytest.raises(InputError, match="line 17: not utf-8 text; save the file as UTF-8"):
        merged(SOLVED.replace("mine", "größer").encode("latin-1"))
    with pytest.raises(InputError, match="line 1: .*unknown encoding"):
        merged(b"# coding: klingon\n" + SOLVED.encode())
    with pytest.raises(InputError, match="iso-8859-1, which lacks 'β'"):
        merged(b"# coding: latin-1\n" + SOLVED.encode(), SECOND.replace("All steps", "β"))


def test_students_files_of_all_kinds_merge_or_are_refused_in_one_line():
    """Random edits of lines: what comes out parses, holds all that is new, and merges to itself."""
    draw = random.Random(0)
    merges = 0
    for _ in range(300):
        lines = SOLVED.splitlines(keepends=True)
        for _ in range(draw.randrange(1, 5)):
            at = draw.randrange(len(lines))
            edit = draw.choice(["drop", "twice", "comment", "blank", "swap"])
            if edit == "drop":
                del lines[at]
            elif edit == "twice":
                lines.insert(at, lines[at])
            elif edit == "comment":
                lines.insert(at, draw.choice(["# mine\n", "    # mine\n", "\t# mine\n"]))
            elif edit == "blank":
                lines.insert(at, "\n")
            else:
                other = draw.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
        try:
            out = merged("".join(lines))
        except InputError as error:
            assert "\n" not in str(error)
            continue
        merges += 1
        assert set(names(out.data)) >= set(names(SECOND)), "".join(lines)
        assert merged(out.data, given=SECOND).data == out.data
        assert out.data.count(b"# mine") == "".join(lines).count("# mine")
    assert merges > 50


# Notebooks


def cell(name, text, kind="markdown", **rest):
    out = {"cell_type": kind, "id": name, "metadata": {}, "source": [text]} | rest
    return out | (
        {"outputs": [], "execution_count": None} if kind == "code" and "outputs" not in rest else {}
    )


def notebook(*cells, minor=5, **rest):
    content = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": minor} | rest
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def ids(data):
    return [each.get("id", each["metadata"].get("id")) for each in json.loads(data)["cells"]]


QUESTION = cell(
    "q", "What does the map do at 'of', and why would it?", metadata={"tags": ["question"]}
)
ANSWER = cell("q-answer", "*Your answer:*", metadata={"tags": ["answer"]})
KIT = [
    cell("title", "# A notebook"),
    cell("run", "check('step')", "code"),
    QUESTION,
    ANSWER,
    cell("end", "What to do next: the board has it, type python -m coursework."),
]
MORE = [*KIT[:2], cell("loop", "check('loop')", "code"), *KIT[2:], cell("last", "Bye.")]


def test_new_cells_come_behind_what_stands_before_them_and_the_work_stays():
    done = cell("run", "check('step')\n", "code", outputs=[{"text": "ä"}], execution_count=3)
    answered = {**ANSWER, "source": "It looks\nat the car."}
    mine = [KIT[0], cell("3fa9c1d2", "my own"), done, QUESTION, answered, KIT[4]]
    out, count = merged_notebook(notebook(*mine), notebook(*MORE), "n")
    assert count == 2 and ids(out) == [
        "title", "3fa9c1d2", "run", "loop", "q", "q-answer", "end", "last",
    ]  # fmt: skip
    assert [each for each in json.loads(out)["cells"] if each["id"] not in ("loop", "last")] == mine
    assert merged_notebook(out, notebook(*MORE), "n") == (out, 0)


def test_moved_deleted_and_doubled_cells():
    mine = [KIT[4], KIT[1], KIT[1], KIT[0]]
    out, count = merged_notebook(notebook(*mine), notebook(*MORE), "n")
    assert count == 4
    assert ids(out) == ["end", "last", "run", "loop", "q", "q-answer", "run", "title"]
    assert merged_notebook(out, notebook(*MORE), "n") == (out, 0)
    assert ids(merged_notebook(notebook(), notebook(*MORE), "n")[0]) == ids(notebook(*MORE))


def old_cell(each, **changes):
    return {key: value for key, value in (each | changes).items() if key != "id"}


def test_cells_without_ids_are_known_by_what_is_in_them():
    edited = old_cell(
        KIT[4], source="What to do next: the board has it, type python -m coursework. OK!"
    )
    mine = [
        old_cell(KIT[0]),
        old_cell(KIT[1]),
        old_cell(QUESTION),
        old_cell(ANSWER, source="It is."),
        edited,
    ]
    out, count = merged_notebook(notebook(*mine, minor=4), notebook(*MORE), "n")
    assert count == 2 and ids(out) == [None, None, "loop", None, None, None, "last"]
    assert not any("id" in each for each in json.loads(out)["cells"])  # 4.4 knows none there
    assert merged_notebook(out, notebook(*MORE), "n") == (out, 0)


def test_colab_keeps_ids_in_the_metadata():
    mine = [old_cell(each, metadata={"id": each["id"], **each["metadata"]}) for each in KIT]
    out, count = merged_notebook(notebook(*mine, minor=0), notebook(*MORE), "n")
    assert count == 2 and ids(out) == ids(notebook(*MORE))


def test_a_notebook_that_lacks_nothing_keeps_its_bytes():
    mine = json.dumps(json.loads(notebook(*MORE)), indent=4).encode()
    assert merged_notebook(mine, notebook(*KIT), "n") == (mine, 0)


def test_half_a_character_in_an_output_does_no_harm():
    mine = [KIT[0], cell("run", "x", "code", outputs=[{"text": "\ud83d"}])]
    data = (json.dumps({"cells": mine, "nbformat": 4, "nbformat_minor": 5})).encode()
    out, _ = merged_notebook(data, notebook(*MORE), "n")
    assert json.loads(out)["cells"][1] == mine[1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"cells": 3}',
        b'{"worksheets": []}',
        b'{"cells": ["x"]}',
        b"\xff",
        b"[" * 99999,
    ],
)
def test_what_is_no_notebook_is_refused(data):
    with pytest.raises(InputError, match="1_rnn.ipynb"):
        merged_notebook(data, notebook(*MORE), "1_rnn.ipynb")


# The folder


def handout(parts, module, cells, more=None):
    """The files of a handout."""
    files = {
        "coursework/captioning.py": module.encode(),
        "coursework/update.py": f"# of {parts}\n".encode(),
        "notebooks/1_rnn.ipynb": notebook(*cells),
        "checks/answers.npz": bytes(parts, "ascii"),
        "data/README.md": b"data\n",
        "requirements.txt": b"torch\n",
        ".gitignore": b"runs\n",
        ".vscode/settings.json": b"{}\n",
    } | (more or {})
    manifest = {"format": 1, "parts": parts.split(), "exercises": ["step"], "blank": module}
    manifest["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    manifest["module"] = manifest["files"]["coursework/captioning.py"]
    return files | {"handout.json": json.dumps(manifest).encode()}


OLD = handout("rnn", FIRST, KIT)
NEWER = handout("rnn attention", SECOND, MORE, {"notebooks/3_attention.ipynb": notebook(*KIT)})
WORK = {
    "coursework/captioning.py": SOLVED.encode(),
    "notebooks/1_rnn.ipynb": notebook(*KIT[:3], {**ANSWER, "source": "Mine."}, KIT[4]),
}
OWN_FILES = {
    "runs/rnn/settings.json": b"{}",
    "data/scenes/bundle.json": b"{}",
    "notes.md": b"my notes",
    "coursework/mine.py": b"x = 1",
    ".vscode/settings.json": b'{"python": "mine"}\n',
}


def put(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def listed(folder):
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def mine(tmp_path):
    return put(tmp_path / "mine", OLD | WORK | OWN_FILES)


@pytest.fixture
def newer(tmp_path):
    path = tmp_path / "course.zip"
    path.write_bytes(zip_bytes({f"course/{name}": data for name, data in NEWER.items()}))
    return path


def test_an_update_brings_what_is_new_and_keeps_all_work(mine, newer):
    lines = update(mine, newer)
    after = listed(mine)
    assert {name: after[name] for name in OWN_FILES} == OWN_FILES
    assert after["coursework/captioning.py"] == merged(SOLVED).data
    assert ids(after["notebooks/1_rnn.ipynb"]) == ids(notebook(*MORE))
    assert b"Mine." in after["notebooks/1_rnn.ipynb"]
    for name in (
        "handout.json",
        "checks/answers.npz",
        "coursework/update.py",
        "notebooks/3_attention.ipynb",
    ):
        assert after[name] == NEWER[name]
    assert after.keys() - OLD.keys() - NEWER.keys() - OWN_FILES.keys() == {"before-update.zip"}
    assert read_zip(mine / "before-update.zip") == WORK
    said = "\n".join(lines)
    for words in (
        "new parts: attention",
        f"captioning.py: added {', '.join(NEW)}",
        "notebooks/1_rnn.ipynb: 2 new cells",
        "notebooks/3_attention.ipynb: new",
        "2 other files of the kit",
        "before-update.zip keeps",
    ):
        assert words in said


def test_the_same_update_again_changes_nothing(mine, newer):
    update(mine, newer)
    before = listed(mine)
    assert update(mine, newer) == [NOTHING] and listed(mine) == before
    assert update(put(mine.parent / "new", OLD), newer) != [NOTHING]


def test_zip_folder_and_folder_in_a_folder_are_the_same(mine, newer, tmp_path):
    folder = put(
        tmp_path / "a" / "course", NEWER | {"coursework/__pycache__/x.pyc": b"x", "runs/x": b"x"}
    )
    flat = tmp_path / "flat.zip"
    flat.write_bytes(
        zip_bytes(NEWER | {"__MACOSX/._handout.json": b"x", "__MACOSX/handout.json/x": b""})
    )
    results = []
    for number, source in enumerate([newer, flat, folder, folder.parent]):
        copy = put(tmp_path / str(number), OLD | WORK)
        update(copy, source)
        results.append(listed(copy))
    assert results[0] == results[1] == results[2] == results[3]


def test_a_folder_in_which_nothing_was_done_becomes_the_new_handout_without_a_backup(
    tmp_path, newer
):
    copy = put(tmp_path / "copy", OLD)
    update(copy, newer)
    assert listed(copy) == NEWER


def test_a_file_of_the_kit_that_was_changed_is_replaced_and_kept(mine, newer):
    put(mine, {"requirements.txt": b"torch\nmine\n"})
    update(mine, newer)
    assert listed(mine)["requirements.txt"] == NEWER["requirements.txt"]
    assert read_zip(mine / "before-update.zip")["requirements.txt"] == b"torch\nmine\n"


def test_backups_are_never_written_over(mine, newer):
    put(mine, {"before-update.zip": b"old"})
    assert "before-update-2.zip keeps" in update(mine, newer)[-1]
    assert (mine / "before-update.zip").read_bytes() == b"old"
    assert unused(mine / "before-update.zip").name == "before-update-3.zip"


def test_deleted_files_come_back(mine, newer):
    (mine / "coursework/captioning.py").unlink()
    (mine / "notebooks/1_rnn.ipynb").unlink()
    assert "coursework/captioning.py: new" in update(mine, newer)
    assert listed(mine)["coursework/captioning.py"] == SECOND.encode()


@pytest.mark.parametrize(
    "name, data, said",
    [
        (
            "coursework/captioning.py",
            b"def f(:\n",
            "coursework/captioning.py, line 1: .*mend that line",
        ),
        (
            "notebooks/1_rnn.ipynb",
            b'{"cells": [',
            "notebooks/1_rnn.ipynb, line 1: not a whole notebook",
        ),
        ("handout.json", b"{", "damaged handout.json"),
        ("handout.json", b'{"format": 2}', "format 1, which is all"),
        ("handout.json", b'{"format": 1, "parts": 3}', "no parts in it"),
        ("handout.json", b'{"format": 1, "parts": ["rnn"]}', "no module in it"),
        ("handout.json", OLD["handout.json"].replace(b'"rnn"', b"3"), "it lacks 3"),
        ("handout.json", NEWER["handout.json"].replace(b'"rnn"', b'"lstm"'), "it lacks lstm"),
    ],
)
def test_where_a_file_cannot_be_read_nothing_changes(mine, newer, name, data, said):
    before = listed(put(mine, {name: data}))
    with pytest.raises(InputError, match=said):
        update(mine, newer)
    assert listed(mine) == before


def test_a_handout_of_fewer_parts_is_refused(tmp_path):
    mine, fewer = put(tmp_path / "mine", NEWER), put(tmp_path / "fewer", OLD)
    with pytest.raises(InputError, match="fewer parts than this folder, it lacks attention"):
        update(mine, fewer)
    assert listed(mine) == NEWER


@pytest.mark.parametrize(
    "files, said",
    [
        ({}, "not a handout: it should hold one handout.json, it has 0"),
        ({f"{top}/{name}": data for top in "ab" for name, data in NEWER.items()}, "it has 2"),
        (NEWER | {"../evil.py": b"x"}, "leads out"),
        (NEWER | {"coursework/../../evil.py": b"x"}, "leads out"),
        (NEWER | {"/evil.py": b"x"}, "leads out"),
        (NEWER | {"C:/evil.py": b"x"}, "leads out"),
        (NEWER | {"..\\evil.py": b"x"}, "leads out"),
        (NEWER | {"coursework/captioning.py": SOLVED.encode()}, "not as it was handed out"),
        ({"handout.json": NEWER["handout.json"]}, "no coursework/captioning.py"),
        (
            NEWER | {"checks/answers.npz": b"others"},
            "checks/answers.npz is not as it was handed out",
        ),
        (
            {name: data for name, data in NEWER.items() if "npz" not in name},
            "no checks/answers.npz",
        ),
        (NEWER | {"handout.json": b"[]"}, "format 1"),
        (NEWER | {"handout.json": b"\xff"}, "not JSON"),
    ],
)
def test_a_zip_that_is_no_handout_is_refused(mine, tmp_path, files, said):
    before, path = listed(mine), tmp_path / "bad.zip"
    path.write_bytes(zip_bytes(files))
    with pytest.raises(InputError, match=said) as raised:
        update(mine, path)
    assert "\n" not in str(raised.value) and listed(mine) == before
    assert not list(tmp_path.rglob("evil*"))


def test_a_handout_that_names_files_outside_of_it_is_refused(mine, tmp_path):
    content = json.loads(NEWER["handout.json"])
    content["files"]["../evil.py"] = hashlib.sha256(b"x").hexdigest()
    bad = put(tmp_path / "bad", NEWER | {"handout.json": json.dumps(content).encode()})
    (tmp_path / "evil.py").write_bytes(b"x")
    before = listed(mine)
    with pytest.raises(InputError, match="'../evil.py' leads out"):
        update(mine, bad)
    assert listed(mine) == before


def test_a_damaged_zip_is_refused(mine, newer, tmp_path):
    before, data, bad = listed(mine), newer.read_bytes(), tmp_path / "bad.zip"
    damaged = [b"", b"no zip at all", data[: len(data) // 2], data[:-30]]
    done = {name: NEWER[name] for name in NEWER.keys() - WORK.keys() - OWN_FILES.keys()}.items()
    draw = random.Random(0)
    for _ in range(40):
        at = draw.randrange(len(data))
        damaged.append(data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :])
    refused = 0
    for number, content in enumerate(damaged):
        bad.write_bytes(content)
        copy = put(tmp_path / f"copy{number}", before)
        try:
            update(copy, bad)
        except InputError:
            refused += 1
            assert listed(copy) == before
        else:
            assert listed(copy).items() >= done
    assert refused > 30  # in a date or a flag, a flipped bit does no harm
    with pytest.raises(InputError, match="no handout at"):
        update(mine, tmp_path / "nowhere.zip")


def test_links_and_giants_in_a_zip_are_refused(mine, tmp_path, monkeypatch):
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as packed:
        link = zipfile.ZipInfo("course/link")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match="the link 'course/link'"):
        update(mine, path)
    path.write_bytes(zip_bytes(NEWER))
    monkeypatch.setattr("coursework.zipped.LARGEST", 100)
    with pytest.raises(InputError, match="too large"):
        update(mine, path)


def test_only_a_handout_can_be_updated_and_not_by_itself(mine, newer, tmp_path):
    clone = put(tmp_path / "clone", {"coursework/captioning.py": b""})
    with pytest.raises(InputError, match="clone is not a handout"):
        update(clone, newer)
    with pytest.raises(InputError, match="this very folder"):
        update(mine, mine)
    with pytest.raises(
        InputError, match="not a handout: it should hold one handout.json, it has 0"
    ):
        update(mine, clone)
    with pytest.raises(
        InputError, match="not a handout: it should hold one handout.json, it has 2"
    ):
        update(
            mine, put(tmp_path / "two", {f"{top}/{name}": b"{}" for top in "ab" for name in NEWER})
        )


def test_whatever_rename_fails_all_is_as_before(mine, newer, monkeypatch):
    before, rename = listed(mine), os.replace
    for error in (PermissionError(13, "in use"), KeyboardInterrupt()):
        for failing in itertools.count(2):  # the first is that of the backup
            calls = itertools.count(1)

            def replace(source, target, calls=calls, failing=failing, error=error):
                if next(calls) == failing:
                    raise error
                rename(source, target)

            monkeypatch.setattr(writing.os, "replace", replace)
            try:
                update(mine, newer)
            except (InputError, KeyboardInterrupt):
                after = listed(mine)
                after.pop("before-update.zip", None)
                assert after == before
                (mine / "before-update.zip").unlink()
                continue
            break
        assert failing > 6
        for name in listed(mine).keys() - before.keys():
            (mine / name).unlink()
        put(mine, before)


def test_an_update_that_was_killed_can_be_run_again(tmp_path, newer):
    update(put(tmp_path / "whole", OLD | WORK), newer)
    whole = listed(tmp_path / "whole")
    whole.pop("before-update.zip")
    names = sorted(name for name in whole if name != "handout.json")  # which is written last
    for number, done in enumerate(itertools.product([False, True], repeat=len(names))):
        if number % 7:
            continue
        ready = {name: whole[name] for name, is_done in zip(names, done) if is_done}
        copy = put(tmp_path / f"copy{number}", OLD | WORK | ready)
        update(copy, newer)
        after = listed(copy)
        after.pop("before-update.zip", None)
        assert after == whole
