"""Settles what senders left behind that are gone, stopped, or cut off.

Their journals tell how far each message had come. What nobody can know is uncertain: it is counted
and shown, and never silently sent again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pipeline import delivery, journal, store
from pipeline.delivery import Event
from pipeline.jobs.addressing import message_id
from pipeline.jobs.desk import Desk
from pipeline.model import DeliveryState
from pipeline.store.leases import Settled

_SAID = {
    Event.ACCEPT: "accepted, by the journal of a sender that ended",
    Event.LOSE: "the sender ended while this was being handed over",
    Event.RELEASE: "",
}


def recover(desk: Desk, now: datetime) -> dict[DeliveryState, int]:
    """How many deliveries of senders that are gone ended in which state."""
    with desk.store.read() as tx:
        standing = store.leases.standing(tx)
    states: dict[DeliveryState, int] = {}
    for lease, renewed_at in standing.items():
        is_overdue = renewed_at <= now - desk.lease
        with journal.estate(desk.journals, lease, is_overdue=is_overdue) as estate:
            if not is_overdue and (estate.is_alive or not estate.is_here):
                continue
            for one in _settle(desk, lease, estate.found, now):
                states[one.state] = states.get(one.state, 0) + 1
        if not estate.is_alive:
            journal.forget(desk.journals, lease)
    _sweep(desk, frozenset(standing))
    return states


def _settle(
    desk: Desk, lease: str, found: journal.Found | None, now: datetime
) -> tuple[Settled, ...]:
    """Settle all that is leased under this name."""
    with desk.store.write() as tx:
        held = store.leases.held(tx, lease)
        results = tuple(_judged(desk, held, found, now))
        store.leases.settle(tx, results, lease=lease)
    return results


def _judged(
    desk: Desk, held: tuple[tuple[str, int, int], ...], found: journal.Found | None, now: datetime
) -> Iterator[Settled]:
    for issue_id, subscriber_id, run in held:
        event = Event.LOSE
        if found is not None:
            name = message_id(desk, issue_id, subscriber_id, run)
            event = delivery.left_at(found.is_intended(name), found.is_accepted(name))
        said = _SAID[event]
        if event is Event.LOSE and desk.resends:
            event = Event.RELEASE
        state = delivery.move(DeliveryState.LEASED, event)
        untried = event is Event.RELEASE
        yield Settled(issue_id, subscriber_id, state, said, now, is_untried=untried)


def _sweep(desk: Desk, standing: frozenset[str]) -> None:
    """Delete the journals of senders that are gone and left nothing under way."""
    for lease in journal.names(desk.journals) - standing:
        with journal.estate(desk.journals, lease, is_overdue=False) as estate:
            if not estate.is_alive:
                journal.forget(desk.journals, lease)
