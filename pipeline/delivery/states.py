"""The states of a delivery, and which event may happen in which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pipeline.errors import TransitionError
from pipeline.model import DeliveryState


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
    DOUBT = "doubt"
    """The ledger is older than what was sent: nobody knows."""
    RESEND = "resend"
    """An uncertain one is to be sent again, under the same Message-ID."""


_S, _E = DeliveryState, Event

TRANSITIONS: Mapping[tuple[DeliveryState, Event], DeliveryState] = MappingProxyType(
    {
        (_S.PENDING, _E.CLAIM): _S.LEASED,
        (_S.PENDING, _E.SUPPRESS): _S.SUPPRESSED,
        (_S.PENDING, _E.CANCEL): _S.CANCELLED,
        (_S.PENDING, _E.DOUBT): _S.UNCERTAIN,
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
        (_S.DEFERRED, _E.DOUBT): _S.UNCERTAIN,
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
