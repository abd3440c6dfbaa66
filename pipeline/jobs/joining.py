"""Joining by oneself: what is asked for on a page counts when its mailbox says so too.

Whoever asks is answered alike and in the same time, whether we know the address, do not, or must
not mail it: the page only writes down what was asked. What follows from it is decided later, here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline import store
from pipeline.jobs.desk import Desk
from pipeline.jobs.subscribe import Wish, checked
from pipeline.jobs.suppressed import ERASED, limited_by, suppression_digests
from pipeline.mail import LetterKind
from pipeline.model import (
    Event,
    EventKind,
    Signup,
    Subscriber,
    SubscriberStatus,
)
from pipeline.store.letters import Queued
from pipeline.store.subscribers import Follow

GOOD_FOR = timedelta(days=7)
"""How long a signup may be confirmed; then it is forgotten."""

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MOST_A_DAY = 2
"""Letters of this kind to one mailbox, however its address is written."""

QUEUE_HOURS = 24
"""As many signups as can be answered in this time may wait; what comes on top is not kept, so that
whoever makes addresses up fills no disk, and keeps nobody waiting for longer than a day."""

BATCH = 200
SOURCE = "page"


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """What became of signups."""

    letters: int = 0
    held: int = 0
    """Too many came in the last hour: they wait. Told once, by the pass that used the hour up."""


def ask_to_join(desk: Desk, wish: Wish, terms: str, now: datetime) -> None:
    """Take in what somebody asked for on a page; nothing shows whether we know them.

    Nor whether it was kept: more than can be answered within a day is not.

    Args:
        desk: The site.
        wish: Whose address, and one guide or every guide.
        terms: A digest of the text that they agreed to.
        now: The moment.

    Raises:
        UsageError: Something about the wish does not fit.
    """
    with desk.store.read() as tx:
        known = store.guides.open_slugs(tx)
    person, follows = checked(wish, known, now)
    one = follows[0]
    asked = Signup(
        id=secrets.token_hex(16),
        at=now,
        address=person.address,
        limited_by=limited_by(desk, person.address),
        guide=one.guide,
        mode=one.mode,
        cadence=one.cadence,
        zone=person.zone,
        hour=person.hour,
        lang=person.lang,
        terms=terms,
    )
    with desk.store.write() as tx:
        if not store.signups.are_many(tx, max(1, desk.signups_an_hour) * QUEUE_HOURS):
            store.signups.add(tx, asked)


def answer_signups(desk: Desk, now: datetime) -> AnswerReport:
    """Decide who of those that asked is sent a letter, and queue it."""
    letters = held = 0
    with desk.store.write() as tx:
        store.signups.forget_before(tx, now - GOOD_FOR)
        lately = store.letters.count_of_kind(tx, LetterKind.CONFIRM, now - HOUR)
        left = desk.signups_an_hour - lately
        for one in store.signups.unanswered(tx, BATCH):
            if not _may_be_asked(desk, tx, one, now):
                store.signups.remove(tx, one.id)
            elif letters >= left:
                held += 1
            else:
                store.signups.answered(tx, one.id, now)
                store.letters.add(
                    tx,
                    Queued(
                        LetterKind.CONFIRM,
                        one.guide,
                        now,
                        signup_id=one.id,
                        limited_by=one.limited_by,
                    ),
                )
                letters += 1
    return AnswerReport(letters, held if letters else 0)


def _may_be_asked(desk: Desk, tx: store.Transaction, one: Signup, now: datetime) -> bool:
    person = store.subscribers.by_address(tx, one.address)
    if person is not None and person.status is SubscriberStatus.SUPPRESSED:
        return False
    if store.suppressions.reason(tx, suppression_digests(desk, one.address)) not in {"", ERASED}:
        return False
    return store.letters.count_limited(tx, one.limited_by, now - DAY) < MOST_A_DAY


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody who has confirmed."""

    subscriber: Subscriber
    guide: str


def signup(desk: Desk, signup_id: str) -> Signup | None:
    """A signup that waits to be confirmed; None once it was, or is too old."""
    with desk.store.read() as tx:
        return store.signups.by_id(tx, signup_id)


def confirm_signup(desk: Desk, signup_id: str, now: datetime) -> Joined | None:
    """Let a signup count, once; None when it was confirmed or forgotten, or its guide has gone."""
    with desk.store.write() as tx:
        one = store.signups.by_id(tx, signup_id)
        if one is None or one.at < now - GOOD_FOR:
            return None
        if one.guide != store.EVERY_GUIDE and one.guide not in store.guides.open_slugs(tx):
            return None
        store.signups.remove(tx, one.id)
        store.suppressions.remove(tx, suppression_digests(desk, one.address))
        person = _put(tx, one, now)
        store.subscriptions.join(tx, person.id, Follow(one.guide, one.mode, one.cadence))
        asked = Event(one.at, EventKind.ASKED, one.guide, f"terms {one.terms}")
        store.events.add(tx, asked, person.id)
        done = Event(now, EventKind.CONFIRMED, one.guide, f"{one.mode} {one.cadence}")
        store.events.add(tx, replace(done, detail=done.detail.strip()), person.id)
        welcome = Queued(LetterKind.WELCOME, one.guide, now, subscriber_id=person.id)
        store.letters.add(tx, welcome)
    return Joined(person, one.guide)


def _put(tx: store.Transaction, one: Signup, now: datetime) -> Subscriber:
    """The subscriber of a signup, active from now on, with the times that were asked for."""
    person = Subscriber(
        id=0,
        address=one.address,
        status=SubscriberStatus.ACTIVE,
        created_at=now,
        lang=one.lang,
        zone=one.zone,
        hour=one.hour,
        consent_at=now,
        consent_source=SOURCE,
    )
    subscriber_id, is_new = store.subscribers.put(tx, person)
    if not is_new:
        known = store.subscribers.by_id(tx, subscriber_id)
        store.subscribers.activate(tx, subscriber_id, person)
        if known is not None:
            person = replace(person, name=known.name, created_at=known.created_at)
        store.subscribers.set_profile(tx, subscriber_id, person)
    return replace(person, id=subscriber_id)


def joinable(desk: Desk) -> tuple[tuple[str, str, str, int], ...]:
    """The guides that one may follow by mail: (slug, title, language, how many parts)."""
    with desk.store.read() as tx:
        records = store.guides.records(tx)
    return tuple(
        (slug, one.front.title, one.front.lang, len(one.parts))
        for slug, one in records.items()
        if one.is_scheduled
    )


def title_of(desk: Desk, guide: str) -> tuple[str, str]:
    """The title and the language of a guide; empty for every guide, and for one that has gone."""
    with desk.store.read() as tx:
        record = store.guides.current(tx, guide)
    return (record.front.title, record.front.lang) if record else ("", "")
