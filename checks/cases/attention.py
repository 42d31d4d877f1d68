"""Part attention: a look at the grid, a step that takes it in, then all steps."""

from dataclasses import replace

from checks.cases.case import Case, Exercise, standard_cases, with_extreme

LOOK = {"prev_h": "N H", "A": "N H h w"}
WEIGHTS = {"Wx": "D 4H", "Wh": "H 4H", "Wattn": "H 4H", "b": "4H"}
STEP = {"x": "N D", "prev_h": "N H", "prev_c": "N H", "attn": "N H", **WEIGHTS}
SEQUENCE = {"x": "N T D", "A": "N H h w", **WEIGHTS}
SHARPER = 2.0  # numbers in (-1, 1) would give almost uniform weights


def with_sharper_grid(cases: list[Case]) -> list[Case]:
    return [
        replace(case, inputs={**case.inputs, "A": SHARPER * case.inputs["A"]}) for case in cases
    ]


EXERCISES = [
    Exercise(
        "dot_product_attention",
        "attention",
        points=6,
        inputs=tuple(LOOK),
        outputs=("attn", "weights"),
        hints=(
            "Flatten the grid to one axis of h*w positions; then a dot product, a softmax, a"
            " weighted mean; give the weights the shape of the grid again.",
            "Each position answers the state with one number, over the H axis. Softmax runs over all"
            " positions of a picture together. attn adds up the positions by their weights.",
            "score[p] = prev_h . A[p] / sqrt(H); weights = softmax over p; attn = sum over p of"
            " weights[p] A[p]",
        ),
        right="weights sum to 1 over the whole grid of each picture, whatever its height and width",
        make_cases=lambda: with_extreme(
            with_sharper_grid(standard_cases("attention", LOOK, {"attn": "N H"}, square=True)),
            "prev_h",
            "a state",
            of="square grid",
            autograd=True,
        ),
    ),
    Exercise(
        "attention_lstm_step_forward",
        "attention",
        points=3,
        inputs=tuple(STEP),
        outputs=("next_h", "next_c"),
        cache=True,
        needs=("lstm_step_forward",),
        hints=(
            "The LSTM step with one more input.",
            "What attention saw enters as x does, through a matrix of its own, into all four gates:"
            " x and attn side by side are one input, and Wx over Wattn its matrix.",
            "a = x Wx + attn Wattn + prev_h Wh + b, then as in lstm_step_forward; or call that with"
            " [x, attn] for x and [Wx; Wattn] for Wx",
        ),
        right="what attention saw enters all four gates through Wattn",
        make_cases=lambda: with_extreme(
            standard_cases("attention step", STEP, {"next_h": "N H", "next_c": "N H"}),
            "x",
            "inputs",
        ),
    ),
    Exercise(
        "attention_lstm_forward",
        "attention",
        points=5,
        inputs=tuple(SEQUENCE),
        outputs=("h", "weights"),
        cache=True,
        needs=("dot_product_attention", "attention_lstm_step_forward"),
        hints=(
            "Before the loop, both states from A; in the loop, first look, then step.",
            "The look of step t asks with the state that step t-1 left. The mean of A over the grid"
            " is the first state and the first cell as well. Collect states and weights on axis 1.",
            "h_(-1) = c_(-1) = mean of A over h and w; attn_t, weights_t ="
            " dot_product_attention(h_(t-1), A); h_t, c_t = step(x_t, h_(t-1), c_(t-1), attn_t)",
        ),
        right="it looks anew before every step, with the state it then has",
        make_cases=lambda: with_extreme(
            with_sharper_grid(
                standard_cases("attention lstm", SEQUENCE, {"h": "N T H"}, square=True)
            ),
            "A",
            "a grid",
            of="square grid",
        ),
    ),
]
