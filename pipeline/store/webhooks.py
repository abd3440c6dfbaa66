"""Statements about webhooks: up to which event each program was told, and how it answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from pipeline.store.dialects import insert
from pipeline.store.events import last
from pipeline.store.tables import event, webhook


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a program stands."""

    name: str
    position: int
    """The number of the last event that it was told of."""
    attempts: int = 0
    """How often it failed in a row."""
    next_at: datetime | None = None
    """It is left alone until then; None: it may be called."""
    failing_since: datetime | None = None
    said: str = ""
    skipped: int = 0
    """How many events it was never told of, since it failed for too long."""


def add(tx: Connection, names: Iterable[str]) -> None:
    """Remember programs, told of all that has happened so far; who is known stays."""
    position = last(tx)
    rows = [{"name": name, "position": position} for name in names]
    tx.execute(insert(tx, webhook).on_conflict_do_nothing(), rows)


def claim(tx: Connection, name: str, now: datetime, until: datetime) -> Standing | None:
    """Keep a program to oneself until a moment; None: it is somebody's, or left alone.

    A program that was never seen is told of what happens from now on.
    """
    add(tx, [name])
    found = _standing(tx.execute(select(webhook).where(webhook.c.name == name)).one())
    if found.next_at is not None and found.next_at > now:
        return None
    tx.execute(update(webhook).where(webhook.c.name == name).values(next_at=until))
    return found


def save(tx: Connection, one: Standing) -> None:
    """Keep where a program stands."""
    tx.execute(
        update(webhook)
        .where(webhook.c.name == one.name)
        .values(
            position=one.position,
            attempts=one.attempts,
            next_at=one.next_at,
            failing_since=one.failing_since,
            said=one.said,
            skipped=one.skipped,
        )
    )


def standings(tx: Connection) -> tuple[tuple[Standing, int], ...]:
    """Every program that was ever called, by name, and how many events it has not been told of."""
    waiting = select(func.count()).where(event.c.id > webhook.c.position).scalar_subquery()
    rows = tx.execute(select(webhook, waiting.label("waiting")).order_by(webhook.c.name))
    return tuple((_standing(row), int(row.waiting)) for row in rows)


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        row.name,
        row.position,
        row.attempts,
        row.next_at,
        row.failing_since,
        row.said,
        row.skipped,
    )
