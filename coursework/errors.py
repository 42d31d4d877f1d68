"""What is said to the user when something given is wrong. Imports nothing, so that it costs nothing."""


class InputError(Exception):
    """Something the user gave is wrong: the message says in one line what, and what to do."""


def reason(error: BaseException) -> str:
    """Why `error` happened, on one line: the system's words for an OSError, else its text's first line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).splitlines() or [type(error).__name__])[0]
