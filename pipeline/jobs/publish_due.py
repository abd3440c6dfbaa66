"""Releases what is due: decides, freezes issues, writes the ledger and the plan of deliveries.

One transaction holds the write lock from the look at the ledger to the last row, so that a second
scheduler finds the work done. Nothing is rendered or sent here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline import markup, publish, schedule, store, trust
from pipeline.errors import FileError, UsageError
from pipeline.jobs.catalogue import Catalogue
from pipeline.jobs.desk import Desk
from pipeline.jobs.relate import linkable, relate, text_of
from pipeline.jobs.revise import Revised, revise
from pipeline.jobs.standing import Standing, standings, upcoming
from pipeline.model import CatchUp, Event, EventKind, FrontMatter, Issue, Part, Release, Slot

MANY = 1_000
"""Deliveries planned at once that change what the database should know of its sizes."""


@dataclass(frozen=True, slots=True)
class Held:
    """A run so far behind that the operator must say how it goes on."""

    guide: str
    number: int
    late: timedelta


@dataclass(frozen=True, slots=True)
class Released:
    """An issue that went out now, and how many deliveries it brought."""

    issue: Issue
    deliveries: int


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What a pass released, and what it holds back."""

    released: tuple[Released, ...]
    held: tuple[Held, ...]
    has_changed: bool = False
    """Whether a guide reads otherwise than at the last pass."""
    revised: tuple[Revised, ...] = ()
    """Issues that were out and whose guide says something else now."""
    problems: tuple[str, ...] = ()
    """Ids files that could not be written, a line each."""


def publish_due(desk: Desk, catalogue: Catalogue, now: datetime) -> PublishReport:
    """What went out now; a second call at the same moment releases nothing."""
    problems = keep_ids(catalogue)
    drafts: list[tuple[Standing, Issue]] = []
    held: list[Held] = []
    revised: list[Revised] = []
    changed = False
    with desk.store.write() as tx:
        for volume in catalogue.volumes:
            if volume.former:
                store.guides.rename(tx, volume.former, volume.guide.slug)
        out = {volume.guide.slug for volume in catalogue.scheduled}
        out |= {resting.slug for resting in catalogue.resting}
        store.subscribers.follow_every(tx, sorted(out))
        for one in standings(tx, desk, catalogue, now):
            front = one.guide.front
            source = store.guides.Known(one.volume.ids, one.volume.digest)
            changed |= store.guides.save(tx, front, one.parts, source, one.run.started_at)
            revised += revise(tx, one, now) if one.is_edited else ()
            if trust.is_held(front.profile, front.trust, now.date()):
                problems += (_unreviewed(one),)
                continue
            due, late = decide(one, now)
            drafts += [(one, draft(one, number, slot, now)) for number, slot in due]
            held += late
        changed |= store.guides.suspend(tx, out)
        changed |= store.guides.withdraw(tx, (one.guide.front for one in catalogue.volumes))
        issues = relate(tx, desk, drafts, linkable(catalogue, now))
        released = tuple(Released(issue, _record(tx, issue, desk.groups)) for issue in issues)
        for each in revised:
            store.events.add(tx, _event(EventKind.REVISED, each.issue, now))
        for issue in issues:
            store.events.add(tx, _event(EventKind.RELEASED, issue, now))
    return PublishReport(released, tuple(held), changed, tuple(revised), problems)


def _event(kind: EventKind, issue: Issue, now: datetime) -> Event:
    return Event(now, kind, issue.guide, f"part {issue.number}", issue_id=issue.id)


def _unreviewed(one: Standing) -> str:
    day = one.guide.front.trust.next_review
    return f"{one.guide.source}: held, its review was due on {day}; renew it and its dates"


def keep_ids(catalogue: Catalogue) -> tuple[str, ...]:
    """Write the ids files that are new or have grown, before anything is released under them.

    Returns:
        What could not be written; the store remembers those ids all the same.
    """
    problems = []
    for volume in catalogue.scheduled:
        if volume.has_new_ids:
            name, text = volume.ids_file.name, volume.ids.encode("utf-8")
            try:
                publish.write(volume.ids_file.parent, [(name, text)])
            except FileError as error:
                problems.append(str(error))
    return tuple(problems)


def decide(one: Standing, now: datetime) -> tuple[list[tuple[int, Slot]], list[Held]]:
    """The parts of a guide that are due now with their slots, or that its run is held."""
    due: list[tuple[int, Slot]] = []
    released = list(one.released)
    while True:
        match schedule.next_release(one.run, released, len(one.parts), now):
            case schedule.Due(number, slot):
                due.append((number, slot))
                released.append(Release(number, slot, now))
            case schedule.Held(number, _, late):
                return due, [Held(one.guide.slug, number, late)]
            case _:
                return due, []


def draft(one: Standing, number: int, slot: Slot, now: datetime) -> Issue:
    """The issue that a part becomes when it is released in this slot; without related links."""
    front, part = one.guide.front, one.parts[number - 1]
    released = (*one.released[: number - 1], Release(number, slot, now))
    coming = upcoming(one.run, one.parts, released, now)
    return Issue(
        id=part.sections[0].id,
        guide=front.slug,
        guide_title=front.title,
        number=number,
        of=part.of,
        subject=part.subject,
        lang=front.lang,
        sections=part.sections,
        words=part.words,
        slot=slot,
        released_at=now,
        updated_at=now,
        path=_path(front, part),
        zone=one.run.zone,
        author=front.author,
        tags=front.tags,
        upcoming=coming[0] if coming else None,
        trust=front.trust,
        profile=front.profile,
        discreet=front.discreet,
    )


def _path(front: FrontMatter, part: Part) -> str:
    """Where the page of a part stands: its number, and what it is about if that may be known."""
    told = "" if front.discreet else f"-{markup.slugify(part.subject)}"
    return f"{front.slug}/{part.number}{told}/"


def _record(tx: store.Transaction, issue: Issue, groups: Mapping[str, str]) -> int:
    """Write an issue into the ledger and plan its deliveries; returns how many there are."""
    store.issues.add(tx, issue, text_of(issue))
    planned = 0
    for zone, hour in store.plans.local_times(tx):
        at = issue.released_at
        if hour is not None:
            at = schedule.local_hour(at, zone or issue.zone, hour)
        plan = store.plans.Planned(issue.id, issue.guide, issue.released_at, at, groups)
        planned += store.plans.snapshot(tx, plan, zone, hour)
    if planned >= MANY:
        store.plans.learn_sizes(tx)
    return planned


def resume(desk: Desk, slug: str, catch_up: CatchUp, now: datetime) -> None:
    """Let a held run go on, its overdue parts treated as said.

    Raises:
        UsageError: No such guide was ever scheduled.
    """
    with desk.store.write() as tx:
        if not store.guides.resume(tx, slug, catch_up, now):
            known = ", ".join(store.guides.records(tx)) or "none"
            raise UsageError(f"no guide {slug!r} was ever scheduled", f"known: {known}")
