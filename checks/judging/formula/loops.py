"""Functions that run over time, as lines: before the loop, in it, what is handed on, what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from checks.judging.formula.changes import Change, changes
from checks.judging.formula.lines import FORMULAS, parsed
from checks.judging.formula.program import SCOPE, Line, Program, Quantities, needed_for, numbers
from checks.judging.formula.words import NEXT, ORDER, START, STEP


@dataclass(frozen=True)
class Loop:
    """A function that runs over time.

    step     whose formula `step(...)` in a line is; the steps of a backward loop start from those of the
             forward one, see `Tape`
    lines    in their order; those of before the loop, and those handed on, have a prefix in their names
    outputs  computed when the loop is over, of what it has collected
    """

    step: str
    lines: dict[str, str]
    outputs: dict[str, str]
    backward: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self.outputs)


def loop(step: str, before: str, inside: str, handed_on: str, outputs: str, backward=False) -> Loop:
    order = {ORDER: "backwards(T)" if backward else "forwards(T)"}
    starts = {START + name: text for name, text in parsed(before).items()}
    nexts = {NEXT + name: text for name, text in parsed(handed_on).items()}
    lines = order | starts | parsed(inside) | nexts
    return Loop(step, lines, parsed(outputs), backward)


SUMS = """
    dWx = summed(dWx_t)
    dWh = summed(dWh_t)
    db = summed(db_t)
"""
PARTS = """
    dx_t = of(gradients, 'dx')
    dWx_t = of(gradients, 'dWx')
    dWh_t = of(gradients, 'dWh')
    db_t = of(gradients, 'db')
"""
LOOPS = {
    "rnn_forward": loop(
        "rnn_step_forward",
        "prev_h = h0",
        """
        x_t = at(x, t)
        next_h = of(step(x_t, prev_h), 'next_h')
        """,
        "prev_h = next_h",
        "h = stacked(next_h)",
    ),
    "lstm_forward": loop(
        "lstm_step_forward",
        """
        prev_h = h0
        prev_c = zeros(h0)
        """,
        """
        x_t = at(x, t)
        states = step(x_t, prev_h, prev_c)
        next_h = of(states, 'next_h')
        next_c = of(states, 'next_c')
        """,
        """
        prev_h = next_h
        prev_c = next_c
        """,
        "h = stacked(next_h)",
    ),
    "attention_lstm_forward": loop(
        "attention_lstm_step_forward",
        """
        prev_h = middle(A)
        prev_c = middle(A)
        """,
        """
        x_t = at(x, t)
        seen = look(prev_h, A)
        attn = of(seen, 'attn')
        weights_t = of(seen, 'weights')
        states = step(x_t, prev_h, prev_c, attn)
        next_h = of(states, 'next_h')
        next_c = of(states, 'next_c')
        """,
        """
        prev_h = next_h
        prev_c = next_c
        """,
        """
        weights = stacked(weights_t)
        h = stacked(next_h)
        """,
    ),
    "rnn_backward": loop(
        "rnn_step_backward",
        "dprev_h = zeros(at(dh, 0))",
        f"""
        dnext_h = at(dh, t) + dprev_h
        gradients = back(t, dnext_h)
        {PARTS.strip()}
        """,
        "dprev_h = of(gradients, 'dprev_h')",
        f"dx = stacked(dx_t)\n dh0 = dprev_h\n {SUMS.strip()}",
        backward=True,
    ),
    "lstm_backward": loop(
        "lstm_step_backward",
        """
        dprev_h = zeros(at(dh, 0))
        dprev_c = zeros(at(dh, 0))
        """,
        f"""
        dnext_h = at(dh, t) + dprev_h
        dnext_c = dprev_c
        gradients = back(t, dnext_h, dnext_c)
        {PARTS.strip()}
        """,
        """
        dprev_h = of(gradients, 'dprev_h')
        dprev_c = of(gradients, 'dprev_c')
        """,
        f"dx = stacked(dx_t)\n dh0 = dprev_h\n {SUMS.strip()}",
        backward=True,
    ),
    "attention_lstm_backward": loop(
        "attention_lstm_step_backward",
        """
        dprev_h = zeros(at(dh, 0))
        dprev_c = zeros(at(dh, 0))
        """,
        f"""
        dnext_h = at(dh, t) + dprev_h
        dnext_c = dprev_c
        gradients = back(t, dnext_h, dnext_c)
        {PARTS.strip()}
        dWattn_t = of(gradients, 'dWattn')
        dattn = of(gradients, 'dattn')
        look_back = look_gradients(t, dattn)
        dquery = of(look_back, 'dprev_h')
        dA_t = of(look_back, 'dA')
        """,
        """
        dprev_h = of(gradients, 'dprev_h') + dquery
        dprev_c = of(gradients, 'dprev_c')
        """,
        f"""
        dx = stacked(dx_t)
        dA = summed(dA_t) + everywhere(dprev_h + dprev_c) / P
        {SUMS.strip()}
        dWattn = summed(dWattn_t)
        """,
        backward=True,
    ),
}


class Collected(dict):
    """What a quantity was at every step: by t, in the order in which it was computed."""


def stacks(T: int) -> dict:
    """Ways to put what was collected along the second axis; zeros where a step was not computed."""

    def stacked(quantity: Collected, place=lambda t: t) -> np.ndarray:
        nothing = np.zeros_like(next(iter(quantity.values())))
        return np.stack([quantity.get(place(t), nothing) for t in range(T)], axis=1)

    return {
        "stacked": stacked,
        "stacked_backwards": lambda quantity: stacked(quantity, lambda t: T - 1 - t),
        "one_late": lambda quantity: stacked(quantity, lambda t: t - 1),
        "one_early": lambda quantity: stacked(quantity, lambda t: t + 1),
        "last_everywhere": lambda quantity: stacked(quantity, lambda t: T - 1),
    }


OVER_TIME = {
    "at": lambda a, t: a[:, t],
    "of": lambda things, name: things[name],
    "zeros": np.zeros_like,
    "ones": np.ones_like,
    "middle": lambda A: A.mean(axis=2),
    "zeros_of": lambda A: np.zeros(A.shape[:2]),
    "largest": lambda A: A.max(axis=2),
    "all_positions": lambda A: A.sum(axis=2),
    "first_position": lambda A: A[:, :, 0],
    "last_position": lambda A: A[:, :, -1],
    "everywhere": lambda a: a[:, :, None],
    "forwards": lambda T: range(T),
    "backwards": lambda T: range(T - 1, -1, -1),
    "without_first": lambda order: [t for t in order if t != 0],
    "without_last": lambda order: [t for t in order if t != max(order)],
    "summed": lambda quantity: sum(quantity.values()),
    "averaged": lambda quantity: sum(quantity.values()) / len(quantity),
    "computed_last": lambda quantity: list(quantity.values())[-1],
    "computed_first": lambda quantity: list(quantity.values())[0],
    "all_but_last": lambda quantity: sum(list(quantity.values())[:-1]),
    "all_but_first": lambda quantity: sum(list(quantity.values())[1:]),
}


class LoopProgram(Program):
    """A loop that can be run, as it is or with changes in its own lines or in those of its step."""

    def __init__(self, loop: Loop, inputs):
        self.loop, self.inputs, self.changed = loop, tuple(inputs), {}
        self.formula = FORMULAS[loop.step]
        self.targets, self.given, self.peeled = loop.targets, (), ()
        texts = loop.lines | loop.outputs
        self.lines = {name: Line.parsed(text) for name, text in texts.items()}
        self.step = Program(self.formula, ())
        self.looks = {name: Program(FORMULAS[name], ()) for name in LOOKS}
        self.states: dict[int, list[Quantities]] = {}
        self.lines |= {STEP + name: line for name, line in self.step.lines.items()}

    def value(self, known: Quantities, target: str, planted: Mapping[str, Line] | None = None):
        lines = {**self.lines, **(planted or {})}
        try:
            with np.errstate(all="ignore"):
                return numbers(self.run(lines, known, target))
        except Exception:  # shapes that do not fit, or a step before the first
            return None

    def run(self, lines: Mapping[str, Line], known: Quantities, target: str) -> np.ndarray:
        T = known["x"].shape[1]
        scope = {**known, **OVER_TIME, **stacks(T), "T": T}
        scope |= Tape(self, lines, known).functions()

        def compute(name: str, into: str) -> None:
            scope[into] = eval(lines[name].code, SCOPE, scope)

        inside = [
            name for name in self.loop.lines if name != ORDER and not name.startswith((START, NEXT))
        ]
        nexts = [name for name in self.loop.lines if name.startswith(NEXT)]
        for name in self.loop.lines:
            if name.startswith(START):
                compute(name, name.removeprefix(START))
        collected = {name: Collected() for name in inside}
        for t in eval(lines[ORDER].code, SCOPE, scope):
            scope["t"] = t
            for name in inside:
                compute(name, name)
                collected[name][t] = scope[name]
            handed = [eval(lines[name].code, SCOPE, scope) for name in nexts]
            scope |= {name.removeprefix(NEXT): value for name, value in zip(nexts, handed)}
        for name in lines[target].names:
            if name in collected:
                scope[name] = collected[name]
        return eval(lines[target].code, SCOPE, scope)

    def all_values(self, known: Quantities, target: str) -> Quantities:
        return known

    def untouched(self, scope: Quantities, planted) -> Quantities:
        return scope

    def changes(self, target: str, known: Quantities) -> list[Change]:
        """The changes of the loop that may show in an output, then those of its step."""
        arrays = [*self.inputs, *(n for n in self.loop.lines if " " not in n)]
        others = set(self.loop.outputs) - {target}
        own = [n for n in self.lines if n not in others and not n.startswith(STEP)]
        found = [c for name in reversed(own) for c in changes(name, self.lines[name].tree, arrays)]
        steps = self.step.lines
        free = set().union(*(needed_for(t, steps, ()) for t in self.formula.targets))
        for name in [n for n in steps if n in free and n not in self.formula.given]:
            above = [*self.formula.arguments, *list(steps)[: list(steps).index(name)]]
            found += changes(STEP + name, steps[name].tree, above)
        return found


LOOKS = ("dot_product_attention", "dot_product_attention_backward")


class Tape:
    """The steps of a loop, with the lines that they have: forward, and back over what forward gave."""

    def __init__(self, program: LoopProgram, lines: Mapping[str, Line], known: Quantities):
        self.program, self.known = program, known
        self.lines = {n.removeprefix(STEP): line for n, line in lines.items() if n.startswith(STEP)}
        self.weights = {n: known[n] for n in ("Wx", "Wh", "Wattn", "b") if n in known}
        self.sizes = {"N": known["x"].shape[0], "H": known["Wh"].shape[0]}
        self.states: list[Quantities] = []

    def functions(self) -> dict:
        """What the lines of the loop call."""
        found = {"step": self.step, "look": self.look}
        if self.program.loop.backward:
            once = self.program.states  # forward is right, whatever changes in the loop back
            if (key := id(self.known["x"])) not in once:
                once[key] = forward_states(self.program.loop.step, self.known)
            self.states = once[key]
            found |= {"back": self.back, "look_gradients": self.look_gradients, "P": self.positions}
        return found

    @property
    def positions(self) -> int:
        return self.known["A"].shape[2] if "A" in self.known else 1

    def computed(self, scope: Quantities, targets) -> Quantities:
        scope = {**self.weights, **self.sizes, **scope}
        for name, line in self.lines.items():
            scope[name] = eval(line.code, SCOPE, scope)
        return {name: scope[name] for name in targets}

    def step(self, x, prev_h, *more) -> Quantities:
        rest = dict(zip(("prev_c", "attn"), more))
        return self.computed({"x": x, "prev_h": prev_h, **rest}, self.program.formula.targets)

    def look(self, query, A) -> Quantities:
        scope = {"prev_h": query, "A": A, "H": A.shape[1]}
        program = self.program.looks["dot_product_attention"]
        return {name: program.value(scope, name) for name in ("attn", "weights")}

    def back(self, t: int, dnext_h, dnext_c=None) -> Quantities:
        upstream = {"dnext_h": dnext_h, "dnext_c": dnext_c}
        gradients = [n for n in self.lines if n not in self.program.formula.given]
        return self.computed({**self.states[t], **upstream}, gradients)

    def look_gradients(self, t: int, dattn) -> Quantities:
        state = self.states[t]
        scope = {k: state[k] for k in ("prev_h", "weights")} | {
            "A": self.known["A"],
            "dattn": dattn,
        }
        scope["H"] = self.sizes["H"]
        program = self.program.looks["dot_product_attention_backward"]
        return {name: program.value(scope, name) for name in ("dprev_h", "dA")}


def forward_states(step: str, known: Quantities) -> list[Quantities]:
    """What every step of the right forward loop starts from."""
    name = step.replace("_step_backward", "_forward")
    program = LoopProgram(LOOPS[name], known)
    tape, states = Tape(program, program.lines, known), []
    attends = "A" in known
    h = known["A"].mean(axis=2) if attends else known["h0"]
    c = h if attends else np.zeros_like(h)
    for t in range(known["x"].shape[1]):
        state = {"x": known["x"][:, t], "prev_h": h, "prev_c": c}
        more = []
        if "lstm" in name:
            more.append(c)
        if attends:
            state |= tape.look(h, known["A"])
            more.append(state["attn"])
        states.append(state)
        after = tape.step(state["x"], h, *more)
        h, c = after["next_h"], after.get("next_c", c)
    return states
