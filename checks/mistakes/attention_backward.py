"""Part bptt: mistakes in the gradients of attention and the attention LSTM."""

from checks.mistakes.attention import BEGINNING, FLATTENED, ONE_PICTURE, OTHER_GRIDS, OUTPUTS
from checks.mistakes.catalogue import Mistake

TRANSPOSES = (
    "For a product Y = X W the gradient of each factor is dY times the other one, transposed so "
    "that shapes fit."
)
SOFTMAX = (
    "Softmax couples the positions of a picture: write its derivative for two positions, by hand."
)
USED_TWICE = (
    "`A` is used twice, in the scores and in the weighted mean: each use sends it a gradient."
)
FACTORS = "Each factor of a product gets the outer gradient times the other factor."
SCALE_BACKWARD = (
    "The scale multiplied the scores in the forward pass: which gradients pass it on the way back, "
    "and how often?"
)
TWO_STEPS_BACK = (
    "Write the loop for T = 2 out by hand: what enters the second-to-last step from the last one?"
)
SAME_WEIGHTS = "The same weights are used at every step: what does that mean for their gradient?"
MEAN_BACKWARD = (
    "`h0` and `c0` are the mean of `A`: every position has a share of one over the number of "
    "positions in each."
)
# da, which this step's own lines do not name: what dprev_h would be if Wh changed nothing
DA = (
    "da = lstm_step_backward(\n"
    "        dnext_h, dnext_c, (*cache[:4], torch.eye(4 * H).to(dnext_h), *cache[5:])\n"
    "    )[1]\n    "
)

MISTAKES = [
    Mistake(
        "attention-backward-scale-missing",
        "dot_product_attention_backward",
        "H = A.shape[1]",
        "H = 1",
        "The scale is missing from the gradients of the scores, and so from `dprev_h` and"
        " from the part of `dA` that comes through the scores.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-scale-missing-in-dprev_h",
        "dot_product_attention_backward",
        "dscores, positions) / math.sqrt(H)",
        "dscores, positions)",
        "`dprev_h` lacks the scale of the scores.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-scale-missing-in-dA",
        "dot_product_attention_backward",
        "dscores, prev_h) / math.sqrt(H)",
        "dscores, prev_h)",
        "The scale is missing from the part of `dA` that comes through the scores.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-scale-twice",
        "dot_product_attention_backward",
        "H = A.shape[1]",
        "H = A.shape[1] ** 2",
        "What comes through the scores is divided by H, not by its square root: the scale is "
        "wrong, or applied twice.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-scale-multiplied",
        "dot_product_attention_backward",
        "H = A.shape[1]",
        "H = 1 / A.shape[1]",
        "What comes through the scores is multiplied with the square root of H. A factor stays the "
        "same on the way back: divide.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-scale-by-last-axis",
        "dot_product_attention_backward",
        "H = A.shape[1]",
        "H = A.shape[-1]",
        "The scale takes the square root of the last axis of `A`, which is the width of the grid. "
        "It should be that of H, axis 1.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-scale-on-the-mean",
        "dot_product_attention_backward",
        '"np,nh->nhp", weights, dattn)',
        '"np,nh->nhp", weights, dattn) / math.sqrt(H)',
        "The scale is applied to the whole of `dA`. The part that comes through the weighted mean "
        "never met it.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-no-softmax",
        "dot_product_attention_backward",
        "weights * (dweights - (weights * dweights).sum(dim=1, keepdim=True))",
        "dweights",
        "The softmax is left out on the way back: the gradient of the weights is used as that of "
        "the scores.",
        SOFTMAX,
    ),
    Mistake(
        "attention-backward-softmax-without-subtraction",
        "dot_product_attention_backward",
        "weights * (dweights - (weights * dweights).sum(dim=1, keepdim=True))",
        "weights * dweights",
        "In the derivative of softmax nothing is subtracted: raising one score lowers all other "
        "weights, and that is missing.",
        SOFTMAX,
    ),
    Mistake(
        "attention-backward-softmax-without-weights",
        "dot_product_attention_backward",
        "weights * (dweights - (weights * dweights).sum(dim=1, keepdim=True))",
        "dweights - (weights * dweights).sum(dim=1, keepdim=True)",
        "In the derivative of softmax the factor in front is missing: a position's score gets its "
        "gradient times its own weight.",
        SOFTMAX,
    ),
    Mistake(
        "attention-backward-softmax-diagonal",
        "dot_product_attention_backward",
        "weights * (dweights - (weights * dweights).sum(dim=1, keepdim=True))",
        "weights * (1 - weights) * dweights",
        "Softmax gets the derivative of a sigmoid, position by position. It couples them: every "
        "score moves every weight.",
        SOFTMAX,
    ),
    Mistake(
        "attention-backward-softmax-plain-mean",
        "dot_product_attention_backward",
        "(weights * dweights).sum(dim=1, keepdim=True)",
        "dweights.mean(dim=1, keepdim=True)",
        "In the derivative of softmax the plain mean over the positions is subtracted. It should "
        "be the mean with the weights.",
        SOFTMAX,
    ),
    Mistake(
        "attention-backward-softmax-plain-sum",
        "dot_product_attention_backward",
        "(weights * dweights).sum",
        "dweights.sum",
        "In the derivative of softmax the plain sum over the positions is subtracted. Each term of "
        "the sum has its weight as a factor.",
        SOFTMAX,
    ),
    Mistake(
        "attention-backward-softmax-sum-over-batch",
        "dot_product_attention_backward",
        "dim=1, keepdim=True",
        "dim=0, keepdim=True",
        "In the derivative of softmax the sum runs over the batch. It runs over the positions of "
        "each picture.",
        ONE_PICTURE,
    ),
    Mistake(
        "attention-backward-softmax-sum-over-everything",
        "dot_product_attention_backward",
        ".sum(dim=1, keepdim=True)",
        ".sum()",
        "In the derivative of softmax the sum runs over batch and positions together. It runs over "
        "the positions of each picture.",
        ONE_PICTURE,
    ),
    Mistake(
        "attention-backward-softmax-sum-without-axis",
        "dot_product_attention_backward",
        ".sum(dim=1, keepdim=True)",
        ".sum(dim=1)",
        "In the derivative of softmax the sum over the positions loses its axis, (N,), and then "
        "meets the wrong one.",
        "Print the shapes of both sides of the subtraction: (N,P) and (N,1) are wanted.",
    ),
    Mistake(
        "attention-backward-softmax-sign",
        "dot_product_attention_backward",
        "dweights - (weights",
        "dweights + (weights",
        "In the derivative of softmax the weighted sum is added. It should be subtracted.",
        SOFTMAX,
    ),
    Mistake(
        "attention-backward-softmax-weights-outside",
        "dot_product_attention_backward",
        "weights * (dweights - (weights * dweights).sum(dim=1, keepdim=True))",
        "weights * dweights - (weights * dweights).sum(dim=1, keepdim=True)",
        "In the derivative of softmax the weight multiplies only the first term. It multiplies the "
        "whole difference.",
        SOFTMAX,
    ),
    Mistake(
        "attention-backward-dweights-from-the-state",
        "dot_product_attention_backward",
        '"nh,nhp->np", dattn',
        '"nh,nhp->np", prev_h',
        "The gradient of the weights is computed with the state. The weights were multiplied with "
        "`A`, and `dattn` is what arrives.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dweights-averaged",
        "dot_product_attention_backward",
        'torch.einsum("nh,nhp->np", dattn, positions)',
        "(dattn.unsqueeze(2) * positions).mean(dim=1)",
        "The gradient of the weights is averaged over H. A weight multiplies all H units: add up.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dprev_h-with-weights",
        "dot_product_attention_backward",
        "dscores, positions)",
        "weights, positions)",
        "`dprev_h` is computed with the weights. The state entered the scores: use the gradient of "
        "these.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dprev_h-with-dweights",
        "dot_product_attention_backward",
        "dscores, positions)",
        "dweights, positions)",
        "`dprev_h` is computed with the gradient of the weights. The state entered the scores: go "
        "through the softmax first.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dprev_h-averaged",
        "dot_product_attention_backward",
        "dscores, positions)",
        "dscores, positions) / positions.shape[2]",
        "`dprev_h` is averaged over the positions. The state entered the score of each: add up.",
        "A value used P times collects P gradients.",
    ),
    Mistake(
        "attention-backward-dprev_h-zero",
        "dot_product_attention_backward",
        'torch.einsum("np,nhp->nh", dscores, positions) / math.sqrt(H)',
        "torch.zeros_like(prev_h)",
        "`dprev_h` is zero: the path through the scores is missing, and the state could not learn "
        "what to ask.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dA-without-scores",
        "dot_product_attention_backward",
        "(dA_values + dA_keys)",
        "dA_values",
        "`dA` lacks the path through the scores: only the weighted mean is differentiated.",
        USED_TWICE,
    ),
    Mistake(
        "attention-backward-dA-without-mean",
        "dot_product_attention_backward",
        "(dA_values + dA_keys)",
        "dA_keys",
        "`dA` lacks the path through the weighted mean: only the scores are differentiated.",
        USED_TWICE,
    ),
    Mistake(
        "attention-backward-dA-mean-with-the-state",
        "dot_product_attention_backward",
        "weights, dattn)",
        "weights, prev_h)",
        "In `dA`, the part of the weighted mean holds the state. What arrives there is `dattn`.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dA-mean-with-dscores",
        "dot_product_attention_backward",
        "weights, dattn)",
        "dscores, dattn)",
        "In `dA`, the part of the weighted mean holds the gradient of the scores in place of the "
        "weights. If you name the weights there, they may have been overwritten before.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dA-mean-with-dweights",
        "dot_product_attention_backward",
        ", weights, dattn)",
        ", dweights, dattn)",
        "In `dA`, the part of the weighted mean holds the gradient of the weights. `A` was "
        "multiplied with the weights themselves.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dA-mean-uniform",
        "dot_product_attention_backward",
        ", weights, dattn)",
        ", torch.ones_like(weights) / weights.shape[1], dattn)",
        "In `dA`, the part of the weighted mean is spread evenly over the grid. Each position gets "
        "its weight's share.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dA-scores-with-dattn",
        "dot_product_attention_backward",
        "dscores, prev_h)",
        "dscores, dattn)",
        "In `dA`, the part of the scores holds `dattn`. `A` was multiplied with the state there.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dA-scores-with-dweights",
        "dot_product_attention_backward",
        "dscores, prev_h)",
        "dweights, prev_h)",
        "In `dA`, the part of the scores holds the gradient of the weights. Go through the softmax "
        "first.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dA-scores-with-weights",
        "dot_product_attention_backward",
        "dscores, prev_h)",
        "weights, prev_h)",
        "In `dA`, the part of the scores holds the weights. What arrives there is the gradient of "
        "the scores.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dA-subtracted",
        "dot_product_attention_backward",
        "dA_values + dA_keys",
        "dA_values - dA_keys",
        "In `dA`, the two parts are subtracted. Gradients of two uses add up.",
        USED_TWICE,
    ),
    Mistake(
        "attention-backward-dA-in-wrong-shape",
        "dot_product_attention_backward",
        "(dA_values + dA_keys).reshape(A.shape)",
        "dA_values + dA_keys",
        "`dA` holds the right numbers in the right order, but in another shape. A gradient has the "
        "shape of what it is the gradient of: (N,H,h,w).",
        OUTPUTS,
    ),
    Mistake(
        "attention-backward-dA-scrambled",
        "dot_product_attention_backward",
        "(dA_values + dA_keys).reshape(A.shape)",
        "(dA_values + dA_keys).transpose(1, 2).reshape(A.shape)",
        "`dA` has the positions before the units when it is reshaped to the grid: the shape is "
        "right, but units and positions are mixed up.",
        FLATTENED,
    ),
    Mistake(
        "attention-backward-dA-columns-first",
        "dot_product_attention_backward",
        "(dA_values + dA_keys).reshape(A.shape)",
        "(dA_values + dA_keys).unflatten(2, A.shape[:1:-1]).transpose(2, 3)",
        "`dA` has the right numbers at the wrong positions: the grid is filled column by column. "
        "It was flattened row by row.",
        FLATTENED,
    ),
    Mistake(
        "attention-backward-outputs-exchanged",
        "dot_product_attention_backward",
        "return dprev_h, (dA_values + dA_keys).reshape(A.shape)",
        "return (dA_values + dA_keys).reshape(A.shape), dprev_h",
        "`dA` is returned before `dprev_h`. The order is that of the inputs: `dprev_h`, `dA`.",
        OUTPUTS,
    ),
    Mistake(
        "attention-backward-dprev_h-squeezed",
        "dot_product_attention_backward",
        "dscores, positions)",
        "dscores, positions).squeeze()",
        "`dprev_h` loses every axis of size 1: with one picture or one unit its shape is wrong. It "
        "should always be (N,H).",
        "Name the axis to be squeezed, or avoid making it.",
    ),
    Mistake(
        "attention-backward-16-positions",
        "dot_product_attention_backward",
        "A.flatten(2)",
        "A.reshape(len(A), -1, 16)",
        "16 positions are built in. Any height and width should work.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-backward-view-of-the-grid",
        "dot_product_attention_backward",
        "A.flatten(2)",
        "A.view(*A.shape[:2], -1)",
        "`A` is taken by `view`, which refuses a tensor that does not lie in memory in that order. "
        "The captioner's grid is such a tensor.",
        "PyTorch's message says what to use instead.",
    ),
    Mistake(
        "attention-backward-weights-not-flattened",
        "dot_product_attention_backward",
        "weights.flatten(1)",
        "weights",
        "The weights are used with the shape of the grid, (N,h,w), where the positions have been "
        "flattened.",
        "Print the shapes that meet: (N,P) everywhere is one way.",
    ),
    Mistake(
        "attention-backward-upstream-overwritten",
        "dot_product_attention_backward",
        "H = A.shape[1]",
        "dattn /= math.sqrt(A.shape[1])\n    H = 1",
        "The caller's `dattn` is changed: it is divided by the scale in place. The scale also gets "
        "into the part of `dA` that comes through the weighted mean.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-step-dx-without-transpose",
        "attention_lstm_step_backward",
        "dx, dattn = dx_attn[:, :-H]",
        f"{DA}dx, dattn = da @ cache[3][:-H]",
        "`dx` is computed with `Wx` as it is; its transpose is needed.",
        TRANSPOSES,
    ),
    Mistake(
        "attention-step-dattn-without-transpose",
        "attention_lstm_step_backward",
        "dx, dattn = dx_attn[:, :-H], dx_attn[:, -H:]",
        f"{DA}dx, dattn = dx_attn[:, :-H], da @ cache[3][-H:]",
        "`dattn` is computed with `Wattn` as it is; its transpose is needed.",
        TRANSPOSES,
    ),
    Mistake(
        "attention-step-dWx-without-transpose",
        "attention_lstm_step_backward",
        "dWx, dWattn = dWx_attn[:-H]",
        f"{DA}dWx, dWattn = cache[0][:, :-H] @ da",
        "`dWx` is computed with `x` as it is; its transpose is needed.",
        TRANSPOSES,
    ),
    Mistake(
        "attention-step-dWattn-without-transpose",
        "attention_lstm_step_backward",
        "dWx, dWattn = dWx_attn[:-H], dWx_attn[-H:]",
        f"{DA}dWx, dWattn = dWx_attn[:-H], cache[0][:, -H:] @ da",
        "`dWattn` is computed with `attn` as it is; its transpose is needed.",
        TRANSPOSES,
    ),
    Mistake(
        "attention-step-dWattn-transposed",
        "attention_lstm_step_backward",
        "dWx_attn[-H:]",
        "dWx_attn[-H:].T",
        "`dWattn` comes out transposed, (4H,H). A gradient has the shape of what it is the "
        "gradient of: (H,4H).",
        TRANSPOSES,
    ),
    Mistake(
        "attention-step-dx-through-Wh",
        "attention_lstm_step_backward",
        "dx, dattn = dx_attn[:, :-H]",
        "dx, dattn = dprev_h",
        "`dx` is computed with `Wh`, the weights of the state. The input came through `Wx`.",
        "Each input gets its gradient through the weights it was multiplied with.",
    ),
    Mistake(
        "attention-step-dprev_h-through-Wattn",
        "attention_lstm_step_backward",
        "return dx, dprev_h,",
        "return dx, dattn,",
        "`dprev_h` is computed with `Wattn`, the weights of attention. The state came through"
        " `Wh`.",
        "Each input gets its gradient through the weights it was multiplied with.",
    ),
    Mistake(
        "attention-step-dattn-through-Wh",
        "attention_lstm_step_backward",
        "dx_attn[:, -H:]",
        "dprev_h",
        "`dattn` is computed with `Wh`, the weights of the state. What attention saw came"
        " through `Wattn`.",
        "Each input gets its gradient through the weights it was multiplied with.",
    ),
    Mistake(
        "attention-step-dprev_h-with-dattn-added",
        "attention_lstm_step_backward",
        "return dx, dprev_h,",
        "return dx, dprev_h + dattn,",
        "`dattn` is added to `dprev_h`. The path of the state through attention is not asked for "
        "here: the step knows only its own inputs.",
        "Which inputs does the step have? Each gets its own gradient, as if the others were "
        "independent.",
    ),
    Mistake(
        "attention-step-dattn-zero",
        "attention_lstm_step_backward",
        "dx_attn[:, -H:]",
        "torch.zeros_like(dprev_h)",
        "`dattn` is zero: nothing gets back to attention.",
        "`attn` stands to `Wattn` as `x` to `Wx`.",
    ),
    Mistake(
        "attention-step-dWx-from-the-state",
        "attention_lstm_step_backward",
        "dWx, dWattn = dWx_attn[:-H]",
        "dWx, dWattn = dWh",
        "`dWx` is computed with `prev_h`. What was multiplied with `Wx` is `x`.",
        "A weight gets its gradient from what it was multiplied with.",
    ),
    Mistake(
        "attention-step-dWattn-from-the-state",
        "attention_lstm_step_backward",
        "dWx_attn[-H:]",
        "dWh",
        "`dWattn` is computed with `prev_h`. What was multiplied with `Wattn` is `attn`.",
        "A weight gets its gradient from what it was multiplied with.",
    ),
    Mistake(
        "attention-step-dWh-from-attn",
        "attention_lstm_step_backward",
        "dWh, dWattn, db\n",
        "dWattn, dWattn, db\n",
        "`dWh` is computed with `attn`. What was multiplied with `Wh` is `prev_h`.",
        "A weight gets its gradient from what it was multiplied with.",
    ),
    Mistake(
        "attention-step-gate-gradients-along-the-batch",
        "attention_lstm_step_backward",
        "dx, dattn = dx_attn[:, :-H]",
        "dx, dattn = torch.cat(cache[5:9]) @ cache[3][:-H].T",
        "The gradients of the four gates are put below each other, (4N,H). They go side by side: "
        "(N,4H).",
        "Print the shape of the joined gradient: it should be that of the pre-activations.",
    ),
    Mistake(
        "attention-step-cut-after-H",
        "attention_lstm_step_backward",
        "H = dnext_h.shape[1]",
        "H = -dnext_h.shape[1]",
        "The gradients of the two inputs, and of their weights, are cut apart after H. What comes "
        "first is that of `x`, which has D.",
        "How many columns has `x`, and how many has `attn`? Which of them stands first?",
    ),
    Mistake(
        "attention-step-dx-and-dattn-exchanged",
        "attention_lstm_step_backward",
        "dx, dattn =",
        "dattn, dx =",
        "`dx` and `dattn` have changed places.",
        "In which order did the forward step put `x` and `attn` side by side?",
    ),
    Mistake(
        "attention-step-dWx-and-dWattn-exchanged",
        "attention_lstm_step_backward",
        "dWx, dWattn =",
        "dWattn, dWx =",
        "`dWx` and `dWattn` have changed places.",
        "In which order did the forward step put the two matrices one above the other?",
    ),
    Mistake(
        "attention-step-dprev_h-and-dattn-exchanged",
        "attention_lstm_step_backward",
        "return dx, dprev_h, dprev_c, dattn,",
        "return dx, dattn, dprev_c, dprev_h,",
        "`dprev_h` and `dattn` have changed places: each is computed with the other's weights, or "
        "they are returned in the wrong order.",
        "The order of what is returned is that of the inputs; `attn` goes with `Wattn`, the state "
        "with `Wh`.",
    ),
    Mistake(
        "attention-step-dWh-and-dWattn-exchanged",
        "attention_lstm_step_backward",
        "dWx, dWh, dWattn, db\n",
        "dWx, dWattn, dWh, db\n",
        "`dWh` and `dWattn` have changed places: each is computed from the other's factor, or they "
        "are returned in the wrong order.",
        "The order of what is returned is that of the inputs; `attn` goes with `Wattn`, the state "
        "with `Wh`.",
    ),
    Mistake(
        "attention-lstm-backward-question-forgotten",
        "attention_lstm_backward",
        "        dprev_h = dprev_h + dquery\n",
        "",
        "`dprev_h` lacks the path through attention: the state before a step also asked the "
        "question, and gets a gradient for that.",
        "By which two paths does the state before step t act in the forward loop?",
    ),
    Mistake(
        "attention-lstm-backward-step-forgotten",
        "attention_lstm_backward",
        "dprev_h + dquery",
        "dquery",
        "`dprev_h` lacks the path through the step: only the gradient that comes through attention "
        "travels back.",
        "By which two paths does the state before step t act in the forward loop?",
    ),
    Mistake(
        "attention-lstm-backward-dattn-mixed-up",
        "attention_lstm_backward",
        "dot_product_attention_backward(dattn, prev_h",
        "dot_product_attention_backward(dprev_h, prev_h",
        "Attention gets the step's gradient of the state. What comes back to it from the step is "
        "`dattn`.",
        "What did attention hand to the step in the forward pass? Its gradient is what attention "
        "gets back.",
    ),
    Mistake(
        "attention-lstm-backward-upstream-to-attention",
        "attention_lstm_backward",
        "dot_product_attention_backward(dattn, prev_h",
        "dot_product_attention_backward(dh[:, t], prev_h",
        "Attention gets the upstream gradient of `h` directly. What it saw reached `h` through the "
        "step only: `dattn` is what comes back.",
        "What did attention hand to the step in the forward pass? Its gradient is what attention "
        "gets back.",
    ),
    Mistake(
        "attention-lstm-backward-new-state-asks",
        "attention_lstm_backward",
        "(dattn, prev_h, A, weights_t)",
        "(dattn, cache_t[7] * torch.tanh(cache_t[9]), A, weights_t)",
        "Attention is differentiated with the state after the step. It was the state before the "
        "step that asked.",
        "Which state did the forward loop hand to attention at step t? Look what your cache holds.",
    ),
    Mistake(
        "attention-lstm-backward-weights-of-one-look",
        "attention_lstm_backward",
        "prev_h, A, weights_t)",
        "prev_h, A, cache[-1][2])",
        "Attention is differentiated with the weights of the last step, at every step. Each look "
        "has its own.",
        "What is stored for each step, and what was left over from the forward loop?",
    ),
    Mistake(
        "attention-lstm-backward-state-not-carried",
        "attention_lstm_backward",
        "dh[:, t] + dprev_h, dprev_c",
        "dh[:, t], dprev_c",
        "The gradient of the state does not travel back: `dprev_h` of the later step is never "
        "added to the upstream gradient of its own output.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-cell-not-carried",
        "attention_lstm_backward",
        "dh[:, t] + dprev_h, dprev_c",
        "dh[:, t] + dprev_h, torch.zeros_like(dprev_c)",
        "The gradient of the cell does not travel back: every step gets zeros for `dnext_c`, not "
        "`dprev_c` of the later step.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-nothing-carried",
        "attention_lstm_backward",
        "dh[:, t] + dprev_h, dprev_c",
        "dh[:, t], torch.zeros_like(dprev_c)",
        "Nothing travels back: every step gets the upstream gradient of its own output only. "
        "Neither `dprev_h` nor `dprev_c` of the later step enters.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-only-last-upstream",
        "attention_lstm_backward",
        "dh[:, t] + dprev_h, dprev_c",
        "dprev_h if t < dh.shape[1] - 1 else dh[:, t], dprev_c",
        "Only the upstream gradient of the last step is used. Every step has an output of its own, "
        "whose gradient is added when its turn comes.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-upstream-into-the-cell",
        "attention_lstm_backward",
        "dh[:, t] + dprev_h, dprev_c",
        "dh[:, t] + dprev_h, dh[:, t] + dprev_c",
        "The upstream gradient is added to the cell's gradient too. `dh` belongs to the state; the "
        "step sends it on to the cell itself.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-upstream-overwritten",
        "attention_lstm_backward",
        "dnext_h, dnext_c = dh[:, t] + dprev_h,",
        "dh[:, t] += dprev_h\n        dnext_h, dnext_c = dh[:, t],",
        "The caller's `dh` is changed: the gradient that travels back is added into it in place.",
        "`+=` on a slice writes into the tensor it was cut from. Keep a clone of `dh` and compare "
        "after the call.",
    ),
    Mistake(
        "attention-lstm-backward-question-at-the-start-alone",
        "attention_lstm_backward",
        "dprev_h = dprev_h + dquery",
        "dprev_h = dprev_h if t else dprev_h + dquery",
        "What attention sends back to the state that asked is added at the first step alone. Every "
        "state asks before its step, and gets a gradient from that.",
        "Write the loop for T = 2 out by hand: which states ask, and who gets what back?",
    ),
    Mistake(
        "attention-lstm-backward-state-gradient-accumulates",
        "attention_lstm_backward",
        "dx_t, dprev_h, dprev_c, dattn, dWx_t, dWh_t, dWattn_t, db_t = step_gradients",
        "dx_t, dprev_h_t, dprev_c, dattn, dWx_t, dWh_t, dWattn_t, db_t = step_gradients\n"
        "        dprev_h = dprev_h + dprev_h_t",
        "`dprev_h` is added up over the steps, as for a weight. What one step sends back holds all "
        "that comes from later ones: it replaces the one before.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-cell-gradient-starts-from-dh",
        "attention_lstm_backward",
        "dprev_h = dprev_c = torch.zeros_like(dh[:, 0])",
        "dprev_h, dprev_c = torch.zeros_like(dh[:, 0]), dh[:, -1]",
        "The gradient of the cell starts from that of the last output. After the last step nothing "
        "uses the cell: it starts from zeros.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-cell-gradient-starts-nowhere",
        "attention_lstm_backward",
        "dprev_h = dprev_c = torch",
        "dprev_h = torch",
        "`dprev_c` is used at the last step before it has a value. After the last step nothing "
        "uses the cell: what is its gradient there?",
        "A loop that carries something needs it before its first round.",
    ),
    Mistake(
        "attention-lstm-backward-states-exchanged",
        "attention_lstm_backward",
        "dx_t, dprev_h, dprev_c, dattn,",
        "dx_t, dprev_c, dprev_h, dattn,",
        "`dprev_h` and `dprev_c` are taken from the step in the wrong order, so each travels back "
        "in the other's place.",
        "Compare with the order in which the step returns its gradients.",
    ),
    Mistake(
        "attention-lstm-backward-attn-and-state-exchanged",
        "attention_lstm_backward",
        "dx_t, dprev_h, dprev_c, dattn,",
        "dx_t, dattn, dprev_c, dprev_h,",
        "`dprev_h` and `dattn` are taken from the step in the wrong order: attention gets the "
        "state's gradient, the state gets attention's.",
        "Compare with the order in which the step returns its gradients.",
    ),
    Mistake(
        "attention-lstm-backward-dWh-and-dWattn-exchanged",
        "attention_lstm_backward",
        "dWx_t, dWh_t, dWattn_t, db_t =",
        "dWx_t, dWattn_t, dWh_t, db_t =",
        "`dWh` and `dWattn` are taken from the step, or returned, in the wrong order. They have "
        "the same shape, so no error tells you.",
        "Compare with the order in which the step returns its gradients.",
    ),
    Mistake(
        "attention-lstm-backward-start-forgotten",
        "attention_lstm_backward",
        "    dA = dA + (dprev_h + dprev_c)[:, :, None, None] / A.shape[2:].numel()\n",
        "",
        "`dA` lacks the path through the first states: `h0` and `c0` are both the mean of `A`.",
        MEAN_BACKWARD,
    ),
    Mistake(
        "attention-lstm-backward-start-without-h0",
        "attention_lstm_backward",
        "(dprev_h + dprev_c)",
        "dprev_c",
        "`dA` lacks the path through `h0`: only what reaches `c0` is passed on to the grid.",
        MEAN_BACKWARD,
    ),
    Mistake(
        "attention-lstm-backward-start-without-c0",
        "attention_lstm_backward",
        "(dprev_h + dprev_c)",
        "dprev_h",
        "`dA` lacks the path through `c0`: only what reaches `h0` is passed on to the grid.",
        MEAN_BACKWARD,
    ),
    Mistake(
        "attention-lstm-backward-start-not-divided",
        "attention_lstm_backward",
        " / A.shape[2:].numel()",
        "",
        "At the start, what reaches `h0` and `c0` goes to every position of `A` in full. In a mean "
        "each position has a share of one over their number.",
        MEAN_BACKWARD,
    ),
    Mistake(
        "attention-lstm-backward-start-divided-by-rows",
        "attention_lstm_backward",
        "A.shape[2:].numel()",
        "A.shape[2]",
        "At the start, what reaches `h0` and `c0` is divided by the number of rows of the grid "
        "only. The mean runs over rows and columns.",
        MEAN_BACKWARD,
    ),
    Mistake(
        "attention-lstm-backward-start-divided-by-columns",
        "attention_lstm_backward",
        "A.shape[2:].numel()",
        "A.shape[3]",
        "At the start, what reaches `h0` and `c0` is divided by the number of columns of the grid "
        "only. The mean runs over rows and columns.",
        MEAN_BACKWARD,
    ),
    Mistake(
        "attention-lstm-backward-start-divided-by-16",
        "attention_lstm_backward",
        "A.shape[2:].numel()",
        "16",
        "At the start, what reaches `h0` and `c0` is divided by 16, whatever the grid. That is "
        "right for 16 positions only.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-lstm-backward-everything-divided",
        "attention_lstm_backward",
        "dA + (dprev_h + dprev_c)[:, :, None, None] / A.shape[2:].numel()",
        "(dA + (dprev_h + dprev_c)[:, :, None, None]) / A.shape[2:].numel()",
        "The whole of `dA` is divided by the number of positions. Only the part that comes through "
        "the first states is a mean's.",
        MEAN_BACKWARD,
    ),
    Mistake(
        "attention-lstm-backward-start-from-upstream",
        "attention_lstm_backward",
        "(dprev_h + dprev_c)",
        "(dh[:, 0] + dprev_c)",
        "At the start, the upstream gradient of the first output is used for `h0`. It is what the "
        "first step and its look send back.",
        "`h0` comes before step 0: its gradient has to pass through that step.",
    ),
    Mistake(
        "attention-lstm-backward-start-in-one-corner",
        "attention_lstm_backward",
        "dA = dA + (dprev_h + dprev_c)[:, :, None, None] / A.shape[2:].numel()",
        "dA[:, :, 0, 0] += dprev_h + dprev_c",
        "At the start, what reaches `h0` and `c0` is given to the first position of `A` alone. The "
        "first states are the mean of all positions.",
        MEAN_BACKWARD,
    ),
    Mistake(
        "attention-lstm-backward-start-at-every-step",
        "attention_lstm_backward",
        "dWattn, dA = dWattn + dWattn_t, dA + dA_t",
        "dWattn, dA = dWattn + dWattn_t, dA + dA_t\n"
        "        if t > 0:\n"
        "            dA = dA + (dprev_h + dprev_c)[:, :, None, None] / A.shape[2:].numel()",
        "The path through the first states is added to `dA` at every step. Only the states before "
        "step 0 are the mean of `A`.",
        BEGINNING,
    ),
    Mistake(
        "attention-lstm-backward-looks-forgotten",
        "attention_lstm_backward",
        "dA + dA_t",
        "torch.zeros_like(A)",
        "`dA` lacks what every look sends back: only the path through the first states is there.",
        USED_TWICE,
    ),
    Mistake(
        "attention-lstm-backward-dA-of-one-look",
        "attention_lstm_backward",
        "dA + dA_t",
        "dA_t",
        "`dA` holds the look of the first time step alone, the one that comes last here. Every "
        "look sends a gradient to `A`: they add up.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-dA-of-the-last-look",
        "attention_lstm_backward",
        "dA + dA_t",
        "dA_t if t == dh.shape[1] - 1 else dA",
        "`dA` holds the look of the last time step alone. Every look sends a gradient to `A`: they "
        "add up.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-dWx-of-one-step",
        "attention_lstm_backward",
        "dWx + dWx_t",
        "dWx_t",
        "`dWx` is that of the first time step alone, the one that comes last here. It is the sum "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-dWh-of-one-step",
        "attention_lstm_backward",
        "dWh + dWh_t",
        "dWh_t",
        "`dWh` is that of the first time step alone, the one that comes last here. It is the sum "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-dWattn-of-one-step",
        "attention_lstm_backward",
        "dWattn + dWattn_t",
        "dWattn_t",
        "`dWattn` is that of the first time step alone, the one that comes last here. It is the "
        "sum over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-db-of-one-step",
        "attention_lstm_backward",
        "db + db_t",
        "db_t",
        "`db` is that of the first time step alone, the one that comes last here. It is the sum "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-weights-of-one-step",
        "attention_lstm_backward",
        "dWx + dWx_t, dWh + dWh_t, db + db_t\n        dWattn, dA = dWattn + dWattn_t",
        "dWx_t, dWh_t, db_t\n        dWattn, dA = dWattn_t",
        "The gradients of all weights are those of the first time step alone, the one that comes "
        "last here. They are sums over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-weights-averaged-over-time",
        "attention_lstm_backward",
        "dA, dWx, dWh, dWattn, db\n",
        "dA, dWx / len(dx), dWh / len(dx), dWattn / len(dx), db / len(dx)\n",
        "The gradients of the weights are averaged over time. They are sums over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-dA-averaged-over-time",
        "attention_lstm_backward",
        "dA, dWx, dWh, dWattn, db\n",
        "dA / len(dx), dWx, dWh, dWattn, db\n",
        "`dA` is averaged over time. The gradients of all looks add up.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-dx-reversed",
        "attention_lstm_backward",
        "torch.stack(dx[::-1], dim=1)",
        "torch.stack(dx, dim=1)",
        "`dx` comes out with the last step first: the loop runs backwards in time, but step 0 "
        "comes first in `dx`.",
        "In which order does the loop collect its gradients?",
    ),
    Mistake(
        "attention-lstm-backward-first-step-skipped",
        "attention_lstm_backward",
        "reversed(range(dh.shape[1]))",
        "reversed(range(1, dh.shape[1]))",
        "The loop stops before step 0: its gradients are missing.",
        "What is the last value of your loop variable?",
    ),
    Mistake(
        "attention-lstm-backward-cache-of-the-step-before",
        "attention_lstm_backward",
        "cache[t]",
        "cache[t - 1]",
        "Step t is differentiated with what was kept of step t-1. Each step needs its own.",
        "The first entry of the cache belongs to step 0.",
    ),
    Mistake(
        "attention-lstm-backward-dx-time-first",
        "attention_lstm_backward",
        "torch.stack(dx[::-1], dim=1)",
        "torch.stack(dx[::-1])",
        "`dx` comes out with time first, (T,N,D). The batch comes first: (N,T,D).",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-backward-dx-scrambled",
        "attention_lstm_backward",
        "torch.stack(dx[::-1], dim=1)",
        "torch.stack(dx[::-1]).reshape(len(dh), len(dx), -1)",
        "`dx` is stacked as (T,N,D) and then reshaped to (N,T,D): the shape is right, but a "
        "reshape does not exchange axes, so rows and steps are mixed up.",
        "Fill a small (T,N) array with 0, 1, 2, ..., reshape it to (N,T) and compare with its "
        "transpose.",
    ),
    Mistake(
        "attention-lstm-backward-outputs-exchanged",
        "attention_lstm_backward",
        "return torch.stack(dx[::-1], dim=1), dA,",
        "return dA, torch.stack(dx[::-1], dim=1),",
        "`dA` is returned before `dx`. The order is that of the inputs: `dx`, `dA`, `dWx`, `dWh`, "
        "`dWattn`, `db`.",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-backward-float32-buffer",
        "attention_lstm_backward",
        "torch.stack(dx[::-1], dim=1)",
        "torch.stack(dx[::-1], dim=1).float()",
        "float64 goes in, and `dx` or another gradient comes out in float32: a buffer made without "
        "a dtype is float32.",
        "A buffer that takes its dtype and device from `dh` serves every precision.",
    ),
    Mistake(
        "attention-backward-dscores-clipped",
        "dot_product_attention_backward",
        "dprev_h = torch.einsum",
        """dscores = dscores.clamp(-1, 1)
    dprev_h = torch.einsum""",
        "The gradients of the scores are clipped to -1 and 1.",
        "Clipping gradients is a matter of the training loop, once for all parameters; a"
        " gradient by itself is what it is.",
    ),
    Mistake(
        "attention-lstm-backward-carried-gradients-clipped",
        "attention_lstm_backward",
        "dnext_h, dnext_c = dh[:, t] + dprev_h, dprev_c",
        "dnext_h, dnext_c = dh[:, t] + dprev_h.clamp(-5, 5), dprev_c.clamp(-5, 5)",
        "What flows back from the later step is clipped to -5 and 5.",
        "Clipping gradients is a matter of the training loop, once for all parameters; a"
        " gradient by itself is what it is.",
    ),
    Mistake(
        "attention-lstm-backward-carried-gradients-float64",
        "attention_lstm_backward",
        "torch.zeros_like(dh[:, 0])",
        "torch.zeros_like(dh[:, 0], dtype=torch.float64)",
        "The gradients that travel back start as float64 whatever comes in; float32 in should"
        " give float32 all the way.",
        "Zeros that take their dtype and device from `dh` serve every precision.",
    ),
    Mistake(
        "attention-lstm-backward-cache-of-one-append",
        "attention_lstm_backward",
        "dx = []",
        """cache = cache[-1:]
    dx = []""",
        "The cache holds one step, the last: `append` runs once, after the loop of the"
        " forward function.",
        "How many entries has the cache of a sequence of T steps?",
    ),
    Mistake(
        "attention-lstm-backward-cache-of-the-last-step",
        "attention_lstm_backward",
        "cache[t]",
        "cache[-1]",
        "Every step is taken back with what was kept of the last step; each has its own.",
        "Which x and which weights does the entry of a step hold?",
    ),
    Mistake(
        "attention-lstm-backward-upstream-of-the-step-before",
        "attention_lstm_backward",
        "dh[:, t] +",
        "dh[:, t - 1] +",
        "Step t is taken back with `dh` of time t-1 (and the first step with that of the last).",
        "Whose gradient is dh[:, t]: that of the state before step t, or after?",
    ),
    Mistake(
        "attention-lstm-backward-cell-gradient-accumulates",
        "attention_lstm_backward",
        "dprev_h = dprev_h + dquery",
        "dprev_h, dprev_c = dprev_h + dquery, dprev_c + dnext_c",
        "`dprev_c` is added up over the steps, as for a weight. Each step's `dprev_c` holds"
        " all that comes from later ones: it replaces the one before.",
        "What does the gradient that a step sends back contain already?",
    ),
    Mistake(
        "attention-lstm-backward-loop-forwards",
        "attention_lstm_backward",
        "reversed(range(dh.shape[1]))",
        "range(dh.shape[1])",
        "The loop runs forwards in time. Gradients travel from the last step to the first:"
        " each step needs what the later one sends back.",
        "Which step knows its whole gradient without waiting for another?",
    ),
]
