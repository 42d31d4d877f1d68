"""pytest checks --module FILE: the functions of that file, in place of coursework/captioning.py."""

import os
from pathlib import Path

import pytest

from checks.paths import OWN

if "PYTEST_XDIST_WORKER" in os.environ:  # processes side by side: one thread each, in torch too
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "the file with your functions (coursework/captioning.py)"
    parser.addoption("--module", type=Path, default=OWN, metavar="FILE", help=text)
