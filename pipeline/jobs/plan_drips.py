"""Plans the deliveries of drip readers: each from part 1, on days of their own.

The calendar is the same function as the live run's. A reader never overtakes the live run: a part
that is not out yet is waited for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline import schedule, store
from pipeline.jobs.desk import Desk
from pipeline.jobs.standing import run_of
from pipeline.mail import LetterKind
from pipeline.model import (
    CatchUp,
    Event,
    EventKind,
    Release,
    Run,
    Subscriber,
    Subscription,
)
from pipeline.store.guides import GuideRecord
from pipeline.store.letters import Queued
from pipeline.store.plans import DripPlan

NEVER_HELD = timedelta(days=36_500)
"""A reader's own run is not held when it is late: one part a day brings it back."""

TIME_TO_READ = timedelta(days=1)
"""Between the last part and the letter that says so."""

LOOK_AGAIN = timedelta(hours=1)
"""How soon to look again for a part that the live run has not let out."""


def plan_drips(desk: Desk, now: datetime) -> int:
    """How many deliveries were planned for drip readers whose next part is due."""
    planned, groups = 0, desk.groups
    with desk.store.write() as tx:
        records = store.guides.records(tx)
        for mine, person in tuple(store.subscribers.due_drips(tx, now)):
            record = records.get(mine.guide)
            if record is not None:  # else the guide has never been scheduled
                run = drip_run(desk, record, mine, person, now)
                group = groups.get(store.subscribers.domain_of(person.address), "")
                planned += _plan(tx, run, mine, Plan(len(record.parts), group), now)
    return planned


def drip_run(
    desk: Desk, record: GuideRecord, mine: Subscription, person: Subscriber, now: datetime
) -> Run:
    """A reader's own calendar: part 1 when it comes to life, the rest on its cadence.

    It comes to life at once or, for who wants mail at an hour of the day, at the next such hour.
    """
    live = run_of(desk, record.front, record, now)
    cadence, zone = mine.cadence or live.cadence, person.zone or live.zone
    started_at = mine.started_at or now
    if person.hour is not None:
        cadence = schedule.with_hour(cadence, person.hour)
        if mine.started_at is None:
            started_at = schedule.local_hour(now, zone, person.hour)
    return replace(
        live,
        cadence=cadence,
        zone=zone,
        start="first-run",
        started_at=started_at,
        catch_up=CatchUp.SPREAD,
        max_late=NEVER_HELD,
        resumed_at=None,
        floor_at=mine.floor_at,
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a drip is planned with, besides its calendar."""

    total: int
    """Parts of the guide."""
    destination: str
    """The group that the reader's domain is in."""


def _plan(tx: store.Transaction, run: Run, mine: Subscription, plan: Plan, now: datetime) -> int:
    released = store.deliveries.releases_of(tx, mine.subscriber_id, mine.guide)
    decision = schedule.next_release(run, released, plan.total, now)
    planned = 0
    next_at: datetime | None = None
    if isinstance(decision, schedule.Due):
        number, slot = decision.number, decision.slot
        issue_id = store.issues.id_of(tx, mine.guide, number)
        if issue_id is None:
            next_at = now + LOOK_AGAIN
        else:
            drip = DripPlan(slot.key, now, plan.destination, mine.run)
            planned = store.plans.plan_drip(tx, issue_id, mine.subscriber_id, drip)
            released = (*released, Release(number, slot, now))
            decision = schedule.next_release(run, released, plan.total, now)
    if isinstance(decision, schedule.Waiting):
        next_at = decision.due_at
    if isinstance(decision, schedule.Finished) and not mine.is_finished:
        _say_finished(tx, mine, now)
    store.subscribers.advance(tx, mine.id, run.started_at, next_at)
    return planned


def _say_finished(tx: store.Transaction, mine: Subscription, now: datetime) -> None:
    """Write to them that this was the end, when they have had time to read the last part."""
    store.events.add(tx, Event(now, EventKind.FINISHED, mine.guide), mine.subscriber_id)
    told = Queued(LetterKind.FINISHED, mine.guide, now, subscriber_id=mine.subscriber_id)
    store.letters.add(tx, told, not_before=now + TIME_TO_READ)
