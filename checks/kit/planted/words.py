"""Part words."""

from planted.entry import Planted

EMBEDDING, LOSS = "word_embedding_forward", "temporal_softmax_loss"

PLANTED = [
    Planted(
        "embedding_one_hot", ".to(W_embed.dtype)", "", EMBEDDING, "embedding-one-hot-as-integers"
    ),
    Planted(
        "embedding_one_hot",
        "(words, W_embed.shape[0])",
        "(words)",
        EMBEDDING,
        "embedding-one-hot-as-wide-as-the-largest-word",
    ),
    Planted(
        "embedding_comparison",
        "torch.arange(len(W_embed),",
        "torch.arange(1, len(W_embed) + 1,",
        EMBEDDING,
        "embedding-one-hot-off-by-one",
    ),
    Planted(
        "embedding_library",
        "(words, W_embed)\n",
        "(words, W_embed, padding_idx=0)\n",
        EMBEDDING,
        "embedding-no-gradient-for-null",
    ),
    Planted(
        "embedding_index_select",
        "rows.view(*words.shape, W_embed.shape[1])",
        "rows",
        EMBEDDING,
        "embedding-flattened",
    ),
    Planted(
        "embedding_loop", "W_embed[word]", "W_embed.data[word]", EMBEDDING, "embedding-detached"
    ),
    Planted(
        "embedding_loop", "W_embed[word]", "W_embed[word - 1]", EMBEDDING, "embedding-row-before"
    ),
    Planted(
        "embedding_gather",
        "    index = words",
        "    N, T = words.shape\n    index = words",
        EMBEDDING,
        "embedding-two-axes-assumed",
    ),
    Planted(
        "methods_conv", "self.W_embed[x, :]", "self.W_embed[:, x]", EMBEDDING, "embedding-columns"
    ),
    Planted("functions_bmm", ".reshape(*x.shape, -1)", "", EMBEDDING, "embedding-flattened"),
    # the loss
    Planted(
        "loss_cross_entropy_flattened",
        '"sum") / N',
        '"sum") / (N * T)',
        LOSS,
        "loss-averaged-over-time",
    ),
    Planted(
        "loss_cross_entropy_flattened",
        'reduction="sum") / N',
        'reduction="mean")',
        LOSS,
        "loss-averaged-over-words-that-count",
    ),
    Planted(
        "loss_cross_entropy_flattened",
        "    if ignore_index is None:\n        ignore_index = -100\n",
        "",
        LOSS,
        "loss-None-given-to-cross-entropy",
    ),
    Planted(
        "loss_cross_entropy_permuted",
        "scores.permute(0, 2, 1)",
        "scores.reshape(len(scores), scores.shape[2], -1)",
        LOSS,
        "loss-scores-reshaped-for-cross-entropy",
    ),
    Planted(
        "loss_cross_entropy_permuted",
        "if ignore_index is not None:",
        "if ignore_index:",
        LOSS,
        "loss-ignore-index-0-taken-for-none",
    ),
    Planted(
        "loss_cross_entropy_permuted",
        "losses.sum(dim=1).mean()",
        "losses.mean()",
        LOSS,
        "loss-averaged-over-time",
    ),
    Planted(
        "loss_logsumexp_where",
        "torch.zeros_like(losses), losses)",
        "losses, torch.zeros_like(losses))",
        LOSS,
        "loss-mask-inverted",
    ),
    Planted(
        "loss_logsumexp_where", "losses.mean(dim=0).sum()", "losses.sum()", LOSS, "loss-not-divided"
    ),
    Planted(
        "loss_loop_over_time",
        "torch.log(torch.sum(torch.exp(s), dim=1, keepdim=True))",
        "torch.sum(torch.exp(s), dim=1, keepdim=True)",
        LOSS,
        "loss-without-log",
    ),
    Planted(
        "loss_loop_over_time",
        "        s = s - s.max(dim=1, keepdim=True).values.detach()\n",
        "",
        LOSS,
        "loss-unstable",
    ),
    Planted(
        "loss_loop_over_time",
        "for t in range(T):",
        "for t in range(T - 1):",
        LOSS,
        "loss-last-step-missing",
    ),
    Planted("loss_nll", "torch.log_softmax(", "torch.softmax(", LOSS, "loss-of-probabilities"),
    Planted("loss_nll", "dim=-1", "dim=1", LOSS, "loss-softmax-over-time"),
    Planted(
        "loss_one_hot",
        "F.log_softmax(scores, dim=2)",
        "torch.log(F.softmax(scores, dim=2))",
        LOSS,
        "loss-unstable",
    ),
    Planted(
        "loss_one_hot",
        "targets == ignore_index",
        "targets == 0",
        LOSS,
        "loss-ignores-0-if-asked-for-anything",
    ),
    Planted("loss_word_by_word", "continue", "break", LOSS, "loss-mask-from-the-first-ignored-on"),
    Planted(
        "loss_word_by_word",
        "loss += scores[n, t].logsumexp(0) - scores[n, t, word]",
        "loss += scores[n, t, word] - scores[n, t].logsumexp(0)",
        LOSS,
        "loss-not-negated",
    ),
    Planted(
        "complete_numpy_style",
        "log_probs[rows, y_flat]) / N",
        "log_probs[rows, y_flat]) / torch.sum(mask_flat)",
        LOSS,
        "loss-averaged-over-words-that-count",
    ),
    Planted(
        "complete_rows",
        "losses.append(top + ",
        "losses.append(",
        LOSS,
        "loss-maximum-not-added-back",
    ),
    Planted("functions_terse", ".div(len(x))", "", LOSS, "loss-not-divided"),
    Planted("methods_plain", "/ x.shape[0]", "/ x.shape[1]", LOSS, "loss-divided-by-T"),
]
