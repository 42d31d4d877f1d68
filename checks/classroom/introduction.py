"""The docstring that captioning.py begins with in a handout: what the file holds, and what to do with it."""

import re
import textwrap
from collections.abc import Collection

from checks.classroom.parts import CELLS, NUMBERS, exercises_in

TITLE = "Image captioning with recurrent networks, for you to write."
PICTURE = (
    "A picture comes in as the feature grid of a frozen convolutional network, a caption goes out one word"
    " at a time."
)
ORDER = "The file reads from top to bottom, each section building on the one before:"
PIECES = "The file holds these pieces of an image captioner:"
TASK = (
    "Every function that raises NotImplementedError is yours to write. Its docstring gives the formula and"
    " the shapes: put your code in the place of the line that raises, save the file, and check it:"
)
REST = "What does not raise is given and stays as it is. Helper functions of your own are welcome."
GRADIENTS = (
    "The gradients of {these} are to be derived by hand, each below its forward function (backpropagation"
    " through time, Werbos 1990). Training lets autograd find the same ones."
)
AUTOGRAD = "Training lets autograd find the gradients: a cache that a function returns may be None."
WIDTH = 98


def introduction(docstring: str, parts: Collection[str]) -> str:
    """The text of the module docstring for these parts.

    The list of sections and the legend of shapes, which comes last, are those of the reference's docstring.
    """
    sections = [
        line for line in docstring.splitlines() if _section(line) in map(NUMBERS.get, parts)
    ]
    legend = docstring.strip().split("\n\n")[-1]
    first = exercises_in(parts)[0]
    captioner = "captioner" in parts
    lead = " ".join([PICTURE, ORDER]) if captioner else PIECES
    paragraphs = [
        TITLE,
        _filled(lead),
        "\n".join(sections),
        _filled(TASK),
        f"    python -m coursework check {first}",
        _filled(f"{REST} {gradients(parts)}"),
        legend,
    ]
    return "\n\n".join(paragraphs) + "\n"


def gradients(parts: Collection[str]) -> str:
    """Who finds the gradients: the student by hand, or autograd alone."""
    if "bptt" not in parts:
        return AUTOGRAD if set(parts) & set(CELLS.values()) else ""
    names = {"rnn": "the RNN", "lstm": "the LSTM", "attention": "attention"}
    found = [names[part] for part in CELLS.values() if part in parts]
    these = " and ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)
    return GRADIENTS.format(these=these)


def _section(line: str) -> int | None:
    """The number of a section where a line of the docstring is about one: "    3. the LSTM ..."."""
    found = re.match(r"\s+(\d+)\. ", line)
    return int(found[1]) if found else None


def _filled(text: str) -> str:
    return textwrap.fill(text.strip(), WIDTH, break_on_hyphens=False, break_long_words=False)
