"""What mail programs will not show of a mail, told before it is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal
from urllib.parse import urlsplit

from typing_extensions import override

from pipeline.mail.features import UNKNOWN, Use, uses
from pipeline.mail.frame import MAX_HTML

WARN_HTML = 60_000
"""Octets of the HTML part from which little room is left; see MAX_HTML."""

MAX_STYLE = 8_000
"""Octets of style that stay in the head: Gmail drops a sheet of more than 16,384 characters, and
every one after it."""

LISTED = 4
"""Programs that a line names; the others are counted."""

CLIENTS = ("apple-mail", "gmail", "outlook", "samsung-email", "thunderbird", "yahoo")
"""The programs that mail is made for, unless the settings name others."""

ALLOWED: Mapping[str, str] = {
    "css-at-media": "the one column is fluid without it; it only sets smaller margins on phones",
    "css-at-media-prefers-color-scheme": "without it the mail is light, and readable",
    "css-border-radius": "corners are square",
    "css-color-scheme": "the mail is light, or the program turns its colours itself",
    "css-display-none": "the preheader is also one pixel high and clipped, and hidden from Outlook",
    "css-height": "rows of the progress are as high as their attribute says",
    "css-max-height": "the preheader is also not displayed",
    "css-overflow": "the preheader is also not displayed",
    "css-overflow-wrap": "long addresses are broken by word-break, or make the mail wider",
    "css-pseudo-class-hover": "links look the same when pointed at",
    "css-selector-attribute": "those of Outlook's dark mode, which no other program needs",
    "css-selector-class": "only in the sheet that stays in the head",
    "css-selector-descendant": "only in the sheet that stays in the head",
    "css-selector-type": "only in the sheet that stays in the head",
    "css-selector-grouping": "only in the sheet that stays in the head",
    "css-sytem-ui": "the faces after it in the stack are used",
    "css-text-decoration-thickness": "the line under a link keeps its weight",
    "css-white-space": "long lines of code are not broken",
    "css-word-break": "long addresses make the mail wider",
    "html-abbr": "shown as any other words",
    "html-bdi": "words of another direction may stand in another order",
    "html-rp": "ruby is shown in a row, between parentheses",
    "html-rt": "ruby is shown in a row, between parentheses",
    "html-ruby": "ruby is shown in a row, between parentheses",
    "html-wbr": "the word is not broken",
    "html-anchor-links": "leads nowhere; the page online has the place",
    "html-aria-hidden": "what it hides is read aloud: five ticks without words",
    "html-aria-label": "the numeral is read as two numbers",
    "html-meta-color-scheme": "the mail is light, or the program turns its colours itself",
    "html-role": "a screen reader says that there is a table",
    "html-semantics": "shown as any other words",
    "html-style": "everything that is needed is in attributes",
    "image-webp": "shown as its words: save it as PNG or JPEG for every program",
}
"""Features that some program does not know, and what its readers get in their place: reviewed one
by one. A feature that is not here must be known to every declared program."""

_UNREPLACED = re.compile(r"QTOK[A-Z]+|\{\{|\{%|%7B%7B", re.IGNORECASE)
_FORBIDDEN = frozenset(
    {"applet", "base", "embed", "form", "frame", "iframe", "link", "object", "script"}
)
_CLICK = re.compile(
    r"^\W*(?:click here|here|hier|hier klicken|this link|link|اضغط هنا)\W*$", re.IGNORECASE
)
_WHOLE = re.compile(r"https?://|mailto:", re.IGNORECASE)
_HOST = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(?:[/?#:]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Support:
    """Which program knows what."""

    source: str
    """Where it is from, and of when."""
    clients: tuple[str, ...]
    """As `gmail.ios`."""
    features: Mapping[str, str]
    """A letter for each of the clients: y, n, a (in part), u (not known)."""

    def lacking(self, feature: str, wanted: Iterable[str]) -> tuple[str, ...]:
        """The wanted clients that do not know a feature at all.

        Args:
            feature: Its name.
            wanted: Families as `gmail`, or single programs as `gmail.ios`.
        """
        names = set(wanted)
        letters = self.features.get(feature, "")
        return tuple(
            client
            for client, letter in zip(self.clients, letters, strict=False)
            if letter == "n" and (client in names or client.partition(".")[0] in names)
        )


def read_support(text: str) -> Support:
    """The table from its JSON."""
    said = json.loads(text)
    return Support(said["source"], tuple(said["clients"]), said["features"])


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a reader would see, or not see."""

    severity: Literal["error", "warning"]
    rule: str
    where: str
    message: str

    @override
    def __str__(self) -> str:
        return f"{self.where}: {self.severity} {self.rule}: {self.message}"


def lint(
    document: str,
    support: Support,
    clients: Iterable[str] = CLIENTS,
    allowed: Iterable[str] = (),
) -> tuple[Finding, ...]:
    """What mail programs will not show of an HTML part, or show amiss.

    Args:
        document: As it is sent.
        support: Which program knows what.
        clients: The programs that matter; families or single ones.
        allowed: Features that the site takes on itself, besides ALLOWED.
    """
    names = tuple(clients)
    fine = {*ALLOWED, *allowed}
    found = [
        *(
            one
            for use in uses(document, support.features)
            if use.feature not in fine
            for one in _lacking(use, support.lacking(use.feature, names))
        ),
        *_sizes(document),
        *_Faults(document).found,
    ]
    return tuple(dict.fromkeys(found))


def _lacking(use: Use, missing: tuple[str, ...]) -> Iterator[Finding]:
    if use.feature.startswith(UNKNOWN):
        name = use.feature.removeprefix(UNKNOWN)
        yield Finding("error", name, use.where, "no table says which programs know it")
    elif missing:
        more = len(missing) - LISTED
        shown = ", ".join(missing[:LISTED]) + (f" and {more} more" if more > 0 else "")
        yield Finding("error", use.feature, use.where, f"not known to {shown}")


def _sizes(document: str) -> Iterator[Finding]:
    size = len(document.encode())
    if size > MAX_HTML:
        yield Finding("error", "size", "<html>", f"{size:,} octets, at most {MAX_HTML:,}")
    elif size > WARN_HTML:
        said = f"{size:,} octets; over {MAX_HTML:,} it is not sent"
        yield Finding("warning", "size", "<html>", said)
    style = sum(map(len, re.findall(r"<style\b.*?</style>", document, re.DOTALL)))
    if style > MAX_STYLE:
        said = f"{style:,} octets of style in the head, at most {MAX_STYLE:,}"
        yield Finding("error", "style-size", "<style>", said)
    if (token := _UNREPLACED.search(document)) is not None:
        yield Finding("error", "placeholder", "<html>", f"{token[0]!r} was not replaced")


def _host(href: str) -> str | None:
    """The host of an address, empty where it has none; None if it cannot be taken apart."""
    try:
        return urlsplit(href).hostname or ""
    except ValueError:  # such as an unclosed [ of an IPv6 address
        return None


class _Faults(HTMLParser):
    """What is wrong whatever the program."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: list[Finding] = []
        self._ids = set(re.findall(r'\bid="([^"]*)"', document))
        self._link: list[str] | None = None
        self._href = ""
        self.feed(document)
        self.close()

    def _tell(self, rule: str, where: str, message: str) -> None:
        self.found.append(Finding("error", rule, where, message))

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        where = f"<{tag}>"
        if tag in _FORBIDDEN:
            self._tell("active", where, "is taken out, or makes the mail suspect")
        for name in told:
            if name.startswith("on"):
                self._tell("active", where, f"{name} is taken out, or makes the mail suspect")
        if tag == "img":
            self._picture(told)
        if tag == "a":
            self._link, self._href = [], told.get("href", "")
            self._address(self._href)

    def _picture(self, told: dict[str, str]) -> None:
        if "alt" not in told:
            self._tell("alt", "<img>", f"{told.get('src', '')} has no words for those who see none")
        if not told.get("src", "").startswith(("https://", "cid:")):
            shown = told.get("src", "")[:60]
            self._tell("src", "<img>", f"{shown!r} is no https address: it is not shown")

    def _address(self, href: str) -> None:
        if href.startswith("#"):
            if href[1:] not in self._ids:
                self._tell("anchor", "<a>", f"{href} leads to no place in this mail")
        elif not _WHOLE.match(href) or _host(href) is None:
            self._tell("href", "<a>", f"{href[:60]!r} is no whole web or mail address")

    @override
    def handle_data(self, data: str) -> None:
        if self._link is not None:
            self._link.append(data)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag != "a" or self._link is None:
            return
        words = " ".join("".join(self._link).split())
        self._link = None
        if _CLICK.match(words):
            said = f"{words!r} does not say where {self._href[:60]} leads"
            self._tell("link-words", "<a>", said)
        shown = _HOST.match(words)
        host = (_host(self._href) or "").removeprefix("www.")
        if shown and host and shown[1].lower().removeprefix("www.") != host:
            said = f"shows {shown[1]} and leads to {host}, as frauds do"
            self._tell("link-host", "<a>", said)
