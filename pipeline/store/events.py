"""Statements about events: what a subscriber did, or had done, and what they agreed to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from pipeline.model import EventKind, SubscriberEvent
from pipeline.store.tables import event


def add(tx: Connection, subscriber_id: int, one: SubscriberEvent) -> None:
    """Write an event down."""
    tx.execute(
        insert(event).values(
            subscriber_id=subscriber_id,
            at=one.at,
            kind=one.kind.value,
            guide=one.guide,
            detail=one.detail,
        )
    )


def of_subscriber(tx: Connection, subscriber_id: int) -> tuple[SubscriberEvent, ...]:
    """All events of one person, oldest first."""
    rows = tx.execute(
        select(event).where(event.c.subscriber_id == subscriber_id).order_by(event.c.at, event.c.id)
    )
    return tuple(map(_event, rows))


def _event(row: Row[Any]) -> SubscriberEvent:
    return SubscriberEvent(row.at, EventKind(row.kind), row.guide, row.detail)
