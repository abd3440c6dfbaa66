"""Moves all that a database holds into another, of either kind."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Integer, func, insert, select

from pipeline.errors import StoreError
from pipeline.store.engine import Store
from pipeline.store.tables import metadata

BATCH = 1_000
"""Rows at a time."""


def copy(
    source: Store, target: Store, tell: Callable[[str, int], None] = lambda _table, _rows: None
) -> dict[str, int]:
    """How many rows of each table were copied; one transaction on either side.

    Args:
        source: Is read as it is at one moment.
        target: Must hold nothing yet.
        tell: Called with a table and the number of its rows so far.

    Raises:
        StoreError: The target holds something, or a count differs: nothing is kept.
    """
    counts: dict[str, int] = {}
    with source.read() as old, target.write() as new:
        for table in metadata.sorted_tables:
            if new.execute(select(func.count()).select_from(table)).scalar():
                todo = "name a database that is new"
                raise StoreError(f"the target holds rows of {table.name} already", todo)
        for table in metadata.sorted_tables:
            counts[table.name] = 0
            streamed = {"stream_results": True, "yield_per": BATCH}
            rows = old.execute(select(table), execution_options=streamed).mappings()
            for part in rows.partitions(BATCH):
                new.execute(insert(table), [dict(each) for each in part])
                counts[table.name] += len(part)
                tell(table.name, counts[table.name])
            _set_sequence(new, table.name, table.autoincrement_column)
            found = new.execute(select(func.count()).select_from(table)).scalar()
            if found != counts[table.name]:
                raise StoreError(f"{table.name}: {found} of {counts[table.name]} rows arrived", "")
    return counts


def _set_sequence(tx: Connection, table: str, column: object) -> None:
    """Let PostgreSQL go on counting where the copied rows end."""
    name = str(getattr(column, "name", ""))
    if tx.dialect.name != "postgresql" or not isinstance(getattr(column, "type", None), Integer):
        return
    last = tx.execute(select(func.max(metadata.tables[table].c[name]))).scalar() or 0
    tx.execute(select(func.setval(func.pg_get_serial_sequence(table, name), last + 1, False)))
