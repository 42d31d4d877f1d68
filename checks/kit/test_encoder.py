"""The encoder: the right features, of the right weights, and frozen."""

import builtins
import csv
import json
import re
import sys
import warnings
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from coursework.files import InputError, sha256, write_tensors
from coursework.prepare import encoder as module
from coursework.prepare.encoder import (
    Encoder,
    encoder_from,
    plain_name,
    trunk_of,
    untrained,
)
from coursework.prepare.images import as_rgb

SMALL = "mobilenet_v3_small"  # quick to build
REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "real"
MOBILENET = REAL / "weights" / "mobilenet_v2_imagenet.pth"


def with_statistics(model: nn.Module, seed: int = 0) -> nn.Module:
    """The model with BatchNorm statistics as after training: folding has something to fold."""
    draw = torch.Generator().manual_seed(seed)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.3, generator=draw)
            layer.running_var.uniform_(0.5, 1.5, generator=draw)
            layer.weight.data.uniform_(0.5, 1.5, generator=draw)
            layer.bias.data.normal_(0, 0.2, generator=draw)
    return model


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """name -> (a network with drawn weights, the file that holds them)."""
    folder, made = tmp_path_factory.mktemp("weights"), {}

    def make(name):
        if name not in made:
            model = with_statistics(untrained(name))
            torch.save(model.state_dict(), folder / f"{name}.pth")
            made[name] = model, folder / f"{name}.pth"
        return made[name]

    return make


@pytest.fixture(scope="module")
def small(trained):
    return Encoder(SMALL, trained(SMALL)[1], image_size=64)


def pictures(count, size, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=draw)


@pytest.mark.parametrize("name", ["regnet_x_400mf", "resnet18", "shufflenet_v2_x0_5", SMALL])
def test_folded_network_gives_the_features_of_the_unfolded_one(trained, name):
    model, file = trained(name)
    encoder = Encoder(name, file, image_size=128)
    images = pictures(2, 128)
    plain = trunk_of(model, name, 224)
    with torch.no_grad():
        wanted = plain((images - encoder.mean) / encoder.std)
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in plain.modules())
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in encoder.modules())
    assert (encoder(images) - wanted).abs().max() <= 1e-4 * wanted.abs().max()


@pytest.mark.parametrize(
    ("name", "layer", "channels", "grid"),
    [
        ("resnet18", "layer4", 512, (7, 7)),
        ("regnet_x_400mf", "trunk_output", 400, (7, 7)),
        ("squeezenet1_1", "features", 512, (13, 13)),
        ("mobilenet_v2", "features", 1280, (7, 7)),
    ],
)
def test_features_are_the_last_map_before_the_pooling(trained, name, layer, channels, grid):
    model, file = trained(name)
    encoder = Encoder(name, file)
    kept = []
    model.get_submodule(layer).register_forward_hook(lambda *call: kept.append(call[2]))
    images = pictures(1, 224)
    with torch.no_grad():
        model((images - encoder.mean) / encoder.std)
    assert (encoder.channels, encoder.grid) == (channels, grid)
    assert torch.allclose(
        encoder(images), kept[0], rtol=1e-4, atol=1e-4 * kept[0].abs().max().item()
    )


def test_inception_is_torchvisions_with_the_input_transform_of_its_weights(trained):
    import torchvision

    file = trained("inception_v3")[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torchvision.models.inception_v3(
            weights=None, transform_input=True, init_weights=False
        ).eval()
    theirs.load_state_dict(torch.load(file, weights_only=True))
    kept = []
    theirs.Mixed_7c.register_forward_hook(lambda *call: kept.append(call[2]))
    encoder = Encoder("inception_v3", file)
    images = pictures(1, 299)
    preset = torchvision.models.Inception_V3_Weights.DEFAULT.transforms()
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (preset.mean, preset.std))
    with torch.no_grad():
        theirs((images / 255 - mean) / std)
    assert (encoder.image_size, encoder.grid) == (299, (8, 8))
    assert (encoder(images) - kept[0]).abs().max() <= 1e-4 * kept[0].abs().max()


def test_building_an_encoder_leaves_the_random_state_alone(trained):
    file = trained(SMALL)[1]
    torch.manual_seed(0)
    wanted = torch.rand(3)
    torch.manual_seed(0)
    Encoder(SMALL, file, image_size=64)
    assert torch.equal(torch.rand(3), wanted)


@pytest.mark.parametrize(("size", "grid"), [(32, (1, 1)), (65, (3, 3)), (96, (3, 3))])
def test_any_image_size(trained, size, grid):
    encoder = Encoder(SMALL, trained(SMALL)[1], image_size=size)
    assert encoder.grid == grid
    assert encoder(pictures(2, size)).shape == (2, encoder.channels, *grid)


@pytest.mark.parametrize("size", [8, 0, -1])
def test_size_that_the_network_cannot_take(trained, size):
    with pytest.raises(InputError, match="choose another image size"):
        Encoder("squeezenet1_1", trained("squeezenet1_1")[1], size)


def test_rows_of_a_batch_do_not_influence_each_other(small):
    images = pictures(3, 64)
    alone = torch.cat([small(images[i : i + 1]) for i in range(3)])
    assert torch.allclose(small(images), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "wrong", [torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 32, dtype=torch.uint8)]
)
def test_other_inputs_are_refused(small, wrong):
    with pytest.raises(ValueError, match="takes uint8"):
        small(wrong)


def test_frozen_through_the_training_of_a_parent(trained):
    encoder = Encoder(SMALL, trained(SMALL)[1], image_size=64)
    images = pictures(4, 64)
    before = encoder(images)
    parent = nn.Sequential(encoder, nn.Flatten(), nn.Linear(before[0].numel(), 2))
    parent.requires_grad_(True).train()
    optimizer = torch.optim.AdamW(parent.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        parent(images).square().sum().backward()
        optimizer.step()
    assert not any(layer.training for layer in encoder.modules())
    assert all(parameter.grad is None for parameter in encoder.parameters())
    assert not encoder(images).requires_grad
    assert torch.equal(encoder(images), before)


def test_no_parameter_asks_for_gradients(small):
    assert not any(parameter.requires_grad for parameter in small.parameters())


def test_description_is_json_and_finds_the_same_encoder_again(trained, small):
    file = trained(SMALL)[1]
    description = json.loads(json.dumps(small.description))
    assert description["weights"] == file.name
    assert description["weights_sha256"] == sha256(file)
    assert description["image_size"] == 64
    images = pictures(1, 64)
    assert torch.equal(encoder_from(description, file)(images), small(images))


def test_encoder_of_a_file_needs_the_file(small):
    with pytest.raises(InputError, match="say with --weights where it lies"):
        encoder_from(small.description)


def test_encoder_with_other_weights_is_refused(small, tmp_path):
    torch.save(with_statistics(untrained(SMALL), seed=1).state_dict(), tmp_path / "other.pth")
    with pytest.raises(
        InputError, match="not the encoder that the features were made with: weights_sha256"
    ):
        encoder_from(small.description, tmp_path / "other.pth")


def test_unknown_network_names_close_ones():
    with pytest.raises(InputError, match="resnet18"):
        Encoder("resnet_18", "imagenet")


def test_network_without_a_grid_is_refused():
    with pytest.raises(InputError, match="no grid of features"):
        trunk_of(untrained("vit_b_32"), "vit_b_32", 224)


def test_trunk_alone_is_enough(trained, small, tmp_path):
    model, _ = trained(SMALL)
    trunk = {
        name: tensor for name, tensor in model.state_dict().items() if name.startswith("features.")
    }
    write_tensors(tmp_path / "trunk.safetensors", trunk, None)
    images = pictures(1, 64)
    assert torch.equal(Encoder(SMALL, tmp_path / "trunk.safetensors", 64)(images), small(images))


def changed(model, kind):
    tensors = dict(model.state_dict())
    first = "features.0.0.weight"
    if kind == "lacks one":
        del tensors[first]
    if kind == "other shape":
        tensors[first] = tensors[first][:, :1]
    if kind == "one too many":
        tensors["layer9.weight"] = torch.zeros(1)
    if kind == "not finite":
        tensors[first] = tensors[first] / 0
    return tensors


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("lacks one", "lacks features.0.0.weight"),
        ("other shape", r"features.0.0.weight is \(16, 1, 3, 3\), not \(16, 3, 3, 3\)"),
        ("one too many", "no layer9.weight"),
        ("not finite", "not finite"),
    ],
)
def test_weights_that_do_not_fit(trained, tmp_path, kind, says):
    torch.save(changed(trained(SMALL)[0], kind), tmp_path / "w.pth")
    with pytest.raises(InputError, match=says):
        Encoder(SMALL, tmp_path / "w.pth", 64)


def test_weights_of_another_network(trained):
    with pytest.raises(InputError, match="does not fit"):
        Encoder(SMALL, trained("resnet18")[1], 64)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    "content", [b"", b"no tensors at all", b"PK\x03\x04", b"\x80\x02cos\nsystem\n"]
)
def test_damaged_files(tmp_path, suffix, content):
    file = tmp_path / f"w{suffix}"
    file.write_bytes(content)
    with pytest.raises(InputError, match="damaged weights"):
        Encoder(SMALL, file, 64)


def test_truncated_file(trained, tmp_path):
    whole = trained(SMALL)[1].read_bytes()
    (tmp_path / "w.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged weights"):
        Encoder(SMALL, tmp_path / "w.pth", 64)


def test_pickled_model_is_not_opened(tmp_path):
    torch.save(nn.Linear(1, 1), tmp_path / "model.pth")
    with pytest.raises(InputError, match="damaged weights"):
        Encoder(SMALL, tmp_path / "model.pth", 64)


def test_checkpoint_that_is_no_state_dict(tmp_path):
    torch.save({"epoch": 3, "model": {}}, tmp_path / "checkpoint.pth")
    with pytest.raises(InputError, match="not a state dict"):
        Encoder(SMALL, tmp_path / "checkpoint.pth", 64)


def test_absent_file(tmp_path):
    with pytest.raises(InputError, match="no weights at"):
        Encoder(SMALL, tmp_path / "w.pth", 64)


def test_scenes_weights_are_for_one_network_only():
    with pytest.raises(InputError, match="those of regnet_x_400mf"):
        Encoder("resnet18", "scenes")


def test_scenes_weights_that_are_not_there(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "SCENES_WEIGHTS", tmp_path / "gone.safetensors")
    with pytest.raises(InputError, match="shipped weights are not at"):
        Encoder()


def test_shipped_weights_agree_with_their_card():
    encoder = Encoder()
    assert (encoder.channels, encoder.grid, encoder.image_size) == (400, (7, 7), 224)
    assert encoder.description["weights"] == "scenes"
    assert encoder.description["weights_sha256"] in module.SCENES_WEIGHTS.with_suffix(
        ".md"
    ).read_text(encoding="utf-8")
    assert module.SCENES_WEIGHTS.stat().st_size <= 12e6


@pytest.mark.parametrize("weights", ["imagenet", "MobileNet_V3_Small_Weights.IMAGENET1K_V1"])
def test_imagenet_weights_by_exact_name(trained, monkeypatch, tmp_path, weights):
    file, asked = trained(SMALL)[1], []
    monkeypatch.setattr(module, "fetch", lambda *arguments: asked.append(arguments) or file)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    encoder = Encoder(SMALL, weights, 64)
    url, path, prefix = asked[0]
    assert encoder.description["weights"] == "MobileNet_V3_Small_Weights.IMAGENET1K_V1"
    assert url.endswith(f"-{prefix}.pth") and len(prefix) == 8
    assert path == tmp_path / "checkpoints" / url.rpartition("/")[2]
    assert torch.equal(encoder_from(encoder.description)(pictures(1, 64)), encoder(pictures(1, 64)))


@pytest.mark.parametrize(
    "weights", ["MobileNet_V3_Small_Weights.IMAGENET1K_V9", "ResNet18_Weights.IMAGENET1K_V1"]
)
def test_imagenet_weights_that_do_not_exist(weights):
    with pytest.raises(InputError, match=r"choose one of MobileNet_V3_Small_Weights.IMAGENET1K_V1"):
        Encoder(SMALL, weights, 64)


def test_file_whose_name_looks_like_published_weights(trained, tmp_path):
    file = tmp_path / "Mine_Weights.pth"
    file.write_bytes(trained(SMALL)[1].read_bytes())
    assert Encoder(SMALL, file, 64).description["weights"] == "Mine_Weights.pth"


def test_published_weights_see_colours_as_they_were_trained(monkeypatch):
    monkeypatch.setattr(module, "fetch", lambda url, path, prefix: path)
    exact = "VGG16_Weights.IMAGENET1K_FEATURES"  # trained on pixels of 0 to 255, unlike the default
    path, name, (_, std) = module.weights_file("vgg16", exact)
    assert (path.name, name) == ("vgg16_features-amdegroot-88682ab5.pth", exact)
    assert std == pytest.approx([1 / 255] * 3)
    usual = (list(module.MEAN), list(module.STD))
    assert module.weights_file("vgg16", "imagenet")[2] == usual


def test_published_densenet_names_are_read():
    today = untrained("densenet121").state_dict()
    published = [re.sub(r"(layer\d+\.(?:norm|conv))([12])", r"\1.\2", key) for key in today]
    assert "features.denseblock1.denselayer1.norm.1.weight" in published
    assert [plain_name(key) for key in published] == list(today)
    assert [plain_name(key) for key in today] == list(today)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("operator torchvision::nms does not exist"),
        ImportError("libcudart.so.13: cannot open"),
    ],
)
def test_torchvision_that_does_not_fit_torch(monkeypatch, error):
    plain = builtins.__import__

    def broken(name, *rest):
        if name.startswith("torchvision"):
            raise error
        return plain(name, *rest)

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(
        InputError, match=r"torchvision does not fit torch .*: install both"
    ) as caught:
        Encoder(SMALL, "imagenet")
    assert str(error) in str(caught.value)


def test_no_torchvision_at_all(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(InputError, match="pip install"):
        Encoder(SMALL, "imagenet")


def half_and_half(mode, left, right, size=(40, 20)):
    image = Image.new(mode, size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


@pytest.mark.parametrize(
    ("image", "left", "right"),
    [
        (half_and_half("L", 0, 200), (0, 0, 0), (200, 200, 200)),
        (half_and_half("1", 0, 1), (0, 0, 0), (255, 255, 255)),
        (half_and_half("RGBA", (255, 0, 0, 255), (0, 0, 0, 0)), (255, 0, 0), (255, 255, 255)),
        (half_and_half("LA", (10, 255), (10, 0)), (10, 10, 10), (255, 255, 255)),
        (half_and_half("CMYK", (255, 0, 0, 0), (0, 0, 0, 255)), (0, 255, 255), (0, 0, 0)),
        (half_and_half("RGB", (250, 0, 0), (0, 0, 250)).quantize(4), (250, 0, 0), (0, 0, 250)),
        (half_and_half("I;16", 0, 65535), (0, 0, 0), (255, 255, 255)),
        (half_and_half("I", 0, 257 * 100), (0, 0, 0), (100, 100, 100)),
    ],
    ids=["grey", "bits", "alpha", "grey alpha", "CMYK", "palette", "16 bit", "32 bit"],
)
def test_every_kind_of_picture_becomes_rgb(image, left, right):
    rgb = as_rgb(image)
    assert rgb.mode == "RGB"
    assert (rgb.getpixel((5, 10)), rgb.getpixel((35, 10))) == (left, right)


def test_transparent_palette_lies_over_white(tmp_path):
    image = half_and_half("P", 0, 1)
    image.putpalette([0, 0, 0, 0, 0, 255])
    image.save(tmp_path / "p.png", transparency=0)
    rgb = as_rgb(Image.open(tmp_path / "p.png"))
    assert (rgb.getpixel((5, 10)), rgb.getpixel((35, 10))) == ((255, 255, 255), (0, 0, 255))


def test_photos_are_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side: turn a quarter clockwise to see it upright
    half_and_half("RGB", (255, 0, 0), (0, 0, 255)).save(tmp_path / "p.png", exif=exif)
    rgb = as_rgb(Image.open(tmp_path / "p.png"))
    assert rgb.size == (20, 40)
    assert (rgb.getpixel((10, 5)), rgb.getpixel((10, 35))) == ((255, 0, 0), (0, 0, 255))


@pytest.mark.parametrize("size", [(200, 64), (64, 200), (640, 300), (5, 3)])
def test_view_is_the_square_in_the_middle(small, size):
    image = Image.new("RGB", size, (0, 0, 255))
    side = min(size)
    box = ((size[0] - side) // 2, (size[1] - side) // 2)
    image.paste((255, 0, 0), (*box, box[0] + side, box[1] + side))
    view = small.view(image)
    assert (view.size, view.mode) == ((64, 64), "RGB")
    assert view.getpixel((32, 32)) == (255, 0, 0)


def test_view_of_another_side_shows_the_same(small):
    image = half_and_half("RGB", (255, 0, 0), (0, 0, 255), (200, 120))
    larger = small.view(image, 128)
    assert larger.size == (128, 128)
    assert larger.getpixel((60, 64)) == (255, 0, 0) and larger.getpixel((68, 64)) == (0, 0, 255)


def test_view_of_a_picture_of_its_own_size_is_that_picture(small):
    image = Image.frombytes("RGB", (64, 64), pictures(1, 64).numpy().tobytes())
    assert small.view(image).tobytes() == image.tobytes()


def test_encode_is_forward_on_views(small):
    images = pictures(3, 64)
    views = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in images]
    assert torch.equal(small.encode(views), small(images))


def test_real_weights_see_dogs():
    photos = REAL / "flickr8k"
    if not MOBILENET.exists() or not photos.exists():
        pytest.skip("no ../shared/real here: real weights and photos are not part of the kit")
    with open(photos / "captions.txt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    said = {}
    for row in rows:
        said.setdefault(row["image"], []).append(" dog" in f" {row['caption'].lower()}")
    there = {file.name for file in (photos / "images").iterdir()}
    dogs = sorted(name for name in said if all(said[name]) and name in there)[:12]
    others = sorted(name for name in said if not any(said[name]) and name in there)[:12]
    encoder, classifier = (
        Encoder("mobilenet_v2", MOBILENET),
        torch.load(MOBILENET, weights_only=True),
    )
    views = [encoder.view(Image.open(photos / "images" / name)) for name in dogs + others]
    pooled = encoder.encode(views).mean(dim=(2, 3))
    best = (pooled @ classifier["classifier.1.weight"].T + classifier["classifier.1.bias"]).argmax(
        1
    )
    is_dog = (best >= 151) & (best <= 268)  # ImageNet's dogs
    assert len(dogs) == len(others) == 12
    assert is_dog[:12].sum() >= 8
    assert is_dog[12:].sum() <= 2
