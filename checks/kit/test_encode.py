"""The stream of features: in order, the same whoever computes it, in bounded memory, with named faults."""

import io
import threading
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from tiny import SIZE, TinyEncoder, tiny_source

from coursework.bundle import ImageRecord
from coursework.files import InputError
from coursework.prepare import encode
from coursework.prepare.encode import encoded
from coursework.prepare.images import read_image
from coursework.prepare.source import Source
from coursework.together import Team

ALL = ["plain", "flip", "crop-nw", "crop-se"]


def all_of(batches):
    """The features and the thumbnails of all batches."""
    features, thumbnails = zip(*batches, strict=True)
    return np.concatenate(features), [jpeg for batch in thumbnails for jpeg in batch]


def alone(encoder: TinyEncoder, image: Image.Image) -> np.ndarray:
    """The features (C, h, w) of one picture."""
    pixels = torch.from_numpy(np.array(encoder.view(image))).permute(2, 0, 1)
    return encoder(pixels[None])[0].numpy()


class Painted(TinyEncoder):
    """Takes the mean colours of 4 x 3 cells, so that every change of a picture shows."""

    channels = 3

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(images.float(), (4, 3))


def test_features_and_thumbnails_are_those_of_the_images_in_order():
    source, encoder = tiny_source(11), TinyEncoder()
    batches = list(encoded(source, encoder, batch_size=4))
    assert [len(features) for features, _ in batches] == [4, 4, 3]
    features, thumbnails = all_of(batches)
    assert features.shape == (11, 1, 12, 3, 4) and features.dtype == np.float16
    for i in range(11):
        image = source.load(i, SIZE)
        assert np.allclose(features[i, 0], alone(encoder, image), atol=1e-3)
        seen = Image.open(io.BytesIO(thumbnails[i]))
        assert seen.format == "JPEG" and seen.size == (SIZE, SIZE)
        assert np.abs(np.asarray(seen, float) - np.asarray(image, float)).mean() < 6


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("device_type", ["cpu", "cuda"])
def test_the_same_bytes_whoever_works(workers: int, device_type: str, monkeypatch):
    wanted, thumbnails = all_of(encoded(tiny_source(11), Painted(), 0, 4, ALL, workers=3))
    stream = encode._stream  # as on a GPU: threads load, one encodes
    monkeypatch.setattr(encode, "_stream", lambda *args: stream(*args[:-1], device_type))
    again = all_of(encoded(tiny_source(11), Painted(), 0, 4, ALL, workers=workers))
    assert np.array_equal(again[0], wanted) and again[1] == thumbnails
    rest = all_of(encoded(tiny_source(11), Painted(), 8, 4, ALL, workers=workers))
    assert np.array_equal(rest[0], wanted[8:]) and rest[1] == thumbnails[8:]


def test_nothing_is_left_to_do():
    assert list(encoded(tiny_source(8), TinyEncoder(), 8, 4)) == []


def test_every_view_is_encoded_as_a_picture_of_its_own():
    source, encoder = tiny_source(5), Painted()
    features, thumbnails = all_of(encoded(source, encoder, 0, 2, ALL))
    assert features.shape == (5, 4, 3, 4, 3)
    plain, seen = all_of(encoded(source, encoder, 0, 2))
    assert np.array_equal(features[:, :1], plain) and thumbnails == seen
    assert np.allclose(features[:, 1], plain[:, 0, :, :, ::-1], atol=0.1)
    for i in range(5):
        image = source.load(i, SIZE)
        assert np.allclose(features[i, 1], alone(encoder, ImageOps.mirror(image)), atol=0.1)
        part = SIZE * 7 // 8
        corners = [(0, 0, part, part), (SIZE - part, SIZE - part, SIZE, SIZE)]
        for k, corner in enumerate(corners, start=2):
            crop = image.resize((SIZE, SIZE), Image.Resampling.BICUBIC, corner)
            assert np.abs(features[i, k] - alone(encoder, crop)).max() < 6  # of 255


def test_few_batches_are_ahead_of_a_slow_reader():
    source, begun = tiny_source(40), []
    load = source.load
    source.load = lambda i, side: begun.append(i) or load(i, side)
    with closing(encoded(source, TinyEncoder(), 0, 2, workers=2)) as batches:
        for read in range(1, 16):
            next(batches)
            assert max(begun) < 2 * (read + 2 * 2)  # batches of two, twice as many as workers
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]
    assert len(begun) < 40


@pytest.mark.parametrize("device_type", ["cpu", "cuda"])
def test_the_number_of_threads_is_as_it_was(device_type: str, monkeypatch):
    stream = encode._stream
    monkeypatch.setattr(encode, "_stream", lambda *args: stream(*args[:-1], device_type))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        list(encoded(tiny_source(4), TinyEncoder(), 0, 2, workers=2))
        told = []
        asker = threading.Thread(target=lambda: told.append(torch.get_num_threads()))
        asker.start()
        asker.join()
        assert [torch.get_num_threads(), *told] == [2, 2]
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("error", [OSError("image file is truncated"), InputError("cannot read x")])
def test_what_came_before_an_unreadable_image_is_yielded(error: Exception):
    source, read = tiny_source(12), []
    load = source.load

    def broken(i: int, side: int):
        if i == 6:
            raise error
        return load(i, side)

    source.load = broken
    with pytest.raises(InputError) as caught:
        for features, _ in encoded(source, TinyEncoder(), 0, 2, workers=3):
            read.append(len(features))
    assert read == [2, 2, 2]
    named = f"cannot read image {source.records[6].file}: image file is truncated"
    said = str(caught.value)
    assert said == named if isinstance(error, OSError) else said.startswith("cannot read x: ")


@pytest.mark.parametrize("value", [70000.0, -70000.0, float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("mirrored", [False, True])
def test_features_that_float16_cannot_hold_name_the_image(value: float, mirrored: bool):
    class Large(TinyEncoder):
        calls = 0

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            features, self.calls = super().forward(images), self.calls + 1
            if self.calls == 3 + mirrored:  # two calls a batch: plain, flip
                features[1, 5, 2, 3] = value
            return features

    read = []
    with pytest.raises(InputError, match=r"image tiny-005\.png reach .*float16 ends at 65504"):
        for features, _ in encoded(tiny_source(12), Large(), 0, 4, ["plain", "flip"], workers=1):
            read.append(len(features))
    assert read == [4]


def test_the_cores_are_shared_out_among_the_processes_of_a_machine():
    alone = encode.cores(Team())
    assert encode.cores(Team(local_size=1, size=8)) == alone >= 1
    assert encode.cores(Team(local_size=alone)) == encode.cores(Team(local_size=10**6)) == 1


def test_crops_are_cut_from_a_decode_that_is_large_enough(tmp_path: Path):
    """A photo of 640 x 480 decodes to half its size for 224 pixels, which is too small for crops of 7/8."""
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "0.jpg", quality=95)
    asked = []

    def load(i: int, side: int) -> Image.Image:
        asked.append(side)
        return read_image(tmp_path / "0.jpg", side)

    record = ImageRecord("0.jpg", "train", ["noise"])

    def view(image: Image.Image, side: int = 224) -> Image.Image:
        return ImageOps.fit(image, (side, side))

    encoder = SimpleNamespace(image_size=224, view=view)
    source = Source("noise", {}, [record], load)
    plain, crop = encode._seen(source, encoder, ["plain", "crop-nw"], 0)
    assert asked == [224, 256]
    whole = ImageOps.fit(read_image(tmp_path / "0.jpg", 256), (256, 256))
    assert (np.asarray(crop) == np.asarray(whole)[:224, :224]).all()
    assert (np.asarray(plain) == np.asarray(encode._seen(source, encoder, ["plain"], 0)[0])).all()
