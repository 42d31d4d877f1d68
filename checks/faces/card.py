"""A result as a compact card of HTML: colours that read on white and on black, no script."""

from html import escape
from typing import TYPE_CHECKING

from checks.faces.board import LEVELS, STAGE_WORDS
from checks.faces.picture import png

if TYPE_CHECKING:
    from checks.judging.judge import Result

COLOURS = {"passed": "#2e9e4f", "failed": "#d9534f", "unwritten": "#8a8a8a", "blocked": "#c9892b"}
VERDICTS = {
    "passed": "✓ passed",
    "failed": "✗",
    "unwritten": "·",
    "blocked": "·",
}
CARD = (
    "border-left:4px solid {colour};padding:.3em .8em;margin:.4em 0;max-width:50em;line-height:1.45"
)


def card(result: "Result") -> str:
    """Verdict, message, picture, and the hints, closed until they are wanted."""
    colour = COLOURS[result.status]
    words = f"{VERDICTS[result.status]} {STAGE_WORDS.get(result.stage, '')}"
    verdict = f'<b style="color:{colour}">{words}</b>'
    parts = [f"<code>{escape(result.function)}</code> {verdict}"]
    parts.append(f"<div>{inline(result.message)}</div>")
    parts += [f'<div style="opacity:.75">{inline(f"note: {note}")}</div>' for note in result.notes]
    if result.picture and (picture := png(result.function, *result.picture)):
        parts.append(
            f'<img alt="yours, expected, difference" src="data:image/png;base64,{picture}">'
        )
    if result.status != "passed":
        nudge = [("a nudge", result.hint)] if result.hint else []
        parts.append(details([*nudge, *hints_on(result.function)]))
    return framed(colour, parts)


def hint_card(name: str, level: int) -> str:
    """The hints on a function up to that level, open."""
    shown = [f"<b>{what}</b>: {inline(hint)}" for what, hint in hints_on(name)[:level]]
    head = f"<code>{escape(name)}</code>"
    return framed(COLOURS["unwritten"], [head, *(f"<div>{each}</div>" for each in shown)])


def framed(colour: str, parts: list[str]) -> str:
    return f'<div style="{CARD.format(colour=colour)}">{"".join(parts)}</div>'


def details(hints: list[tuple[str, str]]) -> str:
    """One hint inside the other: each is a click further."""
    if not hints:
        return ""
    (what, hint), *more = hints
    inside = f"<div>{inline(hint)}</div>{details(more)}"
    summary = f'<summary style="cursor:pointer">hint: {escape(what)}</summary>'
    return f'<details style="margin:.2em 0 0 .6em">{summary}{inside}</details>'


def hints_on(name: str) -> list[tuple[str, str]]:
    from checks.cases import EXERCISES

    return list(zip(LEVELS, EXERCISES[name].hints))


def inline(text: str) -> str:
    """Escaped, with what stands between backquotes as code."""
    pieces = escape(text).split("`")
    return "".join(
        f"<code>{piece}</code>" if number % 2 and number < len(pieces) - 1 else piece
        for number, piece in enumerate(pieces)
    )
