"""What a training leaves on disk, so that Ctrl-C, a kill or a power cut loses little or nothing.

`last.safetensors` is what counts: weights, optimiser and the number of steps in one file, replaced in one go.
The best weights and the history are written before it: they may be ahead of it, never behind. What is ahead
is cut off when training goes on, and done again to the same end.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from coursework import __version__
from coursework.bundle import Bundle, refuse_bundle
from coursework.files import InputError, read_json, read_tensors, write_json, write_tensors
from coursework.learn.parallel import ALONE, agreed
from coursework.learn.recipe import Recipe
from coursework.run import FORMAT, OPTIMISER, Run, load_weights
from coursework.together import Team
from coursework.vocabulary import NULL, Vocabulary

SECONDS = 30  # at most so much work is lost within an epoch


def run_settings(bundle: Bundle, recipe: Recipe, kind: str = "train") -> dict:
    """The content of settings.json: all that is needed to build the model again and to go on.

    `kind` is "train", or "overfit" for a run that knows a few captions only.
    """
    return {
        "format": FORMAT,
        "kind": kind,
        "kit": __version__,
        "torch": torch.__version__,
        "recipe": asdict(recipe),
        "bundle": {
            "name": bundle.name,
            "fingerprint": bundle.fingerprint,
            "path": bundle.path.resolve().as_posix(),
        },
        "encoder": bundle.encoder,
        "input_dim": bundle.channels,
        "cell_type": recipe.cell_type,
        "ignore_index": bundle.vocabulary.word_to_idx[NULL],
        "max_length": recipe.max_length,
    }


def new_history() -> dict:
    """The history of a training that has not begun; see `coursework.run`."""
    return {"loss": [], "validation": [], "seconds": 0.0, "finished": False}


def start(folder: Path, settings: dict, vocabulary: Vocabulary, else_do: str) -> None:
    """Make `folder` a run of no steps yet.

    Raises InputError if it cannot be a folder or holds a run; `else_do` tells the user what to do then.
    """
    refuse_bundle(folder)
    if (folder / "settings.json").exists() or (folder / "last.safetensors").exists():
        raise InputError(f"{folder} already holds a run: {else_do}")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file: choose another --out")
    vocabulary.save(folder / "vocabulary.json")
    write_json(folder / "history.json", new_history())
    write_json(folder / "settings.json", settings)


def check_same(run: Run, settings: dict) -> None:
    """Raise InputError, saying what differs, unless `run` was started with the same recipe and bundle."""
    if run.settings["kind"] != settings["kind"]:
        raise InputError(f"{run.path} was left by {run.settings['kind']}: choose another --out")
    then, now = run.settings["recipe"], settings["recipe"]
    changed = [name for name in now if then.get(name) != now[name]]
    if changed:
        pairs = ", ".join(f"{name} {then.get(name)}, now {now[name]}" for name in changed)
        raise InputError(
            f"{run.path} was started with another recipe ({pairs}): choose another --out"
        )
    then, now = run.settings["bundle"], settings["bundle"]
    if then["fingerprint"] != now["fingerprint"]:
        names = f"{then['name']} {then['fingerprint'][:12]}, now {now['name']} {now['fingerprint'][:12]}"
        raise InputError(
            f"{run.path} was started on another bundle ({names}): choose another --out"
        )


class Keeper:
    """Writes the state of a training to `folder` and reads it back; without a folder, does nothing.

    Of a team, rank 0 alone does.
    """

    def __init__(
        self,
        folder: Path | None,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        team: Team = ALONE,
    ):
        self.folder, self.model, self.optimiser = folder if team.leads else None, model, optimiser
        self.team, self.saved = team, time.monotonic()

    def restore(self) -> dict:
        """Fill model and optimiser from the newest checkpoint, if there is one; returns its history.

        Raises InputError if the checkpoint is damaged.
        """
        with agreed(self.team):
            history = self._read()
        if self.team.size == 1:
            return history
        history, tensors = self.team.share((history, self._tensors()))
        self._fill_optimiser(tensors)
        self.model.load_state_dict(tensors)
        return history

    def _read(self) -> dict:
        """`restore` from the folder."""
        if not self.folder or not (self.folder / "last.safetensors").exists():
            return new_history()
        file = self.folder / "last.safetensors"
        try:
            tensors = read_tensors(file, "checkpoint")
            step = int(tensors.pop(OPTIMISER + "steps"))
            self._fill_optimiser(tensors)
        except KeyError as error:
            raise InputError(
                f"damaged checkpoint {file}: {error} is missing; {WHAT_NOW}"
            ) from error
        except InputError as error:
            raise InputError(f"{error}; {WHAT_NOW}") from error
        load_weights(self.model, tensors, file)
        history = read_json(self.folder / "history.json", "training history")
        history["loss"] = history["loss"][:step]
        history["validation"] = [entry for entry in history["validation"] if entry["step"] <= step]
        return history

    def _fill_optimiser(self, tensors: dict[str, Tensor]) -> None:
        """Move the optimiser's own tensors out of `tensors` into the state of their parameters."""
        parameters = dict(self.model.named_parameters())
        for key in [key for key in tensors if key.startswith(OPTIMISER)]:
            kind, name = key.removeprefix(OPTIMISER).split("/")
            parameter = parameters[name]
            self.optimiser.state[parameter][kind] = tensors.pop(key).to(parameter.device)

    def keep_best(self) -> None:
        """Write the weights as they are now as the best ones."""
        if self.folder:
            write_tensors(self.folder / "best.safetensors", self.model.state_dict())

    def due(self) -> bool:
        """Whether the newest checkpoint has grown old."""
        return time.monotonic() - self.saved > SECONDS

    def save(self, history: dict) -> None:
        """Write history and checkpoint."""
        if not self.folder:
            return
        tensors = self._tensors() | {OPTIMISER + "steps": torch.tensor(len(history["loss"]))}
        write_json(self.folder / "history.json", history)
        write_tensors(self.folder / "last.safetensors", tensors)
        self.saved = time.monotonic()

    def _tensors(self) -> dict[str, Tensor]:
        """Weights and optimiser by name, on the CPU."""
        tensors = dict(self.model.state_dict())
        for name, parameter in self.model.named_parameters():
            for kind, tensor in self.optimiser.state[parameter].items():
                tensors[f"{OPTIMISER}{kind}/{name}"] = tensor
        return {name: tensor.cpu() for name, tensor in tensors.items()}


WHAT_NOW = "the best weights are a file of their own and still good; to train, choose another --out"


@contextmanager
def stop_between_steps() -> Iterator[threading.Event]:
    """Ctrl-C sets the event that is yielded instead of breaking off mid-step; a second one breaks off."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed  # only the main thread can be told of Ctrl-C
        return
    before = signal.getsignal(signal.SIGINT)

    def note(signum, frame):
        signal.signal(signal.SIGINT, before)
        pressed.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
