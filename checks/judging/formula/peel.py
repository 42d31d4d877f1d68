"""What can be worked out of the gradients of the weights: the gradient of the pre-activations."""

from collections.abc import Sequence

import numpy as np

from checks.judging.formula.program import Quantities, close

FACTORS = {"dWx": "x", "dWh": "prev_h", "dWattn": "attn"}  # d weight = factor^T da
WEIGHTS = {"dx": "Wx", "dprev_h": "Wh", "dattn": "Wattn"}  # d input = da weight^T


def with_peeled(names: Sequence[str], scope: Quantities, returned: Quantities) -> Quantities:
    """What was returned, and what can be worked out of it: `da`, and its four blocks."""
    if "da" not in names:
        return returned
    da = peeled(scope, returned)
    if da is None:
        return returned
    blocks = {}
    if "da_i" in names:
        blocks = {f"da_{gate}": part for gate, part in zip("ifog", np.split(da, 4, axis=-1))}
    return {**returned, **blocks, "da": da}


def peeled(scope: Quantities, returned: Quantities) -> np.ndarray | None:
    """The `da` that most of the gradients agree on, at least two; exact where the factor has enough rows."""
    found = []
    for name, factor in FACTORS.items():
        if name in returned and scope[factor].shape[0] <= scope[factor].shape[1]:
            found.append(np.linalg.lstsq(scope[factor].T, returned[name], rcond=None)[0])
    for name, weight in WEIGHTS.items():
        if name in returned and scope[weight].shape[1] <= scope[weight].shape[0]:
            found.append(np.linalg.lstsq(scope[weight], returned[name].T, rcond=None)[0].T)
    votes = [sum(agreements(da, scope, returned)) for da in found]
    return found[int(np.argmax(votes))] if votes and max(votes) > 1 else None


def agreements(da: np.ndarray, scope: Quantities, returned: Quantities) -> list[bool]:
    """For each gradient returned that follows from da by one product or sum, whether it does."""
    made = {name: scope[factor].T @ da for name, factor in FACTORS.items() if factor in scope}
    for name, weight in WEIGHTS.items():
        if weight in scope and scope[weight].shape[1] == da.shape[1]:
            made[name] = da @ scope[weight].T
    made["db"] = da.sum(axis=0)
    return [close(made[name], returned[name]) for name in made.keys() & returned.keys()]
