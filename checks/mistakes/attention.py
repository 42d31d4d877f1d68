"""Part attention: mistakes in attention and the attention LSTM, forward."""

from checks.mistakes.catalogue import Mistake

SCALE = (
    "A dot product over H entries grows like the square root of H: what does the scale have to "
    "undo?"
)
SUM_OF_WEIGHTS = (
    "Sum the weights of one picture over its whole grid: what comes out, and what should?"
)
STATE_OF_ZEROS = (
    "Try a state of zeros: every position then gets the same weight, and `attn` is the plain mean "
    "of the grid."
)
ONE_PICTURE = (
    "Call it with the first picture of the batch alone: the result must be the first row of the "
    "whole batch's."
)
OTHER_GRIDS = (
    "Try a grid that is not square, 2 x 6 say. What does your code take its numbers of rows, "
    "columns and positions from?"
)
FLATTENED = (
    "Put 0, 1, 2, ... into a small `A`, flatten it and look which numbers stand together at one "
    "position."
)
GRAPH = "Call `backward()` on a sum of the outputs and look which inputs have no `.grad`."
TERMS = "Write down the terms of the affine map one by one, with their shapes, and tick them off."
OUTPUTS = (
    "Compare what comes out with the last line of the docstring, name by name and shape by shape."
)
BEGINNING = "What are `h` and `c` before the first word, and where do they come from?"
WHO_ASKS = "Which state is there when the model is about to read word t? It is this one that asks."
CARRIED = "Print the states of two steps side by side: what does the second step start from?"
ARGUMENTS = "Compare the order of the arguments with the signature of the step."

MISTAKES = [
    Mistake(
        "attention-scale-missing",
        "dot_product_attention",
        'torch.einsum("nh,nhp->np", prev_h, positions) / math.sqrt(H)',
        'torch.einsum("nh,nhp->np", prev_h, positions)',
        "The scores are not divided by the square root of H: the softmax is too sharp.",
        SCALE,
    ),
    Mistake(
        "attention-scale-without-root",
        "dot_product_attention",
        "math.sqrt(H)",
        "H",
        "The scores are divided by H. It should be its square root.",
        SCALE,
    ),
    Mistake(
        "attention-scale-multiplied",
        "dot_product_attention",
        "/ math.sqrt(H)",
        "* math.sqrt(H)",
        "The scores are multiplied with the square root of H. They should be divided by it.",
        SCALE,
    ),
    Mistake(
        "attention-scale-by-positions",
        "dot_product_attention",
        "math.sqrt(H)",
        "math.sqrt(positions.shape[2])",
        "The scores are divided by the square root of the number of positions. It should be that "
        "of H, the length of the dot product.",
        SCALE,
    ),
    Mistake(
        "attention-scale-by-last-axis",
        "dot_product_attention",
        "math.sqrt(H)",
        "math.sqrt(A.shape[3])",
        "The scores are divided by the square root of the last axis of `A`, which is the width of "
        "the grid. It should be that of H, which is axis 1 here.",
        SCALE,
    ),
    Mistake(
        "attention-scale-by-rows",
        "dot_product_attention",
        "math.sqrt(H)",
        "math.sqrt(A.shape[2])",
        "The scores are divided by the square root of the number of rows of the grid. It should be "
        "that of H, the length of the dot product.",
        SCALE,
    ),
    Mistake(
        "attention-scale-by-batch",
        "dot_product_attention",
        "math.sqrt(H)",
        "math.sqrt(len(A))",
        "The scores are divided by the square root of the batch size. It should be that of H, the "
        "length of the dot product.",
        SCALE,
    ),
    Mistake(
        "attention-scale-twice",
        "dot_product_attention",
        "/ math.sqrt(H)",
        "/ math.sqrt(H) / H",
        "The scores are divided by H as well as by its square root: a mean over H was taken where "
        "a sum belongs.",
        "A dot product adds up its H products; it does not average them.",
    ),
    Mistake(
        "attention-scale-after-softmax",
        "dot_product_attention",
        'torch.einsum("nh,nhp->np", prev_h, positions) / math.sqrt(H)\n'
        "    weights = torch.softmax(scores, dim=1)",
        'torch.einsum("nh,nhp->np", prev_h, positions)\n'
        "    weights = torch.softmax(scores, dim=1) / math.sqrt(H)",
        "The weights are divided by the square root of H, after the softmax. It is the scores"
        " that are scaled.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-scores-through-tanh",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.softmax(torch.tanh(scores), dim=1)",
        "The scores go through tanh before the softmax. That belongs to additive attention; here "
        "they enter it as they are.",
        STATE_OF_ZEROS,
    ),
    Mistake(
        "attention-scores-of-first-picture",
        "dot_product_attention",
        'torch.einsum("nh,nhp->np", prev_h, positions)',
        'torch.einsum("nh,hp->np", prev_h, positions[0])',
        "Every state is compared with the grid of the first picture. Each row of the batch has a "
        "picture of its own.",
        ONE_PICTURE,
    ),
    Mistake(
        "attention-scores-summed-over-batch",
        "dot_product_attention",
        '"nh,nhp->np"',
        '"mh,nhp->np"',
        "The scores add up the states of the whole batch: rows influence each other. Each row asks "
        "with its own state.",
        ONE_PICTURE,
    ),
    Mistake(
        "attention-softmax-over-the-batch",
        "dot_product_attention",
        "dim=1",
        "dim=0",
        "The softmax runs over the batch, so that the pictures compete with each other. It"
        " should run over the positions of each picture.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-softmax-over-batch-and-grid",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.softmax(scores.flatten(), dim=0).reshape(scores.shape)",
        "The softmax runs over batch and positions together. It should run over the positions"
        " of each picture.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-softmax-down-the-columns",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.softmax(scores.unflatten(1, A.shape[2:]), dim=1).flatten(1)",
        "The softmax runs over the rows of the grid only, for every column by itself. It"
        " should run over all positions at once.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-softmax-along-the-rows",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.softmax(scores.unflatten(1, A.shape[2:]), dim=2).flatten(1)",
        "The softmax runs over the columns of the grid only, for every row by itself. It"
        " should run over all positions at once.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-softmax-over-an-axis-of-one",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.softmax(scores.unsqueeze(1), dim=1).squeeze(1)",
        "The softmax runs over an axis with a single entry, which can only give 1. It should"
        " run over the positions.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-softmax-missing",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "scores",
        "There is no softmax: the scores themselves are used as weights.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-softmax-not-normalised",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "scores.exp()",
        "The weights are exponentials that are not divided by their sum.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-softmax-without-exponential",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "scores / scores.sum(dim=1, keepdim=True)",
        "The weights are the scores divided by their sum, and those can be negative. The"
        " exponential is missing.",
        "Look at the signs of your weights.",
    ),
    Mistake(
        "attention-softmax-exponentials-not-normalised",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "(scores - scores.amax(dim=1, keepdim=True)).exp()",
        "The exponentials, with the maximum taken off, are used as weights as they are. They have to "
        "be divided by their sum.",
        "What do your weights sum to over the grid of one picture?",
    ),
    Mistake(
        "attention-softmax-twice",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.softmax(torch.softmax(scores, dim=1), dim=1)",
        "The softmax is applied twice, which makes the weights almost equal.",
        "Print the largest weight of a picture: does it get near 1 for scores that differ much?",
    ),
    Mistake(
        "attention-log-softmax",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.log_softmax(scores, dim=1)",
        "The weights are logarithms: log_softmax in place of softmax.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-sigmoid",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.sigmoid(scores)",
        "Each position gets a sigmoid of its score. The positions should compete: a softmax over "
        "all of them.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-hard",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.nn.functional.one_hot(scores.argmax(dim=1), positions.shape[2]).to(scores)",
        "All weight lies on the best position: an argmax in place of the softmax. No gradient gets "
        "through it either.",
        "Soft attention looks everywhere, in proportion to the exponential of the score.",
    ),
    Mistake(
        "attention-mean-of-weighted",
        "dot_product_attention",
        'torch.einsum("np,nhp->nh", weights, positions)',
        'torch.einsum("np,nhp->nh", weights, positions) / positions.shape[2]',
        "`attn` is divided by the number of positions: a mean of the weighted positions. The "
        "weights sum to 1 already, so add up.",
        STATE_OF_ZEROS,
    ),
    Mistake(
        "attention-times-positions",
        "dot_product_attention",
        'torch.einsum("np,nhp->nh", weights, positions)',
        'torch.einsum("np,nhp->nh", weights, positions) * positions.shape[2]',
        "`attn` is multiplied with the number of positions. The weights sum to 1 already, so "
        "adding up is enough.",
        STATE_OF_ZEROS,
    ),
    Mistake(
        "attention-max-of-weighted",
        "dot_product_attention",
        'torch.einsum("np,nhp->nh", weights, positions)',
        "(weights.unsqueeze(1) * positions).amax(dim=2)",
        "`attn` is the largest of the weighted positions, for each unit. They should be added up.",
        STATE_OF_ZEROS,
    ),
    Mistake(
        "attention-weights-not-used",
        "dot_product_attention",
        'torch.einsum("np,nhp->nh", weights, positions)',
        "positions.mean(dim=2)",
        "`attn` is the plain mean of the grid: the weights are computed, but not used.",
        "Change `prev_h`: does `attn` move?",
    ),
    Mistake(
        "attention-plain-sum",
        "dot_product_attention",
        'torch.einsum("np,nhp->nh", weights, positions)',
        "positions.sum(dim=2)",
        "`attn` is the plain sum of the grid: the weights are computed, but not used.",
        "Change `prev_h`: does `attn` move?",
    ),
    Mistake(
        "attention-mean-with-scores",
        "dot_product_attention",
        'torch.einsum("np,nhp->nh", weights, positions)',
        'torch.einsum("np,nhp->nh", scores, positions)',
        "The positions are added up with their scores as weights, not with the softmax of the "
        "scores.",
        STATE_OF_ZEROS,
    ),
    Mistake(
        "attention-state-added",
        "dot_product_attention",
        'torch.einsum("np,nhp->nh", weights, positions)',
        'torch.einsum("np,nhp->nh", weights, positions) + prev_h',
        "The state is added to `attn`. What comes back is only what was seen; the state enters the "
        "LSTM by a path of its own.",
        STATE_OF_ZEROS,
    ),
    Mistake(
        "attention-tanh-of-attn",
        "dot_product_attention",
        'torch.einsum("np,nhp->nh", weights, positions)',
        'torch.tanh(torch.einsum("np,nhp->nh", weights, positions))',
        "`attn` goes through tanh. It is the weighted mean as it is.",
        STATE_OF_ZEROS,
    ),
    Mistake(
        "attention-state-appended",
        "dot_product_attention",
        "return attn,",
        "return torch.cat([attn, prev_h], dim=1),",
        "`attn` has 2H columns: the state is appended to it. What comes back is only what was "
        "seen, (N,H).",
        OUTPUTS,
    ),
    Mistake(
        "attention-first-grid-for-all",
        "dot_product_attention",
        'torch.einsum("np,nhp->nh", weights, positions)',
        'torch.einsum("np,hp->nh", weights, positions[0])',
        "`attn` is a mean over the grid of the first picture, for every row. Each row of the batch "
        "has a picture of its own.",
        ONE_PICTURE,
    ),
    Mistake(
        "attention-weights-before-softmax",
        "dot_product_attention",
        "weights.unflatten",
        "scores.unflatten",
        "What is returned as weights are the scores before the softmax.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-weights-in-wrong-shape",
        "dot_product_attention",
        "weights.unflatten(1, A.shape[2:])",
        "weights",
        "The weights are the right numbers in the right order, but not in the shape of the grid: "
        "they should come out as (N,h,w).",
        OUTPUTS,
    ),
    Mistake(
        "attention-weights-width-first",
        "dot_product_attention",
        "A.shape[2:]",
        "A.shape[:1:-1]",
        "The weights come out with height and width exchanged, (N,w,h). That passes on a square "
        "grid only.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-weights-transposed",
        "dot_product_attention",
        "weights.unflatten(1, A.shape[2:])",
        "weights.unflatten(1, A.shape[:1:-1]).transpose(1, 2)",
        "The weights have the right shape, but lie wrongly on the grid: rows and columns are read "
        "in the wrong order. On pictures the model would seem to look elsewhere.",
        "Make one position of `A` stand out. Is the largest weight in the same row and column?",
    ),
    Mistake(
        "attention-grid-4x4",
        "dot_product_attention",
        "weights.unflatten(1, A.shape[2:])",
        "weights.reshape(len(A), 4, 4)",
        "A grid of 4 x 4 is built in. Any height and width should work.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-16-positions",
        "dot_product_attention",
        "A.flatten(2)",
        "A.reshape(len(A), H, 16)",
        "16 positions are built in. Any height and width should work.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-square-grid",
        "dot_product_attention",
        "weights.unflatten(1, A.shape[2:])",
        "weights.reshape(len(A), A.shape[2], A.shape[2])",
        "The grid is taken to be square, with as many columns as rows. Any height and width should "
        "work.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-root-of-positions",
        "dot_product_attention",
        "weights.unflatten(1, A.shape[2:])",
        "weights.reshape(len(A), math.isqrt(positions.shape[2]), -1)",
        "The grid is taken to be square: its side is computed as the square root of the number of "
        "positions. Any height and width should work.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-attn-squeezed",
        "dot_product_attention",
        "return attn,",
        "return attn.squeeze(),",
        "`attn` loses every axis of size 1: with one picture or one unit its shape is wrong. It "
        "should always be (N,H).",
        "Name the axis to be squeezed, or avoid making it.",
    ),
    Mistake(
        "attention-weights-squeezed",
        "dot_product_attention",
        "weights.unflatten(1, A.shape[2:])",
        "weights.unflatten(1, A.shape[2:]).squeeze()",
        "The weights lose every axis of size 1: with one picture, or one row of the grid, their "
        "shape is wrong. It should always be (N,h,w).",
        "Name the axis to be squeezed, or avoid making it.",
    ),
    Mistake(
        "attention-positions-scrambled",
        "dot_product_attention",
        "A.flatten(2)",
        "A.permute(0, 2, 3, 1).reshape(len(A), H, -1)",
        "The positions are scrambled: after H was moved to the end, a reshape puts it back by "
        "number of entries alone. Units and positions are mixed up.",
        FLATTENED,
    ),
    Mistake(
        "attention-units-as-positions",
        "dot_product_attention",
        "A.flatten(2)",
        "A.reshape(len(A), -1, H).transpose(1, 2)",
        "`A` is reshaped to (N, h*w, H) directly: the shape is right, but a reshape does not "
        "exchange axes. Units and positions are mixed up.",
        FLATTENED,
    ),
    Mistake(
        "attention-columns-first",
        "dot_product_attention",
        "A.flatten(2)",
        "A.transpose(2, 3).flatten(2)",
        "The grid is flattened column by column, and the weights are put back row by row:"
        " they lie wrongly on the grid.",
        "Make one position of `A` stand out. Is the largest weight in the same row and column?",
    ),
    Mistake(
        "attention-view-of-the-grid",
        "dot_product_attention",
        "A.flatten(2)",
        "A.view(len(A), H, -1)",
        "`A` is taken by `view`, which refuses a tensor that does not lie in memory in that order. "
        "The captioner's grid is such a tensor.",
        "PyTorch's message says what to use instead.",
    ),
    Mistake(
        "attention-weights-detached",
        "dot_product_attention",
        '"np,nhp->nh", weights',
        '"np,nhp->nh", weights.detach()',
        "The weights are detached before the mean: no gradient reaches the state, so the"
        " model could not learn where to look.",
        GRAPH,
    ),
    Mistake(
        "attention-state-detached",
        "dot_product_attention",
        '"nh,nhp->np", prev_h',
        '"nh,nhp->np", prev_h.detach()',
        "The state is detached: no gradient reaches `prev_h`, so it could not learn what to ask.",
        GRAPH,
    ),
    Mistake(
        "attention-grid-detached-in-scores",
        "dot_product_attention",
        "prev_h, positions)",
        "prev_h, positions.detach())",
        "`A` is detached in the scores: its gradient comes through the weighted mean only.",
        GRAPH,
    ),
    Mistake(
        "attention-grid-detached-in-mean",
        "dot_product_attention",
        "weights, positions)",
        "weights, positions.detach())",
        "`A` is detached in the weighted mean: its gradient comes through the scores only.",
        GRAPH,
    ),
    Mistake(
        "attention-grid-detached",
        "dot_product_attention",
        "A.flatten(2)",
        "A.detach().flatten(2)",
        "`A` is detached: no gradient reaches the features, so their projection would not be"
        " trained through attention.",
        GRAPH,
    ),
    Mistake(
        "attention-state-scaled-in-place",
        "dot_product_attention",
        'torch.einsum("nh,nhp->np", prev_h, positions) / math.sqrt(H)',
        'torch.einsum("nh,nhp->np", prev_h.div_(math.sqrt(H)), positions)',
        "The caller's `prev_h` is changed: it is divided by the scale in place.",
        "Keep a clone of every input and compare after the call. Which operations write into their "
        "argument?",
    ),
    Mistake(
        "attention-step-attn-missing",
        "attention_lstm_step_forward",
        "(x_attn, prev_h, prev_c, Wx_attn,",
        "(x, prev_h, prev_c, Wx,",
        "What attention saw has no effect: `attn` times `Wattn` is missing from the "
        "pre-activations.",
        TERMS,
    ),
    Mistake(
        "attention-step-input-missing",
        "attention_lstm_step_forward",
        "(x_attn, prev_h, prev_c, Wx_attn,",
        "(attn, prev_h, prev_c, Wattn,",
        "The input has no effect: `x` times `Wx` is missing from the pre-activations.",
        TERMS,
    ),
    Mistake(
        "attention-step-attn-through-Wh",
        "attention_lstm_step_forward",
        "[Wx, Wattn]",
        "[Wx, Wh]",
        "`attn` goes through `Wh`, as if it were added to the state. It has weights of its own.",
        TERMS,
    ),
    Mistake(
        "attention-step-state-through-Wattn",
        "attention_lstm_step_forward",
        "Wx_attn, Wh, b)",
        "Wx_attn, Wattn, b)",
        "The state goes through `Wattn`, together with `attn`; `Wh` is never used.",
        TERMS,
    ),
    Mistake(
        "attention-step-Wh-and-Wattn-exchanged",
        "attention_lstm_step_forward",
        "Wx_attn = torch",
        "Wh, Wattn = Wattn, Wh\n    Wx_attn = torch",
        "`Wh` and `Wattn` have changed places. They have the same shape, so no error tells you.",
        TERMS,
    ),
    Mistake(
        "attention-step-Wx-and-Wh-exchanged",
        "attention_lstm_step_forward",
        "\n    x_attn = torch",
        "\n    x, prev_h = prev_h, x\n    x_attn = torch",
        "`Wx` and `Wh` have changed places: the input goes through `Wh` and the state through "
        "`Wx`.",
        "Compare the number of rows of each weight with the number of columns of what it "
        "multiplies.",
    ),
    Mistake(
        "attention-step-weights-stacked-in-the-wrong-order",
        "attention_lstm_step_forward",
        "[Wx, Wattn]",
        "[Wattn, Wx]",
        "Input and `attn` are put side by side with the input first, their matrices one above the "
        "other with `Wattn` first: they do not meet their own.",
        "The first columns of the one must meet the first rows of the other.",
    ),
    Mistake(
        "attention-step-attn-before-the-input",
        "attention_lstm_step_forward",
        "cat([x, attn]",
        "cat([attn, x]",
        "`attn` and the input are put side by side with `attn` first, their matrices one above the "
        "other with `Wx` first: they do not meet their own.",
        "The first columns of the one must meet the first rows of the other.",
    ),
    Mistake(
        "attention-step-attn-through-tanh",
        "attention_lstm_step_forward",
        "(x_attn, prev_h, prev_c, Wx_attn, Wh, b)",
        "(x, prev_h, prev_c, Wx, Wh, b + torch.tanh(attn @ Wattn))",
        "What comes from attention goes through a tanh of its own before it is added. All terms "
        "are added first.",
        "Follow the numbers of one block from the affine map to its gate: how many nonlinearities "
        "do they meet?",
    ),
    Mistake(
        "attention-step-attn-added-to-the-cell",
        "attention_lstm_step_forward",
        "prev_c, Wx_attn",
        "prev_c + attn, Wx_attn",
        "`attn` is added to the old cell. It enters through the gates only.",
        "By which paths does `attn` reach `next_c`? The formula of the docstring has one.",
    ),
    Mistake(
        "attention-step-attn-added-to-the-state",
        "attention_lstm_step_forward",
        "return lstm_step_forward(x_attn, prev_h, prev_c, Wx_attn, Wh, b)",
        "next_h, next_c, cache = lstm_step_forward(x_attn, prev_h, prev_c, Wx_attn, Wh, b)\n"
        "    return next_h + attn, next_c, cache",
        "`attn` is added to `next_h` after the step. It enters through the gates only.",
        "With the output gate closed, `next_h` should be 0.",
    ),
    Mistake(
        "attention-step-attn-detached",
        "attention_lstm_step_forward",
        "cat([x, attn]",
        "cat([x, attn.detach()]",
        "`attn` is detached: no gradient gets back to attention, so the model could not learn"
        " where to look.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-starts-from-sum",
        "attention_lstm_forward",
        "prev_h = prev_c = A.mean(dim=(2, 3))",
        "prev_h = prev_c = A.sum(dim=(2, 3))",
        "`h0` and `c0` are the sum of `A` over its positions. They should be the mean.",
        BEGINNING,
    ),
    Mistake(
        "attention-lstm-starts-from-max",
        "attention_lstm_forward",
        "prev_h = prev_c = A.mean(dim=(2, 3))",
        "prev_h = prev_c = A.amax(dim=(2, 3))",
        "`h0` and `c0` are the maximum of `A` over its positions. They should be the mean.",
        BEGINNING,
    ),
    Mistake(
        "attention-lstm-starts-from-first-position",
        "attention_lstm_forward",
        "prev_h = prev_c = A.mean(dim=(2, 3))",
        "prev_h = prev_c = A[:, :, 0, 0]",
        "`h0` and `c0` are the first position of `A`, the upper left corner. They should be the "
        "mean over all.",
        BEGINNING,
    ),
    Mistake(
        "attention-lstm-starts-from-zeros",
        "attention_lstm_forward",
        "prev_h = prev_c = A.mean(dim=(2, 3))",
        "prev_h = prev_c = torch.zeros_like(A[:, :, 0, 0])",
        "`h0` and `c0` are zeros. Both should be the mean of `A` over its positions.",
        BEGINNING,
    ),
    Mistake(
        "attention-lstm-c0-zero",
        "attention_lstm_forward",
        "prev_h = prev_c = A.mean(dim=(2, 3))",
        "prev_h = A.mean(dim=(2, 3))\n    prev_c = torch.zeros_like(prev_h)",
        "The cell starts from zeros, as in the LSTM without attention. Here `c0` is the mean of "
        "`A`, as `h0` is.",
        BEGINNING,
    ),
    Mistake(
        "attention-lstm-h0-zero",
        "attention_lstm_forward",
        "prev_h = prev_c = A.mean(dim=(2, 3))",
        "prev_c = A.mean(dim=(2, 3))\n    prev_h = torch.zeros_like(prev_c)",
        "The hidden state starts from zeros. `h0` is the mean of `A`, as `c0` is.",
        BEGINNING,
    ),
    Mistake(
        "attention-lstm-starts-divided-by-16",
        "attention_lstm_forward",
        "prev_h = prev_c = A.mean(dim=(2, 3))",
        "prev_h = prev_c = A.sum(dim=(2, 3)) / 16",
        "For the mean, the sum over the grid is divided by 16, whatever the grid. That is right "
        "for 16 positions only.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-lstm-mean-over-wrong-axes",
        "attention_lstm_forward",
        "dim=(2, 3)",
        "dim=(1, 2)",
        "The mean for `h0` and `c0` runs over H and the rows of the grid. It should run over rows "
        "and columns.",
        "`A` is (N,H,h,w): which axes should be gone?",
    ),
    Mistake(
        "attention-lstm-start-squeezed",
        "attention_lstm_forward",
        "prev_h = prev_c = A.mean(dim=(2, 3))",
        "prev_h = prev_c = A.mean(dim=(2, 3), keepdim=True).squeeze()",
        "The first states lose every axis of size 1: with one picture or one unit their shape is "
        "wrong. It should always be (N,H).",
        "Name the axes to be squeezed, or avoid keeping them.",
    ),
    Mistake(
        "attention-lstm-start-detached",
        "attention_lstm_forward",
        "prev_h = prev_c = A.mean(dim=(2, 3))",
        "prev_h = prev_c = A.detach().mean(dim=(2, 3))",
        "The first states are detached: no gradient reaches `A` through `h0` and `c0`.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-return-inside-the-loop",
        "attention_lstm_forward",
        "\n    return torch.stack(h, dim=1), torch.stack(weights, dim=1), cache",
        "\n        return torch.stack(h, dim=1), torch.stack(weights, dim=1), cache",
        "`h` comes back after a single time step: the `return` stands inside the loop.",
        "How far is the last line indented?",
    ),
    Mistake(
        "attention-lstm-first-step-left-zero",
        "attention_lstm_forward",
        "for t in range(x.shape[1]):",
        "h.append(torch.zeros_like(prev_h))\n    weights.append(torch.zeros_like(A[:, 0]))\n"
        "    for t in range(1, x.shape[1]):",
        "The first time step is left out: its state and weights stay zero, and the second step starts "
        "from the first states.",
        "Is the first time step 0 or 1 in Python? Print the first state that comes out.",
    ),
    Mistake(
        "attention-lstm-looks-once",
        "attention_lstm_forward",
        "dot_product_attention(prev_h, A)",
        "dot_product_attention(A.mean(dim=(2, 3)), A)",
        "The model looks with the first state at every step. It should look anew before each"
        " step, with the state it then has.",
        WHO_ASKS,
    ),
    Mistake(
        "attention-lstm-cell-asks",
        "attention_lstm_forward",
        "dot_product_attention(prev_h, A)",
        "dot_product_attention(prev_c, A)",
        "The cell state asks the question of attention. It should be the hidden state.",
        WHO_ASKS,
    ),
    Mistake(
        "attention-lstm-stale-question",
        "attention_lstm_forward",
        "dot_product_attention(prev_h, A)",
        "dot_product_attention(h[-2] if t > 1 else A.mean(dim=(2, 3)), A)",
        "Attention asks with a state that is one step too old. Before step t the state that step "
        "t-1 left asks.",
        WHO_ASKS,
    ),
    Mistake(
        "attention-lstm-mean-in-place-of-attn",
        "attention_lstm_forward",
        "prev_c, attn, Wx",
        "prev_c, A.mean(dim=(2, 3)), Wx",
        "The step gets the mean of the grid, not what attention returned: the model looks, but "
        "does not see.",
        "Does `h` move when you change the scale inside attention?",
    ),
    Mistake(
        "attention-lstm-state-in-place-of-attn",
        "attention_lstm_forward",
        "prev_c, attn, Wx",
        "prev_c, prev_h, Wx",
        "The step gets the state in place of `attn`: the model looks, but does not see.",
        ARGUMENTS,
    ),
    Mistake(
        "attention-lstm-grid-detached-in-look",
        "attention_lstm_forward",
        "dot_product_attention(prev_h, A)",
        "dot_product_attention(prev_h, A.detach())",
        "Attention looks at a detached grid: `A` gets a gradient through the first states only.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-question-detached",
        "attention_lstm_forward",
        "dot_product_attention(prev_h, A)",
        "dot_product_attention(prev_h.detach(), A)",
        "The state that asks is detached: no gradient travels back in time through attention.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-attn-detached",
        "attention_lstm_forward",
        "prev_c, attn, Wx",
        "prev_c, attn.detach(), Wx",
        "`attn` is detached before the step: the model could not learn where to look.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-cell-not-carried",
        "attention_lstm_forward",
        "prev_h, prev_c = next_h, next_c",
        "prev_h = next_h",
        "The cell state is not carried: every step starts from `c0`.",
        CARRIED,
    ),
    Mistake(
        "attention-lstm-state-not-carried",
        "attention_lstm_forward",
        "prev_h, prev_c = next_h, next_c",
        "prev_c = next_c",
        "The hidden state is not carried: every step starts from `h0`, and asks the same question.",
        CARRIED,
    ),
    Mistake(
        "attention-lstm-nothing-carried",
        "attention_lstm_forward",
        "        prev_h, prev_c = next_h, next_c\n",
        "",
        "Neither state is carried: every step starts from `h0` and `c0`, as if it were the first.",
        CARRIED,
    ),
    Mistake(
        "attention-lstm-states-exchanged-after-the-step",
        "attention_lstm_forward",
        "prev_h, prev_c = next_h, next_c",
        "prev_h, prev_c = next_c, next_h",
        "What is collected is right, but hidden state and cell state change places on the way to "
        "the next step.",
        CARRIED,
    ),
    Mistake(
        "attention-lstm-state-overwritten-first",
        "attention_lstm_forward",
        "prev_h, prev_c = next_h, next_c",
        "prev_h = next_h\n        prev_c = prev_h",
        "The next step gets the hidden state for both of its states: the cell is lost.",
        CARRIED,
    ),
    Mistake(
        "attention-lstm-cell-detached-between-steps",
        "attention_lstm_forward",
        "prev_h, prev_c = next_h, next_c",
        "prev_h, prev_c = next_h, next_c.detach()",
        "The cell is detached between the steps: gradients do not travel back through it.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-states-detached-between-steps",
        "attention_lstm_forward",
        "prev_h, prev_c = next_h, next_c",
        "prev_h, prev_c = next_h.detach(), next_c.detach()",
        "Both states are detached between the steps: gradients reach back one step at most.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-states-exchanged-in-the-result",
        "attention_lstm_forward",
        "next_h, next_c, cache_t =",
        "next_c, next_h, cache_t =",
        "Hidden state and cell state are taken from the step in the wrong order: what is collected "
        "and carried as `h` is the cell.",
        "The step returns `next_h` first, then `next_c`.",
    ),
    Mistake(
        "attention-lstm-states-exchanged-in-the-call",
        "attention_lstm_forward",
        "prev_h, prev_c, attn,",
        "prev_c, prev_h, attn,",
        "Hidden state and cell state are handed to the step in the wrong order: the cell goes "
        "through `Wh`.",
        ARGUMENTS,
    ),
    Mistake(
        "attention-lstm-attn-and-state-exchanged",
        "attention_lstm_forward",
        "x[:, t], prev_h, prev_c, attn, Wx, Wh, Wattn, b",
        "x[:, t], prev_h, prev_c, attn, Wx, Wattn, Wh, b",
        "`Wh` and `Wattn` are handed to the step in the wrong order, or the state and `attn` are. "
        "Both have the same shapes, so no error tells you.",
        ARGUMENTS,
    ),
    Mistake(
        "attention-lstm-attn-and-cell-exchanged",
        "attention_lstm_forward",
        "prev_h, prev_c, attn,",
        "prev_h, attn, prev_c,",
        "Cell state and `attn` are handed to the step in the wrong order. They have the same "
        "shape, so no error tells you.",
        ARGUMENTS,
    ),
    Mistake(
        "attention-lstm-first-input-at-every-step",
        "attention_lstm_forward",
        "x[:, t]",
        "x[:, 0]",
        "Every step gets the first input: what comes later in the sequence has no effect.",
        "Change one input after the other and see which outputs move.",
    ),
    Mistake(
        "attention-lstm-row-in-place-of-step",
        "attention_lstm_forward",
        "x[:, t]",
        "x[t]",
        "Step t takes row t of the batch, with all its time steps. It should take time step t of "
        "every row: the batch is the first axis of `x`.",
        "Print the shape of what the step gets as its input: (N,D) is wanted.",
    ),
    Mistake(
        "attention-lstm-loop-over-the-batch",
        "attention_lstm_forward",
        "range(x.shape[1])",
        "range(len(x))",
        "The loop makes N steps, one for each row of the batch. It should make T, the second axis "
        "of `x`.",
        "Call it with a batch of one and three time steps: how many states come out?",
    ),
    Mistake(
        "attention-lstm-last-step-skipped",
        "attention_lstm_forward",
        "range(x.shape[1])",
        "range(x.shape[1] - 1)",
        "The last input is never read: the loop ends one step early.",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-first-step-skipped",
        "attention_lstm_forward",
        "range(x.shape[1])",
        "range(1, x.shape[1])",
        "The first input is never read: the loop starts at step 1.",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-cell-collected",
        "attention_lstm_forward",
        "h.append(next_h)",
        "h.append(next_c)",
        "What is collected over time is the cell state. `h` holds the hidden states.",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-states-before-the-steps",
        "attention_lstm_forward",
        "h.append(next_h)",
        "h.append(prev_h)",
        "`h` holds the state before each step: `h0` comes first and the last state is missing. "
        "Everything is one step late.",
        "With T = 1, `h` should hold the state after the only step.",
    ),
    Mistake(
        "attention-lstm-last-state-only",
        "attention_lstm_forward",
        "return torch.stack(h, dim=1)",
        "return next_h",
        "Only the last state is returned. `h` holds the state after every step, (N,T,H).",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-time-first",
        "attention_lstm_forward",
        "torch.stack(h, dim=1), torch.stack(weights, dim=1)",
        "torch.stack(h), torch.stack(weights)",
        "`h` and the weights come out with time first. The batch comes first: (N,T,H) and "
        "(N,T,h,w).",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-h-time-first",
        "attention_lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.stack(h)",
        "`h` comes out with time first, (T,N,H). The batch comes first: (N,T,H).",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-h-scrambled",
        "attention_lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.stack(h).reshape(len(x), len(h), -1)",
        "The states are stacked as (T,N,H) and then reshaped to (N,T,H): the shape is right, but a "
        "reshape does not exchange axes, so rows and steps are mixed up.",
        "Fill a small (T,N) array with 0, 1, 2, ..., reshape it to (N,T) and compare with its "
        "transpose.",
    ),
    Mistake(
        "attention-lstm-h-in-wrong-shape",
        "attention_lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.cat(h, dim=1)",
        "`h` holds the right numbers in the right order, but in another shape. Time is an axis of "
        "its own: (N,T,H).",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-weights-time-first",
        "attention_lstm_forward",
        "torch.stack(weights, dim=1)",
        "torch.stack(weights)",
        "The weights come out with time first, (T,N,h,w). The batch comes first: (N,T,h,w).",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-weights-time-last",
        "attention_lstm_forward",
        "torch.stack(weights, dim=1)",
        "torch.stack(weights, dim=-1)",
        "The weights come out with time last, (N,h,w,T). Time is the second axis: (N,T,h,w).",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-weights-scrambled",
        "attention_lstm_forward",
        "torch.stack(weights, dim=1)",
        "torch.stack(weights).reshape(len(x), len(h), *A.shape[2:])",
        "The weights are stacked as (T,N,h,w) and then reshaped to (N,T,h,w): the shape is right, "
        "but a reshape does not exchange axes, so rows and steps are mixed up.",
        "Fill a small (T,N) array with 0, 1, 2, ..., reshape it to (N,T) and compare with its "
        "transpose.",
    ),
    Mistake(
        "attention-lstm-weights-in-wrong-shape",
        "attention_lstm_forward",
        "torch.stack(weights, dim=1)",
        "torch.stack(weights, dim=1).flatten(2)",
        "The weights are the right numbers in the right order, but in another shape. Every step "
        "has the shape of the grid: (N,T,h,w).",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-weights-zero",
        "attention_lstm_forward",
        "torch.stack(weights, dim=1)",
        "torch.zeros_like(torch.stack(weights, dim=1))",
        "Nothing is written into the weights: a tensor was made for them, but never filled.",
        "What attention returns second has to be kept at every step.",
    ),
    Mistake(
        "attention-lstm-weights-of-last-step",
        "attention_lstm_forward",
        "torch.stack(weights, dim=1)",
        "weights_t",
        "Only the last step's weights come out. They are wanted for every step, (N,T,h,w).",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-last-weights-everywhere",
        "attention_lstm_forward",
        "torch.stack(weights, dim=1)",
        "torch.stack([weights_t] * len(h), dim=1)",
        "The last step's weights come out at every step: they are the same all along.",
        "What attention returns second has to be kept at every step, in a place of its own.",
    ),
    Mistake(
        "attention-lstm-weights-one-step-ahead",
        "attention_lstm_forward",
        "weights.append(weights_t)",
        "weights.append(dot_product_attention(next_h, A)[1])",
        "The weights at step t are those of the look that follows it, with the new state. They "
        "should be those of the look before the step.",
        WHO_ASKS,
    ),
    Mistake(
        "attention-lstm-weights-averaged-over-time",
        "attention_lstm_forward",
        "torch.stack(weights, dim=1)",
        "torch.stack(weights, dim=1).mean(dim=1)",
        "The weights are averaged over time, (N,h,w). They are wanted for every step, (N,T,h,w).",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-outputs-exchanged",
        "attention_lstm_forward",
        "return torch.stack(h, dim=1), torch.stack(weights, dim=1)",
        "return torch.stack(weights, dim=1), torch.stack(h, dim=1)",
        "The weights are returned before `h`. The order is `h`, weights, cache.",
        OUTPUTS,
    ),
    Mistake(
        "attention-lstm-float32-buffer",
        "attention_lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.stack(h, dim=1).float()",
        "float64 goes in, and `h` or the weights come out in float32: a buffer made without a "
        "dtype is float32.",
        "A buffer that takes its dtype and device from an input serves every precision.",
    ),
    Mistake(
        "attention-lstm-always-float64",
        "attention_lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.stack(h, dim=1).double()",
        "`h` comes out in float64 whatever goes in: float32 inputs should give float32 states.",
        "A buffer that takes its dtype and device from an input serves every precision.",
    ),
    Mistake(
        "attention-softmax-of-exponentials",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "scores.exp() / scores.exp().sum(dim=1, keepdim=True)",
        "The softmax takes exponentials of the scores as they are, and these overflow for"
        " large scores: inf / inf is nan.",
        "The softmax stays the same if one number is subtracted from all scores of a picture."
        " Which number keeps exp small?",
    ),
    Mistake(
        "attention-scores-squeezed",
        "dot_product_attention",
        "prev_h, positions) / math.sqrt(H)",
        "prev_h, positions).squeeze() / math.sqrt(H)",
        "The scores lose every axis of size 1: with one picture they have no batch axis any"
        " more. They should always be (N, h*w).",
        "Is there a `squeeze()` that does not say which axis?",
    ),
    Mistake(
        "attention-lstm-asked-by-a-state-to-come",
        "attention_lstm_forward",
        "dot_product_attention(prev_h, A)",
        "dot_product_attention(torch.zeros_like(prev_h), A)",
        "Attention is asked by a state of zeros, as one is that the loop has not computed"
        " yet: every score is 0. Before step t the state that step t-1 left asks.",
        "Which state is there when the model is about to read word t? It is this one that asks.",
    ),
    Mistake(
        "attention-lstm-grid-in-place-of-attn",
        "attention_lstm_forward",
        "prev_c, attn, Wx",
        "prev_c, A, Wx",
        "The step gets the whole grid where it takes what attention saw of it, (N,H).",
        "Compare the order of the arguments with the signature of the step.",
    ),
    Mistake(
        "attention-lstm-states-detached-now-and-then",
        "attention_lstm_forward",
        "prev_h, prev_c = next_h, next_c",
        """prev_h, prev_c = next_h, next_c
        if t % 4 == 3:
            prev_h, prev_c = prev_h.detach(), prev_c.detach()""",
        "The states are cut out of the graph every few steps: gradients of later steps do not"
        " reach the first ones.",
        "Truncated backpropagation does this on purpose, between pieces of a text. Not here.",
    ),
    Mistake(
        "attention-lstm-last-input-at-every-step",
        "attention_lstm_forward",
        "x[:, t]",
        "x[:, -1]",
        "Every step gets the last input; step t should get that of its own time.",
        "Which word goes in at t = 0, 1 and 2? Write it down by hand.",
    ),
    Mistake(
        "attention-lstm-reads-in-reverse",
        "attention_lstm_forward",
        "for t in range(x.shape[1]):",
        "for t in reversed(range(x.shape[1])):",
        "The sequence is read from its end: the first step takes the last input. Time runs"
        " forwards here.",
        "Which input does the step that starts from the mean of the grid take?",
    ),
    Mistake(
        "attention-lstm-outputs-in-reverse",
        "attention_lstm_forward",
        "return torch.stack(h, dim=1), torch.stack(weights, dim=1)",
        "return torch.stack(h[::-1], dim=1), torch.stack(weights[::-1], dim=1)",
        "States and weights come out from the last to the first. Step 0 comes first.",
        "Only a loop that runs backwards has to turn its list round at the end.",
    ),
    Mistake(
        "attention-lstm-last-state-at-every-time",
        "attention_lstm_forward",
        "torch.stack(h, dim=1)",
        "torch.stack([next_h] * len(h), dim=1)",
        "The last state stands at every time of `h`. That happens when one tensor is kept T"
        " times and changed in place, or when `h` is filled after the loop.",
        "Is it a new tensor that you keep at each step?",
    ),
    Mistake(
        "attention-lstm-last-step-left-zero",
        "attention_lstm_forward",
        "return torch.stack(h, dim=1), torch.stack(weights, dim=1)",
        """h[-1], weights[-1] = torch.zeros_like(h[-1]), torch.zeros_like(weights[-1])
    return torch.stack(h, dim=1), torch.stack(weights, dim=1)""",
        "The last time step is left out: its state and weights stay zero.",
        "Where does your loop over time end, and how many steps has x?",
    ),
    Mistake(
        "attention-lstm-outputs-detached",
        "attention_lstm_forward",
        "h.append(next_h)",
        "h.append(next_h.detach())",
        "The states returned carry no graph (`.detach()`, `.data`, `no_grad` or a copy): no"
        " gradient reaches any input.",
        "Call `backward()` on a sum of the outputs and look which inputs have no `.grad`.",
    ),
]
