"""Processes that work together make the same bundle as one, and none of them waits for one that is gone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from teams import IMAGES

from coursework import together
from coursework.files import InputError
from coursework.together import Elsewhere, Team, in_step, team

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
STOPPED = [2, ["Elsewhere", "another of the processes that work together has stopped"]]


@pytest.fixture(scope="module")
def happened(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What came of each scenario in teams.py."""
    if not hasattr(os, "fork"):
        pytest.skip("the members of these teams are forked")
    scenarios = ["talk", "same", "killed", "unreadable", "refused", "restarted"]
    command = [sys.executable, HERE / "teams.py", tmp_path_factory.mktemp("teams"), *scenarios]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_they_tell_each_other(happened):
    for rank, (status, (gathered, shared, leads, total, summed, first)) in enumerate(
        happened["talk"]
    ):
        assert status == 0 and leads == (rank == 0)
        assert gathered == ([{"rank": 0}, {"rank": 1}, {"rank": 2}] if leads else None)
        assert shared == "from 0"
        assert total == summed == [3, 0 + 1 + 2]
        assert first == "0 "


def test_any_number_of_processes_makes_the_same_bytes_and_all_open_them(happened):
    assert len(happened["same"]) == 4  # teams.py compared the bytes
    assert {status for status, _ in happened["same"]} == {0}
    assert len({fingerprint for _, fingerprint in happened["same"]}) == 1


def test_whichever_is_killed_the_others_end_and_the_next_go_on_to_the_same_bytes(happened):
    for victim, (ends, done) in enumerate(happened["killed"]):
        assert ends[victim] == [-9, None] and ends[1 - victim] == STOPPED
        assert 0 < done < IMAGES


def test_an_unreadable_image_is_told_once_and_what_came_before_is_kept(happened):
    ends, done = happened["unreadable"]
    assert ends[0] == [2, ["InputError", "cannot read image tiny-021.png: image file is truncated"]]
    assert ends[1:] == [STOPPED, STOPPED]
    assert done == 20


def test_what_rank_0_refuses_ends_all(happened):
    ends = happened["refused"]
    assert ends[0][0] == 2 and "exists and is not a bundle" in ends[0][1][1]
    assert ends[1] == STOPPED


def test_torchrun_restarts_a_team_that_lost_one_and_it_goes_on_to_the_same_bytes(happened):
    assert [*happened["restarted"]] == ["0", "1"]  # teams.py compared the bytes


def test_alone(monkeypatch):
    for name in together.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    us = team()
    assert us == Team() and us.leads
    assert us.gather("a") == ["a"] and us.share("b") == "b"
    numbers = torch.ones(2)
    assert us.sum_(numbers) is numbers and numbers.tolist() == [1, 1]
    with us.first():
        us.wait()
    us.leave()


def test_a_team_of_one_under_torchrun_is_alone(monkeypatch):
    for name, value in zip(together.VARIABLES, ("0", "1", "localhost", "1"), strict=True):
        monkeypatch.setenv(name, value)
    assert team() == Team()


def test_an_environment_that_makes_no_sense(monkeypatch):
    for name, value in zip(together.VARIABLES, ("first", "2", "localhost", "1"), strict=True):
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match="RANK .* in the environment"):
        team()


def test_only_a_lost_process_is_elsewhere():
    with pytest.raises(Elsewhere), in_step():
        raise RuntimeError("[pair.cc:561] Connection closed by peer [127.0.0.1]:17561")
    with pytest.raises(RuntimeError, match="shapes differ"), in_step():
        raise RuntimeError("shapes differ")
