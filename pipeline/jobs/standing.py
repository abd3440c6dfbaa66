"""Where each guide's run stands: what is out, what remains, and which calendar it follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline import guide, schedule, store
from pipeline.jobs.catalogue import Catalogue, Volume
from pipeline.jobs.desk import Desk
from pipeline.model import FrontMatter, Guide, Part, Release, Run, Upcoming
from pipeline.store.guides import GuideRecord


@dataclass(frozen=True, slots=True)
class Standing:
    """A guide that may go out, with what of it is out."""

    volume: Volume
    parts: tuple[Part, ...]
    """All parts: those released as they went out, the others as planned now."""
    released: tuple[Release, ...]
    run: Run
    is_edited: bool = False
    """Whether its source was changed since the last pass."""

    @property
    def guide(self) -> Guide:
        """The guide itself."""
        return self.volume.guide


def standings(
    tx: store.Transaction,
    desk: Desk,
    catalogue: Catalogue,
    now: datetime,
    *,
    drafts: bool = False,
) -> tuple[Standing, ...]:
    """Where every guide of the catalogue that may go out stands, or every one with `drafts`."""
    records = store.guides.records(tx)
    volumes = catalogue.volumes if drafts else catalogue.scheduled
    out = {one.guide.slug: store.issues.releases(tx, one.guide.slug) for one in volumes}
    return tuple(
        _standing(
            tx, desk, volume, records.get(volume.guide.slug),
            out[volume.guide.slug].get(volume.guide.slug, ()), now,
        )
        for volume in volumes
    )  # fmt: skip


def _standing(
    tx: store.Transaction,
    desk: Desk,
    volume: Volume,
    record: GuideRecord | None,
    released: tuple[Release, ...],
    now: datetime,
) -> Standing:
    front = volume.guide.front
    out = store.issues.section_ids(tx, front.slug) if released else frozenset()
    before = record.parts[: len(released)] if record else ()
    remaining = guide.plan(_remaining(tx, volume.guide, out))
    total = len(before) + len(remaining)
    edited = record is not None and record.digest != volume.digest
    parts = tuple(
        replace(part, number=number, of=total)
        for number, part in enumerate((*before, *remaining), start=1)
    )
    return Standing(volume, parts, released, run_of(desk, front, record, now), edited)


def _remaining(tx: store.Transaction, whole: Guide, out: frozenset[str]) -> Guide:
    """What of a guide is not out; only where sections went out in pieces are issues looked at."""
    has_pieces = any("#" in one for one in out)
    issues = store.issues.of_guide(tx, whole.slug) if has_pieces else ()
    return guide.remaining(whole, out, [one.sections for one in issues])


def run_of(desk: Desk, front: FrontMatter, record: GuideRecord | None, now: datetime) -> Run:
    """A guide's live run; one that was never scheduled comes to life now."""
    return Run(
        cadence=front.cadence or desk.cadence,
        zone=front.zone or desk.site.zone,
        start=front.start,
        started_at=record.started_at if record else now,
        catch_up=(record.catch_up if record else None) or desk.catch_up,
        max_late=desk.max_late,
        resumed_at=record.resumed_at if record else None,
    )


def upcoming(
    run: Run, parts: tuple[Part, ...], released: tuple[Release, ...], now: datetime
) -> tuple[Upcoming, ...]:
    """The parts still to come with their planned dates."""
    titles: Mapping[int, str] = {part.number: part.subject for part in parts}
    return tuple(
        Upcoming(number, titles[number], due_at)
        for number, due_at in schedule.upcoming(run, released, len(parts), now)
    )
