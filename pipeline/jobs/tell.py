"""Tells what became of a message: who asks "why did I not get it" gets the whole story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline import store
from pipeline.errors import UsageError
from pipeline.jobs.addressing import message_id
from pipeline.jobs.desk import Desk
from pipeline.model import Event, EventKind, Issue, Subscriber, SubscriberStatus
from pipeline.store.bounces import CameBack


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened, and when."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class StoryReport:
    """One message's story."""

    subscriber: Subscriber
    issue: Issue
    message_id: str
    state: str
    """Where it stands; empty if none was ever planned."""
    happenings: tuple[Happening, ...]
    """In order."""
    verdict: str
    """What follows, in a sentence."""


def story(desk: Desk, address: str, guide: str, number: int) -> StoryReport:
    """All that is known of one issue's message to one person.

    Raises:
        UsageError: Nobody has this address, or the issue is not out.
    """
    with desk.store.read() as tx:
        person = store.subscribers.by_address(tx, address)
        if person is None:
            raise UsageError(
                f"nobody has the address {address!r}", "see `partwork subscriber list`"
            )
        issue_id = store.issues.id_of(tx, guide, number)
        issue = store.issues.by_id(tx, issue_id) if issue_id else None
        if issue is None:
            raise UsageError(f"{guide}, {number} is not out", "see `partwork status`")
        row = store.deliveries.row(tx, issue.id, person.id)
        back = store.bounces.of_subscriber(tx, person.id)
        follows = store.subscribers.subscriptions(tx, person.id)
        events = store.events.of_subscriber(tx, person.id)
    happenings = [Happening(person.created_at, f"subscribed ({person.consent_source or 'added'})")]
    happenings += [
        Happening(one.ended_at, "left this guide")
        for one in follows
        if one.ended_at and one.guide == guide
    ]
    happenings += [_of_event(one) for one in events if one.guide == guide and one.kind is not _LEFT]
    happenings.append(Happening(issue.released_at, "the issue was released"))
    happenings += _of_delivery(row)
    happenings += [_of_bounce(one) for one in back if one.issue_id == issue.id]
    name = message_id(desk, issue.id, person.id, row["run"] if row else 1)
    told = tuple(sorted(happenings, key=lambda one: one.at))
    state = str(row["state"]) if row else ""
    return StoryReport(person, issue, name, state, told, _verdict(person, state, row))


def _of_delivery(row: Mapping[str, object] | None) -> list[Happening]:
    if row is None:
        return []
    found = []
    said, relay = row["reply"] or "", f" by {row['relay']}" if row["relay"] else ""
    steps = (
        ("planned_at", f"planned, {row['mode']}"),
        ("first_tried_at", "tried for the first time"),
        ("leased_at", "taken by a sender, under way"),
        ("settled_at", f"{row['state']}{relay}: {said}".rstrip(": ")),
    )
    for column, what in steps:
        at = row[column]
        if isinstance(at, datetime):
            found.append(Happening(at, what))
    if row["state"] == "deferred" and isinstance(row["next_at"], datetime):
        tries = f"attempt {row['attempts']} was put off{relay}: {said}; next after this"
        found.append(Happening(row["next_at"], tries))
    return found


_LEFT = EventKind.LEFT
"""Told by the subscription itself."""


def _of_event(one: Event) -> Happening:
    return Happening(one.at, f"{one.kind} {one.detail}".rstrip())


def _of_bounce(one: CameBack) -> Happening:
    return Happening(one.at, f"came back, {one.kind}: {one.said}".rstrip(": "))


_VERDICTS = {
    "": "No message was planned: they did not follow this guide when the issue came out.",
    "pending": "It waits for a sender.",
    "leased": "A sender has it now.",
    "sent": "The relay took it. Where it is since, the relay's log tells by the Message-ID.",
    "deferred": "It will be tried again by itself.",
    "failed": "It is not tried again.",
    "suppressed": "Their address is not mailed any more.",
    "cancelled": "It was called off before it went.",
    "uncertain": "Nobody knows whether it arrived: see `partwork delivery resolve`.",
}


def _verdict(person: Subscriber, state: str, row: Mapping[str, object] | None) -> str:
    if row is not None and state in {"pending", "deferred"} and row["next_at"] is None:
        return "The issue is paused: see `partwork issue resume`."
    told = _VERDICTS[state]
    if person.status is SubscriberStatus.SUPPRESSED and state != "suppressed":
        return f"{told} Their address is not mailed any more."
    return told
