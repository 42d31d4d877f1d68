"""What the captions of a whole data set cost: `python -m checks.kit.bench_captions CAPTIONS.json|.zip`.

Prints the seconds for building the vocabulary and for encoding every caption, on one core, and what they
take in memory. CAPTIONS is a file in COCO's layout, or a zip that holds one.
"""

import json
import sys
import time
import zipfile
from pathlib import Path

import torch

from coursework.learn.pairs import epoch_batches
from coursework.learn.recipe import Recipe
from coursework.views import names_a_side
from coursework.vocabulary import Vocabulary


def captions_in(path: Path) -> list[str]:
    """All captions of a file in COCO's layout."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as file:
            [name] = [name for name in file.namelist() if Path(name).name.startswith("captions_")]
            content = json.loads(file.read(name))
    else:
        content = json.loads(path.read_text(encoding="utf-8"))
    return [annotation["caption"] for annotation in content["annotations"]]


def timed(what: str, work, *args):
    """The result of some work, its seconds printed."""
    started = time.perf_counter()
    result = work(*args)
    print(f"{time.perf_counter() - started:6.2f} s  {what}")
    return result


def main(path: Path) -> None:
    torch.set_num_threads(1)
    captions = captions_in(path)
    recipe = Recipe.load("coco-attn")
    print(f"{len(captions):,} captions")
    vocabulary = timed("vocabulary, minimum count 5", Vocabulary.build, captions, 5)
    ids, lengths = timed("ids", vocabulary.encode_all, captions, recipe.max_words)
    print(f"{len(vocabulary):,} words, ids {tuple(ids.shape)}: {ids.nbytes / 1e6:.0f} MB")
    timed("captions that name a side", lambda: sum(map(names_a_side, captions)))
    batches = timed("the batches of an epoch", epoch_batches, lengths, recipe, 0)
    print(f"{len(batches):,} batches of {recipe.batch_size}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
