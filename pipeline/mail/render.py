"""An issue as HTML and text, with words in the places of what differs from reader to reader."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import quote

from pipeline import markup, wording
from pipeline.errors import MailError
from pipeline.mail import head
from pipeline.mail.inline import inline, words
from pipeline.model import Issue, Site, Trust, language
from pipeline.template import Templates

MAX_HTML = 80_000
"""Octets of the HTML part: Gmail cuts a message off near 102,000, with room for longer URLs."""

MAX_TICKS = 40
"""Parts that are shown as a tick each; more become one bar."""

PROGRESS = 328
"""Pixels of the progress row: what a phone 375 pixels wide has between the margins."""

GAP = 3
"""Pixels between two ticks."""

MAX_COLUMNS = 4
"""Of a table whose words stay whole: more do not fit a phone."""

WIDEST = 536
"""Pixels between the margins: Outlook shows a picture as wide as its attribute says."""

PREHEADER = 140
"""Characters that an inbox shows beside the subject."""

_FIRST_ROW = re.compile(r"<table>(.*?</tr>)", re.DOTALL)
_CELL = re.compile(r"<t[hd]\b")
_UNALIGNED = re.compile(r"<th(?![^>]* align=)\b")
_IMG = re.compile(r"<img\b[^>]*>")
_SIZE = re.compile(r'(?<= )(width|height)="(\d+)"')
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
class Tick:
    """A step of the progress row: its width in pixels, and whether it has come."""

    width: int
    come: bool


@dataclass(frozen=True, slots=True)
class Like:
    """A related link as a reader sees it."""

    title: str
    url: str
    why: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """An issue ready to be cut: HTML with its style inlined, and text."""

    html: str
    text: str


SLOTS = ("leave", "preferences", "reader", "whenpreferences", "endpreferences")
"""What a template may place; the last two enclose what is left out without preferences."""


def render(issue: Issue, site: Site, templates: Templates, slots: Slots) -> Rendered:
    """The issue's HTML and text.

    Raises:
        MailError: It is too large, lost words, or lacks what the law asks for.
        TemplateError: A template cannot be rendered.
    """
    html = inline(source(issue, site, templates, slots), issue.path)
    titles = _shows_titles(issue)
    body = markup.render_text(issue.sections, base_url=site.base_url, titles=titles)
    context = _context(issue, site, slots)
    text = _tidy(templates.render("mail/issue.txt", body=body.strip("\n"), **context))
    _check_html(html, issue, site, slots)
    _check_text(text, issue, site, slots)
    return Rendered(f"{html}\n", text)


def source(issue: Issue, site: Site, templates: Templates, slots: Slots) -> str:
    """The HTML before its style is inlined."""
    titles = _shows_titles(issue)
    body = markup.render_html(issue.sections, base_url=site.base_url, titles=titles)
    body = _IMG.sub(_fitted, _FIRST_ROW.sub(_table, body))
    body = _UNALIGNED.sub(rf'\g<0> align="{wording.start(issue)}"', body)
    return templates.render("mail/issue.html", body=body, **_context(issue, site, slots))


def _fitted(found: re.Match[str]) -> str:
    """The tag of a picture, its sizes made those of one that fits the column."""
    tag = found[0]
    width = dict(_SIZE.findall(tag)).get("width")
    if width is None or int(width) <= WIDEST:
        return tag
    share = WIDEST / int(width)
    return _SIZE.sub(lambda size: f'{size[1]}="{max(1, round(int(size[2]) * share))}"', tag)


def _table(found: re.Match[str]) -> str:
    """The beginning of a table; one of many columns is marked, so that its words may be broken."""
    wide = len(_CELL.findall(found[1])) > MAX_COLUMNS
    return f'<table class="wide">{found[1]}' if wide else found[0]


def _shows_titles(issue: Issue) -> bool:
    """Whether sections show their titles: not where the only one is the subject, the h1."""
    return markup.needs_titles(issue.sections, issue.subject)


def _context(issue: Issue, site: Site, slots: Slots) -> dict[str, object]:
    for colour in (site.accent, site.accent_dark):
        if not _COLOUR.fullmatch(colour):
            said = f"the accent {colour[:40]!r} is not a colour"
            raise MailError(issue.path, said, "write it as #1f4e79")
    start = wording.start(issue)
    online = site.url(issue.path)
    subject = head.subject(issue)
    return {
        "issue": issue,
        "site": site,
        "trust": issue.trust,
        "about": issue.author is not None or issue.trust != Trust() or site.demonstration,
        "subject": subject,
        "dir": wording.direction(issue.lang),
        "start": start,
        "end": "left" if start == "right" else "right",
        "gap": GAP if issue.of <= MAX_TICKS else 0,
        "foreign": language(issue.lang) != "en",
        "web": markup.safe_url,
        "preheader": markup.summary(issue.sections, PREHEADER),
        "ticks": _ticks(issue),
        "related": tuple(
            Like(link.title, site.url(link.path), wording.why(link, issue))
            for link in issue.related
        ),
        "online": online,
        "share": f"mailto:?subject={quote(subject)}&body={quote(online, safe='')}",
        **_sentences(issue, site),
        **{name: slots.word(name) for name in SLOTS},
    }


def _sentences(issue: Issue, site: Site) -> dict[str, object]:
    return {
        "part": wording.part(issue),
        "place": wording.place(issue),
        "next_day": wording.next_day(issue),
        "closing": wording.closing(issue),
        "reviewed": wording.reviewed(issue),
        "notes": wording.notes(issue),
        "demonstration": wording.demonstration(site),
        "reason": wording.reason(issue, site),
    }


def _ticks(issue: Issue) -> tuple[Tick, ...]:
    """A tick a part; for a long guide a bar of what has come and what has not."""
    if issue.of == 1:
        return ()
    if issue.of > MAX_TICKS:
        come = max(1, round(PROGRESS * issue.number / issue.of))
        bar = (Tick(come, True), Tick(PROGRESS - come, False))
        return tuple(tick for tick in bar if tick.width)
    width = min(24, PROGRESS // issue.of - GAP)
    return tuple(Tick(width, number < issue.number) for number in range(issue.of))


def _tidy(text: str) -> str:
    """The text without spaces at line ends and without more than one empty line in a row."""
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _check_html(html: str, issue: Issue, site: Site, slots: Slots) -> None:
    size = len(html.encode())
    if size > MAX_HTML:
        said = f"its HTML has {size:,} octets, over the {MAX_HTML:,} that mail programs show whole"
        raise MailError(issue.path, said, "split its longest section in two")
    if f'href="{slots.word("leave")}"' not in html:
        raise _missing("issue.html", "a link to `leave`", issue)
    if _joined(site.postal_address) not in words(html):
        raise _missing("issue.html", "the postal address", issue)


def _check_text(text: str, issue: Issue, site: Site, slots: Slots) -> None:
    if slots.word("leave") not in text:
        raise _missing("issue.txt", "`leave`", issue)
    if _joined(site.postal_address) not in _joined(text):
        raise _missing("issue.txt", "the postal address", issue)


def _missing(template: str, what: str, issue: Issue) -> MailError:
    said = f"templates/mail/{template} does not show {what}"
    return MailError(issue.path, said, "put it back: the law asks for it in every mail")


def _joined(text: str) -> str:
    return "".join(text.split())
