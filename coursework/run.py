"""A run: one training, in a folder of its own that scoring and captioning read.

    settings.json       what was trained on what: recipe, bundle, encoder
    vocabulary.json     the words the model knows
    history.json        "loss" of every step, "validation" with its "step" and "bleu4", "seconds", "finished"
    best.safetensors    the weights with the best validation score
    scores_SPLIT.json   what evaluate made of a split
    last.safetensors    the newest weights, and beside them what training needs to go on from there

`coursework.learn` writes it.
"""

import linecache
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from coursework.bundle import Bundle
from coursework.files import InputError, read_json, read_tensors, reason
from coursework.module import captioning_module
from coursework.vocabulary import Vocabulary

FORMAT = 1
SETTINGS = (
    "kind",
    "recipe",
    "bundle",
    "encoder",
    "input_dim",
    "cell_type",
    "ignore_index",
    "max_length",
)
HISTORY = {"loss", "validation", "seconds", "finished"}
# Names in last.safetensors that begin so belong to the optimiser; all others are weights of the model.
OPTIMISER = "optimiser/"
HANDOUT = Path(__file__).parents[1] / "handout.json"  # it names the exercises that are asked for


@dataclass(frozen=True)
class Run:
    """An opened run, read-only. Get one from `Run.open`."""

    path: Path
    settings: dict
    vocabulary: Vocabulary
    history: dict

    @classmethod
    def open(cls, path: str | os.PathLike) -> "Run":
        """Open the run in folder `path`. Raises InputError if there is none we can read."""
        path = Path(path)
        if not (path / "settings.json").is_file():
            there = sorted(each.parent.as_posix() for each in path.parent.glob("*/settings.json"))
            others = f"there are {', '.join(there)}; or " if there else ""
            raise InputError(
                f"no run at {path}: {others}make one with python -m coursework train --out {path}"
            )
        settings = read_json(path / "settings.json", "run settings")
        found = settings.get("format") if isinstance(settings, dict) else None
        if found != FORMAT:
            raise InputError(
                f"{path} has run format {found}, this version reads {FORMAT}: train again"
            )
        missing = [key for key in SETTINGS if key not in settings]
        if missing:
            raise InputError(
                f"damaged run settings {path / 'settings.json'}: no {missing[0]}: train again"
            )
        history = read_json(path / "history.json", "training history")
        if not isinstance(history, dict) or not HISTORY <= history.keys():
            raise InputError(
                f"damaged training history {path / 'history.json'}: entries are missing"
            )
        return cls(path, settings, Vocabulary.load(path / "vocabulary.json"), history)

    @property
    def encoder(self) -> dict:
        """The description of the encoder whose features the model reads."""
        return self.settings["encoder"]

    @property
    def max_length(self) -> int:
        """How many words to sample."""
        return self.settings["max_length"]

    def check_encoder(self, bundle: Bundle) -> None:
        """Raise InputError, saying what differs, unless `bundle` was made by the encoder of this run."""
        for key in self.encoder.keys() | bundle.encoder.keys():
            mine, other = self.encoder.get(key), bundle.encoder.get(key)
            if mine != other:
                raise InputError(
                    f"{bundle.path} was made by another encoder ({key} {other}) than the one that the model"
                    f" in {self.path} knows ({key} {mine}): prepare it again with that one"
                )

    def model(
        self,
        module: ModuleType | None = None,
        which: str = "best",
        device: str | torch.device = "cpu",
    ) -> nn.Module:
        """The trained model in eval mode, with the weights of `which`: "best" or "last".

        `module` is the one that holds CaptioningRNN (None: the kit's own). Raises InputError if the weights
        are missing, damaged or not those of that class.
        """
        file = self.path / f"{which}.safetensors"
        tensors = read_tensors(file, "weights", device)
        weights = {
            name: tensor for name, tensor in tensors.items() if not name.startswith(OPTIMISER)
        }
        model = build_model(self.settings, self.vocabulary, module).to(device)
        load_weights(model, weights, file)
        return model.eval()


def build_model(
    settings: dict, vocabulary: Vocabulary, module: ModuleType | None = None
) -> nn.Module:
    """A CaptioningRNN of `module` (None: the kit's own) with fresh weights, as the settings of a run say."""
    recipe, module = settings["recipe"], module or captioning_module()
    with own_errors(module):
        return module.CaptioningRNN(
            vocabulary.word_to_idx,
            input_dim=settings["input_dim"],
            wordvec_dim=recipe["wordvec_dim"],
            hidden_dim=recipe["hidden_dim"],
            cell_type=settings["cell_type"],
            ignore_index=settings["ignore_index"],
        )


def load_weights(model: nn.Module, weights: dict[str, Tensor], file: Path) -> None:
    """Fill `model` with the weights read from `file`. Raises InputError if they are another model's."""
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        wrong = " ".join(str(error).split())
        raise InputError(f"the weights in {file} do not fit this CaptioningRNN: {wrong}") from error


@contextmanager
def own_errors(module: ModuleType) -> Iterator[None]:
    """Turn what goes wrong in the code of `module` into an InputError that names the function and the line.

    Only calls into the module belong inside: whatever they raise is blamed on it.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(_where(error, module)) from error


def _where(error: Exception, module: ModuleType) -> str:
    """One line on an error out of `module`: in which of its functions, at which line, what."""
    file = Path(module.__file__)
    said = f"{type(error).__name__}: {reason(error)}" if str(error) else type(error).__name__
    frames = [
        (frame.f_code.co_qualname, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == module.__file__
    ]
    if not frames:
        return f"{file.name}: {said}"
    function, line = frames[-1]
    if isinstance(error, NotImplementedError) and "raise" in linecache.getline(
        module.__file__, line
    ):
        what_now = f"write it, then check it with python -m coursework check {function}"
        if not _asked_for(function):
            what_now = "this handout does not ask for it; a later one may"
        return f"{function} is not written yet ({file.name}, line {line}): {what_now}"
    return f"{function} fails ({file.name}, line {line}): {said}"


def _asked_for(function: str) -> bool:
    """Whether this kit asks students for a function: outside of a handout it asks for all."""
    try:
        asked = read_json(HANDOUT, "handout")["exercises"]
        return function in {name.split("[")[0] for name in asked}
    except (InputError, KeyError, TypeError, AttributeError):
        return True
