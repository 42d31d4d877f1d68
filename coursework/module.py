"""The captioning module that all else works with: the kit's own, or a file that --module names."""

from importlib import import_module, util
from pathlib import Path
from types import ModuleType

from coursework.errors import InputError, reason

OWN = Path(__file__).with_name("captioning.py")


def captioning_module(path: Path | None = None) -> ModuleType:
    """The kit's own module, or that of a file. Raises InputError, with the line, if it cannot be imported."""
    file = OWN if path is None else path.resolve()
    if not file.is_file():
        back = (
            "take it from the handout's zip"
            if path is None
            else "--module takes the file with your functions"
        )
        raise InputError(f"no module at {file}: {back}")
    try:
        loaded = import_module("coursework.captioning") if path is None else _imported(file)
    except Exception as error:  # whatever a student's file may raise when it is imported
        line = getattr(error, "lineno", None) or _last_line_in(file, error)
        said = f"{type(error).__name__}: {getattr(error, 'msg', None) or reason(error)}"
        raise InputError(f"{path or file.name}, line {line}: {said}") from error
    if not hasattr(loaded, "CaptioningRNN"):
        raise InputError(
            f"{path or file.name} has no class CaptioningRNN: a captioning.py is needed here"
        )
    return loaded


def _imported(file: Path) -> ModuleType:
    """A file as a module that is not found under any name."""
    spec = util.spec_from_file_location("hand_in", file)
    loaded = util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def _last_line_in(file: Path, error: Exception) -> int | str:
    """The deepest line of a file that an error passed through."""
    line, trace = "?", error.__traceback__
    while trace:
        if Path(trace.tb_frame.f_code.co_filename) == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
