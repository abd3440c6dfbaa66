"""Statements about leases: deliveries that a sender has taken, until it says what became of them.

A claim is committed before the first byte leaves. What is leased is nobody else's; a row that was
taken over is only ever settled by who had it when its message turns out to have been accepted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Row,
    String,
    Subquery,
    Update,
    and_,
    bindparam,
    case,
    false,
    func,
    or_,
    select,
    text,
    true,
    update,
)

from pipeline.model import Delivery, DeliveryState, Mode, SubscriberStatus
from pipeline.store.ledger import OF_ISSUE, key_of
from pipeline.store.tables import delivery, issue, subscriber, subscription
from pipeline.store.upsert import packed, unpacked

WAITING = (DeliveryState.PENDING.value, DeliveryState.DEFERRED.value)

LEFT, SUPPRESSED = "left before it went", "the address is not mailed any more"
"""What is noted of deliveries that are not wanted any more."""

IS_WAITING = text("delivery.state IN ('pending', 'deferred')")
_IS_LEASED = text("delivery.state = 'leased'")
"""In the words of the partial indexes, by which alone SQLite knows them."""

MAX_REPLY = 500
"""Characters kept of what a relay said."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a sender asks for."""

    lease: str
    """Under which name."""
    among: Collection[str]
    """Which issues."""
    destination: str
    """Which group of domains."""
    limit: int
    """How many at most."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is leased now."""

    delivery: Delivery
    mode: Mode
    domain: str
    first_tried_at: datetime | None
    """When it was tried first; None: never before."""


@dataclass(frozen=True, slots=True)
class Settled:
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


def destinations(tx: Connection, now: datetime, among: Collection[str]) -> tuple[str, ...]:
    """The groups of domains for which something is due."""
    rows = tx.execute(
        select(delivery.c.destination)
        .where(_is_due(now, among))
        .distinct()
        .order_by(delivery.c.destination)
    )
    return tuple(rows.scalars())


def claim(tx: Connection, now: datetime, wanted: Claim) -> tuple[Claimed, ...]:
    """Lease due deliveries to this sender, those first that have waited longest.

    Commit before sending. Who has left, or may not be mailed any more, is not among them: their
    deliveries are called off. What was given back while its issue was being paused waits with it.
    """
    group, most = wanted.destination, wanted.limit
    asked = {"now": now, "among": list(wanted.among), "group": group, "most": most}
    while rows := tx.execute(_due(), asked).all():
        good = [row for row in rows if row.is_wanted and row.paused is None]
        _call_off([row for row in rows if not row.is_wanted], tx, now)
        _hold_back([row for row in rows if row.is_wanted and row.paused is not None], tx)
        if good:
            _lease(good, tx, now, wanted.lease)
            return tuple(map(_claimed, good))
    return ()


def is_due(now: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    """Due deliveries, said so that SQLite takes the index of what is due."""
    return and_(IS_WAITING, delivery.c.next_at <= now)


def _is_due(
    now: datetime | BindParameter[Any], among: Collection[str] | BindParameter[Any]
) -> ColumnElement[bool]:
    """Due deliveries of these issues; the index of issues is kept from being taken for them."""
    keys = select(issue.c.key).where(issue.c.id.in_(among))
    return and_(is_due(now), (delivery.c.issue_key + 0).in_(keys))


def _is_wanted() -> ColumnElement[bool]:
    """Whether the joined subscription and subscriber still want the delivery."""
    return and_(
        subscription.c.id.is_not(None), subscriber.c.status == SubscriberStatus.ACTIVE.value
    )


# What a sender says a hundred times a second is put together once: a sixth of the ledger's time.


@cache
def _due() -> Any:
    """The rows of a claim, each with its reader and whether they still want it."""
    mine = (
        select(
            delivery.c.issue_key,
            delivery.c.subscriber_id,
            delivery.c.attempts,
            delivery.c.mode,
            delivery.c.first_tried_at,
            delivery.c.run,
            delivery.c.next_at,
        )
        .where(
            _is_due(bindparam("now"), bindparam("among", expanding=True)),
            delivery.c.destination == bindparam("group"),
        )
        .order_by(delivery.c.next_at, delivery.c.issue_key, delivery.c.subscriber_id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
        .subquery("mine")
    )
    columns = (
        issue.c.id,
        *(column for column in mine.c if column.name != "next_at"),
        subscriber.c.address,
        subscriber.c.domain,
        subscriber.c.name,
        subscriber.c.status,
        issue.c.paused,
        _is_wanted().label("is_wanted"),
    )
    return _with_reader(mine, columns).order_by(
        mine.c.next_at, mine.c.issue_key, mine.c.subscriber_id
    )


def _with_reader(rows: FromClause, columns: tuple[Any, ...]) -> Any:
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


def _by_issue(rows: Iterable[Any]) -> Iterable[ColumnElement[bool]]:
    """These rows of deliveries, those of each issue in an expression."""
    ordered = sorted(rows, key=lambda row: (row.issue_key, row.subscriber_id))
    for key, group in groupby(ordered, key=lambda row: row.issue_key):
        # one value: of a list each member would be looked at
        ids: BindParameter[Any] = bindparam(
            "b_ids", [row.subscriber_id for row in group], expanding=True
        )
        yield and_(delivery.c.issue_key == key, delivery.c.subscriber_id.in_(ids))


def _lease(rows: list[Row[Any]], tx: Connection, now: datetime, lease: str) -> None:
    these = packed([(row.id, row.subscriber_id, "") for row in rows])
    tx.execute(_leased(tx.dialect.name), {"packed": these, "now": now, "lease": lease})


@cache
def _leased(dialect: str) -> Update:
    now = bindparam("now", type_=delivery.c.leased_at.type)
    return (
        update(delivery)
        .where(*_are(unpacked(dialect)))
        .values(
            state=DeliveryState.LEASED.value,
            leased_at=now,
            leased_by=bindparam("lease"),
            attempts=delivery.c.attempts + 1,
            first_tried_at=func.coalesce(delivery.c.first_tried_at, now),
        )
    )


def _are(rows: Subquery) -> tuple[ColumnElement[bool], ...]:
    """Joins deliveries, and their issues, with rows that were unpacked."""
    return (
        issue.c.id == rows.c.issue_id,
        OF_ISSUE,
        delivery.c.subscriber_id == rows.c.subscriber_id,
    )


def _hold_back(rows: list[Row[Any]], tx: Connection) -> None:
    for these in _by_issue(rows):
        tx.execute(update(delivery).where(these).values(next_at=None))


def _call_off(rows: list[Row[Any]], tx: Connection, now: datetime) -> None:
    gone = SubscriberStatus.SUPPRESSED.value
    for state, reply, those in (
        (DeliveryState.CANCELLED, LEFT, [row for row in rows if row.status != gone]),
        (DeliveryState.SUPPRESSED, SUPPRESSED, [row for row in rows if row.status == gone]),
    ):
        for these in _by_issue(those):
            tx.execute(
                update(delivery).where(these).values(state=state.value, settled_at=now, reply=reply)
            )


def _claimed(row: Sequence[Any]) -> Claimed:
    issue_id, _, subscriber_id, attempts, mode, first, run, address, domain, name, *_ = row
    leased = DeliveryState.LEASED
    one = Delivery(issue_id, subscriber_id, leased, attempts + 1, address, name, run)
    return Claimed(one, _MODES[mode], domain, first)


_MODES = {mode.value: mode for mode in Mode}


def withdrawn(tx: Connection, leases: Collection[str]) -> frozenset[tuple[str, int]]:
    """Which of the deliveries leased under these names are not wanted any more."""
    rows = tx.execute(
        _with_reader(delivery, (issue.c.id, delivery.c.subscriber_id)).where(
            _IS_LEASED,
            delivery.c.leased_by.in_(leases),
            or_(~_is_wanted(), issue.c.paused.is_not(None)),
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
    these = packed([(one.issue_id, one.subscriber_id, one.reply[:MAX_REPLY]) for one in group])
    at = max(one.at for one in group)
    said = {"packed": these, "lease": lease, "via": relay, "at": at}
    tx.execute(_sent(tx.dialect.name), said)


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
        .where(*_are(rows), case((held, true()), else_=false()))
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
        .where(_IS_LEASED)
        .group_by(delivery.c.leased_by)
    )
    return {lease: at for lease, at in rows if lease is not None}


def held(tx: Connection, lease: str) -> tuple[tuple[str, int, int], ...]:
    """The deliveries that are leased under this name: (issue id, subscriber id, run)."""
    rows = tx.execute(
        select(issue.c.id, delivery.c.subscriber_id, delivery.c.run)
        .join(issue, OF_ISSUE)
        .where(_IS_LEASED, delivery.c.leased_by == lease)
    )
    return tuple((issue_id, subscriber_id, run) for issue_id, subscriber_id, run in rows)


def renew(tx: Connection, leases: Collection[str], now: datetime) -> None:
    """Say that the sender of these leases is well."""
    tx.execute(
        update(delivery).where(_IS_LEASED, delivery.c.leased_by.in_(leases)).values(leased_at=now)
    )
