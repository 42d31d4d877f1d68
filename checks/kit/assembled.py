"""Hand-ins for the tests: other right ways to write the functions, and mistakes planted in them.

variants/*.py hold functions in the kit's layout, each file some of them; `CaptioningRNN_forward`
and `CaptioningRNN_sample` stand for the methods. layouts/*.py are whole files of other courses.
"""

import ast
from functools import cache
from pathlib import Path

from checks.cases import EXERCISES
from checks.hand_ins.hand_in import HandIn, open_file
from checks.hand_ins.layouts import LAYOUTS, FunctionsLayout
from coursework import captioning

HERE = Path(__file__).parent
REFERENCE = Path(captioning.__file__).read_text(encoding="utf-8")
VARIANTS = sorted(path.stem for path in (HERE / "variants").glob("*.py"))
OTHERS = sorted(
    p.stem for p in (HERE / "layouts").glob("*_*.py") if p.stem.split("_")[0] in LAYOUTS
)
METHODS = {f"CaptioningRNN_{name}": f"CaptioningRNN.{name}" for name in ("forward", "sample")}


@cache
def text(stem: str) -> str:
    """What a file of variants/ or layouts/ holds."""
    return (HERE / folder(stem) / f"{stem}.py").read_text(encoding="utf-8")


def folder(stem: str) -> str:
    return "layouts" if stem in OTHERS else "variants"


def layout(stem: str) -> str:
    """ "kit", "functions" or "methods"."""
    return stem.split("_")[0] if stem in OTHERS else "kit"


def planted_text(stem: str, old: str, new: str) -> str:
    """The file with old replaced. Raises ValueError unless old stands there exactly once."""
    whole = text(stem)
    if whole.count(old) != 1:
        raise ValueError(f"{stem} has {old!r} {whole.count(old)} times")
    return whole.replace(old, new)


def source(variant: str) -> str:
    """A whole module in the kit's layout: the reference, and the text of a variant in its place."""
    methods = [f"{METHODS[name]} = {name}" for name in defined(variant) if name in METHODS]
    return "\n\n".join([REFERENCE, variant, *methods, ""])


def hand_in(module: str, path: Path) -> HandIn:
    """The hand-in whose source is `module`, as if a student's file; it is written to that path."""
    path.write_text(module, encoding="utf-8")
    return open_file(path)


def defined(variant: str) -> list[str]:
    """The functions that a variant defines at top level."""
    return [node.name for node in ast.parse(variant).body if isinstance(node, ast.FunctionDef)]


def touched(variant: str) -> list[str]:
    """The exercises whose functions a variant defines, and all those that call such, in order."""
    functions = {METHODS.get(name, name) for name in defined(variant)}
    found = []
    for exercise in EXERCISES.values():  # what an exercise needs comes before it
        if exercise.function in functions or set(exercise.needs) & set(found):
            found.append(exercise.name)
    return found


def exercises(stem: str) -> list[str]:
    """The exercises that a right file is to pass."""
    return list(FunctionsLayout.exercises) if stem in OTHERS else touched(text(stem))
