"""Flip a bit of a bundle, read it all, count who notices: `python -m checks.kit.flips BUNDLE [COUNT] [SEED]`.

BUNDLE is left as it is, a copy of it suffers. A flip is "refused" with an InputError, "harmless" where all
that is read is still the same (a blank between two words of bundle.json), or "unnoticed". Prints how many
of each in every file; the exit status is 1 if one went unnoticed.
"""

import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from coursework.bundle import FILES, Bundle, records_hash
from coursework.files import InputError


def content(folder: Path) -> str:
    """A hash of all that a bundle gives to those who read it."""
    bundle = Bundle.open(folder)
    digest = hashlib.sha256(json.dumps(bundle.manifest, sort_keys=True).encode())
    digest.update(records_hash(bundle.images).encode())
    digest.update(" ".join(bundle.vocabulary.words).encode())
    for i in range(len(bundle.images)):
        for view in range(len(bundle.views)):
            digest.update(bundle.feature_batch([i], view).numpy())
        digest.update(np.asarray(bundle.thumbnail(i)))
    return digest.hexdigest()


def flips(folder: Path, count: int, seed: int = 0) -> Iterator[tuple[str, int, str]]:
    """Flip so many bits, one after the other, every file as often: yields file, position, what came of it."""
    draws, wanted = random.Random(seed), content(folder)
    for number in range(count):
        name = (*FILES, "bundle.json")[number % (len(FILES) + 1)]
        position = draws.randrange((folder / name).stat().st_size)
        bit = 1 << draws.randrange(8)
        _flip(folder / name, position, bit)
        try:
            outcome = "harmless" if content(folder) == wanted else "unnoticed"
        except InputError:
            outcome = "refused"
        _flip(folder / name, position, bit)
        yield name, position, outcome


def _flip(file: Path, position: int, bit: int) -> None:
    with open(file, "r+b") as opened:
        opened.seek(position)
        (byte,) = opened.read(1)
        opened.seek(position)
        opened.write(bytes([byte ^ bit]))


def main(bundle: Path, count: int = 200, seed: int = 0) -> int:
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(bundle, Path(folder) / "copy")
        found = Counter((name, outcome) for name, _, outcome in flips(copy, count, seed))
    outcomes = ("refused", "harmless", "unnoticed")
    print(f"{'':16}" + "".join(f"{outcome:>12}" for outcome in outcomes))
    for name in (*FILES, "bundle.json"):
        print(f"{name:16}" + "".join(f"{found[name, outcome]:12}" for outcome in outcomes))
    return any(found[name, "unnoticed"] for name in (*FILES, "bundle.json"))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *map(int, sys.argv[2:])))
