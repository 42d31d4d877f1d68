"""The training loop: every pair is used, the best is kept, and a stop changes nothing."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
from training import Killed, assert_same_run, dying_at, module_with, small, true_captions

from coursework import captioning
from coursework.files import InputError, read_tensors, sha256
from coursework.learn import checkpoint, loop
from coursework.learn.loop import set_learning_rate, take_step, train
from coursework.learn.pairs import Pairs
from coursework.run import Run

KIT = Path(__file__).parent


def weights_of(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.fixture(scope="module")
def undisturbed(tiny_bundle, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "undisturbed"
    return train(tiny_bundle, small(), out, progress=False)


# Every pair is used


def test_every_pair_is_seen_once_an_epoch(tiny_bundle, tmp_path, monkeypatch):
    seen = []

    def batch(self, rows):
        images, captions = whole(self, rows)
        words = [tuple(tiny_bundle.vocabulary.decode(row)) for row in captions]
        seen.append(list(zip(images.tolist(), words)))
        return images, captions

    whole = Pairs.batch
    monkeypatch.setattr(Pairs, "batch", batch)
    train(tiny_bundle, small(max_words=20), tmp_path / "run", progress=False)
    wanted = Counter(
        (i, tuple(tiny_bundle.vocabulary.decode(tiny_bundle.vocabulary.encode(text))))
        for i in tiny_bundle.split("train")
        for text in tiny_bundle.images[i].captions
    )
    epochs = [sum(seen[:6], []), sum(seen[6:], [])]
    for sizes in ([len(pairs) for pairs in seen[:6]], [len(pairs) for pairs in seen[6:]]):
        assert sorted(sizes) == [4, 16, 16, 16, 16, 16]
    assert Counter(epochs[0]) == wanted == Counter(epochs[1])
    assert epochs[0] != epochs[1]  # in another order


# A step


def test_a_long_gradient_is_shortened(tiny_bundle):
    recipe = small(gradient_clip=0.5)
    torch.manual_seed(0)
    model = captioning.CaptioningRNN(tiny_bundle.vocabulary.word_to_idx, 12, 6, 8)
    before = weights_of(model)
    images, captions = Pairs.of(tiny_bundle, range(8), 9).batch(torch.arange(8))
    features = tiny_bundle.feature_batch(images)
    take_step(
        model, torch.optim.SGD(model.parameters(), lr=1.0), features, captions, recipe, captioning
    )
    moved = torch.cat(
        [(after - before[name]).flatten() for name, after in model.state_dict().items()]
    )
    assert moved.norm().item() == pytest.approx(0.5, rel=1e-4)


def test_the_learning_rate_rises_along_a_ramp_and_falls_along_a_cosine():
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.0)
    recipe = small(learning_rate=0.1, warmup_steps=9, final_fraction=0.2)
    rates = []
    for step in range(1000):
        set_learning_rate(optimiser, recipe, step, 1000)
        rates.append(optimiser.param_groups[0]["lr"])
    assert rates[0] == pytest.approx(0.01)
    assert rates[9] == pytest.approx(0.1, rel=1e-3) == max(rates)
    assert rates[500] == pytest.approx(0.06)
    assert rates[-1] == pytest.approx(0.02, rel=1e-3)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_with_advice_and_harms_nothing(tiny_bundle, tmp_path, bad):
    def forward(self, features, captions):
        self.steps = getattr(self, "steps", 0) + 1
        loss = captioning.CaptioningRNN.forward(self, features, captions)
        return loss * bad if self.steps == 9 else loss

    out = tmp_path / "run"
    with pytest.raises(InputError, match=r"diverged.*lower learning_rate than 0.01"):
        train(tiny_bundle, small(), out, module=module_with(forward=forward), progress=False)
    for name in ("best", "last"):
        assert all(p.isfinite().all() for p in Run.open(out).model(which=name).parameters())


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (lambda self, features, captions: None, "got NoneType"),
        (lambda self, features, captions: self.cell.b, r"got shape \(8,\)"),
        (lambda self, features, captions: torch.zeros(()), "without a gradient"),
    ],
)
def test_a_forward_that_returns_no_loss_is_told_so(tiny_bundle, tmp_path, wrong, got):
    with pytest.raises(InputError, match=f"CaptioningRNN.forward should return the loss.*{got}"):
        train(
            tiny_bundle,
            small(),
            tmp_path / "run",
            module=module_with(forward=wrong),
            progress=False,
        )


def test_weight_decay_leaves_biases_and_word_vectors_alone(tiny_bundle):
    model = captioning.CaptioningRNN(tiny_bundle.vocabulary.word_to_idx, 12, 6, 8, "attn")
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decayed, rest = (
        {names[id(p)] for p in group["params"]} for group in loop.parameter_groups(model, 0.1)
    )
    assert decayed == {"cell.Wx", "cell.Wh", "cell.Wattn"} | {
        "image_projection.weight",
        "vocabulary_projection.weight",
    }
    assert decayed | rest == set(names.values())


def test_the_loss_goes_down_and_the_global_generator_stays(tiny_bundle, tmp_path):
    torch.manual_seed(7)
    wanted = torch.rand(3)
    torch.manual_seed(7)
    losses = train(tiny_bundle, small(epochs=8), tmp_path / "run", progress=False).history["loss"]
    assert torch.equal(torch.rand(3), wanted)
    assert sum(losses[-6:]) < 0.8 * sum(losses[:6])


# Validation


def test_validation_lets_the_model_run_free(tiny_bundle, tmp_path):
    """A perfect sample scores 1 whatever forward has learned, and forward is not asked in a validation."""
    calls = Counter()

    def forward(self, features, captions):
        calls["forward"] += 1
        return captioning.CaptioningRNN.forward(self, features, captions)

    def sample(self, features, max_length):
        calls["sample"] += 1
        return true_captions(tiny_bundle, features, max_length), None

    module = module_with(forward=forward, sample=sample)
    run = train(tiny_bundle, small(), tmp_path / "run", module=module, progress=False)
    assert [entry["bleu4"] for entry in run.history["validation"]] == [pytest.approx(1)] * 2
    assert [entry["step"] for entry in run.history["validation"]] == [6, 12]
    assert calls == {"forward": 12, "sample": 2}


def test_at_most_so_many_images_are_validated(tiny_bundle):
    val = tiny_bundle.split("val")
    assert loop.validation_images(tiny_bundle, small(validation_images=99)) == val
    some = loop.validation_images(tiny_bundle, small(validation_images=4))
    assert len(set(some)) == 4 and set(some) < set(val)
    assert some == loop.validation_images(tiny_bundle, small(validation_images=4))


def scripted(bundle, scores, kept):
    """A module whose n-th validation goes well if scores[n]; `kept` collects the weights it had then."""

    def sample(self, features, max_length):
        kept.append(weights_of(self))
        captions = true_captions(bundle, features, max_length)
        return (captions if scores[len(kept) - 1] else torch.full_like(captions, 5)), None

    return module_with(sample=sample)


def test_the_best_weights_are_kept(tiny_bundle, tmp_path):
    kept = []
    module = scripted(tiny_bundle, [False, True, False], kept)
    run = train(tiny_bundle, small(epochs=3), tmp_path / "run", module=module, progress=False)
    best, last = run.model().state_dict(), run.model(which="last").state_dict()
    assert all(torch.equal(best[name], kept[1][name]) for name in best)
    assert all(torch.equal(last[name], kept[2][name]) for name in last)
    assert not torch.equal(best["cell.Wx"], last["cell.Wx"])


def test_going_on_remembers_the_best(tiny_bundle, tmp_path, monkeypatch):
    kept, out = [], tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(loop, "take_step", dying_at(15))
        with pytest.raises(Killed):
            module = scripted(tiny_bundle, [True, False], kept)
            train(tiny_bundle, small(epochs=3), out, module=module, progress=False)
    module = scripted(tiny_bundle, [False], later := [])
    run = train(tiny_bundle, small(epochs=3), out, resume=True, module=module, progress=False)
    assert len(later) == 1 and len(run.history["validation"]) == 3
    assert all(
        torch.equal(tensor, kept[0][name]) for name, tensor in run.model().state_dict().items()
    )


# Stopping and going on


def test_a_killed_process_goes_on_to_the_same_end(tiny_bundle, tmp_path):
    out = tmp_path / "killed"
    command = [sys.executable, str(KIT / "interrupted.py"), str(tiny_bundle.path), str(out)]
    paths = os.pathsep.join([str(KIT), str(KIT.parents[1])])
    environment = os.environ | {
        "PYTHONPATH": paths,
        "OMP_NUM_THREADS": str(torch.get_num_threads()),
    }
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        for _ in range(10):  # into the second epoch
            child.stdout.readline()
        child.kill()
    stopped = Run.open(out)
    assert 0 < len(stopped.history["loss"]) < 24 and not stopped.history["finished"]
    resumed = train(tiny_bundle, small(epochs=4), out, resume=True, progress=False)
    assert_same_run(
        resumed, train(tiny_bundle, small(epochs=4), tmp_path / "whole", progress=False)
    )


def test_dying_at_any_write_goes_on_to_the_same_end(tiny_bundle, tmp_path, monkeypatch):
    """Each write in turn is the last thing a training does, once just before it and once just after."""
    monkeypatch.setattr(checkpoint, "SECONDS", -1)
    recipe = small(batch_size=42)  # two steps an epoch
    undisturbed = train(tiny_bundle, recipe, tmp_path / "undisturbed", progress=False)
    replace, deaths = os.replace, 0
    for moment in range(1, 100):
        out, writes = tmp_path / f"run{moment}", 0

        def dying(source, target):
            nonlocal writes
            writes += 1
            if writes == (moment + 1) // 2:  # noqa: B023
                if moment % 2:  # noqa: B023
                    replace(source, target)
                raise Killed
            replace(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", dying)
            try:
                train(tiny_bundle, recipe, out, progress=False)
                break
            except Killed:
                deaths += 1
        assert_same_run(train(tiny_bundle, recipe, out, resume=True, progress=False), undisturbed)
    assert deaths == 2 * (
        3 + 4 * 2 + 2 + 1
    )  # beginning, each step's history and checkpoint, two best, end


def test_ctrl_c_stops_after_the_step_and_loses_nothing(tiny_bundle, undisturbed, tmp_path):
    def forward(self, features, captions):
        self.steps = getattr(self, "steps", 0) + 1
        if self.steps == 4:
            signal.raise_signal(signal.SIGINT)
        return captioning.CaptioningRNN.forward(self, features, captions)

    out, handler = tmp_path / "run", signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(tiny_bundle, small(), out, module=module_with(forward=forward), progress=False)
    assert signal.getsignal(signal.SIGINT) is handler
    assert len(Run.open(out).history["loss"]) == 4
    assert_same_run(train(tiny_bundle, small(), out, resume=True, progress=False), undisturbed)


def test_a_second_ctrl_c_stops_at_once(tiny_bundle, tmp_path):
    def forward(self, features, captions):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("went on after the second Ctrl-C")

    with pytest.raises(KeyboardInterrupt):
        train(
            tiny_bundle,
            small(),
            tmp_path / "run",
            module=module_with(forward=forward),
            progress=False,
        )


def test_a_run_is_not_written_over(tiny_bundle, undisturbed):
    before = {path.name: sha256(path) for path in undisturbed.path.iterdir()}
    with pytest.raises(InputError, match="already holds a run: add --resume .* another --out"):
        train(tiny_bundle, small(), undisturbed.path, progress=False)
    assert before == {path.name: sha256(path) for path in undisturbed.path.iterdir()}


def test_a_finished_run_is_returned_as_it_is(tiny_bundle, undisturbed):
    module = module_with(forward=lambda *args: pytest.fail("trained again"))
    before = {path.name: path.stat().st_mtime_ns for path in undisturbed.path.iterdir()}
    again = train(tiny_bundle, small(), undisturbed.path, True, module=module, progress=False)
    assert again.history == undisturbed.history
    assert before == {path.name: path.stat().st_mtime_ns for path in undisturbed.path.iterdir()}


def test_several_threads_give_the_same_losses_every_time(tiny_bundle, tmp_path):
    """At sizes where torch shares the work of a step out among its threads."""
    recipe, threads = small(wordvec_dim=1024, batch_size=84, epochs=25), torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        runs = [train(tiny_bundle, recipe, tmp_path / name, progress=False) for name in "abc"]
    finally:
        torch.set_num_threads(threads)
    assert runs[0].history["loss"] == runs[1].history["loss"] == runs[2].history["loss"]
    assert not torch.are_deterministic_algorithms_enabled()


def test_resuming_where_there_is_nothing_starts(tiny_bundle, undisturbed, tmp_path):
    assert_same_run(
        train(tiny_bundle, small(), tmp_path / "run", resume=True, progress=False), undisturbed
    )


def test_another_recipe_or_bundle_is_refused_with_what_differs(
    tiny_bundle, undisturbed, monkeypatch
):
    with pytest.raises(InputError, match=r"learning_rate 0.01, now 0.02\).*another --out"):
        train(tiny_bundle, small(learning_rate=0.02), undisturbed.path, True, progress=False)
    monkeypatch.setattr(tiny_bundle, "fingerprint", "f" * 64)
    with pytest.raises(InputError, match=r"another bundle \(tiny .*, now tiny ffffffffffff\)"):
        train(tiny_bundle, small(), undisturbed.path, True, progress=False)


@pytest.mark.parametrize("damage", ["cut", "flip", "other"])
def test_a_damaged_checkpoint_is_recognised(tiny_bundle, tmp_path, monkeypatch, damage):
    out = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(loop, "take_step", dying_at(9))
        train(tiny_bundle, small(), out, progress=False)
    file = out / "last.safetensors"
    data = bytearray(file.read_bytes())
    if damage == "flip":
        data[-5] ^= 16
    file.write_bytes(
        {"cut": data[:-100], "flip": data, "other": (out / "best.safetensors").read_bytes()}[damage]
    )
    with pytest.raises(
        InputError, match=r"damaged checkpoint .*last\.safetensors.*best weights.*--out"
    ):
        train(tiny_bundle, small(), out, resume=True, progress=False)


def test_a_file_in_the_place_of_the_folder_is_refused(tiny_bundle, tmp_path):
    (tmp_path / "run").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError):
        train(tiny_bundle, small(), tmp_path / "run", progress=False)
    assert (tmp_path / "run").read_text(encoding="utf-8") == "mine"


def test_the_checkpoint_holds_the_state_of_the_optimiser(undisturbed):
    tensors = read_tensors(undisturbed.path / "last.safetensors", "checkpoint")
    weights = {name for name in tensors if not name.startswith("optimiser/")}
    for kind in ("exp_avg", "exp_avg_sq", "step"):
        assert {f"optimiser/{kind}/{name}" for name in weights} <= tensors.keys()
    assert tensors["optimiser/steps"] == 12 == tensors["optimiser/step/cell.Wx"]
