"""Amazon SES, told through SNS: its signature is made with a certificate that Amazon shows."""

from __future__ import annotations

import json
import re
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

NAME = "ses"

_HOST = r"https://sns\.[a-z0-9-]{1,40}\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE = re.compile(_HOST + r"/SimpleNotificationService-[A-Za-z0-9]{1,80}\.pem")
_CONFIRM = re.compile(_HOST + r"/\?[!-~]{1,2000}")

_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
}  # fmt: skip
"""Type -> the fields that its signature covers, in order; one that is absent is left out."""

_GONE = {"General", "NoEmail", "Suppressed", "OnAccountSuppressionList"}


def read(request: Request, keys: Keys) -> Feedback:
    """What SNS brought: a report, or the question whether we want them.

    Raises:
        UntrustedError: It is not signed by Amazon, or of a topic that is not ours.
        UsageError: It is no JSON.
    """
    envelope = document(NAME, request.body)
    kind, topic = text(envelope, "Type"), text(envelope, "TopicArn")
    if kind not in _SIGNED or topic not in keys.ses_topics:
        raise untrusted(NAME, f"a {kind or 'message'} of the topic {topic!r} is not expected")
    _check(envelope, kind, keys)
    if kind == "SubscriptionConfirmation":
        url = text(envelope, "SubscribeURL")
        if not _CONFIRM.fullmatch(url) or keys.fetch is None:
            raise untrusted(NAME, "the URL that confirms the topic is not Amazon's")
        keys.fetch(url)
        return Feedback(confirmed=topic)
    event = _message(text(envelope, "Message"))
    said = text(envelope, "MessageId")
    return Feedback(tuple((f"{said} {one.address}", one) for one in _bounces(event)))


def _check(envelope: Any, kind: str, keys: Keys) -> None:
    url = text(envelope, "SigningCertURL") or text(envelope, "SigningCertUrl")
    if not _CERTIFICATE.fullmatch(url) or keys.fetch is None:
        raise untrusted(NAME, "its certificate is not Amazon's")
    signed = "".join(
        f"{name}\n{text(envelope, name)}\n" for name in _SIGNED[kind] if name in envelope
    )
    version: signature.Hash = "sha256" if text(envelope, "SignatureVersion") == "2" else "sha1"
    given = text(envelope, "Signature")
    if not signature.is_rsa(keys.fetch(url), signed.encode(), given, version):
        raise untrusted(NAME, "its signature is wrong")


def _message(said: str) -> Any:
    try:
        return json.loads(said)
    except (ValueError, RecursionError):  # such as the sentence by which a topic is tried
        return {}


def _bounces(event: Any) -> Iterator[Bounce]:
    kind = text(event, "eventType") or text(event, "notificationType")
    about = {"message_id": _message_id(event), "path": text(event, "mail", "source")}
    if kind == "Bounce":
        hard = text(event, "bounce", "bounceType") == "Permanent"
        is_gone = hard and text(event, "bounce", "bounceSubType") in _GONE
        for one in items(event, "bounce", "bouncedRecipients"):
            said = f"{text(one, 'status')} {text(one, 'diagnosticCode')}".strip()
            means = BounceKind.HARD if is_gone else BounceKind.SOFT
            yield told(means, text(one, "emailAddress"), said=said, **about)
    elif kind == "DeliveryDelay":
        for one in items(event, "deliveryDelay", "delayedRecipients"):
            said = text(one, "diagnosticCode")
            yield told(BounceKind.DELAYED, text(one, "emailAddress"), said=said, **about)
    elif kind == "Complaint":
        feedback = text(event, "complaint", "complaintFeedbackType")
        for one in items(event, "complaint", "complainedRecipients"):
            if feedback != "not-spam":
                address = text(one, "emailAddress")
                yield told(BounceKind.COMPLAINT, address, said=feedback, **about)


def _message_id(event: Any) -> str:
    """The Message-ID that we gave; Amazon puts another in its place, and tells both."""
    ours = (
        text(one, "value")
        for one in items(event, "mail", "headers")
        if text(one, "name").lower() == "message-id"
    )
    return next(ours, "") or text(event, "mail", "commonHeaders", "messageId")
