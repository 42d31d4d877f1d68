"""What the tests of the kit share."""

import importlib

import pytest
from tiny import TinyEncoder, tiny_source

from checks.paths import ROOT
from coursework.bundle import Bundle
from coursework.prepare.build import build


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """An open bundle of 40 images, 12 channels, a 3x4 grid, three captions an image; its folder is `.path`.

    All tests share it: one that wants to change or damage something copies the folder first.
    """
    return build(
        tiny_source(), TinyEncoder(), tmp_path_factory.mktemp("bundle") / "tiny", progress=False
    )


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch):
    """A function that imports what lies beside the notebooks, by name."""
    monkeypatch.syspath_prepend(str(ROOT / "notebooks"))
    return importlib.import_module
