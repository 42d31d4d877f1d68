"""Mistakes with words: looking up their vectors, and the loss of a caption."""

from checks.mistakes.catalogue import Mistake

EMBEDDING = "word_embedding_forward"
LOSS = "temporal_softmax_loss"

# Pieces of the reference that several patches stand on.

LOOKUP = "return W_embed[words]"

BATCH = "N = scores.shape[0]"
SHIFTED = "shifted = scores - scores.amax(dim=2, keepdim=True)"
LOG_SUM = "shifted.exp().sum(dim=2, keepdim=True).log()"
LOG_PROBS = f"log_probs = shifted - {LOG_SUM}"
SOFTMAX = f"{SHIFTED}\n    {LOG_PROBS}"
OF_TARGET = "log_probs.gather(2, targets.unsqueeze(2)).squeeze(2)"
GIVEN = "if ignore_index is not None:"
MASK = "targets != ignore_index"
MASKED = f"log_prob_of_target = log_prob_of_target[{MASK}]"
IF_GIVEN = f"{GIVEN}\n        {MASKED}"
MEAN = "return (-log_prob_of_target).sum() / N"
UNMASKED = f"{SOFTMAX}\n    log_prob_of_target = {OF_TARGET}"
WHOLE = f"{UNMASKED}\n    {IF_GIVEN}\n    {MEAN}"
CROSS_ENTROPY = """flat = scores.flatten(0, 1), targets.flatten()
    return nn.functional.cross_entropy(*flat, reduction="sum") / N"""
COUNTED = "torch.ones_like(targets, dtype=torch.bool) if ignore_index is None else " + MASK

EMBEDDING_MISTAKES = [
    Mistake(
        "embedding-row-before",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words - 1]",
        "Every word gets the row before its own; word 0, since index -1 is the end, the last one.",
        "Ids count from 0, and so do rows. Look up word 0 by hand.",
    ),
    Mistake(
        "embedding-row-after",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words + 1]",
        "Every word gets the row after its own, and the last word of the vocabulary none at all.",
        "Ids count from 0, and so do rows. Look up the last word by hand.",
    ),
    Mistake(
        "embedding-one-hot-off-by-one",
        EMBEDDING,
        LOOKUP,
        "numbers = torch.arange(1, len(W_embed) + 1)\n"
        "    return (numbers == words[..., None]).to(W_embed) @ W_embed",
        "The one-hot vectors count from 1: word k picks row k-1, and word 0 gets zeros.",
        "Print the one-hot vector of word 0: where is its 1?",
    ),
    Mistake(
        "embedding-one-hot-without-matrix",
        EMBEDDING,
        LOOKUP,
        "return nn.functional.one_hot(words, len(W_embed)).to(W_embed)",
        "One-hot vectors of size V are returned; they have to be multiplied by `W_embed` yet.",
        "What shape does the docstring promise?",
    ),
    Mistake(
        "embedding-one-hot-as-integers",
        EMBEDDING,
        LOOKUP,
        "return nn.functional.one_hot(words, len(W_embed)) @ W_embed",
        "The one-hot vectors are integers, and torch multiplies only matrices of one dtype.",
        "What dtype does one_hot return, and what dtype has W_embed?",
    ),
    Mistake(
        "embedding-one-hot-as-wide-as-the-largest-word",
        EMBEDDING,
        LOOKUP,
        "return nn.functional.one_hot(words).to(W_embed) @ W_embed",
        "The one-hot vectors are only as wide as the largest id that happens to be among `words`; "
        "it works when the last word of the vocabulary occurs, and not otherwise.",
        "Who tells one_hot how many words there are?",
    ),
    Mistake(
        "embedding-columns",
        EMBEDDING,
        LOOKUP,
        "return W_embed[:, words]",
        "The words pick columns of `W_embed`; the vector of a word is a row.",
        "W_embed is (V, D): which axis is indexed by words?",
    ),
    Mistake(
        "embedding-rows-of-the-transpose",
        EMBEDDING,
        LOOKUP,
        "return W_embed.T[words]",
        "The words pick rows of the transpose of `W_embed`, which are its columns; the vector of a "
        "word is a row of the matrix as it is.",
        "nn.Linear stores its weights the other way round: which way are they stored here?",
    ),
    Mistake(
        "embedding-single-numbers",
        EMBEDDING,
        LOOKUP,
        "return W_embed.take(words)",
        "Each word picks a single number out of `W_embed`, as if the matrix were one long row; it "
        "should pick a whole row.",
        "What shape does the docstring promise?",
    ),
    Mistake(
        "embedding-words-as-floats",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words.to(W_embed.dtype)]",
        "The words are turned into floating numbers, and those cannot be indices.",
        "Which dtypes may an index tensor have? Leave words as they come.",
    ),
    Mistake(
        "embedding-two-axes-assumed",
        EMBEDDING,
        LOOKUP,
        "N, T = words.shape\n    return W_embed[words].reshape(N, T, -1)",
        "It is written for words of shape (N, T) alone. Sampling asks for one word a row, (N,): any "
        "number of axes should do.",
        "Does the formula of the docstring need to know how many axes there are?",
    ),
    Mistake(
        "embedding-flattened",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words.flatten()]",
        "The axes of `words` are lost: all vectors come in one long list, (N*T, D).",
        "What shape does the docstring promise?",
    ),
    Mistake(
        "embedding-squeezed",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words].squeeze()",
        "Axes of size 1 are squeezed away: with a batch of one, or a single step, the output loses "
        "an axis.",
        "Is there a squeeze() that does not say which axis?",
    ),
    Mistake(
        "embedding-time-first",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words].transpose(0, 1)",
        "The vectors come out with time first, (T, N, D); the axes of `words` should stay as they "
        "are, and one more come last.",
        "Compare words.shape with the shape of what you return.",
    ),
    Mistake(
        "embedding-reshaped-to-time-first-and-back",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words.movedim(0, -1)].reshape(*words.shape, -1)",
        "The shape is right, but the vectors have changed places: axes were swapped by a reshape, "
        "which keeps the order in memory.",
        "Try reshape and transpose on torch.arange(6).view(2, 3). Do they give the same?",
    ),
    Mistake(
        "embedding-vector-axis-not-last",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words].movedim(-1, 1)",
        "The axis of the vectors comes second, as channels do in pictures; it should come last.",
        "Compare words.shape with the shape of what you return.",
    ),
    Mistake(
        "embedding-summed-over-words",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words].sum(dim=-2)",
        "The vectors of a caption are added up, a bag of words; each word keeps its own.",
        "What shape does the docstring promise?",
    ),
    Mistake(
        "embedding-null-is-zero",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words] * (words != 0)[..., None]",
        "Word 0 gets a vector of zeros; NULL has a row in `W_embed` like every word, and which id "
        "it has is not known here.",
        "The loss leaves NULL out. Is anything left to do here?",
    ),
    Mistake(
        "embedding-row-0-zeroed-in-place",
        EMBEDDING,
        LOOKUP,
        "W_embed.data[0] = 0\n    return W_embed[words]",
        "Row 0 of `W_embed` is set to zero in place: a forward function leaves its inputs alone.",
        "Compare W_embed before and after the call.",
    ),
    Mistake(
        "embedding-no-gradient-for-null",
        EMBEDDING,
        LOOKUP,
        "return nn.functional.embedding(words, W_embed, padding_idx=0)",
        "Row 0 of `W_embed` gets no gradient: word 0 is treated as padding.",
        "Which option of the library's embedding leaves a row untrained?",
    ),
    Mistake(
        "embedding-detached",
        EMBEDDING,
        LOOKUP,
        "return W_embed.detach()[words]",
        "`W_embed` is cut out of the graph (by `.detach()`, `.data` or a copy): the vectors"
        " would never be learnt.",
        "Print the grad_fn of what you return for a W_embed that requires a gradient.",
    ),
    Mistake(
        "embedding-normalised",
        EMBEDDING,
        LOOKUP,
        "return nn.functional.normalize(W_embed[words], dim=-1)",
        "The vectors are scaled to length 1; they should come as they stand in `W_embed`.",
        "Compare one vector with its row, number by number.",
    ),
    Mistake(
        "embedding-renormalised-in-place",
        EMBEDDING,
        LOOKUP,
        "return nn.functional.embedding(words, W_embed, max_norm=1.0)",
        "Rows of `W_embed` that are longer than 1 are cut down in place (`max_norm` does that): a "
        "forward function leaves its inputs alone.",
        "Compare W_embed before and after the call.",
    ),
    Mistake(
        "embedding-times-sqrt-D",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words] * math.sqrt(W_embed.shape[1])",
        "The vectors are multiplied by sqrt(D). Transformers do so; here a vector is the row as it "
        "is.",
        "Compare one vector with its row: what is the ratio?",
    ),
    Mistake(
        "embedding-through-tanh",
        EMBEDDING,
        LOOKUP,
        "return torch.tanh(W_embed[words])",
        "The vectors go through tanh; the lookup is linear, and the nonlinearity sits in the cell.",
        "Compare one vector with its row, number by number.",
    ),
    Mistake(
        "embedding-rounded-to-integers",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words].to(words.dtype)",
        "The vectors are cut to whole numbers: what they are written into took its dtype from "
        "`words`.",
        "Print the dtype of what you return. Which input should it come from?",
    ),
    Mistake(
        "embedding-always-float64",
        EMBEDDING,
        LOOKUP,
        "return W_embed[words].double()",
        "The vectors are float64 whatever `W_embed` is; float32 in should give float32 out.",
        "Is a dtype fixed somewhere that could be taken from W_embed?",
    ),
]

DIVISOR_MISTAKES = [
    Mistake(
        "loss-averaged-over-time",
        LOSS,
        MEAN,
        "return (-log_prob_of_target).sum() / targets.numel()",
        "The loss is divided by N * T; it should be summed over time and divided by N alone. The "
        "terms that are left out are counted in the divisor as well.",
        "Repeat every caption twice in time: the loss should double.",
    ),
    Mistake(
        "loss-averaged-over-words-that-count",
        LOSS,
        MEAN,
        "return (-log_prob_of_target).mean()",
        "The loss is divided by the number of targets that count; it should be summed over time and "
        "divided by N. With no target that counts it is 0/0.",
        "Which reduction do you use, and which one does the docstring describe?",
    ),
    Mistake(
        "loss-averaged-within-captions",
        LOSS,
        f"{IF_GIVEN}\n    {MEAN}",
        f"counted = {COUNTED}\n"
        "    return (-(log_prob_of_target * counted).sum(1) / counted.sum(1)).sum() / N",
        "Each caption's loss is divided by its own number of words: it should be summed over time, "
        "so that long captions weigh more.",
        "Is there a division for every row, before that by N?",
    ),
    Mistake(
        "loss-divided-by-T",
        LOSS,
        MEAN,
        "return (-log_prob_of_target).sum() / scores.shape[1]",
        "The loss is divided by T; it should be divided by N, the size of the batch.",
        "scores is (N, T, V): which entry of its shape do you divide by?",
    ),
    Mistake(
        "loss-divided-by-V",
        LOSS,
        MEAN,
        "return (-log_prob_of_target).sum() / scores.shape[2]",
        "The loss is divided by V, the size of the vocabulary; it should be divided by N.",
        "scores is (N, T, V): which entry of its shape do you divide by?",
    ),
    Mistake(
        "loss-not-divided",
        LOSS,
        MEAN,
        "return (-log_prob_of_target).sum()",
        "The loss is summed over the batch as well; it should be divided by N.",
        "Repeat every caption in the batch: the loss should stay the same.",
    ),
    Mistake(
        "loss-divided-by-N-twice",
        LOSS,
        MEAN,
        "return (-log_prob_of_target).sum() / N / N",
        "The loss is divided by N twice.",
        "Repeat every caption in the batch: the loss should stay the same.",
    ),
    Mistake(
        "loss-for-each-caption",
        LOSS,
        f"{IF_GIVEN}\n    {MEAN}",
        f"return -(log_prob_of_target * ({COUNTED})).sum(1) / N",
        "A loss for every caption is returned, (N,); wanted is one number, their sum over N.",
        "Which axes have you summed over, and which one is left?",
    ),
    Mistake(
        "loss-with-an-axis",
        LOSS,
        MEAN,
        "return (-log_prob_of_target).sum().reshape(1) / N",
        "The loss has the right value but the shape (1,); wanted is a 0-dim tensor.",
        "What is the shape of the tensor that you add the terms to?",
    ),
    Mistake(
        "loss-as-a-number",
        LOSS,
        MEAN,
        "return (-log_prob_of_target).sum().item() / N",
        "The loss is a plain number, no tensor any more: nothing can be learnt from it.",
        "When may .item() be called, and when not yet?",
    ),
    Mistake(
        "loss-detached",
        LOSS,
        MEAN,
        "return (-log_prob_of_target).sum().detach() / N",
        "The loss carries no graph (`.detach()`, `.data`, `no_grad` or a new tensor made of"
        " its value): nothing can be learnt from it.",
        "Print the grad_fn of the loss for scores that require a gradient.",
    ),
    Mistake(
        "loss-always-float64",
        LOSS,
        MEAN,
        "return (-log_prob_of_target).sum().double() / N",
        "The loss is float64 whatever comes in; float32 in should give float32 out.",
        "Is a dtype fixed somewhere that could be taken from scores?",
    ),
    Mistake(
        "loss-not-negated",
        LOSS,
        MEAN,
        "return log_prob_of_target.sum() / N",
        "The sign is missing: the loss is the log-probability itself, negative, and training would "
        "make the right words less probable.",
        "Can a cross-entropy be negative?",
    ),
]

MASK_MISTAKES = [
    Mistake(
        "loss-nothing-ignored",
        LOSS,
        IF_GIVEN,
        "",
        "`ignore_index` is not used: NULL targets count like any other.",
        "Change the scores where the target is ignored: the loss should not notice.",
    ),
    Mistake(
        "loss-ignores-0-if-asked-for-anything",
        LOSS,
        MASK,
        "targets != 0",
        "Targets equal to 0 are left out whatever `ignore_index` is: NULL is 0 in some "
        "vocabularies only.",
        "Which number does the caller hand you, and do you use it?",
    ),
    Mistake(
        "loss-ignores-0-always",
        LOSS,
        IF_GIVEN,
        "log_prob_of_target = log_prob_of_target[targets != 0]",
        "Targets equal to 0 are always left out: `ignore_index` is not looked at, be it another "
        "number or None.",
        "Which number does the caller hand you, and do you use it?",
    ),
    Mistake(
        "loss-ignores-0-when-given-None",
        LOSS,
        IF_GIVEN,
        f"ignore_index = ignore_index or 0\n    {MASKED}",
        "With `ignore_index=None` targets equal to 0 are left out; None means that all count.",
        "What do you put in the place of None?",
    ),
    Mistake(
        "loss-ignore-index-0-taken-for-none",
        LOSS,
        GIVEN,
        "if ignore_index:",
        "An `ignore_index` of 0 is taken for no ignore_index at all, since 0 counts as false: NULL "
        "targets are not left out.",
        "How does Python judge `if 0:` and `if None:`?",
    ),
    Mistake(
        "loss-ignores-up-to-ignore-index",
        LOSS,
        MASK,
        "targets > ignore_index",
        "All targets up to `ignore_index` are left out, not only those equal to it.",
        "What if NULL is not the smallest id?",
    ),
    Mistake(
        "loss-mask-inverted",
        LOSS,
        MASK,
        "targets == ignore_index",
        "The mask is inverted: only the targets to be ignored count.",
        "Is your mask true where a target counts, or where it does not?",
    ),
    Mistake(
        "loss-mask-on-predictions",
        LOSS,
        MASK,
        "scores.argmax(dim=2) != ignore_index",
        "What is left out are the places where NULL is predicted; it should be those where NULL is "
        "the target.",
        "Whose ids do you compare with ignore_index?",
    ),
    Mistake(
        "loss-mask-of-the-word-before",
        LOSS,
        MASK,
        "torch.cat([targets[:, :1], targets[:, :-1]], dim=1) != ignore_index",
        "The mask is shifted by a step: a target is left out when the word before it is NULL, not "
        "when it is NULL itself.",
        "Look at a caption with a single word and NULL after it: which terms are left?",
    ),
    Mistake(
        "loss-mask-from-the-first-ignored-on",
        LOSS,
        MASK,
        f"({MASK}).cumprod(dim=1).bool()",
        "Everything after the first ignored target of a caption is left out as well; only those "
        "equal to `ignore_index` should be.",
        "What if a target that counts comes after one that does not?",
    ),
    Mistake(
        "loss-mask-by-length",
        LOSS,
        MASK,
        f"torch.arange(targets.shape[1]) < ({MASK}).sum(dim=1, keepdim=True)",
        "As many targets count as are not NULL, but from the front: it is not looked at where the "
        "NULLs stand.",
        "What if a target that counts comes after one that does not?",
    ),
    Mistake(
        "loss-mask-of-the-first-caption",
        LOSS,
        MASKED,
        "log_prob_of_target = log_prob_of_target[:, targets[0] != ignore_index]",
        "The mask of the first caption is used for all captions of the batch.",
        "Give the second caption other NULLs than the first. Which ones count?",
    ),
    Mistake(
        "loss-mask-on-scores",
        LOSS,
        WHOLE,
        f"scores = scores * ({COUNTED}).unsqueeze(2)\n    {UNMASKED}\n    {MEAN}",
        "The scores of ignored targets are set to 0 before the softmax, and their terms stay in "
        "the sum: each of them adds log V.",
        "What is the cross-entropy of V equal scores?",
    ),
    Mistake(
        "loss-null-left-out-of-softmax",
        LOSS,
        SHIFTED,
        f"""if ignore_index is not None:
        null = torch.arange(scores.shape[2]) == ignore_index
        scores = scores.masked_fill(null, -math.inf)
    {SHIFTED}""",
        "NULL's score is taken out of the softmax: ignored are targets that are NULL, while NULL "
        "remains a word that can be predicted.",
        "Which of the two do you mask, the words in the vocabulary or the places in the caption?",
    ),
    Mistake(
        "loss-mask-broadcast",
        LOSS,
        IF_GIVEN,
        f"{GIVEN}\n        log_prob_of_target = log_prob_of_target[:, :, None] * ({MASK})",
        "The terms and the mask do not have the same shape, (N, T, 1) against (N, T): broadcasting "
        "either fails or mixes the captions.",
        "Print the shapes of both before you multiply them.",
    ),
    Mistake(
        "loss-None-given-to-cross-entropy",
        LOSS,
        WHOLE,
        CROSS_ENTROPY.replace("reduction", "ignore_index=ignore_index, reduction"),
        "`ignore_index=None`, which means that all targets count, is handed to cross_entropy: that "
        "one wants a number.",
        "Is there a number that no target ever is?",
    ),
    Mistake(
        "loss-changes-targets",
        LOSS,
        WHOLE,
        f"{GIVEN}\n        targets[targets == ignore_index] = -100\n    {CROSS_ENTROPY}",
        "`targets` is changed in place: the caller's captions are others afterwards.",
        "Compare targets before and after the call.",
    ),
]

SOFTMAX_MISTAKES = [
    Mistake(
        "loss-unstable",
        LOSS,
        SHIFTED,
        "shifted = scores",
        "Large scores are too much for it: exp overflows, or a probability becomes 0 and its"
        " log infinite. The loss should be finite for scores of 10,000.",
        "Softmax does not change when a number is subtracted from all scores of a place.",
    ),
    Mistake(
        "loss-log-of-probability-plus-epsilon",
        LOSS,
        LOG_PROBS,
        f"log_probs = ((shifted - {LOG_SUM}).exp() + 1e-8).log()",
        "A small number is added to the probabilities before the logarithm: the loss is slightly "
        "off everywhere, and far off for very improbable words.",
        "Can the logarithm of softmax be had without computing softmax first?",
    ),
    Mistake(
        "loss-maximum-not-added-back",
        LOSS,
        LOG_PROBS,
        f"log_probs = scores - {LOG_SUM}",
        "The maximum is subtracted from the scores in one place and not in the other: what is left "
        "are no log-probabilities.",
        "Add 5 to all scores: the loss should stay the same.",
    ),
    Mistake(
        "loss-softmax-over-time",
        LOSS,
        SOFTMAX,
        SOFTMAX.replace("dim=2", "dim=1"),
        "The softmax runs over the time steps; it should run over the words of the vocabulary.",
        "Over which axis of (N, T, V) should the probabilities add up to 1?",
    ),
    Mistake(
        "loss-softmax-over-batch",
        LOSS,
        SOFTMAX,
        SOFTMAX.replace("dim=2", "dim=0"),
        "The softmax runs over the batch; it should run over the words of the vocabulary.",
        "Over which axis of (N, T, V) should the probabilities add up to 1?",
    ),
    Mistake(
        "loss-softmax-over-time-and-words",
        LOSS,
        SOFTMAX,
        SOFTMAX.replace("dim=2", "dim=(1, 2)"),
        "The softmax runs over all words at all times of a caption together; each time has its own.",
        "Over which axis of (N, T, V) should the probabilities add up to 1?",
    ),
    Mistake(
        "loss-softmax-twice",
        LOSS,
        SHIFTED,
        f"scores = scores.softmax(dim=2)\n    {SHIFTED}",
        "The softmax is applied twice: once to the scores, and once more inside the loss, which "
        "wants scores and not probabilities.",
        "What does cross_entropy, or log_softmax, do with what it is given?",
    ),
    Mistake(
        "loss-log-base-2",
        LOSS,
        "keepdim=True).log()",
        "keepdim=True).log2()",
        "The logarithm of the sum is to base 2; exp needs the natural one.",
        "Which logarithm undoes exp?",
    ),
    Mistake(
        "loss-in-bits",
        LOSS,
        MEAN,
        "return (-log_prob_of_target).sum() / N / math.log(2)",
        "The loss is in bits, with logarithms to base 2; the natural logarithm is wanted.",
        "What is the ratio of your loss and the expected one?",
    ),
    Mistake(
        "loss-log-of-1-plus-sum",
        LOSS,
        "keepdim=True).log()",
        "keepdim=True).log1p()",
        "1 is added to the sum of exponentials (`log1p`): the probabilities add up to less than 1.",
        "Add up exp of your log-probabilities over the vocabulary.",
    ),
    Mistake(
        "loss-without-log",
        LOSS,
        f"{LOG_SUM}",
        "shifted.exp().sum(dim=2, keepdim=True)",
        "From the scores the sum of exponentials is subtracted itself; its logarithm is meant.",
        "Add up exp of your log-probabilities over the vocabulary.",
    ),
    Mistake(
        "loss-without-exp",
        LOSS,
        "shifted.exp().sum",
        "shifted.sum",
        "The logarithm is taken of the sum of the scores; the exponential is missing, and the "
        "logarithm of a negative number is nan.",
        "Which three functions make up log-sum-exp, and in which order?",
    ),
    Mistake(
        "loss-mean-of-exponentials",
        LOSS,
        "shifted.exp().sum",
        "shifted.exp().mean",
        "The exponentials are averaged over the vocabulary; they should be summed.",
        "Add up exp of your log-probabilities over the vocabulary.",
    ),
    Mistake(
        "loss-of-probabilities",
        LOSS,
        MEAN,
        "return (-log_prob_of_target.exp()).sum() / N",
        "The probabilities of the targets are added up, without logarithm.",
        "Which loss does a word with probability 1 have, and which one has a word with 0?",
    ),
    Mistake(
        "loss-softmax-not-normalised",
        LOSS,
        LOG_PROBS,
        "log_probs = shifted",
        "The log-sum-exp is missing: all that is left is how far the target's score lies below the "
        "largest.",
        "Add up exp of your log-probabilities over the vocabulary.",
    ),
    Mistake(
        "loss-of-raw-scores",
        LOSS,
        OF_TARGET,
        "scores.gather(2, targets.unsqueeze(2)).squeeze(2)",
        "The scores themselves are taken for log-probabilities (`nll_loss` does so): the softmax "
        "is missing.",
        "Add 5 to all scores: the loss should stay the same.",
    ),
    Mistake(
        "loss-sigmoid-for-softmax",
        LOSS,
        LOG_PROBS,
        "one_hot = nn.functional.one_hot(targets, scores.shape[2]).bool()\n    "
        "log_probs = nn.functional.logsigmoid(torch.where(one_hot, scores, -scores))\n    "
        "log_probs = log_probs.sum(dim=2, keepdim=True).expand_as(scores)",
        "Every word of the vocabulary gets a yes-or-no loss of its own (binary cross-entropy); "
        "here the words compete in one softmax.",
        "Add 5 to all scores: the loss should stay the same.",
    ),
    Mistake(
        "loss-normaliser-detached",
        LOSS,
        LOG_SUM,
        f"{LOG_SUM}.detach()",
        "The log-sum-exp is cut out of the graph: the gradient raises the target's score and"
        " lowers no other.",
        "Add up the gradient of the scores over the vocabulary: it should be 0.",
    ),
    Mistake(
        "loss-changes-scores",
        LOSS,
        SHIFTED,
        "shifted = scores.sub_(scores.detach().amax(dim=2, keepdim=True))",
        "The maximum is subtracted from `scores` in place: the caller's scores are others"
        " afterwards.",
        "Look for an operator with `=` in it (`-=`) or a method that ends in `_`.",
    ),
]

TARGET_MISTAKES = [
    Mistake(
        "loss-target-off-by-one",
        LOSS,
        "targets.unsqueeze(2)",
        "((targets - 1) % scores.shape[2]).unsqueeze(2)",
        "The log-probability of the word before the target in the vocabulary is taken, id k-1.",
        "Ids count from 0, and so do the entries of scores.",
    ),
    Mistake(
        "loss-target-picked-along-time",
        LOSS,
        OF_TARGET,
        "log_probs.gather(1, targets.unsqueeze(1)).squeeze(1)",
        "The targets pick along the time axis; they are ids of words and pick along the vocabulary.",
        "Which axis of (N, T, V) do ids from 0 to V-1 belong to?",
    ),
    Mistake(
        "loss-of-the-best-word",
        LOSS,
        OF_TARGET,
        "log_probs.amax(dim=2)",
        "The log-probability of the most probable word is taken; it should be the target's.",
        "Change the targets: does the loss notice?",
    ),
    Mistake(
        "loss-of-all-words",
        LOSS,
        OF_TARGET,
        "log_probs.sum(dim=2)",
        "The log-probabilities of all words are added up; only the target's counts.",
        "Change the targets: does the loss notice?",
    ),
    Mistake(
        "loss-scores-reshaped-for-cross-entropy",
        LOSS,
        BATCH,
        f"{BATCH}\n    "
        "scores = scores.reshape(N, scores.shape[2], scores.shape[1]).transpose(1, 2)",
        "The axes of time and vocabulary are swapped by a reshape, which keeps the order in memory: "
        "the scores of different words and times are mixed.",
        "Try reshape and transpose on torch.arange(6).view(2, 3). Do they give the same?",
    ),
    Mistake(
        "loss-scores-and-targets-flattened-differently",
        LOSS,
        "targets.unsqueeze(2)",
        "targets.T.reshape(*targets.shape, 1)",
        "The scores are flattened caption by caption and the targets step by step (or the other "
        "way round), so that a place meets the target of another.",
        "Try reshape and transpose on torch.arange(6).view(2, 3). Do they give the same?",
    ),
    Mistake(
        "loss-view-of-strided-targets",
        LOSS,
        "targets.unsqueeze(2)",
        "targets.view(-1).reshape(*targets.shape, 1)",
        "`view` fails when `targets` is not contiguous in memory; `captions[:, 1:]` is not.",
        "What does the error message advise to use?",
    ),
    Mistake(
        "loss-first-step-missing",
        LOSS,
        BATCH,
        f"{BATCH}\n    scores, targets = scores[:, 1:], targets[:, 1:]",
        "The first time step is left out: START has been cut off before, the first target is a word "
        "already.",
        "What is the loss of a single time step?",
    ),
    Mistake(
        "loss-last-step-missing",
        LOSS,
        BATCH,
        f"{BATCH}\n    scores, targets = scores[:, :-1], targets[:, :-1]",
        "The last time step is left out; every step up to T counts.",
        "What is the loss of a single time step?",
    ),
    Mistake(
        "loss-targets-shifted-again",
        LOSS,
        BATCH,
        f"{BATCH}\n    scores, targets = scores[:, :-1], targets[:, 1:]",
        "The targets are shifted by one against the scores. The caller has done that already: "
        "scores and targets at the same time belong together.",
        "What is the loss of a single time step?",
    ),
    Mistake(
        "loss-last-step-only",
        LOSS,
        BATCH,
        f"{BATCH}\n    scores, targets = scores[:, -1:], targets[:, -1:]",
        "Only the last time step counts; the loss is summed over all.",
        "Change the scores of the first step: the loss should notice.",
    ),
    Mistake(
        "loss-first-caption-only",
        LOSS,
        BATCH,
        f"{BATCH}\n    scores, targets = scores[:1], targets[:1]",
        "Only the first caption of the batch counts; the loss is summed over all before it is "
        "divided by N.",
        "Change the scores of the second caption: the loss should notice.",
    ),
    Mistake(
        "loss-view-of-strided-scores",
        LOSS,
        "N = scores.shape[0]",
        """N = scores.shape[0]
    scores = scores.view(-1, scores.shape[2]).view(scores.shape)""",
        "`view` fails when `scores` does not lie contiguous in memory, as after a slice or a"
        " transpose.",
        "What does the error message advise to use?",
    ),
]

MISTAKES = [
    *EMBEDDING_MISTAKES,
    *DIVISOR_MISTAKES,
    *MASK_MISTAKES,
    *SOFTMAX_MISTAKES,
    *TARGET_MISTAKES,
]
