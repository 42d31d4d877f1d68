"""What an instructor and a class do with real data, by the command line: look, prepare, pack, fetch."""

import json
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image
from test_cli import refused, run

from coursework.bundle import Bundle
from coursework.files import sha256, write_tensors


@pytest.fixture
def encoder(tmp_path: Path) -> list:
    import torchvision

    torch.manual_seed(0)
    write_tensors(tmp_path / "net.safetensors", torchvision.models.squeezenet1_1().state_dict())
    file = tmp_path / "net.safetensors"
    return ["--encoder", "squeezenet1_1", "--weights", file, "--image-size", 64]


@pytest.fixture
def coco(tmp_path: Path) -> tuple[Path, Path]:
    """COCO's annotations and photos in two zips, as they are published, of thirty grey stripes."""
    names = [f"{number:012}.jpg" for number in range(1, 31)]
    annotations, photos = tmp_path / "annotations_trainval2017.zip", tmp_path / "train2017.zip"
    with zipfile.ZipFile(photos, "w") as packed:
        packed.mkdir("train2017")
        for number, name in enumerate(names, 1):
            image = Image.linear_gradient("L").rotate(12 * number).crop((40, 40, 216, 200))
            with packed.open(f"train2017/{name}", "w") as file:
                image.convert("RGB").save(file, "JPEG")
    content = {
        "images": [{"id": number, "file_name": name} for number, name in enumerate(names, 1)],
        "annotations": [
            {"id": 10 * n + k, "image_id": n, "caption": text}
            for n in range(1, 31)
            for k, text in enumerate(["A stripe, turned.", f"Stripe {n} goes left"])
        ],
    }
    with zipfile.ZipFile(annotations, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.mkdir("annotations")
        packed.writestr("annotations/captions_train2017.json", json.dumps(content))
    return annotations, photos


def files(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in folder.iterdir()}


def test_the_way_of_a_class(capsys, tmp_path: Path, coco, encoder):
    look, made, fetched = tmp_path / "look", tmp_path / "made", tmp_path / "fetched"
    status, text, _ = run(capsys, "inspect", *coco, "--out", look)
    assert status == 0 and "30 images, 60 captions" in text
    assert (look / "inspection.png").stat().st_size > 10_000

    prepare = ["prepare", "coco", *coco, "--limit", 20, "--views", "flip", "--minimum-count", 1]
    status, text, _ = run(capsys, *prepare, "--out", made, *encoder)
    assert status == 0 and "20 images x 2 views" in text
    bundle = Bundle.open(made)
    assert bundle.views == ["plain", "flip"] and set(bundle.splits) == {"train", "val", "test"}

    status, text, _ = run(capsys, "bundle", "pack", made)
    said = text.splitlines()[-1].split()
    assert status == 0 and said[:5] == ["python", "-m", "coursework", "prepare", "bundle"]
    wanted = said[said.index("--fingerprint") + 1]
    fetch = ["prepare", "bundle", tmp_path / "made.zip", "--out", fetched, "--fingerprint"]
    assert "not 0000000000000000" in refused(capsys, *fetch, "0" * 16)
    assert not fetched.exists()
    assert run(capsys, *fetch, wanted)[0] == 0
    assert files(fetched) == files(made)

    status, text, _ = run(capsys, "inspect", fetched, "--json")
    report = json.loads(text)
    assert status == 0 and report["images"] == 20 and report["bundle"]["views"] == bundle.views
    status, text, _ = run(capsys, "overfit", "--data", fetched, "--count", 2)
    assert status == 0 and "2 of 2 captions" in text


def test_what_is_missing_is_said_and_can_be_left_out(capsys, tmp_path: Path, coco, encoder):
    annotations, photos = coco
    folder = tmp_path / "photos"
    folder.mkdir()
    with zipfile.ZipFile(photos) as packed:
        for name in packed.namelist()[1:]:
            (folder / Path(name).name).write_bytes(packed.read(name))
    corrupt = folder / "000000000007.jpg"
    corrupt.write_bytes(corrupt.read_bytes()[:500])
    for number in (8, 9):
        (folder / f"{number:012}.jpg").unlink()
    captions = tmp_path / "captions.csv"
    rows = [f"{number:012}.jpg,a stripe" for number in range(1, 31)]
    captions.write_text("\n".join(["image,caption", *rows]), encoding="utf-8")

    prepare = ["prepare", "folder", folder, captions, "--out", tmp_path / "out", *encoder]
    assert "2 images" in refused(capsys, *prepare)
    assert corrupt.name in refused(capsys, *prepare, "--present-only")
    run(capsys, "inspect", folder, captions, "--out", tmp_path / "look")
    faulty = tmp_path / "look" / "faulty.txt"
    assert {corrupt.name, "000000000008.jpg", "000000000009.jpg"} <= set(
        faulty.read_text(encoding="utf-8").split()
    )
    status, text, _ = run(capsys, *prepare, "--leave-out", faulty)
    assert status == 0 and "27 images" in text
