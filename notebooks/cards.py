"""Cards: what lab shows, and how an error becomes one."""

import base64
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from html import escape

from IPython.display import display
from kept import NotYet

from checks.cases import EXERCISES
from checks.faces import notebook
from checks.faces.card import COLOURS, framed, inline
from checks.paths import OWN, ROOT
from coursework.errors import InputError, reason


class Shown(notebook.Shown):
    """A card: lines, and below them a table (its first row the head) or a figure, where there is one.

    status, as that of a check, gives the colour: passed, failed, unwritten, blocked.
    """

    def __init__(self, status: str, lines: list[str], figure=None, table: Sequence[list[str]] = ()):
        rows = ["".join(f"{entry:26}" for entry in row).rstrip() for row in table]
        parts = [f"<div>{inline(line)}</div>" for line in lines]
        html = framed(COLOURS[status], [*parts, _html_table(table) if table else ""])
        super().__init__("\n".join([*lines, *rows]), html)
        self.figure = figure

    def _repr_html_(self) -> str:
        if not self.figure:
            return self.html
        png = base64.b64encode(self.figure._repr_png_()).decode()
        return f'{self.html}<img style="max-width:100%" src="data:image/png;base64,{png}">'


def on_a_card(show: Callable[..., Shown]) -> Callable[..., Shown]:
    """Bad input, errors in captioning.py and Ctrl-C become cards."""

    @wraps(show)
    def shown(*arguments, **settings) -> Shown:
        try:
            return show(*arguments, **settings)
        except NotYet as error:
            return Shown("unwritten", [said_by(error)])
        except InputError as error:
            return Shown("failed", [said_by(error)])
        except KeyboardInterrupt as stopped:
            what = f"Stopped: {said_by(stopped)}." if str(stopped) else "Stopped."
            return Shown("blocked", [f"{what} Run the cell again to go on."])

    return shown


@contextmanager
def patient() -> Iterator[None]:
    """For code of your own: what goes wrong in it is said in one line."""
    try:
        yield
    except KeyboardInterrupt:
        display(Shown("blocked", ["Stopped."]))
    except NotYet as error:
        display(Shown("unwritten", [said_by(error)]))
    except InputError as error:
        display(Shown("failed", [said_by(error)]))
    except Exception as error:
        unwritten = isinstance(error, NotImplementedError)
        display(Shown("unwritten" if unwritten else "failed", [explained(error)]))


def explained(error: Exception) -> str:
    """One line on an error: in which function of captioning.py, or else in which line of the cell."""
    said = f"{type(error).__name__}: {reason(error)}" if str(error) else type(error).__name__
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [
        (code.co_qualname, n)
        for code, n in frames
        if os.path.realpath(code.co_filename) == str(OWN)
    ]
    if not own:
        cell = [line for code, line in frames if "<module>" in code.co_name]
        line = f"line {cell[0]} of this cell: " if cell else ""
        return f"{line}{said}. If a function of yours comes in there: does it pass its check?"
    name, line = own[-1]
    asked = any(name in (each.name, each.function) for each in EXERCISES.values())
    if isinstance(error, NotImplementedError):
        what = "Write it, save the file, and run this cell again."
        return (
            f"`{name}` is not written yet. {what if asked else 'This handout does not ask for it.'}"
        )
    more = f' `check("{name}")` may say why.' if asked else ""
    return f"`{name}` fails (captioning.py, line {line}): {said}.{more}"


def _html_table(table: Sequence[list[str]]) -> str:
    rows = ["".join(f"<td>{escape(entry)}</td>" for entry in row) for row in table]
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def said_by(error: BaseException) -> str:
    """An error's message, with paths as seen from the kit's folder."""
    return str(error).replace(f"{ROOT}{os.sep}", "")
