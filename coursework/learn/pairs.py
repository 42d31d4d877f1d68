"""What training is fed: pairs of an image and a caption, each once an epoch, drawn from (seed, epoch) alone.

So a training goes on in the middle of an epoch as if nothing had happened, in one process or several.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from coursework.bundle import Bundle
from coursework.learn.parallel import ALONE, part
from coursework.learn.recipe import Recipe
from coursework.together import Team
from coursework.views import names_a_side

POOL = 16  # batches whose rows are sorted by length together


@dataclass(frozen=True)
class Pairs:
    """(image, caption) pairs, the captions as ids, tokenised once."""

    images: Tensor
    """(P,) int64, indices of images in the bundle"""
    captions: Tensor
    """(P, longest) int32: START, words, END, then NULL"""
    lengths: Tensor
    """(P,) int64, START and END counted"""
    mirrored: Sequence[bool] = (False,)
    """of each view that is trained on, whether left and right are exchanged in it"""
    sided: Tensor | None = None
    """(P,) bool: the caption names left or right, so no mirrored view is for it; None: there are none"""

    @classmethod
    def of(
        cls,
        bundle: Bundle,
        images: Sequence[int],
        max_words: int,
        each: int | None = None,
        mirrored: Sequence[bool] = (False,),
    ) -> "Pairs":
        """The first `each` captions (all, if None) of some images.

        They are cut to `max_words` words, or to as many as the bundle says if that is less. `mirrored` says
        which of the bundle's views are trained on: the first alone, or `bundle.mirrored`, all.
        """
        records = [bundle.images[i] for i in images]
        texts = [text for record in records for text in record.captions[:each]]
        owners = [i for i, record in zip(images, records) for _ in record.captions[:each]]
        ids, lengths = bundle.vocabulary.encode_all(
            texts, min(max_words, bundle.max_words or max_words)
        )
        sided = torch.tensor([names_a_side(text) for text in texts]) if any(mirrored) else None
        return cls(torch.tensor(owners), ids, lengths, mirrored, sided)

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The images (n,) and captions (n, longest among them), both int64, of some pairs."""
        return self.images[rows], self.captions[rows, : self.lengths[rows].max()].long()

    def __len__(self) -> int:
        return len(self.images)


def epoch_batches(lengths: Tensor, recipe: Recipe, epoch: int) -> list[Tensor]:
    """The rows of each batch of an epoch: every row once, one batch as small as need be.

    A few batches' worth of rows at a time are sorted by the length of their captions, (P,), before they are
    cut into batches: captions of a length spare the loop over time its steps over padding.
    """
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + epoch)
    pools = torch.randperm(len(lengths), generator=generator).split(POOL * recipe.batch_size)
    sorted_pools = [pool[lengths[pool].argsort(stable=True)] for pool in pools]
    batches = [rows for pool in sorted_pools for rows in pool.split(recipe.batch_size)]
    return [batches[k] for k in torch.randperm(len(batches), generator=generator)]


def epoch_views(pairs: Pairs, recipe: Recipe, epoch: int) -> Tensor:
    """The view that each pair shows in an epoch, (P,) int64: any of them, each as likely.

    A caption that names a side has those alone that are not mirrored.
    """
    draws = torch.from_numpy(np.random.default_rng((recipe.seed, epoch)).random(len(pairs)))
    views = (draws * len(pairs.mirrored)).long()
    if pairs.sided is None:
        return views
    upright = torch.tensor(pairs.mirrored).logical_not().nonzero().squeeze(1)
    return torch.where(pairs.sided, upright[(draws * len(upright)).long()], views)


@dataclass(frozen=True)
class Batch:
    """One process's part of a batch."""

    features: Tensor
    """(n, C, h, w) float32"""
    captions: Tensor
    """(n, longest in the whole batch) int64"""
    share: float
    """of the batch, 0..1"""
    count: int
    """pairs in the whole batch"""


class Feed:
    """The batches of a training, by epoch and place in it, as one process of a team gets them."""

    def __init__(self, bundle: Bundle, pairs: Pairs, recipe: Recipe, team: Team = ALONE):
        self.bundle, self.pairs, self.recipe, self.team = bundle, pairs, recipe, team
        self.epoch = None

    def batch(self, epoch: int, place: int) -> Batch:
        """Batch number `place` of an epoch."""
        if epoch != self.epoch:
            self.epoch, self.views = epoch, 0
            self.batches = epoch_batches(self.pairs.lengths, self.recipe, epoch)
            if len(self.pairs.mirrored) > 1:
                self.views = epoch_views(self.pairs, self.recipe, epoch)
        rows = self.batches[place]
        images, captions = self.pairs.batch(rows)
        mine, share = part(len(rows), self.team)
        views = self.views[rows[mine]] if isinstance(self.views, Tensor) else self.views
        features = self.bundle.feature_batch(images[mine], views)
        return Batch(features, captions[mine], share, len(rows))
