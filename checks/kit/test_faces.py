"""The faces of the checks: board, JSON, exit status, watching, pytest, notebook; and what stops a hand-in."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from checks import numeric
from checks.cases import EXERCISES
from checks.engine import Report, check_file
from checks.faces import asked, board, card, hints, ready, watch
from checks.faces.board import Board
from checks.faces.notebook import check, hint
from checks.faces.theirs import CHANGED
from checks.judging.judge import Result
from checks.running import child
from checks.running.watchdog import LIMITS, Limits, memory_in_use, watched
from coursework import __main__ as cli
from coursework.errors import InputError

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "coursework" / "captioning.py").read_text(encoding="utf-8")
RNN_STEP = "    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)\n"
CARRIED = "        prev_h, cache_t = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)\n"
EMBEDDED = "    return W_embed[words]\n"
LOOKED = "    positions = A.flatten(2)\n"
NOT_CARRIED = (
    CARRIED.replace("prev_h, cache_t", "next_h, cache_t") + "        prev_h = next_h * 0\n"
)


def file_with(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """A hand-in: the reference with pieces of text replaced."""
    text = REFERENCE
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    return path


def by_name(report: Report) -> dict[str, Result]:
    return {result.function: result for result in report.results}


# The names that are asked for


@pytest.mark.parametrize(
    "names, meant",
    [
        (["rnn_forward"], ["rnn_forward"]),
        (["lstm", "rnn_forward"], ["rnn_forward", "lstm_step_forward", "lstm_forward"]),
        (
            ["CaptioningRNN.sample"],
            [f"CaptioningRNN.sample[{cell}]" for cell in ("rnn", "lstm", "attn")],
        ),
        (["CaptioningRNN"], [name for name in EXERCISES if "." in name]),
        ([], list(EXERCISES)),
    ],
)
def test_a_name_is_a_function_a_part_a_method_or_a_class(names, meant):
    assert asked.exercises_named(names) == meant


@pytest.mark.parametrize(
    "name, near",
    [
        ("rnn_foward", "rnn_forward"),
        ("LSTM_forward", "lstm_forward"),
        ("CaptioningRNN.sampel", "CaptioningRNN.sample"),
        ("xyzzy", "rnn, words, lstm"),
    ],
)
def test_an_unknown_name_is_refused_with_near_ones(name, near):
    with pytest.raises(InputError, match=near.replace(".", r"\.")):
        asked.exercises_named([name])


def test_needs_come_before_what_needs_them():
    names = asked.with_needs(["CaptioningRNN.forward[rnn]", "rnn_backward"])
    for name in names:
        assert all(names.index(need) < names.index(name) for need in EXERCISES[name].needs)


def test_the_way_goes_by_notebooks():
    wanted = ["lstm_step_forward", "CaptioningRNN.sample[rnn]", "temporal_softmax_loss"]
    assert asked.first_on_the_way(wanted) == "temporal_softmax_loss"
    assert asked.first_on_the_way(wanted[:2]) == "CaptioningRNN.sample[rnn]"
    assert asked.first_on_the_way([]) is None


def report_on(**statuses: str) -> Report:
    """All exercises passed, but for those named (a dot stands as two underscores)."""
    statuses = {name.replace("__", "."): status for name, status in statuses.items()}
    results = [
        Result(e.name, e.part, statuses.get(e.function, "passed"), message=e.name)
        for e in EXERCISES.values()
    ]
    return Report("captioning.py", results)


def test_a_cell_is_ready_when_all_it_needs_passes():
    assert ready.ready_cells(report_on()) == ["rnn", "lstm", "attn"]
    assert ready.ready_cells(report_on(lstm_forward="blocked")) == ["rnn", "attn"]
    assert ready.ready_cells(report_on(temporal_softmax_loss="failed")) == []
    assert ready.ready_cells(report_on(rnn_backward="failed")) == ["rnn", "lstm", "attn"]


def test_what_is_not_written_is_refused_and_what_is_wrong_a_warning():
    report = report_on(lstm_forward="unwritten", CaptioningRNN__sample="failed")
    lstm = ready.readiness(report, "lstm")
    assert "lstm_forward is not written" in lstm.refusal()
    rnn = ready.readiness(report, "rnn")
    assert rnn.refusal() == "" and "CaptioningRNN.sample[rnn] is not right yet" in rnn.warning()
    assert ready.readiness(report_on(), "attn") == ready.Ready("attn", [], [])
    everything = report_on(**{name.replace(".", "__"): "unwritten" for name in EXERCISES})
    assert "rnn_step_forward, rnn_forward" in ready.readiness(everything, "rnn").refusal()
    broken = Report("x.py", [Result("rnn_forward", "rnn", "failed", "import", message="line 3")])
    with pytest.raises(InputError, match="line 3"):
        ready.readiness(broken, "rnn")


# The board


def report_of_every_kind() -> Report:
    return Report(
        "captioning.py",
        [
            Result("rnn_step_forward", "rnn", "passed", message="as it should be"),
            Result(
                "rnn_forward", "rnn", "failed", "values", [["a"]], "h is late. " * 20, ["so it is"]
            ),
            Result("word_embedding_forward", "words", "unwritten", message="not written yet"),
            Result("rnn_backward", "bptt", "blocked", message="waits for rnn_forward"),
        ],
        next_up="rnn_forward",
    )


def board_text(report: Report, detail: bool = False, stream: io.StringIO | None = None) -> str:
    stream = stream or io.StringIO()
    shown = Board(stream, detail)
    for result in report.results:
        shown.show(result)
    shown.finish(report)
    return stream.getvalue()


def test_the_board_says_of_each_function_what_there_is_to_say():
    text = board_text(report_of_every_kind())
    lines = {
        line.split()[1]: line for line in text.splitlines() if line[:2] == "  " and line[3:4] == " "
    }
    assert lines["rnn_step_forward"].endswith("passed")
    assert lines["rnn_forward"].endswith("wrong values")
    assert lines["word_embedding_forward"].endswith("not written yet")
    assert lines["rnn_backward"].endswith("waits for rnn_forward")
    assert "1 of 4 passed, 1 wrong, 1 not written yet, 1 waiting for another" in text
    assert "for a hint: python -m coursework hint rnn_forward" in text
    assert max(map(len, text.splitlines()[:-1])) <= 100
    assert [line for line in text.splitlines() if line in ("rnn", "words", "bptt")]
    assert "so it is" not in text
    assert "note: so it is" in board_text(report_of_every_kind(), detail=True)


def test_colours_are_for_terminals_that_want_them(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\033" not in board_text(report_of_every_kind())
    if sys.platform != "win32":
        assert "\033[32m" in board_text(report_of_every_kind(), stream=Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033" not in board_text(report_of_every_kind(), stream=Terminal())


def test_a_stream_of_few_letters_gets_plain_marks():
    class Windows(io.StringIO):
        encoding = "cp1252"

    report = report_of_every_kind()
    report.results[1].message = "∂h is late"
    text = board_text(report, detail=True, stream=Windows())
    assert "x rnn_forward" in text and "?h is late" in text
    text.encode("cp1252")


def test_hints_come_by_levels():
    levels = EXERCISES["rnn_forward"].hints
    for level in (1, 2, 3):
        text = "\n".join(board.hint_lines("rnn_forward", level))
        assert [hint in text for hint in levels] == [k < level for k in range(3)]
        assert (f"level={level + 1}" in text) == (level < 3)


def test_names_in_commands_survive_a_shell():
    report = Report("captioning.py", next_up="CaptioningRNN.sample[rnn]")
    assert 'hint "CaptioningRNN.sample[rnn]"' in board.next_step(report)


# The command line


def run(capsys, *argv):
    try:
        status = cli.main([str(word) for word in argv])
    except SystemExit as leaving:  # argparse
        status = leaving.code
    out, err = capsys.readouterr()
    return status, out, err


def test_json_is_one_object_of_the_contract(capsys, tmp_path):
    mine = file_with(tmp_path, (CARRIED, NOT_CARRIED), (EMBEDDED, "    print(words)\n" + EMBEDDED))
    status, out, _ = run(
        capsys, "check", "rnn", "words", "rnn_backward", "--json", "--module", mine
    )
    said = json.loads(out)
    assert status == 1
    assert set(said) == {"module", "passed", "total", "results"}
    assert (said["passed"], said["total"], said["module"]) == (3, 5, str(mine))
    fields = {"function", "part", "status", "stage", "mistakes", "message", "notes"}
    assert all(set(result) == fields for result in said["results"])
    found = {result["function"]: result for result in said["results"]}
    assert found["rnn_forward"]["status"] == "failed" and found["rnn_forward"]["stage"] == "values"
    assert found["rnn_backward"]["status"] == "blocked"
    assert found["rnn_step_forward"]["stage"] is None


@pytest.fixture
def hints_given(tmp_path, monkeypatch):
    """The file that remembers hints, elsewhere."""
    monkeypatch.setattr(hints, "GIVEN", tmp_path / "hints.json")
    return tmp_path / "hints.json"


def test_each_hint_is_given_in_its_turn(capsys, tmp_path, hints_given):
    mine = file_with(tmp_path, (RNN_STEP, "    raise NotImplementedError\n"))
    texts = EXERCISES["rnn_step_forward"].hints
    for turn, shown in enumerate([{0}, {1}, {2}, {0, 1, 2}], 1):
        status, out, _ = run(capsys, "hint", "--module", mine)  # on what is to be done next
        words = " ".join(out.split())
        assert status == 0 and "rnn_step_forward: not written yet" in words
        assert {number for number, text in enumerate(texts) if text in words} == shown
        assert ("the next, " in words) == (turn < 3)


def test_all_hints_up_to_a_level_can_be_had_at_once(capsys, tmp_path, hints_given):
    mine = file_with(tmp_path, (RNN_STEP, "    raise NotImplementedError\n"))
    _, out, _ = run(capsys, "hint", "rnn_step_forward", "--level", 2, "--module", mine)
    assert "hint 1 of 3" in out and "hint 2 of 3" in out and "hint 3 of 3" not in out
    hints_given.write_text("{", encoding="utf-8")
    _, out, _ = run(capsys, "hint", "rnn_step_forward", "--module", mine)
    assert "hint 1 of 3" in out


def test_a_hint_on_a_wrong_function_begins_with_what_is_wrong(capsys, tmp_path, hints_given):
    wrong = ("prev_h @ Wh + b)", "prev_h @ Wh.T + b)")
    _, out, _ = run(capsys, "hint", "rnn_step_forward", "--module", file_with(tmp_path, wrong))
    assert "wrong values" in out and "transpose of `Wh`" in out and "a nudge: " in out
    assert "hint 1 of 3" in out
    status, out, _ = run(capsys, "hint", "word_embedding_forward")
    assert status == 0 and out.strip() == "word_embedding_forward: passed"


@pytest.mark.parametrize(
    "argv, said",
    [
        (["rnn_foward"], "rnn_forward"),
        (["--module", "gone.py"], "gone.py"),
        (["--json", "--watch"], "--json"),
    ],
)
def test_bad_input_is_refused_in_one_line(capsys, argv, said):
    status, _, err = run(capsys, "check", *argv)
    assert status == 2
    assert said in err.splitlines()[-1] and "Traceback" not in err


@pytest.mark.parametrize(
    "text, said",
    [
        ("import torch\nx = (\n", "mine.py, line 2: SyntaxError: '(' was never closed"),
        ("import torch\n\nimport nonsense_xyz\n", "mine.py, line 3: ModuleNotFoundError"),
        ("import os\nos._exit(3)\n", "mine.py: it ended the whole process (exit status 3)"),
        ("while True:\n    pass\n", "mine.py, line "),
    ],
)
def test_a_file_that_cannot_be_imported_gets_file_line_and_reason(tmp_path, text, said):
    mine = tmp_path / "mine.py"
    mine.write_text(text, encoding="utf-8")
    report = check_file(mine, ["rnn"], limits=Limits(0.2))
    assert [result.stage for result in report.results] == ["import"] and report.total == 2
    assert said in report.results[0].message
    text = board_text(report)
    assert text.count("mine.py") == 1 and "Nothing can be checked" in text


# What has to be stopped


@pytest.fixture(scope="module")
def stopped(tmp_path_factory) -> Report:
    """One function that hangs, one that takes all memory, one that leaves, one that holds the interpreter."""
    endless = "    n = 0\n    while True:\n        n += 1\n"
    greedy = "    kept = []\n    while True:\n        kept.append(torch.ones(10_000_000))\n"
    leaving = "    import os\n    os._exit(7)\n"
    busy = "    N = 3 ** (10**9)\n"
    mine = file_with(
        tmp_path_factory.mktemp("stopped"),
        (RNN_STEP, endless),
        (EMBEDDED, greedy),
        ("    N = scores.shape[0]\n", leaving),
        (LOOKED, busy),
    )
    names = [
        "rnn_forward",
        "rnn_step_forward",
        "words",
        "lstm_step_forward",
        "dot_product_attention",
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child, "GRACE", 0.7)
        return check_file(mine, names, limits=Limits(1.5, 200e6, 2.0))


def test_a_loop_without_end_is_named(stopped):
    result = by_name(stopped)["rnn_step_forward"]
    assert (result.status, result.stage) == ("failed", "run")
    assert "still running after 1.5 s, in rnn_step_forward, line " in result.message
    assert by_name(stopped)["rnn_forward"].status == "blocked"
    assert stopped.next_up == "rnn_step_forward"


def test_a_function_that_takes_all_memory_is_named(stopped):
    message = by_name(stopped)["word_embedding_forward"].message
    assert "GB of memory, in word_embedding_forward, line " in message


def test_a_function_that_ends_the_process_is_named(stopped):
    assert "exit status 7" in by_name(stopped)["temporal_softmax_loss"].message


def test_a_function_that_does_not_let_go_is_ended_from_outside(stopped):
    result = by_name(stopped)["dot_product_attention"]
    assert result.status == "failed" and "had to be ended" in result.message


def test_the_others_are_judged_all_the_same(stopped):
    assert by_name(stopped)["lstm_step_forward"].status == "passed"


def test_the_watchdog_leaves_those_alone_that_come_to_an_end():
    calls = []
    assert watched(lambda: 5, calls.append, Limits(0.0, -1e12)) == 5
    watched(lambda: time.sleep(0.2), calls.append, Limits(0.0, 1e12))
    assert calls == ["it was still running after 0 s"]
    assert memory_in_use() > 1e6


def test_a_fault_of_the_checks_is_not_put_on_the_student(tmp_path, monkeypatch):
    from checks.hand_ins.hand_in import HandIn
    from checks.judging import verdicts as judging
    from checks.running import runner
    from checks.running.sources import Here

    def faulty(*_):
        raise KeyError("nothing there")

    mine = file_with(tmp_path)
    space = {"__name__": "space"}
    exec(mine.read_text(encoding="utf-8"), space)
    for module, name in ((runner, "run"), (judging, "judge")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, faulty)
            here = Here(HandIn(space), LIMITS)
            (result,) = judging.judged(here, "space", ["rnn_step_forward"]).results
        assert (
            "a fault of the checks, not yours" in result.message and "test_faces" in result.message
        )


# Watching


def test_what_a_save_changes_is_found():
    before = watch.units_of(REFERENCE)
    assert watch.affected(before, watch.units_of(REFERENCE + "\n# a comment\n")) == set()

    def changed(old, new):
        assert REFERENCE.count(old) == 1
        return watch.affected(before, watch.units_of(REFERENCE.replace(old, new)))

    needing = {"rnn_step_forward", "rnn_forward", "rnn_step_backward", "rnn_backward"}
    found = changed(RNN_STEP, "    next_h = torch.tanh(x @ Wx)\n")
    assert needing <= found and "lstm_forward" not in found
    found = changed("    next_c = f * prev_c + i * g\n    next_h", "    next_c = i * g\n    next_h")
    assert {"lstm_step_forward", "attention_lstm_step_forward", "lstm_forward"} <= found
    assert "rnn_forward" not in found and "dot_product_attention" not in found
    found = changed("    da_f = dc * prev_c * f * (1 - f)\n", "    da_f = dc * f * (1 - f)\n")
    assert found == {name for name in EXERCISES if name.endswith("backward") and "lstm" in name}
    assert changed('NULL, START, END = "<NULL>"', 'NULL, START, END = "<PAD>"') == set(EXERCISES)


class NoChild:
    def __init__(self, device):
        self.device = device

    def another(self):
        return self


def test_watching_checks_what_changed_and_survives_a_slip(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(watch, "Child", NoChild)
    asked_for = []

    def checked(path, names, on_result, child):
        asked_for.append(list(names))
        return Report(str(path), [Result(n, EXERCISES[n].part, "passed") for n in names])

    monkeypatch.setattr(watch, "check_file", checked)
    watching = watch.Watched(tmp_path / "mine.py", asked.exercises_named(["rnn", "lstm"]), "cpu")
    watching.saved(REFERENCE)
    watching.saved("def f(:\n")
    assert "mine.py, line 1: SyntaxError" in capsys.readouterr().out
    watching.saved(REFERENCE.replace(CARRIED, NOT_CARRIED))
    assert asked_for == [asked.exercises_named(["rnn", "lstm"]), ["rnn_forward"]]
    assert "4 of 4 passed" in capsys.readouterr().out


def test_saves_are_noticed_also_where_a_file_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(watch, "INTERVAL", 0.01)
    mine = tmp_path / "mine.py"
    with pytest.raises(InputError, match="mine.py"):
        next(watch.saves(mine))
    mine.write_text("a = 1\n", encoding="utf-8")
    texts = watch.saves(mine)
    assert next(texts) == "a = 1\n"
    (tmp_path / "new").write_text("a = 22\n", encoding="utf-8")
    mine.unlink()
    threading.Timer(0.05, lambda: os.replace(tmp_path / "new", mine)).start()
    assert next(texts) == "a = 22\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals as a terminal sends them")
def test_watching_ends_with_ctrl_c(tmp_path):
    mine = file_with(tmp_path)
    command = [
        sys.executable,
        "-m",
        "coursework",
        "check",
        "rnn_step_forward",
        "--watch",
        "--module",
    ]
    process = subprocess.Popen(
        [*command, str(mine)], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for line in process.stdout:
        if line.startswith("watching"):
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.strip().startswith("stopped; ") and "Traceback" not in err


# The notebook


def test_a_card_says_what_the_text_says_and_escapes_it():
    got, expected = np.zeros((2, 3, 4)), np.ones((2, 3, 4))
    result = Result(
        "rnn_forward",
        "rnn",
        "failed",
        "values",
        [],
        "`h` < 1 & <b>late</b>",
        ["so"],
        "<i>",
        ("h", got, expected),
    )
    html = card.card(result)
    assert "<code>h</code> &lt; 1 &amp; &lt;b&gt;late&lt;/b&gt;" in html and "&lt;i&gt;" in html
    assert "<script" not in html and "data:image/png;base64," in html
    assert html.count("<details") == 4 == html.count("</details>")
    assert "`h` < 1 & <b>late</b>" in board.text_of(result)


def test_a_function_of_the_notebook_is_checked():
    def rnn_step_forward(x, prev_h, Wx, Wh, b):
        raise NotImplementedError

    shown = check(rnn_step_forward)
    assert repr(shown) == "rnn_step_forward: not written yet"
    assert "rnn_step_forward" in shown._repr_html_()


def test_what_a_notebook_lacks_is_taken_from_the_module():
    space = {"__name__": "__main__", "torch": torch}
    source = """def rnn_forward(x, h0, Wx, Wh, b):
    h, caches = [], []
    for t in range(x.shape[1]):
        h0, cache = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h.append(h0)
        caches.append(cache)
    return torch.stack(h, dim=1), caches
"""
    exec("from coursework.captioning import rnn_step_forward\n" + source, space)
    assert repr(check(space["rnn_forward"])).startswith("rnn_forward passed")
    exec(source.replace("h0, cache =", "h1, cache =").replace("append(h0)", "append(h1)"), space)
    shown = check(space["rnn_forward"])
    assert shown.report.results[0].status == "failed" and "`h`" in repr(shown)


def test_a_file_that_changed_since_it_was_imported_is_read_again(tmp_path):
    mine = file_with(tmp_path)
    space = {"__name__": "mine", "__file__": str(mine)}
    exec(compile(mine.read_text(encoding="utf-8"), str(mine), "exec"), space)
    assert repr(check(space["rnn_forward"])).startswith("rnn_forward passed")
    file_with(tmp_path, (CARRIED, NOT_CARRIED))
    shown = check(space["rnn_forward"])
    assert shown.report.results[0].status == "failed" and CHANGED in repr(shown)
    mine.write_text("x = (\n", encoding="utf-8")
    assert "line 1: SyntaxError" in repr(check(space["rnn_forward"]))


def test_methods_names_and_parts_are_taken():
    from coursework.captioning import CaptioningRNN

    functions = [result.function for result in check(CaptioningRNN.sample).report.results]
    assert functions == [f"CaptioningRNN.sample[{cell}]" for cell in ("rnn", "lstm", "attn")]
    assert len(check("words", "rnn_forward").report.results) == 3
    assert "did you mean rnn_forward" in repr(check("rnn_foward"))
    assert "not int" in repr(check(3))


def test_a_loop_without_end_gives_the_notebook_back(monkeypatch):
    from checks.faces import notebook

    monkeypatch.setattr(notebook, "LIMITS", Limits(0.3))

    def rnn_step_forward(x, prev_h, Wx, Wh, b):
        n = 0
        while True:
            try:
                n += 1
            except Exception:
                pass

    message = repr(check(rnn_step_forward))
    assert "still running after 0.3 s, in rnn_step_forward, line " in message
    time.sleep(0.1)  # nothing comes after


def test_hints_in_a_notebook():
    where, idea, formula = EXERCISES["rnn_forward"].hints
    assert where in repr(hint("rnn_forward")) and idea not in repr(hint("rnn_forward"))
    assert formula in repr(hint("rnn_forward", level=3))
    assert "did you mean" in repr(hint("rnn_foward"))


# pytest


def test_pytest_shows_the_message_once_and_skips_the_rest(tmp_path):
    mine = file_with(tmp_path, (CARRIED, NOT_CARRIED))
    command = [sys.executable, "-m", "pytest", "checks/test_captioning.py", "--module", str(mine)]
    chosen = "rnn_forward and not lstm or rnn_backward or rnn_step_forward"
    result = subprocess.run(
        [*command, "-rfs", "-k", chosen], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 1
    assert "1 failed" in result.stdout and "FAILED" in result.stdout
    assert "test_captioning[rnn_forward-values]" in result.stdout
    assert "Traceback" not in result.stdout and "def test_captioning" not in result.stdout
    assert "waits for rnn_forward" in result.stdout


# numeric_gradient


def test_numeric_gradients_are_those_of_calculus():
    x = torch.tensor([[0.3, -1.2, 2.0]], dtype=torch.float64)
    kept, upstream = x.clone(), torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    found = numeric.numeric_gradient(torch.sin, x, upstream)
    assert torch.allclose(found, upstream * torch.cos(x), atol=1e-9)
    assert torch.equal(x, kept)
    assert torch.allclose(numeric.numeric_gradient(lambda x: x, x), torch.ones_like(x))
    assert torch.allclose(numeric.numeric_gradient(lambda _: (x**2).sum(), x), 2 * x)


def test_numeric_gradients_are_those_of_autograd():
    torch.manual_seed(0)
    x = torch.randn(4, 3, dtype=torch.float64).T.requires_grad_()  # strided
    W, upstream = torch.randn(4, 2, dtype=torch.float64), torch.randn(3, 2, dtype=torch.float64)
    (torch.tanh(x @ W) * upstream).sum().backward()
    found = numeric.numeric_gradient(lambda x: torch.tanh(x @ W), x, upstream)
    assert torch.allclose(found, x.grad, atol=1e-8) and not found.requires_grad


def test_numeric_gradient_says_what_it_cannot_do():
    x = torch.zeros(2, dtype=torch.float64)
    with pytest.raises(ValueError, match="float64"):
        numeric.numeric_gradient(torch.sin, x.float())
    with pytest.raises(TypeError, match="one tensor"):
        numeric.numeric_gradient(lambda x: (x, None), x)
    with pytest.raises(ValueError, match="shape"):
        numeric.numeric_gradient(torch.sin, x, torch.ones(2, 1, dtype=torch.float64))
    assert torch.equal(x, torch.zeros(2, dtype=torch.float64))
