"""Mutants of the reference that pass because they are right, and why: function, change, reason.

What only looks different here is for mutants.py to leave out of its count; a change that no legitimate
input tells from the original belongs here, one that some input does belongs into the cases.
"""

EARLIER = "a step more than asked for: no target looks at its scores, no earlier step at its state"
EMPTY = "they are all empty lists when they get their names"
EVERYTHING = "where ignore_index is None, targets != None is just True, and everything counts"
FIRST = "the first axis is taken where none is named"
INTEGERS = "no gradient goes through whole numbers"
LAST = "the same axis, counted from the end"
LIKE = "it is looked at for its shape, dtype or device only, and those are the same"
LOOKING = "the weights are for looking: no gradient enters through them"
MAXIMUM = (
    "a softmax stays the same whatever is subtracted: the gradients through the maximum cancel"
)
MIDDLE = "of three axes .T leaves the middle one where it is"
NEW_AXIS = "as an index True adds an axis, as None does"
NEVER_BOTH = "a row that has ended gets NULL, which is not END: the two are never true at once"
ON_THE_CPU = "the same on the CPU, and checks have nothing else"
ONE_AXIS = "a tensor of one axis is its own transpose"
ORDER = "averaged or summed up in another order"
SUMMED_UP = "all is summed up in the end: axes of size 1 more or less make no difference"
TWO_NAMES = "two names of one tensor"

EQUIVALENTS = {
    "rnn_step_forward": {
        "next_h = torch.tanh(x @ Wx + prev_h @ Wh + b{ -> .T})": ONE_AXIS,
    },
    "rnn_step_backward": {
        "return (dx, dprev_h, dWx, dWh, db{ -> .T})": ONE_AXIS,
    },
    "rnn_forward": {
        "{h, cache -> cache, h} = ([], [])": EMPTY,
        "for t in range(x.{ -> T.}shape[1]):": MIDDLE,
        "prev_h, cache_t = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b{ -> .T})": ONE_AXIS,
    },
    "rnn_backward": {
        "dprev_h = torch.zeros_like(dh[:, {0 -> -1}])": LIKE,
        "for t in reversed(range(dh.{ -> T.}shape[1])):": MIDDLE,
        "dWx, dWh, db = (dWx + dWx_t, dWh + dWh_t, db + db_t{ -> .T})": ONE_AXIS,
        "return (torch.stack(dx[::-1], dim=1), {dh0 -> dprev_h}, dWx, dWh, db)": TWO_NAMES,
        "return (torch.stack(dx[::-1], dim=1), dh0, dWx, dWh, db{ -> .T})": ONE_AXIS,
    },
    "word_embedding_backward": {
        "return rows.{ -> T.}new_zeros(V, rows.shape[1])"
        ".index_add(0, words.reshape(-1), rows)": LIKE,
        "return {rows -> dout}.new_zeros(V, rows.shape[1])"
        ".index_add(0, words.reshape(-1), rows)": LIKE,
    },
    "temporal_softmax_loss_backward": {
        "dscores = (torch.softmax(scores, dim={2 -> -1}) - nn.functional.one_hot(targets, V))"
        " / N": LAST,
    },
    "temporal_softmax_loss": {
        "N = {scores -> targets}.shape[0]": LIKE,
        "shifted = scores - scores.amax(dim=2, keepdim=True){ -> .detach()}": MAXIMUM,
        "shifted = scores - scores.amax(dim={2 -> -1}, keepdim=True)": LAST,
        "log_probs = shifted - shifted.exp().sum(dim={2 -> -1}, keepdim=True).log()": LAST,
        "log_prob_of_target = log_probs.gather(2, targets.unsqueeze(2){ -> .detach()})"
        ".squeeze(2)": INTEGERS,
        "log_prob_of_target = log_probs.gather(2, targets.unsqueeze(2)){.squeeze(2) -> }": SUMMED_UP,
        "log_prob_of_target = log_probs.gather(2, targets.unsqueeze(2))"
        ".{squeeze -> unsqueeze}(2)": SUMMED_UP,
        "log_prob_of_target = log_probs.gather(2, targets.unsqueeze(2)).squeeze({2 -> 1})": SUMMED_UP,
        "if {ignore_index is not None -> True}:": EVERYTHING,
        "if {ignore_index -> N} is not None:": EVERYTHING,
        "if {ignore_index -> log_prob_of_target} is not None:": EVERYTHING,
        "if {ignore_index -> log_probs} is not None:": EVERYTHING,
        "if {ignore_index -> scores} is not None:": EVERYTHING,
        "if {ignore_index -> shifted} is not None:": EVERYTHING,
        "if {ignore_index -> targets} is not None:": EVERYTHING,
        "if ignore_index is not {None -> True}:": EVERYTHING,
        "return (-log_prob_of_target{ -> .T}).sum() / N": ORDER,
    },
    "lstm_step_forward": {
        "a = x @ Wx + prev_h @ Wh + b{ -> .T}": ONE_AXIS,
        "a_i, a_f, a_o, a_g = a.chunk(4, dim={1 -> -1})": LAST,
    },
    "lstm_step_backward": {
        "da = torch.cat([da_i, da_f, da_o, da_g], dim={1 -> -1})": LAST,
        "return (dx, dprev_h, dprev_c, dWx, dWh, db{ -> .T})": ONE_AXIS,
    },
    "lstm_forward": {
        "{h, cache -> cache, h} = ([], [])": EMPTY,
        "prev_c = torch.zeros_like(h0{ -> .detach()})": LIKE,
        "prev_c = torch.zeros_like({h0 -> prev_h})": LIKE,
        "for t in range(x.{ -> T.}shape[1]):": MIDDLE,
        "prev_h, prev_c, cache_t = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, "
        "b{ -> .T})": ONE_AXIS,
    },
    "lstm_backward": {
        "dprev_h = dprev_c = torch.zeros_like(dh[:, {0 -> -1}])": LIKE,
        "for t in reversed(range(dh.{ -> T.}shape[1])):": MIDDLE,
        "step_gradients = lstm_step_backward(dnext_h, {dnext_c -> dprev_c}, cache[t])": TWO_NAMES,
        "dWx, dWh, db = (dWx + dWx_t, dWh + dWh_t, db + db_t{ -> .T})": ONE_AXIS,
        "return (torch.stack(dx[::-1], dim=1), {dh0 -> dprev_h}, dWx, dWh, db)": TWO_NAMES,
        "return (torch.stack(dx[::-1], dim=1), dh0, dWx, dWh, db{ -> .T})": ONE_AXIS,
    },
    "dot_product_attention": {
        "H = {A -> prev_h}.shape[1]": LIKE,
        "weights = torch.softmax(scores, dim={1 -> -1})": LAST,
    },
    "dot_product_attention_backward": {
        "H = {A -> dattn}.shape[1]": LIKE,
        "H = {A -> prev_h}.shape[1]": LIKE,
        "dscores = weights * (dweights - (weights * dweights).sum(dim={1 -> -1}, "
        "keepdim=True))": LAST,
    },
    "attention_lstm_step_forward": {
        "x_attn = torch.cat([x, attn], dim={1 -> -1})": LAST,
        "Wx_attn = torch.cat([Wx, Wattn]{, dim=0 -> })": FIRST,
        "return lstm_step_forward(x_attn, prev_h, prev_c, Wx_attn, Wh, b{ -> .T})": ONE_AXIS,
    },
    "attention_lstm_step_backward": {
        "H = {dnext_h -> dnext_c}.shape[1]": LIKE,
        "H = {dnext_h -> dprev_c}.shape[1]": LIKE,
        "H = {dnext_h -> dprev_h}.shape[1]": LIKE,
        "return (dx, dprev_h, dprev_c, dattn, dWx, dWh, dWattn, db{ -> .T})": ONE_AXIS,
    },
    "attention_lstm_forward": {
        "{h, weights -> weights, h}, cache = ([], [], [])": EMPTY,
        "{h, weights, cache -> cache, weights, h} = ([], [], [])": EMPTY,
        "h, {weights, cache -> cache, weights} = ([], [], [])": EMPTY,
        "prev_h = prev_c = A.mean(dim=({2, 3 -> 3, 2}))": ORDER,
        "for t in range(x.{ -> T.}shape[1]):": MIDDLE,
        "next_h, next_c, cache_t = attention_lstm_step_forward(x[:, t], prev_h, prev_c, attn, "
        "Wx, Wh, Wattn, b{ -> .T})": ONE_AXIS,
        "weights.append(weights_t{ -> .detach()})": LOOKING,
    },
    "attention_lstm_backward": {
        "dprev_h = dprev_c = torch.zeros_like(dh[:, {0 -> -1}])": LIKE,
        "for t in reversed(range(dh.{ -> T.}shape[1])):": MIDDLE,
        "step_gradients = attention_lstm_step_backward(dnext_h, {dnext_c -> dprev_c}, cache_t)": TWO_NAMES,
        "dWx, dWh, db = (dWx + dWx_t, dWh + dWh_t, db + db_t{ -> .T})": ONE_AXIS,
        "dA = dA + (dprev_h + dprev_c)[:, :, {None -> True}, None] / A.shape[2:].numel()": NEW_AXIS,
        "dA = dA + (dprev_h + dprev_c)[:, :, None, {None -> True}] / A.shape[2:].numel()": NEW_AXIS,
        "dA = dA + (dprev_h + dprev_c)[:, :, None, None] / {A -> dA}.shape[2:].numel()": LIKE,
        "dA = dA + (dprev_h + dprev_c)[:, :, None, None] / {A -> dA_t}.shape[2:].numel()": LIKE,
        "return (torch.stack(dx[::-1], dim=1), dA, dWx, dWh, dWattn, db{ -> .T})": ONE_AXIS,
    },
    "CaptioningRNN._project_image": {
        "image = features if self.cell.attends else features.mean(dim=({2, 3 -> 3, 2}))": ORDER,
    },
    "CaptioningRNN.forward": {
        "x = self.word_embedding(captions[:, :-1]{ -> .detach()})": INTEGERS,
        "x = self.word_embedding(captions{[:, :-1] -> })": EARLIER,
        "x = self.word_embedding(captions[:,{ :-1 -> }])": EARLIER,
        "x = self.word_embedding(captions[:, :{-1 -> }])": EARLIER,
        "return temporal_softmax_loss(scores, captions[:, 1:]{ -> .detach()}, "
        "self.ignore_index)": INTEGERS,
    },
    "CaptioningRNN.sample": {
        "word = torch.full((len(features),), self.start{, device=features.device -> })": ON_THE_CPU,
        "word = torch.full((len({features -> image}),), self.start, device=features.device)": LIKE,
        "word = torch.full((len(features),), self.start, device=features.{ -> T.}device)": LIKE,
        "word = torch.full((len(features),), self.start, device={features -> image}.device)": LIKE,
        "ended = torch.zeros_like(word{ -> .T}, dtype=torch.bool)": ONE_AXIS,
        "{captions, weights -> weights, captions} = ([], [])": EMPTY,
        "x = self.word_embedding(word{ -> .T})": ONE_AXIS,
        "word = scores.argmax(dim={1 -> -1}).masked_fill(ended, self.null)": LAST,
        "word = scores.argmax(dim=1).masked_fill(ended{ -> .T}, self.null)": ONE_AXIS,
        "ended = ended {| -> ^} (word == self.end)": NEVER_BOTH,
        "ended = ended{ -> .T} | (word == self.end)": ONE_AXIS,
        "ended = ended | (word{ -> .T} == self.end)": ONE_AXIS,
        "captions.append(word{ -> .T})": ONE_AXIS,
        "return (torch.stack(captions, dim={1 -> -1}), weights)": LAST,
    },
}
