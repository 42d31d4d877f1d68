"""Bundles as zips: packed the same everywhere, unpacked with suspicion."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tracemalloc
import zipfile
from functools import partial
from pathlib import Path

import pytest
from faulty_server import Fault, serving

from coursework.bundle import FILES, Bundle, fingerprint
from coursework.files import InputError
from coursework.prepare import packed
from coursework.prepare.download import fetch
from coursework.prepare.packed import MEMBERS, pack, unpack

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def made(tiny_bundle, tmp_path_factory) -> Path:
    """The packed tiny bundle."""
    return pack(tiny_bundle.path, tmp_path_factory.mktemp("packed") / "tiny.zip", progress=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def entries(path: Path) -> list[tuple[zipfile.ZipInfo, bytes]]:
    with zipfile.ZipFile(path) as opened:
        return [(entry, opened.read(entry)) for entry in opened.infolist()]


def rewritten(made: Path, path: Path, change=lambda name, data: (name, data), more=()) -> Path:
    """The same zip with other names or contents, and with more entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for entry, data in entries(made):
            target.writestr(*change(entry.filename, data))
        for entry, data in more:
            target.writestr(entry, data)
    return path


def refused(source, tmp_path: Path, match: str, **options) -> str:
    """That unpacking is refused on one line, and leaves nothing behind."""
    before = {path for path in tmp_path.rglob("*")}
    with pytest.raises(InputError, match=match) as caught:
        unpack(source, tmp_path / "out", progress=False, **options)
    assert "\n" not in str(caught.value)
    assert {path for path in tmp_path.rglob("*")} == before
    return str(caught.value)


def entry(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


# Packing


def test_there_and_back(tiny_bundle, made, tmp_path):
    bundle = unpack(made, tmp_path / "out", progress=False)
    assert bundle.fingerprint == tiny_bundle.fingerprint
    assert contents(bundle.path) == contents(tiny_bundle.path)
    assert [path.name for path in tmp_path.iterdir()] == ["out"] and made.exists()


def test_same_bytes_whoever_packs_it(tiny_bundle, made, tmp_path):
    elsewhere = tmp_path / "another name"
    shutil.copytree(tiny_bundle.path, elsewhere)
    for path in elsewhere.iterdir():
        os.utime(path, (0, 0))
    (elsewhere / "progress.json").write_text("{}", encoding="utf-8")  # left by a killed run
    again = pack(elsewhere, progress=False)
    assert again == tmp_path / "another name.zip"
    assert again.read_bytes() == made.read_bytes()
    assert [entry.filename for entry, _ in entries(again)] == list(MEMBERS)


def test_pack_into_a_folder_and_over_an_older_pack(tiny_bundle, made, tmp_path):
    out = pack(tiny_bundle.path, tmp_path, progress=False)
    assert out == tmp_path / "tiny.zip"
    pack(tiny_bundle.path, out, progress=False)
    assert out.read_bytes() == made.read_bytes()


@pytest.mark.parametrize("there", [b"my thesis", b"PK\x05\x06" + b"\0" * 18])
def test_pack_does_not_replace_something_else(tiny_bundle, tmp_path, there):
    out = tmp_path / "out.zip"
    out.write_bytes(there)
    with pytest.raises(InputError, match="not a packed bundle.*nothing was changed"):
        pack(tiny_bundle.path, out, progress=False)
    assert out.read_bytes() == there


@pytest.mark.parametrize("inside", ["", "new.zip", "features.npy", "new/new.zip"])
def test_pack_into_the_bundle_itself(tiny_bundle, tmp_path, inside):
    shutil.copytree(tiny_bundle.path, tmp_path / "own")
    before = contents(tmp_path / "own")
    with pytest.raises(InputError, match="would lie in the bundle itself"):
        pack(tmp_path / "own", tmp_path / "own" / inside, progress=False)
    assert contents(tmp_path / "own") == before


@pytest.mark.parametrize("name", FILES)
def test_damaged_bundle_is_not_packed(tiny_bundle, tmp_path, name):
    damaged = tmp_path / "damaged"
    shutil.copytree(tiny_bundle.path, damaged)
    data = bytearray((damaged / name).read_bytes())
    data[len(data) // 2] ^= 1
    (damaged / name).write_bytes(data)
    with pytest.raises(InputError, match=name):
        pack(damaged, progress=False)
    assert not (tmp_path / "damaged.zip").exists()


def test_no_bundle_is_not_packed(tmp_path):
    with pytest.raises(InputError, match="bundle"):
        pack(tmp_path / "nothing", progress=False)


def test_disk_that_fills_while_packing(tiny_bundle, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packed, "_copy", full)
    with pytest.raises(InputError, match="No space left"):
        pack(tiny_bundle.path, tmp_path / "out.zip", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_memory_is_bounded(tiny_bundle, tmp_path, monkeypatch):
    """Of a file 40 times the piece that is held, only a few pieces are ever in memory."""
    monkeypatch.setattr(packed, "CHUNK", 1 << 16)
    with open(tmp_path / "large", "wb") as file:
        for i in range(40):
            file.write(bytes([i]) * packed.CHUNK)
    bar = packed.tqdm(disable=True)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as target:
        tracemalloc.start()
        with open(tmp_path / "large", "rb") as source:
            with target.open(packed._entry("large", 40 * packed.CHUNK), "w") as inside:
                packed._copy(source, inside, bar)
    with zipfile.ZipFile(tmp_path / "a.zip") as target, open(tmp_path / "copy", "wb") as copy:
        packed._copy(target.open("large"), copy, bar)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "large").read_bytes()
    assert peak < 10 * packed.CHUNK


# Unpacking what is well


@pytest.mark.parametrize("top", ["", "tiny/", "./"])
def test_packed_by_hand(tiny_bundle, made, tmp_path, top):
    """As a file manager would: in a folder, in another order, with what macOS adds."""
    more = [(entry("__MACOSX/._bundle.json"), b"x"), (entry(f"{top}.DS_Store"), b"x")]
    if top == "tiny/":
        more += [(entry("tiny/", stat.S_IFDIR | 0o755), b"")]
    path = rewritten(made, tmp_path / "hand.zip", lambda name, data: (top + name, data), more)
    bundle = unpack(path, tmp_path / "out", progress=False)
    assert contents(bundle.path) == contents(tiny_bundle.path)


def test_folder_of_a_bundle(tiny_bundle, tmp_path):
    bundle = unpack(tiny_bundle.path, tmp_path / "out", progress=False)
    assert contents(bundle.path) == contents(tiny_bundle.path)
    refused(tmp_path / "out" / "..", tmp_path / "new", "it has no bundle.json")


def test_right_fingerprint(tiny_bundle, made, tmp_path):
    for digits in (64, 16, 12):
        wanted = tiny_bundle.fingerprint[:digits].upper()
        bundle = unpack(made, tmp_path / str(digits), f" {wanted}\n", progress=False)
        assert bundle.fingerprint == tiny_bundle.fingerprint


def test_wrong_fingerprint_is_refused_and_both_are_said(tiny_bundle, made, tmp_path):
    said = refused(made, tmp_path, "the two must agree", fingerprint="0123456789ab")
    assert "0123456789ab" in said and tiny_bundle.fingerprint in said


@pytest.mark.parametrize("text", ["", "0123456789a", "0123456789ag", "z" * 64, "0" * 65])
def test_no_fingerprint(made, tmp_path, text):
    refused(made, tmp_path, "is not a fingerprint", fingerprint=text)


def test_what_is_there_is_left_as_it_is(tiny_bundle, made, tmp_path, capsys):
    out = tmp_path / "out"
    unpack(made, out, progress=False)
    stamp = (out / "features.npy").stat().st_mtime_ns
    unpack(made, out)
    unpack("http://127.0.0.1:1/a.zip", out, tiny_bundle.fingerprint[:12])  # asks nobody
    assert capsys.readouterr().err.count("nothing to do") == 2
    assert (out / "features.npy").stat().st_mtime_ns == stamp


@pytest.mark.parametrize("name", ["features.npy", "thumbnails.jpgs", "images.json"])
def test_damaged_bundle_that_is_there_is_mended(tiny_bundle, made, tmp_path, name, capsys):
    out = tmp_path / "out"
    unpack(made, out, progress=False)
    data = bytearray((out / name).read_bytes())
    data[-1] ^= 1
    (out / name).write_bytes(data)
    unpack(made, out, tiny_bundle.fingerprint[:12])
    assert f"{name}: " in capsys.readouterr().err
    assert contents(out) == contents(tiny_bundle.path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


@pytest.mark.parametrize("content", [b"", b'{"format": 2, "na', b"[]", b"\xff\xfe"])
def test_bundle_with_a_damaged_manifest_is_replaced(tiny_bundle, made, tmp_path, content, capsys):
    out = tmp_path / "out"
    unpack(made, out, progress=False)
    (out / "bundle.json").write_bytes(content)
    (out / "progress.json").write_text("{}", encoding="utf-8")
    unpack(made, out, tiny_bundle.fingerprint[:12])
    assert "damaged bundle manifest" in capsys.readouterr().err
    assert contents(out) == contents(tiny_bundle.path)
    (out / "bundle.json").write_bytes(content)
    (out / "thesis.txt").write_text("mine", encoding="utf-8")
    refused(made, tmp_path, "holds more than a bundle.*thesis.txt.*nothing was changed")


def test_nothing_foreign_is_lost_with_a_damaged_bundle(made, tmp_path):
    out = tmp_path / "out"
    unpack(made, out, progress=False)
    (out / "thesis.txt").write_text("mine", encoding="utf-8")
    unpack(made, out, progress=False)  # sound: left as it is
    (out / "features.npy").write_bytes(b"")
    refused(made, tmp_path, "holds more than a bundle.*thesis.txt")
    assert (out / "thesis.txt").exists()


def another_in(out: Path, made: Path) -> None:
    """Another bundle, in folder `out`."""
    unpack(made, out, progress=False)
    manifest = json.loads((out / "bundle.json").read_bytes())
    manifest["name"] = "other"
    manifest["fingerprint"] = fingerprint(manifest)
    (out / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_another_bundle_that_is_there_is_kept(tiny_bundle, made, tmp_path):
    another_in(tmp_path / "out", made)
    before = contents(tmp_path / "out")
    for digits in (None, tiny_bundle.fingerprint):
        refused(made, tmp_path, "holds another bundle.*nothing was changed", fingerprint=digits)
        assert contents(tmp_path / "out") == before


@pytest.mark.parametrize(
    "where", ["out", "out/thesis.txt", "out.unpacking/thesis.txt", "out.unpacking"]
)
def test_what_is_in_the_way_is_kept(made, tmp_path, where):
    path = tmp_path / where
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    refused(made, tmp_path, "nothing was changed")
    assert path.read_text(encoding="utf-8") == "mine"


def test_empty_folder_is_no_obstacle(made, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out.unpacking").mkdir()
    (tmp_path / "out.unpacking" / "features.npy").write_bytes(b"half")
    unpack(made, tmp_path / "out", progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# Unpacking what is not


LEADING_OUT = ["../features.npy", "/features.npy", "a/../../features.npy", "C:features.npy"]
LEADING_OUT += ["C:\\features.npy", "..\\features.npy", "//server/share/features.npy"]


@pytest.mark.parametrize("name", LEADING_OUT)
def test_entry_that_leads_out(made, tmp_path, name):
    path = rewritten(made, tmp_path / "bad.zip", more=[(entry(name), b"x")])
    refused(path, tmp_path, "leads out of its folder")
    path = rewritten(made, path, lambda old, data: (name if old == "features.npy" else old, data))
    refused(path, tmp_path, "leads out of its folder")


@pytest.mark.parametrize(
    "more, match",
    [
        (entry("thesis.txt"), "it holds 'thesis.txt'"),
        (entry("a/b/features.npy"), "it holds 'a/b/features.npy'"),
        (entry("tiny\\thesis.txt"), "it holds"),
        (entry("tiny\\features.npy"), "it holds"),
        (entry("features.npy"), "features.npy twice"),
        (entry("tiny/features.npy"), "features.npy twice"),
        (entry("a/b/", stat.S_IFDIR | 0o755), "it holds 'a/b/'"),
        (entry("", 0), "it holds ''"),
        (entry("FEATURES.NPY"), "it holds"),
        (entry("link", stat.S_IFLNK | 0o777), "holds the link"),
        (entry("pipe/features.npy", stat.S_IFIFO | 0o666), "no ordinary file"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_entry_that_does_not_belong(made, tmp_path, more, match):
    refused(rewritten(made, tmp_path / "bad.zip", more=[(more, b"")]), tmp_path, match)


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644, stat.S_IFCHR])
def test_member_that_is_no_file(made, tmp_path, mode):
    def change(name, data):
        return entry(name, mode if name == "features.npy" else 0), data

    refused(rewritten(made, tmp_path / "bad.zip", change), tmp_path, "link|no ordinary file")


@pytest.mark.parametrize("name", MEMBERS)
def test_member_that_is_missing(made, tmp_path, name):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as target:
        for old, data in entries(made):
            if old.filename != name:
                target.writestr(old.filename, data)
    refused(path, tmp_path, f"it has no {name}")


def test_members_in_several_folders(made, tmp_path):
    path = rewritten(made, tmp_path / "bad.zip", lambda name, data: (f"{len(name)}/{name}", data))
    refused(path, tmp_path, "several folders")


def test_bomb_is_refused_before_it_goes_off(made, tmp_path, monkeypatch):
    """A gigabyte of zeros in a megabyte; and one whose list says that it is small."""

    def change(name, data):
        return name, bytes(1 << 24) if name == "thumbnails.jpgs" else data

    path = rewritten(made, tmp_path / "bomb.zip", change)
    refused(path, tmp_path, "16777216 bytes instead of")
    size = len(dict((entry.filename, data) for entry, data in entries(made))["thumbnails.jpgs"])
    true, false = (1 << 24).to_bytes(4, "little"), size.to_bytes(4, "little")
    lying = path.read_bytes().replace(true, false)
    assert lying.count(false) >= 2
    path.write_bytes(lying)
    refused(path, tmp_path, "not a whole zip file|does not hold a whole bundle")


def test_manifest_that_is_a_bomb(made, tmp_path, monkeypatch):
    monkeypatch.setattr("coursework.prepare.packed.held.LARGEST_MANIFEST", 100)
    refused(made, tmp_path, "far too large")


@pytest.mark.parametrize("free", [0, 1000])
def test_no_room(made, tmp_path, monkeypatch, free):
    usage = type("usage", (), {"free": free})
    monkeypatch.setattr(packed.shutil, "disk_usage", lambda path: usage)
    refused(made, tmp_path, "make room")


def test_encrypted(made, tmp_path):
    data = bytearray(made.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + flags] |= 1
    (tmp_path / "bad.zip").write_bytes(data)
    refused(tmp_path / "bad.zip", tmp_path, "is encrypted")


def test_packed_in_another_way(made, tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w", zipfile.ZIP_LZMA) as target:
        for old, data in entries(made):
            target.writestr(old.filename, data)
    refused(tmp_path / "bad.zip", tmp_path, "neither stored nor deflated")


@pytest.mark.parametrize("part", [0, 10, 0.3, 0.9, -1, -50])
def test_zip_cut_short(made, tmp_path, part):
    data = made.read_bytes()
    (tmp_path / "bad.zip").write_bytes(data[: int(part * len(data)) if 0 < part < 1 else part])
    refused(tmp_path / "bad.zip", tmp_path, "not a whole zip file")


def test_any_damage_is_noticed_or_does_no_harm(tiny_bundle, made, tmp_path):
    """Bytes all over the zip are turned, one at a time: it is refused, or unpacks to the same."""
    data, harmless = made.read_bytes(), 0
    for place in range(11, len(data), len(data) // 40):
        damaged = bytearray(data)
        damaged[place] ^= 0x55
        (tmp_path / "bad.zip").write_bytes(damaged)
        try:
            bundle = unpack(tmp_path / "bad.zip", tmp_path / "out", progress=False)
        except InputError as error:
            assert "\n" not in str(error) and not (tmp_path / "out").exists()
            continue
        harmless += 1
        assert contents(bundle.path) == contents(tiny_bundle.path)
        shutil.rmtree(tmp_path / "out")
    assert harmless < 10


def changed_manifest(made: Path, path: Path, change) -> Path:
    def changed(name, data):
        if name == "bundle.json":
            manifest = json.loads(data)
            data = json.dumps(change(manifest) or manifest)
        return name, data

    return rewritten(made, path, changed)


@pytest.mark.parametrize(
    "change, match",
    [
        (lambda manifest: manifest.pop("files"), "damaged bundle manifest"),
        (lambda manifest: manifest["files"].pop("features.npy"), "damaged bundle manifest"),
        (lambda manifest: manifest.update(files=[]), "damaged bundle manifest"),
        (lambda manifest: manifest.update(fingerprint="../.."), "damaged bundle manifest"),
        (lambda manifest: manifest.update(fingerprint=None), "damaged bundle manifest"),
        (lambda manifest: manifest.update(format=1), "has bundle format 1, this version reads"),
        (lambda manifest: manifest.pop("format"), "damaged bundle manifest"),
        (lambda manifest: manifest["files"]["images.json"].update(bytes=9), "instead of 9"),
        (lambda manifest: manifest["files"]["images.json"].update(bytes="x"), "instead of x"),
        (lambda manifest: manifest.update(name="x"), "does not hold a whole bundle"),
        (lambda manifest: ["a list"], "damaged bundle manifest"),
    ],
)
def test_manifest_that_does_not_fit(made, tmp_path, change, match):
    def applied(manifest):
        changed = change(manifest)
        return changed if changed == ["a list"] else manifest

    said = refused(changed_manifest(made, tmp_path / "bad.zip", applied), tmp_path, match)
    assert "make it again" not in said  # who fetched it cannot


def test_no_json_at_all(made, tmp_path):
    path = rewritten(
        made, tmp_path / "a.zip", lambda name, data: (name, b"\xff" if name[0] == "b" else data)
    )
    refused(path, tmp_path, "damaged bundle manifest")


def test_nothing_there(tmp_path):
    refused(tmp_path / "nothing.zip", tmp_path, "no packed bundle at")


# From the web


@pytest.fixture
def server(made, monkeypatch):
    monkeypatch.setattr(packed, "fetch", partial(fetch, wait=0.001))
    with serving(made.read_bytes()) as server:
        yield server


def test_fetched_and_the_zip_removed(server, tiny_bundle, tmp_path):
    server.faults = [Fault(302, {"Location": "/cdn"}), Fault(drops=3000), Fault(503)]
    bundle = unpack(server.at("tiny.zip"), tmp_path / "out", tiny_bundle.fingerprint, False)
    assert contents(bundle.path) == contents(tiny_bundle.path)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_fetching_goes_on_where_it_was_interrupted(server, tiny_bundle, tmp_path):
    server.faults = [Fault(drops=3000), Fault(404)]
    with pytest.raises(InputError, match="404.*by hand, then run .* prepare bundle FILE"):
        unpack(server.at("tiny.zip"), tmp_path / "out", progress=False)
    unpack(server.at("tiny.zip"), tmp_path / "out", progress=False)
    assert server.asked == [None, "bytes=3000-", "bytes=3000-"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_zip_put_there_by_hand_is_used_and_kept(server, made, tmp_path, capsys):
    shutil.copy(made, tmp_path / "out.zip")
    unpack(server.at("tiny.zip"), tmp_path / "out")
    assert server.asked == [] and (tmp_path / "out.zip").exists()
    assert "is there already and is used" in capsys.readouterr().err


def test_fetched_zip_of_no_use_is_removed(server, made, tmp_path):
    refused(server.at("tiny.zip"), tmp_path, "the two must agree", fingerprint="0" * 12)
    assert list(tmp_path.iterdir()) == []
    made_by_hand = tmp_path / "out.zip"
    shutil.copy(made, made_by_hand)
    refused(server.at("tiny.zip"), tmp_path, "remove it and try again", fingerprint="0" * 12)
    assert made_by_hand.read_bytes() == made.read_bytes()


def said_when_refused(source, out: Path, match: str, **options) -> str:
    with pytest.raises(InputError, match=match) as caught:
        unpack(source, out, progress=False, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("fault", [Fault(body=b"<html><title>Sign in</title>"), Fault(403)])
def test_page_instead_of_the_bundle(server, tmp_path, fault):
    server.faults = [Fault(302, {"Location": "/login?key=secret"}), fault]
    advice = "browser and get the zip.*prepare bundle FILE --fingerprint 0123456789ab"
    said = refused(server.at("tiny.zip"), tmp_path, advice, fingerprint="0123456789ab")
    assert server.at("tiny.zip") in said and f"it led to {server.at('login')})" in said


def test_no_room_for_what_is_in_the_zip_it_is_kept(
    server, made, tiny_bundle, tmp_path, monkeypatch
):
    room = iter([1e9, 1000])  # when it is fetched, when it is unpacked
    usage = lambda path: type("usage", (), {"free": next(room)})  # noqa: E731
    with monkeypatch.context() as patch:
        patch.setattr(packed.shutil, "disk_usage", usage)
        said = said_when_refused(server.at("tiny.zip"), tmp_path / "out", "make room")
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"]
    assert (tmp_path / "out.zip").read_bytes() == made.read_bytes()
    unpacked = sum(path.stat().st_size for path in tiny_bundle.path.iterdir())
    whole = packed.size_text(unpacked + made.stat().st_size)
    assert f"takes {packed.size_text(unpacked)}, with the zip {whole}, and only 1 kB are" in said
    assert f"zip is kept at {tmp_path / 'out.zip'}" in said
    unpack(server.at("tiny.zip"), tmp_path / "out", progress=False)
    assert len(server.asked) == 1


def test_disk_that_fills_while_unpacking_the_zip_is_kept(server, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packed, "_copy", full)
    said_when_refused(server.at("tiny.zip"), tmp_path / "out", "No space left.*kept at .*out.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"]


def test_room_for_zip_and_bundle_is_looked_for_before_the_zip_comes(
    server, made, tmp_path, monkeypatch
):
    usage = type("usage", (), {"free": 1.5 * made.stat().st_size})
    monkeypatch.setattr(packed.shutil, "disk_usage", lambda path: usage)
    said = refused(server.at("tiny.zip"), tmp_path, "make room")
    assert packed.size_text(2 * made.stat().st_size) in said and "GB" not in said


def test_bundle_that_came_for_another_place_is_kept(server, made, tmp_path):
    another_in(tmp_path / "out", made)
    before = contents(tmp_path / "out")
    said_when_refused(server.at("tiny.zip"), tmp_path / "out", "another bundle.*kept at")
    assert contents(tmp_path / "out") == before
    assert (tmp_path / "out.zip").read_bytes() == made.read_bytes()


def test_messages_name_the_address_not_what_is_gone(server, made, tmp_path):
    server.body = changed_manifest(
        made, tmp_path / "bad", lambda m: m.update(name="x")
    ).read_bytes()
    url, out = server.at("tiny.zip"), tmp_path / "out"
    said = said_when_refused(url, out, "does not hold a whole bundle")
    said += said_when_refused(url, out, "holds the bundle", fingerprint="0" * 12)
    server.body = made.read_bytes()[:-5] + b"PK\x05\x06\0"
    said += said_when_refused(url, out, "cannot download|not a whole zip")
    assert url in said and "unpacking" not in said and "out.zip" not in said


def test_zip_from_earlier_that_is_the_wrong_one(server, made, tmp_path):
    shutil.copy(made, tmp_path / "out.zip")
    url = server.at("tiny.zip")
    said = refused(url, tmp_path, f"{url} was not asked", fingerprint="0" * 12)
    assert f"{tmp_path / 'out.zip'} holds the bundle" in said and "ask whoever" not in said


@pytest.mark.parametrize("source", ["ftp://example.org/x.zip", "example.org/x.zip"])
def test_what_looks_like_an_address(tmp_path, source):
    said = refused(source, tmp_path, "begins with http:// or https://")
    assert source in said


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_killed_at_any_moment_nothing_is_wrong(tmp_path):
    """Every 20th moment here; `killed_transfers.py FOLDER 1` tries all."""
    command = [sys.executable, HERE / "killed_transfers.py", tmp_path, "20"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(["", str(HERE.parent.parent)])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 8


def test_the_opened_bundle_is_usable(made, tiny_bundle, tmp_path):
    bundle = unpack(made, tmp_path / "out", progress=False)
    assert isinstance(bundle, Bundle)
    assert bundle.feature_batch([0, 5]).equal(tiny_bundle.feature_batch([0, 5]))
