"""Part rnn: one step of a vanilla RNN, then all steps."""

from checks.cases.case import Exercise, standard_cases, with_extreme

WEIGHTS = {"Wx": "D H", "Wh": "H H", "b": "H"}
STEP = {"x": "N D", "prev_h": "N H", **WEIGHTS}
SEQUENCE = {"x": "N T D", "h0": "N H", **WEIGHTS}

EXERCISES = [
    Exercise(
        "rnn_step_forward",
        "rnn",
        points=4,
        inputs=tuple(STEP),
        outputs=("next_h",),
        cache=True,
        hints=(
            "One line of arithmetic and one nonlinearity; then return the cache beside it.",
            "The new state mixes the input and the previous state, each through its own matrix,"
            " adds a bias and is squashed to (-1, 1).",
            "next_h = tanh(x Wx + prev_h Wh + b)",
        ),
        right="the state is tanh of input, previous state and bias, for any N, D and H",
        make_cases=lambda: with_extreme(
            standard_cases("rnn step", STEP, {"next_h": "N H"}), "x", "inputs"
        ),
    ),
    Exercise(
        "rnn_forward",
        "rnn",
        points=4,
        inputs=tuple(SEQUENCE),
        outputs=("h",),
        cache=True,
        needs=("rnn_step_forward",),
        hints=(
            "A loop over the second axis of x, with one variable that survives from step to step.",
            "Every step gets the words of its own time and the state that the step before left; h0"
            " plays that part for the first. Collect every state on axis 1.",
            "h[:, t] = step(x[:, t], h[:, t-1]), where h[:, -1] stands for h0",
        ),
        right="every step starts from the state of the step before, and looks at no later word",
        make_cases=lambda: standard_cases("rnn", SEQUENCE, {"h": "N T H"}),
    ),
]
