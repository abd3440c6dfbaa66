"""What will go out when, and to how many: the plan as it stands now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from pipeline import store
from pipeline.jobs.catalogue import catalogue_of
from pipeline.jobs.desk import Desk
from pipeline.jobs.plan_drips import drip_run
from pipeline.jobs.publish_due import Held, decide
from pipeline.jobs.standing import Standing, standings, upcoming
from pipeline.model import Diagnostic, Mode


@dataclass(frozen=True, slots=True)
class Departure:
    """A part that is to go out, when, and to how many readers of a mode."""

    due_at: datetime
    guide: str
    guide_title: str
    number: int
    of: int
    subject: str
    mode: Mode
    readers: int


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """Departures in order, runs that are held, and what is wrong with guides."""

    departures: tuple[Departure, ...]
    held: tuple[Held, ...]
    diagnostics: tuple[Diagnostic, ...]


def forecast(desk: Desk, now: datetime, until: datetime | None = None) -> ForecastReport:
    """All departures up to a moment, or all there are; nothing is written."""
    catalogue = catalogue_of(desk, now)
    with desk.store.read() as tx:
        found = standings(tx, desk, catalogue, now)
        departures = [
            one
            for standing in found
            for one in (*_live(tx, standing, now), *_drips(tx, desk, standing, now))
        ]
    held = tuple(one for standing in found for one in decide(standing, now)[1])
    departures.sort(key=lambda one: (one.due_at, one.guide, one.number, one.mode))
    wanted = (one for one in departures if until is None or one.due_at <= until)
    return ForecastReport(tuple(wanted), held, catalogue.diagnostics)


def _live(tx: store.Transaction, one: Standing, now: datetime) -> list[Departure]:
    readers = store.subscribers.audience(tx, one.guide.slug)
    return [
        _departure(one, coming.number, coming.due_at, Mode.LIVE, readers)
        for coming in upcoming(one.run, one.parts, one.released, now)
        if coming.due_at is not None
    ]


def _drips(tx: store.Transaction, desk: Desk, one: Standing, now: datetime) -> list[Departure]:
    record = store.guides.records(tx).get(one.guide.slug)
    if record is None:
        return []
    count: Counter[tuple[datetime, int]] = Counter()
    for mine, person in store.subscribers.drips(tx, one.guide.slug):
        run = drip_run(desk, record, mine, person, now)
        released = store.deliveries.releases_of(tx, person.id, one.guide.slug)
        for coming in upcoming(run, one.parts, released, now):
            if coming.due_at is not None:
                count[coming.due_at, coming.number] += 1
    return [
        _departure(one, number, at, Mode.DRIP, readers) for (at, number), readers in count.items()
    ]


def _departure(one: Standing, number: int, due_at: datetime, mode: Mode, readers: int) -> Departure:
    part = one.parts[number - 1]
    return Departure(
        due_at, one.guide.slug, one.guide.title, number, part.of, part.subject, mode, readers
    )
