"""Kill `build` at its dealings with the disk, go on, and compare: `python killed.py FOLDER EVERY`.

EVERY 1 tries each of them and takes minutes, 50 every 50th. A process of its own, so that it can fork
children before any thread runs. Prints the number of kills.
"""

import os
import random
import shutil
import signal
import sys
from pathlib import Path

import torch
from tiny import TinyEncoder, tiny_source

from coursework.files import sha256
from coursework.prepare import partial
from coursework.prepare.build import build
from coursework.vocabulary import VocabularyOptions

DEALINGS = {
    "open",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.truncate",
    "shutil.rmtree",
}


def make(out: Path, count: int = 14, minimum_count: int = 1) -> None:
    vocabulary = VocabularyOptions(minimum_count=minimum_count)
    settings = {"vocabulary": vocabulary, "batch_size": 4, "views": "flip", "progress": False}
    build(tiny_source(count), TinyEncoder(), out, **settings)


def killed_at(moment: int, out: Path) -> bool:
    """Make the bundle in a child that kills itself at its n-th dealing; whether it lived long enough to."""
    child = os.fork()
    if not child:
        _kill_self_at(moment, str(out.parent))
        make(out)
        os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def _kill_self_at(moment: int, folder: str) -> None:
    left, fsync = moment, os.fsync

    def deal() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, args: tuple) -> None:
        if event in DEALINGS and str(args[0]).startswith(folder):
            deal()

    def counted_fsync(file: int) -> None:
        deal()
        fsync(file)

    sys.addaudithook(hook)
    os.fsync = counted_fsync


def files(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in folder.iterdir()}


def main(folder: Path, every: int) -> None:
    """Into an empty place, over an older bundle, and over one that differs in its words alone.

    Every kill is followed by another at random.
    """
    torch.set_num_threads(1)
    partial.PATIENCE = 0.0  # every batch is kept: more moments to be killed at
    draws = random.Random(0)
    make(folder / "wanted")
    make(folder / "older", count=6)
    make(folder / "fewer-words", minimum_count=3)
    wanted, kills = files(folder / "wanted"), 0
    for older in ("", "older", "fewer-words"):
        out, moment, lived = folder / f"over-{older}", 1 - every, False
        while not lived:
            moment += every
            shutil.rmtree(out, ignore_errors=True)
            if older:
                shutil.copytree(folder / older, out)
            lived = not killed_at(moment, out)
            kills += not lived
            kills += killed_at(draws.randrange(1, 40), out)
            make(out)
            assert files(out) == wanted, f"killed at {moment}: {files(out)}"
            assert not out.with_name(out.name + ".partial").exists(), f"killed at {moment}"
    print(kills)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
