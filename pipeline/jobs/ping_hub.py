"""Tells the WebSub hub what has changed, again and again until it listens or it is no use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pipeline import store
from pipeline.errors import HubError
from pipeline.jobs.desk import Desk
from pipeline.model import FeedFormat

FIRST_WAIT = timedelta(minutes=1)
MOST_ATTEMPTS = 8
"""The waits double: 1 minute to 64, together about two hours; readers poll meanwhile."""

_FILES = frozenset(kind.file for kind in FeedFormat)


def ping_hub(desk: Desk, written: Iterable[str], now: datetime) -> tuple[str, ...]:
    """What the hub could not be told, a line each.

    Args:
        desk: The site.
        written: The paths that were published now; archives are of no interest to a hub.
        now: The moment.
    """
    if desk.hub is None:
        return ()
    topics = [
        desk.site.url(path)
        for path in written
        if path.rpartition("/")[2] in _FILES and "archive" not in path.split("/")
    ]
    with desk.store.write() as tx:
        store.pings.add(tx, topics, now)
        waiting = store.pings.due(tx, now)
    return tuple(filter(None, (_ping(desk, topic, count, now) for topic, count in waiting)))


def _ping(desk: Desk, topic: str, attempts: int, now: datetime) -> str:
    """Nothing if the hub was told; otherwise what happened. Nothing is locked meanwhile."""
    assert desk.hub is not None  # noqa: S101 -- asked before
    told = ""
    try:
        desk.hub.ping(topic)
    except HubError as error:
        told = f"{topic}: {error}"
    with desk.store.write() as tx:
        if not told:
            store.pings.done(tx, topic)
        elif attempts + 1 == MOST_ATTEMPTS:
            store.pings.done(tx, topic)
            told += "; given up, readers will find it by themselves"
        else:
            store.pings.failed(tx, topic, attempts + 1, now + FIRST_WAIT * 2**attempts)
    return told
