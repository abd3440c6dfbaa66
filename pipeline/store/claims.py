"""Statements about claims: a sender takes deliveries that are due.

A claim is committed before the first byte leaves; what is leased is nobody else's. What becomes of
it is told in `leases`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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
    case,
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


class _Fate(StrEnum):
    """What is to become of a delivery that is due."""

    GOES = ""
    LEFT = "left"
    """Its reader does not want it any more."""
    SUPPRESSED = "suppressed"
    """Its address is not mailed any more."""
    HELD = "held"
    """Its issue is held back."""


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
    while rows := gathered(tx, _due(), asked):
        fates: defaultdict[str, list[Sequence[Any]]] = defaultdict(list)
        for row in rows:
            fates[row[-1]].append(row)
        good = fates.pop(_Fate.GOES, [])
        for fate, those in fates.items():
            _put_aside(tx, those, _Fate(fate), now)
        if good:
            dialect = tx.dialect.name
            said = {"now": now, "lease": wanted.lease, "packed": _packed(dialect, good)}
            tx.execute(_leased(dialect), said)
            return tuple(map(_claimed, good))
    return ()


def _is_due(now: Any, among: Collection[str] | BindParameter[Any]) -> ColumnElement[bool]:
    """Due deliveries of these issues; the index of issues is kept from being taken for them."""
    keys = select(issue.c.key).where(issue.c.id.in_(among))
    return and_(is_due(now), (delivery.c.issue_key + 0).in_(keys))


_FATE = case(
    (subscriber.c.status == SubscriberStatus.SUPPRESSED.value, _Fate.SUPPRESSED.value),
    (~IS_WANTED, _Fate.LEFT.value),
    (issue.c.paused.is_not(None), _Fate.HELD.value),
    else_=_Fate.GOES.value,
)

# What a sender says in each of its turns is put together once.


@cache
def _due() -> Select[Any]:
    """The rows of a claim; `_claimed` reads them."""
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
        _FATE,
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


def _packed(dialect: str, rows: Iterable[Sequence[Any]]) -> str:
    return packed(dialect, ((row[0], row[1], "") for row in rows))


def _claimed(row: Sequence[Any]) -> Claimed:
    issue_id, subscriber_id, attempts, mode, first, run, address, domain, name, _ = row
    leased = DeliveryState.LEASED
    one = Delivery(issue_id, subscriber_id, leased, attempts + 1, address, name, run)
    return Claimed(one, _MODES[mode], domain, first)


_MODES = {mode.value: mode for mode in Mode}


def _put_aside(tx: Connection, rows: list[Sequence[Any]], fate: _Fate, now: datetime) -> None:
    """Call off what nobody may have or wants any more; what is held back waits for its issue."""
    match fate:
        case _Fate.SUPPRESSED:
            state, reply = DeliveryState.SUPPRESSED, SUPPRESSED
        case _Fate.LEFT:
            state, reply = DeliveryState.CANCELLED, LEFT
        case _:
            _change(tx, rows, next_at=None)
            return
    _change(tx, rows, state=state.value, settled_at=now, reply=reply)


def _change(tx: Connection, rows: list[Sequence[Any]], **values: Any) -> None:
    dialect = tx.dialect.name
    these = update(delivery).where(*are(unpacked(dialect)))
    tx.execute(these.values(**values), {"packed": _packed(dialect, rows)})
