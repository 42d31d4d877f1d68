"""What is said when something goes wrong. Imports next to nothing: the board must come quickly."""

from pathlib import Path


class InputError(Exception):
    """Something the user gave is wrong: the message says in one line what, and what to do."""


class Elsewhere(InputError):
    """Another of the processes at work has stopped, and has said why: nothing needs to be added."""


def reason(error: BaseException) -> str:
    """Why `error` happened, on one line: the system's words for an OSError, else its text's first line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).splitlines() or [type(error).__name__])[0]


def fault(error: BaseException) -> str:
    """An error that is the kit's own and nobody else's, on one line, with the place where it arose."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = (
        f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})"
        if trace
        else ""
    )
    what = f"{type(error).__name__}: {reason(error)}{place}"
    return f"this is a fault of the checks, not yours, please report it: {what}"
