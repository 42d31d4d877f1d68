"""The hand-in: what is in it, what it says is missing, and that nothing keeps a student from handing in."""

import json
from pathlib import Path

import pytest

from coursework.bundle import Bundle
from coursework.errors import InputError
from coursework.files import write_json
from coursework.hand_in.conclusions import PROMPT
from coursework.hand_in.submit import submit
from coursework.learn.overfit import overfit
from coursework.look.evaluate import evaluate, save_scores
from coursework.run import Run
from coursework.zipped import read_zip

MODULE = b"# gr\xc3\xb6\xc3\x9fer\r\nx = 1"
EVERY = [
    "rnn_forward",
    "CaptioningRNN.forward[rnn]",
    "CaptioningRNN.sample[rnn]",
    "CaptioningRNN.forward[lstm]",
]
WORDS = ["<NULL>", "<START>", "<END>", "<UNK>", "a", "car"]


def board(*statuses):
    statuses = statuses or ["passed"] * len(EVERY)
    results = [
        {
            "function": name,
            "part": "p",
            "status": status,
            "stage": None,
            "mistakes": [],
            "message": "",
            "notes": [],
        }
        for name, status in zip(EVERY, statuses)
    ]
    passed = statuses.count("passed")
    return {
        "module": "/home/ann/kit/captioning.py",
        "passed": passed,
        "total": len(results),
        "results": results,
    }


def cell(text, *tags, kind="markdown", **rest):
    return {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": text} | rest


def asked(text="Why?", answer=PROMPT):
    return [cell(text, "question", id="why"), cell(answer, "answer", id="why-answer")]


def notebook(folder, name, *cells):
    write_json(folder / "notebooks" / name, {"cells": list(cells), "metadata": {}, "nbformat": 4})


def run(folder, name, kind="train", cell_type="rnn", finished=True, **history):
    """A run as training leaves it, as far as anybody but the model reads it."""
    path = folder / "runs" / name
    recipe = {"cell_type": cell_type, "epochs": 2, "learning_rate": 0.01}
    bundle = {"name": "scenes", "fingerprint": "f" * 64, "path": "/home/ann/kit/data/scenes"}
    settings = {
        "format": 1,
        "kind": kind,
        "recipe": recipe,
        "bundle": bundle,
        "encoder": {},
        "input_dim": 4,
    }
    settings |= {"cell_type": cell_type, "ignore_index": 0, "max_length": 9}
    score = "recall" if kind == "overfit" else "bleu4"
    validation = [{"epoch": 1, "step": 1, score: 0.25}, {"epoch": 2, "step": 2, score: 1.0}]
    told = {"loss": [3.0, 0.5], "validation": validation, "seconds": 1.26, "finished": finished}
    if kind == "overfit" and finished:
        told |= {"recall": validation, "validation": [], "captions": 50, "attainable": 1.0}
    write_json(path / "settings.json", settings)
    write_json(path / "vocabulary.json", {"words": WORDS})
    write_json(path / "history.json", told | history)
    return path


@pytest.fixture
def kit(tmp_path):
    """A kit in which nothing was done but the module saved."""
    (tmp_path / "kit" / "coursework").mkdir(parents=True)
    (tmp_path / "kit" / "coursework" / "captioning.py").write_bytes(MODULE)
    return tmp_path / "kit"


@pytest.fixture
def done(kit):
    """A kit in which all is done."""
    for cell_type in ("rnn", "lstm"):
        run(kit, f"scenes-{cell_type}", cell_type=cell_type)
        run(kit, f"scenes-overfit-{cell_type}", "overfit", cell_type)
    notebook(kit, "1_rnn.ipynb", cell("# A vanilla RNN"), *asked(answer="Because *it* is."))
    return kit


def contents(path):
    files = read_zip(path)
    assert sorted(files) == ["captioning.py", "conclusions.md", "results.json"]
    results = json.loads(files["results.json"])
    return files["captioning.py"], files["conclusions.md"].decode(), results


def page_of(kit):
    return contents(submit(kit, board()).path)[1]


def test_a_complete_hand_in_lacks_nothing(done):
    made = submit(done, board())
    module, page, results = contents(made.path)
    assert made.path == done / "hand-in.zip" and made.missing == made.notes == []
    assert "4 of 4 functions passed, 1 of 1 questions answered, 4 runs" in made.text()
    assert made.text().endswith("Nothing is missing.")
    assert module == MODULE
    assert page == (
        "# Conclusions\n\n## A vanilla RNN (1_rnn.ipynb)\n\n> Why?\n\nBecause *it* is.\n"
    )
    assert results["board"] == board() | {"module": "coursework/captioning.py"}
    assert results["questions"] == {"asked": 1, "answered": 1}
    assert results["runs"][2] == {
        "name": "runs/scenes-overfit-rnn",
        "kind": "overfit",
        "cell": "rnn",
        "recipe": {"cell_type": "rnn", "epochs": 2, "learning_rate": 0.01},
        "bundle": {"name": "scenes", "fingerprint": "f" * 64},
        "steps": 2,
        "finished": True,
        "seconds": 1.3,
        "final_loss": 0.5,
        "recall": 1.0,
        "attainable": 1.0,
        "captions": 50,
        "best_bleu4": None,
        "scores": {},
    }
    assert results["runs"][3]["best_bleu4"] == 1.0 and results["runs"][3]["recall"] is None


def test_where_nothing_was_done_all_is_missing_and_the_hand_in_is_made(kit):
    notebook(kit, "1_rnn.ipynb", *asked("**Question.** What does\nthe map do?"), *asked("Why?"))
    made = submit(kit, board("passed", "failed", "unwritten", "blocked"))
    assert made.missing == [
        "CaptioningRNN.forward[rnn] is wrong",
        "CaptioningRNN.sample[rnn] is not written",
        "CaptioningRNN.forward[lstm] waits for another",
        "the rnn cell is not overfitted",
        "the rnn cell is not trained",
        "the lstm cell is not overfitted",
        "the lstm cell is not trained",
        "1_rnn.ipynb, question 1 (What does): no answer",
        "1_rnn.ipynb, question 2 (Why?): no answer",
    ]
    _, page, results = contents(made.path)
    assert page.count("(no answer)") == 2 and results["runs"] == []
    assert all(f"  {each}\n" in made.text() for each in made.missing)


def test_without_notebooks_and_captioner_nothing_is_asked_of_them(kit):
    report = board()
    report["results"] = report["results"][:1]
    made = submit(kit, report)
    assert made.missing == [] and "no questions" in contents(made.path)[1]


def test_without_a_module_there_is_nothing_to_hand_in(kit):
    (kit / "coursework" / "captioning.py").unlink()
    with pytest.raises(InputError, match="no module to hand in"):
        submit(kit, board())


# Where it goes


def test_the_same_work_gives_the_same_bytes_and_nothing_is_written_over(done):
    made = [submit(done, board()).path for _ in range(3)]
    assert [path.name for path in made] == ["hand-in.zip", "hand-in-2.zip", "hand-in-3.zip"]
    assert len({path.read_bytes() for path in made}) == 1


def test_an_out_that_exists_is_refused(done, tmp_path):
    out = tmp_path / "mine.zip"
    assert submit(done, board(), out).path == out
    before = out.read_bytes()
    for taken in (out, tmp_path):
        with pytest.raises(InputError, match="overwrites nothing"):
            submit(done, board(), taken)
    assert out.read_bytes() == before and not (done / "hand-in.zip").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        submit(done, board(), tmp_path / "file" / "mine.zip")


def test_no_path_of_the_students_machine_is_handed_in(done, monkeypatch):
    monkeypatch.setenv("HOME", str(done.parent))
    monkeypatch.setenv("USERPROFILE", str(done.parent))
    monkeypatch.chdir(done)
    report = board("failed")
    report["results"][0]["message"] = (
        f"in {done}/coursework/captioning.py, not {done.parent}/x or {done}s/y"
    )
    run(done, "broken").joinpath("vocabulary.json").write_text("{")
    for root in (done, Path(".")):
        files = read_zip(submit(root, report).path)
        text = files["results.json"].decode()
        assert f"{done}/" not in text and "/home/ann" not in text
        assert json.loads(text)["board"]["results"][0]["message"] == (
            "in coursework/captioning.py, not ~/x or ~/kits/y"
        )


# Questions and answers


@pytest.mark.parametrize("answer", ["", "  \n", PROMPT, f"\n{PROMPT} \n"])
def test_an_answer_left_as_it_was_is_none(kit, answer):
    notebook(kit, "1.ipynb", *asked(answer=answer))
    assert "1.ipynb, question 1 (Why?): no answer" in submit(kit, board()).missing


@pytest.mark.parametrize(
    "answer, wanted",
    [
        (f"{PROMPT} yes", "yes"),
        (f"{PROMPT}\n\n- one\n- $x^2$\n", "- one\n- $x^2$"),
        (["It\n", "is."], "It\nis."),
        ("![a](attachment:a.png) as here", "![a](attachment:a.png) as here"),
        ("# Größer\n\n| a |\n|---|", "# Größer\n\n| a |\n|---|"),
        ("cut \ud83d off", "cut ? off"),
    ],
)
def test_answers_are_kept_as_they_were_written(kit, answer, wanted):
    (kit / "notebooks").mkdir()
    content = {"cells": asked(answer=answer)}
    (kit / "notebooks" / "1.ipynb").write_text(json.dumps(content))
    assert page_of(kit) == f"# Conclusions\n\n## 1 (1.ipynb)\n\n> Why?\n\n{wanted}\n"


def test_an_answer_beside_its_cell_counts_and_the_kits_own_text_does_not(kit):
    mine, code = cell("Mine.", id="3fa9c1d2"), cell("1 + 1", kind="code", id="0123abcd")
    kits = cell("What to do next.", id="next")
    why, given = asked()
    for below in (
        [mine, given, kits],
        [given, mine, kits],
        [mine, kits],
        [given, code, mine, kits],
    ):
        notebook(kit, "1.ipynb", why, *below)
        assert page_of(kit).endswith("> Why?\n\nMine.\n"), below
    notebook(kit, "1.ipynb", why, given, kits, mine)
    assert "(no answer)" in page_of(kit)
    notebook(
        kit,
        "1.ipynb",
        why,
        cell("One.", "answer"),
        cell("two()", "answer", kind="code"),
        *asked("Who?"),
    )
    assert "One.\n\n```python\ntwo()\n```\n\n> Who?\n\n(no answer)" in page_of(kit)


def test_questions_come_in_the_order_of_the_notebooks_and_quoted_whole(kit):
    notebook(kit, "2_lstm.ipynb", cell("no heading"), *asked("Second?", "b"))
    notebook(
        kit,
        "1_rnn.ipynb",
        cell("code", kind="code"),
        cell("## *RNN*\ntext"),
        *asked("### First\n\nwhy?", "a"),
    )
    page = page_of(kit)
    assert (
        "## *RNN* (1_rnn.ipynb)\n\n> ### First\n>\n> why?\n\na\n\n## 2_lstm (2_lstm.ipynb)" in page
    )


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"cells": [1]}', b"\xff"])
def test_a_notebook_that_cannot_be_read_is_said_to_be_missing(done, data):
    (done / "notebooks" / "2_lstm.ipynb").write_bytes(data)
    made = submit(done, board())
    assert [each for each in made.missing if "2_lstm.ipynb" in each] == made.missing != []
    assert "Because" in contents(made.path)[1]


def test_cells_of_odd_kinds_and_a_huge_notebook_do_no_harm(kit):
    odd = [{}, {"cell_type": 3, "source": 5, "metadata": []}, {"metadata": {"tags": "question"}}]
    huge = cell("x", kind="code", outputs=[{"data": {"image/png": "A" * 5_000_000}}] * 4)
    notebook(kit, "1.ipynb", *odd, huge, *asked(answer="Yes."))
    assert page_of(kit).endswith("> Why?\n\nYes.\n")


# Runs


def test_unfinished_runs_are_told_from_finished_ones(kit):
    run(kit, "a", finished=False, validation=[], loss=[])
    run(kit, "b", "overfit", finished=False)
    run(kit, "c", "overfit", recall=[{"epoch": 1, "step": 1, "recall": 0.86}])
    run(kit, "mine/d", "overfit", "lstm", recall=[{"recall": 0.96}], attainable=0.96)
    report = board("passed", "passed", "passed", "passed")
    made = submit(kit, report)
    assert made.missing == [
        "the rnn cell is not trained: runs/a is not finished",
        "the lstm cell is not trained",
    ]
    records = {record["name"]: record for record in contents(made.path)[2]["runs"]}
    assert list(records) == ["runs/a", "runs/b", "runs/c", "runs/mine/d"]
    assert records["runs/a"]["final_loss"] is None and records["runs/a"]["best_bleu4"] is None
    assert records["runs/b"]["recall"] == 1.0 and not records["runs/b"]["finished"]
    for name in ("b", "mine/d"):
        (kit / "runs" / name / "settings.json").unlink()
    missing = submit(kit, report).missing
    assert "the rnn cell is not overfitted yet: 86 % of the captions came back" in missing


DAMAGE = {
    "settings.json": ["", "{", "[]", "null", '{"format": 2}', '{"format": 1}'],
    "history.json": ["", "3", '{"loss": 1, "validation": [], "seconds": 0, "finished": true}',
                     '{"loss": [], "validation": 3, "seconds": 0, "finished": true}',
                     '{"loss": ["x"], "validation": [], "seconds": 0, "finished": true}',
                     '{"loss": [], "validation": [3], "seconds": null, "finished": true}'],
    "vocabulary.json": ["", "{}"],
}  # fmt: skip


def test_damaged_runs_are_left_out_with_a_note(done):
    for file, contents_ in DAMAGE.items():
        for number, text in enumerate(contents_):
            (run(done, f"bad-{number}-{file}") / file).write_text(text)
    file = run(done, "bad-recipe") / "settings.json"
    write_json(file, json.loads(file.read_text()) | {"recipe": 3})
    (run(done, "bad-absent") / "history.json").unlink()
    made = submit(done, board())
    assert len(made.notes) == sum(map(len, DAMAGE.values())) + 2
    assert all(note.startswith("runs/bad-") and "\n" not in note for note in made.notes)
    _, _, results = contents(made.path)
    assert len(results["runs"]) == 4 and results["notes"] == made.notes and not made.missing


def test_scores_come_along_and_damaged_ones_are_left_out(done):
    path = done / "runs" / "scenes-rnn"
    save_scores({"split": "val", "bleu": {"bleu4": 0.25}, "odd": float("nan")}, path)
    save_scores({"split": "test", "bleu": {"bleu4": 0.5}}, path)
    (path / "scores_train.json").write_text("{")
    (path / "scores_x.json").write_text("[]")
    made = submit(done, board())
    record = next(
        each for each in contents(made.path)[2]["runs"] if each["name"] == "runs/scenes-rnn"
    )
    assert record["scores"] == {
        "test": {"split": "test", "bleu": {"bleu4": 0.5}},
        "val": {"split": "val", "bleu": {"bleu4": 0.25}, "odd": None},
    }
    assert len(made.notes) == 2 and "scores_train.json is left out" in made.notes[0]


def test_what_training_and_scoring_really_leave_is_read(kit, tiny_bundle: Bundle):
    path = kit / "runs" / "tiny-overfit-rnn"
    verdict = overfit(tiny_bundle, "rnn", path, count=2, progress=False)
    opened = Run.open(path)
    scores = evaluate(
        opened.model(), tiny_bundle, "val", opened.max_length, opened.vocabulary, progress=False
    )
    assert save_scores(scores, path) == path / "scores_val.json"
    made = submit(kit, board())
    (record,) = contents(made.path)[2]["runs"]
    assert record["recall"] == record["attainable"] == 1.0 and record["captions"] == 2
    assert (
        record["steps"] == len(verdict.history["loss"])
        and record["final_loss"] == verdict.history["loss"][-1]
    )
    assert record["scores"]["val"]["bleu"] == scores["bleu"]
    assert record["bundle"] == {"name": "tiny", "fingerprint": tiny_bundle.fingerprint}
    assert not made.notes and "the rnn cell is not overfitted" not in made.missing
