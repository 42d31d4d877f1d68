"""Kill a whole `prepare` at random moments, resume it, compare the bundle with one made in one go.

    python -m checks.kit.bench_killed                                 fifty kills, 240 drawn scenes
    python -m checks.kit.bench_killed --kills 10 folder PHOTOS CAPTIONS.json --encoder mobilenet_v2 ...

What stands behind the options is given to `prepare` as it is. Prints what became of every kill; exit
status 1 if a bundle came out otherwise.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from checks.paths import ROOT
from coursework.files import sha256

SCENES = ["scenes", "--train", "200", "--val", "20", "--test", "20"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("prepare", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    source, draws = args.prepare or SCENES, random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        started = time.monotonic()
        prepare(source, whole).wait()
        seconds, wanted = time.monotonic() - started, content(whole)
        print(f"in one go: {seconds:.1f} s, {len(wanted)} files", flush=True)
        wrong = 0
        for number in range(1, args.kills + 1):
            wrong += not same(
                source, Path(folder) / "out", draws.uniform(0, seconds), wanted, number
            )
        print(f"{args.kills} kills, {args.kills - wrong} bundles identical, {wrong} not")
        return int(wrong > 0)


def same(source: list[str], out: Path, moment: float, wanted: dict, number: int) -> bool:
    """Kill after `moment` seconds, run again, compare; whether files and neighbours are as they should be."""
    killed = prepare(source, out)
    time.sleep(moment)
    was_running = killed.poll() is None
    killed.kill()  # SIGKILL, TerminateProcess on Windows
    killed.wait()
    left = sorted(path.name for path in out.parent.iterdir() if path.name != "whole")
    status = prepare(source, out).wait()
    good = status == 0 and content(out) == wanted
    good &= sorted(path.name for path in out.parent.iterdir()) == ["out", "whole"]
    state = "killed" if was_running else "was done"
    print(
        f"{number:3} {state} at {moment:5.2f} s, left {left}: {'same' if good else 'OTHER'}",
        flush=True,
    )
    shutil.rmtree(out, ignore_errors=True)
    return good


def prepare(source: list[str], out: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "coursework", "prepare", *source, "--out", str(out)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet)


def content(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in sorted(folder.iterdir())}


if __name__ == "__main__":
    sys.exit(main())
