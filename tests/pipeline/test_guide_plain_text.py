"""guide: the bars for plain text: whole trees recovered from flattened guides."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from pipeline import guide
from pipeline.model import Guide, Section
from tests.flattened import Heading, flattened, numbered

CONTENT = Path(__file__).parents[2] / "content"
SUBJECTS = """
bees hives smoke honey swarms frames winter spring wax queens drones pollen rivers bridges boats
tides harbours sleep light night waking dreams studies trials numbers letters gardens soil compost
seeds frost watering pruning bread yeast flour ovens crust kitchens knives salt
""".split()  # noqa: SIM905 -- a list of words reads best as words
FORMS = [
    "What is {a}?", "{a} and {b}", "How {a} became {b}", "Why {a} matter", "{a}: a closer look",
    "3 ways to keep {a}", "The 1990s and {a}", "{a} (and {b})", "Before {a}", "{a}, step by step",
    "A short history of {a}", "{a} vs. {b}", "“{a}” in practice", "Do’s and don’ts of {a}", "{a}",
    "From {a} to {b} in 10 days", "{a} – an overview", "FAQ", "Summary", "Conclusion",
]  # fmt: skip
GUIDES = 300


def made_up(random: Random) -> Guide:
    """A guide of 3 to 12 sections, some with sections below, of ordinary titles and prose."""
    body = ["---", "title: T", "slug: t", "---", ""]

    def title() -> str:
        a, b = random.choice(SUBJECTS), random.choice(SUBJECTS)
        said = random.choice(FORMS).format(a=a, b=b)
        return said[0].upper() + said[1:]

    def prose(level: int) -> None:
        body.extend([f"{'#' * level} {title()}", ""])
        for _ in range(random.randint(1, 3)):
            words = (random.choice(SUBJECTS) for _ in range(random.randint(8, 40)))
            body.extend([" ".join(words).capitalize() + ".", ""])
        if random.random() < 0.3:
            body.extend([*(f"- {random.choice(SUBJECTS)}" for _ in range(3)), ""])

    for _ in range(random.randint(3, 12)):
        prose(2)
        for _ in range(random.choice([0, 0, 0, 2, 3])):
            prose(3)
    found = guide.parse(guide.Source("content/t.md", "\n".join(body))).guide
    assert found is not None
    return found


def recovered(text: str) -> list[Heading]:
    """The headings that are found in a plain text."""
    source = guide.Source("content/t.txt", text, 'title = "T"\nslug = "t"\n', "content/t.toml")
    found = guide.parse(source).guide
    assert found is not None
    return list(_headings(found.sections))


def _headings(sections: tuple[Section, ...]) -> list[Heading]:
    return [
        heading
        for one in sections
        for heading in [(one.number, one.title), *_headings(one.children)]
    ]


@pytest.mark.parametrize(("contents", "bar"), [(True, 0.99), (False, 0.78)])
def test_flattened_guides_are_recovered_whole(contents: bool, bar: float) -> None:
    """Every heading and no other: 99 % with a contents list, 78 % without one."""
    whole = 0
    for seed in range(GUIDES):
        random = Random(seed)  # noqa: S311 -- a test
        text, headings = flattened(made_up(random), random, contents=contents)
        whole += recovered(text) == headings
    assert whole / GUIDES >= bar, whole


@pytest.mark.parametrize("path", sorted(CONTENT.glob("*.md")), ids=lambda one: one.stem)
def test_our_guides_are_recovered_from_their_flattened_text(path: Path) -> None:
    """With a contents list, whatever numbers are planted in the prose."""
    found = guide.parse(guide.Source(f"content/{path.name}", path.read_text("utf-8"))).guide
    assert found is not None
    for seed in range(20):
        text, headings = flattened(found, Random(seed), contents=True)  # noqa: S311 -- a test
        assert recovered(text) == headings
    assert [heading for heading, _ in numbered(found.sections)]
