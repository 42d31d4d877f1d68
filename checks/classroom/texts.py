"""Everything that can be read in a file: its text, what its notebook cells say, what lies in its arrays."""

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from checks.classroom.secret import SHORTEST, squeeze, statements
from coursework.handout.notebook import source
from coursework.zipped import UNREADABLE

RUN = re.compile(rb"[\t\n\r\x20-\x7e]{%d,}" % SHORTEST)


@dataclass(frozen=True)
class Text:
    """A text and where it stands; `lined`: its line numbers are worth telling."""

    where: str
    text: str
    is_python: bool = False
    lined: bool = True

    def place(self, line: int) -> str:
        return f"{self.where}, line {line}" if self.lined else self.where

    def line_of(self, position: int) -> int:
        """The line that a position of the squeezed text lies in."""
        for number, line in enumerate(self.text.splitlines(), start=1):
            position -= len(squeeze(line))
            if position < 0:
                return number
        return 1

    def statements(self) -> list[tuple[int, str]]:
        """The line of each statement, and Python's own way to write it; none of what is no Python."""
        if not self.is_python:
            return []
        lines = [  # %magic and !shell are a notebook's
            re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in self.text.splitlines()
        ]
        try:
            return list(statements(ast.parse("\n".join(lines))))
        except (SyntaxError, ValueError, RecursionError):
            return []


def texts_in(name: str, data: bytes) -> Iterator[Text]:
    """The texts of a file with that name and content, of what is packed in it as well.

    Raises ValueError for a zip that cannot be opened.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        yield from texts_in_binary(name, data)
    elif name.endswith(".ipynb"):
        yield from texts_in_notebook(name, text)
    else:
        yield Text(name, text, is_python=name.endswith((".py", ".pyi", ".pyw")))
        yield from texts_in_json(name, text)


def texts_in_binary(name: str, data: bytes) -> Iterator[Text]:
    """Runs of printable characters; characters of two and four bytes (UTF-16, numpy's strings) count too."""
    if zipfile.is_zipfile(io.BytesIO(data)):  # also one in an array, behind other bytes
        yield from texts_in_zip(name, data)
    for content in {data, data.replace(b"\0", b"")}:
        text = "\n".join(run.decode() for run in RUN.findall(content))
        yield Text(name, text, lined=False)
        for line in text.splitlines():
            yield from texts_in_json(name, line)


def texts_in_zip(name: str, data: bytes) -> Iterator[Text]:
    """The texts of the members of a zip, with their names and comments."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            remarks = [packed.comment, *(each.comment + each.extra for each in packed.infolist())]
            named = "\n".join(packed.namelist()) + "\n" + b"\n".join(remarks).decode("latin-1")
            yield Text(f"{name}, names and comments of its members", named, lined=False)
            for member in packed.infolist():
                yield from texts_in(f"{name}, {member.filename}", packed.read(member))
    except (*UNREADABLE, OSError) as error:
        raise ValueError(f"{name} cannot be looked into ({error})") from error


def texts_in_notebook(name: str, text: str) -> Iterator[Text]:
    """The source of every cell, and all other strings of the file."""
    try:
        notebook = json.loads(text)
        cells = [
            (cell["cell_type"], source(cell), cell.pop("source")) for cell in notebook["cells"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{name} is no notebook ({error!r})") from error
    for number, (kind, written, _) in enumerate(cells, start=1):
        yield Text(f"{name}, cell {number}", written, is_python=kind == "code")
    for string in strings_of(notebook):
        yield Text(name, string, lined=False)


def texts_in_json(name: str, text: str) -> Iterator[Text]:
    """The strings of a text that is JSON, without the marks that JSON puts into them."""
    if text.lstrip()[:1] not in ("{", "["):
        return
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return
    for string in strings_of(found):
        yield Text(name, string, lined=False)


def strings_of(found: Any) -> Iterator[str]:
    """Every string in what JSON holds, keys too; a list of nothing but strings is one text."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for key, value in found.items():
            yield key
            yield from strings_of(value)
    elif isinstance(found, list) and all(isinstance(each, str) for each in found):
        yield "".join(found)
    elif isinstance(found, list):
        for each in found:
            yield from strings_of(each)


def outputs_in(name: str, data: bytes) -> list[str]:
    """The cells of a notebook that hold an output, each in a few words; none where it is no notebook."""
    if PurePosixPath(name).suffix != ".ipynb":
        return []
    try:
        cells = json.loads(data.decode("utf-8-sig"))["cells"]
        numbers = [number for number, cell in enumerate(cells, start=1) if cell.get("outputs")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []  # texts_in says so
    return [f"{name}, cell {number} holds an output" for number in numbers]
