"""pytest checks --module FILE: the functions of that file, in place of coursework/captioning.py."""

from pathlib import Path

import pytest

from checks.paths import OWN


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "the file with your functions (coursework/captioning.py)"
    parser.addoption("--module", type=Path, default=OWN, metavar="FILE", help=text)
