"""A guide into parts: short sections joined, long ones split, benefits never without safety."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.guide.splitting import split
from pipeline.markup import count_words
from pipeline.model import Guide, Part, Profile, Section
from pipeline.template import WORDS_A_MINUTE

LONGEST_SUBJECT = 120

_BENEFITS = re.compile(r"\b(?:benefits?|advantages?|efficacy)\b", re.IGNORECASE)
_SAFETY = re.compile(r"\b(?:safety|side[- ]effects?|risks?|harms?|adverse)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Group:
    sections: tuple[Section, ...]
    words: int


def plan(guide: Guide) -> tuple[Part, ...]:
    """The parts of a guide in order; together they say the guide, block for block.

    Nothing below the guide's `min_words` goes out alone: it is joined with what follows, or with
    what comes before where that would make a part of more than `max_minutes`; the last with what
    comes before. A section that takes longer than that goes out in pieces. In the profile `health`
    a section on benefits is whole, and goes out together with the section on safety that follows.
    """
    groups = _joined(guide)
    return tuple(
        Part(number, len(groups), subject(guide.title, group.sections), group.sections, group.words)
        for number, group in enumerate(groups, start=1)
    )


def _units(guide: Guide) -> Iterator[Section]:
    """The guide's sections, long ones in pieces."""
    most = guide.front.max_minutes * WORDS_A_MINUTE
    for section in guide.parts:
        is_whole = guide.front.profile is Profile.HEALTH and _BENEFITS.search(section.title)
        yield from (section,) if is_whole and section.piece is None else split(section, most)


def _joined(guide: Guide) -> list[_Group]:
    groups: list[_Group] = []
    sections: list[Section] = []
    words = 0
    most = guide.front.max_minutes * WORDS_A_MINUTE
    units = list(_units(guide))
    for index, section in enumerate(units):
        size = count_words(section)
        if sections and groups and 0 < most < words + size and words < guide.front.min_words:
            previous = groups[-1]
            if previous.words + words <= most:  # too short to go alone, too long with this one
                groups[-1] = _Group((*previous.sections, *sections), previous.words + words)
                sections, words = [], 0
        sections.append(section)
        words += size
        following = units[index + 1] if index + 1 < len(units) else None
        if words >= guide.front.min_words and not _must_go_on(guide, section, following):
            groups.append(_Group(tuple(sections), words))
            sections, words = [], 0
    if sections and groups:
        last = groups.pop()
        groups.append(_Group((*last.sections, *sections), last.words + words))
    elif sections:
        groups.append(_Group(tuple(sections), words))
    return groups


def _must_go_on(guide: Guide, section: Section, following: Section | None) -> bool:
    """Whether the next section may not be parted from this one."""
    return (
        guide.front.profile is Profile.HEALTH
        and following is not None
        and _BENEFITS.search(section.title) is not None
        and _SAFETY.search(section.title) is None
        and _SAFETY.search(following.title) is not None
    )


def subject(guide_title: str, sections: Sequence[Section]) -> str:
    """The titles of the sections; of an intro or outro alone that of the guide."""
    titles = [section.label for section in sections if section.title]
    if not titles:
        piece = sections[0].piece
        return f"{guide_title} ({piece.number} of {piece.of})" if piece else guide_title
    joined = " · ".join(titles)
    if len(joined) <= LONGEST_SUBJECT or len(titles) == 1:
        return joined
    return f"{titles[0]} … {titles[-1]}" if len(titles) > 1 else titles[0]
