"""The parent's end of the line to checks/worker.py: starts it, asks it, ends it when it is silent."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from checks.paths import ROOT
from checks.running.watchdog import LIMITS, Limits
from coursework.errors import InputError

START = 300.0  # seconds that importing torch may take, on a slow disk, the first time
GRACE = 5.0  # seconds beyond its limit before a child that does not stop itself is ended


class Died(Exception):
    """The child ended, or had to be ended, instead of answering.

    The message says why, in the words for a student; `where` lists (function, line, text of the line) that
    the student's code was in, outermost first, as far as that is known.
    """

    def __init__(self, why: str, where: Sequence[Sequence] = ()):
        super().__init__(why)
        self.where = [tuple(place) for place in where]


class Child:
    """A process that runs a student's functions. It starts at once, and imports torch meanwhile."""

    def __init__(self, limits: Limits = LIMITS, prints: bool = False, device: str = "cpu"):
        self.limits, self.prints, self.device = limits, prints, device
        self.replies = queue.SimpleQueue()
        numbers = (limits.seconds, limits.memory, limits.patience)
        command = [sys.executable, "-P", "-m", "checks.running.worker"]
        self.process = subprocess.Popen(
            [*command, *map(str, numbers), device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if prints else subprocess.DEVNULL,
            env=environment(device),
            process_group=0,  # Ctrl-C is for this process, which then ends the child
        )
        threading.Thread(target=self._read, daemon=True).start()

    def open(self, path: Path) -> dict:
        """Have it import the file. Returns {"layout", "exercises"}, or "why" it cannot and the "line"."""
        self._reply(START)
        return self._ask(str(path), self.limits.of_import.on_the_clock)[0]

    def run(self, name: str) -> bytes:
        """The packed answers to an exercise. Raises Died."""
        header, data = self._ask(name, self.limits.on_the_clock)
        if header["kind"] == "stopped":
            raise Died(header["why"], header["where"])
        return data

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def another(self) -> "Child":
        """A new one like it."""
        return Child(self.limits, self.prints, self.device)

    def close(self) -> None:
        """End it, whatever it is doing."""
        self.kill()
        self.process.wait()
        self.process.stdin.close()  # stdout is closed by the thread that reads it

    def kill(self) -> None:
        """Kill it with all that it has started, which may hold the line open."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def _ask(self, order: str, seconds: float) -> tuple[dict, bytes]:
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has died: the reader says so
        return self._reply(seconds + GRACE)

    def _reply(self, seconds: float) -> tuple[dict, bytes]:
        try:
            header, data = self.replies.get(timeout=seconds)
        except queue.Empty:
            self.kill()
            raise Died(f"it was still running after {seconds:.3g} s, and had to be ended") from None
        if header is None:
            raise Died(f"it ended the whole process ({ending(self.process.wait())})")
        if header["kind"] == "broken":
            raise InputError(header["why"])
        return header, data

    def _read(self) -> None:
        """In a thread: every reply into the queue; (None, b"") when the line is dead."""
        try:
            while line := self.process.stdout.readline():
                header = json.loads(line)
                self.replies.put((header, self.process.stdout.read(header["size"])))
        except ValueError:
            pass  # closed on our side, or cut short in the middle of a reply
        self.replies.put((None, b""))
        self.process.stdout.close()


def environment(device: str) -> dict[str, str]:
    """One thread, and no GPU unless asked for: the sizes are small, the numbers the same everywhere."""
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS")}
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    alone = {"CUDA_VISIBLE_DEVICES": "-1"} if device == "cpu" else {}
    return {**os.environ, **threads, **alone, "PYTHONPATH": path, "PYTHONUTF8": "1"}


def ending(status: int) -> str:
    """How a process ended, in words."""
    if status < 0:
        return f"killed by signal {-status}"
    return f"exit status {status}"
