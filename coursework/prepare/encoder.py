"""The encoder: a frozen torchvision network that turns pictures into grids of features.

Any classification network of torchvision that keeps a grid until its last pooling will do. It is
cut at its last map (N, C, h, w), traced by torch.fx, every BatchNorm that follows a convolution is
folded into it, and nothing in it ever changes again: it stays in eval mode, without gradients,
whatever is done to a model that it is part of.
"""

import difflib
import math
import pickle
import re
import warnings
from pathlib import Path
from types import ModuleType

import torch
from PIL import Image, ImageOps
from torch import Tensor, fx, nn
from torch.fx.experimental.optimization import fuse
from torch.fx.passes.shape_prop import ShapeProp

from coursework.files import InputError, read_tensors, reason, sha256

from .download import fetch

SCENES_WEIGHTS = Path(__file__).resolve().parents[2] / "data" / "scenes_regnet_x_400mf.safetensors"
SCENES_NAME = "regnet_x_400mf"
MEAN = (0.485, 0.456, 0.406)  # ImageNet's, of red, green, blue from 0 to 1
STD = (0.229, 0.224, 0.225)
RESIZE = "shorter side to image_size, bicubic, centre crop"


class Encoder(nn.Module):
    """A frozen network from pictures to features.

    name: a torchvision classification network. weights: "scenes" (shipped, for regnet_x_400mf),
    "imagenet" (torchvision's best, downloaded once), an exact torchvision name such as
    "ResNet18_Weights.IMAGENET1K_V1", or a file (.pth or .safetensors) with torchvision's tensor
    names, of the whole network or of the part before the pooling. image_size: side of the square
    that it sees, in pixels.

    Has .channels (C), .grid (h, w), .image_size and .description (JSON-able: what its features
    depend on). Raises InputError for an unknown name, a network without a grid, and weights that
    are absent, damaged or another's.
    """

    def __init__(
        self, name: str = SCENES_NAME, weights: str | Path = "scenes", image_size: int | None = None
    ):
        super().__init__()
        torchvision = import_torchvision()
        model = untrained(name)
        file, exact = weights_file(name, weights)
        preset = torchvision.models.get_model_weights(name).DEFAULT.transforms()
        usual_size = 299 if name == "inception_v3" else 224
        trunk = trunk_of(model, name, usual_size)
        load_weights(trunk, model, name, file)
        self.trunk = fuse(trunk, inplace=True, no_trace=True).to(memory_format=torch.channels_last)
        self.image_size = image_size or usual_size
        mean, std = preset.mean, preset.std
        self.register_buffer("mean", 255 * torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(std).view(3, 1, 1), persistent=False)
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
            "mean": list(mean),
            "std": list(std),
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

    def view(self, image: Image.Image) -> Image.Image:
        """What the encoder sees of a picture: an upright RGB square, transparency over white."""
        side = (self.image_size, self.image_size)
        return ImageOps.fit(as_rgb(image), side, Image.Resampling.BICUBIC)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """images: uint8 (N, 3, S, S), red first -> features: float32 (N, C, h, w)."""
        if images.dtype != torch.uint8 or images.shape[1:] != (3, self.image_size, self.image_size):
            wanted = f"uint8 (N, 3, {self.image_size}, {self.image_size})"
            raise ValueError(
                f"the encoder takes {wanted}, got {images.dtype} {tuple(images.shape)}"
            )
        scaled = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        return self.trunk(scaled).contiguous()


def encoder_from(description: dict, weights: str | Path | None = None) -> Encoder:
    """The encoder of a bundle or a run again, for new pictures; `weights` says where its file lies
    now.

    Raises InputError where the file is needed and not given, and where the encoder would not be the
    same.
    """
    exact = description["weights"]
    if weights is None and exact != "scenes" and "_Weights." not in exact:
        raise InputError(
            f"these features were made with the weights file {exact}: say with --weights where it lies"
        )
    encoder = Encoder(description["name"], weights or exact, description["image_size"])
    changed = [
        key
        for key in encoder.description
        if key != "weights" and encoder.description[key] != description[key]
    ]
    if changed:
        was, now = description[changed[0]], encoder.description[changed[0]]
        raise InputError(
            f"this is not the encoder that the features were made with: {changed[0]} was {was}, is {now}"
        )
    return encoder


def as_rgb(image: Image.Image) -> Image.Image:
    """Any picture as RGB: upright as its EXIF says, transparency over white, 16-bit grey scaled."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda grey: grey / 257).convert("L")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


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
        meant = (
            f": did you mean {', '.join(close)}?"
            if close
            else f", choose one of {', '.join(names)}"
        )
        raise InputError(f"torchvision has no network {name!r}{meant}")
    options = {}
    if name in ("inception_v3", "googlenet"):
        options = {
            "transform_input": True,
            "init_weights": False,
        }  # their first weights take seconds to draw
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
        if (
            len(shape) == 4
            and min(shape[2:]) > 1
            and str(node.target).split(".")[0] not in ("avgpool", "classifier")
        ):
            return node
    raise InputError(
        f"{name} has no grid of features to attend to: choose a convolutional network, such as {SCENES_NAME}"
    )


def weights_file(name: str, weights: str | Path) -> tuple[Path, str]:
    """Where the weights lie, downloaded if need be, and what exactly they are called."""
    if weights == "scenes":
        if name != SCENES_NAME:
            raise InputError(
                f'the weights "scenes" are those of {SCENES_NAME}: for {name} take "imagenet" or a file'
            )
        if not SCENES_WEIGHTS.exists():
            make = "python -m coursework.prepare.pretrain makes it again"
            raise InputError(
                f"the shipped weights are not at {SCENES_WEIGHTS}: get the file from the kit, or {make}"
            )
        return SCENES_WEIGHTS, "scenes"
    if weights == "imagenet" or "_Weights." in str(weights):
        return imagenet_file(name, str(weights))
    return Path(weights), Path(weights).name


def imagenet_file(name: str, weights: str) -> tuple[Path, str]:
    """The file of torchvision's published weights, in torch.hub's cache, and their exact name."""
    published = import_torchvision().models.get_model_weights(name)
    wanted = "DEFAULT" if weights == "imagenet" else weights.partition(".")[2]
    if wanted not in published.__members__ or weights not in (
        "imagenet",
        f"{published.__name__}.{wanted}",
    ):
        known = ", ".join(str(version) for version in published)
        raise InputError(f"{name} has no weights {weights}: choose one of {known}")
    version = published[wanted]
    file_name = version.url.rpartition("/")[2]
    prefix = re.search(r"-([0-9a-f]{8,})\.", file_name)
    path = Path(torch.hub.get_dir()) / "checkpoints" / file_name
    return fetch(version.url, path, prefix and prefix[1]), str(version)


def load_weights(trunk: fx.GraphModule, model: nn.Module, name: str, file: Path) -> None:
    """Fill the trunk from a file of the trunk or of the whole network; InputError if it is not that."""
    tensors = {plain_name(key): value for key, value in read_weights(file).items()}
    known = model.state_dict()
    wanted = {key: value for key, value in trunk.state_dict().items() if key in known}
    wanted = {
        key: value for key, value in wanted.items() if not key.endswith("num_batches_tracked")
    }
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
    except (
        RuntimeError,
        pickle.UnpicklingError,
        EOFError,
        OSError,
        ValueError,
        KeyError,
        AttributeError,
    ) as error:
        raise InputError(
            f"damaged weights {file}, or no file of tensors: {reason(error)}"
        ) from error
    if not isinstance(tensors, dict) or not all(
        isinstance(value, Tensor) for value in tensors.values()
    ):
        raise InputError(
            f"{file} is not a state dict (tensors by name): save one with torch.save(model.state_dict(), ...)"
        )
    return dict(tensors)
