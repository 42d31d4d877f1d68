"""Train the shipped encoder: a RegNet-X-400MF, from scratch, on drawn scenes that never repeat.

    python -m coursework.prepare.pretrain                   about an hour on two cores
    python -m coursework.prepare.pretrain --resume          goes on after Ctrl-C
    python -m coursework.prepare.pretrain --export-only     writes the weights of the last checkpoint

The labels are dense: every cell of the last feature map (7x7 at 224 px) has to say which thing
covers it, which colour that thing has and where its box lies in the picture. A network taught by
one label for the whole picture may put what it knows anywhere; this one has to keep it where the
thing is, which is what an attention model later points at. The heads are thrown away.
"""

import argparse
import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn
from torch.utils.data import DataLoader, Dataset
from torchvision.models import get_model

from coursework.files import (
    InputError,
    read_json,
    read_tensors,
    sha256,
    write_json,
    write_tensors,
    written_beside,
)

from . import scenes
from .drawn import drawing
from .encoder import MEAN, SCENES_WEIGHTS, STD

SEED_OFFSET = (
    1_000_003  # keeps these pictures apart from those of the bundles, whose seeds are small
)
PHASES = ((0.0, 128), (0.4, 160), (0.7, 224))  # from this share of the steps on: this many pixels
STRIDE = 32  # pixels of the picture for each cell of the last feature map
COVERED = 0.25  # a cell belongs to a thing that shows in this share of it


@dataclass(frozen=True)
class Settings:
    """What decides the result: steps of two rounds, pictures a step, seed, highest learning rate.

    The second round is a warm restart (Loshchilov & Hutter 2017) at the size of use, at half the rate.
    """

    steps: int = 3000
    more: int = 1200
    batch: int = 48
    seed: int = 0
    rate: float = 2e-3

    @property
    def total(self) -> int:
        """The steps of both rounds."""
        return self.steps + self.more

    def size_at(self, step: int) -> int:
        """Side of the pictures at this step, in pixels: small and quick at first."""
        return [size for start, size in PHASES if step >= start * self.steps][-1]

    def rate_at(self, step: int) -> float:
        """Learning rate of a round: a short linear rise, then half a cosine down to nothing."""
        length, highest = self.steps, self.rate
        if step >= self.steps:
            step, length, highest = step - self.steps, self.more, self.rate / 2
        rise = max(1, length // 20)
        if step < rise:
            return highest * (step + 1) / rise
        return highest * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, length - rise)))


def cell_labels(things: list[dict], cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each cell of a (cells, cells) grid shows.

    The first two say which of THINGS and of COLOURS, from 1 on; 0 is nothing. Third comes the box of
    that thing, float32 (4, cells, cells): zeros where there is none.

    A cell belongs to the thing whose box is visible in most of it, if that is COVERED of the cell
    (or of the box, where the box is smaller than a cell). `things` are in painting order: the later
    one hides the earlier.
    """
    fine = 8  # the boxes are painted on a grid this many times finer
    owner = np.full((cells * fine, cells * fine), -1)
    for index, thing in enumerate(things):
        x0, y0, x1, y1 = (round(min(max(edge, 0.0), 1.0) * cells * fine) for edge in thing["box"])
        owner[y0:y1, x0:x1] = index
    kinds, colours = np.zeros((cells, cells), np.int64), np.zeros((cells, cells), np.int64)
    boxes, best = np.zeros((4, cells, cells), np.float32), np.zeros((cells, cells))
    for index, thing in enumerate(things):
        x0, y0, x1, y1 = thing["box"]
        whole = min(1.0, (x1 - x0) * (y1 - y0) * cells**2)  # the most of one cell that it can fill
        shown = (owner == index).reshape(cells, fine, cells, fine).mean(axis=(1, 3))
        mine = (shown >= COVERED * whole) & (shown >= best) & (shown > 0)
        kinds[mine] = 1 + list(drawing.THINGS).index(thing["thing"])
        colours[mine] = 1 + list(drawing.COLOURS).index(thing["colour"])
        boxes[:, mine] = np.array(thing["box"], np.float32)[:, None]
        best[mine] = shown[mine]
    return kinds, colours, boxes


class Pictures(Dataset):
    """Pictures of one split and their labels, drawn when asked for: index -> {"image", "thing", ...}."""

    def __init__(self, split: str, seed: int, size: int, count: int, start: int = 0):
        self.split, self.seed, self.size, self.start, self.count = split, seed, size, start, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        scene = scenes.scene(self.split, self.start + index, seed=self.seed)
        image = np.array(scenes.picture(scene, self.size).convert("RGB"))
        kinds, colours, boxes = cell_labels(scenes.things(scene), self.size // STRIDE)
        return {
            "image": torch.from_numpy(image).permute(2, 0, 1),
            "thing": torch.from_numpy(kinds),
            "colour": torch.from_numpy(colours),
            "box": torch.from_numpy(boxes),
            "ground": torch.tensor(list(drawing.GROUNDS).index(scene.ground)),
            "time": torch.tensor(list(drawing.TIMES).index(scene.time)),
        }


def _deaf_to_interrupts(_worker: int) -> None:
    """Ctrl-C is the business of the main process, which then ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def loader(pictures: Pictures, batch: int, workers: int) -> DataLoader:
    """Batches in order, drawn ahead by `workers` processes."""
    ready = {"worker_init_fn": _deaf_to_interrupts, "prefetch_factor": 4} if workers else {}
    return DataLoader(pictures, batch, num_workers=workers, **ready)


def training_batches(
    settings: Settings, first: int, workers: int
) -> Iterator[dict[str, torch.Tensor]]:
    """The batches of steps first, first + 1, ...: pictures step * batch + i, resumed or not."""
    step = first
    while step < settings.total:
        size, end = settings.size_at(step), step
        while end < settings.total and settings.size_at(end) == size:
            end += 1
        count, start = (end - step) * settings.batch, step * settings.batch
        pictures = Pictures("train", settings.seed + SEED_OFFSET, size, count, start)
        yield from loader(pictures, settings.batch, workers)
        step = end


class Pupil(nn.Module):
    """The trunk of RegNet-X-400MF and the five heads that teach it."""

    def __init__(self):
        super().__init__()
        regnet = get_model("regnet_x_400mf", weights=None)
        self.stem, self.trunk_output = regnet.stem, regnet.trunk_output
        channels = regnet.fc.in_features
        self.thing = nn.Conv2d(channels, 1 + len(drawing.THINGS), 1)
        self.colour = nn.Conv2d(channels, 1 + len(drawing.COLOURS), 1)
        self.box = nn.Conv2d(channels, 4, 1)
        self.ground = nn.Linear(channels, len(drawing.GROUNDS))
        self.time = nn.Linear(channels, len(drawing.TIMES))

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """uint8 (N, 3, S, S) -> thing, colour, box (N, n, S/32, S/32), ground, time (N, n)."""
        cells = self.cells(image)
        whole = cells.mean(dim=(2, 3))
        return {
            "thing": self.thing(cells),
            "colour": self.colour(cells),
            "box": self.box(cells),
            "ground": self.ground(whole),
            "time": self.time(whole),
        }

    def cells(self, image: torch.Tensor) -> torch.Tensor:
        """uint8 (N, 3, S, S) -> the last feature map (N, 400, S/32, S/32)."""
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
        image = ((image / 255 - mean) / std).contiguous(memory_format=torch.channels_last)
        return self.trunk_output(self.stem(image))


def loss_of(scores: dict[str, torch.Tensor], batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Four cross entropies and the box error; most cells are empty, so an empty one counts less."""
    shows = (batch["thing"] > 0).unsqueeze(1)
    off = (scores["box"].float() - batch["box"]).abs() * shows
    loss = 2 * off.sum() / shows.sum().clamp(min=1)
    for name, score in scores.items():
        if name == "box":
            continue
        score, weight = score.float(), None
        if score.dim() == 4:
            weight = torch.ones(score.shape[1])
            weight[0] = 0.3
        loss = loss + F.cross_entropy(score, batch[name], weight)
    return loss


def right_of(scores: dict[str, torch.Tensor], batch: dict[str, torch.Tensor]) -> dict[str, float]:
    """Shares that are right: thing and colour together, box, empty cells, ground, time.

    A box is right whose edges are off by 0.04 of the picture on average, or less.
    """
    thing, colour = (scores[name].argmax(1) == batch[name] for name in ("thing", "colour"))
    shows = batch["thing"] > 0
    close = (scores["box"] - batch["box"]).abs().mean(1) <= 0.04
    right = {
        "things": (thing & colour)[shows],
        "boxes": close[shows],
        "empty": thing[~shows],
        "ground": scores["ground"].argmax(1) == batch["ground"],
        "time": scores["time"].argmax(1) == batch["time"],
    }
    return {name: values.float().mean().item() for name, values in right.items()}


class Training:
    """A training under way: pupil, running average, optimizer and step, saved in a folder."""

    def __init__(self, settings: Settings, folder: Path):
        self.settings, self.folder, self.step, self.seconds = settings, folder, 0, 0.0
        torch.manual_seed(settings.seed)
        self.pupil = Pupil().to(memory_format=torch.channels_last)
        self.average = AveragedModel(self.pupil, multi_avg_fn=get_ema_multi_avg_fn(0.99))
        self.optimizer = torch.optim.AdamW(
            self.pupil.parameters(), lr=settings.rate, weight_decay=0.05, fused=True
        )

    def take(self, batch: dict[str, torch.Tensor]) -> tuple[float, dict[str, float]]:
        """One step on one batch -> its loss and what was right."""
        self.pupil.train()
        if self.step == self.settings.steps:  # the second round begins with a fresh optimizer
            self.optimizer.state.clear()
        self.optimizer.param_groups[0]["lr"] = self.settings.rate_at(self.step)
        with torch.autocast("cpu", torch.bfloat16):
            scores = self.pupil(batch["image"])
        loss = loss_of(scores, batch)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.average.update_parameters(self.pupil)
        self.step += 1
        return loss.item(), right_of(scores, batch)

    def save(self) -> None:
        """Write the checkpoint (one file, so that an interruption never leaves half of one)."""
        tensors = {f"pupil.{name}": value for name, value in self.pupil.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in moments.items()}
        tensors |= {"step": torch.tensor(self.step), "seconds": torch.tensor(self.seconds)}
        write_json(self.folder / "settings.json", asdict(self.settings))
        write_tensors(self.folder / "checkpoint.safetensors", tensors)

    @staticmethod
    def load(folder: Path) -> "Training":
        """The training whose checkpoint lies in this folder; InputError where there is none."""
        if not (folder / "checkpoint.safetensors").exists():
            raise InputError(
                f"no checkpoint in {folder}: start without --resume, or name its folder with --work"
            )
        settings = Settings(**read_json(folder / "settings.json", "pretraining settings"))
        training = Training(settings, folder)
        tensors = read_tensors(folder / "checkpoint.safetensors", "checkpoint")
        parts = {part: {} for part in ("pupil", "average", "optimizer")}
        for name, value in tensors.items():
            part, _, rest = name.partition(".")
            if rest:
                parts[part][rest] = value
        training.pupil.load_state_dict(parts["pupil"])
        training.average.load_state_dict(parts["average"])
        moments, parameters = {}, list(training.pupil.parameters())
        for name, value in parts["optimizer"].items():
            index, _, moment = name.partition(".")
            if value.dim():  # the fused step reads memory in the order in which the parameter lies
                value = torch.empty_like(parameters[int(index)]).copy_(value).detach()
            moments.setdefault(int(index), {})[moment] = value
        training.optimizer.load_state_dict(training.optimizer.state_dict() | {"state": moments})
        training.step, training.seconds = int(tensors["step"]), float(tensors["seconds"])
        return training


def run(
    training: Training, workers: int, save_every: float = 120.0, report_every: float = 10.0
) -> None:
    """Train to the last step; a checkpoint every `save_every` seconds, at the end, and on Ctrl-C."""
    settings, folder_time, report_time = training.settings, time.monotonic(), time.monotonic()
    seen, before, began = 0, training.seconds, time.monotonic()
    try:
        for batch in training_batches(settings, training.step, workers):
            loss, right = training.take(batch)
            seen, now = seen + len(batch["image"]), time.monotonic()
            training.seconds = before + now - began
            if now - report_time >= report_every or training.step == settings.total:
                size, rate = batch["image"].shape[-1], seen / (now - report_time)
                shares = "  ".join(f"{name} {100 * share:.0f} %" for name, share in right.items())
                place = f"step {training.step}/{settings.total}  {size} px"
                line = f"{place}  loss {loss:.3f}  {shares}  {rate:.0f} images/s"
                print(line, file=sys.stderr, flush=True)
                seen, report_time = 0, now
            if now - folder_time >= save_every:
                training.save()
                folder_time = now
    finally:
        training.save()


def finished(
    training: Training, workers: int, count: int
) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    """The averaged trunk as shipped, in float16, and what it gets right on `count` val scenes.

    BatchNorm's statistics were gathered from bf16 activations at several sizes: they are measured
    anew, in float32 at the size of use, on training pictures. Then mean and standard deviation of every
    feature channel are measured on the same pictures: the encoder standardises its features by them.
    """
    pupil, size, seed = training.average.module, PHASES[-1][1], training.settings.seed + SEED_OFFSET
    pictures = Pictures("train", seed, size, max(64, count // 2))
    print(
        f"BatchNorm from {len(pictures)} pictures, accuracy on {count}", file=sys.stderr, flush=True
    )
    update_bn((batch["image"] for batch in loader(pictures, 32, workers)), pupil)
    pupil.half().float().eval()
    batches, scores = [], []
    with torch.no_grad():
        cells = [pupil.cells(batch["image"]) for batch in loader(pictures, 32, workers)]
        std, mean = torch.std_mean(torch.cat(cells), dim=(0, 2, 3))
        for batch in loader(Pictures("val", training.settings.seed, size, count), 50, workers):
            scores.append(pupil(batch.pop("image")))
            batches.append(batch)
    together = (
        {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        for parts in (scores, batches)
    )
    trunk = {"feature_mean": mean, "feature_std": std.clamp(min=1e-3)}
    for name, value in pupil.state_dict().items():
        if name.startswith(("stem.", "trunk_output.")):
            trunk[name] = value.half() if value.is_floating_point() else value
    return trunk, right_of(*together)


def export(
    training: Training,
    trunk: dict[str, torch.Tensor],
    right: dict[str, float],
    count: int,
    out: Path,
    options: str,
) -> None:
    """Write the trunk to `out` and its card, which names the options of the training, beside it."""
    write_tensors(out, trunk, {"licence": "MIT"})
    settings = training.settings
    stopped = f" (stopped at step {training.step} of {settings.total})"
    card = CARD.format(
        file=out.name,
        sha256=sha256(out),
        megabytes=out.stat().st_size / 1e6,
        settings=options,
        pictures=training.step * settings.batch,
        stopped="" if training.step == settings.total else stopped,
        minutes=training.seconds / 60,
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        count=count,
        **{name: 100 * value for name, value in right.items()},
    )
    with written_beside(out.with_suffix(".md")) as path:
        path.write_text(card, encoding="utf-8", newline="\n")


CARD = """\
# {file}

The encoder that the kit's drawn scenes are seen with: the trunk of torchvision's `regnet_x_400mf`
(400 channels, stride 32: 7x7 cells at 224 px), float16, torchvision's names for the tensors, no
classifier, and with them the mean and the standard deviation of every feature channel, by which the
encoder standardises. Trained from scratch on drawn scenes only: it knows nothing of photographs.

| | |
|---|---|
| sha256 | `{sha256}` |
| size | {megabytes:.1f} MB |
| licence | MIT, as the kit; no other data or weights went into it |
| settings | `{settings}` |
| pictures seen | {pictures}, each once{stopped} |
| time | {minutes:.0f} minutes, {threads} threads, torch {torch} |

Right on {count} scenes of the val split, none of them seen in training, with the weights as shipped:

| what | % right |
|---|---|
| thing and its colour, in cells that show a thing | {things:.1f} |
| box of the thing within 0.04 of the picture, in cells that show a thing | {boxes:.1f} |
| nothing, in cells that show none | {empty:.1f} |
| ground | {ground:.1f} |
| time of day | {time:.1f} |

The settings make it again: `data/README.md` in the kit's repository says how, not the one in a handout. The
pictures are the same on every machine; the training is in bfloat16, whose sums depend on the processor and
the number of threads, so that the accuracies come out alike and the file does not come out bit-identical.
"""


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line of `python -m coursework.prepare.pretrain`."""
    parser = argparse.ArgumentParser(
        "python -m coursework.prepare.pretrain", description=__doc__.split("\n")[0]
    )
    usual = Settings()
    parser.add_argument(
        "--steps", type=int, default=usual.steps, help="optimizer steps (default %(default)s)"
    )
    parser.add_argument(
        "--more",
        type=int,
        default=usual.more,
        help="steps of the second round (default %(default)s)",
    )
    parser.add_argument(
        "--batch", type=int, default=usual.batch, help="pictures a step (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=usual.seed, help="default %(default)s")
    parser.add_argument(
        "--rate", type=float, default=usual.rate, help="highest learning rate (default %(default)s)"
    )
    parser.add_argument(
        "--workers", type=int, default=1, help="processes that draw pictures (default %(default)s)"
    )
    threads = max(
        1, (os.cpu_count() or 2) - 1
    )  # a thread that has to share its core keeps all others waiting
    parser.add_argument(
        "--threads", type=int, default=threads, help="threads that train (default %(default)s)"
    )
    parser.add_argument(
        "--count", type=int, default=1000, help="val scenes for the accuracy (default %(default)s)"
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=SCENES_WEIGHTS.parent / "pretrain",
        help="folder of the checkpoint",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=SCENES_WEIGHTS,
        help="the weights to write; the card lies beside",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint, with its settings"
    )
    parser.add_argument(
        "--export-only",
        action="store_true",
        help="write the weights of the checkpoint, train nothing",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Train, measure and write; exit status 0, 2 for bad input, 130 for Ctrl-C."""
    options = arguments(argv)
    torch.set_num_threads(options.threads)
    try:
        if options.resume or options.export_only:
            training = Training.load(options.work)
        elif (options.work / "checkpoint.safetensors").exists():
            raise InputError(
                f"{options.work} holds a checkpoint: go on with --resume, or delete the folder"
            )
        else:
            options.work.mkdir(parents=True, exist_ok=True)
            training = Training(
                Settings(options.steps, options.more, options.batch, options.seed, options.rate),
                options.work,
            )
        if not options.export_only:
            run(training, options.workers)
        settings = training.settings
        given = " ".join(f"--{name} {value}" for name, value in asdict(settings).items())
        trunk, right = finished(training, options.workers, options.count)
        export(training, trunk, right, options.count, options.out, given)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"stopped: the checkpoint is in {options.work}, go on with --resume", file=sys.stderr)
        return 130
    print(
        f"wrote {options.out}: "
        + ", ".join(f"{name} {100 * share:.1f} %" for name, share in right.items())
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
