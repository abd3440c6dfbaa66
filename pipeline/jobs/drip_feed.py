"""Drips by feed: a guide from part 1, from a day and at a cadence that the address names.

No reader is known and nothing is written: an address, the clock and what is out say everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType

from pipeline import feed, schedule, store
from pipeline.errors import UsageError
from pipeline.jobs.desk import Desk
from pipeline.jobs.plan_drips import NEVER_HELD
from pipeline.jobs.standing import run_of
from pipeline.model import CatchUp, Channel, Dated, FrontMatter, GuideStatus, Issue, Run, Upcoming
from pipeline.schedule import Followed

RHYTHMS: Mapping[str, str] = MappingProxyType({
    "1d": "daily 00:00",
    "2d": "every 2 days 00:00",
    "3d": "every 3 days 00:00",
    "7d": "every 7 days 00:00",
    "14d": "every 14 days 00:00",
    "weekdays": "weekdays 00:00",
})  # fmt: skip
"""Cadences by their names in an address; parts come as the day begins in the guide's zone."""


@dataclass(frozen=True, slots=True)
class Followable:
    """A guide that may be followed from part 1, with what of it is out."""

    front: FrontMatter
    zone: str
    titles: tuple[str, ...]
    """Of all its parts."""
    issues: tuple[Issue, ...]
    version: str
    """Another whenever anything of it is."""

    @property
    def first_day(self) -> date:
        """The day that its first part came out, in its zone."""
        return schedule.slot_at(self.issues[0].released_at, self.zone).local.date()

    def today(self, now: datetime) -> date:
        """The day in its zone."""
        return schedule.slot_at(now, self.zone).local.date()


@dataclass(frozen=True, slots=True)
class DripFeed:
    """A drip as it is at a moment."""

    channel: Channel
    issues: Mapping[str, Issue]
    """By their ids in this drip."""
    next_at: datetime | None
    """When the next part comes; None when that is not known, or there is none."""
    begins_at: datetime


def version_of(desk: Desk, slug: str) -> str:
    """What changes whenever a guide or an issue of it does; empty if there is none."""
    with desk.store.read() as tx:
        record = store.guides.records(tx).get(store.guides.current_slug(tx, slug))
    return record.state if record is not None else ""


def followable(desk: Desk, slug: str, now: datetime, version: str) -> Followable | None:
    """A guide that has begun; None if there is none by this slug, or it is withdrawn.

    Args:
        desk: The site.
        slug: Of the guide, also an earlier one.
        now: For its run.
        version: As `version_of` said.
    """
    with desk.store.read() as tx:
        slug = store.guides.current_slug(tx, slug)
        record = store.guides.records(tx).get(slug)
        issues = store.issues.of_guide(tx, slug) if record else ()
    if record is None or not issues or record.front.status is GuideStatus.WITHDRAWN:
        return None
    return Followable(
        front=record.front,
        zone=run_of(desk, record.front, record, now).zone,
        titles=tuple(part.subject for part in record.parts),
        issues=issues,
        version=version,
    )


def drip_feed(desk: Desk, guide: Followable, start: date, rhythm: str, now: datetime) -> DripFeed:
    """The drip of a guide from a day, as it is now.

    Args:
        desk: The site.
        guide: The guide.
        start: The reader's first day, in the guide's zone.
        rhythm: A key of RHYTHMS.
        now: The moment.

    Raises:
        UsageError: There is no such rhythm, or nobody can begin on that day: it is before the
            guide began, or after tomorrow.
    """
    if rhythm not in RHYTHMS:
        raise UsageError(f"no drip has the rhythm {rhythm!r}", f"known: {', '.join(RHYTHMS)}")
    if not guide.first_day <= start <= guide.today(now) + timedelta(days=1):
        raise UsageError(f"no drip begins on {start}", "take today's date")
    run = _run(guide, start, rhythm)
    out = [one.released_at for one in guide.issues]
    followed = schedule.follow(run, out, now)
    name = f"drip/{start}/{rhythm}"
    issues = [
        _issue(guide, one, found, name) for one, found in zip(guide.issues, followed, strict=False)
    ]
    path = f"drip/{guide.front.slug}/{start}/{rhythm}/"
    dated = tuple(Dated(one.id, one.released_at, one.updated_at) for one in issues)
    channel = feed.drip_channel(
        guide.front,
        len(guide.titles),
        dated,
        desk.site,
        path=path,
        id=f"{guide.issues[0].id}:{name}",
    )
    channel = replace(channel, opened_at=guide.issues[0].released_at)
    begins_at = schedule.first_at(run)
    planned = followed[-1].next_at if followed else begins_at
    is_waiting = len(followed) == len(out)
    return DripFeed(
        channel=channel,
        issues={one.id: one for one in issues},
        next_at=None if is_waiting else max(planned, out[len(followed)]),
        begins_at=begins_at,
    )


def _run(guide: Followable, start: date, rhythm: str) -> Run:
    return Run(
        cadence=RHYTHMS[rhythm],
        zone=guide.zone,
        start=start,
        started_at=guide.issues[0].released_at,
        catch_up=CatchUp.SPREAD,
        max_late=NEVER_HELD,
    )


def _issue(guide: Followable, one: Issue, found: Followed, name: str) -> Issue:
    """The issue as this drip has it: other ids and dates, and its own next part."""
    at = found.release.released_at
    number = found.release.number
    coming = None
    if number < len(guide.titles):
        is_out = number < len(guide.issues)
        coming = Upcoming(number + 1, guide.titles[number], found.next_at if is_out else None)
    return replace(
        one,
        id=f"{one.id}:{name}",
        released_at=at,
        updated_at=max(at, one.updated_at),
        upcoming=coming,
    )
