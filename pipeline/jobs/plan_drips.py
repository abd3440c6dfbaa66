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
from pipeline.model import CatchUp, Release, Run, Subscriber, Subscription
from pipeline.store.guides import GuideRecord

NEVER_HELD = timedelta(days=36_500)
"""A reader's own run is not held when it is late: one part a day brings it back."""

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
    """A reader's own calendar: part 1 when it comes to life, the rest on its cadence."""
    live = run_of(desk, record.front, record, now)
    cadence = mine.cadence or live.cadence
    if person.hour is not None:
        cadence = schedule.with_hour(cadence, person.hour)
    return replace(
        live,
        cadence=cadence,
        zone=person.zone or live.zone,
        start="first-run",
        started_at=mine.started_at or now,
        catch_up=CatchUp.SPREAD,
        max_late=NEVER_HELD,
        resumed_at=None,
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
            planned = store.deliveries.plan_drip(
                tx,
                issue_id,
                mine.subscriber_id,
                slot=slot.key,
                planned_at=now,
                destination=plan.destination,
            )
            released = (*released, Release(number, slot, now))
            decision = schedule.next_release(run, released, plan.total, now)
    if isinstance(decision, schedule.Waiting):
        next_at = decision.due_at
    store.subscribers.advance(tx, mine.id, run.started_at, next_at)
    return planned
