"""What is asked: inputs that let nothing hide, the same on every machine."""

import math

import numpy as np
import pytest
import torch

from checks.cases import EXERCISES, PARTS
from checks.cases.case import EQUAL, LETTER_SIZES, MIXED, numbers
from checks.judging.judge import consistent, judge
from checks.mistakes import Mistake
from checks.record import hand_in
from checks.running.runner import run
from coursework import captioning

SAMPLES = [name for name in EXERCISES if ".sample" in name]


def test_there_are_24_exercises_in_6_parts_worth_100_points():
    assert len(EXERCISES) == 24 and len(PARTS) == 6
    assert sum(exercise.points for exercise in EXERCISES.values()) == 100


def test_every_exercise_names_functions_of_the_module():
    for exercise in EXERCISES.values():
        scope = captioning
        for name in exercise.function.split("."):
            scope = getattr(scope, name)
        assert callable(scope)


def test_needs_come_before_what_needs_them():
    seen = set()
    for name, exercise in EXERCISES.items():
        assert set(exercise.needs) <= seen
        seen.add(name)


def test_hints_have_three_levels_and_no_line_of_code():
    for exercise in EXERCISES.values():
        assert len(exercise.hints) == 3 and len(set(exercise.hints)) == 3
        assert not any("torch." in hint or " @ " in hint for hint in exercise.hints)


def test_numbers_are_the_same_everywhere():
    expected = [-0.20434885466774189, -0.9255158646697865]  # of Python's own generator, for ever
    np.testing.assert_allclose(numbers("a seed", 2), expected, rtol=1e-15)


def test_no_two_sizes_are_alike_so_that_no_transpose_can_hide():
    sizes = [MIXED.N, MIXED.T, MIXED.D, MIXED.H, MIXED.h, MIXED.w, MIXED.V, MIXED.C]
    sizes += [MIXED.h * MIXED.w, 4 * MIXED.H]
    assert len(set(sizes)) == len(sizes)
    assert {EQUAL.N, EQUAL.T, EQUAL.D, EQUAL.H, EQUAL.h * EQUAL.w, EQUAL.V, EQUAL.C} == {4}


def changed_in(case, plain) -> list[str]:
    """The inputs of a case that are not those of the plain one."""
    return [n for n, array in case.inputs.items() if not np.array_equal(array, plain.inputs[n])]


def test_a_special_case_differs_in_what_it_says_alone():
    """Larger gradients, one extreme input, an empty caption, eval mode: all else is as before."""
    seen = set()
    for exercise in EXERCISES.values():
        cases = {case.name: case for case in exercise.cases}
        upstream = [name for name in exercise.inputs if name.startswith("d")]
        if (case := cases.get("large gradients")) and exercise.forward:
            assert changed_in(case, cases["plain"]) == upstream
            for name in upstream:
                np.testing.assert_allclose(case.inputs[name], 20 * cases["plain"].inputs[name])
            seen.add(case.name)
        if (case := cases.get("extreme")) and exercise.part != "words" and not exercise.standalone:
            before = cases[
                "square grid" if case.inputs.get("A", np.zeros(0)).shape[-1:] == (4,) else "plain"
            ]
            (name,) = changed_in(case, before)
            np.testing.assert_allclose(case.inputs[name], 1000 * before.inputs[name])
            seen.add(case.name)
        if case := cases.get("one caption NULL"):
            assert changed_in(case, cases["padded"]) == ["targets"]
            differs = case.inputs["targets"] != cases["padded"].inputs["targets"]
            assert differs.any(axis=1).tolist() == [False, True, False]
            seen.add(case.name)
        if case := cases.get("eval mode"):
            assert changed_in(case, cases["plain"]) == []
            assert case.settings == {**cases["plain"].settings, "eval": True}
            seen.add(case.name)
    assert seen == {"large gradients", "extreme", "one caption NULL", "eval mode"}


SLIPS = [  # that nothing saw before there were such cases
    (
        "rnn_forward",
        "h.append(prev_h)",
        "h.append(prev_h)\n        prev_h = prev_h if t % 5 < 4 else prev_h.data",
    ),
    ("lstm_step_backward", "da_g], dim=1)", "da_g], dim=1).clamp(-3, 3)"),
    ("rnn_backward", "torch.stack(dx[::-1], dim=1)", "torch.stack(dx[::-1], dim=1).clamp(-5, 5)"),
    (
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "(lambda e: e / e.sum(1, True))((scores - scores.mean()).exp())",
    ),
    ("dot_product_attention", "torch.softmax(scores, dim=1)", "scores.clamp(-100, 100).softmax(1)"),
    ("lstm_step_forward", "torch.sigmoid(a_f)", "a_f.exp() / (a_f.exp() + 1)"),
    ("temporal_softmax_loss", ".sum() / N", ".sum() / (targets != ignore_index).any(dim=1).sum()"),
]


@pytest.mark.parametrize(("where", "old", "new"), SLIPS, ids=[slip[0] for slip in SLIPS])
def test_what_shows_in_large_numbers_and_long_sequences_alone_is_seen(where, old, new):
    answers = run(hand_in([Mistake("", where, old, new, "", "")]), where)
    assert judge(EXERCISES[where], answers, set(EXERCISES)).status == "failed"


@pytest.mark.parametrize("name", SAMPLES)
def test_sampling_is_decided_by_a_margin_and_shows_all_that_can_happen(name):
    """What a caption can do, happens: END early, late and never; NULL and START among the words."""
    exercise, happened = EXERCISES[name], set()
    for case in exercise.cases:
        captions, margins = sampled(case)
        assert margins.min() > 0.02, case.name
        words = case.settings["words"]
        if case.name not in ("plain", "another numbering"):
            continue
        for row in captions.tolist():
            said = [words[k] for k in row]
            end = said.index("<END>") if "<END>" in said else len(said)
            happened.add("ended" if end < len(said) else "never ended")
            happened |= {"NULL among words"} if "<NULL>" in said[: max(end - 1, 0)] else set()
            happened |= {"START"} if "<START>" in said[:end] else set()
        assert len(set(map(tuple, captions.tolist()))) == len(captions), case.name
    assert happened == {"ended", "never ended", "NULL among words", "START"}


def sampled(case):
    """Captions of the reference, and by how much each word up to END won, with true scores anew."""
    words = {word: k for k, word in enumerate(case.settings["words"])}
    parameters = {k: torch.from_numpy(v) for k, v in case.parameters.items()}
    H, C = parameters["image_projection.weight"].shape
    cell, D = case.settings["cell_type"], parameters["cell.Wx"].shape[0]
    model = captioning.CaptioningRNN(words, C, D, H, cell).double()
    model.load_state_dict(parameters)
    features = torch.from_numpy(case.inputs["features"])
    with torch.no_grad():
        captions, _ = model.sample(features, case.settings["max_length"] or 15)
        start = torch.full((len(captions), 1), words["<START>"])
        x = model.word_embedding(torch.cat([start, captions[:, :-1]], dim=1))
        h, _ = model.cell(x, model._project_image(features))
        best = model.vocabulary_projection(h).topk(2, dim=2)
    is_end = captions == words["<END>"]
    live = (is_end.cumsum(1) - is_end.long()) == 0
    assert torch.equal(best.indices[..., 0][live], captions[live])
    return captions, (best.values[..., 0] - best.values[..., 1])[live]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "attn"])
def test_the_image_matters(cell):
    """Other features, another loss and other captions: two published checks come out right without."""
    cases = {case.name: case for case in EXERCISES[f"CaptioningRNN.sample[{cell}]"].cases}
    captions, _ = sampled(cases["plain"])
    assert len(set(map(tuple, captions.tolist()))) > 1  # the images alone differ between rows
    shuffled = {c.name: c for c in EXERCISES[f"CaptioningRNN.forward[{cell}]"].cases}
    a, b = (shuffled[name].inputs["features"] for name in ("plain", "shuffled positions"))
    assert not np.array_equal(a, b)
    np.testing.assert_allclose(a.mean((2, 3)), b.mean((2, 3)))


def test_words_are_equal_in_every_way_that_a_gradient_must_add_up():
    """Twice in a caption, twice at a time, elsewhere; first and last word; some that do not occur."""
    for name in ("word_embedding_forward", "word_embedding_backward"):
        cases = {case.name: case for case in EXERCISES[name].cases}
        words = cases["plain"].inputs["words"]
        assert any(len(set(row)) < len(row) for row in words.tolist())
        assert any(len(set(column)) < len(column) for column in words.T.tolist())
        assert {0, MIXED.V - 1} < set(words.flat) < set(range(MIXED.V))
        assert cases["rare words"].inputs["words"].max() < MIXED.V - 1


def test_a_backward_that_stands_alone_is_asked_what_its_forward_is():
    for exercise in EXERCISES.values():
        if exercise.standalone:
            names = [case.name for case in EXERCISES[exercise.forward].cases]
            assert names == [case.name for case in exercise.cases]
            assert not any(case.upstream for case in exercise.cases)


@pytest.mark.parametrize("name", [e.name for e in EXERCISES.values() if e.forward])
def test_gradients_by_hand_agree_with_central_differences_of_the_forward(name):
    assert consistent(run(hand_in(), name))
    wrong = Mistake("", EXERCISES[name].forward, "    return ", "    return 2 * ", "", "")
    if EXERCISES[name].standalone:
        assert not consistent(run(hand_in([wrong]), name))


def test_attention_permutes_with_the_positions():
    model = hand_in().layout.function("dot_product_attention")
    prev_h, A = torch.randn(3, 7), torch.randn(3, 7, 2, 6)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    attn, weights = model(prev_h, A)
    moved, shuffled = model(prev_h, A.flatten(2)[:, :, order].view_as(A))
    torch.testing.assert_close(moved, attn)
    torch.testing.assert_close(shuffled.flatten(1), weights.flatten(1)[:, order])


def test_letters_name_the_sizes_of_the_plain_case():
    assert LETTER_SIZES["N"] == MIXED.N and LETTER_SIZES["4H"] == 4 * MIXED.H
    assert math.prod((MIXED.h, MIXED.w)) == LETTER_SIZES["h*w"]
