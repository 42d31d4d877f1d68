"""A bundle as one zip: packed by whoever prepared it, fetched and unpacked by everybody else.

The zip is the same to the byte whoever packs the bundle (with the same zlib). All of it is deflated, at
zlib's usual level: of features that goes to 0.3 to 0.6 of their size, a higher level takes ten times as long
for one percent more.
"""

import os
import re
import shutil
import stat
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from coursework.bundle import AGAIN as MAKE_AGAIN
from coursework.bundle import Bundle
from coursework.files import InputError, read_json, reason, size_text, written_beside
from coursework.prepare.download import fetch
from coursework.prepare.download.kinds_of_file import wrong_file
from coursework.prepare.packed.held import (
    MANIFEST,
    MEMBERS,
    Held,
    InFolder,
    InZip,
    Unusable,
    explained,
    read_manifest,
)
from coursework.prepare.partial import REPLACED, check_replaceable, tidy

CHUNK = 1 << 20  # bytes held in memory at a time
DIGITS = re.compile(r"[0-9a-f]{12,64}")
AGREE = "the two must agree, ask whoever gave them to you (nothing was changed)"


def pack(
    bundle: str | os.PathLike, out: str | os.PathLike | None = None, progress: bool = True
) -> Path:
    """Pack the bundle in folder `bundle`, all of it verified, into the zip `out`, and return its path.

    Without `out` it is BUNDLE.zip, beside the folder. An older pack of that name is replaced. Raises
    InputError for a damaged bundle, and where `out` lies in the bundle, is something else or cannot be
    written.
    """
    folder = Path(os.path.realpath(bundle))
    out = Path(f"{folder}.zip") if out is None else Path(out)
    if out.is_dir():
        out = out / f"{folder.name}.zip"
    if Path(os.path.realpath(out)).is_relative_to(folder):
        raise InputError(f"{out} would lie in the bundle itself: give another --out")
    if out.exists() and not _is_packed(out):
        raise InputError(
            f"{out} exists and is not a packed bundle: give another --out (nothing was changed)"
        )
    Bundle.open(folder).verify(progress)
    with written_beside(out) as beside, InFolder(folder) as held:
        with zipfile.ZipFile(beside, "w") as packed, _bar(held, "packing", progress) as bar:
            for name in MEMBERS:
                info = _entry(name, held.sizes[name])
                with held.open(name) as source, packed.open(info, "w") as target:
                    _copy(source, target, bar)
    return out


def _is_packed(path: Path) -> bool:
    """Whether a zip is, going by its entries, a packed bundle."""
    try:
        with InZip(path):
            return True
    except (InputError, OSError):
        return False


def _entry(name: str, size: int) -> zipfile.ZipInfo:
    """The head of an entry, without anything of this machine or this hour."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.file_size = size  # decides about the fields that only files beyond 2 GiB need
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # Unix: the next line is understood
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


def unpack(
    source: str | os.PathLike,
    out: str | os.PathLike,
    fingerprint: str | None = None,
    progress: bool = True,
) -> Bundle:
    """Put the bundle that `source` holds into folder `out`, verified, and open it.

    `source` is a web address, a zip that `pack` made, or the folder of a bundle. From the web it comes to
    `out`.zip, resumed where an earlier call was interrupted, and that is removed in the end, but not where
    it is sound and cannot be unpacked. `fingerprint` names the bundle that is wanted, by at least the first
    12 digits. If it lies in `out` already it is left as it is, or mended where it is damaged.

    Raises InputError where `source` is missing, damaged, no bundle or not the wanted one, where `out` holds
    something else, and where there is no room. Nothing half unpacked ever lies in `out`.
    """
    out, wanted = Path(os.path.realpath(out)), _digits(fingerprint)
    try:
        there = _fingerprint_in(out, progress)
        if there and wanted:
            _check_same(out, there, wanted)
            if _sound(out, progress):
                return Bundle.open(out)
        with _at_hand(str(source), out, wanted, progress) as held:
            found = read_manifest(held)["fingerprint"]
            if not found.startswith(wanted):
                raise Unusable(f"{held.name} holds the bundle {found}, not {wanted}", AGREE)
            if there and not wanted:
                _check_same(out, there, found)
                if _sound(out, progress):
                    return Bundle.open(out)
            _unpack(held, found, out, progress)
    except OSError as error:
        raise InputError(f"cannot write the bundle {out}: {reason(error)}") from error
    return Bundle.open(out)


def _digits(fingerprint: str | None) -> str:
    """The digits of the wanted fingerprint, empty where any will do. Raises InputError if they are none."""
    digits = (fingerprint or "").strip().lower()
    if fingerprint is not None and not DIGITS.fullmatch(digits):
        raise InputError(
            f"{fingerprint!r} is not a fingerprint: it has 64 digits 0-9 and a-f; give the first 12 or more"
        )
    return digits


def _fingerprint_in(out: Path, progress: bool) -> str | None:
    """Which bundle lies in `out`; None where none does, or one whose manifest is damaged or not there.

    Raises InputError if it holds something else.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    try:
        manifest = read_json(out / MANIFEST, "bundle manifest")
        if isinstance(manifest, dict):
            return str(manifest.get("fingerprint"))
        wrong = f"damaged bundle manifest {out / MANIFEST}"
    except InputError as error:
        if isinstance(error.__cause__, OSError) and (out / MANIFEST).exists():
            raise  # it may be sound
        wrong = str(error)
    check_replaceable(out)
    _say(f"{wrong}; {out} is replaced", progress)
    return None


def _check_same(out: Path, there: str, wanted: str) -> None:
    """Raise InputError if the bundle in `out` is another one than the wanted."""
    if not there.startswith(wanted):
        raise InputError(
            f"{out} holds another bundle ({there[:16]}, not {wanted[:16]}): give another --out, or delete"
            " that one first (nothing was changed)"
        )


def _sound(out: Path, progress: bool) -> bool:
    """Whether all of the bundle in `out` is as it should be. Raises InputError if it must not be replaced."""
    try:
        Bundle.open(out).verify(progress)
    except InputError as error:
        check_replaceable(out)
        _say(f"{_without_advice(error)}; it is replaced", progress)
        return False
    tidy(out)
    _say(f"{out} is already there, the same bundle: nothing to do", progress)
    return True


@contextmanager
def _at_hand(source: str, out: Path, wanted: str, progress: bool) -> Iterator[Held]:
    """The source, opened; fetched first where it is a web address."""
    path = Path(source)
    if source.lower().startswith(("http://", "https://")):
        with _fetched(source, out, wanted, progress) as held:
            yield held
    elif path.exists():
        with InFolder(path) if path.is_dir() else InZip(path) as held:
            yield held
    else:
        raise InputError(
            f"no packed bundle at {source}: give a zip, a folder, or a web address that begins with http://"
            " or https://"
        )


@contextmanager
def _fetched(url: str, out: Path, wanted: str, progress: bool) -> Iterator[Held]:
    """The zip at a web address, or the one that is there already, opened.

    In the end what was fetched is removed, but not where it is sound and something else was wrong.
    """
    path = Path(f"{out}.zip")
    older = path.is_file() and wrong_file(path.name, path) is None
    if older:
        _say(f"{path} is there already and is used", progress)
    asked = f" --fingerprint {wanted}" if wanted else ""
    by_hand = f"get the zip by hand, then run python -m coursework prepare bundle FILE{asked}"
    fetch(url, path, progress=progress, by_hand=by_hand, unpacked=True)
    try:
        with InZip(path, "" if older else url) as held:
            yield held
    except Unusable as error:
        if older:  # it may have come by hand
            advice = f"that file lay there, {url} was not asked; remove it and try again"
            raise InputError(f"{error.wrong}: {advice}") from error
        path.unlink(missing_ok=True)
        raise
    except (InputError, OSError) as error:
        wrong = f"cannot write the bundle {out}: {reason(error)}"
        raise InputError(
            f"{error if isinstance(error, InputError) else wrong}. The zip is kept at {path}"
            f" ({size_text(path.stat().st_size)}): name it in place of the address"
        ) from error
    if not older:
        path.unlink(missing_ok=True)


def _unpack(held: Held, fingerprint: str, out: Path, progress: bool) -> None:
    """Write everything into a folder beside `out`, verify it there, and put it in place."""
    folder = out.with_name(f"{out.name}.unpacking")
    _make_empty(folder)
    try:
        _check_room(held, folder)
        with _bar(held, "unpacking", progress) as bar:
            for name in MEMBERS:
                with explained(held.name), held.open(name) as source:
                    with open(folder / name, "xb") as target:
                        _copy(source, target, bar)
                        os.fsync(target.fileno())
        _verify(folder, fingerprint, held, progress)
        if out.is_dir() and any(out.iterdir()):
            check_replaceable(out)
            out.rename(folder / REPLACED)
        elif out.is_dir():
            out.rmdir()
        folder.rename(out)
        tidy(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_empty(folder: Path) -> None:
    """An empty folder; what a killed run left in it is removed, and nothing else."""
    if folder.exists():
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else {"?"}
        if not names <= {*MEMBERS, REPLACED}:
            raise InputError(f"{folder} is in the way: move it elsewhere (nothing was changed)")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)


def _check_room(held: Held, folder: Path) -> None:
    """Raise InputError if the disk has no room for the files."""
    needed, free = sum(held.sizes.values()), shutil.disk_usage(folder).free
    if needed > free:
        fetched = held.name != str(held.path)
        whole = needed + held.path.stat().st_size
        peak = f", with the zip {size_text(whole)}" if fetched else ""
        raise InputError(
            f"the bundle takes {size_text(needed)}{peak}, and only {size_text(free)} are free in"
            f" {folder.parent}: make room, or give another --out"
        )


def _verify(folder: Path, fingerprint: str, held: Held, progress: bool) -> None:
    """Raise Unusable unless the folder holds the bundle of that fingerprint, whole.

    On return nothing of it is open any more, as some systems want it of a folder that is to be renamed.
    """
    try:
        bundle = Bundle.open(folder)
        bundle.verify(progress)
    except InputError as error:
        wrong = _without_advice(error).replace(f"{folder}{os.sep}", "").replace(str(folder), "it")
        raise Unusable(f"{held.name} does not hold a whole bundle, {wrong}") from error
    if bundle.fingerprint != fingerprint:
        raise Unusable(f"{held.name} has changed while it was read", "try again")


def _copy(source: BinaryIO, target: BinaryIO, bar: tqdm) -> None:
    """Copy one file, a piece at a time."""
    while piece := source.read(CHUNK):
        target.write(piece)
        bar.update(len(piece))


def _bar(held: Held, what: str, progress: bool) -> tqdm:
    """A bar over all the bytes of a bundle."""
    return tqdm(
        total=sum(held.sizes.values()), unit="B", unit_scale=True, desc=what, delay=1,
        file=sys.stderr, disable=not progress,
    )  # fmt: skip


def _without_advice(error: InputError) -> str:
    """What is wrong with a bundle, without the advice for those who made it."""
    return str(error).replace(f"; {MAKE_AGAIN}", "")


def _say(text: str, progress: bool) -> None:
    if progress:
        print(text, file=sys.stderr)
