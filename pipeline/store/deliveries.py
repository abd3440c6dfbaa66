"""Statements about deliveries: one row per (issue, subscriber), counted, held back, decided.

How they come to be is told in `plans`, how they are sent in `claims` and `leases`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, select, update

from pipeline.model import DeliveryState, Mode, Release, SubscriberStatus
from pipeline.store.issues import read_slot
from pipeline.store.ledger import (
    IS_WAITING,
    LEFT,
    OF_ISSUE,
    PLANNED_AT,
    SLOT,
    WAITING,
    is_due,
    key_of,
    of_reader,
)
from pipeline.store.tables import delivery, issue, subscriber, subscription


def releases_of(tx: Connection, subscriber_id: int, slug: str) -> tuple[Release, ...]:
    """What one reader's drip has let out, in order."""
    rows = tx.execute(
        select(issue.c.number, SLOT, PLANNED_AT)
        .join(issue, OF_ISSUE)
        .where(
            of_reader(subscriber_id, issue.c.guide == slug),
            delivery.c.mode == Mode.DRIP.value,
        )
        .order_by(issue.c.number)
    )
    return tuple(Release(number, read_slot(slot), at) for number, slot, at in rows)


def drop_unwanted(tx: Connection, now: datetime, subscriber_id: int) -> None:
    """Call off what waits for somebody who has just left; what is under way is looked at again."""
    followed = (
        select(issue.c.key)
        .join(subscription, subscription.c.guide == issue.c.guide)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(
            subscription.c.subscriber_id == subscriber_id,
            subscription.c.ended_at.is_(None),
            subscriber.c.status == SubscriberStatus.ACTIVE.value,
        )
    )
    tx.execute(
        update(delivery)
        .where(
            of_reader(subscriber_id),
            delivery.c.state.in_(WAITING),
            delivery.c.issue_key.not_in(followed),
        )
        .values(state=DeliveryState.CANCELLED.value, settled_at=now, reply=LEFT)
    )


def due_issues(tx: Connection, now: datetime) -> tuple[tuple[str, Mode], ...]:
    """Which issues have deliveries due, and in which modes, oldest first."""
    rows = tx.execute(
        select(issue.c.id, delivery.c.mode)
        .join(issue, OF_ISSUE)
        .where(is_due(now), issue.c.paused.is_(None))
        .group_by(issue.c.id, delivery.c.mode)
        .order_by(func.min(PLANNED_AT), issue.c.id, delivery.c.mode)
    )
    return tuple((issue_id, Mode(mode)) for issue_id, mode in rows)


def pause(tx: Connection, issue_id: str, why: str) -> int:
    """Hold an issue's mail back; returns how many deliveries wait for it."""
    tx.execute(update(issue).where(issue.c.id == issue_id).values(paused=why))
    waiting = and_(delivery.c.issue_key == key_of(issue_id), delivery.c.state.in_(WAITING))
    return tx.execute(update(delivery).where(waiting).values(next_at=None)).rowcount


def resume(tx: Connection, issue_id: str, now: datetime) -> int:
    """Let an issue's mail go on; returns how many deliveries were held back."""
    tx.execute(update(issue).where(issue.c.id == issue_id).values(paused=None))
    waiting = and_(
        delivery.c.issue_key == key_of(issue_id),
        delivery.c.state.in_(WAITING),
        delivery.c.next_at.is_(None),
    )
    return tx.execute(update(delivery).where(waiting).values(next_at=now)).rowcount


def issues_of(tx: Connection, subscriber_id: int) -> tuple[tuple[str, int], ...]:
    """The issues that were planned for somebody, and in which run, the last first."""
    rows = tx.execute(
        select(issue.c.id, delivery.c.run)
        .join(issue, OF_ISSUE)
        .where(of_reader(subscriber_id))
        .order_by(PLANNED_AT.desc())
    )
    return tuple((issue_id, run) for issue_id, run in rows)


def row(tx: Connection, issue_id: str, subscriber_id: int) -> dict[str, Any] | None:
    """One delivery as a mapping of its columns; None if none was planned."""
    shared = {"issue_key", "slot", "planned_at"}
    own = (column for column in delivery.c if column.name not in shared)
    mine = (
        select(issue.c.id.label("issue_id"), SLOT, PLANNED_AT, *own)
        .join(issue, OF_ISSUE)
        .where(issue.c.id == issue_id, delivery.c.subscriber_id == subscriber_id)
    )
    found = tx.execute(mine).mappings().one_or_none()
    return None if found is None else dict(found)


def in_state(tx: Connection, state: DeliveryState, limit: int) -> tuple[dict[str, Any], ...]:
    """Deliveries in a state, the last first, each as a mapping."""
    rows = tx.execute(
        select(
            issue.c.guide, issue.c.number, subscriber.c.address, delivery.c.attempts,
            func.coalesce(delivery.c.settled_at, delivery.c.leased_at).label("touched_at"),
            PLANNED_AT, delivery.c.next_at, delivery.c.reply,
        )
        .join(issue, OF_ISSUE)
        .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .where(delivery.c.state == state.value)
        .order_by(PLANNED_AT.desc(), issue.c.guide, issue.c.number, subscriber.c.address)
        .limit(limit)
    )  # fmt: skip
    return tuple(_since(dict(one)) for one in rows.mappings())


def _since(line: dict[str, Any]) -> dict[str, Any]:
    """The line with the moment since when its delivery is as it is, in place of two that tell."""
    touched_at, planned_at = line.pop("touched_at"), line.pop("planned_at")
    return line | {"since": touched_at or planned_at}


def uncertain(tx: Connection) -> tuple[tuple[str, int, int], ...]:
    """The deliveries of which nobody knows whether they arrived: (issue id, subscriber id, run)."""
    rows = tx.execute(
        select(issue.c.id, delivery.c.subscriber_id, delivery.c.run)
        .join(issue, OF_ISSUE)
        .where(delivery.c.state == DeliveryState.UNCERTAIN.value)
        .order_by(issue.c.id, delivery.c.subscriber_id)
    )
    return tuple((issue_id, subscriber_id, run) for issue_id, subscriber_id, run in rows)


def doubt(tx: Connection, state: DeliveryState, now: datetime) -> int:
    """Move all that is due to this state, for it may have been sent; returns how many there are."""
    moved = tx.execute(
        update(delivery).where(is_due(now)).values(state=state.value, settled_at=now)
    )
    return moved.rowcount


def due_count(tx: Connection, now: datetime) -> int:
    """How many deliveries are due."""
    counted = select(func.count()).select_from(delivery).where(is_due(now))
    found: int = tx.execute(counted).scalar_one()
    return found


def has_due(tx: Connection, now: datetime, number: int) -> bool:
    """Whether so many deliveries are due, without counting more of them."""
    return tx.execute(select(1).where(is_due(now)).offset(number - 1).limit(1)).first() is not None


def some_sent(tx: Connection, limit: int = 1000) -> tuple[tuple[str, int, int], ...]:
    """Some sent deliveries of the issues that have uncertain ones, the last first."""
    doubtful = select(delivery.c.issue_key).where(delivery.c.state == DeliveryState.UNCERTAIN.value)
    rows = tx.execute(
        select(issue.c.id, delivery.c.subscriber_id, delivery.c.run)
        .join(issue, OF_ISSUE)
        .where(delivery.c.state == DeliveryState.SENT.value, delivery.c.issue_key.in_(doubtful))
        .order_by(delivery.c.settled_at.desc())
        .limit(limit)
    )
    return tuple((issue_id, subscriber_id, run) for issue_id, subscriber_id, run in rows)


def decide(
    tx: Connection, issue_id: str, subscriber_id: int, state: DeliveryState, now: datetime
) -> None:
    """Move a delivery that is uncertain to this state: sent, or pending from now on."""
    is_sent = state is DeliveryState.SENT
    tx.execute(
        update(delivery)
        .where(
            delivery.c.issue_key == key_of(issue_id),
            delivery.c.subscriber_id == subscriber_id,
            delivery.c.state == DeliveryState.UNCERTAIN.value,
        )
        .values(
            state=state.value,
            settled_at=now if is_sent else None,
            next_at=None if is_sent else now,
            leased_by=None,
            reply="taken as sent" if is_sent else "to be sent again",
        )
    )


def paused(tx: Connection) -> dict[str, str]:
    """The issues whose mail is held back, and why."""
    rows = tx.execute(select(issue.c.id, issue.c.paused).where(issue.c.paused.is_not(None)))
    return {row.id: str(row.paused) for row in rows}


def accounts(tx: Connection) -> dict[str, dict[str, int]]:
    """For each issue how many of its deliveries stand in each state."""
    counted = (
        select(delivery.c.issue_key, delivery.c.state, func.count().label("number"))
        .group_by(delivery.c.issue_key, delivery.c.state)
        .subquery("counted")
    )
    rows = tx.execute(
        select(issue.c.id, counted.c.state, counted.c.number)
        .join(issue, issue.c.key == counted.c.issue_key)
        .order_by(issue.c.id, counted.c.state)
    )
    found: dict[str, dict[str, int]] = {}
    for issue_id, state, number in rows:
        found.setdefault(issue_id, {})[state] = int(number)
    return found


def account(tx: Connection, issue_id: str) -> dict[str, int]:
    """How many of an issue's deliveries stand in each state."""
    rows = tx.execute(
        select(delivery.c.state, func.count())
        .where(delivery.c.issue_key == key_of(issue_id))
        .group_by(delivery.c.state)
    )
    return {state: int(number) for state, number in rows}


def next_due(tx: Connection) -> datetime | None:
    """When the next waiting delivery or drip wants attention; None when nothing waits."""
    waiting = select(func.min(delivery.c.next_at)).where(IS_WAITING)
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
            issue.c.guide, issue.c.number, delivery.c.state, PLANNED_AT,
            delivery.c.settled_at, delivery.c.attempts, delivery.c.reply,
        )
        .join(issue, OF_ISSUE)
        .where(of_reader(subscriber_id))
        .order_by(PLANNED_AT, issue.c.guide, issue.c.number)
    )  # fmt: skip
    return tuple(dict(row) for row in rows.mappings())
