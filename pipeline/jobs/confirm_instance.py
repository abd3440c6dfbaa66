"""Lets a copy of the site send, once its operator says that it is to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from pipeline import delivery, store
from pipeline.errors import UsageError
from pipeline.jobs.desk import Desk
from pipeline.jobs.sending import differs, lock
from pipeline.jobs.tick import tick
from pipeline.model import DeliveryState, Instance


@dataclass(frozen=True, slots=True)
class ConfirmReport:
    """What was confirmed."""

    instance: Instance
    waiting: int
    """Messages that are due."""
    doubted: int = 0
    """Messages of which it must be decided whether they were sent."""


def confirm_instance(desk: Desk, now: datetime, *, doubts: bool = False) -> ConfirmReport:
    """Let this copy send from now on.

    Args:
        desk: The site.
        now: The moment.
        doubts: Whether what is due may have been sent already, after a backup was made: then it is
            uncertain, and decided about before anything goes out. So is what was released since,
            which a pass releases once more before, while nothing can leave yet.

    Raises:
        UsageError: It may send.
        FileError: The file by which this copy is known cannot be made or read.
    """
    if doubts and lock(desk):
        tick(desk, now)
    here = desk.place.instance()
    with desk.store.write() as tx:
        known = store.instances.every(tx)
        if not differs(here, known):
            raise UsageError("this copy of the site may send", "there is nothing to confirm")
        ahead = max((one.mark for one in known if one.name == here.name), default=0)
        here = replace(here, mark=max(here.mark, ahead))
        store.instances.save(tx, here, now)
        doubted = 0
        if doubts:
            state = delivery.move(DeliveryState.PENDING, delivery.Event.DOUBT)
            doubted = store.deliveries.doubt(tx, state, now)
        waiting = store.deliveries.due_count(tx, now)
    return ConfirmReport(here, waiting, doubted)
