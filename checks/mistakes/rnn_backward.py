"""Part bptt: mistakes in the gradients of the vanilla RNN."""

from checks.mistakes.catalogue import Mistake

STEP_BACKWARD = "rnn_step_backward"
BACKWARD = "rnn_backward"
DA = "da = dnext_h * (1 - next_h**2)"
PRODUCT = "dnext_h * (1 - next_h**2)"
SLOPE = "(1 - next_h**2)"
UNPACKED = "x, prev_h, Wx, Wh, next_h = cache"
STEP_GRADIENTS = "return dx, dprev_h, dWx, dWh, db"
START = "dprev_h = torch.zeros_like(dh[:, 0])"
ZEROS = "dWx = dWh = db = 0"
STEPS = "reversed(range(dh.shape[1]))"
UPSTREAM = "dnext_h = dh[:, t] + dprev_h\n"
STEP_CALL = "dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dnext_h, cache[t])"
SUMS = """dx.append(dx_t)
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t"""
DX = "torch.stack(dx[::-1], dim=1)"
ALL_STEPS = f"""{STEPS}:
        {UPSTREAM}\
        {STEP_CALL}
        {SUMS}
    dh0 = dprev_h
    return {DX}"""

MISTAKES = [
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
        "The derivative of tanh has the wrong sign: tanh rises everywhere, so no slope of it"
        " is negative.",
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
        "`dnext_h` is changed in place: the caller's upstream gradient is another one afterwards.",
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
        "`dx` is computed from `dnext_h` and leaves out the derivative of tanh.",
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
        "`dprev_h` is computed from `dnext_h` and leaves out the derivative of tanh.",
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
        "`dWx` is computed from `dnext_h` and leaves out the derivative of tanh.",
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
        "In `dWh` the two factors of the product have changed places, which transposes it."
        " `Wh` is square, so that no shape tells.",
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
        "`dWh` is computed from `dnext_h` and leaves out the derivative of tanh.",
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
        "`db` is computed from `dnext_h` and leaves out the derivative of tanh.",
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
    Mistake(
        "rnn-bptt-gradient-of-later-steps-missing",
        BACKWARD,
        UPSTREAM,
        "dnext_h = dh[:, t]\n",
        "Each step gets `dh` of its own output only; what flows back from the next step is left "
        "out, so that nothing goes back through time.",
        "A state is used twice: by the output at its time, and by whom else?",
    ),
    Mistake(
        "rnn-bptt-upstream-of-last-step-only",
        BACKWARD,
        UPSTREAM,
        "dnext_h = dh[:, t] if t == dh.shape[1] - 1 else dprev_h\n",
        "Only the last step's `dh` enters; earlier states have outputs too, and gradients of them.",
        "Set dh to zero at all times but the first. Does any gradient survive?",
    ),
    Mistake(
        "rnn-bptt-upstream-one-step-late",
        BACKWARD,
        f"{UPSTREAM}        {STEP_CALL}",
        f"{STEP_CALL.replace('dnext_h', 'dprev_h')}\n        dprev_h = dprev_h + dh[:, t]",
        "`dh` of time t is added only once step t has been taken back: it enters the step before "
        "instead, and that of time 0 goes straight into `dh0`.",
        "With a single step, does dWx depend on dh?",
    ),
    Mistake(
        "rnn-bptt-upstream-of-the-step-before",
        BACKWARD,
        UPSTREAM,
        UPSTREAM.replace("t]", "t - 1]"),
        "Step t is taken back with `dh` of time t-1 (and the first step with that of the last).",
        "Which entry of dh belongs to the state that step t produced?",
    ),
    Mistake(
        "rnn-bptt-last-upstream-at-every-step",
        BACKWARD,
        UPSTREAM,
        UPSTREAM.replace("t]", "-1]"),
        "Every step is taken back with `dh` of the last time; each has its own.",
        "Does the index of time in dh change from step to step?",
    ),
    Mistake(
        "rnn-bptt-carried-gradient-twice",
        BACKWARD,
        UPSTREAM,
        UPSTREAM.replace("+", "+ 2 *"),
        "What flows back from the next step is counted twice at every step.",
        "In how many places do you add dprev_h?",
    ),
    Mistake(
        "rnn-bptt-carried-gradient-never-replaced",
        BACKWARD,
        STEP_CALL,
        f"{STEP_CALL.replace('dprev_h', 'dprev_h_t')}\n        dprev_h = dprev_h + dprev_h_t",
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
        UPSTREAM,
        "dh[:, t] += dprev_h\n        dnext_h = dh[:, t]\n",
        "What flows back is added to `dh` in place: the caller's upstream gradient is another"
        " one afterwards.",
        "`dh[:, t]` is a view: what `+=` does to it, it does to dh.",
    ),
    Mistake(
        "rnn-bptt-tanh-derivative-twice",
        BACKWARD,
        "(dnext_h, cache[t])",
        "(dnext_h * (1 - cache[t][4] ** 2), cache[t])",
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
        "The gradients of the words are put together in reverse: that of the last word stands"
        " at time 0.",
        "In which order does your loop collect the gradients of the words?",
    ),
    Mistake(
        "rnn-bptt-cache-in-reverse-order",
        BACKWARD,
        "(dnext_h, cache[t])",
        "(dnext_h, cache[-1 - t])",
        "The caches are used in the wrong order: the last step's gradient meets the first step's "
        "cache, and so on.",
        "Which step does the cache belong to that you take at t = T-1?",
    ),
    Mistake(
        "rnn-bptt-cache-of-the-last-step",
        BACKWARD,
        "(dnext_h, cache[t])",
        "(dnext_h, cache[-1])",
        "Every step is taken back with the cache of the last step; each has its own.",
        "Does rnn_forward keep a cache for every step, and does rnn_backward look them all up?",
    ),
    Mistake(
        "rnn-bptt-cache-of-the-first-step",
        BACKWARD,
        "(dnext_h, cache[t])",
        "(dnext_h, cache[0])",
        "Every step is taken back with the cache of the first step; each has its own.",
        "Does the index into the cache change from step to step?",
    ),
    Mistake(
        "rnn-bptt-cache-of-the-step-before",
        BACKWARD,
        "(dnext_h, cache[t])",
        "(dnext_h, cache[t - 1])",
        "Step t is taken back with the cache of step t-1 (and the first step with that of the "
        "last).",
        "Which step does the cache belong to that you take at t = 0?",
    ),
    Mistake(
        "rnn-bptt-cache-is-one-steps-cache",
        BACKWARD,
        "(dnext_h, cache[t])",
        "(dnext_h, cache[-1][t])",
        "The cache holds one step's cache, not a list of T of them, so that looking up step t gives "
        "a single tensor.",
        "What does rnn_forward return as its cache: that of the last step, or all?",
    ),
    Mistake(
        "rnn-bptt-first-step-skipped",
        BACKWARD,
        STEPS,
        "reversed(range(1, dh.shape[1]))",
        "The first step is not taken back: the loop stops at step 1.",
        "Which is the last value of t in your loop? Try T = 1.",
    ),
    Mistake(
        "rnn-bptt-last-step-skipped",
        BACKWARD,
        STEPS,
        "reversed(range(dh.shape[1] - 1))",
        "The last step is not taken back: the loop starts one step too early in the sequence.",
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
        "= dWx + dWx_t,",
        "= dWx_t,",
        "`dWx` is that of step 0 alone; the gradients of all steps add up.",
        "Compare how you treat dWx with how you treat db.",
    ),
    Mistake(
        "rnn-bptt-dWh-of-one-step",
        BACKWARD,
        " dWh + dWh_t,",
        " dWh_t,",
        "`dWh` is that of step 0 alone; the gradients of all steps add up.",
        "Compare how you treat dWh with how you treat dWx.",
    ),
    Mistake(
        "rnn-bptt-db-of-one-step",
        BACKWARD,
        " db + db_t",
        " db_t",
        "`db` is that of step 0 alone; the gradients of all steps add up.",
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
        " dWh + dWh_t,",
        " dWh + dWx_t,",
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
        dnext_h = dh0 = dh[:, t] + dprev_h
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
        {UPSTREAM}\
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
        {UPSTREAM}\
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
    Mistake(
        "rnn-step-gradients-clipped",
        STEP_BACKWARD,
        "da = dnext_h * (1 - next_h**2)",
        "da = (dnext_h * (1 - next_h**2)).clamp(-1, 1)",
        "The gradient is clipped to -1 and 1 on its way through tanh.",
        "Clipping gradients is a matter of the training loop, once for all parameters; a"
        " gradient by itself is what it is.",
    ),
    Mistake(
        "rnn-step-upstream-clipped",
        STEP_BACKWARD,
        "da = dnext_h * (1 - next_h**2)",
        "da = dnext_h.clamp(-1, 1) * (1 - next_h**2)",
        "The upstream gradient `dnext_h` is clipped to -1 and 1.",
        "Clipping gradients is a matter of the training loop, once for all parameters; a"
        " gradient by itself is what it is.",
    ),
    Mistake(
        "rnn-bptt-carried-gradient-clipped",
        BACKWARD,
        """dnext_h = dh[:, t] + dprev_h
""",
        """dnext_h = dh[:, t] + dprev_h.clamp(-5, 5)
""",
        "What flows back from the next step is clipped to -5 and 5.",
        "Clipping gradients is a matter of the training loop, once for all parameters; a"
        " gradient by itself is what it is.",
    ),
    Mistake(
        "rnn-bptt-gradients-clipped",
        BACKWARD,
        "return torch.stack(dx[::-1], dim=1), dh0, dWx, dWh, db",
        """dWx, dWh, db = (each.clamp(-5, 5) for each in (dWx, dWh, db))
    return torch.stack(dx[::-1], dim=1), dh0, dWx, dWh, db""",
        "`dWx`, `dWh` and `db` are clipped to -5 and 5.",
        "Clipping gradients is a matter of the training loop, once for all parameters; a"
        " gradient by itself is what it is.",
    ),
    Mistake(
        "rnn-bptt-carried-gradient-float64",
        BACKWARD,
        "torch.zeros_like(dh[:, 0])",
        "torch.zeros_like(dh[:, 0], dtype=torch.float64)",
        "The gradient that flows back starts as float64 whatever comes in; float32 in should"
        " give float32 all the way.",
        "Zeros that take their dtype and device from `dh` serve every precision.",
    ),
    Mistake(
        "rnn-bptt-gradients-always-float64",
        BACKWARD,
        "return torch.stack(dx[::-1], dim=1), dh0, dWx, dWh, db",
        "return torch.stack(dx[::-1], dim=1).double(), dh0, dWx.double(), dWh.double(),"
        " db.double()",
        "The gradients are collected in float64 whatever comes in; float32 in should give"
        " float32 out.",
        "Zeros that take their dtype and device from `dh` serve every precision.",
    ),
    Mistake(
        "rnn-bptt-cache-of-one-append",
        BACKWARD,
        "dx = []",
        """cache = cache[-1:]
    dx = []""",
        "The cache holds one step, the last: `append` runs once, after the loop of the"
        " forward function.",
        "How many entries has the cache of a sequence of T steps?",
    ),
]
