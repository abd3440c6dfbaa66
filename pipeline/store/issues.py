"""Statements about issues: the ledger of what was released."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from pipeline.model import Issue, Release, Section, Slot
from pipeline.store.codec import freeze, thaw
from pipeline.store.tables import guide, issue


@dataclass(frozen=True, slots=True)
class IssueText:
    """What the ranking of related issues needs of an issue."""

    id: str
    path: str
    guide: str
    guide_title: str
    title: str
    lang: str
    headings: str
    words: str
    terms: bytes
    """As the ranking counted them; empty or of another making if it must count again."""


@dataclass(frozen=True, slots=True)
class IssueDates:
    """What feeds need of an issue to know where it stands."""

    id: str
    guide: str
    released_at: datetime
    updated_at: datetime
    tags: tuple[str, ...]


def add(tx: Connection, released: Issue, text: IssueText) -> None:
    """Write a release into the ledger; UNIQUE(guide, slot) lets it happen once."""
    tx.execute(
        insert(issue).values(
            id=released.id,
            key=select(func.coalesce(func.max(issue.c.key), 0) + 1).scalar_subquery(),
            guide=released.guide,
            number=released.number,
            slot=released.slot.key,
            released_at=released.released_at,
            updated_at=released.updated_at,
            tags="\n".join(released.tags),
            path=released.path,
            guide_title=released.guide_title,
            subject=released.subject,
            lang=released.lang,
            section_ids="\n".join(_ids(released.sections)),
            frozen=freeze(released),
            headings=text.headings,
            words=text.words,
            terms=text.terms,
        )
    )
    _changed(tx, released.guide)


def revise(tx: Connection, revised: Issue, text: IssueText) -> None:
    """Replace what an issue says; its id, number, slot, path and first date stay."""
    tx.execute(
        update(issue)
        .where(issue.c.id == revised.id)
        .values(
            updated_at=revised.updated_at,
            tags="\n".join(revised.tags),
            guide_title=revised.guide_title,
            subject=revised.subject,
            lang=revised.lang,
            section_ids="\n".join(_ids(revised.sections)),
            frozen=freeze(revised),
            headings=text.headings,
            words=text.words,
            terms=text.terms,
        )
    )
    _changed(tx, revised.guide)


def _changed(tx: Connection, slug: str) -> None:
    tx.execute(update(guide).where(guide.c.slug == slug).values(version=guide.c.version + 1))


def _ids(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        yield section.id
        yield from _ids(section.children)


def releases(tx: Connection, slug: str | None = None) -> dict[str, tuple[Release, ...]]:
    """What each guide's live run (or only this one's) has let out, in order, by slug."""
    ledger = select(issue.c.guide, issue.c.number, issue.c.slot, issue.c.released_at)
    if slug is not None:
        ledger = ledger.where(issue.c.guide == slug)
    rows = tx.execute(ledger.order_by(issue.c.guide, issue.c.number))
    found: dict[str, list[Release]] = {}
    for of, number, slot, released_at in rows:
        found.setdefault(of, []).append(Release(number, read_slot(slot), released_at))
    return {of: tuple(out) for of, out in found.items()}


def last_releases(tx: Connection) -> dict[str, Release]:
    """What each guide's live run let out last, by slug; its number is how many are out."""
    newest = select(issue.c.guide, func.max(issue.c.number).label("number")).group_by(issue.c.guide)
    last = newest.subquery()
    rows = tx.execute(
        select(issue.c.guide, issue.c.number, issue.c.slot, issue.c.released_at).join(
            last, (issue.c.guide == last.c.guide) & (issue.c.number == last.c.number)
        )
    )
    return {of: Release(number, read_slot(slot), at) for of, number, slot, at in rows}


def section_ids(tx: Connection, slug: str) -> frozenset[str]:
    """The ids of a guide's sections that are out, nested ones included."""
    rows = tx.execute(select(issue.c.section_ids).where(issue.c.guide == slug)).scalars()
    return frozenset(one for ids in rows for one in ids.split("\n"))


def read_slot(key: str) -> Slot:
    """The slot that a key names."""
    local, zone = key.split(" ", 1)
    return Slot(datetime.fromisoformat(local), zone)


def of_guide(tx: Connection, slug: str) -> tuple[Issue, ...]:
    """A guide's issues in order of their numbers."""
    return tuple(map(thaw, _frozen(tx, slug)))


def with_digests(tx: Connection, slug: str) -> tuple[tuple[Issue, str], ...]:
    """A guide's issues in order, each with what tells whether it says what it said."""
    return tuple(
        (
            thaw(frozen),
            hashlib.blake2b(frozen.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest(),
        )
        for frozen in _frozen(tx, slug)
    )


def _frozen(tx: Connection, slug: str) -> Iterator[str]:
    rows = tx.execute(select(issue.c.frozen).where(issue.c.guide == slug).order_by(issue.c.number))
    yield from rows.scalars()


def by_id(tx: Connection, issue_id: str) -> Issue | None:
    """The issue of this id."""
    frozen = tx.execute(select(issue.c.frozen).where(issue.c.id == issue_id)).scalar()
    return thaw(frozen) if frozen is not None else None


def id_of(tx: Connection, slug: str, number: int) -> str | None:
    """The id of a guide's issue of this number, once it is released."""
    found: str | None = tx.execute(
        select(issue.c.id).where(issue.c.guide == slug, issue.c.number == number)
    ).scalar()
    return found


def texts(tx: Connection) -> Iterator[IssueText]:
    """Every released issue as the ranking wants it, oldest first."""
    rows = tx.execute(
        select(
            issue.c.id,
            issue.c.path,
            issue.c.guide,
            issue.c.guide_title,
            issue.c.subject,
            issue.c.lang,
            issue.c.headings,
            issue.c.words,
            issue.c.terms,
        ).order_by(issue.c.released_at, issue.c.guide, issue.c.number)
    )
    for row in rows:
        yield IssueText(*row)


def dates(tx: Connection) -> tuple[IssueDates, ...]:
    """Every released issue with its dates and tags, oldest first."""
    rows = tx.execute(
        select(
            issue.c.id, issue.c.guide, issue.c.released_at, issue.c.updated_at, issue.c.tags
        ).order_by(issue.c.released_at, issue.c.guide, issue.c.number)
    )
    return tuple(
        IssueDates(one, slug, released, updated or released, tuple(filter(None, tags.split("\n"))))
        for one, slug, released, updated, tags in rows
    )


def by_ids(tx: Connection, ids: Iterable[str]) -> dict[str, Issue]:
    """The issues of these ids, those that there are."""
    wanted = list(ids)
    found: dict[str, Issue] = {}
    for at in range(0, len(wanted), 500):  # SQLite takes so many values in one statement
        some = wanted[at : at + 500]
        rows = tx.execute(select(issue.c.id, issue.c.frozen).where(issue.c.id.in_(some)))
        found |= {one: thaw(frozen) for one, frozen in rows}
    return found


def keep_terms(tx: Connection, terms: Mapping[str, bytes]) -> None:
    """Keep the counted terms of issues, by their ids."""
    if terms:
        rows = [{"one": one, "counted": counted} for one, counted in terms.items()]
        statement = update(issue).where(issue.c.id == bindparam("one"))
        tx.execute(statement.values(terms=bindparam("counted")), rows)
