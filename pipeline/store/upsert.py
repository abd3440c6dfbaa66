"""What both databases can, and each says in a dialect of its own."""

from __future__ import annotations

import json

from sqlalchemy import Connection, Integer, String, Subquery, Table, text
from sqlalchemy.dialects import postgresql, sqlite


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
