"""The names that never change: of a message, and of the list that it belongs to."""

from __future__ import annotations

import re

from pipeline.mac import mac

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(one + two for one in _LETTERS for two in _LETTERS)
_SHIFTS = range(150, -1, -10)
"""Of 160 bits in base 32 (RFC 4648 section 6), two letters at a time: thrice as fast as base64."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LABEL_RUN = re.compile(r"[^a-z0-9-]+")


def message_id(issue_id: str, subscriber_id: int, *, secret: bytes, domain: str) -> str:
    """The Message-ID of an issue for a subscriber, `<...@domain>` (RFC 5322 section 3.6.4).

    The same two always give the same, so that a message sent again is known as the one before;
    whoever lacks the secret can neither guess it nor read a subscriber out of it.

    Args:
        issue_id: The issue's permanent id.
        subscriber_id: The subscriber's id.
        secret: The site's secret.
        domain: The domain that mail comes from.
    """
    said = f"message-id\n{issue_id}\n{subscriber_id}".encode()
    digest = mac(secret, said)[:20]  # 160 bits are 32 letters, no padding
    number = int.from_bytes(digest)
    return f"<{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])}@{domain}>"


def return_path(address: str, subscriber_id: int, message_id: str) -> str:
    """The envelope sender of one delivery, by which what comes back is known (VERP).

    It names the subscriber and 80 bits of the Message-ID: who lacks the secret cannot make one up.

    Args:
        address: Where bounces go.
        subscriber_id: The subscriber's id.
        message_id: By `message_id`.
    """
    local, _, domain = address.rpartition("@")
    number, digits = subscriber_id, ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return f"{local}+{digits or '0'}-{message_id[1:17]}@{domain}"


def list_id(guide: str, domain: str) -> str:
    """The identifier of a guide's list, such as `sleep-and-mood.example.org` (RFC 2919 section 2).

    Args:
        guide: The guide's slug.
        domain: The domain that mail comes from.
    """
    label = _LABEL_RUN.sub("-", guide.lower()).strip("-")[:63].rstrip("-")
    return f"{label or 'guide'}.{domain}"
