"""A notebook with a student's work in it, and the same one of a newer handout: the work, and the new cells.

The student's cells stay as they are, source, outputs and order. Cells that only the new one has are put in
behind what stands before them there. Cells are recognised by their id; Colab keeps it in the metadata, and
Jupyter before nbformat 4.5 had none: then by what is in them.
"""

import json
from collections.abc import Iterator
from difflib import SequenceMatcher

from coursework.errors import InputError, reason

LONG = 40  # characters from which on a cell is known by most of its text
WHAT_NOW = "open it in Jupyter and save it again, or rename it to get a fresh one"
ALIKE = 0.8  # how much of it has to be the same


def merged_notebook(mine: bytes, new: bytes, name: str) -> tuple[bytes, int]:
    """The student's notebook with the cells of `new` that it lacks, and how many these are.

    With none, the bytes are those of `mine`. name: what to call it in messages. Raises InputError where it is
    no notebook that can be read.
    """
    notebook, newer = read_notebook(mine, name), read_notebook(new, f"the new {name}")
    twins = dict(recognised(notebook["cells"], newer["cells"]))
    with_ids = (notebook.get("nbformat"), notebook.get("nbformat_minor", 0)) >= (4, 5)
    behind: dict[int, list[dict]] = {}
    place, count = -1, 0
    for number, cell in enumerate(newer["cells"]):
        if number in twins:
            place = twins[number]
        else:
            behind.setdefault(place, []).append(cell if with_ids else _without_id(cell))
            count += 1
    if not count:
        return mine, 0
    cells = behind.get(-1, [])
    for number, cell in enumerate(notebook["cells"]):
        cells += [cell, *behind.get(number, [])]
    return _as_jupyter_writes({**notebook, "cells": cells}), count


def read_notebook(data: bytes, name: str) -> dict:
    """A notebook with its list of cells. Raises InputError, with the line, for anything else."""
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(
            f"{name}{where}: not a whole notebook ({reason(error)}); {WHAT_NOW}"
        ) from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise InputError(f"{name} has no list of cells; {WHAT_NOW}")
    return notebook


def source(cell: dict) -> str:
    """The text of a cell, which may be stored as lines."""
    text = cell.get("source", "")
    return "".join(map(str, text)) if isinstance(text, list) else str(text)


def tags(cell: dict) -> list[str]:
    """The tags of a cell."""
    found = _metadata(cell).get("tags")
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def cell_id(cell: dict) -> str | None:
    """The id of a cell, wherever it is kept; None where there is none."""
    found = cell.get("id", _metadata(cell).get("id"))
    return found if isinstance(found, str) else None


def recognised(mine: list[dict], new: list[dict]) -> Iterator[tuple[int, int]]:
    """Pairs (index in `new`, index in `mine`) of cells that are the same: by id, else by what is in them."""
    ids: dict[str, int] = {}
    for number, cell in enumerate(mine):
        if (key := cell_id(cell)) is not None:
            ids.setdefault(key, number)
    nameless = [number for number, cell in enumerate(mine) if cell_id(cell) is None]
    twins: dict[int, int] = {}
    for known in (_same_text, _answer_below, _much_the_same):
        for number, cell in enumerate(new):
            if number in twins:
                continue
            if cell_id(cell) in ids:
                twins[number] = ids[cell_id(cell)]
                continue
            free = [each for each in nameless if each not in twins.values()]
            found = next((each for each in free if known(mine, each, new, number, twins)), None)
            if found is not None:
                twins[number] = found
    yield from twins.items()


def _same_text(mine: list[dict], at: int, new: list[dict], number: int, twins: dict) -> bool:
    """The same kind of cell with the same text; answers look alike, so they are known by their question."""
    cell, other = mine[at], new[number]
    same = _kind(cell) == _kind(other) and source(cell).strip() == source(other).strip()
    return same and "answer" not in tags(other)


def _answer_below(mine: list[dict], at: int, new: list[dict], number: int, twins: dict) -> bool:
    """The cell right below the question that an answer belongs to."""
    return "answer" in tags(new[number]) and twins.get(number - 1) == at - 1


def _much_the_same(mine: list[dict], at: int, new: list[dict], number: int, twins: dict) -> bool:
    """A long cell of which most is the same: the student has edited it."""
    text, other = source(mine[at]), source(new[number])
    if _kind(mine[at]) != _kind(new[number]) or min(len(text), len(other)) < LONG:
        return False
    matcher = SequenceMatcher(None, text, other, autojunk=False)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _kind(cell: dict) -> object:
    return cell.get("cell_type")


def _metadata(cell: dict) -> dict:
    found = cell.get("metadata")
    return found if isinstance(found, dict) else {}


def _without_id(cell: dict) -> dict:
    """The cell for a notebook of before 4.5, where an id may stand in the metadata only."""
    rest = {key: value for key, value in cell.items() if key != "id"}
    return rest | {"metadata": {**_metadata(cell), "id": cell.get("id")}}


def _as_jupyter_writes(notebook: dict) -> bytes:
    try:
        return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:  # half a character, out of an output that was cut
        return (json.dumps(notebook, indent=1) + "\n").encode()
