"""Part lstm: mistakes in the LSTM, forward."""

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

MISTAKES = [
    Mistake(
        "lstm-weights-stacked-in-the-wrong-order",
        "lstm_step_forward",
        "x @ Wx + prev_h @ Wh",
        "torch.cat([x, prev_h], dim=1) @ torch.cat([Wh, Wx])",
        "Input and state are put side by side with the input first, their matrices one above the "
        "other with `Wh` first: they do not meet their own.",
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
        "The bias `b` is added twice. However many terms the sum has, there is a single bias.",
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
        "The input has no effect: the pre-activations hold only `prev_h` times `Wh` and the bias.",
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
        "No gradient reaches `prev_h` through the gates: it is detached from the graph."
        " Training could not look further back than one step.",
        GRAPH,
    ),
    Mistake(
        "lstm-weights-as-data",
        "lstm_step_forward",
        "x @ Wx + prev_h @ Wh + b",
        "x @ Wx.data + prev_h @ Wh.data + b",
        "No gradient reaches the weight matrices: they are used outside the graph. They would"
        " never be trained.",
        GRAPH,
    ),
    Mistake(
        "lstm-states-come-out-detached",
        "lstm_step_forward",
        "return next_h, next_c, cache",
        "return next_h.detach(), next_c.detach(), cache",
        "The new states come out detached from the graph: no gradient reaches any input.",
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
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_i, a_f, a_g, a_o = a",
        "The blocks of the 4H columns are read in the order i, f, g, o, as in PyTorch's own LSTM. "
        "Here the order is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-igfo",
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_i, a_g, a_f, a_o = a",
        "The blocks of the 4H columns are read in the order i, g, f, o, as in some older "
        "libraries. Here the order is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-fiog",
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_f, a_i, a_o, a_g = a",
        "The input gate and the forget gate have changed places: the blocks are read as f, i, o, "
        "g, or each gate multiplies what belongs to the other. The order is i, f, o, g.",
        "The first block of columns decides what enters the cell, the second what stays in it.",
    ),
    Mistake(
        "lstm-gate-order-figo",
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_f, a_i, a_g, a_o = a",
        "The blocks of the 4H columns are read in the order f, i, g, o, in which many texts "
        "introduce the gates. Here the order is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-iofg",
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_i, a_o, a_f, a_g = a",
        "The forget gate and the output gate have changed places: the blocks are read as i, o, f, "
        "g. The order is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-ofig",
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_o, a_f, a_i, a_g = a",
        "The input gate and the output gate have changed places: the blocks are read as o, f, i, "
        "g. The order is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-foig",
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_f, a_o, a_i, a_g = a",
        "The blocks of the 4H columns are read in the order f, o, i, g. Here the order is i, f, o, "
        "g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-gifo",
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_g, a_i, a_f, a_o = a",
        "The blocks of the 4H columns are read in the order g, i, f, o, with the block input "
        "first. Here it comes last: i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-gfoi",
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_g, a_f, a_o, a_i = a",
        "The input gate and the block input have changed places: the blocks are read as g, f, o, "
        "i. The order is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gate-order-reversed",
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g = a",
        "a_g, a_o, a_f, a_i = a",
        "The blocks of the 4H columns are read from the last to the first, g, o, f, i. The order "
        "is i, f, o, g.",
        ORDER_OF_GATES,
    ),
    Mistake(
        "lstm-gates-interleaved",
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g = a.chunk(4, dim=1)",
        "a_i, a_f, a_o, a_g = a.reshape(len(a), -1, 4).unbind(dim=2)",
        "The gates are interleaved: every fourth column is taken for a gate. Each gate is a block "
        "of H columns side by side.",
        "A reshape from 4H to two axes puts the first of them outermost: should that be the gate "
        "or the unit?",
    ),
    Mistake(
        "lstm-split-along-the-batch",
        "lstm_step_forward",
        "a_i, a_f, a_o, a_g = a.chunk(4, dim=1)",
        "a_i, a_f, a_o, a_g = a.chunk(4)",
        "The pre-activations are cut in four along the batch, the axis that is taken when none is "
        "named. The gates lie along the 4H columns.",
        "Print the shape of each of the four blocks: it should be (N,H).",
    ),
    Mistake(
        "lstm-forget-gate-from-input-block",
        "lstm_step_forward",
        "torch.sigmoid(a_f)",
        "torch.sigmoid(a_i)",
        "The forget gate equals the input gate: both are computed from the first block of columns, "
        "and the second is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-forget-gate-from-output-block",
        "lstm_step_forward",
        "torch.sigmoid(a_f)",
        "torch.sigmoid(a_o)",
        "The output gate decides what stays in the cell: the third block of columns is used for "
        "the forget gate too, and the second is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-input-gate-from-forget-block",
        "lstm_step_forward",
        "torch.sigmoid(a_i)",
        "torch.sigmoid(a_f)",
        "The input gate equals the forget gate: both are computed from the second block of "
        "columns, and the first is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-output-gate-from-forget-block",
        "lstm_step_forward",
        "torch.sigmoid(a_o)",
        "torch.sigmoid(a_f)",
        "The output gate equals the forget gate: both are computed from the second block of "
        "columns, and the third is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-output-gate-from-input-block",
        "lstm_step_forward",
        "torch.sigmoid(a_o)",
        "torch.sigmoid(a_i)",
        "The output gate equals the input gate: both are computed from the first block of columns, "
        "and the third is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-block-input-from-output-block",
        "lstm_step_forward",
        "torch.tanh(a_g)",
        "torch.tanh(a_o)",
        "The block input `g` is computed from the third block of columns, that of the output gate; "
        "the fourth is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-block-input-from-input-gate-block",
        "lstm_step_forward",
        "torch.tanh(a_g)",
        "torch.tanh(a_i)",
        "The block input `g` is computed from the first block of columns, that of the input gate; "
        "the fourth is never used.",
        ONE_BLOCK_A_GATE,
    ),
    Mistake(
        "lstm-input-gate-with-tanh",
        "lstm_step_forward",
        "torch.sigmoid(a_i)",
        "torch.tanh(a_i)",
        "The input gate goes through tanh: it can become negative. A gate is a sigmoid, between 0 "
        "and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-forget-gate-with-tanh",
        "lstm_step_forward",
        "torch.sigmoid(a_f)",
        "torch.tanh(a_f)",
        "The forget gate goes through tanh: it can become negative. A gate is a sigmoid, between 0 "
        "and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-output-gate-with-tanh",
        "lstm_step_forward",
        "torch.sigmoid(a_o)",
        "torch.tanh(a_o)",
        "The output gate goes through tanh: it can become negative. A gate is a sigmoid, between 0 "
        "and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-block-input-with-sigmoid",
        "lstm_step_forward",
        "torch.tanh(a_g)",
        "torch.sigmoid(a_g)",
        "All four blocks go through a sigmoid. The block input `g` takes tanh, or the cell could "
        "only ever be added to.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-sigmoid-and-tanh-exchanged",
        "lstm_step_forward",
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
        "lstm_step_forward",
        "    i = torch.sigmoid(a_i)\n    f = torch.sigmoid(a_f)\n    o = torch.sigmoid(a_o)",
        "    i = torch.tanh(a_i)\n    f = torch.tanh(a_f)\n    o = torch.tanh(a_o)",
        "All four blocks go through tanh. Only the block input `g` does; the three gates are "
        "sigmoids.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-sigmoid-of-minus-a",
        "lstm_step_forward",
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
        "lstm_step_forward",
        "    i = torch.sigmoid(a_i)\n    f = torch.sigmoid(a_f)\n    o = torch.sigmoid(a_o)",
        "    i = a_i\n    f = a_f\n    o = a_o",
        "The three gates have no nonlinearity: they are used before the sigmoid, and are not "
        "between 0 and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-input-gate-without-sigmoid",
        "lstm_step_forward",
        "torch.sigmoid(a_i)",
        "a_i",
        "The input gate has no sigmoid: it is not between 0 and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-forget-gate-without-sigmoid",
        "lstm_step_forward",
        "torch.sigmoid(a_f)",
        "a_f",
        "The forget gate has no sigmoid: it is not between 0 and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-output-gate-without-sigmoid",
        "lstm_step_forward",
        "torch.sigmoid(a_o)",
        "a_o",
        "The output gate has no sigmoid: it is not between 0 and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-block-input-without-tanh",
        "lstm_step_forward",
        "torch.tanh(a_g)",
        "a_g",
        "The block input `g` has no tanh: it enters the cell without bounds.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-block-input-with-relu",
        "lstm_step_forward",
        "torch.tanh(a_g)",
        "torch.relu(a_g)",
        "The block input `g` goes through relu. It takes tanh, between -1 and 1.",
        NONLINEARITIES,
    ),
    Mistake(
        "lstm-forget-bias-of-one",
        "lstm_step_forward",
        "torch.sigmoid(a_f)",
        "torch.sigmoid(a_f + 1)",
        "1 is added to the forget gate before its sigmoid. That the gate starts open is the "
        "business of the bias `b`, which has it already.",
        "With all inputs and `b` at 0 a gate should be exactly 0.5.",
    ),
    Mistake(
        "lstm-cell-without-input-gate",
        "lstm_step_forward",
        "\n    next_c = f * prev_c + i * g",
        "\n    next_c = f * prev_c + g",
        "The input gate is not used: the whole block input `g` enters the cell.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-cell-without-block-input",
        "lstm_step_forward",
        "\n    next_c = f * prev_c + i * g",
        "\n    next_c = f * prev_c + i",
        "The block input `g` is not used: the input gate itself is added to the cell.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-cell-without-forget-gate",
        "lstm_step_forward",
        "\n    next_c = f * prev_c + i * g",
        "\n    next_c = prev_c + i * g",
        "The forget gate is not used: the whole old cell is kept.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-old-cell-missing",
        "lstm_step_forward",
        "\n    next_c = f * prev_c + i * g",
        "\n    next_c = i * g",
        "The old cell has no effect: `next_c` is only what is new, `prev_c` is missing from it.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-forget-gate-on-the-whole-sum",
        "lstm_step_forward",
        "\n    next_c = f * prev_c + i * g",
        "\n    next_c = f * (prev_c + i * g)",
        "The forget gate multiplies the new part too. It belongs to the old cell alone.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-forget-gate-upside-down",
        "lstm_step_forward",
        "\n    next_c = f * prev_c + i * g",
        "\n    next_c = (1 - f) * prev_c + i * g",
        "The forget gate works upside down: the old cell is kept where the gate is 0. A gate of 1 "
        "keeps.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-coupled-gates",
        "lstm_step_forward",
        "\n    next_c = f * prev_c + i * g",
        "\n    next_c = (1 - i) * prev_c + i * g",
        "What stays in the cell is one minus the input gate, as in a GRU. An LSTM has a forget "
        "gate of its own for this.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-cell-squashed",
        "lstm_step_forward",
        "\n    next_c = f * prev_c + i * g",
        "\n    next_c = torch.tanh(f * prev_c + i * g)",
        "The cell itself goes through tanh before it is handed on. The tanh belongs to `next_h` "
        "only.",
        CELL_IN_WORDS,
    ),
    Mistake(
        "lstm-squashed-cell-returned",
        "lstm_step_forward",
        "return next_h, next_c, cache",
        "return next_h, torch.tanh(next_c), cache",
        "What is returned for `next_c` is the tanh of the new cell. The cell is handed on as"
        " it is.",
        "The tanh is on the path from the cell to the state; the cell of the next step starts "
        "before it.",
    ),
    Mistake(
        "lstm-old-cell-detached",
        "lstm_step_forward",
        "\n    next_c = f * prev_c + i * g",
        "\n    next_c = f * prev_c.detach() + i * g",
        "No gradient reaches `prev_c`: it is detached from the graph. It is this path that"
        " lets gradients survive many steps.",
        GRAPH,
    ),
    Mistake(
        "lstm-old-cell-overwritten",
        "lstm_step_forward",
        "\n    next_c = f * prev_c + i * g",
        "\n    next_c = prev_c.mul_(f).add_(i * g)",
        "The caller's `prev_c` is overwritten: the new cell is written over it. What comes out is "
        "right, but the old cell is lost to everything that needs it later, the backward step "
        "first of all.",
        "Keep a clone of every input and compare after the call. Which operations write into their "
        "argument?",
    ),
    Mistake(
        "lstm-state-without-tanh",
        "lstm_step_forward",
        "o * torch.tanh(next_c)",
        "o * next_c",
        "`next_h` lacks the tanh: the output gate multiplies the cell as it is.",
        STATE_IN_WORDS,
    ),
    Mistake(
        "lstm-state-without-output-gate",
        "lstm_step_forward",
        "o * torch.tanh(next_c)",
        "torch.tanh(next_c)",
        "The output gate is not used: `next_h` shows the whole squashed cell.",
        STATE_IN_WORDS,
    ),
    Mistake(
        "lstm-state-tanh-of-the-product",
        "lstm_step_forward",
        "o * torch.tanh(next_c)",
        "torch.tanh(o * next_c)",
        "In `next_h` the output gate is applied inside the tanh. First squash the cell, then apply "
        "the gate.",
        STATE_IN_WORDS,
    ),
    Mistake(
        "lstm-state-from-old-cell",
        "lstm_step_forward",
        "o * torch.tanh(next_c)",
        "o * torch.tanh(prev_c)",
        "`next_h` is computed from `prev_c`, the old cell. It shows the new one.",
        STATE_IN_WORDS,
    ),
    Mistake(
        "lstm-state-with-sigmoid",
        "lstm_step_forward",
        "o * torch.tanh(next_c)",
        "o * torch.sigmoid(next_c)",
        "In `next_h` the cell goes through a sigmoid. It takes tanh.",
        STATE_IN_WORDS,
    ),
    Mistake(
        "lstm-state-from-new-part-only",
        "lstm_step_forward",
        "o * torch.tanh(next_c)",
        "o * torch.tanh(i * g)",
        "`next_h` shows only what has just entered the cell. It shows the whole new cell, with "
        "what was kept.",
        STATE_IN_WORDS,
    ),
    Mistake(
        "lstm-cell-not-carried",
        "lstm_forward",
        "prev_h, prev_c, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)",
        "prev_h, _, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)",
        "The cell state is not carried: every step starts from a cell of zeros.",
        CARRIED,
    ),
    Mistake(
        "lstm-state-not-carried",
        "lstm_forward",
        "prev_h, prev_c, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        h.append(prev_h)",
        "next_h, prev_c, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        h.append(next_h)",
        "The hidden state is not carried: every step starts from `h0`, only the cell goes on.",
        CARRIED,
    ),
    Mistake(
        "lstm-nothing-carried",
        "lstm_forward",
        "prev_h, prev_c, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        h.append(prev_h)",
        "next_h, _, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        h.append(next_h)",
        "Neither state is carried: every step starts from `h0` and a cell of zeros, as if it were "
        "the first.",
        CARRIED,
    ),
    Mistake(
        "lstm-states-exchanged-when-carried",
        "lstm_forward",
        "prev_h, prev_c, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)",
        "prev_c, prev_h, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)",
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
        "prev_h, prev_c, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)",
        "prev_h, prev_c, cache_t = lstm_step_forward(x[:, t], prev_h, prev_h, Wx, Wh, b)",
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
        "No gradient reaches `h0`: it is detached from the graph. What computes it from the"
        " picture would never be trained.",
        GRAPH,
    ),
    Mistake(
        "lstm-h0-overwritten",
        "lstm_forward",
        "prev_h, prev_c, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        h.append(prev_h)",
        "next_h, prev_c, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        prev_h.copy_(next_h)\n"
        "        h.append(prev_h)",
        "Every new state is written into the memory of `h0`: the caller's `h0` is changed, all "
        "steps of `h` are one and the same tensor, and autograd refuses.",
        "Which operations write into an existing tensor? Print `h0` before and after the call.",
    ),
    Mistake(
        "lstm-cell-detached-between-steps",
        "lstm_forward",
        "cache.append(cache_t)",
        "cache.append(cache_t)\n        prev_c = prev_c.detach()",
        "The cell is detached between the steps: gradients do not travel back through it.",
        GRAPH,
    ),
    Mistake(
        "lstm-states-detached-between-steps",
        "lstm_forward",
        "cache.append(cache_t)",
        "cache.append(cache_t)\n        prev_h, prev_c = prev_h.detach(), prev_c.detach()",
        "Both states are detached between the steps: gradients reach back one step at most.",
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
        "prev_h, prev_c, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)\n"
        "        h.append(prev_h)",
        "h.append(prev_h)\n"
        "        prev_h, prev_c, cache_t = "
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
        "`h0` is kept in front of the states. `h` should hold the T states after the steps.",
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
        "The first input is never read: the loop starts at step 1.",
        OUTPUTS,
    ),
    Mistake(
        "lstm-last-step-skipped",
        "lstm_forward",
        "range(x.shape[1])",
        "range(x.shape[1] - 1)",
        "The last input is never read: the loop ends one step early.",
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
        "lstm-sigmoid-of-exponentials",
        "lstm_step_forward",
        """a_i, a_f, a_o, a_g = a.chunk(4, dim=1)
    i = torch.sigmoid(a_i)
    f = torch.sigmoid(a_f)
    o = torch.sigmoid(a_o)""",
        """a_i, a_f, a_o, a_g = a.chunk(4, dim=1)
    i, f, o = (gate.exp() / (1 + gate.exp()) for gate in (a_i, a_f, a_o))""",
        "The sigmoid is computed as exp(a) / (1 + exp(a)), and that overflows for large"
        " numbers: inf / inf is nan.",
        "What does your sigmoid give for 1000, and what should it?",
    ),
    Mistake(
        "lstm-states-detached-now-and-then",
        "lstm_forward",
        "cache.append(cache_t)",
        """cache.append(cache_t)
        if t % 4 == 3:
            prev_h, prev_c = prev_h.detach(), prev_c.detach()""",
        "The states are cut out of the graph every few steps: gradients of later steps do not"
        " reach the first ones.",
        "Truncated backpropagation does this on purpose, between pieces of a text. Not here.",
    ),
    Mistake(
        "lstm-last-input-at-every-step",
        "lstm_forward",
        "x[:, t]",
        "x[:, -1]",
        "Every step gets the last input; step t should get that of its own time.",
        "Which word goes in at t = 0, 1 and 2? Write it down by hand.",
    ),
    Mistake(
        "lstm-input-of-the-step-before",
        "lstm_forward",
        "x[:, t]",
        "x[:, t - 1]",
        "Step t gets the input of step t-1, and the first step, since index -1 is the end,"
        " the last.",
        "Which word goes in at t = 0, 1 and 2? Write it down by hand.",
    ),
    Mistake(
        "lstm-last-state-at-every-time",
        "lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.stack([prev_h] * len(h), dim=1)",
        "The last state stands at every time of `h`. That happens when one tensor is kept T"
        " times and changed in place, or when `h` is filled after the loop.",
        "Is it a new tensor that you keep at each step?",
    ),
    Mistake(
        "lstm-last-step-left-zero",
        "lstm_forward",
        "return torch.stack(h, dim=1)",
        "return torch.stack([*h[:-1], torch.zeros_like(h0)], dim=1)",
        "The last time step is left out: its state stays zero.",
        "Where does your loop over time end, and how many steps has x?",
    ),
    Mistake(
        "lstm-states-as-a-list",
        "lstm_forward",
        "return torch.stack(h, dim=1)",
        "return h",
        "The states are returned as a list of T tensors; they should be one tensor, (N,T,H).",
        "Which function of torch makes one tensor of a list, with a new axis?",
    ),
    Mistake(
        "lstm-outputs-detached",
        "lstm_forward",
        "h.append(prev_h)",
        "h.append(prev_h.detach())",
        "The states returned carry no graph (`.detach()`, `.data`, `no_grad` or a copy): no"
        " gradient reaches any input.",
        "Call `backward()` on a sum of the outputs and look which inputs have no `.grad`.",
    ),
    Mistake(
        "lstm-states-squeezed",
        "lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.stack(h, dim=1).squeeze()",
        "Axes of size 1 are squeezed away: with a batch of one, a single step or a single"
        " hidden unit `h` loses an axis. It is (N,T,H) always.",
        "Is there a `squeeze()` that does not say which axis?",
    ),
]
