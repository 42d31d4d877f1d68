"""Hand-ins of other courses in which the checks once told something untrue, or refused what is right.

Each is a right hand-in with a few texts replaced; kinds K1 to K18, the first of a kind as it was found.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from checks.cases import EXERCISES
from checks.engine import check_file
from checks.faces.asked import with_needs
from checks.hand_ins.hand_in import open_file, quotable
from checks.judging.allowed import AXES, GRID, NULL
from checks.judging.judge import FLOAT32, judge
from checks.judging.verdicts import Standing
from checks.running.runner import run
from checks.running.sources import Here
from checks.running.watchdog import LIMITS

FOLDER = Path(__file__).parent / "layouts"
M, F = "methods_plain", "functions_plain"
LOOK, STEP, ATTN = "dot_product_attention", "rnn_step_backward", "attention_lstm_forward"
LOSS, EMBED = "temporal_softmax_loss", "word_embedding_forward"
SEQUENCE, BACK = "lstm_forward", "rnn_backward"
FORWARD, SAMPLE = "CaptioningRNN.forward[{}]", "CaptioningRNN.sample[{}]"
RNN, LSTM, ATT = (SAMPLE.format(cell) for cell in ("rnn", "lstm", "attn"))

# places in the two files
WEIGHTED = "torch.bmm(A_flat, attn_weights.transpose(1, 2)).squeeze(-1)"
SUMMED = "(A_flat * attn_weights).sum(-1)"
SOFTMAX = "torch.softmax(scores, dim=-1)"
SCALED = "A_flat) / math.sqrt(H)"
F_SCALED = "prev_h.unsqueeze(1).matmul(A_flat).squeeze(1) / math.sqrt(H)"
ASKED = "attn, _ = dot_product_attention(prev_h, A)"
STEPPED = "self.step_forward(x[:, t], prev_h, prev_c, attn)\n            hn"
IGNORED = "ignore_index=self.ignore_index)"
PROJECTION = "self.feature_proj = nn.Linear(input_dim, hidden_dim)"
POOLED = "features.mean(dim=(2, 3))"
FLAT = 'nn.Linear(input_dim * (1 if cell_type in ("attn", "attention") else 16), hidden_dim)'
LINEAR = "nn.Linear(input_dim, hidden_dim)"
HN = "hn = torch.zeros(N, T, h0.shape[1], dtype=x.dtype, device=x.device)"
DOUBLE = "hn = torch.zeros(N, T, h0.shape[1], dtype=torch.float64)"
EMBEDDED = "out = self.W_embed[x]"
LOOP = "        for t in range(max_length):\n"
FROM_1 = "        captions[:, 0] = self._start\n        for t in range(1, max_length):\n"
START = "torch.full((N,), self._start, dtype=torch.long, device=images.device)"
F_START = "self._start * torch.ones(N, device=images.device).long()"
STORED = "captions[:, t] = words\n"
CARRIED = (
    "prev_h, c = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)\n        h[:, t, :] = prev_h",
    "h[:, t, :], c = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)\n        prev_h = h[:, t, :]",
)
STATE = "prev_h = self.feature_proj(features.mean(dim=(2, 3)))"
F_STATE = "prev_h = self.feat_proj(feat)\n"
C0_ZERO = ("        c0 = h0\n", "        c0 = 0 * h0\n")
GATE_B = "        self.b = nn.Parameter(torch.zeros(hidden_dim * 4))\n"
H_BUFFER = "h = torch.zeros(N, T, H, dtype=x.dtype, device=x.device)"

GONE = "with one image, N = 1, the batch axis is gone, as after a `squeeze()` that names no axis"
GONE_H = f"it should be (N, H): {GONE}"
TAKEN = "a `squeeze()` that names no axis takes the batch axis as well"
FLATTENED = "The whole feature grid is flattened"
SHARED = "takes part in the computation, and is no parameter of what is asked for"
COLLECTED = "comes to `rnn_step_backward` in line 92 as float64, where all that went in is float32"
CONTIGUOUS = "`.view` takes contiguous tensors alone, and `{}` is not contiguous here"
STRIDED_X = CONTIGUOUS.format("x")
LATE = "Column 0 of `captions` holds START, and every word stands one column late"
N_STEPS = "no more than 3 words are sampled. That is the number of images, N"
UNFILLED = "It computes with memory that nobody has filled"
PICKS = "picks entries in `{}`: that takes a mask of bool, or ids of int64"
EACH_STEP = "and should have an entry for each of the T = 4 steps"
CHANCE = "gives two different results: there is chance in it, as dropout brings"


@dataclass(frozen=True)
class Found:
    """A hand-in, what is asked of it, and the verdict: its status, what is said, what must not be said."""

    kind: str
    stem: str
    changes: tuple[tuple[str, str], ...]
    exercise: str
    status: str = "failed"
    said: str = ""
    unsaid: str = "shape '["


def failing(kind, stem, exercise, said, *changes, unsaid="shape '["):
    return Found(kind, stem, changes, exercise, "failed", said, unsaid)


def right(kind, stem, exercise, note, *changes):
    return Found(kind, stem, changes, exercise, "passed", note)


FOUND = [
    # K1: the excused grid does not hide the fault
    failing("K1", M, LOOK, TAKEN, ("attn_weights.transpose(1, 2)", "attn_weights.view(N, -1, 1)"),
            (SCALED, "A_flat).squeeze() / math.sqrt(H)"), (SOFTMAX, "torch.softmax(scores, dim=1)")),
    failing("K1", M, ATTN, "`attn` is not handed over to `step_forward` in line 314",
            (STEPPED, STEPPED.replace(", attn", ""))),
    failing("K1", M, LOOK, "divided by H", (SCALED, "A_flat) / H")),
    failing("K1", M, LOOK, "an axis with a single entry", (SOFTMAX, "torch.softmax(scores, dim=1)")),
    failing("K1", F, LOOK, TAKEN, (F_SCALED, F_SCALED.replace("squeeze(1) /", "squeeze() /"))),
    failing("K1", F, ATTN, "starts from zeros", ("    c0 = h0\n", "    c0 = 0 * h0\n")),
    failing("K1", M, ATTN, "`prev_h` comes to `dot_product_attention` in line 313 as (3, 7, 2, 6)",
            (ASKED, ASKED.replace("prev_h, A", "A, prev_h"))),
    # K2: leaving NULL out whatever is asked is allowed, leaving out word 0 is not
    right("K2", M, FORWARD.format("rnn"), NULL, (IGNORED, "ignore_index=self._null)")),
    right("K2", F, FORWARD.format("lstm"), NULL, (IGNORED, "ignore_index=self._null)")),
    right("K2", M, FORWARD.format("attn"), NULL, (IGNORED, 'ignore_index=word_id)'), (
        "        captions_in =", '        word_id = self.word_to_idx["<NULL>"]\n        captions_in =')),
    right("K2", M, FORWARD.format("rnn"), NULL, ("ignore_index=ignore_index, red", "ignore_index=-1, red"), (
        "captions_out, " + IGNORED, "captions_out.masked_fill(captions_out == self._null, -1))")),
    failing("K2", M, FORWARD.format("rnn"), "Word 0 is left out", (IGNORED, "ignore_index=0)"), unsaid=NULL),
    # K3: another order of the same sums
    right("K3", M, FORWARD.format("attn"), NULL, (IGNORED, "ignore_index=self._null)"), (WEIGHTED, SUMMED)),
    right("K3", F, FORWARD.format("attn"), GRID, ("A_flat.matmul(attn_weights.unsqueeze(2)).squeeze(2)",
                                                  "(A_flat * attn_weights.unsqueeze(1)).sum(2)")),
    failing("K3", M, ATTN, "starts from zeros", (WEIGHTED, SUMMED), C0_ZERO),
    failing("K3", M, LOOK, "divided by H", (WEIGHTED, SUMMED), (SCALED, "A_flat) / H")),
    # K4: layers of another width are finished code
    *(failing("K4", M, EXERCISE.format(cell), FLATTENED, (LINEAR, FLAT), (POOLED, "features.flatten(1)"))
      for EXERCISE in (FORWARD, SAMPLE) for cell in ("rnn", "lstm")),
    failing("K4", F, LSTM, "`feat_proj` takes 20480 numbers an image, 1280 channels at each of 16 positions",
            ('pooling=cell_type != "attention"', "pooling=False"), (LINEAR, FLAT),
            ("self.feat_proj(feat)\n", "self.feat_proj(feat.flatten(1))\n")),
    failing("K4", M, FORWARD.format("rnn"), "(7, 400) is needed; there is `feature_proj.weight` (5, 400)",
            (PROJECTION, PROJECTION.replace("hidden_dim", "wordvec_dim"))),
    failing("K4", M, FORWARD.format("lstm"), "the scores of the words a weight of (11, 7) is needed",
            ("nn.Linear(hidden_dim, vocab_size)", "nn.Linear(hidden_dim, wordvec_dim)")),
    failing("K4", M, RNN, "The layer for the image features has no bias",
            (PROJECTION, PROJECTION.replace("hidden_dim)", "hidden_dim, bias=False)"))),
    failing("K4", M, RNN, "a Wh of (7, 7) is needed; there is `rnn.Wh` (5, 7)",
            ("torch.randn(hidden_dim, hidden_dim).div", "torch.randn(input_dim, hidden_dim).div")),
    # K5: a layer that nothing fills takes part, or does not
    failing("K5", M, RNN, FLATTENED, (PROJECTION, f"self.flat = {FLAT}\n        "
            "self.feature_proj = nn.Conv2d(input_dim, hidden_dim, 1)"),
            (f"self.feature_proj({POOLED})", "self.flat(features.flatten(1))"), unsaid="zero"),
    failing("K5", M, RNN, f"`pool.weight`, of shape (1, 16), {SHARED}",
            (PROJECTION, f"{PROJECTION}; self.pool = nn.Linear(16, 1)"),
            (POOLED, "self.pool(features.flatten(2)).squeeze(2)")),
    failing("K5", M, FORWARD.format("lstm"), f"`norm.weight`, of shape (7,), {SHARED}",
            (PROJECTION, f"{PROJECTION}; self.norm = nn.LayerNorm(hidden_dim)"),
            ("self.output_proj(h)", "self.output_proj(self.norm(h))")),
    failing("K5", M, "lstm_step_forward", f"`d`, of shape (7,), {SHARED}", (GATE_B, GATE_B + GATE_B.replace(
        "self.b", "self.d").replace("zeros(hidden_dim * 4)", "randn(hidden_dim)")),
        ("next_h = o * torch.tanh(next_c)", "next_h = o * torch.tanh(next_c) + self.d")),
    right("K5", M, LSTM, "", (PROJECTION, f"{PROJECTION}; self.norm = nn.LayerNorm(hidden_dim)")),
    # K6: which argument lost its axis
    *(failing("K6", M, exercise, f"(H,), {GONE_H}",
              (POOLED, "F.avg_pool2d(features, 4).squeeze()"), unsaid="how many steps")
      for exercise in (LSTM, FORWARD.format("rnn"), FORWARD.format("lstm"))),
    failing("K6", M, LSTM, f"`prev_h` comes to `step_forward` in line 215 as (H,), {GONE_H}",
            (STATE, f"{STATE}.squeeze()")),
    failing("K6", F, LSTM, GONE, ("self.feat_proj(feat)\n", "self.feat_proj(feat.squeeze())\n")),
    failing("K6", M, SEQUENCE, f"in line 260 as (D,), it should be (N, D): {GONE}",
            ("x[:, t], prev_h, prev_c)", "x[:, t].squeeze(), prev_h, prev_c)"),
            ("        H = prev_h.shape[1]\n", "        N, D = x.shape\n        H = prev_h.shape[1]\n")),
    # K7: float32 inside, in whatever words torch puts it
    right("K7", M, ATTN, FLOAT32, (f"{HN}\n        for t in range(T):\n            attn", (
        "hn = torch.zeros(N, T, h0.shape[1])\n        for t in range(T):\n"
        "            prev_h = hn[:, t - 1].clone() if t else h0\n            attn"))),
    right("K7", F, ATTN, FLOAT32, ("    prev_h, prev_c = h0, c0\n", "    prev_h, prev_c = h0.float(), c0\n")),
    right("K7", M, SEQUENCE, FLOAT32, ("c0 = torch.zeros_like(h0)", "c0 = torch.zeros(h0.shape)"), (
        "next_c = f * prev_c", "next_c = f * torch.einsum('nh,hk->nk', prev_c, torch.eye(H))")),
    right("K7", M, ATTN, FLOAT32, (ASKED, "attn, _ = dot_product_attention(prev_h.float(), A)")),
    # K8: what is asked of other functions is asked on the square grid as well
    *(failing("K8", M, exercise, "float64", (HN, DOUBLE)) for exercise in (SEQUENCE, ATTN)),
    failing("K8", M, LOOK, CONTIGUOUS.format("A"), ("A.reshape(N, H, -1)", "A.view(N, H, -1)")),
    failing("K8", M, ATTN, "with a single time step (T = 1)", (HN, f"x = x.squeeze(1)\n        {HN}"),
            unsaid="N = 1"),
    failing("K8", M, ATTN, "with a single hidden unit (H = 1)", ("h0 = A.mean(dim=(2, 3))",
                                                                  "h0 = A.mean(dim=(2, 3)).squeeze(1)")),
    # K9: where another dtype comes from
    failing("K9", M, BACK, f"`dnext_h` {COLLECTED}",
            ("dh0 = torch.zeros_like(prev_h)", "dh0 = torch.zeros(N, H, dtype=torch.float64)")),
    failing("K9", F, BACK, COLLECTED,
            ("dh0 = torch.zeros(N, H, dtype=dh.dtype", "dh0 = torch.zeros(N, H, dtype=torch.float64")),
    failing("K9", M, BACK, "`dWx` is float64", ("torch.zeros_like(Wx)", "Wx.double() * 0")),
    failing("K9", M, STEP, "In `dtanh @ Wx.T`, `dtanh` is float64, where all that went in is float32",
            ("(1 - next_h**2)", "(1 - next_h**2).double()")),
    # K10: which tensor is not contiguous
    failing("K10", M, LOSS, STRIDED_X, (
        "x.transpose(1, 2), y,", "x.view(-1, x.shape[2]), y.reshape(-1),"), unsaid="`targets`"),
    failing("K10", F, LOSS, STRIDED_X, ("x.reshape(-1", "x.view(-1")),
    failing("K10", F, LOSS, CONTIGUOUS.format("y"), ("y.reshape(-1)", "y.view(-1)")),
    failing("K10", M, SEQUENCE, STRIDED_X, (
        "x.shape\n        prev_h, prev_c", "x.shape\n        x = x.view(N * T, D).view(N, T, D)\n"
        "        prev_h, prev_c")),
    # K11: words of shape (N, T) alone
    right("K11", M, EMBED, AXES, (EMBEDDED, f"N, T = x.shape; {EMBEDDED}")),
    right("K11", F, EMBED, AXES, (EMBEDDED, (
        "B, L = x.size(); out = self.W_embed[x.reshape(B * L)].reshape(B, L, -1)"))),
    right("K11", M, EMBED, AXES, (EMBEDDED, (
        "out = torch.stack([torch.stack([self.W_embed[word] for word in row]) for row in x])"))),
    failing("K11", M, RNN, "`x` has the shape (3,), and 2 sizes are taken from it. So line 211 hands it over",
            (EMBEDDED, f"N, T = x.shape; {EMBEDDED}"), unsaid="h and c"),
    failing("K11", M, EMBED, "the row before", (EMBEDDED, "N, T = x.shape; out = self.W_embed[x - 1]")),
    # K13: the plain case before a crash in another
    failing("K13", M, ATT, f"{LATE}: column 0 is for the first word chosen. From column 4 on there is NULL: "
            f"{N_STEPS}", (LOOP, FROM_1.replace("max_length", "N + 1")),
            ("                attn_weights_all[:, t] = attn_weights\n", ""), unsaid="same in every row"),
    failing("K13", M, RNN, "Also: The loop makes as many steps as there are images",
            (LOOP, FROM_1.replace("max_length", "N + 1")), unsaid="larger than its axis"),
    failing("K13", M, RNN, "as many steps as there are images", (LOOP, LOOP.replace("max_length", "N"))),
    failing("K13", M, LSTM, "holds START for image 0 and NULL for the others",
            (LOOP, FROM_1.replace("captions[:, 0]", "captions[0]"))),
    failing("K13", F, RNN, "no more than 6 words are sampled.", (LOOP, LOOP.replace("h)", "h - 3)")),
            unsaid="number of images"),
    failing("K13", M, ATT, "Every column is NULL", (f"            {STORED}", "")),
    # K14: memory that nobody has filled, and memory that is filled
    *(failing("K14", stem, exercise, UNFILLED, (old, "self._start * images.new(N).long()"))
      for stem, old in ((M, START), (F, F_START)) for exercise in (RNN, ATT)),
    failing("K14", M, RNN, UNFILLED, (START, "torch.empty(N, dtype=torch.long); words[0] = self._start")),
    failing("K14", M, LSTM, "(line 209, `words = torch.LongTensor(N)`)", (START, "torch.LongTensor(N)")),
    failing("K14", M, SEQUENCE, UNFILLED, ("c0 = torch.zeros_like(h0)", "c0 = torch.empty_like(h0)")),
    right("K14", M, "rnn_forward", "", (H_BUFFER, H_BUFFER.replace("zeros", "empty"))),
    # K15: what is used as a mask
    failing("K15", M, RNN, "`going` is float64 and " + PICKS.format("words[going]"),
            (LOOP, f"        going = images.new_full((N,), True)\n{LOOP}"), (STORED, (
                "captions[going, t] = words[going]\n            going[words == self._end] = False\n"))),
    failing("K15", M, LSTM, "`going` is float32 and " + PICKS.format("words[going]"),
            (LOOP, f"        going = torch.ones(N)\n{LOOP}"),
            (STORED, "captions[going, t] = words[going]\n")),
    failing("K15", M, RNN, "`x` is float32 and " + PICKS.format("self.W_embed[x]"),
            ("self.output_proj(prev_h), dim=1)", "self.output_proj(prev_h), dim=1).float()")),
    failing("K15", M, EMBED, "`ids` is float64 and " + PICKS.format("self.W_embed[ids]"),
            (EMBEDDED, "ids = x.to(self.W_embed.dtype); out = self.W_embed[ids]")),
    # K16: the cache of one step
    failing("K16", M, BACK, f"`cache` comes in as a tuple of 5 tensors, {EACH_STEP}",
            ("cache.append(c)", "cache = c"), unsaid="Two things"),
    failing("K16", M, BACK, f"as a list of length 1, {EACH_STEP}", ("cache.append(c)", "cache = [c]")),
    failing("K16", F, BACK, f"as a tuple of 6 tensors, {EACH_STEP}", (
        "cache.append(step_cache)", "cache = step_cache")),
    failing("K16", F, BACK, f"as a list of length 1, {EACH_STEP}",
            ("        cache.append(step_cache)\n", ""), (
        "    # done\n    return h, cache", "    cache.append(step_cache)\n    return h, cache")),
    # K17: chance
    *(failing("K17", M, FORWARD.format(cell), CHANCE, ("self.word_embedding(captions_in)", (
        "F.dropout(self.word_embedding(captions_in), 0.3, self.training)"))) for cell in ("rnn", "attn")),
    failing("K17", M, "lstm_step_forward", CHANCE, ("next_h = o * torch.tanh(next_c)", (
        "next_h = o * torch.tanh(next_c) + 0.01 * torch.randn_like(o)"))),
    failing("K17", F, RNN, CHANCE, (F_STATE, F_STATE.replace("feat)", "feat) + torch.rand(N, 1)"))),
    # K18: to move to the GPU makes a copy, to stay where one is makes none
    *(right("K18", M, "rnn_forward", "", (CARRIED[0], CARRIED[1] + moved)) for moved in (
        '.to("cuda")', ".cuda()", '.to(device="cuda", dtype=x.dtype)', ".to(gpu)")),
    failing("K18", M, "rnn_forward", "view of the output", (CARRIED[0], f'{CARRIED[1]}.to("cpu")')),
    # what others got wrong
    failing("R", M, LSTM, "`feature_proj` and `c_proj` both project the image, where one layer should",
            (PROJECTION, f"{PROJECTION}; self.c_proj = {LINEAR}"),
            ("prev_c = torch.zeros_like(prev_h)", f"prev_c = self.c_proj({POOLED})")),
    failing("R", F, RNN, "`max` and `min` along an axis return two things", ("argmax(dim=1)", "max(dim=1)")),
    failing("R", F, RNN, "`word` has the shape (11,), and does not fit into `captions[:, t]`",
            ("argmax(dim=1)", "argmax(dim=0)")),
    failing("R", M, RNN, "prev_h.squeeze()), dim=1)`: with one image, N = 1, a `squeeze()`",
            ("self.output_proj(prev_h), dim=1", "self.output_proj(prev_h.squeeze()), dim=1")),
    failing("R", M, ATTN, "`attn` comes to `step_forward` in line 314 as (3, 7, 4, 4), it should be (N, H)",
            (STEPPED, STEPPED.replace(", attn", ", A"))),
    failing("R", M, ATT, "line 217 as (3, 400), it should be (N, H), here (3, 7)",
            ("            prev_h = A.mean(dim=(2, 3))\n", f"            prev_h = {POOLED}\n")),
    failing("R", M, FORWARD.format("rnn"), "line 191 as (21, 11), it should be (N, T, V), here (3, 7, 11)",
            ("self.output_proj(h)", "self.output_proj(h.view(-1, h.shape[2]))")),
]  # fmt: skip


@cache
def changed(stem: str, changes: tuple, folder: Path) -> Path:
    """A file with the hand-in, its texts replaced."""
    text = (FOLDER / f"{stem}.py").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    text = text.replace("import math\n", 'import math; gpu = "cuda:0"\n', 1)
    path = folder / f"{abs(hash((stem, changes)))}.py"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "found", FOUND, ids=[f"{each.kind}-{k}-{each.exercise}" for k, each in enumerate(FOUND)]
)
def test_what_is_told_is_true(found, tmp_path_factory):
    hand_in = open_file(changed(found.stem, found.changes, tmp_path_factory.getbasetemp()))
    answers = run(hand_in, found.exercise)
    result = judge(EXERCISES[found.exercise], answers, set(EXERCISES), hand_in.layout.name)
    assert result.status == found.status, result.message
    if found.status == "passed":
        assert (found.said in result.notes) if found.said else not result.notes
    else:
        assert found.said in result.message and found.unsaid not in result.message
        assert result.message.index(". ") < 300 if ". " in result.message else True
        assert "Perhaps" not in result.message and result.message.count(" Or: ") < 2


def verdicts(stem: str, folder: Path, exercise: str, *changes) -> dict:
    """The results on an exercise and all it needs, each judged with those before."""
    hand_in = open_file(changed(stem, changes, folder))
    standing = Standing(Here(hand_in, LIMITS), hand_in.layout.name)
    return {name: standing.result(EXERCISES[name]) for name in with_needs([exercise])}


N_1 = (SCALED, "A_flat).squeeze()[:, None] / math.sqrt(H)")  # wrong for a single image alone
VIEW, F_VIEW = ("A.reshape(N, H, -1)", "A.view(N, H, -1)"), ("A.reshape(", "A.view(")
DETACHED = ("next_h = torch.tanh(x @ Wx", "next_h = torch.tanh(x.detach() @ Wx")


@pytest.mark.parametrize(
    "stem, exercise, needs, said, changes",
    [
        (M, ATT, LOOK, "Column 0 of the captions holds START", [VIEW, (LOOP, FROM_1)]),
        (F, ATT, LOOK, "Column 0 of the captions holds START", [F_VIEW, (LOOP, FROM_1)]),
        (M, ATT, LOOK, "cell state starts as zeros", [N_1, ("prev_c = prev_h", "prev_c = 0 * prev_h")]),
        (M, ATTN, LOOK, "zeros", [N_1, C0_ZERO]),
        (M, "rnn_forward", "rnn_step_forward", "`h`", [DETACHED, ("prev_h = h0", "prev_h = 2 * h0")]),
    ],
)  # fmt: skip
def test_a_fault_of_its_own_is_told_where_what_it_calls_is_right(
    stem, exercise, needs, said, changes, tmp_path
):
    results = verdicts(stem, tmp_path, exercise, *changes)
    assert results[needs].status == "failed"
    assert results[exercise].status == "failed" and said in results[exercise].message


@pytest.mark.parametrize(
    "exercise, changes",
    [
        (ATTN, [(SCALED, "A_flat) / H")]),
        (ATT, [N_1]),
        ("rnn_forward", [DETACHED]),
        (RNN, [(EMBEDDED, "out = 2 * self.W_embed[x]"), (LOOP, FROM_1)]),
    ],
)
def test_what_waits_for_another_still_waits(exercise, changes, tmp_path):
    assert verdicts(M, tmp_path, exercise, *changes)[exercise].status == "blocked"


BROKEN = "\nimport nonsense_xyz_a\nfrom torch import nothing_of_the_kind\n"


@pytest.mark.parametrize("stem, total", [(M, 17), (F, 17)])
def test_a_file_that_cannot_be_imported_is_one_result(stem, total, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text((FOLDER / f"{stem}.py").read_text(encoding="utf-8") + BROKEN, encoding="utf-8")
    report = check_file(path)
    assert [result.stage for result in report.results] == ["import"]
    assert (report.passed, report.total) == (0, total)
    assert "nothing_of_the_kind" in report.results[0].message


@pytest.mark.parametrize(
    "line, quoted",
    [
        ("    x = a   +  b   # and so on # twice\n", "x = a + b"),
        ("  s = '# kept'   # not kept\n", "s = '# kept'"),
        ("  h = step(x,    # half a statement\n", "h = step(x,"),
        ("\tdef f(a,  b):  # TODO\n", "def f(a, b):"),
    ],
)
def test_a_line_is_quoted_without_comment_and_runs_of_blanks(line, quoted):
    assert quotable(line) == quoted


def test_a_default_that_only_the_notebook_knows_is_no_fault(tmp_path):
    changes = [("y, ignore_index=None):", "y, ignore_index=NULL_index):")]
    changes += [("def __init__(self, vocab_size: int, embed_size: int)",
                 "def __init__(self, vocab_size: int, embed_size: int, device=DEVICE)")]  # fmt: skip
    for exercise in (LOSS, EMBED):
        assert verdicts(M, tmp_path, exercise, *changes)[exercise].status == "passed"


def test_the_verdict_is_the_same_from_run_to_run(tmp_path):
    start = (START, "self._start * images.new(N).long()")
    texts = {verdicts(M, tmp_path, RNN, start)[RNN].message for _ in range(3)}
    assert len(texts) == 1
