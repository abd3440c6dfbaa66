"""What is remembered of a guide's sections between two readings: the ids file beside its source."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import FileError
from pipeline.guide.likeness import read_sketch

VERSION = 1


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
    words: str = ""
    """The sketch of its own text; empty when it has none, or in files of old."""


def dump_ids(known: Sequence[KnownSection]) -> str:
    """The ids file of a guide: JSON, a line a section, the same for the same sections."""
    rows = []
    for one in known:
        row: dict[str, Any] = {"id": one.id, "title": one.title, "hash": one.content_hash}
        row |= {"parents": list(one.parents)} if one.parents else {}
        row |= {"explicit": one.explicit} if one.explicit else {}
        row |= {"gone": True} if one.gone else {}
        row |= {"words": one.words} if one.words else {}
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
    words = str(row.get("words", ""))
    read_sketch(words)
    return KnownSection(
        id=str(row["id"]),
        title=str(row["title"]),
        parents=tuple(map(str, row.get("parents", ()))),
        content_hash=str(row["hash"]),
        explicit=str(row.get("explicit", "")),
        gone=bool(row.get("gone", False)),
        words=words,
    )
