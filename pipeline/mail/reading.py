"""A message as a mail program would show it, read from its very bytes."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from pipeline.model import Message


@dataclass(frozen=True, slots=True)
class Preview:
    """What a mail program makes of a message; lines end in LF."""

    fields: tuple[tuple[str, str], ...]
    """The head, decoded, in order."""
    text: str
    html: str


def preview(raw: bytes) -> Preview:
    """The head and the two parts of a message; a part that is not there is empty."""
    message = message_from_bytes(raw, policy=policy.default)
    fields = tuple((name, str(value)) for name, value in message.items())
    return Preview(fields, _part(message, "plain"), _part(message, "html"))


def preview_html(message: Message) -> str:
    """The HTML part."""
    return preview(message.body).html


def preview_text(message: Message) -> str:
    """The text part."""
    return preview(message.body).text


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))  # "plain" or "html", as get_body calls them
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""
