"""Statements about subscribers, their subscriptions, and whom never to mail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from pipeline.model import Mode, Subscriber, SubscriberStatus, Subscription
from pipeline.store import deliveries
from pipeline.store.dialects import insert
from pipeline.store.ledger import of_reader
from pipeline.store.tables import (
    EVERY_GUIDE,
    bounce,
    delivery,
    letter,
    subscriber,
    subscription,
)

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Follow:
    """Which guide somebody wants, and how; EVERY_GUIDE for all of them."""

    guide: str
    mode: Mode = Mode.LIVE
    cadence: str = ""


def domain_of(address: str) -> str:
    """The domain of an address, in lower case."""
    return address.rpartition("@")[2].lower()


def address_key(address: str) -> str:
    """What makes two spellings one person: the domain's case does not count, the name's does."""
    return f"{address.rpartition('@')[0]}@{domain_of(address)}"


def put(tx: Connection, person: Subscriber) -> tuple[int, bool]:
    """A subscriber's id, and whether they are new; who is known stays as they are."""
    found = tx.execute(
        insert(tx, subscriber)
        .values(_columns(person))
        .on_conflict_do_nothing()
        .returning(subscriber.c.id)
    ).scalar()
    if found is not None:
        return int(found), True
    known = by_address(tx, person.address)
    assert known is not None  # the conflict was about this very key  # noqa: S101
    return known.id, False


def known_keys(tx: Connection, keys: Collection[str]) -> frozenset[str]:
    """Which of these keys of addresses are known."""
    found = select(subscriber.c.address_key).where(subscriber.c.address_key.in_(keys))
    return frozenset(tx.execute(found).scalars())


def put_many(tx: Connection, people: Sequence[tuple[Subscriber, tuple[Follow, ...]]]) -> None:
    """Add these people and what they follow; who is known stays, what was left stays left."""
    if not people:
        return
    rows = [_columns(person) for person, _ in people]
    tx.execute(insert(tx, subscriber).on_conflict_do_nothing(), rows)
    follows = [
        {
            "b_key": address_key(person.address),
            "guide": one.guide,
            "mode": one.mode.value,
            "cadence": one.cadence,
        }
        for person, many in people
        for one in many
    ]
    if follows:
        whose = select(subscriber.c.id).where(subscriber.c.address_key == bindparam("b_key"))
        wanted = insert(tx, subscription).values(subscriber_id=whose.scalar_subquery())
        tx.execute(wanted.on_conflict_do_nothing(), follows)


def suppress_keys(tx: Connection, keys: Collection[str]) -> None:
    """Never mail these people again: another list says so."""
    if keys:
        tx.execute(
            update(subscriber)
            .where(subscriber.c.address_key.in_(keys))
            .values(status=SubscriberStatus.SUPPRESSED.value)
        )


def _columns(person: Subscriber) -> dict[str, Any]:
    return {
        "address": person.address,
        "address_key": address_key(person.address),
        "domain": domain_of(person.address),
        "name": person.name,
        "lang": person.lang,
        "zone": person.zone,
        "hour": person.hour,
        "status": person.status.value,
        "created_at": person.created_at,
        "consent_at": person.consent_at,
        "consent_source": person.consent_source,
    }


def follow(tx: Connection, subscriber_id: int, wish: Follow) -> bool:
    """Subscribe somebody to a guide; False when they followed, or had left, it before."""
    done = tx.execute(
        insert(tx, subscription)
        .values(
            subscriber_id=subscriber_id,
            guide=wish.guide,
            mode=wish.mode.value,
            cadence=wish.cadence,
        )
        .on_conflict_do_nothing(),
        execution_options={"preserve_rowcount": True},
    )
    return done.rowcount == 1


def follow_every(tx: Connection, slugs: Iterable[str]) -> None:
    """Give all who follow every guide their subscriptions to these."""
    following = and_(subscription.c.guide == EVERY_GUIDE, subscription.c.ended_at.is_(None))
    if tx.execute(select(subscription.c.id).where(following).limit(1)).first() is None:
        return
    for slug in slugs:
        _follow(tx, slug, following)


def _follow(tx: Connection, slug: str, following: ColumnElement[bool]) -> None:
    everyone = select(
        subscription.c.subscriber_id,
        literal(slug),
        subscription.c.mode,
        subscription.c.cadence,
    )
    columns = ["subscriber_id", "guide", "mode", "cadence"]
    has = select(subscription.c.subscriber_id).where(subscription.c.guide == slug)
    missing = everyone.where(following, subscription.c.subscriber_id.not_in(has))
    tx.execute(insert(tx, subscription).from_select(columns, missing).on_conflict_do_nothing())


def leave(tx: Connection, subscriber_id: int, slug: str, now: datetime) -> bool:
    """End a subscription at once; True also when it had ended before, False when there is none."""
    mine = and_(subscription.c.subscriber_id == subscriber_id, subscription.c.guide == slug)
    tx.execute(
        update(subscription).where(mine, subscription.c.ended_at.is_(None)).values(ended_at=now)
    )
    deliveries.drop_unwanted(tx, now, subscriber_id)
    return tx.execute(select(subscription.c.id).where(mine)).first() is not None


def by_address(tx: Connection, address: str) -> Subscriber | None:
    """The subscriber of this address."""
    row = tx.execute(
        select(subscriber).where(subscriber.c.address_key == address_key(address))
    ).one_or_none()
    return read_subscriber(row) if row else None


def by_id(tx: Connection, subscriber_id: int) -> Subscriber | None:
    """The subscriber of this id; None also for one that was erased."""
    there = (subscriber.c.id == subscriber_id, subscriber.c.address != "")
    row = tx.execute(select(subscriber).where(*there)).one_or_none()
    return read_subscriber(row) if row else None


def activate(tx: Connection, subscriber_id: int, person: Subscriber) -> None:
    """Mail this person from now on: they have said so themselves, and how."""
    tx.execute(
        update(subscriber)
        .where(subscriber.c.id == subscriber_id)
        .values(
            status=SubscriberStatus.ACTIVE.value,
            consent_at=person.consent_at,
            consent_source=person.consent_source,
        )
    )


def set_profile(tx: Connection, subscriber_id: int, person: Subscriber) -> None:
    """Change when and in which language somebody wants mail, and how they are called."""
    tx.execute(
        update(subscriber)
        .where(subscriber.c.id == subscriber_id)
        .values(name=person.name, lang=person.lang, zone=person.zone, hour=person.hour)
    )


def everyone(tx: Connection) -> Iterator[Subscriber]:
    """All subscribers, streamed, in the order in which they came."""
    streamed = {"stream_results": True, "yield_per": 1000}
    there = select(subscriber).where(subscriber.c.address != "").order_by(subscriber.c.id)
    for row in tx.execute(there, execution_options=streamed):
        yield read_subscriber(row)


def with_subscriptions(tx: Connection) -> Iterator[tuple[Subscriber, list[Subscription]]]:
    """All subscribers, streamed, each with what they follow or followed."""
    after = 0
    while True:
        page = tx.execute(
            select(subscriber)
            .where(subscriber.c.id > after, subscriber.c.address != "")
            .order_by(subscriber.c.id)
            .limit(PAGE)
        ).all()
        if not page:
            return
        first, after = page[0].id, page[-1].id
        theirs: dict[int, list[Subscription]] = {}
        between = subscription.c.subscriber_id.between(first, after)
        for row in tx.execute(select(subscription).where(between).order_by(subscription.c.id)):
            theirs.setdefault(row.subscriber_id, []).append(read_subscription(row))
        for row in page:
            yield read_subscriber(row), theirs.get(row.id, [])


def subscriptions(tx: Connection, subscriber_id: int) -> tuple[Subscription, ...]:
    """What somebody follows or followed, guides in order."""
    rows = tx.execute(
        select(subscription)
        .where(subscription.c.subscriber_id == subscriber_id)
        .order_by(subscription.c.guide)
    )
    return tuple(map(read_subscription, rows))


def due_drips(tx: Connection, now: datetime) -> Iterator[tuple[Subscription, Subscriber]]:
    """Drip subscriptions that have something to decide, with whom they belong to."""
    yield from _drips(tx, or_(subscription.c.next_at.is_(None), subscription.c.next_at <= now))


def drips(tx: Connection, slug: str) -> Iterator[tuple[Subscription, Subscriber]]:
    """A guide's unfinished drip subscriptions, with whom they belong to."""
    yield from _drips(tx, subscription.c.guide == slug)


def _drips(
    tx: Connection, wanted: ColumnElement[bool]
) -> Iterator[tuple[Subscription, Subscriber]]:
    found = (
        select(subscription)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(
            subscription.c.mode == Mode.DRIP.value,
            subscription.c.guide != EVERY_GUIDE,
            subscription.c.ended_at.is_(None),
            subscription.c.finished.is_(False),
            subscriber.c.status == SubscriberStatus.ACTIVE.value,
            wanted,
        )
        .order_by(subscription.c.id)
    )
    for row in tx.execute(found).all():
        owner = tx.execute(select(subscriber).where(subscriber.c.id == row.subscriber_id)).one()
        yield read_subscription(row), read_subscriber(owner)


def audience(tx: Connection, slug: str) -> int:
    """How many people follow a guide's live run, those who follow every guide included."""
    has = select(subscription.c.subscriber_id).where(subscription.c.guide == slug)
    found = tx.execute(
        select(func.count(subscription.c.id))
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(
            subscription.c.mode == Mode.LIVE.value,
            subscription.c.ended_at.is_(None),
            subscriber.c.status == SubscriberStatus.ACTIVE.value,
            or_(
                subscription.c.guide == slug,
                and_(
                    subscription.c.guide == EVERY_GUIDE,
                    subscription.c.subscriber_id.not_in(has),
                ),
            ),
        )
    ).scalar()
    return int(found or 0)


def advance(
    tx: Connection, subscription_id: int, started_at: datetime, next_at: datetime | None
) -> None:
    """Say when a drip started and when it has something to decide again; None: it is finished."""
    tx.execute(
        update(subscription)
        .where(subscription.c.id == subscription_id)
        .values(started_at=started_at, next_at=next_at, finished=next_at is None)
    )


def erase(tx: Connection, subscriber_id: int) -> None:
    """Leave a number without a name: the row stays, so that its number is never used again."""
    mine = subscriber.c.id == subscriber_id
    tx.execute(
        update(subscriber)
        .where(mine)
        .values(
            address="",
            address_key=f"erased:{subscriber_id}",
            domain="",
            name="",
            lang="",
            zone="",
            hour=None,
            status=SubscriberStatus.UNSUBSCRIBED.value,
        )
    )
    tx.execute(update(bounce).where(bounce.c.subscriber_id == subscriber_id).values(said=""))
    tx.execute(update(delivery).where(of_reader(subscriber_id)).values(reply=""))
    tx.execute(delete(letter).where(letter.c.subscriber_id == subscriber_id))
    tx.execute(delete(subscription).where(subscription.c.subscriber_id == subscriber_id))


def suppress(tx: Connection, subscriber_id: int) -> bool:
    """Never mail this person again; False if that was so before.

    Their server said that the address does not exist, or they called our mail spam.
    """
    done = tx.execute(
        update(subscriber)
        .where(
            subscriber.c.id == subscriber_id,
            subscriber.c.status == SubscriberStatus.ACTIVE.value,
        )
        .values(status=SubscriberStatus.SUPPRESSED.value)
    )
    return done.rowcount == 1


def count(tx: Connection) -> dict[str, int]:
    """How many subscribers there are, by status."""
    there = select(subscriber.c.status, func.count()).where(subscriber.c.address != "")
    rows = tx.execute(there.group_by(subscriber.c.status))
    return {status: int(number) for status, number in rows}


def read_subscription(row: Row[Any]) -> Subscription:
    """The subscription of a row."""
    return Subscription(
        id=row.id,
        subscriber_id=row.subscriber_id,
        guide=row.guide,
        mode=Mode(row.mode),
        cadence=row.cadence,
        started_at=row.started_at,
        ended_at=row.ended_at,
        paused_until=row.paused_until,
        floor_at=row.floor_at,
        run=row.run,
        is_finished=row.finished,
    )


def read_subscriber(row: Row[Any]) -> Subscriber:
    """The subscriber of a row."""
    return Subscriber(
        id=row.id,
        address=row.address,
        status=SubscriberStatus(row.status),
        created_at=row.created_at,
        name=row.name,
        lang=row.lang,
        zone=row.zone,
        hour=row.hour,
        consent_at=row.consent_at,
        consent_source=row.consent_source,
    )
