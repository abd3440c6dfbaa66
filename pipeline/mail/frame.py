"""What every mail has in common: its layout's context, a reader's own places, its last checks."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from pipeline import markup, wording
from pipeline.errors import MailError
from pipeline.mail.inline import inline, words
from pipeline.model import Site, language

MAX_HTML = 80_000
"""Octets of the HTML part: Gmail cuts a message off near 102,000, with room for longer URLs."""

LOGO = (200, 48)
"""Pixels that the logo may be wide and high."""

SLOTS = ("leave", "preferences", "reader", "action", "whenpreferences", "endpreferences")
"""What a template may place; the last two enclose what is left out without preferences."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Slots:
    """The words that hold the places of a reader's own values until it is addressed.

    They end in letters that follow from the text, so that no text can contain them, and are such
    that neither templates nor the inliner nor a URL alters them.
    """

    mark: str

    def word(self, name: str) -> str:
        """The word for a slot."""
        return f"QTOK{name.upper()}{self.mark}Q"

    @classmethod
    def for_text(cls, text: str) -> Slots:
        """Words that do not occur in the text."""
        digest = hashlib.sha256(text.encode()).digest()
        return cls("".join(chr(ord("A") + octet % 26) for octet in digest[:16]))


@dataclass(frozen=True, slots=True)
class Rendered:
    """An issue ready to be cut: HTML with its style inlined, and text."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Logo:
    """The picture above the title, as large as it is shown."""

    url: str
    width: int
    height: int


def frame(subject: str, lang: str, path: str, site: Site, slots: Slots) -> dict[str, object]:
    """What the layout of every mail needs: colours, sides, our language, a reader's own values.

    Args:
        subject: The title of the document.
        lang: Of the words that are not ours.
        path: Where it can be read online, below the base URL.
        site: The site.
        slots: The words that hold the places of a reader's own values.

    Raises:
        MailError: A colour of the site is none.
    """
    for colour in (site.accent, site.accent_dark):
        if not _COLOUR.fullmatch(colour):
            said = f"the accent {colour[:40]!r} is not a colour"
            raise MailError(path, said, "write it as #1f4e79")
    voice = wording.voice(lang, site)
    start = wording.start(lang)
    online = site.url(path)
    return {
        "_": voice.say,
        "site": site,
        "logo": _logo(site),
        "subject": subject,
        "lang": lang,
        "dir": wording.direction(lang),
        "start": start,
        "end": "left" if start == "right" else "right",
        "en": tongue(voice.lang, lang),
        "tongue": tongue(lang, voice.lang),
        "web": markup.safe_url,
        "online": online,
        "share": f"mailto:?subject={quote(subject)}&body={quote(online, safe='')}",
        **{name: slots.word(name) for name in SLOTS},
    }


def tongue(lang: str, around: str) -> Markup:
    """What marks words of one language among those of another; nothing where both are one."""
    if language(lang) == language(around):
        return Markup()
    return Markup('lang="{}" dir="{}"').format(lang, wording.direction(lang))


def _logo(site: Site) -> Logo | None:
    """The site's picture, made to fit LOGO."""
    if site.logo is None:
        return None
    share = min(1.0, LOGO[0] / site.logo.width, LOGO[1] / site.logo.height)
    width, height = (max(1, round(side * share)) for side in (site.logo.width, site.logo.height))
    return Logo(site.url(site.logo.path), width, height)


def finished(
    source: str, text: str, path: str, site: Site, slots: Slots, *, can_leave: bool = True
) -> Rendered:
    """Both parts as they are sent: style inlined, lines tidied, and nothing forgotten.

    Args:
        source: The HTML before its style is inlined.
        text: The text part.
        path: What it is about, for the message of an error.
        site: The site.
        slots: The words that hold the places of a reader's own values.
        can_leave: Whether there is anything to leave.

    Raises:
        MailError: It is too large, lost words, or lacks what the law asks for.
    """
    html = inline(source, path)
    text = _tidy(text)
    size = len(html.encode())
    if size > MAX_HTML:
        said = f"its HTML has {size:,} octets, over the {MAX_HTML:,} that mail programs show whole"
        raise MailError(path, said, "split its longest section in two")
    leave, address = slots.word("leave"), _joined(site.postal_address)
    for name, what, is_there in (
        ("foot.html", "a link to `leave`", not can_leave or f'href="{leave}"' in html),
        ("foot.txt", "`leave`", not can_leave or leave in text),
        ("foot.html", "the postal address", address in words(html)),
        ("foot.txt", "the postal address", address in _joined(text)),
    ):
        if not is_there:
            said = f"templates/mail/{name} does not show {what}"
            raise MailError(path, said, "put it back: the law asks for it in every mail")
    return Rendered(f"{html}\n", text)


def _tidy(text: str) -> str:
    """The text without spaces at line ends and without more than one empty line in a row."""
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _joined(text: str) -> str:
    return "".join(text.split())
