"""The functions that a notebook means: its own, those of a file it imported, or those of captioning.py."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import CodeType

from checks.hand_ins.hand_in import HandIn, ImportProblem, KitLayout, open_file
from checks.paths import OWN
from coursework.errors import InputError

CHANGED = (
    "The file has changed since the notebook imported it; this is about the file as it is now."
    " To use it as it is now, run the cell with the import again, after"
    " `importlib.reload` or a restart."
)
_opened: dict[Path, tuple[tuple[int, int], HandIn]] = {}


def name_of(what: Callable | str) -> str:
    """The name of a function, method or class. Raises InputError for what is none."""
    if isinstance(what, str):
        return what
    name = getattr(_plain(what), "__qualname__", None)
    if not name:
        raise InputError(f"a function or its name is needed here, not {type(what).__name__}")
    return name.split("<locals>.")[-1]


def hand_ins_of(what: Sequence[Callable | str]) -> Iterator[tuple[HandIn, list[str], list[str]]]:
    """Hand-ins, the exercises wanted of each, and notes. InputError: a file that does not import."""
    names = [each for each in what if isinstance(each, str)]
    if names or not what:
        yield opened(OWN), names, []
    functions = [each for each in what if not isinstance(each, str)]
    homes = {id(home): home for home in map(_home, functions)}
    for home in homes.values():
        group = [function for function in functions if _home(function) is home]
        if file := _file_of(home, group):
            hand_in = opened(file)
            changed = any(_differs(function, hand_in.layout.namespace) for function in group)
        else:
            hand_in, changed = in_notebook(home, group), False
        yield hand_in, [name_of(function) for function in group], [CHANGED] if changed else []


def opened(path: Path) -> HandIn:
    """A file as it is now. Raises InputError with line and reason if it cannot be imported."""
    path = path.resolve()
    try:
        state = path.stat()
        stamp = (state.st_mtime_ns, state.st_size)
        if path not in _opened or _opened[path][0] != stamp:
            _opened[path] = (stamp, open_file(path))
    except (OSError, ImportProblem) as problem:
        line = getattr(problem, "line", None)
        where = f"{path.name}, line {line}" if line else str(path)
        raise InputError(f"{where}: {problem}") from problem
    return _opened[path][1]


def in_notebook(namespace: dict, functions: Sequence[Callable]) -> HandIn:
    """The functions of a notebook; what it lacks is taken from captioning.py, if that can be imported."""
    merged, files = dict(namespace), set()
    with suppress(InputError):
        own = opened(OWN)
        merged, files = {**own.layout.namespace, **namespace}, own.files
    merged |= {name_of(each): each for each in functions if "." not in name_of(each)}
    hand_in = HandIn(namespace, KitLayout(merged))
    hand_in.files |= files
    return hand_in


def _plain(what: Callable) -> Callable:
    """Without what binds or decorates it."""
    return inspect.unwrap(getattr(what, "__func__", what))


def _home(what: Callable) -> dict:
    """The globals that a function, or the methods of a class, look into."""
    if inspect.isclass(what):
        what = next((part for part in vars(what).values() if inspect.isfunction(part)), what)
    return getattr(_plain(what), "__globals__", {})


def _file_of(home: dict, functions: Sequence[Callable]) -> Path | None:
    """The file that functions were imported from, if it would have them when imported anew."""
    file, local = home.get("__file__"), any("<locals>" in _plain(f).__qualname__ for f in functions)
    if file and not local and home.get("__name__") != "__main__" and Path(file).is_file():
        return Path(file)
    return None


def _differs(function: Callable, namespace: dict) -> bool:
    """Whether what was imported does something else than what stands in the file now."""
    now = namespace
    for part in name_of(function).split("."):
        now = now.get(part) if isinstance(now, dict) else getattr(now, part, None)
    before, after = (getattr(_plain(each), "__code__", None) for each in (function, now))
    return before is not None and (after is None or _does(before) != _does(after))


def _does(code: CodeType) -> tuple:
    """What a function does, wherever it stands and whatever its docstring says."""
    constants = [_does(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, tuple(constants[1:])
