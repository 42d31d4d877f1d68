"""The one file that touches the network: files from URLs, resumed, checked, never half there."""

import http.client
import os
import shutil
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from itertools import chain
from pathlib import Path
from threading import Event, Lock
from typing import NamedTuple
from urllib.parse import quote, urldefrag

from tqdm import tqdm

from coursework.files import InputError, reason, sha256, size_text, written_beside
from coursework.prepare.download import answers
from coursework.prepare.download.answers import Broken, Changed, Refused, Unreachable
from coursework.prepare.download.arriving import Part, Version, size_of
from coursework.prepare.download.folders import made, sweep
from coursework.prepare.download.kinds_of_file import is_web_page, wrong_beginning, wrong_file

CHUNK = 1 << 18  # bytes read at a time
LARGEST_SMALL = 1 << 27  # bytes of a file that is kept in memory while it comes
LONGEST_PAUSE = 300  # seconds; who asks for more is not waited for
FIRST_TRIES, FIRST_SECONDS = 3, 5.0  # to reach a server that has never answered
PASSING = (408, 425, 429, 500, 502, 503, 504)  # HTTP statuses that may be gone a moment later
LASTING = (401, 403, 404, 410, 451)  # and those that will be the same tomorrow
LOGIN = (401, 403, 407, 511)  # and those that a browser may do away with
AGENT = {"User-Agent": "coursework (python urllib)", "Accept-Encoding": "identity"}
SAFE = "%/:?#[]@!$&'()*+,;=~"  # what stands for itself in an address
CERTIFICATE = (
    "its certificate cannot be verified (on macOS, run Install Certificates.command of your Python;"
    " in some networks a proxy stands in between)"
)


def fetch(
    url: str,
    path: Path,
    sha256_prefix: str | None = None,
    tries: int = 5,
    wait: float = 1.0,
    timeout: float = 30.0,
    progress: bool = True,
    by_hand: str = "",
    unpacked: bool = False,
) -> Path:
    """Download `url` to `path`, unless it is there already, and return the path.

    What has arrived lies in `path`.part, and a later call goes on from there, unless the file on the server
    is another one by then. `sha256_prefix`: how the hash of the file begins, in hex. By the ending of
    `path` it is checked to be a whole .zip, a .json or an image, and never a web page. `tries` in a row may
    bring nothing new before it gives up; the pause between them starts at `wait` seconds and doubles, or is
    what the server asks for; a server that has never answered is given up after seconds. `unpacked`: the
    disk must have room for what is in the zip as well. `by_hand`: what to tell the user to do where the file
    cannot be had.

    Raises InputError, with what to do by hand, where the file cannot be had or the disk is too small.
    Interrupted (KeyboardInterrupt), it says what is kept.
    """
    path = Path(path)
    part, patience = Part(path), _Patience(tries, wait, timeout, progress)
    try:
        if path.is_file():
            wrong = _wrong(path.name, path, sha256_prefix)
            if wrong is None:
                return path
            _say(f"{path} is there, but {wrong}: it is downloaded again", progress)
        _check_address(url)
        with made([path.parent]):
            _fetch_whole(url, part, sha256_prefix, patience, unpacked)
            part.note.unlink(missing_ok=True)
            os.replace(part.path, path)
    except (Broken, Refused) as error:
        advice = _advice(error, part, by_hand or f"get {path.name} by hand and put it at {path}")
        raise InputError(f"cannot download {url}: {error}. {advice}") from error
    except OSError as error:
        raise InputError(f"cannot write {part.path}: {reason(error)}") from error
    except KeyboardInterrupt:
        if not part.size:
            raise
        kept = f"{size_text(part.size)} of {path.name} are kept in {part.path}"
        raise KeyboardInterrupt(f"{kept}: run the same command again to go on") from None
    return path


def _advice(error: Broken | Refused, part: Part, by_hand: str) -> str:
    """What to do about a file that cannot be had."""
    if isinstance(error, Refused) and error.browser:
        return f"Open the address in a browser and {by_hand}"
    if isinstance(error, Refused):
        return f"If the address is dead, {by_hand}"
    if part.size:
        return f"Try again, it goes on from there; or {by_hand}"
    return f"See whether the address is right and the network is there, and try again; or {by_hand}"


class Failure(NamedTuple):
    """A file that could not be had. `for_good`: neither will it be tomorrow; `tried`: it was asked for."""

    url: str
    reason: str
    for_good: bool = False
    tried: bool = True


def fetch_many(
    items: Sequence[tuple[str, Path]],
    workers: int = 16,
    progress: bool = True,
    check: Callable[[str, bytes], str | None] = wrong_beginning,
    tries: int = 6,
    wait: float = 1.0,
    timeout: float = 30.0,
) -> list[Failure]:
    """Download many small files, (url, path) each, `workers` at a time; those that are there are skipped.

    Returns what could not be had, first what was tried; the others are there, whole. `check` says of a
    file's name and bytes what is wrong with them, or None. When nothing comes any more, after some files in
    a row that failed, the rest is not tried, and returned with that as the reason. `tries`, `wait` and
    `timeout` as in `fetch`, for each file.

    Raises InputError for what is no web address, and where a file cannot be written. Interrupted
    (KeyboardInterrupt), it says how many are there; no file is ever half there.
    """
    for url, _ in items:
        _check_address(url)
    wanted = {Path(path): url for url, path in items}
    missing = {path: url for path, url in wanted.items() if not size_of(path)}
    folders = {path.parent for path in wanted}
    for folder in folders:
        sweep(folder)
    bar = tqdm(total=len(wanted), initial=len(wanted) - len(missing), unit="file", **_bar(progress))
    with made(folders), bar:
        patience = _Patience(tries, wait, timeout, progress)
        return _Many(missing, check, workers, patience, bar).fetch()


class _Patience:
    """How often and how long to try. A pause ends early when `.stop` is set.

    `.answered`: whether the server, or a proxy, has said anything yet.
    """

    def __init__(self, tries: int, wait: float, timeout: float, progress: bool):
        self.tries, self.wait, self.timeout, self.progress = tries, wait, timeout, progress
        self.stop, self.answered, self.began = Event(), False, time.monotonic()

    def never_reached(self, error: Broken) -> bool:
        """Whether no connection came about, now as always."""
        return isinstance(error, Unreachable) and not self.answered

    def is_over(self, failures: int, error: Broken) -> bool:
        """Whether the n-th failure in a row was the last try."""
        if self.never_reached(error):
            late = time.monotonic() - self.began > FIRST_SECONDS
            return late or failures >= min(self.tries, FIRST_TRIES)
        return failures >= self.tries

    def pause(self, failures: int, error: Broken) -> None:
        """Wait after the n-th failure in a row, as long as the server asks for, or longer."""
        if error.after > LONGEST_PAUSE:
            raise Refused(f"{error}, and asks to come back in {error.after:,.0f} s") from error
        self.stop.wait(max(error.after, self.wait * 2 ** max(0, failures - 1)))


class _Many:
    """The work of `fetch_many`: threads that fetch, and the one that started them, which counts."""

    def __init__(
        self,
        missing: dict[Path, str],
        check: Callable[[str, bytes], str | None],
        workers: int,
        patience: _Patience,
        bar: tqdm,
    ):
        self.missing, self.check, self.workers = missing, check, workers
        self.patience, self.bar = patience, bar
        self.failures: list[Failure] = []
        self.first_trouble = Lock()  # whoever has it says so
        self.fetched = self.bytes = self.in_a_row = 0
        self.began = time.monotonic()

    def fetch(self) -> list[Failure]:
        """All that is missing, a few files ahead of those that are done."""
        pool = futures.ThreadPoolExecutor(self.workers)
        running, left = {}, iter(self.missing.items())
        try:
            for path, url in left:
                running[pool.submit(self._one, url, path)] = url
                if len(running) >= 2 * self.workers:
                    self._count(running)
                if self._hopeless():
                    why = self._not_tried()
                    self.failures += [Failure(url, why, tried=False) for _, url in left]
            while running:
                self._count(running)
        except KeyboardInterrupt:
            there = f"{self.bar.n:,} of {self.bar.total:,} files are there"
            raise KeyboardInterrupt(f"{there}: run the same command again to go on") from None
        finally:
            self.patience.stop.set()
            pool.shutdown(cancel_futures=True)
        return sorted(self.failures, key=lambda failure: not failure.tried)

    def _hopeless(self) -> bool:
        """Whether so much failed in a row that the network or the server must be gone."""
        enough = (3 if self.fetched else 1) * max(8, self.workers)
        return self.patience.stop.is_set() or self.in_a_row >= enough

    def _not_tried(self) -> str:
        if not self.patience.answered:
            return "not tried, as the server was not reached"
        return f"not tried, {self.in_a_row} in a row had failed before it"

    def _count(self, running: dict[futures.Future, str]) -> None:
        """Wait for one at least, and count those that are done."""
        for future in futures.wait(running, return_when=futures.FIRST_COMPLETED).done:
            url = running.pop(future)
            try:
                self.bytes += future.result()
            except (Broken, Refused) as error:
                for_good = isinstance(error, Refused) and error.for_good
                self.failures.append(Failure(url, str(error), for_good))
                self.in_a_row += 1
                continue
            except futures.CancelledError:
                self.failures.append(Failure(url, self._not_tried(), tried=False))
                continue
            self.fetched += 1
            self.in_a_row = 0
            rate = self.bytes / 1e6 / max(time.monotonic() - self.began, 1e-3)
            self.bar.set_postfix_str(f"{rate:.1f} MB/s", refresh=False)
            self.bar.update()

    def _one(self, url: str, path: Path) -> int:
        """Fetch one file; returns its bytes."""
        if self.patience.stop.is_set():
            raise futures.CancelledError
        failures, data = 0, None
        while data is None:
            try:
                data = _small(url, self.patience)
            except Broken as error:
                failures += 1
                self._trouble(url, failures, error)
        wrong = self.check(path.name, data)
        if wrong:
            raise Refused(wrong)
        with written_beside(path) as beside:
            beside.write_bytes(data)
        return len(data)

    def _trouble(self, url: str, failures: int, error: Broken) -> None:
        """Wait before the next try, or raise the error if there is to be none."""
        patience = self.patience
        if patience.stop.is_set():
            raise error
        if patience.is_over(failures, error):
            if patience.never_reached(error):
                patience.stop.set()  # nor will the others get there
            raise error
        if self.first_trouble.acquire(blocking=False):
            _say(f"{url}: {error}; trying again", patience.progress)
        patience.pause(failures, error)
        if patience.stop.is_set():
            raise error


def _small(url: str, patience: _Patience) -> bytes:
    """The content of a small file, all of it."""
    with _answer(url, {}, patience) as response:
        length, data = answers.length_of(response), bytearray()
        for chunk in answers.decoded(response, _chunks(response, length)):
            data += chunk
            if patience.stop.is_set():
                raise Broken("stopped")
            if len(data) > LARGEST_SMALL:
                raise Refused(f"more than {LARGEST_SMALL >> 20} MiB come")
        if length is not None and not answers.packing_of(response) and len(data) < length:
            raise Broken(answers.ended(len(data), length))
    return bytes(data)


def _fetch_whole(
    url: str, part: Part, sha256_prefix: str | None, patience: _Patience, unpacked: bool
) -> None:
    """Bring the part to its end, and check it."""
    resumed = part.size > 0
    _persevere(url, part, patience, unpacked)
    wrong = _wrong(part.name, part.path, sha256_prefix)
    if wrong and resumed:  # the old part may have been of another version
        part.remove()
        _persevere(url, part, patience, unpacked)
        wrong = _wrong(part.name, part.path, sha256_prefix)
    if wrong:
        part.remove()
        raise Refused(f"{wrong}; what came was removed")


def _wrong(name: str, path: Path, sha256_prefix: str | None) -> str | None:
    """What is wrong with a whole file, None where nothing is."""
    if sha256_prefix is not None and not sha256(path).startswith(sha256_prefix.lower()):
        return "it is not the file it should be (its checksum is wrong)"
    return wrong_file(name, path)


def _persevere(url: str, part: Part, patience: _Patience, unpacked: bool) -> None:
    """Try until the part is whole; an attempt that brought it further than ever before costs no try."""
    failures, changes, farthest = 0, 0, part.size
    while True:
        try:
            return _attempt(url, part, patience, unpacked)
        except Changed as error:
            changes += 1
            if changes >= patience.tries:
                raise
            farthest = 0
            _say(f"{part.name}: {error}, it starts anew", patience.progress)
        except Broken as error:
            failures = 0 if part.size > farthest else failures + 1
            farthest = max(farthest, part.size)
            if patience.is_over(failures, error):
                raise
            _say(f"{part.name}: {error}; trying again", patience.progress)
            patience.pause(failures, error)


def _attempt(url: str, part: Part, patience: _Patience, unpacked: bool) -> None:
    """One request for what is missing; returns when the part is whole, raises Broken when it is not."""
    have = part.size
    with _answer(url, part.request(), patience) as response:
        first, version = answers.place(response), answers.version_of(response)
        if response.status == 416 and version["length"] == have and part.is_of(version):
            return  # nothing lies beyond what is there
        packed = answers.packing_of(response)
        if response.status == 416 or (first and (packed or first != have)):
            part.remove()
            raise Changed("what had come of it does not fit what the server has")
        if first and not part.is_of(version):
            part.remove()
            raise Changed("it is another file on the server by now")
        _check_room(part, version["length"], unpacked)
        _receive(url, response, part, first, version, patience)
    whole = version["length"]
    if whole is not None and not packed and part.size != whole:
        raise Broken(answers.ended(part.size, whole))


def _receive(
    url: str,
    response: http.client.HTTPResponse,
    part: Part,
    have: int,
    version: Version,
    patience: _Patience,
) -> None:
    """Append what comes to the first `have` bytes of the part; 0 starts it anew."""
    whole = version["length"]
    bar = _bar(patience.progress) | {"unit": "B", "unit_scale": True, "desc": part.name}
    chunks = answers.decoded(response, _chunks(response, answers.length_of(response)), part.name)
    beginning = b"" if have else answers.beginning_of(chunks)
    if not have:
        wrong = wrong_beginning(part.name, beginning)
        if wrong:  # what had come before stays
            login = is_web_page(part.name, beginning)
            raise Refused(f"{wrong}{_led(url, response.url)}", browser=login)
        if part.size and not part.is_of(version):
            part.remove()
            raise Changed("it is another file on the server by now")
        part.start(version)
    with open(part.path, "ab") as file, tqdm(total=whole, initial=have, **bar) as shown:
        for chunk in chain([beginning], chunks):
            shown.update(file.write(chunk))


def _check_room(part: Part, whole: int | None, unpacked: bool) -> None:
    """Raise InputError if the disk cannot hold the file, where it is to be unpacked with what is in it."""
    folder = part.path.parent
    free, size = shutil.disk_usage(folder).free, whole or 0
    needed = size * (2 if unpacked else 1)  # what it holds takes no less than the zip
    if needed - part.size > free:
        takes = f", and with what is in it it takes {size_text(needed)} or more" if unpacked else ""
        raise InputError(
            f"{part.name} has {size_text(size)}{takes}, and only {size_text(free)} are free in {folder}:"
            " make room, or choose another folder"
        )


def _answer(url: str, headers: dict[str, str], patience: _Patience) -> http.client.HTTPResponse:
    """The server's answer: 200, 206 or 416. Raises Broken or Refused."""
    request = None
    try:
        request = urllib.request.Request(quote(url, safe=SAFE), headers=AGENT | headers)
        response = urllib.request.urlopen(request, timeout=patience.timeout)
        patience.answered = True
        return response
    except urllib.error.HTTPError as error:
        patience.answered = True
        if error.code == 416:
            return error
        error.close()
        raise _refusal(url, error) from error
    except (http.client.InvalidURL, ValueError) as error:
        raise Refused(f"not a web address, {reason(error)}") from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        cause = getattr(error, "reason", None) or error
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise Refused(CERTIFICATE) from error
        said = reason(cause) if isinstance(cause, Exception) else str(cause)
        lost = isinstance(error, urllib.error.URLError) and isinstance(cause, OSError)
        visited = getattr(request, "redirect_dict", None) or [None]  # urllib's list of redirects
        raise (Unreachable if lost else Broken)(f"{said}{_led(url, [*visited][-1])}") from error


def _refusal(url: str, error: urllib.error.HTTPError) -> Broken | Refused:
    """What a status that tells of an error means."""
    said = f"the server answers {error.code} {str(error.reason).partition(chr(10))[0]}"
    said += _led(url, error.url)
    if error.code not in PASSING:
        return Refused(said, error.code in LASTING, error.code in LOGIN)
    broken = Broken(said)
    broken.after = answers.seconds(error.headers.get("Retry-After"))
    return broken


def _led(url: str, final: str | None) -> str:
    """Where an address led to, for a message; empty where it led nowhere else.

    What stands behind a question mark may be a key to the file, and is nobody else's business.
    """
    if not final or final == urldefrag(quote(url, safe=SAFE)).url:
        return ""
    return f" (it led to {final.partition('?')[0][:200]})"


def _chunks(response: http.client.HTTPResponse, length: int | None) -> Iterator[bytes]:
    """What comes, as it comes."""
    came = 0
    while length is None or came < length:
        try:
            chunk = response.read1(CHUNK if length is None else min(CHUNK, length - came))
        except (http.client.HTTPException, OSError) as error:
            raise Broken(reason(error)) from error
        if not chunk:
            return
        came += len(chunk)
        yield chunk


def _check_address(url: str) -> None:
    """Raise InputError unless `url` is a web address."""
    if not url.lower().startswith(("http://", "https://")):
        raise InputError(f"not a web address: {url}; it must begin with http:// or https://")


def _bar(progress: bool) -> dict:
    """What all bars have in common."""
    return {"file": sys.stderr, "delay": 1, "disable": not progress}


def _say(text: str, progress: bool) -> None:
    """A line beside the bars."""
    if progress:
        tqdm.write(text, file=sys.stderr)
