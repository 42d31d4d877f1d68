"""A bundle is made whole or not at all, goes on where it stopped, and damage to it is recognised."""

import json
import os
import queue
import shutil
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from flips import flips
from PIL import Image
from tiny import CELL, COLOURS, GRID, THINGS, TinyEncoder, tiny_source

from coursework import files
from coursework.bundle import FILES, LARGE, Bundle, fingerprint, npy_header, plan_hash
from coursework.files import InputError, sha256
from coursework.prepare.build import build
from coursework.prepare.partial import Partial
from coursework.together import Team
from coursework.vocabulary import SPECIAL, TOKENISER, Vocabulary, VocabularyOptions

HERE = Path(__file__).parent


def make(out: Path, source=None, encoder=None, **settings) -> Bundle:
    source = source or tiny_source(10)
    return build(source, encoder or TinyEncoder(), out, batch_size=4, progress=False, **settings)


def content(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in folder.iterdir()}


@pytest.fixture
def copy(tiny_bundle: Bundle, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_bundle.path, tmp_path / "copy")


class Interrupted(TinyEncoder):
    """Raises at a batch of two: of ten images in fours, the third."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if len(images) == 2:
            raise KeyboardInterrupt
        return super().forward(images)


def test_a_bundle_holds_what_went_in(tiny_bundle: Bundle):
    source = tiny_source()
    assert tiny_bundle.images == source.records and tiny_bundle.lexicon == source.lexicon
    assert tiny_bundle.splits == {"train": 28, "val": 6, "test": 6}
    assert tiny_bundle.split("val") == list(range(28, 34))
    assert (tiny_bundle.channels, tiny_bundle.grid, tiny_bundle.views) == (12, (3, 4), ["plain"])
    assert tiny_bundle.manifest["features"]["shape"] == [40, 1, 12, 3, 4]
    assert {path.name for path in tiny_bundle.path.iterdir()} == {*FILES, "bundle.json"}


def test_features_are_those_of_the_encoder_in_order(tiny_bundle: Bundle):
    source, encoder = tiny_source(), TinyEncoder()
    batch = tiny_bundle.feature_batch([33, 0])
    assert batch.dtype == torch.float32 and batch.shape == (2, 12, *GRID)
    for row, i in zip(batch, [33, 0], strict=True):
        pixels = torch.from_numpy(np.array(encoder.view(source.load(i)))).permute(2, 0, 1)[None]
        torch.testing.assert_close(row, encoder(pixels)[0], rtol=1e-3, atol=1e-3)
        thing = source.records[i].things[0]
        row_of, column_of = round(thing["box"][1] * GRID[0]), round(thing["box"][0] * GRID[1])
        assert row[list(COLOURS).index(thing["colour"]), row_of, column_of] > 1
        assert row[len(COLOURS) + list(THINGS).index(thing["thing"]), row_of, column_of] > 1


def test_thumbnails_are_what_the_encoder_saw(tiny_bundle: Bundle):
    source = tiny_source()
    for i in (0, 17, 39):
        thumbnail, seen = tiny_bundle.thumbnail(i), source.load(i)
        assert thumbnail.mode == "RGB" and thumbnail.size == seen.size
        assert np.abs(np.asarray(thumbnail, float) - np.asarray(seen, float)).mean() < 6  # JPEG
    assert CELL == (24, 32)
    with pytest.raises(IndexError):
        tiny_bundle.thumbnail(40)


def test_the_vocabulary_is_that_of_the_training_captions(tmp_path: Path):
    source = tiny_source(10)
    source.records[9] = replace(source.records[9], captions=["zebra"])
    source.records[0] = replace(source.records[0], captions=["unicorn"])
    train = [caption for record in source.records[:7] for caption in record.captions]
    bundle = make(tmp_path / "b", source)
    assert bundle.vocabulary.words == Vocabulary.build(train).words
    assert "unicorn" in bundle.vocabulary.word_to_idx
    assert "zebra" not in bundle.vocabulary.word_to_idx
    twice, everything = VocabularyOptions(minimum_count=2), VocabularyOptions(captions="all")
    words = make(tmp_path / "c", source, vocabulary=twice).vocabulary.word_to_idx
    assert "unicorn" not in words and "there" in words
    assert "zebra" in make(tmp_path / "d", source, vocabulary=everything).vocabulary.word_to_idx


def test_words_behind_the_longest_caption_allowed_do_not_count(tmp_path: Path):
    source = tiny_source(10)
    source.records[0] = replace(source.records[0], captions=["a dog on a unicorn"])
    bundle = make(tmp_path / "b", source, vocabulary=VocabularyOptions(max_words=4))
    assert bundle.max_words == 4 and "unicorn" not in bundle.vocabulary.word_to_idx
    assert bundle.images[0].captions == ["a dog on a unicorn"]  # references stay whole
    assert bundle.manifest["vocabulary"]["tokeniser"] == TOKENISER
    assert make(tmp_path / "c", source).max_words is None


def test_a_source_may_bring_its_own_words(tmp_path: Path):
    source = tiny_source(10)
    source.words = [*SPECIAL, "zebra", "a", "red"]
    bundle = make(tmp_path / "b", source)
    assert bundle.vocabulary.words == source.words
    same = make(tmp_path / "b", source, vocabulary=VocabularyOptions(minimum_count=3))
    assert same.plan == bundle.plan  # there is nothing to count
    source.words = [*SPECIAL, "a", "zebra", "red"]
    assert make(tmp_path / "b", source).plan != bundle.plan
    source.words = ["a", "zebra"]
    with pytest.raises(InputError, match="not a vocabulary: it must begin with"):
        make(tmp_path / "c", source)
    assert not list(tmp_path.glob("c*"))


def test_an_unknown_split_lists_the_splits(tiny_bundle: Bundle):
    with pytest.raises(InputError, match=r"split 'dev'; it has train \(28 images\), val"):
        tiny_bundle.split("dev")


def test_the_plan_names_what_went_in_and_the_fingerprint_what_came_out(tmp_path: Path):
    class Brighter(TinyEncoder):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return super().forward(images) + 1

    other_captions = tiny_source(10)
    other_captions.records[0] = replace(other_captions.records[0], captions=["a dog"])
    variants = [
        make(tmp_path / "0"),
        make(tmp_path / "1", tiny_source(10, seed=1)),
        make(tmp_path / "2", other_captions),
        make(tmp_path / "3", vocabulary=VocabularyOptions(minimum_count=2)),
        make(tmp_path / "4", views="flip"),
    ]
    assert len({bundle.plan for bundle in variants}) == 5
    assert len({bundle.fingerprint for bundle in variants}) == 5
    assert make(tmp_path / "again").fingerprint == variants[0].fingerprint
    assert content(tmp_path / "again") == content(tmp_path / "0")
    secretly = make(tmp_path / "5", encoder=Brighter())
    assert secretly.plan == variants[0].plan and secretly.fingerprint != variants[0].fingerprint


def test_every_view_is_kept(tmp_path: Path):
    bundle = make(tmp_path / "b", views="crops,flip")
    assert bundle.views == ["plain", "flip", "crop-nw", "crop-ne", "crop-sw", "crop-se"]
    assert bundle.mirrored == [False, True, False, False, False, False]
    plain = make(tmp_path / "plain").feature_batch(range(10))
    assert torch.equal(bundle.feature_batch(range(10)), plain)
    assert torch.equal(
        bundle.feature_batch(range(10), 1), plain.flip(3)
    )  # the encoder is symmetric
    mixed = bundle.feature_batch([7, 7, 2], [1, 0, 5])
    assert torch.equal(mixed[0], plain[7].flip(2)) and torch.equal(mixed[1], plain[7])
    assert torch.equal(mixed[2:], bundle.feature_batch([2], 5))
    assert not torch.equal(mixed[2], plain[2])
    for plain_thing, flipped in zip(bundle.things(1), bundle.things(1, 1), strict=True):
        (x0, y0, x1, y1), box = plain_thing["box"], flipped["box"]
        assert box == pytest.approx([1 - x1, y0, 1 - x0, y1])
    with pytest.raises(InputError, match="no views 'flop': choose of flip, crops"):
        make(tmp_path / "c", views="flop")


def test_a_bundle_that_is_there_is_returned_and_one_of_other_images_is_not_replaced(
    tmp_path: Path, capsys
):
    out = tmp_path / "b"
    make(out)
    before = (out / "features.npy").stat().st_mtime_ns
    build(tiny_source(10), Interrupted(), out, batch_size=2)  # would raise if it computed anything
    assert (out / "features.npy").stat().st_mtime_ns == before
    assert "nothing to do" in capsys.readouterr().err
    wanted = content(out)
    with pytest.raises(InputError, match="a bundle of other images .* choose another"):
        make(out, tiny_source(10, seed=1))
    assert content(out) == wanted
    make(out, vocabulary=VocabularyOptions(minimum_count=2))  # the same images, made otherwise
    assert content(out) != wanted
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_settings_may_hold_tuples(tmp_path: Path):
    source = tiny_source(10)
    source.settings = {"kind": "tiny", "parts": ("train", "val")}
    made = make(tmp_path / "b", source)
    assert made.manifest["source"]["parts"] == ["train", "val"]
    again = make(tmp_path / "b", source, Interrupted())  # would raise if it computed anything
    assert again.fingerprint == made.fingerprint


def test_other_words_alone_need_no_encoding(tmp_path: Path):
    twice = VocabularyOptions(minimum_count=2)
    wanted = content(make(tmp_path / "wanted", vocabulary=twice).path)
    make(tmp_path / "b")
    make(tmp_path / "b", encoder=Interrupted(), vocabulary=twice)  # would raise if it were asked
    assert content(tmp_path / "b") == wanted


def test_features_that_have_rotted_are_not_taken_over(tmp_path: Path):
    make(tmp_path / "b")
    data = (tmp_path / "b" / "features.npy").read_bytes()
    (tmp_path / "b" / "features.npy").write_bytes(data[:-1] + b"?")
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "b", encoder=Interrupted(), vocabulary=VocabularyOptions(minimum_count=2))


def test_a_bundle_of_an_older_format_is_made_again_if_it_is_of_the_same_images(tmp_path: Path):
    out = tmp_path / "b"
    wanted = content(make(out).path)
    manifest = json.loads((out / "bundle.json").read_text()) | {"format": 1, "minimum_count": 1}
    files.write_json(out / "bundle.json", manifest)
    (out / "checksums.npy").unlink()
    with pytest.raises(InputError, match="bundle format 1, .* reads format 2; make it again with"):
        Bundle.open(out)
    with pytest.raises(InputError, match="a bundle of other images"):
        make(out, tiny_source(10, seed=1))
    make(out)
    assert content(out) == wanted


@pytest.mark.parametrize("file", FILES)
def test_what_has_rotted_is_made_again(tmp_path: Path, file: str):
    out = tmp_path / "b"
    wanted = content(make(out).path)
    data = bytearray((out / file).read_bytes())
    data[-1] ^= 1
    (out / file).write_bytes(data)
    make(out)
    assert content(out) == wanted


def test_a_damaged_bundle_is_made_again(tmp_path: Path):
    out = tmp_path / "b"
    make(out)
    wanted = content(out)
    (out / "features.npy").write_bytes(b"")
    make(out)
    assert content(out) == wanted


@pytest.mark.parametrize("what", ["a file", "a folder"])
def test_what_is_not_a_bundle_is_not_overwritten(tmp_path: Path, what: str):
    out = tmp_path / "mine"
    kept = out if what == "a file" else out / "thesis.txt"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("precious")
    with pytest.raises(InputError, match="exists and is not a bundle"):
        make(out)
    assert kept.read_text() == "precious" and not list(tmp_path.glob("*.partial"))


def test_a_folder_in_the_way_of_the_partial_is_not_removed(tmp_path: Path):
    (tmp_path / "b.partial").mkdir()
    (tmp_path / "b.partial" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="in the way"):
        make(tmp_path / "b")
    assert (tmp_path / "b.partial" / "thesis.txt").read_text() == "precious"


def test_an_interrupted_build_says_so_and_goes_on(tmp_path: Path):
    out, loaded = tmp_path / "b", []
    wanted = content(make(tmp_path / "wanted").path)
    with pytest.raises(KeyboardInterrupt, match="8 of 10 images are kept"):
        make(out, encoder=Interrupted())
    with pytest.raises(InputError, match=r"not finished, .*b\.partial was interrupted: run again"):
        Bundle.open(out)
    source = tiny_source(10)
    load = source.load
    source.load = lambda i, side: loaded.append(i) or load(i)
    make(out, source)
    assert sorted(loaded) == [8, 9]  # both of the batch that was cut short
    assert content(out) == wanted and not (tmp_path / "b.partial").exists()


def test_a_partial_of_another_plan_is_thrown_away(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "b", tiny_source(10, seed=1), Interrupted())
    wanted = content(make(tmp_path / "wanted").path)
    assert content(make(tmp_path / "b").path) == wanted


def test_with_another_batch_size_it_goes_on_where_a_batch_begins(tmp_path: Path):
    wanted = content(make(tmp_path / "wanted").path)
    with pytest.raises(KeyboardInterrupt, match="8 of 10 images are kept"):
        make(tmp_path / "b", encoder=Interrupted())
    build(tiny_source(10), TinyEncoder(), tmp_path / "b", batch_size=3, progress=False)
    assert content(tmp_path / "b") == wanted  # this encoder does not mind what batch it is in


@pytest.mark.parametrize(
    "file", ["features.npy", "checksums.npy", "thumbnails.npy", "thumbnails.jpgs"]
)
@pytest.mark.parametrize("how", ["lost", "cut", "flipped", "header"])
def test_a_partial_that_was_damaged_is_mended(tmp_path: Path, file: str, how: str):
    wanted = content(make(tmp_path / "wanted").path)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "b", encoder=Interrupted())
    damaged = tmp_path / "b.partial" / file
    data = bytearray(damaged.read_bytes())
    if how == "flipped":
        data[-len(data) // 3] ^= 4
    if how == "header":
        data[20] ^= 4
    damaged.write_bytes(data[: len(data) // 2] if how == "cut" else data)
    if how == "lost":
        damaged.unlink()
    make(tmp_path / "b")
    assert content(tmp_path / "b") == wanted


@pytest.mark.parametrize("images", [-16, -1, 99, 1e9, float("inf"), None, "many"])
def test_nonsense_about_the_progress_is_not_believed(tmp_path: Path, images):
    wanted = content(make(tmp_path / "wanted").path)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "b", encoder=Interrupted())
    progress = tmp_path / "b.partial" / "progress.json"
    state = json.loads(progress.read_text()) | {"images": images}
    progress.write_text(json.dumps(state))
    make(tmp_path / "b")
    assert content(tmp_path / "b") == wanted


def test_what_lies_in_a_bundle_s_folder_is_not_lost(tmp_path: Path):
    make(tmp_path / "b")
    precious = tmp_path / "b" / "run" / "best.safetensors"
    precious.parent.mkdir()
    precious.write_text("hours of training")
    with pytest.raises(InputError, match=r"more than a bundle \(run\)"):
        make(tmp_path / "b", views="flip")
    assert precious.read_text() == "hours of training"
    foreign = tmp_path / "web"
    foreign.mkdir()
    (foreign / "bundle.json").write_text('{"entry": "main.js"}')
    with pytest.raises(InputError, match="perhaps of other images"):
        make(foreign)
    assert (foreign / "bundle.json").read_text() == '{"entry": "main.js"}'


def test_a_bundle_that_cannot_say_of_what_it_is_is_not_replaced(tmp_path: Path):
    make(tmp_path / "b")
    manifest = tmp_path / "b" / "bundle.json"
    manifest.write_text("x" + manifest.read_text()[1:])
    with pytest.raises(InputError, match="perhaps of other images"):
        make(tmp_path / "b")


def test_nothing_is_left_of_a_prepare_that_failed_at_once(tmp_path: Path):
    source = replace(tiny_source(10), load=lambda i, side: 1 / 0 if i else Image.new("L", (9, 9)))
    with pytest.raises(ZeroDivisionError):
        make(tmp_path / "b", source)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked children")
def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(tmp_path: Path):
    command = [sys.executable, HERE / "killed.py", tmp_path, "90"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 6


def test_a_full_disk_is_one_line_and_what_is_done_is_kept(tmp_path: Path):
    """The system itself refuses files beyond 20,000 bytes: thumbnails of all 40 images need more."""
    resource = pytest.importorskip("resource", reason="needs limits on the size of files")
    wanted = content(make(tmp_path / "wanted", tiny_source(40)).path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(InputError, match="cannot write the bundle") as caught:
            make(tmp_path / "b", tiny_source(40))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in str(caught.value) and not (tmp_path / "b").exists()
    assert json.loads((tmp_path / "b.partial" / "progress.json").read_text())["images"] >= 8
    assert content(make(tmp_path / "b", tiny_source(40)).path) == wanted


def test_a_disk_too_small_is_known_before_the_work(tmp_path: Path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=2879)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(InputError, match=r"take 3 kB, and .* has 3 kB free: make room"):
        make(tmp_path / "b")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2880))
    make(tmp_path / "b")  # 10 images, 12 channels, 3 x 4 positions, 2 bytes


@pytest.mark.parametrize("value", [70000.0, -70000.0, float("inf"), float("nan")])
def test_features_that_float16_cannot_hold_are_refused(tmp_path: Path, value: float):
    class Large(TinyEncoder):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            features = super().forward(images)
            features[1, 5, 2, 3] = value
            return features

    with pytest.raises(InputError, match=r"image tiny-001\.png reach .*float16"):
        make(tmp_path / "b", encoder=Large())


def test_an_unreadable_image_is_named(tmp_path: Path):
    source = tiny_source(10)

    def load(i: int, side: int):
        raise OSError("image file is truncated")

    source.load = load
    with pytest.raises(
        InputError, match=r"cannot read image tiny-000\.png: image file is truncated"
    ):
        make(tmp_path / "b", source)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"captions": []}, r"tiny-000\.png has no caption"),
        ({"captions": ["a dog", "?!"]}, r"tiny-000\.png has a caption without a word: '\?!'"),
        ({"file": "tiny-001.png"}, r"tiny-001\.png is listed twice"),
        ({"captions": ["a dog \ud83d"]}, r"tiny-000\.png.*half a character"),
    ],
)
def test_bad_records_are_refused_before_any_work(tmp_path: Path, change: dict, message: str):
    source = tiny_source(10)
    source.records[0] = replace(source.records[0], **change)
    with pytest.raises(InputError, match=message):
        make(tmp_path / "b", source)
    assert not list(tmp_path.iterdir())


def test_no_images_and_nothing_to_train_on_are_refused(tmp_path: Path):
    source = tiny_source(10)
    source.records = source.records[7:]
    with pytest.raises(InputError, match="nothing to learn from"):
        make(tmp_path / "b", source)
    source.records = []
    with pytest.raises(InputError, match="no images"):
        make(tmp_path / "b", source)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", ["missing", "shorter", "flipped"])
def test_every_damaged_file_is_named(copy: Path, file: str, damage: str):
    path = copy / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data[:-1] if damage == "shorter" else data)
    if damage == "missing":
        path.unlink()
    wanted = {"missing": "is missing", "shorter": "bytes instead of", "flipped": "has changed"}
    message = rf"{file}.*{wanted[damage]}.*python -m coursework prepare"
    with pytest.raises(InputError, match=message) as caught:
        Bundle.open(copy).verify(progress=False)
    assert "\n" not in str(caught.value)


def test_opening_leaves_the_large_files_to_be_checked_when_they_are_read(copy: Path):
    for name in LARGE:
        data = bytearray((copy / name).read_bytes())
        data[-1] ^= 1  # of the last image
        (copy / name).write_bytes(data)
    bundle = Bundle.open(copy)
    assert bundle.feature_batch(range(39)).isfinite().all() and bundle.thumbnail(38)
    for _ in range(2):
        with pytest.raises(InputError, match=r"features\.npy: image tiny-039\.png.*has changed"):
            bundle.feature_batch([3, 39])
        with pytest.raises(InputError, match=r"thumbnails\.jpgs: image tiny-039\.png.*has changed"):
            bundle.thumbnail(39)
    assert len(bundle.feature_batch([3])) == 1


def test_a_whole_bundle_passes_and_the_features_are_what_numpy_reads(tiny_bundle: Bundle):
    tiny_bundle.verify(progress=False)
    features = np.load(tiny_bundle.path / "features.npy")
    assert features.dtype == np.float16
    every = torch.from_numpy(features[:, 0].astype(np.float32))
    assert torch.equal(every, tiny_bundle.feature_batch(range(40)))
    assert np.load(tiny_bundle.path / "checksums.npy").shape == (40, 2)
    assert np.load(tiny_bundle.path / "thumbnails.npy").dtype == np.int64


def test_200_flipped_bits_are_refused_or_harmless(tmp_path: Path):
    """Opened and read wholly after each: whatever is still given out is the same."""
    make(tmp_path / "b", tiny_source(6), views="flip")
    outcomes = [(name, outcome) for name, _, outcome in flips(tmp_path / "b", 200)]
    assert {outcome for _, outcome in outcomes} <= {"refused", "harmless"}
    assert {name for name, outcome in outcomes if outcome == "harmless"} <= {"bundle.json"}


def test_a_flipped_bit_of_the_manifest_is_noticed_or_harmless(copy: Path, tiny_bundle: Bundle):
    path = copy / "bundle.json"
    good = path.read_bytes()
    for position in range(0, len(good), 7):
        path.write_bytes(good[:position] + bytes([good[position] ^ 2]) + good[position + 1 :])
        try:
            opened = Bundle.open(copy)
        except InputError:
            continue
        assert opened.manifest["files"] == tiny_bundle.manifest["files"]
        assert opened.fingerprint == tiny_bundle.fingerprint


def resealed(folder: Path, **changes) -> None:
    """Change the manifest and make fingerprint and hashes fit again: a bundle that is wrong, not damaged."""
    manifest = json.loads((folder / "bundle.json").read_text()) | changes
    for name in FILES:
        size = (folder / name).stat().st_size
        manifest["files"][name] = {"bytes": size, "sha256": sha256(folder / name)}
    manifest["plan"] = plan_hash(manifest)
    manifest["fingerprint"] = fingerprint(manifest)
    files.write_json(folder / "bundle.json", manifest)


def test_another_format_is_refused(copy: Path):
    resealed(copy, format=99)
    with pytest.raises(InputError, match="has bundle format 99, this version reads format 2"):
        Bundle.open(copy)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((40, 1, 12, 4, 3), np.float16),
        np.zeros((40, 1, 12, 3, 4), np.float32),
        np.zeros((39, 1, 12, 3, 4), np.float16),
    ],
)
def test_features_that_do_not_fit_the_manifest_are_refused(copy: Path, array):
    header = npy_header(array.dtype.str, array.shape)
    (copy / "features.npy").write_bytes(header + array.tobytes())
    resealed(copy)
    message = r"features\.npy: not an array <f2 \(40, 1, 12, 3, 4\)"
    with pytest.raises(InputError, match=message):
        Bundle.open(copy)


def test_features_that_are_not_numbers_are_refused(copy: Path):
    rows = np.full((40, 1, 12, 3, 4), np.nan, np.float16)
    header, sums = (copy / "features.npy").read_bytes()[:128], (copy / "checksums.npy").read_bytes()
    (copy / "features.npy").write_bytes(header + rows.tobytes())
    sums = np.frombuffer(sums[-320:], "<u4").reshape(40, 2).copy()
    sums[:, 0] = [zlib.crc32(row) for row in rows]
    (copy / "checksums.npy").write_bytes(npy_header("<u4", (40, 2)) + sums.tobytes())
    resealed(copy)
    with pytest.raises(InputError, match=r"features\.npy: features that are not finite"):
        Bundle.open(copy).verify(progress=False)


def test_a_view_of_a_later_version_is_refused(copy: Path):
    resealed(copy, views=["upside-down"])
    with pytest.raises(InputError, match="upside-down"):
        Bundle.open(copy)


class Thread(Team):
    """A team of two threads in one process: `notes` is what rank 0 has shared, for rank 1 to take."""

    notes, parts = None, None

    def share(self, obj=None):
        if self.leads:
            self.notes.put(obj)
            return obj
        return self.notes.get(timeout=20)

    def gather(self, obj):
        if not self.leads:
            self.parts.put(obj)
            return None
        return [obj, self.parts.get(timeout=20)]


def test_a_team_makes_the_same_bundle_and_all_open_it(tmp_path: Path, monkeypatch):
    wanted = content(make(tmp_path / "wanted", tiny_source(22)).path)
    monkeypatch.setattr(Thread, "notes", queue.Queue())
    monkeypatch.setattr(Thread, "parts", queue.Queue())
    for _ in range(2):  # the second time there is nothing to do
        with ThreadPoolExecutor(2) as pool:
            teams = [Thread(rank, 2, rank, 2) for rank in (0, 1)]
            made = list(
                pool.map(lambda team: make(tmp_path / "b", tiny_source(22), team=team), teams)
            )
        assert [bundle.path for bundle in made] == [tmp_path / "b"] * 2
        assert content(tmp_path / "b") == wanted


def test_each_thing_that_is_no_bundle_has_its_own_message(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("text")
    for name, message in [
        ("absent", "no bundle at .*absent: make one with"),
        ("empty", "is not a bundle"),
        ("file", "is a file, not a bundle"),
    ]:
        with pytest.raises(InputError, match=message):
            Bundle.open(tmp_path / name)


def test_the_working_folder_is_no_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is not a bundle"):
        Bundle.open(".")


def test_two_at_work_in_one_folder_do_not_meet(tmp_path: Path):
    out = tmp_path / "b"
    plan = {"plan": "p", "shape": (10, 1, 12, 3, 4)}
    with Partial(out, **plan):
        with pytest.raises(InputError, match="another prepare is at work .*--out"):
            make(out)
    make(out)  # that of another plan is thrown away
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_run_with_other_batches_goes_on_at_a_whole_one(tmp_path: Path):
    shape, features = (10, 1, 2, 3, 4), np.arange(7 * 24, dtype="<f2").reshape(7, 1, 2, 3, 4)
    with Partial(tmp_path / "b", "p", shape) as first:
        first.append(features, [b"jpeg"] * 7)
    with Partial(tmp_path / "b", "p", shape, batch_size=4) as second:
        assert second.done == 4
        second.append(features[4:], [b"jpeg"] * 3)
    with Partial(tmp_path / "b", "p", shape, batch_size=7) as third:
        assert third.done == 7
        written = (third.path / "features.npy").read_bytes()[len(npy_header("<f2", shape)) :]
    assert written == features.tobytes()


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"file": 1, "split": "train", "captions": ["a"]}, "file name"),
        ({"file": "a", "split": "train", "captions": None}, "damaged"),
        ({"file": "a", "split": "train", "captions": []}, "captions"),
        ({"file": "a", "captions": ["a"]}, "split"),
        ([], "damaged"),
    ],
)
def test_records_that_are_none_are_refused(copy: Path, record, said: str):
    records = json.loads((copy / "images.json").read_text(encoding="utf-8"))
    (copy / "images.json").write_text(json.dumps([record, *records[1:]]), encoding="utf-8")
    resealed(copy)
    with pytest.raises(InputError, match=said):
        Bundle.open(copy)


def test_a_thumbnail_that_is_no_image_is_refused_by_name(copy: Path):
    thumbnails, sums = copy / "thumbnails.jpgs", copy / "checksums.npy"
    offsets = np.load(copy / "thumbnails.npy")
    content = b"x" * int(offsets[1]) + thumbnails.read_bytes()[offsets[1] :]
    thumbnails.write_bytes(content)
    rows = np.load(sums)
    rows[0, 1] = zlib.crc32(content[: offsets[1]])
    sums.write_bytes(npy_header("<u4", rows.shape) + rows.tobytes())
    resealed(copy)
    with pytest.raises(InputError, match="tiny-000.png"):
        Bundle.open(copy).thumbnail(0)
