"""Statements about signups: what somebody asked for on a page and has not confirmed yet.

An address that was not confirmed stands here and nowhere else, and not for long.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from pipeline.model import Mode, Signup
from pipeline.store.tables import signup


def add(tx: Connection, one: Signup) -> None:
    """Take a signup in."""
    tx.execute(
        insert(signup).values(
            id=one.id,
            at=one.at,
            address=one.address,
            limited_by=one.limited_by,
            guide=one.guide,
            mode=one.mode.value,
            cadence=one.cadence,
            zone=one.zone,
            hour=one.hour,
            lang=one.lang,
            terms=one.terms,
        )
    )


def unanswered(tx: Connection, limit: int) -> tuple[Signup, ...]:
    """Those of which nobody has decided whether a letter goes out, oldest first."""
    rows = tx.execute(
        select(signup)
        .where(signup.c.answered_at.is_(None))
        .order_by(signup.c.at, signup.c.id)
        .limit(limit)
    )
    return tuple(map(_signup, rows))


def are_many(tx: Connection, number: int) -> bool:
    """Whether so many wait for a decision, without counting more of them."""
    open_ones = select(signup.c.id).where(signup.c.answered_at.is_(None))
    return tx.execute(open_ones.offset(number - 1).limit(1)).first() is not None


def answered(tx: Connection, signup_id: str, now: datetime) -> None:
    """It was decided."""
    tx.execute(update(signup).where(signup.c.id == signup_id).values(answered_at=now))


def by_id(tx: Connection, signup_id: str) -> Signup | None:
    """A signup; None once it was confirmed or forgotten."""
    row = tx.execute(select(signup).where(signup.c.id == signup_id)).one_or_none()
    return _signup(row) if row else None


def remove(tx: Connection, signup_id: str) -> bool:
    """Forget a signup; False if somebody else did."""
    return tx.execute(delete(signup).where(signup.c.id == signup_id)).rowcount == 1


def forget_before(tx: Connection, at: datetime) -> int:
    """Forget all that are older; returns how many."""
    return tx.execute(delete(signup).where(signup.c.at < at)).rowcount


def waiting(tx: Connection) -> int:
    """How many are not confirmed yet."""
    return int(tx.execute(select(func.count()).select_from(signup)).scalar() or 0)


def of_address(tx: Connection, address: str) -> tuple[Signup, ...]:
    """All signups of an address, to the letter, oldest first."""
    mine = select(signup).where(signup.c.address == address).order_by(signup.c.at, signup.c.id)
    return tuple(map(_signup, tx.execute(mine)))


def _signup(row: Row[Any]) -> Signup:
    return Signup(
        id=row.id,
        at=row.at,
        address=row.address,
        limited_by=row.limited_by,
        guide=row.guide,
        mode=Mode(row.mode),
        cadence=row.cadence,
        zone=row.zone,
        hour=row.hour,
        lang=row.lang,
        terms=row.terms,
    )
