"""Files found by name in folders and zips, and every way in which a zip can be bad."""

import os
import random
import socket
import stat
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coursework.files import InputError
from coursework.prepare.sets.stored import Stored


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def write_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return path


@pytest.fixture
def files() -> dict[str, bytes]:
    draws = random.Random(0)
    return {f"val2014/photo {i} é.jpg": draws.randbytes(200 + i) for i in range(50)}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_folder_zip_and_zip_in_a_folder_read_alike(tmp_path: Path, files: dict, method: int):
    folder = write_files(tmp_path / "folder", files)
    packed = write_zip(tmp_path / "more" / "deep" / "val2014.ZIP", files, method)
    for paths in ([folder], [packed], [tmp_path / "more"], [folder / "val2014", packed]):
        stored = Stored(paths)
        for name, data in files.items():
            for asked in (name, name.split("/")[1], "elsewhere/" + name.split("/")[1]):
                assert stored.has(asked)
                assert stored.read(asked) == data and stored.size(asked) == len(data)
    assert len(Stored([folder])) == len(files)
    assert Stored([folder]).names(".jpg") == Stored([folder]).names((".png", ".jpg"))
    assert not Stored([folder]).names(".png")


def test_what_is_not_there(tmp_path: Path, files: dict):
    stored = Stored([write_files(tmp_path / "a", files)])
    assert not stored.has("photo 1.jpg") and stored.find("photo 1.jpg") is None
    for ask in (stored.read, stored.size):
        with pytest.raises(InputError, match=r"there is no photo 1.jpg in .*a"):
            ask("photo 1.jpg")
    with pytest.raises(InputError, match="no file or folder at .*absent.zip"):
        Stored([tmp_path / "absent.zip"])
    assert len(Stored([])) == 0 and not Stored([]).has("x")


def test_one_name_in_two_folders(tmp_path: Path):
    stored = Stored([write_files(tmp_path, {"train/1.jpg": b"one", "val/1.jpg": b"another"})])
    assert stored.read("train/1.jpg") == b"one" and stored.read("data/val/1.jpg") == b"another"
    assert stored.has("1.jpg")
    with pytest.raises(InputError, match="two files 1.jpg, .*train/1.jpg and .*val/1.jpg"):
        stored.find("1.jpg")


def test_two_copies_of_a_file_are_one(tmp_path: Path):
    folder = write_files(tmp_path / "a", {"x/1.jpg": b"same"})
    packed = write_zip(tmp_path / "x.zip", {"x/1.jpg": b"same"})
    assert Stored([folder, packed]).find("1.jpg") == (folder / "x" / "1.jpg").as_posix()
    assert Stored([packed, folder]).find("1.jpg") == packed.as_posix() + "/x/1.jpg"
    assert Stored([tmp_path]).read("x/1.jpg") == b"same"


def test_files_of_one_size_are_one_if_they_hold_the_same(tmp_path: Path):
    folder = write_files(tmp_path / "f", {"x/1.jpg": b"one", "y/1.jpg": b"two", "z/2.jpg": b"one"})
    zips = [
        write_zip(tmp_path / f"{name}.zip", {"1.jpg": data, "2.jpg": b"one"})
        for name, data in (("a", b"one"), ("b", b"six"))
    ]
    for paths in ([folder], zips, [folder / "y", zips[0]], [zips[1], folder / "x"]):
        with pytest.raises(InputError, match="two files 1.jpg"):
            Stored(paths).find("1.jpg")
    stored = Stored([*zips, folder])
    assert stored.read("2.jpg") == b"one"
    (folder / "z" / "2.jpg").unlink()
    assert stored.read("2.jpg") == b"one"  # compared once, and the first is still there


def test_a_strict_search_wants_every_part_of_the_name(tmp_path: Path):
    files = {"cats/1.jpg": b"a cat", "Caf\u00e9/2.JPG": b"coffee"}
    packed = write_zip(tmp_path / "z" / "mine.zip", files)
    for path in (write_files(tmp_path / "mine", files), packed):
        stored = Stored([path])
        for name in ("1.jpg", "cats/1.jpg", "Cats/1.JPG", "./cats\\1.jpg", f"{path}/cats/1.jpg"):
            assert stored.find(name, strict=True) == f"{path.as_posix()}/cats/1.jpg"
        assert stored.find("Cafe\u0301/2.jpg", strict=True)
        for name in ("dogs/1.jpg", "cats/tabby/1.jpg", "x/cats/1.jpg"):
            assert stored.find(name) and stored.find(name, strict=True) is None


def test_a_name_typed_with_backslashes_means_its_folder(tmp_path: Path):
    stored = Stored([write_files(tmp_path, {"cats/1.jpg": b"cat", "dogs/1.jpg": b"a dog"})])
    assert stored.read("dogs\\1.jpg") == b"a dog"


def test_capitals_and_accents_do_not_matter_unless_they_must(tmp_path: Path):
    composed, apart = "Caf\u00e9.jpg", "Cafe\u0301.jpg"
    stored = Stored([write_zip(tmp_path / "a.zip", {"A/IMG.JPG": b"1", "A/" + apart: b"2"})])
    assert stored.read("img.jpg") == b"1" and stored.read(composed) == b"2"
    stored = Stored([write_zip(tmp_path / "b.zip", {"IMG.JPG": b"1", "img.jpg": b"22"})])
    assert stored.read("img.jpg") == b"22" and stored.read("IMG.JPG") == b"1"


def test_hidden_files_and_macos_leavings_are_not_there(tmp_path: Path):
    left = {"__MACOSX/._a.jpg": b"x", "._a.jpg": b"x", ".DS_Store": b"x", "b/.cache/a.jpg": b"x"}
    write_zip(tmp_path / "a.zip", {"a.jpg": b"photo", "__MACOSX/b/a.jpg": b"x", "b/._a.jpg": b"x"})
    write_files(tmp_path, left)
    assert Stored([tmp_path]).names() == [(tmp_path / "a.zip" / "a.jpg").as_posix()]


def test_links_are_followed_on_disk_but_not_in_circles(tmp_path: Path):
    write_files(tmp_path / "disk", {"a.jpg": b"photo"})
    (tmp_path / "here").mkdir()
    try:
        (tmp_path / "here" / "there").symlink_to(tmp_path / "disk", target_is_directory=True)
        (tmp_path / "disk" / "back").symlink_to(tmp_path / "here", target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    stored = Stored([tmp_path / "here"])
    assert len(stored) == 1 and stored.read("a.jpg") == b"photo"


def test_read_by_many_threads(tmp_path: Path, files: dict):
    stored = Stored([write_zip(tmp_path / "a.zip", files, zipfile.ZIP_DEFLATED)])
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(stored.read, 10 * list(files))) == 10 * list(files.values())


def test_archives_that_are_not_looked_into(tmp_path: Path):
    write_zip(tmp_path / "a.zip", {"inner.zip": b"x", "b.jpg": b"x"})
    write_files(tmp_path, {"train.tar.gz": b"x"})
    names = [Path(name).name for name in Stored([tmp_path]).archives()]
    assert sorted(names) == ["inner.zip", "train.tar.gz"]


@pytest.mark.parametrize("name", ["../evil.jpg", "/evil.jpg", "a/../../evil.jpg", "C:/evil.jpg"])
def test_a_zip_that_leads_out(tmp_path: Path, name: str):
    with pytest.raises(InputError, match="leads out of its folder"):
        Stored([write_zip(tmp_path / "a.zip", {"good.jpg": b"x", name: b"x"})])


def test_a_zip_with_a_link(tmp_path: Path):
    info = zipfile.ZipInfo("link.jpg")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(info, "/etc/passwd")
    with pytest.raises(InputError, match="holds the link 'link.jpg'"):
        Stored([tmp_path / "a.zip"])


def with_both_headers(path: Path, local_at: int, central_at: int, value: int) -> Path:
    """The zip, of one entry, with a number of 16 bits changed in its two headers."""
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    data[local_at : local_at + 2] = data[central + central_at : central + central_at + 2] = (
        value.to_bytes(2, "little")
    )
    path.write_bytes(data)
    return path


def test_encrypted_and_oddly_packed_zips(tmp_path: Path):
    path = write_zip(tmp_path / "a.zip", {"a.jpg": b"photo"})
    with pytest.raises(InputError, match="is encrypted: unpack it"):
        Stored([with_both_headers(path, 6, 8, 1)])
    path = write_zip(tmp_path / "b.zip", {"a.jpg": b"photo"})
    with pytest.raises(InputError, match=r"does not read \(method 9\): unpack it"):
        Stored([with_both_headers(path, 8, 10, 9)])


@pytest.mark.parametrize("content", ["html", "cut", "empty"])
def test_no_whole_zip(tmp_path: Path, files: dict, content: str):
    path = write_zip(tmp_path / "val2014.zip", files)
    whole = path.read_bytes()
    path.write_bytes({"html": b"<html>", "cut": whole[: len(whole) // 2], "empty": b""}[content])
    with pytest.raises(InputError, match="val2014.zip is not a whole zip file .*download it again"):
        Stored([tmp_path])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_flipped_bits_in_a_zip_are_noticed_or_harmless(tmp_path: Path, method: int):
    """One bit at a time: either an InputError, or the file is not there, or it reads as it was."""
    data = b"a photo that matters, " * 3
    path = write_zip(tmp_path / "a.zip", {"a.jpg": data}, method)
    whole = path.read_bytes()
    refused = 0
    for place in range(0, 8 * len(whole), 11):  # all bits of a byte come up
        bad = bytearray(whole)
        bad[place // 8] ^= 1 << place % 8
        path.write_bytes(bad)
        try:
            stored = Stored([path])
            assert not stored.has("a.jpg") or stored.read("a.jpg") == data
        except InputError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 20


def test_a_damaged_entry_is_named(tmp_path: Path):
    path = write_zip(tmp_path / "a.zip", {"x/a.jpg": b"good", "x/b.jpg": b"photo"})
    path.write_bytes(path.read_bytes().replace(b"photo", b"phozo"))
    stored = Stored([path])
    assert stored.read("a.jpg") == b"good"
    with pytest.raises(InputError, match=r"a.zip is damaged at x/b.jpg \(its checksum is wrong\)"):
        stored.read("b.jpg")


def test_a_file_that_goes_away(tmp_path: Path):
    stored = Stored(
        [write_files(tmp_path, {"a.jpg": b"x"}), write_zip(tmp_path / "z.zip", {"b.jpg": b"x"})]
    )
    (tmp_path / "a.jpg").unlink()
    (tmp_path / "z.zip").unlink()
    for ask, name in ((stored.read, "a.jpg"), (stored.size, "a.jpg"), (stored.read, "b.jpg")):
        with pytest.raises(InputError, match=f"cannot read .*{name}: No such file"):
            ask(name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_sockets_and_links_to_nothing_are_not_there(tmp_path: Path, monkeypatch):
    write_files(tmp_path / "d", {"a.jpg": b"photo", "b/c.jpg": b"another"})
    monkeypatch.chdir(tmp_path / "d")  # the name of a socket must be short
    os.mkfifo("pipe.jpg")
    os.mkfifo("pipe.zip")
    for link, target in (
        ("loop.jpg", "loop.jpg"), ("gone.jpg", "nothing"), ("to-pipe.jpg", "pipe.jpg"),
        ("null.jpg", os.devnull), ("good.jpg", "a.jpg"),
    ):  # fmt: skip
        Path(link).symlink_to(target)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.jpg")
        stored = Stored([tmp_path / "d"])
    found = sorted(Path(name).name for name in stored.names())
    assert found == ["a.jpg", "c.jpg", "good.jpg"] and stored.read("good.jpg") == b"photo"
    with pytest.raises(InputError, match=r"pipe\.jpg is a pipe, .* name a file or folder"):
        Stored([tmp_path / "d" / "pipe.jpg"])


@pytest.mark.parametrize(
    ("what", "value"),
    [("compress_size", 2**64 - 5), ("compress_size", 2**40), ("header_offset", 2**64 - 5)],
)
def test_a_zip_of_impossible_sizes(tmp_path: Path, what: str, value: int):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("a.jpg", b"photo")
        setattr(packed.infolist()[0], what, value)  # written on closing, as Zip64 has it
    with pytest.raises(InputError, match="a.zip is (damaged at a.jpg|not a whole zip).*download"):
        Stored([tmp_path / "a.zip"]).read("a.jpg")
