"""Parts attention and bptt: mistakes in attention and in the LSTM that uses it."""

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
BEGINNING = "What are `h` and `c` before the first word, and where do they come from?"
WHO_ASKS = "Which state is there when the model is about to read word t? It is this one that asks."
CARRIED = "Print the states of two steps side by side: what does the second step start from?"
TWO_STEPS_BACK = (
    "Write the loop for T = 2 out by hand: what enters the second-to-last step from the last one?"
)
SAME_WEIGHTS = "The same weights are used at every step: what does that mean for their gradient?"
MEAN_BACKWARD = (
    "`h0` and `c0` are the mean of `A`: every position has a share of one over the number of "
    "positions in each."
)
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
        "math.sqrt(h * w)",
        "The scores are divided by the square root of the number of positions. It should be that "
        "of H, the length of the dot product.",
        SCALE,
    ),
    Mistake(
        "attention-scale-by-last-axis",
        "dot_product_attention",
        "math.sqrt(H)",
        "math.sqrt(w)",
        "The scores are divided by the square root of the last axis of `A`, which is the width of "
        "the grid. It should be that of H, which is axis 1 here.",
        SCALE,
    ),
    Mistake(
        "attention-scale-by-rows",
        "dot_product_attention",
        "math.sqrt(H)",
        "math.sqrt(h)",
        "The scores are divided by the square root of the number of rows of the grid. It should be "
        "that of H, the length of the dot product.",
        SCALE,
    ),
    Mistake(
        "attention-scale-by-batch",
        "dot_product_attention",
        "math.sqrt(H)",
        "math.sqrt(N)",
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
        "The weights are divided by the square root of H, after the softmax: they no longer sum to "
        "1. It is the scores that are scaled.",
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
        "The softmax runs over the batch: the weights of one position sum to 1 over the pictures. "
        "It should run over the positions of each picture.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-softmax-over-batch-and-grid",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.softmax(scores.flatten(), dim=0).reshape(scores.shape)",
        "The softmax runs over batch and positions together. The weights of each picture should "
        "sum to 1.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-softmax-down-the-columns",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.softmax(scores.reshape(N, h, w), dim=1).flatten(1)",
        "The softmax runs over the rows of the grid only: the weights of every column sum to 1. It "
        "should run over all positions at once.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-softmax-along-the-rows",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.softmax(scores.reshape(N, h, w), dim=2).flatten(1)",
        "The softmax runs over the columns of the grid only: the weights of every row sum to 1. It "
        "should run over all positions at once.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-softmax-over-an-axis-of-one",
        "dot_product_attention",
        "torch.softmax(scores, dim=1)",
        "torch.softmax(scores.unsqueeze(1), dim=1).squeeze(1)",
        "Every weight is 1: the softmax runs over an axis with a single entry. It should run over "
        "the positions.",
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
        "The weights are the scores divided by their sum: they sum to 1, but can be negative. The "
        "exponential is missing.",
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
        "The weights are logarithms: log_softmax in place of softmax. All of them are negative.",
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
        "torch.nn.functional.one_hot(scores.argmax(dim=1), h * w).to(scores)",
        "All weight lies on the best position: an argmax in place of the softmax. No gradient gets "
        "through it either.",
        "Soft attention looks everywhere, in proportion to the exponential of the score.",
    ),
    Mistake(
        "attention-mean-of-weighted",
        "dot_product_attention",
        'torch.einsum("np,nhp->nh", weights, positions)',
        'torch.einsum("np,nhp->nh", weights, positions) / (h * w)',
        "`attn` is divided by the number of positions: a mean of the weighted positions. The "
        "weights sum to 1 already, so add up.",
        STATE_OF_ZEROS,
    ),
    Mistake(
        "attention-times-positions",
        "dot_product_attention",
        'torch.einsum("np,nhp->nh", weights, positions)',
        'torch.einsum("np,nhp->nh", weights, positions) * (h * w)',
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
        "LSTM on its own way.",
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
        "weights.reshape(N, h, w)",
        "scores.reshape(N, h, w)",
        "What is returned as weights are the scores before the softmax. `attn` is right.",
        SUM_OF_WEIGHTS,
    ),
    Mistake(
        "attention-weights-in-wrong-shape",
        "dot_product_attention",
        "weights.reshape(N, h, w)",
        "weights",
        "The weights are the right numbers in the right order, but not in the shape of the grid: "
        "they should come out as (N,h,w).",
        OUTPUTS,
    ),
    Mistake(
        "attention-weights-width-first",
        "dot_product_attention",
        "weights.reshape(N, h, w)",
        "weights.reshape(N, w, h)",
        "The weights come out with height and width exchanged, (N,w,h). That passes on a square "
        "grid only.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-weights-transposed",
        "dot_product_attention",
        "weights.reshape(N, h, w)",
        "weights.reshape(N, w, h).transpose(1, 2)",
        "The weights have the right shape, but lie wrongly on the grid: rows and columns are read "
        "in the wrong order. On pictures the model would seem to look elsewhere.",
        "Make one position of `A` stand out. Is the largest weight in the same row and column?",
    ),
    Mistake(
        "attention-grid-4x4",
        "dot_product_attention",
        "weights.reshape(N, h, w)",
        "weights.reshape(N, 4, 4)",
        "A grid of 4 x 4 is built in. Any height and width should work.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-16-positions",
        "dot_product_attention",
        "A.flatten(2)",
        "A.reshape(N, H, 16)",
        "16 positions are built in. Any height and width should work.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-square-grid",
        "dot_product_attention",
        "weights.reshape(N, h, w)",
        "weights.reshape(N, h, h)",
        "The grid is taken to be square, with as many columns as rows. Any height and width should "
        "work.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-root-of-positions",
        "dot_product_attention",
        "weights.reshape(N, h, w)",
        "weights.reshape(N, math.isqrt(h * w), -1)",
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
        "weights.reshape(N, h, w)",
        "weights.reshape(N, h, w).squeeze()",
        "The weights lose every axis of size 1: with one picture, or one row of the grid, their "
        "shape is wrong. It should always be (N,h,w).",
        "Name the axis to be squeezed, or avoid making it.",
    ),
    Mistake(
        "attention-positions-scrambled",
        "dot_product_attention",
        "A.flatten(2)",
        "A.permute(0, 2, 3, 1).reshape(N, H, -1)",
        "The positions are scrambled: after H was moved to the end, a reshape puts it back by "
        "number of entries alone. Units and positions are mixed up.",
        FLATTENED,
    ),
    Mistake(
        "attention-units-as-positions",
        "dot_product_attention",
        "A.flatten(2)",
        "A.reshape(N, -1, H).transpose(1, 2)",
        "`A` is reshaped to (N, h*w, H) directly: the shape is right, but a reshape does not "
        "exchange axes. Units and positions are mixed up.",
        FLATTENED,
    ),
    Mistake(
        "attention-columns-first",
        "dot_product_attention",
        "A.flatten(2)",
        "A.transpose(2, 3).flatten(2)",
        "The grid is flattened column by column, and the weights are put back row by row: they lie "
        "wrongly on the grid. `attn` is right.",
        "Make one position of `A` stand out. Is the largest weight in the same row and column?",
    ),
    Mistake(
        "attention-view-of-the-grid",
        "dot_product_attention",
        "A.flatten(2)",
        "A.view(N, H, -1)",
        "`A` is taken by `view`, which refuses a tensor that does not lie in memory in that order. "
        "The captioner's grid is such a tensor.",
        "PyTorch's message says what to use instead.",
    ),
    Mistake(
        "attention-weights-detached",
        "dot_product_attention",
        '"np,nhp->nh", weights',
        '"np,nhp->nh", weights.detach()',
        "The values are right, but the weights are detached before the mean: no gradient reaches "
        "the state, so the model could not learn where to look.",
        GRAPH,
    ),
    Mistake(
        "attention-state-detached",
        "dot_product_attention",
        '"nh,nhp->np", prev_h',
        '"nh,nhp->np", prev_h.detach()',
        "The values are right, but the state is detached: no gradient reaches `prev_h`, so it "
        "could not learn what to ask.",
        GRAPH,
    ),
    Mistake(
        "attention-grid-detached-in-scores",
        "dot_product_attention",
        "prev_h, positions)",
        "prev_h, positions.detach())",
        "The values are right, but `A` is detached in the scores: its gradient comes through the "
        "weighted mean only.",
        GRAPH,
    ),
    Mistake(
        "attention-grid-detached-in-mean",
        "dot_product_attention",
        "weights, positions)",
        "weights, positions.detach())",
        "The values are right, but `A` is detached in the weighted mean: its gradient comes "
        "through the scores only.",
        GRAPH,
    ),
    Mistake(
        "attention-grid-detached",
        "dot_product_attention",
        "A.flatten(2)",
        "A.detach().flatten(2)",
        "The values are right, but `A` is detached: no gradient reaches the features, so their "
        "projection would not be trained through attention.",
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
        "attention-backward-scale-missing",
        "dot_product_attention_backward",
        "scale = 1 / math.sqrt(A.shape[1])",
        "scale = 1",
        "The scale is missing from the gradients of the scores: `dprev_h` and the scores' part of "
        "`dA` are too large by the square root of H.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-scale-missing-in-dprev_h",
        "dot_product_attention_backward",
        "dscores, positions) * scale",
        "dscores, positions)",
        "`dprev_h` lacks the scale: it is too large by the square root of H.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-scale-missing-in-dA",
        "dot_product_attention_backward",
        "dscores, prev_h) * scale",
        "dscores, prev_h)",
        "The scale is missing from the part of `dA` that comes through the scores.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-scale-twice",
        "dot_product_attention_backward",
        "math.sqrt(A.shape[1])",
        "A.shape[1]",
        "What comes through the scores is divided by H, not by its square root: the scale is "
        "wrong, or applied twice.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-scale-multiplied",
        "dot_product_attention_backward",
        "1 / math.sqrt(A.shape[1])",
        "math.sqrt(A.shape[1])",
        "What comes through the scores is multiplied with the square root of H. A factor stays the "
        "same on the way back: divide.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-scale-by-last-axis",
        "dot_product_attention_backward",
        "math.sqrt(A.shape[1])",
        "math.sqrt(A.shape[-1])",
        "The scale takes the square root of the last axis of `A`, which is the width of the grid. "
        "It should be that of H, axis 1.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-backward-scale-on-the-mean",
        "dot_product_attention_backward",
        '"np,nh->nhp", weights, dattn)',
        '"np,nh->nhp", weights, dattn) * scale',
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
        "dscores, positions) * scale",
        "dscores, positions) * scale / positions.shape[2]",
        "`dprev_h` is averaged over the positions. The state entered the score of each: add up.",
        "A value used P times collects P gradients.",
    ),
    Mistake(
        "attention-backward-dprev_h-zero",
        "dot_product_attention_backward",
        'torch.einsum("np,nhp->nh", dscores, positions) * scale',
        "torch.zeros_like(prev_h)",
        "`dprev_h` is zero: the path through the scores is missing, and the state could not learn "
        "what to ask.",
        FACTORS,
    ),
    Mistake(
        "attention-backward-dA-without-scores",
        "dot_product_attention_backward",
        "(dA_mean + dA_scores)",
        "dA_mean",
        "`dA` lacks the path through the scores: only the weighted mean is differentiated.",
        USED_TWICE,
    ),
    Mistake(
        "attention-backward-dA-without-mean",
        "dot_product_attention_backward",
        "(dA_mean + dA_scores)",
        "dA_scores",
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
        "dA_mean + dA_scores",
        "dA_mean - dA_scores",
        "In `dA`, the two parts are subtracted. Gradients of two uses add up.",
        USED_TWICE,
    ),
    Mistake(
        "attention-backward-dA-in-wrong-shape",
        "dot_product_attention_backward",
        "(dA_mean + dA_scores).reshape(A.shape)",
        "dA_mean + dA_scores",
        "`dA` holds the right numbers in the right order, but in another shape. A gradient has the "
        "shape of what it is the gradient of: (N,H,h,w).",
        OUTPUTS,
    ),
    Mistake(
        "attention-backward-dA-scrambled",
        "dot_product_attention_backward",
        "(dA_mean + dA_scores).reshape(A.shape)",
        "(dA_mean + dA_scores).transpose(1, 2).reshape(A.shape)",
        "`dA` has the positions before the units when it is reshaped to the grid: the shape is "
        "right, but units and positions are mixed up.",
        FLATTENED,
    ),
    Mistake(
        "attention-backward-dA-columns-first",
        "dot_product_attention_backward",
        "(dA_mean + dA_scores).reshape(A.shape)",
        "(dA_mean + dA_scores).unflatten(2, A.shape[:1:-1]).transpose(2, 3)",
        "`dA` has the right numbers at the wrong positions: the grid is filled column by column. "
        "It was flattened row by row.",
        FLATTENED,
    ),
    Mistake(
        "attention-backward-outputs-exchanged",
        "dot_product_attention_backward",
        "return dprev_h, (dA_mean + dA_scores).reshape(A.shape)",
        "return (dA_mean + dA_scores).reshape(A.shape), dprev_h",
        "`dA` is returned before `dprev_h`. The order is that of the inputs: `dprev_h`, `dA`.",
        OUTPUTS,
    ),
    Mistake(
        "attention-backward-dprev_h-squeezed",
        "dot_product_attention_backward",
        "dscores, positions) * scale",
        "dscores, positions).squeeze() * scale",
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
        "scale = 1 / math.sqrt(A.shape[1])",
        "scale = 1\n    dattn /= math.sqrt(A.shape[1])",
        "The caller's `dattn` is changed: it is divided by the scale in place. The scale also gets "
        "into the part of `dA` that comes through the weighted mean.",
        SCALE_BACKWARD,
    ),
    Mistake(
        "attention-step-attn-missing",
        "attention_lstm_step_forward",
        "x @ Wx + prev_h @ Wh + attn @ Wattn + b",
        "x @ Wx + prev_h @ Wh + b",
        "What attention saw has no effect: `attn` times `Wattn` is missing from the "
        "pre-activations.",
        TERMS,
    ),
    Mistake(
        "attention-step-input-missing",
        "attention_lstm_step_forward",
        "x @ Wx + prev_h @ Wh + attn @ Wattn + b",
        "prev_h @ Wh + attn @ Wattn + b",
        "The input has no effect: `x` times `Wx` is missing from the pre-activations.",
        TERMS,
    ),
    Mistake(
        "attention-step-state-missing",
        "attention_lstm_step_forward",
        "x @ Wx + prev_h @ Wh + attn @ Wattn + b",
        "x @ Wx + attn @ Wattn + b",
        "The previous state has no effect: `attn` takes its place. Both enter, each through its "
        "own weights.",
        TERMS,
    ),
    Mistake(
        "attention-step-bias-missing",
        "attention_lstm_step_forward",
        "x @ Wx + prev_h @ Wh + attn @ Wattn + b",
        "x @ Wx + prev_h @ Wh + attn @ Wattn",
        "The bias `b` is not added: the pre-activations are right but for `b`.",
        TERMS,
    ),
    Mistake(
        "attention-step-bias-twice",
        "attention_lstm_step_forward",
        "x @ Wx + prev_h @ Wh + attn @ Wattn + b",
        "x @ Wx + prev_h @ Wh + b + attn @ Wattn + b",
        "The bias `b` is added twice. However many terms the sum has, there is a single bias.",
        TERMS,
    ),
    Mistake(
        "attention-step-attn-through-Wh",
        "attention_lstm_step_forward",
        "attn @ Wattn",
        "attn @ Wh",
        "`attn` goes through `Wh`, as if it were added to the state. It has weights of its own.",
        TERMS,
    ),
    Mistake(
        "attention-step-state-through-Wattn",
        "attention_lstm_step_forward",
        "prev_h @ Wh + attn @ Wattn",
        "(prev_h + attn) @ Wattn",
        "The state goes through `Wattn`, together with `attn`; `Wh` is never used.",
        TERMS,
    ),
    Mistake(
        "attention-step-Wh-and-Wattn-exchanged",
        "attention_lstm_step_forward",
        "prev_h @ Wh + attn @ Wattn",
        "prev_h @ Wattn + attn @ Wh",
        "`Wh` and `Wattn` have changed places. They have the same shape, so no error tells you.",
        TERMS,
    ),
    Mistake(
        "attention-step-Wx-and-Wh-exchanged",
        "attention_lstm_step_forward",
        "x @ Wx + prev_h @ Wh",
        "x @ Wh + prev_h @ Wx",
        "`Wx` and `Wh` have changed places: the input goes through `Wh` and the state through "
        "`Wx`.",
        "Compare the number of rows of each weight with the number of columns of what it "
        "multiplies.",
    ),
    Mistake(
        "attention-step-cell-in-place-of-state",
        "attention_lstm_step_forward",
        "prev_h @ Wh",
        "prev_c @ Wh",
        "The gates are computed from `prev_c`. It is `prev_h` that goes through `Wh`; the old cell "
        "enters later, through the forget gate.",
        TERMS,
    ),
    Mistake(
        "attention-step-tanh-before-the-gates",
        "attention_lstm_step_forward",
        "a = x @ Wx + prev_h @ Wh + attn @ Wattn + b",
        "a = torch.tanh(x @ Wx + prev_h @ Wh + attn @ Wattn + b)",
        "A tanh is applied to the pre-activations before they are split into gates. Each gate has "
        "its own nonlinearity only.",
        "Follow the numbers of one block from the affine map to its gate: how many nonlinearities "
        "do they meet?",
    ),
    Mistake(
        "attention-step-attn-through-tanh",
        "attention_lstm_step_forward",
        "attn @ Wattn",
        "torch.tanh(attn @ Wattn)",
        "What comes from attention goes through a tanh of its own before it is added. All terms "
        "are added first.",
        "Follow the numbers of one block from the affine map to its gate: how many nonlinearities "
        "do they meet?",
    ),
    Mistake(
        "attention-step-attn-added-to-the-cell",
        "attention_lstm_step_forward",
        "_lstm_cell_forward(a, prev_c)",
        "_lstm_cell_forward(a, prev_c + attn)",
        "`attn` is added to the old cell. It enters through the gates only.",
        "On which ways does `attn` reach `next_c`? The formula of the docstring has one.",
    ),
    Mistake(
        "attention-step-attn-added-to-the-state",
        "attention_lstm_step_forward",
        "return next_h, next_c, cache",
        "return next_h + attn, next_c, cache",
        "`attn` is added to `next_h` after the step. It enters through the gates only.",
        "With the output gate closed, `next_h` should be 0.",
    ),
    Mistake(
        "attention-step-attn-detached",
        "attention_lstm_step_forward",
        "attn @ Wattn",
        "attn.detach() @ Wattn",
        "The values are right, but `attn` is detached: no gradient gets back to attention, so the "
        "model could not learn where to look.",
        GRAPH,
    ),
    Mistake(
        "attention-step-state-detached",
        "attention_lstm_step_forward",
        "prev_h @ Wh",
        "prev_h.detach() @ Wh",
        "The values are right, but no gradient reaches `prev_h` through the gates: it is detached "
        "from the graph.",
        GRAPH,
    ),
    Mistake(
        "attention-step-states-detached",
        "attention_lstm_step_forward",
        "return next_h, next_c, cache",
        "return next_h.detach(), next_c.detach(), cache",
        "The values are right, but the new states come out detached from the graph: no gradient "
        "reaches any input.",
        GRAPH,
    ),
    Mistake(
        "attention-step-states-returned-in-wrong-order",
        "attention_lstm_step_forward",
        "return next_h, next_c, cache",
        "return next_c, next_h, cache",
        "`next_c` is returned first and `next_h` second. The order is `next_h`, `next_c`.",
        OUTPUTS,
    ),
    Mistake(
        "attention-step-state-returned-twice",
        "attention_lstm_step_forward",
        "return next_h, next_c, cache",
        "return next_h, next_h, cache",
        "`next_h` is returned in both places; the new cell state `next_c` does not come out.",
        OUTPUTS,
    ),
    Mistake(
        "attention-step-old-cell-returned",
        "attention_lstm_step_forward",
        "return next_h, next_c, cache",
        "return next_h, prev_c, cache",
        "The second output is `prev_c`, the old cell state. The new one should come out.",
        OUTPUTS,
    ),
    Mistake(
        "attention-step-dx-without-transpose",
        "attention_lstm_step_backward",
        "da @ Wx.T",
        "da @ Wx",
        "`dx` is computed with `Wx` as it is; its transpose is needed.",
        TRANSPOSES,
    ),
    Mistake(
        "attention-step-state-gradient-without-transpose",
        "attention_lstm_step_backward",
        "da @ Wh.T",
        "da @ Wh",
        "`dprev_h` is computed with `Wh` as it is, or `dattn` with `Wattn`; the transpose is "
        "needed in both.",
        TRANSPOSES,
    ),
    Mistake(
        "attention-step-dWx-without-transpose",
        "attention_lstm_step_backward",
        "x.T @ da",
        "x @ da",
        "`dWx` is computed with `x` as it is; its transpose is needed.",
        TRANSPOSES,
    ),
    Mistake(
        "attention-step-dWh-without-transpose",
        "attention_lstm_step_backward",
        "prev_h.T @ da",
        "prev_h @ da",
        "`dWh` is computed with `prev_h` as it is; its transpose is needed.",
        TRANSPOSES,
    ),
    Mistake(
        "attention-step-dWattn-without-transpose",
        "attention_lstm_step_backward",
        "attn.T @ da",
        "attn @ da",
        "`dWattn` is computed with `attn` as it is; its transpose is needed.",
        TRANSPOSES,
    ),
    Mistake(
        "attention-step-dWattn-transposed",
        "attention_lstm_step_backward",
        "attn.T @ da",
        "da.T @ attn",
        "`dWattn` comes out transposed, (4H,H). A gradient has the shape of what it is the "
        "gradient of: (H,4H).",
        TRANSPOSES,
    ),
    Mistake(
        "attention-step-dx-through-Wh",
        "attention_lstm_step_backward",
        "da @ Wx.T",
        "da @ Wh.T",
        "`dx` is computed with `Wh`, the weights of the state. The input came through `Wx`.",
        "Each input gets its gradient through the weights it was multiplied with.",
    ),
    Mistake(
        "attention-step-dprev_h-through-Wattn",
        "attention_lstm_step_backward",
        "da @ Wh.T",
        "da @ Wattn.T",
        "`dprev_h` is computed with `Wattn`, the weights of attention: it equals `dattn`. The "
        "state came through `Wh`.",
        "Each input gets its gradient through the weights it was multiplied with.",
    ),
    Mistake(
        "attention-step-dattn-through-Wh",
        "attention_lstm_step_backward",
        "da @ Wattn.T",
        "da @ Wh.T",
        "`dattn` is computed with `Wh`, the weights of the state: it equals `dprev_h`. What "
        "attention saw came through `Wattn`.",
        "Each input gets its gradient through the weights it was multiplied with.",
    ),
    Mistake(
        "attention-step-dprev_h-with-dattn-added",
        "attention_lstm_step_backward",
        "da @ Wh.T",
        "da @ Wh.T + da @ Wattn.T",
        "`dattn` is added to `dprev_h`. The path of the state through attention is not asked for "
        "here: the step knows only its own inputs.",
        "Which inputs does the step have? Each gets its own gradient, as if the others were "
        "independent.",
    ),
    Mistake(
        "attention-step-dattn-zero",
        "attention_lstm_step_backward",
        "da @ Wattn.T",
        "torch.zeros_like(attn)",
        "`dattn` is zero: nothing gets back to attention.",
        "`attn` stands to `Wattn` as `x` to `Wx`.",
    ),
    Mistake(
        "attention-step-dWx-from-the-state",
        "attention_lstm_step_backward",
        "x.T @ da",
        "prev_h.T @ da",
        "`dWx` is computed with `prev_h`. What was multiplied with `Wx` is `x`.",
        "A weight gets its gradient from what it was multiplied with.",
    ),
    Mistake(
        "attention-step-dWattn-from-the-state",
        "attention_lstm_step_backward",
        "attn.T @ da",
        "prev_h.T @ da",
        "`dWattn` is computed with `prev_h`: it equals `dWh`. What was multiplied with `Wattn` is "
        "`attn`.",
        "A weight gets its gradient from what it was multiplied with.",
    ),
    Mistake(
        "attention-step-dWh-from-attn",
        "attention_lstm_step_backward",
        "prev_h.T @ da",
        "attn.T @ da",
        "`dWh` is computed with `attn`: it equals `dWattn`. What was multiplied with `Wh` is "
        "`prev_h`.",
        "A weight gets its gradient from what it was multiplied with.",
    ),
    Mistake(
        "attention-step-dWh-from-the-new-state",
        "attention_lstm_step_backward",
        "prev_h.T @ da",
        "(cell_cache[3] * torch.tanh(cell_cache[5])).T @ da",
        "`dWh` is computed with the new state `next_h`. What was multiplied with `Wh` is the state "
        "before the step.",
        "Which state is it that the forward step multiplies with `Wh`? Look what your cache holds "
        "under that name.",
    ),
    Mistake(
        "attention-step-db-not-summed",
        "attention_lstm_step_backward",
        "da.sum(dim=0)",
        "da",
        "`db` still has a row for every example, (N,4H). `b` was added to each of them: sum over "
        "the batch.",
        "A gradient has the shape of what it is the gradient of; a value used N times collects N "
        "gradients.",
    ),
    Mistake(
        "attention-step-db-averaged",
        "attention_lstm_step_backward",
        "da.sum(dim=0)",
        "da.mean(dim=0)",
        "`db` is averaged over the batch, so it is N times too small. The gradients of the rows "
        "add up.",
        "A value used N times collects N gradients. If the loss is a mean, the upstream gradient "
        "has that already.",
    ),
    Mistake(
        "attention-step-db-summed-over-columns",
        "attention_lstm_step_backward",
        "da.sum(dim=0)",
        "da.sum(dim=1)",
        "`db` is summed over the 4H columns, which leaves one number a row. Sum over the batch, "
        "axis 0.",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "attention-step-weights-averaged-over-the-batch",
        "attention_lstm_step_backward",
        "    dWx = x.T @ da\n"
        "    dWh = prev_h.T @ da\n"
        "    dWattn = attn.T @ da\n"
        "    db = da.sum(dim=0)",
        "    dWx = x.T @ da / len(da)\n"
        "    dWh = prev_h.T @ da / len(da)\n"
        "    dWattn = attn.T @ da / len(da)\n"
        "    db = da.mean(dim=0)",
        "The gradients of the weights and of `b` are averaged over the batch, so they are N times "
        "too small. The gradients of the rows add up.",
        "If the loss is a mean over the batch, the upstream gradient has that already.",
    ),
    Mistake(
        "attention-step-dprev_h-and-dprev_c-exchanged",
        "attention_lstm_step_backward",
        "return dx, dprev_h, dprev_c,",
        "return dx, dprev_c, dprev_h,",
        "`dprev_c` is returned before `dprev_h`. The order is that of the inputs: `dx`, `dprev_h`, "
        "`dprev_c`, `dattn`, then the weights.",
        OUTPUTS,
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
        "attention-step-upstream-gradients-exchanged",
        "attention_lstm_step_backward",
        "(dnext_h, dnext_c, cell_cache)",
        "(dnext_c, dnext_h, cell_cache)",
        "The upstream gradients have changed places: `dnext_c` is used for `dnext_h` and the other "
        "way round.",
        "Compare the order of the arguments with the signature.",
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
        "The values are right, but the first states are detached: no gradient reaches `A` through "
        "`h0` and `c0`.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-return-inside-the-loop",
        "attention_lstm_forward",
        "\n    return torch.stack(h, dim=1), torch.stack(weights, dim=1), (A, steps)",
        "\n        return torch.stack(h, dim=1), torch.stack(weights, dim=1), (A, steps)",
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
        "The model looks with the first state at every step, so the weights never change. It "
        "should look anew before each step, with the state it then has.",
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
        "The values are right, but attention looks at a detached grid: `A` gets a gradient through "
        "the first states only.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-question-detached",
        "attention_lstm_forward",
        "dot_product_attention(prev_h, A)",
        "dot_product_attention(prev_h.detach(), A)",
        "The values are right, but the state that asks is detached: no gradient travels back in "
        "time through attention.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-attn-detached",
        "attention_lstm_forward",
        "prev_c, attn, Wx",
        "prev_c, attn.detach(), Wx",
        "The values are right, but `attn` is detached before the step: the model could not learn "
        "where to look.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-cell-not-carried",
        "attention_lstm_forward",
        "prev_h, prev_c = next_h, next_c",
        "prev_h = next_h",
        "The cell state is not carried: every step starts from `c0`. `h` is right at the first "
        "step only.",
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
        "The values are right, but the cell is detached between the steps: gradients do not travel "
        "back through it.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-states-detached-between-steps",
        "attention_lstm_forward",
        "prev_h, prev_c = next_h, next_c",
        "prev_h, prev_c = next_h.detach(), next_c.detach()",
        "The values are right, but both states are detached between the steps: gradients stop "
        "after one step.",
        GRAPH,
    ),
    Mistake(
        "attention-lstm-states-exchanged-in-the-result",
        "attention_lstm_forward",
        "next_h, next_c, step_cache =",
        "next_c, next_h, step_cache =",
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
        "The weights come out as zeros: a tensor was made for them, but never filled.",
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
        "attention-lstm-backward-question-forgotten",
        "attention_lstm_backward",
        "dprev_h_step + dprev_h_attention",
        "dprev_h_step",
        "`dprev_h` lacks the path through attention: the state before a step also asked the "
        "question, and gets a gradient for that.",
        "On which two ways is the state before step t used in the forward loop?",
    ),
    Mistake(
        "attention-lstm-backward-step-forgotten",
        "attention_lstm_backward",
        "dprev_h_step + dprev_h_attention",
        "dprev_h_attention",
        "`dprev_h` lacks the path through the step: only the gradient that comes through attention "
        "travels back.",
        "On which two ways is the state before step t used in the forward loop?",
    ),
    Mistake(
        "attention-lstm-backward-dattn-mixed-up",
        "attention_lstm_backward",
        "dot_product_attention_backward(dattn, prev_h",
        "dot_product_attention_backward(dprev_h_step, prev_h",
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
        "(dattn, prev_h, A, weights)",
        "(dattn, step_cache[6][3] * torch.tanh(step_cache[6][5]), A, weights)",
        "Attention is differentiated with the state after the step. It was the state before the "
        "step that asked.",
        "Which state did the forward loop hand to attention at step t? Look what your cache holds.",
    ),
    Mistake(
        "attention-lstm-backward-weights-of-one-look",
        "attention_lstm_backward",
        "(dattn, prev_h, A, weights)",
        "(dattn, prev_h, A, steps[-1][1])",
        "Attention is differentiated with the weights of the last step, at every step. Each look "
        "has its own.",
        "What is stored for each step, and what was left over from the forward loop?",
    ),
    Mistake(
        "attention-lstm-backward-state-not-carried",
        "attention_lstm_backward",
        "dh[:, t] + dprev_h, dprev_c,",
        "dh[:, t], dprev_c,",
        "The gradient of the state does not travel back: `dprev_h` of the later step is never "
        "added to the upstream gradient of its own output.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-cell-not-carried",
        "attention_lstm_backward",
        "dh[:, t] + dprev_h, dprev_c,",
        "dh[:, t] + dprev_h, torch.zeros_like(dprev_c),",
        "The gradient of the cell does not travel back: every step gets zeros for `dnext_c`, not "
        "`dprev_c` of the later step.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-nothing-carried",
        "attention_lstm_backward",
        "dh[:, t] + dprev_h, dprev_c,",
        "dh[:, t], torch.zeros_like(dprev_c),",
        "Nothing travels back: every step gets the upstream gradient of its own output only. "
        "Neither `dprev_h` nor `dprev_c` of the later step enters.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-only-last-upstream",
        "attention_lstm_backward",
        "dh[:, t] + dprev_h, dprev_c,",
        "dprev_h if t < dh.shape[1] - 1 else dh[:, t], dprev_c,",
        "Only the upstream gradient of the last step is used. Every step has an output of its own, "
        "whose gradient is added when its turn comes.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-upstream-into-the-cell",
        "attention_lstm_backward",
        "dh[:, t] + dprev_h, dprev_c,",
        "dh[:, t] + dprev_h, dh[:, t] + dprev_c,",
        "The upstream gradient is added to the cell's gradient too. `dh` belongs to the state; the "
        "step sends it on to the cell itself.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-upstream-overwritten",
        "attention_lstm_backward",
        "step_gradients = attention_lstm_step_backward(dh[:, t] + dprev_h,",
        "dh[:, t] += dprev_h\n        step_gradients = attention_lstm_step_backward(dh[:, t],",
        "The caller's `dh` is changed: the gradient that travels back is added into it in place.",
        "`+=` on a slice writes into the tensor it was cut from. Keep a clone of `dh` and compare "
        "after the call.",
    ),
    Mistake(
        "attention-lstm-backward-question-at-the-start-alone",
        "attention_lstm_backward",
        "dprev_h = dprev_h_step + dprev_h_attention",
        "dprev_h = dprev_h_step if t else dprev_h_step + dprev_h_attention",
        "What attention sends back to the state that asked is added at the first step alone. Every "
        "state asks before its step, and gets a gradient from that.",
        "Write the loop for T = 2 out by hand: which states ask, and who gets what back?",
    ),
    Mistake(
        "attention-lstm-backward-state-gradient-accumulates",
        "attention_lstm_backward",
        "dprev_h = dprev_h_step + dprev_h_attention",
        "dprev_h = dprev_h + dprev_h_step + dprev_h_attention",
        "`dprev_h` is added up over the steps, as for a weight. What one step sends back holds all "
        "that comes from later ones: it replaces the one before.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-cell-gradient-starts-from-dh",
        "attention_lstm_backward",
        "dprev_c = torch.zeros_like(dh[:, 0])",
        "dprev_c = dh[:, -1]",
        "The gradient of the cell starts from that of the last output. After the last step nothing "
        "uses the cell: it starts from zeros.",
        TWO_STEPS_BACK,
    ),
    Mistake(
        "attention-lstm-backward-cell-gradient-starts-nowhere",
        "attention_lstm_backward",
        "    dprev_c = torch.zeros_like(dh[:, 0])\n",
        "",
        "`dprev_c` is used at the last step before it has a value. After the last step nothing "
        "uses the cell: what is its gradient there?",
        "A loop that carries something needs it before its first round.",
    ),
    Mistake(
        "attention-lstm-backward-states-exchanged",
        "attention_lstm_backward",
        "dx_t, dprev_h_step, dprev_c, dattn,",
        "dx_t, dprev_c, dprev_h_step, dattn,",
        "`dprev_h` and `dprev_c` are taken from the step in the wrong order, so each travels back "
        "in the other's place.",
        "Compare with the order in which the step returns its gradients.",
    ),
    Mistake(
        "attention-lstm-backward-attn-and-state-exchanged",
        "attention_lstm_backward",
        "dx_t, dprev_h_step, dprev_c, dattn,",
        "dx_t, dattn, dprev_c, dprev_h_step,",
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
        "    dA = dA + (dprev_h + dprev_c)[:, :, None, None] / (A.shape[2] * A.shape[3])\n",
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
        " / (A.shape[2] * A.shape[3])",
        "",
        "At the start, what reaches `h0` and `c0` goes to every position of `A` in full. In a mean "
        "each position has a share of one over their number.",
        MEAN_BACKWARD,
    ),
    Mistake(
        "attention-lstm-backward-start-divided-by-rows",
        "attention_lstm_backward",
        "(A.shape[2] * A.shape[3])",
        "A.shape[2]",
        "At the start, what reaches `h0` and `c0` is divided by the number of rows of the grid "
        "only. The mean runs over rows and columns.",
        MEAN_BACKWARD,
    ),
    Mistake(
        "attention-lstm-backward-start-divided-by-columns",
        "attention_lstm_backward",
        "(A.shape[2] * A.shape[3])",
        "A.shape[3]",
        "At the start, what reaches `h0` and `c0` is divided by the number of columns of the grid "
        "only. The mean runs over rows and columns.",
        MEAN_BACKWARD,
    ),
    Mistake(
        "attention-lstm-backward-start-divided-by-16",
        "attention_lstm_backward",
        "(A.shape[2] * A.shape[3])",
        "16",
        "At the start, what reaches `h0` and `c0` is divided by 16, whatever the grid. That is "
        "right for 16 positions only.",
        OTHER_GRIDS,
    ),
    Mistake(
        "attention-lstm-backward-everything-divided",
        "attention_lstm_backward",
        "dA + (dprev_h + dprev_c)[:, :, None, None] / (A.shape[2] * A.shape[3])",
        "(dA + (dprev_h + dprev_c)[:, :, None, None]) / (A.shape[2] * A.shape[3])",
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
        "dA = dA + (dprev_h + dprev_c)[:, :, None, None] / (A.shape[2] * A.shape[3])",
        "dA[:, :, 0, 0] += dprev_h + dprev_c",
        "At the start, what reaches `h0` and `c0` is given to the first position of `A` alone. The "
        "first states are the mean of all positions.",
        MEAN_BACKWARD,
    ),
    Mistake(
        "attention-lstm-backward-start-at-every-step",
        "attention_lstm_backward",
        "dA = dA + dA_t",
        "dA = dA + dA_t\n"
        "        if t > 0:\n"
        "            dA = dA + (dprev_h + dprev_c)[:, :, None, None] / (A.shape[2] * A.shape[3])",
        "The path through the first states is added to `dA` at every step. Only the states before "
        "step 0 are the mean of `A`.",
        BEGINNING,
    ),
    Mistake(
        "attention-lstm-backward-looks-forgotten",
        "attention_lstm_backward",
        "dA = dA + dA_t",
        "dA = torch.zeros_like(A)",
        "`dA` lacks what every look sends back: only the path through the first states is there.",
        USED_TWICE,
    ),
    Mistake(
        "attention-lstm-backward-dA-of-one-look",
        "attention_lstm_backward",
        "dA = dA + dA_t",
        "dA = dA_t",
        "`dA` holds the look of the first time step alone, the one that comes last here. Every "
        "look sends a gradient to `A`: they add up.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-dA-of-the-last-look",
        "attention_lstm_backward",
        "dA = dA + dA_t",
        "dA = dA_t if t == dh.shape[1] - 1 else dA",
        "`dA` holds the look of the last time step alone. Every look sends a gradient to `A`: they "
        "add up.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-dWx-of-one-step",
        "attention_lstm_backward",
        "dWx = dWx + dWx_t",
        "dWx = dWx_t",
        "`dWx` is that of the first time step alone, the one that comes last here. It is the sum "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-dWh-of-one-step",
        "attention_lstm_backward",
        "dWh = dWh + dWh_t",
        "dWh = dWh_t",
        "`dWh` is that of the first time step alone, the one that comes last here. It is the sum "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-dWattn-of-one-step",
        "attention_lstm_backward",
        "dWattn = dWattn + dWattn_t",
        "dWattn = dWattn_t",
        "`dWattn` is that of the first time step alone, the one that comes last here. It is the "
        "sum over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-db-of-one-step",
        "attention_lstm_backward",
        "db = db + db_t",
        "db = db_t",
        "`db` is that of the first time step alone, the one that comes last here. It is the sum "
        "over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-weights-of-one-step",
        "attention_lstm_backward",
        "dWx = dWx + dWx_t\n"
        "        dWh = dWh + dWh_t\n"
        "        dWattn = dWattn + dWattn_t\n"
        "        db = db + db_t",
        "dWx, dWh, dWattn, db = dWx_t, dWh_t, dWattn_t, db_t",
        "The gradients of all weights are those of the first time step alone, the one that comes "
        "last here. They are sums over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-weights-averaged-over-time",
        "attention_lstm_backward",
        "dA, dWx, dWh, dWattn, db\n",
        "dA, dWx / len(dx), dWh / len(dx), dWattn / len(dx), db / len(dx)\n",
        "The gradients of the weights are averaged over time, so they are T times too small. They "
        "are sums over all steps.",
        SAME_WEIGHTS,
    ),
    Mistake(
        "attention-lstm-backward-dA-averaged-over-time",
        "attention_lstm_backward",
        "dA, dWx, dWh, dWattn, db\n",
        "dA / len(dx), dWx, dWh, dWattn, db\n",
        "`dA` is averaged over time, so it is T times too small. The gradients of all looks add "
        "up.",
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
        "The loop stops before step 0: its gradients are missing, and `dx` has one step too few.",
        "What is the last value of your loop variable?",
    ),
    Mistake(
        "attention-lstm-backward-cache-of-the-step-before",
        "attention_lstm_backward",
        "steps[t]",
        "steps[t - 1]",
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
]
