"""Statements about what came back: bounces and complaints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from pipeline.store.dialects import insert
from pipeline.store.tables import bounce


@dataclass(frozen=True, slots=True)
class CameBack:
    """A report about one delivery."""

    digest: str
    """Of the report and its recipient: read twice it is the same."""
    subscriber_id: int
    issue_id: str
    kind: str
    said: str
    at: datetime


def add(tx: Connection, one: CameBack) -> bool:
    """Keep a report; False if it was known."""
    row = {
        "digest": one.digest,
        "subscriber_id": one.subscriber_id,
        "issue_id": one.issue_id,
        "kind": one.kind,
        "said": one.said,
        "at": one.at,
    }
    fresh = insert(tx, bounce).values(row).on_conflict_do_nothing()
    return tx.execute(fresh, execution_options={"preserve_rowcount": True}).rowcount == 1


def of_subscriber(tx: Connection, subscriber_id: int) -> tuple[CameBack, ...]:
    """What came back from one person, oldest first."""
    rows = tx.execute(
        select(
            bounce.c.digest,
            bounce.c.subscriber_id,
            bounce.c.issue_id,
            bounce.c.kind,
            bounce.c.said,
            bounce.c.at,
        )
        .where(bounce.c.subscriber_id == subscriber_id)
        .order_by(bounce.c.at, bounce.c.id)
    )
    return tuple(CameBack(*row) for row in rows)
