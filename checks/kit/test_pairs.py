"""What training is fed: every pair once an epoch, in views that fit it, drawn from seed and epoch alone."""

from collections import Counter
from dataclasses import replace

import pytest
import torch
from tiny import TinyEncoder, tiny_source
from training import Killed, assert_same_run, dying_at, small

from coursework.learn import checkpoint, loop
from coursework.learn.loop import train
from coursework.learn.pairs import Pairs, epoch_batches, epoch_views
from coursework.prepare.build import build
from coursework.run import Run


@pytest.mark.parametrize(("count", "batch"), [(50, 32), (1, 4), (64, 64), (65, 64), (7, 1)])
def test_the_batches_of_an_epoch_hold_every_row_once(count, batch):
    lengths = torch.randint(3, 18, (count,), generator=torch.Generator().manual_seed(0))
    batches = epoch_batches(lengths, small(batch_size=batch), epoch=3)
    assert sorted(map(len, batches))[1:] == [batch] * (len(batches) - 1)
    assert sorted(torch.cat(batches).tolist()) == list(range(count))
    assert max(map(len, batches)) <= batch


def test_the_captions_of_a_batch_are_of_much_the_same_length():
    lengths = torch.randint(3, 18, (4096,), generator=torch.Generator().manual_seed(0))
    batches = epoch_batches(lengths, small(batch_size=16), epoch=0)
    spread = [(lengths[rows].max() - lengths[rows].min()).item() for rows in batches]
    assert sum(spread) / len(spread) < 2
    longest = [lengths[rows].max().item() for rows in batches]
    assert longest != sorted(longest)  # short and long batches come in a random order


def test_the_order_hangs_on_seed_and_epoch_alone():
    orders = [torch.cat(epoch_batches(torch.ones(40), small(seed=seed), epoch)).tolist() for seed, epoch in
              [(0, 0), (0, 1), (1, 0), (0, 0)]]  # fmt: skip
    assert orders[0] == orders[3]
    assert len({tuple(order) for order in orders}) == 3


def test_captions_are_cut_and_padded_to_the_longest_of_the_batch(tiny_bundle):
    pairs = Pairs.of(tiny_bundle, tiny_bundle.split("train"), max_words=3)
    assert len(pairs) == 84
    assert pairs.captions.shape == (84, 5) and (pairs.captions[:, 4] == 2).all()
    uneven = Pairs.of(tiny_bundle, tiny_bundle.split("train"), max_words=30)
    short = uneven.lengths.argmin()
    assert uneven.batch(short[None])[1].shape == (1, uneven.lengths.min())
    assert uneven.batch(short[None])[1][0, -1] == 2
    assert len(Pairs.of(tiny_bundle, [0, 5], max_words=3, each=1)) == 2


def test_captions_are_cut_to_what_the_bundle_says_if_that_is_less(tiny_bundle, monkeypatch):
    monkeypatch.setattr(tiny_bundle, "max_words", 2)
    assert Pairs.of(tiny_bundle, range(8), max_words=3).captions.shape == (24, 4)
    monkeypatch.setattr(tiny_bundle, "max_words", 5)
    assert Pairs.of(tiny_bundle, range(8), max_words=3).captions.shape == (24, 5)


# Views

MIRRORED = [False, True, False]  # of plain, flip and a crop


@pytest.fixture(scope="module")
def viewed(tmp_path_factory):
    """The tiny bundle in three views, some of its captions naming a side."""
    source = tiny_source()
    source.records[:] = [
        replace(record, captions=[record.captions[0], record.captions[0] + " on the left"])
        for record in source.records
    ]
    out = tmp_path_factory.mktemp("bundle") / "viewed"
    return build(source, TinyEncoder(), out, views=("plain", "flip", "crop-nw"), progress=False)


def test_views_are_drawn_alike_from_seed_and_epoch_alone():
    sided = torch.arange(3000) % 3 == 0
    pairs = Pairs(torch.zeros(3000), torch.zeros(3000, 3), torch.ones(3000), MIRRORED, sided)
    views = [epoch_views(pairs, small(seed=seed), epoch) for seed, epoch in
             [(0, 0), (0, 1), (1, 0), (0, 0)]]  # fmt: skip
    assert torch.equal(views[0], views[3])
    assert len({tuple(drawn.tolist()) for drawn in views}) == 3
    counts = Counter(views[0][~sided].tolist())
    assert set(counts) == {0, 1, 2} and all(550 < count < 780 for count in counts.values())
    counts = Counter(views[0][sided].tolist())
    assert set(counts) == {0, 2} and all(420 < count < 580 for count in counts.values())


def test_training_shows_every_pair_in_views_that_fit_it(viewed, tmp_path, monkeypatch):
    shown = []

    def feature_batch(indices, views=0):
        shown.append((indices, views))
        return real(indices, views)

    real = viewed.feature_batch
    monkeypatch.setattr(viewed, "feature_batch", feature_batch)
    train(viewed, small(epochs=3, batch_size=64), tmp_path / "run", progress=False)
    judged = [views for _, views in shown if isinstance(views, int)]
    trained = torch.cat([views for _, views in shown if not isinstance(views, int)])
    assert judged == [0, 0, 0]  # what is validated is the plain view
    assert len(trained) == 3 * 56 and set(trained.tolist()) == {0, 1, 2}
    pairs = Pairs.of(viewed, viewed.split("train"), 9, mirrored=viewed.mirrored)
    assert pairs.sided.tolist() == [False, True] * 28
    for epoch in range(3):
        assert 1 not in epoch_views(pairs, small(), epoch)[pairs.sided]


def test_views_go_on_in_the_middle_of_an_epoch(viewed, tmp_path, monkeypatch):
    whole = train(viewed, small(), tmp_path / "whole", progress=False)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(checkpoint, "SECONDS", -1)  # a checkpoint every step
        patch.setattr(loop, "take_step", dying_at(6))
        train(viewed, small(), tmp_path / "run", progress=False)
    assert len(Run.open(tmp_path / "run").history["loss"]) == 5
    assert_same_run(train(viewed, small(), tmp_path / "run", resume=True, progress=False), whole)
