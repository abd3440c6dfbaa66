"""Pages of lists: a cursor names the last row that was given, and nothing of its query."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from pipeline.errors import UsageError
from pipeline.web.api.shapes import MAX_ID

Limit = Annotated[int, Query(ge=1, le=500, description="Rows of a page.")]
Cursor = Annotated[
    str,
    Query(max_length=400, pattern=r"^[A-Za-z0-9_-]*$", description="`next` of the page before."),
]

Row = TypeVar("Row")
Last = tuple[str, int]
"""What a cursor holds: the keys of a row."""


def read(said: str) -> Last:
    """The keys of the last row that was given; `("", 0)` for the first page.

    Raises:
        UsageError: It is no cursor of ours.
    """
    if not said:
        return "", 0
    try:
        padded = said + "=" * (-len(said) % 4)
        text, number = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, TypeError, RecursionError):
        text = number = None
    is_number = isinstance(number, int) and 0 <= number <= MAX_ID
    if not isinstance(text, str) or not text.isprintable() or not is_number:
        raise UsageError("the cursor is none of ours", "give `next` of the page before as it is")
    return text, int(number or 0)


def cut(
    rows: Sequence[Row], limit: int, key: Callable[[Row], Last]
) -> tuple[Sequence[Row], str | None]:
    """The rows of a page, and its cursor for the next; None on the last.

    Args:
        rows: One more than the page holds, where there are more.
        limit: Rows of a page.
        key: The keys of a row.
    """
    if len(rows) <= limit:
        return rows, None
    page = rows[:limit]
    return page, cursor(key(page[-1]))


def cursor(last: Last) -> str:
    """The cursor that asks for what comes after a row of these keys."""
    said = json.dumps(last, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(said).decode().rstrip("=")
