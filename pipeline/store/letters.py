"""Statements about letters that are to go out: one row each, kept for a while after.

There are few of them and a doubled one does no harm, so they need no leases: who sends one first
writes down that it was tried, and when it may be tried again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from pipeline.store.tables import letter, signup, subscriber

PENDING, SENT, FAILED, CANCELLED = "pending", "sent", "failed", "cancelled"


@dataclass(frozen=True, slots=True)
class Queued:
    """A letter that is to go out."""

    kind: str
    guide: str
    created_at: datetime
    subscriber_id: int | None = None
    signup_id: str | None = None
    """Of a letter that asks to confirm; it has no subscriber yet."""
    limited_by: str = ""
    id: int = 0
    attempts: int = 0
    address: str = ""
    name: str = ""
    lang: str = ""


def add(tx: Connection, one: Queued, not_before: datetime | None = None) -> None:
    """Put a letter into the queue, to go out now or later."""
    tx.execute(
        insert(letter).values(
            kind=one.kind,
            subscriber_id=one.subscriber_id,
            signup_id=one.signup_id,
            guide=one.guide,
            limited_by=one.limited_by,
            created_at=one.created_at,
            state=PENDING,
            next_at=not_before or one.created_at,
        )
    )


def due(tx: Connection, now: datetime, limit: int) -> tuple[Queued, ...]:
    """Letters that may be tried now, oldest first, with whom they go to; empty: to nobody."""
    rows = tx.execute(
        select(
            letter,
            func.coalesce(subscriber.c.address, signup.c.address, "").label("to"),
            func.coalesce(subscriber.c.name, "").label("name"),
            func.coalesce(subscriber.c.lang, signup.c.lang, "").label("lang"),
        )
        .outerjoin(subscriber, subscriber.c.id == letter.c.subscriber_id)
        .outerjoin(signup, signup.c.id == letter.c.signup_id)
        .where(letter.c.state == PENDING, letter.c.next_at <= now)
        .order_by(letter.c.created_at, letter.c.id)
        .limit(limit)
    )
    return tuple(map(_queued, rows))


def begin(tx: Connection, letter_id: int, attempts: int, again_at: datetime) -> bool:
    """Take a letter to send it; False if another process was first.

    Args:
        tx: The transaction.
        letter_id: Which.
        attempts: How often it had been tried when it was read.
        again_at: When it is tried again if nobody says what became of it.
    """
    done = tx.execute(
        update(letter)
        .where(letter.c.id == letter_id, letter.c.state == PENDING, letter.c.attempts == attempts)
        .values(attempts=attempts + 1, next_at=again_at)
    )
    return done.rowcount == 1


def settle(tx: Connection, letter_id: int, state: str, reply: str, now: datetime) -> None:
    """Say for good what became of a letter."""
    tx.execute(
        update(letter)
        .where(letter.c.id == letter_id)
        .values(state=state, reply=reply, settled_at=now, next_at=None)
    )


def put_off(tx: Connection, letter_id: int, reply: str, again_at: datetime) -> None:
    """Try a letter again later."""
    tx.execute(update(letter).where(letter.c.id == letter_id).values(reply=reply, next_at=again_at))


def count_limited(tx: Connection, limited_by: str, since: datetime) -> int:
    """How many letters a person was sent, or is to be, since a moment; by any spelling."""
    mine = (letter.c.limited_by == limited_by, letter.c.created_at > since)
    return int(tx.execute(select(func.count()).select_from(letter).where(*mine)).scalar() or 0)


def count_of_kind(tx: Connection, kind: str, since: datetime) -> int:
    """How many letters of a kind were queued since a moment."""
    those = (letter.c.kind == kind, letter.c.created_at > since)
    return int(tx.execute(select(func.count()).select_from(letter).where(*those)).scalar() or 0)


def next_due(tx: Connection) -> datetime | None:
    """When the next letter may be tried."""
    soonest = select(func.min(letter.c.next_at)).where(letter.c.state == PENDING)
    return tx.execute(soonest).scalar()


def forget_before(tx: Connection, at: datetime) -> int:
    """Forget letters that were settled and are older; returns how many."""
    old = (letter.c.created_at < at, letter.c.state != PENDING)
    return tx.execute(delete(letter).where(*old)).rowcount


def of_subscriber(tx: Connection, subscriber_id: int) -> tuple[dict[str, Any], ...]:
    """The letters to one person that are remembered, oldest first."""
    rows = tx.execute(
        select(letter.c.kind, letter.c.guide, letter.c.created_at, letter.c.state)
        .where(letter.c.subscriber_id == subscriber_id)
        .order_by(letter.c.created_at, letter.c.id)
    )
    return tuple(dict(one) for one in rows.mappings())


def _queued(row: Row[Any]) -> Queued:
    return Queued(
        kind=row.kind,
        guide=row.guide,
        created_at=row.created_at,
        subscriber_id=row.subscriber_id,
        signup_id=row.signup_id,
        limited_by=row.limited_by,
        id=row.id,
        attempts=row.attempts,
        address=row.to,
        name=row.name,
        lang=row.lang,
    )
