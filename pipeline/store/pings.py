"""Statements about pings: which feeds a WebSub hub has not been told of yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from pipeline.store.dialects import insert
from pipeline.store.tables import ping


def add(tx: Connection, topics: Iterable[str], now: datetime) -> None:
    """Note that these feeds have changed; one that waits already is told of now, once."""
    rows = [{"topic": one, "attempts": 0, "next_at": now} for one in topics]
    if rows:
        fresh = insert(tx, ping)
        again = {"attempts": 0, "next_at": now}
        tx.execute(fresh.on_conflict_do_update(index_elements=["topic"], set_=again), rows)


def due(tx: Connection, now: datetime) -> tuple[tuple[str, int], ...]:
    """The topics that the hub is to be told of, each with how often that failed."""
    rows = select(ping.c.topic, ping.c.attempts).where(ping.c.next_at <= now)
    return tuple((topic, attempts) for topic, attempts in tx.execute(rows.order_by(ping.c.topic)))


def done(tx: Connection, topic: str) -> None:
    """Forget a topic: the hub knows, or will not be told."""
    tx.execute(delete(ping).where(ping.c.topic == topic))


def failed(tx: Connection, topic: str, attempts: int, next_at: datetime) -> None:
    """Note a failure, and when to try again."""
    tx.execute(update(ping).where(ping.c.topic == topic).values(attempts=attempts, next_at=next_at))


def next_due(tx: Connection) -> datetime | None:
    """When the next ping is due; None when the hub knows everything."""
    found: datetime | None = tx.execute(select(func.min(ping.c.next_at))).scalar()
    return found
