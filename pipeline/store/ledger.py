"""Expressions about the rows of the ledger that statements of several modules share.

What an issue says once, its rows do not say a million times: its id, and for live runs the slot and
the moment.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    func,
    select,
    text,
)

from pipeline.model import DeliveryState, SubscriberStatus
from pipeline.store.tables import delivery, issue, subscriber, subscription

WAITING = (DeliveryState.PENDING.value, DeliveryState.DEFERRED.value)

LEFT = "left before it went"
"""What is noted of deliveries that nobody wants any more."""

IS_WAITING = text("delivery.state IN ('pending', 'deferred')")
IS_LEASED = text("delivery.state = 'leased'")
"""In the words of the partial indexes, by which alone SQLite knows them."""

OF_ISSUE: ColumnElement[bool] = issue.c.key == delivery.c.issue_key
"""Joins a delivery with its issue."""

SLOT: ColumnElement[Any] = func.coalesce(delivery.c.slot, issue.c.slot).label("slot")
"""The slot of a delivery that is joined with its issue."""

PLANNED_AT: ColumnElement[Any] = func.coalesce(delivery.c.planned_at, issue.c.released_at).label(
    "planned_at"
)
"""When a delivery that is joined with its issue was planned."""

IS_WANTED: ColumnElement[bool] = and_(
    subscription.c.id.is_not(None), subscriber.c.status == SubscriberStatus.ACTIVE.value
)
"""Whether the readers of `with_reader` still want the delivery."""


def key_of(issue_id: Any) -> ScalarSelect[int]:
    """The number by which deliveries name the issue of this id, a value or a parameter."""
    return select(issue.c.key).where(issue.c.id == issue_id).scalar_subquery()


def is_due(now: Any) -> ColumnElement[bool]:
    """Due deliveries, said so that SQLite takes the index of what is due.

    Args:
        now: The moment, or a parameter of it.
    """
    return and_(IS_WAITING, delivery.c.next_at <= now)


def are(rows: Subquery) -> tuple[ColumnElement[bool], ...]:
    """Joins deliveries with those that were unpacked (`dialects.unpacked`)."""
    return (
        delivery.c.issue_key == rows.c.issue_key,
        delivery.c.subscriber_id == rows.c.subscriber_id,
    )


def of_reader(subscriber_id: int, *issues: ColumnElement[bool]) -> ColumnElement[bool]:
    """One reader's deliveries, looked for by the issues that there are: no index is of readers.

    Args:
        subscriber_id: Whose.
        issues: Which issues; all without any.
    """
    keys = select(issue.c.key).where(*issues)
    return and_(delivery.c.issue_key.in_(keys), delivery.c.subscriber_id == subscriber_id)


def with_reader(rows: FromClause, columns: tuple[Any, ...]) -> Select[Any]:
    """These columns of rows of deliveries, joined with their readers and what these follow."""
    return (
        select(*columns)
        .select_from(rows)
        .join(subscriber, subscriber.c.id == rows.c.subscriber_id)
        .join(issue, issue.c.key == rows.c.issue_key)
        .outerjoin(
            subscription,
            and_(
                subscription.c.subscriber_id == rows.c.subscriber_id,
                subscription.c.guide == issue.c.guide,
                subscription.c.ended_at.is_(None),
            ),
        )
    )
