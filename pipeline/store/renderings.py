"""Statements about renderings: from which state each folder was published last."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from pipeline.store.dialects import insert
from pipeline.store.tables import rendering


def states(tx: Connection) -> dict[str, str]:
    """The state that each folder was published from, by folder."""
    rows = tx.execute(select(rendering.c.folder, rendering.c.state))
    return {row.folder: row.state for row in rows}


def keep(tx: Connection, states: Mapping[str, str]) -> None:
    """Note the states that these folders were published from."""
    if states:
        rows = [{"folder": folder, "state": state} for folder, state in states.items()]
        fresh = insert(tx, rendering)
        newest = {"state": fresh.excluded.state}
        tx.execute(fresh.on_conflict_do_update(index_elements=["folder"], set_=newest), rows)
