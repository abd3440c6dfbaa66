"""What is due: decided from the ledger alone, for a live run and for one reader's drip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from pipeline.model import CatchUp, Release, Run, Slot
from pipeline.schedule.cadence import zone_of
from pipeline.schedule.slots import instant, slots, slots_after

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """This part goes out now, in this slot."""

    number: int
    slot: Slot


@dataclass(frozen=True, slots=True)
class Held:
    """This part is too late to go out before the operator says how the run goes on."""

    number: int
    slot: Slot
    late: timedelta


@dataclass(frozen=True, slots=True)
class Waiting:
    """This part is next, and not yet."""

    number: int
    slot: Slot
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """Every part is out."""


Decision: TypeAlias = Due | Held | Waiting | Finished


def next_release(run: Run, released: Sequence[Release], total: int, now: datetime) -> Decision:
    """What comes next in a run, and whether it is due.

    Args:
        run: The calendar.
        released: What the ledger says is out, in order.
        total: How many parts there are.
        now: The moment to decide for; one before the last release releases nothing.
    """
    number = len(released) + 1
    if number > total:
        return Finished()
    slot = _next_slot(run, released)
    due_at = _due_at(run, released, slot)
    if due_at > now:
        return Waiting(number, slot, due_at)
    resumed_at = run.resumed_at or instant(slot)
    late = now - max(instant(slot), resumed_at)
    if late > run.max_late:
        return Held(number, slot, late)
    return Due(number, slot)


def _next_slot(run: Run, released: Sequence[Release]) -> Slot:
    """The first slot after the last one used; with `shift` also after its release."""
    if not released:
        return next(slots(run))
    last = released[-1]
    coming = slots_after(run, last.slot)
    if run.catch_up is CatchUp.SHIFT:
        return next(slot for slot in coming if instant(slot) > last.released_at)
    return next(coming)


def _due_at(run: Run, released: Sequence[Release], slot: Slot) -> datetime:
    """When the next part goes out: at its slot, or when the run is behind a day after the last.

    The run is behind when the part before went out at or after this slot. A day is a calendar day
    in the run's zone; the time of day is that of the slot the late part had, or of its release if
    that was earlier in the day, so that a tick at the same time each day, some seconds late or
    not, lets one part out a day.
    """
    at = instant(slot)
    if not released or run.catch_up is not CatchUp.SPREAD:
        return at
    last = released[-1]
    if last.released_at < at:
        return at
    return max(at, _pace(run, last, slot))


def _pace(run: Run, last: Release, slot: Slot) -> datetime:
    """When the part after a late one goes out."""
    gap = instant(next(slots_after(run, slot))) - instant(slot)
    if gap < DAY:  # a run with several slots a day catches up twice as fast as it goes on
        return last.released_at + gap / 2
    local = last.released_at.astimezone(zone_of(run.zone))
    next_day = local.replace(tzinfo=None, fold=0).date() + DAY
    at_slot_time = instant(Slot(datetime.combine(next_day, slot.local.time()), run.zone))
    one_day_on = last.released_at.astimezone(UTC) + DAY
    return min(at_slot_time, one_day_on)


def upcoming(
    run: Run, released: Sequence[Release], total: int, now: datetime
) -> tuple[tuple[int, datetime], ...]:
    """Every part to come with the instant at which it goes out if all goes well.

    A part that is due already counts as going out now; a held run has none.
    """
    found: list[tuple[int, datetime]] = []
    simulated = list(released)
    while True:
        match next_release(run, simulated, total, now):
            case Due(number, slot):
                at = now
            case Waiting(number, slot, due_at):
                at = now = due_at
            case _:
                return tuple(found)
        found.append((number, at))
        simulated.append(Release(number, slot, at))
