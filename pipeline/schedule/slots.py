"""Slots: nominal local times, and the instants that they fall on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from pipeline.model import Run, Slot
from pipeline.schedule.cadence import Cadence, parse_cadence, zone_of

MINUTE = timedelta(minutes=1)


def instant(slot: Slot) -> datetime:
    """When a slot is, in UTC.

    A time that a spring change leaves out is the first valid instant after the gap; one that an
    autumn change gives twice is the first of the two.
    """
    zone = zone_of(slot.zone)
    first = slot.local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == slot.local:
        return first
    return _end_of_gap(slot)


def _end_of_gap(slot: Slot) -> datetime:
    """The instant at which clocks jump over the slot's local time.

    Before the jump the zone's old offset holds and after it the new one: with fold=0 Python reads
    a missing time by the old offset, with fold=1 by the new one. The jump lies between the two.
    """
    zone = zone_of(slot.zone)
    late = slot.local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    early = slot.local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = late.astimezone(zone).utcoffset()
    low, high = early - MINUTE, late  # the jump is in (low, high]
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)


def slot_at(at: datetime, zone: str) -> Slot:
    """The slot of this very moment: its local time in a zone, to the minute."""
    local = at.astimezone(zone_of(zone)).replace(tzinfo=None, second=0, microsecond=0, fold=0)
    return Slot(local, zone)


@lru_cache(maxsize=1024)
def _cadence(text: str) -> Cadence:
    return parse_cadence(text)


def slots(run: Run) -> Iterator[Slot]:
    """All slots of a run, in order, without end.

    A run with a start day has its first slot on or after it. A first-run has its first slot when
    it comes to life, the others on its cadence, on later days.
    """
    if run.start == "first-run":
        first = slot_at(run.started_at, run.zone)
        yield first
        begin = first.local.date()
        yield from _on_cadence(run, begin, begin + timedelta(days=1))
    else:
        yield from _on_cadence(run, run.start, run.start)


def _on_cadence(run: Run, anchor: date, first: date) -> Iterator[Slot]:
    for local in _cadence(run.cadence).locals_from(anchor, first):
        yield Slot(local, run.zone)


def slots_after(run: Run, last: Slot) -> Iterator[Slot]:
    """The run's slots after one that was used, also when the cadence has been edited since.

    Days before the one after it are not looked at, so that a long run costs no more than a short
    one; a slot later on the same day is found.
    """
    begin = _begin(run)
    for slot in _on_cadence(run, begin, max(begin, last.local.date())):
        if slot.local <= last.local or (run.start == "first-run" and slot.local.date() == begin):
            continue
        yield slot


def _begin(run: Run) -> date:
    if run.start == "first-run":
        return slot_at(run.started_at, run.zone).local.date()
    return run.start


def local_hour(at: datetime, zone: str, hour: int) -> datetime:
    """The first instant at or after `at` when it is this full hour in a zone, in UTC."""
    day = at.astimezone(zone_of(zone)).date()
    while True:
        found = instant(Slot(datetime.combine(day, time(hour)), zone))
        if found >= at:
            return found
        day += timedelta(days=1)
