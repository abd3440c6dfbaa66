"""Slots: nominal local times, and the instants that they fall on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from pipeline.model import Run, Slot
from pipeline.schedule.cadence import Cadence, parse_cadence
from pipeline.schedule.zone import zone_of

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


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
def cadence_of(run_cadence: str) -> Cadence:
    """The cadence of a run, parsed once."""
    return parse_cadence(run_cadence)


def slots(run: Run) -> Iterator[Slot]:
    """All slots of a run, in order, without end.

    A run with a start day has its first slot on or after it. A first-run has its first slot when
    it comes to life, the others on its cadence, on later days.
    """
    if run.start == "first-run":
        yield slot_at(run.started_at, run.zone)
    yield from _on_cadence(run, _earliest(run))


def slots_after(run: Run, last: Slot, after: datetime | None = None) -> Iterator[Slot]:
    """The run's slots after one that was used, also when the run has been edited since.

    Wall clocks decide, so that no slot is lost in a change of clocks. After a move to another
    zone a slot must be later both by the wall and in truth: nothing is caught up on that was
    never missed.

    Args:
        run: The calendar as it is now.
        last: The slot that was used last.
        after: If given, the slots must also be later than this instant.
    """
    since = max(_earliest(run), last.local + MINUTE)
    bounds = [after] if after else []
    if last.zone != run.zone:
        bounds.append(instant(last))
    if not bounds:
        return _on_cadence(run, since)
    bound = max(bounds)
    later = _on_cadence(run, max(since, slot_at(bound, run.zone).local))
    return (slot for slot in later if instant(slot) > bound)


def _on_cadence(run: Run, since: datetime) -> Iterator[Slot]:
    for local in cadence_of(run.cadence).locals_from(_anchor(run), since):
        yield Slot(local, run.zone)


def _anchor(run: Run) -> date:
    """The local day that the run starts on."""
    if run.start == "first-run":
        return slot_at(run.started_at, run.zone).local.date()
    return run.start


def _earliest(run: Run) -> datetime:
    """The local time from which the cadence counts."""
    day = _anchor(run)
    return datetime.combine(day + DAY if run.start == "first-run" else day, time.min)


def local_hour(at: datetime, zone: str, hour: int) -> datetime:
    """The first instant at or after `at` when it is this full hour in a zone, in UTC."""
    rules = zone_of(zone)
    day = at.astimezone(rules).date()
    while True:
        local = datetime.combine(day, time(hour))
        again = local.replace(tzinfo=rules, fold=1).astimezone(UTC)  # differs in a fold only
        for found in (instant(Slot(local, zone)), again):
            if found >= at:
                return found
        day += DAY
