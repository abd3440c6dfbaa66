"""One's own data: taken along as JSON, or erased for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pipeline import store
from pipeline.jobs.desk import Desk
from pipeline.jobs.suppressed import ERASED, suppression_digests
from pipeline.model import Event, EventKind

FORM = 1
"""Of the JSON; another when a reader of it must know."""


def own_data(desk: Desk, subscriber_id: int) -> Mapping[str, Any] | None:
    """Everything that is kept about somebody, for themselves; None when there is nobody."""
    with desk.store.read() as tx:
        person = store.subscribers.by_id(tx, subscriber_id)
        if person is None:
            return None
        return {
            "form": FORM,
            "site": desk.site.base_url,
            "made_at": desk.clock(),
            "subscriber": asdict(person),
            "subscriptions": [
                asdict(one) for one in store.subscribers.subscriptions(tx, subscriber_id)
            ],
            "signups": [asdict(one) for one in store.signups.of_address(tx, person.address)],
            "messages": store.deliveries.of_subscriber(tx, subscriber_id),
            "letters": store.letters.of_subscriber(tx, subscriber_id),
            "came_back": [
                {"issue": one.issue_id, "kind": one.kind, "said": one.said, "at": one.at}
                for one in store.bounces.of_subscriber(tx, subscriber_id)
            ],
            "events": [asdict(one) for one in store.events.of_subscriber(tx, subscriber_id)],
        }


def erase(desk: Desk, subscriber_id: int, now: datetime) -> bool:
    """Forget somebody: address, name, times, replies and letters; False when there is nobody.

    What is left is a number without a name, so that issues still add up and the number is never
    given to anybody else; the times of consent; and a digest, so that no import brings them back.
    """
    with desk.store.write() as tx:
        person = store.subscribers.by_id(tx, subscriber_id)
        if person is None:
            return False
        store.subscriptions.end_all(tx, subscriber_id, now)
        store.deliveries.drop_unwanted(tx, now, subscriber_id)
        digest = suppression_digests(desk, person.address)[0]
        store.suppressions.add(tx, digest, ERASED, now)
        for one in store.signups.of_address(tx, person.address):
            store.signups.remove(tx, one.id)
        store.answers.forget_about(tx, person.address)
        store.subscribers.erase(tx, subscriber_id)
        store.events.add(tx, Event(now, EventKind.ERASED), subscriber_id)
    for transport in desk.transports:
        transport.forget(person.address)
    desk.store.scrub(person.address)
    return True
