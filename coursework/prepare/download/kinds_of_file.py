"""Whether what comes from the network is what its name says: a login page often comes in its place."""

import re
import zipfile
from pathlib import Path

from coursework.files import reason
from coursework.zipped import UNREADABLE

BEGINNINGS = {
    ".zip": (b"PK\x03\x04", b"PK\x05\x06"),  # the second: a zip without entries
    ".jpg": (b"\xff\xd8",),
    ".jpeg": (b"\xff\xd8",),
    ".png": (b"\x89PNG",),
    ".json": (b"{", b"["),
}
BLANK = b"\xef\xbb\xbf \t\r\n"  # with the mark that some editors put before UTF-8
WEB_PAGE = re.compile(
    rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype html|html|head|title|meta|script|body)\b",
    re.IGNORECASE | re.DOTALL,
)
TITLE = re.compile(rb"<title[^>]*>\s*(.*?)\s*</title", re.IGNORECASE | re.DOTALL)


def wrong_beginning(name: str, data: bytes) -> str | None:
    """What is wrong with a file called `name` that begins with `data`; None where nothing is."""
    if not data:
        return "nothing comes, it is empty"
    suffix = Path(name).suffix.lower()
    if is_web_page(name, data):
        return f"a web page comes instead of the file{_title(data)} (a login, or a proxy's notice)"
    wanted = BEGINNINGS.get(suffix)
    if wanted and not (data.lstrip(BLANK) if suffix == ".json" else data).startswith(wanted):
        return f"what comes is not a {suffix} file, it begins with {data[:8]!r}"
    return None


def is_web_page(name: str, data: bytes) -> bool:
    """Whether `data` begins a web page, where a file called `name` should come."""
    wanted = Path(name).suffix.lower() in (".html", ".htm")
    return not wanted and bool(WEB_PAGE.match(data.lstrip(BLANK)))


def wrong_file(name: str, path: Path) -> str | None:
    """What is wrong with the file at `path`, going by `name`; None where nothing is.

    Of a zip the table of contents, which stands at its end, is read as well; its entries are not.
    """
    with open(path, "rb") as file:
        wrong = wrong_beginning(name, file.read(4096))
    if wrong or Path(name).suffix.lower() != ".zip":
        return wrong
    try:
        zipfile.ZipFile(path).close()
    except UNREADABLE as error:
        return f"it is not a whole zip file ({reason(error)})"
    return None


def _title(data: bytes) -> str:
    """The title of a web page as it is quoted in a message."""
    found = TITLE.search(data)
    text = " ".join(found[1].decode("utf-8", "replace").split())[:60] if found else ""
    return f', "{text}"' if text.isprintable() and text else ""
