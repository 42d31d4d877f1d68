"""Part lstm, with its backward functions."""

from planted.entry import Planted

STEP, FORWARD = "lstm_step_forward", "lstm_forward"
STEP_BACK, BACK = "lstm_step_backward", "lstm_backward"

PLANTED = [
    Planted(
        "lstm_concatenated",
        "i, f, o, g = torch.split",
        "i, f, g, o = torch.split",
        STEP,
        "lstm-gate-order-ifgo",
    ),
    Planted(
        "lstm_einsum_reshaped",
        """Wx.reshape(-1, 4, H), Wh.reshape(H, 4, H)
    a = einsum("nd,dkh->nkh", x, Wx4) + einsum("nj,jkh->nkh", prev_h, Wh4) + b.reshape(4, H)
""",
        """Wx.reshape(-1, H, 4), Wh.reshape(H, H, 4)
    a = einsum("nd,dhk->nkh", x, Wx4) + einsum("nj,jhk->nkh", prev_h, Wh4) + b.reshape(H, 4).T
""",
        STEP,
        "lstm-gates-interleaved",
    ),
    Planted(
        "lstm_einsum_reshaped",
        "i, f, o = torch.sigmoid",
        "f, i, o = torch.sigmoid",
        STEP,
        "lstm-gate-order-fiog",
    ),
    Planted(
        "lstm_explicit_sigmoid",
        "1 - 2 / (torch.exp(2 * a_g) + 1)",
        "logistic(a_g)",
        STEP,
        "lstm-block-input-with-sigmoid",
    ),
    Planted(
        "lstm_explicit_sigmoid",
        "2 * logistic(2 * next_c) - 1",
        "next_c",
        STEP,
        "lstm-state-without-tanh",
    ),
    Planted("lstm_gate_by_gate", " + b[columns])", ")", STEP, "lstm-bias-missing"),
    Planted(
        "lstm_recomputed",
        "torch.sigmoid(f),",
        "torch.sigmoid(f + 1),",
        STEP,
        "lstm-forget-bias-of-one",
    ),
    Planted(
        "lstm_slices_preallocated",
        "torch.sigmoid(a[:, H : 2 * H])",
        "torch.sigmoid(a[:, :H])",
        STEP,
        "lstm-forget-gate-from-input-block",
    ),
    Planted(
        "lstm_slices_preallocated",
        "prev_c * f + i * g",
        "prev_c + i * g",
        STEP,
        "lstm-cell-without-forget-gate",
    ),
    Planted(
        "lstm_loop_over_rows", ".view(4, -1)", ".view(-1, 4).T", STEP, "lstm-gates-interleaved"
    ),
    Planted(
        "complete_numpy_style",
        "1.0 / (1.0 + torch.exp(-a))",
        "1.0 / (1.0 + torch.exp(a))",
        STEP,
        "lstm-sigmoid-of-minus-a",
    ),
    Planted(
        "complete_classes", "prev_c * f + g * i", "prev_c * i + g * f", STEP, "lstm-gate-order-fiog"
    ),
    Planted(
        "complete_library_calls",
        "F.sigmoid(i), F.sigmoid(f), F.sigmoid(o), F.tanh(g)",
        "F.sigmoid(i), F.sigmoid(f), F.tanh(o), F.tanh(g)",
        STEP,
        "lstm-output-gate-with-tanh",
    ),
    Planted(
        "functions_plain",
        """o = torch.sigmoid(a[:, 2 * H : 3 * H])
    g = torch.tanh(a[:, 3 * H :])""",
        """g = torch.tanh(a[:, 2 * H : 3 * H])
    o = torch.sigmoid(a[:, 3 * H :])""",
        STEP,
        "lstm-gate-order-ifgo",
    ),
    Planted(
        "methods_einsum",
        "return torch.sigmoid(o) * torch.tanh(next_c), next_c",
        "return next_c, torch.sigmoid(o) * torch.tanh(next_c)",
        STEP,
        "lstm-states-returned-in-wrong-order",
    ),
    Planted(
        "functions_conv",
        "next_h = ao.sigmoid() * next_c.tanh()",
        "next_h = ao.sigmoid() * next_c",
        STEP,
        "lstm-state-without-tanh",
    ),
    # the whole sequence
    Planted(
        "lstm_plain_zeros",
        "h0, torch.zeros(h0.shape, device=h0.device)",
        "h0, h0",
        FORWARD,
        "lstm-cell-starts-from-h0",
    ),
    Planted(
        "lstm_plain_zeros",
        "prev_h, prev_c, step_cache =",
        "prev_h, _, step_cache =",
        FORWARD,
        "lstm-cell-not-carried",
    ),
    Planted(
        "lstm_input_hoisted",
        "c.append(f * c[t] + i * g)",
        "c.append(f * c[0] + i * g)",
        FORWARD,
        "lstm-cell-not-carried",
    ),
    Planted("lstm_input_hoisted", "h[t] @ Wh", "h0 @ Wh", FORWARD, "lstm-state-not-carried"),
    Planted(
        "lstm_input_hoisted",
        "torch.stack(h[1:], dim=1)",
        "torch.stack(c[1:], dim=1)",
        FORWARD,
        "lstm-cell-collected",
    ),
    Planted(
        "lstm_slices_preallocated",
        "state, c, cache[t] =",
        "c, state, cache[t] =",
        FORWARD,
        "lstm-states-exchanged-when-carried",
    ),
    Planted(
        "complete_library_calls",
        "[], F.linear(x, Wx.T, b)\n    for from_x_t in from_x.unbind(dim=1):\n        h_t, c",
        "[], F.linear(x, Wx.T)\n    for from_x_t in from_x.unbind(dim=1):\n        h_t, c",
        FORWARD,
        "lstm-bias-missing",
    ),
    Planted(
        "complete_rows",
        "x[:, t], h[t], c[t], Wx, Wh, b)\n        h.append(next_h)\n        c.append(next_c)\n        cache",
        "x[:, t], h[0], c[t], Wx, Wh, b)\n        h.append(next_h)\n        c.append(next_c)\n        cache",
        FORWARD,
        "lstm-state-not-carried",
    ),
    Planted(
        "complete_einsum",
        "steps = [(h0, torch.zeros_like(h0), None)]",
        "steps = [(h0, h0, None)]",
        FORWARD,
        "lstm-cell-starts-from-h0",
    ),
    Planted(
        "methods_plain",
        "prev_h, prev_c = self.step_forward(x[:, t], prev_h, prev_c)\n",
        "prev_h, _ = self.step_forward(x[:, t], prev_h, prev_c)\n",
        FORWARD,
        "lstm-cell-not-carried",
    ),
    Planted(
        "functions_einsum",
        "h0, torch.zeros_like(h0), []",
        "h0, h0, []",
        FORWARD,
        "lstm-cell-starts-from-h0",
    ),
    # one step back
    Planted(
        "lstm_concatenated",
        "dc = dnext_c + dnext_h * o * (1 - tanh_c.pow(2))",
        "dc = dnext_c",
        STEP_BACK,
        "lstm-dc-without-the-state",
    ),
    Planted(
        "lstm_concatenated", "dnext_h * tanh_c]", "dc * tanh_c]", STEP_BACK, "lstm-da_o-from-dc"
    ),
    Planted(
        "lstm_concatenated",
        "da_sigmoids * sigmoids * (1 - sigmoids)",
        "da_sigmoids * (1 - sigmoids**2)",
        STEP_BACK,
        "lstm-gates-with-tanh-derivative",
    ),
    Planted(
        "lstm_einsum_reshaped",
        "1 - g * g]",
        "g - g * g]",
        STEP_BACK,
        "lstm-da_g-with-sigmoid-derivative",
    ),
    Planted(
        "lstm_explicit_sigmoid",
        "dtanh_c * (1 - tanh_c**2) + dnext_c",
        "dtanh_c * (1 - tanh_c**2)",
        STEP_BACK,
        "lstm-dc-without-later-steps",
    ),
    Planted(
        "lstm_explicit_sigmoid",
        "da_o, (1 - g**2) * dg]",
        "(1 - g**2) * dg, da_o]",
        STEP_BACK,
        "lstm-gate-gradients-ifgo",
    ),
    Planted(
        "lstm_gate_by_gate",
        "dc * prev_c * f * (1 - f)",
        "dc * next_c * f * (1 - f)",
        STEP_BACK,
        "lstm-da_f-with-new-cell",
    ),
    Planted(
        "lstm_gate_by_gate",
        "db[columns] = da.sum(dim=0)",
        "db[columns] = da.mean(dim=0)",
        STEP_BACK,
        "lstm-db-averaged",
    ),
    Planted(
        "lstm_loop_over_rows",
        "dprev_c.append(dc * f)",
        "dprev_c.append(dc * i)",
        STEP_BACK,
        "lstm-dprev_c-with-input-gate",
    ),
    Planted(
        "lstm_recomputed",
        "dc * f, x.T @ da",
        "dnext_c * f, x.T @ da",
        STEP_BACK,
        "lstm-dprev_c-from-dnext_c",
    ),
    Planted(
        "lstm_slices_preallocated",
        "dnext_h * tanh_c * o * (1 - o)",
        "dnext_h * next_c * o * (1 - o)",
        STEP_BACK,
        "lstm-da_o-without-tanh",
    ),
    Planted(
        "lstm_slices_preallocated",
        "da.mm(Wh.t())",
        "da.mm(Wh)",
        STEP_BACK,
        "lstm-dprev_h-without-transpose",
    ),
    Planted(
        "complete_numpy_style",
        """x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    do = dnext_h * torch.tanh(next_c)
    dnext_c = dnext_c + """,
        """x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    do = dnext_h * torch.tanh(next_c)
    dnext_c += """,
        STEP_BACK,
        "lstm-dnext_c-overwritten",
    ),
    Planted(
        "complete_rows",
        "da_o, da_g]), dc * f",
        "da_o, da_g]), dc",
        STEP_BACK,
        "lstm-dprev_c-without-forget-gate",
    ),
    Planted(
        "complete_classes",
        "dh * o * (1 - tanh_c**2)",
        "dh * o * (1 - tanh_c)",
        STEP_BACK,
        "lstm-dc-tanh-not-squared",
    ),
    Planted(
        "complete_library_calls",
        "dc * i * (1 - g.square())",
        "dc * (1 - g.square())",
        STEP_BACK,
        "lstm-da_g-without-input-gate",
    ),
    # back through time
    Planted(
        "lstm_plain_zeros",
        "dstate = dh[:, t] + dstate",
        "dstate = dh[:, t]",
        BACK,
        "lstm-backward-state-not-carried",
    ),
    Planted(
        "lstm_plain_zeros",
        "dh[:, t], torch.zeros(N, H, device=dh.device)",
        "dh[:, t], dh[:, t]",
        BACK,
        "lstm-backward-cell-gradient-starts-from-dh",
    ),
    Planted(
        "lstm_plain_zeros",
        ".sum(dim=0)",
        ".mean(dim=0)",
        BACK,
        "lstm-backward-weights-averaged-over-time",
    ),
    Planted(
        "lstm_input_hoisted",
        "dc = dc + dstate * o",
        "dc = dstate * o",
        BACK,
        "lstm-backward-cell-not-carried",
    ),
    Planted(
        "lstm_input_hoisted",
        "@ Wh.T, dc * f",
        "@ Wh.T, dc",
        BACK,
        "lstm-dprev_c-without-forget-gate",
    ),
    Planted(
        "lstm_input_hoisted", "dc * c[t] * f", "dc * c[t + 1] * f", BACK, "lstm-da_f-with-new-cell"
    ),
    Planted(
        "lstm_input_hoisted",
        "torch.stack(h[:-1], dim=1)",
        "torch.stack(h[1:], dim=1)",
        BACK,
        "lstm-dWh-from-the-new-state",
    ),
    Planted(
        "lstm_slices_preallocated",
        "db += step[5]",
        "db = step[5]",
        BACK,
        "lstm-backward-db-of-one-step",
    ),
    Planted(
        "lstm_slices_preallocated",
        "dx[:, t], dstate, dc = step[:3]",
        "dx[:, t], dc, dstate = step[:3]",
        BACK,
        "lstm-backward-states-exchanged",
    ),
    Planted(
        "complete_classes",
        "[dstates[0] + dh_t, *dstates[1:]]",
        "[dh_t, *dstates[1:]]",
        BACK,
        "lstm-backward-state-not-carried",
    ),
    Planted(
        "complete_library_calls",
        "torch.tensordot(torch.stack(h[:-1]",
        "torch.tensordot(torch.stack(h[1:]",
        BACK,
        "lstm-dWh-from-the-new-state",
    ),
    Planted(
        "lstm_slices_preallocated",
        "    da[:, 3 * H : 4 * H] = dc * i * (1 - g**2)\n",
        "    da[:, 3 * H : 4 * H] = dc * i * (1 - g**2)\n    da = da.clamp(-1, 1)\n",
        STEP_BACK,
        "lstm-step-gradients-clipped",
    ),
    Planted(
        "lstm_slices_preallocated",
        "h[:, t] = state\n",
        "h[:, t] = state\n        if t % 4 == 3:\n            state, c = state.detach(), c.detach()\n",
        FORWARD,
        "lstm-states-detached-now-and-then",
    ),
    Planted(
        "lstm_slices_preallocated",
        "step = lstm_step_backward(dh[:, t] + dstate, dc, cache[t])",
        "step = lstm_step_backward(dh[:, t] + dstate, dc, cache[T - 1])",
        BACK,
        "lstm-backward-cache-of-the-last-step",
    ),
]
