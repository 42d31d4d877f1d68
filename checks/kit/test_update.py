"""A newer handout in a folder that is worked in: notebooks, files, and nothing lost whatever fails."""

import hashlib
import itertools
import json
import os
import random
import stat
import zipfile
from pathlib import Path

import pytest

from coursework import __main__ as cli
from coursework import files as writing
from coursework.errors import InputError
from coursework.handout.notebook import merged_notebook
from coursework.handout.update import ASIDE, BEGUN_ANEW, LEFT_ALONE, NOTHING, update
from coursework.zipped import read_zip, unused, zip_bytes

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


STUB = b'raise NotImplementedError("Part rnn: write step")'
BLANK = b"def step(x):\n    " + STUB + b'\n\n\ndef look(x):\n    """Attention."""\n'
SOLVED = BLANK.replace(STUB, b"return x  # mine")
OLD_BLANK = BLANK[: BLANK.index(b"def look")] + b"class Cell:\n    pass\n"
OLD_SOLVED = OLD_BLANK.replace(STUB, b"return x  # mine")


def handout(parts, cells, more=None, module=BLANK):
    """The files of a handout."""
    files = {
        "coursework/captioning.py": module,
        "coursework/update.py": f"# of {parts}\n".encode(),
        "notebooks/1_rnn.ipynb": notebook(*cells),
        "checks/answers.npz": bytes(parts, "ascii"),
        "data/README.md": b"data\n",
        "requirements.txt": b"torch\n",
        ".gitignore": b"runs\n",
        ".vscode/settings.json": b"{}\n",
    } | (more or {})
    manifest = {"format": 2, "parts": parts.split(), "exercises": ["step"]}
    manifest["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return files | {"handout.json": json.dumps(manifest).encode()}


def of_format_1(files):
    """The handout as it was before: the module of its own parts alone, and in handout.json once more."""
    manifest = json.loads(files["handout.json"]) | {"format": 1}
    text = files["coursework/captioning.py"]
    manifest |= {"module": hashlib.sha256(text).hexdigest(), "blank": text.decode()}
    return files | {"handout.json": json.dumps(manifest).encode()}


OLD = handout("rnn", KIT)
OLDEST = of_format_1(handout("rnn", KIT, module=OLD_BLANK))
NEWER = handout("rnn attention", MORE, {"notebooks/3_attention.ipynb": notebook(*KIT)})
WORK = {
    "coursework/captioning.py": SOLVED,
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
    assert after["coursework/captioning.py"] == SOLVED
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
    assert read_zip(mine / "before-update.zip") == {
        "notebooks/1_rnn.ipynb": WORK["notebooks/1_rnn.ipynb"]
    }
    said = "\n".join(lines)
    for words in (
        "new parts: attention",
        "notebooks/1_rnn.ipynb: 2 new cells",
        "notebooks/3_attention.ipynb: new",
        "2 other files of the kit",
        "before-update.zip keeps",
    ):
        assert words in said
    assert "captioning.py" not in said


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
    assert listed(mine)["coursework/captioning.py"] == BLANK


@pytest.mark.parametrize(
    "name, data, said",
    [
        (
            "notebooks/1_rnn.ipynb",
            b'{"cells": [',
            "notebooks/1_rnn.ipynb, line 1: not a whole notebook",
        ),
        ("handout.json", b"{", "damaged handout.json"),
        ("handout.json", b'{"format": 3}', "format 3, this version reads 2: unzip .* beside"),
        ("handout.json", b'{"format": 0}', "format 0, this version reads 2: take the zip"),
        ("handout.json", b'{"format": 2, "parts": 3}', "no parts in it"),
        ("handout.json", b'{"format": 1, "parts": ["rnn"], "exercises": []}', "no files in it"),
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
        (NEWER | {"coursework/captioning.py": SOLVED}, "not as it was handed out"),
        (OLDEST, "format 1, this version reads 2: take the zip"),
        ({"handout.json": NEWER["handout.json"]}, "no coursework/captioning.py"),
        (
            NEWER | {"checks/answers.npz": b"others"},
            "checks/answers.npz is not as it was handed out",
        ),
        (
            {name: data for name, data in NEWER.items() if "npz" not in name},
            "no checks/answers.npz",
        ),
        (NEWER | {"handout.json": b"[]"}, "format None"),
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


# The module


@pytest.mark.parametrize(
    "module",
    [
        BLANK,
        SOLVED,
        SOLVED.replace(b"\n", b"\r\n"),
        b"def f(:\n",
        b"",
        b"\xff\0",
        b"\xef\xbb\xbf" + SOLVED,
    ],
)
@pytest.mark.parametrize("blank", [BLANK, BLANK + b"# given\n"])
def test_a_module_is_left_alone_whatever_is_in_it(tmp_path, module, blank):
    mine = put(tmp_path / "mine", OLD | {"coursework/captioning.py": module})
    newer = handout("rnn attention", MORE, module=blank)
    lines = update(mine, put(tmp_path / "newer", newer))
    assert listed(mine) == newer | {"coursework/captioning.py": module}
    assert (LEFT_ALONE in lines) == (blank != BLANK)
    assert update(mine, tmp_path / "newer") == [NOTHING]
    assert listed(mine)["coursework/captioning.py"] == module


def test_a_module_as_it_was_handed_out_in_format_1_becomes_the_new_one(tmp_path, newer):
    for number, end in enumerate([b"\n", b"\r\n"]):
        untouched = {"coursework/captioning.py": OLD_BLANK.replace(b"\n", end)}
        mine = put(tmp_path / str(number), OLDEST | untouched)
        lines = update(mine, newer)
        assert "coursework/captioning.py: brought up to date" in lines
        assert listed(mine) == NEWER and BEGUN_ANEW[1] not in lines
        assert update(mine, newer) == [NOTHING]


def test_a_module_of_format_1_with_work_in_it_is_kept_beside_the_new_one(tmp_path, newer):
    for module in (OLD_SOLVED, b"def f(:\n", b""):
        taken = {"coursework/captioning-before.py": b"x = 1\n"}
        work = taken | {"coursework/captioning.py": module}
        mine = put(tmp_path / str(len(module)), OLDEST | work)
        lines = update(mine, newer)
        kept = taken | {"coursework/captioning-before-2.py": module}
        after = listed(mine)
        assert read_zip(mine / "before-update.zip") == {"coursework/captioning.py": module}
        assert {k: v for k, v in after.items() if k != "before-update.zip"} == NEWER | kept
        assert BEGUN_ANEW[0].format("captioning-before-2.py") in lines and BEGUN_ANEW[1] in lines
        put(mine, {"coursework/captioning.py": SOLVED})
        assert update(mine, newer) == [NOTHING]  # once
        assert listed(mine) == after | {"coursework/captioning.py": SOLVED}


def test_a_folder_elsewhere_is_updated_by_the_new_kit(tmp_path, newer, capsys):
    """As an old kit cannot: it knows nothing of the new format."""
    mine = put(tmp_path / "old", OLDEST | {"coursework/captioning.py": OLD_SOLVED})
    assert cli.main(["update", str(newer), "--folder", str(mine)]) == 0
    assert "captioning-before.py" in capsys.readouterr().out
    assert (mine / ASIDE).read_bytes() == OLD_SOLVED


def test_what_is_kept_of_a_module_is_no_module():
    assert not Path(ASIDE).stem.isidentifier()


# Whatever goes wrong


@pytest.mark.parametrize("begun", [OLD, OLDEST], ids=["now", "before"])
def test_whatever_rename_fails_all_is_as_before(mine, newer, monkeypatch, begun):
    put(mine, {"handout.json": begun["handout.json"]})
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


@pytest.mark.parametrize("begun", [OLD, OLDEST], ids=["now", "before"])
def test_an_update_that_was_killed_can_be_run_again(tmp_path, newer, begun):
    update(put(tmp_path / "whole", begun | WORK), newer)
    whole = listed(tmp_path / "whole")
    whole.pop("before-update.zip")
    first = [name for name in whole if "before" in name]  # what is kept of a module of format 1
    names = sorted(whole.keys() - {"handout.json", *first})  # the manifest is written last
    for number, done in enumerate(itertools.product([False, True], repeat=len(names))):
        if number % 7:
            continue
        ready = {name: whole[name] for name, is_done in zip(names, done) if is_done}
        ready |= {name: whole[name] for name in first}
        copy = put(tmp_path / f"copy{number}", begun | WORK | ready)
        update(copy, newer)
        after = listed(copy)
        after.pop("before-update.zip", None)
        assert after == whole
