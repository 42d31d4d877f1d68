"""The notebooks that go into a handout: of its parts, and as if nobody had run them."""

import json
from collections.abc import Collection

from coursework.handout.notebook import tags

NOTEBOOKS = {  # the part without which a notebook makes no sense; None: always there
    "0_tour.ipynb": None,
    "1_rnn.ipynb": "rnn",
    "2_lstm.ipynb": "lstm",
    "3_attention.ipynb": "attention",
    "4_bptt.ipynb": "bptt",
}
NEEDS = "needs:"  # a tag: the cell makes sense only with that part


def notebooks_for(parts: Collection[str]) -> list[str]:
    """The names of the notebooks that a handout of these parts has."""
    return [name for name, part in NOTEBOOKS.items() if part is None or part in parts]


def pruned(text: str, parts: Collection[str]) -> str:
    """A notebook without the cells of other parts, without outputs, and without traces of a run.

    A cell tagged needs:lstm stays where lstm is among the parts; one with several such tags needs all.
    """
    notebook = json.loads(text)
    notebook["cells"] = [
        fresh(cell)
        for cell in notebook["cells"]
        if all(tag.removeprefix(NEEDS) in parts for tag in tags(cell) if tag.startswith(NEEDS))
    ]
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def fresh(cell: dict) -> dict:
    """A cell as if it had never been run: its tags are all that is kept of its metadata."""
    kept = {key: value for key, value in cell.items() if key not in ("metadata", "outputs")}
    kept["metadata"] = {"tags": tags(cell)} if tags(cell) else {}
    if cell["cell_type"] == "code":
        kept |= {"outputs": [], "execution_count": None}
    return dict(sorted(kept.items()))
