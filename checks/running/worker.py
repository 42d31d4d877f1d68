"""The child process: it runs a student's functions, and tells the process that started it what came out.

    python -P -m checks.running.worker SECONDS BYTES PATIENCE DEVICE

The numbers are the limits on one exercise; the device is where it runs.

Orders come in on stdin, a JSON value a line: first the path of the file, then names of exercises. Every
reply is a line of JSON, then as many bytes as its "size" says. The student's code meets an empty stdin,
and what it prints goes to stderr: it cannot come in between.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from checks.answer import pack
from checks.running.watchdog import Limits, frames_of, places_of, watched
from coursework.errors import fault, reason


def main(seconds: str, memory: str, patience: str, device: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Windows sends Ctrl-C to children as well
    orders, replies = private_line()
    worker = Worker(replies, Limits(float(seconds), float(memory), float(patience)), device)
    try:
        from checks.running.runner import require  # torch comes with it, while the parent prepares
    except Exception as error:
        return replies.send("broken", why=f"the checks cannot start: {reason(error)}")
    try:
        require(device)
    except Exception as error:
        why = f"--device {device}: not to be had here ({reason(error)}); use --device cpu"
        return replies.send("broken", why=why)
    replies.send("ready")
    for number, order in enumerate(orders):
        worker.run(json.loads(order)) if number else worker.open(Path(json.loads(order)))


def private_line() -> tuple:
    """The line to the parent, kept from the student's code: orders to read, replies to write."""
    orders = os.fdopen(os.dup(0), encoding="utf-8")
    replies = Replies(os.dup(1))
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True, errors="replace")
    return orders, replies


class Replies:
    """Writes whole replies to the parent."""

    def __init__(self, descriptor: int):
        self.file = os.fdopen(descriptor, "wb")

    def send(self, kind: str, data: bytes = b"", **more) -> None:
        header = json.dumps({"kind": kind, "size": len(data), **more})
        self.file.write(header.encode() + b"\n" + data)
        self.file.flush()


class Worker:
    """Opens one file and runs exercises on it, within the limits."""

    def __init__(self, replies: Replies, limits: Limits, device: str):
        self.replies, self.limits, self.device, self.hand_in = replies, limits, device, None

    def open(self, path: Path) -> None:
        """Reply "opened" with the file's layout and what that asks for; or "problem", and leave."""
        from checks.hand_ins.hand_in import ImportProblem, open_file

        def stop(why: str) -> None:
            lines = [f.f_lineno for f in frames_of(main) if f.f_code.co_filename == str(path)]
            self.leave("problem", why=why, line=lines[-1] if lines else None)

        main = threading.get_ident()
        sys.path.append(str(path.parent))  # for what else the student has written
        try:
            self.hand_in = watched(lambda: open_file(path), stop, self.limits.of_import)
        except ImportProblem as problem:
            where = {"line": problem.line, "exercises": problem.exercises}
            self.leave("problem", why=str(problem), **where)
        except Exception as error:
            self.leave("problem", why=fault(error))
        layout = self.hand_in.layout
        self.replies.send("opened", layout=layout.name, exercises=layout.exercises)

    def run(self, name: str) -> None:
        """Reply with the answers to one exercise; if it has to be stopped, say where, and leave."""
        from checks.running.runner import run

        def stop(why: str) -> None:
            self.leave("stopped", why=why, where=places_of(main, self.hand_in))

        main = threading.get_ident()
        try:
            answers = pack(watched(lambda: run(self.hand_in, name, self.device), stop, self.limits))
        except Exception as error:
            self.leave("stopped", why=fault(error), where=[])
        self.replies.send("answers", answers)

    def leave(self, kind: str, data: bytes = b"", **more) -> None:
        """One last reply, and out, whatever the student's code is still doing."""
        self.replies.send(kind, data, **more)
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
