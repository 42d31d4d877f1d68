"""Part bptt: mistakes in the gradients of the LSTM."""

from checks.mistakes.catalogue import Mistake
from checks.mistakes.lstm import OUTPUTS

TRANSPOSES = (
    "For a product Y = X W the gradient of each factor is dY times the other one, transposed so "
    "that shapes fit."
)
DERIVATIVES = (
    "A sigmoid s has the derivative s (1 - s), tanh g has 1 - g^2: the outer gradient goes times "
    "this."
)
FACTORS = (
    "Go through `next_c = f * prev_c + i * g` and `next_h = o * tanh(next_c)` factor by factor: "
    "the gradient of one factor holds the other."
)
TWO_PATHS = (
    "Draw the arrows that leave `next_c`: one to later steps, one through tanh and the output gate "
    "to `next_h`."
)
TWO_STEPS_BACK = (
    "Write the loop for T = 2 out by hand: what enters the second-to-last step from the last one?"
)
SAME_WEIGHTS = "The same weights are used at every step: what does that mean for their gradient?"

MISTAKES = [
    Mistake(
        "lstm-dx-without-transpose",
        "lstm_step_backward",
        "da @ Wx.T",
        "da @ Wx",
        "`dx` is computed with `Wx` as it is; its transpose is needed.",
        TRANSPOSES,
        alone=True,
    ),
    Mistake(
        "lstm-dprev_h-without-transpose",
        "lstm_step_backward",
        "da @ Wh.T",
        "da @ Wh",
        "`dprev_h` is computed with `Wh` as it is; its transpose is needed.",
        TRANSPOSES,
    ),
    Mistake(
        "lstm-dWx-without-transpose",
        "lstm_step_backward",
        "x.T @ da",
        "x @ da",
        "`dWx` is computed with `x` as it is; its transpose is needed.",
        TRANSPOSES,
        alone=True,
    ),
    Mistake(
        "lstm-dWh-without-transpose",
        "lstm_step_backward",
        "prev_h.T @ da",
        "prev_h @ da",
        "`dWh` is computed with `prev_h` as it is; its transpose is needed.",
        TRANSPOSES,
    ),
    Mistake(
        "lstm-dWx-transposed",
        "lstm_step_backward",
        "x.T @ da",
        "da.T @ x",
        "`dWx` comes out transposed, (4H,D). A gradient has the shape of what it is the gradient "
        "of: (D,4H).",
        TRANSPOSES,
        alone=True,
    ),
    Mistake(
        "lstm-dWh-transposed",
        "lstm_step_backward",
        "prev_h.T @ da",
        "da.T @ prev_h",
        "`dWh` comes out transposed, (4H,H). A gradient has the shape of what it is the gradient "
        "of: (H,4H).",
        TRANSPOSES,
    ),
    Mistake(
        "lstm-dx-through-Wh",
        "lstm_step_backward",
        "da @ Wx.T",
        "da @ Wh.T",
        "`dx` is computed with `Wh`, the weights of the state. The input came through `Wx`.",
        "Each input gets its gradient through the weights it was multiplied with.",
        alone=True,
    ),
    Mistake(
        "lstm-dprev_h-through-Wx",
        "lstm_step_backward",
        "da @ Wh.T",
        "da @ Wx.T",
        "`dprev_h` is computed with `Wx`, the weights of the input. The state came through `Wh`.",
        "Each input gets its gradient through the weights it was multiplied with.",
        alone=True,
    ),
    Mistake(
        "lstm-dWx-from-the-state",
        "lstm_step_backward",
        "x.T @ da",
        "prev_h.T @ da",
        "`dWx` is computed with `prev_h`. What was multiplied with `Wx` is `x`.",
        "A weight gets its gradient from what it was multiplied with.",
        alone=True,
    ),
    Mistake(
        "lstm-dWh-from-the-input",
        "lstm_step_backward",
        "prev_h.T @ da",
        "x.T @ da",
        "`dWh` is computed with `x`. What was multiplied with `Wh` is `prev_h`.",
        "A weight gets its gradient from what it was multiplied with.",
        alone=True,
    ),
    Mistake(
        "lstm-dWh-from-the-new-state",
        "lstm_step_backward",
        "prev_h.T @ da",
        "(o * tanh_c).T @ da",
        "`dWh` is computed with the new state `next_h`. What was multiplied with `Wh` is the state "
        "before the step.",
        "Which state is it that the forward step multiplies with `Wh`? Look what your cache holds "
        "under that name.",
    ),
    Mistake(
        "lstm-dWh-from-the-cell",
        "lstm_step_backward",
        "prev_h.T @ da",
        "prev_c.T @ da",
        "`dWh` is computed with `prev_c`. What was multiplied with `Wh` is `prev_h`.",
        "Does your forward step put things into its cache in the order in which the backward step "
        "takes them out?",
    ),
    Mistake(
        "lstm-db-not-summed",
        "lstm_step_backward",
        "da.sum(dim=0)",
        "da",
        "`db` still has a row for every example, (N,4H). `b` was added to each of them: sum over "
        "the batch.",
        "A gradient has the shape of what it is the gradient of; a value used N times collects N "
        "gradients.",
    ),
    Mistake(
        "lstm-db-averaged",
        "lstm_step_backward",
        "da.sum(dim=0)",
        "da.mean(dim=0)",
        "`db` is averaged over the batch. The gradients of the rows add up.",
        "A value used N times collects N gradients. If the loss is a mean, the upstream gradient "
        "has that already.",
    ),
    Mistake(
        "lstm-db-summed-over-columns",
        "lstm_step_backward",
        "da.sum(dim=0)",
        "da.sum(dim=1)",
        "`db` is summed over the 4H columns, which leaves one number a row. Sum over the batch, "
        "axis 0.",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "lstm-db-summed-over-everything",
        "lstm_step_backward",
        "da.sum(dim=0)",
        "da.sum()",
        "`db` is a single number, the sum over batch and columns. Sum over the batch only.",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "lstm-weights-averaged-over-the-batch",
        "lstm_step_backward",
        "    dWx = x.T @ da\n    dWh = prev_h.T @ da\n    db = da.sum(dim=0)",
        "    dWx = x.T @ da / len(da)\n    dWh = prev_h.T @ da / len(da)\n    db = da.mean(dim=0)",
        "The gradients of the weights and of `b` are averaged over the batch. The gradients"
        " of the rows add up.",
        "If the loss is a mean over the batch, the upstream gradient has that already.",
    ),
    Mistake(
        "lstm-dprev_h-with-upstream-added",
        "lstm_step_backward",
        "da @ Wh.T",
        "da @ Wh.T + dnext_h",
        "`dnext_h` is added to `dprev_h` as if the state were also handed on unchanged. It reaches "
        "`prev_h` through the gates only.",
        "By which paths does `prev_h` enter the forward step?",
    ),
    Mistake(
        "lstm-dprev_h-and-dprev_c-exchanged",
        "lstm_step_backward",
        "return dx, dprev_h, dprev_c,",
        "return dx, dprev_c, dprev_h,",
        "`dprev_c` is returned before `dprev_h`. The order is that of the inputs: `dx`, `dprev_h`, "
        "`dprev_c`, and so on.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-dWx-and-dWh-exchanged",
        "lstm_step_backward",
        "dWx, dWh, db\n",
        "dWh, dWx, db\n",
        "`dWx` and `dWh` have changed places. The order is that of the inputs, `dWx` first.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-upstream-gradients-exchanged",
        "lstm_step_backward",
        "tanh_c = torch.tanh(next_c)",
        "dnext_h, dnext_c = dnext_c, dnext_h\n    tanh_c = torch.tanh(next_c)",
        "The upstream gradients have changed places: `dnext_c` is used for `dnext_h` and the other "
        "way round.",
        "Compare the order of the arguments with the signature.",
    ),
    Mistake(
        "lstm-one-minus-g-squared-as-a-whole",
        "lstm_step_backward",
        "dc * i * (1 - g**2)",
        "dc * i * (1 - g) ** 2",
        "In the derivative of tanh for `g` the whole difference is squared, (1 - g)^2; it is 1 - g^2.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-dc-without-the-state",
        "lstm_step_backward",
        "dc = dnext_c + dnext_h * o * (1 - tanh_c**2)",
        "dc = dnext_c",
        "The gradient of the cell lacks the path through `next_h`: only `dnext_c` is used.",
        TWO_PATHS,
    ),
    Mistake(
        "lstm-dc-without-later-steps",
        "lstm_step_backward",
        "dc = dnext_c + dnext_h * o * (1 - tanh_c**2)",
        "dc = dnext_h * o * (1 - tanh_c**2)",
        "The gradient of the cell lacks `dnext_c`, what arrives from later steps: only the path "
        "through `next_h` is used.",
        TWO_PATHS,
    ),
    Mistake(
        "lstm-dc-without-output-gate",
        "lstm_step_backward",
        "dnext_h * o * (1 - tanh_c**2)",
        "dnext_h * (1 - tanh_c**2)",
        "On the path from `next_h` to the cell the output gate is missing: the tanh was multiplied "
        "with it.",
        FACTORS,
    ),
    Mistake(
        "lstm-dc-without-tanh-derivative",
        "lstm_step_backward",
        "dnext_h * o * (1 - tanh_c**2)",
        "dnext_h * o",
        "On the path from `next_h` to the cell the derivative of tanh is missing.",
        FACTORS,
    ),
    Mistake(
        "lstm-dc-tanh-not-squared",
        "lstm_step_backward",
        "(1 - tanh_c**2)",
        "(1 - tanh_c)",
        "On the path from `next_h` to the cell, tanh is not squared in its derivative.",
        "The derivative of tanh can be had from its output: look it up in rnn_step_backward.",
    ),
    Mistake(
        "lstm-dc-derivative-from-the-cell",
        "lstm_step_backward",
        "(1 - tanh_c**2)",
        "(1 - next_c**2)",
        "On the path from `next_h` to the cell, the derivative of tanh is computed from `next_c` "
        "itself. It is one minus the square of tanh's output.",
        "`next_c` is the argument of tanh, not its output.",
    ),
    Mistake(
        "lstm-dc-derivative-from-the-state",
        "lstm_step_backward",
        "(1 - tanh_c**2)",
        "(1 - (o * tanh_c) ** 2)",
        "On the path from `next_h` to the cell, the derivative of tanh is computed from `next_h`, "
        "as in a vanilla RNN. Here `next_h` is not the output of tanh: the output gate stands "
        "between.",
        "Divide the path from cell to state into two steps, tanh and gate.",
    ),
    Mistake(
        "lstm-dc-with-sigmoid-derivative",
        "lstm_step_backward",
        "(1 - tanh_c**2)",
        "tanh_c * (1 - tanh_c)",
        "On the path from `next_h` to the cell, tanh gets the derivative of a sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-dc-with-tanh-for-its-derivative",
        "lstm_step_backward",
        "(1 - tanh_c**2)",
        "tanh_c",
        "On the path from `next_h` to the cell, the gradient is multiplied with tanh itself in "
        "place of its derivative.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-dc-tanh-twice",
        "lstm_step_backward",
        "(1 - tanh_c**2)",
        "(1 - torch.tanh(tanh_c) ** 2)",
        "On the path from `next_h` to the cell, tanh is taken twice: its derivative is computed "
        "from the tanh of a tanh.",
        "Is what you square the tanh of the cell, or the tanh of that?",
    ),
    Mistake(
        "lstm-dc-tanh-derivative-on-both",
        "lstm_step_backward",
        "dnext_c + dnext_h * o * (1 - tanh_c**2)",
        "(dnext_c + dnext_h * o) * (1 - tanh_c**2)",
        "`dnext_c` is multiplied with the derivative of tanh too. Only the path through `next_h` "
        "passes the tanh.",
        TWO_PATHS,
    ),
    Mistake(
        "lstm-dc-output-gate-on-both",
        "lstm_step_backward",
        "dnext_c + dnext_h * o * (1 - tanh_c**2)",
        "(dnext_c + dnext_h) * o * (1 - tanh_c**2)",
        "`dnext_c` is sent through output gate and tanh as well. Only the path through `next_h` "
        "passes them.",
        TWO_PATHS,
    ),
    Mistake(
        "lstm-dnext_c-overwritten",
        "lstm_step_backward",
        "dc = dnext_c + dnext_h * o * (1 - tanh_c**2)",
        "dc = dnext_c\n    dc += dnext_h * o * (1 - tanh_c**2)",
        "The caller's `dnext_c` is changed: the path through `next_h` is added into it in place.",
        "`+=` on a tensor writes into it, under whatever name. Keep a clone of every input and "
        "compare after the call.",
    ),
    Mistake(
        "lstm-gates-from-dnext_c-only",
        "lstm_step_backward",
        "    da_i = dc * g * i * (1 - i)\n"
        "    da_f = dc * prev_c * f * (1 - f)\n"
        "    da_o = dnext_h * tanh_c * o * (1 - o)\n"
        "    da_g = dc * i * (1 - g**2)",
        "    da_i = dnext_c * g * i * (1 - i)\n"
        "    da_f = dnext_c * prev_c * f * (1 - f)\n"
        "    da_o = dnext_h * tanh_c * o * (1 - o)\n"
        "    da_g = dnext_c * i * (1 - g**2)",
        "The gradients of `i`, `f` and `g` are computed from `dnext_c` alone. They need the whole "
        "gradient of the cell, with what comes through `next_h`.",
        TWO_PATHS,
    ),
    Mistake(
        "lstm-gates-without-derivatives",
        "lstm_step_backward",
        "    da_i = dc * g * i * (1 - i)\n"
        "    da_f = dc * prev_c * f * (1 - f)\n"
        "    da_o = dnext_h * tanh_c * o * (1 - o)\n"
        "    da_g = dc * i * (1 - g**2)",
        "    da_i = dc * g\n    da_f = dc * prev_c\n    da_o = dnext_h * tanh_c\n    da_g = dc * i",
        "The gradients stop at the gates: the derivatives of sigmoid and tanh are missing from all "
        "four blocks.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-gates-with-tanh-derivative",
        "lstm_step_backward",
        "    da_i = dc * g * i * (1 - i)\n"
        "    da_f = dc * prev_c * f * (1 - f)\n"
        "    da_o = dnext_h * tanh_c * o * (1 - o)",
        "    da_i = dc * g * (1 - i**2)\n"
        "    da_f = dc * prev_c * (1 - f**2)\n"
        "    da_o = dnext_h * tanh_c * (1 - o**2)",
        "The three gates get the derivative of tanh. They are sigmoids.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-gates-with-sigmoid-twice",
        "lstm_step_backward",
        "    da_i = dc * g * i * (1 - i)\n"
        "    da_f = dc * prev_c * f * (1 - f)\n"
        "    da_o = dnext_h * tanh_c * o * (1 - o)",
        "    i2, f2, o2 = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)\n"
        "    da_i = dc * g * i2 * (1 - i2)\n"
        "    da_f = dc * prev_c * f2 * (1 - f2)\n"
        "    da_o = dnext_h * tanh_c * o2 * (1 - o2)",
        "The derivatives of the three gates take a sigmoid of the gates, which have been through "
        "one already.",
        "A gate is the output of its sigmoid: s (1 - s) wants that output, not another sigmoid of "
        "it.",
    ),
    Mistake(
        "lstm-da_i-with-old-cell",
        "lstm_step_backward",
        "da_i = dc * g",
        "da_i = dc * prev_c",
        "The gradient of the input gate holds `prev_c`. That gate was multiplied with `g`.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_i-without-partner",
        "lstm_step_backward",
        "da_i = dc * g * i",
        "da_i = dc * i",
        "The gradient of the input gate lacks `g`, with which the gate was multiplied.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_i-without-derivative",
        "lstm_step_backward",
        "g * i * (1 - i)",
        "g",
        "The block of the input gate lacks the derivative of its sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_i-without-i",
        "lstm_step_backward",
        "g * i * (1 - i)",
        "g * (1 - i)",
        "In the block of the input gate, half of the sigmoid's derivative is missing: the gate "
        "itself as a factor.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_i-without-one-minus-i",
        "lstm_step_backward",
        "g * i * (1 - i)",
        "g * i",
        "In the block of the input gate, half of the sigmoid's derivative is missing: one minus "
        "the gate.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_i-with-tanh-derivative",
        "lstm_step_backward",
        "g * i * (1 - i)",
        "g * (1 - i**2)",
        "The block of the input gate gets the derivative of tanh. The gate is a sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_i-from-dnext_c",
        "lstm_step_backward",
        "da_i = dc",
        "da_i = dnext_c",
        "The gradient of the input gate is computed from `dnext_c` alone. It needs the whole "
        "gradient of the cell, with what comes through `next_h`.",
        TWO_PATHS,
    ),
    Mistake(
        "lstm-da_f-with-new-cell",
        "lstm_step_backward",
        "da_f = dc * prev_c",
        "da_f = dc * next_c",
        "The gradient of the forget gate holds `next_c`. That gate was multiplied with the old "
        "cell.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_f-with-block-input",
        "lstm_step_backward",
        "da_f = dc * prev_c",
        "da_f = dc * g",
        "The gradient of the forget gate holds `g`. That gate was multiplied with the old cell.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_f-without-partner",
        "lstm_step_backward",
        "da_f = dc * prev_c",
        "da_f = dc",
        "The gradient of the forget gate lacks the old cell, with which the gate was multiplied.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_f-without-derivative",
        "lstm_step_backward",
        "prev_c * f * (1 - f)",
        "prev_c",
        "The block of the forget gate lacks the derivative of its sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_f-without-f",
        "lstm_step_backward",
        "prev_c * f * (1 - f)",
        "prev_c * (1 - f)",
        "In the block of the forget gate, half of the sigmoid's derivative is missing: the gate "
        "itself as a factor.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_f-without-one-minus-f",
        "lstm_step_backward",
        "prev_c * f * (1 - f)",
        "prev_c * f",
        "In the block of the forget gate, half of the sigmoid's derivative is missing: one minus "
        "the gate.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_f-with-tanh-derivative",
        "lstm_step_backward",
        "prev_c * f * (1 - f)",
        "prev_c * (1 - f**2)",
        "The block of the forget gate gets the derivative of tanh. The gate is a sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_f-from-dnext_c",
        "lstm_step_backward",
        "da_f = dc",
        "da_f = dnext_c",
        "The gradient of the forget gate is computed from `dnext_c` alone. It needs the whole "
        "gradient of the cell, with what comes through `next_h`.",
        TWO_PATHS,
    ),
    Mistake(
        "lstm-da_o-from-dc",
        "lstm_step_backward",
        "dnext_h * tanh_c * o",
        "dc * tanh_c * o",
        "The gradient of the output gate is computed from that of the cell. The gate touches "
        "`next_h` only, so `dnext_h` is what reaches it.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_o-without-tanh",
        "lstm_step_backward",
        "dnext_h * tanh_c * o",
        "dnext_h * next_c * o",
        "The gradient of the output gate holds `next_c` as it is. The gate was multiplied with its "
        "tanh.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_o-with-old-cell",
        "lstm_step_backward",
        "dnext_h * tanh_c * o",
        "dnext_h * torch.tanh(prev_c) * o",
        "The gradient of the output gate holds the old cell. The gate was multiplied with the tanh "
        "of the new one.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_o-without-partner",
        "lstm_step_backward",
        "dnext_h * tanh_c * o",
        "dnext_h * o",
        "The gradient of the output gate lacks the tanh of the cell, with which the gate was "
        "multiplied.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_o-without-derivative",
        "lstm_step_backward",
        "tanh_c * o * (1 - o)",
        "tanh_c",
        "The block of the output gate lacks the derivative of its sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_o-without-o",
        "lstm_step_backward",
        "tanh_c * o * (1 - o)",
        "tanh_c * (1 - o)",
        "In the block of the output gate, half of the sigmoid's derivative is missing: the gate "
        "itself as a factor.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_o-without-one-minus-o",
        "lstm_step_backward",
        "tanh_c * o * (1 - o)",
        "tanh_c * o",
        "In the block of the output gate, half of the sigmoid's derivative is missing: one minus "
        "the gate.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_o-with-tanh-derivative",
        "lstm_step_backward",
        "tanh_c * o * (1 - o)",
        "tanh_c * (1 - o**2)",
        "The block of the output gate gets the derivative of tanh. The gate is a sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_g-with-sigmoid-derivative",
        "lstm_step_backward",
        "i * (1 - g**2)",
        "i * g * (1 - g)",
        "The block input `g` gets the derivative of a sigmoid. It is a tanh.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_g-without-derivative",
        "lstm_step_backward",
        "dc * i * (1 - g**2)",
        "dc * i",
        "The block of `g` lacks the derivative of tanh.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_g-not-squared",
        "lstm_step_backward",
        "(1 - g**2)",
        "(1 - g)",
        "In the block of `g`, tanh is not squared in its derivative.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_g-tanh-twice",
        "lstm_step_backward",
        "(1 - g**2)",
        "(1 - torch.tanh(g) ** 2)",
        "The derivative of the block input is computed from the tanh of `g`, which has been "
        "through tanh already.",
        "`g` is the output of its tanh: 1 - g^2 wants that output.",
    ),
    Mistake(
        "lstm-da_g-without-input-gate",
        "lstm_step_backward",
        "dc * i * (1 - g**2)",
        "dc * (1 - g**2)",
        "The gradient of the block input `g` lacks the input gate, with which it was multiplied.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_g-with-forget-gate",
        "lstm_step_backward",
        "dc * i * (1 - g**2)",
        "dc * f * (1 - g**2)",
        "The gradient of the block input `g` holds the forget gate. It was multiplied with the "
        "input gate.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_g-from-dnext_c",
        "lstm_step_backward",
        "da_g = dc",
        "da_g = dnext_c",
        "The gradient of the block input `g` is computed from `dnext_c` alone. It needs the whole "
        "gradient of the cell, with what comes through `next_h`.",
        TWO_PATHS,
    ),
    Mistake(
        "lstm-dprev_c-with-input-gate",
        "lstm_step_backward",
        "\n    dprev_c = dc * f",
        "\n    dprev_c = dc * i",
        "`dprev_c` holds the input gate. The old cell was multiplied with the forget gate.",
        FACTORS,
    ),
    Mistake(
        "lstm-dprev_c-without-forget-gate",
        "lstm_step_backward",
        "\n    dprev_c = dc * f",
        "\n    dprev_c = dc",
        "`dprev_c` lacks the forget gate, with which the old cell was multiplied.",
        FACTORS,
    ),
    Mistake(
        "lstm-dprev_c-from-dnext_c",
        "lstm_step_backward",
        "\n    dprev_c = dc * f",
        "\n    dprev_c = dnext_c * f",
        "`dprev_c` is computed from `dnext_c` alone. It needs the whole gradient of the cell, with "
        "what comes through `next_h`.",
        TWO_PATHS,
    ),
    Mistake(
        "lstm-dprev_c-upside-down",
        "lstm_step_backward",
        "\n    dprev_c = dc * f",
        "\n    dprev_c = dc * (1 - f)",
        "`dprev_c` holds one minus the forget gate. The old cell was multiplied with the gate "
        "itself.",
        FACTORS,
    ),
    Mistake(
        "lstm-dprev_c-with-sigmoid-derivative",
        "lstm_step_backward",
        "\n    dprev_c = dc * f",
        "\n    dprev_c = dc * f * (1 - f)",
        "`dprev_c` holds the derivative of the forget gate's sigmoid. The old cell does not pass a "
        "sigmoid, it is multiplied with the gate.",
        FACTORS,
    ),
    Mistake(
        "lstm-dprev_c-zero",
        "lstm_step_backward",
        "\n    dprev_c = dc * f",
        "\n    dprev_c = torch.zeros_like(dc)",
        "`dprev_c` is zero: no gradient reaches the old cell. It is this path that lets gradients "
        "survive many steps.",
        FACTORS,
    ),
    Mistake(
        "lstm-gate-gradients-ifgo",
        "lstm_step_backward",
        "[da_i, da_f, da_o, da_g]",
        "[da_i, da_f, da_g, da_o]",
        "The gradients of the four gates are put together in the order i, f, g, o. It has to be "
        "the order of the forward pass: i, f, o, g.",
        "Compare the order of the blocks with that in which the forward step reads them.",
    ),
    Mistake(
        "lstm-gate-gradients-fiog",
        "lstm_step_backward",
        "[da_i, da_f, da_o, da_g]",
        "[da_f, da_i, da_o, da_g]",
        "The gradients of the four gates are put together in the order f, i, o, g. It has to be "
        "the order of the forward pass: i, f, o, g.",
        "Compare the order of the blocks with that in which the forward step reads them.",
    ),
    Mistake(
        "lstm-gate-gradients-iofg",
        "lstm_step_backward",
        "[da_i, da_f, da_o, da_g]",
        "[da_i, da_o, da_f, da_g]",
        "The gradients of the four gates are put together in the order i, o, f, g. It has to be "
        "the order of the forward pass: i, f, o, g.",
        "Compare the order of the blocks with that in which the forward step reads them.",
    ),
    Mistake(
        "lstm-gate-gradients-figo",
        "lstm_step_backward",
        "[da_i, da_f, da_o, da_g]",
        "[da_f, da_i, da_g, da_o]",
        "The gradients of the four gates are put together in the order f, i, g, o. It has to be "
        "the order of the forward pass: i, f, o, g.",
        "Compare the order of the blocks with that in which the forward step reads them.",
    ),
    Mistake(
        "lstm-gate-gradients-interleaved",
        "lstm_step_backward",
        "torch.cat([da_i, da_f, da_o, da_g], dim=1)",
        "torch.stack([da_i, da_f, da_o, da_g], dim=2).flatten(1)",
        "The gradients of the four gates are interleaved column by column. They go side by side as "
        "whole blocks of H columns.",
        "Where in the 4H columns does the forward step read unit 1 of the input gate?",
    ),
    Mistake(
        "lstm-gate-gradients-along-the-batch",
        "lstm_step_backward",
        "torch.cat([da_i, da_f, da_o, da_g], dim=1)",
        "torch.cat([da_i, da_f, da_o, da_g])",
        "The gradients of the four gates are put below each other, (4N,H). They go side by side: "
        "(N,4H).",
        "Print the shape of the joined gradient: it should be that of the pre-activations.",
        alone=True,
    ),
    Mistake(
        "lstm-backward-state-not-carried",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c",
        "dh[:, t], dprev_c",
        "The gradient of the state does not travel back: `dprev_h` of the later step is never "
        "added to the upstream gradient of its own output.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-cell-not-carried",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c",
        "dh[:, t] + dprev_h, torch.zeros_like(dprev_c)",
        "The gradient of the cell does not travel back: every step gets zeros for `dnext_c`, not "
        "`dprev_c` of the later step.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-nothing-carried",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c",
        "dh[:, t], torch.zeros_like(dprev_c)",
        "Nothing travels back: every step gets the upstream gradient of its own output only. "
        "Neither `dprev_h` nor `dprev_c` of the later step enters.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-only-last-upstream",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c",
        "dprev_h if t < dh.shape[1] - 1 else dh[:, t], dprev_c",
        "Only the upstream gradient of the last step is used. Every step has an output of its own, "
        "whose gradient is added when its turn comes.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-last-upstream-everywhere",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c",
        "dh[:, -1] + dprev_h, dprev_c",
        "Every step gets the upstream gradient of the last output. Each has its own in `dh`.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-upstream-into-the-cell",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c",
        "dh[:, t] + dprev_h, dh[:, t] + dprev_c",
        "The upstream gradient is added to the cell's gradient too. `dh` belongs to the state; the "
        "step sends it on to the cell itself.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-cell-gradient-starts-from-dh",
        "lstm_backward",
        "dprev_h = dprev_c = torch.zeros_like(dh[:, 0])",
        "dprev_h, dprev_c = torch.zeros_like(dh[:, 0]), dh[:, -1]",
        "The gradient of the cell starts from that of the last output. After the last step nothing "
        "uses the cell: it starts from zeros.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-cell-gradient-starts-nowhere",
        "lstm_backward",
        "dprev_h = dprev_c = torch",
        "dprev_h = torch",
        "`dprev_c` is used at the last step before it has a value. After the last step nothing "
        "uses the cell: what is its gradient there?",
        "A loop that carries something needs it before its first round.",
    ),
    Mistake(
        "lstm-backward-upstream-overwritten",
        "lstm_backward",
        "dnext_h, dnext_c = dh[:, t] + dprev_h,",
        "dh[:, t] += dprev_h\n        dnext_h, dnext_c = dh[:, t],",
        "The caller's `dh` is changed: the gradient that travels back is added into it in place.",
        "`+=` on a slice writes into the tensor it was cut from. Keep a clone of `dh` and compare "
        "after the call.",
    ),
    Mistake(
        "lstm-backward-state-gradient-accumulates",
        "lstm_backward",
        "dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = step_gradients",
        "dx_t, dprev_h_t, dprev_c, dWx_t, dWh_t, db_t = step_gradients\n"
        "        dprev_h = dprev_h + dprev_h_t",
        "`dprev_h` is added up over the steps, as for a weight. Each step's `dprev_h` holds all "
        "that comes from later ones: it replaces the one before.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-cell-gradient-accumulates",
        "lstm_backward",
        "dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = step_gradients",
        "dx_t, dprev_h, dprev_c_t, dWx_t, dWh_t, db_t = step_gradients\n"
        "        dprev_c = dprev_c + dprev_c_t",
        "`dprev_c` is added up over the steps, as for a weight. Each step's `dprev_c` holds all "
        "that comes from later ones: it replaces the one before.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-return-inside-the-loop",
        "lstm_backward",
        "\n    dh0 = dprev_h\n    return torch",
        "\n        dh0 = dprev_h\n        return torch",
        "The gradients come back after a single time step: the `return` stands inside the loop.",
        "How far is the last line indented?",
    ),
    Mistake(
        "lstm-backward-states-exchanged",
        "lstm_backward",
        "dx_t, dprev_h, dprev_c, dWx_t,",
        "dx_t, dprev_c, dprev_h, dWx_t,",
        "`dprev_h` and `dprev_c` are taken from the step in the wrong order, so each travels back "
        "in the other's place.",
        "Compare with the order in which lstm_step_backward returns its gradients.",
    ),
    Mistake(
        "lstm-backward-weights-exchanged",
        "lstm_backward",
        "dprev_c, dWx_t, dWh_t, db_t =",
        "dprev_c, dWh_t, dWx_t, db_t =",
        "`dWx` and `dWh` are taken from the step in the wrong order.",
        "Compare with the order in which lstm_step_backward returns its gradients.",
    ),
    Mistake(
        "lstm-backward-dWx-of-one-step",
        "lstm_backward",
        "dWx + dWx_t",
        "dWx_t",
        "`dWx` is that of the first time step alone, the one that comes last here. It is the sum "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "lstm-backward-dWh-of-one-step",
        "lstm_backward",
        "dWh + dWh_t",
        "dWh_t",
        "`dWh` is that of the first time step alone, the one that comes last here. It is the sum "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "lstm-backward-db-of-one-step",
        "lstm_backward",
        "db + db_t",
        "db_t",
        "`db` is that of the first time step alone, the one that comes last here. It is the sum "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "lstm-backward-weights-of-one-step",
        "lstm_backward",
        "dWx + dWx_t, dWh + dWh_t, db + db_t",
        "dWx_t, dWh_t, db_t",
        "The gradients of `Wx`, `Wh` and `b` are those of the first time step alone, the one that "
        "comes last here. They are sums over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "lstm-backward-weights-of-the-last-step",
        "lstm_backward",
        "dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t",
        "if t == dh.shape[1] - 1:\n            dWx, dWh, db = dWx_t, dWh_t, db_t",
        "The gradients of `Wx`, `Wh` and `b` are those of the last time step alone. They are sums "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "lstm-backward-weights-averaged-over-time",
        "lstm_backward",
        "dh0, dWx, dWh, db\n",
        "dh0, dWx / len(dx), dWh / len(dx), db / len(dx)\n",
        "The gradients of `Wx`, `Wh` and `b` are averaged over time. They are sums over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "lstm-backward-weights-averaged-over-the-batch",
        "lstm_backward",
        "dh0, dWx, dWh, db\n",
        "dh0, dWx / len(dh), dWh / len(dh), db / len(dh)\n",
        "The gradients of `Wx`, `Wh` and `b` are divided by the batch size. The gradients of the "
        "rows add up; if the loss is a mean, `dh` has that already.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "lstm-backward-dx-reversed",
        "lstm_backward",
        "torch.stack(dx[::-1], dim=1)",
        "torch.stack(dx, dim=1)",
        "`dx` comes out with the last step first: the loop runs backwards in time, but step 0 "
        "comes first in `dx`.",
        "In which order does the loop collect its gradients?",
    ),
    Mistake(
        "lstm-backward-loop-forwards",
        "lstm_backward",
        "for t in reversed(range(dh.shape[1])):\n"
        "        dnext_h, dnext_c = dh[:, t] + dprev_h, dprev_c\n"
        "        step_gradients = lstm_step_backward(dnext_h, dnext_c, cache[t])\n"
        "        dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = step_gradients\n"
        "        dx.append(dx_t)",
        "for t in range(dh.shape[1]):\n"
        "        dnext_h, dnext_c = dh[:, t] + dprev_h, dprev_c\n"
        "        step_gradients = lstm_step_backward(dnext_h, dnext_c, cache[t])\n"
        "        dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = step_gradients\n"
        "        dx.insert(0, dx_t)",
        "The loop runs forwards in time. Gradients travel from the last step to the first: each "
        "step needs what the later one sends back.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-first-step-skipped",
        "lstm_backward",
        "reversed(range(dh.shape[1]))",
        "reversed(range(1, dh.shape[1]))",
        "The loop stops before step 0: its gradients are missing.",
        "What is the last value of your loop variable?",
    ),
    Mistake(
        "lstm-backward-last-step-skipped",
        "lstm_backward",
        "reversed(range(dh.shape[1]))",
        "reversed(range(dh.shape[1] - 1))",
        "The loop starts at the last step but one: the gradients of the last step are missing.",
        "What is the first value of your loop variable?",
    ),
    Mistake(
        "lstm-backward-cache-of-the-step-before",
        "lstm_backward",
        "cache[t]",
        "cache[t - 1]",
        "Step t is differentiated with the cache of step t-1. Each step needs its own.",
        "The first entry of the cache belongs to step 0.",
    ),
    Mistake(
        "lstm-backward-cache-from-the-wrong-end",
        "lstm_backward",
        "cache[t]",
        "cache[-1 - t]",
        "The caches are used from the wrong end: the last step is differentiated with the cache of "
        "the first.",
        "The first entry of the cache belongs to step 0, the last one to the last step.",
    ),
    Mistake(
        "lstm-backward-dh0-is-upstream",
        "lstm_backward",
        "dh0 = dprev_h",
        "dh0 = dh[:, 0]",
        "`dh0` is the upstream gradient of the first output. It is what the first step sends back "
        "to the state before it.",
        "`h0` comes before step 0: its gradient has to pass through that step.",
    ),
    Mistake(
        "lstm-backward-dh0-with-upstream-added",
        "lstm_backward",
        "dh0 = dprev_h",
        "dh0 = dprev_h + dh[:, 0]",
        "The upstream gradient of the first output is added to `dh0`. `h0` is not one of the "
        "outputs.",
        "Which outputs use `h0` other than through step 0?",
    ),
    Mistake(
        "lstm-backward-dh0-is-the-cells",
        "lstm_backward",
        "dh0 = dprev_h",
        "dh0 = dprev_c",
        "`dh0` is the gradient of the first cell state. The cell starts from a constant, its "
        "gradient is not asked for.",
        "Which of the two gradients that travel back belongs to `h0`?",
    ),
    Mistake(
        "lstm-backward-dh0-with-the-cells-added",
        "lstm_backward",
        "dh0 = dprev_h",
        "dh0 = dprev_h + dprev_c",
        "The gradient of the first cell state is added to `dh0`. The cell starts from zeros, not "
        "from `h0`.",
        "By which paths does `h0` enter the sequence?",
    ),
    Mistake(
        "lstm-backward-dh0-zero",
        "lstm_backward",
        "dh0 = dprev_h",
        "dh0 = torch.zeros_like(dprev_h)",
        "`dh0` is zero: what the first step sends back is not returned.",
        "What is left of the gradient that travels back when the loop ends?",
    ),
    Mistake(
        "lstm-backward-dx-time-first",
        "lstm_backward",
        "torch.stack(dx[::-1], dim=1)",
        "torch.stack(dx[::-1])",
        "`dx` comes out with time first, (T,N,D). The batch comes first: (N,T,D).",
        OUTPUTS,
    ),
    Mistake(
        "lstm-backward-dx-scrambled",
        "lstm_backward",
        "torch.stack(dx[::-1], dim=1)",
        "torch.stack(dx[::-1]).reshape(len(dh), len(dx), -1)",
        "`dx` is stacked as (T,N,D) and then reshaped to (N,T,D): the shape is right, but a "
        "reshape does not exchange axes, so rows and steps are mixed up.",
        "Fill a small (T,N) array with 0, 1, 2, ..., reshape it to (N,T) and compare with its "
        "transpose.",
    ),
    Mistake(
        "lstm-backward-dx-summed-over-time",
        "lstm_backward",
        "torch.stack(dx[::-1], dim=1)",
        "sum(dx)",
        "`dx` is summed over time, (N,D). Every step has an input of its own: only what is used at "
        "all steps adds up.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-backward-float32-buffer",
        "lstm_backward",
        "torch.stack(dx[::-1], dim=1)",
        "torch.stack(dx[::-1], dim=1).float()",
        "float64 goes in, and `dx` or another gradient comes out in float32: a buffer made without "
        "a dtype is float32.",
        "A buffer that takes its dtype and device from `dh` serves every precision.",
    ),
    Mistake(
        "lstm-step-gradients-clipped",
        "lstm_step_backward",
        "da = torch.cat([da_i, da_f, da_o, da_g], dim=1)",
        "da = torch.cat([da_i, da_f, da_o, da_g], dim=1).clamp(-1, 1)",
        "The gradients of the pre-activations are clipped to -1 and 1.",
        "Clipping gradients is a matter of the training loop, once for all parameters; a"
        " gradient by itself is what it is.",
    ),
    Mistake(
        "lstm-backward-carried-gradients-clipped",
        "lstm_backward",
        "dnext_h, dnext_c = dh[:, t] + dprev_h, dprev_c",
        "dnext_h, dnext_c = dh[:, t] + dprev_h.clamp(-5, 5), dprev_c.clamp(-5, 5)",
        "What flows back from the later step is clipped to -5 and 5.",
        "Clipping gradients is a matter of the training loop, once for all parameters; a"
        " gradient by itself is what it is.",
    ),
    Mistake(
        "lstm-backward-carried-gradients-float64",
        "lstm_backward",
        "torch.zeros_like(dh[:, 0])",
        "torch.zeros_like(dh[:, 0], dtype=torch.float64)",
        "The gradients that travel back start as float64 whatever comes in; float32 in should"
        " give float32 all the way.",
        "Zeros that take their dtype and device from `dh` serve every precision.",
    ),
    Mistake(
        "lstm-backward-always-float64",
        "lstm_backward",
        "return torch.stack(dx[::-1], dim=1), dh0, dWx, dWh, db",
        "return torch.stack(dx[::-1], dim=1).double(), dh0, dWx.double(), dWh.double(),"
        " db.double()",
        "The gradients are collected in float64 whatever comes in; float32 in should give"
        " float32 out.",
        "Zeros that take their dtype and device from `dh` serve every precision.",
    ),
    Mistake(
        "lstm-backward-cache-of-one-append",
        "lstm_backward",
        "dx = []",
        """cache = cache[-1:]
    dx = []""",
        "The cache holds one step, the last: `append` runs once, after the loop of the"
        " forward function.",
        "How many entries has the cache of a sequence of T steps?",
    ),
    Mistake(
        "lstm-backward-cache-of-the-last-step",
        "lstm_backward",
        "cache[t]",
        "cache[-1]",
        "Every step is taken back with the cache of the last step; each has its own.",
        "Which x and which gates does the cache of a step hold?",
    ),
    Mistake(
        "lstm-backward-upstream-of-the-step-before",
        "lstm_backward",
        "dh[:, t] +",
        "dh[:, t - 1] +",
        "Step t is taken back with `dh` of time t-1 (and the first step with that of the last).",
        "Whose gradient is dh[:, t]: that of the state before step t, or after?",
    ),
    Mistake(
        "lstm-backward-state-gradient-twice",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c",
        "dh[:, t] + 2 * dprev_h, dprev_c",
        "What flows back into the state from the later step is counted twice.",
        "On how many ways does a state reach the loss, and how often does each count?",
    ),
    Mistake(
        "lstm-backward-dh0-without-step-0",
        "lstm_backward",
        "dh0 = dprev_h",
        "dh0 = dnext_h - dh[:, 0]",
        "`dh0` is what step 1 sends back, to the state after step 0; step 0 itself is left out.",
        "Of which state is what step 0 returns the gradient?",
    ),
    Mistake(
        "lstm-backward-weights-averaged-over-time-and-dx",
        "lstm_backward",
        "return torch.stack(dx[::-1], dim=1), dh0, dWx, dWh, db",
        "return torch.stack(dx[::-1], dim=1) / len(dx), dh0 / len(dx), dWx / len(dx), dWh /"
        " len(dx), db / len(dx)",
        "All gradients are divided by the number of steps. `dh` says how much the loss"
        " depends on each state; nothing is left to average.",
        "With the loss summed over time, what would a sequence twice as long do to the"
        " gradient of `Wx`?",
    ),
]
