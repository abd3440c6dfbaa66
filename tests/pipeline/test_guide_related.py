"""guide: related titles are taken apart only where two were run together."""

from __future__ import annotations

import pytest

from pipeline.guide.related_block import unglue

NAMES = """
iPhone iPad YouTube LinkedIn JavaScript PowerPoint McDonald MacDonald GitHub GitLab TypeScript
WhatsApp WordPress PayPal OpenStreetMap SoundCloud DeepMind PostgreSQL MySQL DevOps OneDrive TikTok
SnapChat AirPods eBook DoorDash PlayStation
""".split()  # noqa: SIM905 -- a list of words reads best as words


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("colon", ["", ": "])
def test_a_name_with_a_capital_inside_is_no_seam(name: str, colon: str) -> None:
    """However long the title around it is, and with a colon on both sides."""
    title = (
        f"A quiet evening in the garden{colon or ' '}what {name} taught us about patience"
        f"{colon or ' '}"
        "and why the oldest tools are often the ones that we keep"
    )
    assert unglue(title) == (title,)


def test_two_titles_run_together_are_taken_apart() -> None:
    """The seam is found also where a name stands before it."""
    first = "Why YouTube Lessons Help: A Year of Learning the Violin at Home"
    second = "Bees in Town: What a Small Balcony Gives Them"
    assert unglue(first + second) == (first, second)
