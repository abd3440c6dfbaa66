"""Statements about instances: the copies of this site that may send."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, select, update

from pipeline.model import Instance
from pipeline.store.dialects import insert
from pipeline.store.tables import instance


def every(tx: Connection) -> tuple[Instance, ...]:
    """Those that may send, the one that was confirmed last first."""
    rows = tx.execute(select(instance).order_by(instance.c.confirmed_at.desc()))
    return tuple(Instance(row.name, row.base_url, row.host, row.file, row.mark) for row in rows)


def save(tx: Connection, one: Instance, now: datetime) -> None:
    """Let this one send, as it is now."""
    row = {**asdict(one), "confirmed_at": now}
    fresh = insert(tx, instance).values(row)
    tx.execute(fresh.on_conflict_do_update(index_elements=["name"], set_=row))


def advance(tx: Connection, name: str) -> int:
    """Count that this one is about to send; returns the count."""
    tx.execute(update(instance).where(instance.c.name == name).values(mark=instance.c.mark + 1))
    found: int = tx.execute(select(instance.c.mark).where(instance.c.name == name)).scalar_one()
    return found
