"""Statements that list rows page by page, each page from a key on.

Rows that come or go meanwhile double and skip no others, and the last page costs what the first
does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, and_, func, or_, select

from pipeline.model import Subscriber, SubscriberStatus, Subscription
from pipeline.store.ledger import OF_ISSUE, PLANNED_AT, key_of, of_reader
from pipeline.store.subscribers import address_key, read_subscriber, read_subscription
from pipeline.store.tables import delivery, issue, subscriber, subscription


@dataclass(frozen=True, slots=True)
class IssueLine:
    """An issue as a list shows it."""

    id: str
    guide: str
    number: int
    subject: str
    lang: str
    path: str
    tags: tuple[str, ...]
    released_at: datetime
    updated_at: datetime
    paused: str | None


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A delivery as a list shows it."""

    issue_id: str
    guide: str
    number: int
    subscriber_id: int
    mode: str
    state: str
    planned_at: datetime
    attempts: int
    next_at: datetime | None
    settled_at: datetime | None
    relay: str | None
    reply: str | None


def subscribers(
    tx: Connection,
    after: int,
    limit: int,
    *,
    status: SubscriberStatus | None = None,
    address: str = "",
) -> tuple[Subscriber, ...]:
    """Subscribers in the order in which they came.

    Args:
        tx: The transaction.
        after: The id of the last one that is known; 0 for the beginning.
        limit: How many at most.
        status: Only those of this status.
        address: Only the one of this address.
    """
    wanted = select(subscriber).where(subscriber.c.id > after, subscriber.c.address != "")
    if status is not None:
        wanted = wanted.where(subscriber.c.status == status.value)
    if address:
        wanted = wanted.where(subscriber.c.address_key == address_key(address))
    rows = tx.execute(wanted.order_by(subscriber.c.id).limit(limit))
    return tuple(map(read_subscriber, rows))


def subscriptions(
    tx: Connection,
    after: int,
    limit: int,
    *,
    guide: str = "",
    subscriber_id: int | None = None,
) -> tuple[Subscription, ...]:
    """Subscriptions in the order in which they were made, those that ended included.

    Args:
        tx: The transaction.
        after: The id of the last one that is known; 0 for the beginning.
        limit: How many at most.
        guide: Only those to this guide.
        subscriber_id: Only those of this subscriber.
    """
    wanted = select(subscription).where(subscription.c.id > after)
    if guide:
        wanted = wanted.where(subscription.c.guide == guide)
    if subscriber_id is not None:
        wanted = wanted.where(subscription.c.subscriber_id == subscriber_id)
    rows = tx.execute(wanted.order_by(subscription.c.id).limit(limit))
    return tuple(map(read_subscription, rows))


def issues(
    tx: Connection, after: tuple[str, int], limit: int, *, guide: str = ""
) -> tuple[IssueLine, ...]:
    """Issues by guide and number.

    Args:
        tx: The transaction.
        after: Guide and number of the last one that is known; `("", 0)` for the beginning.
        limit: How many at most.
        guide: Only those of this guide.
    """
    wanted = select(*_ISSUE).where(_later(issue.c.guide, issue.c.number, after))
    if guide:
        wanted = wanted.where(issue.c.guide == guide)
    rows = tx.execute(wanted.order_by(issue.c.guide, issue.c.number).limit(limit))
    return tuple(map(_issue_line, rows))


def issue_line(tx: Connection, guide: str, number: int) -> IssueLine | None:
    """One issue as a list shows it; None if it is not out."""
    mine = select(*_ISSUE).where(issue.c.guide == guide, issue.c.number == number)
    row = tx.execute(mine).one_or_none()
    return None if row is None else _issue_line(row)


def deliveries(
    tx: Connection,
    after: tuple[str, int],
    limit: int,
    *,
    issue_id: str = "",
    subscriber_id: int | None = None,
    state: str = "",
) -> tuple[DeliveryLine, ...]:
    """Deliveries by issue, in the order of their release, and subscriber.

    Args:
        tx: The transaction.
        after: Ids of issue and subscriber of the last one that is known; `("", 0)` for the first.
        limit: How many at most.
        issue_id: Only those of this issue.
        subscriber_id: Only those to this subscriber.
        state: Only those in this state.
    """
    known = func.coalesce(key_of(after[0]), 0)
    wanted = (
        select(*_DELIVERY)
        .join(issue, OF_ISSUE)
        .where(_later(delivery.c.issue_key, delivery.c.subscriber_id, (known, after[1])))
    )
    if issue_id:
        wanted = wanted.where(delivery.c.issue_key == key_of(issue_id))
    if subscriber_id is not None:
        wanted = wanted.where(of_reader(subscriber_id))
    if state:
        wanted = wanted.where(delivery.c.state == state)
    order = (delivery.c.issue_key, delivery.c.subscriber_id)
    return tuple(DeliveryLine(*row) for row in tx.execute(wanted.order_by(*order).limit(limit)))


_ISSUE: tuple[Column[Any], ...] = (
    issue.c.id, issue.c.guide, issue.c.number, issue.c.subject, issue.c.lang, issue.c.path,
    issue.c.tags, issue.c.released_at, issue.c.updated_at, issue.c.paused,
)  # fmt: skip
_DELIVERY: tuple[ColumnElement[Any], ...] = (
    issue.c.id, issue.c.guide, issue.c.number, delivery.c.subscriber_id,
    delivery.c.mode, delivery.c.state, PLANNED_AT, delivery.c.attempts,
    delivery.c.next_at, delivery.c.settled_at, delivery.c.relay, delivery.c.reply,
)  # fmt: skip


def _later(first: Any, second: Any, after: tuple[Any, int]) -> ColumnElement[bool]:
    """Rows after this pair of keys, said so that both databases take the index."""
    one, other = after
    return and_(first >= one, or_(first > one, second > other))


def _issue_line(row: Row[Any]) -> IssueLine:
    return IssueLine(
        row.id,
        row.guide,
        row.number,
        row.subject,
        row.lang,
        row.path,
        tuple(filter(None, row.tags.split("\n"))),
        row.released_at,
        row.updated_at or row.released_at,
        row.paused,
    )
