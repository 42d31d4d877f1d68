"""Functions that run over time, as lines: before the loop, in it, what is handed on, what comes out."""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from checks.judging.formula.changes import Change, changes
from checks.judging.formula.lines import FORMULAS, IMAGE, parsed
from checks.judging.formula.program import (
    Line,
    Program,
    Quantities,
    needed_for,
    numbers,
)
from checks.judging.formula.words import NEXT, ORDER, START, STEP


@dataclass(frozen=True)
class Loop:
    """A function that runs over time.

    step     whose formula `step(...)` in a line is; the steps of a backward loop start from those of the
             forward one, see `Tape`
    lines    in their order; those of before the loop, and those handed on, have a prefix in their names
    outputs  computed when the loop is over, of what it has collected
    alone    the step is another function's: nothing in it is changed
    """

    step: str
    lines: dict[str, str]
    outputs: dict[str, str]
    backward: bool = False
    alone: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self.outputs)


def loop(step: str, before: str, inside: str, handed_on: str, outputs: str, **kind) -> Loop:
    backward = kind.get("backward", False)
    order = {ORDER: "backwards(T)" if backward else "forwards(T)"}
    starts = {START + name: text for name, text in parsed(before).items()}
    nexts = {NEXT + name: text for name, text in parsed(handed_on).items()}
    lines = order | starts | parsed(inside) | nexts
    return Loop(step, lines, parsed(outputs), **kind)


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
STATES = {  # of each cell: before the first step, in a step, handed on
    "rnn": (
        "prev_h = image",
        "next_h = of(step(x, prev_h), 'next_h')",
        "prev_h = next_h",
    ),
    "lstm": (
        "prev_h = image\n prev_c = zeros(image)",
        "states = step(x, prev_h, prev_c)\n{}",
        "prev_h = next_h\n prev_c = next_c",
    ),
    "attn": (
        "prev_h = middle(image)\n prev_c = middle(image)",
        "seen = look(prev_h, image)\n attn = of(seen, 'attn')\n weights_t = of(seen, 'weights')\n"
        " states = step(x, prev_h, prev_c, attn)\n{}",
        "prev_h = next_h\n prev_c = next_c",
    ),
}
BOTH = " next_h = of(states, 'next_h')\n next_c = of(states, 'next_c')"
STEP_OF = {
    "rnn": "rnn_step_forward",
    "lstm": "lstm_step_forward",
    "attn": "attention_lstm_step_forward",
}


def sampling(cell: str) -> Loop:
    before, inside, after = STATES[cell]
    weights = "weights = until_end(stacked(weights_t), captions, END)" if cell == "attn" else ""
    return loop(
        STEP_OF[cell],
        f"image = {IMAGE[cell]}\n{before}\n word = all_of(START)\n ended = never()",
        f"x = word_embedding(word)\n{inside.format(BOTH)}\n scores = vocabulary_projection(next_h)\n"
        " best = argmax(scores)\n said = unless(ended, best, NULL)",
        f"{after}\n word = said\n ended = either(ended, equal(said, END))",
        f"captions = stacked(said)\n {weights}",
        alone=True,
    )


LOOPS |= {f"CaptioningRNN.sample[{cell}]": sampling(cell) for cell in STATES}


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
        "zeros_but_last": lambda quantity: stacked(quantity, lambda t: t if t == T - 1 else None),
    }


OVER_TIME = {
    "of": lambda things, name: things[name],
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


UNSEEN = {ORDER, "gradients", "states", "seen", "look_back"}  # lines that hold no array
RETURNED = {"h": "next_h", "dh0": "dprev_h"}  # what of a step shows in an output


class LoopProgram(Program):
    """A loop that can be run, as it is or with changes in its own lines or in those of its step."""

    def __init__(self, loop: Loop, inputs):
        self.loop, self.inputs, self.effort = loop, tuple(inputs), 0
        self.formula = FORMULAS[loop.step]
        self.targets, self.given, self.peeled = loop.targets, (), ()
        texts = loop.lines | loop.outputs
        self.lines = {name: Line.parsed(text) for name, text in texts.items()}
        self.step = Program(self.formula, ())
        self.looks = {name: Program(FORMULAS[name], ()) for name in LOOKS}
        self.states: dict[int, list[Quantities]] = {}
        self.lines |= {STEP + name: line for name, line in self.step.lines.items()}
        self.inside = [n for n in loop.lines if n != ORDER and not n.startswith((START, NEXT))]

    def value(
        self,
        known: Quantities,
        target: str,
        planted: Mapping[str, Line] | None = None,
        steps: int | None = None,
    ):
        """The target; of only so many steps, in the order of the loop, the others being zeros."""
        lines = {**self.lines, **(planted or {})}
        try:
            with np.errstate(all="ignore"):
                return numbers(self.run(lines, known, target, steps))
        except Exception:  # shapes that do not fit, or a step before the first
            return None

    def run(
        self, lines: Mapping[str, Line], known: Quantities, target: str, steps: int | None
    ) -> np.ndarray:
        T = known["T"]
        scope = {**self.tools(known), **OVER_TIME, **stacks(T), **known}
        needed = self.needed(lines, target)
        tape = Tape(self, lines, known, needed)
        scope |= tape.functions()
        for name in self.loop.lines:
            if name.startswith(START) and name in needed:
                scope[name.removeprefix(START)] = lines[name].value(scope)
        nexts = [name for name in self.loop.lines if name.startswith(NEXT) and name in needed]
        inside = [name for name in self.inside if name in needed]
        collected = {name: Collected() for name in inside}
        for t in list(lines[ORDER].value(scope))[:steps]:
            scope["t"] = t
            self.effort += len(inside) + len(nexts) + len(tape.steps)
            for name in inside:
                scope[name] = collected[name][t] = lines[name].value(scope)
            handed = [lines[name].value(scope) for name in nexts]
            scope |= {name.removeprefix(NEXT): value for name, value in zip(nexts, handed)}
        for name in lines[target].names:
            if name in collected:
                scope[name] = collected[name]
        return lines[target].value(scope)

    def needed(self, lines: Mapping[str, Line], target: str) -> set[str]:
        """The lines of the loop that a target goes back to."""
        found, waiting = set(), [target]
        while waiting:
            for name in lines[waiting.pop()].names:
                for line in (name, START + name, NEXT + name):
                    if line in self.loop.lines and line not in found:
                        found.add(line)
                        waiting.append(line)
        return found

    def all_values(self, known: Quantities, target: str) -> Quantities:
        return known

    def untouched(self, scope: Quantities, planted) -> Quantities:
        return scope

    def changes(
        self, target: str, known: Quantities, alternatives, right=(), part: str = "own"
    ) -> Iterator[Change]:
        """The changes of the loop that may show in an output, or (part: "step") those of its step.

        right: outputs that came out right; what would show in these is left out of the step.
        """
        quantities = (n for n in self.loop.lines if " " not in n and n not in UNSEEN)
        arrays = [*self.inputs, *quantities]
        arrays += [n.removeprefix(START) for n in self.loop.lines if n.startswith(START)]
        others = set(self.loop.outputs) - {target}
        own = [n for n in self.lines if n not in others and not n.startswith(STEP)]
        needed = self.needed(self.lines, target) | {target, ORDER}
        for name in [n for n in reversed(own) if n in needed and part == "own"]:
            yield from changes(
                name, self.lines[name].tree, list(dict.fromkeys(arrays)), alternatives
            )
        if self.loop.alone or part == "own":
            return
        steps, inner = self.step.lines, self.formula.targets
        free = set().union(*(needed_for(t, steps, ()) for t in inner))
        for output in right:
            shows = RETURNED.get(output, output)
            free -= needed_for(shows, steps, self.formula.given) if shows in steps else set()
        for name in [n for n in steps if n in free and n not in self.formula.given]:
            above = [*self.formula.arguments, *list(steps)[: list(steps).index(name)]]
            yield from changes(STEP + name, steps[name].tree, above, alternatives)

    def glimpse(
        self, some: Sequence[Change], lines, target: str, known: Quantities
    ) -> tuple[np.ndarray | None, list[int]] | None:
        """What changes give at the two steps that are computed first (of the step alone: at one), and
        which these are; None where only the whole will do.
        """
        if not self.loop.outputs[target].startswith("stacked") or known["T"] < 3:
            return None
        if any(change.name in (ORDER, target) for change in some):
            return None
        steps = 1 if any(change.name.startswith(STEP) for change in some) else 2
        order = list(self.lines[ORDER].value({**OVER_TIME, **known}))[:steps]
        value = self.value(known, target, lines, steps=steps)
        return (None if value is None else value[:, order]), order


SIZES_OF_STEP = ("N", "H", "D")
LOOKS = ("dot_product_attention", "dot_product_attention_backward")


class Tape:
    """The steps of a loop, with the lines that they have: forward, and back over what forward gave.

    needed: the lines of the loop that are computed; what they take of a step is all that is made there.
    """

    def __init__(
        self,
        program: LoopProgram,
        lines: Mapping[str, Line],
        known: Quantities,
        needed: Collection[str] | None = None,
    ):
        self.program, self.known = program, known
        self.lines = {n.removeprefix(STEP): line for n, line in lines.items() if n.startswith(STEP)}
        self.weights = {n: known[n] for n in ("Wx", "Wh", "Wattn", "b") if n in known}
        self.sizes = {name: known[name] for name in SIZES_OF_STEP if name in known}
        self.states: list[Quantities] = []
        taken = set(program.formula.targets)
        if needed is not None:
            taken = {text for name in needed for text in strings(lines[name].tree)}
        self.taken = taken & self.lines.keys()
        given = program.formula.given if program.loop.backward else ()
        needed_lines = set().union(*(needed_for(n, self.lines, given) for n in self.taken))
        self.steps = [name for name in self.lines if name in needed_lines - set(given)]

    def functions(self) -> dict:
        """What the lines of the loop call."""
        found = {"step": self.step, "look": self.look}
        if self.program.loop.backward:
            once = self.program.states  # forward is right, whatever changes in the loop back
            if (key := id(self.known["x"])) not in once:
                states = forward_states(self.program.loop.step, self.known)
                once[key] = [self.with_given(state) for state in states]
            self.states = once[key]
            found |= {"back": self.back, "look_gradients": self.look_gradients}
        return found

    def with_given(self, state: Quantities) -> Quantities:
        """The state with what the forward step made of it."""
        scope = {**self.weights, **self.sizes, **state}
        for name in self.program.formula.given:
            scope[name] = self.lines[name].value(scope)
        return scope

    def computed(self, scope: Quantities) -> Quantities:
        scope = {**self.weights, **self.sizes, **scope}
        for name in self.steps:
            scope[name] = self.lines[name].value(scope)
        return {name: scope[name] for name in self.taken}

    def step(self, x, prev_h, *more) -> Quantities:
        rest = dict(zip(("prev_c", "attn"), more))
        return self.computed({"x": x, "prev_h": prev_h, **rest})

    def look(self, query, A) -> Quantities:
        scope = {"prev_h": query, "A": A, "H": A.shape[1]}
        program = self.program.looks["dot_product_attention"]
        return {name: program.value(scope, name) for name in ("attn", "weights")}

    def back(self, t: int, dnext_h, dnext_c=None) -> Quantities:
        upstream = {"dnext_h": dnext_h, "dnext_c": dnext_c}
        return self.computed({**self.states[t], **upstream})

    def look_gradients(self, t: int, dattn) -> Quantities:
        state = self.states[t]
        scope = {k: state[k] for k in ("prev_h", "weights")} | {
            "A": self.known["A"],
            "dattn": dattn,
        }
        scope["H"] = self.sizes["H"]
        program = self.program.looks["dot_product_attention_backward"]
        return {name: program.value(scope, name) for name in ("dprev_h", "dA")}


@cache
def strings(tree: ast.expr) -> frozenset[str]:
    """What is taken of a step by name: the texts in an expression."""
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return frozenset(each.value for each in constants if isinstance(each.value, str))


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
