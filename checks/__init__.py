"""Checks that name the mistake: check and hint for notebooks, numeric_gradient for your own trials.

from checks import check, hint, numeric_gradient
"""

from importlib import import_module

HOMES = {
    "check": "faces.notebook",
    "hint": "faces.notebook",
    "numeric_gradient": "numeric",
}
__all__ = ["check", "hint", "numeric_gradient"]


def __getattr__(name: str):
    """Imported on first use: with them comes torch."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
