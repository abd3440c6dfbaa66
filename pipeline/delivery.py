"""What becomes of a delivery: its states, what a relay's reply means, and when to try again.

Three tables decide: which event may happen in which state, what a reply means, what a meaning
leads to. Nothing here sends, stores or reads a clock.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from pipeline.errors import TransitionError
from pipeline.model import DeliveryState, Reply


class Event(StrEnum):
    """What can happen to a delivery."""

    CLAIM = "claim"
    """A sender takes it."""
    RELEASE = "release"
    """The sender gives it back untried, or vanished before it began."""
    ACCEPT = "accept"
    """The relay took the message over."""
    DEFER = "defer"
    """Not now; there will be another attempt."""
    FAIL = "fail"
    """Refused for good, or tried for long enough."""
    LOSE = "lose"
    """Nobody knows whether the relay took it: the answer to the final dot is missing."""
    SUPPRESS = "suppress"
    """The address may no longer be mailed."""
    CANCEL = "cancel"
    """The reader left, or the operator called it off."""
    ASSUME = "assume"
    """An uncertain one is taken as sent."""
    RESEND = "resend"
    """An uncertain one is to be sent again, under the same Message-ID."""


_S, _E = DeliveryState, Event

TRANSITIONS: Mapping[tuple[DeliveryState, Event], DeliveryState] = MappingProxyType(
    {
        (_S.PENDING, _E.CLAIM): _S.LEASED,
        (_S.PENDING, _E.SUPPRESS): _S.SUPPRESSED,
        (_S.PENDING, _E.CANCEL): _S.CANCELLED,
        (_S.LEASED, _E.RELEASE): _S.PENDING,
        (_S.LEASED, _E.ACCEPT): _S.SENT,
        (_S.LEASED, _E.DEFER): _S.DEFERRED,
        (_S.LEASED, _E.FAIL): _S.FAILED,
        (_S.LEASED, _E.LOSE): _S.UNCERTAIN,
        (_S.LEASED, _E.SUPPRESS): _S.SUPPRESSED,
        (_S.LEASED, _E.CANCEL): _S.CANCELLED,
        (_S.DEFERRED, _E.CLAIM): _S.LEASED,
        (_S.DEFERRED, _E.SUPPRESS): _S.SUPPRESSED,
        (_S.DEFERRED, _E.CANCEL): _S.CANCELLED,
        (_S.UNCERTAIN, _E.ASSUME): _S.SENT,
        (_S.UNCERTAIN, _E.RESEND): _S.PENDING,
    }
)
"""Where each event leads from each state; what is not listed cannot happen."""


def move(state: DeliveryState, event: Event) -> DeliveryState:
    """The state after an event.

    Raises:
        TransitionError: The event cannot happen in this state.
    """
    after_event = TRANSITIONS.get((state, event))
    if after_event is None:
        allowed = tuple(other.value for from_, other in TRANSITIONS if from_ is state)
        raise TransitionError(state.value, event.value, allowed)
    return after_event


class Meaning(StrEnum):
    """What a reply says about the message, the address, the relay, or us."""

    ACCEPTED = "accepted"
    UNKNOWN = "no answer to the final dot"
    """The message was handed over; whether the relay took it is not known."""
    BROKEN = "connection broken"
    """Before the message was handed over: it did not arrive."""
    CLOSING = "relay closing"
    RELAY = "relay at fault"
    """It wants a login, does not relay for us, or does not follow the protocol."""
    FULL = "mailbox full"
    POLICY = "refused by policy"
    """Reputation, rate, authentication or content rules: never the reader's fault."""
    NO_ADDRESS = "no such address"
    CONTENT = "content refused"
    LATER = "not now"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt comes to."""

    state: DeliveryState
    next_at: datetime | None
    """When to try again; None unless deferred."""
    suppress: bool
    """Whether the address is never to be mailed again."""
    why: str
    """One line for a person: meaning, code, and what follows."""
    meaning: Meaning


PERMANENT = 500
CLOSING = 421

_STATUS = re.compile(r"(?<![\d.])[245]\.(\d{1,3}\.\d{1,3})(?![.\d])")
_QUOTA = re.compile(r"quota|mailbox (is )?full|over ?storage|storage allocation", re.IGNORECASE)
_NO_USER = re.compile(
    r"(user|recipient|mailbox|account|address)( is)? (unknown|not found|does ?n[o']t exist)"
    r"|(unknown|no such|invalid|non-?existent) (local )?(user|recipient|mailbox|account)",
    re.IGNORECASE,
)
_SENDER = re.compile(r"\bsender|\bmail from\b|\bfrom address", re.IGNORECASE)
_RELAYING = re.compile(
    r"\brelay(ing)?\b.*\b(denied|prohibited|not (allowed|permitted))|\b(to|not) relay\b",
    re.IGNORECASE,
)

_NO_ADDRESS = frozenset({"1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1"})
"""RFC 3463 section 3.2 and RFC 7505; 1.5 is praise, 1.7 to 1.9 are about our own address."""
_LOGIN_OR_PROTOCOL = frozenset({500, 502, 503, 504, 530, 534, 535, 538})
"""RFC 5321 section 4.2.3 and RFC 4954 section 6: the relay and we do not understand each other."""
_TOO_LARGE = frozenset({"2.3", "3.4"})


def _status_of(reply: Reply) -> str:
    """Subject and detail of the enhanced status code (RFC 3463), wherever the relay wrote it."""
    found = _STATUS.search(reply.enhanced) or _STATUS.search(reply.text)
    return found[1] if found else ""


def _is_full(reply: Reply, status: str) -> bool:
    """A mailbox over its quota; 552 to the text itself may also mean that the text is too long."""
    if status:
        return status == "2.2"
    return reply.code == 552 and (not reply.after_dot or bool(_QUOTA.search(reply.text)))  # noqa: PLR2004 -- RFC 5321 4.2.3


def _is_no_address(reply: Reply, status: str) -> bool:
    """That the address does not exist, said so clearly that it may be believed for good."""
    if reply.code < PERMANENT or (status == "1.0" and _SENDER.search(reply.text)):
        return False
    if status:
        return status in _NO_ADDRESS
    said = _NO_USER.search(reply.text) and not _SENDER.search(reply.text)
    return reply.code in {550, 551, 553} and not reply.after_dot and bool(said)


def _is_content(reply: Reply, status: str) -> bool:
    if status.startswith("6.") or status in _TOO_LARGE:
        return True
    return reply.after_dot and reply.code in {552, 554} and not status


_RULES: tuple[tuple[Meaning, Callable[[Reply, str], bool]], ...] = (
    (Meaning.UNKNOWN, lambda reply, _: reply.after_dot and not _is_answer(reply.code)),
    (Meaning.BROKEN, lambda reply, _: reply.code == 0),
    (Meaning.ACCEPTED, lambda reply, _: reply.after_dot and 200 <= reply.code < 300),  # noqa: PLR2004 -- 2yz of RFC 5321 4.2.1
    (Meaning.RELAY, lambda reply, _: reply.code < 400 or reply.code in _LOGIN_OR_PROTOCOL),  # noqa: PLR2004 -- 2yz or 3yz in the wrong place
    (Meaning.POLICY, lambda _, status: status == "7.28"),
    (Meaning.CLOSING, lambda reply, _: reply.code == CLOSING),
    (Meaning.RELAY, lambda reply, _: bool(_RELAYING.search(reply.text))),
    (Meaning.FULL, _is_full),
    (Meaning.NO_ADDRESS, _is_no_address),
    (Meaning.POLICY, lambda reply, status: status.startswith("7.") and reply.code >= PERMANENT),
    (Meaning.CONTENT, _is_content),
    (Meaning.LATER, lambda reply, _: reply.code < PERMANENT),
    (Meaning.REFUSED, lambda _reply, _status: True),
)
"""The first rule that holds says what a reply means."""


def _is_answer(code: int) -> bool:
    """Whether a code says yes or no to the message: 2yz, 4yz or 5yz."""
    return code // 100 in {2, 4, 5}


def meaning(reply: Reply) -> Meaning:
    """What a reply means, whatever attempt it answers."""
    status = _status_of(reply)
    return next(found for found, holds in _RULES if holds(reply, status))


WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 45, 2 * 60, 4 * 60, 8 * 60))
"""After the first attempt, the second ...; the last wait repeats."""

PATIENCE = timedelta(hours=72)
"""After which nothing is tried again."""

COOL_DOWN = timedelta(minutes=5)
"""The least that a relay which closed on us (421) is left alone."""

JITTER = 0.2
"""The largest part of a wait that is added or taken away, so that deferred mail spreads out."""

_ALWAYS_AGAIN = frozenset(
    {Meaning.BROKEN, Meaning.RELAY, Meaning.CLOSING, Meaning.FULL, Meaning.LATER}
)


def after(
    reply: Reply,
    *,
    attempts: int,
    now: datetime,
    key: str = "",
    first_at: datetime | None = None,
) -> Outcome:
    """What an attempt comes to, given what the relay said.

    Args:
        reply: What it said, or that it said nothing.
        attempts: How many there were, this one included; from 1.
        now: When the reply came.
        key: Names the delivery; its jitter derives from it and is the same in every run.
        first_at: When the first attempt was; without it the planned waits are added up.
    """
    said = meaning(reply)
    event = _event(reply, said)
    next_at = None
    if event is Event.DEFER:
        next_at = _next_at(attempts, now, key, first_at)
        if next_at is None:
            event = Event.FAIL
        elif said is Meaning.CLOSING:
            next_at = max(next_at, now + COOL_DOWN)
    return Outcome(
        state=move(DeliveryState.LEASED, event),
        next_at=next_at,
        suppress=said is Meaning.NO_ADDRESS,
        why=_why(reply, said, event),
        meaning=said,
    )


def _event(reply: Reply, said: Meaning) -> Event:
    if said is Meaning.ACCEPTED:
        return Event.ACCEPT
    if said is Meaning.UNKNOWN:
        return Event.LOSE
    if said in _ALWAYS_AGAIN or reply.code < PERMANENT:
        return Event.DEFER
    return Event.FAIL


def wait(attempts: int, key: str = "") -> timedelta:
    """How long to wait after this many attempts, spread by up to a fifth either way."""
    digest = hashlib.sha256(f"{key} {attempts}".encode()).digest()
    share = int.from_bytes(digest[:4]) / 0xFFFFFFFF  # 0 to 1
    return _nominal(attempts) * (1 + JITTER * (2 * share - 1))


def _next_at(attempts: int, now: datetime, key: str, first_at: datetime | None) -> datetime | None:
    """When to try again; None when patience would be over by then."""
    if first_at is None:
        spent = sum((_nominal(done) for done in range(1, attempts)), timedelta())
    else:
        spent = now - first_at
    if spent + _nominal(attempts) > PATIENCE:
        return None
    return now + wait(attempts, key)


def _nominal(attempts: int) -> timedelta:
    return WAITS[min(max(attempts, 1), len(WAITS)) - 1]


_FOLLOWS: Mapping[Event, str] = MappingProxyType(
    {
        Event.DEFER: "will be tried again",
        Event.FAIL: "not tried again",
        Event.LOSE: "may have arrived, so not sent again by itself",
    }
)


def _why(reply: Reply, said: Meaning, event: Event) -> str:
    """Such as `mailbox full (452 4.2.2): will be tried again`."""
    status = _status_of(reply)
    code = f"{reply.code} {reply.code // 100}.{status}" if status else str(reply.code)
    shown = f"{said.value} ({code})" if reply.code else said.value
    if event is Event.FAIL and (said in _ALWAYS_AGAIN or reply.code < PERMANENT):
        return f"{shown}: given up after {PATIENCE // timedelta(hours=1)} hours"
    follows = _FOLLOWS.get(event)
    return f"{shown}: {follows}" if follows else shown
