"""Training: one loop, for the first fifty captions and for a whole data set.

every epoch     each pair of image and caption once, in an order drawn from (seed, epoch)
every step      loss = model(features, captions), its gradient shortened if need be, one step of AdamW;
                the learning rate rises along a ramp, then falls along a cosine
validation      the model captions images on its own words, nothing of the true captions is fed to it;
                the weights with the best score are kept
"""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, cos, inf, isfinite, pi
from pathlib import Path
from time import monotonic
from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from tqdm import tqdm

from coursework import captioning
from coursework.bundle import Bundle
from coursework.files import InputError, write_json
from coursework.learn.checkpoint import Keeper, check_same, run_settings, start, stop_between_steps
from coursework.learn.recipe import Recipe
from coursework.look.decoding import caption_features
from coursework.look.scoring import bleu
from coursework.run import Run, build_model, own_errors
from coursework.vocabulary import Vocabulary, tokenise

SCORING_BATCH = 100
POOL = 16  # batches whose rows are sorted by length together


def train(
    bundle: Bundle,
    recipe: Recipe,
    out: str | os.PathLike,
    resume: bool = False,
    device: str | torch.device = "cpu",
    module: ModuleType = captioning,
    progress: bool = True,
) -> Run:
    """Train on the split train of `bundle` as `recipe` says, and leave the run in folder `out`.

    `resume` goes on where an earlier training in `out` stopped, to the same result as without the stop; where
    there is none, it starts one. `module` holds the CaptioningRNN. Raises InputError where `out` holds a run
    and `resume` is not given, where it was started otherwise, and where the loss is not finite.
    """
    folder, settings = Path(out), run_settings(bundle, recipe)
    pairs = Pairs.of(bundle, bundle.split("train"), recipe.max_words)
    judged = validation_images(bundle, recipe)
    if resume and (folder / "settings.json").exists():
        run = Run.open(folder)
        check_same(run, settings)
        if run.history["finished"]:
            return run
    else:
        start(
            folder,
            settings,
            bundle.vocabulary,
            "add --resume to continue it or choose another --out",
        )
    model = first_model(settings, bundle.vocabulary, module).to(device)

    def validate() -> dict[str, float]:
        return {"bleu4": validation_bleu(model, bundle, judged, recipe.max_length, module)}

    history = fit(model, bundle, pairs, recipe, validate, module, folder, progress=progress)
    write_json(folder / "history.json", history)
    return Run.open(folder)


def fit(
    model: nn.Module,
    bundle: Bundle,
    pairs: "Pairs",
    recipe: Recipe,
    validate: Callable[[], dict[str, float]],
    module: ModuleType,
    folder: Path | None = None,
    enough: float = inf,
    progress: bool = True,
) -> dict:
    """The loop. Returns the history: "loss" a step, "validation" entries, "seconds", "finished".

    `validate` returns one score under its name; once it is `enough`, training ends. With a `folder`, the
    training goes on from the checkpoint there, if any, and leaves checkpoints and the best weights in it.
    """
    optimiser = torch.optim.AdamW(parameter_groups(model, recipe.weight_decay), fused=True)
    keeper = Keeper(folder, model, optimiser)
    history = keeper.restore()
    steps_per_epoch = ceil(len(pairs) / recipe.batch_size)
    step, last_step = len(history["loss"]), recipe.epochs * steps_per_epoch
    began, device = monotonic() - history["seconds"], next(model.parameters()).device
    batches = epoch_batches(pairs.lengths, recipe, step // steps_per_epoch)
    bar = progress_bar(len(pairs), recipe, step, progress)
    with repeatable(), stop_between_steps() as stop, bar:
        while step < last_step and best_score(history) < enough:
            epoch, place = divmod(step, steps_per_epoch)
            if place == 0:
                batches = epoch_batches(pairs.lengths, recipe, epoch)
            images, captions = pairs.batch(batches[place])
            features = bundle.feature_batch(images).to(device)
            set_learning_rate(optimiser, recipe, step, last_step)
            loss = take_step(model, optimiser, features, captions.to(device), recipe, module)
            step += 1
            history["loss"].append(loss)
            bar.set_postfix(loss=f"{loss:.2f}", refresh=False)
            bar.update(len(images))

            validated = step % (steps_per_epoch * recipe.validate_every) == 0 or step == last_step
            if validated:
                score = validate()
                if max(score.values()) >= best_score(history):
                    keeper.keep_best()
                history["validation"].append({"epoch": epoch + 1, "step": step, **score})
            history["seconds"] = monotonic() - began
            if validated or keeper.due() or stop.is_set():
                keeper.save(history)
            if stop.is_set():
                kept = f"step {step} of {last_step} is kept in {folder}"
                raise KeyboardInterrupt(kept if folder else "")
        bar.total = bar.n  # also where enough was reached before the last step
    return history | {"finished": True}


@contextmanager
def repeatable() -> Iterator[None]:
    """The same sums in the same order every time, to the last bit.

    Left alone, the threads that add up the gradients of the rows W_embed[words] race each other.
    """
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)


@dataclass(frozen=True)
class Pairs:
    """(image, caption) pairs, the captions as ids, tokenised once."""

    images: Tensor
    """(P,) int64, indices of images in the bundle"""
    captions: Tensor
    """(P, longest) int64: START, words, END, then NULL"""
    lengths: Tensor
    """(P,) int64, START and END counted"""

    @classmethod
    def of(
        cls, bundle: Bundle, images: Sequence[int], max_words: int, each: int | None = None
    ) -> "Pairs":
        """The first `each` captions (all, if None) of some images, cut to `max_words` words."""
        texts = [(i, text) for i in images for text in bundle.images[i].captions[:each]]
        rows = [bundle.vocabulary.encode(text, max_words) for _, text in texts]
        lengths = torch.tensor([len(row) for row in rows])
        return cls(torch.tensor([i for i, _ in texts]), bundle.vocabulary.batch(rows), lengths)

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The images (n,) and captions (n, longest among them) of some pairs."""
        return self.images[rows], self.captions[rows, : self.lengths[rows].max()]

    def __len__(self) -> int:
        return len(self.images)


def epoch_batches(lengths: Tensor, recipe: Recipe, epoch: int) -> list[Tensor]:
    """The rows of each batch of an epoch: every row once, one batch as small as need be.

    The order hangs on seed and epoch alone, so that a training can go on in the middle of an epoch. A few
    batches' worth of rows at a time are sorted by the length of their captions, (P,), before they are cut
    into batches: captions of a length spare the loop over time its steps over padding.
    """
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + epoch)
    pools = torch.randperm(len(lengths), generator=generator).split(POOL * recipe.batch_size)
    sorted_pools = [pool[lengths[pool].argsort(stable=True)] for pool in pools]
    batches = [rows for pool in sorted_pools for rows in pool.split(recipe.batch_size)]
    return [batches[k] for k in torch.randperm(len(batches), generator=generator)]


def take_step(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    features: Tensor,
    captions: Tensor,
    recipe: Recipe,
    module: ModuleType,
) -> float:
    """One step of learning on a batch; returns the loss before it. Raises InputError if it is not finite."""
    optimiser.zero_grad()
    with own_errors(module):
        loss = model(features, captions)
        if not isinstance(loss, Tensor) or loss.dim() != 0 or not loss.requires_grad:
            got = f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
            got += "" if getattr(loss, "requires_grad", True) else " without a gradient"
            wanted = "the loss, a tensor of shape () with a gradient"
            raise InputError(f"CaptioningRNN.forward should return {wanted}; got {got}")
        loss.backward()
    norm = clip_grad_norm_(model.parameters(), recipe.gradient_clip)
    if not (isfinite(loss.item()) and isfinite(norm.item())):
        raise InputError(
            f"training has diverged (loss {loss.item():g}, norm of its gradient {norm.item():g}): try a "
            f"lower learning_rate than {recipe.learning_rate:g} or gradient_clip than "
            f"{recipe.gradient_clip:g}"
        )
    optimiser.step()
    return loss.item()


def set_learning_rate(
    optimiser: torch.optim.Optimizer, recipe: Recipe, step: int, last_step: int
) -> None:
    """Up to the recipe's learning rate along a ramp, then down to its final fraction along a cosine."""
    ramp = min(1.0, (step + 1) / (recipe.warmup_steps + 1))
    fall = (1 + cos(pi * step / last_step)) / 2
    rate = (
        recipe.learning_rate * ramp * (recipe.final_fraction + (1 - recipe.final_fraction) * fall)
    )
    for group in optimiser.param_groups:
        group["lr"] = rate


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """For the optimiser: matrices with weight decay; biases and word vectors without."""
    matrices, others = [], []
    for name, parameter in model.named_parameters():
        decays = parameter.dim() > 1 and not name.startswith("word_embedding.")
        (matrices if decays else others).append(parameter)
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def first_model(settings: dict, vocabulary: Vocabulary, module: ModuleType) -> nn.Module:
    """A model with the first weights that the recipe's seed gives; the global generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings["recipe"]["seed"])
        return build_model(settings, vocabulary, module)


def validation_images(bundle: Bundle, recipe: Recipe) -> list[int]:
    """The images of the split val to caption: all, or as many as the recipe says, drawn by its seed."""
    images = bundle.split("val")
    if len(images) <= recipe.validation_images:
        return images
    return sorted(random.Random(recipe.seed).sample(images, recipe.validation_images))


def validation_bleu(
    model: nn.Module, bundle: Bundle, images: Sequence[int], max_length: int, module: ModuleType
) -> float:
    """BLEU-4, in 0..1, of the model's own greedy captions of some images against all their captions."""
    captions = []
    for first in range(0, len(images), SCORING_BATCH):
        features = bundle.feature_batch(images[first : first + SCORING_BATCH])
        with own_errors(module):
            captions += caption_features(
                model, features, bundle.vocabulary, max_length, SCORING_BATCH
            )
    references = [[tokenise(text) for text in bundle.images[i].captions] for i in images]
    return bleu([caption.words for caption in captions], references)["bleu4"]


def best_score(history: dict) -> float:
    """The best validation score so far, whatever its name; -inf before the first."""
    scores = [
        value
        for entry in history["validation"]
        for name, value in entry.items()
        if name not in PLACE
    ]
    return max(scores, default=-inf)


PLACE = ("epoch", "step")  # what a validation entry holds beside its score


def progress_bar(count: int, recipe: Recipe, step: int, shown: bool) -> tqdm:
    """A bar that counts images, from where the training goes on."""
    epochs, place = divmod(step, ceil(count / recipe.batch_size))
    done = epochs * count + place * recipe.batch_size
    total = recipe.epochs * count
    style = {"desc": recipe.cell_type, "unit": " images", "mininterval": 0.5, "disable": not shown}
    return tqdm(total=total, initial=done, **style)
