"""Mistakes in the vanilla RNN: its step, its run over a sequence, and the gradients of both."""

from checks.mistakes.catalogue import Mistake

STEP = "rnn_step_forward"
FORWARD = "rnn_forward"
STEP_BACKWARD = "rnn_step_backward"
BACKWARD = "rnn_backward"

# Pieces of the reference that several patches stand on.

TANH = "torch.tanh(x @ Wx + prev_h @ Wh + b)"
CACHE = "cache = (x, prev_h, Wx, Wh, next_h)"

CALL = "prev_h, step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)"
GIVEN = "x[:, t], prev_h, Wx, Wh, b"
KEEP = "h.append(prev_h)"
STACKED = "torch.stack(h, dim=1)"

DA = "da = dnext_h * (1 - next_h**2)"
PRODUCT = "dnext_h * (1 - next_h**2)"
SLOPE = "(1 - next_h**2)"
UNPACKED = "x, prev_h, Wx, Wh, next_h = cache"
STEP_GRADIENTS = "return dx, dprev_h, dWx, dWh, db"

START = "dprev_h = torch.zeros_like(dh[:, 0])"
ZEROS = "dWx = dWh = db = 0"
STEPS = "reversed(range(dh.shape[1]))"
STEP_CALL = "dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev_h, cache[t])"
UPSTREAM = "dh[:, t] + dprev_h, cache[t]"
SUMS = """dx.append(dx_t)
        dWx = dWx + dWx_t
        dWh = dWh + dWh_t
        db = db + db_t"""
DX = "torch.stack(dx[::-1], dim=1)"
ALL_STEPS = f"""{STEPS}:
        {STEP_CALL}
        {SUMS}
    dh0 = dprev_h
    return {DX}"""

STEP_MISTAKES = [
    Mistake(
        "rnn-step-sigmoid",
        STEP,
        "torch.tanh",
        "torch.sigmoid",
        "The state goes through a sigmoid, not through tanh: it comes out between 0 and 1, and a "
        "vanilla RNN's lies between -1 and 1.",
        "What is the smallest value that your state can take?",
    ),
    Mistake(
        "rnn-step-relu",
        STEP,
        "torch.tanh",
        "torch.relu",
        "The state goes through ReLU, not through tanh: nothing negative survives, and nothing "
        "keeps it below 1.",
        "Look at the range of your state: min() and max().",
    ),
    Mistake(
        "rnn-step-tan",
        STEP,
        "torch.tanh",
        "torch.tan",
        "The nonlinearity is the tangent; it should be the hyperbolic tangent, which is bounded.",
        "Which functions does torch have whose names start with `tan`?",
    ),
    Mistake(
        "rnn-step-no-nonlinearity",
        STEP,
        TANH,
        "x @ Wx + prev_h @ Wh + b",
        "The sum of input, state and bias is returned as it is: the nonlinearity is missing.",
        "Double all inputs of the step: a state of this cell should not simply double too.",
    ),
    Mistake(
        "rnn-step-nonlinearity-twice",
        STEP,
        TANH,
        f"torch.tanh({TANH})",
        "The nonlinearity is applied twice, tanh of tanh: the state never gets beyond 0.77.",
        "Give the step a bias of 100. How close to 1 does the state come?",
    ),
    Mistake(
        "rnn-step-nonlinearity-before-the-sum",
        STEP,
        TANH,
        "torch.tanh(x @ Wx) + torch.tanh(prev_h @ Wh + b)",
        "Input and state are squashed one by one and then added; they should be added first. The "
        "state can leave the range from -1 to 1 this way.",
        "Which comes first, the sum or the nonlinearity? And how many nonlinearities has a step?",
    ),
    Mistake(
        "rnn-step-without-bias",
        STEP,
        "prev_h @ Wh + b",
        "prev_h @ Wh",
        "The bias `b` plays no part in the state.",
        "With x and prev_h all zeros, what should come out, and what does?",
    ),
    Mistake(
        "rnn-step-bias-subtracted",
        STEP,
        "prev_h @ Wh + b",
        "prev_h @ Wh - b",
        "The bias `b` is subtracted; it should be added.",
        "With x and prev_h all zeros, what sign should the state have?",
    ),
    Mistake(
        "rnn-step-bias-after-nonlinearity",
        STEP,
        TANH,
        "torch.tanh(x @ Wx + prev_h @ Wh) + b",
        "The bias is added after the nonlinearity; it belongs inside.",
        "Give the step a bias of 100. A state of this cell should still be below 1.",
    ),
    Mistake(
        "rnn-step-bias-twice",
        STEP,
        "prev_h @ Wh + b",
        "prev_h @ Wh + b + b",
        "The bias is added twice, as if input and state had one each.",
        "With x and prev_h all zeros, what is the argument of the nonlinearity?",
    ),
    Mistake(
        "rnn-step-bias-along-the-batch",
        STEP,
        "prev_h @ Wh + b",
        "prev_h @ Wh + b[:, None]",
        "The bias is laid along the batch, one entry a row; it has one entry a hidden unit, the "
        "same for every row of the batch.",
        "`b` has the shape (H,): against which axis of (N, H) should it be lined up?",
    ),
    Mistake(
        "rnn-step-without-input",
        STEP,
        "x @ Wx + prev_h @ Wh",
        "prev_h @ Wh",
        "The input `x` plays no part in the new state.",
        "Change x: does anything change in what comes out?",
    ),
    Mistake(
        "rnn-step-without-previous-state",
        STEP,
        "x @ Wx + prev_h @ Wh",
        "x @ Wx",
        "The previous state plays no part in the new one: nothing recurs in this recurrent network.",
        "Change prev_h: does anything change in what comes out?",
    ),
    Mistake(
        "rnn-step-input-without-Wx",
        STEP,
        "x @ Wx",
        "x",
        "The input is added as it is, without its weights `Wx`: its size D is not that of the state.",
        "Which matrix leads from D to H?",
    ),
    Mistake(
        "rnn-step-state-without-Wh",
        STEP,
        "prev_h @ Wh",
        "prev_h",
        "The previous state is added as it is, without its weights `Wh`.",
        "Of the five arguments, which one do you never use?",
    ),
    Mistake(
        "rnn-step-Wx-transposed",
        STEP,
        "x @ Wx",
        "x @ Wx.T",
        "`x` is multiplied by the transpose of `Wx`; here weights act from the right as they are.",
        "Write the shapes next to each other: (N, D) times what gives (N, H)?",
    ),
    Mistake(
        "rnn-weights-stacked-in-the-wrong-order",
        "rnn_step_forward",
        "x @ Wx + prev_h @ Wh",
        "torch.cat([x, prev_h], dim=1) @ torch.cat([Wh, Wx])",
        "Input and state are put side by side as x, prev_h, their matrices one above the other as Wh, "
        "Wx: each meets the other's.",
        "The first columns of the one must meet the first rows of the other.",
    ),
    Mistake(
        "rnn-step-Wh-transposed",
        STEP,
        "prev_h @ Wh",
        "prev_h @ Wh.T",
        "`prev_h` is multiplied by the transpose of `Wh`. `Wh` is square, so that no shape tells.",
        "nn.Linear stores its weights the other way round: which way are they stored here?",
    ),
    Mistake(
        "rnn-step-Wx-from-the-left",
        STEP,
        "x @ Wx",
        "Wx @ x",
        "`Wx` multiplies from the left; a row of the batch is a row of `x`, and weights act from "
        "the right.",
        "Write the shapes next to each other: the inner two of a product have to agree.",
    ),
    Mistake(
        "rnn-step-Wh-from-the-left",
        STEP,
        "prev_h @ Wh",
        "Wh @ prev_h",
        "`Wh` multiplies `prev_h` from the left; a row of the batch is a row of `prev_h`, and "
        "weights act from the right.",
        "Write the shapes next to each other: the inner two of a product have to agree.",
    ),
    Mistake(
        "rnn-step-weights-exchanged",
        STEP,
        "x @ Wx + prev_h @ Wh",
        "x @ Wh + prev_h @ Wx",
        "The two weight matrices are exchanged: `x` meets `Wh` and `prev_h` meets `Wx`.",
        "Wx leads from the input to the state, Wh from state to state: which shapes follow?",
    ),
    Mistake(
        "rnn-step-Wx-elementwise",
        STEP,
        "x @ Wx",
        "x * Wx",
        "`x` and `Wx` are multiplied entry by entry; a matrix product is meant.",
        "Which operator is the matrix product in Python?",
    ),
    Mistake(
        "rnn-step-Wh-elementwise",
        STEP,
        "prev_h @ Wh",
        "prev_h * Wh",
        "`prev_h` and `Wh` are multiplied entry by entry; a matrix product is meant.",
        "Which operator is the matrix product in Python?",
    ),
    Mistake(
        "rnn-step-input-times-state",
        STEP,
        "x @ Wx + prev_h @ Wh + b",
        "x @ Wx * (prev_h @ Wh) + b",
        "What comes from the input and what comes from the state are multiplied; they should be "
        "added.",
        "With prev_h all zeros, does x still reach the state?",
    ),
    Mistake(
        "rnn-step-previous-state-added",
        STEP,
        TANH,
        f"prev_h + {TANH}",
        "The previous state is added to the new one after the nonlinearity. Such a shortcut is "
        "known from residual networks; a vanilla RNN has none.",
        "With all weights and the bias zero, what should the new state be?",
    ),
    Mistake(
        "rnn-step-state-detached",
        STEP,
        "prev_h @ Wh",
        "prev_h.detach() @ Wh",
        "The numbers are right, but `prev_h` is cut out of the graph (by `.detach()`, `.data` or a "
        "copy): no gradient reaches it, so nothing is learnt through time.",
        "Look for what takes a tensor out of the graph on the way of prev_h.",
    ),
    Mistake(
        "rnn-step-output-detached",
        STEP,
        TANH,
        f"{TANH}.detach()",
        "The numbers are right, but `next_h` carries no graph (`.detach()`, `.data`, `no_grad` or "
        "numpy): no gradient reaches any input.",
        "Print next_h.grad_fn for an x that requires a gradient.",
    ),
    Mistake(
        "rnn-step-overwrites-prev_h",
        STEP,
        CACHE,
        f"{CACHE}\n    prev_h.copy_(next_h)",
        "The new state is written into `prev_h` in place: the caller's tensor changes, and the "
        "gradient of `Wh` needs the old one.",
        "Compare prev_h before and after the call.",
    ),
    Mistake(
        "rnn-step-state-squeezed",
        STEP,
        TANH,
        f"{TANH}.squeeze()",
        "Axes of size 1 are squeezed away: with a batch of one, or a single hidden unit, the state "
        "loses an axis. It is (N, H) always.",
        "Is there a squeeze() that does not say which axis?",
    ),
    Mistake(
        "rnn-step-always-float64",
        STEP,
        TANH,
        f"{TANH}.double()",
        "The state is float64 whatever comes in; float32 in should give float32 out.",
        "Is a dtype fixed somewhere that could be taken from x?",
    ),
    Mistake(
        "rnn-step-no-cache",
        STEP,
        "return next_h, cache",
        "return next_h",
        "The state is returned alone; a cache comes with it, for the backward step.",
        "How many things does the docstring promise?",
    ),
    Mistake(
        "rnn-step-cache-first",
        STEP,
        "return next_h, cache",
        "return cache, next_h",
        "The cache is returned first and the state second; it is the other way round.",
        "Compare the order of what you return with the docstring.",
    ),
]

FORWARD_MISTAKES = [
    Mistake(
        "rnn-h0-ignored",
        FORWARD,
        "prev_h = h0",
        "prev_h = torch.zeros_like(h0)",
        "The sequence starts from a state of zeros; `h0` is not used.",
        "Change h0: does anything change in what comes out?",
    ),
    Mistake(
        "rnn-state-not-carried",
        FORWARD,
        GIVEN,
        "x[:, t], h0, Wx, Wh, b",
        "The state is not handed on: every step starts from `h0` again.",
        "Follow the variable that stands for the previous state: who changes it, and when?",
    ),
    Mistake(
        "rnn-state-zero-at-every-step",
        FORWARD,
        GIVEN,
        "x[:, t], torch.zeros_like(h0), Wx, Wh, b",
        "Every step starts from a state of zeros: neither `h0` nor the step before is heard.",
        "Is the state set to zeros inside the loop?",
    ),
    Mistake(
        "rnn-state-zero-after-the-first-step",
        FORWARD,
        GIVEN,
        "x[:, t], h0 if t == 0 else torch.zeros_like(h0), Wx, Wh, b",
        "The first step starts from `h0`, every later one from zeros: what the step before left is "
        "not what is read.",
        "If you keep the states in one tensor: at which time is it read, and is that filled yet?",
    ),
    Mistake(
        "rnn-state-of-two-steps-ago",
        FORWARD,
        GIVEN,
        "x[:, t], h[t - 2] if t > 1 else h0, Wx, Wh, b",
        "A step starts from the state two steps back, not from that of the step before.",
        "Write down by hand which state enters at t = 0, 1 and 2.",
    ),
    Mistake(
        "rnn-state-from-the-input",
        FORWARD,
        KEEP,
        f"{KEEP}\n        prev_h = x[:, t]",
        "The input of a step is handed on where its state should be.",
        "Which of the two, (N, D) or (N, H), does the next step want?",
    ),
    Mistake(
        "rnn-nonlinearity-again-on-outputs",
        FORWARD,
        KEEP,
        "h.append(torch.tanh(prev_h))",
        "The states that are handed on are right, those returned went through tanh once more.",
        "The step has squashed its state already.",
    ),
    Mistake(
        "rnn-first-word-at-every-step",
        FORWARD,
        GIVEN,
        "x[:, 0], prev_h, Wx, Wh, b",
        "Every step gets the first word; step t should get the word of its own time.",
        "Does the index of time in x change from step to step?",
    ),
    Mistake(
        "rnn-last-word-at-every-step",
        FORWARD,
        GIVEN,
        "x[:, -1], prev_h, Wx, Wh, b",
        "Every step gets the last word; step t should get the word of its own time.",
        "Does the index of time in x change from step to step?",
    ),
    Mistake(
        "rnn-word-of-the-step-before",
        FORWARD,
        GIVEN,
        "x[:, t - 1], prev_h, Wx, Wh, b",
        "Step t gets the word of step t-1, and the first step, since index -1 is the end, the last.",
        "Write down by hand which word enters at t = 0, 1 and 2.",
    ),
    Mistake(
        "rnn-step-by-batch-index",
        FORWARD,
        GIVEN,
        "x[t], prev_h, Wx, Wh, b",
        "The loop takes rows of the batch out of `x` where it should take time steps.",
        "x is (N, T, D): which axis is time?",
    ),
    Mistake(
        "rnn-steps-counted-on-the-batch",
        FORWARD,
        "range(x.shape[1])",
        "range(x.shape[0])",
        "The loop runs N times, the size of the batch; it should run T times.",
        "x is (N, T, D): which entry of x.shape is the number of steps?",
    ),
    Mistake(
        "rnn-input-reshaped-to-time-first",
        FORWARD,
        GIVEN,
        "x.reshape(x.shape[1], x.shape[0], -1)[t], prev_h, Wx, Wh, b",
        "The axes of batch and time of `x` are swapped by a reshape, which keeps the order in "
        "memory: words of different captions get mixed.",
        "Try reshape and transpose on torch.arange(6).view(2, 3). Do they give the same?",
    ),
    Mistake(
        "rnn-first-step-skipped",
        FORWARD,
        "range(x.shape[1])",
        "range(1, x.shape[1])",
        "The first word is never read: the loop starts at step 1, and T-1 states come out.",
        "How many states come out for a sequence of one word?",
    ),
    Mistake(
        "rnn-last-step-skipped",
        FORWARD,
        "range(x.shape[1])",
        "range(x.shape[1] - 1)",
        "The last word is never read: the loop ends one step early, and T-1 states come out.",
        "How many states come out for a sequence of one word?",
    ),
    Mistake(
        "rnn-read-backwards",
        FORWARD,
        "range(x.shape[1])",
        "reversed(range(x.shape[1]))",
        "The sequence is read from its last word to its first, so that the first state returned "
        "is that after the last word.",
        "Only the backward pass runs from the end to the beginning.",
    ),
    Mistake(
        "rnn-sees-only-later-words",
        FORWARD,
        """range(x.shape[1]):
        prev_h, step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h.append(prev_h)""",
        """reversed(range(x.shape[1])):
        prev_h, step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h.insert(0, prev_h)""",
        "The sequence is read from its last word to its first: the state returned at time t has "
        "seen the words from t to the end, and none before.",
        "Only the backward pass runs from the end to the beginning.",
    ),
    Mistake(
        "rnn-states-in-reverse-order",
        FORWARD,
        STACKED,
        "torch.stack(h[::-1], dim=1)",
        "The states are right but returned in reverse: the last one stands at time 0.",
        "Which time does the first state that you collect belong to?",
    ),
    Mistake(
        "rnn-states-before-each-step",
        FORWARD,
        STACKED,
        "torch.stack([h0] + h[:-1], dim=1)",
        "At time t stands the state before step t, not after: the output begins with `h0`, and the "
        "last state is lost.",
        "Do you keep the state before or after the step has been made?",
    ),
    Mistake(
        "rnn-h0-among-the-states",
        FORWARD,
        "h, cache = [], []",
        "h, cache = [h0], []",
        "`h0` is returned as well, in front of the others: T+1 states come out for T words.",
        "Count what is in your collection of states before the first step.",
    ),
    Mistake(
        "rnn-last-state-at-every-time",
        FORWARD,
        STACKED,
        "torch.stack([prev_h] * len(h), dim=1)",
        "The last state stands at every time of the output. That happens when one tensor is kept "
        "T times and changed in place, or when the output is filled after the loop.",
        "Is it a new tensor that you keep at each step?",
    ),
    Mistake(
        "rnn-last-state-alone",
        FORWARD,
        f"return {STACKED}",
        "return prev_h",
        "Only the state after the last step is returned; all T of them are wanted.",
        "What shape does the docstring promise?",
    ),
    Mistake(
        "rnn-states-as-a-list",
        FORWARD,
        STACKED,
        "h",
        "The states are returned as a list of T tensors; they should be one tensor (N, T, H).",
        "Which function of torch makes one tensor of a list, with a new axis?",
    ),
    Mistake(
        "rnn-return-inside-the-loop",
        "rnn_forward",
        "\n    return torch.stack(h, dim=1), cache",
        "\n        return torch.stack(h, dim=1), cache",
        "`h` comes back after a single time step: the `return` stands inside the loop.",
        "How far is the last line indented?",
    ),
    Mistake(
        "rnn-first-step-left-zero",
        "rnn_forward",
        "for t in range(x.shape[1]):",
        "h.append(torch.zeros_like(h0))\n    cache.append(None)\n"
        "    for t in range(1, x.shape[1]):",
        "The first time step is left out: its state stays zero, and the second step starts from `h0`.",
        "Is the first time step 0 or 1 in Python? Print the first state that comes out.",
    ),
    Mistake(
        "rnn-last-step-left-zero",
        "rnn_forward",
        "return torch.stack(h, dim=1)",
        "return torch.stack([*h[:-1], torch.zeros_like(h0)], dim=1)",
        "The last time step is left out: its state stays zero.",
        "Where does your loop over time end, and how many steps has x?",
    ),
    Mistake(
        "rnn-states-stacked-time-first",
        FORWARD,
        STACKED,
        "torch.stack(h, dim=0)",
        "The states come out with time first, (T, N, H); wanted is the batch first, (N, T, H).",
        "On which axis does the new axis appear?",
    ),
    Mistake(
        "rnn-states-stacked-time-last",
        FORWARD,
        STACKED,
        "torch.stack(h, dim=2)",
        "The states come out with time last, (N, H, T); wanted is (N, T, H).",
        "On which axis does the new axis appear?",
    ),
    Mistake(
        "rnn-states-side-by-side",
        FORWARD,
        STACKED,
        "torch.cat(h, dim=1)",
        "The states are joined along an axis that exists already, (N, T*H); time should get an "
        "axis of its own.",
        "What is the difference between cat and stack?",
    ),
    Mistake(
        "rnn-states-reshaped-to-batch-first",
        FORWARD,
        STACKED,
        "torch.stack(h).reshape(x.shape[0], x.shape[1], -1)",
        "The axes of time and batch are swapped by a reshape, which keeps the order in memory: the "
        "shape is right, but states of different captions and times are mixed.",
        "Try reshape and transpose on torch.arange(6).view(2, 3). Do they give the same?",
    ),
    Mistake(
        "rnn-states-squeezed",
        FORWARD,
        STACKED,
        f"{STACKED}.squeeze()",
        "Axes of size 1 are squeezed away: with a batch of one, a single step or a single hidden "
        "unit, the output loses an axis. It is (N, T, H) always.",
        "Is there a squeeze() that does not say which axis?",
    ),
    Mistake(
        "rnn-states-always-float64",
        FORWARD,
        STACKED,
        f"{STACKED}.double()",
        "The states are float64 whatever comes in; float32 in should give float32 out.",
        "Is a dtype fixed somewhere that could be taken from x?",
    ),
    Mistake(
        "rnn-carried-state-detached",
        FORWARD,
        KEEP,
        f"{KEEP}\n        prev_h = prev_h.detach()",
        "The numbers are right, but the state is cut out of the graph between two steps "
        "(`.detach()`, `.data` or a copy): gradients reach back one step only.",
        "Truncated backpropagation does this on purpose, between pieces of a text. Not here.",
    ),
    Mistake(
        "rnn-h0-detached",
        FORWARD,
        "prev_h = h0",
        "prev_h = h0.detach()",
        "The numbers are right, but `h0` is cut out of the graph: no gradient reaches it, and so "
        "the picture that it comes from would never be learnt.",
        "What do you do to h0 before the first step?",
    ),
    Mistake(
        "rnn-outputs-detached",
        FORWARD,
        KEEP,
        "h.append(prev_h.detach())",
        "The numbers are right, but the states returned carry no graph (`.detach()`, `.data`, "
        "`no_grad` or a copy): no gradient reaches any input.",
        "Print h.grad_fn for an x that requires a gradient.",
    ),
    Mistake(
        "rnn-state-is-a-view-of-the-output",
        FORWARD,
        f"""h, cache = [], []
    prev_h = h0
    for t in range(x.shape[1]):
        {CALL}
        {KEEP}
        cache.append(step_cache)
    return {STACKED}, cache""",
        f"""h, cache = x.new_zeros(*x.shape[:2], h0.shape[1]), []
    prev_h = h0
    for t in range(x.shape[1]):
        {CALL}
        h[:, t] = prev_h
        prev_h = h[:, t]
        cache.append(step_cache)
    return h, cache""",
        "The state handed on is a view of the output, which the next step writes into: autograd "
        "then finds a tensor that it needs `modified by an inplace operation`.",
        "Hand on the tensor that the step returned, or collect the states in a list.",
    ),
    Mistake(
        "rnn-overwrites-h0",
        FORWARD,
        KEEP,
        f"{KEEP}\n        h0.copy_(prev_h)",
        "The state is kept in `h0` itself, changed in place: afterwards the caller's `h0` is the "
        "last state, and gradients need the old one.",
        "Compare h0 before and after the call.",
    ),
]

STEP_BACKWARD_MISTAKES = [
    Mistake(
        "rnn-tanh-derivative-missing",
        STEP_BACKWARD,
        PRODUCT,
        "dnext_h",
        "The gradient passes through tanh as if it were not there: its derivative is missing.",
        "What does the chain rule ask for between next_h and the argument of tanh?",
    ),
    Mistake(
        "rnn-tanh-derivative-of-sigmoid",
        STEP_BACKWARD,
        SLOPE,
        "(next_h * (1 - next_h))",
        "The derivative used is that of the sigmoid; this nonlinearity is tanh.",
        "Both can be had from the function's own output, but not by the same formula.",
    ),
    Mistake(
        "rnn-tanh-derivative-of-relu",
        STEP_BACKWARD,
        SLOPE,
        "(next_h > 0)",
        "The derivative used is that of ReLU, 0 or 1; this nonlinearity is tanh.",
        "The slope of tanh changes smoothly, and negative states have one too.",
    ),
    Mistake(
        "rnn-tanh-derivative-without-square",
        STEP_BACKWARD,
        SLOPE,
        "(1 - next_h)",
        "In the derivative of tanh the square is missing.",
        "The slope of tanh is symmetric: it is the same at -a and at a. Is yours?",
    ),
    Mistake(
        "rnn-tanh-derivative-square-of-difference",
        STEP_BACKWARD,
        SLOPE,
        "(1 - next_h) ** 2",
        "In the derivative of tanh the square is taken of the difference, not of the state alone.",
        "The slope of tanh is symmetric: it is the same at -a and at a. Is yours?",
    ),
    Mistake(
        "rnn-tanh-derivative-with-plus",
        STEP_BACKWARD,
        SLOPE,
        "(1 + next_h**2)",
        "The derivative of tanh has a plus where it needs a minus: it grows beyond 1 where tanh "
        "flattens out.",
        "How steep is tanh far away from 0, and how steep does your formula say it is?",
    ),
    Mistake(
        "rnn-tanh-derivative-negative",
        STEP_BACKWARD,
        SLOPE,
        "(next_h**2 - 1)",
        "The derivative of tanh has the wrong sign: tanh rises everywhere, so no slope of it is "
        "negative. Every gradient comes out negated.",
        "Compare with numeric_gradient: what is the ratio?",
    ),
    Mistake(
        "rnn-tanh-derivative-squared",
        STEP_BACKWARD,
        SLOPE,
        "(1 - next_h**2) ** 2",
        "The derivative of tanh enters squared, as if the gradient went through tanh twice.",
        "How often does the step apply the nonlinearity?",
    ),
    Mistake(
        "rnn-tanh-derivative-at-prev_h",
        STEP_BACKWARD,
        SLOPE,
        "(1 - prev_h**2)",
        "The derivative of tanh is taken from the previous state; it belongs to the state that came "
        "out of this step's tanh.",
        "Of which quantity is the state of this step the tanh?",
    ),
    Mistake(
        "rnn-tanh-derivative-tanh-again",
        STEP_BACKWARD,
        SLOPE,
        "(1 - torch.tanh(next_h) ** 2)",
        "The derivative takes tanh of `next_h`, which went through tanh in the forward step "
        "already.",
        "Does your cache hold what went into tanh, or what came out?",
    ),
    Mistake(
        "rnn-tanh-derivative-at-argument",
        STEP_BACKWARD,
        SLOPE,
        "(1 - torch.atanh(next_h) ** 2)",
        "The derivative of tanh is computed from what went into tanh as if it were what came out.",
        "Does your cache hold what went into tanh, or what came out?",
    ),
    Mistake(
        "rnn-tanh-derivative-of-upstream",
        STEP_BACKWARD,
        PRODUCT,
        "1 - torch.tanh(dnext_h) ** 2",
        "tanh is taken of the upstream gradient `dnext_h`. The chain rule multiplies it by a slope "
        "that comes from the forward step; it never goes through tanh itself.",
        "Double dnext_h: all five gradients should double. Do yours?",
    ),
    Mistake(
        "rnn-tanh-derivative-alone",
        STEP_BACKWARD,
        PRODUCT,
        "1 - next_h**2",
        "The upstream gradient `dnext_h` is not used: what flows back is the slope of tanh alone.",
        "With dnext_h all zeros, every gradient should be zero. Are yours?",
    ),
    Mistake(
        "rnn-tanh-derivative-added",
        STEP_BACKWARD,
        PRODUCT,
        "dnext_h + (1 - next_h**2)",
        "The upstream gradient and the slope of tanh are added; the chain rule multiplies.",
        "With dnext_h all zeros, every gradient should be zero. Are yours?",
    ),
    Mistake(
        "rnn-tanh-derivative-parentheses",
        STEP_BACKWARD,
        PRODUCT,
        "dnext_h * 1 - next_h**2",
        "The upstream gradient does not multiply the whole slope of tanh: the square of the state "
        "is subtracted from the product. Parentheses are missing.",
        "In which order does Python compute products, powers and differences?",
    ),
    Mistake(
        "rnn-step-backward-changes-dnext_h",
        STEP_BACKWARD,
        DA,
        "dnext_h *= 1 - next_h**2\n    da = dnext_h",
        "The gradients are right, but `dnext_h` is changed in place: the caller's upstream gradient "
        "is another one afterwards.",
        "Look for an operator with `=` in it (`*=`) or a method that ends in `_`.",
    ),
    Mistake(
        "rnn-dx-without-transpose-of-Wx",
        STEP_BACKWARD,
        "da @ Wx.T",
        "da @ Wx",
        "`dx` is computed with `Wx`, not with its transpose. With D = H no error would tell.",
        "From (N, H) back to (N, D): what shape must the matrix have?",
    ),
    Mistake(
        "rnn-dx-with-Wh",
        STEP_BACKWARD,
        "dx = da @ Wx.T",
        "dx = da @ Wh.T",
        "`dx` is computed with `Wh`; the input entered through `Wx`.",
        "What shape has your dx, and what shape has x?",
    ),
    Mistake(
        "rnn-dx-skips-tanh",
        STEP_BACKWARD,
        "da @ Wx.T",
        "dnext_h @ Wx.T",
        "`dx` is computed from `dnext_h` and leaves out the derivative of tanh; the other gradients "
        "have it.",
        "Every input acts through the argument of tanh, x as well.",
    ),
    Mistake(
        "rnn-dprev_h-without-transpose-of-Wh",
        STEP_BACKWARD,
        "da @ Wh.T",
        "da @ Wh",
        "`dprev_h` is computed with `Wh`, not with its transpose. `Wh` is square, so that no shape "
        "tells.",
        "How did the transpose get into dx? The state enters in the same way as the input.",
    ),
    Mistake(
        "rnn-dprev_h-with-Wx",
        STEP_BACKWARD,
        "dprev_h = da @ Wh.T",
        "dprev_h = da @ Wx.T",
        "`dprev_h` is computed with `Wx`; the previous state entered through `Wh`.",
        "What shape has your dprev_h, and what shape has prev_h?",
    ),
    Mistake(
        "rnn-dprev_h-without-Wh",
        STEP_BACKWARD,
        "da @ Wh.T",
        "da",
        "`dprev_h` leaves out `Wh`: the gradient is handed back as if the state had been added "
        "without weights.",
        "Through which matrix did the previous state act?",
    ),
    Mistake(
        "rnn-dprev_h-skips-tanh",
        STEP_BACKWARD,
        "da @ Wh.T",
        "dnext_h @ Wh.T",
        "`dprev_h` is computed from `dnext_h` and leaves out the derivative of tanh; the other "
        "gradients have it.",
        "Every input acts through the argument of tanh, the previous state as well.",
    ),
    Mistake(
        "rnn-dprev_h-plus-upstream",
        STEP_BACKWARD,
        "da @ Wh.T",
        "da @ Wh.T + dnext_h",
        "`dnext_h` is added to `dprev_h`, as if the previous state also reached the new one around "
        "the cell.",
        "In how many places of the step's formula does prev_h appear?",
    ),
    Mistake(
        "rnn-dWx-transposed",
        STEP_BACKWARD,
        "dWx = x.T @ da",
        "dWx = da.T @ x",
        "`dWx` comes out transposed, (H, D).",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "rnn-dWx-without-transpose-of-x",
        STEP_BACKWARD,
        "x.T @ da",
        "x @ da",
        "`dWx` is computed with `x`, not with its transpose. With N = D no error would tell.",
        "To get (D, H), which axis of x and of the gradient must be summed over?",
    ),
    Mistake(
        "rnn-dWx-skips-tanh",
        STEP_BACKWARD,
        "x.T @ da",
        "x.T @ dnext_h",
        "`dWx` is computed from `dnext_h` and leaves out the derivative of tanh; the other "
        "gradients have it.",
        "Every weight acts through the argument of tanh, those of Wx as well.",
    ),
    Mistake(
        "rnn-dWx-from-prev_h",
        STEP_BACKWARD,
        "dWx = x.T @ da",
        "dWx = prev_h.T @ da",
        "`dWx` is computed from `prev_h`; `Wx` met `x` in the forward step.",
        "What shape has your dWx, and what shape has Wx?",
    ),
    Mistake(
        "rnn-dWh-transposed",
        STEP_BACKWARD,
        "prev_h.T @ da",
        "da.T @ prev_h",
        "`dWh` comes out transposed. `Wh` is square, so that no shape tells.",
        "How do you compute dWx? The state entered in the same way as the input.",
    ),
    Mistake(
        "rnn-dWh-without-transpose-of-prev_h",
        STEP_BACKWARD,
        "prev_h.T @ da",
        "prev_h @ da",
        "`dWh` is computed with `prev_h`, not with its transpose. With N = H no error would tell.",
        "To get (H, H), which axis must be summed over?",
    ),
    Mistake(
        "rnn-dWh-skips-tanh",
        STEP_BACKWARD,
        "prev_h.T @ da",
        "prev_h.T @ dnext_h",
        "`dWh` is computed from `dnext_h` and leaves out the derivative of tanh; the other "
        "gradients have it.",
        "Every weight acts through the argument of tanh, those of Wh as well.",
    ),
    Mistake(
        "rnn-dWh-from-x",
        STEP_BACKWARD,
        "dWh = prev_h.T @ da",
        "dWh = x.T @ da",
        "`dWh` is computed from `x`; `Wh` met `prev_h` in the forward step.",
        "What shape has your dWh, and what shape has Wh?",
    ),
    Mistake(
        "rnn-dWh-from-next_h",
        STEP_BACKWARD,
        "prev_h.T @ da",
        "next_h.T @ da",
        "`dWh` is computed from `next_h`, the state after the step; `Wh` met the one before.",
        "In a product each factor gets the upstream gradient times the other factor. Which was it?",
    ),
    Mistake(
        "rnn-db-skips-tanh",
        STEP_BACKWARD,
        "da.sum(dim=0)",
        "dnext_h.sum(dim=0)",
        "`db` is computed from `dnext_h` and leaves out the derivative of tanh; the other gradients "
        "have it.",
        "The bias stands inside tanh.",
    ),
    Mistake(
        "rnn-db-not-summed",
        STEP_BACKWARD,
        "da.sum(dim=0)",
        "da",
        "`db` is (N, H), a gradient for every row of the batch; the rows share one bias, and their "
        "gradients add up.",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "rnn-db-summed-over-units",
        STEP_BACKWARD,
        "da.sum(dim=0)",
        "da.sum(dim=1)",
        "`db` is summed over the hidden units; it should be summed over the batch.",
        "Which axis of (N, H) has to go so that the shape of b is left?",
    ),
    Mistake(
        "rnn-db-summed-over-everything",
        STEP_BACKWARD,
        "da.sum(dim=0)",
        "da.sum()",
        "`db` is one number, summed over batch and hidden units; every unit has its own bias.",
        "Which axis of (N, H) has to go so that the shape of b is left?",
    ),
    Mistake(
        "rnn-db-keeps-the-batch-axis",
        STEP_BACKWARD,
        "da.sum(dim=0)",
        "da.sum(dim=0, keepdim=True)",
        "`db` comes out as (1, H); `b` is (H,).",
        "Is an axis of size 1 kept on purpose?",
    ),
    Mistake(
        "rnn-db-averaged-over-the-batch",
        STEP_BACKWARD,
        "da.sum(dim=0)",
        "da.mean(dim=0)",
        "`db` is averaged over the batch; the gradients of the rows add up. If the loss is a mean "
        "over the batch, `dnext_h` carries its 1/N already.",
        "Compare db with numeric_gradient: what is the ratio?",
    ),
    Mistake(
        "rnn-step-weight-gradients-averaged",
        STEP_BACKWARD,
        STEP_GRADIENTS,
        "return dx, dprev_h, dWx / len(x), dWh / len(x), db / len(x)",
        "`dWx`, `dWh` and `db` are divided by N. The gradients of the rows add up; if the loss is "
        "a mean over the batch, `dnext_h` carries its 1/N already.",
        "Compare dWx with numeric_gradient: what is the ratio?",
    ),
    Mistake(
        "rnn-step-gradients-divided-by-N",
        STEP_BACKWARD,
        DA,
        f"da = {PRODUCT} / len(dnext_h)",
        "Every gradient is divided by the size of the batch. `dnext_h` says how much the loss "
        "depends on each state; nothing is left to average.",
        "Compare with numeric_gradient: what is the ratio?",
    ),
    Mistake(
        "rnn-dx-and-dprev_h-exchanged",
        STEP_BACKWARD,
        STEP_GRADIENTS,
        "return dprev_h, dx, dWx, dWh, db",
        "`dx` and `dprev_h` are exchanged, be it in what you return or because `Wx` and `Wh` come "
        "out of the cache in the wrong order.",
        "Compare the order of the cache where it is packed and where it is unpacked.",
    ),
    Mistake(
        "rnn-dWx-and-dWh-exchanged",
        STEP_BACKWARD,
        STEP_GRADIENTS,
        "return dx, dprev_h, dWh, dWx, db",
        "`dWx` and `dWh` are exchanged, be it in what you return or because `x` and `prev_h` come "
        "out of the cache in the wrong order.",
        "Compare the order of the cache where it is packed and where it is unpacked.",
    ),
    Mistake(
        "rnn-cache-prev_h-and-next_h-exchanged",
        STEP_BACKWARD,
        UNPACKED,
        "x, next_h, Wx, Wh, prev_h = cache",
        "The states before and after the step are exchanged, both in the derivative of tanh and in "
        "`dWh`.",
        "Compare the order of the cache where it is packed and where it is unpacked.",
    ),
    Mistake(
        "rnn-cache-prev_h-and-Wx-exchanged",
        STEP_BACKWARD,
        UNPACKED,
        "x, Wx, prev_h, Wh, next_h = cache",
        "`prev_h` and `Wx` come out of the cache exchanged.",
        "Compare the order of the cache where it is packed and where it is unpacked.",
    ),
    Mistake(
        "rnn-step-backward-without-db",
        STEP_BACKWARD,
        STEP_GRADIENTS,
        "return dx, dprev_h, dWx, dWh",
        "The gradient of the bias is not returned: five gradients are wanted, one an input of the "
        "forward step.",
        "Count the inputs of rnn_step_forward.",
    ),
]

BACKWARD_MISTAKES = [
    Mistake(
        "rnn-bptt-gradient-of-later-steps-missing",
        BACKWARD,
        UPSTREAM,
        "dh[:, t], cache[t]",
        "Each step gets `dh` of its own output only; what flows back from the next step is left "
        "out, so that nothing goes back through time.",
        "A state is used twice: by the output at its time, and by whom else?",
    ),
    Mistake(
        "rnn-bptt-upstream-of-last-step-only",
        BACKWARD,
        UPSTREAM,
        "dh[:, t] if t == dh.shape[1] - 1 else dprev_h, cache[t]",
        "Only the last step's `dh` enters; earlier states have outputs too, and gradients of them.",
        "Set dh to zero at all times but the first. Does any gradient survive?",
    ),
    Mistake(
        "rnn-bptt-upstream-one-step-late",
        BACKWARD,
        "rnn_step_backward(dh[:, t] + dprev_h, cache[t])",
        "rnn_step_backward(dprev_h, cache[t])\n        dprev_h = dprev_h + dh[:, t]",
        "`dh` of time t is added only once step t has been taken back: it enters the step before "
        "instead, and that of time 0 goes straight into `dh0`.",
        "With a single step, does dWx depend on dh?",
    ),
    Mistake(
        "rnn-bptt-upstream-of-the-step-before",
        BACKWARD,
        UPSTREAM,
        "dh[:, t - 1] + dprev_h, cache[t]",
        "Step t is taken back with `dh` of time t-1 (and the first step with that of the last).",
        "Which entry of dh belongs to the state that step t produced?",
    ),
    Mistake(
        "rnn-bptt-last-upstream-at-every-step",
        BACKWARD,
        UPSTREAM,
        "dh[:, -1] + dprev_h, cache[t]",
        "Every step is taken back with `dh` of the last time; each has its own.",
        "Does the index of time in dh change from step to step?",
    ),
    Mistake(
        "rnn-bptt-carried-gradient-twice",
        BACKWARD,
        UPSTREAM,
        "dh[:, t] + 2 * dprev_h, cache[t]",
        "What flows back from the next step is counted twice at every step.",
        "In how many places do you add dprev_h?",
    ),
    Mistake(
        "rnn-bptt-carried-gradient-never-replaced",
        BACKWARD,
        STEP_CALL,
        "dx_t, dprev_h_t, dWx_t, dWh_t, db_t = rnn_step_backward("
        "dh[:, t] + dprev_h, cache[t])\n        dprev_h = dprev_h + dprev_h_t",
        "The carried gradients add up from step to step; each step's `dprev_h` should replace the "
        "one before, which is contained in it already.",
        "Weights' gradients add up over time. Does that of the state?",
    ),
    Mistake(
        "rnn-bptt-last-upstream-twice",
        BACKWARD,
        START,
        "dprev_h = dh[:, -1]",
        "`dh` of the last time counts twice: the carried gradient starts with it, and it is added "
        "once more at that step.",
        "Which gradient reaches the last state from later steps?",
    ),
    Mistake(
        "rnn-bptt-carried-gradient-not-started",
        BACKWARD,
        f"{START}\n",
        "\n",
        "The carried gradient is used before it has any value: nothing gives it one before the "
        "loop.",
        "Which gradient reaches the last state from later steps?",
    ),
    Mistake(
        "rnn-bptt-changes-dh",
        BACKWARD,
        STEP_CALL,
        "dh[:, t] += dprev_h\n        "
        "dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t], cache[t])",
        "The gradients are right, but what flows back is added to `dh` in place: the caller's "
        "upstream gradient is another one afterwards.",
        "`dh[:, t]` is a view: what `+=` does to it, it does to dh.",
    ),
    Mistake(
        "rnn-bptt-tanh-derivative-twice",
        BACKWARD,
        UPSTREAM,
        "(dh[:, t] + dprev_h) * (1 - cache[t][4] ** 2), cache[t]",
        "The derivative of tanh is applied before each step is taken back, and the backward step "
        "applies it once more.",
        "What does rnn_step_backward want: the gradient of the state, or of tanh's argument?",
    ),
    Mistake(
        "rnn-bptt-first-step-to-last",
        BACKWARD,
        ALL_STEPS,
        ALL_STEPS.replace(STEPS, "range(dh.shape[1])").replace("dx[::-1]", "dx"),
        "The loop runs from the first step to the last: when a step is taken back, the gradient "
        "that comes from later steps is not known yet.",
        "Which step can be taken back without knowing anything of the others?",
    ),
    Mistake(
        "rnn-bptt-return-inside-the-loop",
        "rnn_backward",
        "\n    dh0 = dprev_h\n    return torch",
        "\n        dh0 = dprev_h\n        return torch",
        "The gradients come back after a single time step: the `return` stands inside the loop.",
        "How far is the last line indented?",
    ),
    Mistake(
        "rnn-bptt-dx-in-reverse-order",
        BACKWARD,
        DX,
        "torch.stack(dx, dim=1)",
        "`dx` is reversed in time: the gradient of the last word stands at time 0.",
        "In which order does your loop collect the gradients of the words?",
    ),
    Mistake(
        "rnn-bptt-cache-in-reverse-order",
        BACKWARD,
        "+ dprev_h, cache[t])",
        "+ dprev_h, cache[-1 - t])",
        "The caches are used in the wrong order: the last step's gradient meets the first step's "
        "cache, and so on.",
        "Which step does the cache belong to that you take at t = T-1?",
    ),
    Mistake(
        "rnn-bptt-cache-of-the-last-step",
        BACKWARD,
        "+ dprev_h, cache[t])",
        "+ dprev_h, cache[-1])",
        "Every step is taken back with the cache of the last step; each has its own.",
        "Does rnn_forward keep a cache for every step, and does rnn_backward look them all up?",
    ),
    Mistake(
        "rnn-bptt-cache-of-the-first-step",
        BACKWARD,
        "+ dprev_h, cache[t])",
        "+ dprev_h, cache[0])",
        "Every step is taken back with the cache of the first step; each has its own.",
        "Does the index into the cache change from step to step?",
    ),
    Mistake(
        "rnn-bptt-cache-of-the-step-before",
        BACKWARD,
        "+ dprev_h, cache[t])",
        "+ dprev_h, cache[t - 1])",
        "Step t is taken back with the cache of step t-1 (and the first step with that of the "
        "last).",
        "Which step does the cache belong to that you take at t = 0?",
    ),
    Mistake(
        "rnn-bptt-cache-is-one-steps-cache",
        BACKWARD,
        "+ dprev_h, cache[t])",
        "+ dprev_h, cache[-1][t])",
        "The cache holds one step's cache, not a list of T of them, so that looking up step t gives "
        "a single tensor.",
        "What does rnn_forward return as its cache: that of the last step, or all?",
    ),
    Mistake(
        "rnn-bptt-first-step-skipped",
        BACKWARD,
        STEPS,
        "reversed(range(1, dh.shape[1]))",
        "The first step is not taken back: the loop stops at step 1, and `dx` has T-1 entries.",
        "Which is the last value of t in your loop? Try T = 1.",
    ),
    Mistake(
        "rnn-bptt-last-step-skipped",
        BACKWARD,
        STEPS,
        "reversed(range(dh.shape[1] - 1))",
        "The last step is not taken back: the loop starts one step too early in the sequence, and "
        "`dx` has T-1 entries.",
        "Which is the first value of t in your loop? Try T = 1.",
    ),
    Mistake(
        "rnn-bptt-weight-gradients-of-one-step",
        BACKWARD,
        SUMS,
        "dx.append(dx_t)\n        dWx, dWh, db = dWx_t, dWh_t, db_t",
        "`dWx`, `dWh` and `db` are those of step 0 alone: each step overwrites what the steps "
        "before it in the loop found.",
        "The same weights act at every step. What does that mean for their gradient?",
    ),
    Mistake(
        "rnn-bptt-dWx-of-one-step",
        BACKWARD,
        "dWx = dWx + dWx_t",
        "dWx = dWx_t",
        "`dWx` is that of step 0 alone; the gradients of all steps add up, as `dWh` and `db` do.",
        "Compare how you treat dWx with how you treat db.",
    ),
    Mistake(
        "rnn-bptt-dWh-of-one-step",
        BACKWARD,
        "dWh = dWh + dWh_t",
        "dWh = dWh_t",
        "`dWh` is that of step 0 alone; the gradients of all steps add up, as `dWx` and `db` do.",
        "Compare how you treat dWh with how you treat dWx.",
    ),
    Mistake(
        "rnn-bptt-db-of-one-step",
        BACKWARD,
        "db = db + db_t",
        "db = db_t",
        "`db` is that of step 0 alone; the gradients of all steps add up, as `dWx` and `dWh` do.",
        "Compare how you treat db with how you treat dWx.",
    ),
    Mistake(
        "rnn-bptt-weight-gradients-of-the-last-step",
        BACKWARD,
        SUMS,
        "dx.append(dx_t)\n        "
        "if t == dh.shape[1] - 1:\n            dWx, dWh, db = dWx_t, dWh_t, db_t",
        "`dWx`, `dWh` and `db` are those of the last step alone; the gradients of all steps add up.",
        "The same weights act at every step. What does that mean for their gradient?",
    ),
    Mistake(
        "rnn-bptt-weight-gradients-averaged-over-time",
        BACKWARD,
        ", dh0, dWx, dWh, db",
        ", dh0, dWx / len(dx), dWh / len(dx), db / len(dx)",
        "`dWx`, `dWh` and `db` are averaged over the steps; they should be summed.",
        "Compare dWx with numeric_gradient: what is the ratio, and which size is it?",
    ),
    Mistake(
        "rnn-bptt-weight-gradients-averaged-over-the-batch",
        BACKWARD,
        ", dh0, dWx, dWh, db",
        ", dh0, dWx / len(dh), dWh / len(dh), db / len(dh)",
        "`dWx`, `dWh` and `db` are divided by N. The gradients of the rows add up; if the loss is "
        "a mean over the batch, `dh` carries its 1/N already.",
        "Compare dWx with numeric_gradient: what is the ratio, and which size is it?",
    ),
    Mistake(
        "rnn-bptt-dWh-collects-dWx",
        BACKWARD,
        "dWh = dWh + dWh_t",
        "dWh = dWh + dWx_t",
        "`dWh` adds up the steps' gradients of `Wx`: a line copied and changed by half.",
        "What shape has your dWh, and what shape has Wh?",
    ),
    Mistake(
        "rnn-bptt-db-with-a-batch-axis",
        BACKWARD,
        ZEROS,
        "dWx = dWh = 0\n    db = torch.zeros_like(dh[:, 0])",
        "`db` comes out as (N, H) with all rows alike: what it is collected in has the shape of a "
        "state, and the steps' gradients (H,) are broadcast into it.",
        "Print db.shape before the loop and after.",
    ),
    Mistake(
        "rnn-bptt-dh0-zero",
        BACKWARD,
        "dh0 = dprev_h",
        "dh0 = torch.zeros_like(dprev_h)",
        "`dh0` is zeros, but the first step used `h0`, and a gradient flows back into it.",
        "What is left of the carried gradient when step 0 has been taken back?",
    ),
    Mistake(
        "rnn-bptt-dh0-is-that-of-the-first-state",
        BACKWARD,
        ALL_STEPS,
        f"""{STEPS}:
        dh0 = dh[:, t] + dprev_h
        {STEP_CALL}
        {SUMS}
    return {DX}""",
        "`dh0` is the gradient of the state after step 0; it has not been taken back through step "
        "0 to `h0`.",
        "Which state comes first: h0 or h[:, 0]? And what lies between them?",
    ),
    Mistake(
        "rnn-bptt-dh0-without-step-0",
        BACKWARD,
        ALL_STEPS,
        f"""{STEPS}:
        dh0 = dprev_h
        {STEP_CALL}
        {SUMS}
    return {DX}""",
        "`dh0` is what step 1 sends back, to the state after step 0; step 0 itself is left out.",
        "Do you take the carried gradient for dh0 before or after step 0 has been taken back?",
    ),
    Mistake(
        "rnn-bptt-dh0-plus-first-upstream",
        BACKWARD,
        "dh0 = dprev_h",
        "dh0 = dprev_h + dh[:, 0]",
        "`dh` of time 0 is added to `dh0`. It belongs to the state after step 0 and went in there; "
        "`h0` is no output.",
        "Which states are among the outputs of rnn_forward?",
    ),
    Mistake(
        "rnn-bptt-dh0-summed-over-time",
        BACKWARD,
        f"{ZEROS}\n    for t in {ALL_STEPS}",
        f"""dWx = dWh = db = dh0 = 0
    for t in {STEPS}:
        {STEP_CALL}
        {SUMS}
        dh0 = dh0 + dprev_h
    return {DX}""",
        "`dh0` adds up what all steps send back to their previous states; only the first step's "
        "previous state is `h0`.",
        "Weights are shared by all steps, and their gradients add up. Is h0 shared as well?",
    ),
    Mistake(
        "rnn-bptt-dx-of-one-step",
        BACKWARD,
        DX,
        "dx_t",
        "`dx` is that of step 0 alone, (N, D); every word has its own gradient.",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "rnn-bptt-dx-time-first",
        BACKWARD,
        DX,
        "torch.stack(dx[::-1], dim=0)",
        "`dx` comes out with time first, (T, N, D); `x` is (N, T, D).",
        "On which axis does the new axis appear?",
    ),
    Mistake(
        "rnn-bptt-dx-side-by-side",
        BACKWARD,
        DX,
        "torch.cat(dx[::-1], dim=1)",
        "The steps' gradients are joined along an axis that exists already, (N, T*D); time should "
        "get an axis of its own.",
        "What is the difference between cat and stack?",
    ),
    Mistake(
        "rnn-bptt-dx-reshaped-to-batch-first",
        BACKWARD,
        DX,
        "torch.stack(dx[::-1]).reshape(*dh.shape[:2], -1)",
        "The axes of time and batch of `dx` are swapped by a reshape, which keeps the order in "
        "memory: the shape is right, but captions and times are mixed.",
        "Try reshape and transpose on torch.arange(6).view(2, 3). Do they give the same?",
    ),
    Mistake(
        "rnn-bptt-dx-and-dprev_h-exchanged",
        BACKWARD,
        "dx_t, dprev_h, dWx_t",
        "dprev_h, dx_t, dWx_t",
        "The gradient of the word is carried back as that of the state, and the other way round: "
        "what the backward step returns is unpacked in the wrong order.",
        "Compare with the order in which rnn_step_backward returns its five gradients.",
    ),
]

MISTAKES = [*STEP_MISTAKES, *FORWARD_MISTAKES, *STEP_BACKWARD_MISTAKES, *BACKWARD_MISTAKES]
