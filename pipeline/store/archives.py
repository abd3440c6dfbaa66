"""Statements about archives: which issues have left which feed."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from pipeline.model import Archive
from pipeline.store.tables import archive


def by_channel(tx: Connection) -> dict[str, tuple[Archive, ...]]:
    """The archives of every channel that has any, oldest first, by the channel's path."""
    rows = tx.execute(
        select(archive.c.channel, archive.c.ids, archive.c.closed_at).order_by(
            archive.c.channel, archive.c.number
        )
    )
    found: dict[str, tuple[Archive, ...]] = {}
    for channel, ids, closed_at in rows:
        one = Archive(tuple(ids.split("\n")), closed_at)
        found[channel] = (*found.get(channel, ()), one)
    return found


def add(tx: Connection, channel: str, number: int, closed: Archive) -> None:
    """Close an archive of a channel, for good.

    Args:
        tx: A transaction that may write.
        channel: Its path.
        number: From 1, without gaps.
        closed: The ids of its issues, and when.
    """
    row = {
        "channel": channel,
        "number": number,
        "ids": "\n".join(closed.ids),
        "closed_at": closed.closed_at,
    }
    tx.execute(insert(archive).values(row))
