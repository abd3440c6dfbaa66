"""An issue as HTML and text, with words in the places of what differs from reader to reader."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline import markup, wording
from pipeline.mail import head
from pipeline.mail.frame import Rendered, Slots, finished, frame
from pipeline.markup import TocEntry
from pipeline.model import Issue, Site, Trust
from pipeline.template import Templates

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

FEWEST_LISTED, MOST_LISTED = 3, 12
"""Headings that a list of contents is worth making for, and that are not too many for one."""

PREHEADER = 140
"""Characters that an inbox shows beside the subject."""

_FIRST_ROW = re.compile(r"<table>(.*?</tr>)", re.DOTALL)
_CELL = re.compile(r"<t[hd]\b")
_UNALIGNED = re.compile(r"<th(?![^>]* align=)\b")
_IMG = re.compile(r"<img\b[^>]*>")
_SIZE = re.compile(r'(?<= )(width|height)="(\d+)"')


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
class Beside:
    """What an issue's mail says besides the issue."""

    previous: Issue | None = None
    """The part before it."""
    is_test: bool = False
    """Whether it goes to the editors alone."""


ALONE = Beside()


def render(
    issue: Issue, site: Site, templates: Templates, slots: Slots, beside: Beside = ALONE
) -> Rendered:
    """The issue's HTML and text.

    Raises:
        MailError: It is too large, lost words, or lacks what the law asks for.
        TemplateError: A template cannot be rendered.
    """
    body = markup.render_text(issue.sections, base_url=site.base_url, titles=_shows_titles(issue))
    context = _context(issue, site, slots, beside)
    text = templates.render("mail/issue.txt", body=body.strip("\n"), **context)
    html = source(issue, site, templates, slots, beside)
    if issue.discreet:  # the names of places are made of headings
        page = site.url(issue.path)
        html, text = (re.sub(rf"(?<={re.escape(page)})#[\w-]+", "", one) for one in (html, text))
    return finished(html, text, issue.path, site, slots)


def source(
    issue: Issue, site: Site, templates: Templates, slots: Slots, beside: Beside = ALONE
) -> str:
    """The HTML before its style is inlined.

    Links to places in the text lead to its page: many mail programs know no places.
    """
    body = markup.render_html(
        issue.sections,
        base_url=site.base_url,
        titles=_shows_titles(issue),
        page_url=site.url(issue.path),
    )
    body = _IMG.sub(_fitted, _FIRST_ROW.sub(_table, body))
    body = _UNALIGNED.sub(rf'\g<0> align="{wording.start(issue.lang)}"', body)
    return templates.render("mail/issue.html", body=body, **_context(issue, site, slots, beside))


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


def subject(issue: Issue, site: Site, beside: Beside) -> str:
    """The subject: the part, its guide, where in it we are; a test says that it is one.

    That of a discreet guide says the last of these alone.

    Raises:
        MailError: It holds a line break or another control character.
    """
    said = wording.voice(issue.lang, site)
    own = wording.discreet(issue, site, said) if issue.discreet else head.subject(issue)
    if not beside.is_test:
        return own
    return head.shortened(said.say("Test: {subject}", subject=own), head.MAX_SUBJECT)


def _context(issue: Issue, site: Site, slots: Slots, beside: Beside) -> dict[str, object]:
    said = wording.voice(issue.lang, site)
    before = beside.previous
    return {
        **frame(subject(issue, site, beside), issue.lang, issue.path, site, slots),
        "issue": issue,
        "trust": issue.trust,
        "about": issue.author is not None or issue.trust != Trust() or site.demonstration,
        "gap": GAP if issue.of <= MAX_TICKS else 0,
        "preheader": "" if issue.discreet else markup.summary(issue.sections, PREHEADER),
        "contents": _contents(issue),
        "ticks": _ticks(issue),
        "previous": Like(before.subject, site.url(before.path), "") if before else None,
        "is_test": beside.is_test,
        "related": tuple(
            Like(link.title, site.url(link.path), wording.why(link, issue, said))
            for link in issue.related
        ),
        **_sentences(issue, site, said),
    }


def _contents(issue: Issue) -> list[TocEntry]:
    """The highest headings inside a part that has several; our template leads to them online."""
    entries = markup.contents(issue.sections, issue.subject)
    found = [one for one in entries if not one.depth]
    return found if FEWEST_LISTED <= len(found) <= MOST_LISTED else []


def _sentences(issue: Issue, site: Site, said: wording.Voice) -> dict[str, object]:
    return {
        "part": wording.part(issue, said),
        "place": wording.place(issue, said),
        "on_day": wording.on_day(issue, said),
        "closing": wording.closing(issue, said),
        "reviewed": wording.reviewed(issue, said),
        "notes": wording.notes(issue, said),
        "demonstration": wording.demonstration(site, said),
        "reason": wording.reason(issue.guide_title, issue.lang, site, said),
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
