"""Parts lstm and bptt: mistakes in the LSTM, forward and backward."""

from checks.mistakes.catalogue import Mistake

ORDER_OF_GATES = (
    "Which columns of `a` belong to which gate? Write down the four slices and compare with the "
    "order i, f, o, g."
)
NONLINEARITIES = (
    "Three of the four blocks are gates, between 0 and 1; the fourth is what may enter the cell, "
    "between -1 and 1."
)
CELL_IN_WORDS = "Say `next_c` in words: a part of the old cell, plus a part of what is new."
STATE_IN_WORDS = (
    "Say `next_h` in words: the output gate decides how much of the squashed cell is shown."
)
GRAPH = "Call `backward()` on a sum of the outputs and look which inputs have no `.grad`."
TERMS = "Write down the terms of the affine map one by one, with their shapes, and tick them off."
ONE_BLOCK_A_GATE = (
    "Two blocks of `a` should never feed the same gate. Change one block of `a` and see which "
    "gates move."
)
CARRIED = "Print the states of two steps side by side: what does the second step start from?"
OUTPUTS = (
    "Compare what comes out with the last line of the docstring, name by name and shape by shape."
)
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
TWO_WAYS = (
    "Draw the arrows that leave `next_c`: one to later steps, one through tanh and the output gate "
    "to `next_h`."
)
TWO_STEPS_BACK = (
    "Write the loop for T = 2 out by hand: what enters the second-to-last step from the last one?"
)
SAME_WEIGHTS = "The same weights are used at every step: what does that mean for their gradient?"

MISTAKES = [
    Mistake(
        "lstm-weights-stacked-in-the-wrong-order",
        "lstm_step_forward",
        "x @ Wx + prev_h @ Wh",
        "torch.cat([x, prev_h], dim=1) @ torch.cat([Wh, Wx])",
        "Input and state are put side by side as x, prev_h, their matrices one above the other as Wh, "
        "Wx: each meets the other's.",
        "The first columns of the one must meet the first rows of the other.",
    ),
    Mistake(
        "lstm-return-inside-the-loop",
        "lstm_forward",
        "\n    return torch.stack(h, dim=1), cache",
        "\n        return torch.stack(h, dim=1), cache",
        "`h` comes back after a single time step: the `return` stands inside the loop.",
        "How far is the last line indented?",
    ),
    Mistake(
        "lstm-first-step-left-zero",
        "lstm_forward",
        "for t in range(x.shape[1]):",
        "h.append(torch.zeros_like(h0))\n    cache.append(None)\n"
        "    for t in range(1, x.shape[1]):",
        "The first time step is left out: its state stays zero, and the second step starts from `h0`.",
        "Is the first time step 0 or 1 in Python? Print the first state that comes out.",
    ),
    Mistake(
        "lstm-bias-missing",
        "lstm_step_forward",
        "x @ Wx + prev_h @ Wh + b",
        "x @ Wx + prev_h @ Wh",
        "The bias `b` is not added: the pre-activations are right but for `b`.",
        TERMS,
    ),
    Mistake(
        "lstm-bias-twice",
        "lstm_step_forward",
        "x @ Wx + prev_h @ Wh + b",
        "x @ Wx + b + prev_h @ Wh + b",
        "The bias `b` is added twice, once with the input and once with the state. There is a "
        "single bias here.",
        "PyTorch's own LSTM has two biases, this one has one: how often does `b` enter the sum?",
    ),
    Mistake(
        "lstm-bias-of-input-gate-for-all",
        "lstm_step_forward",
        "x @ Wx + prev_h @ Wh + b",
        "x @ Wx + prev_h @ Wh + b[: len(b) // 4].repeat(4)",
        "All four gates get the bias of the input gate. Each gate has its own H entries of `b`.",
        "Set `b` to four different constants, block by block, and look which gates notice.",
    ),
    Mistake(
        "lstm-input-term-missing",
        "lstm_step_forward",
        "x @ Wx + prev_h @ Wh + b",
        "prev_h @ Wh + b",
        "The input has no effect: `x` times `Wx` is missing from the pre-activations.",
        TERMS,
    ),
    Mistake(
        "lstm-state-term-missing",
        "lstm_step_forward",
        "x @ Wx + prev_h @ Wh + b",
        "x @ Wx + b",
        "The previous state has no effect on the gates: `prev_h` times `Wh` is missing from the "
        "pre-activations.",
        TERMS,
    ),
    Mistake(
        "lstm-cell-in-place-of-state",
        "lstm_step_forward",
        "x @ Wx + prev_h @ Wh + b",
        "x @ Wx + prev_c @ Wh + b",
        "The gates are computed from `prev_c`. It is `prev_h` that goes through `Wh`; the old cell "
        "enters later, through the forget gate.",
        "Change `prev_c` alone: which of the four gates should notice?",
    ),
    Mistake(
        "lstm-Wx-and-Wh-exchanged",
        "lstm_step_forward",
        "x @ Wx + prev_h @ Wh + b",
        "x @ Wh + prev_h @ Wx + b",
        "`Wx` and `Wh` have changed places: the input goes through `Wh` and the state through "
        "`Wx`.",
        "Compare the number of rows of each weight with the number of columns of what it "
        "multiplies.",
    ),
    Mistake(
        "lstm-tanh-before-the-gates",
        "lstm_step_forward",
        "a = x @ Wx + prev_h @ Wh + b",
        "a = torch.tanh(x @ Wx + prev_h @ Wh + b)",
        "A tanh is applied to the pre-activations before they are split into gates, as in a "
        "vanilla RNN. Each gate has its own nonlinearity only.",
        "Follow the numbers of one block from the affine map to its gate: how many nonlinearities "
        "do they meet?",
    ),
    Mistake(
        "lstm-state-detached",
        "lstm_step_forward",
        "x @ Wx + prev_h @ Wh + b",
        "x @ Wx + prev_h.detach() @ Wh + b",
        "The values are right, but no gradient reaches `prev_h` through the gates: it is detached "
        "from the graph. Training could not look further back than one step.",
        GRAPH,
    ),
    Mistake(
        "lstm-weights-as-data",
        "lstm_step_forward",
        "x @ Wx + prev_h @ Wh + b",
        "x @ Wx.data + prev_h @ Wh.data + b",
        "The values are right, but no gradient reaches `Wx` and `Wh`: they are used outside the "
        "graph. They would never be trained.",
        GRAPH,
    ),
    Mistake(
        "lstm-states-come-out-detached",
        "lstm_step_forward",
        "return next_h, next_c, cache",
        "return next_h.detach(), next_c.detach(), cache",
        "The values are right, but the new states come out detached from the graph: no gradient "
        "reaches any input.",
        GRAPH,
    ),
    Mistake(
        "lstm-states-returned-in-wrong-order",
        "lstm_step_forward",
        "return next_h, next_c, cache",
        "return next_c, next_h, cache",
        "`next_c` is returned first and `next_h` second. The order is `next_h`, `next_c`.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-state-returned-twice",
        "lstm_step_forward",
        "return next_h, next_c, cache",
        "return next_h, next_h, cache",
        "`next_h` is returned in both places; the new cell state `next_c` does not come out.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-old-cell-returned",
        "lstm_step_forward",
        "return next_h, next_c, cache",
        "return next_h, prev_c, cache",
        "The second output is `prev_c`, the old cell state. The new one should come out.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-gate-order-ifgo",
        "_lstm_cell_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_i, a_f, a_g, a_o = a",
        "The blocks of the 4H columns are read in the order i, f, g, o, as in PyTorch's own LSTM. "
        "Here the order is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-igfo",
        "_lstm_cell_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_i, a_g, a_f, a_o = a",
        "The blocks of the 4H columns are read in the order i, g, f, o, as in some older "
        "libraries. Here the order is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-fiog",
        "_lstm_cell_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_f, a_i, a_o, a_g = a",
        "The input gate and the forget gate have changed places: the blocks are read as f, i, o, "
        "g, or each gate multiplies what belongs to the other. The order is i, f, o, g.",
        "The first block of columns decides what enters the cell, the second what stays in it.",
    ),
    Mistake(
        "lstm-gate-order-figo",
        "_lstm_cell_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_f, a_i, a_g, a_o = a",
        "The blocks of the 4H columns are read in the order f, i, g, o, in which many texts "
        "introduce the gates. Here the order is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-iofg",
        "_lstm_cell_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_i, a_o, a_f, a_g = a",
        "The forget gate and the output gate have changed places: the blocks are read as i, o, f, "
        "g. The order is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-ofig",
        "_lstm_cell_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_o, a_f, a_i, a_g = a",
        "The input gate and the output gate have changed places: the blocks are read as o, f, i, "
        "g. The order is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-foig",
        "_lstm_cell_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_f, a_o, a_i, a_g = a",
        "The blocks of the 4H columns are read in the order f, o, i, g. Here the order is i, f, o, "
        "g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-gifo",
        "_lstm_cell_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_g, a_i, a_f, a_o = a",
        "The blocks of the 4H columns are read in the order g, i, f, o, with the block input "
        "first. Here it comes last: i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-gfoi",
        "_lstm_cell_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_g, a_f, a_o, a_i = a",
        "The input gate and the block input have changed places: the blocks are read as g, f, o, "
        "i. The order is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-reversed",
        "_lstm_cell_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_g, a_o, a_f, a_i = a",
        "The blocks of the 4H columns are read from the last to the first, g, o, f, i. The order "
        "is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gates-interleaved",
        "_lstm_cell_forward",
        "a_i, a_f, a_o, a_g = a.chunk(4, dim=1)",
        "a_i, a_f, a_o, a_g = a.reshape(len(a), -1, 4).unbind(dim=2)",
        "The gates are interleaved: every fourth column is taken for a gate. Each gate is a block "
        "of H columns side by side.",
        "A reshape from 4H to two axes puts the first of them outermost: should that be the gate "
        "or the unit?",
    ),
    Mistake(
        "lstm-split-along-the-batch",
        "_lstm_cell_forward",
        "a_i, a_f, a_o, a_g = a.chunk(4, dim=1)",
        "a_i, a_f, a_o, a_g = a.chunk(4)",
        "The pre-activations are cut in four along the batch, the axis that is taken when none is "
        "named. The gates lie along the 4H columns.",
        "Print the shape of each of the four blocks: it should be (N,H).",
    ),
    Mistake(
        "lstm-forget-gate-from-input-block",
        "_lstm_cell_forward",
        "torch.sigmoid(a_f)",
        "torch.sigmoid(a_i)",
        "The forget gate equals the input gate: both are computed from the first block of columns, "
        "and the second is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-forget-gate-from-output-block",
        "_lstm_cell_forward",
        "torch.sigmoid(a_f)",
        "torch.sigmoid(a_o)",
        "The output gate decides what stays in the cell: the third block of columns is used for "
        "the forget gate too, and the second is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-input-gate-from-forget-block",
        "_lstm_cell_forward",
        "torch.sigmoid(a_i)",
        "torch.sigmoid(a_f)",
        "The input gate equals the forget gate: both are computed from the second block of "
        "columns, and the first is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-output-gate-from-forget-block",
        "_lstm_cell_forward",
        "torch.sigmoid(a_o)",
        "torch.sigmoid(a_f)",
        "The output gate equals the forget gate: both are computed from the second block of "
        "columns, and the third is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-output-gate-from-input-block",
        "_lstm_cell_forward",
        "torch.sigmoid(a_o)",
        "torch.sigmoid(a_i)",
        "The output gate equals the input gate: both are computed from the first block of columns, "
        "and the third is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-block-input-from-output-block",
        "_lstm_cell_forward",
        "torch.tanh(a_g)",
        "torch.tanh(a_o)",
        "The block input `g` is computed from the third block of columns, that of the output gate; "
        "the fourth is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-block-input-from-input-gate-block",
        "_lstm_cell_forward",
        "torch.tanh(a_g)",
        "torch.tanh(a_i)",
        "The block input `g` is computed from the first block of columns, that of the input gate; "
        "the fourth is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-input-gate-with-tanh",
        "_lstm_cell_forward",
        "torch.sigmoid(a_i)",
        "torch.tanh(a_i)",
        "The input gate goes through tanh: it can become negative. A gate is a sigmoid, between 0 "
        "and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-forget-gate-with-tanh",
        "_lstm_cell_forward",
        "torch.sigmoid(a_f)",
        "torch.tanh(a_f)",
        "The forget gate goes through tanh: it can become negative. A gate is a sigmoid, between 0 "
        "and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-output-gate-with-tanh",
        "_lstm_cell_forward",
        "torch.sigmoid(a_o)",
        "torch.tanh(a_o)",
        "The output gate goes through tanh: it can become negative. A gate is a sigmoid, between 0 "
        "and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-block-input-with-sigmoid",
        "_lstm_cell_forward",
        "torch.tanh(a_g)",
        "torch.sigmoid(a_g)",
        "All four blocks go through a sigmoid. The block input `g` takes tanh, or the cell could "
        "only ever be added to.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-sigmoid-and-tanh-exchanged",
        "_lstm_cell_forward",
        "    i = torch.sigmoid(a_i)\n"
        "    f = torch.sigmoid(a_f)\n"
        "    o = torch.sigmoid(a_o)\n"
        "    g = torch.tanh(a_g)",
        "    i = torch.tanh(a_i)\n"
        "    f = torch.tanh(a_f)\n"
        "    o = torch.tanh(a_o)\n"
        "    g = torch.sigmoid(a_g)",
        "Sigmoid and tanh have changed places: the three gates go through tanh and the block input "
        "`g` through a sigmoid.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-tanh-on-all-blocks",
        "_lstm_cell_forward",
        "    i = torch.sigmoid(a_i)\n    f = torch.sigmoid(a_f)\n    o = torch.sigmoid(a_o)",
        "    i = torch.tanh(a_i)\n    f = torch.tanh(a_f)\n    o = torch.tanh(a_o)",
        "All four blocks go through tanh. Only the block input `g` does; the three gates are "
        "sigmoids.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-sigmoid-of-minus-a",
        "_lstm_cell_forward",
        "    i = torch.sigmoid(a_i)\n    f = torch.sigmoid(a_f)\n    o = torch.sigmoid(a_o)",
        "    i = 1 / (1 + torch.exp(a_i))\n"
        "    f = 1 / (1 + torch.exp(a_f))\n"
        "    o = 1 / (1 + torch.exp(a_o))",
        "The gates close where they should open: the sigmoid has the wrong sign in its "
        "exponential, sigmoid(-a) in place of sigmoid(a).",
        "A sigmoid grows with its argument. What does yours give at -10 and at 10?",
    ),
    Mistake(
        "lstm-gates-without-sigmoid",
        "_lstm_cell_forward",
        "    i = torch.sigmoid(a_i)\n    f = torch.sigmoid(a_f)\n    o = torch.sigmoid(a_o)",
        "    i = a_i\n    f = a_f\n    o = a_o",
        "The three gates have no nonlinearity: they are used before the sigmoid, and are not "
        "between 0 and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-input-gate-without-sigmoid",
        "_lstm_cell_forward",
        "torch.sigmoid(a_i)",
        "a_i",
        "The input gate has no sigmoid: it is not between 0 and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-forget-gate-without-sigmoid",
        "_lstm_cell_forward",
        "torch.sigmoid(a_f)",
        "a_f",
        "The forget gate has no sigmoid: it is not between 0 and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-output-gate-without-sigmoid",
        "_lstm_cell_forward",
        "torch.sigmoid(a_o)",
        "a_o",
        "The output gate has no sigmoid: it is not between 0 and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-block-input-without-tanh",
        "_lstm_cell_forward",
        "torch.tanh(a_g)",
        "a_g",
        "The block input `g` has no tanh: it enters the cell without bounds.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-block-input-with-relu",
        "_lstm_cell_forward",
        "torch.tanh(a_g)",
        "torch.relu(a_g)",
        "The block input `g` goes through relu. It takes tanh, between -1 and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-forget-bias-of-one",
        "_lstm_cell_forward",
        "torch.sigmoid(a_f)",
        "torch.sigmoid(a_f + 1)",
        "1 is added to the forget gate before its sigmoid. That the gate starts open is the "
        "business of the bias `b`, which has it already.",
        "With all inputs and `b` at 0 a gate should be exactly 0.5.",
    ),
    Mistake(
        "lstm-cell-without-input-gate",
        "_lstm_cell_forward",
        "f * prev_c + i * g",
        "f * prev_c + g",
        "The input gate is not used: the whole block input `g` enters the cell.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-cell-without-block-input",
        "_lstm_cell_forward",
        "f * prev_c + i * g",
        "f * prev_c + i",
        "The block input `g` is not used: the input gate itself is added to the cell.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-cell-without-forget-gate",
        "_lstm_cell_forward",
        "f * prev_c + i * g",
        "prev_c + i * g",
        "The forget gate is not used: the whole old cell is kept.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-old-cell-missing",
        "_lstm_cell_forward",
        "f * prev_c + i * g",
        "i * g",
        "The old cell has no effect: `next_c` is only what is new, `prev_c` is missing from it.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-forget-gate-on-the-whole-sum",
        "_lstm_cell_forward",
        "f * prev_c + i * g",
        "f * (prev_c + i * g)",
        "The forget gate multiplies the new part too. It belongs to the old cell alone.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-forget-gate-upside-down",
        "_lstm_cell_forward",
        "f * prev_c + i * g",
        "(1 - f) * prev_c + i * g",
        "The forget gate works upside down: the old cell is kept where the gate is 0. A gate of 1 "
        "keeps.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-coupled-gates",
        "_lstm_cell_forward",
        "f * prev_c + i * g",
        "(1 - i) * prev_c + i * g",
        "What stays in the cell is one minus the input gate, as in a GRU. An LSTM has a forget "
        "gate of its own for this.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-cell-squashed",
        "_lstm_cell_forward",
        "f * prev_c + i * g",
        "torch.tanh(f * prev_c + i * g)",
        "The cell itself goes through tanh before it is handed on. The tanh belongs to `next_h` "
        "only.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-squashed-cell-returned",
        "_lstm_cell_forward",
        "return next_h, next_c, (",
        "return next_h, torch.tanh(next_c), (",
        "`next_h` is right, but what is returned for `next_c` is its tanh. The cell is handed on "
        "as it is.",
        "The tanh is on the way from the cell to the state; the cell of the next step starts "
        "before it.",
    ),
    Mistake(
        "lstm-old-cell-detached",
        "_lstm_cell_forward",
        "f * prev_c + i * g",
        "f * prev_c.detach() + i * g",
        "The values are right, but no gradient reaches `prev_c`: it is detached from the graph. It "
        "is this path that lets gradients survive many steps.",
        GRAPH,
    ),
    Mistake(
        "lstm-old-cell-overwritten",
        "_lstm_cell_forward",
        "f * prev_c + i * g",
        "prev_c.mul_(f).add_(i * g)",
        "The caller's `prev_c` is overwritten: the new cell is written over it. What comes out is "
        "right, but the old cell is lost to everything that needs it later, the backward step "
        "first of all.",
        "Keep a clone of every input and compare after the call. Which operations write into their "
        "argument?",
    ),
    Mistake(
        "lstm-state-without-tanh",
        "_lstm_cell_forward",
        "o * torch.tanh(next_c)",
        "o * next_c",
        "`next_h` lacks the tanh: the output gate multiplies the cell as it is.",
        STATE_IN_WORDS,
    ),
    Mistake(
        "lstm-state-without-output-gate",
        "_lstm_cell_forward",
        "o * torch.tanh(next_c)",
        "torch.tanh(next_c)",
        "The output gate is not used: `next_h` shows the whole squashed cell.",
        STATE_IN_WORDS,
    ),
    Mistake(
        "lstm-state-tanh-of-the-product",
        "_lstm_cell_forward",
        "o * torch.tanh(next_c)",
        "torch.tanh(o * next_c)",
        "In `next_h` the output gate is applied inside the tanh. First squash the cell, then apply "
        "the gate.",
        STATE_IN_WORDS,
    ),
    Mistake(
        "lstm-state-from-old-cell",
        "_lstm_cell_forward",
        "o * torch.tanh(next_c)",
        "o * torch.tanh(prev_c)",
        "`next_h` is computed from `prev_c`, the old cell. It shows the new one.",
        STATE_IN_WORDS,
    ),
    Mistake(
        "lstm-state-with-sigmoid",
        "_lstm_cell_forward",
        "o * torch.tanh(next_c)",
        "o * torch.sigmoid(next_c)",
        "In `next_h` the cell goes through a sigmoid. It takes tanh.",
        STATE_IN_WORDS,
    ),
    Mistake(
        "lstm-state-from-new-part-only",
        "_lstm_cell_forward",
        "o * torch.tanh(next_c)",
        "o * torch.tanh(i * g)",
        "`next_h` shows only what has just entered the cell. It shows the whole new cell, with "
        "what was kept.",
        STATE_IN_WORDS,
    ),
    Mistake(
        "lstm-cell-not-carried",
        "lstm_forward",
        "prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)",
        "prev_h, _, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)",
        "The cell state is not carried: every step starts from a cell of zeros. `h` is right at "
        "the first step only.",
        CARRIED,
    ),
    Mistake(
        "lstm-state-not-carried",
        "lstm_forward",
        "prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        h.append(prev_h)",
        "next_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        h.append(next_h)",
        "The hidden state is not carried: every step starts from `h0`, only the cell goes on.",
        CARRIED,
    ),
    Mistake(
        "lstm-nothing-carried",
        "lstm_forward",
        "prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        h.append(prev_h)",
        "next_h, _, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        h.append(next_h)",
        "Neither state is carried: every step starts from `h0` and a cell of zeros, as if it were "
        "the first.",
        CARRIED,
    ),
    Mistake(
        "lstm-states-exchanged-when-carried",
        "lstm_forward",
        "prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)",
        "prev_c, prev_h, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)",
        "Hidden state and cell state are taken from the step in the wrong order: what is collected "
        "and carried as `h` is the cell.",
        "The step returns `next_h` first, then `next_c`.",
    ),
    Mistake(
        "lstm-states-exchanged-after-the-step",
        "lstm_forward",
        "h.append(prev_h)",
        "h.append(prev_h)\n        prev_h, prev_c = prev_c, prev_h",
        "What is collected is right, but hidden state and cell state change places on the way to "
        "the next step.",
        CARRIED,
    ),
    Mistake(
        "lstm-states-exchanged-in-the-call",
        "lstm_forward",
        "lstm_step_forward(x[:, t], prev_h, prev_c,",
        "lstm_step_forward(x[:, t], prev_c, prev_h,",
        "Hidden state and cell state are handed to the step in the wrong order: the cell goes "
        "through `Wh`.",
        "Compare the order of the arguments with the signature of the step.",
    ),
    Mistake(
        "lstm-cell-handed-on-as-state",
        "lstm_forward",
        "prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)",
        "prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_h, Wx, Wh, b)",
        "The step gets the hidden state in place of the cell state: `prev_c` is never used.",
        "Compare the arguments with the signature of the step: the third is the cell.",
    ),
    Mistake(
        "lstm-cell-starts-from-h0",
        "lstm_forward",
        "prev_c = torch.zeros_like(h0)",
        "prev_c = h0",
        "The cell starts from `h0`. Only the hidden state does; the cell starts from zeros.",
        "What is in the cell before anything has been read?",
    ),
    Mistake(
        "lstm-cell-starts-from-ones",
        "lstm_forward",
        "torch.zeros_like(h0)",
        "torch.ones_like(h0)",
        "The cell starts from ones. It starts from zeros.",
        "What is in the cell before anything has been read?",
    ),
    Mistake(
        "lstm-cell-shaped-like-input",
        "lstm_forward",
        "torch.zeros_like(h0)",
        "torch.zeros_like(x[:, 0])",
        "The first cell state has the shape of an input, (N,D). It has that of a state, (N,H); "
        "this passes only where D equals H.",
        "Print the shapes of the two states before the loop: they should be alike.",
    ),
    Mistake(
        "lstm-h0-ignored",
        "lstm_forward",
        "prev_h = h0",
        "prev_h = torch.zeros_like(h0)",
        "`h0` has no effect: the hidden state starts from zeros, so the picture would never reach "
        "the caption.",
        CARRIED,
    ),
    Mistake(
        "lstm-h0-detached",
        "lstm_forward",
        "prev_h = h0",
        "prev_h = h0.detach()",
        "The values are right, but no gradient reaches `h0`: it is detached from the graph. What "
        "computes it from the picture would never be trained.",
        GRAPH,
    ),
    Mistake(
        "lstm-h0-overwritten",
        "lstm_forward",
        "prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        h.append(prev_h)",
        "next_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        prev_h.copy_(next_h)\n"
        "        h.append(prev_h)",
        "Every new state is written into the memory of `h0`: the caller's `h0` is changed, all "
        "steps of `h` are one and the same tensor, and autograd refuses.",
        "Which operations write into an existing tensor? Print `h0` before and after the call.",
    ),
    Mistake(
        "lstm-cell-detached-between-steps",
        "lstm_forward",
        "cache.append(step_cache)",
        "cache.append(step_cache)\n        prev_c = prev_c.detach()",
        "The values are right, but the cell is detached between the steps: gradients do not travel "
        "back through it.",
        GRAPH,
    ),
    Mistake(
        "lstm-states-detached-between-steps",
        "lstm_forward",
        "cache.append(step_cache)",
        "cache.append(step_cache)\n        prev_h, prev_c = prev_h.detach(), prev_c.detach()",
        "The values are right, but both states are detached between the steps: gradients stop "
        "after one step, and only the first step reaches `h0`.",
        GRAPH,
    ),
    Mistake(
        "lstm-cell-collected",
        "lstm_forward",
        "h.append(prev_h)",
        "h.append(prev_c)",
        "What is collected over time is the cell state. `h` holds the hidden states.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-states-before-the-steps",
        "lstm_forward",
        "prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        h.append(prev_h)",
        "h.append(prev_h)\n"
        "        prev_h, prev_c, step_cache = "
        "lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)",
        "`h` holds the state before each step: `h0` comes first and the last state is missing. "
        "Everything is one step late.",
        "With T = 1, `h` should hold the state after the only step.",
    ),
    Mistake(
        "lstm-h0-kept-in-h",
        "lstm_forward",
        "h, cache = [], []",
        "h, cache = [h0], []",
        "`h` has T+1 entries: `h0` is kept in front of the states. It should hold the T states "
        "after the steps.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-last-state-only",
        "lstm_forward",
        "return torch.stack(h, dim=1), cache",
        "return prev_h, cache",
        "Only the last state is returned. `h` holds the state after every step, (N,T,H).",
        OUTPUTS,
    ),
    Mistake(
        "lstm-time-first",
        "lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.stack(h)",
        "`h` comes out with time first, (T,N,H). The batch comes first: (N,T,H).",
        OUTPUTS,
    ),
    Mistake(
        "lstm-time-and-batch-scrambled",
        "lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.stack(h).reshape(len(h0), x.shape[1], -1)",
        "The states are stacked as (T,N,H) and then reshaped to (N,T,H): the shape is right, but a "
        "reshape does not exchange axes, so rows and steps are mixed up.",
        "Fill a small (T,N) array with 0, 1, 2, ..., reshape it to (N,T) and compare with its "
        "transpose.",
    ),
    Mistake(
        "lstm-h-in-wrong-shape",
        "lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.cat(h, dim=1)",
        "`h` holds the right numbers in the right order, but in another shape. Time is an axis of "
        "its own: (N,T,H).",
        OUTPUTS,
    ),
    Mistake(
        "lstm-outputs-in-reverse",
        "lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.stack(h[::-1], dim=1)",
        "The states come out from the last to the first. Step 0 comes first in `h`.",
        "Only a loop that runs backwards has to turn its list round at the end.",
    ),
    Mistake(
        "lstm-reads-in-reverse",
        "lstm_forward",
        "for t in range(x.shape[1]):",
        "for t in reversed(range(x.shape[1])):",
        "The sequence is read from its end: the first step takes the last input. Time runs "
        "forwards here.",
        "Which input does the step that starts from `h0` take?",
    ),
    Mistake(
        "lstm-first-input-at-every-step",
        "lstm_forward",
        "x[:, t]",
        "x[:, 0]",
        "Every step gets the first input: what comes later in the sequence has no effect.",
        "Change one input after the other and see which outputs move.",
    ),
    Mistake(
        "lstm-row-in-place-of-step",
        "lstm_forward",
        "x[:, t]",
        "x[t]",
        "Step t takes row t of the batch, with all its time steps. It should take time step t of "
        "every row: the batch is the first axis of `x`.",
        "Print the shape of what the step gets as its input: (N,D) is wanted.",
    ),
    Mistake(
        "lstm-whole-sequence-to-every-step",
        "lstm_forward",
        "x[:, t]",
        "x",
        "Every step is handed the whole sequence (N,T,D). A step takes the inputs of one time "
        "step, (N,D).",
        "Print the shape of what the step gets as its input.",
    ),
    Mistake(
        "lstm-loop-over-the-batch",
        "lstm_forward",
        "range(x.shape[1])",
        "range(len(x))",
        "The loop makes N steps, one for each row of the batch. It should make T, the second axis "
        "of `x`.",
        "Call it with a batch of one and three time steps: how many states come out?",
    ),
    Mistake(
        "lstm-first-step-skipped",
        "lstm_forward",
        "range(x.shape[1])",
        "range(1, x.shape[1])",
        "The first input is never read: the loop starts at step 1, and `h` has one step too few.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-last-step-skipped",
        "lstm_forward",
        "range(x.shape[1])",
        "range(x.shape[1] - 1)",
        "The last input is never read: the loop ends one step early, and `h` has one step too few.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-Wx-and-Wh-exchanged-in-the-call",
        "lstm_forward",
        "prev_h, prev_c, Wx, Wh, b)",
        "prev_h, prev_c, Wh, Wx, b)",
        "`Wx` and `Wh` are handed to the step in the wrong order.",
        "Compare the order of the arguments with the signature of the step.",
    ),
    Mistake(
        "lstm-float32-buffer",
        "lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.stack(h, dim=1).float()",
        "float64 goes in and float32 comes out: the states pass through a float32 tensor. A buffer "
        "made without a dtype is float32.",
        "A buffer that takes its dtype and device from an input serves every precision.",
    ),
    Mistake(
        "lstm-always-float64",
        "lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.stack(h, dim=1).double()",
        "float64 comes out whatever goes in: float32 inputs should give float32 states.",
        "A buffer that takes its dtype and device from an input serves every precision.",
    ),
    Mistake(
        "lstm-dx-without-transpose",
        "lstm_step_backward",
        "da @ Wx.T",
        "da @ Wx",
        "`dx` is computed with `Wx` as it is; its transpose is needed.",
        TRANSPOSES,
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
    ),
    Mistake(
        "lstm-dprev_h-through-Wx",
        "lstm_step_backward",
        "da @ Wh.T",
        "da @ Wx.T",
        "`dprev_h` is computed with `Wx`, the weights of the input. The state came through `Wh`.",
        "Each input gets its gradient through the weights it was multiplied with.",
    ),
    Mistake(
        "lstm-dWx-from-the-state",
        "lstm_step_backward",
        "x.T @ da",
        "prev_h.T @ da",
        "`dWx` is computed with `prev_h`. What was multiplied with `Wx` is `x`.",
        "A weight gets its gradient from what it was multiplied with.",
    ),
    Mistake(
        "lstm-dWh-from-the-input",
        "lstm_step_backward",
        "prev_h.T @ da",
        "x.T @ da",
        "`dWh` is computed with `x`. What was multiplied with `Wh` is `prev_h`.",
        "A weight gets its gradient from what it was multiplied with.",
    ),
    Mistake(
        "lstm-dWh-from-the-new-state",
        "lstm_step_backward",
        "prev_h.T @ da",
        "(cell_cache[3] * torch.tanh(cell_cache[5])).T @ da",
        "`dWh` is computed with the new state `next_h`. What was multiplied with `Wh` is the state "
        "before the step.",
        "Which state is it that the forward step multiplies with `Wh`? Look what your cache holds "
        "under that name.",
    ),
    Mistake(
        "lstm-dWh-from-the-cell",
        "lstm_step_backward",
        "prev_h.T @ da",
        "cell_cache[0].T @ da",
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
        "`db` is averaged over the batch, so it is N times too small. The gradients of the rows "
        "add up.",
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
        "The gradients of `Wx`, `Wh` and `b` are averaged over the batch, so they are N times too "
        "small. The gradients of the rows add up.",
        "If the loss is a mean over the batch, the upstream gradient has that already.",
    ),
    Mistake(
        "lstm-dprev_h-with-upstream-added",
        "lstm_step_backward",
        "da @ Wh.T",
        "da @ Wh.T + dnext_h",
        "`dnext_h` is added to `dprev_h` as if the state were also handed on unchanged. It reaches "
        "`prev_h` through the gates only.",
        "On which ways does `prev_h` enter the forward step?",
    ),
    Mistake(
        "lstm-dprev_h-and-dprev_c-exchanged",
        "lstm_step_backward",
        "return dx, dprev_h, dprev_c,",
        "return dx, dprev_c, dprev_h,",
        "`dprev_c` is returned before `dprev_h`. The order is that of the inputs: `dx`, `dprev_h`, "
        "`dprev_c`, `dWx`, `dWh`, `db`.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-dWx-and-dWh-exchanged",
        "lstm_step_backward",
        "dWx, dWh, db\n",
        "dWh, dWx, db\n",
        "`dWh` is returned before `dWx`. The order is that of the inputs: `dx`, `dprev_h`, "
        "`dprev_c`, `dWx`, `dWh`, `db`.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-upstream-gradients-exchanged",
        "lstm_step_backward",
        "(dnext_h, dnext_c, cell_cache)",
        "(dnext_c, dnext_h, cell_cache)",
        "The upstream gradients have changed places: `dnext_c` is used for `dnext_h` and the other "
        "way round.",
        "Compare the order of the arguments with the signature.",
    ),
    Mistake(
        "lstm-one-minus-g-squared-as-a-whole",
        "_lstm_cell_backward",
        "dc * i * (1 - g**2)",
        "dc * i * (1 - g) ** 2",
        "In the derivative of tanh for `g` the whole difference is squared, (1 - g)^2; it is 1 - g^2.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-dc-without-the-state",
        "_lstm_cell_backward",
        "dc = dnext_c + dnext_h * o * (1 - tanh_c**2)",
        "dc = dnext_c",
        "The gradient of the cell lacks the path through `next_h`: only `dnext_c` is used.",
        TWO_WAYS,
    ),
    Mistake(
        "lstm-dc-without-later-steps",
        "_lstm_cell_backward",
        "dnext_c + dnext_h * o",
        "dnext_h * o",
        "The gradient of the cell lacks `dnext_c`, what arrives from later steps: only the path "
        "through `next_h` is used.",
        TWO_WAYS,
    ),
    Mistake(
        "lstm-dc-without-output-gate",
        "_lstm_cell_backward",
        "dnext_h * o * (1 - tanh_c**2)",
        "dnext_h * (1 - tanh_c**2)",
        "On the path from `next_h` to the cell the output gate is missing: the tanh was multiplied "
        "with it.",
        FACTORS,
    ),
    Mistake(
        "lstm-dc-without-tanh-derivative",
        "_lstm_cell_backward",
        "dnext_h * o * (1 - tanh_c**2)",
        "dnext_h * o",
        "On the path from `next_h` to the cell the derivative of tanh is missing.",
        FACTORS,
    ),
    Mistake(
        "lstm-dc-tanh-not-squared",
        "_lstm_cell_backward",
        "(1 - tanh_c**2)",
        "(1 - tanh_c)",
        "On the path from `next_h` to the cell, tanh is not squared in its derivative.",
        "The derivative of tanh can be had from its output: look it up in rnn_step_backward.",
    ),
    Mistake(
        "lstm-dc-derivative-from-the-cell",
        "_lstm_cell_backward",
        "(1 - tanh_c**2)",
        "(1 - next_c**2)",
        "On the path from `next_h` to the cell, the derivative of tanh is computed from `next_c` "
        "itself. It is one minus the square of tanh's output.",
        "`next_c` is the argument of tanh, not its output.",
    ),
    Mistake(
        "lstm-dc-derivative-from-the-state",
        "_lstm_cell_backward",
        "(1 - tanh_c**2)",
        "(1 - (o * tanh_c) ** 2)",
        "On the path from `next_h` to the cell, the derivative of tanh is computed from `next_h`, "
        "as in a vanilla RNN. Here `next_h` is not the output of tanh: the output gate stands "
        "between.",
        "Divide the way from cell to state into two steps, tanh and gate.",
    ),
    Mistake(
        "lstm-dc-with-sigmoid-derivative",
        "_lstm_cell_backward",
        "(1 - tanh_c**2)",
        "tanh_c * (1 - tanh_c)",
        "On the path from `next_h` to the cell, tanh gets the derivative of a sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-dc-with-tanh-for-its-derivative",
        "_lstm_cell_backward",
        "(1 - tanh_c**2)",
        "tanh_c",
        "On the path from `next_h` to the cell, the gradient is multiplied with tanh itself in "
        "place of its derivative.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-dc-tanh-twice",
        "_lstm_cell_backward",
        "(1 - tanh_c**2)",
        "(1 - torch.tanh(tanh_c) ** 2)",
        "On the path from `next_h` to the cell, tanh is taken twice: its derivative is computed "
        "from the tanh of a tanh.",
        "Is what you square the tanh of the cell, or the tanh of that?",
    ),
    Mistake(
        "lstm-dc-tanh-derivative-on-both",
        "_lstm_cell_backward",
        "dnext_c + dnext_h * o * (1 - tanh_c**2)",
        "(dnext_c + dnext_h * o) * (1 - tanh_c**2)",
        "`dnext_c` is multiplied with the derivative of tanh too. Only the path through `next_h` "
        "passes the tanh.",
        TWO_WAYS,
    ),
    Mistake(
        "lstm-dc-output-gate-on-both",
        "_lstm_cell_backward",
        "dnext_c + dnext_h * o * (1 - tanh_c**2)",
        "(dnext_c + dnext_h) * o * (1 - tanh_c**2)",
        "`dnext_c` is sent through output gate and tanh as well. Only the path through `next_h` "
        "passes them.",
        TWO_WAYS,
    ),
    Mistake(
        "lstm-dnext_c-overwritten",
        "_lstm_cell_backward",
        "dc = dnext_c + dnext_h * o * (1 - tanh_c**2)",
        "dc = dnext_c\n    dc += dnext_h * o * (1 - tanh_c**2)",
        "The caller's `dnext_c` is changed: the path through `next_h` is added into it in place.",
        "`+=` on a tensor writes into it, under whatever name. Keep a clone of every input and "
        "compare after the call.",
    ),
    Mistake(
        "lstm-gates-from-dnext_c-only",
        "_lstm_cell_backward",
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
        TWO_WAYS,
    ),
    Mistake(
        "lstm-gates-without-derivatives",
        "_lstm_cell_backward",
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
        "_lstm_cell_backward",
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
        "_lstm_cell_backward",
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
        "_lstm_cell_backward",
        "da_i = dc * g",
        "da_i = dc * prev_c",
        "The gradient of the input gate holds `prev_c`. That gate was multiplied with `g`.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_i-without-partner",
        "_lstm_cell_backward",
        "da_i = dc * g * i",
        "da_i = dc * i",
        "The gradient of the input gate lacks `g`, with which the gate was multiplied.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_i-without-derivative",
        "_lstm_cell_backward",
        "g * i * (1 - i)",
        "g",
        "The block of the input gate lacks the derivative of its sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_i-without-i",
        "_lstm_cell_backward",
        "g * i * (1 - i)",
        "g * (1 - i)",
        "In the block of the input gate, half of the sigmoid's derivative is missing: the gate "
        "itself as a factor.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_i-without-one-minus-i",
        "_lstm_cell_backward",
        "g * i * (1 - i)",
        "g * i",
        "In the block of the input gate, half of the sigmoid's derivative is missing: one minus "
        "the gate.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_i-with-tanh-derivative",
        "_lstm_cell_backward",
        "g * i * (1 - i)",
        "g * (1 - i**2)",
        "The block of the input gate gets the derivative of tanh. The gate is a sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_i-from-dnext_c",
        "_lstm_cell_backward",
        "da_i = dc",
        "da_i = dnext_c",
        "The gradient of the input gate is computed from `dnext_c` alone. It needs the whole "
        "gradient of the cell, with what comes through `next_h`.",
        TWO_WAYS,
    ),
    Mistake(
        "lstm-da_f-with-new-cell",
        "_lstm_cell_backward",
        "dc * prev_c",
        "dc * next_c",
        "The gradient of the forget gate holds `next_c`. That gate was multiplied with the old "
        "cell.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_f-with-block-input",
        "_lstm_cell_backward",
        "dc * prev_c",
        "dc * g",
        "The gradient of the forget gate holds `g`. That gate was multiplied with the old cell.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_f-without-partner",
        "_lstm_cell_backward",
        "da_f = dc * prev_c",
        "da_f = dc",
        "The gradient of the forget gate lacks the old cell, with which the gate was multiplied.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_f-without-derivative",
        "_lstm_cell_backward",
        "prev_c * f * (1 - f)",
        "prev_c",
        "The block of the forget gate lacks the derivative of its sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_f-without-f",
        "_lstm_cell_backward",
        "prev_c * f * (1 - f)",
        "prev_c * (1 - f)",
        "In the block of the forget gate, half of the sigmoid's derivative is missing: the gate "
        "itself as a factor.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_f-without-one-minus-f",
        "_lstm_cell_backward",
        "prev_c * f * (1 - f)",
        "prev_c * f",
        "In the block of the forget gate, half of the sigmoid's derivative is missing: one minus "
        "the gate.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_f-with-tanh-derivative",
        "_lstm_cell_backward",
        "prev_c * f * (1 - f)",
        "prev_c * (1 - f**2)",
        "The block of the forget gate gets the derivative of tanh. The gate is a sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_f-from-dnext_c",
        "_lstm_cell_backward",
        "da_f = dc",
        "da_f = dnext_c",
        "The gradient of the forget gate is computed from `dnext_c` alone. It needs the whole "
        "gradient of the cell, with what comes through `next_h`.",
        TWO_WAYS,
    ),
    Mistake(
        "lstm-da_o-from-dc",
        "_lstm_cell_backward",
        "dnext_h * tanh_c * o",
        "dc * tanh_c * o",
        "The gradient of the output gate is computed from that of the cell. The gate touches "
        "`next_h` only, so `dnext_h` is what reaches it.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_o-without-tanh",
        "_lstm_cell_backward",
        "dnext_h * tanh_c * o",
        "dnext_h * next_c * o",
        "The gradient of the output gate holds `next_c` as it is. The gate was multiplied with its "
        "tanh.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_o-with-old-cell",
        "_lstm_cell_backward",
        "dnext_h * tanh_c * o",
        "dnext_h * torch.tanh(prev_c) * o",
        "The gradient of the output gate holds the old cell. The gate was multiplied with the tanh "
        "of the new one.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_o-without-partner",
        "_lstm_cell_backward",
        "dnext_h * tanh_c * o",
        "dnext_h * o",
        "The gradient of the output gate lacks the tanh of the cell, with which the gate was "
        "multiplied.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_o-without-derivative",
        "_lstm_cell_backward",
        "tanh_c * o * (1 - o)",
        "tanh_c",
        "The block of the output gate lacks the derivative of its sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_o-without-o",
        "_lstm_cell_backward",
        "tanh_c * o * (1 - o)",
        "tanh_c * (1 - o)",
        "In the block of the output gate, half of the sigmoid's derivative is missing: the gate "
        "itself as a factor.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_o-without-one-minus-o",
        "_lstm_cell_backward",
        "tanh_c * o * (1 - o)",
        "tanh_c * o",
        "In the block of the output gate, half of the sigmoid's derivative is missing: one minus "
        "the gate.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_o-with-tanh-derivative",
        "_lstm_cell_backward",
        "tanh_c * o * (1 - o)",
        "tanh_c * (1 - o**2)",
        "The block of the output gate gets the derivative of tanh. The gate is a sigmoid.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_g-with-sigmoid-derivative",
        "_lstm_cell_backward",
        "i * (1 - g**2)",
        "i * g * (1 - g)",
        "The block input `g` gets the derivative of a sigmoid. It is a tanh.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_g-without-derivative",
        "_lstm_cell_backward",
        "dc * i * (1 - g**2)",
        "dc * i",
        "The block of `g` lacks the derivative of tanh.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_g-not-squared",
        "_lstm_cell_backward",
        "(1 - g**2)",
        "(1 - g)",
        "In the block of `g`, tanh is not squared in its derivative.",
        DERIVATIVES,
    ),
    Mistake(
        "lstm-da_g-tanh-twice",
        "_lstm_cell_backward",
        "(1 - g**2)",
        "(1 - torch.tanh(g) ** 2)",
        "The derivative of the block input is computed from the tanh of `g`, which has been "
        "through tanh already.",
        "`g` is the output of its tanh: 1 - g^2 wants that output.",
    ),
    Mistake(
        "lstm-da_g-without-input-gate",
        "_lstm_cell_backward",
        "dc * i * (1 - g**2)",
        "dc * (1 - g**2)",
        "The gradient of the block input `g` lacks the input gate, with which it was multiplied.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_g-with-forget-gate",
        "_lstm_cell_backward",
        "dc * i * (1 - g**2)",
        "dc * f * (1 - g**2)",
        "The gradient of the block input `g` holds the forget gate. It was multiplied with the "
        "input gate.",
        FACTORS,
    ),
    Mistake(
        "lstm-da_g-from-dnext_c",
        "_lstm_cell_backward",
        "da_g = dc",
        "da_g = dnext_c",
        "The gradient of the block input `g` is computed from `dnext_c` alone. It needs the whole "
        "gradient of the cell, with what comes through `next_h`.",
        TWO_WAYS,
    ),
    Mistake(
        "lstm-dprev_c-with-input-gate",
        "_lstm_cell_backward",
        "dprev_c = dc * f",
        "dprev_c = dc * i",
        "`dprev_c` holds the input gate. The old cell was multiplied with the forget gate.",
        FACTORS,
    ),
    Mistake(
        "lstm-dprev_c-without-forget-gate",
        "_lstm_cell_backward",
        "dprev_c = dc * f",
        "dprev_c = dc",
        "`dprev_c` lacks the forget gate, with which the old cell was multiplied.",
        FACTORS,
    ),
    Mistake(
        "lstm-dprev_c-from-dnext_c",
        "_lstm_cell_backward",
        "dprev_c = dc * f",
        "dprev_c = dnext_c * f",
        "`dprev_c` is computed from `dnext_c` alone. It needs the whole gradient of the cell, with "
        "what comes through `next_h`.",
        TWO_WAYS,
    ),
    Mistake(
        "lstm-dprev_c-upside-down",
        "_lstm_cell_backward",
        "dprev_c = dc * f",
        "dprev_c = dc * (1 - f)",
        "`dprev_c` holds one minus the forget gate. The old cell was multiplied with the gate "
        "itself.",
        FACTORS,
    ),
    Mistake(
        "lstm-dprev_c-with-sigmoid-derivative",
        "_lstm_cell_backward",
        "dprev_c = dc * f",
        "dprev_c = dc * f * (1 - f)",
        "`dprev_c` holds the derivative of the forget gate's sigmoid. The old cell does not pass a "
        "sigmoid, it is multiplied with the gate.",
        FACTORS,
    ),
    Mistake(
        "lstm-dprev_c-zero",
        "_lstm_cell_backward",
        "dprev_c = dc * f",
        "dprev_c = torch.zeros_like(dc)",
        "`dprev_c` is zero: no gradient reaches the old cell. It is this path that lets gradients "
        "survive many steps.",
        FACTORS,
    ),
    Mistake(
        "lstm-gate-gradients-ifgo",
        "_lstm_cell_backward",
        "[da_i, da_f, da_o, da_g]",
        "[da_i, da_f, da_g, da_o]",
        "The gradients of the four gates are put together in the order i, f, g, o. It has to be "
        "the order of the forward pass: i, f, o, g.",
        "Compare the order of the blocks with that in which the forward step reads them.",
    ),
    Mistake(
        "lstm-gate-gradients-fiog",
        "_lstm_cell_backward",
        "[da_i, da_f, da_o, da_g]",
        "[da_f, da_i, da_o, da_g]",
        "The gradients of the four gates are put together in the order f, i, o, g. It has to be "
        "the order of the forward pass: i, f, o, g.",
        "Compare the order of the blocks with that in which the forward step reads them.",
    ),
    Mistake(
        "lstm-gate-gradients-iofg",
        "_lstm_cell_backward",
        "[da_i, da_f, da_o, da_g]",
        "[da_i, da_o, da_f, da_g]",
        "The gradients of the four gates are put together in the order i, o, f, g. It has to be "
        "the order of the forward pass: i, f, o, g.",
        "Compare the order of the blocks with that in which the forward step reads them.",
    ),
    Mistake(
        "lstm-gate-gradients-figo",
        "_lstm_cell_backward",
        "[da_i, da_f, da_o, da_g]",
        "[da_f, da_i, da_g, da_o]",
        "The gradients of the four gates are put together in the order f, i, g, o. It has to be "
        "the order of the forward pass: i, f, o, g.",
        "Compare the order of the blocks with that in which the forward step reads them.",
    ),
    Mistake(
        "lstm-gate-gradients-interleaved",
        "_lstm_cell_backward",
        "torch.cat([da_i, da_f, da_o, da_g], dim=1)",
        "torch.stack([da_i, da_f, da_o, da_g], dim=2).flatten(1)",
        "The gradients of the four gates are interleaved column by column. They go side by side as "
        "whole blocks of H columns.",
        "Where in the 4H columns does the forward step read unit 1 of the input gate?",
    ),
    Mistake(
        "lstm-gate-gradients-along-the-batch",
        "_lstm_cell_backward",
        "torch.cat([da_i, da_f, da_o, da_g], dim=1)",
        "torch.cat([da_i, da_f, da_o, da_g])",
        "The gradients of the four gates are put below each other, (4N,H). They go side by side: "
        "(N,4H).",
        "Print the shape of the joined gradient: it should be that of the pre-activations.",
    ),
    Mistake(
        "lstm-backward-state-not-carried",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c,",
        "dh[:, t], dprev_c,",
        "The gradient of the state does not travel back: `dprev_h` of the later step is never "
        "added to the upstream gradient of its own output.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-cell-not-carried",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c,",
        "dh[:, t] + dprev_h, torch.zeros_like(dprev_c),",
        "The gradient of the cell does not travel back: every step gets zeros for `dnext_c`, not "
        "`dprev_c` of the later step.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-nothing-carried",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c,",
        "dh[:, t], torch.zeros_like(dprev_c),",
        "Nothing travels back: every step gets the upstream gradient of its own output only. "
        "Neither `dprev_h` nor `dprev_c` of the later step enters.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-only-last-upstream",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c,",
        "dprev_h if t < dh.shape[1] - 1 else dh[:, t], dprev_c,",
        "Only the upstream gradient of the last step is used. Every step has an output of its own, "
        "whose gradient is added when its turn comes.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-last-upstream-everywhere",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c,",
        "dh[:, -1] + dprev_h, dprev_c,",
        "Every step gets the upstream gradient of the last output. Each has its own in `dh`.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-upstream-into-the-cell",
        "lstm_backward",
        "dh[:, t] + dprev_h, dprev_c,",
        "dh[:, t] + dprev_h, dh[:, t] + dprev_c,",
        "The upstream gradient is added to the cell's gradient too. `dh` belongs to the state; the "
        "step sends it on to the cell itself.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-cell-gradient-starts-from-dh",
        "lstm_backward",
        "dprev_c = torch.zeros_like(dh[:, 0])",
        "dprev_c = dh[:, -1]",
        "The gradient of the cell starts from that of the last output. After the last step nothing "
        "uses the cell: it starts from zeros.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-cell-gradient-starts-nowhere",
        "lstm_backward",
        "    dprev_c = torch.zeros_like(dh[:, 0])\n",
        "",
        "`dprev_c` is used at the last step before it has a value. After the last step nothing "
        "uses the cell: what is its gradient there?",
        "A loop that carries something needs it before its first round.",
    ),
    Mistake(
        "lstm-backward-upstream-overwritten",
        "lstm_backward",
        "dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(\n"
        "            dh[:, t] + dprev_h,",
        "dh[:, t] += dprev_h\n"
        "        dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(\n"
        "            dh[:, t],",
        "The caller's `dh` is changed: the gradient that travels back is added into it in place.",
        "`+=` on a slice writes into the tensor it was cut from. Keep a clone of `dh` and compare "
        "after the call.",
    ),
    Mistake(
        "lstm-backward-state-gradient-accumulates",
        "lstm_backward",
        "dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(\n"
        "            dh[:, t] + dprev_h, dprev_c, cache[t]\n"
        "        )",
        "dx_t, dprev_h_t, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(\n"
        "            dh[:, t] + dprev_h, dprev_c, cache[t]\n"
        "        )\n"
        "        dprev_h = dprev_h + dprev_h_t",
        "`dprev_h` is added up over the steps, as for a weight. Each step's `dprev_h` holds all "
        "that comes from later ones: it replaces the one before.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "lstm-backward-cell-gradient-accumulates",
        "lstm_backward",
        "dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(\n"
        "            dh[:, t] + dprev_h, dprev_c, cache[t]\n"
        "        )",
        "dx_t, dprev_h, dprev_c_t, dWx_t, dWh_t, db_t = lstm_step_backward(\n"
        "            dh[:, t] + dprev_h, dprev_c, cache[t]\n"
        "        )\n"
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
        "dWx = dWx + dWx_t",
        "dWx = dWx_t",
        "`dWx` is that of the first time step alone, the one that comes last here. It is the sum "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "lstm-backward-dWh-of-one-step",
        "lstm_backward",
        "dWh = dWh + dWh_t",
        "dWh = dWh_t",
        "`dWh` is that of the first time step alone, the one that comes last here. It is the sum "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "lstm-backward-db-of-one-step",
        "lstm_backward",
        "db = db + db_t",
        "db = db_t",
        "`db` is that of the first time step alone, the one that comes last here. It is the sum "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "lstm-backward-weights-of-one-step",
        "lstm_backward",
        "dWx = dWx + dWx_t\n        dWh = dWh + dWh_t\n        db = db + db_t",
        "dWx = dWx_t\n        dWh = dWh_t\n        db = db_t",
        "The gradients of `Wx`, `Wh` and `b` are those of the first time step alone, the one that "
        "comes last here. They are sums over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "lstm-backward-weights-of-the-last-step",
        "lstm_backward",
        "dWx = dWx + dWx_t\n        dWh = dWh + dWh_t\n        db = db + db_t",
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
        "The gradients of `Wx`, `Wh` and `b` are averaged over time, so they are T times too "
        "small. They are sums over all steps.",
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
        "        dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(\n"
        "            dh[:, t] + dprev_h, dprev_c, cache[t]\n"
        "        )\n"
        "        dx.append(dx_t)",
        "for t in range(dh.shape[1]):\n"
        "        dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(\n"
        "            dh[:, t] + dprev_h, dprev_c, cache[t]\n"
        "        )\n"
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
        "The loop stops before step 0: its gradients are missing, and `dx` has one step too few.",
        "What is the last value of your loop variable?",
    ),
    Mistake(
        "lstm-backward-last-step-skipped",
        "lstm_backward",
        "reversed(range(dh.shape[1]))",
        "reversed(range(dh.shape[1] - 1))",
        "The loop starts at the last step but one: the gradients of the last step are missing, and "
        "`dx` has one step too few.",
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
        "On which ways does `h0` enter the sequence?",
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
]
