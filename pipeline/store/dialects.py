"""What both databases can, and each says in a dialect of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
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

from pipeline.store.instant import CountedInstant, counted


def insert(tx: Connection, table: Table) -> sqlite.Insert:
    """An INSERT into a table that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if tx.dialect.name == "postgresql":
        return postgresql.insert(table)  # type: ignore[return-value]  # the same two methods
    return sqlite.insert(table)


# SQLite takes rows with a limit first, and each delivery by its key: else it may read all of an
# issue. PostgreSQL does while it expects few rows, which it does of one list, not of lists in lists
_UNPACK = {
    "sqlite": """SELECT issue.key AS issue_key, CAST(those.key AS INTEGER) AS subscriber_id,
        those.value AS said FROM json_each(:packed) AS issues
        JOIN issue ON issue.id = issues.key JOIN json_each(issues.value) AS those LIMIT -1""",
    "postgresql": """SELECT issue.key AS issue_key, CAST(value ->> 1 AS INTEGER) AS subscriber_id,
        value ->> 2 AS said FROM json_array_elements(CAST(:packed AS JSON))
        JOIN issue ON issue.id = value ->> 0""",
}


def unpacked(dialect: str) -> Subquery:
    """The deliveries that the parameter `packed` holds: `issue_key`, `subscriber_id`, `said`.

    One statement instead of one for each row: a sender has other things to do meanwhile.
    """
    found = text(_UNPACK[dialect])
    return found.columns(issue_key=Integer, subscriber_id=Integer, said=String).subquery("packed")


def packed(dialect: str, rows: Iterable[tuple[str, int, str]]) -> str:
    """Deliveries, each the id of its issue, its subscriber, and a word, as that parameter."""
    if dialect == "postgresql":
        return json.dumps(list(rows))
    issues: dict[str, dict[int, str]] = {}
    for issue_id, subscriber_id, said in rows:
        issues.setdefault(issue_id, {})[subscriber_id] = said
    return json.dumps(issues)


def gathered(
    tx: Connection, statement: Select[Any], said: Mapping[str, Any]
) -> Sequence[Sequence[Any]]:
    """The rows of a statement, all at once.

    SQLite lets go of the interpreter at each row, and a busy sender's other thread then takes it:
    there they come as one value.

    Args:
        tx: The transaction.
        statement: One that is made once; its columns are numbers, text, and counted instants.
        said: Its parameters.
    """
    if tx.dialect.name != "sqlite":
        return tx.execute(statement, said).all()
    whole, instants = _as_one(statement)
    rows: list[list[Any]] = json.loads(tx.execute(whole, said).scalar_one())
    for at in instants:
        for row in rows:
            if row[at] is not None:
                row[at] = counted(row[at])
    return rows


@cache
def _as_one(statement: Select[Any]) -> tuple[Select[str], tuple[int, ...]]:
    """The statement whose only value is the rows of another one, and where these have instants."""
    rows = statement.subquery("gathered")
    whole = select(type_coerce(func.json_group_array(func.json_array(*rows.c)), String))
    return whole, tuple(at for at, one in enumerate(rows.c) if isinstance(one.type, CountedInstant))
