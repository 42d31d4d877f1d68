"""Overfitting: can the model learn a few captions by heart? If not, there is no point in training it on more.

The verdict is not a loss but what must come of it: the model, on its own words, says every caption again.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from coursework import captioning
from coursework.bundle import Bundle
from coursework.files import InputError, write_json
from coursework.learn.checkpoint import run_settings, start
from coursework.learn.loop import Pairs, first_model, fit
from coursework.learn.recipe import Recipe
from coursework.look.decoding import sampled
from coursework.vocabulary import END, Vocabulary

SHOWN = 5  # misses that a verdict spells out
LEARNED = 0.1  # nats a word: at most this, and the true words are about 90 % probable


@dataclass
class Verdict:
    """How many of `count` captions came back, END included, and which did not."""

    count: int
    misses: list[tuple[int, list[str], list[str]]]
    """(index of the image in the bundle, words wanted, words got up to END) for each that did not"""
    history: dict
    """"loss" of every step; "recall": the share that came back, every few steps; "attainable": the share
    that can, of so many "captions"; "seconds" """
    advice: str = ""
    """what to look at next, where something did not come back"""
    notes: list[str] = field(default_factory=list)
    """what to bear in mind: fewer images than asked for, captions that no model could tell apart, ..."""

    @property
    def reproduced(self) -> int:
        """How many captions came back word for word."""
        return self.count - len(self.misses)

    def text(self) -> str:
        """The verdict in words, for a terminal."""
        head = f"{self.reproduced} of {self.count} captions come back word for word"
        if not self.misses:
            return "\n".join([f"{head}.", *self.notes])
        lines = [f"{head}; these do not:"]
        for image, wanted, got in self.misses[:SHOWN]:
            lines.append(f"  image {image}: wanted '{' '.join(wanted)}', got '{' '.join(got)}'")
        if len(self.misses) > SHOWN:
            lines.append(f"  and {len(self.misses) - SHOWN} more")
        return "\n".join([*lines, *self.notes, f"Next: {self.advice}"])


def overfit(
    bundle: Bundle,
    cell_type: str,
    out: str | os.PathLike | None = None,
    count: int = 50,
    seed: int = 0,
    device: str | torch.device = "cpu",
    module: ModuleType = captioning,
    progress: bool = True,
) -> Verdict:
    """Train on the first caption of each of the first `count` training images until all come back.

    The recipe is "overfit" with `cell_type` and `seed` put in; captions are cut to its `max_words`. With
    `out`, the run is left there. `module` holds the CaptioningRNN. Raises InputError for bad input, for a
    function that is not written or fails, and for a loss that is not finite.
    """
    recipe = replace(Recipe.load("overfit"), cell_type=cell_type, seed=seed)
    if count < 1:
        raise InputError(f"cannot overfit {count} captions: give at least 1")
    chosen = bundle.split("train")[:count]
    pairs = Pairs.of(bundle, chosen, recipe.max_words, each=1)
    settings, folder = run_settings(bundle, recipe, "overfit"), Path(out) if out else None
    if folder:
        start(
            folder,
            settings,
            bundle.vocabulary,
            "it is overfitted already; to do so again, choose another --out",
        )
    model = first_model(settings, bundle.vocabulary, module).to(device)
    features = bundle.feature_batch(chosen)

    def recall() -> dict[str, float]:
        missed = misses(model, features.to(device), pairs, bundle.vocabulary, recipe, module)
        return {"recall": 1 - len(missed) / len(chosen)}

    twins = indistinguishable(features, pairs)
    enough = 1 - sum(len(group) - 1 for group in twins) / len(chosen)
    history = fit(model, bundle, pairs, recipe, recall, module, folder, enough, progress)
    history |= {"recall": history["validation"], "validation": []}
    history |= {"captions": len(chosen), "attainable": enough}
    if folder:
        write_json(folder / "history.json", history)
    missed = misses(model, features.to(device), pairs, bundle.vocabulary, recipe, module)
    return Verdict(
        len(chosen),
        missed,
        history,
        advice(missed, pairs, history, recipe),
        notes(count, pairs, twins, model),
    )


def misses(
    model: nn.Module,
    features: Tensor,
    pairs: Pairs,
    vocabulary: Vocabulary,
    recipe: Recipe,
    module: ModuleType,
) -> list[tuple[int, list[str], list[str]]]:
    """(image, words wanted, words got) where the model's own caption is not the true one, END included."""
    end = vocabulary.word_to_idx[END]
    missed = []
    rows, _ = sampled(model, features, recipe.max_length, len(vocabulary), module)
    for image, wanted, got in zip(pairs.images.tolist(), pairs.captions.tolist(), rows):
        wanted = wanted[1 : wanted.index(end) + 1]
        got = got[: got.index(end) + 1] if end in got else got
        if got != wanted:
            words = [[vocabulary.words[idx] for idx in ids if idx != end] for ids in (wanted, got)]
            missed.append((image, *words))
    return missed


def indistinguishable(features: Tensor, pairs: Pairs) -> list[list[int]]:
    """Groups of images with the very same features but different captions: one of a group can come back."""
    groups = defaultdict(dict)
    for n, image in enumerate(pairs.images.tolist()):
        same = groups[features[n].numpy().tobytes()]
        same.setdefault(tuple(pairs.captions[n].tolist()), image)
    return [list(same.values()) for same in groups.values() if len(same) > 1]


def advice(missed: Sequence[tuple], pairs: Pairs, history: dict, recipe: Recipe) -> str:
    """What to look at next, told from how the captions went wrong and how low the loss came."""
    if not missed:
        return ""
    got = [words for _, _, words in missed]
    loss = history["loss"][-1] / (pairs.lengths.float().mean().item() - 1)
    if all(
        words[: len(wanted)] == wanted and len(words) == recipe.max_length
        for _, wanted, words in missed
    ):
        return "the words are right but END does not come: it is a target like any other word."
    if 1 < len(missed) > len(pairs) / 2 and all(words == got[0] for words in got):
        return (
            "every image gets the same caption: nothing of the image reaches the words. How do the features "
            "get into the first state (with attention: into every step)?"
        )
    if loss <= LEARNED:
        return (
            f"the loss is low ({loss:.2f} a word): forward has learned the captions, sample does not say "
            "them. Does it begin with START, feed the word it has just chosen, and carry the state along?"
        )
    return (
        f"the loss is still {loss:.2f} a word: the model does not learn what it is shown. Look at the cell's "
        "step and forward, at temporal_softmax_loss, and at what CaptioningRNN.forward feeds and expects: "
        "python -m coursework check names the mistake."
    )


def notes(count: int, pairs: Pairs, twins: list[list[int]], model: nn.Module) -> list[str]:
    """What a reader of the verdict should know about the captions and the model."""
    said = []
    if len(pairs) < count:
        said.append(f"The bundle has {len(pairs)} training images, not {count}: all were taken.")
    for group in twins:
        images = ", ".join(map(str, group))
        said.append(
            f"Images {images} have the same features and different captions: no model can tell them apart."
        )
    different = len(pairs.captions.unique(dim=0))
    if len(pairs) > 1 and different <= len(pairs) / 2:
        said.append(f"Only {different} different captions among {len(pairs)}: a weak test.")
    unused = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    if unused:
        said.append(f"No gradient reached {', '.join(unused)}: forward does not use it.")
    return said
