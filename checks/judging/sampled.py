"""How sampled captions that no known mistake gives differ from the right ones, column by column."""

from collections.abc import Sequence

import numpy as np

from checks.answer import Answer
from checks.cases import Case, Exercise
from checks.judging.compare import same


def sampled(exercise: Exercise, given: Sequence[Answer], right: Sequence[Answer]) -> str:
    """What the captions show of the loop that made them, in a sentence or more; "" for nothing."""
    cases = {case.name: case for case in exercise.cases}
    expected = {answer.case: answer.outputs for answer in right}
    looks = {
        answer.case: Columns(cases[answer.case], answer.outputs, expected[answer.case])
        for answer in given
        if answer.outputs.get("captions", np.zeros(0)).shape
        == expected.get(answer.case, {}).get("captions", np.zeros(1)).shape
    }
    plain = looks.get("plain")
    if plain is None or same(plain.got, plain.wanted):
        return ""
    if plain.stop == 0:
        said = ["`captions` holds NULL everywhere: no word that is chosen is stored in it."]
    else:
        said = [plain.first(), plain.ends(looks.get("one row"))]
    if any(said) and plain.no_weights():
        said.append("`weights` is zero everywhere: none of them is stored.")
    return " ".join(filter(None, said))


class Columns:
    """The captions of a case, what came and what should have.

    late: 1 if column 0 holds START or is skipped, so that words begin in column 1, else 0.
    stop: the column from which on all is NULL, the last words of the right captions not being NULL.
    """

    def __init__(self, case: Case, outputs: dict[str, np.ndarray], expected: dict[str, np.ndarray]):
        words = case.settings["words"]
        self.null, self.start = words.index("<NULL>"), words.index("<START>")
        self.outputs, self.expected = outputs, expected
        self.got, self.wanted = outputs["captions"], expected["captions"]
        rows, self.length = self.got.shape
        column = self.got[:, 0]
        self.all_start = bool((column == self.start).all())
        self.row_0 = rows > 1 and column[0] == self.start and bool((column[1:] == self.null).all())
        self.skipped = bool((column == self.null).all())
        written = np.flatnonzero((self.got != self.null).any(axis=0))
        self.stop = int(written[-1]) + 1 if len(written) else 0
        begun = not (self.wanted[:, 0] == column).all()
        there = np.array_equal(self.got[:, : self.stop], self.wanted[:, : self.stop])
        late = np.array_equal(self.got[:, 1 : self.stop], self.wanted[:, : max(self.stop - 1, 0)])
        marked = self.all_start or self.row_0 or self.skipped
        self.late = int(marked and not there and (begun or late))

    @property
    def count(self) -> int:
        """How many words an image has, from the first on, if these are right; else -1."""
        count = self.stop - self.late
        words = self.got[:, self.late : self.stop]
        return count if np.array_equal(words, self.wanted[:, :count]) else -1

    def first(self) -> str:
        """What stands in column 0, where words begin in column 1."""
        if not self.late:
            return ""
        if self.all_start:
            there = "Column 0 of `captions` holds START"
        elif self.row_0:
            there = (
                "Column 0 of `captions` holds START for image 0 and NULL for the others (`captions[0]` is"
                " the caption of image 0, `captions[:, 0]` a column)"
            )
        else:
            there = "Column 0 of `captions` holds NULL"
        if self.count < 0:
            return f"{there}; it should hold the first word chosen. The words after it are wrong as well."
        return f"{there}, and every word stands one column late: column 0 is for the first word chosen."

    def ends(self, one_row: "Columns | None") -> str:
        """That the loop ends too early, and after how many words."""
        if self.count < 1 or self.stop >= self.length:
            return ""
        if (self.wanted[:, self.count : self.length - self.late] == self.null).all():
            return ""  # all captions have ended by then
        said = f"From column {self.stop} on there is NULL: no more than {self.count} words are sampled."
        if (
            self.count == len(self.got)
            and one_row
            and one_row.count == 1
            and one_row.stop < one_row.length
        ):
            said += " That is the number of images, N: the loop should run over max_length."
        return said

    def no_weights(self) -> bool:
        got = self.outputs.get("weights")
        return got is not None and got.size > 0 and not got.any()
