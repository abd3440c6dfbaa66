"""Statements about deliveries: one row per (issue, subscriber), claimed before it is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, literal, select, update
from sqlalchemy.dialects.sqlite import insert

from pipeline.model import Delivery, DeliveryState, Mode, Release, SubscriberStatus
from pipeline.store.issues import read_slot
from pipeline.store.tables import delivery, issue, subscriber, subscription

_WAITING = (DeliveryState.PENDING.value, DeliveryState.DEFERRED.value)


@dataclass(frozen=True, slots=True)
class Settled:
    """How one attempt ended: the row's new state and why."""

    issue_id: str
    subscriber_id: int
    state: DeliveryState
    reply: str
    at: datetime
    next_at: datetime | None = None
    suppress: bool = False
    """Whether the address turned out not to exist."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An issue that is to be delivered: since when it is out, and not before when."""

    issue_id: str
    guide: str
    slot: str
    planned_at: datetime
    not_before: datetime


def local_times(tx: Connection, slug: str) -> tuple[tuple[str, int | None], ...]:
    """The different (zone, hour) at which a guide's live audience wants mail."""
    rows = tx.execute(
        select(subscriber.c.zone, subscriber.c.hour)
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .where(*_live_audience(slug))
        .distinct()
        .order_by(subscriber.c.zone, subscriber.c.hour)
    )
    return tuple((zone, hour) for zone, hour in rows)


def snapshot(tx: Connection, plan: Planned, zone: str, hour: int | None) -> int:
    """Plan one delivery for everyone of the live audience who wants mail at this local time.

    Returns:
        How many rows were added; a second call adds none.
    """
    audience = (
        select(
            literal(plan.issue_id),
            subscriber.c.id,
            literal(Mode.LIVE.value),
            literal(plan.slot),
            literal(plan.planned_at, delivery.c.planned_at.type),
            literal(DeliveryState.PENDING.value),
            literal(plan.not_before, delivery.c.next_at.type),
        )
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .where(
            *_live_audience(plan.guide),
            subscriber.c.zone == zone,
            subscriber.c.hour.is_not_distinct_from(hour),
        )
    )
    columns = ["issue_id", "subscriber_id", "mode", "slot", "planned_at", "state", "next_at"]
    done = tx.execute(insert(delivery).from_select(columns, audience).on_conflict_do_nothing())
    return max(done.rowcount, 0)


def _live_audience(slug: str) -> tuple[Any, ...]:
    return (
        subscription.c.guide == slug,
        subscription.c.mode == Mode.LIVE.value,
        subscription.c.ended_at.is_(None),
        subscriber.c.status == SubscriberStatus.ACTIVE.value,
    )


def plan_drip(
    tx: Connection, issue_id: str, subscriber_id: int, *, slot: str, planned_at: datetime
) -> int:
    """Plan one drip reader's delivery; 1 if it is new, 0 if it was planned before."""
    done = tx.execute(
        insert(delivery)
        .values(
            issue_id=issue_id, subscriber_id=subscriber_id, mode=Mode.DRIP.value, slot=slot,
            planned_at=planned_at, state=DeliveryState.PENDING.value, next_at=planned_at,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    return max(done.rowcount, 0)


def releases_of(tx: Connection, subscriber_id: int, slug: str) -> tuple[Release, ...]:
    """What one reader's drip has let out, in order."""
    rows = tx.execute(
        select(issue.c.number, delivery.c.slot, delivery.c.planned_at)
        .join(issue, issue.c.id == delivery.c.issue_id)
        .where(
            delivery.c.subscriber_id == subscriber_id,
            delivery.c.mode == Mode.DRIP.value,
            issue.c.guide == slug,
        )
        .order_by(issue.c.number)
    )
    return tuple(Release(number, read_slot(slot), at) for number, slot, at in rows)


def drop_unwanted(tx: Connection, now: datetime) -> int:
    """Cancel what is waiting for people who have left; returns how many rows."""
    wanted = (
        select(subscription.c.id)
        .join(issue, issue.c.guide == subscription.c.guide)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(
            issue.c.id == delivery.c.issue_id,
            subscription.c.subscriber_id == delivery.c.subscriber_id,
            subscription.c.ended_at.is_(None),
            subscriber.c.status == SubscriberStatus.ACTIVE.value,
        )
        .correlate(delivery)
    )
    done = tx.execute(
        update(delivery)
        .where(delivery.c.state.in_(_WAITING), ~wanted.exists())
        .values(state=DeliveryState.CANCELLED.value, settled_at=now, reply="left before it went")
    )
    return done.rowcount


def due_issues(tx: Connection, now: datetime) -> tuple[tuple[str, Mode], ...]:
    """Which issues have deliveries due, and in which modes, oldest first."""
    rows = tx.execute(
        select(delivery.c.issue_id, delivery.c.mode)
        .where(delivery.c.state.in_(_WAITING), delivery.c.next_at <= now)
        .group_by(delivery.c.issue_id, delivery.c.mode)
        .order_by(func.min(delivery.c.planned_at), delivery.c.issue_id, delivery.c.mode)
    )
    return tuple((issue_id, Mode(mode)) for issue_id, mode in rows)


def claim(
    tx: Connection, now: datetime, *, among: Collection[str], lease: str, limit: int
) -> tuple[tuple[Delivery, Mode], ...]:
    """Lease up to `limit` due deliveries of these issues to this sender, oldest first.

    What is returned is nobody else's until it is settled or released; commit before sending.
    Who has left meanwhile is not among them.
    """
    drop_unwanted(tx, now)
    due = (
        select(
            delivery.c.issue_id, delivery.c.subscriber_id, delivery.c.attempts,
            subscriber.c.address, subscriber.c.name, delivery.c.mode,
        )
        .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .where(
            delivery.c.state.in_(_WAITING),
            delivery.c.next_at <= now,
            delivery.c.issue_id.in_(among),
        )
        .order_by(delivery.c.planned_at, delivery.c.issue_id, delivery.c.subscriber_id)
        .limit(limit)
    )  # fmt: skip
    rows = tx.execute(due).all()
    if rows:
        tx.execute(
            update(delivery)
            .where(_is_bound_row())
            .values(
                state=DeliveryState.LEASED.value, leased_at=now, leased_by=lease,
                attempts=delivery.c.attempts + 1,
                first_tried_at=func.coalesce(delivery.c.first_tried_at, bindparam("b_now", now)),
            ),
            [{"b_issue": row.issue_id, "b_subscriber": row.subscriber_id} for row in rows],
        )  # fmt: skip
    return tuple(
        (
            Delivery(
                row.issue_id, row.subscriber_id, DeliveryState.LEASED,
                row.attempts + 1, row.address, row.name,
            ),
            Mode(row.mode),
        )
        for row in rows
    )  # fmt: skip


def settle(tx: Connection, results: Iterable[Settled], *, lease: str) -> None:
    """Record how attempts ended; a row whose lease was lost meanwhile is left alone."""
    rows = [
        {
            "b_issue": one.issue_id, "b_subscriber": one.subscriber_id,
            "b_state": one.state.value, "b_reply": one.reply[:500], "b_next": one.next_at,
            "b_settled": None if one.state is DeliveryState.DEFERRED else one.at,
        }
        for one in results
    ]  # fmt: skip
    if rows:
        tx.execute(
            update(delivery)
            .where(_is_bound_row(), delivery.c.leased_by == lease)
            .values(
                state=bindparam("b_state"), reply=bindparam("b_reply"),
                next_at=bindparam("b_next"), settled_at=bindparam("b_settled"),
                leased_at=None, leased_by=None,
            ),
            rows,
        )  # fmt: skip


def release_leases(tx: Connection, *, lease: str) -> None:
    """Give back what this sender leased but never began to send."""
    tx.execute(
        update(delivery)
        .where(delivery.c.leased_by == lease, delivery.c.state == DeliveryState.LEASED.value)
        .values(
            state=DeliveryState.PENDING.value, leased_at=None, leased_by=None,
            attempts=delivery.c.attempts - 1,
        )
    )  # fmt: skip


def expire_leases(tx: Connection, now: datetime, *, age: timedelta, to: DeliveryState) -> int:
    """Move what a vanished sender left behind to `to`; returns how many rows.

    A message that may have been handed over is never silently sent again: over SMTP `to` is
    uncertain; a Maildir, where a second writing replaces the first, takes pending.
    """
    waits = to is DeliveryState.PENDING
    done = tx.execute(
        update(delivery)
        .where(delivery.c.state == DeliveryState.LEASED.value, delivery.c.leased_at <= now - age)
        .values(
            state=to.value, leased_at=None, leased_by=None,
            settled_at=None if waits else now,
            reply="the sender stopped while this was under way",
        )
    )  # fmt: skip
    return done.rowcount


def accounts(tx: Connection) -> dict[str, dict[str, int]]:
    """For each issue how many of its deliveries stand in each state."""
    rows = tx.execute(
        select(delivery.c.issue_id, delivery.c.state, func.count())
        .group_by(delivery.c.issue_id, delivery.c.state)
        .order_by(delivery.c.issue_id, delivery.c.state)
    )
    found: dict[str, dict[str, int]] = {}
    for issue_id, state, number in rows:
        found.setdefault(issue_id, {})[state] = int(number)
    return found


def next_due(tx: Connection) -> datetime | None:
    """When the next waiting delivery or drip wants attention; None when nothing waits."""
    waiting = select(func.min(delivery.c.next_at)).where(delivery.c.state.in_(_WAITING))
    dripping = select(func.min(subscription.c.next_at)).where(
        subscription.c.mode == Mode.DRIP.value,
        subscription.c.finished.is_(False),
        subscription.c.ended_at.is_(None),
    )
    found = [tx.execute(one).scalar() for one in (waiting, dripping)]
    return min((at for at in found if at is not None), default=None)


def of_subscriber(tx: Connection, subscriber_id: int) -> tuple[dict[str, Any], ...]:
    """One person's deliveries, oldest first, each as a mapping of its columns."""
    rows = tx.execute(
        select(
            issue.c.guide, issue.c.number, delivery.c.state, delivery.c.planned_at,
            delivery.c.settled_at, delivery.c.attempts, delivery.c.reply,
        )
        .join(issue, issue.c.id == delivery.c.issue_id)
        .where(delivery.c.subscriber_id == subscriber_id)
        .order_by(delivery.c.planned_at, issue.c.guide, issue.c.number)
    )  # fmt: skip
    return tuple(dict(row) for row in rows.mappings())


def _is_bound_row() -> Any:
    return and_(
        delivery.c.issue_id == bindparam("b_issue"),
        delivery.c.subscriber_id == bindparam("b_subscriber"),
    )
