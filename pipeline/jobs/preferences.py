"""What a subscriber chose, and may choose otherwise: pace, pauses, times, language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline import schedule, store
from pipeline.errors import UsageError
from pipeline.jobs.desk import Desk
from pipeline.jobs.leave import leave
from pipeline.jobs.plan_drips import drip_run
from pipeline.jobs.subscribe import Wish, checked
from pipeline.model import (
    Event,
    EventKind,
    Mode,
    Subscriber,
    SubscriberStatus,
    Subscription,
)
from pipeline.store.guides import GuideRecord
from pipeline.store.plans import DripPlan

LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Followed:
    """A guide that somebody follows, and how far they are."""

    subscription: Subscription
    title: str
    lang: str
    total: int
    received: int
    next_at: datetime | None
    """When a drip's next part comes, as far as is known."""
    zone: str


@dataclass(frozen=True, slots=True)
class PreferencesReport:
    """All that somebody may look at and change."""

    subscriber: Subscriber
    follows: tuple[Followed, ...]
    every: bool
    """Whether guides that are still to come are followed too."""
    others: tuple[tuple[str, str, str], ...]
    """Guides that they might follow besides: (slug, title, language)."""


def preferences(desk: Desk, subscriber_id: int, now: datetime) -> PreferencesReport | None:
    """What somebody chose; None when they were erased."""
    with desk.store.read() as tx:
        person = store.subscribers.by_id(tx, subscriber_id)
        if person is None:
            return None
        mine = store.subscribers.subscriptions(tx, subscriber_id)
        records = store.guides.records(tx)
        counts = store.subscriptions.received(tx, subscriber_id)
        standing = [one for one in mine if one.ended_at is None]
        follows = tuple(
            Followed(
                one,
                records[one.guide].front.title,
                records[one.guide].front.lang,
                len(records[one.guide].parts),
                counts.get(one.guide, 0),
                *_next(desk, tx, one, records[one.guide], person, now),
            )
            for one in standing
            if one.guide in records
        )
    taken = {one.guide for one in standing}
    others = tuple(
        (slug, record.front.title, record.front.lang)
        for slug, record in records.items()
        if record.is_scheduled and slug not in taken
    )
    return PreferencesReport(person, follows, store.EVERY_GUIDE in taken, others)


def _next(
    desk: Desk,
    tx: store.Transaction,
    one: Subscription,
    record: GuideRecord,
    person: Subscriber,
    now: datetime,
) -> tuple[datetime | None, str]:
    """When the next part of a drip comes, as far as is known, and the zone of that."""
    run = drip_run(desk, record, one, person, now)
    if one.mode is not Mode.DRIP or one.is_paused(now):
        return None, run.zone
    released = store.deliveries.releases_of(tx, one.subscriber_id, one.guide)
    decision = schedule.next_release(run, released, len(record.parts), now)
    return (decision.due_at if isinstance(decision, schedule.Waiting) else None), run.zone


class Changes:
    """What one subscriber changes now; each is written down with them."""

    def __init__(self, desk: Desk, subscriber_id: int, now: datetime) -> None:
        """Nothing is changed yet."""
        self._desk, self._id, self._now = desk, subscriber_id, now

    def profile(self, *, name: str, lang: str, zone: str, hour: str) -> None:
        """How they are called, and when and in which language mail comes.

        Raises:
            UsageError: One of them does not fit.
        """
        with self._desk.store.write() as tx:
            person = self._person(tx)
            wish = Wish(person.address, name=name, lang=lang, zone=zone, hour=hour)
            said, _ = checked(wish, (), self._now)
            store.subscribers.set_profile(tx, self._id, said)
            if (said.zone, said.hour) != (person.zone, person.hour):
                for one in store.subscribers.subscriptions(tx, self._id):
                    if one.mode is Mode.DRIP and one.ended_at is None and not one.is_finished:
                        store.subscriptions.look_again(tx, self._id, one.guide)
            self._note(tx, EventKind.CHANGED, "", "times and language")

    def pause(self, guide: str, until: datetime) -> None:
        """Get nothing of a guide before this moment.

        Raises:
            UsageError: They do not follow it, or the moment is past or far away.
        """
        if not self._now < until <= self._now + LONGEST_PAUSE:
            raise UsageError("a pause ends on a day to come", "within a year; or leave")
        with self._desk.store.write() as tx:
            self._mine(tx, guide)
            store.subscriptions.pause(tx, self._id, guide, until)
            self._note(tx, EventKind.PAUSED, guide, f"until {until:%Y-%m-%d}")

    def resume(self, guide: str) -> None:
        """Go on now.

        Raises:
            UsageError: They do not follow it.
        """
        with self._desk.store.write() as tx:
            one = self._mine(tx, guide)
            if one.is_paused(self._now):
                store.subscriptions.resume(tx, self._id, guide, self._now)
                self._note(tx, EventKind.RESUMED, guide)

    def cadence(self, guide: str, text: str) -> None:
        """Go on at another pace; empty: that of the guide itself.

        Raises:
            UsageError: They do not follow it, or not from part 1, or it is no cadence.
        """
        with self._desk.store.write() as tx:
            one = self._mine(tx, guide)
            said = Wish("a@example.org", mode=Mode.DRIP, guides=(guide,), cadence=text)
            _, (wanted, *_) = checked(said, (guide,), self._now)
            if one.mode is not Mode.DRIP:
                raise UsageError("this guide comes as it is released", "begin it from part 1")
            if wanted.cadence != one.cadence:
                store.subscriptions.set_cadence(tx, self._id, guide, wanted.cadence, self._now)
                self._note(tx, EventKind.CHANGED, guide, wanted.cadence or "pace of the guide")

    def hurry(self, guide: str) -> int:
        """Get the next part of a drip now; returns its number.

        Raises:
            UsageError: They do not follow it from part 1, or there is no next part yet.
        """
        with self._desk.store.write() as tx:
            one = self._mine(tx, guide)
            released = store.deliveries.releases_of(tx, self._id, guide)
            number = released[-1].number + 1 if released else 1
            issue_id = store.issues.id_of(tx, guide, number)
            if one.mode is not Mode.DRIP or issue_id is None:
                raise UsageError("the next part is not there yet")
            record, person = store.guides.records(tx)[guide], self._person(tx)
            run = drip_run(self._desk, record, one, person, self._now)
            domain = store.subscribers.domain_of(person.address)
            slot = schedule.slot_at(self._now, run.zone).key
            group = self._desk.groups.get(domain, "")
            plan = DripPlan(slot, self._now, group, one.run)
            store.plans.plan_drip(tx, issue_id, self._id, plan)
            store.subscribers.advance(tx, one.id, run.started_at, self._now)
            self._note(tx, EventKind.HURRIED, guide, f"part {number}")
        return number

    def restart(self, guide: str) -> None:
        """Begin a guide at part 1, also when it is finished, or was followed as it was released.

        Raises:
            UsageError: They do not follow it, or a part is under way at this very moment.
        """
        with self._desk.store.write() as tx:
            self._mine(tx, guide)
            if store.subscriptions.is_under_way(tx, self._id, guide):
                raise UsageError("a part is on its way at this moment", "try again in a minute")
            store.subscriptions.set_mode(tx, self._id, guide, Mode.DRIP)
            store.subscriptions.restart(tx, self._id, guide)
            self._note(tx, EventKind.RESTARTED, guide)

    def go_live(self, guide: str) -> None:
        """Follow a guide as it is released.

        Raises:
            UsageError: They do not follow it.
        """
        with self._desk.store.write() as tx:
            self._mine(tx, guide)
            store.subscriptions.set_mode(tx, self._id, guide, Mode.LIVE)
            self._note(tx, EventKind.CHANGED, guide, "as it is released")

    def leave(self, guide: str) -> None:
        """Follow a guide no more, or nothing at all."""
        leave(self._desk, self._id, guide, self._now)

    def follow(self, guides: Iterable[str]) -> None:
        """Follow more guides as they are released; their mailbox is known to be theirs.

        Raises:
            UsageError: One of them is not there, or the address is not mailed any more.
        """
        with self._desk.store.write() as tx:
            if self._person(tx).status is SubscriberStatus.SUPPRESSED:
                raise UsageError("mail to this address does not arrive", "join with another one")
            known = {one.slug for one in (r.front for r in store.guides.records(tx).values())}
            for guide in guides:
                if guide != store.EVERY_GUIDE and guide not in known:
                    raise UsageError(f"no guide is called {guide!r}")
                wish = store.subscribers.Follow(guide)
                store.subscriptions.join(tx, self._id, wish)
                self._note(tx, EventKind.CONFIRMED, guide, "from the page of preferences")

    def _person(self, tx: store.Transaction) -> Subscriber:
        person = store.subscribers.by_id(tx, self._id)
        if person is None:
            raise UsageError("this subscriber was erased")
        return person

    def _mine(self, tx: store.Transaction, guide: str) -> Subscription:
        """Their subscription to a guide that they follow."""
        for one in store.subscribers.subscriptions(tx, self._id):
            if one.guide == guide and one.ended_at is None:
                return one
        raise UsageError("this guide is not followed", "join it again")

    def _note(
        self, tx: store.Transaction, kind: EventKind, guide: str = "", detail: str = ""
    ) -> None:
        store.events.add(tx, Event(self._now, kind, guide, detail), self._id)
