"""Hand-ins of the two public layouts of this assignment, called as if they were the kit's own.

The functions layout keeps the LSTM in functions (`attention_forward`, `FeatureExtractor`), the
methods layout in methods (`LSTM.step_forward`, `ImageEncoder`). In both, CaptioningRNN takes
images and encodes them itself, and its layers bear names of the author's choosing.
"""

import ast
from collections.abc import Callable
from contextlib import contextmanager

import torch

from checks.cases.case import LEFT_AWAY
from checks.hand_ins.layers import EMBEDDING, find_places, made_by
from checks.hand_ins.stand_ins import Nothing, Photos, load
from checks.hand_ins.strangers import PURPOSES, OtherLayers, Strangers, other_parameter
from checks.running.evidence import Used

__all__ = ["LAYOUTS", "Captioner", "FunctionsLayout", "MethodsLayout", "layout_of", "load"]

EXERCISES = (
    "rnn_step_forward",
    "rnn_forward",
    "word_embedding_forward",
    "temporal_softmax_loss",
    "lstm_step_forward",
    "lstm_forward",
    "dot_product_attention",
    "attention_lstm_step_forward",
    "attention_lstm_forward",
    "CaptioningRNN.forward[rnn]",
    "CaptioningRNN.sample[rnn]",
    "CaptioningRNN.forward[lstm]",
    "CaptioningRNN.sample[lstm]",
    "CaptioningRNN.forward[attn]",
    "CaptioningRNN.sample[attn]",
    "rnn_step_backward",
    "rnn_backward",
)
NO_INDEX = -100  # cross_entropy's own word for "ignore nothing": these hand-ins take an int only


def layout_of(tree: ast.Module) -> str:
    """ "kit", "functions" or "methods", by the names that a file defines at top level."""
    nodes = {node.name: node for node in tree.body if hasattr(node, "name")}
    if "ImageEncoder" in nodes or "image_encoder_pretrained" in _arguments(nodes, "CaptioningRNN"):
        return "methods"
    if {"FeatureExtractor", "attention_forward"} & set(nodes):
        return "functions"
    if "word_embedding_forward" in nodes or any("attention_lstm" in name for name in nodes):
        return "kit"
    if "Wattn" in _arguments(nodes, "lstm_step_forward"):
        return "functions"
    return "methods" if "LSTM" in nodes and "lstm_step_forward" not in nodes else "kit"


def _arguments(nodes: dict[str, ast.AST], name: str) -> set[str]:
    """The arguments of a function, or of what a class is made with."""
    body = getattr(nodes.get(name), "body", [])
    makers = [node for node in body if getattr(node, "name", None) == "__init__"]
    function = makers[-1] if makers else nodes.get(name)
    if not isinstance(function, ast.FunctionDef):
        return set()
    return {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}


class _Layout:
    """What both layouts share. Calls raise NotImplementedError for a blank as the handouts leave it."""

    name: str
    exercises = EXERCISES
    attn = "attn"  # the layout's name for the attention cell
    channels = 400  # of the features that its encoder gives: hand-ins may count on it
    constructor: tuple[str, ...]  # of CaptioningRNN: what it takes, in order

    def __init__(self, namespace: dict):
        self.namespace = namespace

    def function(self, name: str) -> Callable:
        """The hand-in's answer to an exercise, with the arguments and returns of the kit.

        A cache that the layout does not return is None, so are the weights of the attention LSTM.
        Raises LookupError where the file has nothing of the kind.
        """
        return _written(name, getattr(self, f"_{name}", self._as_it_is)(name))

    def captioner(
        self,
        word_to_idx: dict[str, int],
        sizes: dict[str, int],
        cell_type: str,
        ignore_index: int | str | None,
        parameters: dict[str, torch.Tensor],
        dtype: torch.dtype,
    ) -> "Captioner":
        """The hand-in's CaptioningRNN with these parameters; sizes are C, D, H (the V of word_to_idx).

        Raises LookupError if there is no such class, or no layer for one of the parameters.
        """
        meant = {None: NO_INDEX, LEFT_AWAY: word_to_idx["<NULL>"]}
        values = {
            "word_to_idx": word_to_idx,
            "input_dim": self.channels,
            "wordvec_dim": sizes["D"],
            "hidden_dim": sizes["H"],
            "cell_type": self.attn if cell_type == "attn" else cell_type,
            "ignore_index": meant.get(ignore_index, ignore_index),
            "image_encoder_pretrained": False,
            "device": "cpu",
            "dtype": dtype,
        }
        arguments = {name: values[name] for name in self.constructor}
        photos = Photos(self.channels)
        return Captioner(self._named("CaptioningRNN"), arguments, photos, parameters, dtype)

    def _named(self, name: str):
        found = self.namespace.get(name)
        if found is None or isinstance(found, Nothing):
            raise LookupError(f"the file has no {name}")
        return found

    def _as_it_is(self, name: str) -> Callable:
        return self._named(name)

    def _temporal_softmax_loss(self, name: str) -> Callable:
        loss = self._named(name)

        def temporal_softmax_loss(scores, targets, ignore_index=None):
            return loss(scores, targets, NO_INDEX if ignore_index is None else ignore_index)

        return temporal_softmax_loss

    def _word_embedding_forward(self, _name: str) -> Callable:
        embedding = self._named("WordEmbedding")

        def word_embedding_forward(words, W_embed):
            return _called("__call__", (words,), embedding, *W_embed.shape, W_embed=W_embed)

        return word_embedding_forward


class FunctionsLayout(_Layout):
    """The LSTM in functions, images encoded by a FeatureExtractor."""

    name = "functions"
    attn = "attention"
    channels = 1280
    constructor = ("word_to_idx", "input_dim", "wordvec_dim", "hidden_dim", "cell_type")
    constructor += ("device", "ignore_index", "dtype")

    def _lstm_step_forward(self, name: str) -> Callable:
        step = self._named(name)
        return lambda x, prev_h, prev_c, Wx, Wh, b: _and_none(step(x, prev_h, prev_c, Wx, Wh, b))

    def _lstm_forward(self, name: str) -> Callable:
        forward = self._named(name)
        return lambda x, h0, Wx, Wh, b: (forward(x, h0, Wx, Wh, b), None)

    def _attention_lstm_step_forward(self, _name: str) -> Callable:
        step = self._named("lstm_step_forward")

        def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
            return _and_none(step(x, prev_h, prev_c, Wx, Wh, b, attn, Wattn))

        return attention_lstm_step_forward

    def _attention_lstm_forward(self, _name: str) -> Callable:
        forward = self._named("attention_forward")
        return lambda x, A, Wx, Wh, Wattn, b: (forward(x, A, Wx, Wh, Wattn, b), None, None)


class MethodsLayout(_Layout):
    """The LSTM in methods, images encoded by an ImageEncoder."""

    name = "methods"
    constructor = ("word_to_idx", "input_dim", "wordvec_dim", "hidden_dim", "cell_type")
    constructor += ("image_encoder_pretrained", "ignore_index")

    def _lstm_step_forward(self, _name: str) -> Callable:
        lstm = self._method("LSTM", "step_forward")

        def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
            sizes, weights = (x.shape[1], prev_h.shape[1]), {"Wx": Wx, "Wh": Wh, "b": b}
            return _and_none(_called("step_forward", (x, prev_h, prev_c), lstm, *sizes, **weights))

        return lstm_step_forward

    def _lstm_forward(self, _name: str) -> Callable:
        lstm = self._method("LSTM", "forward")

        def lstm_forward(x, h0, Wx, Wh, b):
            sizes, weights = (x.shape[2], h0.shape[1]), {"Wx": Wx, "Wh": Wh, "b": b}
            return _called("__call__", (x, h0), lstm, *sizes, **weights), None

        return lstm_forward

    def _attention_lstm_step_forward(self, _name: str) -> Callable:
        lstm = self._method("AttentionLSTM", "step_forward")

        def attention_lstm_step_forward(x, prev_h, prev_c, attn, Wx, Wh, Wattn, b):
            weights = {"Wx": Wx, "Wh": Wh, "Wattn": Wattn, "b": b}
            inputs, sizes = (x, prev_h, prev_c, attn), (x.shape[1], prev_h.shape[1])
            return _and_none(_called("step_forward", inputs, lstm, *sizes, **weights))

        return attention_lstm_step_forward

    def _attention_lstm_forward(self, _name: str) -> Callable:
        lstm = self._method("AttentionLSTM", "forward")

        def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
            weights = {"Wx": Wx, "Wh": Wh, "Wattn": Wattn, "b": b}
            sizes = x.shape[2], A.shape[1]
            return _called("__call__", (x, A), lstm, *sizes, **weights), None, None

        return attention_lstm_forward

    def _method(self, name: str, method: str) -> type:
        found = self._named(name)
        if not hasattr(found, method):
            raise LookupError(f"{name} has no method {method}")
        return found


LAYOUTS = {layout.name: layout for layout in (FunctionsLayout, MethodsLayout)}


def _and_none(returned):
    """What a step returned, with None for the cache; what is no pair is left to be judged."""
    return (*returned, None) if isinstance(returned, tuple | list) else returned


def _written(name: str, function: Callable) -> Callable:
    """The function, which raises NotImplementedError if it gives back what a blank gives back."""

    def called(*args, **settings):
        returned = function(*args, **settings)
        if _blank(returned):
            raise NotImplementedError(name)
        return returned

    return called


def _blank(returned) -> bool:
    if isinstance(returned, tuple | list):
        return all(value is None for value in returned)
    return returned is None or (isinstance(returned, int | float) and returned == 0)


def _called(method: str, inputs: tuple, module_class: type, *sizes: int, **weights: torch.Tensor):
    """What a method gives of a module whose parameters are these tensors, so that gradients reach them.

    Raises OtherLayers where a parameter takes part that nothing fills.
    """
    module = module_class(*sizes).to(next(iter(weights.values())).dtype)
    for name, weight in weights.items():
        if name not in module._parameters:
            raise LookupError(f"{module_class.__name__} has no parameter {name}")
        module._parameters[name] = weight
    strangers = {name: p for name, p in module.named_parameters() if name not in weights}
    with Used(strangers) as watch:
        returned = getattr(module, method)(*inputs)
    for name in watch.found:
        raise OtherLayers(other_parameter(name, strangers[name], f"`{', '.join(weights)}`"))
    return returned


class Captioner:
    """A hand-in's CaptioningRNN under the parameters of a case, fed with features.

    Its layers are filled from the case's parameters at every call: what is differentiated, or moved
    by a little, are these. `module` is the hand-in's own.
    """

    def __init__(
        self,
        maker: type,
        arguments: dict[str, object],
        photos: Photos,
        parameters: dict[str, torch.Tensor],
        dtype: torch.dtype,
    ):
        self._globals = getattr(maker.__init__, "__globals__", {})
        self._photos = photos
        self._null = arguments["word_to_idx"]["<NULL>"]
        self._attends = "cell.Wattn" in parameters
        self._parameters = {
            name: value.detach().to(dtype, copy=True).requires_grad_()
            for name, value in parameters.items()
        }
        with self._encoders_in_place():
            self.module = made_by(maker, arguments).to(dtype)
        shapes = {name: tuple(value.shape) for name, value in parameters.items()}
        self._places = find_places(self.module, shapes, photos.channels)
        self._strangers = Strangers(self.module, self._places, shapes, photos.channels)
        self._check_complete(arguments["cell_type"])

    def train(self, mode: bool = True) -> None:
        self.module.train(mode)

    def parameters(self) -> dict[str, torch.Tensor]:
        """The leaves of the gradient graph, by the kit's names, in the kit's shapes."""
        return self._parameters

    def fault(self) -> tuple[str, str]:
        """What is wrong with the layers that the last call used: name of the mistake, and a sentence."""
        return self._strangers.fault()

    def note(self) -> str:
        """What else is to be said of the layers that the last call used."""
        return self._strangers.note()

    def forward(self, features: torch.Tensor, captions: torch.Tensor) -> torch.Tensor:
        """The training loss of features (N,C,h,w)."""
        loss = self._call(lambda images: self.module(images, captions), features)
        if _blank(loss):
            raise NotImplementedError("CaptioningRNN.forward")
        return loss

    def sample(self, features: torch.Tensor, max_length: int = 15):
        """(captions, weights): what the hand-in returns, and for a cell that does not attend None
        for the weights, whether it returns captions alone or a pair.

        Without autograd, which in these courses is the business of whoever calls sample.
        """
        with torch.no_grad():
            returned = self._call(lambda images: self.module.sample(images, max_length), features)
        captions = returned[0] if isinstance(returned, tuple) else returned
        empty = isinstance(captions, torch.Tensor) and bool((captions == self._null).all())
        if captions is None or empty and not self._looks_up_words(features, max_length):
            raise NotImplementedError("CaptioningRNN.sample")
        return returned if self._attends else (captions, None)

    def _looks_up_words(self, features: torch.Tensor, max_length: int) -> bool:
        """Whether sampling takes word vectors, as it does once it is written, whatever it returns."""
        places = [place for place, _ in self._places if place.source == EMBEDDING]
        tensors = {str(k): p.layer._parameters[p.name] for k, p in enumerate(places)}
        with torch.no_grad(), self._encoders_in_place(), Used(tensors) as watch:
            self.module.sample(self._photos.of(features), max_length)
        return bool(watch.found)

    def _call(self, method: Callable, features: torch.Tensor):
        for place, shape in self._places:
            place.fill(self._parameters[place.source], shape, self._photos.channels)
        with self._encoders_in_place(), self._strangers.watched():
            return method(self._photos.of(features))

    @contextmanager
    def _encoders_in_place(self):
        """Within, the hand-in finds the stand-ins under the names of the encoders."""
        encoders = self._photos.encoders()
        before = {name: self._globals[name] for name in encoders if name in self._globals}
        self._globals.update(encoders)
        try:
            yield
        finally:
            for name in encoders:
                self._globals.pop(name, None)
            self._globals.update(before)

    def _check_complete(self, cell_type: str):
        if not list(self.module.parameters()):
            raise NotImplementedError("CaptioningRNN.__init__")
        for name in self._strangers.missing:
            if not self._strangers.near(name) and not self._strangers.bare(name):
                raise LookupError(
                    f"CaptioningRNN with cell_type={cell_type!r} has no layer for "
                    f"{PURPOSES[name.split('.')[0]]}: none has the shape of {name}, "
                    f"{tuple(self._parameters[name].shape)}"
                )
