"""Statements about guides: outlines, permanent ids, live runs."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from pipeline.model import CatchUp, FrontMatter, Part
from pipeline.store.codec import dump_outline, freeze, load_outline, thaw
from pipeline.store.dialects import insert
from pipeline.store.tables import archive, guide, issue, subscription


@dataclass(frozen=True, slots=True)
class GuideRecord:
    """What the store remembers of a guide, also when its file is gone or broken."""

    front: FrontMatter
    parts: tuple[Part, ...]
    """Without their sections: those are in the guide itself, and frozen in its issues."""
    ids: str
    digest: str
    """Of its source, when it was last read well."""
    is_scheduled: bool
    """Whether it could be read and go out at the last pass."""
    started_at: datetime
    catch_up: CatchUp | None
    resumed_at: datetime | None
    former: tuple[str, ...] = ()
    """The slugs that it had before, whose addresses are served for ever."""
    state: str = ""
    """Another whenever its front matter or parts are, or an issue of it is released or edited."""


def records(tx: Connection) -> dict[str, GuideRecord]:
    """All guides that were ever scheduled, by slug."""
    rows = tx.execute(select(guide).order_by(guide.c.slug))
    return {row.slug: _record(row) for row in rows}


def _record(row: Row[Any]) -> GuideRecord:
    front, parts = load_outline(row.outline)
    decided = CatchUp(row.catch_up) if row.catch_up else None
    return GuideRecord(
        front=front,
        parts=parts,
        ids=row.ids,
        digest=row.digest,
        is_scheduled=row.is_scheduled,
        started_at=row.started_at,
        catch_up=decided,
        resumed_at=row.resumed_at,
        former=tuple(filter(None, row.former.split("\n"))),
        state=f"{row.version} {hashlib.blake2b(row.outline.encode(), digest_size=16).hexdigest()}",
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of a guide's source: its ids file and its digest."""

    ids: str
    digest: str


def save(
    tx: Connection, front: FrontMatter, parts: tuple[Part, ...], known: Known, started_at: datetime
) -> bool:
    """Remember a guide as it was just read; its run keeps the start it had.

    Returns:
        Whether it reads otherwise than before.
    """
    outline = dump_outline(front, tuple(replace(part, sections=()) for part in parts))
    row = {
        "slug": front.slug,
        "outline": outline,
        "ids": known.ids,
        "digest": known.digest,
        "is_scheduled": True,
    }
    before = tx.execute(
        select(guide.c.outline, guide.c.ids, guide.c.digest, guide.c.is_scheduled).where(
            guide.c.slug == front.slug
        )
    ).one_or_none()
    if before is not None and tuple(before) == (outline, known.ids, known.digest, True):
        return False  # an idle tick leaves the file as it is
    tx.execute(
        insert(tx, guide)
        .values(**row, started_at=started_at)
        .on_conflict_do_update(index_elements=["slug"], set_=row)
    )
    return True


def suspend(tx: Connection, others: Collection[str]) -> bool:
    """Note that guides other than these cannot go out for now; whether any could before."""
    done = tx.execute(
        update(guide)
        .where(guide.c.is_scheduled, guide.c.slug.not_in(others))
        .values(is_scheduled=False)
    )
    return done.rowcount > 0


def rename(tx: Connection, former: str, slug: str) -> None:
    """Give a guide another slug; its issues, their addresses and its readers stay.

    Args:
        tx: A transaction that may write.
        former: The slug that it has.
        slug: The slug that it gets; no guide was ever scheduled under it.
    """
    record = records(tx)[former]
    names = "\n".join(dict.fromkeys((*record.former, former)))
    tx.execute(update(guide).where(guide.c.slug == former).values(slug=slug, former=names))
    tx.execute(update(archive).where(archive.c.channel == f"{former}/").values(channel=f"{slug}/"))
    rows = tx.execute(select(issue.c.id, issue.c.frozen).where(issue.c.guide == former)).all()
    for one, frozen in rows:
        renamed = freeze(replace(thaw(frozen), guide=slug))
        tx.execute(update(issue).where(issue.c.id == one).values(guide=slug, frozen=renamed))
    # Who follows the new slug already is one reader: the older following ends with its name.
    already = select(subscription.c.subscriber_id).where(subscription.c.guide == slug)
    readers = (subscription.c.guide == former, subscription.c.subscriber_id.not_in(already))
    tx.execute(update(subscription).where(*readers).values(guide=slug))


def open_slugs(tx: Connection) -> frozenset[str]:
    """The guides that could go out at the last pass."""
    return frozenset(tx.execute(select(guide.c.slug).where(guide.c.is_scheduled)).scalars())


def current_slug(tx: Connection, slug: str) -> str:
    """The slug of the guide that has, or had, this one."""
    return _current(records(tx), slug)


def current(tx: Connection, slug: str) -> GuideRecord | None:
    """What is remembered of the guide that has, or had, this slug."""
    known = records(tx)
    return known.get(_current(known, slug))


def _current(known: Mapping[str, GuideRecord], slug: str) -> str:
    return next((now for now, record in known.items() if slug in record.former), slug)


def withdraw(tx: Connection, fronts: Iterable[FrontMatter]) -> bool:
    """Note which guides are withdrawn, or are so no longer; whether any was not noted before.

    Args:
        tx: A transaction that may write.
        fronts: The front matter of every guide that can be read.
    """
    known, changed = records(tx), False
    for front in fronts:
        record = known.get(front.slug)
        if record is not None and record.front.status is not front.status:
            outline = dump_outline(replace(record.front, status=front.status), record.parts)
            tx.execute(update(guide).where(guide.c.slug == front.slug).values(outline=outline))
            changed = True
    return changed


def resume(tx: Connection, slug: str, catch_up: CatchUp, now: datetime) -> bool:
    """Let a held run go on as decided; False when no such guide was ever scheduled."""
    done = tx.execute(
        update(guide).where(guide.c.slug == slug).values(catch_up=catch_up.value, resumed_at=now)
    )
    return done.rowcount == 1
