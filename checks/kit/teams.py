"""Teams of processes that do what may happen to them: `python teams.py FOLDER SCENARIO ...`.

A process of its own, so that it can fork the members before any thread runs: a start of python for each would
take seconds. What happened is printed as JSON.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from tiny import TinyEncoder, tiny_source
from torch.distributed.launcher import LaunchConfig, elastic_launch

from coursework.files import InputError, sha256
from coursework.prepare import encode, partial
from coursework.prepare.build import build
from coursework.prepare.source import Source
from coursework.together import Team, team

IMAGES, BATCH = 29, 2  # fifteen batches, the last of one image


def members(size: int, body: Callable[[Team], object]) -> list[tuple[int, object]]:
    """Exit status (negative: the signal) and what the body returned or the error it raised, for each rank."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sys.stdout.flush()
    started = [_member(rank, size, port, body) for rank in range(size)]
    return [(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), _said(end)) for pid, end in started]


def _member(rank: int, size: int, port: int, body: Callable[[Team], object]) -> tuple[int, int]:
    """Start a process, as torchrun would; its id, and where to read what it has to say."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    places = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size}
    places |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in places.items()})
    status = 0
    try:
        said = body(team())
    except InputError as error:
        status, said = 2, [type(error).__name__, str(error)]
    os.write(writing, json.dumps(said).encode())
    os._exit(status)


def _said(end: int) -> object:
    with open(end, "rb") as pipe:
        return json.loads(pipe.read() or "null")


def tiny(at: Callable[[int], None] = lambda i: None) -> Source:
    """The tiny source; `at(i)` is called before image i is loaded."""
    source = tiny_source(IMAGES)
    load = source.load

    def loaded(i: int, side: int):
        at(i)
        return load(i, side)

    source.load = loaded
    return source


def made(us: Team | None, out: Path, at: Callable[[int], None] = lambda i: None) -> str:
    """Build the tiny bundle; the fingerprint."""
    settings = {"batch_size": BATCH, "views": "flip", "progress": False, "team": us}
    return build(tiny(at), TinyEncoder(), out, **settings).fingerprint


def content(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in folder.iterdir()}


def talk(folder: Path) -> list:
    """Whatever a team can say to each other, by three."""

    def body(us: Team) -> list:
        log = folder / "log"
        with us.first(), open(log, "a", encoding="utf-8") as file:
            file.write(f"{us.rank} ")
        us.wait()
        numbers = torch.tensor([1.0, us.rank])
        said = [us.gather({"rank": us.rank}), us.share(f"from {us.rank}"), us.leads]
        said += [us.sum_(numbers).tolist(), numbers.tolist(), log.read_text(encoding="utf-8")[:2]]
        us.leave()
        return said

    return members(3, body)


def same(folder: Path) -> list:
    """A bundle by one process, and by four, which do not all have a batch in the last round."""
    made(None, folder / "1")
    ends = members(4, lambda us: made(us, folder / "4"))
    assert content(folder / "4") == content(folder / "1")
    return ends


def killed(folder: Path) -> list:
    """Of two, the one that comes to a certain image is killed; two go on from there, or one."""
    made(None, folder / "wanted")
    wanted, ends = content(folder / "wanted"), []
    for image, later in ((20, 2), (22, 1)):  # one of rank 0's, one of rank 1's
        out = folder / f"{image}-{later}"

        def die(i: int, image: int = image) -> None:
            if i == image:
                os.kill(os.getpid(), signal.SIGKILL)

        first = members(2, lambda us: made(us, out, die))  # noqa: B023
        done = images_done(out)
        members(later, lambda us: made(us, out))  # noqa: B023
        assert content(out) == wanted, (image, later)
        ends.append([first, done])
    return ends


def unreadable(folder: Path) -> list:
    """Image 21, in a batch of rank 1 of three, cannot be read."""

    def fail(i: int) -> None:
        if i == 21:
            raise OSError("image file is truncated")

    return [members(3, lambda us: made(us, folder / "b", fail)), images_done(folder / "b")]


def images_done(out: Path) -> int:
    """How many images are kept of an unfinished bundle."""
    return json.loads((out.with_name(f"{out.name}.partial") / "progress.json").read_text())[
        "images"
    ]


def refused(folder: Path) -> list:
    """Rank 0 cannot begin: there is a file where the bundle should go."""
    (folder / "b").write_text("precious", encoding="utf-8")
    return members(2, lambda us: made(us, folder / "b"))


def restarted(folder: Path) -> dict[int, str]:
    """What is behind torchrun starts two, one is killed, and both are started again."""
    made(None, folder / "wanted")
    settings = {"rdzv_backend": "c10d", "rdzv_endpoint": "localhost:0", "start_method": "fork"}
    config = LaunchConfig(
        1, 1, 2, run_id="teams", max_restarts=1, monitor_interval=0.05, **settings
    )
    ends = elastic_launch(config, _made_at_second_try)(folder / "b")
    assert content(folder / "b") == content(folder / "wanted")
    return ends


def _made_at_second_try(out: Path) -> str:
    def die(i: int) -> None:
        if i == 22 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
            os.kill(os.getpid(), signal.SIGKILL)

    us = team()
    fingerprint = made(us, out, die)
    us.leave()
    return fingerprint


def main(folder: Path, scenarios: list[str]) -> None:
    torch.set_num_threads(1)
    encode.cores = lambda team: 1  # so that it is known how far a process runs ahead
    partial.PATIENCE = 0  # progress is noted after every batch
    results = {}
    for name in scenarios:
        (folder / name).mkdir()
        results[name] = globals()[name](folder / name)
    print(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
