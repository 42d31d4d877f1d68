"""The instructor's verb of the command line: python -m coursework release."""

import argparse
from collections.abc import Callable
from pathlib import Path

RELEASE = """Makes the handout from this repository: captioning.py with the bodies of its exercises taken out,
checks with recorded answers, notebooks, and what else a student needs, as a folder and as a zip. It is
proved before it is let out: nothing is solved, no line of a solution is left, and the reference passes in
it.

    python -m coursework release handout
    python -m coursework release handout --parts rnn words captioner      this week
    python -m coursework release handout --parts lstm                     next week: added to the above
"""


def add_release(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the verb with its arguments; `add` as in coursework.arguments."""
    verb = add("release", "make the handout (for instructors)", RELEASE, device=False)
    verb.set_defaults(function=release)
    verb.add_argument("out", type=Path, metavar="OUT", help="the folder; OUT.zip comes beside")
    verb.add_argument(
        "--parts", nargs="+", metavar="PART", help="rnn words lstm attention captioner bptt (all)"
    )


def release(args: argparse.Namespace) -> None:
    from checks.classroom.release import parts_named, release

    print(release(args.out, parts_named(args.parts)))
