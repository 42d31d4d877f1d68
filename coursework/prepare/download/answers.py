"""What a server's answer says: where in the file it begins, of which version it is, how it is packed.

Nothing here touches the network: `download` does, and hands on what it got.
"""

import email.utils
import time
import zlib
from collections.abc import Iterator
from typing import Any

from coursework.files import reason
from coursework.prepare.download.arriving import Version

HTTPResponse = Any  # whose .status and .headers are looked at


class Broken(Exception):
    """The transfer failed in a way that another try may mend, `.after` seconds from now at the earliest."""

    after = 0.0


class Changed(Broken):
    """The file on the server is another one by now: what had come of it is of no use."""


class Unreachable(Broken):
    """No connection came about: no such server, nobody answers there, or no network."""


class Refused(Exception):
    """The transfer failed, and would fail again.

    `for_good`: on any day. `browser`: in a browser, where one can log in, it may go well.
    """

    def __init__(self, said: str, for_good: bool = False, browser: bool = False):
        super().__init__(said)
        self.for_good, self.browser = for_good, browser


def seconds(retry_after: str | None) -> float:
    """A Retry-After header, which holds seconds or a date, in seconds from now; 0 where it says nothing."""
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def place(response: HTTPResponse) -> int:
    """At which byte of the file the answer begins."""
    if response.status != 206:
        return 0
    span = (response.headers.get("Content-Range") or "").removeprefix("bytes ").partition("-")[0]
    if not span.isdecimal():
        raise Broken("the server sends a part of the file, and does not say which")
    return int(span)


def version_of(response: HTTPResponse) -> Version:
    """What the server says of the version of the file that it has."""
    total = (response.headers.get("Content-Range") or "").rpartition("/")[2]
    whole = int(total) if total.isdecimal() else None
    return {
        "etag": response.headers.get("ETag"),
        "modified": response.headers.get("Last-Modified"),
        "length": whole if response.status in (206, 416) else length_of(response),
    }


def length_of(response: HTTPResponse) -> int | None:
    """The bytes that the server says it will send now, None where it does not say."""
    length = response.headers.get("Content-Length") or ""
    return int(length) if length.isdecimal() else None


def packing_of(response: HTTPResponse) -> str:
    """How the server packed what it sends, for the way only; empty where it did not."""
    return response.headers.get("Content-Encoding", "").lower().replace("identity", "")


def decoded(response: HTTPResponse, chunks: Iterator[bytes], name: str = "") -> Iterator[bytes]:
    """What comes, unpacked where the server packed it for the way. Broken if it ends too early."""
    packing = packing_of(response)
    if not packing or name.endswith((".gz", ".tgz")):  # of those, some servers say so anyway
        yield from chunks
    elif packing in ("gzip", "x-gzip"):
        unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            for chunk in chunks:
                yield unpacker.decompress(chunk)
        except zlib.error as error:
            raise Broken(f"what comes is damaged ({reason(error)})") from error
        if not unpacker.eof:
            raise Broken("the connection ended too early")
    else:
        raise Refused(f"the server sends it packed as {packing}, which nobody asked for")


def ended(came: int, length: int) -> str:
    """What to say of a connection that ended too early."""
    return f"the connection ended after {came:,} of {length:,} bytes"


def beginning_of(chunks: Iterator[bytes]) -> bytes:
    """Enough of what comes to tell by it what it is."""
    data = b""
    while len(data) < 1024 and (chunk := next(chunks, None)) is not None:
        data += chunk
    return data
