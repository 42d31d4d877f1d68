"""Mistakes in the captioner: the way of the image, the training loss, greedy sampling."""

from checks.mistakes.catalogue import Mistake

IMAGE = "CaptioningRNN._project_image"
FORWARD = "CaptioningRNN.forward"
SAMPLE = "CaptioningRNN.sample"

# Pieces of the reference that several patches stand on.

MEAN = "features.mean(dim=(2, 3))"
GRID = "image = features if"
CHOSEN = f"{GRID} self.cell.attends else {MEAN}"
OUT = ".movedim(-1, 1)"
PROJECTION = f"self.image_projection(image.movedim(1, -1)){OUT}"
IMAGE_HERE = "self._project_image(features)"

FED = "self.word_embedding(captions[:, :-1])"
X = f"x = {FED}"
STATES = f"h, _ = self.cell(x, {IMAGE_HERE})"
SCORES = "scores = self.vocabulary_projection(h)"
STATES_TO_SCORES = f"{STATES}\n        {SCORES}"
LOSS = "return temporal_softmax_loss(scores, captions[:, 1:], self.ignore_index)"
WHOLE = f"{X}\n        {STATES_TO_SCORES}\n        {LOSS}"
WANTED = "scores, captions[:, 1:], self.ignore_index"
COUNTED = """targets = captions[:, 1:]
        counted = targets != (-1 if self.ignore_index is None else self.ignore_index)
        """

FIRST = "state = self.cell.start(image)"
START_WORD = "word = torch.full((len(features),), self.start, device=features.device)"
LOOP = "for _ in range(max_length):"
X_STEP = "x = self.word_embedding(word)"
STEP = "state, weights_t = self.cell.step(x, state, image)"
STEP_SCORES = "scores = self.vocabulary_projection(state[0])"
ENDED = "ended = ended | (word == self.end)"
WORD = f"word = scores.argmax(dim=1).masked_fill(ended, self.null)\n            {ENDED}"
STEP_TO_SCORES = f"{STEP}\n            {STEP_SCORES}"
KEPT = "captions.append(word)"
KEPT_WEIGHTS = "weights.append(weights_t)"
CAPTIONS = "torch.stack(captions, dim=1)"
WEIGHTS = "torch.stack(weights, dim=1)"
RETURN = f"return {CAPTIONS}, weights"

# The step of an attending cell, written out in `sample`.
LOOK = "attn, weights_t = dot_product_attention(state[0], image)"
LOOK_AND_STEP = f"""if self.cell.attends:
                {LOOK}
                parameters = self.cell.Wx, self.cell.Wh, self.cell.Wattn, self.cell.b
                state = attention_lstm_step_forward(x, *state, attn, *parameters)[:2]
            else:
                state, weights_t = self.cell.step(x, state, image=image)"""


def pooled(image: str) -> str:
    """In place of CHOSEN: a cell that does not attend gets this as its image, with no projection."""
    return f"if not self.cell.attends:\n            return {image}\n        image = features"


IMAGE_MISTAKES = [
    Mistake(
        "image-max-pooled",
        IMAGE,
        MEAN,
        "features.amax(dim=(2, 3))",
        "The features are pooled with their maximum over the grid; the image enters as their mean.",
        "Take features of which you know the mean by heart: a grid that holds 0 and 2, say.",
    ),
    Mistake(
        "image-sum-pooled",
        IMAGE,
        MEAN,
        "features.sum(dim=(2, 3))",
        "The features are summed over the grid, not averaged: the image comes in h * w times too "
        "large.",
        "With a grid of ones, what should the pooled features be, and what are they?",
    ),
    Mistake(
        "image-mean-for-a-square-grid",
        IMAGE,
        MEAN,
        "features.sum(dim=(2, 3)) / features.shape[2] ** 2",
        "The mean of the features is taken as if the grid were square: the sum over the grid is "
        "divided by h * h, where it has h * w positions.",
        "Try a grid of 2 x 6, all ones. How many positions does it have?",
    ),
    Mistake(
        "image-pooled-as-4x4",
        IMAGE,
        MEAN,
        "nn.functional.avg_pool2d(features, 4).flatten(1)",
        "The pooling is written for a grid of 4 x 4 and does not work on other grids.",
        "A mean over two axes needs no number of positions.",
    ),
    Mistake(
        "image-max-pooled-after-projection",
        IMAGE,
        CHOSEN,
        pooled("self.image_projection(features.movedim(1, 3)).amax(dim=(1, 2))"),
        "The projected features are pooled with their maximum over the grid; the image enters as "
        "their mean.",
        "Mean and projection may change places. May maximum and projection?",
    ),
    Mistake(
        "image-sum-pooled-after-projection",
        IMAGE,
        CHOSEN,
        pooled("self.image_projection(features.movedim(1, 3)).sum(dim=(1, 2))"),
        "The projected features are summed over the grid, not averaged: h * w times too large.",
        "With a grid of ones, should a larger grid give a larger state?",
    ),
    Mistake(
        "image-first-position-only",
        IMAGE,
        MEAN,
        "features[:, :, 0, 0]",
        "Only the features of the first position, the upper left corner, reach the model; the "
        "image enters as the mean over all positions.",
        "Change one feature far from the corner: does anything change in what comes out?",
    ),
    Mistake(
        "image-first-row-only",
        IMAGE,
        MEAN,
        "features.mean(dim=3)[:, :, 0]",
        "Only the first row of the grid is averaged; the image enters as the mean over rows and "
        "columns.",
        "Over how many axes of (N, C, h, w) do you average, and what happens to the others?",
    ),
    Mistake(
        "image-mean-over-one-axis",
        IMAGE,
        CHOSEN,
        pooled("self.image_projection(features.mean(dim=2))"),
        "The features are averaged over one axis of the grid only, so that a map (N, C, w) and not "
        "a vector an image (N, C) reaches the image projection.",
        "Print the shape of the pooled features, and compare with what a Linear layer wants.",
    ),
    Mistake(
        "image-mean-over-channels",
        IMAGE,
        MEAN,
        "features.mean(dim=1).flatten(1)",
        "The features are averaged over the channels, so that the positions are left; the mean "
        "over the positions is what the image projection takes.",
        "features are (N, C, h, w): which axes should be gone after pooling?",
    ),
    Mistake(
        "image-mean-over-the-batch",
        IMAGE,
        CHOSEN,
        pooled("self.image_projection(features.mean(dim=(0, 2, 3)))"),
        "The features are averaged over the batch as well: all images of a batch get the same "
        "state, and only broadcasting hides it.",
        "Which axes of (N, C, h, w) should a state (N, H) still have? Look at your h0 of "
        "two images.",
    ),
    Mistake(
        "image-reshaped-before-pooling",
        IMAGE,
        MEAN,
        "features.reshape(len(features), -1, features.shape[1]).mean(dim=1)",
        "The features are reshaped to (positions, channels) and not permuted before the mean: "
        "channels and positions are mixed up.",
        "reshape keeps the order in memory, whatever the axes mean. Try it on arange(6) as 2 x 3.",
    ),
    Mistake(
        "image-flattened-whole",
        IMAGE,
        MEAN,
        "features.flatten(1)",
        "The whole feature grid is flattened into one vector of C * h * w numbers; the image "
        "projection takes C, the mean over the grid.",
        "What is `in_features` of the image projection, and what is the last axis of its input?",
    ),
    Mistake(
        "image-not-pooled",
        IMAGE,
        CHOSEN,
        pooled("self.image_projection(features.movedim(1, 3))"),
        "The image projection is applied at every position and the grid is never averaged; rnn "
        "and lstm start from one vector an image, h0 (N, H).",
        "Print the shape of what you hand to the cell as h0.",
    ),
    Mistake(
        "image-grid-for-every-cell",
        IMAGE,
        MEAN,
        "features",
        "The cell gets the whole projected grid (N, H, h, w); one that does not attend takes one "
        "vector an image (N, H), from the mean of the features.",
        "Which cells want the grid, and which its mean? Print the shape that yours gets.",
    ),
    Mistake(
        "image-projected-along-the-width",
        IMAGE,
        f"{CHOSEN}\n        return {PROJECTION}",
        "return self.image_projection(features)",
        "The image projection is applied to the features as they lie, (N, C, h, w), and so along "
        "the width of the grid; it belongs on the channels.",
        "A Linear layer works on the last axis. Which axis is last here?",
    ),
    Mistake(
        "image-not-projected",
        IMAGE,
        f"return {PROJECTION}",
        "return image",
        "The features go to the cell as they are, with C channels; the image projection, which "
        "brings them to the hidden size H, is not applied.",
        "Which of the layers that `__init__` makes does your code not use?",
    ),
    Mistake(
        "image-projected-twice",
        IMAGE,
        f"return {PROJECTION}",
        f"image = {PROJECTION}\n        return {PROJECTION}",
        "The image projection is applied twice, the second time to what the first has already "
        "brought to the hidden size.",
        "Follow the last axis of the features through your code: C, then H, then?",
    ),
    Mistake(
        "forward-image-through-relu",
        FORWARD,
        IMAGE_HERE,
        f"{IMAGE_HERE}.relu()",
        "The projected image goes through a ReLU; the projection is linear, with nothing "
        "behind it.",
        "Can your state at the start, or a position of A, be negative? It should be able to.",
    ),
    Mistake(
        "sample-image-through-relu",
        SAMPLE,
        IMAGE_HERE,
        f"{IMAGE_HERE}.relu()",
        "The projected image goes through a ReLU; the projection is linear, with nothing "
        "behind it.",
        "Can your state at the start, or a position of A, be negative? It should be able to.",
    ),
    Mistake(
        "forward-image-through-tanh",
        FORWARD,
        IMAGE_HERE,
        f"{IMAGE_HERE}.tanh()",
        "The projected image goes through a tanh; the projection is linear, with nothing "
        "behind it.",
        "Can your state at the start, or a position of A, exceed 1? It should be able to.",
    ),
    Mistake(
        "sample-image-through-tanh",
        SAMPLE,
        IMAGE_HERE,
        f"{IMAGE_HERE}.tanh()",
        "The projected image goes through a tanh; the projection is linear, with nothing "
        "behind it.",
        "Can your state at the start, or a position of A, exceed 1? It should be able to.",
    ),
    Mistake(
        "image-projected-without-bias",
        IMAGE,
        PROJECTION,
        f"(image.movedim(1, -1) @ self.image_projection.weight.T){OUT}",
        "The image projection is used without its bias.",
        "What should come out of the projection for features that are all zero?",
    ),
    Mistake(
        "image-normalised",
        IMAGE,
        GRID,
        f"features = nn.functional.normalize(features, dim=1)\n        {GRID}",
        "The features are scaled to length 1 at each position; they should go in as they are.",
        "Double the features: should h0 stay the same? Does it with yours?",
    ),
    Mistake(
        "image-features-detached",
        IMAGE,
        GRID,
        f"features = features.detach()\n        {GRID}",
        "No gradient reaches the features: they are detached, or used through `.data`.",
        "Look for whatever takes the features out of the graph before they are projected.",
    ),
    Mistake(
        "image-projection-detached",
        IMAGE,
        PROJECTION,
        f"{PROJECTION}.detach()",
        "No gradient reaches the image projection: it runs under `no_grad`, or its output is"
        " detached, so that it would never be trained.",
        "The encoder is frozen, the projection is not. Where does your graph begin?",
    ),
    Mistake(
        "image-cast-to-float32",
        IMAGE,
        GRID,
        f"features = features.float()\n        {GRID}",
        "The features are cast to float32 whatever the dtype of the model, so that a float64 "
        "model cannot take them.",
        "Leave the dtype to whoever calls: which line of yours chooses one?",
    ),
    Mistake(
        "image-through-dropout",
        IMAGE,
        GRID,
        f"features = nn.functional.dropout(features, 0.5, self.training)\n        {GRID}",
        "Part of the features is dropped at random while the model is in train mode: two calls "
        "with the same input do not give the same result.",
        "Call it twice with the same arguments. The captioner has no dropout.",
    ),
    Mistake(
        "A-pooled-and-tiled",
        IMAGE,
        GRID,
        GRID.replace("features", "features.mean(dim=(2, 3), keepdim=True).expand_as(features)"),
        "A is the pooled image, the same at every position, so that attention has nothing to "
        "choose from; each position should keep its own projected features.",
        "Compare A at two positions of the same image.",
    ),
    Mistake(
        "A-pooled-to-one-vector",
        IMAGE,
        "features if self.cell.attends else ",
        "",
        "For attn the grid is pooled away: the cell gets one vector an image (N, H), where it "
        "needs the grid A (N, H, h, w).",
        "Which cell types take the mean of the features, and what does the third one take?",
    ),
    Mistake(
        "A-input-reshaped-not-permuted",
        IMAGE,
        "image.movedim(1, -1)",
        "image.reshape(len(image), *image.shape[2:], -1)",
        "The features are reshaped to channels last, not permuted, before the projection: A mixes "
        "channels of different positions.",
        "reshape keeps the order in memory, whatever the axes mean. Try it on arange(6) as 2 x 3.",
    ),
    Mistake(
        "A-output-reshaped-not-permuted",
        IMAGE,
        OUT,
        ".reshape(len(image), -1, *image.shape[2:])",
        "After the projection A is reshaped to (N, H, h, w), not permuted: hidden units and "
        "positions are mixed up.",
        "What comes out of the projection has H as its last axis. Does reshape move an axis?",
    ),
    Mistake(
        "A-grid-transposed",
        IMAGE,
        OUT,
        ".transpose(1, -1)",
        "The grid lies on its side: rows and columns of the image are exchanged in A, "
        "(N, H, w, h), or in the attention weights.",
        "Follow h and w through your permutations, there and back, on a grid of 2 x 6.",
    ),
    Mistake(
        "A-channels-last",
        IMAGE,
        OUT,
        "",
        "A is left with its hidden axis last, (N, h, w, H); the cell and attention take "
        "(N, H, h, w).",
        "The axes were moved for the projection. Were they moved back?",
    ),
    Mistake(
        "A-positions-flattened",
        IMAGE,
        OUT,
        f"{OUT}.flatten(2 if self.cell.attends else 1)",
        "A reaches the cell with its positions in one axis, (N, H, h * w); it should keep the "
        "grid, (N, H, h, w).",
        "Print the shape of A just before it goes to the cell.",
    ),
    Mistake(
        "A-assumed-4x4",
        IMAGE,
        OUT,
        f"{OUT}.reshape(len(image), self.image_projection.out_features, "
        "*image.shape[2:] and (4, 4))",
        "A is shaped as a grid of 4 x 4, and fails on any other grid.",
        "The features know how large their grid is.",
    ),
    Mistake(
        "A-assumed-square",
        IMAGE,
        OUT,
        f"{OUT}.reshape(len(image), self.image_projection.out_features, "
        "*image.shape[2:] and 2 * [math.isqrt(features[0, 0].numel())])",
        "A is shaped as a square grid, of the root of the number of positions; a grid may be any "
        "rectangle.",
        "Try a grid of 2 x 6: twelve positions, and no whole root.",
    ),
    Mistake(
        "image-squeezed",
        IMAGE,
        "return self.image_projection(image.movedim(1, -1)).movedim(-1, 1)",
        """image = image.squeeze()
        if image.ndim == 1:
            return self.image_projection(image)
        return self.image_projection(image.movedim(1, -1)).movedim(-1, 1)""",
        "The mean of the features loses every axis of size 1: with one image the batch axis"
        " is gone, and h0 is (H,) where it should be (1, H).",
        "Is there a `squeeze()` that does not say which axis?",
    ),
]

FORWARD_MISTAKES = [
    Mistake(
        "forward-feeds-the-last-word-too",
        FORWARD,
        f"{X}\n",
        f"{X.replace(':-1', ':')}\n        nn.functional.cross_entropy("
        "x.flatten(0, 1), captions[:, 1:].flatten())\n",
        "The whole caption is fed, T + 1 words, but only T are wanted: after the last word nothing "
        "is left to predict.",
        "Write a caption of three words down twice, what goes in and what should come out.",
    ),
    Mistake(
        "forward-feeds-the-words-wanted",
        FORWARD,
        FED,
        "self.word_embedding(captions[:, 1:])",
        "The model is fed the very words that it should predict; each step should get the word "
        "before.",
        "Write a caption of three words down twice, what goes in and what should come out. "
        "When does START go in?",
    ),
    Mistake(
        "forward-wants-the-words-fed",
        FORWARD,
        WANTED,
        WANTED.replace("1:", ":-1"),
        "The loss asks for the word that was just fed; it should ask for the next one.",
        "Which word should come out of the step that START goes into?",
    ),
    Mistake(
        "forward-fed-and-wanted-exchanged",
        FORWARD,
        f"{X}\n",
        f"{X.replace(':-1', '1:')}\n        captions = captions.roll(1, dims=1)\n",
        "What is fed and what is wanted are exchanged: each step gets a word and should predict "
        "the one before it.",
        "Training goes the way that sampling goes: from START on.",
    ),
    Mistake(
        "forward-scores-of-the-first-step-dropped",
        FORWARD,
        STATES_TO_SCORES,
        STATES_TO_SCORES.replace("(x", "(self.word_embedding(captions)") + "[:, 1:]",
        "The whole caption is fed and the scores of the first step are dropped, so that each word "
        "is predicted from the step that it was itself fed to; it is the last step that is too "
        "many.",
        "Which word should come out of the step that START goes into?",
    ),
    Mistake(
        "forward-two-words-ahead",
        FORWARD,
        f"{X}\n",
        f"{X.replace(':-1', ':-2')}\n        captions = captions[:, 1:]\n",
        "Each step should predict the next word; here it is asked for the one after the next.",
        "Which word should come out of the step that START goes into?",
    ),
    Mistake(
        "forward-without-START",
        FORWARD,
        f"{X}\n",
        f"captions = captions[:, 1:]\n        {X}\n",
        "START is never fed, so that the first word of a caption is never predicted: both the "
        "words fed and the words wanted begin one too late.",
        "How many terms has the loss of a caption of T + 1 tokens? Which is the first word wanted?",
    ),
    Mistake(
        "forward-last-word-left-out",
        FORWARD,
        f"{X}\n",
        f"captions = captions[:, :-1]\n        {X}\n",
        "The last word of every caption is neither fed nor wanted: one step is missing at the "
        "end, and with it the END of the longest captions.",
        "How many terms has the loss of a caption of T + 1 tokens?",
    ),
    Mistake(
        "forward-feeds-its-own-words",
        FORWARD,
        f"{X}\n",
        "T = captions.shape[1] - 1\n"
        "        words, _ = self.sample(features, T)\n"
        "        words = torch.cat([captions[:, :1], words[:, :-1]], dim=1)\n"
        "        x = self.word_embedding(words)\n",
        "The model is fed the words that it has chosen itself; in training it is fed the true "
        "words (teacher forcing).",
        "Nothing is sampled for the training loss: all words that go in are known beforehand.",
    ),
    Mistake(
        "forward-NULL-vector-zeroed",
        FORWARD,
        FED,
        f"{FED} * (captions[:, :-1] != self.null).unsqueeze(2)",
        "The word vector of NULL is replaced by zeros when NULL is fed; it is a word like the "
        "others, only the loss may leave it out.",
        "Padding is dealt with in one place, the loss, by `ignore_index`.",
    ),
    Mistake(
        "forward-END-overwritten-in-captions",
        FORWARD,
        f"{X}\n",
        "fed = captions[:, :-1]\n        fed[fed == self.end] = self.null\n"
        "        x = self.word_embedding(fed)\n",
        "END is overwritten with NULL in the captions themselves: a slice is a view, so that the "
        "caller's captions change, and with them the words wanted.",
        "Compare `captions` before and after the call. END may be fed: what follows it is NULL "
        "and does not count.",
    ),
    Mistake(
        "forward-embeddings-detached",
        FORWARD,
        FED,
        f"{FED}.detach()",
        "No gradient reaches the word vectors: they are detached or looked up under"
        " `no_grad`, and would never be trained.",
        "Which parameters have no `.grad` after `loss.backward()`?",
    ),
    Mistake(
        "forward-features-to-the-cell",
        FORWARD,
        IMAGE_HERE,
        "features",
        "The features go to the cell as they are, with C channels; the image projection, which "
        "brings them to the hidden size H, is not applied.",
        "Which of the layers that `__init__` makes does your code not use?",
    ),
    Mistake(
        "forward-state-for-the-image",
        FORWARD,
        IMAGE_HERE,
        f"self.cell.start({IMAGE_HERE})",
        "The cell gets a state, a tuple, where it takes the image: it makes its first state of "
        "the image by itself.",
        "What does the `forward` of a cell take beside the word vectors?",
    ),
    Mistake(
        "forward-attention-weights-not-unpacked",
        FORWARD,
        STATES,
        STATES.replace("h, _", "h"),
        "The cell returns the states and something beside them, and the pair goes on as if it "
        "were the states alone.",
        "What does the cell's `forward` return, and which of it are the states?",
    ),
    Mistake(
        "forward-attention-weights-for-states",
        FORWARD,
        STATES,
        f"{STATES.replace('_', 'w', 1)}\n        h = h if w is None else w",
        "The attention weights go on to the vocabulary projection in place of the states: the two "
        "results of the cell are exchanged.",
        "What does the cell's `forward` return, and in which order?",
    ),
    Mistake(
        "forward-None-for-states",
        FORWARD,
        STATES,
        f"{STATES.replace('_', 'w', 1)}\n        h = None if w is None else h",
        "None goes into the vocabulary projection, where the states of the cell belong.",
        "Print what your cell returns, and what you take of it for the states.",
    ),
    Mistake(
        "forward-branch-missing",
        FORWARD,
        STATES,
        f'if self.cell_type == "rnn":\n            {STATES}',
        "There is no branch for this cell type: only the rnn gets its states.",
        "Go through your `if`s with each cell type in turn.",
    ),
    Mistake(
        "forward-scores-from-word-vectors",
        FORWARD,
        SCORES,
        "scores = self.vocabulary_projection(x)",
        "The scores are computed from the word vectors that went in, not from the states of the "
        "cell.",
        "What comes out of the cell, and where is it used?",
    ),
    Mistake(
        "forward-scores-from-the-last-state",
        FORWARD,
        SCORES,
        "scores = self.vocabulary_projection(h[:, -1:].expand_as(h))",
        "All words are predicted from the last state, which has seen the whole caption; each word "
        "has the state of its own step.",
        "A word should not know what comes after it. Whose state do you use at t = 0?",
    ),
    Mistake(
        "forward-scores-from-the-state-before",
        FORWARD,
        SCORES,
        f"h0 = self.cell.start({IMAGE_HERE})[0]\n"
        "        h = torch.cat([h0[:, None], h[:, :-1]], dim=1)\n"
        f"        {SCORES}",
        "The scores are one step late: each comes from the state before the step, h0 the first, "
        "which has not yet seen the word just fed.",
        "Does the last word fed make any difference to your loss?",
    ),
    Mistake(
        "forward-scores-batch-and-time-mixed",
        FORWARD,
        SCORES,
        "scores = self.vocabulary_projection(h.transpose(0, 1).reshape(h.shape))",
        "Batch and time are mixed up: states in the order (T, N) are reshaped to (N, T), which "
        "gives one caption the states of another.",
        "reshape does not exchange axes. Is it right for one caption, and wrong for two?",
    ),
    Mistake(
        "forward-scores-without-bias",
        FORWARD,
        SCORES,
        "scores = h @ self.vocabulary_projection.weight.T",
        "The vocabulary projection is used without its bias.",
        "Which parameters have no `.grad` after `loss.backward()`?",
    ),
    Mistake(
        "forward-scores-through-softmax",
        FORWARD,
        SCORES,
        f"{SCORES}.softmax(dim=2)",
        "The scores go through a softmax before the loss, which takes the softmax itself.",
        "The loss wants scores of any size. What range do yours have?",
    ),
    Mistake(
        "forward-scores-through-relu",
        FORWARD,
        SCORES,
        f"{SCORES}.relu()",
        "The scores go through a ReLU; they are linear in the state.",
        "Can one of your scores be negative?",
    ),
    Mistake(
        "forward-scores-through-tanh",
        FORWARD,
        SCORES,
        f"{SCORES}.tanh()",
        "The scores go through a tanh; they are linear in the state.",
        "Can one of your scores exceed 1?",
    ),
    Mistake(
        "forward-states-detached",
        FORWARD,
        SCORES,
        SCORES.replace("(h)", "(h.detach())"),
        "The gradient of the loss stops at the vocabulary projection: the states are"
        " detached, and neither cell nor words nor image would be trained.",
        "Which parameters have no `.grad` after `loss.backward()`?",
    ),
    Mistake(
        "forward-ignore-index-not-passed",
        FORWARD,
        WANTED,
        "scores, captions[:, 1:]",
        "`ignore_index` is not handed to the loss, so that every NULL of the padding counts.",
        "Add a column of NULL to the captions: the loss should not change.",
    ),
    Mistake(
        "forward-captions-not-shifted",
        FORWARD,
        WHOLE,
        WHOLE.replace("captions[:, :-1]", "captions").replace("captions[:, 1:]", "captions"),
        "The same captions go in and are wanted: the model is asked for the word that it has just been "
        "given. It should be asked for the next.",
        "After START and two words have gone in, which word should come out?",
    ),
    Mistake(
        "forward-ignores-NULL-always",
        FORWARD,
        "self.ignore_index",
        "self.null",
        "NULL is left out of the loss whatever `ignore_index` says; None should leave out nothing.",
        "Who decides which targets count: the vocabulary, or whoever makes the model?",
    ),
    Mistake(
        "forward-ignores-0-always",
        FORWARD,
        "self.ignore_index",
        "0",
        "Word 0 is left out of the loss whatever `ignore_index` says; NULL need not be word 0.",
        "Is there a 0 where the model's own setting belongs?",
    ),
    Mistake(
        "forward-ignore-index-0-taken-for-none",
        FORWARD,
        "self.ignore_index",
        "self.ignore_index or None",
        "An `ignore_index` of 0 is taken for none at all, so that NULL counts in the loss: 0 is "
        "false in Python.",
        "How do you find out whether `ignore_index` was given? Does that work for 0?",
    ),
    Mistake(
        "forward-mask-from-the-words-fed",
        FORWARD,
        LOSS,
        f"{COUNTED.replace('= targets !', '= captions[:, :-1] !')}"
        "loss = temporal_softmax_loss(scores[counted][None], targets[counted][None])\n"
        "        return loss / len(captions)",
        "Which steps count is decided by the words fed; it is the words wanted that must not be "
        "NULL. The step after END counts here, and should not.",
        "Which step is the last that counts in START, a, END, NULL, NULL?",
    ),
    Mistake(
        "forward-END-does-not-count",
        FORWARD,
        LOSS,
        f"{COUNTED}counted &= targets != self.end\n"
        "        loss = temporal_softmax_loss(scores[counted][None], targets[counted][None])\n"
        "        return loss / len(captions)",
        "END is left out of the loss like padding: the model would never learn to stop.",
        "Which tokens are padding, and which does the model have to say?",
    ),
    Mistake(
        "forward-loss-averaged-over-words",
        FORWARD,
        LOSS,
        f"{COUNTED}{LOSS} * len(captions) / counted.sum()",
        "The loss is averaged over all words that count; it is summed over the words of a caption "
        "and averaged over the batch only.",
        "By how many do you divide? With captions twice as long the loss should be about double.",
    ),
    Mistake(
        "forward-loss-averaged-over-each-caption",
        FORWARD,
        LOSS,
        f"{COUNTED}losses = [\n"
        "            temporal_softmax_loss(s[None], t[None], self.ignore_index) / k.sum()\n"
        "            for s, t, k in zip(scores, targets, counted)\n"
        "        ]\n"
        "        return sum(losses) / len(captions)",
        "The loss of every caption is divided by the number of its words; it is summed over the "
        "words, and only the mean over the batch is taken.",
        "By how many do you divide? With captions twice as long the loss should be about double.",
    ),
    Mistake(
        "forward-loss-divided-by-T",
        FORWARD,
        LOSS,
        f"{LOSS} / x.shape[1]",
        "The loss is divided by the number of steps T; it is a sum over time, averaged over the "
        "batch only.",
        "By how many do you divide, and is all of that in `temporal_softmax_loss` already?",
    ),
    Mistake(
        "forward-loss-divided-by-N-again",
        FORWARD,
        LOSS,
        f"{LOSS} / len(captions)",
        "The loss is divided by N a second time: the mean over the batch is in "
        "`temporal_softmax_loss` already.",
        "Give the same caption and image twice: the loss should stay what it is.",
    ),
    Mistake(
        "forward-loss-summed-over-the-batch",
        FORWARD,
        LOSS,
        f"{LOSS} * len(captions)",
        "The loss is summed over the batch, not averaged.",
        "Give the same caption and image twice: the loss should stay what it is.",
    ),
    Mistake(
        "forward-loss-as-a-number",
        FORWARD,
        LOSS,
        f"{LOSS}.item()",
        "The loss comes back as a plain number, so that `loss.backward()` is impossible; return "
        "the 0-dim tensor.",
        "Where does the tensor become a float?",
    ),
    Mistake(
        "forward-under-no-grad",
        FORWARD,
        "def forward(self, features, captions):",
        "@torch.no_grad()\n    def forward(self, features, captions):",
        "The loss has no gradient graph at all: it is computed under `no_grad`, or detached.",
        "Only sampling does without gradients.",
    ),
]

SAMPLE_MISTAKES = [
    Mistake(
        "sample-c0-is-h0",
        "LSTM.start",
        "torch.zeros_like(image)",
        "image",
        "For the lstm the cell state starts as the projected image, like h0; it starts as zeros.",
        "How does `lstm_forward` begin, with which sampling must agree?",
    ),
    Mistake(
        "sample-c0-shaped-like-the-features",
        SAMPLE,
        FIRST,
        f'{FIRST}\n        if self.cell_type == "lstm":\n'
        "            state = image, torch.zeros_like(features)",
        "The cell state starts with the shape of the features (N, C, h, w); it has that of h0.",
        "Print the shapes of both states before the first step.",
    ),
    Mistake(
        "sample-h0-zeros",
        SAMPLE,
        FIRST,
        FIRST.replace("image", "image if self.cell.attends else 0 * image"),
        "Sampling starts from a state of zeros: the image never enters, and every image gets the "
        "same caption.",
        "Where, in `sample`, is the projected image used?",
    ),
    Mistake(
        "sample-attn-c0-zeros",
        "AttentionLSTM.start",
        "return mean, mean",
        "return mean, torch.zeros_like(mean)",
        "For attn the cell state starts as zeros; like h0 it starts as the mean of A over "
        "the grid.",
        "How does `attention_lstm_forward` begin, with which sampling must agree?",
    ),
    Mistake(
        "sample-attn-h0-zeros",
        "AttentionLSTM.start",
        "return mean, mean",
        "return torch.zeros_like(mean), mean",
        "For attn the state h starts as zeros; like c0 it starts as the mean of A over the grid.",
        "How does `attention_lstm_forward` begin? Are the weights of your first word all alike?",
    ),
    Mistake(
        "sample-attn-states-zeros",
        "AttentionLSTM.start",
        "return mean, mean",
        "return 2 * [torch.zeros_like(mean)]",
        "For attn both states start as zeros; h0 and c0 are the mean of A over the grid.",
        "How does `attention_lstm_forward` begin? Are the weights of your first word all alike?",
    ),
    Mistake(
        "sample-attn-states-max-pooled",
        "AttentionLSTM.start",
        "image.mean(",
        "image.amax(",
        "For attn the states start as the maximum of A over the grid; they start as its mean.",
        "How does `attention_lstm_forward` begin, with which sampling must agree?",
    ),
    Mistake(
        "sample-attn-states-summed",
        "AttentionLSTM.start",
        "image.mean(",
        "image.sum(",
        "For attn the states start as the sum of A over the grid; they start as its mean.",
        "How does `attention_lstm_forward` begin, with which sampling must agree?",
    ),
    Mistake(
        "sample-starts-from-the-features",
        SAMPLE,
        FIRST,
        FIRST.replace("image", "features"),
        "The first state is made of the features as they are, with C channels; it is made of the "
        "projected image.",
        "Follow the image through `forward`: what reaches the cell there?",
    ),
    Mistake(
        "sample-looks-at-the-features",
        SAMPLE,
        STEP,
        STEP.replace("image", "features"),
        "The steps look at the features as they are, with C channels; they look at the projected "
        "image.",
        "Follow the image through `forward`: what reaches the cell there?",
    ),
    Mistake(
        "sample-starts-with-NULL",
        SAMPLE,
        "self.start",
        "self.null",
        "The first word fed is NULL; it should be START.",
        "What does your first word tensor hold? `torch.zeros` is not START.",
    ),
    Mistake(
        "sample-starts-with-END",
        SAMPLE,
        "self.start",
        "self.end",
        "The first word fed is END; it should be START.",
        "What does your first word tensor hold?",
    ),
    Mistake(
        "sample-starts-with-word-1",
        SAMPLE,
        "self.start",
        "1",
        "The first word fed is word 1, which is START in the kit's vocabulary but need not be; the "
        "model knows its own START.",
        "Try a vocabulary in which the special tokens come last.",
    ),
    Mistake(
        "sample-START-for-the-first-row-only",
        SAMPLE,
        START_WORD,
        f"{START_WORD.replace('start', 'null')}\n        word[:1] = self.start",
        "Only the first image of the batch starts with START, the others with NULL: a row was "
        "written where a column was meant.",
        "Print the words that go into the first step.",
    ),
    Mistake(
        "sample-START-not-an-integer",
        SAMPLE,
        START_WORD,
        f"{START_WORD}.float()",
        "The first words fed are floating-point numbers, and cannot look up a word vector.",
        "Which dtype do `torch.zeros` and `torch.ones` give if you say nothing?",
    ),
    Mistake(
        "sample-starts-with-a-vector-of-zeros",
        SAMPLE,
        X_STEP,
        f"{X_STEP} if captions else torch.zeros_like(self.word_embedding(word))",
        "The first step gets a vector of zeros in place of the word vector of START.",
        "In training, what goes into the first step?",
    ),
    Mistake(
        "sample-START-never-fed",
        SAMPLE,
        f"{X_STEP}\n            {STEP_TO_SCORES}\n            {WORD}",
        f"{STEP_SCORES}\n            {WORD}\n            {X_STEP}\n            {STEP}",
        "Each word is chosen before its step, the first one straight from h0, so that START is "
        "never fed; the step on START comes first.",
        "In training, which word is fed before the first word is predicted?",
    ),
    Mistake(
        "sample-START-in-column-0",
        SAMPLE,
        CAPTIONS,
        "torch.stack([torch.full_like(word, self.start), *captions[:-1]], dim=1)",
        "Column 0 of the captions holds START, which shifts all words by one and loses the last; "
        "it should hold the first word sampled.",
        "START goes in, it does not come out. What is your column 0?",
    ),
    Mistake(
        "sample-START-in-front",
        SAMPLE,
        CAPTIONS,
        "torch.stack([torch.full_like(word, self.start), *captions], dim=1)",
        "START stands in front of the words sampled, and makes one column too many.",
        "START goes in, it does not come out. What is your column 0?",
    ),
    Mistake(
        "sample-word-not-fed-back",
        SAMPLE,
        X_STEP,
        "x = self.word_embedding(torch.full_like(word, self.start))",
        "START is fed at every step; from the second step on it should be the word just chosen.",
        "Which word goes in at t = 1, and where do you set it?",
    ),
    Mistake(
        "sample-word-fed-back-late",
        SAMPLE,
        X_STEP,
        "fed = captions[-2] if len(captions) > 1 else torch.full_like(word, self.start)\n"
        "            x = self.word_embedding(fed)",
        "Words are fed back one step late: START goes in twice, and then each time the word "
        "before the last.",
        "Print the words that go into each step beside those that come out.",
    ),
    Mistake(
        "sample-states-not-carried",
        SAMPLE,
        LOOP,
        f"first = state\n        {LOOP}\n            state = first",
        "Every step starts from the first state again: the new state is not carried to the next "
        "step. (The cell's whole forward, called for one word from the image, does "
        "that too.)",
        "Which state goes into the step at t = 1? Where do you make the first one: before the "
        "loop, or in it?",
    ),
    Mistake(
        "sample-state-never-replaced",
        SAMPLE,
        STEP,
        STEP.replace("state", "_", 1),
        "The state that a step returns is dropped: words are chosen from the first state at every "
        "step, and the same state goes into the next one.",
        "What do you do with the two things that a step returns?",
    ),
    Mistake(
        "sample-h-not-carried",
        SAMPLE,
        LOOP,
        f"first = state\n        {LOOP}\n"
        "            state = first[:1] + state[1:] if len(state) > 1 else state",
        "The cell state is carried from step to step, but h is h0 at every step.",
        "Which two states go into the step at t = 1?",
    ),
    Mistake(
        "sample-c-not-carried",
        SAMPLE,
        LOOP,
        f"first = state\n        {LOOP}\n            state = state[:1] + first[1:]",
        "h is carried from step to step, but the cell state is c0 again at every step. (The "
        "LSTM's whole forward, called for one word, does that too.)",
        "Which two states go into the step at t = 1?",
    ),
    Mistake(
        "sample-h-and-c-exchanged",
        SAMPLE,
        STEP,
        f"{STEP}\n            state = state[::-1]",
        "h and c are exchanged where the step's results are taken: the words are chosen from the "
        "cell state.",
        "In which order does the step return its states?",
    ),
    Mistake(
        "sample-step-results-exchanged",
        SAMPLE,
        STEP,
        STEP.replace("state, weights_t", "weights_t, state", 1),
        "The two results of a step are exchanged: the state comes first, and what attention saw, or "
        "None, second.",
        "In which order does the step return state and weights?",
    ),
    Mistake(
        "sample-states-handed-over-exchanged",
        SAMPLE,
        STEP,
        LOOK_AND_STEP.replace("x, *state", "x, *state[::-1]").replace("x, state", "x, state[::-1]"),
        "h and c are exchanged where they are handed to the step.",
        "In which order does the step take its states?",
    ),
    Mistake(
        "sample-states-not-unpacked",
        SAMPLE,
        STEP_SCORES,
        STEP_SCORES.replace("[0]", ""),
        "A tuple goes into the vocabulary projection: what a step returns is taken for the state "
        "h, and has to be taken apart first.",
        "What does the step of this cell return, and which of it is h?",
    ),
    Mistake(
        "sample-rnn-state-unpacked-as-two",
        "RNN.step",
        "return rnn_step_forward(x, *state, self.Wx, self.Wh, self.b)[:1], None",
        "h, _ = rnn_step_forward(x, *state, self.Wx, self.Wh, self.b)[0]\n        return (h,), None",
        "The state h of the rnn, one tensor, is taken apart as if it were two things (with two "
        "images in the batch you would not even notice).",
        "How many states has an rnn, and what stands on the left of your step?",
    ),
    Mistake(
        "sample-rnn-state-taken-for-two",
        SAMPLE,
        STEP,
        f"{STEP}\n            h, c = state\n            state = h, c",
        "The state of every cell is taken apart into h and c, and the rnn has no c.",
        "Print the state of an rnn, and of an LSTM. Which of it do you need for the scores?",
    ),
    Mistake(
        "sample-rnn-without-a-cell-state",
        SAMPLE,
        STEP,
        f"{STEP}\n"
        "            if len(state) > 1:\n"
        "                next_h, next_c = state\n"
        "            state = next_h, next_c",
        "The cell state is handed on for every cell type, and the rnn has none.",
        "Go through your loop with the rnn: which names have a value?",
    ),
    Mistake(
        "sample-words-from-the-state-before",
        SAMPLE,
        STEP_TO_SCORES,
        f"{STEP_SCORES}\n            {STEP}",
        "Each word is chosen from the state before the step, which has not yet seen the word just "
        "fed.",
        "Which comes first, the step or the scores? Compare with training.",
    ),
    Mistake(
        "sample-words-from-c",
        SAMPLE,
        STEP_SCORES,
        STEP_SCORES.replace("0", "-1"),
        "The words are chosen from the cell state c; the scores are a projection of h.",
        "Which of the two states does the loss see in training?",
    ),
    Mistake(
        "sample-words-from-h-itself",
        SAMPLE,
        "self.vocabulary_projection(state[0])",
        "state[0]",
        "The word is the largest entry of the state itself; it is the scores, from the vocabulary "
        "projection, that belong to words.",
        "How many entries has what you take the argmax of: H or V?",
    ),
    Mistake(
        "sample-scores-without-bias",
        SAMPLE,
        "self.vocabulary_projection(state[0])",
        "state[0] @ self.vocabulary_projection.weight.T",
        "The scores are computed without the bias of the vocabulary projection.",
        "Let the layer do what it does in training.",
    ),
    Mistake(
        "sample-at-random",
        SAMPLE,
        ".argmax(dim=1)",
        ".softmax(dim=1).multinomial(1).squeeze(1)",
        "Words are drawn at random from their probabilities, so that two calls differ; greedy "
        "sampling takes the most probable word.",
        "Call `sample` twice on the same image.",
    ),
    Mistake(
        "sample-least-probable",
        SAMPLE,
        ".argmax(dim=1)",
        ".argmin(dim=1)",
        "The word with the lowest score is taken; it should be the one with the highest.",
        "Is what you minimise a score, or a loss?",
    ),
    Mistake(
        "sample-argmax-over-the-batch",
        SAMPLE,
        ".argmax(dim=1)",
        ".argmax(dim=0)",
        "The argmax runs over the batch, not over the words: it finds an image for every word.",
        "Scores are (N, V). What shape should the chosen words have?",
    ),
    Mistake(
        "sample-softmax-over-the-batch",
        SAMPLE,
        ".argmax(dim=1)",
        ".softmax(dim=0).argmax(dim=1)",
        "The softmax runs over the batch, so that images compete with each other for every word; "
        "each image has its own distribution over the words.",
        "Sample one image alone and with others: its caption should be the same.",
    ),
    Mistake(
        "sample-takes-the-score-for-the-word",
        SAMPLE,
        ".argmax(dim=1)",
        ".amax(dim=1)",
        "The highest score itself is taken for the word; the word is its index.",
        "`max` along an axis has two results. Which one is a word?",
    ),
    Mistake(
        "sample-never-NULL",
        SAMPLE,
        STEP_SCORES,
        f"{STEP_SCORES}\n            scores[:, self.null] = -math.inf",
        "NULL is forbidden before END; greedy sampling takes the most probable word "
        "whatever it is.",
        "Which words do you keep out of the argmax?",
    ),
    Mistake(
        "sample-never-START",
        SAMPLE,
        STEP_SCORES,
        f"{STEP_SCORES}\n            scores[:, self.start] = -math.inf",
        "START is forbidden among the words sampled; greedy sampling takes the most probable word "
        "whatever it is.",
        "Which words do you keep out of the argmax?",
    ),
    Mistake(
        "sample-END-not-written",
        SAMPLE,
        WORD,
        f"{WORD.replace('.masked_fill(ended, self.null)', '')}\n"
        "            word = word.masked_fill(ended, self.null)",
        "END itself is replaced by NULL; a caption ends with END, and NULL comes after it.",
        "In which order do you write the word and remember that the caption has ended?",
    ),
    Mistake(
        "sample-END-repeated",
        SAMPLE,
        "(ended, self.null)",
        "(ended, self.end)",
        "END is repeated up to the last column; after the first END comes NULL.",
        "With what are ended captions filled up?",
    ),
    Mistake(
        "sample-filled-up-with-word-0",
        SAMPLE,
        "(ended, self.null)",
        "(ended, 0)",
        "Ended captions are filled up with word 0, which is NULL in the kit's vocabulary but need "
        "not be; the model knows its own NULL.",
        "Is there a `torch.zeros` that stands for NULL?",
    ),
    Mistake(
        "sample-ends-with-word-2",
        SAMPLE,
        "word == self.end",
        "word == 2",
        "A caption ends where word 2 comes, which is END in the kit's vocabulary but need not be; "
        "the model knows its own END.",
        "Try a vocabulary in which the special tokens come last.",
    ),
    Mistake(
        "sample-goes-on-after-END",
        SAMPLE,
        ".masked_fill(ended, self.null)",
        "",
        "Words go on after END; after a caption's END there should be only NULL.",
        "What remembers, from one step to the next, which captions have ended?",
    ),
    Mistake(
        "sample-one-word-after-END",
        SAMPLE,
        ENDED,
        "ended = ended | (captions[-1] == self.end) if captions else ended",
        "One more word comes after END before NULL begins: END is noticed a step late.",
        "Do you look for END in the word just chosen, or in the word just fed?",
    ),
    Mistake(
        "sample-ended-row-starts-again",
        SAMPLE,
        f"{WORD}\n            {KEPT}",
        "word = scores.argmax(dim=1)\n"
        "            captions.append(word.masked_fill(ended, self.null))\n"
        "            ended = word == self.end",
        "NULL follows END for one word, then words come again: whether a caption has ended is told by "
        "its last word alone.",
        "What remembers that a caption ended two steps ago?",
    ),
    Mistake(
        "sample-END-forgotten-a-step-later",
        SAMPLE,
        ENDED,
        "ended = word == self.end",
        "One NULL follows END and then words come again: a caption that has ended has to stay so.",
        "What remembers that a caption ended two steps ago?",
    ),
    Mistake(
        "sample-NULL-ends-a-caption",
        SAMPLE,
        ENDED,
        f"{ENDED} | (word == self.null)",
        "A sampled NULL is taken for the end of the caption; only END ends it.",
        "Which words make you stop?",
    ),
    Mistake(
        "sample-all-end-with-any",
        SAMPLE,
        f"{ENDED}\n            {KEPT}\n            {KEPT_WEIGHTS}",
        "if self.cell.attends:\n"
        "                weights_t = weights_t.masked_fill(ended.all(), 0)\n"
        "            ended = (ended | (word == self.end)).any().expand_as(ended)\n"
        f"            {KEPT}\n            {KEPT_WEIGHTS}",
        "The whole batch stops as soon as one caption ends; the others should go on.",
        "Which test lets you leave the loop: any, or all?",
    ),
    Mistake(
        "sample-all-end-with-the-first",
        SAMPLE,
        ENDED,
        "ended = ended | (word[0] == self.end)",
        "Only the first caption's END is noticed, and it ends the whole batch.",
        "Where do you look at one row alone?",
    ),
    Mistake(
        "sample-END-tested-for-the-batch-at-once",
        SAMPLE,
        KEPT_WEIGHTS,
        f"{KEPT_WEIGHTS}\n            if word == self.end:\n                break",
        "An `if` asks a whole batch of words at once whether it is END; each caption ends at its "
        "own time.",
        "An `if` wants one truth value: how many do you have?",
    ),
    Mistake(
        "sample-all-NULL",
        SAMPLE,
        "masked_fill(ended,",
        "masked_fill(~ended,",
        "Every column is NULL: the words are never written, or the mask that should fill up ended "
        "captions fills up all the others.",
        "Print the words of the first step just before and just after they are written.",
    ),
    Mistake(
        "sample-one-step-fewer",
        SAMPLE,
        LOOP,
        LOOP.replace("max_length", "max_length - 1"),
        "Captions have `max_length - 1` columns: START does not count as one of the words.",
        "How often does your loop run for `max_length=1`?",
    ),
    Mistake(
        "sample-one-step-more",
        SAMPLE,
        LOOP,
        LOOP.replace("max_length", "max_length + 1"),
        "Captions have `max_length + 1` columns: one step too many.",
        "How often does your loop run for `max_length=1`?",
    ),
    Mistake(
        "sample-15-steps-always",
        SAMPLE,
        LOOP,
        LOOP.replace("max_length", "15"),
        "15 steps are run whatever `max_length` says.",
        "15 is only what `max_length` is if nobody says otherwise.",
    ),
    Mistake(
        "sample-captions-float",
        SAMPLE,
        CAPTIONS,
        f"{CAPTIONS}.to(features.dtype)",
        "The captions are floating-point numbers; ids of words are int64.",
        "Which dtype has the tensor that the words are written into?",
    ),
    Mistake(
        "sample-captions-int32",
        SAMPLE,
        CAPTIONS,
        f"{CAPTIONS}.int()",
        "The captions are int32; ids of words are int64.",
        "Which dtype has the tensor that the words are written into?",
    ),
    Mistake(
        "sample-captions-as-lists",
        SAMPLE,
        CAPTIONS,
        f"{CAPTIONS}.tolist()",
        "The captions come back as Python lists; they are one tensor (N, max_length).",
        "How do many tensors (N,) become one?",
    ),
    Mistake(
        "sample-captions-time-first",
        SAMPLE,
        CAPTIONS,
        CAPTIONS.replace("1", "0"),
        "The captions lie on their side, (max_length, N); a caption is a row.",
        "Along which axis do you put the words of the steps together?",
    ),
    Mistake(
        "sample-captions-squeezed",
        SAMPLE,
        CAPTIONS,
        f"{CAPTIONS}.squeeze()",
        "Axes of size 1 are squeezed out of the captions: with one image, or one step, an axis "
        "goes missing.",
        "Sample one image. `squeeze()` without an axis takes whatever it finds.",
    ),
    Mistake(
        "sample-word-squeezed",
        SAMPLE,
        ENDED,
        f"word = word.squeeze()\n            {ENDED}",
        "With one image the chosen word loses its batch axis: something is squeezed that should "
        "stay.",
        "Sample one image. `squeeze()` without an axis takes whatever it finds.",
    ),
    Mistake(
        "sample-rows-for-columns",
        SAMPLE,
        RETURN,
        "rows = word.new_full((len(word), max_length), self.null)\n"
        "        for t, word in enumerate(captions):\n"
        "            rows[t] = word\n"
        "        return rows, weights",
        "The words of a step are written into a row of the captions; a row is an image, a step is "
        "a column.",
        "captions[t] is the caption of image t.",
    ),
    Mistake(
        "sample-keeps-gradients",
        SAMPLE,
        "@torch.no_grad()\n    def sample",
        "def sample",
        "Sampling builds a gradient graph, and what it returns holds on to it: memory for nothing.",
        "Nothing is trained here. How do you tell torch?",
    ),
    Mistake(
        "sample-weights-without-attention",
        SAMPLE,
        f"{WEIGHTS} if self.cell.attends else None",
        f"{WEIGHTS} if self.cell.attends else features.new_zeros("
        "len(features), max_length, *features.shape[2:])",
        "Weights come back for a cell that does not attend; without attention there are none: None.",
        "What does the step of this cell return beside its state?",
    ),
    Mistake(
        "sample-None-stacked",
        SAMPLE,
        f"{WEIGHTS} if self.cell.attends else None",
        WEIGHTS,
        "The weights of a cell that does not attend are stacked; there are none, each step returns "
        "None for them.",
        "Print your list of weights, for a cell with attention and for one without.",
    ),
    Mistake(
        "sample-None-written-into-the-weights",
        SAMPLE,
        KEPT_WEIGHTS,
        "features.new_zeros(len(features), 1, *features.shape[2:])[:, 0] = weights_t\n"
        f"            {KEPT_WEIGHTS}",
        "The weights of a cell that does not attend are written into a tensor; there are none, "
        "each step returns None for them.",
        "Print the weights of a step, for a cell with attention and for one without.",
    ),
    Mistake(
        "sample-without-weights",
        SAMPLE,
        RETURN,
        f"return {CAPTIONS}",
        "Only the captions come back; beside them belong the weights of attention (None where the "
        "cell does not attend).",
        "How many things should `sample` return?",
    ),
    Mistake(
        "sample-pair-exchanged",
        SAMPLE,
        RETURN,
        f"return weights, {CAPTIONS}",
        "The weights come back first and the captions second; it is the other way round.",
        "In which order does the docstring name them?",
    ),
    Mistake(
        "sample-attention-asked-by-c",
        "AttentionLSTM.step",
        "state[0], image",
        "state[1], image",
        "Attention is asked by the cell state c; it is h that asks.",
        "Which state goes into attention in training?",
    ),
    Mistake(
        "sample-attention-computed-once",
        SAMPLE,
        STEP,
        LOOK_AND_STEP.replace(LOOK, f"if not weights:\n                    {LOOK}"),
        "Attention is computed once, from the first state; the model looks again before "
        "every step.",
        "Are the weights of all your words alike?",
    ),
    Mistake(
        "sample-attention-not-passed",
        SAMPLE,
        STEP,
        LOOK_AND_STEP.replace(
            "attn, *parameters",
            "Wx=self.cell.Wx, Wh=self.cell.Wh, Wattn=self.cell.Wattn, b=self.cell.b",
        ),
        "The step of the attention LSTM is called without what attention saw.",
        "What does a step of the attention LSTM take beside the word vector and the states?",
    ),
    Mistake(
        "sample-attention-left-out",
        "AttentionLSTM.step",
        "attn, *parameters",
        "0 * attn, *parameters",
        "What attention saw never enters the step: the states are those of a plain LSTM.",
        "Where, in your loop, is `attn` used after it is computed?",
    ),
    Mistake(
        "sample-attention-replaced-by-the-mean",
        "AttentionLSTM.step",
        "attn, *parameters",
        "image.mean(dim=(2, 3)), *parameters",
        "The step gets the plain mean of A at every step, not the mean weighted by attention.",
        "Where, in your loop, is `attn` used after it is computed?",
    ),
    Mistake(
        "sample-weights-zeros",
        "AttentionLSTM.step",
        "[:2], weights",
        "[:2], torch.zeros_like(weights)",
        "The weights come back as zeros: they are computed but never written down.",
        "They should sum to 1 over the grid. Where are the weights of a step kept?",
    ),
    Mistake(
        "sample-weights-a-step-late",
        SAMPLE,
        WEIGHTS,
        "torch.stack([torch.zeros_like(weights_t), *weights[:-1]], dim=1)",
        "The weights are shifted: column 0 is zeros and each word has the weights of the word "
        "before.",
        "Weights and word of a step belong into the same column.",
    ),
    Mistake(
        "sample-weights-a-step-early",
        SAMPLE,
        KEPT_WEIGHTS,
        "if self.cell.attends:\n"
        "                weights_t = dot_product_attention(state[0], image)[1]\n"
        f"            {KEPT_WEIGHTS}",
        "The weights written down for a word are those that its state asks for afterwards, for "
        "the next word; they should be those that were used to choose it.",
        "Which state asked for the weights in your column 0: h0, or the state after the "
        "first step?",
    ),
    Mistake(
        "sample-last-weights-missing",
        SAMPLE,
        WEIGHTS,
        "torch.stack([*weights[:-1], torch.zeros_like(weights_t)], dim=1)",
        "The weights of the last column are zeros: they are written for one step too few.",
        "How many steps are run, and how many write their weights?",
    ),
    Mistake(
        "sample-weights-of-the-last-step-everywhere",
        SAMPLE,
        WEIGHTS,
        "torch.stack([weights_t] * max_length, dim=1)",
        "Every column of the weights holds those of the last step.",
        "Is one and the same tensor written into again and again?",
    ),
    Mistake(
        "sample-weights-of-the-last-step-only",
        SAMPLE,
        WEIGHTS,
        "weights_t",
        "Only the weights of the last step come back; there is one grid for every word.",
        "Where are the weights of a step kept while the next one runs?",
    ),
    Mistake(
        "sample-weights-not-stacked",
        SAMPLE,
        WEIGHTS,
        "weights",
        "The weights come back as a list; they are one tensor (N, max_length, h, w).",
        "How do many tensors (N, h, w) become one?",
    ),
    Mistake(
        "sample-weights-time-first",
        SAMPLE,
        WEIGHTS,
        WEIGHTS.replace("1", "0"),
        "The weights come back as (max_length, N, h, w); the batch comes first.",
        "Along which axis do you put the weights of the steps together?",
    ),
    Mistake(
        "sample-weights-flattened",
        SAMPLE,
        WEIGHTS,
        f"{WEIGHTS}.flatten(2)",
        "The weights come back with their positions in one axis, (N, max_length, h * w); they "
        "should keep the grid.",
        "Print the shape of the weights, and compare with (N, max_length, h, w).",
    ),
    Mistake(
        "sample-weights-assumed-4x4",
        SAMPLE,
        WEIGHTS,
        f"{WEIGHTS}.reshape(len(word), max_length, 4, 4)",
        "The weights are shaped as grids of 4 x 4, and fail on any other grid.",
        "The features know how large their grid is.",
    ),
    Mistake(
        "sample-START-from-unfilled-memory",
        SAMPLE,
        "torch.full((len(features),), self.start, device=features.device)",
        "self.start * features.new(len(features)).long()",
        "The first words fed are made of memory that nobody has filled (`x.new(n)`,"
        " `torch.empty`); all of them should be START.",
        "Print the first words: what are they, and are they the same in the next run?",
    ),
    Mistake(
        "sample-ended-is-no-mask",
        SAMPLE,
        "torch.zeros_like(word, dtype=torch.bool)",
        "features.new_zeros(len(features))",
        "Whether a caption has ended is kept in the dtype of the features, floating-point"
        " numbers; a mask is bool.",
        "Print the dtype of your mask. What would choose by it?",
    ),
    Mistake(
        "sample-scores-squeezed",
        SAMPLE,
        "self.vocabulary_projection(state[0])",
        "self.vocabulary_projection(state[0]).squeeze()",
        "The scores lose every axis of size 1: with one image they have no batch axis any more.",
        "Is there a `squeeze()` that does not say which axis?",
    ),
    Mistake(
        "sample-loop-over-the-batch",
        SAMPLE,
        "for _ in range(max_length):",
        "for _ in range(len(features)):",
        "The loop makes as many steps as there are images; it should make `max_length`.",
        "How many words has a caption of one image, and how many of ten?",
    ),
    Mistake(
        "sample-loop-over-the-batch-into-a-buffer",
        SAMPLE,
        """captions.append(word)
            weights.append(weights_t)""",
        """late = len(captions) >= len(features)
            captions.append(word.new_full(word.shape, self.null) if late else word)
            weights.append(weights_t * 0 if late and self.cell.attends else weights_t)""",
        "The loop makes as many steps as there are images; it should make `max_length`. The"
        " columns behind stay as they were made.",
        "How many words has a caption of one image, and how many of ten?",
    ),
    Mistake(
        "sample-grid-in-place-of-attn",
        "AttentionLSTM.step",
        "*state, attn, *parameters",
        "*state, image, *parameters",
        "The step gets the whole grid where it takes what attention saw of it, (N, H).",
        "Compare the order of the arguments with the signature of the step.",
    ),
]

MISTAKES = [*IMAGE_MISTAKES, *FORWARD_MISTAKES, *SAMPLE_MISTAKES]
