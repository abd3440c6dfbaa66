"""Statements about suppressions: addresses never to be mailed, of which only a digest is kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select

from pipeline.store.dialects import insert
from pipeline.store.tables import suppression


def add(tx: Connection, digest: str, reason: str, now: datetime) -> None:
    """Suppress an address; the first reason stays."""
    wanted = insert(tx, suppression).values(digest=digest, reason=reason, at=now)
    tx.execute(wanted.on_conflict_do_nothing())


def reason(tx: Connection, digests: Collection[str]) -> str:
    """Why an address is suppressed, by any of the digests that it may have; empty: it is not."""
    found = select(suppression.c.reason).where(suppression.c.digest.in_(digests)).limit(1)
    return tx.execute(found).scalar() or ""


def remove(tx: Connection, digests: Collection[str]) -> None:
    """Lift a suppression."""
    tx.execute(delete(suppression).where(suppression.c.digest.in_(digests)))


def are_none(tx: Connection) -> bool:
    """Whether nobody is suppressed in this way."""
    return tx.execute(select(suppression.c.digest).limit(1)).first() is None


def reasons(tx: Connection, digests: Collection[str]) -> dict[str, str]:
    """Of these digests those that are suppressed, and why."""
    found = select(suppression.c.digest, suppression.c.reason)
    rows = tx.execute(found.where(suppression.c.digest.in_(digests)))
    return {row.digest: row.reason for row in rows}
