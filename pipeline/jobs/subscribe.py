"""Adds a subscriber, and checks what is said of one wherever it comes from."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from pipeline import schedule, store
from pipeline.errors import RefusedError, ScheduleError, UsageError
from pipeline.jobs.catalogue import catalogue_of
from pipeline.jobs.desk import Desk
from pipeline.jobs.suppressed import suppression_digests
from pipeline.model import Event, EventKind, Mode, Subscriber, SubscriberStatus
from pipeline.store.subscribers import Follow

NOTHING = "-"
"""In the place of guides: none of them, not even those to come."""

_PLAIN = re.compile(
    r"(?=.{1,64}@)[A-Za-z0-9_+-]++(?:\.[A-Za-z0-9_+-]++)*+"
    r"@(?:(?!-)[A-Za-z0-9-]{1,63}+(?<!-)\.)++[A-Za-z]{2,63}+"
)
"""Addresses that need no second look: the validator takes them as they are, but for case."""

_STATUSES, _MODES = frozenset(map(str, SubscriberStatus)), frozenset(map(str, Mode))
_SPECIAL = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)
MAX_DOMAIN, LONGEST = 253, 254
"""Octets of a domain and of an address (RFC 5321 section 4.5.3.1.3, less the brackets)."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A person who is to be subscribed, as asked for; checked by `subscriber`."""

    email: str
    name: str = ""
    lang: str = ""
    zone: str = ""
    hour: str = ""
    guides: tuple[str, ...] = ()
    """Slugs; none: every guide, those to come included."""
    mode: str = Mode.LIVE.value
    cadence: str = ""
    status: str = SubscriberStatus.ACTIVE.value
    consent_at: str = ""
    consent_source: str = ""


def subscribe(desk: Desk, wish: Wish, now: datetime) -> tuple[Subscriber, bool]:
    """The subscriber, and whether they are new; guides asked for are added to what they follow.

    Raises:
        UsageError: The wish cannot be granted; says why.
    """
    person, follows = checked(wish, known_slugs(desk, now), now)
    with desk.store.write() as tx:
        is_new = _put(desk, tx, person, follows)
        found = store.subscribers.by_address(tx, person.address)
    return found or person, is_new


def register(desk: Desk, wish: Wish, now: datetime) -> tuple[Subscriber, bool]:
    """As `subscribe`, for programs: without a consent that can be shown nobody is mailed.

    Raises:
        UsageError: The wish cannot be granted; says why.
        RefusedError: The address is not to be mailed.
    """
    is_active = (wish.status or SubscriberStatus.ACTIVE) == SubscriberStatus.ACTIVE
    if is_active and not (wish.consent_at and wish.consent_source):
        wish = replace(wish, status=SubscriberStatus.PENDING.value)
    with desk.store.read() as tx:
        slugs = store.guides.open_slugs(tx)
    person, follows = checked(wish, slugs, now)
    with desk.store.write() as tx:
        is_new = _put(desk, tx, person, follows)
        found = store.subscribers.by_address(tx, person.address) or person
        if is_new:
            store.events.add(tx, Event(now, EventKind.ADDED, detail=found.status), found.id)
    return found, is_new


def _put(
    desk: Desk, tx: store.Transaction, person: Subscriber, follows: tuple[Follow, ...]
) -> bool:
    why = store.suppressions.reason(tx, suppression_digests(desk, person.address))
    if why:
        todo = "only they themselves can come back, on the page"
        raise RefusedError(f"{person.address} is not to be mailed ({why})", todo)
    subscriber_id, is_new = store.subscribers.put(tx, person)
    for one in follows:
        store.subscribers.follow(tx, subscriber_id, one)
    return is_new


def known_slugs(desk: Desk, now: datetime) -> frozenset[str]:
    """What a guide may be called: those in the content folder, and those ever scheduled."""
    with desk.store.read() as tx:
        scheduled = store.guides.records(tx).keys()
    return frozenset({*scheduled, *(one.guide.slug for one in catalogue_of(desk, now).volumes)})


def checked(
    wish: Wish, slugs: Collection[str], now: datetime
) -> tuple[Subscriber, tuple[Follow, ...]]:
    """The person and what they follow.

    Raises:
        UsageError: Something about the wish does not fit.
    """
    for slug in wish.guides:
        if slug != NOTHING and slug not in {store.EVERY_GUIDE, *slugs}:
            raise UsageError(f"no guide is called {slug!r}", f"known: {', '.join(sorted(slugs))}")
    person = Subscriber(
        id=0,
        address=mail_address(wish.email),
        status=_status(wish),
        created_at=now,
        name=_line(wish.name, "name"),
        lang=_line(wish.lang, "lang"),
        zone=_calendar("zone", wish.zone),
        hour=_hour(wish.hour),
        consent_at=_instant(wish.consent_at),
        consent_source=_line(wish.consent_source, "consent_source"),
    )
    if wish.mode not in _MODES:
        raise UsageError(f"mode {wish.mode!r} is not known", "say live or drip")
    if wish.cadence and wish.mode != Mode.DRIP:
        raise UsageError("a cadence of one's own needs a drip", "add --drip, or leave it out")
    cadence = _calendar("cadence", wish.cadence)
    guides = () if wish.guides == (NOTHING,) else wish.guides or (store.EVERY_GUIDE,)
    return person, tuple(Follow(slug, Mode(wish.mode), cadence) for slug in guides)


def mail_address(said: str) -> str:
    """The address in the form that mail goes to.

    Raises:
        UsageError: It is none.
    """
    if quick := _quick(said.strip()):
        return quick
    try:
        found = validate_email(said.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise UsageError(f"{said!r} is not a mail address: {error}") from error
    return found.ascii_email or found.normalized


def _quick(said: str) -> str:
    """The address where that can be told at a glance; empty where the validator must look.

    A list has a million of them, and the validator takes 80 us for each.
    """
    if len(said) > LONGEST or not _PLAIN.fullmatch(said):
        return ""
    local, _, domain = said.rpartition("@")
    end = domain.rpartition(".")[2].lower()
    is_odd = (
        end in _SPECIAL
        or local.lower() in CASE_INSENSITIVE_MAILBOX_NAMES
        or "xn--" in domain.lower()
        or len(domain) > MAX_DOMAIN
    )
    return "" if is_odd else f"{local}@{domain.lower()}"


def _status(wish: Wish) -> SubscriberStatus:
    said = wish.status or SubscriberStatus.ACTIVE.value
    if said not in _STATUSES:
        raise UsageError(f"status {said!r} is not known", f"known: {', '.join(SubscriberStatus)}")
    return SubscriberStatus(said)


def _hour(said: str) -> int | None:
    if not said.strip():
        return None
    if said.strip().isdecimal() and int(said) < 24:  # noqa: PLR2004 -- hours of a day
        return int(said)
    raise UsageError(f"hour {said!r} is not an hour", "give 0 to 23")


def _calendar(key: str, said: str) -> str:
    """A zone or a cadence, checked."""
    look = {"zone": schedule.check_zone, "cadence": schedule.parse_cadence}[key]
    try:
        if said:
            look(said)
    except ScheduleError as error:
        raise UsageError(str(error)) from error
    return said


def _instant(said: str) -> datetime | None:
    if not said:
        return None
    try:
        found = datetime.fromisoformat(said)
    except ValueError as error:
        raise UsageError(f"consent_at {said!r} is not a date", "write 2026-11-23T09:00Z") from error
    return found.replace(tzinfo=found.tzinfo or UTC)


def _line(said: str, key: str) -> str:
    if not said.isprintable():
        raise UsageError(f"{key} holds control characters", "write it on one line")
    return said.strip()
