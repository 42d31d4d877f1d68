"""The code that is given in the kit's layout, judged by what it does.

What is to be trained must be there, and start as given. What cells, embedding and projections compute is
tried with right functions under them; what they do otherwise is told only of an exercise that it
changes, and that is wrong: see running/runner.py.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FunctionType

import torch
from torch import nn

from checks.cases.case import LEFT_AWAY
from checks.hand_ins.behaviour import (
    EQUAL,
    METHODS,
    SIZES,
    Trial,
    cell_trial,
    cells_in,
    difference,
    layer_trial,
    right_layer,
)
from checks.hand_ins.layers import EMBEDDING, IMAGE, WORDS, Homes, homes_in, made_by
from checks.hand_ins.parameters import (
    beside,
    first_values_fault,
    parameters_fault,
    shapes_of,
)
from checks.hand_ins.right import FUNCTIONS, RightCell

LARGE = {"N": 3, "T": 4, "D": 40, "H": 48, "V": 60, "C": 36}  # for the spread of numbers
NULL = "<NULL>"
PLAIN = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Embedding)
ATTENDS = {"rnn": False, "lstm": False, "attn": True}
Repair = Callable[[nn.Module, dict[str, int], object], None]


@dataclass
class Doubt:
    """Something that given code does otherwise. It is the reason of what goes wrong in an exercise only
    if that changes once it is put right by `repair(captioner, word_to_idx, ignore_index)`.

    spoil: instead, for what no output shows; whoever uses it is wrong, and uses it where spoiling it shows.
    """

    sentence: str
    repair: Repair
    spoil: bool = False


@dataclass
class Given:
    """What was seen: a fault of whatever uses the captioner, doubts, and notes on what does no harm."""

    fault: str = ""
    doubts: list[Doubt] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def look_at(namespace: dict, cell_type: str) -> Given:
    """What has become of the given code of a captioner with that cell.

    Nothing is said where the captioner cannot be made at all: that shows as soon as it is used.
    """
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        maker = namespace.get("CaptioningRNN")
        try:
            made, other = (captioner(maker, cell_type, SIZES) for _ in range(2))
            large = captioner(maker, cell_type, LARGE)
        except (Exception, SystemExit):
            return Given()
        try:
            if fault := parameters_fault(made, other, cell_type, SIZES):
                return Given(fault)
            homes = homes_in(made, shapes_of(cell_type, SIZES))
            if fault := first_values_fault(large, homes, cell_type, LARGE):
                return Given(fault)
        except (Exception, SystemExit) as error:  # parameters that are to come later, say
            text = " ".join(str(error).split()).split(". ")[0]
            return Given(f"the parameters of a new captioner cannot be read: {text}")
        seen = Given(notes=beside(made, homes))
        with (
            suppress(Exception, SystemExit),
            right_functions(namespace, made),
        ):  # changed code may raise anything
            seen.doubts += _trials_failed(maker, made, homes, cell_type)
        with suppress(Exception, SystemExit):
            seen.doubts += _kept_otherwise(maker, cell_type)
        return seen


def captioner(
    maker: Callable, cell_type: str, sizes: dict[str, int], words: dict | None = None, **more
) -> nn.Module:
    """The student's captioner, made as a program makes it."""
    return made_by(
        maker,
        {
            "word_to_idx": words or vocabulary(sizes["V"]),
            "input_dim": sizes["C"],
            "wordvec_dim": sizes["D"],
            "hidden_dim": sizes["H"],
            "cell_type": cell_type,
            **more,
        },
    )


def vocabulary(V: int) -> dict[str, int]:
    """Words with ids, the special ones where nobody expects them."""
    special = {"<NULL>": 2, "<START>": 5, "<END>": 3, "<UNK>": 0}
    rest = (k for k in range(V) if k not in special.values())
    return special | {f"word{k}": k for k in rest}


def kept_by(word_to_idx: dict[str, int], ignore_index) -> dict[str, int | None]:
    """What the kit's own constructor keeps for forward and sample, by its names."""
    special = {"null": "<NULL>", "start": "<START>", "end": "<END>"}
    kept = {name: word_to_idx[word] for name, word in special.items()}
    ignored = NULL if ignore_index == LEFT_AWAY else ignore_index
    return kept | {"ignore_index": word_to_idx.get(ignored, ignored)}


def _kept_otherwise(maker: Callable, cell_type: str) -> Iterator[Doubt]:
    """Whatever stands under the kit's names with another value: forward and sample may read it."""
    words, doubted = vocabulary(SIZES["V"]), set()
    for said, ignored in (
        ("ignore_index left away", LEFT_AWAY),
        ("ignore_index=None", None),
        ("ignore_index=4", 4),
    ):
        more = {} if ignored == LEFT_AWAY else {"ignore_index": ignored}
        made = captioner(maker, cell_type, SIZES, **more)
        for name, wanted in kept_by(words, ignored).items():
            got = getattr(made, name, "nothing")
            if isinstance(got, int | str | None) and got != wanted and name not in doubted:
                doubted.add(name)
                how = f", made with {said}," if name == "ignore_index" else ""
                sentence = f"the captioner{how} keeps {got} in `self.{name}`; it should be {wanted}"
                yield Doubt(sentence, _keep(name))


def _keep(name: str) -> Repair:
    def repair(made: nn.Module, word_to_idx: dict[str, int], ignore_index) -> None:
        setattr(made, name, kept_by(word_to_idx, ignore_index)[name])

    return repair


def _trials_failed(
    maker: Callable, made: nn.Module, homes: Homes, cell_type: str
) -> Iterator[Doubt]:
    """What cells, embedding and projections of a captioner do otherwise."""
    equal = captioner(maker, cell_type, EQUAL)
    for model in (made, equal):
        _randomised(model.double(), homes)
    at_equal = list(cells_in(equal, homes, cell_type))
    for k, (cell, weights) in enumerate(cells_in(made, homes, cell_type)):
        if getattr(cell, "attends", None) is not ATTENDS[cell_type]:
            told = f"`{type(cell).__name__}.attends` is {getattr(cell, 'attends', 'missing')}"
            sentence = f"{told}; it should be {ATTENDS[cell_type]}"
            yield Doubt(sentence, _cells_right(homes, cell_type, "attends"))
        for method in METHODS:
            found, gradient = difference(
                cell_trial(cell, weights, cell_type, method, SIZES),
                lambda k=k, method=method: cell_trial(*at_equal[k], cell_type, method, EQUAL),
            )
            if found and gradient and method != "forward":
                yield Doubt(found, _spoilt(homes, cell_type, method), spoil=True)
            elif found:
                yield Doubt(found, _cells_right(homes, cell_type, method))
    for trial, repair in _layer_trials(made, homes):
        found, _ = difference(trial, lambda trial=trial: trial)
        if found:
            yield Doubt(found, repair)


def _randomised(model: nn.Module, homes: Homes) -> None:
    """Numbers of an ordinary size in all parameters, biases too."""
    with torch.no_grad():
        for places in homes.values():
            for home in places:
                parameter = home.of(model)
                parameter.copy_(torch.randn_like(parameter) / 2)


def _cells_right(homes: Homes, cell_type: str, name: str) -> Repair:
    """Puts the right method, or `attends`, in the place of a cell's own."""

    def repair(made: nn.Module, *_) -> None:
        for cell, weights in cells_in(made, homes, cell_type):
            right = RightCell(cell_type, weights)
            setattr(cell, name, ATTENDS[cell_type] if name == "attends" else getattr(right, name))

    return repair


def _spoilt(homes: Homes, cell_type: str, method: str) -> Repair:
    """Puts something useless in the place of a cell's method."""

    def spoil(made: nn.Module, *_) -> None:
        for cell, _weights in cells_in(made, homes, cell_type):
            setattr(cell, method, lambda *_, **__: None)

    return spoil


def _layer_trials(made: nn.Module, homes: Homes) -> Iterator[tuple[Trial, Repair]]:
    """The embedding, and projections that are more than one of torch's layers."""
    for source in (EMBEDDING, IMAGE, WORDS):
        name, home = source.split(".")[0], homes[source][0]
        bias = homes.get(source.replace("weight", "bias"), [home])[0]
        path = name if home.path.startswith(f"{name}.") else home.path
        if not path or home.turned or type(made.get_submodule(path)) in PLAIN:
            continue

        def repair(made: nn.Module, *_, path=path, source=source, homes=(home, bias)) -> None:
            values = (home.of(made) for home in homes)
            made.get_submodule(path).forward = right_layer(source, *values)

        layer = made.get_submodule(path)
        label = f"{type(layer).__name__}.forward" if source == EMBEDDING else path
        yield layer_trial(label, layer, source, home.of(made), bias.of(made)), repair


@contextmanager
def right_functions(namespace: dict, made: nn.Module):
    """Within, the student's code finds right functions under the names of the exercises."""
    classes = {kind for module in made.modules() for kind in type(module).__mro__}
    methods = (f for kind in classes for f in vars(kind).values() if isinstance(f, FunctionType))
    scopes = [
        namespace,
        *(f.__globals__ for f in methods if not FUNCTIONS.keys().isdisjoint(f.__globals__)),
    ]
    scopes = list({id(scope): scope for scope in scopes}.values())
    before = [{name: scope[name] for name in FUNCTIONS if name in scope} for scope in scopes]
    for scope in scopes:
        scope.update(FUNCTIONS)
    try:
        yield
    finally:
        for scope, kept in zip(scopes, before):
            for name in FUNCTIONS:
                del scope[name]
            scope.update(kept)
