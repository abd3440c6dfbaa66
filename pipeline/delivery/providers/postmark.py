"""Postmark: it signs nothing, so its calls must bring the password of their URL."""

from __future__ import annotations

import base64
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

NAME = "postmark"

_KINDS = {
    "HardBounce": BounceKind.HARD,
    "BadEmailAddress": BounceKind.HARD,
    "SpamComplaint": BounceKind.COMPLAINT,
    "Unsubscribe": BounceKind.UNSUBSCRIBE,
    "Transient": BounceKind.DELAYED,
    "DnsError": BounceKind.SOFT,
    "SpamNotification": BounceKind.SOFT,
    "SoftBounce": BounceKind.SOFT,
    "Blocked": BounceKind.SOFT,
    "VirusNotification": BounceKind.SOFT,
    "DMARCPolicy": BounceKind.SOFT,
    "Undeliverable": BounceKind.SOFT,
    "Unknown": BounceKind.SOFT,
}
"""Its names of what came back; an answer of a machine's, say, is none of them."""


def read(request: Request, keys: Keys) -> Feedback:
    """What Postmark reports.

    Raises:
        UntrustedError: It does not bring the password.
        UsageError: It is no JSON.
    """
    given = request.headers.get("authorization", "")
    expected = f"Basic {base64.b64encode(keys.postmark.encode()).decode()}"
    if not signature.is_same(expected, given):
        raise untrusted(NAME, "it does not bring the user and password of the settings")
    report = document(NAME, request.body)
    kind = _kind(report)
    if kind is None:
        return Feedback()
    said = text(report, "Details") or text(report, "Description")
    address = text(report, "Email") or text(report, "Recipient")
    own = text(report, "MessageID") or text(report, "ChangedAt")
    one = told(kind, address, said=said)
    return Feedback(((f"{own} {text(report, 'ID')} {kind} {address}", one),))


def _kind(report: Any) -> BounceKind | None:
    record = text(report, "RecordType")
    if record == "SubscriptionChange":
        is_theirs = report.get("SuppressSending") is True
        asked = text(report, "SuppressionReason") == "ManualSuppression"
        return BounceKind.UNSUBSCRIBE if is_theirs and asked else None
    if record in {"Bounce", "SpamComplaint"}:
        return _KINDS.get("SpamComplaint" if record == "SpamComplaint" else text(report, "Type"))
    return None
