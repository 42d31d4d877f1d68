"""Runs: what training leaves opens again, and damage and mistakes are told in one line."""

import importlib.util
import json
import shutil

import pytest
import torch
from training import small

from coursework import captioning
from coursework.files import InputError
from coursework.learn.loop import train
from coursework.run import Run, own_errors


@pytest.fixture(scope="module")
def finished(tiny_bundle, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    return train(tiny_bundle, small(cell_type="attn", epochs=1), out, progress=False)


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the run to damage."""
    return shutil.copytree(finished.path, tmp_path / "copy")


def module_from(path, code):
    """A module with this code in a file of its own, as a student's is."""
    path.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("theirs", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_opened_run_knows_how_it_came_about(finished, tiny_bundle):
    run = Run.open(finished.path)
    assert run.settings["recipe"]["hidden_dim"] == 8
    assert run.settings["bundle"]["fingerprint"] == tiny_bundle.fingerprint
    assert run.encoder == tiny_bundle.encoder
    assert run.vocabulary.words == tiny_bundle.vocabulary.words
    assert run.max_length == 9
    assert len(run.history["loss"]) == 6
    assert run.history["finished"] and run.history["seconds"] > 0


def test_its_model_is_a_captioner_in_eval_mode_that_says_the_same_each_time(finished, tiny_bundle):
    features = tiny_bundle.feature_batch(tiny_bundle.split("val"))
    captions = []
    for which in ("best", "last", "best"):
        model = Run.open(finished.path).model(which=which)
        assert isinstance(model, captioning.CaptioningRNN) and not model.training
        captions.append(model.sample(features, 9)[0])
    assert torch.equal(captions[0], captions[2])
    assert torch.equal(captions[0], captions[1])  # one epoch: the best weights are the last ones


def test_a_bundle_of_another_encoder_is_refused(tiny_bundle, tmp_path):
    settings = {"encoder": tiny_bundle.encoder | {"image_size": 99}}
    run = Run(tmp_path, settings, tiny_bundle.vocabulary, {})
    with pytest.raises(InputError, match="another encoder .image_size .* prepare it again"):
        run.check_encoder(tiny_bundle)
    Run(tmp_path, {"encoder": tiny_bundle.encoder}, tiny_bundle.vocabulary, {}).check_encoder(
        tiny_bundle
    )


def test_an_absent_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="no run at .*train"):
        Run.open(tmp_path / "absent")


@pytest.mark.parametrize("name", ["settings.json", "vocabulary.json", "history.json"])
@pytest.mark.parametrize("content", ["{", "[]", "null"])
def test_damaged_files_are_named(copy, name, content):
    (copy / name).write_text(content, encoding="utf-8")
    with pytest.raises(
        InputError, match=name if name != "settings.json" or content == "{" else "format"
    ):
        Run.open(copy)


def test_another_format_is_refused(copy):
    settings = json.loads((copy / "settings.json").read_text(encoding="utf-8"))
    (copy / "settings.json").write_text(json.dumps(settings | {"format": 99}), encoding="utf-8")
    with pytest.raises(InputError, match="format 99"):
        Run.open(copy)


def test_damaged_and_missing_weights_are_named(copy):
    data = bytearray((copy / "best.safetensors").read_bytes())
    data[-3] ^= 1
    (copy / "best.safetensors").write_bytes(data)
    with pytest.raises(InputError, match=r"damaged weights .*best\.safetensors"):
        Run.open(copy).model()
    (copy / "best.safetensors").unlink()
    with pytest.raises(InputError, match=r"no weights at .*best\.safetensors"):
        Run.open(copy).model()


def test_weights_of_another_model_are_refused(copy, tiny_bundle, tmp_path):
    other = train(tiny_bundle, small(hidden_dim=5, epochs=1), tmp_path / "other", progress=False)
    shutil.copy(other.path / "best.safetensors", copy / "best.safetensors")
    with pytest.raises(InputError, match="do not fit") as caught:
        Run.open(copy).model()
    assert "\n" not in str(caught.value)


def test_an_unwritten_function_is_named(tmp_path):
    code = "def outer():\n    inner()\n\n\ndef inner():\n    raise NotImplementedError('task 3')\n"
    module = module_from(tmp_path / "theirs.py", code)
    with (
        pytest.raises(InputError, match=r"^inner is not written yet \(theirs.py, line 6\)"),
        own_errors(module),
    ):
        module.outer()


def test_a_failing_function_is_named_with_the_line_and_the_reason(tmp_path):
    code = "import torch\n\n\nclass Net:\n    def go(self):\n        return torch.ones(2) @ torch.ones(3)\n"
    module = module_from(tmp_path / "theirs.py", code)
    with pytest.raises(
        InputError, match=r"Net.go fails \(theirs.py, line 6\): RuntimeError"
    ) as caught:
        with own_errors(module):
            module.Net().go()
    assert "\n" not in str(caught.value)


def test_a_module_without_the_class_is_told_so(finished, tmp_path):
    with pytest.raises(InputError, match=r"theirs.py.*CaptioningRNN"):
        finished.model(module_from(tmp_path / "theirs.py", "x = 1\n"))


def test_input_errors_and_interrupts_pass_unchanged():
    for error in (InputError("as it is"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, own_errors(captioning):
            raise error
        assert caught.value is error
