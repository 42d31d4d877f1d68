"""Files are written whole or not at all, and damage is recognised when they are read."""

import errno
import io
import os
import pickle
from pathlib import Path

import pytest
import safetensors.torch
import torch

from coursework import files
from coursework.files import (
    InputError,
    read_json,
    read_tensors,
    sha256,
    write_json,
    write_tensors,
    written_beside,
)

TENSORS = {
    "weight": torch.arange(15, dtype=torch.float32).reshape(3, 5).T,  # not contiguous
    "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "scalar": torch.tensor(7),
    "empty": torch.zeros(0, 3),
}


def test_written_beside_replaces_the_file_and_leaves_nothing_else(tmp_path: Path):
    target = tmp_path / "new" / "figure.png"
    for content in (b"first", b"second"):
        with written_beside(target) as beside:
            assert beside.parent == target.parent and beside.suffix == ".png"
            beside.write_bytes(content)
        assert target.read_bytes() == content
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path, error: type):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(error), written_beside(target) as beside:
        beside.write_text("half of the n")
        raise error
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_refusal_of_the_system_is_one_line_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
):
    def refuse(*args):
        raise OSError(code, os.strerror(code))

    target = tmp_path / "a.json"
    write_json(target, "old")
    monkeypatch.setattr(files.os, call, refuse)
    with pytest.raises(InputError) as caught:
        write_json(target, "new")
    monkeypatch.undo()
    assert os.strerror(code) in str(caught.value) and str(target) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert read_json(target, "note") == "old" and list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_made_is_an_input_error(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write"):
        write_json(tmp_path / "file" / "a.json", 1)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_stays_a_link(tmp_path: Path):
    (tmp_path / "real.json").write_text("1")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    write_json(tmp_path / "link.json", 2)
    assert (tmp_path / "link.json").is_symlink() and read_json(tmp_path / "real.json", "x") == 2


def test_json_comes_back_and_has_the_same_bytes_on_every_system(tmp_path: Path):
    path = tmp_path / "a.json"
    write_json(path, {"word": "café", "ids": [1, 2]})
    assert read_json(path, "note") == {"word": "café", "ids": [1, 2]}
    assert b"\r" not in path.read_bytes() and path.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": 1} rest'])
def test_damaged_json_is_named(tmp_path: Path, content: bytes):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"^damaged history .*a\.json"):
        read_json(path, "history")


def test_an_absent_file_and_a_folder_are_named(tmp_path: Path):
    for read in (read_json, read_tensors):
        with pytest.raises(InputError, match=r"no history at .*absent"):
            read(tmp_path / "absent", "history")
        with pytest.raises(InputError, match="cannot read history"):
            read(tmp_path, "history")
    with pytest.raises(InputError, match="cannot read"):
        sha256(tmp_path / "absent")


def test_tensors_come_back_exactly(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    write_tensors(path, TENSORS, {"who": "test", "a": "b"})
    back = read_tensors(path, "weights")
    assert back.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert torch.equal(back[name], tensor) and back[name].dtype == tensor.dtype


def test_the_same_tensors_make_the_same_file(tmp_path: Path):
    metadata = {f"key {i}": str(i) for i in range(9)}
    for name in "ab":
        write_tensors(tmp_path / name, TENSORS, metadata)
    assert sha256(tmp_path / "a") == sha256(tmp_path / "b")


def test_a_flipped_bit_in_any_byte_of_a_tensor_file_is_noticed(tmp_path: Path):
    path, values = tmp_path / "a.safetensors", torch.arange(6.0).reshape(2, 3)
    write_tensors(path, {"w": values}, {"who": "test"})
    good = path.read_bytes()
    unnoticed = set()
    for position in range(len(good)):
        flipped = bytes([good[position] ^ 1 << position % 8])
        path.write_bytes(good[:position] + flipped + good[position + 1 :])
        try:
            assert torch.equal(read_tensors(path, "weights")["w"], values)
            unnoticed.add(position)
        except InputError as error:
            assert str(error).startswith(f"damaged weights {path}") and "\n" not in str(error)
    name = good.index(
        b"sha256"
    )  # without its hash it is a file from elsewhere; its values are right
    assert unnoticed <= set(range(name, name + len("sha256")))


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 30, -1])
def test_a_truncated_tensor_file_is_an_input_error(tmp_path: Path, keep: int):
    path = tmp_path / "a.safetensors"
    write_tensors(path, TENSORS)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match="damaged weights"):
        read_tensors(path, "weights")


def test_a_pickle_in_disguise_is_refused_and_not_run(tmp_path: Path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    zipped = io.BytesIO()
    torch.save(TENSORS, zipped)
    for content in (pickle.dumps(Trap()), zipped.getvalue()):
        (tmp_path / "a.safetensors").write_bytes(content)
        with pytest.raises(InputError, match="damaged weights"):
            read_tensors(tmp_path / "a.safetensors", "weights")
    assert not (tmp_path / "sprung").exists()


def test_a_tensor_file_from_elsewhere_has_no_hash_and_is_read(tmp_path: Path):
    safetensors.torch.save_file({"w": torch.ones(2)}, tmp_path / "a.safetensors")
    assert torch.equal(read_tensors(tmp_path / "a.safetensors", "weights")["w"], torch.ones(2))


def test_sha256_is_that_of_the_bytes(tmp_path: Path):
    (tmp_path / "abc").write_bytes(b"abc")  # the known answer of FIPS 180-2
    assert sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")
