"""An issue's message compiled once, and addressed to each reader."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pipeline.mail import head
from pipeline.mail.encode import FENCE, cut, quoted_printable, quoted_value
from pipeline.mail.render import SLOTS, Rendered, Slots, render
from pipeline.mail.skeleton import Skeleton, skeleton
from pipeline.model import Issue, Message, Site
from pipeline.template import Templates

MAX_READER = 72
"""Characters of the line of the text part that says whom it was sent to."""

_NOWHERE = {"preferences text": b"", "preferences html": b""}
_SPECIAL = re.compile("[&<>\"']")

HEAD_SLOTS = ("to", "date", "messageid", "unsubscribe")


@dataclass(frozen=True, slots=True)
class Compiled:
    """An issue's message but for what differs from reader to reader: plain values throughout."""

    issue_id: str
    guide: str
    path: str
    """The issue's path: how errors name it."""
    subject: str
    html: str
    """For a preview; words hold the places of a reader's own values."""
    text: str
    skeleton: Skeleton
    digest: str
    """SHA-256 of what all readers get alike: compiled again it is the same, or known not to be."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What one reader's copy says that no other does."""

    subscriber_id: int
    address: str
    message_id: str
    """By `pipeline.mail.message_id`."""
    unsubscribe_url: str
    mail_from: str
    """The envelope sender, to which bounces go."""
    date: datetime
    """Aware: when the message is made."""
    name: str = ""
    preferences_url: str = ""


def compile(issue: Issue, site: Site, templates: Templates) -> Compiled:
    """The issue's message, ready to be addressed.

    Raises:
        MailError: It cannot be made into a message without harm.
        TemplateError: A template cannot be rendered.
    """
    slots = Slots.for_text(repr((issue, site)))
    fields = "".join(f"{name}: {body}\r\n" for name, body in _fields(issue, site, slots))
    rendered = render(issue, site, templates, slots)
    bones = skeleton(_pieces(fields, rendered, slots))
    digest = hashlib.sha256(repr(bones).encode()).hexdigest()
    return Compiled(
        issue_id=issue.id,
        guide=issue.guide,
        path=issue.path,
        subject=head.subject(issue),
        html=rendered.html,
        text=rendered.text,
        skeleton=bones,
        digest=digest,
    )


def address(compiled: Compiled, recipient: Recipient) -> Message:
    """The issue's message for one reader, its lines ended by CRLF and its bytes ASCII.

    Raises:
        MailError: The reader's name, address or URLs cannot stand in a message.
    """
    where = compiled.path
    name = head.display_name(recipient.name, where, "the reader's name")
    to = head.check_address(recipient.address, where)
    leave = head.check_url(recipient.unsubscribe_url, where)
    leave_text, leave_html = _in_parts(leave)
    reader_text, reader_html = _in_parts(_reader(name, to))
    values = {
        "to": head.mailbox(name, to).encode("ascii"),
        "date": head.date(recipient.date),
        "messageid": head.check_message_id(recipient.message_id, where).encode("ascii"),
        "unsubscribe": leave.encode("ascii"),
        "leave text": leave_text,
        "leave html": leave_html,
        "reader text": reader_text,
        "reader html": reader_html,
        **_NOWHERE,
    }
    if recipient.preferences_url:
        preferences = head.check_url(recipient.preferences_url, where)
        values["preferences text"], values["preferences html"] = _in_parts(preferences)
    return Message(
        issue_id=compiled.issue_id,
        subscriber_id=recipient.subscriber_id,
        message_id=recipient.message_id,
        mail_from=head.check_address(recipient.mail_from, where),
        rcpt_to=to,
        body=compiled.skeleton.fill(values, whole=bool(recipient.preferences_url)),
    )


def _in_parts(value: str) -> tuple[bytes, bytes]:
    """A value as it stands in the text part, and in the HTML part."""
    text = quoted_value(value)
    return text, quoted_value(html.escape(value)) if _SPECIAL.search(value) else text


def _reader(name: str, address: str) -> str:
    """Whom it was sent to, on one line: the name only where it fits."""
    shown = f"{name} ({address})"
    return shown if name and len(shown) <= MAX_READER else address


def _pieces(fields: str, rendered: Rendered, slots: Slots) -> Iterator[tuple[str, bytes]]:
    """The whole message in order; see `skeleton`."""
    boundary = _boundary(rendered)
    yield from cut(fields, _words(slots, HEAD_SLOTS), encode=str.encode)
    yield "", f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode()
    for subtype, content in (("plain", rendered.text), ("html", rendered.html)):
        yield "", _part_head(subtype, boundary)
        kind = "text" if subtype == "plain" else "html"
        named = {word: f"{name} {kind}" for word, name in _words(slots, SLOTS).items()}
        yield from cut(content, named, encode=quoted_printable, fence=FENCE)
        yield "", b"\r\n"
    yield "", f"--{boundary}--\r\n".encode()


def _words(slots: Slots, names: tuple[str, ...]) -> dict[str, str]:
    return {slots.word(name): name for name in names}


def _boundary(rendered: Rendered) -> str:
    """Follows from the content, and cannot be in it: quoted-printable never writes `=_`."""
    said = f"{rendered.text}\n{rendered.html}".encode()
    return f"=_{hashlib.sha256(said).hexdigest()[:32]}"


def _part_head(subtype: str, boundary: str) -> bytes:
    return (
        f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode()


def _fields(issue: Issue, site: Site, slots: Slots) -> Iterator[tuple[str, str]]:
    """The fields of the head in order, with words in the places of a reader's own values."""
    word, where = slots.word, issue.path
    title = head.display_name(site.title, where, "the title of the site")
    yield "From", head.mailbox(title, head.check_address(site.sender, where))
    yield "To", word("to")
    if site.reply_to:
        yield "Reply-To", head.check_address(site.reply_to, where)
    yield "Subject", head.unstructured(head.subject(issue), len("Subject: "))
    yield "Date", word("date")
    yield "Message-ID", word("messageid")
    yield "List-Id", head.list_field(issue, site)
    # RFC 8058 section 3.1: the https URL is the one that one click posts to
    yield "List-Unsubscribe", f"<{word('unsubscribe')}>{head.leave_by_mail(issue, site)}"
    yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
    yield "MIME-Version", "1.0"
