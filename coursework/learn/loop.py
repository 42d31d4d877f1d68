"""Training: one loop, for the first fifty captions and for a whole data set.

every epoch     each pair of image and caption once, in an order drawn from (seed, epoch), and where the
                bundle has several views of an image, in one drawn likewise
every step      loss = model(features, captions), its gradient shortened if need be, one step of AdamW;
                the learning rate rises along a ramp, then falls along a cosine
validation      the model captions images on its own words, nothing of the true captions is fed to it;
                the weights with the best score are kept

Several processes share every batch out among them and take the same steps as one, see `parallel`.
"""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
from coursework.learn.pairs import Feed, Pairs
from coursework.learn.parallel import ALONE, agreed, any_of, backward, copied
from coursework.learn.recipe import Recipe
from coursework.look.decoding import caption_features
from coursework.look.scoring import bleu
from coursework.run import Run, build_model, own_errors
from coursework.together import Team
from coursework.vocabulary import Vocabulary, tokenise

SCORING_BATCH = 100


def train(
    bundle: Bundle,
    recipe: Recipe,
    out: str | os.PathLike,
    resume: bool = False,
    device: str | torch.device = "cpu",
    module: ModuleType = captioning,
    progress: bool = True,
    team: Team | None = None,
) -> Run:
    """Train on the split train of `bundle` as `recipe` says, and leave the run in folder `out`.

    `resume` goes on where an earlier training in `out` stopped, to the same result as without the stop; where
    there is none, it starts one. `module` holds the CaptioningRNN. With a `team`, all its processes call this
    with the same arguments, each with its own device; rank 0 alone reads and writes `out`. Raises InputError
    where `out` holds a run and `resume` is not given, where it was started otherwise, and where the loss is
    not finite.
    """
    team, folder, settings = team or ALONE, Path(out), run_settings(bundle, recipe)
    check_alike(settings, team)
    with agreed(team):
        pairs = Pairs.of(bundle, bundle.split("train"), recipe.max_words, mirrored=bundle.mirrored)
        judged = validation_images(bundle, recipe)
        run = begun(folder, settings, bundle.vocabulary, resume) if team.leads else None
    run = team.share(run)
    if run.history["finished"]:
        return run
    with agreed(team):
        model = first_model(settings, bundle.vocabulary, module).to(device)

    def validate() -> dict[str, float]:
        return {"bleu4": validation_bleu(model, bundle, judged, recipe.max_length, module, team)}

    history = fit(model, bundle, pairs, recipe, validate, module, folder, inf, progress, team)
    if team.leads:
        write_json(folder / "history.json", history)
    return team.share(Run.open(folder) if team.leads else None)


def begun(folder: Path, settings: dict, vocabulary: Vocabulary, resume: bool) -> Run:
    """The run in `folder`: with `resume` the one that is there, if any, else a new one."""
    if resume and (folder / "settings.json").exists():
        run = Run.open(folder)
        check_same(run, settings)
        return run
    start(folder, settings, vocabulary, "add --resume to continue it or choose another --out")
    return Run.open(folder)


def check_alike(settings: dict, team: Team) -> None:
    """Raise InputError unless all processes were given one recipe and one bundle."""
    mine = [settings["recipe"], settings["bundle"]["fingerprint"]]
    first = team.share(mine)
    with agreed(team):
        if first == mine:
            return
        raise InputError(
            f"process {team.rank} was given another recipe or bundle than process 0: give all the same"
        )


def fit(
    model: nn.Module,
    bundle: Bundle,
    pairs: Pairs,
    recipe: Recipe,
    validate: Callable[[], dict[str, float]],
    module: ModuleType,
    folder: Path | None = None,
    enough: float = inf,
    progress: bool = True,
    team: Team = ALONE,
) -> dict:
    """The loop. Returns the history: "loss" a step, "validation" entries, "seconds", "finished".

    `validate` returns one score under its name; once it is `enough`, training ends. With a `folder`, the
    training goes on from the checkpoint there, if any, and leaves checkpoints and the best weights in it.
    """
    optimiser = torch.optim.AdamW(parameter_groups(model, recipe.weight_decay), fused=True)
    keeper, shown = Keeper(folder, model, optimiser, team), progress and team.leads
    history = keeper.restore()
    shared = copied(model, team)
    steps_per_epoch = ceil(len(pairs) / recipe.batch_size)
    step, last_step = len(history["loss"]), recipe.epochs * steps_per_epoch
    began, device = monotonic() - history["seconds"], next(model.parameters()).device
    feed, bar = Feed(bundle, pairs, recipe, team), progress_bar(len(pairs), recipe, step, shown)
    with repeatable(), stop_between_steps() as stop, bar:
        while step < last_step and best_score(history) < enough:
            epoch, place = divmod(step, steps_per_epoch)
            batch = feed.batch(epoch, place)
            features, captions = batch.features.to(device), batch.captions.to(device)
            set_learning_rate(optimiser, recipe, step, last_step)
            shares = (team, batch.share)
            loss = take_step(shared, optimiser, features, captions, recipe, module, *shares)
            step += 1
            history["loss"].append(loss)
            bar.set_postfix(loss=f"{loss:.2f}", refresh=False)
            bar.update(batch.count)

            validated = step % (steps_per_epoch * recipe.validate_every) == 0 or step == last_step
            if validated:
                score = validate()
                if max(score.values()) >= best_score(history):
                    keeper.keep_best()
                history["validation"].append({"epoch": epoch + 1, "step": step, **score})
            history["seconds"] = monotonic() - began
            stopping = any_of(team, stop.is_set())
            if validated or keeper.due() or stopping:
                keeper.save(history)
            if stopping:
                team.wait()  # for rank 0 to have saved: who leaves first ends the others
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


def take_step(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    features: Tensor,
    captions: Tensor,
    recipe: Recipe,
    module: ModuleType,
    team: Team = ALONE,
    share: float = 1.0,
) -> float:
    """One step of learning on a batch; returns the loss before it. Raises InputError if it is not finite.

    In a team, features and captions are this process's part, `share` of the batch; the step and the loss
    are those of the whole.
    """
    optimiser.zero_grad()
    with agreed(team), own_errors(module):
        loss = model(features, captions)
        if not isinstance(loss, Tensor) or loss.dim() != 0 or not loss.requires_grad:
            got = f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
            got += "" if getattr(loss, "requires_grad", True) else " without a gradient"
            wanted = "the loss, a tensor of shape () with a gradient"
            raise InputError(f"CaptioningRNN.forward should return {wanted}; got {got}")
    with own_errors(module):
        backward(loss * (share * team.size), team)  # the copies' gradients are averaged
    mine = share * loss.item() if share else 0.0
    loss = team.sum_(torch.tensor(mine, dtype=torch.float64)).item()
    norm = clip_grad_norm_(model.parameters(), recipe.gradient_clip).item()
    if not (isfinite(loss) and isfinite(norm)):
        with agreed(team):
            raise InputError(
                f"training has diverged (loss {loss:g}, norm of its gradient {norm:g}): try a lower"
                f" learning_rate than {recipe.learning_rate:g} or gradient_clip than"
                f" {recipe.gradient_clip:g}"
            )
    optimiser.step()
    return loss


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
    model: nn.Module,
    bundle: Bundle,
    images: Sequence[int],
    max_length: int,
    module: ModuleType,
    team: Team = ALONE,
) -> float:
    """BLEU-4, in 0..1, of the model's own greedy captions of some images against all their captions.

    The processes of a team take turns at the batches, and all return the score.
    """
    batches = [
        images[first : first + SCORING_BATCH] for first in range(0, len(images), SCORING_BATCH)
    ]
    said = []
    with agreed(team):
        for batch in batches[team.rank :: team.size]:
            features = bundle.feature_batch(batch)
            captions = caption_features(
                model, features, bundle.vocabulary, max_length, SCORING_BATCH, module
            )
            said.append([caption.words for caption in captions])
    said = team.gather(said)
    score = None
    if team.leads:
        turns = [said[turn % team.size][turn // team.size] for turn in range(len(batches))]
        references = [[tokenise(text) for text in bundle.images[i].captions] for i in images]
        score = bleu([words for batch in turns for words in batch], references)["bleu4"]
    return team.share(score)


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
