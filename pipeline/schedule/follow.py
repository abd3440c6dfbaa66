"""A run that begins at part 1 on a day of its own, and lets out what another has let out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.model import Release, Run
from pipeline.schedule.due import Waiting, next_release

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Followed:
    """A part that such a run has let out, and when the one after it is planned."""

    release: Release
    next_at: datetime


def follow(run: Run, out: Sequence[datetime], now: datetime) -> tuple[Followed, ...]:
    """The parts that are out in a run that follows another, in order.

    A function of its arguments alone: any process says the same of any moment. The drip by mail
    makes the same decisions one by one, as its ticks come.

    Args:
        run: The calendar of the reader; its catch-up is `spread`.
        out: When each part went out in the run that it follows.
        now: The moment to tell of.
    """
    return tuple(_followed(run, out, now))


def _followed(run: Run, out: Sequence[datetime], now: datetime) -> Iterator[Followed]:
    released: list[Release] = []
    coming = _coming(run, released)
    for there_at in out:
        at = max(coming.due_at, there_at)
        if at > now:
            return
        released.append(Release(coming.number, coming.slot, at))
        coming = _coming(run, released)
        yield Followed(released[-1], coming.due_at)


def first_at(run: Run) -> datetime:
    """When part 1 of a run is due."""
    return _coming(run, ()).due_at


def _coming(run: Run, released: Sequence[Release]) -> Waiting:
    """The next part of a run that knows no end, as planned."""
    found = next_release(run, released, len(released) + 1, _NEVER)
    assert isinstance(found, Waiting)  # noqa: S101 -- before all time nothing is due
    return found
