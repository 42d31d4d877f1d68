"""The structure, held: who may import whom, and what a bare import costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "coursework"
NETWORK = {"urllib", "http", "requests", "socket", "ftplib", "httpx", "aiohttp"}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_by(path):
    """Every module that a file imports, anywhere in it, as absolute dotted names."""
    package = module_name(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names


FILES = {module_name(path): path for path in PACKAGE.rglob("*.py")}
GRAPH = {name: imported_by(path) & FILES.keys() for name, path in FILES.items()}


def room(name):
    """coursework.look.plots -> look; coursework.bundle -> bundle."""
    return (name.split(".") + [""])[1]


def forbidden(who, *rooms):
    return {
        (name, other)
        for name, others in GRAPH.items()
        if room(name) == who
        for other in others
        if room(other) in rooms
    }


def test_the_graph_is_not_empty():
    assert "coursework.captioning" in GRAPH
    assert any(room(other) == "bundle" for other in GRAPH["coursework.__main__"]) or len(GRAPH) > 15


def test_captioning_imports_torch_and_the_standard_library_alone():
    tops = {name.split(".")[0] for name in imported_by(FILES["coursework.captioning"])}
    assert tops - sys.stdlib_module_names == {"torch"}


def test_captioning_holds_no_ready_made_cells():
    text = FILES["coursework.captioning"].read_text(encoding="utf-8")
    ready_made = (
        "nn.RNN",
        "nn.LSTM",
        "nn.GRU",
        *("RNNCell(", "LSTMCell(", "GRUCell(", "_cell("),
        "scaled_dot_product_attention",
        "cross_entropy",
    )
    assert [name for name in ready_made if name in text] == []


def test_data_flows_one_way():
    assert forbidden("prepare", "learn", "look", "captioning") == set()
    assert forbidden("look", "learn") == set()
    ground = {"errors", "files", "zipped", "vocabulary", "views", "bundle", "together"}
    ground |= {"module", "run", "captioning"}
    aside = {"handout", "hand_in"}  # what goes from instructor to student and back
    rooms = ("prepare", "learn", "look")
    assert {pair for who in ground | aside for pair in forbidden(who, *rooms)} == set()
    assert {pair for who in (*ground, *rooms) for pair in forbidden(who, *aside)} == set()


def test_only_the_command_line_may_import_the_checks():
    guilty = {
        name
        for name, path in FILES.items()
        if any(other.split(".")[0] == "checks" for other in imported_by(path))
    }
    assert guilty <= {"coursework.__main__"}


def test_the_network_is_touched_in_one_file():
    guilty = {
        name
        for name, path in FILES.items()
        if {other.split(".")[0] for other in imported_by(path)} & NETWORK
        or "load_state_dict_from_url" in path.read_text(encoding="utf-8")
    }
    assert guilty == {"coursework.prepare.download"}


def test_nothing_imports_in_a_circle():
    done, under_way = set(), []

    def visit(name):
        assert name not in under_way, " -> ".join([*under_way, name])
        if name not in done:
            under_way.append(name)
            for other in GRAPH[name] - {"coursework", name}:
                visit(other)
            under_way.pop()
            done.add(name)

    for name in GRAPH:
        visit(name)
    assert done == set(GRAPH)


def test_nothing_from_disk_is_unpickled():
    for name, path in FILES.items():
        text = path.read_text(encoding="utf-8")
        assert {"dill", "joblib", "shelve"} & imported_by(path) == set(), name
        assert "pickle.load" not in text and "Unpickler" not in text, name
        assert "allow_pickle=True" not in text, name
        for call in ast.walk(ast.parse(text)):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "torch.load":
                assert "weights_only=True" in ast.unparse(call), name


@pytest.mark.parametrize("module", ["coursework", "coursework.captioning"])
def test_a_bare_import_brings_in_neither_torchvision_nor_matplotlib(module):
    heavy = "{'torchvision', 'matplotlib', 'nltk', 'PIL'}"
    code = f"import sys, {module}; print(sorted({heavy} & sys.modules.keys()))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_the_parent_of_a_check_needs_no_torch():
    faces = "checks, checks.faces.command, checks.faces.board, checks.faces.watch"
    modules = f"{faces}, checks.engine, checks.judging.verdicts"
    code = f"import sys, coursework.__main__, {modules}; print('torch' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"
