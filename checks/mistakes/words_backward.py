"""Part bptt: mistakes in the gradients of the word vectors and of the loss."""

from checks.mistakes.catalogue import Mistake

EMBEDDING = "word_embedding_backward"
LOSS = "temporal_softmax_loss_backward"

# Pieces of the reference that several patches stand on.

ROWS = "rows = dout.reshape(-1, dout.shape[-1])"
FLAT = "words.reshape(-1)"
ZEROS = "rows.new_zeros(V, rows.shape[1])"
DW = f"{ZEROS}.index_add(0, {FLAT}, rows)"
RETURNED = f"return {DW}"
TRANSPOSE_TEST = "Try reshape and transpose on torch.arange(6).view(2, 3). Do they give the same?"

SOFTMAX = "torch.softmax(scores, dim=2)"
TARGETS = "one_hot(targets, V)"
ONE_HOT = f"nn.functional.{TARGETS}"
DSCORES = f"dscores = ({SOFTMAX} - {ONE_HOT}) / N"
GIVEN = "if ignore_index is not None:"
MASK = "targets != ignore_index"
MASKED = f"dscores = dscores * ({MASK}).unsqueeze(2)"
IF_GIVEN = f"{GIVEN}\n        {MASKED}"
RETURN = "return dscores"
SHOULD_NOT_CHANGE = "Repeat every caption in the batch: the gradient of one caption should halve."


def one_by_one(places: str) -> str:
    """The rows of dout added at tensors of words, one tensor after the other: equal words once."""
    return f"""dW_embed = {ZEROS}
    for place in {places}:
        dW_embed[words[place]] += dout[place]
    return dW_embed"""


EQUAL_WORDS_MISTAKES = [
    Mistake(
        "embedding-backward-equal-words-counted-once",
        EMBEDDING,
        RETURNED,
        f"""dW_embed = {ZEROS}
    for word, row in zip({FLAT}, rows):
        dW_embed[word] = row
    return dW_embed""",
        "Of a word that occurs several times only one gradient is kept: those of all its places add "
        "up. An assignment at a tensor of indices keeps one of each, even when it is written with +=.",
        "Try it on a caption that is one word three times, with ones for the upstream gradient.",
    ),
    Mistake(
        "embedding-backward-equal-words-of-a-caption-counted-once",
        EMBEDDING,
        RETURNED,
        one_by_one("range(len(words))"),
        "A word that occurs twice in one caption counts once there; only what comes from different "
        "captions adds up.",
        "Try it on a caption that is one word three times, with ones for the upstream gradient.",
    ),
    Mistake(
        "embedding-backward-equal-words-of-a-step-counted-once",
        EMBEDDING,
        RETURNED,
        one_by_one("[(slice(None), t) for t in range(words.shape[1])]"),
        "A word that two captions have at the same time counts once; only what comes from different "
        "times adds up. All captions begin with START: nearly all of its gradient is lost.",
        "Try it on two captions of a single word, the same in both.",
    ),
    Mistake(
        "embedding-backward-averaged-over-occurrences",
        EMBEDDING,
        RETURNED,
        f"return {DW} / torch.bincount({FLAT}, minlength=V).clamp(min=1)[:, None]",
        "The gradients of a word are averaged over the places where it occurs; they add up.",
        "Compare with numeric_gradient: in which rows is the ratio 1, and in which is it not?",
    ),
    Mistake(
        "embedding-backward-divided-by-N",
        EMBEDDING,
        RETURNED,
        f"{RETURNED} / len(words)",
        "The gradient is divided by N. If the loss is a mean over the batch, `dout` carries its 1/N "
        "already.",
        "Compare with numeric_gradient: what is the ratio?",
    ),
    Mistake(
        "embedding-backward-divided-by-the-number-of-words",
        EMBEDDING,
        RETURNED,
        f"{RETURNED} / words.numel()",
        "The gradient is averaged over all the words; it should be summed.",
        "Compare with numeric_gradient: what is the ratio?",
    ),
    Mistake(
        "embedding-backward-counts",
        EMBEDDING,
        RETURNED,
        f"return {ZEROS}.index_add(0, {FLAT}, torch.ones_like(rows))",
        "Each row holds how often its word occurs: the upstream gradient `dout` does not enter.",
        "Double dout: the gradient should double. Does yours?",
    ),
    Mistake(
        "embedding-backward-summed-over-the-vector",
        EMBEDDING,
        RETURNED,
        f"return ({DW}).sum(dim=1, keepdim=True).expand(V, rows.shape[1])",
        "Each row is one number, repeated: the sum went over the entries of the vector as well, not "
        "only over the places of the word.",
        "What does sum() add up when it is not told over which axis?",
    ),
]

ROW_MISTAKES = [
    Mistake(
        "embedding-backward-as-high-as-the-largest-word",
        EMBEDDING,
        ZEROS,
        "rows.new_zeros(words.max() + 1, rows.shape[1])",
        "`dW_embed` ends at the largest id that happens to be among `words`; it has V rows, zeros for "
        "a word that does not occur.",
        "What is V there for?",
    ),
    Mistake(
        "embedding-backward-only-words-that-occur",
        EMBEDDING,
        RETURNED,
        f"different, words = words.unique(return_inverse=True)\n    V = len(different)\n    {RETURNED}",
        "There is a row for each different word among `words` alone; `dW_embed` has V rows, zeros "
        "for a word that does not occur.",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "embedding-backward-one-row-a-place",
        EMBEDDING,
        RETURNED,
        "return dout",
        "The upstream gradient is handed on as it came, a vector for every place; wanted is a row "
        "for every word of the vocabulary.",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "embedding-backward-transposed",
        EMBEDDING,
        RETURNED,
        f"return ({DW}).T",
        "`dW_embed` comes out transposed, (D, V).",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "embedding-backward-zeros-of-D-rows",
        EMBEDDING,
        ZEROS,
        "rows.new_zeros(rows.shape[1], V)",
        "What the gradients are added to has D rows of V numbers; it should have V rows of D.",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "embedding-backward-added-along-columns",
        EMBEDDING,
        "index_add(0",
        "index_add(1",
        "The words pick columns of `dW_embed`; the gradient of a word belongs into its row.",
        "W_embed is (V, D): which axis was indexed by words?",
    ),
    Mistake(
        "embedding-backward-word-0-left-out",
        EMBEDDING,
        RETURNED,
        f"return {DW} * (torch.arange(V) != 0)[:, None]",
        "Row 0 stays zero: word 0 is left out. NULL has a row in `W_embed` like every word, and which "
        "id it has is not known here.",
        "The gradient of the loss is 0 where NULL is the target. Is anything left to do here?",
    ),
    Mistake(
        "embedding-backward-last-word-left-out",
        EMBEDDING,
        RETURNED,
        f"return {DW} * (torch.arange(V) < V - 1)[:, None]",
        "The last row stays zero: the last word of the vocabulary, V-1, is left out.",
        "Which numbers does range(V - 1) give?",
    ),
    Mistake(
        "embedding-backward-row-before",
        EMBEDDING,
        FLAT,
        f"(({FLAT} - 1) % V)",
        "Every gradient goes to the row before that of its word (and that of word 0 to the last).",
        "Ids count from 0, and so do rows. Where should the gradient of word 0 go?",
    ),
    Mistake(
        "embedding-backward-always-float64",
        EMBEDDING,
        RETURNED,
        f"return ({DW}).double()",
        "The gradient is float64 whatever `dout` is; float32 in should give float32 out.",
        "Is a dtype fixed somewhere that could be taken from dout?",
    ),
    Mistake(
        "embedding-backward-zeros-are-integers",
        EMBEDDING,
        ZEROS,
        "words.new_zeros(V, rows.shape[1])",
        "What the gradients are added to is of whole numbers: it took its dtype from `words`.",
        "Print the dtype of your zeros. Which input should it come from?",
    ),
]

PLACE_MISTAKES = [
    Mistake(
        "embedding-backward-words-and-rows-flattened-differently",
        EMBEDDING,
        FLAT,
        "words.movedim(0, -1).reshape(-1)",
        "`dout` is flattened caption by caption and `words` step by step (or the other way round), so "
        "that a gradient meets the word of another place.",
        TRANSPOSE_TEST,
    ),
    Mistake(
        "embedding-backward-one-hot-not-transposed",
        EMBEDDING,
        RETURNED,
        "return nn.functional.one_hot(words, V).to(dout) @ dout",
        "The one-hot matrix is multiplied as it is; its transpose takes gradients from places to words.",
        "Write the shapes next to each other: the inner two of a product have to agree.",
    ),
    Mistake(
        "embedding-backward-one-hot-as-integers",
        EMBEDDING,
        RETURNED,
        f"return nn.functional.one_hot({FLAT}, V).T @ rows",
        "The one-hot vectors are integers, and torch multiplies only matrices of one dtype.",
        "What dtype does one_hot return, and what dtype has dout?",
    ),
    Mistake(
        "embedding-backward-for-each-caption",
        EMBEDDING,
        RETURNED,
        "one_hot = nn.functional.one_hot(words, V).to(dout)\n"
        "    return one_hot.transpose(-2, -1) @ dout",
        "Every caption gets a matrix of its own, (N, V, D); all share one `W_embed`, and their "
        "gradients add up.",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "embedding-backward-first-caption-only",
        EMBEDDING,
        ROWS,
        f"dout, words = dout[:1], words[:1]\n    {ROWS}",
        "Only the first caption enters. A `return` inside a loop does that.",
        "Change dout of the second caption: the gradient should notice.",
    ),
    Mistake(
        "embedding-backward-last-caption-only",
        EMBEDDING,
        ROWS,
        f"dout, words = dout[-1:], words[-1:]\n    {ROWS}",
        "Only the last caption enters. Zeros that are made anew inside a loop do that.",
        "Change dout of the first caption: the gradient should notice.",
    ),
    Mistake(
        "embedding-backward-two-axes-assumed",
        EMBEDDING,
        ROWS,
        f"N, T = words.shape\n    {ROWS}",
        "It is written for words of shape (N, T) alone; any number of axes should do, as in the "
        "forward function.",
        "Does the formula of the docstring need to know how many axes there are?",
    ),
    Mistake(
        "embedding-backward-view-of-strided",
        EMBEDDING,
        "dout.reshape(-1, ",
        "dout.view(-1, ",
        "`view` fails when `dout` is not contiguous in memory; a gradient that has been transposed "
        "or cut out of another is not.",
        "What does the error message advise to use?",
    ),
]

DIVISOR_MISTAKES = [
    Mistake(
        "loss-backward-not-divided",
        LOSS,
        DSCORES,
        DSCORES.removesuffix(" / N"),
        "The gradient is not divided by N, as the loss is.",
        SHOULD_NOT_CHANGE,
    ),
    Mistake(
        "loss-backward-averaged-over-time",
        LOSS,
        DSCORES,
        f"{DSCORES} / T",
        "The gradient is divided by N * T; the loss is summed over time and divided by N alone. The "
        "places that are left out are counted in the divisor as well.",
        "Compare with numeric_gradient: what is the ratio?",
    ),
    Mistake(
        "loss-backward-averaged-over-words-that-count",
        LOSS,
        RETURN,
        "counted = T * N if ignore_index is None else (targets != ignore_index).sum()\n"
        "    return dscores * N / counted",
        "The gradient is divided by the number of targets that count; the loss is summed over time "
        "and divided by N. With no target that counts it is 0/0.",
        "Which divisor does the loss of the docstring have?",
    ),
    Mistake(
        "loss-backward-divided-by-T",
        LOSS,
        DSCORES,
        DSCORES.replace("/ N", "/ T"),
        "The gradient is divided by T; it should be divided by N, the size of the batch.",
        "scores is (N, T, V): which entry of its shape do you divide by?",
    ),
    Mistake(
        "loss-backward-divided-by-V",
        LOSS,
        DSCORES,
        DSCORES.replace("/ N", "/ V"),
        "The gradient is divided by V, the size of the vocabulary; it should be divided by N.",
        "scores is (N, T, V): which entry of its shape do you divide by?",
    ),
    Mistake(
        "loss-backward-divided-by-N-twice",
        LOSS,
        DSCORES,
        f"{DSCORES} / N",
        "The gradient is divided by N twice.",
        SHOULD_NOT_CHANGE,
    ),
    Mistake(
        "loss-backward-one-hot-not-divided",
        LOSS,
        f"({SOFTMAX} - {ONE_HOT}) / N",
        f"{SOFTMAX} / N - {ONE_HOT}",
        "The softmax is divided by N and the 1 of the target is not: both belong to one loss.",
        "Add up the gradient of one place over the vocabulary: it should be 0.",
    ),
    Mistake(
        "loss-backward-summed-over-the-batch",
        LOSS,
        RETURN,
        "return dscores.sum(dim=0)",
        "The gradients of the captions are added up, (T, V); every score has its own.",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "loss-backward-flattened",
        LOSS,
        RETURN,
        "return dscores.reshape(N * T, V)",
        "The axes of batch and time come out as one, (N*T, V).",
        "A gradient has the shape of what it is the gradient of.",
    ),
    Mistake(
        "loss-backward-always-float64",
        LOSS,
        RETURN,
        "return dscores.double()",
        "The gradient is float64 whatever `scores` is; float32 in should give float32 out.",
        "Is a dtype fixed somewhere that could be taken from scores?",
    ),
    Mistake(
        "embedding-backward-clipped",
        EMBEDDING,
        "rows = dout.reshape(-1, dout.shape[-1])",
        "rows = dout.reshape(-1, dout.shape[-1]).clamp(-1, 1)",
        "The upstream gradient `dout` is clipped to -1 and 1.",
        "Clipping gradients is a matter of the training loop, once for all parameters; a"
        " gradient by itself is what it is.",
    ),
]

MASK_MISTAKES = [
    Mistake(
        "loss-backward-nothing-ignored",
        LOSS,
        IF_GIVEN,
        "",
        "`ignore_index` is not used: places whose target is NULL get a gradient like any other.",
        "Which scores does the loss not depend on? What is its gradient there?",
    ),
    Mistake(
        "loss-backward-ignores-0-if-asked-for-anything",
        LOSS,
        MASK,
        "targets != 0",
        "Targets equal to 0 are left out whatever `ignore_index` is: NULL is 0 in some "
        "vocabularies only.",
        "Which number does the caller hand you, and do you use it?",
    ),
    Mistake(
        "loss-backward-ignores-0-always",
        LOSS,
        IF_GIVEN,
        "dscores = dscores * (targets != 0).unsqueeze(2)",
        "Targets equal to 0 are always left out: `ignore_index` is not looked at, be it another "
        "number or None.",
        "Which number does the caller hand you, and do you use it?",
    ),
    Mistake(
        "loss-backward-ignores-0-when-given-None",
        LOSS,
        IF_GIVEN,
        f"ignore_index = ignore_index or 0\n    {MASKED}",
        "With `ignore_index=None` targets equal to 0 are left out; None means that all count.",
        "What do you put in the place of None?",
    ),
    Mistake(
        "loss-backward-ignore-index-0-taken-for-none",
        LOSS,
        GIVEN,
        "if ignore_index:",
        "An `ignore_index` of 0 is taken for no ignore_index at all, since 0 counts as false: NULL "
        "targets are not left out.",
        "How does Python judge `if 0:` and `if None:`?",
    ),
    Mistake(
        "loss-backward-ignores-up-to-ignore-index",
        LOSS,
        MASK,
        "targets > ignore_index",
        "All targets up to `ignore_index` are left out, not only those equal to it.",
        "What if NULL is not the smallest id?",
    ),
    Mistake(
        "loss-backward-mask-inverted",
        LOSS,
        MASK,
        "targets == ignore_index",
        "The mask is inverted: only the targets to be ignored get a gradient.",
        "Is your mask true where a target counts, or where it does not?",
    ),
    Mistake(
        "loss-backward-mask-on-predictions",
        LOSS,
        MASK,
        "scores.argmax(dim=2) != ignore_index",
        "What is left out are the places where NULL is predicted; it should be those where NULL is "
        "the target.",
        "Whose ids do you compare with ignore_index?",
    ),
    Mistake(
        "loss-backward-mask-on-the-word-NULL",
        LOSS,
        MASKED,
        "dscores = dscores * (torch.arange(V) != ignore_index)",
        "At every place the score of NULL gets no gradient; what should get none are the places whose "
        "target is NULL, with all their scores.",
        "Which of the two do you mask, the words in the vocabulary or the places in the caption?",
    ),
    Mistake(
        "loss-backward-mask-on-the-one-hot-only",
        LOSS,
        f"{ONE_HOT}) / N\n    {IF_GIVEN}",
        f"""(one_hot := {ONE_HOT})) / N
    {GIVEN}
        dscores = dscores + one_hot * ({MASK.replace("!=", "==")}).unsqueeze(2) / N""",
        "Where the target is to be ignored nothing is subtracted, but the probabilities stay: the "
        "gradient is 0 there in all scores.",
        "Add up the gradient of one place over the vocabulary: it should be 0.",
    ),
    Mistake(
        "loss-backward-mask-before-the-softmax",
        LOSS,
        f"{DSCORES}\n    {IF_GIVEN}",
        f"{GIVEN}\n        scores = scores * ({MASK}).unsqueeze(2)\n    {DSCORES}",
        "The scores of ignored targets are set to 0 before the softmax, which makes V equal "
        "probabilities of them: their places still get a gradient.",
        "What is the softmax of V equal scores?",
    ),
    Mistake(
        "loss-backward-mask-broadcast",
        LOSS,
        f"({MASK}).unsqueeze(2)",
        f"({MASK})",
        "The gradient and the mask do not have the same number of axes, (N, T, V) against (N, T): "
        "broadcasting either fails or masks something else.",
        "Print the shapes of both before you multiply them.",
    ),
    Mistake(
        "loss-backward-None-counted-as-a-word",
        LOSS,
        IF_GIVEN,
        MASKED,
        "`ignore_index=None`, which means that all targets count, is compared with the targets as if "
        "it were a number.",
        "What is `targets != None`, a tensor or a truth value?",
    ),
]

SOFTMAX_MISTAKES = [
    Mistake(
        "loss-backward-unstable",
        LOSS,
        SOFTMAX,
        "scores.exp() / scores.exp().sum(dim=2, keepdim=True)",
        "Large scores are too much for it: exp overflows, and inf / inf is nan. The gradient"
        " should be finite for scores of 10,000.",
        "Softmax does not change when a number is subtracted from all scores of a place.",
    ),
    Mistake(
        "loss-backward-sign",
        LOSS,
        DSCORES,
        f"dscores = ({ONE_HOT} - {SOFTMAX}) / N",
        "The gradient has the wrong sign, that of the log-probability: a step against it would make "
        "the right words less probable.",
        "Should a higher score of the target make the loss larger or smaller?",
    ),
    Mistake(
        "loss-backward-one-hot-missing",
        LOSS,
        f" - {ONE_HOT}",
        "",
        "The gradient is the probabilities alone: what the target's own score does is missing.",
        "Add up the gradient of one place over the vocabulary: it should be 0.",
    ),
    Mistake(
        "loss-backward-softmax-missing",
        LOSS,
        SOFTMAX,
        "scores",
        "The scores themselves are taken for probabilities: the softmax is missing.",
        "Add 5 to all scores: the gradient should stay the same.",
    ),
    Mistake(
        "loss-backward-log-softmax",
        LOSS,
        SOFTMAX,
        SOFTMAX.replace("softmax", "log_softmax"),
        "Log-probabilities are taken where probabilities belong.",
        "Between which two numbers should the gradient of a score lie?",
    ),
    Mistake(
        "loss-backward-softmax-over-time",
        LOSS,
        SOFTMAX,
        SOFTMAX.replace("dim=2", "dim=1"),
        "The softmax runs over the time steps; it should run over the words of the vocabulary.",
        "Over which axis of (N, T, V) should the probabilities add up to 1?",
    ),
    Mistake(
        "loss-backward-softmax-over-batch",
        LOSS,
        SOFTMAX,
        SOFTMAX.replace("dim=2", "dim=0"),
        "The softmax runs over the batch; it should run over the words of the vocabulary.",
        "Over which axis of (N, T, V) should the probabilities add up to 1?",
    ),
    Mistake(
        "loss-backward-sigmoid-for-softmax",
        LOSS,
        SOFTMAX,
        "torch.sigmoid(scores)",
        "Every score goes through a sigmoid of its own; here the words compete in one softmax.",
        "Add up the gradient of one place over the vocabulary: it should be 0.",
    ),
    Mistake(
        "loss-backward-softmax-derivative-again",
        LOSS,
        f"({SOFTMAX} - {ONE_HOT})",
        f"(p := {SOFTMAX}) * (1 - p) * (p - {ONE_HOT})",
        "Softmax minus one-hot is multiplied by p (1 - p): the gradient through softmax and logarithm "
        "together has no such factor any more.",
        "What is left of 1/p times p (1 - p)?",
    ),
    Mistake(
        "loss-backward-with-respect-to-probabilities",
        LOSS,
        f"({SOFTMAX} - {ONE_HOT})",
        f"-{ONE_HOT} / {SOFTMAX}",
        "It is the gradient with respect to the probabilities, -1/p at the target, and has not gone "
        "back through the softmax.",
        "Does a score of a word that is not the target change the loss?",
    ),
    Mistake(
        "loss-backward-changes-scores",
        LOSS,
        DSCORES,
        f"scores -= scores.amax(dim=2, keepdim=True)\n    {DSCORES}",
        "The maximum is subtracted from `scores` in place: the caller's scores are others"
        " afterwards.",
        "Look for an operator with `=` in it (`-=`) or a method that ends in `_`.",
    ),
]

TARGET_MISTAKES = [
    Mistake(
        "loss-backward-only-the-target",
        LOSS,
        f"({SOFTMAX} - {ONE_HOT})",
        f"({SOFTMAX} - 1) * {ONE_HOT}",
        "Only the score of the target gets a gradient; those of all other words raise the loss, each "
        "by its probability.",
        "Does a score of a word that is not the target change the loss?",
    ),
    Mistake(
        "loss-backward-1-subtracted-everywhere",
        LOSS,
        ONE_HOT,
        "1",
        "1 is subtracted from the probability of every word; it is only for that of the target.",
        "Add up the gradient of one place over the vocabulary: it should be 0.",
    ),
    Mistake(
        "loss-backward-1-subtracted-at-all-targets",
        LOSS,
        ONE_HOT,
        f"{ONE_HOT}.amax(dim=(0, 1))",
        "At every place 1 is subtracted from all words that are a target anywhere in the batch; each "
        "place has one target.",
        "Indexing a slice with all targets pairs each place with each target. What pairs them one to "
        "one?",
    ),
    Mistake(
        "loss-backward-1-subtracted-at-all-targets-of-the-caption",
        LOSS,
        ONE_HOT,
        f"{ONE_HOT}.amax(dim=1, keepdim=True)",
        "At every time 1 is subtracted from all words of the caption; each time has one target.",
        "Indexing a slice with all targets pairs each time with each target. What pairs them one to "
        "one?",
    ),
    Mistake(
        "loss-backward-target-of-the-next-step",
        LOSS,
        TARGETS,
        "one_hot(targets.roll(-1, 1), V)",
        "The 1 is subtracted at the target of the next time step (at the last step, of the first). The "
        "caller has shifted the captions already: scores and targets at the same time belong together.",
        "Where do you shift by one, and who else does?",
    ),
    Mistake(
        "loss-backward-target-off-by-one",
        LOSS,
        TARGETS,
        "one_hot((targets - 1) % V, V)",
        "The 1 is subtracted at the word before the target in the vocabulary, id k-1.",
        "Ids count from 0, and so do the entries of scores.",
    ),
    Mistake(
        "loss-backward-target-is-the-best-word",
        LOSS,
        TARGETS,
        "one_hot(scores.argmax(dim=2), V)",
        "The 1 is subtracted at the word with the highest score; it belongs to the target.",
        "Change the targets: does the gradient notice?",
    ),
    Mistake(
        "loss-backward-targets-flattened-differently",
        LOSS,
        TARGETS,
        "one_hot(targets.T.reshape(N, T), V)",
        "The scores are flattened caption by caption and the targets step by step (or the other "
        "way round), so that a place meets the target of another.",
        TRANSPOSE_TEST,
    ),
    Mistake(
        "loss-backward-reshaped-to-batch-first",
        LOSS,
        RETURN,
        "return dscores.transpose(0, 1).reshape(N, T, V)",
        "The axes of time and batch are swapped by a reshape, which keeps the order in memory: the "
        "shape is right, but captions and times are mixed.",
        TRANSPOSE_TEST,
    ),
    Mistake(
        "loss-backward-view-of-strided-targets",
        LOSS,
        TARGETS,
        "one_hot(targets.view(-1), V).view(N, T, V)",
        "`view` fails when `targets` is not contiguous in memory; `captions[:, 1:]` is not.",
        "What does the error message advise to use?",
    ),
    Mistake(
        "loss-backward-view-of-strided-scores",
        LOSS,
        "N, T, V = scores.shape",
        """N, T, V = scores.shape
    scores = scores.view(-1, V).view(N, T, V)""",
        "`view` fails when `scores` does not lie contiguous in memory, as after a slice or a"
        " transpose.",
        "What does the error message advise to use?",
    ),
]

MISTAKES = [
    *EQUAL_WORDS_MISTAKES,
    *ROW_MISTAKES,
    *PLACE_MISTAKES,
    *DIVISOR_MISTAKES,
    *MASK_MISTAKES,
    *SOFTMAX_MISTAKES,
    *TARGET_MISTAKES,
]
