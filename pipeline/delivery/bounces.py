"""What mail that comes back says: about which message, and what of its address.

Standard reports are read by their fields (RFC 3464, RFC 5965), others by flufl.bounce. An address
counts as gone only if the report says so clearly: a full mailbox, somebody's vacation or a filter
never costs a reader their subscription.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import policy
from email.message import Message
from email.parser import BytesParser
from enum import StrEnum

from pipeline.delivery.replies import FULL, PERMANENT, Meaning, meaning
from pipeline.model import Reply

MAX_OCTETS = 1_000_000
"""Of a report that are read; what matters stands at its beginning."""

MAX_SAID = 300
"""Characters kept of what a report says."""


class BounceKind(StrEnum):
    """What a report means for the address."""

    HARD = "hard"
    """It does not exist: never mail it again."""
    SOFT = "soft"
    """This message did not arrive; another may."""
    DELAYED = "delayed"
    """It has not arrived yet."""
    COMPLAINT = "complaint"
    """Somebody has called it spam: never mail them again."""
    UNSUBSCRIBE = "unsubscribe"
    """Somebody asks to get no more, by mail or at a provider."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a report says of one recipient."""

    kind: BounceKind
    address: str = ""
    """Whom it is about, as far as it says."""
    message_id: str = ""
    """Which message came back, angle brackets included, as far as it says."""
    token: str = ""
    """By which our own return path names the delivery; see `pipeline.mail.return_path`."""
    said: str = ""
    """Why, in its own words."""


_TOKEN = re.compile(r"\+([0-9a-z]+-[a-z2-7]{16})@")
_MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^<>\s]+>)", re.IGNORECASE | re.MULTILINE)
_ENVELOPE = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
_STATUS = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![.\d])")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+=/-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_DAEMON = re.compile(r"^(mailer-daemon|postmaster|double-bounce|no-?reply)", re.IGNORECASE)
_LETTER = re.compile(
    r"mailer-daemon|postmaster|mail delivery|undeliver"
    r"|deliver\w* (status|fail|problem|error|report)"
    r"|(mail|message|delivery)\w* (failure|failed|error|returned|rejected|not delivered)"
    r"|return(ed|ing) (mail|message|to sender)|failure notice|could not be delivered|non remis",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"(?<![\d.])[45]\d\d[ -]|(?<![\d.])[45]\.\d{1,3}\.\d{1,3}|unknown|not (found|exist|deliver)"
    r"|no such|rejected|undeliverable|fail|refused|quota|full|disabled|invalid|cannot|could ?n[o']t"
    r"|does ?n[o']t (exist|have)|time[ -]?out|unreachable|too (large|big)|too many",
    re.IGNORECASE,
)
_COMES_BACK = re.compile(
    r"^(-+ ?(below|original|this is a copy|returned|the header|message header)|received: from"
    r"|return-path:|>? ?message-id: <)",
    re.IGNORECASE | re.MULTILINE,
)
_COMPLAINTS = frozenset(
    ["abuse", "fraud", "virus", "opt-out", "opt-out-list", "other", "miscategorized"]
)
"""Kinds of feedback (RFC 5965 section 7.3, and what is sent besides) that end our mail."""

_AUTOMATIC = re.compile(
    r"out of (the )?office|vacation|auto(matic)?[- ]?repl|abwesen|absence|holiday", re.IGNORECASE
)


def read_bounces(raw: bytes) -> tuple[Bounce, ...]:
    """What a message says of mail that came back; nothing, if it is no report.

    Args:
        raw: The message as it arrived.
    """
    report = BytesParser(policy=policy.compat32).parsebytes(raw[:MAX_OCTETS])
    token, message_id = _token(report), _message_id(raw)
    if token and _asks_to_leave(report):
        return (Bounce(BounceKind.UNSUBSCRIBE, token=token, said="by mail"),)
    found: tuple[Bounce, ...] = ()
    if _parts(report, "message/feedback-report"):
        found = tuple(_complaints(report))
    elif _parts(report, "message/delivery-status"):
        found = tuple(_statuses(report))
    if not found and not _is_automatic(report):
        found = tuple(_unknown_words(report)) or tuple(_plain_words(report))
    return tuple(replace(one, message_id=message_id, token=one.token or token) for one in found)


def return_token(path: str) -> str:
    """The token of a return path of ours; empty if it has none."""
    found = _TOKEN.search(path)
    return found[1] if found else ""


def _asks_to_leave(report: Message) -> bool:
    """Whether a person's mail program did what List-Unsubscribe asks for (RFC 2369 section 3.2).

    No machine's answer does: what comes back says something else in its subject.
    """
    subject = " ".join(str(report.get("Subject", "")).split()).casefold()
    is_automatic = str(report.get("Auto-Submitted", "no")).strip().casefold() != "no"
    return subject == "unsubscribe" and not is_automatic


def _parts(report: Message, content_type: str) -> list[Message]:
    return [part for part in report.walk() if part.get_content_type() == content_type]


def _token(report: Message) -> str:
    """The token of our return path, wherever the mail server has left it."""
    for name in _ENVELOPE:
        for value in report.get_all(name, ()):
            if found := return_token(str(value)):
                return found
    return ""


def _message_id(raw: bytes) -> str:
    """The Message-ID of what came back: the last one, for a report has its own before it."""
    found = _MESSAGE_ID.findall(raw[:MAX_OCTETS])
    return found[-1].decode("ascii", "replace") if len(found) > 1 else ""


def _complaints(report: Message) -> Iterator[Bounce]:
    """Feedback of a mail provider (RFC 5965 section 3)."""
    for part in _parts(report, "message/feedback-report"):
        fields = _fields(part)
        kind = fields.get("feedback-type", "").lower()
        if kind in _COMPLAINTS:
            token = return_token(fields.get("original-mail-from", ""))
            address = _address(fields.get("original-rcpt-to", ""))
            yield Bounce(BounceKind.COMPLAINT, address, token=token, said=kind)


def _statuses(report: Message) -> Iterator[Bounce]:
    """A delivery status for each recipient (RFC 3464 section 2.3)."""
    for part in _parts(report, "message/delivery-status"):
        for block in _blocks(part):
            address = block.get("final-recipient") or block.get("original-recipient") or ""
            action = block.get("action", "").lower().split(" ")[0]
            if action == "delayed":
                yield Bounce(BounceKind.DELAYED, _address(address), said=_said(block))
            elif action == "failed" or (not action and address):
                yield Bounce(_judged(block), _address(address), said=_said(block))


def _blocks(part: Message) -> Iterator[dict[str, str]]:
    inner = part.get_payload()
    if isinstance(inner, list):  # as Python's parser reads it: a message for each block
        yield from (_named(one) for one in inner if isinstance(one, Message))
    else:
        yield _fields(part)


def _named(message: Message) -> dict[str, str]:
    return {name.lower(): " ".join(str(value).split()) for name, value in message.items()}


def _fields(part: Message) -> dict[str, str]:
    inner = part.get_payload()
    if isinstance(inner, list) and inner and isinstance(inner[0], Message):
        return _named(inner[0])
    text = part.get_payload(decode=True)
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else ""
    lines = (line.partition(":") for line in said.splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}


def _said(block: dict[str, str]) -> str:
    diagnostic = block.get("diagnostic-code", "").partition(";")[2].strip()
    return f"{block.get('status', '')} {diagnostic}".strip()[:MAX_SAID]


def _judged(block: dict[str, str]) -> BounceKind:
    diagnostic = block.get("diagnostic-code", "").partition(";")[2]
    inner = _STATUS.search(diagnostic)
    status = block.get("status", "").split(" ")[0]
    if inner is not None and (status.endswith(".0.0") or not status):
        status = inner[1]
    return _kind(diagnostic or block.get("status", ""), status)


def _kind(said: str, status: str) -> BounceKind:
    """Hard only for what the relay's own words would suppress an address for."""
    if FULL.search(said) or "5.2.2" in said:
        return BounceKind.SOFT
    code = _CODE.search(said)
    number = PERMANENT + 50
    if code:
        number = int(code[1])
    elif status.startswith("4"):
        number -= 100
    found = meaning(Reply(number, said, status))
    return BounceKind.HARD if found is Meaning.NO_ADDRESS else BounceKind.SOFT


def _is_automatic(report: Message) -> bool:
    """Whether it is somebody's vacation (RFC 3834), not a report; Exim marks its reports alike."""
    if _AUTOMATIC.search(str(report.get("Subject", ""))) or "X-Autoreply" in report:
        return True
    is_answer = str(report.get("Auto-Submitted", "")).lower().startswith("auto-replied")
    return is_answer and not _LETTER.search(_about(report))


def _about(report: Message) -> str:
    return f"{report.get('From', '')} {report.get('Subject', '')}"


def _unknown_words(report: Message) -> Iterator[Bounce]:
    """What flufl.bounce makes of reports in nobody's standard."""
    from flufl.bounce import all_failures  # 27 ms that only bounces cost

    try:
        temporary, permanent = all_failures(report)
    except Exception:  # it reads what anybody may send; what it cannot read says nothing
        return
    text, lasting = _spoken(report), set(map(_text, permanent))
    for address in sorted(map(_text, permanent | temporary)):
        found = _bounce_of(_near(text, address), address)
        yield found if address in lasting else replace(found, kind=BounceKind.SOFT)


def _plain_words(report: Message) -> Iterator[Bounce]:
    """A mail server's letter in which an address stands beside a reason."""
    if not _LETTER.search(_about(report)):
        return
    text, own = _spoken(report), str(report.get("To", "")).lower()
    for address in dict.fromkeys(_ADDRESS.findall(text)):
        said = _near(text, address)
        if address.lower() in own or _DAEMON.search(address) or not _REASON.search(said):
            continue
        yield _bounce_of(said, address)
        return


def judged(said: str) -> BounceKind:
    """What a server's words mean for the address: hard only where they say so clearly."""
    status = _STATUS.search(said)
    return _kind(said, status[1] if status else "")


def _bounce_of(said: str, address: str) -> Bounce:
    """What words around an address say of it."""
    return Bounce(judged(said), address, said=" ".join(said.split())[:MAX_SAID])


def _spoken(report: Message) -> str:
    """The words of a report, without the message that came back."""
    found = []
    for part in report.walk():
        if part.get_content_type() == "message/rfc822":
            break
        if part.get_content_maintype() == "text":
            raw = part.get_payload(decode=True)
            found.append(raw.decode("utf-8", "replace") if isinstance(raw, bytes) else "")
    text = "\n".join(found)
    back = _COMES_BACK.search(text)
    return text[: back.start()] if back else text


def _near(text: str, address: str) -> str:
    """What stands around an address."""
    at = text.find(address)
    return text[max(0, at - 200) : at + 700] if at >= 0 else text[:1000]


def _text(address: bytes | str) -> str:
    return address.decode("utf-8", "replace") if isinstance(address, bytes) else address


def _address(field: str) -> str:
    """The address of `rfc822; name@example.org`, or of `<name@example.org>`."""
    return field.rpartition(";")[2].strip().strip("<>")
