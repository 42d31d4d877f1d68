"""Captions out of a model: its own `sample`, batch by batch, checked and cut to words."""

from contextlib import nullcontext
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from coursework.bundle import Bundle
from coursework.files import InputError
from coursework.run import own_errors
from coursework.vocabulary import END, NULL, START, Vocabulary


@dataclass
class Caption:
    """One sampled caption.

    `words` are the words before END. `weights` (len(words), h, w), for a model with attention, else None:
    row t is where the model looked to say words[t]. The step that said END and those after it are left out.
    """

    words: list[str]
    weights: np.ndarray | None = None

    def __str__(self) -> str:
        return " ".join(self.words)


def caption_split(
    model: nn.Module,
    bundle: Bundle,
    split: str,
    max_length: int = 15,
    vocabulary: Vocabulary | None = None,
    batch_size: int = 100,
    progress: bool = True,
    module: ModuleType | None = None,
) -> list[Caption]:
    """Caption every image of a split, in the order of `bundle.split(split)`. See `caption_features`.

    `vocabulary` is the model's, where it was trained on another bundle.
    """
    indices = bundle.split(split)
    vocabulary = vocabulary or bundle.vocabulary
    captions = []
    shown = {"desc": f"captions for {split}", "unit": " images", "disable": not progress}
    with tqdm(total=len(indices), delay=2, leave=False, **shown) as bar:
        for start in range(0, len(indices), batch_size):
            features = bundle.feature_batch(indices[start : start + batch_size])
            captions += caption_features(
                model, features, vocabulary, max_length, batch_size, module
            )
            bar.update(len(features))
    return captions


def caption_features(
    model: nn.Module,
    features: Tensor,
    vocabulary: Vocabulary,
    max_length: int = 15,
    batch_size: int = 100,
    module: ModuleType | None = None,
) -> list[Caption]:
    """Caption features (n, C, h, w) through `model.sample` alone: it is the student's own code that speaks.

    The model is neither moved to another device nor switched between train and eval. Raises InputError as
    `sampled` does.
    """
    device = next(model.parameters()).device
    captions = []
    for start in range(0, len(features), batch_size):
        batch = features[start : start + batch_size].to(device)
        rows, weights = sampled(model, batch, max_length, len(vocabulary), module)
        for n, row in enumerate(rows):
            captions.append(_cut(row, None if weights is None else weights[n], vocabulary))
    return captions


def sampled(
    model: nn.Module,
    features: Tensor,
    max_length: int,
    words: int,
    module: ModuleType | None = None,
) -> tuple[list[list[int]], np.ndarray | None]:
    """What `model.sample` gives for a batch, checked: a row of ids below `words` for each image; weights
    (N, max_length, h, w), or None.

    Raises InputError when it returns something else, and, given the `module` that the model is of, when it
    fails: with the function and the line.
    """
    with torch.no_grad(), own_errors(module) if module else nullcontext():
        output = model.sample(features, max_length)
    ids, weights = _captions_and_weights(output)
    _check_ids(ids, (len(features), max_length), words)
    if weights is not None:
        _check_weights(weights, (len(features), max_length, *features.shape[2:]))
        weights = weights.detach().float().cpu().numpy()
    return ids.tolist(), weights


def _cut(row: list[int], weights: np.ndarray | None, vocabulary: Vocabulary) -> Caption:
    """The words before END, each with the weights of its own step. A sampled NULL or START is no word."""
    index = vocabulary.word_to_idx
    length = row.index(index[END]) if index[END] in row else len(row)
    steps = [t for t in range(length) if row[t] not in (index[NULL], index[START])]
    if weights is not None:
        weights = weights[steps].copy()
        if not np.isfinite(weights).all():
            raise InputError(
                "sample gave attention weights that are not finite (nan or inf): look at the softmax"
            )
    return Caption([vocabulary.words[row[t]] for t in steps], weights)


def _captions_and_weights(output) -> tuple[Tensor, Tensor | None]:
    """Take apart what `sample` returned: captions, and the weights of attention or None."""
    parts = output if isinstance(output, tuple | list) else (output,)
    kinds = [type(part).__name__ for part in parts]
    if (
        len(parts) != 2
        or not isinstance(parts[0], Tensor)
        or kinds[1] not in ("Tensor", "NoneType")
    ):
        raise InputError(
            "sample must return captions and weights, two tensors, or None for the weights where the cell "
            f"does not attend; it returned {' and '.join(kinds) or 'nothing'}"
        )
    return parts[0], parts[1]


def _check_ids(ids: Tensor, shape: tuple[int, ...], words: int) -> None:
    if tuple(ids.shape) != shape:
        raise InputError(
            f"sample must return captions of shape {shape} (N, max_length); got {tuple(ids.shape)}"
        )
    if ids.dtype != torch.int64:
        raise InputError(
            f"sample must return captions of dtype torch.int64 (word ids); got {ids.dtype}"
        )
    if ids.numel() and not 0 <= ids.min() <= ids.max() < words:
        outside = ids[(ids < 0) | (ids >= words)][0].item()
        raise InputError(
            f"sample gave the word id {outside}; the vocabulary has the ids 0 to {words - 1}"
        )


def _check_weights(weights: Tensor, shape: tuple[int, ...]) -> None:
    if tuple(weights.shape) != shape:
        form = "(N, max_length, h, w)"
        raise InputError(
            f"sample must return weights of shape {shape} {form}; got {tuple(weights.shape)}"
        )
    if not weights.is_floating_point():
        raise InputError(f"sample must return weights of a floating dtype; got {weights.dtype}")
