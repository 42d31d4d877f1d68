"""What came out of a case, as data: it travels from the process that ran the student's code."""

import io
import json
from dataclasses import asdict, dataclass, field

import numpy as np


@dataclass
class Problem:
    """Why there is no output: kind is one of

    unwritten    nothing there yet
    raised       an exception; `type`, `message`, and `where` it passed through the student's file
    returned     something else than the outputs asked for
    structure    code that was given has been changed
    stopped      it did not come to an end, took too much memory, or ended the whole process

    `where` lists (function, line, text of the line), outermost first, the student's file only;
    `arguments` what each of these was called with. `expression` is the part of the last line that
    raised, `seen` the variables in it, as checks/running/evidence.py describes them.
    """

    kind: str
    message: str = ""
    type: str = ""
    where: list[tuple[str, int, str]] = field(default_factory=list)
    arguments: list[dict[str, dict]] = field(default_factory=list)
    expression: str = ""
    seen: dict[str, dict] = field(default_factory=dict)


@dataclass
class Answer:
    """The outcome of one case.

    outputs            by name, as the student's code returned them
    dtypes             of the outputs: "float64", "int64", ...
    gradients          autograd's, of sum(upstream * output), for each input that it reached
    numeric            central differences of the student's own forward along a fixed direction, with
                       what each gradient returned says of it: name -> [difference, said]
    changed            inputs that are not what they were before the call
    keeps_graph        an output that should not, holds on to a gradient graph
    builds_graph       a gradient graph was built, perhaps for nothing
    side_effects       what the call did besides, a sentence each
    unsteady           why another call with the same arguments may give something else; "": it does not
    given              what given code was changed to do, that changes what came out here
    layers             what is to be said of its layers, if something is wrong
    notes              what else was seen, a sentence each; it does no harm
    cut_short          sampling stopped early, and what it left out was filled up with NULL
    problem            why outputs are missing
    gradient_problem   why gradients are missing
    """

    case: str
    outputs: dict[str, np.ndarray] = field(default_factory=dict)
    dtypes: dict[str, str] = field(default_factory=dict)
    gradients: dict[str, np.ndarray] = field(default_factory=dict)
    numeric: dict[str, list[float]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    keeps_graph: bool = False
    builds_graph: bool = False
    cut_short: bool = False
    layers: str = ""
    side_effects: list[str] = field(default_factory=list)
    unsteady: str = ""
    given: str = ""
    notes: list[str] = field(default_factory=list)
    problem: Problem | None = None
    gradient_problem: Problem | None = None


def pack(answers: list[Answer]) -> bytes:
    """Answers as the bytes of an .npz without pickle."""
    arrays, records = {}, []
    for number, answer in enumerate(answers):
        for kind in ("outputs", "gradients"):
            for name, array in getattr(answer, kind).items():
                arrays[f"{number}/{kind}/{name}"] = array
        bare = {key: getattr(answer, key) for key in answer.__dataclass_fields__}
        bare |= {"outputs": {}, "gradients": {}}
        for key in ("problem", "gradient_problem"):
            bare[key] = asdict(bare[key]) if bare[key] else None
        records.append(bare)
    file = io.BytesIO()
    np.savez(file, records=np.array(json.dumps(records)), **arrays)
    return file.getvalue()


def unpack(data: bytes) -> list[Answer]:
    """The inverse of pack. Raises ValueError for bytes that are none such."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        answers = [Answer(**record) for record in json.loads(str(file["records"]))]
        for answer in answers:
            for key in ("problem", "gradient_problem"):
                if record := getattr(answer, key):
                    record["where"] = [tuple(place) for place in record["where"]]
                    setattr(answer, key, Problem(**record))
        for key in file.files:
            if key != "records":
                number, kind, name = key.split("/", 2)
                getattr(answers[int(number)], kind)[name] = file[key]
    return answers
