"""What may stand in the place of a call, by the name of its function, and how it is said."""

import ast
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from checks.judging.formula.words import text


def call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


@cache
def parsed(template: str) -> ast.expr:
    return ast.parse(template, mode="eval").body


def filled(template: str, arguments: Sequence[ast.expr]) -> ast.expr:
    """The expression with _0, _1 ... replaced by the arguments."""
    return _filled(parsed(template), arguments)


def _filled(node: ast.expr, arguments: Sequence[ast.expr]) -> ast.expr:
    if isinstance(node, ast.Name):
        place = node.id.removeprefix("_")
        return arguments[int(place)] if place.isdigit() else node
    if isinstance(node, ast.Call):
        return call(node.func.id, *[_filled(each, arguments) for each in node.args])
    if isinstance(node, ast.BinOp):
        sides = [_filled(side, arguments) for side in (node.left, node.right)]
        return ast.BinOp(sides[0], node.op, sides[1])
    if isinstance(node, ast.UnaryOp):
        return ast.UnaryOp(node.op, _filled(node.operand, arguments))
    return node


def _of_steps(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    array, t = node.args[0], ast.Name("t", ast.Load())
    what = text(array)
    if isinstance(node.args[1], ast.Constant):
        return
    last = ast.parse("T - 1", mode="eval").body
    for other, said in (
        (ast.BinOp(t, ast.Sub(), ast.Constant(1)), "of the step before"),
        (ast.BinOp(t, ast.Add(), ast.Constant(1)), "of the step after"),
        (ast.Constant(0), "of the first step"),
        (last, "of the last step"),
        (ast.BinOp(last, ast.Sub(), t), "counted from the end"),
    ):
        yield call("at", array, other), f"at every step the `{what}` {said} is taken"


def _of_order(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    other, said = ("backwards", "from the last step to the first")
    if node.func.id == "backwards":
        other, said = ("forwards", "from the first step to the last")
    yield call(other, *node.args), f"the loop runs {said}"
    yield call("without_first", node), "the loop does not come to the first step, t = 0"
    yield call("without_last", node), "the loop does not come to the last step"


def _others(*pairs: tuple[str, str]) -> Callable:
    """Other expressions for a call, _0 its first argument; in what is said, {} is that argument."""

    def alternatives(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
        for template, said in pairs:
            yield filled(template, node.args), said.format(*map(text, node.args))

    return alternatives


def _of_zeros(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    yield node.args[0], f"`{text(node.args[0])}` stands where zeros belong"
    yield call("ones", *node.args), "ones stand where zeros belong"


PARTNERS = {"next_h": "next_c", "next_c": "next_h", "dprev_h": "dprev_c", "dprev_c": "dprev_h"}


def _of_parts(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    name = node.args[1].value
    if name in PARTNERS:
        other = PARTNERS[name]
        said = f"the `{other}` of the step stands where its `{name}` belongs"
        yield call("of", node.args[0], ast.Constant(other)), said


NOT_THE_MEAN = "over the positions of `{}` is taken, not the mean"
MEANS = _others(
    ("largest(_0)", f"the largest {NOT_THE_MEAN}"),
    ("smallest(_0)", f"the smallest {NOT_THE_MEAN}"),
    ("median(_0)", f"the median {NOT_THE_MEAN}"),
    ("all_positions(_0)", f"the sum {NOT_THE_MEAN}"),
    ("first_position(_0)", "the first position of `{}` is taken, not the mean"),
    ("last_position(_0)", "the last position of `{}` is taken, not the mean"),
    ("zeros_of(_0)", "zeros are taken, not the mean of `{}`"),
    ("all_positions(_0) / (height * height)", "the sum of `{}` is divided by h * h, not by h * w"),
    ("all_positions(_0) / (width * width)", "the sum of `{}` is divided by w * w, not by h * w"),
    ("all_positions(_0) / height", "the sum of `{}` over the positions is divided by h alone"),
    ("all_positions(_0) / width", "the sum of `{}` over the positions is divided by w alone"),
    ("all_positions(_0) / H", "the sum of `{}` over the positions is divided by H, not by h * w"),
    ("all_positions(_0) / sqrt(P)", "the sum of `{}` is divided by the root of h * w"),
)
MASKS = (  # which targets count; with `given`, where there is an ignore_index
    ("only(_0, _1)", "only the targets equal to `ignore_index` count, which should not"),
    ("counting(_0, 0)", "targets that are 0 do not count, whatever `ignore_index` is"),
    ("over(_0, _1)", "only targets above `ignore_index` count"),
    ("below(_0, _1)", "only targets below `ignore_index` count"),
    ("ones(_0) - below(_0, _1)", "only targets that are `ignore_index` or above count"),
    ("ones(_0) - over(_0, _1)", "only targets that are `ignore_index` or below count"),
    ("ones(_0) * 0", "no target counts"),
    ("until_ignored(_0, _1)", "nothing counts from the first target that is `ignore_index` on"),
    ("counting(later(_0), _1)", "whether a target counts is read off the target after it"),
    ("counting(earlier(_0), _1)", "whether a target counts is read off the target before it"),
)
OTHERS = {
    "at": _of_steps,
    "of": _of_parts,
    "equal": _others(("opposite(equal(_0, _1))", "every word but {1} ends a row")),
    "forwards": _of_order,
    "backwards": _of_order,
    "zeros": _of_zeros,
    "look": _others(("look(middle(_1), _1)", "the first state is the query at every step")),
    "middle": MEANS,
    "summed": _others(
        ("averaged(_0)", "the `{}` of all steps are averaged, not summed"),
        ("computed_last(_0)", "only the `{}` of the step computed last counts, not the sum"),
        ("computed_first(_0)", "only the `{}` of the step computed first counts, not the sum"),
        ("all_but_last(_0)", "the `{}` of the step computed last is not added"),
        ("all_but_first(_0)", "the `{}` of the step computed first is not added"),
    ),
    "stacked": _others(
        ("stacked_backwards(_0)", "the steps stand in reversed order"),
        ("one_late(_0)", "everything stands one step too late"),
        ("one_early(_0)", "everything stands one step too early"),
        ("last_everywhere(_0)", "what the last step gave stands at every step"),
        ("zeros_but_last(_0)", "only the last step is filled in, all others are zeros"),
        ("after_start(_0)", "START stands in the first column, and all words one column later"),
    ),
    "rows": _others(
        ("rows(_0, _1 + 1)", "each word gets the row after its own"),
        ("rows(_0, _1 - 1)", "each word gets the row before its own"),
        ("rows(_0, V - 1 - _1)", "the rows are counted from the end"),
        ("rows(_0, _1 * 0)", "every word gets row 0"),
        ("_0", "all of `W_embed` comes back, whatever the words"),
        ("rows(_0, _1) / sqrt(D)", "each vector is divided by sqrt(D)"),
        ("rows(_0, _1) * sqrt(D)", "each vector is multiplied by sqrt(D)"),
    ),
    "added": _others(
        (
            "last_one(_0, _1, V)",
            "of equal words only the last one counts: the others are overwritten",
        ),
        ("averaged_rows(_0, _1, V)", "the gradients of equal words are averaged, not added up"),
        ("added(_0, _1 + 1, V + 1)", "each gradient lands in the row after that of its word"),
        ("added(_0, V - 1 - _1, V)", "the rows are counted from the end"),
        ("added(_0, _1 * 0, V)", "all gradients land in row 0"),
        ("added(_0, _1, V) * 0", "nothing is added: zeros come back"),
    ),
    "one_hot": _others(
        ("most_likely(scores)", "1 stands at the word with the highest score, not at the target"),
        ("one_hot(later(_0), V)", "the target of the next step is taken"),
        ("one_hot(earlier(_0), V)", "the target of the step before is taken"),
        ("1 - one_hot(_0, V)", "1 stands at all words but the target"),
        ("one_hot(_0, V) * 0 + 1 / V", "the target counts no more than any other word"),
    ),
    "pick": _others(
        ("all_words(_0)", "the numbers of all V words are added up, not that of the target alone"),
        ("greatest(_0)", "the number of the most likely word is taken, not that of the target"),
        ("pick(_0, later(_1))", "the target of the next step is taken"),
        ("pick(_0, earlier(_1))", "the target of the step before is taken"),
    ),
    "counting": _others(
        ("ones(_0)", "all targets count, also those equal to `ignore_index`"),
        *(
            (f"{'given(' * late}{mask}{', _1)' * late}", said)
            for mask, said in MASKS
            for late in (1, 0)
        ),
        *(
            (f"given(counting(_0, {word}), _1)", f"targets that are {word} do not count")
            for word in ("N", "T", "V")
        ),
    ),
    "log_softmax": _others(
        ("log_softmax(_0, 0)", "the softmax runs over the batch, not over the words"),
        ("log_softmax(_0, 1)", "the softmax runs over the steps, not over the words"),
        ("softmax(_0, 2)", "the logarithm is left out"),
        ("log(sigmoid(_0))", "a sigmoid stands where the softmax belongs"),
        ("_0", "the softmax is left out"),
        ("log_softmax(softmax(_0, 2), 2)", "the softmax is applied twice"),
        ("_0 - log_sum(_0, 1)", "the sum in the softmax runs over the steps, not over the words"),
        ("_0 - log_sum(_0, 0)", "the sum in the softmax runs over the batch, not over the words"),
        ("log_softmax(_0, 2) / log(2)", "the logarithm is that with base 2"),
        ("log_softmax(_0, 2) / log(10)", "the logarithm is that with base 10"),
        (
            "_0 - log_sum(shifted(_0, 2), 2)",
            "`m` is subtracted in the sum, and not from the score of the target",
        ),
        ("shifted(_0, 0) - log_sum(shifted(_0, 2), 2)", "`m` is not the same in both places"),
        *(
            (
                f"shifted(_0, {axis}) - log_sum(shifted(_0, {axis}), 2)",
                f"`m` is the largest over the {what}, not over the words",
            )
            for axis, what in ((0, "batch"), (1, "steps"))
        ),
        *(
            (
                f"shifted(_0, 2) - log_sum(shifted(_0, 2), {axis})",
                f"the sum in the softmax runs over the {what}, not over the words",
            )
            for axis, what in ((0, "batch"), (1, "steps"))
        ),
        ("shifted(_0, 2) - log_sum(_0, 2)", "`m` is subtracted from the score of the target alone"),
    ),
    "everything": _others(
        ("mean_of_all(_0)", "the mean over all places is taken, not the sum"),
        ("everything(_0) / number", "the mean over the targets that count is taken, not the sum"),
        ("everything(first_step(_0))", "only the first step counts"),
        ("everything(last_step(_0))", "only the last step counts"),
        ("everything(first_row(_0))", "only the first row of the batch counts"),
        ("everything(not_first(_0))", "the first step does not count"),
        ("everything(not_last(_0))", "the last step does not count"),
    ),
    "not_last": _others(
        ("not_first(_0)", "the words of the next step are read, `captions[:, 1:]`"),
        ("_0", "all words are read, also the last"),
        ("all_start(_0)", "START is read at every step"),
    ),
    "not_first": _others(
        ("not_last(_0)", "the words that are read are wanted, `captions[:, :-1]`"),
        ("_0", "all words are wanted, also START"),
    ),
    "image_projection": _others(
        ("without_bias(_0)", "the bias of `image_projection` is not added"),
        ("relu(image_projection(_0))", "`relu` follows `image_projection`, where nothing belongs"),
        ("tanh(image_projection(_0))", "`tanh` follows `image_projection`, where nothing belongs"),
        (
            "sigmoid(image_projection(_0))",
            "`sigmoid` follows `image_projection`, where nothing belongs",
        ),
        ("zeros(image_projection(_0))", "zeros stand where the projected image belongs"),
        (
            "everywhere_middle(image_projection(_0))",
            "every position holds the mean of all positions",
        ),
        ("normal(image_projection(_0))", "the projected image is brought to length 1"),
        ("image_projection(normal(_0))", "the features are brought to length 1 before"),
        (
            "image_projection(turned_grid(_0, height, width))",
            "rows and columns of the grid are exchanged",
        ),
    ),
    "vocabulary_projection": _others(
        ("no_bias(_0)", "the bias of `vocabulary_projection` is not added"),
        (
            "vocabulary_projection(tanh(_0))",
            "`tanh` is applied to the state before `vocabulary_projection`",
        ),
        (
            "vocabulary_projection(relu(_0))",
            "`relu` is applied to the state before `vocabulary_projection`",
        ),
        (
            "softmax(vocabulary_projection(_0), 2)",
            "a softmax stands before the loss, which has one in it",
        ),
        ("log_softmax(vocabulary_projection(_0), 2)", "a log-softmax stands before the loss"),
    ),
    "cell": _others(
        (
            "one_step_late(cell(_0, _1), _1)",
            "the scores of a step come from the state before that step",
        ),
        ("cell(_0, zeros(_1))", "the cell gets zeros for the image"),
        ("last_for_all(cell(_0, _1))", "the state after the last step is used at all steps"),
    ),
    "temporal_softmax_loss": _others(
        (
            "temporal_softmax_loss(_0, _1, _2) / T",
            "the loss is divided by the number of steps as well",
        ),
        ("temporal_softmax_loss(_0, _1, _2) * N", "the loss is multiplied by N"),
        (
            "temporal_softmax_loss(_0, _1, _2) * N / number",
            "the loss is divided by the number of targets that count, where it should be by N",
        ),
        (
            "temporal_softmax_loss(_0, _1, nothing)",
            "nothing is ignored, whatever `ignore_index` is",
        ),
    ),
    "argmax": _others(
        ("argmin(_0)", "the word with the lowest score is taken"),
        ("second(_0)", "the word with the second highest score is taken"),
    ),
    "unless": _others(
        ("_1", "words go on after END: no NULL is put there"),
        ("unless(either(_0, equal(_1, END)), _1, _2)", "END itself is replaced by NULL"),
        ("unless(_0, _1, END)", "END stands after END, where NULL belongs"),
        ("unless(opposite(_0), _1, _2)", "NULL stands before END, and words after it"),
    ),
    "either": _others(
        ("_1", "a row has ended only in the very step of its END: later words follow again"),
        ("_0", "no row ever ends"),
        ("both(_0, _1)", "a row ends only if it has ended before"),
        ("either(_0, equal(said, NULL))", "a row ends at NULL, not at END"),
        ("all_rows(either(_0, _1))", "rows end only when all have ended"),
        ("any_row(either(_0, _1))", "all rows end as soon as one has ended"),
    ),
}
