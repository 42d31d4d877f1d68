"""The questions of the notebooks with the student's answers, as one page of Markdown.

A question is a Markdown cell tagged "question"; the cells tagged "answer" below it, up to the next question,
hold the answer. Where the given answer cell was left as it was, a cell of the student's own right beside it
counts as well.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from coursework.errors import InputError, reason
from coursework.handout.notebook import cell_id, read_notebook, source, tags

PROMPT = "*Your answer:*"  # what an answer cell holds when it is handed out
MADE_BY_AN_EDITOR = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8}|.*[A-Z_].*")
HEADING = re.compile(r"#+\s+(.+)")


@dataclass(frozen=True)
class Question:
    """A question of a notebook, and the answer, "" where there is none."""

    notebook: str
    number: int
    text: str
    answer: str

    @property
    def name(self) -> str:
        """How a student finds it: "1_rnn.ipynb, question 2 (What does ...)"."""
        first = next((line for line in self.text.splitlines() if line.strip()), "")
        short = re.sub(r"^[#>\s]+|[*_`]", "", first).strip()
        short = re.sub(r"^Question\b[\W\d]*", "", short)
        short = short if len(short) <= 50 else f"{short[:47].rstrip()}..."
        return f"{self.notebook}, question {self.number}" + (f" ({short})" if short else "")


@dataclass
class Conclusions:
    """All questions, the page, and the notebooks that could not be read, each with the reason."""

    questions: list[Question]
    page: str
    damaged: list[str]


def conclusions(notebooks: Path) -> Conclusions:
    """Read all notebooks in a folder, in the order of their names; a damaged one is named and left out."""
    questions, parts, damaged = [], ["# Conclusions"], []
    for path in sorted(notebooks.glob("*.ipynb")):
        try:
            cells = read_notebook(_bytes(path), f"notebooks/{path.name}")["cells"]
        except InputError as error:
            damaged.append(str(error))
            continue
        if found := questions_in(cells, path.name):
            questions += found
            parts += [f"## {title(cells) or path.stem} ({path.name})", *map(_as_markdown, found)]
    if not questions:
        parts.append("There are no questions in the notebooks.")
    return Conclusions(questions, "\n\n".join(parts) + "\n", damaged)


def questions_in(cells: list[dict], notebook: str) -> list[Question]:
    """The questions among the cells of a notebook, in order, with their answers."""
    starts = [number for number, cell in enumerate(cells) if "question" in tags(cell)]
    ends = [*starts[1:], len(cells)]
    return [
        Question(notebook, number, source(cells[start]).strip(), answer(cells[start + 1 : end]))
        for number, (start, end) in enumerate(zip(starts, ends), start=1)
    ]


def answer(below: list[dict]) -> str:
    """The answer in the cells between a question and the next one."""
    given = [number for number, cell in enumerate(below) if "answer" in tags(cell)]
    beside = given[-1] + 1 if given else 0
    while beside < len(below) and _own(below[beside]):
        beside += 1
    texts = [
        _text(cell)
        for number, cell in enumerate(below[:beside])
        if number in given or _own(cell) and cell.get("cell_type") == "markdown"
    ]
    return "\n\n".join(text for text in texts if text)


def title(cells: list[dict]) -> str:
    """The first heading of a notebook, outside of questions and answers."""
    for cell in cells:
        if cell.get("cell_type") != "markdown" or {"question", "answer"} & set(tags(cell)):
            continue
        for line in source(cell).splitlines():
            if heading := HEADING.fullmatch(line.strip()):
                return heading[1]
    return ""


def _own(cell: dict) -> bool:
    """Whether a cell is the student's: editors make ids of their own kind up, those of the kit are words."""
    return bool(MADE_BY_AN_EDITOR.fullmatch(cell_id(cell) or ""))


def _text(cell: dict) -> str:
    """What a student wrote into a cell; code as a block of code."""
    text = source(cell).replace(PROMPT, "", 1).strip()
    return f"```python\n{text}\n```" if text and cell.get("cell_type") == "code" else text


def _as_markdown(question: Question) -> str:
    quoted = "\n".join(f"> {line}".rstrip() for line in question.text.splitlines())
    return f"{quoted}\n\n{question.answer or '(no answer)'}"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read notebooks/{path.name}: {reason(error)}") from error
