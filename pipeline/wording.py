"""What we say beside the guide's own words: one sentence for feed, mail, text and page.

Sentences are written in English where they are said; catalogues (gettext's PO files) hold them in
other languages. A sentence that a catalogue lacks is said in English. The only door to Babel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from gettext import c2py
from zoneinfo import ZoneInfo

from pipeline.errors import TemplateError
from pipeline.model import Catalogue, Issue, RelatedLink, Serial, Site, language
from pipeline.template import long_date, minutes, short_date

RTL = frozenset({"ar", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})
FOLDER = "locale/"
"""Below templates/: a catalogue for each language, `de.po`."""

_YEAR = re.compile(r"^y+\S*\s*|[\s,،]*(?:'[^']*'\s*)?y+\s*$")
_PLACE = re.compile(r"\{(\w+)\}")


def autonym(lang: str) -> str:
    """The name of a language in that language; its code where that is not known."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(lang, sep="-").get_display_name() or lang
    except (UnknownLocaleError, ValueError):
        return lang


@dataclass(frozen=True, slots=True)
class Voice:
    """A language that we speak."""

    lang: str
    _catalogue: Catalogue | None = None

    def say(self, message: str, **values: object) -> str:
        """A sentence.

        Args:
            message: In English, with `{names}` in the places of values.
            values: What stands in these places.
        """
        found = self._catalogue.messages.get(message) if self._catalogue else None
        return _filled(found[0] if found else message, values)

    def count(self, one: str, many: str, number: int) -> str:
        """A sentence about so many things: `{n}` is their number.

        Args:
            one: In English, about one of them.
            many: In English, about any other number.
            number: How many there are.
        """
        found = self._catalogue.messages.get(one) if self._catalogue else None
        if found and self._catalogue and len(found) > 1:
            chosen = found[min(c2py(self._catalogue.plural)(number), len(found) - 1)]
        else:
            chosen = one if number == 1 else many
        return _filled(chosen, {"n": number})

    def long_date(self, at: date) -> str:
        """`Monday 30 November 2026`."""
        return _dated(at, "full", self.lang) if self._catalogue else long_date(at)

    def short_date(self, at: date) -> str:
        """`30 November 2026`."""
        return _dated(at, "long", self.lang) if self._catalogue else short_date(at)

    def day(self, at: date) -> str:
        """`Monday 30 November`: where the year goes without saying."""
        if self._catalogue:
            return _dated(at, "day", self.lang)
        return long_date(at).rpartition(" ")[0]


ENGLISH = Voice("en")


def voice(lang: str, site: Site) -> Voice:
    """The language that we speak beside words of this one: itself if there is a catalogue."""
    own = language(lang)
    found = site.catalogues.get(own)
    return Voice(own, found) if found else ENGLISH


def read_catalogues(sources: Mapping[str, str]) -> dict[str, Catalogue]:
    """The catalogues among templates, by language; the site's own come before the product's.

    Raises:
        TemplateError: One is no PO file, or a sentence lacks a value that its original has.
    """
    names = sorted(name for name in sources if name.startswith(FOLDER) and name.endswith(".po"))
    return {name[len(FOLDER) : -3]: _catalogue(name, sources[name]) for name in names}


def _catalogue(name: str, source: str) -> Catalogue:
    from babel.messages.pofile import PoFileError, read_po

    try:
        found = read_po(source.splitlines(keepends=True), abort_invalid=True)
        plural = str(found.plural_expr)
        c2py(plural)
    except (PoFileError, ValueError, LookupError) as error:
        raise TemplateError(name, None, f"is no PO file: {error}") from error
    messages: dict[str, tuple[str, ...]] = {}
    for one in found:
        forms = tuple(one.string) if isinstance(one.string, tuple) else (str(one.string),)
        ids = one.id if isinstance(one.id, tuple) else (str(one.id),)
        if ids[0] and not one.fuzzy and all(forms):
            wanted = set(_PLACE.findall(ids[-1]))
            if any(set(_PLACE.findall(form)) - wanted for form in forms) or not any(
                wanted <= set(_PLACE.findall(form)) for form in forms
            ):
                what = f"{forms[0]!r} has not the {{names}} of {ids[-1]!r}"
                raise TemplateError(name, one.lineno, what)
            messages[ids[0]] = forms
    return Catalogue(messages, plural)


def _filled(text: str, values: Mapping[str, object]) -> str:
    return _PLACE.sub(lambda found: str(values[found[1]]), text) if values else text


def _dated(at: date, form: str, lang: str) -> str:
    """A date by Unicode's CLDR; of a form without a year the year is taken out of the full one."""
    from babel.dates import format_date, get_date_format

    if form in {"full", "long"}:
        return format_date(at, form, lang)
    full = get_date_format("full", lang).pattern
    return format_date(at, _YEAR.sub("", full), lang)


def direction(lang: str) -> str:
    """`rtl` for a language written from right to left, else `ltr`."""
    return "rtl" if language(lang) in RTL else "ltr"


def start(lang: str) -> str:
    """The side on which lines of a language begin, `left` or `right`."""
    return "right" if direction(lang) == "rtl" else "left"


def part(issue: Issue, said: Voice = ENGLISH) -> str:
    """`Part 3 of 7`; empty for a guide of one part."""
    if issue.of == 1:
        return ""
    return said.say("Part {number} of {of}", number=issue.number, of=issue.of)


def discreet(issue: Issue, site: Site, said: Voice = ENGLISH) -> str:
    """What names an issue without saying what it is about: `Part 3 of 7`, or the site's title."""
    return part(issue, said) or site.title


def reading_time(words: int, said: Voice = ENGLISH) -> str:
    """`4 minutes to read`."""
    return said.count("{n} minute to read", "{n} minutes to read", minutes(words))


def place(issue: Issue, said: Voice = ENGLISH) -> str:
    """Whose part it is and how long it takes: `Sleep and mood · 4 minutes to read`."""
    told = reading_time(issue.words, said)
    if issue.guide_title == issue.subject:
        return told
    return f"{_own(issue.guide_title, issue.lang, said)} · {told}"


def next_day(issue: Issue, said: Voice = ENGLISH) -> str:
    """The day of the next part in the guide's zone, `Thursday 3 December`; empty if not known.

    The year is told only when it is another than that of this issue.
    """
    if issue.upcoming is None or issue.upcoming.due_at is None:
        return ""
    due = issue.upcoming.due_at.astimezone(ZoneInfo(issue.zone))
    now = issue.released_at.astimezone(ZoneInfo(issue.zone))
    return said.day(due) if due.year == now.year else said.long_date(due)


def on_day(issue: Issue, said: Voice = ENGLISH) -> str:
    """What follows the title of the next part: `on Thursday 3 December`; empty if not known."""
    day = next_day(issue, said)
    return said.say("on {day}", day=day) if day else ""


def why(link: RelatedLink, issue: Issue, said: Voice = ENGLISH) -> str:
    """One line on why a link was chosen; a link is in the language of its issue."""
    title = _own(link.guide_title, issue.lang, said)
    terms = _own(_listed(link.terms[:3], said), issue.lang, said) if link.terms else ""
    is_told = link.guide_title == link.title  # its title has said where it is from
    if link.pinned:
        alone = said.say("Chosen by the editors")
        both = said.say("From {guide}, chosen by the editors", guide=title)
        elsewhere = said.say("Elsewhere, chosen by the editors")
    elif terms:
        alone = said.say("Also on {terms}", terms=terms)
        both = said.say("From {guide}, also on {terms}", guide=title, terms=terms)
        elsewhere = said.say("Elsewhere, also on {terms}", terms=terms)
    else:
        both, elsewhere = said.say("From {guide}", guide=title), said.say("Elsewhere")
        alone = both
    if is_told and link.guide_title:
        return alone
    return both if link.guide_title else elsewhere


def closing(issue: Issue, said: Voice = ENGLISH) -> str:
    """What the last part, and one whose successor is not planned, says instead of what is next."""
    guide = _own(issue.guide_title, issue.lang, said)
    if issue.of == 1:
        return said.say("{guide} is complete in this one part.", guide=guide)
    if issue.is_final:
        return said.say("This was the last part. {guide} is complete.", guide=guide)
    return said.say("The next part follows when it is ready.")


def reviewed(issue: Issue, said: Voice = ENGLISH) -> str:
    """When the guide was last reviewed and when it will be again; empty if nobody says so."""
    trust = issue.trust
    if trust.last_reviewed is None or trust.is_unreviewed:
        return ""
    day = said.short_date(trust.last_reviewed)
    if trust.next_review is None:
        return said.say("Last reviewed {day}.", day=day)
    again = said.short_date(trust.next_review)
    return said.say("Last reviewed {day}; next review due {again}.", day=day, again=again)


def overdue(serial: Serial, said: Voice = ENGLISH) -> str:
    """What a page says of a guide whose review was due; empty while it holds."""
    due = serial.front.trust.next_review
    if not serial.is_overdue or due is None:
        return ""
    return said.say(
        "The review of this guide was due on {day}; parts of it may no longer hold.",
        day=said.short_date(due),
    )


def notes(issue: Issue, said: Voice = ENGLISH) -> tuple[str, ...]:
    """What readers are told of changes since it went out: each correction, an edit after review."""
    zone = ZoneInfo(issue.zone)
    told = [
        said.say(
            "Correction, {day}: {note}",
            day=said.short_date(one.at.astimezone(zone)),
            note=_own(one.note, issue.lang, said),
        )
        for one in issue.corrections
    ]
    if issue.edited_at is not None and reviewed(issue):
        day = said.short_date(issue.edited_at.astimezone(zone))
        told.append(said.say("Edited on {day}, after the last review.", day=day))
    return tuple(told)


def demonstration(site: Site, said: Voice = ENGLISH) -> str:
    """What a demonstration says of itself; empty on a real site."""
    if not site.demonstration:
        return ""
    return said.say(
        "This site is a demonstration. Its guides show how Partwork works; do not rely on them."
    )


def reason(guide: str, lang: str, site: Site, said: Voice = ENGLISH) -> str:
    """Why mail of a guide comes, by its title and language."""
    return said.say(
        "You get this mail because you follow “{guide}” on {site}.",
        guide=_own(guide, lang, said),
        site=site.title,
    )


def people(issue: Issue, said: Voice = ENGLISH) -> Iterator[tuple[str, str]]:
    """Who wrote and who reviewed, where the front matter says so: a label and a name."""
    trust = issue.trust
    scope = f" ({trust.review_scope})" if trust.review_scope else ""
    for label, person, added in (
        (said.say("Author:"), issue.author, ""),
        (said.say("Reviewer:"), trust.reviewer, scope),
    ):
        if person is not None:
            yield label, ", ".join(filter(None, (person.name, person.credentials))) + added


def _own(words: str, lang: str, said: Voice) -> str:
    """The guide's words inside a sentence of ours, kept apart where they run the other way.

    U+2068 and U+2069 isolate them (Unicode Standard Annex 9), in text as in HTML.
    """
    runs_other = direction(lang) != direction(said.lang)
    return f"\u2068{words}\u2069" if runs_other and words else words


def _listed(words: Sequence[str], said: Voice) -> str:
    head, last = words[:-1], words[-1]
    if not head:
        return last
    return said.say("{words} and {last}", words=said.say(", ").join(head), last=last)
