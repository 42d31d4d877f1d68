"""The captioner's formulas: what its lines call are functions that are right, and the given layers."""

from functools import cached_property

import numpy as np

from checks.judging.formula.loops import LOOPS, LoopProgram, stacks
from checks.judging.formula.program import Program, Quantities
from checks.judging.formula.quantities import log_softmax, pick

SEQUENCE = {"rnn": "rnn_forward", "lstm": "lstm_forward", "attn": "attention_lstm_forward"}
NAMES = {  # in the formulas, of the captioner's parameters
    "word_embedding.W_embed": "W_embed",
    "image_projection.weight": "W_image",
    "image_projection.bias": "b_image",
    "vocabulary_projection.weight": "W_words",
    "vocabulary_projection.bias": "b_words",
    **{f"cell.{name}": name for name in ("Wx", "Wh", "Wattn", "b")},
}


class Layers:
    """The given layers of one captioner, and slips in their use."""

    def __init__(self, cell: str, known: Quantities):
        self.cell_type, self.known = cell, known

    def functions(self) -> dict:
        names = [name for name in vars(Layers) if not name.startswith("_") and name != "functions"]
        return {name: getattr(self, name) for name in names}

    def word_embedding(self, words):
        return self.known["W_embed"][words]

    def without_bias(self, image):
        return np.moveaxis(np.moveaxis(image, 1, -1) @ self.known["W_image"].T, -1, 1)

    def image_projection(self, image):
        """Of (N,C), or at every position of (N,C,P)."""
        bias = self.known["b_image"]
        return self.without_bias(image) + (bias[:, None] if image.ndim == 3 else bias)

    def no_bias(self, h):
        return h @ self.known["W_words"].T

    def vocabulary_projection(self, h):
        return self.no_bias(h) + self.known["b_words"]

    def cell(self, x, image):
        """The states of all steps."""
        inputs = {**self.known, "x": x, "T": x.shape[1]}
        inputs["A" if self.cell_type == "attn" else "h0"] = image
        return self._program.value(inputs, "h")

    @cached_property
    def _program(self) -> LoopProgram:
        return LoopProgram(LOOPS[SEQUENCE[self.cell_type]], self.known)

    def one_step_late(self, h, image):
        before = image.mean(axis=2) if image.ndim == 3 else image
        return np.concatenate([before[:, None], h[:, :-1]], axis=1)

    def last_for_all(self, h):
        return np.broadcast_to(h[:, -1:], h.shape)

    def all_start(self, captions):
        return np.full(captions[:, 1:].shape, self.known["START"])

    def temporal_softmax_loss(self, scores, targets, ignored):
        counted = pick(log_softmax(scores, 2), targets) * (targets != ignored)
        return -counted.sum() / len(scores)

    def all_of(self, word):
        return np.full(self.known["N"], word)

    def never(self):
        return np.zeros(self.known["N"], dtype=bool)

    def after_start(self, quantity):
        """What was collected, one column later, with START in the first."""
        late = stacks(self.known["T"])["one_late"](quantity)
        late[:, 0] = self.known["START"]
        return late


class Tools:
    """The layers' functions, made once for each case."""

    def __init__(self, cell: str):
        self.cell, self.made = cell, {}

    def __call__(self, known: Quantities) -> dict:
        key = id(known["W_embed"]), known["N"], known["T"]
        if key not in self.made:
            self.made[key] = Layers(self.cell, known).functions()
        return self.made[key]


class Teaching(Program):
    """CaptioningRNN.forward with a cell."""

    def __init__(self, cell: str, formula, inputs):
        super().__init__(formula, inputs)
        self.tools = Tools(cell)
        self.costs = {"h": {"rnn": 30, "lstm": 70, "attn": 150}[cell]}  # all steps of a cell


class Sampling(LoopProgram):
    """CaptioningRNN.sample with a cell."""

    def __init__(self, cell: str, loop, inputs):
        super().__init__(loop, inputs)
        self.tools = Tools(cell)


def known_of(settings: dict, parameters: dict[str, np.ndarray]) -> Quantities:
    """Parameters and ids, as the formulas name them; -1 is the id of no word."""
    words = settings["words"]
    known = {NAMES[name]: array for name, array in parameters.items() if name in NAMES}
    known |= {word.strip("<>"): words.index(word) for word in words if word.startswith("<")}
    known["T"] = settings.get("max_length") or 15
    return known
