"""Flickr8k in both forms: as it is published, and with everything that can be wrong with it."""

import re
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image
from tiny import TinyEncoder

from coursework.files import InputError
from coursework.prepare.build import build
from coursework.prepare.download.addresses import Address
from coursework.prepare.sets import flickr8k
from coursework.prepare.sets.flickr8k import flickr8k_download, flickr8k_listing
from coursework.prepare.sets.listing import Listing, chosen, source_of

REAL = Path(__file__).parents[3] / "shared" / "real" / "flickr8k"
real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no real captions at {REAL}")

TABLE = 'image,caption\na.jpg,One dog .\na.jpg,"A dog , "" Rex "" , runs ."\nb.jpg,A cat .\nc.jpg,A bird .\n'
TOKENS = (
    'a.jpg#0\tOne dog .\na.jpg#1\tA dog , " Rex " , runs .\nb.jpg#0\tA cat .\nc.jpg#0\tA bird .\n'
)
CAPTIONS = {
    "a.jpg": ["One dog .", 'A dog , " Rex " , runs .'],
    "b.jpg": ["A cat ."],
    "c.jpg": ["A bird ."],
}
SPLITS = {"train": "a.jpg\n", "dev": "b.jpg\n", "test": "c.jpg\n"}


def data_set(folder: Path, table: str | bytes = "", tokens: str = "", **splits: str) -> Path:
    """A folder with these caption and split files, written as they are."""
    files = {"captions.txt": table, "Flickr8k.token.txt": tokens}
    files |= {f"Flickr_8k.{name}Images.txt": text for name, text in splits.items()}
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        if text:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def photos(folder: Path, names: Sequence[str] = ("a.jpg", "b.jpg", "c.jpg")) -> Path:
    folder.mkdir(parents=True)
    for i, name in enumerate(names):
        Image.new("RGB", (40, 30), (60 * i, 100, 0)).save(folder / name)
    return folder


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return path


def captions_of(listing: Listing) -> dict[str, list[str]]:
    return {record.file: record.captions for record in listing.records}


def splits_of(listing: Listing) -> dict[str, str]:
    return {record.file: record.split for record in listing.records}


def faults_of(listing: Listing) -> list[tuple[str, str]]:
    return [(fault.kind, fault.where) for fault in listing.faults]


@pytest.mark.parametrize("form", [{"table": TABLE}, {"tokens": TOKENS}])
def test_both_forms_say_the_same(tmp_path: Path, form: dict):
    listing = flickr8k_listing([data_set(tmp_path / "d", **form, **SPLITS)])
    assert captions_of(listing) == CAPTIONS and not listing.faults and not listing.notes
    assert splits_of(listing) == {"a.jpg": "train", "b.jpg": "val", "c.jpg": "test"}
    assert listing.settings == {"kind": "flickr8k", "splits": "official"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("header", [True, False])
def test_line_ends_marks_and_a_header_or_none(tmp_path: Path, end: str, start: str, header: bool):
    table = start + (TABLE if header else TABLE.removeprefix("image,caption\n"))
    splits = {name: start + text.replace("\n", "\n\n") for name, text in SPLITS.items()}
    files = {"table": table, **splits}
    folder = data_set(
        tmp_path / "d", **{name: text.replace("\n", end) for name, text in files.items()}
    )
    listing = flickr8k_listing([folder])
    assert captions_of(listing) == CAPTIONS and not listing.faults
    tokens = (start + TOKENS).replace("\n", end)
    other = flickr8k_listing([data_set(tmp_path / "e", tokens=tokens, **splits)])
    assert other.records == listing.records and not other.faults


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"b.jpg,A cat, asleep .", "3 columns .* double quotes"),
        (b"b.jpg", "1 columns instead of image,caption: "),
        (b'b.jpg,"A cat .', "not CSV, unexpected end of data"),
        (b'b.jpg,"A "black" cat"', "not CSV, "),
        (b"b.jpg,A caf\xe9 .", "not UTF-8"),
    ],
)
def test_a_bad_line_of_a_table_spoils_no_other(tmp_path: Path, line: bytes, text: str):
    table = TABLE.encode().replace(b"b.jpg,A cat .", b"b.jpg,A cat .\n" + line)
    listing = flickr8k_listing([data_set(tmp_path / "d", table, **SPLITS)])
    assert captions_of(listing) == CAPTIONS
    (fault,) = listing.faults
    assert (fault.kind, fault.where) == ("bad row", "captions.txt, line 5")
    assert re.search(text, fault.text)


@pytest.mark.parametrize(
    "line", ["b.jpg\tA cat .", "b.jpg#0 A cat .", "b.jpg#x\tA cat .", "#0\tA cat .", "<html>"]
)
def test_a_bad_line_of_tokens_spoils_no_other(tmp_path: Path, line: str):
    tokens = TOKENS.replace("b.jpg", f"{line}\nb.jpg")
    listing = flickr8k_listing([data_set(tmp_path / "d", tokens=tokens, **SPLITS)])
    assert captions_of(listing) == CAPTIONS
    assert faults_of(listing) == [("bad row", "Flickr8k.token.txt, line 3")]


def test_the_name_that_is_no_image_and_captions_without_a_word(tmp_path: Path):
    tokens = TOKENS + "d.jpg.1#0\tA man .\nd.jpg.1#1\tA woman .\nb.jpg#1\t . \ne.jpg#0\t\n"
    listing = flickr8k_listing([data_set(tmp_path / "d", tokens=tokens, **SPLITS)])
    assert captions_of(listing) == CAPTIONS
    no_image, empty, none = "caption without image", "empty caption", "image without caption"
    assert faults_of(listing) == [
        (no_image, "d.jpg.1"),
        (no_image, "d.jpg.1"),
        (empty, "b.jpg"),
        (empty, "e.jpg"),
        (none, "e.jpg"),
    ]


def test_split_files_with_strangers_and_an_image_in_two(tmp_path: Path):
    splits = {"train": "a.jpg\nc.jpg\nx.jpg\n", "dev": "b.jpg\nb.jpg\n", "test": "c.jpg\n"}
    listing = flickr8k_listing([data_set(tmp_path / "d", TABLE, **splits)])
    assert splits_of(listing) == {"a.jpg": "train", "b.jpg": "val", "c.jpg": "test"}
    assert faults_of(listing) == [
        ("listed twice", "b.jpg"),
        ("listed twice", "c.jpg"),
        ("image without caption", "x.jpg"),
    ]
    assert "trainImages.txt, line 2, but it is in test already" in listing.faults[1].text


def test_images_in_no_split_and_split_files_that_are_absent(tmp_path: Path):
    folder = data_set(tmp_path / "d", TABLE, train="a.jpg\n", dev="b.jpg\n")
    listing = flickr8k_listing([folder])
    assert splits_of(listing) == {"a.jpg": "train", "b.jpg": "val"}
    assert listing.notes == [
        "Flickr_8k.testImages.txt is not there, so there is no split test",
    ]
    assert faults_of(listing) == [("image in no split", "c.jpg")]
    (folder / "Flickr_8k.devImages.txt").unlink()
    (folder / "Flickr_8k.trainImages.txt").write_text("x.jpg\n")
    with pytest.raises(InputError, match="name none of the 3 images"):
        flickr8k_listing([folder])


def test_without_split_files_an_eighth_goes_to_val_and_to_test(tmp_path: Path):
    names = [f"{i:03}.jpg" for i in range(80)]
    rows = "".join(f"{name},A dog .\n" for name in names)
    listing = flickr8k_listing([data_set(tmp_path / "d", rows)])
    assert listing.splits == {"train": 60, "val": 10, "test": 10}
    assert "do not compare" in listing.notes[0] and listing.settings["splits"] == "by name"
    turned = "".join(f"{name},A dog .\n" for name in reversed(names))
    assert splits_of(flickr8k_listing([data_set(tmp_path / "e", turned)])) == splits_of(listing)
    few = flickr8k_listing([data_set(tmp_path / "f", TABLE)])
    assert few.splits == {"train": 3}


def test_the_zip_from_kaggle(tmp_path: Path):
    files = {f"Images/{path.name}": path.read_bytes() for path in photos(tmp_path / "p").iterdir()}
    path = zipped(tmp_path / "archive.zip", {"captions.txt": TABLE.encode(), **files})
    listing = flickr8k_listing([path])
    assert captions_of(listing) == CAPTIONS and not listing.missing()
    bundle = build(source_of(listing), TinyEncoder(), tmp_path / "out", progress=False)
    assert bundle.splits == {"train": 3} and bundle.name == "flickr8k"


def official_zips(folder: Path) -> list[Path]:
    """Both zips as their authors made them, on a Mac."""
    files = data_set(folder / "text", tokens=TOKENS, **SPLITS)
    texts = {path.name: path.read_bytes() for path in files.iterdir()}
    mac = {
        f"__MACOSX/{name}": b"\0" for name in ("._Flickr8k.token.txt", "Flicker8k_Dataset/._a.jpg")
    }
    images = {f"Flicker8k_Dataset/{p.name}": p.read_bytes() for p in photos(folder / "p").iterdir()}
    other = {"Flickr8k.lemma.token.txt": b"a.jpg#0\tone dog .\n", "readme.txt": b"cite\n"}
    return [
        zipped(folder / "Flickr8k_text.zip", {**texts, **other, **mac}),
        zipped(folder / "Flickr8k_Dataset.zip", {"Flicker8k_Dataset/": b"", **images, **mac}),
    ]


def test_the_official_zips(tmp_path: Path):
    paths = official_zips(tmp_path)
    listing = flickr8k_listing(paths)
    assert captions_of(listing) == CAPTIONS and not listing.missing() and not listing.faults
    assert source_of(listing).load(1, 20).getpixel((5, 5))[1] == pytest.approx(100, abs=4)
    # What Kaggle has, with the official splits beside it: the same records.
    kaggle = data_set(tmp_path / "kaggle", TABLE)
    assert flickr8k_listing([kaggle, *paths]).records == listing.records


def test_no_captions_at_all(tmp_path: Path):
    with pytest.raises(
        InputError, match=r"no captions of Flickr8k in .*Flickr8k_text\.zip.*Kaggle"
    ):
        flickr8k_listing([photos(tmp_path / "p")])
    with pytest.raises(InputError, match=r"captions\.txt has no captions .*line 1: 1 columns"):
        flickr8k_listing([data_set(tmp_path / "d", "<html>not found</html>")])
    with pytest.raises(InputError, match="has no captions"):
        flickr8k_listing([data_set(tmp_path / "e", "image,caption\n")])
    with pytest.raises(InputError, match="absent"):
        flickr8k_listing([tmp_path / "absent"])


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The web address of the folder tmp_path / "web"."""
    (tmp_path / "web").mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "web")))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_download(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch):
    for name, constant in (("text", "FLICKR8K_TEXT"), ("Dataset", "FLICKR8K_IMAGES")):
        url = f"{address}/Flickr8k_{name}.zip"
        monkeypatch.setattr(flickr8k, constant, Address(url, 1))
    with pytest.raises(
        InputError, match=r"404.*by hand.*kaggle\.com.*flickr8k archive\.zip"
    ) as caught:
        flickr8k_download(tmp_path / "got", progress=False)
    assert "\n" not in str(caught.value)
    official_zips(tmp_path / "web")
    paths = flickr8k_download(tmp_path / "got", progress=False)
    assert [path.name for path in paths] == ["Flickr8k_text.zip", "Flickr8k_Dataset.zip"]
    assert captions_of(flickr8k_listing(paths)) == CAPTIONS
    for path in (tmp_path / "web").glob("*.zip"):
        path.unlink()
    assert flickr8k_download(tmp_path / "got", progress=False) == paths


@pytest.fixture(scope="module")
def both() -> tuple[Listing, Listing]:
    """The real captions with the official splits, from the table and from the token file."""
    splits = [REAL / name for name in flickr8k.SPLIT_FILES.values()]
    return flickr8k_listing([REAL / "captions.txt", *splits]), flickr8k_listing(
        [REAL / "Flickr8k.token.txt", *splits]
    )


@real
def test_the_real_captions_are_the_same_in_both_forms(both: tuple[Listing, Listing]):
    table, tokens = both
    assert table.records == tokens.records
    assert table.splits == {"train": 6000, "val": 1000, "test": 1000}
    assert Counter(len(record.captions) for record in table.records) == {5: 8000}
    assert table.notes == tokens.notes == []
    unsplit = faults_of(table)
    assert len(unsplit) == 91 and {kind for kind, _ in unsplit} == {"image in no split"}
    strange = [("caption without image", "2258277193_586949ec62.jpg.1")] * 5
    assert faults_of(tokens) == [*strange, *unsplit]


@real
def test_all_real_captions_without_the_split_files():
    sets = []
    for name in ("captions.txt", "Flickr8k.token.txt"):
        stored, faults = flickr8k.Stored([REAL / name]), []
        sets.append(flickr8k._captions(stored, faults))
    table, tokens = sets
    assert list(table.items()) == list(tokens.items())
    assert len(table) == 8091 and sum(map(len, table.values())) == 40455


@real
def test_the_real_photos():
    whole = flickr8k_listing([REAL])
    listing = chosen(whole, {}, present_only=True)
    assert listing.splits == {"train": 232, "val": 21, "test": 13}  # and one is in no split
    source = source_of(listing)
    assert min(source.load(0, 224).size) >= 224
    with pytest.raises(InputError, match=r"7,734 images .*first 1110208841_5bb6806afe"):
        source_of(whole)
