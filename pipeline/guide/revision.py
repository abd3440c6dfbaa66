"""What became of sections that are out: how much an edit changed, and what they say now."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby
from typing import Any

from pipeline.guide.identity import cosmetic
from pipeline.guide.splitting import bare, now
from pipeline.markup import section_text
from pipeline.model import CodeBlock, Guide, Lines, Profile, Section, Text

FEW = 2
"""Words that may change in an edit that is minor."""

SHARE = 0.02
"""The share of words that may."""

MOST_COMPARED = 3000
"""Words: where more than these differ, nothing about the edit is minor."""

_WORD = re.compile(r"[\w'’-]+")
_NEGATIONS = frozenset({
    "no", "not", "never", "none", "nor", "neither", "without", "cannot", "nicht", "nie", "nein",
    "kein", "keine", "keinen", "ohne", "non", "ne", "pas", "jamais", "sans", "nunca", "ni", "sin",
    "niet", "geen", "nooit", "zonder", "mai", "senza", "não", "sem",
})  # fmt: skip


class Edit(StrEnum):
    """How much an edit changed for readers."""

    COSMETIC = "cosmetic"
    """White space, the shape of quotes and dashes, or nothing."""
    MINOR = "minor"
    """A word or two, emphasis, a link, a number of a section."""
    SUBSTANTIVE = "substantive"
    """What a reader should know of."""


def edit_between(before: Sequence[Section], after: Sequence[Section], profile: Profile) -> Edit:
    """How much changed from one text to the other.

    A number, a negation or a word turned into its opposite is never minor, nor is any word of the
    profile `health`, where only a person can say so.
    """
    if _shape(before) == _shape(after):
        return Edit.COSMETIC
    old, new = _words(before), _words(after)
    if old == new:
        return Edit.MINOR
    if profile is Profile.HEALTH:
        return Edit.SUBSTANTIVE
    return Edit.MINOR if _is_minor(old, new) else Edit.SUBSTANTIVE


def current(released: Sequence[Sequence[Section]], guide: Guide) -> tuple[tuple[Section, ...], ...]:
    """The sections of each issue as the guide says them now; a deleted one stays as it went out.

    Args:
        released: The sections of the issues in order.
        guide: As it was read now, with ids.
    """
    there = {one.id: one for one in guide.parts}
    for section, pieces in _split(released, there):
        there |= {piece.id: piece for piece in now(section, pieces)[: len(pieces)]}
    return tuple(tuple(there.get(one.id, one) for one in sections) for sections in released)


def remaining(
    guide: Guide, out: Collection[str], released: Sequence[Sequence[Section]] = ()
) -> Guide:
    """The guide less what is out: what is still to be planned.

    Args:
        guide: As it was read now, with ids.
        out: The ids of sections that are out, and of pieces of sections.
        released: The sections of the issues in order; needed where pieces are out.
    """
    there = {one.id: one for one in guide.parts}
    rests: dict[str, Section | None] = dict.fromkeys(out)
    for section, pieces in _split(released, there):
        rests[section.id] = next(iter(now(section, pieces)[len(pieces) :]), None)
    left = {key: rests.get(key, section) for key, section in there.items()}
    return dataclasses.replace(
        guide,
        intro=left[guide.intro.id] if guide.intro else None,
        sections=tuple(one for each in guide.sections if (one := left[each.id]) is not None),
        outro=left[guide.outro.id] if guide.outro else None,
    )


def _split(
    released: Sequence[Sequence[Section]], there: Mapping[str, Section]
) -> Iterator[tuple[Section, list[Section]]]:
    """Each section of which pieces are out, with these pieces in order."""
    pieces: dict[str, list[Section]] = {}
    for section in (one for sections in released for one in sections if one.piece is not None):
        pieces.setdefault(bare(section.id), []).append(section)
    for key, found in pieces.items():
        if key in there:
            yield there[key], found


def _shape(node: Any) -> Any:
    """A tree without what is cosmetic: source lines, white space, typography."""
    match node:
        case Lines():
            return None
        case str():
            return cosmetic(node)
        case CodeBlock():
            return node.text, node.language  # in code, space means something
        case tuple():
            return tuple(map(_shape, _joined(node)))
        case _ if dataclasses.is_dataclass(node):
            fields = (_shape(getattr(node, one.name)) for one in dataclasses.fields(node))
            return (type(node).__name__, *fields)
        case _:
            return node


def _joined(nodes: tuple[Any, ...]) -> Iterator[Any]:
    """Nodes with neighbouring texts made one: a line break in the source parts them."""
    for is_text, group in groupby(nodes, lambda one: isinstance(one, Text)):
        if is_text:
            yield Text("".join(one.text for one in group))
        else:
            yield from group


def _words(sections: Iterable[Section]) -> list[str]:
    return [word for text in _texts(sections) for word in _WORD.findall(cosmetic(text).casefold())]


def _texts(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        yield section.title
        yield section_text(dataclasses.replace(section, children=()))
        yield from _texts(section.children)


def _is_minor(old: list[str], new: list[str]) -> bool:
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    old_rest, new_rest = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(old_rest), len(new_rest)) > MOST_COMPARED:
        return False
    changed = 0
    for what, i, j, k, m in SequenceMatcher(None, old_rest, new_rest, autojunk=False).get_opcodes():
        if what != "equal":
            changed += max(j - i, m - k)
            if _turns(old_rest[i:j], new_rest[k:m]):
                return False
    return changed <= max(FEW, SHARE * len(new))


def _common(one: list[str], other: list[str]) -> int:
    """How many words two lists begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _turns(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether the meaning may have turned: a number, a negation, `safe` made `unsafe`."""
    for word in (*old, *new):
        if word in _NEGATIONS or word.endswith(("n't", "n’t")) or any(map(str.isdigit, word)):
            return True
    return any(
        long != short and long.endswith(short)
        for a in old
        for b in new
        for long, short in ((a, b), (b, a))
    )
