"""Layers of a captioner in another layout that the one asked for has not: for a flattened grid, a pooling.

They keep the random numbers that they were made with. Where they take part, nothing can be compared.
"""

from contextlib import nullcontext

import torch
from torch import nn

from checks.hand_ins.layers import IMAGE
from checks.running.evidence import Used

PURPOSES = {
    "word_embedding": "the word vectors",
    "image_projection": "the image features",
    "cell": "the recurrence",
    "vocabulary_projection": "the scores of the words",
}
GRID = 16  # positions of the grid that these layouts' encoders give
KINDS = "word vectors, one projection of the image features, a cell and one layer for the scores"


class OtherLayers(Exception):
    """A parameter takes part that nothing fills; the message says which."""


class Strangers:
    """A captioner's parameters that have no place in the kit's; and what the kit's lack in it.

    missing: names of the kit's parameters that were found nowhere.
    """

    def __init__(self, model: nn.Module, places: list, shapes: dict, channels: int):
        taken = {(id(place.layer), place.name) for place, _ in places}
        self.layers, self.unknown = dict(model.named_modules()), {}
        for path, layer in self.layers.items():
            for name, parameter in layer._parameters.items():
                if parameter is not None and (id(layer), name) not in taken:
                    self.unknown[f"{path}.{name}".lstrip(".")] = parameter
        self.shapes, self.channels = shapes, channels
        self.missing = sorted(shapes.keys() - {place.source for place, _ in places})
        images = [(p.layer, p.name) for p, _ in places if p.source == IMAGE]
        self.images = images if len(images) > 1 else []
        self.watch = Used({})

    @property
    def used(self) -> list[str]:
        """Which of the unknown took part in the last call."""
        return [name for name in self.watch.found if name in self.unknown]

    def watched(self) -> Used:
        """A context that notes what takes part: of the unknown, and of several layers for the image."""
        paths = {layer: path for path, layer in self.layers.items()}
        images = {paths[layer]: layer._parameters[name] for layer, name in self.images}
        self.watch = Used(self.unknown | images)
        return self.watch if self.unknown or images else nullcontext()

    def note(self) -> str:
        """That two layers project the image, which this check gives the same numbers; "" if one does."""
        found = [f"`{name}`" for name in self.watch.found if name not in self.unknown]
        if len(found) < 2:
            return ""
        return (
            f"{' and '.join(found)} both project the image, where one layer should; the check gave both the"
            " same numbers."
        )

    def near(self, source: str) -> list[str]:
        """Unknown parameters that may have been meant for this one: of such a layer, and of as many axes."""
        layer, name = source.split(".")
        axes, cell = len(self.shapes[source]), layer == "cell"
        found = [
            other
            for other, parameter in self.unknown.items()
            if cell == ("Wx" in self.layer_of(other)._parameters) and parameter.ndim >= axes
        ]
        return [other for other in found if cell and other.endswith(f".{name}")] or found

    def is_there(self, source: str) -> bool:
        """Whether it is not the one that has another shape, but of the same cell."""
        return any(self.unknown[name].shape == self.shapes[source] for name in self.near(source))

    def bare(self, source: str) -> bool:
        """Whether it is the bias of a layer whose weight is there."""
        return source.endswith("bias") and source.replace("bias", "weight") not in self.missing

    def layer_of(self, name: str) -> nn.Module:
        return self.layers[name.rpartition(".")[0]]

    def fault(self) -> tuple[str, str]:
        """The catalogue's name of what is wrong, if it has one, and a sentence; ("", "") for nothing."""
        for name in self.used:
            positions, rest = divmod(self.unknown[name].shape[-1], self.channels)
            layer = isinstance(self.layer_of(name), nn.Linear) and name.endswith("weight")
            if layer and positions == GRID and not rest:
                return "image-flattened-whole", self.flattened(name)
        if self.missing:
            return "", self.lacking()
        for name in self.used:
            return "", other_parameter(name, self.unknown[name], KINDS)
        return "", ""

    def flattened(self, name: str) -> str:
        layer, width = name.rpartition(".")[0], self.unknown[name].shape[-1]
        return (
            f"The whole feature grid is flattened: `{layer}` takes {width} numbers an image,"
            f" {self.channels} channels at each of {GRID} positions. It should take the mean over the grid:"
            f" {self.channels} numbers, whatever the size of the grid."
        )

    def lacking(self) -> str:
        """Which parameter was not found, and what there is of that kind."""
        source = min(
            self.missing, key=lambda name: (self.is_there(name), name.endswith("bias"), name)
        )
        shape, (layer, name) = self.shapes[source], source.split(".")
        if self.bare(source):
            return f"The layer for {PURPOSES[layer]} has no bias."
        shape = (shape[0], self.channels) if source == IMAGE else shape
        near = [f"`{other}` {tuple(self.unknown[other].shape)}" for other in self.near(source)]
        return (
            f"For {PURPOSES[layer]} a {name} of {shape} is needed; there is {', '.join(near[:3])}."
        )


def other_parameter(name: str, parameter: torch.Tensor, kinds: str) -> str:
    return (
        f"`{name}`, of shape {tuple(parameter.shape)}, takes part in the computation, and is no parameter of"
        f" what is asked for, which has {kinds}."
    )
