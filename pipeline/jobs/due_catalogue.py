"""The catalogue of a tick: guides that rest are not read again.

A guide rests while its source is what it was when it was read well, and nothing of it is due. What
a tick needs of it stands in the store.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pipeline import content, guide, schedule, store, trust
from pipeline.errors import FileError
from pipeline.jobs.catalogue import Catalogue, digest_of, read_catalogue, remembered
from pipeline.jobs.desk import Desk
from pipeline.jobs.standing import run_of
from pipeline.model import Release
from pipeline.store.guides import GuideRecord


def due_catalogue(desk: Desk, now: datetime) -> Catalogue:
    """The guides of the content folder that a tick must look at, and the front matter of the rest.

    Raises:
        FileError: There is no content folder.
    """
    with desk.store.read() as tx:
        records, ledger = store.guides.records(tx), store.issues.last_releases(tx)
    by_digest = {record.digest: record for record in records.values()}
    reading = content.read(desk.content)
    gallery = reading.gallery()
    resting: dict[str, GuideRecord] = {}
    awake: list[guide.Source] = []
    for source in reading.sources:
        record = by_digest.get(digest_of(desk, source, gallery, is_overdue=False))
        if record is not None and _rests(desk, source, record, ledger, now):
            resting[record.front.slug] = record
        else:
            awake.append(source)
    some = content.Reading(tuple(awake), reading.diagnostics, reading.pictures)
    found = read_catalogue(desk, now, remembered(desk, resting), some)
    if _clash(found, resting):  # then only a look at all of them tells who is to blame
        return read_catalogue(desk, now, remembered(desk), reading)
    return replace(found, resting=tuple(one.front for one in resting.values()))


def _rests(
    desk: Desk,
    source: guide.Source,
    record: GuideRecord,
    ledger: dict[str, Release],
    now: datetime,
) -> bool:
    front = record.front
    if not record.is_scheduled or trust.is_held(front.profile, front.trust, now.date()):
        return False
    run = run_of(desk, front, record, now)
    released = [ledger[front.slug]] if front.slug in ledger else []
    match schedule.next_release(run, released, len(record.parts), now):
        case schedule.Waiting() | schedule.Finished():
            try:
                return content.read_ids(desk.content.parent / source.name) == record.ids
            except FileError:  # told when the guide is read
                return False
        case _:
            return False


def _clash(found: Catalogue, resting: dict[str, GuideRecord]) -> bool:
    """Whether a guide that is awake claims a slug or an id of one that rests."""
    taken = {name for one in resting.values() for name in (one.front.slug, *one.front.aliases)}
    for volume in found.volumes:
        front = volume.guide.front
        if taken & {volume.guide.slug, *front.aliases}:
            return True
        ids = [section.id for section in volume.guide.parts]
        if any(one in record.ids for record in resting.values() for one in ids):
            return True
    return False
