"""Where the site stands: guides, issues with their accounting, subscribers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline import store
from pipeline.delivery import Gate
from pipeline.jobs import sending
from pipeline.jobs.desk import Desk
from pipeline.jobs.rebuild import serials
from pipeline.jobs.tick import next_at
from pipeline.model import Event, Issue, Serial, Subscriber, Subscription
from pipeline.store.webhooks import Standing


@dataclass(frozen=True, slots=True)
class Account:
    """One issue, and in which states its deliveries are; they add up to what was planned."""

    issue: Issue
    states: Mapping[str, int]
    paused: str = ""
    """Why its mail is held back; empty: it is not."""

    @property
    def planned(self) -> int:
        """How many deliveries there are."""
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Where everything stands."""

    serials: tuple[Serial, ...]
    accounts: tuple[Account, ...]
    """Newest release first."""
    subscribers: Mapping[str, int]
    next_at: datetime | None
    left_alone: Mapping[str, Gate]
    """Relays and those who take our mail that get none for now, and until when."""
    locked: str = ""
    """Why this copy of the site may send nothing."""
    signups: int = 0
    """How many have asked on a page and have not confirmed."""
    hooks: tuple[tuple[Standing, int], ...] = ()
    """The programs of the settings, and how many events each has not been told of."""


def status(desk: Desk, now: datetime) -> StatusReport:
    """Where everything stands now; nothing is changed."""
    found = serials(desk, now)
    with desk.store.read() as tx:
        states = store.deliveries.accounts(tx)
        people = store.subscribers.count(tx)
        gates = store.throttles.gates(tx)
        paused = store.deliveries.paused(tx)
        signups = store.signups.waiting(tx)
        named = {one.name for one in desk.hooks}
        hooks = tuple(one for one in store.webhooks.standings(tx) if one[0].name in named)
        all_issues = [store.issues.of_guide(tx, one.front.slug) for one in found]
    issues = sorted(
        (issue for each in all_issues for issue in each),
        key=lambda issue: (issue.released_at, issue.guide, issue.number),
        reverse=True,
    )
    accounts = tuple(
        Account(issue, states.get(issue.id, {}), paused.get(issue.id, "")) for issue in issues
    )
    closed = {name: gate for name, gate in gates.items() if not gate.is_open(now)}
    return StatusReport(
        serials=found,
        accounts=accounts,
        subscribers=people,
        next_at=next_at(desk, found),
        left_alone=closed,
        locked=sending.lock(desk),
        signups=signups,
        hooks=hooks,
    )


@dataclass(frozen=True, slots=True)
class SubscriberReport:
    """One person, what they follow, and what became of each of their messages."""

    subscriber: Subscriber
    subscriptions: tuple[Subscription, ...]
    deliveries: tuple[Mapping[str, object], ...]
    events: tuple[Event, ...] = ()


def subscriber(desk: Desk, address: str) -> SubscriberReport | None:
    """All that is known of one person; None when nobody has this address."""
    with desk.store.read() as tx:
        person = store.subscribers.by_address(tx, address)
        if person is None:
            return None
        return SubscriberReport(
            person,
            store.subscribers.subscriptions(tx, person.id),
            store.deliveries.of_subscriber(tx, person.id),
            store.events.of_subscriber(tx, person.id),
        )
