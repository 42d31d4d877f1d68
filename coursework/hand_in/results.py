"""What came out of the runs: one record a run, for results.json."""

from math import isfinite
from pathlib import Path
from typing import Any

from coursework.errors import InputError, reason
from coursework.files import read_json
from coursework.run import Run

DAMAGED = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def runs_in(folder: Path) -> tuple[list[dict], list[str]]:
    """A record of every run below `folder`, in the order of their names, and a note on each damaged one."""
    records, notes = [], []
    for settings in sorted(folder.rglob("settings.json")):
        name = settings.parent.relative_to(folder.parent).as_posix()
        try:
            records.append(run_record(settings.parent, name))
            notes += scores_into(records[-1], settings.parent)
        except InputError as error:
            notes.append(f"{name} is left out: {error}")
        except DAMAGED as error:
            notes.append(
                f"{name} is left out, it is damaged: {type(error).__name__} {reason(error)}"
            )
    return records, notes


def run_record(path: Path, name: str) -> dict:
    """What a run is and how far it came. Raises InputError, or one of DAMAGED, for a damaged run.

    Of an overfit, "recall" is the share of its "captions" that came back, "attainable" the share that can;
    of a training, "best_bleu4" is the best validation score, in 0..1.
    """
    run = Run.open(path)
    settings, history = run.settings, run.history
    validation = [*history.get("recall", []), *history["validation"]]
    recalls = [entry["recall"] for entry in validation if "recall" in entry]
    scores = [entry["bleu4"] for entry in validation if "bleu4" in entry]
    bundle = settings["bundle"]
    return {
        "name": name,
        "kind": settings["kind"],
        "cell": settings["cell_type"],
        "recipe": _plain(dict(settings["recipe"])),
        "bundle": {"name": bundle["name"], "fingerprint": bundle["fingerprint"]},
        "steps": len(history["loss"]),
        "finished": bool(history["finished"]),
        "seconds": round(float(history["seconds"]), 1),
        "final_loss": _number(history["loss"][-1]) if history["loss"] else None,
        "recall": _number(recalls[-1]) if recalls else None,
        "attainable": _number(history.get("attainable", 1.0)) if recalls else None,
        "captions": history.get("captions"),
        "best_bleu4": _number(max(scores)) if scores else None,
        "scores": {},
    }


def scores_into(record: dict, path: Path) -> list[str]:
    """Put the scores that `evaluate` left in a run's folder into its record; notes on damaged ones."""
    notes = []
    for file in sorted(path.glob("scores_*.json")):
        split = file.stem.removeprefix("scores_")
        try:
            scores = read_json(file, "scores")
            if not isinstance(scores, dict):
                raise InputError(f"damaged scores {file}: not an object")
            record["scores"][split] = _plain(scores)
        except InputError as error:
            notes.append(f"{record['name']}/{file.name} is left out: {error}")
    return notes


def left_undone(cells: list[str], records: list[dict]) -> list[str]:
    """What is missing of overfitting and training, cell by cell."""
    missing = []
    for cell in cells:
        own = [record for record in records if record["cell"] == cell]
        overfits = [record for record in own if record["kind"] == "overfit"]
        trainings = [record for record in own if record["kind"] == "train"]
        if not any(_all_back(record) for record in overfits):
            best = max((record["recall"] or 0 for record in overfits), default=None)
            missing.append(f"the {cell} cell is not overfitted{_how_far(best)}")
        if not any(record["finished"] for record in trainings):
            begun = f": {trainings[0]['name']} is not finished" if trainings else ""
            missing.append(f"the {cell} cell is not trained{begun}")
    return missing


def _all_back(record: dict) -> bool:
    return record["recall"] is not None and record["recall"] >= (record["attainable"] or 1)


def _how_far(recall: float | None) -> str:
    return "" if recall is None else f" yet: {100 * recall:.0f} % of the captions came back"


def _number(value: Any) -> float | None:
    """A number that JSON knows. Raises TypeError or ValueError for what is none."""
    return float(value) if isfinite(value) else None


def _plain(value: Any) -> Any:
    """The same with None for what JSON has no number for."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value
