"""Layers of a captioner in another layout that the one asked for has not: for a flattened grid, a pooling.

They keep the random numbers that they were made with. Where they take part, nothing can be compared.
"""

from contextlib import nullcontext

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
KINDS = ("word vectors", "one projection of the image features", "the cell's Wx, Wh (Wattn) and b")
LAST_KIND = "one layer for the scores of the words"


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
        self.used: dict[str, None] = {}

    def watched(self):
        """A context that notes which of the unknown take part in what is computed."""
        if not self.unknown:
            return nullcontext()
        watch = Used(self.unknown)
        self.used = watch.found
        return watch

    def near(self, source: str) -> list[str]:
        """Unknown parameters that may have been meant for this one: of a layer of that kind."""
        cell = source.startswith("cell.")
        return [name for name in self.unknown if cell == ("Wx" in self.layer_of(name)._parameters)]

    def layer_of(self, name: str) -> nn.Module:
        return self.layers[name.rpartition(".")[0]]

    def fault(self) -> tuple[str, str]:
        """The catalogue's name of what is wrong, if it has one, and a sentence; ("", "") for nothing."""
        for name in self.used:
            positions, rest = divmod(self.unknown[name].shape[-1], self.channels)
            layer = isinstance(self.layer_of(name), nn.Linear) and name.endswith("weight")
            if layer and positions == GRID and not rest:
                return "image-flattened-whole", self.flattened(name, positions)
        if self.used:
            name = next(iter(self.used))
            return "", (
                f"`{name}`, of shape {tuple(self.unknown[name].shape)}, takes part in the computation,"
                f" and the captioner asked for has no such parameter: it has {', '.join(KINDS)} and"
                f" {LAST_KIND}.{self.lacking()}"
            )
        if self.missing:
            return "", self.lacking().lstrip()
        return "", ""

    def flattened(self, name: str, positions: int) -> str:
        layer = name.rpartition(".")[0]
        return (
            f"The whole feature grid is flattened: `{layer}` takes {self.unknown[name].shape[-1]} numbers"
            f" an image, {self.channels} channels at each of {positions} positions. It should take the mean"
            f" over the grid, {self.channels} numbers, which there are for a grid of any size."
        )

    def lacking(self) -> str:
        """Which parameter was not found, and what there is of that kind; "" if all were."""
        if not self.missing:
            return ""
        source = self.missing[0]
        shape = self.shapes[source]
        if source == IMAGE:
            shape = (shape[0], self.channels)
        there = [f"`{name}` {tuple(self.unknown[name].shape)}" for name in self.near(source)][:3]
        purpose = PURPOSES[source.split(".")[0]]
        return f" For {purpose} no layer has the {source.split('.')[1]} {shape}; there is {', '.join(there)}."
