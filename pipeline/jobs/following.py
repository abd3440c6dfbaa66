"""What a program wants somebody to follow, and how; what they decided themselves stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline import store
from pipeline.errors import RefusedError, UsageError
from pipeline.jobs.desk import Desk
from pipeline.jobs.preferences import LONGEST_PAUSE
from pipeline.jobs.subscribe import Wish, checked
from pipeline.model import Event, EventKind, Mode, SubscriberStatus, Subscription
from pipeline.store.subscribers import Follow


@dataclass(frozen=True, slots=True)
class Following:
    """How a guide is to be followed."""

    guide: str
    mode: str = Mode.LIVE.value
    cadence: str = ""
    paused_until: datetime | None = None


def follow(
    desk: Desk, subscriber_id: int, wanted: Following, now: datetime
) -> tuple[Subscription, bool] | None:
    """The subscription as it is wanted, and whether it is new; None when there is nobody.

    Raises:
        UsageError: No such guide, pace or pause.
        RefusedError: They left this guide, or are not mailed any more; or a part is under way.
    """
    with desk.store.write() as tx:
        person = store.subscribers.by_id(tx, subscriber_id)
        if person is None:
            return None
        slugs = store.guides.open_slugs(tx)
        said = Wish(
            person.address, mode=wanted.mode, cadence=wanted.cadence, guides=(wanted.guide,)
        )
        _, (how, *_) = checked(said, slugs, now)
        _check_pause(wanted, now)
        if person.status is SubscriberStatus.SUPPRESSED:
            raise RefusedError("mail to this address does not arrive", "ask them for another one")
        mine = {one.guide: one for one in store.subscribers.subscriptions(tx, subscriber_id)}
        before = mine.get(wanted.guide)
        what = _change(tx, subscriber_id, before, how, now)
        what += _set_pause(tx, subscriber_id, wanted, before, now)
        if what:
            kind = EventKind.ADDED if before is None else EventKind.CHANGED
            event = Event(now, kind, wanted.guide, ", ".join(what))
            store.events.add(tx, event, subscriber_id)
        found = store.subscribers.subscriptions(tx, subscriber_id)
    return next(one for one in found if one.guide == wanted.guide), before is None


def _check_pause(wanted: Following, now: datetime) -> None:
    until = wanted.paused_until
    if until is not None and not now < until <= now + LONGEST_PAUSE:
        raise UsageError("a pause ends on a day to come", "name one within a year")


def _change(
    tx: store.Transaction,
    subscriber_id: int,
    before: Subscription | None,
    how: Follow,
    now: datetime,
) -> list[str]:
    """Let a subscription have this mode and pace; what was changed."""
    if before is None:
        store.subscribers.follow(tx, subscriber_id, how)
        return [f"{how.mode} {how.cadence}".strip()]
    if before.ended_at is not None:
        raise RefusedError("they left this guide", "only they themselves can come back")
    if before.mode is not how.mode:
        if how.mode is Mode.LIVE:
            store.subscriptions.set_mode(tx, subscriber_id, how.guide, Mode.LIVE)
        else:
            _begin(tx, subscriber_id, how, now)
    elif how.mode is Mode.DRIP and before.cadence != how.cadence:
        store.subscriptions.set_cadence(tx, subscriber_id, how.guide, how.cadence, now)
    if (before.mode, before.cadence) == (how.mode, how.cadence):
        return []
    return [f"{how.mode} {how.cadence}".strip()]


def _begin(tx: store.Transaction, subscriber_id: int, how: Follow, now: datetime) -> None:
    """Begin a drip at part 1."""
    if store.subscriptions.is_under_way(tx, subscriber_id, how.guide):
        raise RefusedError("a part is on its way at this moment", "try again in a minute")
    store.subscriptions.set_mode(tx, subscriber_id, how.guide, Mode.DRIP)
    store.subscriptions.set_cadence(tx, subscriber_id, how.guide, how.cadence, now)
    store.subscriptions.restart(tx, subscriber_id, how.guide)  # its first part is not held back


def _set_pause(
    tx: store.Transaction,
    subscriber_id: int,
    wanted: Following,
    before: Subscription | None,
    now: datetime,
) -> list[str]:
    """Begin, move or end a pause; what was changed."""
    until = wanted.paused_until
    was = before.paused_until if before is not None and before.is_paused(now) else None
    if until == was:
        return []
    if until is None:
        store.subscriptions.resume(tx, subscriber_id, wanted.guide, now)
        return ["resumed"]
    store.subscriptions.pause(tx, subscriber_id, wanted.guide, until)
    return [f"paused until {until:%Y-%m-%d}"]
