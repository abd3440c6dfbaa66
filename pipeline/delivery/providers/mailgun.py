"""Mailgun: an HMAC over a token and a time, in the body itself."""

from __future__ import annotations

from typing import Any

from pipeline import signature
from pipeline.delivery.bounces import BounceKind
from pipeline.delivery.providers.reading import (
    Feedback,
    Keys,
    Request,
    document,
    text,
    told,
    untrusted,
)

NAME = "mailgun"

_SUPPRESSED = {
    "suppress-bounce": BounceKind.HARD,
    "suppress-complaint": BounceKind.COMPLAINT,
    "suppress-unsubscribe": BounceKind.UNSUBSCRIBE,
}
"""Why it did not even try."""


def read(request: Request, keys: Keys) -> Feedback:
    """What Mailgun reports.

    Raises:
        UntrustedError: Its signature is wrong.
        UsageError: It is no JSON.
    """
    report = document(NAME, request.body)
    stamp, token = (text(report, "signature", key) for key in ("timestamp", "token"))
    given = text(report, "signature", "signature")
    if not signature.is_hmac(keys.mailgun, stamp + token, given):
        raise untrusted(NAME, "its signature is wrong")
    event = report.get("event-data")
    kind = _kind(event)
    if kind is None:
        return Feedback()
    status = event.get("delivery-status")
    words = " ".join(
        filter(None, (text(status, key) for key in ("code", "message", "description")))
    )
    suppressed = text(event, "reason") in _SUPPRESSED  # its own words, not those of a server
    address = text(event, "recipient")
    one = told(
        kind,
        address,
        said="" if suppressed else words,
        message_id=text(event, "message", "headers", "message-id"),
        path=text(event, "envelope", "sender"),
    )
    return Feedback(((f"{text(event, 'id') or token} {address}", one),))


def _kind(event: Any) -> BounceKind | None:
    name, reason = text(event, "event"), text(event, "reason")
    if name == "complained":
        return BounceKind.COMPLAINT
    if name == "unsubscribed":
        return BounceKind.UNSUBSCRIBE
    if name != "failed":
        return None
    if text(event, "severity") == "temporary":
        return BounceKind.DELAYED
    return _SUPPRESSED.get(reason, BounceKind.HARD if reason == "bounce" else BounceKind.SOFT)
