"""Two processes that train together do what one does, and say what goes wrong once.

One of them is this one, so that torch is imported once less.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import nn
from trained_together import RECIPE, SCORING_BATCH, scenes

from coursework.files import read_tensors
from coursework.learn import loop, parallel
from coursework.learn.loop import train
from coursework.learn.parallel import part
from coursework.run import Run
from coursework.together import Team, team

KIT = Path(__file__).parent
pytestmark = pytest.mark.skipif(
    not dist.is_available() or not dist.is_gloo_available(), reason="torch comes without gloo here"
)


@pytest.fixture(scope="module")
def seen(tiny_bundle, tmp_path_factory) -> tuple[dict, dict, Path]:
    """What two processes saw of every scene, and the folder that they wrote to."""
    out = tmp_path_factory.mktemp("together")
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port)}
    shared |= {"TORCHELASTIC_USE_AGENT_STORE": "True", "LOCAL_WORLD_SIZE": "2"}
    command = [sys.executable, str(KIT / "trained_together.py"), str(tiny_bundle.path), str(out)]
    theirs = {"RANK": "1", "LOCAL_RANK": "1", "OMP_NUM_THREADS": "1"}
    theirs |= {"PYTHONPATH": os.pathsep.join([str(KIT), str(KIT.parents[1])])}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in shared.items():
            patch.setenv(name, value)
        other = subprocess.Popen(command, env=os.environ | theirs, stdout=subprocess.PIPE)
        try:
            assert other.stdout.readline().strip() == b"ready"
            patch.setenv("RANK", "0")
            patch.setattr(loop, "SCORING_BATCH", SCORING_BATCH)
            us = team()
            mine = scenes(tiny_bundle, out / "of-0", us)
            us.leave()
            assert other.wait(timeout=60) == 0
        finally:
            other.kill()
            other.communicate()
            if dist.is_initialized():
                dist.destroy_process_group()
    return mine, json.loads((out / "1.json").read_text(encoding="utf-8")), out


@pytest.fixture(scope="module")
def alone(tiny_bundle, tmp_path_factory) -> Run:
    """The same training in one process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "SCORING_BATCH", SCORING_BATCH)
        return train(tiny_bundle, RECIPE, tmp_path_factory.mktemp("alone") / "run", progress=False)


def test_two_processes_have_the_losses_scores_and_weights_of_one(seen, alone):
    mine, theirs, out = seen
    assert mine["whole"] == theirs["whole"]
    assert mine["whole"]["loss"] == pytest.approx(alone.history["loss"], rel=1e-4)
    assert mine["whole"]["validation"] == alone.history["validation"]
    for name in ("last", "best"):
        one = read_tensors(alone.path / f"{name}.safetensors", "weights")
        two = read_tensors(out / "of-0" / "whole" / f"{name}.safetensors", "weights")
        assert one.keys() == two.keys()
        for key, tensor in one.items():
            torch.testing.assert_close(two[key], tensor, rtol=1e-3, atol=2e-5, msg=key)


def test_the_second_process_writes_nothing(seen):
    _, _, out = seen
    assert not (out / "of-1").exists()
    assert Run.open(out / "of-0" / "whole").history["finished"]


def test_every_image_is_validated_by_one_of_them(seen):
    for each in seen[:2]:
        assert [entry["bleu4"] for entry in each["spare"]["validation"]] == [pytest.approx(1)] * 3


def test_parameters_without_use_change_nothing(seen):
    mine, theirs, out = seen
    assert mine["spare"]["loss"] == theirs["spare"]["loss"] == mine["whole"]["loss"]
    kept = read_tensors(out / "of-0" / "spare" / "last.safetensors", "weights")
    assert "spare.weight" in kept and "optimiser/exp_avg/spare.weight" not in kept


def test_a_stop_of_one_stops_both_and_they_go_on_to_the_same_end(seen):
    mine, theirs, _ = seen
    for stopped in (mine["stopped"], theirs["stopped"]):
        assert stopped["error"] == "KeyboardInterrupt"
        assert "step 3 of 6 is kept in" in stopped["said"]
    assert mine["resumed"] == theirs["resumed"] == mine["whole"] == mine["finished"]


@pytest.mark.parametrize(
    ("scene", "who", "said"),
    [
        ("taken", 0, "already holds a run: add --resume"),
        ("unwritten", 0, "unwritten is not written yet"),
        ("one fails", 1, "mistaken fails .*FloatingPointError: on purpose"),
        ("diverged", 0, r"training has diverged \(loss inf.*lower learning_rate than 0.01"),
        ("unlike", 1, "process 1 was given another recipe or bundle"),
    ],
)
def test_what_goes_wrong_is_said_once_and_leaves_nobody_waiting(seen, scene, who, said):
    errors = [each[scene] for each in seen[:2]]
    assert errors[who]["error"] == "InputError" and errors[1 - who]["error"] == "Elsewhere"
    assert re.search(said, errors[who]["said"])


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_the_parts_of_a_batch_are_the_batch(count, size):
    parts = [part(count, Team(rank, size)) for rank in range(size)]
    rows = [list(range(count))[where] for where, share in parts if share]
    assert sorted(sum(rows, [])) == list(range(count))
    assert [len(some) for some in rows] == [round(share * count) for _, share in parts if share]
    assert all(len(range(count)[where]) >= 1 for where, _ in parts)  # something to go forward with


def test_one_process_needs_no_copy():
    model = nn.Linear(1, 1)
    assert parallel.copied(model, Team()) is model
