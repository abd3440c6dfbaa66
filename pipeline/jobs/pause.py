"""Holds an issue's mail back, and lets it go on."""

from __future__ import annotations

from datetime import datetime

from pipeline import store
from pipeline.errors import UsageError
from pipeline.jobs.desk import Desk


def pause_issue(desk: Desk, guide: str, number: int, why: str) -> int:
    """How many deliveries wait from now on; what is under way is settled, nothing else begins.

    Raises:
        UsageError: The issue is not out.
    """
    with desk.store.write() as tx:
        return store.deliveries.pause(tx, _issue(tx, guide, number), why)


def resume_issue(desk: Desk, guide: str, number: int, now: datetime) -> int:
    """How many deliveries go on.

    Raises:
        UsageError: The issue is not out.
    """
    with desk.store.write() as tx:
        return store.deliveries.resume(tx, _issue(tx, guide, number), now)


def _issue(tx: store.Transaction, guide: str, number: int) -> str:
    found = store.issues.id_of(tx, guide, number)
    if found is None:
        raise UsageError(f"{guide}, {number} is not out", "see `partwork status`")
    return found
