"""Permanent ids: minted once for a section, kept through edits, never reused."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.errors import FileError
from pipeline.markup import section_text
from pipeline.model import Guide, Section

VERSION = 1

_TYPOGRAPHY = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-"})


@dataclass(frozen=True, slots=True)
class KnownSection:
    """A section as it was when last seen, with its id."""

    id: str
    title: str
    parents: tuple[str, ...]
    """The titles above it, outermost first."""
    content_hash: str
    explicit: str = ""
    """The `{#id}` that the writer gave it, with its `#`."""
    gone: bool = False
    """A tombstone: the section was deleted, its id stays taken."""


@dataclass(frozen=True, slots=True)
class Identified:
    """A guide whose every section has its id, and what to remember for the next time."""

    guide: Guide
    known: tuple[KnownSection, ...]
    minted: int


def identify(guide: Guide, known: Sequence[KnownSection], mint: Callable[[], str]) -> Identified:
    """The guide with permanent ids.

    A section is recognised, in this order, by the id that the writer gave it, by its content, by
    its title below the same titles. What is not recognised is new; what is missing is kept as a
    tombstone.

    Args:
        guide: As parsed; `Section.id` holds `#...` where the writer gave an id.
        known: What was remembered.
        mint: Gives a new id that was never used.
    """
    seen = [_seen(section, parents) for section, parents in _walk(guide.parts, ())]
    ids = _recognise(seen, known)
    minted = 0
    for place in range(len(seen)):
        if place not in ids:
            ids[place] = mint()
            minted += 1
    numbered = iter(range(len(seen)))
    whole = replace(
        guide,
        intro=_with_id(guide.intro, ids, numbered) if guide.intro else None,
        sections=tuple(_with_id(one, ids, numbered) for one in guide.sections),
        outro=_with_id(guide.outro, ids, numbered) if guide.outro else None,
    )
    there = tuple(replace(one, id=ids[place]) for place, one in enumerate(seen))
    taken = set(ids.values())
    gone = tuple(replace(one, gone=True) for one in known if one.id not in taken)
    return Identified(whole, (*there, *gone), minted)


def _walk(
    sections: Sequence[Section], parents: tuple[str, ...]
) -> Iterator[tuple[Section, tuple[str, ...]]]:
    for section in sections:
        yield section, parents
        yield from _walk(section.children, (*parents, section.title))


def _seen(section: Section, parents: tuple[str, ...]) -> KnownSection:
    own = section_text(replace(section, children=()))
    return KnownSection(
        id="",
        title=section.title or f"({section.role})",
        parents=parents,
        content_hash=content_hash(own),
        explicit=section.id,
    )


def content_hash(text: str) -> str:
    """A hash that white space and the shape of quotes and dashes do not change."""
    plain = " ".join(re.sub(r"\s+", " ", text.translate(_TYPOGRAPHY)).split())
    return hashlib.sha256(plain.encode()).hexdigest()[:32] if plain else ""


_Key = Callable[[KnownSection], Any]

MATCHES: tuple[_Key, ...] = (
    lambda one: one.explicit,
    lambda one: (one.content_hash, one.title, one.parents) if one.content_hash else "",
    lambda one: one.content_hash,
    lambda one: (one.title, one.parents),
)
"""What a section is recognised by, the surest first; an empty key recognises nothing."""


def _recognise(seen: Sequence[KnownSection], known: Sequence[KnownSection]) -> dict[int, str]:
    """The known id of each place in the guide that is recognised."""
    ids: dict[int, str] = {}
    free = [one for one in known if not one.gone]
    for key in MATCHES:
        waiting: dict[Any, list[KnownSection]] = {}
        for one in free:
            waiting.setdefault(key(one), []).append(one)
        for place, one in enumerate(seen):
            candidates = waiting.get(key(one), []) if place not in ids and key(one) else []
            if candidates:
                ids[place] = candidates.pop(0).id
        taken = set(ids.values())
        free = [one for one in free if one.id not in taken]
    return ids


def _with_id(section: Section, ids: dict[int, str], places: Iterator[int]) -> Section:
    mine = ids[next(places)]
    children = tuple(_with_id(child, ids, places) for child in section.children)
    return replace(section, id=mine, children=children)


def dump_ids(known: Sequence[KnownSection]) -> str:
    """The ids file of a guide: JSON, a line a section, the same for the same sections."""
    rows = []
    for one in known:
        row: dict[str, Any] = {"id": one.id, "title": one.title, "hash": one.content_hash}
        row |= {"parents": list(one.parents)} if one.parents else {}
        row |= {"explicit": one.explicit} if one.explicit else {}
        row |= {"gone": True} if one.gone else {}
        rows.append("    " + json.dumps(row, ensure_ascii=False))
    lines = ",\n".join(rows)
    return f'{{\n  "version": {VERSION},\n  "sections": [\n{lines}\n  ]\n}}\n'


def load_ids(text: str, name: str) -> tuple[KnownSection, ...]:
    """What an ids file remembers.

    Raises:
        FileError: It is damaged; names the line.
    """
    try:
        rows = tuple(map(_row, _rows(json.loads(text))))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        line = getattr(error, "lineno", 1)
        todo = "restore it from your version control"
        raise FileError(f"{name}:{line}", f"the ids file is damaged ({error})", todo) from error
    return rows


def _rows(said: Any) -> list[Any]:
    if said["version"] != VERSION:
        raise ValueError(f"version {said['version']} is not known")
    if len({row["id"] for row in said["sections"]}) < len(said["sections"]):
        raise ValueError("an id stands there twice")
    return list(said["sections"])


def _row(row: Any) -> KnownSection:
    return KnownSection(
        id=str(row["id"]),
        title=str(row["title"]),
        parents=tuple(map(str, row.get("parents", ()))),
        content_hash=str(row["hash"]),
        explicit=str(row.get("explicit", "")),
        gone=bool(row.get("gone", False)),
    )
