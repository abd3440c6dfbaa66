"""guide: how much an edit changed for readers."""

from __future__ import annotations

import pytest

from pipeline import guide
from pipeline.guide import Edit
from pipeline.model import Profile, Section

TEXT = """## Bees

The bees “dance” to tell each other where flowers are - it is said. A hive holds 40 frames and one
queen. In summer it is *warm* and there is [more to read](https://example.org/bees) about drones,
who do little all day long and are not fed in winter, when honey is scarce.

```python
while warm:
    lid()
```

### Smoke

Smoke is safe for bees and calms them. We lit some leaves, waited for the smoke to cool, and then
opened the lid with care, since a cold hive loses its warmth quickly and takes hours to regain it.
"""


def sections(text: str) -> tuple[Section, ...]:
    """The sections of a body."""
    found = guide.parse(
        guide.Source("content/g.md", f"---\ntitle: T\nslug: g\n---\n\n{text}")
    ).guide
    assert found is not None
    return found.sections


@pytest.mark.parametrize(
    ("old", "new", "edit"),
    [
        ("", "", Edit.COSMETIC),
        ("“dance”", '"dance"', Edit.COSMETIC),
        ("are - it", "are – it", Edit.COSMETIC),
        ("one\nqueen", "one queen", Edit.COSMETIC),
        ("\n### Smoke", "\n\n\n### Smoke", Edit.COSMETIC),
        ("*warm*", "warm", Edit.MINOR),
        ("    lid()", "  lid()", Edit.MINOR),
        ("example.org/bees", "example.org/drones", Edit.MINOR),
        ("leaves", "twigs", Edit.MINOR),
        ("Smoke is", "The smoke is", Edit.MINOR),
        ("### Smoke", "### On smoke", Edit.MINOR),
        ("40", "30", Edit.SUBSTANTIVE),
        ("are not fed", "are fed", Edit.SUBSTANTIVE),
        ("is safe", "is unsafe", Edit.SUBSTANTIVE),
        ("are not fed", "aren't fed", Edit.SUBSTANTIVE),
        ("do little all day long", "rest", Edit.SUBSTANTIVE),
        ("### Smoke", "A new paragraph with news.\n\n### Smoke", Edit.SUBSTANTIVE),
    ],
)
def test_an_edit_weighs_what_it_changes_for_readers(old: str, new: str, edit: Edit) -> None:
    """Typography is nothing, a word or a link little; numbers, negations and more are told."""
    assert old in TEXT
    after = sections(TEXT.replace(old, new, 1) if old else TEXT)
    assert guide.edit_between(sections(TEXT), after, Profile.GENERAL) is edit


def test_in_health_no_word_is_minor() -> None:
    """Whether a word matters to a patient is for a person to say."""
    after = sections(TEXT.replace("leaves", "twigs"))
    assert guide.edit_between(sections(TEXT), after, Profile.HEALTH) is Edit.SUBSTANTIVE
    after = sections(TEXT.replace("*warm*", "warm"))
    assert guide.edit_between(sections(TEXT), after, Profile.HEALTH) is Edit.MINOR


def test_a_long_text_is_compared_in_time() -> None:
    """A word in 50,000 is minor; half of them rewritten is not, and neither takes long."""
    words = [f"w{chr(97 + n % 26)}{chr(97 + n % 17)}" for n in range(50_000)]
    text = "## A\n\n" + " ".join(words)
    other = "## A\n\n" + " ".join([*words[:30_000], "changed", *words[30_001:]])
    more = "## A\n\n" + " ".join([*words[:20_000], *("z" for _ in words[20_000:])])
    before = sections(text)
    assert guide.edit_between(before, sections(other), Profile.GENERAL) is Edit.MINOR
    assert guide.edit_between(before, sections(more), Profile.GENERAL) is Edit.SUBSTANTIVE
