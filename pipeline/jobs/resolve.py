"""Decides about deliveries of which nobody knows whether they arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from pipeline import delivery, store
from pipeline.delivery import Event
from pipeline.errors import UsageError
from pipeline.jobs.addressing import message_id
from pipeline.jobs.desk import Desk
from pipeline.model import DeliveryState

Decide = Callable[[str], Event]
"""From a Message-ID to what is decided."""


@dataclass(frozen=True, slots=True)
class ResolveReport:
    """How many deliveries were decided, and how."""

    sent: int = 0
    again: int = 0


def assume_sent(_message_id: str) -> Event:
    """Take it as sent."""
    return Event.ASSUME


def resend(_message_id: str) -> Event:
    """Send it again, under the same Message-ID."""
    return Event.RESEND


def by_postfix_log(desk: Desk, lines: Iterable[str]) -> Decide:
    """Take as sent what Postfix took, by its log, and send the rest again.

    Raises:
        UsageError: The log tells of nothing that was sent: it is another one.
    """
    taken = delivery.accepted_by_postfix(lines)
    with desk.store.read() as tx:
        known = store.deliveries.some_sent(tx)
    if not any(message_id(desk, *each) in taken for each in known):
        what = "the log tells of none of the messages that were sent last"
        raise UsageError(what, "name the log of the relay, from before these were sent")
    return lambda name: Event.ASSUME if name in taken else Event.RESEND


def resolve(desk: Desk, decide: Decide, now: datetime) -> ResolveReport:
    """Decide about all deliveries that are uncertain."""
    counts = dict.fromkeys((Event.ASSUME, Event.RESEND), 0)
    with desk.store.write() as tx:
        for issue_id, subscriber_id, run in store.deliveries.uncertain(tx):
            event = decide(message_id(desk, issue_id, subscriber_id, run))
            state = delivery.move(DeliveryState.UNCERTAIN, event)
            store.deliveries.decide(tx, issue_id, subscriber_id, state, now)
            counts[event] += 1
    return ResolveReport(counts[Event.ASSUME], counts[Event.RESEND])
