"""What has arrived of a file that is being downloaded, and which version on the server it is of.

The bytes lie in PATH.part, the note about them in PATH.part.json: a file may be exchanged on its server
between two attempts, and the end of the new one must not be put behind the beginning of the old.
"""

from contextlib import suppress
from pathlib import Path

from coursework.files import InputError, read_json, write_json

Version = dict  # {"etag": str | None, "modified": str | None, "length": int | None}


class Part:
    """The beginning of the file that is to lie at `path`."""

    def __init__(self, path: Path):
        self.name = path.name
        self.path, self.note = Path(f"{path}.part"), Path(f"{path}.part.json")

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return size_of(self.path)

    @property
    def version(self) -> Version:
        """What the server said of the version that this part is of; empty where nobody noted it."""
        with suppress(InputError):
            noted = read_json(self.note, "note")
            if isinstance(noted, dict):
                return {key: value for key, value in noted.items() if _is_sound(value)}
        return {}

    def request(self) -> dict[str, str]:
        """Headers that ask for what is missing, or for all of it if it is another version by now."""
        if not self.size:
            return {}
        etag, modified = str(self.version.get("etag", "W/")), self.version.get("modified")
        mark = modified if etag.startswith("W/") else etag
        return {"Range": f"bytes={self.size}-"} | ({"If-Range": str(mark)} if mark else {})

    def is_of(self, version: Version) -> bool:
        """Whether `version` may be the one that this part is of: nothing known of both differs."""
        pairs = [(value, version.get(key)) for key, value in self.version.items()]
        return all(old == new for old, new in pairs if old is not None and new is not None)

    def start(self, version: Version) -> None:
        """Begin anew with this version. Killed in between, it is empty and has the wrong note, or none."""
        self.path.write_bytes(b"")
        write_json(self.note, version)

    def remove(self) -> None:
        """Remove the part and its note."""
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def _is_sound(value: object) -> bool:
    """Whether a value of a note may be compared, and sent in a header."""
    return isinstance(value, int) or (
        isinstance(value, str) and value.isascii() and value.isprintable()
    )


def size_of(path: Path) -> int:
    """Bytes in a file, 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
