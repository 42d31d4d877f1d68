"""What two processes do that train the tiny bundle together, scene by scene; see test_ddp.

`python trained_together.py BUNDLE OUT` is the second of them, started with the variables that torchrun
sets. It says when it is ready, and leaves what it saw in OUT/1.json.
"""

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn
from training import module_with, small, true_captions

from coursework import captioning
from coursework.bundle import Bundle
from coursework.files import InputError
from coursework.learn import loop
from coursework.learn.loop import train
from coursework.together import Team, team

RECIPE = small(cell_type="attn", batch_size=83, epochs=3)  # 84 pairs: batches of 83 and of 1
SCORING_BATCH = 2  # the 6 images of val make 3 batches: 2 for one process, 1 for the other


def unwritten() -> None:
    raise NotImplementedError("task 5")


def mistaken() -> None:
    raise FloatingPointError("on purpose")


def scenes(bundle: Bundle, out: Path, us: Team) -> dict:
    """What came of every scene as seen from one process: losses and scores, or the error."""

    def tried(name: str, recipe=RECIPE, module=captioning, resume=False) -> dict:
        try:
            run = train(bundle, recipe, out / name, resume, module=module, progress=False, team=us)
        except (InputError, KeyboardInterrupt) as error:
            return {"error": type(error).__name__, "said": str(error)}
        return {"loss": run.history["loss"], "validation": run.history["validation"]}

    def disturbed(step: int, by: Callable, rank: int = us.rank) -> SimpleNamespace:
        """A module in whose forward something happens at a step, on one rank or on every."""

        def forward(self, features, captions):
            self.steps = getattr(self, "steps", 0) + 1
            loss = captioning.CaptioningRNN.forward(self, features, captions)
            return (by() or loss) if (self.steps, us.rank) == (step, rank) else loss

        module = module_with(forward=forward)
        module.__file__ = __file__
        return module

    class Spare(captioning.CaptioningRNN):
        """A model with parameters that its forward does not use, and captions without a fault."""

        def __init__(self, *args, **settings):
            super().__init__(*args, **settings)
            self.spare = nn.Linear(2, 3)

        def sample(self, features, max_length):
            captions = true_captions(bundle, features, max_length)
            return captions, torch.ones(*captions.shape, *bundle.grid)

    def endless() -> torch.Tensor:
        return torch.tensor(torch.inf, requires_grad=True)

    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)

    spare = SimpleNamespace(CaptioningRNN=Spare, __file__=__file__)
    return {
        "whole": tried("whole"),
        "spare": tried("spare", module=spare),
        "stopped": tried("stopped", module=disturbed(3, interrupt, rank=1)),
        "resumed": tried("stopped", resume=True),
        "finished": tried("whole", resume=True),
        "taken": tried("whole"),
        "unwritten": tried("unwritten", module=disturbed(1, unwritten)),
        "one fails": tried("one-fails", module=disturbed(3, mistaken, rank=1)),
        "diverged": tried("diverged", module=disturbed(4, endless, rank=1)),
        "unlike": tried("unlike", replace(RECIPE, seed=us.rank)),
    }


def main(bundle: Path, out: Path) -> None:
    torch.set_num_threads(1)
    loop.SCORING_BATCH = SCORING_BATCH
    print("ready", flush=True)
    us = team()
    seen = scenes(Bundle.open(bundle), out / "of-1", us)
    (out / "1.json").write_text(json.dumps(seen), encoding="utf-8")
    us.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
