"""Whether a guide may go out: what its profile demands of what it declares."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from pipeline.model import Diagnostic, Guide, Profile, Severity, Trust

REQUIRED = ("reviewer", "last_reviewed", "next_review", "citations", "disclaimer")
"""What the profile `health` demands before anything is scheduled."""

WARN_BEFORE = timedelta(days=30)
SOON = 7
"""Days before the next review at which the note becomes a warning."""


def review(guide: Guide, *, today: date, demonstration: bool) -> tuple[Diagnostic, ...]:
    """What the guide's profile has to say of it; an error means that it cannot be scheduled.

    Args:
        guide: The guide.
        today: For the date of the next review.
        demonstration: Whether the site only shows how it works.
    """
    if guide.front.profile is not Profile.HEALTH:
        return ()
    return (
        *_missing(guide),
        *_reviewer(guide, demonstration=demonstration),
        *_dates(guide, today),
    )


def is_overdue(trust: Trust, today: date) -> bool:
    """Whether a review was due and has not been renewed."""
    return trust.next_review is not None and trust.next_review < today


def is_held(profile: Profile, trust: Trust, today: date) -> bool:
    """Whether nothing may go out: a health guide's stated review was due and was not renewed."""
    stated = profile is Profile.HEALTH and not trust.is_unreviewed
    return stated and is_overdue(trust, today)


def _missing(guide: Guide) -> Iterator[Diagnostic]:
    for key in REQUIRED:
        if not getattr(guide.front.trust, key):
            what = f"profile health needs {key}: the guide cannot be scheduled without it"
            yield _told(guide, "profile", key, Severity.ERROR, what)


def _reviewer(guide: Guide, *, demonstration: bool) -> Iterator[Diagnostic]:
    if guide.front.trust.is_unreviewed and not demonstration:
        what = (
            "a health guide that nobody reviewed goes out only on a demonstration site "
            "([site] demonstration = true); name who reviewed it"
        )
        yield _told(guide, "reviewer", "reviewer", Severity.ERROR, what)


def _dates(guide: Guide, today: date) -> Iterator[Diagnostic]:
    trust = guide.front.trust
    if trust.last_reviewed is not None and trust.last_reviewed > today + timedelta(days=1):
        what = f"last_reviewed {trust.last_reviewed} lies in the future"
        yield _told(guide, "last_reviewed", "last_reviewed", Severity.WARNING, what)
    if trust.next_review is None:
        return
    if is_overdue(trust, today):
        what = f"the review was due on {trust.next_review}: nothing goes out until it is renewed"
        yield _told(guide, "next_review", "next_review", Severity.WARNING, what)
    elif trust.next_review - today <= WARN_BEFORE:
        days = (trust.next_review - today).days
        severity = Severity.WARNING if days <= SOON else Severity.NOTE
        what = f"the review is due in {days} days, on {trust.next_review}"
        yield _told(guide, "next_review", "next_review", severity, what)


def _told(guide: Guide, key: str, rule: str, severity: Severity, what: str) -> Diagnostic:
    return Diagnostic(guide.front_source, guide.line_of(key), severity, rule, what)
