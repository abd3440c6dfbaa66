"""What a relay's reply means, whatever attempt it answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from pipeline.model import Reply


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


PERMANENT = 500
CLOSING = 421

_STATUS = re.compile(r"(?<![\d.])[245]\.(\d{1,3}\.\d{1,3})(?![.\d])")
FULL = re.compile(r"quota|mailbox (is )?full|over ?storage|storage allocation", re.IGNORECASE)
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


def status_of(reply: Reply) -> str:
    """Subject and detail of the enhanced status code (RFC 3463), wherever the relay wrote it."""
    found = _STATUS.search(reply.enhanced) or _STATUS.search(reply.text)
    return found[1] if found else ""


def _is_full(reply: Reply, status: str) -> bool:
    """A mailbox over its quota; 552 to the text itself may also mean that the text is too long."""
    if status:
        return status == "2.2"
    return reply.code == 552 and (not reply.after_dot or bool(FULL.search(reply.text)))  # noqa: PLR2004 -- RFC 5321 4.2.3


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
    status = status_of(reply)
    return next(found for found, holds in _RULES if holds(reply, status))
