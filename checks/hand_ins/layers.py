"""Where a captioner's parameters belong, in a model whose layers bear names of their author's choosing.

Layers are recognised by shape and kind: Linear or 1x1 convolution, a matrix of either orientation,
an embedding, a cell with its Wx, Wh, b. Parameters are named as in the kit's CaptioningRNN.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

IMAGE, WORDS = "image_projection.weight", "vocabulary_projection.weight"
EMBEDDING = "word_embedding.W_embed"


def made_by(maker: Callable, arguments: dict[str, object]) -> nn.Module:
    """A hand-in's captioner: arguments by name where it has the names, else by position."""
    takes = inspect.signature(maker).parameters
    named = {name: value for name, value in arguments.items() if name in takes}
    nameless = [name for name, p in takes.items() if p.default is p.empty and name not in named]
    if nameless or len(named) < 5:
        return maker(*list(arguments.values())[: len(takes)])
    return maker(**named)


@dataclass(frozen=True)
class Place:
    """The parameter `name` of a layer, which is given the value of the kit's parameter `source`."""

    layer: nn.Module
    name: str
    source: str

    def fill(self, value: torch.Tensor, shape: tuple[int, ...], channels: int):
        """Put a value there, in the layer's shape; it stays part of the gradient graph.

        The image projection gets columns of zeros for the channels that the case has not.
        """
        if self.source == IMAGE:
            zeros = value.new_zeros(len(value), channels - value.shape[1])
            value = torch.cat([value, zeros], dim=1)
        straight = value.dim() < 2 or shape[:2] == value.shape
        self.layer._parameters[self.name] = (value if straight else value.T).reshape(shape)


def find_places(
    model: nn.Module, shapes: dict[str, tuple[int, ...]], channels: int
) -> list[tuple[Place, tuple[int, ...]]]:
    """All places in a model for parameters of these shapes, and the shapes the model has there.

    Cells of other types may lie beside the one in use, layers may exist twice: all that fit are
    taken. `channels` is what the model was told that the features have.
    """
    shapes = shapes | {IMAGE: (shapes[IMAGE][0], channels)}
    found = []
    for layer in model.modules():
        own = {name: tuple(p.shape) for name, p in layer._parameters.items() if p is not None}
        pairs = _cell(own, shapes) if "Wx" in own else _renamed_cell(own, shapes)
        pairs = pairs or _projections(layer, own, shapes)
        found += [(Place(layer, name, source), own[name]) for name, source in dict.fromkeys(pairs)]
    return found


@dataclass(frozen=True)
class Home:
    """Where captioners of one class have a parameter: `name` of the module at `path`.

    turned: the matrix lies there with its rows as columns.
    """

    path: str
    name: str
    turned: bool = False

    @property
    def full(self) -> str:
        return f"{self.path}.{self.name}".lstrip(".")

    def of(self, model: nn.Module) -> torch.Tensor:
        return model.get_submodule(self.path)._parameters[self.name]


Homes = dict[str, list[Home]]


def homes_in(model: nn.Module, shapes: dict[str, tuple[int, ...]]) -> Homes:
    """The homes of the kit's parameters: by the kit's names, else wherever they are recognised.

    The shapes are those of sizes that all differ: then no two matrices are taken for each other.
    """
    named = dict(model.named_parameters(remove_duplicate=False))
    homes = {
        source: [Home(*source.rsplit(".", 1))]
        for source, shape in shapes.items()
        if source in named and named[source].shape == shape
    }
    if homes.keys() == shapes.keys():
        return homes
    paths = {module: path for path, module in model.named_modules()}
    by_name = frozenset(homes)
    for place, shape in find_places(model, shapes, shapes[IMAGE][1]):
        if place.source not in by_name:
            turned = len(shape) > 1 and shape[:2] != shapes[place.source]
            home = Home(paths[place.layer], place.name, turned)
            homes.setdefault(place.source, []).append(home)
    for source in shapes.keys() - homes.keys():
        if left := _left_over(model, homes, source, shapes[source]):
            homes[source] = left
    return homes


def _left_over(model: nn.Module, homes: Homes, source: str, shape: tuple) -> list[Home]:
    """Of the layer that the rest was found in, the one parameter of that shape that nothing else is."""
    layer = source.split(".")[0]
    near = {home.path for other in homes if other.startswith(f"{layer}.") for home in homes[other]}
    taken = {home.full for places in homes.values() for home in places}
    found = []
    for path in sorted(near):
        own = model.get_submodule(path)._parameters
        names = [name for name, p in own.items() if p is not None and p.shape == shape]
        free = [home for name in names if (home := Home(path, name)).full not in taken]
        found += free if len(free) == 1 else []
    return found


def filled(
    model: nn.Module, homes: Homes, values: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Put values into their homes; the leaves of the gradient graph, by the kit's names and shapes.

    A parameter of the right shape stays the parameter it is. Where the shape is another, or where
    several layers may be the one in use, they get what hangs on one leaf.
    """
    leaves = {}
    for source, value in values.items():
        own = homes[source][0].of(model)
        if len(homes[source]) == 1 and not homes[source][0].turned and own.shape == value.shape:
            with torch.no_grad():
                leaves[source] = own.copy_(value)
            continue
        leaves[source] = leaf = value.detach().to(own.dtype, copy=True).requires_grad_()
        for home in homes[source]:
            here = (leaf.T if home.turned else leaf).reshape(home.of(model).shape)
            model.get_submodule(home.path)._parameters[home.name] = here
    return leaves


def _cell(own: dict, shapes: dict) -> list[tuple[str, str]]:
    """A cell fits as a whole or not at all: an LSTM in the place of an RNN has other shapes."""
    wanted = {name: shapes.get(f"cell.{name}") for name in own}
    fits = all(shape in (None, own[name]) for name, shape in wanted.items())
    return [(name, f"cell.{name}") for name in own if fits and wanted[name]]


def _renamed_cell(own: dict, shapes: dict) -> list[tuple[str, str]]:
    """A cell whose parameters have other names, where their shapes alone tell which is which."""
    cell = {source: shape for source, shape in shapes.items() if source.startswith("cell.")}
    if len(set(cell.values())) < len(cell) or sorted(own.values()) != sorted(cell.values()):
        return []
    return [(name, source) for name in own for source in cell if own[name] == cell[source]]


def _projections(layer: nn.Module, own: dict, shapes: dict) -> list[tuple[str, str]]:
    """Matrices by their shape, and of the same layer the vector that is their bias."""
    tables = [EMBEDDING] if isinstance(layer, nn.Embedding) or "W_embed" in own else [IMAGE, WORDS]
    if len({frozenset(shapes[source]) for source in (EMBEDDING, IMAGE, WORDS)}) == 3:
        tables = [EMBEDDING, IMAGE, WORDS]  # the shapes alone tell which is which
    pairs = []
    for name, shape in own.items():
        matrix = shape[:2] if set(shape[2:]) <= {1} else None
        for source in tables:
            if len(shape) > 1 and matrix in (shapes[source], shapes[source][::-1]):
                bias = source.replace("weight", "bias")
                pairs.append((name, source))
                pairs += [(other, bias) for other in own if own[other] == shapes.get(bias)]
    return pairs
