"""Sizes as messages say them."""


def size_text(count: float) -> str:
    """So many bytes in the unit that fits them: 300 kB, 12.5 MB, 1.2 GB."""
    if count >= 1e9:
        return f"{count / 1e9:,.1f} GB"
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(0, count) / 1e3:.0f} kB"
