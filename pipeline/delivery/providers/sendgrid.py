"""SendGrid: many events in one call, signed as a whole with a key of its own (ECDSA)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline import signature
from pipeline.delivery.bounces import Bounce, BounceKind
from pipeline.delivery.providers.reading import (
    Feedback,
    Keys,
    Request,
    document,
    items,
    text,
    told,
    untrusted,
)

NAME = "sendgrid"

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"

_KINDS = {
    "deferred": BounceKind.DELAYED,
    "spamreport": BounceKind.COMPLAINT,
    "unsubscribe": BounceKind.UNSUBSCRIBE,
    "group_unsubscribe": BounceKind.UNSUBSCRIBE,
}
_DROPPED = {
    "Bounced Address": BounceKind.HARD,
    "Invalid": BounceKind.HARD,
    "Spam Reporting Address": BounceKind.COMPLAINT,
    "Unsubscribed Address": BounceKind.UNSUBSCRIBE,
}
"""Why it did not even try, in its own words."""


def read(request: Request, keys: Keys) -> Feedback:
    """What SendGrid reports.

    Raises:
        UntrustedError: Its signature is wrong.
        UsageError: It is no JSON.
    """
    stamp = request.headers.get(TIMESTAMP, "").encode("utf-8", "replace")
    given = request.headers.get(SIGNATURE, "")
    if not signature.is_ecdsa(keys.sendgrid, stamp + request.body, given):
        raise untrusted(NAME, "its signature is wrong")
    events = items({"events": document(NAME, request.body)}, "events")
    return Feedback(tuple((name, one) for event in events for name, one in _read(event)))


def _read(event: dict[str, Any]) -> Iterator[tuple[str, Bounce]]:
    kind = _kind(event)
    if kind is not None:
        is_its_own = text(event, "event") == "dropped"
        said = "" if is_its_own else f"{text(event, 'status')} {text(event, 'reason')}".strip()
        address = text(event, "email")
        one = told(kind, address, said=said, message_id=text(event, "smtp-id"))
        own = text(event, "sg_event_id") or f"{text(event, 'sg_message_id')} {kind}"
        yield f"{own} {address}", one


def _kind(event: dict[str, Any]) -> BounceKind | None:
    name = text(event, "event")
    if name == "bounce":
        return BounceKind.HARD if text(event, "type") == "bounce" else BounceKind.SOFT
    if name == "dropped":
        return _DROPPED.get(text(event, "reason"), BounceKind.SOFT)
    return _KINDS.get(name)
