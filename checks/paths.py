"""Where the kit lies, and the file that is checked where none is named."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OWN = ROOT / "coursework" / "captioning.py"
