"""The one file that touches the network: a file from a URL, resumed, checked, never half there."""

import http.client
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tqdm import tqdm

from coursework.files import InputError, reason, sha256

CHUNK = 1 << 16  # bytes read at a time
PASSING = (408, 425, 429, 500, 502, 503, 504)  # HTTP statuses that may be gone a moment later
WEB_PAGES = (b"<!doctype html", b"<html")


class Broken(Exception):
    """The transfer failed in a way that another try may mend."""


class Refused(Exception):
    """The transfer failed, and would fail again."""


def fetch(
    url: str,
    path: Path,
    sha256_prefix: str | None = None,
    tries: int = 5,
    wait: float = 1.0,
    timeout: float = 30.0,
    progress: bool = True,
) -> Path:
    """Download `url` to `path`, unless it is there already, and return the path.

    What has arrived lies in `path`.part, and a later call goes on from there. `sha256_prefix`: how
    the hash of the file begins, in hex. `tries` in a row may bring nothing new before it gives up;
    the pause between them starts at `wait` seconds and doubles. Raises InputError, with what to do
    by hand, where the file cannot be had.
    """
    path, part = Path(path), Path(f"{path}.part")
    if path.exists() and matches(path, sha256_prefix):
        return path
    by_hand = f"get {path.name} by hand and put it at {path}"
    if not url.startswith(("http://", "https://")):
        raise InputError(f"not a web address: {url}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        resumed = size_of(part) > 0
        _persevere(url, part, tries, wait, timeout, progress)
        if (
            not matches(part, sha256_prefix) and resumed
        ):  # the old part may have been of another version
            part.unlink()
            _persevere(url, part, tries, wait, timeout, progress)
        if not matches(part, sha256_prefix):
            part.unlink()
            raise Refused(
                "what came is not the file it should be (its checksum is wrong), and was removed"
            )
        os.replace(part, path)
    except Broken as error:
        raise InputError(
            f"cannot download {url}: {error}. Try again, it goes on from there; or {by_hand}"
        ) from error
    except Refused as error:
        raise InputError(
            f"cannot download {url}: {error}. If the address is dead, {by_hand}"
        ) from error
    except OSError as error:
        raise InputError(f"cannot write {part}: {reason(error)}") from error
    return path


def matches(path: Path, sha256_prefix: str | None) -> bool:
    """Whether the file's hash begins as it should."""
    return sha256_prefix is None or sha256(path).startswith(sha256_prefix.lower())


def size_of(path: Path) -> int:
    """Bytes in a file, 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def _persevere(
    url: str, part: Path, tries: int, wait: float, timeout: float, progress: bool
) -> None:
    """Try until the part is whole; an attempt that brought it further than ever before costs no try."""
    failures, farthest = 0, size_of(part)
    while True:
        try:
            return _attempt(url, part, timeout, progress)
        except Broken:
            failures = 0 if size_of(part) > farthest else failures + 1
            farthest = max(farthest, size_of(part))
            if failures >= tries:
                raise
            time.sleep(wait * 2 ** max(0, failures - 1))


def _attempt(url: str, part: Path, timeout: float, progress: bool) -> None:
    """One request for what is missing; returns when the part is whole, raises Broken when it is not."""
    have = size_of(part)
    headers = {
        "User-Agent": "coursework (python urllib)",
        **({"Range": f"bytes={have}-"} if have else {}),
    }
    try:
        response = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=timeout
        )
    except urllib.error.HTTPError as error:
        return _refused(error, part)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise Broken(reason(getattr(error, "reason", None) or error)) from error
    with response:
        if not (response.headers.get("Content-Range") or "").startswith(f"bytes {have}-"):
            have = 0  # the server sends all of it, whatever was asked for
        length = response.headers.get("Content-Length")
        whole = None if length is None else have + int(length)
        _receive(response, part, have, whole, progress)
    if whole is not None and size_of(part) != whole:
        raise Broken(f"the connection ended after {size_of(part):,} of {whole:,} bytes")


def _refused(error: urllib.error.HTTPError, part: Path) -> None:
    """Say what an HTTP error means: try again, start anew, or give up."""
    error.close()
    if error.code == 416:  # nothing lies beyond what is there: it is whole, or more than whole
        total = (error.headers.get("Content-Range") or "").rpartition("/")[2]
        if total.isdigit() and int(total) == size_of(part):
            return
        part.unlink(missing_ok=True)
        raise Broken("the part that was there did not fit, it starts anew")
    said = f"the server answers {error.code} {error.reason}"
    if error.code in PASSING:
        raise Broken(said)
    raise Refused(said)


def _receive(
    response: http.client.HTTPResponse, part: Path, have: int, whole: int | None, progress: bool
) -> None:
    """Append what comes to the first `have` bytes of the part."""
    name = part.name.removesuffix(".part")
    bar = {
        "unit": "B",
        "unit_scale": True,
        "desc": name,
        "file": sys.stderr,
        "delay": 1,
        "disable": not progress,
    }
    with open(part, "ab") as file, tqdm(total=whole, initial=have, **bar) as shown:
        file.truncate(have)
        first = have == 0
        while chunk := _read(response):
            if first and chunk.lstrip()[:20].lower().startswith(WEB_PAGES):
                raise Refused("a web page comes instead of the file (a login, or a proxy's notice)")
            first = False
            file.write(chunk)
            shown.update(len(chunk))


def _read(response: http.client.HTTPResponse) -> bytes:
    """The next bytes; Broken where the connection breaks."""
    try:
        return response.read(CHUNK)
    except (http.client.HTTPException, OSError) as error:
        raise Broken(reason(error)) from error
