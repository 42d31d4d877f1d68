"""Part rnn: mistakes in the vanilla RNN, forward."""

from checks.mistakes.catalogue import Mistake

STEP = "rnn_step_forward"
FORWARD = "rnn_forward"
TANH = "torch.tanh(x @ Wx + prev_h @ Wh + b)"
CACHE = "cache = (x, prev_h, Wx, Wh, next_h)"
CALL = "prev_h, cache_t = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)"
GIVEN = "x[:, t], prev_h, Wx, Wh, b"
KEEP = "h.append(prev_h)"
STACKED = "torch.stack(h, dim=1)"

MISTAKES = [
    Mistake(
        "rnn-step-sigmoid",
        STEP,
        "torch.tanh",
        "torch.sigmoid",
        "The state goes through a sigmoid, not through tanh: that gives numbers between 0 and"
        " 1, and the state of a vanilla RNN lies between -1 and 1.",
        "What is the smallest value that your state can take?",
    ),
    Mistake(
        "rnn-step-relu",
        STEP,
        "torch.tanh",
        "torch.relu",
        "The state goes through ReLU, not through tanh: that lets nothing negative through,"
        " and keeps nothing below 1.",
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
        "The nonlinearity is applied twice, tanh of tanh, which never gets beyond 0.77.",
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
        "`prev_h` is cut out of the graph (by `.detach()`, `.data` or a copy): no gradient"
        " reaches it, so nothing is learnt through time.",
        "Look for what takes a tensor out of the graph on the way of prev_h.",
    ),
    Mistake(
        "rnn-step-output-detached",
        STEP,
        TANH,
        f"{TANH}.detach()",
        "`next_h` carries no graph (`.detach()`, `.data`, `no_grad` or numpy): no gradient"
        " reaches any input.",
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
        "The first word is never read: the loop starts at step 1.",
        "How many states come out for a sequence of one word?",
    ),
    Mistake(
        "rnn-last-step-skipped",
        FORWARD,
        "range(x.shape[1])",
        "range(x.shape[1] - 1)",
        "The last word is never read: the loop ends one step early.",
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
        prev_h, cache_t = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h.append(prev_h)""",
        """reversed(range(x.shape[1])):
        prev_h, cache_t = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
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
        "`h0` is returned as well, in front of the states; there should be one state for"
        " every word.",
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
        "The state is cut out of the graph between two steps (`.detach()`, `.data` or a"
        " copy): gradients reach back one step at most.",
        "Truncated backpropagation does this on purpose, between pieces of a text. Not here.",
    ),
    Mistake(
        "rnn-h0-detached",
        FORWARD,
        "prev_h = h0",
        "prev_h = h0.detach()",
        "`h0` is cut out of the graph: no gradient reaches it, and so the picture that it"
        " comes from would never be learnt.",
        "What do you do to h0 before the first step?",
    ),
    Mistake(
        "rnn-outputs-detached",
        FORWARD,
        KEEP,
        "h.append(prev_h.detach())",
        "The states returned carry no graph (`.detach()`, `.data`, `no_grad` or a copy): no"
        " gradient reaches any input.",
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
        cache.append(cache_t)
    return {STACKED}, cache""",
        f"""h, cache = x.new_zeros(*x.shape[:2], h0.shape[1]), []
    prev_h = h0
    for t in range(x.shape[1]):
        {CALL}
        h[:, t] = prev_h
        prev_h = h[:, t]
        cache.append(cache_t)
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
    Mistake(
        "rnn-step-tanh-of-exponentials",
        STEP,
        "torch.tanh(x @ Wx + prev_h @ Wh + b)",
        "(lambda a: (a.exp() - (-a).exp()) / (a.exp() + (-a).exp()))(x @ Wx + prev_h @ Wh + b)",
        "tanh is computed from exponentials, and these overflow for large numbers: inf / inf"
        " is nan.",
        "What does your nonlinearity give for 1000, and what should it?",
    ),
    Mistake(
        "rnn-carried-state-detached-now-and-then",
        FORWARD,
        "h.append(prev_h)",
        """h.append(prev_h)
        prev_h = prev_h.detach() if t % 4 == 3 else prev_h""",
        "The state is cut out of the graph every few steps: gradients of later steps do not"
        " reach the first ones.",
        "Truncated backpropagation does this on purpose, between pieces of a text. Not here.",
    ),
]
