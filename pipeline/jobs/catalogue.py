"""Reads all guides and says which of them can be scheduled, and why the others cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline import content, guide, schedule, store, trust
from pipeline.errors import FileError, ScheduleError
from pipeline.jobs.desk import Desk
from pipeline.model import Diagnostic, Guide, GuideStatus, Severity

RESERVED = frozenset({"api", "archive", "drip", "outbox", "search", "tag", "u"})
"""First path segments that the web keeps for itself."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A guide that was read well: its tree with permanent ids, and those ids as text."""

    guide: Guide
    ids: str
    """The text of its ids file as it must now be."""
    ids_file: Path
    has_new_ids: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All guides of a site: those that can be used, and what was found about all of them."""

    volumes: tuple[Volume, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What keeps guides from going out."""
        return tuple(one for one in self.diagnostics if one.severity is Severity.ERROR)

    @property
    def scheduled(self) -> tuple[Volume, ...]:
        """The guides that may go out."""
        return tuple(one for one in self.volumes if one.guide.front.status is GuideStatus.READY)


def catalogue_of(desk: Desk, now: datetime) -> Catalogue:
    """All guides as they are in the content folder now."""
    with desk.store.read() as tx:
        known = {slug: record.ids for slug, record in store.guides.records(tx).items()}
    return read_catalogue(desk, now, known)


def read_catalogue(desk: Desk, now: datetime, known_ids: Mapping[str, str]) -> Catalogue:
    """Every guide in the content folder; nothing is written.

    Args:
        desk: The site.
        now: For the rules that compare with today.
        known_ids: The ids text that the store remembers, by slug, for a file that was lost.

    Raises:
        FileError: There is no content folder.
    """
    reading = content.read(desk.content)
    diagnostics = list(reading.diagnostics)
    guides: list[Guide] = []
    for source in reading.sources:
        parsed = guide.parse(source)
        found = [*parsed.diagnostics]
        if parsed.guide is not None:
            found += _judge(parsed.guide, desk, now)
            if not any(one.severity is Severity.ERROR for one in found):
                guides.append(parsed.guide)
        diagnostics += found
    twins = tuple(_twins(guides))
    diagnostics += twins
    refused = {one.file for one in twins}
    volumes: list[Volume] = []
    for one in guides:
        if one.front_source not in refused:
            try:
                volumes.append(_identified(one, desk, known_ids))
            except FileError as error:  # its ids file is damaged
                diagnostics.append(_error(one, "ids", str(error)))
    return Catalogue(tuple(volumes), tuple(diagnostics))


def _judge(one: Guide, desk: Desk, now: datetime) -> Iterator[Diagnostic]:
    """What the trust profile and the calendar say of a guide."""
    yield from trust.review(one, today=now.date(), demonstration=desk.site.demonstration)
    if one.slug in RESERVED:
        yield _error(one, "slug", f"slug {one.slug!r} is taken by the site; choose another")
    for key, look in (("cadence", schedule.parse_cadence), ("zone", schedule.check_zone)):
        said = str(getattr(one.front, key))
        try:
            if said:
                look(said)
        except ScheduleError as error:
            yield _error(one, key, str(error))


def _error(one: Guide, key: str, message: str) -> Diagnostic:
    return Diagnostic(one.front_source, one.line_of(key), Severity.ERROR, key, message)


def _twins(guides: list[Guide]) -> Iterator[Diagnostic]:
    """Guides that claim one slug: none of them goes out, each is told of the others."""
    claims: dict[str, list[Guide]] = {}
    for one in guides:
        for slug in {one.slug, *one.front.aliases}:
            claims.setdefault(slug, []).append(one)
    for slug, claimants in claims.items():
        for one in claimants:
            others = ", ".join(other.source for other in claimants if other is not one)
            if others:
                key = "slug" if slug == one.slug else "aliases"
                yield _error(one, key, f"slug {slug!r} is also claimed by {others}")


def _identified(one: Guide, desk: Desk, known_ids: Mapping[str, str]) -> Volume:
    file = desk.content / Path(one.source).relative_to(desk.content.name)
    saved = content.read_ids(file)
    text = saved if saved is not None else known_ids.get(one.slug, "")
    ids_file = content.ids_path(file)
    known = guide.load_ids(text, f"{desk.content.name}/{ids_file.name}") if text else ()
    found = guide.identify(one, known, desk.mint)
    ids = guide.dump_ids(found.known)
    return Volume(found.guide, ids, ids_file, has_new_ids=saved is None or ids != saved)
