"""Statements about claims: a sender takes deliveries that are due.

A claim is committed before the first byte leaves; what is leased is nobody else's. What becomes of
it is told in `leases`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Update,
    and_,
    bindparam,
    func,
    select,
    update,
)

from pipeline.model import Delivery, DeliveryState, Mode, SubscriberStatus
from pipeline.store.dialects import gathered, packed, unpacked
from pipeline.store.ledger import IS_WANTED, LEFT, are, is_due, with_reader
from pipeline.store.tables import delivery, issue, subscriber

SUPPRESSED = "the address is not mailed any more"
"""What is noted of deliveries to such an address."""


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


class Claimed(NamedTuple):
    """A delivery that is leased now."""

    delivery: Delivery
    mode: Mode
    domain: str
    first_tried_at: datetime | None
    """When it was tried first; None: never before."""


class _Due(NamedTuple):
    """A delivery that is due, its reader, and whether they still want it."""

    issue_id: str
    subscriber_id: int
    attempts: int
    mode: str
    first_tried_at: datetime | None
    run: int
    address: str
    domain: str
    name: str
    status: str
    paused: str | None
    """Why its issue is held back."""
    is_wanted: bool


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
    while rows := [_Due._make(row) for row in gathered(tx, _due(), asked)]:
        good = [row for row in rows if row.is_wanted and row.paused is None]
        _call_off([row for row in rows if not row.is_wanted], tx, now)
        _hold_back([row for row in rows if row.is_wanted and row.paused is not None], tx)
        if good:
            said = {"now": now, "lease": wanted.lease, "packed": _packed(good)}
            tx.execute(_leased(tx.dialect.name), said)
            return tuple(map(_claimed, good))
    return ()


def _is_due(now: Any, among: Collection[str] | BindParameter[Any]) -> ColumnElement[bool]:
    """Due deliveries of these issues; the index of issues is kept from being taken for them."""
    keys = select(issue.c.key).where(issue.c.id.in_(among))
    return and_(is_due(now), (delivery.c.issue_key + 0).in_(keys))


# What a sender says a hundred times a second is put together once: a sixth of the ledger's time.


@cache
def _due() -> Select[Any]:
    """The rows of a claim."""
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
        mine.c.subscriber_id,
        mine.c.attempts,
        mine.c.mode,
        mine.c.first_tried_at,
        mine.c.run,
        subscriber.c.address,
        subscriber.c.domain,
        subscriber.c.name,
        subscriber.c.status,
        issue.c.paused,
        IS_WANTED,
    )
    return with_reader(mine, columns).order_by(
        mine.c.next_at, mine.c.issue_key, mine.c.subscriber_id
    )


@cache
def _leased(dialect: str) -> Update:
    now = bindparam("now", type_=delivery.c.leased_at.type)
    return (
        update(delivery)
        .where(*are(unpacked(dialect)))
        .values(
            state=DeliveryState.LEASED.value,
            leased_at=now,
            leased_by=bindparam("lease"),
            attempts=delivery.c.attempts + 1,
            first_tried_at=func.coalesce(delivery.c.first_tried_at, now),
        )
    )


def _packed(rows: list[_Due]) -> str:
    return packed([(row.issue_id, row.subscriber_id, "") for row in rows])


def _claimed(row: _Due) -> Claimed:
    issue_id, subscriber_id, attempts, mode, first, run, address, domain, name, *_ = row
    leased = DeliveryState.LEASED
    one = Delivery(issue_id, subscriber_id, leased, attempts + 1, address, name, run)
    return Claimed(one, _MODES[mode], domain, first)


_MODES = {mode.value: mode for mode in Mode}


def _call_off(rows: list[_Due], tx: Connection, now: datetime) -> None:
    gone = SubscriberStatus.SUPPRESSED.value
    for state, reply, those in (
        (DeliveryState.CANCELLED, LEFT, [row for row in rows if row.status != gone]),
        (DeliveryState.SUPPRESSED, SUPPRESSED, [row for row in rows if row.status == gone]),
    ):
        _change(those, tx, state=state.value, settled_at=now, reply=reply)


def _hold_back(rows: list[_Due], tx: Connection) -> None:
    _change(rows, tx, next_at=None)


def _change(rows: list[_Due], tx: Connection, **values: Any) -> None:
    if rows:
        these = update(delivery).where(*are(unpacked(tx.dialect.name)))
        tx.execute(these.values(**values), {"packed": _packed(rows)})
