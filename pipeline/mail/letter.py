"""Letters: messages that carry no part of a guide, but are about one, or about several."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pipeline import markup, wording
from pipeline.mail.frame import Rendered, Slots, finished, frame
from pipeline.mail.head import MAX_SUBJECT, shortened
from pipeline.model import Issue, Site
from pipeline.template import Templates
from pipeline.wording import Voice

SUMMARY = 200
"""Characters of a part's beginning that a digest shows."""


class LetterKind(StrEnum):
    """What a letter is for; also the name of its template."""

    CONFIRM = "confirm"
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    CORRECTION = "correction"
    DIGEST = "digest"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says, but for what differs from reader to reader."""

    kind: LetterKind
    lang: str
    path: str
    """Of the page that it is about, below the base URL."""
    guide: str
    """The slug of the guide; of a digest of several, that of the list."""
    guide_title: str
    """Empty where it is about the whole site."""
    issues: tuple[Issue, ...] = ()
    """Of a digest, those that it announces; of a correction, the one that was corrected; at the end
    of a guide, the first parts of others."""
    discreet: bool = False
    """Whether nothing outside its text may say what the guide is about."""

    @property
    def can_leave(self) -> bool:
        """Whether its readers are subscribed."""
        return self.kind not in {LetterKind.CONFIRM, LetterKind.GOODBYE}

    @property
    def is_answer(self) -> bool:
        """Whether it answers what its reader just did."""
        return self.kind in {LetterKind.CONFIRM, LetterKind.WELCOME, LetterKind.GOODBYE}


@dataclass(frozen=True, slots=True)
class Announced:
    """A part as a digest shows it."""

    title: str
    place: str
    summary: str
    url: str


def render_letter(
    letter: Letter, site: Site, templates: Templates, slots: Slots
) -> tuple[Rendered, str]:
    """The letter's HTML and text, and its subject.

    Raises:
        MailError: It is too large, lost words, or lacks what the law asks for.
        TemplateError: A template cannot be rendered.
    """
    html, text, subject = letter_source(letter, site, templates, slots)
    rendered = finished(html, text, letter.path, site, slots, can_leave=letter.can_leave)
    return rendered, subject


def letter_source(
    letter: Letter, site: Site, templates: Templates, slots: Slots
) -> tuple[str, str, str]:
    """The letter's HTML before its style is inlined, its text, and its subject."""
    said = wording.voice(letter.lang, site)
    subject = shortened(_subject(letter, site, said), MAX_SUBJECT)
    context = _context(letter, subject, site, slots, said)
    html, text = (
        templates.render(f"mail/{letter.kind.value}.{ending}", **context)
        for ending in ("html", "txt")
    )
    return html, text, subject


def _context(
    letter: Letter, subject: str, site: Site, slots: Slots, said: Voice
) -> dict[str, object]:
    context = frame(subject, letter.lang, letter.path, site, slots)
    if not letter.can_leave:
        context["leave"] = ""
    return {
        **context,
        "guide": letter.guide_title or site.title,
        "preheader": "",
        "reason": _reason(letter, site, said),
        "notes": tuple(note for one in letter.issues for note in wording.notes(one, said)),
        "announced": tuple(_announced(one, site, said) for one in letter.issues),
    }


def _announced(issue: Issue, site: Site, said: Voice) -> Announced:
    part = wording.part(issue, said)
    place = wording.place(issue, said)
    return Announced(
        issue.subject,
        f"{part} · {place}" if part else place,
        markup.summary(issue.sections, SUMMARY),
        site.url(issue.path),
    )


def _subject(letter: Letter, site: Site, said: Voice) -> str:
    guide = site.title if letter.discreet else letter.guide_title or site.title
    match letter.kind:
        case LetterKind.CONFIRM:
            return said.say("Please confirm: {guide}", guide=guide)
        case LetterKind.WELCOME:
            return said.say("Welcome to {guide}", guide=guide)
        case LetterKind.GOODBYE:
            return said.say("You have left {guide}", guide=guide)
        case LetterKind.CORRECTION:
            title = site.title if letter.discreet else letter.issues[0].subject
            return said.say("Correction: {title}", title=title)
        case LetterKind.FINISHED:
            return said.say("You have read all of {guide}", guide=guide)
        case LetterKind.DIGEST:
            return said.count("{n} new part", "{n} new parts", len(letter.issues)) + f" · {guide}"


def _reason(letter: Letter, site: Site, said: Voice) -> str:
    """Why this letter came."""
    guide = letter.guide_title or site.title
    match letter.kind:
        case LetterKind.CONFIRM:
            return said.say(
                "You get this mail because this address was given for “{guide}” on {site}.",
                guide=guide,
                site=site.title,
            )
        case LetterKind.GOODBYE:
            return said.say("This is the last mail about “{guide}”.", guide=guide)
        case _:
            return wording.reason(guide, letter.lang, site, said)
