"""What an attempt comes to, and when the next one is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from pipeline.delivery.replies import PERMANENT, Meaning, meaning, status_of
from pipeline.delivery.states import Event, move
from pipeline.model import DeliveryState, Reply


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


OK = 250
ACCEPTED = Outcome(
    DeliveryState.SENT, None, suppress=False, why="accepted", meaning=Meaning.ACCEPTED
)
"""What nearly all attempts come to."""

WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 45, 2 * 60, 4 * 60, 8 * 60))
"""After the first attempt, the second ...; the last wait repeats."""

PATIENCE = timedelta(hours=72)
"""After which nothing is tried again."""

COOL_DOWN = timedelta(minutes=5)
"""The least that a relay which closed on us (421) is left alone."""

JITTER = 0.2
"""The largest part of a wait that is added or taken away, so that deferred mail spreads out."""

_ALWAYS_AGAIN = frozenset(
    {
        Meaning.BROKEN,
        Meaning.RELAY,
        Meaning.CLOSING,
        Meaning.FULL,
        Meaning.LATER,
        Meaning.POLICY,  # it is about us, and passes when we are trusted again
    }
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
    if reply.after_dot and reply.code == OK:
        return ACCEPTED
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
    status = status_of(reply)
    code = f"{reply.code} {reply.code // 100}.{status}" if status else str(reply.code)
    shown = f"{said.value} ({code})" if reply.code else said.value
    if event is Event.FAIL and (said in _ALWAYS_AGAIN or reply.code < PERMANENT):
        return f"{shown}: given up after {PATIENCE // timedelta(hours=1)} hours"
    follows = _FOLLOWS.get(event)
    return f"{shown}: {follows}" if follows else shown
