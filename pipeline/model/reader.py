"""Subscribers, subscriptions, messages and where each delivery stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Mode(StrEnum):
    """Whether a reader follows the guide's calendar or their own."""

    LIVE = "live"
    DRIP = "drip"


class SubscriberStatus(StrEnum):
    """Whether a person may be mailed."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    """Their server said for good that the address does not exist."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person's address and state."""

    id: int
    address: str
    status: SubscriberStatus
    created_at: datetime
    name: str = ""
    lang: str = "en"
    zone: str = ""
    """IANA zone; empty: the zone of the guide they follow."""
    hour: int | None = None
    """The local hour, 0 to 23, at which they want mail; None: as soon as a part is out."""
    consent_at: datetime | None = None
    consent_source: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A person's following of one guide."""

    id: int
    subscriber_id: int
    guide: str
    mode: Mode
    cadence: str = ""
    """Drip only; empty: the guide's own."""
    started_at: datetime | None = None
    """When the drip came to life; None until its first tick."""
    ended_at: datetime | None = None
    """When they left this guide."""
    paused_until: datetime | None = None
    """Nothing is planned for them before."""
    floor_at: datetime | None = None
    """Drip only: no slot up to this moment counts; a pause ended then, or the pace was changed."""
    run: int = 1
    """Drip only: one more each time they begin again."""
    is_finished: bool = False
    """Drip only: the last part was planned."""

    def is_paused(self, now: datetime) -> bool:
        """Whether a pause lasts at this moment."""
        return self.paused_until is not None and self.paused_until > now


@dataclass(frozen=True, slots=True)
class Signup:
    """What somebody asked for on a page, until they confirm it from their mailbox."""

    id: str
    """Cannot be guessed."""
    at: datetime
    address: str
    limited_by: str
    """A digest that is the same for all spellings of an address that reach one mailbox."""
    guide: str
    mode: Mode
    cadence: str = ""
    zone: str = ""
    hour: int | None = None
    lang: str = ""
    terms: str = ""
    """A digest of the text that they agreed to."""


class EventKind(StrEnum):
    """What happened: to a subscriber, by their own doing or another's, or to an issue."""

    ADDED = "added"
    """By an operator's program."""
    ASKED = "asked"
    CONFIRMED = "confirmed"
    LEFT = "left"
    RETURNED = "returned"
    CHANGED = "changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    RESTARTED = "restarted"
    HURRIED = "hurried"
    """They asked for the next part now."""
    FINISHED = "finished"
    ERASED = "erased"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"
    RELEASED = "released"
    """An issue went out."""
    REVISED = "revised"
    """An issue says something else now."""


ABOUT_ISSUES = (EventKind.RELEASED, EventKind.REVISED)
"""The kinds that happen to an issue; all others happen to a subscriber."""


def event_type(kind: EventKind) -> str:
    """How programs know what happened: what it is about, and what."""
    return f"{'issue' if kind in ABOUT_ISSUES else 'subscriber'}.{kind}"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history of a subscriber, or of an issue."""

    at: datetime
    kind: EventKind
    guide: str = ""
    detail: str = ""
    subscriber_id: int | None = None
    issue_id: str = ""
    id: int = 0
    """Events are numbered as they happen; 0: not written down yet."""


class DeliveryState(StrEnum):
    """Where one message stands; the transitions are in `pipeline.delivery`."""

    PENDING = "pending"
    LEASED = "leased"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


class Delivery(NamedTuple):
    """The ledger row of one message, with what is needed to send it.

    A tuple, as all are of which one is made for each message that goes out: a frozen dataclass
    takes a microsecond more.
    """

    issue_id: str
    subscriber_id: int
    state: DeliveryState
    attempts: int
    address: str
    name: str = ""
    run: int = 1
    """Of the subscription: a part that is sent again in another run is another message."""


class Reply(NamedTuple):
    """What a relay answered (RFC 5321 section 4.2); code 0 when the connection broke."""

    code: int
    text: str
    enhanced: str = ""
    """The status code of RFC 3463, such as 5.1.1, when the reply carried one."""
    after_dot: bool = False
    """Whether it came, or failed to come, after the message was handed over."""


class Message(NamedTuple):
    """One issue for one subscriber: envelope, bytes, and an id that never changes."""

    issue_id: str
    subscriber_id: int
    message_id: str
    mail_from: str
    rcpt_to: str
    body: bytes
    is_plain: bool = False
    """Whether it is known that the body ends with a line's end and has no line that begins with a
    dot: then it goes out as it is (RFC 5321 section 4.5.2)."""
