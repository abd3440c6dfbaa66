"""What we say beside the guide's own words: one sentence for feed, mail, text and page."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from pipeline.model import Issue, RelatedLink, Serial, Site, language
from pipeline.template import long_date, minutes, plural, short_date

RTL = frozenset({"ar", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})


def direction(lang: str) -> str:
    """`rtl` for a language written from right to left, else `ltr`."""
    return "rtl" if language(lang) in RTL else "ltr"


def start(issue: Issue) -> str:
    """The side on which its lines begin, `left` or `right`."""
    return "right" if direction(issue.lang) == "rtl" else "left"


def part(issue: Issue) -> str:
    """`Part 3 of 7`; empty for a guide of one part."""
    return f"Part {issue.number} of {issue.of}" if issue.of > 1 else ""


def place(issue: Issue) -> str:
    """Whose part it is and how long it takes: `Sleep and mood · 4 minutes to read`."""
    told = f"{plural(minutes(issue.words), 'minute', 'minutes')} to read"
    return (
        told if issue.guide_title == issue.subject else f"{_own(issue.guide_title, issue)} · {told}"
    )


def next_day(issue: Issue) -> str:
    """The day of the next part in the guide's zone, `Thursday 3 December`; empty if not known.

    The year is told only when it is another than that of this issue.
    """
    if issue.upcoming is None or issue.upcoming.due_at is None:
        return ""
    due = issue.upcoming.due_at.astimezone(ZoneInfo(issue.zone))
    now = issue.released_at.astimezone(ZoneInfo(issue.zone))
    day = long_date(due)
    return day if due.year != now.year else day.rpartition(" ")[0]


def why(link: RelatedLink, issue: Issue) -> str:
    """One line on why a link was chosen; a link is in the language of its issue."""
    source = f"From {_own(link.guide_title, issue)}" if link.guide_title else "Elsewhere"
    reason = f"also on {_own(_listed(link.terms[:3]), issue)}" if link.terms else ""
    if link.pinned:
        reason = "chosen by the editors"
    if link.guide_title == link.title and reason:  # its title has said where it is from
        return reason[0].upper() + reason[1:]
    return f"{source}, {reason}" if reason else source


def closing(issue: Issue) -> str:
    """What the last part, and one whose successor is not planned, says instead of what is next."""
    if issue.of == 1:
        return f"{_own(issue.guide_title, issue)} is complete in this one part."
    if issue.is_final:
        return f"This was the last part. {_own(issue.guide_title, issue)} is complete."
    return "The next part follows when it is ready."


def reviewed(issue: Issue) -> str:
    """When the guide was last reviewed and when it will be again; empty if nobody says so."""
    trust = issue.trust
    if trust.last_reviewed is None or trust.is_unreviewed:
        return ""
    again = f"; next review due {short_date(trust.next_review)}" if trust.next_review else ""
    return f"Last reviewed {short_date(trust.last_reviewed)}{again}."


def overdue(serial: Serial) -> str:
    """What a page says of a guide whose review was due; empty while it holds."""
    due = serial.front.trust.next_review
    if not serial.is_overdue or due is None:
        return ""
    return f"The review of this guide was due on {short_date(due)}; parts of it may no longer hold."


def notes(issue: Issue) -> tuple[str, ...]:
    """What readers are told of changes since it went out: each correction, an edit after review."""
    zone = ZoneInfo(issue.zone)
    told = [
        f"Correction, {short_date(one.at.astimezone(zone))}: {_own(one.note, issue)}"
        for one in issue.corrections
    ]
    if issue.edited_at is not None and reviewed(issue):
        day = short_date(issue.edited_at.astimezone(zone))
        told.append(f"Edited on {day}, after the last review.")
    return tuple(told)


def demonstration(site: Site) -> str:
    """What a demonstration says of itself; empty on a real site."""
    if not site.demonstration:
        return ""
    return "This site is a demonstration. Its guides show how Partwork works; do not rely on them."


def reason(issue: Issue, site: Site) -> str:
    """Why this mail came."""
    return (
        f"You get this mail because you follow “{_own(issue.guide_title, issue)}” on {site.title}."
    )


def _own(words: str, issue: Issue) -> str:
    """The guide's words inside a sentence of ours, kept apart where they run the other way.

    U+2068 and U+2069 isolate them (Unicode Standard Annex 9), in text as in HTML.
    """
    return f"\u2068{words}\u2069" if direction(issue.lang) == "rtl" else words


def _listed(words: Sequence[str]) -> str:
    head, last = words[:-1], words[-1]
    return f"{', '.join(head)} and {last}" if head else last
