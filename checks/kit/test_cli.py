"""The command line as a person meets it: bad input gives one clear line and exit status 2."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from checks.cases import EXERCISES
from coursework import __main__ as cli
from coursework.files import write_tensors
from coursework.prepare.scenes import COUNTS

ROOT = Path(__file__).parents[2]


def run(capsys, *argv):
    """Exit status, what was printed, and the error's lines."""
    try:
        status = cli.main([str(word) for word in argv])
    except SystemExit as leaving:  # argparse
        status = leaving.code
    out, err = capsys.readouterr()
    return status, out, [line for line in err.splitlines() if line.startswith("error: ")]


def refused(capsys, *argv):
    """The one line with which the command is refused."""
    status, _, errors = run(capsys, *argv)
    assert status == 2
    assert len(errors) == 1
    return errors[0]


@pytest.fixture
def photos(tmp_path):
    """Twelve small photos of every kind, and a caption each."""
    folder = tmp_path / "photos"
    folder.mkdir()
    modes = ["RGB", "L", "RGBA", "P", "CMYK", "LA"]
    for k in range(12):
        image = Image.new(modes[k % 6], (40 + k, 70 - k), k)
        image.save(folder / f"{k}.{'jpg' if modes[k % 6] in ('RGB', 'L', 'CMYK') else 'png'}")
    names = sorted(path.name for path in folder.iterdir())
    rows = [f'{name},"photo {k}, of nothing"' for k, name in enumerate(names)]
    (tmp_path / "captions.csv").write_text("image,caption\n" + "\n".join(rows), encoding="utf-8")
    return folder, tmp_path / "captions.csv"


@pytest.fixture
def weights(tmp_path):
    """Random weights of the smallest network, in a file."""
    import torchvision

    torch.manual_seed(0)
    network = torchvision.models.squeezenet1_1(weights=None)
    write_tensors(tmp_path / "net.safetensors", network.state_dict())
    return [
        "--encoder",
        "squeezenet1_1",
        "--weights",
        tmp_path / "net.safetensors",
        "--image-size",
        64,
    ]


def test_help_of_every_verb_teaches(capsys):
    verbs = [
        "demo",
        "check",
        "hint",
        "overfit",
        "prepare",
        "prepare scenes",
        "prepare folder",
        "prepare coco",
        "prepare flickr8k",
        "prepare karpathy",
        "prepare coco-pt",
        "prepare bundle",
        "bundle pack",
        "inspect",
        "train",
        "evaluate",
        "caption",
        "submit",
        "update",
        "release",
    ]
    for verb in verbs:
        status, out, _ = run(capsys, *verb.split(), "--help")
        assert status == 0
        assert len(out.split("options:")[0]) > 200 or "python -m coursework" in out, verb


def test_no_verb_shows_the_board():
    result = subprocess.run(
        [sys.executable, "-m", "coursework"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0
    everything = f"{len(EXERCISES)} of {len(EXERCISES)} passed"
    assert everything in result.stdout and "--help" in result.stdout.splitlines()[-1]


def test_bad_paths_and_values_are_refused_in_one_line(capsys, tmp_path, tiny_bundle):
    gone = tmp_path / "gone"
    assert "gone" in refused(capsys, "overfit", "--data", gone)
    assert "gone" in refused(capsys, "evaluate", "--run", gone, "--data", tiny_bundle.path)
    assert "gone" in refused(capsys, "caption", "--run", gone, "x.jpg")
    assert "gone" in refused(capsys, "prepare", "folder", gone, gone)
    assert "gone" in refused(capsys, "overfit", "--module", gone, "--data", tiny_bundle.path)
    no_recipe = refused(
        capsys, "train", "--recipe", "gone", "--data", tiny_bundle.path, "--out", gone
    )
    assert "scenes-attn" in no_recipe
    for verb in (["demo", "--out", gone], ["overfit"], ["train", "--out", gone]):
        where = ["--data", tiny_bundle.path, "--device", "nonsense"]
        assert "--device cpu" in refused(capsys, *verb, *where)
    for verb in (
        ["overfit", "--count", "0"],
        ["overfit", "--cell", "gru"],
        ["nonsense"],
        ["train"],
    ):
        assert run(capsys, *verb)[0] == 2


def test_a_module_that_does_not_import_is_named_with_its_line(capsys, tmp_path, tiny_bundle):
    broken = tmp_path / "mine.py"
    for text, expected in [
        ("import torch\nx = (\n", "line 2: SyntaxError"),
        ("import torch\n\nimport nonsense_xyz\n", "line 3: ModuleNotFoundError"),
        ("x = 1\n", "no class CaptioningRNN"),
    ]:
        broken.write_text(text, encoding="utf-8")
        said = refused(capsys, "overfit", "--module", broken, "--data", tiny_bundle.path)
        assert expected in said and "mine.py" in said


def test_the_line_of_a_module_is_told_when_its_path_is_relative(
    capsys, tmp_path, tiny_bundle, monkeypatch
):
    (tmp_path / "mine.py").write_text("x = 1\ny = undefined\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    said = refused(capsys, "overfit", "--module", "mine.py", "--data", tiny_bundle.path)
    assert "line 2: NameError" in said


def test_the_default_counts_are_those_of_the_demo():
    args = cli.parser({}).parse_args(["prepare", "scenes"])
    assert {split: getattr(args, split) for split in COUNTS} == COUNTS


def test_a_blank_module_is_told_what_to_write(capsys, tmp_path, tiny_bundle):
    text = (ROOT / "coursework/captioning.py").read_text(encoding="utf-8")
    body = "    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)\n"
    assert text.count(body) == 1
    mine = tmp_path / "mine.py"
    mine.write_text(text.replace(body, "    raise NotImplementedError\n"), encoding="utf-8")
    said = refused(capsys, "overfit", "--module", mine, "--data", tiny_bundle.path)
    assert "begin with rnn_step_forward" in said


def test_a_module_that_fails_its_checks_is_trained_with_a_warning(capsys, tmp_path, tiny_bundle):
    text = (ROOT / "coursework/captioning.py").read_text(encoding="utf-8")
    mine = tmp_path / "mine.py"
    mine.write_text(text.replace("prev_h @ Wh + b)", "prev_h @ Wh.T + b)"), encoding="utf-8")
    status = cli.main(
        ["overfit", "--module", str(mine), "--data", str(tiny_bundle.path), "--count", "2"]
    )
    out, err = capsys.readouterr()
    assert status == 0 and "2 of 2 captions" in out
    assert "warning: rnn_step_forward is not right yet" in err


def test_the_whole_way_on_photos(capsys, tmp_path, photos, weights):
    bundle, out = tmp_path / "bundle", tmp_path / "run"
    status, text, _ = run(
        capsys, "prepare", "folder", *photos, "--out", bundle, "--minimum-count", 1, *weights
    )
    assert status == 0 and "12 images" in text
    recipe = tmp_path / "short.toml"
    lines = (
        (ROOT / "coursework/learn/recipes/overfit.toml").read_text(encoding="utf-8").splitlines()
    )
    short = {"epochs": "epochs = 2", "hidden_dim": "hidden_dim = 8"}
    lines = [short.get(line.split(" ")[0], line) for line in lines]
    recipe.write_text("\n".join(lines), encoding="utf-8")
    train = ["train", "--recipe", recipe, "--data", bundle, "--out", out]
    assert run(capsys, *train)[0] == 0
    assert (out / "loss.png").stat().st_size > 1000
    assert "--resume" in refused(capsys, *train)
    evaluate = ["evaluate", "--run", out, "--data", bundle, "--split", "train"]
    status, text, _ = run(capsys, *evaluate, "--json")
    assert status == 0 and set(json.loads(text)["bleu"]) >= {"bleu1", "bleu4"}
    assert "no images in split 'moon'" in refused(capsys, *evaluate[:-1], "moon")
    picture = photos[0] / sorted(os.listdir(photos[0]))[0]
    where = ["--weights", weights[3]]
    status, text, _ = run(
        capsys, "caption", "--run", out, picture, "--out", tmp_path / "grids", *where
    )
    assert status == 0 and picture.name in text
    assert list((tmp_path / "grids").glob("*.png"))
    assert "--weights" in refused(capsys, "caption", "--run", out, picture)
    twin = tmp_path / "captions.png"
    twin.write_bytes(picture.read_bytes())
    overwriting = ["caption", "--run", out, twin, "--out", tmp_path, *where]
    assert "would be overwritten" in refused(capsys, *overwriting)
    assert twin.read_bytes() == picture.read_bytes()


def test_bad_photos_are_refused_by_name(capsys, tmp_path, photos, weights):
    folder, captions = photos
    prepare = ["prepare", "folder", folder, captions, "--out", tmp_path / "bundle", *weights]
    corrupt = folder / "0.jpg"
    whole = corrupt.read_bytes()
    corrupt.write_bytes(whole[: len(whole) // 2])
    assert "0.jpg" in refused(capsys, *prepare)
    corrupt.unlink()
    assert "0.jpg" in refused(capsys, *prepare)
    corrupt.write_bytes(whole)
    with captions.open("a", encoding="utf-8") as file:
        file.write("\n0.jpg,\n")
    assert "0.jpg" in refused(capsys, *prepare)
    captions.write_text("", encoding="utf-8")
    assert "no captions" in refused(capsys, *prepare)


def test_damaged_weights_are_refused(capsys, tmp_path, photos, weights):
    file = weights[3]
    data = bytearray(file.read_bytes())
    prepare = ["prepare", "folder", *photos, "--out", tmp_path / "bundle", *weights]
    file.write_bytes(data[: len(data) // 2])
    assert "net.safetensors" in refused(capsys, *prepare)
    data[-5] ^= 1
    file.write_bytes(data)
    assert "net.safetensors" in refused(capsys, *prepare)


def test_ctrl_c_ends_in_one_line_and_130(capsys, monkeypatch, tiny_bundle):
    def interrupted(text):
        def verb(args):
            raise KeyboardInterrupt(*text)

        return verb

    for text, said in [(("7 of 9 are kept",), "7 of 9 are kept"), ((), "nothing half-done")]:
        monkeypatch.setitem(cli.VERBS, "evaluate", interrupted(text))
        assert cli.main(["evaluate", "--run", "x"]) == 130
        assert said in capsys.readouterr().err


def test_check_says_so_where_there_is_no_such_device(capsys):
    said = refused(capsys, "check", "rnn_step_forward", "--device", "nonsense")
    assert "--device nonsense: not to be had here" in said
