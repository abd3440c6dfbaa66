"""What both databases can, and each says in a dialect of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    String,
    Subquery,
    Table,
    func,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.store.instant import Instant


def insert(tx: Connection, table: Table) -> sqlite.Insert:
    """An INSERT into a table that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if tx.dialect.name == "postgresql":
        return postgresql.insert(table)  # type: ignore[return-value]  # the same two methods
    return sqlite.insert(table)


_UNPACK = {
    "sqlite": """SELECT json_extract(value, '$[0]') AS issue_id,
        json_extract(value, '$[1]') AS subscriber_id, json_extract(value, '$[2]') AS said
        FROM json_each(:packed)""",
    "postgresql": """SELECT value ->> 0 AS issue_id, CAST(value ->> 1 AS INTEGER) AS subscriber_id,
        value ->> 2 AS said FROM json_array_elements(CAST(:packed AS JSON))""",
}


def unpacked(dialect: str) -> Subquery:
    """The rows that the parameter `packed` holds: `issue_id`, `subscriber_id` and `said`.

    One statement instead of one for each row: a sender has other things to do meanwhile.
    """
    found = text(_UNPACK[dialect])
    return found.columns(issue_id=String, subscriber_id=Integer, said=String).subquery("packed")


def packed(rows: list[tuple[str, int, str]]) -> str:
    """Rows as the value of that parameter."""
    return json.dumps(rows)


def gathered(
    tx: Connection, statement: Select[Any], said: Mapping[str, Any]
) -> Sequence[Sequence[Any]]:
    """The rows of a statement, all at once.

    SQLite lets go of the interpreter at each row, and a busy sender's other thread then takes it:
    there they come as one value.

    Args:
        tx: The transaction.
        statement: One that is made once; its columns are numbers, text, and instants.
        said: Its parameters.
    """
    if tx.dialect.name != "sqlite":
        return tx.execute(statement, said).all()
    whole, instants = _as_one(statement)
    rows: list[list[Any]] = json.loads(tx.execute(whole, said).scalar_one())
    for row in rows:
        for at in instants:
            row[at] = row[at] and datetime.fromisoformat(row[at]).replace(tzinfo=UTC)
    return rows


@cache
def _as_one(statement: Select[Any]) -> tuple[Select[str], tuple[int, ...]]:
    """The statement whose only value is the rows of another one, and where these have instants."""
    rows = statement.subquery("gathered")
    whole = select(type_coerce(func.json_group_array(func.json_array(*rows.c)), String))
    return whole, tuple(at for at, one in enumerate(rows.c) if isinstance(one.type, Instant))
