"""A limit on time and memory for code that may never come to an end."""

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
INTERVAL = 0.05  # seconds between two looks


@dataclass(frozen=True)
class Limits:
    """What one exercise may take: seconds, and bytes of memory on top of what was in use before.

    The seconds are those of the processor: on a busy computer right code takes long, too. On the clock,
    `patience` times as many may pass.
    """

    seconds: float = 10.0
    memory: float = 2 * 2**30
    patience: float = 6.0

    @property
    def on_the_clock(self) -> float:
        """Seconds after which even what computes little is stopped: it may sleep, or wait for ever."""
        return self.patience * self.seconds

    @property
    def of_import(self) -> "Limits":
        """What importing the file may take: libraries may come with it. On the clock, no more."""
        return Limits(3 * self.seconds, self.memory, max(1.0, self.patience / 3))


LIMITS = Limits()


def watched(work: Callable[[], T], stop: Callable[[str], None], limits: Limits) -> T:
    """The result of `work()`; if it goes beyond the limits, `stop(why)` is called from another thread.

    It is called again every second until `work` ends, and never after this function has returned.
    """
    dog = _Watchdog(stop, limits)
    dog.start()
    try:
        result = work()
    finally:
        dog.done = True  # a plain store: an interrupt that `stop` sent cannot come in between
    dog.bell.set()
    dog.join()
    return result


class _Watchdog(threading.Thread):
    def __init__(self, stop: Callable[[str], None], limits: Limits):
        super().__init__(daemon=True)
        self.stop, self.limits = stop, limits
        self.done, self.bell = False, threading.Event()
        self.started, self.before = time.monotonic(), memory_in_use()
        self.computed = time.process_time()

    def run(self) -> None:
        pause = INTERVAL
        while not self.bell.wait(pause) and not self.done:
            if (why := self.excess()) and not self.done:
                self.stop(why)
                pause = 1.0

    def excess(self) -> str:
        """Which limit is exceeded, in words; empty if none is."""
        if memory_in_use() - self.before > self.limits.memory:
            return f"it took more than {self.limits.memory / 2**30:.2g} GB of memory"
        ran, computed = time.monotonic() - self.started, time.process_time() - self.computed
        if min(ran, computed) >= self.limits.seconds:  # threads may compute more than there is time
            return f"it was still running after {self.limits.seconds:.3g} s"
        if ran > self.limits.on_the_clock:
            return (
                f"it was still running after {ran:.3g} s, {computed:.1f} s of them at work"
                " (does it wait for something, or is the computer busy? try again)"
            )
        return ""


def frames_of(thread: int | None) -> list[FrameType]:
    """The frames of a running thread, outermost first."""
    frames, frame = [], sys._current_frames().get(thread)
    while frame:
        frames.append(frame)
        frame = frame.f_back
    return frames[::-1]


def places_of(thread: int | None, hand_in) -> list[tuple[str, int, str]]:
    """Where a thread is in a hand-in's files: (function, line, its text), outermost first."""
    frames = [frame for frame in frames_of(thread) if hand_in.holds(frame)]
    return [hand_in.place(frame, frame.f_lineno) for frame in frames]


def memory_in_use() -> int:
    """Bytes of memory that this process holds now; where the system does not tell, the most it ever held."""
    if sys.platform == "win32":
        return _memory_on_windows()
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


class _Counters(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS of the Windows API."""

    _fields_ = [("cb", ctypes.c_ulong), ("PageFaultCount", ctypes.c_ulong)] + [
        (name, ctypes.c_size_t)
        for name in (
            "PeakWorkingSetSize",
            "WorkingSetSize",
            "QuotaPeakPagedPoolUsage",
            "QuotaPagedPoolUsage",
            "QuotaPeakNonPagedPoolUsage",
            "QuotaNonPagedPoolUsage",
            "PagefileUsage",
            "PeakPagefileUsage",
        )
    ]


def _memory_on_windows() -> int:
    counters = _Counters(cb=ctypes.sizeof(_Counters))
    kernel = ctypes.windll.kernel32
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel.GetCurrentProcess())
    kernel.K32GetProcessMemoryInfo(process, ctypes.byref(counters), counters.cb)
    return counters.PagefileUsage
