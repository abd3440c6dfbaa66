"""Statements about plans: who is to get an issue, written down when it is released.

One row per (issue, subscriber), whatever is planned twice. Rows are only ever read out of the
tables that they refer to: there is none of an issue or a reader that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, literal, or_, select

from pipeline.model import DeliveryState, Mode, SubscriberStatus
from pipeline.store.dialects import insert
from pipeline.store.ledger import key_of
from pipeline.store.tables import delivery, subscriber, subscription


@dataclass(frozen=True, slots=True)
class Planned:
    """An issue that is to be delivered: since when it is out, and not before when."""

    issue_id: str
    guide: str
    released_at: datetime
    not_before: datetime
    groups: Mapping[str, str] = field(default_factory=dict)
    """Domain -> the group of domains that it belongs to, where it belongs to one."""


def _destination(groups: Mapping[str, str]) -> ColumnElement[str]:
    """The group of the joined subscriber's domain; empty for all that are in none."""
    if not groups:
        return literal("")
    domains: dict[str, list[str]] = {}
    for domain, name in groups.items():
        domains.setdefault(name, []).append(domain)
    # a set for each group: one domain after the other took a tenth of all planning
    return case(
        *((subscriber.c.domain.in_(those), name) for name, those in domains.items()), else_=""
    )


def local_times(tx: Connection) -> tuple[tuple[str, int | None], ...]:
    """The different (zone, hour) at which anybody wants mail; first at no hour, in any zone."""
    rows = tx.execute(
        select(subscriber.c.zone, subscriber.c.hour)
        .where(subscriber.c.hour.is_not(None))
        .distinct()
        .order_by(subscriber.c.zone, subscriber.c.hour)
    )
    return ("", None), *((zone, hour) for zone, hour in rows)


def snapshot(tx: Connection, plan: Planned, zone: str, hour: int | None) -> int:
    """Plan one delivery for everyone of the live audience who wants mail at this local time.

    Slot and moment are those of the issue, so its rows do not repeat them.

    Args:
        tx: The transaction.
        plan: What is planned.
        zone: Theirs, as they gave it.
        hour: Theirs; None: whoever wants it at once, in any zone.

    Returns:
        How many rows were added; a second call adds none.
    """
    row = {
        "issue_key": key_of(plan.issue_id),
        "subscriber_id": subscriber.c.id,
        "mode": literal(Mode.LIVE.value),
        "state": literal(DeliveryState.PENDING.value),
        "next_at": literal(plan.not_before, delivery.c.next_at.type),
        "destination": _destination(plan.groups),
    }
    following = subscription.c.subscriber_id == subscriber.c.id
    audience = select(*row.values()).join(subscription, following)
    planned = select(delivery.c.issue_key).where(delivery.c.issue_key == key_of(plan.issue_id))
    is_new = tx.execute(planned.limit(1)).first() is None
    return _add(tx, row, audience.where(*_audience(plan, zone, hour)), is_new=is_new)


def learn_sizes(tx: Connection) -> None:
    """Tell PostgreSQL how many deliveries there are now: by itself it looks once a minute.

    Until then it would read the whole table for each claim.
    """
    if tx.dialect.name == "postgresql":
        for one in (delivery, subscriber, subscription):
            tx.exec_driver_sql(f"ANALYZE {one.name}")


def _audience(plan: Planned, zone: str, hour: int | None) -> tuple[ColumnElement[bool], ...]:
    """Who follows the guide by its own calendar, is mailed, and wants it at this local time."""
    guide: ColumnElement[str] = subscription.c.guide
    at: tuple[ColumnElement[bool], ...] = (subscriber.c.hour.is_(None),)
    if hour is not None:  # they are few: the index of guides is kept from being taken for them
        guide = guide.concat("")
        at = subscriber.c.zone == zone, subscriber.c.hour == hour
    until = subscription.c.paused_until
    return (
        or_(until.is_(None), until <= plan.released_at),
        guide == plan.guide,
        subscription.c.mode == Mode.LIVE.value,
        subscription.c.ended_at.is_(None),
        subscriber.c.status == SubscriberStatus.ACTIVE.value,
        *at,
    )


@dataclass(frozen=True, slots=True)
class DripPlan:
    """How a part of somebody's drip is planned."""

    slot: str
    planned_at: datetime
    destination: str = ""
    run: int = 1


def plan_drip(tx: Connection, issue_id: str, subscriber_id: int, plan: DripPlan) -> int:
    """Plan one drip reader's delivery; 1 if it is new, 0 if it was planned before."""
    row = {
        "issue_key": key_of(issue_id),
        "subscriber_id": subscriber.c.id,
        "mode": literal(Mode.DRIP.value),
        "slot": literal(plan.slot),
        "planned_at": literal(plan.planned_at, delivery.c.planned_at.type),
        "state": literal(DeliveryState.PENDING.value),
        "next_at": literal(plan.planned_at, delivery.c.next_at.type),
        "destination": literal(plan.destination),
        "run": literal(plan.run),
    }
    return _add(tx, row, select(*row.values()).where(subscriber.c.id == subscriber_id))


def _add(tx: Connection, row: Mapping[str, Any], rows: Select[Any], *, is_new: bool = False) -> int:
    """Plan what a query says, but for what is planned; returns how many are new.

    Args:
        tx: The transaction.
        row: The columns.
        rows: What they hold.
        is_new: Whether nothing of this can be planned yet: PostgreSQL is a third faster then. Who
            plans is alone (`Store.write`), so that nobody else does meanwhile.
    """
    wanted = insert(tx, delivery).from_select(list(row), rows)
    if not is_new:
        wanted = wanted.on_conflict_do_nothing()
    return tx.execute(wanted, execution_options={"preserve_rowcount": True}).rowcount
