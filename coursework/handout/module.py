"""captioning.py with a student's work in it, and the blank one of a newer handout: the work, and what is new.

The student's file is the base, byte for byte. What only the new one has (functions, classes, methods,
imports) is put in behind what stands before it there. Of the rest, only what the student left as it was
handed out is brought up to date: docstrings and given code, which name the parts that are there.

What it deliberately does not do: undo or move anything of the student's, take away what the new file no
longer has, change a function that the student has begun (but for new entries of `cells`), or guess at a file
with a syntax error. Nor does it compare versions line by line, as `git merge` does: there are no conflicts to
resolve by hand, a whole definition is either the student's or the new one.
"""

import ast
import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field

from coursework.errors import InputError
from coursework.handout.cells import cells_of, new_entries, with_entries
from coursework.handout.source import (
    FUNCTIONS,
    Source,
    bound,
    definitions,
    docstring,
    indent_of,
    span,
)

CAPTIONER = "CaptioningRNN"  # the class that has to get to know a new cell


@dataclass
class Merged:
    """What came out: the file, and what is to be told."""

    data: bytes
    added: list[str] = field(default_factory=list)
    """functions, classes, methods and constants that were missing"""
    renewed: list[str] = field(default_factory=list)
    """what the student had left alone and is now as in the new file"""
    notes: list[str] = field(default_factory=list)
    """what the student should see to"""


def merged_module(mine: bytes, given: bytes, new: bytes, name: str = "captioning.py") -> Merged:
    """The student's file `mine`, begun from the blank file `given`, with what the blank `new` has beyond it.

    name: what to call the student's file in messages. Raises InputError for a file with a syntax error, and
    where the two cannot be brought together.
    """
    source, newer = Source.of(mine, name), Source.of(new, f"the new {name}")
    if _lines(mine) == _lines(given):
        return _instead(source, newer)
    return _Merge(source, newer, Source.of(given, f"the old {name}")).result(name)


def _instead(mine: Source, new: Source) -> Merged:
    """All of the new file with the line ends of `mine`, in which nothing was written yet."""
    lines = [line.rstrip("\r\n") + mine.newline for line in new.lines]
    added = [name for name in _names(new.tree) if name not in _names(mine.tree)]
    return Merged(mine.data(lines), added)


class _Merge:
    """The work on one file: edits are gathered, then applied from the last line to the first."""

    def __init__(self, mine: Source, new: Source, given: Source):
        self.mine, self.new, self.given = mine, new, given
        self.edits: list[tuple[int, int, list[str]]] = []  # lines [start, end) become these
        self.inserted: dict[int, list[str]] = {}  # by the line that they come before
        self.touched: set[str] = set()  # functions in which something was changed
        self.out = Merged(b"")

    def result(self, name: str) -> Merged:
        """All edits made. Raises InputError where the outcome would not be the two files brought together."""
        self.bring_up_to_date()
        self.add_missing(self.new.tree, self.mine.tree)
        for each in self.new.tree.body:
            if isinstance(each, ast.ClassDef):
                self.add_methods(each, name)
        self.add_cells(f"{CAPTIONER}.__init__")
        try:
            self.out.data = self.mine.data(self.edited())
        except UnicodeEncodeError as error:
            raise InputError(
                f"{name} is written in {self.mine.encoding}, which lacks {error.object[error.start]!r} of the"
                " new handout: save the file as UTF-8, then update again"
            ) from error
        self.check(name)
        return self.out

    def edited(self) -> list[str]:
        """The lines of the student's file with all edits made."""
        lines = list(self.mine.lines)
        edits = [*self.edits, *((place, place, new) for place, new in self.inserted.items())]
        if edits and lines and not lines[-1].endswith(("\n", "\r")):
            lines[-1] += self.mine.newline
        for start, end, instead in sorted(edits, reverse=True):
            lines[start:end] = instead
        return lines

    def check(self, name: str) -> None:
        """Raise InputError unless all that is new is there, and every function untouched is as it was."""
        merged = Source.of(self.out.data, f"{name} with the new parts in it")
        there, before = definitions(merged.tree), definitions(self.mine.tree)
        lost = [
            each
            for each in definitions(self.new.tree)
            if each.split(".")[0] not in bound(merged.tree)
        ]
        for each, node in before.items():
            kept = each in there and merged.text(there[each]) == self.mine.text(node)
            if isinstance(node, FUNCTIONS) and not kept and each not in self.touched:
                lost.append(each)
        if lost:
            raise InputError(
                f"{name} cannot be brought together with the new one: {lost[0]} would be lost"
            )

    # What the student left as it was

    def bring_up_to_date(self) -> None:
        """Functions and docstrings as they were handed out become those of the new file."""
        before, after = definitions(self.given.tree), definitions(self.new.tree)
        trees = ("the text at the top", self.mine.tree, self.given.tree, self.new.tree)
        mine = definitions(self.mine.tree)
        named = [
            (name, mine[name], before[name], after[name])
            for name in mine
            if name in before and name in after
        ]
        for name, *nodes in [trees, *named]:
            whole = all(isinstance(node, FUNCTIONS) for node in nodes) and self.untouched(
                *nodes[:2]
            )
            pieces = nodes if whole else [docstring(node) for node in nodes]
            if all(pieces) and self.untouched(*pieces[:2]):
                self.renew(name, pieces[0], pieces[2])

    def untouched(self, mine: ast.AST, given: ast.AST) -> bool:
        return self.mine.text(mine) == self.given.text(given)

    def renew(self, name: str, mine: ast.stmt, new: ast.stmt) -> None:
        """Replace a statement by the new one, if that differs."""
        if self.mine.text(mine) == self.new.text(new):
            return
        start, end = span(mine)
        indent = indent_of(self.mine.lines[start])
        self.edits.append((start, end, self.fitted(self.new.lines[slice(*span(new))], indent)))
        self.out.renewed.append(name)
        self.touched.add(name)

    # What is missing

    def add_missing(self, new: ast.Module | ast.ClassDef, mine: ast.Module | ast.ClassDef) -> None:
        """Put in what the body of `new` defines and that of `mine` does not, in the order of `new`."""
        there = {name: node for node in mine.body for name in bound(node)}
        places = {name: self.mine.end(node) for name, node in there.items()}
        owner = f"{new.name}." if isinstance(new, ast.ClassDef) else ""
        indent = indent_of(self.mine.lines[span(mine.body[-1])[0]]) if owner else ""
        for number, node in enumerate(new.body):
            if not (missing := sorted(bound(node) - there.keys())):
                continue
            lines = self.wanted(node, missing)
            leading = self.leading(node)
            place = self.heading(leading)
            if place is not None:  # its heading is there: leave that out
                leading = leading[: _blank(leading)]
            else:
                place = self.behind(new.body[:number], places)
            if place is None:
                place = self.before(new.body[number:], there, self.first_place(node, mine))
                lines, leading = [*lines, *self.blank_below(node)], []
            places |= dict.fromkeys(missing, place)
            self.insert(place, self.fitted([*leading, *lines], indent))
            self.out.added += [owner + name for name in missing]

    def wanted(self, node: ast.stmt, names: Sequence[str]) -> list[str]:
        """The lines of a statement of the new file; of an import, what is needed for these names."""
        if not isinstance(node, ast.Import | ast.ImportFrom):
            return self.new.lines[slice(*span(node))]
        each = [alias for alias in node.names if bound(ast.Import([alias])) <= set(names)]
        return [ast.unparse(_import_of(node, each)) + "\n"]

    def first_place(self, node: ast.stmt, mine: ast.Module | ast.ClassDef) -> int:
        """Where something goes that knows no neighbour: imports to the top, all else to the end."""
        if isinstance(mine, ast.ClassDef):
            return self.mine.end(mine.body[-1])
        if isinstance(node, ast.Import | ast.ImportFrom) and mine.body:
            told = docstring(mine)
            return told.end_lineno if told else self.mine.start(mine.body[0])
        return len(self.mine.lines)

    def add_methods(self, new: ast.ClassDef, name: str) -> None:
        """Put the methods that `new` has into the student's class of that name, if there is one."""
        mine = definitions(self.mine.tree).get(new.name)
        if not isinstance(mine, ast.ClassDef) or new.name in self.out.added:
            return
        missing = {method for node in new.body for method in bound(node)}
        missing -= {method for node in mine.body for method in bound(node)}
        if missing and mine.body[0].lineno == mine.lineno:
            raise InputError(
                f"{name}, line {mine.lineno}: {new.name} gets new methods, but stands on one line: break it"
                " after the colon, then update again"
            )
        self.add_missing(new, mine)

    def leading(self, node: ast.stmt) -> list[str]:
        """The blank lines and comments above a statement of the new file, headings too."""
        first = last = span(node)[0]
        while last and self.new.lines[last - 1].lstrip()[:1] in ("", "#"):
            last -= 1
        return self.new.lines[last:first]

    def blank_below(self, node: ast.stmt) -> list[str]:
        """The blank lines below a statement of the new file."""
        below = self.new.lines[node.end_lineno :]
        return below[: _blank(below)]

    def heading(self, leading: Sequence[str]) -> int | None:
        """Behind which line of the student's file the comments in `leading` stand already, if they do."""
        wanted = [line.rstrip() for line in leading if line.startswith("#")]
        inside = {
            line for node in self.mine.tree.body for line in range(node.lineno - 1, node.end_lineno)
        }
        found = [
            number + 1
            for number, line in enumerate(self.mine.lines)
            if wanted and line.rstrip() == wanted[-1] and number not in inside
        ]
        return found[0] if found else None

    def behind(self, before: Sequence[ast.stmt], places: dict[str, int]) -> int | None:
        """The line of the student's file behind the nearest of the statements `before` that is in it."""
        for node in reversed(before):
            if known := [places[name] for name in bound(node) if name in places]:
                return max(known)
        return None

    def before(self, after: Sequence[ast.stmt], there: dict[str, ast.stmt], last: int) -> int:
        """The line of the student's file before the nearest of the statements `after` in it, or `last`."""
        for node in after:
            if known := [self.mine.start(there[name]) for name in bound(node) if name in there]:
                return min(known)
        return last

    def insert(self, place: int, lines: list[str]) -> None:
        self.inserted.setdefault(place, []).extend(lines)

    def fitted(self, lines: Sequence[str], indent: str) -> list[str]:
        """Lines of the new file as they look in the student's: its line ends, and its way to indent.

        The least indented of them gets `indent`.
        """
        step = "\t" if "\t" in indent else " " * 4
        depth = min(len(indent_of(line)) for line in lines if line.strip())
        fitted = []
        for line in lines:
            text = line.strip("\r\n")
            levels, rest = divmod(len(indent_of(text)) - depth, 4)
            whole = indent + step * levels + " " * rest + text.lstrip() if text.strip() else ""
            fitted.append(whole + self.mine.newline)
        return fitted

    def add_cells(self, name: str) -> None:
        """New entries of `cells = {...}` in a CaptioningRNN.__init__ that the student has changed."""
        mine, new = (definitions(each.tree).get(name) for each in (self.mine, self.new))
        if mine is None or new is None or name in self.out.renewed:
            return
        entries = new_entries(cells_of(mine), cells_of(new))
        edit = with_entries(self.mine, cells_of(mine), entries)
        if edit:
            self.edits.append(edit)
            self.out.renewed.append(f"the cells in {name}")
            self.touched.add(name)
        elif entries:
            self.out.notes.append(f"{name} is your own: it should know {', '.join(entries)} too")


def _blank(lines: Sequence[str]) -> int:
    """How many blank lines come first."""
    return next((number for number, line in enumerate(lines) if line.strip()), len(lines))


def _import_of(node: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> ast.stmt:
    """The same import of these names only."""
    if isinstance(node, ast.Import):
        return ast.Import(names)
    return ast.ImportFrom(node.module, names, node.level)


def _names(tree: ast.Module) -> list[str]:
    """What is defined at the top level of a module, in its order."""
    return list(dict.fromkeys(name for node in tree.body for name in sorted(bound(node))))


def _lines(data: bytes) -> list[bytes]:
    """The lines of a file, whatever their ends, without a mark at the beginning."""
    return data.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").rstrip().split(b"\n")
