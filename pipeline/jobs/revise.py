"""Brings what is out up to what its guide says now: same id, same date, a new revision.

Mail that was sent stays as it was; it leads to the page, which is current.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from pipeline import guide, store
from pipeline.errors import UsageError
from pipeline.guide import Edit
from pipeline.jobs.desk import Desk
from pipeline.jobs.relate import text_of
from pipeline.jobs.standing import Standing
from pipeline.markup import count_words
from pipeline.model import Correction, FrontMatter, Issue, Profile, Section

LONGEST_NOTE = 1000


@dataclass(frozen=True, slots=True)
class Revised:
    """An issue as it is now, and how much was changed."""

    issue: Issue
    edit: Edit


def revise(tx: store.Transaction, one: Standing, now: datetime) -> tuple[Revised, ...]:
    """The issues of a guide that say something else now, recorded as they are."""
    found = []
    issues = store.issues.of_guide(tx, one.guide.slug)
    texts = guide.current([issue.sections for issue in issues], one.guide)
    for issue, sections in zip(issues, texts, strict=True):
        edit, revised = revision(issue, sections, one.guide.front, now)
        if revised != issue:
            keep(tx, revised)
            found.append(Revised(revised, edit))
    return tuple(found)


def keep(tx: store.Transaction, issue: Issue) -> None:
    """Record a new revision of an issue."""
    store.issues.revise(tx, issue, text_of(issue))


def revision(
    issue: Issue, sections: tuple[Section, ...], front: FrontMatter, now: datetime
) -> tuple[Edit, Issue]:
    """How much was edited, and the issue as it is to be shown; itself if nothing is to be told."""
    edit = guide.edit_between(issue.sections, sections, front.profile)
    shown = replace(
        issue,
        guide_title=front.title,
        lang=front.lang,
        author=front.author,
        tags=front.tags,
        trust=front.trust,
        profile=front.profile,
    )
    if edit is not Edit.COSMETIC:
        words = sum(map(count_words, sections))
        subject = guide.subject(front.title, sections)
        shown = replace(shown, sections=sections, words=words, subject=subject)
    if edit is Edit.SUBSTANTIVE:
        shown = replace(shown, updated_at=now, revision=issue.revision + 1, edited_at=now)
    return edit, replace(shown, edited_at=_unreviewed_edit(shown))


def _unreviewed_edit(issue: Issue) -> datetime | None:
    """When it was edited after the review that it states; None if it was reviewed since."""
    reviewed = issue.trust.last_reviewed
    if issue.profile is not Profile.HEALTH or issue.edited_at is None or reviewed is None:
        return None
    return issue.edited_at if issue.edited_at.date() > reviewed else None


def correct(desk: Desk, slug: str, number: int, note: str, now: datetime) -> Issue:
    """Put a dated note on an issue: it is shown with it, and readers of feeds see an update.

    Raises:
        UsageError: No such issue is out, or the note is empty or too long.
    """
    said = " ".join(note.split())
    if not 0 < len(said) <= LONGEST_NOTE:
        raise UsageError("the note is empty or too long", f"write 1 to {LONGEST_NOTE} characters")
    with desk.store.write() as tx:
        issue = _released(tx, slug, number)
        corrected = replace(
            issue,
            updated_at=now,
            revision=issue.revision + 1,
            corrections=(*issue.corrections, Correction(now, said)),
        )
        keep(tx, corrected)
    return corrected


def confirm(desk: Desk, slug: str, number: int) -> Issue:
    """Take an edit after the review as minor: the issue no longer says that it was edited.

    Raises:
        UsageError: No such issue is out, or it was not edited after its review.
    """
    with desk.store.write() as tx:
        issue = _released(tx, slug, number)
        if issue.edited_at is None:
            raise UsageError(f"{slug} {number} was not edited after its review", "nothing to do")
        confirmed = replace(issue, edited_at=None)
        keep(tx, confirmed)
    return confirmed


def issue_of(desk: Desk, slug: str, number: int) -> Issue:
    """An issue that is out, as it is now.

    Raises:
        UsageError: No such issue is out.
    """
    with desk.store.read() as tx:
        return _released(tx, slug, number)


def _released(tx: store.Transaction, slug: str, number: int) -> Issue:
    out = {one.number: one for one in store.issues.of_guide(tx, slug)}
    if number not in out:
        known = ", ".join(map(str, out)) or "none"
        raise UsageError(f"{slug} has no issue {number} that is out", f"out: {known}")
    return out[number]
