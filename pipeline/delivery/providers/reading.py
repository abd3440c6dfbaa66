"""What the readers of all providers share: the request, the keys, and how JSON is looked into."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.delivery.bounces import MAX_SAID, Bounce, BounceKind, judged, return_token
from pipeline.errors import UntrustedError, UsageError


@dataclass(frozen=True, slots=True)
class Request:
    """A report as it arrived."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""


@dataclass(frozen=True, slots=True)
class Keys:
    """By what reports are known to be the providers'; a provider without one is not listened to."""

    ses_topics: tuple[str, ...] = ()
    """The ARNs of the SNS topics that Amazon tells through."""
    postmark: str = ""
    """`user:password` of the URL that was given to Postmark, which signs nothing."""
    mailgun: str = ""
    """Mailgun's webhook signing key."""
    sendgrid: str = ""
    """The public key that SendGrid shows beside its signed event webhook."""
    fetch: Callable[[str], bytes] | None = None
    """Brings a document of Amazon's: its certificate, and the page that confirms a topic."""

    @property
    def known(self) -> frozenset[str]:
        """The providers that are listened to."""
        there = {
            "ses": self.ses_topics,
            "postmark": self.postmark,
            "mailgun": self.mailgun,
            "sendgrid": self.sendgrid,
        }
        return frozenset(name for name, key in there.items() if key)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a report says."""

    bounces: tuple[tuple[str, Bounce], ...] = ()
    """Each with what tells it from all others of this provider."""
    confirmed: str = ""
    """The topic that Amazon was told we want to hear of."""


def document(provider: str, raw: bytes) -> Any:
    """The JSON of a body.

    Raises:
        UsageError: It is none.
    """
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{provider}: the report is no JSON ({error})") from error


def untrusted(provider: str, what: str) -> UntrustedError:
    """That a report is not believed."""
    return UntrustedError(provider, what)


def text(value: Any, *path: str) -> str:
    """The string at a path of keys; empty where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def items(value: Any, *path: str) -> Iterator[dict[str, Any]]:
    """The objects of the list at a path of keys."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def named(message_id: str) -> str:
    """A Message-ID in its angle brackets, whether or not it came with them."""
    bare = message_id.strip().strip("<>")
    return f"<{bare}>" if bare else ""


def told(
    kind: BounceKind, address: str, *, said: str = "", message_id: str = "", path: str = ""
) -> Bounce:
    """A report about one recipient.

    Args:
        kind: What the provider says that it means.
        address: Whom it is about.
        said: What the recipient's server said, as far as the provider tells.
        message_id: Ours, as far as it tells.
        path: The return path of the message, which names the delivery.
    """
    shown = " ".join(said.split())[:MAX_SAID]
    if kind is BounceKind.HARD and said:
        kind = judged(said)  # a filter or a full mailbox is no missing address, whoever says so
    return Bounce(kind, address.strip(), named(message_id), return_token(path), shown)
