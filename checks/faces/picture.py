"""A small picture of what came out, what should have, and the difference."""

import base64
import io

import numpy as np

GREY = "#808080"  # readable on white and on black
STATES = dict.fromkeys(("next_h", "next_c", "prev_h", "prev_c", "h0", "attn"), ("N", "H"))
AXES = STATES | {
    "x": ("N", "D"),
    "h": ("N", "T", "H"),
    "out": ("N", "T", "D"),
    "A": ("N", "H", "h", "w"),
    "weights": ("N", "h", "w"),
    "captions": ("N", "T"),
    "Wx": ("D", "H"),
    "Wh": ("H", "H"),
    "Wattn": ("H", "H"),
    "b": ("H",),
}


def png(function: str, name: str, got: np.ndarray, expected: np.ndarray) -> str:
    """The picture as base64 text; "" where there is nothing to see, or no matplotlib to draw it."""
    if got.shape != expected.shape or expected.size < 2:
        return ""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return ""
    axes = axis_names(function, name, expected.ndim)
    where, (got, expected) = flat(axes, got, expected)
    rows, columns = expected.shape
    figure = Figure(figsize=(6.6, min(2.6, 0.9 + 1.5 * rows / columns)), layout="constrained")
    places = figure.subplots(1, 3)
    limit = float(np.nanmax(np.abs(np.concatenate([expected, np.nan_to_num(got)])))) or 1.0
    panels = {"yours": got, "expected": expected, "difference": got - expected}
    for place, (title, values) in zip(places, panels.items()):
        image = place.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="equal")
        place.set_title(title, fontsize=9, color=GREY)
        place.set(xticks=[], yticks=[])
        place.spines[:].set_color(GREY)
        place.set_xlabel(axes[-1], fontsize=8, color=GREY)
        place.set_ylabel(axes[-2] if len(axes) > 1 else "", fontsize=8, color=GREY)
    figure.suptitle(f"{name}{where}", fontsize=9, color=GREY)
    figure.colorbar(image, ax=places, shrink=0.9).ax.tick_params(labelsize=7, colors=GREY)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100, transparent=True)
    return base64.b64encode(file.getvalue()).decode()


def axis_names(function: str, name: str, count: int) -> list[str]:
    """What the axes of an output are called, as far as that is known."""
    axes = list(AXES.get(name.removeprefix("d") if "backward" in function else name, ()))
    if len(axes) + 1 == count and axes[:1] == ["N"]:
        axes.insert(1, "T")  # the same quantity at every step
    if name.lstrip("d") in ("Wx", "Wh", "Wattn", "b") and "lstm" in function:
        axes[-1] = "4H"
    return axes if len(axes) == count else [""] * count


def flat(axes: list[str], *arrays: np.ndarray) -> tuple[str, list[np.ndarray]]:
    """Two axes of arrays that may have more or fewer, where the first two differ most; and where that is."""
    arrays = [np.atleast_2d(np.asarray(array, dtype=float)) for array in arrays]
    leading = arrays[0].shape[:-2]
    if not leading:
        return "", arrays
    difference = np.nan_to_num(np.abs(arrays[0] - arrays[1]), nan=np.inf).max(axis=(-1, -2))
    worst = np.unravel_index(int(difference.argmax()), leading)
    where = ", ".join(f"{axis.lower() or 'index'} = {k}" for axis, k in zip(axes, worst))
    return f" at {where}", [array[worst] for array in arrays]
