"""Kill pack, unpack and download at their dealings with the disk, go on, and compare:

    python killed_transfers.py FOLDER EVERY

EVERY 1 tries each of them. A process of its own, so that it can fork children before any thread runs. Prints
the number of kills.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

import torch
from faulty_server import Server
from killed import _kill_self_at, files, make

from coursework.prepare import download
from coursework.prepare.packed import pack, unpack


def killed_at(moment: int, folder: Path, work) -> bool:
    """Do `work` in a child that kills itself at its n-th dealing; whether it lived long enough to."""
    child = os.fork()
    if not child:
        download.CHUNK = 1 << 12  # many pieces
        _kill_self_at(moment, str(folder))
        work()
        os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def serve(body: bytes) -> tuple[int, str]:
    """A server in a process of its own; that process, and the address of the body there."""
    server = Server(body)
    child = os.fork()
    if not child:
        server.serve_forever()
    return child, server.at("tiny.zip")


def main(folder: Path, every: int) -> None:
    """Every kind of work, killed at every moment and done again, comes out as if nothing had happened."""
    torch.set_num_threads(1)
    make(folder / "tiny", count=6)
    pack(folder / "tiny", folder / "wanted.zip", progress=False)
    wanted, zipped = files(folder / "tiny"), (folder / "wanted.zip").read_bytes()
    child, url = serve(zipped)
    spoiled = folder / "spoiled"
    shutil.copytree(folder / "tiny", spoiled)
    with open(spoiled / "features.npy", "r+b") as file:
        file.seek(500)
        file.write(b"?")
    kills, place = 0, folder / "place"
    out, made = place / "out", place / "made.zip"
    works = {
        "pack": (lambda: pack(folder / "tiny", made, progress=False), None),
        "unpack": (lambda: unpack(folder / "wanted.zip", out, progress=False), None),
        "mend": (lambda: unpack(folder / "wanted.zip", out, progress=False), spoiled),
        "fetch": (lambda: unpack(url, out, progress=False), None),
    }
    for name, (work, before) in works.items():
        moment, lived = 1 - every, False
        while not lived:
            moment += every
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            if before:
                shutil.copytree(before, out)
            lived = not killed_at(moment, place, work)
            kills += not lived
            where = f"{name} killed at {moment}"
            assert not made.exists() or made.read_bytes() == zipped, where
            assert before or not out.exists() or files(out) == wanted, where
            work()
            left = {path.name for path in place.iterdir() if not path.name.startswith(".")}
            if name == "pack":
                assert left == {"made.zip"} and made.read_bytes() == zipped, where
            else:
                assert left - {"out.zip"} == {"out"} and files(out) == wanted, where
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print(kills)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
