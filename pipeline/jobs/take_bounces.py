"""Reads what came back, and learns from it whom not to mail again, or no more of a guide.

A report that comes by mail is believed only if it names one of our messages: its return path or
its Message-ID cannot be guessed, so nobody can have somebody else's mail stopped by making a report
up. What a mail provider signed may name an address alone.
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
from pipeline.jobs.leave import end
from pipeline.jobs.suppressed import suppress
from pipeline.model import Event, EventKind
from pipeline.store.bounces import CameBack

STRIKES, SPAN, MEMORY = 5, timedelta(hours=72), timedelta(days=90)
"""Whose mail came back so often, for so long, within such a time, is not mailed any more."""

MAX_ID = 2**31 - 1
"""Of subscribers; a token that names a larger one is not ours."""


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What was read."""

    kinds: Mapping[BounceKind, int] = field(default_factory=dict)
    """How many deliveries came back, or wishes to leave came, new ones only."""
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
                    suppressed += _act(tx, one, key, now)
        ignored += not is_known
    return BounceReport(kinds, suppressed, ignored)


def take_feedback(
    desk: Desk, provider: str, request: delivery.Request, now: datetime
) -> BounceReport:
    """Learn from what a mail provider tells of mail that went through it.

    Args:
        desk: The site.
        provider: One of `desk.providers.known`.
        request: As it came in.
        now: The moment.

    Raises:
        UntrustedError: The provider did not sign it.
        UsageError: It cannot be read.
        CallError: What it is checked with cannot be had now.
    """
    feedback = delivery.READERS[provider](request, desk.providers)
    kinds: Counter[BounceKind] = Counter()
    suppressed = ignored = 0
    for name, one in feedback.bounces:
        with desk.store.write() as tx:
            key = _delivery_of(desk, tx, one) or _reader_of(tx, one)
            if key is None:
                ignored += 1
            elif _keep(tx, f"{provider} {name}".encode(), one, key, now):
                kinds[one.kind] += 1
                whole = ("", key[1]) if one.kind is BounceKind.UNSUBSCRIBE else key
                suppressed += _act(tx, one, whole, now)
    return BounceReport(kinds, suppressed, ignored)


def _reader_of(tx: store.Transaction, one: Bounce) -> tuple[str, int] | None:
    """Whom a report names that we trust, whatever message it was about."""
    person = store.subscribers.by_address(tx, one.address) if one.address else None
    return None if person is None else ("", person.id)


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


def _act(tx: store.Transaction, one: Bounce, key: tuple[str, int], now: datetime) -> bool:
    """Do what follows from a report; whether somebody is not mailed any more because of it."""
    issue_id, subscriber_id = key
    if one.kind is BounceKind.UNSUBSCRIBE:
        issue = store.issues.by_id(tx, issue_id) if issue_id else None
        end(tx, subscriber_id, issue.guide if issue else store.EVERY_GUIDE, now, "by mail")
        return False
    if one.kind is BounceKind.DELAYED:
        return False
    is_complaint = one.kind is BounceKind.COMPLAINT
    kind = EventKind.COMPLAINED if is_complaint else EventKind.BOUNCED
    event = Event(now, kind, detail="" if is_complaint else one.kind, issue_id=issue_id)
    store.events.add(tx, event, subscriber_id)
    if is_complaint or one.kind is BounceKind.HARD:
        return suppress(tx, subscriber_id, one.kind, now)
    return _is_out(tx, subscriber_id, now) and suppress(tx, subscriber_id, "came back often", now)


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
