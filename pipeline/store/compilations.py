"""Statements about compilations: the mail of an issue as it was made, for all who send it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from pipeline.model import Mode
from pipeline.store.dialects import insert
from pipeline.store.tables import compilation


def find(tx: Connection, issue_id: str, mode: Mode, state: str) -> bytes | None:
    """The message that was compiled from this state; None if there is none, or it is another's."""
    kept = select(compilation.c.message).where(
        compilation.c.issue_id == issue_id,
        compilation.c.mode == mode.value,
        compilation.c.state == state,
    )
    found: bytes | None = tx.execute(kept).scalar()
    return found


def keep(tx: Connection, issue_id: str, mode: Mode, state: str, message: bytes) -> None:
    """Keep what was compiled, in place of what was before."""
    fresh = insert(tx, compilation).values(
        issue_id=issue_id, mode=mode.value, state=state, message=message
    )
    newest = {"state": fresh.excluded.state, "message": fresh.excluded.message}
    tx.execute(fresh.on_conflict_do_update(index_elements=["issue_id", "mode"], set_=newest))
