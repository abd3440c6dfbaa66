"""Reads all guides and says which of them can be scheduled, and why the others cannot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from pipeline import content, guide, schedule, store, trust
from pipeline.errors import FileError, ScheduleError
from pipeline.jobs import discretion
from pipeline.jobs.desk import Desk
from pipeline.model import Diagnostic, FrontMatter, Guide, GuideStatus, Picture, Severity

RESERVED = frozenset({
    "api", "archive", "drip", "join", "media", "outbox", "preview", "privacy", "search", "tag", "u",
})  # fmt: skip
"""First path segments that the web keeps for itself."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A guide that was read well: its tree with permanent ids, and those ids as text."""

    guide: Guide
    ids: str
    """The text of its ids file as it must now be."""
    ids_file: Path
    has_new_ids: bool
    digest: str
    """Of its source: another whenever a byte of the text or its sidecar is."""
    former: str = ""
    """The slug that the store still has it under, if it was given another one since."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All guides of a site: those that can be used, and what was found about all of them."""

    volumes: tuple[Volume, ...]
    diagnostics: tuple[Diagnostic, ...]
    resting: tuple[FrontMatter, ...] = ()
    """Of guides that may go out and were not read, as a tick leaves out what has not changed."""
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    """Those of the content folder, by the names that are shown to people."""

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What keeps guides from going out."""
        return tuple(one for one in self.diagnostics if one.severity is Severity.ERROR)

    @property
    def scheduled(self) -> tuple[Volume, ...]:
        """The guides that may go out."""
        return tuple(one for one in self.volumes if one.guide.front.status is GuideStatus.READY)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the store knows of a guide's sections."""

    ids: str = ""
    """The text of its ids file when it was last read, for a file that was lost."""
    out: frozenset[str] = frozenset()
    """The ids of its sections that readers have."""


Tell = Callable[[int, int], None]
"""Is told how many of how many guides are done."""


def catalogue_of(desk: Desk, now: datetime, tell: Tell = lambda _done, _of: None) -> Catalogue:
    """All guides as they are in the content folder now."""
    return read_catalogue(desk, now, remembered(desk), content.read(desk.content), tell)


def remembered(desk: Desk, without: Collection[str] = ()) -> dict[str, Remembered]:
    """What the store knows of the sections of every guide but these, by slug."""
    with desk.store.read() as tx:
        return {
            slug: Remembered(record.ids, _out(store.issues.section_ids(tx, slug)))
            for slug, record in store.guides.records(tx).items()
            if slug not in without
        }


def _out(ids: frozenset[str]) -> frozenset[str]:
    """The ids of sections that are out, also those of which only pieces are."""
    return ids | {one.partition("#")[0] for one in ids}


def read_catalogue(
    desk: Desk,
    now: datetime,
    known: Mapping[str, Remembered],
    reading: content.Reading,
    tell: Tell = lambda _done, _of: None,
) -> Catalogue:
    """The guides of these sources; nothing is written.

    Args:
        desk: The site.
        now: For the rules that compare with today.
        known: What the store knows of their sections, by slug.
        reading: What was read from the content folder.
        tell: Is told of the progress.
    """
    diagnostics = list(reading.diagnostics)
    guides: list[Guide] = []
    digests: dict[str, str] = {}
    gallery = reading.gallery()
    for done, source in enumerate(reading.sources):
        tell(done, len(reading.sources))
        parsed = guide.illustrate(guide.parse(source), reading.pictures)
        found = [*parsed.diagnostics]
        if parsed.guide is not None:
            found += _judge(parsed.guide, desk, now)
            if not any(one.severity is Severity.ERROR for one in found):
                guides.append(parsed.guide)
                front = parsed.guide.front
                overdue = trust.is_held(front.profile, front.trust, now.date())
                digests[parsed.guide.source] = digest_of(desk, source, gallery, is_overdue=overdue)
        diagnostics += found
    twins = tuple(_twins(guides))
    diagnostics += twins
    refused = {one.file for one in twins}
    volumes: list[Volume] = []
    slugs = {one.slug for one in guides}
    lost = {slug: known[slug] for slug in sorted(known.keys() - slugs)}
    for one in guides:
        if one.front_source not in refused:
            former = _former(one, desk, lost, known)
            mine = known.get(former or one.slug, Remembered())
            volume, doubts = _identified(one, desk, mine, digests[one.source])
            diagnostics += doubts
            volumes += [replace(volume, former=former)] if volume is not None else []
    volumes, shared = _without_shared_ids(volumes)
    told = _placed((*diagnostics, *shared), reading.sources)
    return Catalogue(tuple(volumes), told, pictures=reading.pictures)


def _placed(
    diagnostics: Iterable[Diagnostic], sources: Iterable[guide.Source]
) -> tuple[Diagnostic, ...]:
    """Diagnostics about folders, each with the file that it is about."""
    folders = {one.name: one for one in sources if one.files}
    return tuple(
        folders[one.file].place(one) if one.file in folders else one for one in diagnostics
    )


def _judge(one: Guide, desk: Desk, now: datetime) -> Iterator[Diagnostic]:
    """What the trust profile and the calendar say of a guide."""
    yield from trust.review(one, today=now.date(), demonstration=desk.site.demonstration)
    yield from trust.lint(one, desk.rules)
    yield from discretion.review(one, desk.site)
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


def _former(
    one: Guide, desk: Desk, lost: Mapping[str, Remembered], known: Mapping[str, Remembered]
) -> str:
    """The slug that a guide had before: one that it names, or whose parts have ids of its own.

    Args:
        one: The guide.
        desk: The site.
        lost: What the store knows of guides that no file is for now.
        known: What it knows of all.
    """
    if one.slug in known or not lost:
        return ""
    named = next((slug for slug in one.front.aliases if slug in lost), "")
    if named:
        return named
    text = content.read_ids(_path_of(one, desk)) or ""
    return next((slug for slug, it in lost.items() if any(each in text for each in it.out)), "")


def _path_of(one: Guide, desk: Desk) -> Path:
    return desk.content / Path(one.source).relative_to(desk.content.name)


def _identified(
    one: Guide, desk: Desk, known: Remembered, digest: str
) -> tuple[Volume | None, tuple[Diagnostic, ...]]:
    """A guide with its ids, or why it has none: a damaged file, or a doubt."""
    try:
        found, file, saved = identify(one, desk, known)
    except FileError as error:
        return None, (_error(one, "ids", str(error)),)
    if found.diagnostics:
        return None, found.diagnostics
    ids = guide.dump_ids(found.known)
    return Volume(found.guide, ids, file, ids != saved, digest), ()


def identify(
    one: Guide, desk: Desk, known: Remembered, accept: guide.Accept | None = None
) -> tuple[guide.Identified, Path, str | None]:
    """A guide with its ids, the path of its ids file, and what stands in that now.

    Raises:
        FileError: The ids file is damaged.
    """
    file = _path_of(one, desk)
    saved = content.read_ids(file)
    text = saved if saved is not None else known.ids
    ids_file = content.ids_path(file)
    before = guide.load_ids(text, f"{desk.content.name}/{ids_file.name}") if text else ()
    found = guide.identify(one, before, desk.mint, out=known.out, accept=accept)
    return found, ids_file, saved


def digest_of(desk: Desk, source: guide.Source, gallery: str, *, is_overdue: bool) -> str:
    """A digest of a guide's source, of the pictures that it could show, and of how it is read.

    Another one also on the day that its review is overdue: pages then say so.

    Args:
        desk: The site.
        source: Of the guide.
        gallery: By `content.Reading.gallery`.
        is_overdue: Whether its review is.
    """
    shown = gallery if "![" in source.text or "<img" in source.text.lower() else ""
    overdue = "overdue" * is_overdue
    parts = (desk.edition, source.name, source.text, source.sidecar or "", overdue, shown)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _without_shared_ids(
    volumes: list[Volume],
) -> tuple[list[Volume], tuple[Diagnostic, ...]]:
    """The volumes that share no id with another, and what is told of those that do.

    An id in two guides means that a file was copied with its ids: neither goes out.
    """
    owners: dict[str, list[Volume]] = {}
    for volume in volumes:
        for section in volume.guide.parts:
            owners.setdefault(section.id, []).append(volume)
    rivals: dict[str, set[str]] = {}
    for claimants in owners.values():
        for one in claimants if len(claimants) > 1 else ():
            others = {other.guide.source for other in claimants if other is not one}
            rivals.setdefault(one.guide.source, set()).update(others)
    told = tuple(
        Diagnostic(source, 1, Severity.ERROR, "ids", _shared(source, others))
        for source, others in rivals.items()
    )
    return [one for one in volumes if one.guide.source not in rivals], told


def _shared(source: str, others: set[str]) -> str:
    names = ", ".join(sorted(others))
    is_folder = source.endswith("/")
    copy = f"{source}guide.ids.json" if is_folder else source.rsplit(".", 1)[0] + ".ids.json"
    return f"has ids that {names} has too: one is a copy; delete the copy's ids file ({copy}?)"
