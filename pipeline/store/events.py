"""Statements about events: what happened to subscribers and issues, numbered in its order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text

from pipeline.model import Event, EventKind
from pipeline.store.tables import event

_IN_TURN = text("SELECT pg_advisory_xact_lock(7236511)")
"""Numbers are given in the order in which transactions end, so that who has read up to one has
missed none before it. SQLite has one writer at a time in any case."""


def add(tx: Connection, one: Event, subscriber_id: int | None = None) -> None:
    """Write an event down, the last thing in its transaction: others that write one wait for it.

    Args:
        tx: The transaction.
        one: What happened.
        subscriber_id: To whom, if it does not say so itself.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(_IN_TURN)
    tx.execute(
        insert(event).values(
            subscriber_id=subscriber_id if subscriber_id is not None else one.subscriber_id,
            issue_id=one.issue_id,
            at=one.at,
            kind=one.kind.value,
            guide=one.guide,
            detail=one.detail,
        )
    )


def of_subscriber(tx: Connection, subscriber_id: int) -> tuple[Event, ...]:
    """All events of one person, oldest first."""
    rows = tx.execute(
        select(event).where(event.c.subscriber_id == subscriber_id).order_by(event.c.at, event.c.id)
    )
    return tuple(map(_event, rows))


def after(
    tx: Connection, number: int, limit: int, *, subscriber_id: int | None = None, kind: str = ""
) -> tuple[Event, ...]:
    """The events after the one of this number, in their order.

    Args:
        tx: The transaction.
        number: Of the last event that is known; 0 for the beginning.
        limit: How many at most.
        subscriber_id: Of this subscriber only.
        kind: Of this kind only.
    """
    wanted = select(event).where(event.c.id > number)
    if subscriber_id is not None:
        wanted = wanted.where(event.c.subscriber_id == subscriber_id)
    if kind:
        wanted = wanted.where(event.c.kind == kind)
    return tuple(map(_event, tx.execute(wanted.order_by(event.c.id).limit(limit))))


def last(tx: Connection) -> int:
    """The number of the last event; 0 when there is none."""
    return tx.execute(select(func.max(event.c.id))).scalar() or 0


def _event(row: Row[Any]) -> Event:
    return Event(
        row.at,
        EventKind(row.kind),
        row.guide,
        row.detail,
        row.subscriber_id,
        row.issue_id,
        row.id,
    )
