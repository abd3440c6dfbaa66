"""Contrast: an accent that cannot be read on our paper is refused."""

from __future__ import annotations

import re

from pipeline.errors import UsageError

PAPER, DARK_PAPER = "#fbf9f5", "#15171a"
ENOUGH = 4.5
"""The ratio that WCAG 2.2 asks for of text (success criterion 1.4.3)."""

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#rrggbb` colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[n : n + 2], 16) / 255) for n in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    if channel <= 0.04045:  # noqa: PLR2004 -- sRGB's own threshold
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)


def check_accents(accent: str, accent_dark: str) -> None:
    """Nothing, when both accents can be read where they stand.

    Raises:
        UsageError: One is no `#rrggbb` colour, or its contrast is too low.
    """
    for colour, paper, where in (
        (accent, PAPER, "paper"),
        (accent_dark, DARK_PAPER, "the dark paper"),
    ):
        if not _HEX.fullmatch(colour):
            raise UsageError(f"{colour!r} is no colour", "write it as #1f4e79")
        ratio = contrast(colour, paper)
        if ratio < ENOUGH:
            what = (
                f"{colour} has a contrast of {ratio:.1f} on {where} ({paper}), {ENOUGH} is needed"
            )
            raise UsageError(what, "choose a stronger one")
