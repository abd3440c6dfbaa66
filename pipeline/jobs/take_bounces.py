"""Reads what came back, and learns from it whom not to mail again.

Only a report that names one of our messages is believed: its return path or its Message-ID cannot
be guessed, so nobody can have somebody else's mail stopped by making a report up.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline import delivery, store
from pipeline.delivery import Bounce, BounceKind
from pipeline.errors import PartworkError
from pipeline.jobs.addressing import message_id
from pipeline.jobs.desk import Desk
from pipeline.store.bounces import CameBack

STRIKES, SPAN, MEMORY = 5, timedelta(hours=72), timedelta(days=90)
"""Whose mail came back so often, for so long, within such a time, is not mailed any more."""

MAX_ID = 2**31 - 1
"""Of subscribers; a token that names a larger one is not ours."""


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What was read."""

    kinds: Mapping[BounceKind, int] = field(default_factory=dict)
    """How many deliveries came back, new ones only."""
    suppressed: int = 0
    """How many people are not mailed any more because of it."""
    ignored: int = 0
    """Messages that tell of none of our deliveries."""
    problems: tuple[str, ...] = ()


def take_bounces(desk: Desk, now: datetime) -> BounceReport:
    """Read the mailboxes that the settings name."""
    total = BounceReport()
    for inbox in desk.inboxes:
        try:
            total = _sum(total, learn(desk, inbox.take(), now))
        except PartworkError as error:
            total = _sum(total, BounceReport(problems=(str(error),)))
    return total


def learn(desk: Desk, messages: Iterable[bytes], now: datetime) -> BounceReport:
    """Learn from these messages, each of which is read once."""
    kinds: Counter[BounceKind] = Counter()
    suppressed = ignored = 0
    for raw in messages:
        found = delivery.read_bounces(raw)
        is_known = False
        with desk.store.write() as tx:
            for one in found:
                key = _delivery_of(desk, tx, one)
                if key is None:
                    continue
                is_known = True
                if _keep(tx, raw, one, key, now):
                    kinds[one.kind] += 1
                    suppressed += _judge(tx, one, key[1], now)
        ignored += not is_known
    return BounceReport(kinds, suppressed, ignored)


def _delivery_of(desk: Desk, tx: store.Transaction, one: Bounce) -> tuple[str, int] | None:
    """The delivery that a report names: (issue id, subscriber id)."""
    number, _, tag = one.token.partition("-")
    if number:
        subscriber_id = int(number, 36)
        if subscriber_id > MAX_ID:
            return None
    else:
        person = store.subscribers.by_address(tx, one.address) if one.message_id else None
        if person is None:
            return None
        subscriber_id = person.id
    for issue_id, run in store.deliveries.issues_of(tx, subscriber_id):
        name = message_id(desk, issue_id, subscriber_id, run)
        if name == one.message_id or (tag and name[1:].startswith(tag)):
            return issue_id, subscriber_id
    return None


def _keep(
    tx: store.Transaction, raw: bytes, one: Bounce, key: tuple[str, int], now: datetime
) -> bool:
    digest = hashlib.sha256(raw + repr(key).encode()).hexdigest()
    kept = CameBack(digest, key[1], key[0], one.kind.value, one.said, now)
    return store.bounces.add(tx, kept)


def _judge(tx: store.Transaction, one: Bounce, subscriber_id: int, now: datetime) -> bool:
    """Whether somebody is not mailed any more because of this."""
    if one.kind in {BounceKind.HARD, BounceKind.COMPLAINT} or _is_out(tx, subscriber_id, now):
        return store.subscribers.suppress(tx, subscriber_id)
    return False


def _is_out(tx: store.Transaction, subscriber_id: int, now: datetime) -> bool:
    strikes = [
        each
        for each in store.bounces.of_subscriber(tx, subscriber_id)
        if each.kind == BounceKind.SOFT and each.at > now - MEMORY
    ]
    issues = {each.issue_id for each in strikes}
    return len(issues) >= STRIKES and strikes[-1].at - strikes[0].at >= SPAN


def _sum(one: BounceReport, other: BounceReport) -> BounceReport:
    return BounceReport(
        Counter(one.kinds) + Counter(other.kinds),
        one.suppressed + other.suppressed,
        one.ignored + other.ignored,
        (*one.problems, *other.problems),
    )
