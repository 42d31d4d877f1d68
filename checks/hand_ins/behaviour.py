"""What given code does by itself, compared with what is right, and in which words that is told.

A trial asks one method on ordinary inputs, in float64, with right functions under it: values, then
gradients. Sizes all differ, but for a second trial at equal sizes, where weights that were exchanged
give numbers too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import nn
from torch.nn import functional as F

from checks.hand_ins.layers import EMBEDDING, Homes
from checks.hand_ins.right import STATES, WEIGHTS, RightCell

Tensors = dict[str, torch.Tensor]
SIZES = {"N": 3, "T": 4, "D": 5, "H": 7, "V": 11, "C": 9}
EQUAL = {"N": 3, "T": 4, "D": 6, "H": 6, "V": 11, "C": 9}
GRID = (2, 4)
PROJECTED = {2: F.linear, 3: F.conv1d, 4: F.conv2d}  # by the dimensions of the weight
METHODS = ("forward", "start", "step")
CALLED = {"forward": "(x, image)", "start": "(image)", "step": "(x, state, image)"}


class Odd(Exception):
    """Something else came back than asked for; the message says what."""


@dataclass
class Trial:
    """One method of a module: called, and what is right, both from inputs and live weights by name."""

    name: str
    call: Callable[[Tensors], Tensors]
    right: Callable[[Tensors], Tensors]
    inputs: Tensors
    weights: Tensors

    def given(self) -> Tensors:
        return self.inputs | self.weights


def cells_in(made: nn.Module, homes: Homes, cell_type: str) -> Iterator[tuple[nn.Module, Tensors]]:
    """The cells of a captioner that may be the one in use, with their live weights."""
    paths = list(dict.fromkeys(home.path for home in homes["cell.Wx"]))
    known = len(
        WEIGHTS[cell_type]
    )  # other cells, of another type, may fit but for what is left over
    plain = [path for path in paths if len(made.get_submodule(path)._parameters) == known]
    for path in plain or paths:
        weights = {
            name: made.get_submodule(path)._parameters[home.name]
            for name in WEIGHTS[cell_type]
            for home in homes[f"cell.{name}"]
            if home.path == path
        }
        while path and not hasattr(made.get_submodule(path), "step") and "." in path:
            path = path.rpartition(".")[0]  # what holds the weights may lie inside the cell
        if path and len(weights) == known:
            yield made.get_submodule(path), weights


def cell_trial(
    cell: nn.Module, weights: Tensors, cell_type: str, method: str, sizes: dict
) -> Trial:
    N, T, D, H = (sizes[letter] for letter in "NTDH")
    image = (N, H, *GRID) if cell_type == "attn" else (N, H)
    shapes = {"x": (N, D) if method == "step" else (N, T, D)}
    shapes |= {name: (N, H) for name in STATES[cell_type]} | {"image": image}
    wanted = {"forward": ("x", "image"), "start": ("image",)}.get(method, tuple(shapes))
    inputs = {name: _numbers(shapes[name]) for name in wanted}
    name = f"`{type(cell).__name__}.{method}`"

    def call(given: Tensors) -> Tensors:
        return _asked(cell, name, cell_type, method, given)

    def right(given: Tensors) -> Tensors:
        return _asked(RightCell(cell_type, given), name, cell_type, method, given)

    used = {} if method == "start" else weights
    return Trial(name, call, right, inputs, used)


def _asked(cell, name: str, cell_type: str, method: str, given: Tensors) -> Tensors:
    """What a cell's method returns, by name. Raises Odd where it is of another form."""
    states = STATES[cell_type]
    state = tuple(given[name] for name in states if name in given)
    if method == "start":
        return _state(name, states, cell.start(given["image"]))
    if method == "forward":
        first, returned = "h", cell.forward(given["x"], given["image"])
    else:
        first, returned = "the state", cell.step(given["x"], state, given["image"])
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        raise Odd(f"{name} should return {first} and the weights; it returns {_thing(returned)}")
    value, weights = returned
    found = {"h": value} if method == "forward" else _state(name, states, value)
    return found | ({"weights": weights} if cell_type == "attn" else {})


def _state(name: str, states: tuple[str, ...], value) -> Tensors:
    if not isinstance(value, tuple | list) or len(value) != len(states):
        wanted = f"({', '.join(states)}{',' * (len(states) == 1)})"
        raise Odd(f"the state that {name} returns should be {wanted}; it is {_thing(value)}")
    return dict(zip(states, value))


def right_layer(source: str, weight: torch.Tensor, bias) -> Callable[[torch.Tensor], torch.Tensor]:
    """What the layer does that has the kit's parameter `source`."""
    if source == EMBEDDING:
        return lambda words: F.embedding(words, weight)
    return lambda x: PROJECTED[weight.dim()](x, weight, bias)


def layer_trial(name: str, layer: nn.Module, source: str, weight: torch.Tensor, bias) -> Trial:
    """The embedding; or a projection that holds a Linear or a convolution, and takes what that takes."""
    if source == EMBEDDING:
        given = torch.tensor([[4, 0, 7], [7, 2, 10]])
        inputs, weights = {}, {"W_embed": weight}
    else:
        given = _numbers((SIZES["N"], weight.shape[1], *GRID[: weight.dim() - 2]))
        inputs, weights = {"x": given}, {"weight": weight, "bias": bias}
    return Trial(
        f"`{name}`",
        lambda _: {"out": layer.forward(given)},
        lambda _: {"out": right_layer(source, weight, bias)(given)},
        inputs,
        weights,
    )


def difference(trial: Trial, at_equal_sizes: Callable[[], Trial]) -> tuple[str, bool]:
    """What a trial shows to be otherwise than right, in a sentence ("": nothing); and whether only
    its gradients are wrong.
    """
    right = trial.right(trial.given())
    try:
        got = trial.call(trial.given())
        told = _form(trial.name, got, right)
    except Odd as odd:
        return str(odd), False
    except Exception as error:
        method = trial.name.strip("`").rpartition(".")[2]
        text = " ".join(str(error).split())[:200]
        told = f"{trial.name[:-1]}{CALLED.get(method, '')}` raises {type(error).__name__}: {text}"
        return _exchanged(at_equal_sizes()) or told, False
    if told:
        return told, False
    if any(not _close(got[name], value) for name, value in right.items()):
        return _values_told(trial, got, right, at_equal_sizes), False
    return _gradients_told(trial, got, right), True


def _form(name: str, got: Tensors, right: Tensors) -> str:
    for output, value in right.items():
        it = "what it returns" if output == "out" else f"the `{output}` that it returns"
        if not isinstance(got[output], torch.Tensor):
            return f"{name}: {it} should be a tensor; it is {_thing(got[output])}"
        if got[output].shape != value.shape:
            shapes = tuple(got[output].shape), tuple(value.shape)
            return f"{name}: {it} has the shape {shapes[0]}, it should have {shapes[1]}"
    return ""


def _values_told(trial: Trial, got: Tensors, right: Tensors, at_equal_sizes) -> str:
    if {"h", "c"} <= right.keys() and (how := _turned(trial, got, right)):
        return f"{trial.name} {how} (c, h): the hidden state comes first"
    for output in right:
        if not _close(got[output], right[output]) and (what := _known(trial, got, right, output)):
            returned = "what it returns" if output == "out" else f"the `{output}` that it returns"
            should = _known(trial, right, {}, output)
            return f"{trial.name}: {returned} is {what}" + (should and f"; it should be {should}")
    if unused := [name for name in trial.given() if _has_no_effect(trial, name, got, right)]:
        named = " and ".join(f"`{name}`" for name in unused)
        return (
            f"{trial.name} does not use {named}: another value there changes nothing that comes out"
        )
    if exchanged := _exchanged(at_equal_sizes()):
        return exchanged
    wrong = next(name for name in right if not _close(got[name], right[name]))
    place = int((got[wrong] - right[wrong]).abs().argmax())
    numbers = (each[wrong].flatten()[place].item() for each in (got, right))
    returned = "what it returns" if wrong == "out" else f"its `{wrong}`"
    return (
        f"{trial.name} computes something else than was given: with right functions under it,"
        f" {returned} has {next(numbers):.4g} where {next(numbers):.4g} is right"
    )


def _turned(trial: Trial, got: Tensors, right: Tensors) -> str:
    """How a cell has its two states in the other order: "returns", or "takes and returns"."""
    given = trial.given()
    if {"h", "c"} <= given.keys():
        both = trial.right(given | {"h": given["c"], "c": given["h"]})
        if _close(got["h"], both["c"]) and _close(got["c"], both["h"]):
            return "takes and returns its states as"
    same = _close(right["h"], right["c"])
    turned = _close(got["h"], right["c"]) and _close(got["c"], right["h"])
    return "returns" if turned and not same else ""


def _known(trial: Trial, got: Tensors, right: Tensors, output: str) -> str:
    """What an output is, if it is something simple."""
    value = got[output]
    if not value.any():
        return "zeros"
    for name, other in trial.inputs.items():
        if _close(value, other):
            return f"`{name}`, as it came in"
        if other.dim() == value.dim() + 2 and _close(value, other.mean((-2, -1))):
            return f"the mean of `{name}` over its positions"
    for name, other in right.items():
        if name != output and _close(value, other):
            return f"what `{name}` should be"
    if output in right and (right[output] * value).any():
        factor = ((value * right[output]).sum() / (right[output] ** 2).sum()).item()
        if _close(value, factor * right[output]):
            return f"{factor:.4g} times what is right"
    return ""


def _has_no_effect(trial: Trial, name: str, got: Tensors, right: Tensors) -> bool:
    """Whether another value of an input or a weight changes what is right, but nothing that came out."""
    with torch.no_grad():
        value = trial.given()[name]
        kept = value.clone()
        value.copy_(_numbers(value.shape))
        try:
            again, anew = trial.call(trial.given()), trial.right(trial.given())
        except Exception:
            return False
        finally:
            value.copy_(kept)
    return all(_close(again[k], got[k]) for k in right) and any(
        not _close(anew[k], right[k]) for k in right
    )


def _exchanged(trial: Trial) -> str:
    """Two inputs or weights that a method has exchanged, in a trial at equal sizes."""
    try:
        given = trial.given()
        got = trial.call(given)
    except Exception:
        return ""
    for a, b in combinations(given, 2):
        if given[a].shape == given[b].shape:
            right = trial.right(given | {a: given[b], b: given[a]})
            if not _form(trial.name, got, right) and all(_close(got[k], right[k]) for k in right):
                return f"{trial.name} uses `{a}` and `{b}` one in the place of the other"
    return ""


def _gradients_told(trial: Trial, got: Tensors, right: Tensors) -> str:
    """Where autograd finds another gradient; weights of attention are for looking."""
    outputs = [name for name in right if name != "weights"]
    given = {name: value for name, value in trial.given().items() if value.requires_grad}
    upstream = [_numbers(right[name].shape) for name in outputs]
    found, wanted = (
        _gradients([each[k] for k in outputs], given, upstream) for each in (got, right)
    )
    for name in given:
        if wanted[name] is None:
            continue
        if found[name] is None and wanted[name].any():
            return (
                f"{trial.name}: its values are right, but no gradient reaches `{name}` through it"
            )
        if found[name] is not None and not _close(found[name], wanted[name]):
            return f"{trial.name}: its values are right, but the gradient of `{name}` through it is not"
    return ""


def _gradients(outputs: list, given: Tensors, upstream: list) -> dict[str, torch.Tensor | None]:
    total = sum((out * up).sum() for out, up in zip(outputs, upstream))
    if not total.requires_grad:
        return dict.fromkeys(given)
    return dict(zip(given, torch.autograd.grad(total, list(given.values()), allow_unused=True)))


def _numbers(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64).requires_grad_()


def _close(one: torch.Tensor, other: torch.Tensor) -> bool:
    """float32 inside does no harm here."""
    return one.shape == other.shape and torch.allclose(one.double(), other.double(), 1e-4, 1e-5)


def _thing(value) -> str:
    if isinstance(value, torch.Tensor):
        return f"one tensor of shape {tuple(value.shape)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return "None" if value is None else f"an object of type {type(value).__name__}"
