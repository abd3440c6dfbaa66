"""Statements about answers of the API that are given again to who asks again with the same key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from pipeline.store.dialects import insert
from pipeline.store.tables import api_answer


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may come again."""

    token: str
    """The name of who asks."""
    key: str
    """As they call it."""
    digest: str
    """Of what is asked."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of a request of this key."""

    digest: str
    at: datetime
    status: int | None
    """None: it is being worked on, or its worker died."""
    body: str
    location: str


def begin(tx: Connection, one: Asked, now: datetime, stale: datetime) -> Answered | None:
    """Take a request on; or what is known of it already.

    Args:
        tx: The transaction.
        one: The request.
        now: The moment.
        stale: Who took it on before this moment and gave no answer is not waited for.
    """
    mine = (api_answer.c.token == one.token, api_answer.c.key == one.key)
    row = tx.execute(select(api_answer).where(*mine)).one_or_none()
    if row is not None:
        is_left = row.status is None and row.at < stale and row.digest == one.digest
        if is_left:
            tx.execute(update(api_answer).where(*mine).values(at=now))
            return None
        return Answered(row.digest, row.at, row.status, row.body, row.location)
    tx.execute(
        insert(tx, api_answer).values(token=one.token, key=one.key, digest=one.digest, at=now)
    )
    return None


def finish(tx: Connection, one: Asked, status: int, body: str, location: str) -> None:
    """Keep the answer to a request that was taken on."""
    tx.execute(
        update(api_answer)
        .where(api_answer.c.token == one.token, api_answer.c.key == one.key)
        .values(status=status, body=body, location=location)
    )


def forget(tx: Connection, one: Asked) -> None:
    """Let a request be made again: it came to nothing."""
    tx.execute(
        delete(api_answer).where(api_answer.c.token == one.token, api_answer.c.key == one.key)
    )


def forget_about(tx: Connection, address: str) -> None:
    """Forget the answers that show this address."""
    tx.execute(delete(api_answer).where(api_answer.c.body.contains(address, autoescape=True)))


def forget_before(tx: Connection, moment: datetime) -> None:
    """Forget what was asked before this moment."""
    tx.execute(delete(api_answer).where(api_answer.c.at < moment))
