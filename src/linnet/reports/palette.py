"""The colours of a page, light and dark: few, and every text readable on what is behind it."""

from typing import Final

__all__ = ["DARK", "LIGHT", "NEGATIVE", "POSITIVE", "READ_ON", "contrast"]

LIGHT: Final = {
    "paper": "#ffffff",
    "panel": "#f5f7f9",
    "ink": "#1a2129",
    "quiet": "#535e6b",
    "line": "#d5dce3",
    "accent": "#1c5d99",
    "warm": "#a8461c",
    "faint": "#a9bccd",
    "shade1": "#edf3f9",
    "shade2": "#dbe8f4",
    "shade3": "#c3d9ed",
    "shade4": "#a5c6e4",
    "shade5": "#85b1d9",
}
DARK: Final = {
    "paper": "#11161c",
    "panel": "#19202a",
    "ink": "#e7ebf0",
    "quiet": "#a1adbb",
    "line": "#2f3945",
    "accent": "#7fb7ee",
    "warm": "#f0a37c",
    "faint": "#4a5b6d",
    "shade1": "#17222e",
    "shade2": "#1c2d40",
    "shade3": "#213a55",
    "shade4": "#27496d",
    "shade5": "#2d5885",
}
READ_ON: Final = (
    *(
        (text, behind)
        for text in ("ink", "quiet", "accent", "warm")
        for behind in ("paper", "panel")
    ),
    *(("ink", f"shade{step}") for step in range(1, 6)),
)
"""Which colours texts have on which."""

POSITIVE: Final = (46, 122, 190)
"""Of pictures: blue and red that show on white and on black."""
NEGATIVE: Final = (208, 92, 44)


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, from 1 to 21; 4.5 is needed to read a text.

    References
    ----------
    Web Content Accessibility Guidelines 2.2, success criterion 1.4.3.

    Examples
    --------
    >>> contrast("#000000", "#ffffff")
    21.0
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
