"""The encoder: a frozen torchvision network that turns pictures into grids of features.

Any classification network of torchvision that keeps a grid until its last pooling will do. It is
cut at its last map (N, C, h, w), traced by torch.fx, every BatchNorm that follows a convolution is
folded into it, and nothing in it ever changes again: it stays in eval mode, without gradients,
whatever is done to a model that it is part of.
"""

import difflib
import math
import re
import warnings
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, fx, nn
from torch.fx.experimental.optimization import fuse
from torch.fx.passes.shape_prop import ShapeProp

from coursework.files import InputError, read_tensors, reason, sha256

from .download import fetch
from .images import as_rgb

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

SCENES_WEIGHTS = Path(__file__).resolve().parents[2] / "data" / "scenes_regnet_x_400mf.safetensors"
SCENES_NAME = "regnet_x_400mf"
MEAN = (0.485, 0.456, 0.406)  # ImageNet's, of red, green, blue from 0 to 1
STD = (0.229, 0.224, 0.225)
LARGEST = 1024  # pixels: the side of the largest square
RESIZE = (
    "shorter side to image_size, bicubic, centre crop; a JPEG decoded at 1/2, 1/4 or 1/8 of its size"
    " where that leaves the shorter side no shorter than image_size"
)
PUBLISHED = re.compile(r"\w+_Weights\.[A-Z0-9_]+")  # such as ResNet18_Weights.IMAGENET1K_V1
Colours = tuple[list[float], list[float]]  # mean and standard deviation of red, green, blue


class Encoder(nn.Module):
    """A frozen network from pictures to features.

    name: a torchvision classification network. weights: "scenes" (shipped, for regnet_x_400mf),
    "imagenet" (torchvision's best, downloaded once), an exact torchvision name such as
    "ResNet18_Weights.IMAGENET1K_V1", or a file (.pth or .safetensors) with torchvision's tensor
    names, of the whole network or of the part before the pooling. A file that also holds the mean
    and the standard deviation of every feature channel, as the shipped one does, has its features
    standardised by them. image_size: side of the square that it sees, in pixels.

    Has .channels (C), .grid (h, w), .image_size and .description (JSON-able: what its features
    depend on). Raises InputError for an unknown name, a network without a grid, and weights that
    are absent, damaged or another's.
    """

    def __init__(
        self, name: str = SCENES_NAME, weights: str | Path = "scenes", image_size: int | None = None
    ):
        super().__init__()
        model = untrained(name)
        usual_size = 299 if name == "inception_v3" else 224
        trunk = trunk_of(model, name, usual_size)
        file, exact, (mean, std) = weights_file(name, weights)
        feature_mean, feature_std = load_weights(trunk, model, name, file)
        self.trunk = fuse(trunk, inplace=True, no_trace=True).to(memory_format=torch.channels_last)
        self.image_size = usual_size if image_size is None else image_size
        if self.image_size > LARGEST:
            raise InputError(f"{name} on {self.image_size} pixels: take at most {LARGEST}")
        self.register_buffer("mean", 255 * torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(std).view(3, 1, 1), persistent=False)
        self.register_buffer("feature_mean", feature_mean.float().view(-1, 1, 1), persistent=False)
        self.register_buffer("feature_std", feature_std.float().view(-1, 1, 1), persistent=False)
        self.requires_grad_(False)
        self.train(False)
        self.channels, *self.grid = self._shape(name)
        self.grid = tuple(self.grid)
        self.description = {
            "name": name,
            "weights": exact,
            "weights_sha256": sha256(file),
            "image_size": self.image_size,
            "resize": RESIZE,
            "mean": mean,
            "std": std,
        }

    def _shape(self, name: str) -> tuple[int, int, int]:
        """(C, h, w) of the features at this image size; InputError where the network cannot take it."""
        side = self.image_size
        try:
            return tuple(self(torch.zeros(1, 3, side, side, dtype=torch.uint8)).shape[1:])
        except (RuntimeError, AssertionError, ValueError) as error:
            message = f"{name} cannot take pictures of {side} x {side}: choose another image size"
            raise InputError(f"{message} ({reason(error)})") from error

    def train(self, mode: bool = True) -> "Encoder":
        """Stays in eval mode: a parent in train mode must not move BatchNorm's statistics."""
        return super().train(False)

    def view(self, image: Image.Image, side: int | None = None) -> Image.Image:
        """What the encoder sees of a picture: an upright RGB square, transparency over white.

        side: that of the square, in pixels, where it is to be cut further; else image_size.
        """
        size = (side or self.image_size,) * 2
        return ImageOps.fit(as_rgb(image), size, Image.Resampling.BICUBIC)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """images: uint8 (N, 3, S, S), red first -> features: float32 (N, C, h, w)."""
        if images.dtype != torch.uint8 or images.shape[1:] != (3, self.image_size, self.image_size):
            wanted = f"uint8 (N, 3, {self.image_size}, {self.image_size})"
            raise ValueError(
                f"the encoder takes {wanted}, got {images.dtype} {tuple(images.shape)}"
            )
        scaled = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        return ((self.trunk(scaled) - self.feature_mean) / self.feature_std).contiguous()

    def encode(self, views: list[Image.Image]) -> Tensor:
        """Pictures as `view` gives them -> features: float32 (N, C, h, w), on the encoder's device."""
        images = torch.from_numpy(np.stack([np.asarray(view) for view in views]))
        return self(images.permute(0, 3, 1, 2).to(self.mean.device))


def encoder_from(description: dict, weights: str | Path | None = None) -> Encoder:
    """The encoder of a bundle or a run again, for new pictures; `weights`: where its file lies now.

    Raises InputError where that is needed and not given, and where the encoder would be another one.
    """
    exact = description["weights"]
    if weights is None and exact != "scenes" and not PUBLISHED.fullmatch(exact):
        raise InputError(
            f"these features were made with the weights file {exact}: say with --weights where it lies"
        )
    encoder = Encoder(description["name"], weights or exact, description["image_size"])
    for key, now in encoder.description.items():
        if key != "weights" and now != description[key]:
            change = f"{key} was {description[key]}, is {now}"
            raise InputError(f"this is not the encoder that the features were made with: {change}")
    return encoder


def import_torchvision() -> ModuleType:
    """torchvision, or an InputError that says what to install."""
    try:
        import torchvision
        import torchvision.models
    except ModuleNotFoundError as error:
        raise InputError(f"no {error.name} here: pip install -r requirements.txt") from error
    except (ImportError, RuntimeError, AttributeError, OSError) as error:
        raise InputError(
            f"torchvision does not fit torch {torch.__version__} ({reason(error)}):"
            " install both from one place, pip install --upgrade --force-reinstall torch torchvision"
        ) from error
    return torchvision


def untrained(name: str) -> nn.Module:
    """The torchvision network of this name as its published weights want it, in eval mode."""
    torchvision = import_torchvision()
    names = torchvision.models.list_models(module=torchvision.models)
    if name not in names:
        close = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
        meant = "did you mean" if close else "choose one of"
        raise InputError(
            f"torchvision has no network {name!r}: {meant} {', '.join(close or names)}"
        )
    options = {}
    if name in (
        "inception_v3",
        "googlenet",
    ):  # drawing first weights, to be replaced, takes seconds
        options = {"transform_input": True, "init_weights": False}
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torchvision.models.get_model(name, weights=None, **options).eval()


def trunk_of(model: nn.Module, name: str, image_size: int) -> fx.GraphModule:
    """The network up to its last grid of features, the tensors named as in the network."""
    graph = fx.Tracer(autowrap_modules=(math, import_torchvision().ops)).trace(model)
    trunk = fx.GraphModule(model, graph)
    with torch.no_grad():
        ShapeProp(trunk).propagate(torch.zeros(1, 3, image_size, image_size))
    *nodes, output = graph.nodes
    output.args = (last_grid(nodes, name),)
    graph.eliminate_dead_code()
    trunk.delete_all_unused_submodules()
    trunk.recompile()
    return trunk


def last_grid(nodes: list[fx.Node], name: str) -> fx.Node:
    """The last step that gives a map (N, C, h, w), h, w > 1, before the pooling and the classifier."""
    for node in reversed(nodes):
        shape = getattr(node.meta.get("tensor_meta"), "shape", ())
        if len(shape) == 3:  # a sequence of tokens: what grid there was is gone
            break
        part = str(node.target).split(".")[0]
        if len(shape) == 4 and min(shape[2:]) > 1 and part not in ("avgpool", "classifier"):
            return node
    instead = f"choose a convolutional network, such as {SCENES_NAME}"
    raise InputError(f"{name} has no grid of features to attend to: {instead}")


def weights_file(name: str, weights: str | Path) -> tuple[Path, str, Colours]:
    """Where the weights lie (downloaded if need be), their exact name, and the colours they expect."""
    if weights == "scenes":
        if name != SCENES_NAME:
            raise InputError(
                f'the weights "scenes" are those of {SCENES_NAME}: for {name} take "imagenet" or a file'
            )
        if not SCENES_WEIGHTS.exists():
            raise InputError(
                f"the shipped weights are not at {SCENES_WEIGHTS}: take that file from the kit"
            )
        return SCENES_WEIGHTS, "scenes", (list(MEAN), list(STD))
    versions = import_torchvision().models.get_model_weights(name)
    if weights == "imagenet":
        return published_file(versions.DEFAULT)
    if not PUBLISHED.fullmatch(str(weights)):
        return Path(weights), Path(weights).name, colours_of(versions.DEFAULT)
    for version in versions:
        if str(version) == weights:
            return published_file(version)
    known = ", ".join(str(version) for version in versions)
    raise InputError(f"{name} has no weights {weights}: choose one of {known}")


def colours_of(version: "WeightsEnum") -> Colours:
    """Mean and standard deviation that torchvision's weights were trained with."""
    preset = version.transforms()
    return list(preset.mean), list(preset.std)


def published_file(version: "WeightsEnum") -> tuple[Path, str, Colours]:
    """The file of weights that torchvision publishes, fetched into the cache of torch.hub."""
    file_name = version.url.rpartition("/")[2]
    prefix = re.search(r"-([0-9a-f]{8,})\.", file_name)
    path = Path(torch.hub.get_dir()) / "checkpoints" / file_name
    return fetch(version.url, path, prefix and prefix[1]), str(version), colours_of(version)


def load_weights(
    trunk: fx.GraphModule, model: nn.Module, name: str, file: Path
) -> tuple[Tensor, Tensor]:
    """Fill the trunk from a file of the trunk or of the whole network; InputError if it is not that.

    Returns mean and standard deviation of the features, for those files that hold them: else 0 and 1.
    """
    tensors = {plain_name(key): value for key, value in read_weights(file).items()}
    feature_mean = tensors.pop("feature_mean", torch.zeros(1))
    feature_std = tensors.pop("feature_std", torch.ones(1))
    known, wanted = model.state_dict(), {}
    for key, value in trunk.state_dict().items():
        if key in known and not key.endswith("num_batches_tracked"):
            wanted[key] = value
    missing = [key for key in wanted if key not in tensors]
    if missing:
        raise InputError(
            f"{file} does not fit {name}: it lacks {missing[0]} and {len(missing) - 1} more"
        )
    unknown = [key for key in tensors if key not in known]
    if unknown:
        raise InputError(
            f"{file} does not fit {name}, which has no {unknown[0]}: is it another network's?"
        )
    for key, value in wanted.items():
        if tensors[key].shape != value.shape:
            shapes = f"{tuple(tensors[key].shape)}, not {tuple(value.shape)}"
            raise InputError(f"{file} does not fit {name}: {key} is {shapes}")
        if not torch.isfinite(tensors[key]).all():
            raise InputError(f"damaged weights {file}: {key} holds numbers that are not finite")
    trunk.load_state_dict({key: tensors[key] for key in wanted}, strict=False)
    return feature_mean, feature_std


def plain_name(key: str) -> str:
    """A tensor's name today: published densenet files say norm.1 where torchvision says norm1."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", key)


def read_weights(file: Path) -> dict[str, Tensor]:
    """The named tensors of a .safetensors or .pth file; nothing in it is executed. Raises InputError."""
    if not file.is_file():
        raise InputError(f'no weights at {file}: give "scenes", "imagenet" or an existing file')
    if file.suffix == ".safetensors":
        return read_tensors(file, "weights")
    try:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a file of random bytes makes the reader do
        raise InputError(
            f"damaged weights {file}, or no weights at all ({type(error).__name__}): take a .pth that"
            " torch.save(model.state_dict(), ...) wrote, or a .safetensors file"
        ) from error
    values = tensors.values() if isinstance(tensors, dict) else [None]
    if not all(isinstance(value, Tensor) for value in values):
        save = "torch.save(model.state_dict(), ...)"
        raise InputError(f"{file} is not a state dict, tensors by name: save one with {save}")
    return dict(tensors)
