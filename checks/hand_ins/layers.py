"""Where a captioner's parameters belong, in a model whose layers bear names of their author's choosing.

Layers are recognised by shape and kind: Linear or 1x1 convolution, a matrix of either orientation,
an embedding, a cell with its Wx, Wh, b. Parameters are named as in the kit's CaptioningRNN.
"""

from dataclasses import dataclass

import torch
from torch import nn

IMAGE, WORDS = "image_projection.weight", "vocabulary_projection.weight"
EMBEDDING = "word_embedding.W_embed"


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
        pairs = _cell(own, shapes) if "Wx" in own else _projections(layer, own, shapes)
        found += [(Place(layer, name, source), own[name]) for name, source in pairs]
    return found


def _cell(own: dict, shapes: dict) -> list[tuple[str, str]]:
    """A cell fits as a whole or not at all: an LSTM in the place of an RNN has other shapes."""
    wanted = {name: shapes.get(f"cell.{name}") for name in own}
    fits = all(shape in (None, own[name]) for name, shape in wanted.items())
    return [(name, f"cell.{name}") for name in own if fits and wanted[name]]


def _projections(layer: nn.Module, own: dict, shapes: dict) -> list[tuple[str, str]]:
    """Matrices by their shape, and of the same layer the vector that is their bias."""
    embeds = isinstance(layer, nn.Embedding) or "W_embed" in own
    pairs = []
    for name, shape in own.items():
        matrix = shape[:2] if set(shape[2:]) <= {1} else None
        for source in (EMBEDDING,) if embeds else (IMAGE, WORDS):
            if len(shape) > 1 and matrix in (shapes[source], shapes[source][::-1]):
                bias = source.replace("weight", "bias")
                pairs.append((name, source))
                pairs += [(other, bias) for other in own if own[other] == shapes.get(bias)]
    return pairs
