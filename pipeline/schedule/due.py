"""What is due: decided from the ledger alone, for a live run and for one reader's drip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from pipeline.errors import ScheduleError
from pipeline.model import CatchUp, Release, Run, Slot
from pipeline.schedule.slots import DAY, cadence_of, instant, slot_at, slots, slots_after
from pipeline.schedule.zone import zone_of


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
    number = released[-1].number + 1 if released else 1
    if number > total:
        return Finished()
    slot = _next_slot(run, released)
    due_at = _due_at(run, released, slot)
    if due_at > now:
        return Waiting(number, slot, due_at)
    # Not from the slot when the part before it set the pace: that it is late was decided already.
    late = now - max(due_at, run.resumed_at or due_at)
    if late > run.max_late:
        return Held(number, slot, late)
    return Due(number, slot)


def _next_slot(run: Run, released: Sequence[Release]) -> Slot:
    """The first slot after the last used and the floor; with `shift` also after its release."""
    if released:
        last = released[-1]
        shifted = last.released_at if run.catch_up is CatchUp.SHIFT else None
        bounds = [at for at in (shifted, run.floor_at) if at is not None]
        coming = slots_after(run, last.slot, max(bounds, default=None))
    elif run.floor_at is not None and run.floor_at > run.started_at:
        coming = slots_after(run, slot_at(run.started_at, run.zone), run.floor_at)
    else:
        coming = slots(run)
    slot = next(coming, None)
    if slot is None:
        raise ScheduleError("cadence", run.cadence, "it has no slots left; give one that goes on")
    return slot


def _due_at(run: Run, released: Sequence[Release], slot: Slot) -> datetime:
    """When the next part goes out: at its slot or, when the run is behind, in step with the last.

    The run is behind when the part before went out at or after this slot.
    """
    at = instant(slot)
    if not released or run.catch_up is not CatchUp.SPREAD:
        return at
    last = released[-1]
    if last.released_at < at:
        return at
    return max(at, _paced(run, last, slot))


def _paced(run: Run, last: Release, slot: Slot) -> datetime:
    """When the part after a late one goes out.

    The next calendar day in the run's zone, at the slot's time of day, or at the full hour in which
    the last part went out if that is earlier; never more than 24 hours after that full hour. So a
    daily tick, by local time or by UTC, lets one part out a day, however late within its hour it
    comes, and a running daemon goes back to the usual time of day.

    Slots less than a day apart are caught up on twice as fast as they come.
    """
    released_at = last.released_at.astimezone(UTC)
    gap = slot.local - last.slot.local
    if gap < DAY and cadence_of(run.cadence).is_dense:
        return released_at + gap / 2
    local = released_at.astimezone(zone_of(run.zone))
    hour_began = released_at - timedelta(
        minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
    time_of_day = min(slot.local.time(), local.time().replace(minute=0, second=0, microsecond=0))
    next_day = Slot(datetime.combine(local.date() + DAY, time_of_day), run.zone)
    return min(instant(next_day), hour_began + DAY)


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
