"""Permanent ids: minted once for a section, kept through edits, never reused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.guide.ids_file import KnownSection
from pipeline.guide.likeness import sketch
from pipeline.guide.matching import Doubt, Matching
from pipeline.markup import section_text
from pipeline.model import Diagnostic, Guide, Section, Severity

_TYPOGRAPHY = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " ", "…": "..."}
)


class Accept(StrEnum):
    """What the writer says to every doubt: it is the section that readers know, or a new one."""

    SAME = "same"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Identified:
    """A guide whose every section has its id, and what to remember for the next time."""

    guide: Guide
    known: tuple[KnownSection, ...]
    minted: frozenset[str]
    """The ids that are new."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """Errors: what only the writer can say. Then the ids are not to be kept."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A section where it stands, as it would be remembered."""

    section: Section
    seen: KnownSection


def identify(
    guide: Guide,
    known: Sequence[KnownSection],
    mint: Callable[[], str],
    *,
    out: Collection[str] | None = None,
    accept: Accept | None = None,
) -> Identified:
    """The guide with permanent ids.

    A section is recognised, in this order, by the id that the writer gave it, by its content, by
    its title below the same titles, by having most of the same words, by its neighbours. What is
    not recognised is new; what is missing is kept as a tombstone. A doubt is an error, and is never
    settled by a guess.

    Args:
        guide: As parsed; `Section.id` holds `#...` where the writer gave an id.
        known: What was remembered.
        mint: Gives a new id that was never used.
        out: The ids of sections that readers have; only about those a doubt matters. None:
            they may have all.
        accept: What the writer says to every doubt.
    """
    before = {one.content_hash: one.words for one in known if one.words}
    places = [_place(one, parents, before) for one, parents in _walk(guide.parts, ())]
    matching = Matching([one.seen for one in places], known, _is_out(out))
    matching.run()
    if accept is Accept.SAME:
        _settle(matching)
    diagnostics = list(_repeated(guide, places))
    if accept is None:
        diagnostics += [_question(guide, places[one.place], one) for one in matching.doubts]
    ids = {place: one.id for place, one in matching.found.items()}
    fresh = {place: mint() for place in range(len(places)) if place not in ids}
    ids |= fresh
    there = tuple(replace(one.seen, id=ids[place]) for place, one in enumerate(places))
    taken = set(ids.values())
    gone = tuple(replace(one, gone=True) for one in known if one.id not in taken)
    whole = _with_ids(guide, ids)
    return Identified(whole, (*there, *gone), frozenset(fresh.values()), tuple(diagnostics))


def _is_out(out: Collection[str] | None) -> Callable[[KnownSection], bool]:
    return lambda one: out is None or one.id in out


def _settle(matching: Matching) -> None:
    """Take each doubt's likeliest candidate that is still free."""
    taken = {one.id for one in matching.found.values()}
    for doubt in matching.doubts:
        chosen = next((one for one in doubt.candidates if one.id not in taken), None)
        if chosen is not None:
            matching.found[doubt.place] = chosen
            taken.add(chosen.id)


def _question(guide: Guide, place: _Place, doubt: Doubt) -> Diagnostic:
    maybe = " or ".join(f'"{one.title}"' for one in doubt.candidates)
    what = (
        f'"{place.seen.title}" may be {maybe} rewritten, or new: readers have that section. Say '
        f"which: partwork guide ids {guide.slug} --accept same|new, or give it an id ({{#name}})"
    )
    return Diagnostic(guide.source, place.section.lines.first, Severity.ERROR, "ids", what)


def _repeated(guide: Guide, places: Sequence[_Place]) -> Iterator[Diagnostic]:
    """One `{#id}` given to two sections: neither can be told from the other."""
    first: dict[str, int] = {}
    for one in places:
        name, line = one.seen.explicit, one.section.lines.first
        if name and first.setdefault(name, line) != line:
            what = f"{{{name}}} was given to line {first[name]} already; give each its own"
            yield Diagnostic(guide.source, line, Severity.ERROR, "ids", what)


def _walk(
    sections: Sequence[Section], parents: tuple[str, ...]
) -> Iterator[tuple[Section, tuple[str, ...]]]:
    for section in sections:
        yield section, parents
        yield from _walk(section.children, (*parents, section.title))


def _place(section: Section, parents: tuple[str, ...], before: Mapping[str, str]) -> _Place:
    own = section_text(replace(section, children=()))
    digest = content_hash(own)
    seen = KnownSection(
        id="",
        title=section.title or f"({section.role})",
        parents=parents,
        content_hash=digest,
        explicit=section.id,
        words=before.get(digest) or sketch(own),
    )
    return _Place(section, seen)


def cosmetic(text: str) -> str:
    """A text without what an edit of white space, quotes or dashes changes."""
    return " ".join(text.translate(_TYPOGRAPHY).split())


def content_hash(text: str) -> str:
    """A hash that white space and the shape of quotes and dashes do not change."""
    plain = cosmetic(text)
    return hashlib.sha256(plain.encode()).hexdigest()[:32] if plain else ""


def _with_ids(guide: Guide, ids: Mapping[int, str]) -> Guide:
    places = iter(range(len(ids)))
    return replace(
        guide,
        intro=_with_id(guide.intro, ids, places) if guide.intro else None,
        sections=tuple(_with_id(one, ids, places) for one in guide.sections),
        outro=_with_id(guide.outro, ids, places) if guide.outro else None,
    )


def _with_id(section: Section, ids: Mapping[int, str], places: Iterator[int]) -> Section:
    mine = ids[next(places)]
    children = tuple(_with_id(child, ids, places) for child in section.children)
    return replace(section, id=mine, children=children)
