"""Where answers come from: a file's functions in a child process, or functions of this process."""

import _thread
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from checks.answer import Answer, Problem, unpack
from checks.cases import EXERCISES, Exercise
from checks.running.child import Child, Died
from checks.running.watchdog import Limits, places_of, watched
from coursework.errors import fault

if TYPE_CHECKING:
    from checks.hand_ins.hand_in import HandIn


@dataclass(frozen=True)
class Opened:
    """What is known of a file once it is open: its layout, and which exercises that has (None: all).

    problem: why it cannot be opened, and then of the rest only what the file's names tell is known.
    """

    layout: str = "kit"
    exercises: tuple[str, ...] | None = None
    problem: str = ""

    @property
    def notes(self) -> list[str]:
        if self.layout == "kit":
            return []
        return [
            f"this is the {self.layout} layout of another course: checked is what that asks for"
        ]


class Session:
    """A file's exercises, run in a child process; in another one after each that had to be stopped."""

    def __init__(self, path: Path, child: Child):
        self.path, self.child, self.is_open = path, child, False

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_) -> None:
        self.child.close()

    def open(self) -> Opened:
        """Have a child that has opened the file."""
        try:
            header = self.child.open(self.path)
        except Died as died:
            header = {"why": f"{died} while it was being imported"}
        if "why" in header:
            line = f", line {header['line']}" if header.get("line") else ""
            why = f"{self.path.name}{line}: {header['why']}"
            return Opened(exercises=header.get("exercises"), problem=why)
        self.is_open = True
        return Opened(header["layout"], header["exercises"])

    def answers(self, name: str) -> list[Answer]:
        """What the child answers to an exercise; the problem in its place where it does not."""
        try:
            if not self.is_open and (problem := self.open().problem):
                raise Died(problem)
            return unpack(self.child.run(name))
        except Died as died:
            self.child.close()
            self.child, self.is_open = self.child.another(), False
            return stopped_answers(EXERCISES[name], str(died), died.where)


class Here:
    """Exercises run in this process: a loop without end is interrupted, as Ctrl-C would."""

    def __init__(self, hand_in: "HandIn", limits: Limits):
        self.hand_in, self.limits = hand_in, limits

    def open(self) -> Opened:
        return Opened(self.hand_in.layout.name, self.hand_in.layout.exercises)

    def answers(self, name: str) -> list[Answer]:
        from checks.running.runner import run

        main, stopped = threading.main_thread(), []

        def stop(why: str) -> None:
            where = places_of(main.ident, self.hand_in)
            stopped.append(stopped_answers(EXERCISES[name], why, where))
            _thread.interrupt_main()

        if threading.current_thread() is not main:  # an interrupt would reach another's code
            return run(self.hand_in, name)
        try:
            return watched(lambda: run(self.hand_in, name), stop, self.limits)
        except KeyboardInterrupt:
            if not stopped:
                raise
            return stopped[0]
        except Exception as error:
            return stopped_answers(EXERCISES[name], fault(error))


def stopped_answers(exercise: Exercise, why: str, where: Sequence = ()) -> list[Answer]:
    """In place of all answers: why there are none, and where the student's code was just then."""
    text = why
    if where:
        own = [place for place in where if place[0] == exercise.function.split(".")[-1]]
        function, line, source = (own or where)[-1]
        inside = (
            f", in {where[-1][0]} at line {where[-1][1]}" if own and own[-1] != where[-1] else ""
        )
        text = (
            f"{why}, in {function}, line {line}, `{source}`{inside}."
            " Is there a loop that never ends?"
        )
    return [Answer(exercise.cases[0].name, problem=Problem("stopped", text, where=list(where)))]
