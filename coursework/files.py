"""Reading and writing files so that nothing is lost.

A file is first written under a temporary name in its own folder, forced to disk, and only then renamed over
the old one: whatever goes wrong before, the old file is still there, whole. What is read is checked.
"""

import errno
import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import safetensors.torch
import torch
from torch import Tensor

from coursework.errors import InputError, reason

try:
    import fcntl

    msvcrt = None
except ImportError:  # Windows
    import msvcrt


@contextmanager
def written_beside(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a path to write to, in the folder of `path`; when that went well, it takes the place of `path`.

    It ends as `path` does, for writers that choose a format by that. On any exception it is removed, and
    `path` stays as it was. Raises InputError where the system refuses (disk full, no permission, read-only).
    """
    path = Path(os.path.realpath(path))  # a link stays a link: what it points to is replaced
    beside = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}.tmp{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        with open(beside, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {reason(error)} (nothing was changed there)"
        ) from error
    finally:
        _remove(beside)


def size_text(count: float) -> str:
    """So many bytes in the unit that fits them: 300 kB, 12.5 MB, 1.2 GB."""
    for unit, size, digits in (("GB", 1e9, 1), ("MB", 1e6, 1), ("kB", 1e3, 0)):
        if count >= size:
            return f"{count / size:,.{digits}f} {unit}"
    return f"{max(count, 0):.0f} B"


def locked(path: str | os.PathLike) -> BinaryIO:
    """The file at `path`, opened and locked for this process alone until it is closed.

    Raises BlockingIOError where another process has it. Where the file system knows no locks it is just
    opened.
    """
    file = open(path, "ab")  # noqa: SIM115 (the caller closes it)
    try:
        if msvcrt:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            file.close()
            raise BlockingIOError(error.errno, "another process has it", str(path)) from error
    return file


def _remove(path: Path) -> None:
    """Remove a leftover, if it is there and the system lets us: it must not hide the error that left it."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def write_json(path: str | os.PathLike, obj: Any) -> None:
    """Write `obj` as readable JSON, one line feed at the end, the same bytes on every system."""
    text = json.dumps(obj, indent=1, ensure_ascii=False) + "\n"
    with written_beside(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def read_json(path: str | os.PathLike, what: str) -> Any:
    """The content of a JSON file, called `what` in messages. Raises InputError if absent or damaged."""
    try:
        return json.loads(_read(Path(path), what).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"damaged {what} {path}: not JSON, {reason(error)}") from error


def write_tensors(
    path: str | os.PathLike, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write named tensors as safetensors, with a hash of names, types, shapes, values and metadata."""
    ready = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
    metadata = dict(metadata or {})
    metadata["sha256"] = _content_hash(ready, metadata)
    with written_beside(path) as beside:
        beside.write_bytes(_in_order(safetensors.torch.save(ready, metadata)))


def read_tensors(
    path: str | os.PathLike, what: str, device: str | torch.device = "cpu"
) -> dict[str, Tensor]:
    """The named tensors of a safetensors file, on `device`.

    Files that `write_tensors` wrote carry a hash, and one flipped bit is noticed; files from elsewhere have
    none and are checked for their form only. Raises InputError if the file is absent, damaged, or of another
    kind.
    """
    data = _read(Path(path), what)
    try:
        tensors = safetensors.torch.load(data)
        header, _ = _header_and_rest(data)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise InputError(
            f"damaged {what} {path}: not a whole safetensors file, {reason(error)}"
        ) from error
    metadata = header.get("__metadata__") or {}
    wanted = metadata.pop("sha256", None)
    if wanted is not None and wanted != _content_hash(tensors, metadata):
        raise InputError(
            f"damaged {what} {path}: its content is not what was written (the hash differs)"
        )
    return {name: tensor.to(device) for name, tensor in tensors.items()}


def _header_and_rest(data: bytes) -> tuple[dict, bytes]:
    """The two parts of a safetensors file: the header, which is JSON behind its length, and the values."""
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end]), data[end:]


def _in_order(data: bytes) -> bytes:
    """The same safetensors file with its metadata sorted: the library shuffles them on every call."""
    header, rest = _header_and_rest(data)
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + rest


def _content_hash(tensors: dict[str, Tensor], metadata: dict[str, str]) -> str:
    """sha256 over everything a safetensors file says, whatever order its header says it in."""
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        if tensor.numel():
            digest.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def sha256(path: str | os.PathLike) -> str:
    """The sha256 of a file's bytes, as 64 hex digits. Raises InputError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error


def _read(path: Path, what: str) -> bytes:
    """The bytes of a file, or an InputError that names it."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"no {what} at {path}") from error
    except OSError as error:
        raise InputError(f"cannot read {what} {path}: {reason(error)}") from error
