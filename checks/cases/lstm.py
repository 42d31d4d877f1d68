"""Part lstm: one step with its four gates, then all steps."""

from checks.cases.case import Exercise, standard_cases, with_extreme

WEIGHTS = {"Wx": "D 4H", "Wh": "H 4H", "b": "4H"}
STEP = {"x": "N D", "prev_h": "N H", "prev_c": "N H", **WEIGHTS}
SEQUENCE = {"x": "N T D", "h0": "N H", **WEIGHTS}

EXERCISES = [
    Exercise(
        "lstm_step_forward",
        "lstm",
        points=6,
        inputs=tuple(STEP),
        outputs=("next_h", "next_c"),
        cache=True,
        hints=(
            "One affine map to 4H columns; cut these into four blocks of H; then two lines, one for"
            " the cell and one for the state.",
            "Three gates between 0 and 1 decide what enters the cell, what stays in it and what is"
            " shown of it; the fourth block is what might enter.",
            "i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), g = tanh(a_g), in this order;"
            " next_c = f * prev_c + i * g; next_h = o * tanh(next_c)",
        ),
        right="gates in the order i, f, o, g; the cell keeps and adds; the state shows a part of it",
        make_cases=lambda: with_extreme(
            standard_cases("lstm step", STEP, {"next_h": "N H", "next_c": "N H"}), "x", "inputs"
        ),
    ),
    Exercise(
        "lstm_forward",
        "lstm",
        points=4,
        inputs=tuple(SEQUENCE),
        outputs=("h",),
        cache=True,
        needs=("lstm_step_forward",),
        hints=(
            "A loop over time, with two variables that survive from step to step.",
            "h starts from h0, the cell from zeros of the same shape, dtype and device; only h is"
            " collected.",
            "h[:, t], c_t = step(x[:, t], h[:, t-1], c_(t-1)), with h[:, -1] = h0 and c_(-1) = 0",
        ),
        right="both states are carried from step to step, the cell from zeros",
        make_cases=lambda: standard_cases("lstm", SEQUENCE, {"h": "N T H"}),
    ),
]
