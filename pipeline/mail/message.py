"""An issue's message compiled once, and addressed to each reader."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from pipeline.mail import head
from pipeline.mail.encode import FENCE, cut, quoted_printable, quoted_solid, quoted_value
from pipeline.mail.frame import SLOTS, Rendered, Slots
from pipeline.mail.letter import Letter, render_letter
from pipeline.mail.render import ALONE, Beside, render, subject
from pipeline.mail.skeleton import Skeleton, skeleton
from pipeline.model import Issue, Message, Site
from pipeline.template import Templates

MAX_READER = 72
"""Characters of the line of the text part that says whom it was sent to."""

_SPECIAL = re.compile("[&<>\"']")
_BARE = re.compile(r"[A-Za-z0-9@+._~-]+")

HEAD_SLOTS = ("to", "date", "messageid", "unsubscribe", "returnpath")


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


class Recipient(NamedTuple):
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
    action_url: str = ""
    """Of what a letter asks for; empty for issues."""


def compile(issue: Issue, site: Site, templates: Templates, beside: Beside = ALONE) -> Compiled:
    """The issue's message, ready to be addressed.

    Args:
        issue: What is mailed.
        site: The site.
        templates: Its templates.
        beside: What the mail says besides.

    Raises:
        MailError: It cannot be made into a message without harm.
        TemplateError: A template cannot be rendered.
    """
    slots = Slots.for_text(repr((issue, site)))
    told = subject(issue, site, beside)
    about = About(told, issue.path, head.list_field(issue, site), issue.guide, issue.id)
    fields = _head(about, site, slots)
    return _compiled(about, fields, render(issue, site, templates, slots, beside), slots)


def compile_letter(letter: Letter, site: Site, templates: Templates) -> Compiled:
    """A message of our own, such as the question whether somebody wants what was asked for.

    Raises:
        MailError: It cannot be made into a message without harm.
        TemplateError: A template cannot be rendered.
    """
    slots = Slots.for_text(repr((letter, site)))
    rendered, told = render_letter(letter, site, templates, slots)
    title = "" if letter.discreet else letter.guide_title
    to_list = head.list_named(title, letter.guide, letter.path, site)
    about = About(
        head.line(told, letter.path, "its subject"),
        letter.path,
        to_list if letter.can_leave else "",
        letter.guide,
        is_automatic=letter.is_answer,
    )
    return _compiled(about, _head(about, site, slots), rendered, slots)


@dataclass(frozen=True, slots=True)
class About:
    """What a message is about, as its head says it."""

    subject: str
    where: str
    """How errors name it."""
    list_field: str
    """The body of List-Id; empty for a message that nobody is subscribed to."""
    guide: str
    issue_id: str = ""
    """Empty for a letter."""
    is_automatic: bool = False
    """Whether it answers what somebody just did (RFC 3834)."""


def _head(about: About, site: Site, slots: Slots) -> str:
    return "".join(f"{name}: {body}\r\n" for name, body in _fields(about, site, slots))


def _compiled(about: About, fields: str, rendered: Rendered, slots: Slots) -> Compiled:
    bones = skeleton(_pieces(fields, rendered, slots))
    return Compiled(
        issue_id=about.issue_id,
        guide=about.guide,
        path=about.where,
        subject=about.subject,
        html=rendered.html,
        text=rendered.text,
        skeleton=bones,
        digest=hashlib.sha256(repr(bones).encode()).hexdigest(),
    )


def address(compiled: Compiled, recipient: Recipient) -> Message:
    """The issue's message for one reader, its lines ended by CRLF and its bytes ASCII.

    Raises:
        MailError: The reader's name, address or URLs cannot stand in a message.
    """
    where = compiled.path
    to = head.check_address(recipient.address, where)
    leave = head.check_url(recipient.unsubscribe_url, where)
    leave_text, leave_html = _solid_in_parts(leave)
    if recipient.name:
        name = head.display_name(recipient.name, where, "the reader's name")
        mailbox = head.mailbox(name, to)
        reader_text, reader_html = _in_parts(_reader(name, to))
    else:
        mailbox = to
        reader_text, reader_html = _solid_in_parts(to)
    preferences_text = preferences_html = b""
    if recipient.preferences_url:
        preferences = head.check_url(recipient.preferences_url, where)
        preferences_text, preferences_html = _solid_in_parts(preferences)
    values = {
        "to": mailbox.encode(),
        "date": head.date(recipient.date),
        "messageid": head.check_message_id(recipient.message_id, where).encode(),
        "unsubscribe": leave.encode(),
        "returnpath": _mailto(recipient.mail_from),
        "leave text": leave_text,
        "leave html": leave_html,
        "reader text": reader_text,
        "reader html": reader_html,
        "preferences text": preferences_text,
        "preferences html": preferences_html,
    }
    if recipient.action_url:
        action = head.check_url(recipient.action_url, where)
        values["action text"], values["action html"] = _solid_in_parts(action)
    return Message(
        compiled.issue_id,
        recipient.subscriber_id,
        recipient.message_id,
        _sender(recipient.mail_from, where),
        to,
        compiled.skeleton.fill(values, whole=bool(recipient.preferences_url)),
        is_plain=True,
    )


@lru_cache(maxsize=16)
def _sender(address: str, where: str) -> str:
    """The envelope sender, which many messages share unless each has a return path of its own."""
    return head.check_address(address, where)


def _mailto(address: str) -> bytes:
    """A checked address in a URL; most have nothing that must be quoted."""
    return (address if _BARE.fullmatch(address) else head.mailto(address)).encode()


def _solid_in_parts(value: str) -> tuple[bytes, bytes]:
    """As `_in_parts`, for a URL or an address that was checked; most say the same in both."""
    if "&" in value or "'" in value:
        return _in_parts(value)
    encoded = quoted_solid(value)
    return encoded, encoded


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


def _fields(about: About, site: Site, slots: Slots) -> Iterator[tuple[str, str]]:
    """The fields of the head in order, with words in the places of a reader's own values."""
    word, where = slots.word, about.where
    title = head.display_name(site.title, where, "the title of the site")
    yield "From", head.mailbox(title, head.check_address(site.sender, where))
    yield "To", word("to")
    if site.reply_to:
        yield "Reply-To", head.check_address(site.reply_to, where)
    yield "Subject", head.unstructured(about.subject, len("Subject: "))
    yield "Date", word("date")
    yield "Message-ID", word("messageid")
    if about.is_automatic:
        yield "Auto-Submitted", "auto-generated"
    if about.list_field:
        yield "List-Id", about.list_field
        # RFC 8058 section 3.1: the https URL is the one that one click posts to
        back = word("returnpath") if about.issue_id else ""
        by_mail = head.leave_by_mail(about.guide, site, back)
        yield "List-Unsubscribe", f"<{word('unsubscribe')}>{by_mail}"
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
        yield "Feedback-ID", head.feedback_id(about.guide, site)
    yield "MIME-Version", "1.0"
