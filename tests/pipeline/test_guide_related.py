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


ORDINARY = [
    "{name}: what it is, and what it is not",
    "Ten years of {name}: a look back",
    "How {name} changed the way we work: lessons from a small team in a large town",
    "{name} for beginners",
    "Moving from paper to {name}: a guide for people who would rather stay with paper, and for "
    "those who must not",
    "What {name} and {other} have in common: less than you think, and more than they would like",
    "Is {name} worth it? We asked forty people who use it every day, and four who stopped after a "
    "week: this is what they said",
    "The {name} handbook: chapter by chapter: what to read first",
]


@pytest.mark.parametrize("form", ORDINARY)
def test_no_ordinary_title_is_taken_apart(form: str) -> None:
    """216 titles with capitals inside names: none is split by itself."""
    split = [
        title
        for name, other in zip(NAMES, reversed(NAMES), strict=True)
        if unglue(title := form.format(name=name, other=other)) != (title,)
    ]
    assert split == []
    assert len(NAMES) * len(ORDINARY) >= 200
