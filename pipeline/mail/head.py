"""The head of a message: its fields, guarded against whatever would begin a field of its own.

No library writes them: Python's turns a long List-Unsubscribe into RFC 2047 words, and a name
that decodes to a line break into a field.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote

from pipeline.errors import MailError
from pipeline.mail.identity import list_id
from pipeline.model import Issue, Site

MAX_SUBJECT = 150
"""Characters of a subject; mail programs show 40 to 90 of them."""

MAX_NAME = 70
"""Characters of a display name, with what stands for the rest of a longer one."""

MAX_URL = 900
"""Octets of a URL in a head: a line holds at most 998 (RFC 5322 section 2.1.1)."""

MAX_ADDRESS, MAX_LOCAL = 254, 64
"""Octets of an address and of its local part (RFC 5321 section 4.5.3.1)."""

FOLD = 76
"""Where a head line is folded if it can be; RFC 2047 section 2 allows no more beside its words."""

_FOLDED = "\r\n "
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_OVERRIDES = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/?^_`{|}~-]+)*")
_NO_FIELD = re.compile(r"[^a-z0-9-]")
_ENCODED_WORD = "=?"
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*+"
    r"@(?!-)[A-Za-z0-9-]{1,63}+(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}+(?<!-))*+"
)
_URL = re.compile(r"https?://[!#-;=?-~]+")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}+@[A-Za-z0-9.-]{1,255}+>")


def subject(issue: Issue) -> str:
    """The subject: the part, its guide, and where in it we are, in at most 150 characters.

    Raises:
        MailError: The subject or the guide's title holds a line break or another control character.
    """
    place = f", {issue.number} of {issue.of}" if issue.of > 1 else ""
    own = line(issue.subject, issue.path, "its subject")
    guide = line(issue.guide_title, issue.path, "the title of its guide")
    if own.casefold() == guide.casefold():
        return shortened(own, MAX_SUBJECT - len(place)) + place
    guide = shortened(guide, max(40, MAX_SUBJECT - len(own) - len(place) - 3))
    return f"{shortened(own, MAX_SUBJECT - len(guide) - len(place) - 3)} · {guide}{place}"


def line(text: str, where: str, what: str) -> str:
    """The text with its spaces evened out, once it is known to be one line.

    Args:
        text: What would stand in a field.
        where: The issue, for the message of the error.
        what: What the text is, likewise.

    Raises:
        MailError: It holds a character that ends a line or that no line may hold.
    """
    if (found := _FORBIDDEN.search(text)) is not None:
        said = f"{what} holds U+{ord(found[0]):04X}, which would break its head"
        raise MailError(where, said, "delete that character")
    return " ".join(text.split())


def shortened(text: str, limit: int) -> str:
    """The text, or as many whole words of it as fit with an ellipsis."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    whole, space, _ = kept.rpartition(" ")
    return (whole if space and len(whole) > limit // 2 else kept).rstrip(" ,;:·-–—") + "…"


def check_address(address: str, where: str) -> str:
    """The address, once it is known to be one that every server takes (RFC 5321 section 4.1.2).

    Raises:
        MailError: It is not a plain ASCII address; nothing of it may reach a head or an envelope.
    """
    fits = len(address) <= MAX_ADDRESS and address.find("@") <= MAX_LOCAL
    if not (fits and _ADDRESS.fullmatch(address)):
        said = f"{address[:80]!r} is not an address that mail can go to"
        raise MailError(where, said, "write it as name@example.org, the domain in its ASCII form")
    return address


def check_url(url: str, where: str) -> str:
    """The URL, once it is known to be http(s), ASCII, and short enough to stand on one line.

    Raises:
        MailError: It is not.
    """
    if len(url) > MAX_URL or not _URL.fullmatch(url) or _ENCODED_WORD in url:
        said = f"{url[:80]!r} cannot stand in a head as a URL"
        raise MailError(where, said, f"give an http(s) URL of at most {MAX_URL} ASCII characters")
    return url


def check_message_id(message_id: str, where: str) -> str:
    """The Message-ID, once it is known to be one (RFC 5322 section 3.6.4).

    Raises:
        MailError: It is not.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise MailError(where, f"{message_id[:80]!r} is not a Message-ID", "see mail.message_id")
    return message_id


def display_name(name: str, where: str, what: str) -> str:
    """The name as it may stand before an address, in at most 70 characters.

    Overrides of writing direction are left out: they could make an address look like another.

    Args:
        name: As somebody gave it; empty when nobody did.
        where: The issue, for the message of the error.
        what: Whose name it is, likewise.

    Raises:
        MailError: It holds a character that ends a line or that no line may hold.
    """
    if name.isascii() and name.isprintable() and len(name) <= MAX_NAME:
        return " ".join(name.split())  # most names: nothing in them can do harm
    return shortened(_OVERRIDES.sub("", line(name, where, what)), MAX_NAME)


def mailbox(name: str, address: str) -> str:
    """The field body `name <address>`, or the bare address of somebody without a name.

    Args:
        name: By `display_name`.
        address: By `check_address`.
    """
    if not name:
        return address
    written = _phrase(name)
    fits = len(written) + len(address) + len("Reply-To:  <>") <= FOLD and "\r\n" not in written
    return f"{written}{' ' if fits else _FOLDED}<{address}>"


def unstructured(text: str, used: int) -> str:
    """A field body of free text, folded; encoded where it is not plain ASCII (RFC 2047).

    Args:
        text: One line.
        used: How many characters stand before it on its first line.
    """
    if not text.isascii() or _ENCODED_WORD in text:
        return _FOLDED.join(_encoded_words(text, used))
    lines, room = [""], FOLD - used
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
            room = FOLD - 1
        lines[-1] += (" " if lines[-1] else "") + word
    return _FOLDED.join(lines)


def date(at: datetime) -> bytes:
    """The moment as RFC 5322 section 3.3 writes it, in UTC.

    Raises:
        ValueError: It has no zone, so it is no moment.
    """
    if at.tzinfo is None:
        raise ValueError("a message's date must be aware of its zone")
    return _second(int(at.timestamp()))


@lru_cache(maxsize=16)
def _second(timestamp: int) -> bytes:
    return format_datetime(datetime.fromtimestamp(timestamp, UTC)).encode("ascii")


def list_field(issue: Issue, site: Site) -> str:
    """The body of List-Id: the guide's title, which may change, and the id, which may not.

    That of a discreet guide has the site's title.
    """
    title = "" if issue.discreet else issue.guide_title
    return list_named(title, issue.guide, issue.path, site)


def list_named(title: str, guide: str, where: str, site: Site) -> str:
    """The body of List-Id of a guide.

    Args:
        title: Of the guide; empty for a list of everything.
        guide: Its slug.
        where: For the message of an error.
        site: The site.
    """
    shown = display_name(title or site.title, where, "the title of its guide")
    named = mailbox(shown, list_id(guide, site.list_domain))
    return named if "<" in named else f"<{named}>"


def leave_by_mail(guide: str, site: Site, return_path: str = "") -> str:
    """The second way to unsubscribe, by mail (RFC 2369 section 3.2); empty where nobody reads it.

    Args:
        guide: Its slug.
        site: The site.
        return_path: What stands for the address that our own job reads, which names the delivery;
            empty: whoever reads replies is asked.
    """
    if site.bounces and return_path:
        return f",{_FOLDED}<mailto:{return_path}?subject=unsubscribe>"
    if not site.reply_to:
        return ""
    asked = quote(f"Unsubscribe from {guide}")
    return f",{_FOLDED}<mailto:{mailto(site.reply_to)}?subject={asked}>"


def mailto(address: str) -> str:
    """An address as it stands in a mailto URL (RFC 6068 section 2)."""
    return quote(address, safe="@+")


def feedback_id(guide: str, site: Site) -> str:
    """What mail providers count complaints by: the guide, and a name of the sender that stays.

    The last field is 5 to 15 characters and the same in all mail of a domain.
    """
    sender = hashlib.sha256(site.list_domain.encode()).hexdigest()[:10]
    return f"{_NO_FIELD.sub('-', guide)[:60]}:part:partwork:{sender}"


def _phrase(name: str) -> str:
    """A display name as atoms, a quoted string, or encoded words (RFC 5322 section 3.2.5)."""
    if not name.isascii() or _ENCODED_WORD in name:
        return _FOLDED.join(_encoded_words(name, len("Reply-To: ")))
    if _ATOMS.fullmatch(name):
        return name
    escaped = name.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def _encoded_words(text: str, used: int) -> Iterator[str]:
    """The text as RFC 2047 words in base64, cut after spaces where it can be, one for a line.

    Some readers, Python's among them, show the space between two words in a name, which section
    6.2 tells them to drop: beside another space it is not seen.
    """
    room = (FOLD - used - len("=?utf-8?b??=")) // 4 * 3
    while text:
        count = _fitting(text, room)
        if count < len(text):
            count = text.rfind(" ", 0, count) + 1 or count
        yield f"=?utf-8?b?{base64.b64encode(text[:count].encode()).decode()}?="
        text, room = text[count:], (FOLD - 1 - len("=?utf-8?b??=")) // 4 * 3


def _fitting(text: str, room: int) -> int:
    """How many characters of the text fit so many octets."""
    octets = 0
    for count, character in enumerate(text):
        octets += len(character.encode())
        if octets > room:
            return count
    return len(text)
