"""A recipe: the settings of a training, in a TOML file of their own."""

import os
import tomllib
from dataclasses import dataclass, field, fields
from math import isfinite
from pathlib import Path

from coursework.files import InputError, reason

FOLDER = Path(__file__).parent / "recipes"
CELL_TYPES = ("rnn", "lstm", "attn")


def _within(low: float, high: float) -> dict:
    """The metadata of a number that may be from `low` to `high`, both included."""
    return {"low": low, "high": high}


@dataclass(frozen=True)
class Recipe:
    """What the training loop is told. Every setting stands in every recipe: nothing is hidden in a default.

    Raises InputError, naming the setting, for a wrong type or a value out of range.
    """

    cell_type: str
    """rnn, lstm or attn"""
    wordvec_dim: int = field(metadata=_within(1, 8192))
    """D, size of a word vector"""
    hidden_dim: int = field(metadata=_within(1, 8192))
    """H, size of the state"""
    epochs: int = field(metadata=_within(1, 1_000_000))
    """how often every (image, caption) pair is seen"""
    batch_size: int = field(metadata=_within(1, 65536))
    """pairs in a step"""
    learning_rate: float = field(metadata=_within(1e-8, 10))
    """the highest, reached after the warm-up"""
    warmup_steps: int = field(metadata=_within(0, 1_000_000))
    """steps over which the learning rate rises from 0"""
    final_fraction: float = field(metadata=_within(0, 1))
    """what is left of the learning rate at the end of its fall along a cosine"""
    weight_decay: float = field(metadata=_within(0, 10))
    """of matrices; biases and word vectors are left alone"""
    gradient_clip: float = field(metadata=_within(1e-6, 1e6))
    """a longer gradient is shortened to this norm"""
    seed: int = field(metadata=_within(0, 2**31 - 1))
    """of the first weights and of the order of the pairs"""
    max_words: int = field(metadata=_within(1, 1000))
    """captions are cut to so many words for training"""
    max_length: int = field(metadata=_within(1, 1000))
    """words sampled for an image, END included"""
    validate_every: int = field(metadata=_within(1, 1_000_000))
    """epochs from one validation to the next"""
    validation_images: int = field(metadata=_within(1, 1_000_000))
    """how many images of the split val are captioned in one; fewer if there are fewer"""

    def __post_init__(self):
        """Check types and ranges."""
        for setting in fields(self):
            _check(setting.name, getattr(self, setting.name), setting.type, setting.metadata)
        if self.cell_type not in CELL_TYPES:
            raise InputError(f"cell_type is {self.cell_type!r}, it should be {_either(CELL_TYPES)}")

    @classmethod
    def load(cls, name_or_path: str | os.PathLike) -> "Recipe":
        """A recipe by the name of one that ships or by the path of a .toml file.

        Raises InputError for an unknown name, an unreadable file, and settings unknown, missing or wrong.
        """
        path = _path(name_or_path)
        try:
            settings = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"cannot read recipe {path}: {reason(error)}") from error
        except ValueError as error:
            raise InputError(f"recipe {path} is not TOML: {reason(error)}") from error
        known = [setting.name for setting in fields(cls)]
        for name in settings:
            if name not in known:
                raise InputError(
                    f"recipe {path}: unknown setting {name}; known are {', '.join(known)}"
                )
        missing = [name for name in known if name not in settings]
        if missing:
            raise InputError(
                f"recipe {path}: no value for {', '.join(missing)}; begin with a copy of one in {FOLDER}"
            )
        try:
            return cls(**settings)
        except InputError as error:
            raise InputError(f"recipe {path}: {error}") from error


def recipe_names() -> list[str]:
    """The names of the recipes that ship, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def _path(name_or_path: str | os.PathLike) -> Path:
    """The file of a recipe. Raises InputError, listing the names, if there is none."""
    if str(name_or_path) in recipe_names():
        return FOLDER / f"{name_or_path}.toml"
    path = Path(name_or_path)
    if path.suffix != ".toml":
        raise InputError(
            f"no recipe {name_or_path}: choose {_either(recipe_names())}, or give a .toml file"
        )
    if not path.is_file():
        raise InputError(f"no recipe at {path}; those that ship are {', '.join(recipe_names())}")
    return path


def _check(name: str, value: object, wanted: type, limits: dict) -> None:
    """Raise InputError unless `value` has the wanted type and lies within the limits."""
    allowed = (int, float) if wanted is float else wanted
    if not isinstance(value, allowed) or isinstance(value, bool):
        kind = {int: "a whole number", float: "a number", str: "text"}[wanted]
        raise InputError(f"{name} is {value!r}, it should be {kind}")
    if limits and not (isfinite(value) and limits["low"] <= value <= limits["high"]):
        raise InputError(
            f"{name} is {value}, it should be from {limits['low']:g} to {limits['high']:g}"
        )


def _either(names: list[str] | tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
