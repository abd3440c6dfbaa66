"""Searches what is out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pipeline import store
from pipeline.jobs.desk import Desk
from pipeline.store.searching import CLOSE, OPEN, Found


@dataclass(frozen=True, slots=True)
class Hit:
    """A part in which all the words are."""

    found: Found
    excerpt: tuple[tuple[str, bool], ...]
    """Words of it, and whether they were looked for."""


def search(desk: Desk, said: str, without: Collection[str] = ()) -> tuple[Hit, ...]:
    """The parts in which all the words are, those first that are about them.

    Args:
        desk: The site.
        said: What somebody typed.
        without: Guides that are not shown.
    """
    with desk.store.read() as tx:
        found = store.searching.search(tx, said, without)
    return tuple(Hit(one, tuple(_taken_apart(one.excerpt))) for one in found)


def _taken_apart(excerpt: str) -> list[tuple[str, bool]]:
    pieces: list[tuple[str, bool]] = []
    for piece in excerpt.split(OPEN):
        marked, closed, rest = piece.partition(CLOSE)
        pieces += [(marked, True), (rest, False)] if closed else [(marked, False)]
    return [(words, is_wanted) for words, is_wanted in pieces if words]
