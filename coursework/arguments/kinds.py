"""Values that arguments take."""

import argparse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = Path("data") if ROOT == Path.cwd() else ROOT / "data"


def positive(text: str) -> int:
    """A whole number of at least 1; argparse turns the error into one line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} should be a whole number of at least 1")
    return int(text)
