"""Statements about leases: deliveries that a sender has taken, until it says what became of them.

How they are taken is told in `claims`. A row that was taken over is only ever settled by who had it
when its message turns out to have been accepted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    String,
    Update,
    and_,
    bindparam,
    case,
    false,
    func,
    or_,
    select,
    true,
    update,
)

from pipeline.model import DeliveryState
from pipeline.store.dialects import packed, unpacked
from pipeline.store.ledger import IS_LEASED, IS_WANTED, OF_ISSUE, WAITING, are, key_of, with_reader
from pipeline.store.tables import delivery, issue

MAX_REPLY = 500
"""Characters kept of what a relay said."""


class Settled(NamedTuple):
    """How one attempt ended: the row's new state and why."""

    issue_id: str
    subscriber_id: int
    state: DeliveryState
    reply: str
    at: datetime
    next_at: datetime | None = None
    suppress: bool = False
    """Whether the address turned out not to exist."""
    relay: str | None = None
    is_untried: bool = False
    """Whether it was given back before it was tried, so that no attempt counts."""


def withdrawn(tx: Connection, leases: Collection[str]) -> frozenset[tuple[str, int]]:
    """Which of the deliveries leased under these names are not wanted any more."""
    rows = tx.execute(
        with_reader(delivery, (issue.c.id, delivery.c.subscriber_id)).where(
            IS_LEASED,
            delivery.c.leased_by.in_(leases),
            or_(~IS_WANTED, issue.c.paused.is_not(None)),
        )
    )
    return frozenset((issue_id, subscriber_id) for issue_id, subscriber_id in rows)


def settle(tx: Connection, results: Iterable[Settled], *, lease: str) -> None:
    """Record how attempts under a lease ended.

    A row that was lost to another sender meanwhile is left alone, unless all that this one knew of
    it was that it is uncertain: now it is known.
    """
    sent: dict[str | None, list[Settled]] = {}
    others = []
    for one in results:
        if one.state is DeliveryState.SENT:
            sent.setdefault(one.relay, []).append(one)
        else:
            others.append(_bound(one))
    for relay, group in sent.items():
        _settle_sent(tx, group, relay, lease)
    if others:
        _settle_others(tx, others, lease)


def _settle_sent(tx: Connection, group: list[Settled], relay: str | None, lease: str) -> None:
    """Those that were taken, in one statement: there are thousands a second of them."""
    dialect = tx.dialect.name
    told = ((one.issue_id, one.subscriber_id, one.reply[:MAX_REPLY]) for one in group)
    at = max(one.at for one in group)
    said = {"packed": packed(dialect, told), "lease": lease, "via": relay, "at": at}
    tx.execute(_sent(dialect), said)


@cache
def _sent(dialect: str) -> Update:
    rows = unpacked(dialect)
    held = and_(
        delivery.c.leased_by == bindparam("lease"),
        delivery.c.state.in_((DeliveryState.LEASED.value, DeliveryState.UNCERTAIN.value)),
    )
    # PostgreSQL knows of no leased rows yet, and would read all of them for each result
    return (
        update(delivery)
        .where(*are(rows), case((held, true()), else_=false()))
        .values(
            state=DeliveryState.SENT.value,
            reply=rows.c.said,
            relay=func.coalesce(bindparam("via", type_=String), delivery.c.relay),
            settled_at=bindparam("at"),
            leased_at=None,
            leased_by=None,
        )
    )


def _settle_others(tx: Connection, rows: list[dict[str, Any]], lease: str) -> None:
    tx.execute(
        update(delivery)
        .where(
            delivery.c.issue_key == key_of(bindparam("b_issue")),
            delivery.c.subscriber_id == bindparam("b_subscriber"),
            delivery.c.leased_by == lease,
            delivery.c.state == DeliveryState.LEASED.value,
        )
        .values(
            state=bindparam("b_state"),
            reply=func.coalesce(bindparam("b_reply"), delivery.c.reply),
            relay=func.coalesce(bindparam("b_relay"), delivery.c.relay),
            next_at=func.coalesce(
                bindparam("b_next", type_=delivery.c.next_at.type), delivery.c.next_at
            ),
            settled_at=bindparam("b_settled"),
            attempts=delivery.c.attempts - bindparam("b_untried"),
            leased_at=None,
            leased_by=case(
                (bindparam("b_state") == DeliveryState.UNCERTAIN.value, delivery.c.leased_by)
            ),
        ),
        rows,
    )


def _bound(one: Settled) -> dict[str, Any]:
    return {
        "b_issue": one.issue_id,
        "b_subscriber": one.subscriber_id,
        "b_state": one.state.value,
        "b_reply": one.reply[:MAX_REPLY] or None,
        "b_relay": one.relay,
        "b_next": one.next_at,
        "b_settled": None if one.state.value in WAITING else one.at,
        "b_untried": int(one.is_untried),
    }


def standing(tx: Connection) -> dict[str, datetime]:
    """The leases under which something is leased, and when each was last renewed."""
    rows = tx.execute(
        select(delivery.c.leased_by, func.max(delivery.c.leased_at))
        .where(IS_LEASED)
        .group_by(delivery.c.leased_by)
    )
    return {lease: at for lease, at in rows if lease is not None}


def held(tx: Connection, lease: str) -> tuple[tuple[str, int, int], ...]:
    """The deliveries that are leased under this name: (issue id, subscriber id, run)."""
    rows = tx.execute(
        select(issue.c.id, delivery.c.subscriber_id, delivery.c.run)
        .join(issue, OF_ISSUE)
        .where(IS_LEASED, delivery.c.leased_by == lease)
    )
    return tuple((issue_id, subscriber_id, run) for issue_id, subscriber_id, run in rows)


def renew(tx: Connection, leases: Collection[str], now: datetime) -> None:
    """Say that the sender of these leases is well."""
    tx.execute(
        update(delivery).where(IS_LEASED, delivery.c.leased_by.in_(leases)).values(leased_at=now)
    )
