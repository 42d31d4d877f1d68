"""Whether a captioner of the kit's layout has the parameters that it was given, to be trained."""

import math
from collections.abc import Iterator

import torch
from torch import nn

from checks.hand_ins.layers import Homes, homes_in
from checks.hand_ins.right import WEIGHTS

LETTERS = {  # the shape of each parameter; G stands for H columns (rnn), or for 4H
    "word_embedding.W_embed": "V D",
    "image_projection.weight": "H C",
    "image_projection.bias": "H",
    "cell.Wx": "D G",
    "cell.Wh": "H G",
    "cell.Wattn": "H G",
    "cell.b": "G",
    "vocabulary_projection.weight": "V H",
    "vocabulary_projection.bias": "V",
}
SPREAD = {  # of the numbers that a parameter starts with: 1 / sqrt(...)
    "word_embedding.W_embed": "1",
    "image_projection.weight": "3C",
    "image_projection.bias": "3C",
    "cell.Wx": "D",
    "cell.Wh": "H",
    "cell.Wattn": "H",
    "vocabulary_projection.weight": "3H",
    "vocabulary_projection.bias": "3H",
}
GATES = "ifog"


def shapes_of(cell_type: str, sizes: dict[str, int]) -> dict[str, tuple[int, ...]]:
    """The shapes of the parameters of a captioner with that cell, by the kit's names."""
    sizes = sizes | {"G": sizes["H"] * (1 if cell_type == "rnn" else 4)}
    return {
        source: tuple(sizes[letter] for letter in letters.split())
        for source, letters in LETTERS.items()
        if not source.startswith("cell.") or source.split(".")[1] in WEIGHTS[cell_type]
    }


def shape_text(source: str, cell_type: str, shape: tuple[int, ...]) -> str:
    letters = LETTERS[source].replace("G", "H" if cell_type == "rnn" else "4H").split()
    return f"({', '.join(letters)}{',' * (len(letters) == 1)}) = {shape}"


def parameters_fault(made: nn.Module, other: nn.Module, cell_type: str, sizes: dict) -> str:
    """What is wrong with the parameters of a captioner, in a sentence; "" if nothing.

    other: a second one of the same class, with nothing in common. All sizes differ.
    """
    shapes = shapes_of(cell_type, sizes)
    homes = homes_in(made, shapes)
    for source in shapes:
        if source not in homes:
            return _missing(made, source, cell_type, shapes, homes)
    owners = {}
    for source, places in homes.items():
        for home in places:
            parameter, second = (home.of(model) for model in (made, other))
            if not parameter.requires_grad:
                return (
                    f"`{home.full}` is frozen (requires_grad is False): it would never be trained"
                )
            if parameter is second:
                return f"`{home.full}` of one captioner is that of every other: they share it"
            first = owners.setdefault(id(parameter), (source, home))
            if first[0] != source:
                return f"`{first[1].full}` and `{home.full}` are one and the same parameter"
    return ""


def _missing(made, source: str, cell_type: str, shapes: dict, homes: Homes) -> str:
    """Why a parameter is not among those of the captioner, as far as can be seen."""
    wanted = f"`{source}`, of shape {shape_text(source, cell_type, shapes[source])}"
    never = "it is not among captioner.parameters(), and would never be trained"
    if unregistered := next(_unregistered(made, shapes[source]), ""):
        return (
            f"{unregistered}: so nothing is there for {wanted}, and nothing of it would be trained"
        )
    owner_name, name = source.rsplit(".", 1)
    owner = getattr(made, owner_name, None)
    value = getattr(owner, name, None)
    if isinstance(value, nn.Parameter) and value.shape != shapes[source]:
        right = shape_text(source, cell_type, shapes[source])
        with_cell = f"with cell_type={cell_type!r} "
        return f"{with_cell}`{source}` has the shape {tuple(value.shape)}, it should have {right}"
    if isinstance(value, nn.Parameter):
        return f"`{source}` is there, but {never}"
    if isinstance(value, torch.Tensor):
        buffered = any(value is buffer for buffer in made.buffers())
        kind = "a buffer" if buffered else "a plain tensor"
        return f"`{source}` is {kind}, not an nn.Parameter: {never}"
    if name == "bias" and (weight := homes.get(source.replace("bias", "weight"))):
        return f"the layer of `{weight[0].full}` has no bias: there is no {wanted}"
    where = f": `{owner_name}` is of the class {type(owner).__name__}" if owner is not None else ""
    return f"with cell_type={cell_type!r} the captioner has no parameter {wanted}{where}"


def _unregistered(made: nn.Module, shape: tuple[int, ...]) -> Iterator[str]:
    """Modules with a parameter of that shape, which torch does not know of, and where they are."""
    for path, module in made.named_modules():
        for name, value in vars(module).items():
            if name in ("_parameters", "_buffers", "_modules"):
                continue
            full = f"{path}.{name}".lstrip(".")
            held = list(value.values()) if isinstance(value, dict) else value
            held = held if isinstance(held, list | tuple | set) else [held]
            for each in held:
                inner = each.parameters() if isinstance(each, nn.Module) else [each]
                if any(isinstance(p, nn.Parameter) and p.shape == shape for p in inner):
                    kind = f"in a plain {type(value).__name__}, " if each is not value else ""
                    thing = "module" if isinstance(each, nn.Module) else "parameter"
                    yield f"the {type(each).__name__} in `{full}` is {kind}a {thing} that is not registered"


def first_values_fault(made: nn.Module, homes: Homes, cell_type: str, sizes: dict) -> str:
    """What starts otherwise than given; sizes large enough for a spread to be seen."""
    for source, places in homes.items():
        for home in places:
            value = home.of(made).detach().double()
            if source == "cell.b":
                if fault := _bias_fault(value, cell_type):
                    return f"`{home.full}` starts {fault}"
            elif fault := _spread_fault(value, SPREAD[source], sizes):
                return f"`{home.full}` starts {fault}"
    return ""


def _bias_fault(b: torch.Tensor, cell_type: str) -> str:
    if cell_type == "rnn":
        return "" if not b.any() else f"with numbers such as {b[b != 0][0]:.3g}, it should be 0"
    blocks = b.unflatten(0, (4, -1))
    right = torch.zeros_like(blocks)
    right[1] = 1
    if torch.equal(blocks, right):
        return ""
    should = "it should be 1 in the block of the forget gate f, 0 in i, o and g"
    if bool((blocks == blocks[:, :1]).all()):
        values = ", ".join(f"{gate} {block[0]:.3g}" for gate, block in zip(GATES, blocks))
        return f"with {values}; {should}"
    return f"with other numbers than given; {should}"


def _spread_fault(value: torch.Tensor, under: str, sizes: dict[str, int]) -> str:
    letters = under.strip("13")
    number = int(under.strip("CDH") or 1) * (sizes[letters] if letters else 1)
    wanted = 1 / math.sqrt(number)
    given = f"1 / sqrt({under}) = {wanted:.3f}" if letters else "1"
    tolerance = 1.15 if value.dim() > 1 else 1.5
    spread = value.std().item()
    if not wanted / tolerance < spread < wanted * tolerance:
        return f"with numbers whose standard deviation is {spread:.3f}; it should be {given}"
    if abs(value.mean().item()) > 0.3 * wanted:
        return f"with numbers whose mean is {value.mean().item():.3f}; it should be 0"
    for axis, lines in enumerate(("column", "row")[: value.dim() if value.dim() > 1 else 0]):
        spreads = value.flatten(1).std(axis) / wanted
        if not ((spreads > 0.4) & (spreads < 1.8)).all():
            k = int((spreads - 1).abs().argmax())
            spread = spreads[k].item() * wanted
            return (
                f"with numbers whose standard deviation in {lines} {k} is {spread:.3f};"
                f" it should be {given}"
            )
    return ""


def beside(made: nn.Module, homes: Homes) -> list[str]:
    """Notes on parameters that came in addition, and on projections of another kind."""
    known = {id(home.of(made)) for places in homes.values() for home in places}
    more = [name for name, parameter in made.named_parameters() if id(parameter) not in known]
    notes = []
    if more:
        shown = ", ".join(more[:3]) + (", ..." if len(more) > 3 else "")
        notes.append(f"the captioner has parameters beside those that it needs: {shown}")
    for source, places in homes.items():
        layer = made.get_submodule(places[0].path)
        if source.endswith("projection.weight") and type(layer) is not nn.Linear:
            notes.append(f"`{places[0].full}` belongs to a {type(layer).__name__}, not a Linear")
    return notes
