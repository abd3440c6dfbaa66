"""INSERT with ON CONFLICT, which both databases have and each in a dialect of its own."""

from __future__ import annotations

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(tx: Connection, table: Table) -> sqlite.Insert:
    """An INSERT into a table that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if tx.dialect.name == "postgresql":
        return postgresql.insert(table)  # type: ignore[return-value]  # the same two methods
    return sqlite.insert(table)
