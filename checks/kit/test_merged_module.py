"""A newer blank captioning.py in one that is worked in: what is new comes, what was written stays."""

import ast
import codecs
import itertools
import random
import warnings

import pytest
from growing import EMPTY, FIRST, NEW, SECOND, SOLVED, STEP, merged

from checks.classroom.parts import PARTS, check_complete
from checks.classroom.stubs import blank
from checks.paths import OWN
from coursework.errors import InputError
from coursework.handout.module import merged_module


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
