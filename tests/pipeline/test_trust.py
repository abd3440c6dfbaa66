"""trust: what may go out under the profile health."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from pipeline import trust
from pipeline.model import Citation, FrontMatter, Guide, Person, Profile, Severity, Trust

TODAY = date(2026, 6, 1)
SOUND = Trust(
    reviewer=Person("A clinician", "MD"),
    last_reviewed=TODAY - timedelta(days=30),
    next_review=TODAY + timedelta(days=300),
    citations=(Citation("x", "A study", "https://example.org"),),
    disclaimer="Not advice.",
)


def review(
    stated: Trust, profile: Profile = Profile.HEALTH, *, demonstration: bool = False
) -> list[tuple[str, Severity]]:
    """What is told of a guide that states this."""
    front = FrontMatter("g", "G", profile=profile, trust=stated)
    made = Guide(front, (), "content/g.md", front_source="content/g.md")
    found = trust.review(made, today=TODAY, demonstration=demonstration)
    return [(one.rule, one.severity) for one in found]


def test_a_sound_guide_goes_out() -> None:
    """With all that is demanded nothing is told."""
    assert review(SOUND) == []


@pytest.mark.parametrize(
    "key", ["reviewer", "last_reviewed", "next_review", "citations", "disclaimer"]
)
def test_what_is_missing_keeps_it_in(key: str) -> None:
    """Each demanded key that is missing is an error of its own; a general guide needs none."""
    without = replace(SOUND, **{key: getattr(Trust(), key)})
    assert (key, Severity.ERROR) in review(without)
    assert review(without, Profile.GENERAL) == []


def test_only_a_demonstration_goes_out_unreviewed() -> None:
    """A reviewer that says `not reviewed` is honest, and enough for a demonstration alone."""
    honest = replace(SOUND, reviewer=Person("Not reviewed"))
    assert review(honest) == [("reviewer", Severity.ERROR)]
    assert review(honest, demonstration=True) == []
    assert honest.is_unreviewed
    assert not SOUND.is_unreviewed


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (-1, Severity.WARNING),
        (0, Severity.WARNING),
        (7, Severity.WARNING),
        (8, Severity.NOTE),
        (30, Severity.NOTE),
        (31, None),
    ],
)
def test_a_review_that_runs_out_is_told(days: int, told: Severity | None) -> None:
    """30 days before, from 7 days on as a warning, and when it is overdue."""
    stated = replace(SOUND, next_review=TODAY + timedelta(days=days))
    assert review(stated) == ([("next_review", told)] if told else [])
    assert trust.is_overdue(stated, TODAY) == (days < 0)
