"""Searches what is out."""

from __future__ import annotations

from collections.abc import Collection

from pipeline import page, store
from pipeline.jobs.desk import Desk
from pipeline.store.searching import CLOSE, OPEN


def search(desk: Desk, said: str, without: Collection[str] = ()) -> tuple[page.Hit, ...]:
    """The parts in which all the words are, those first that are about them.

    Args:
        desk: The site.
        said: What somebody typed.
        without: Guides that are not shown.
    """
    with desk.store.read() as tx:
        found = store.searching.search(tx, said, without)
    return tuple(
        page.Hit(
            one.path, one.subject, one.guide_title, one.lang, one.number, _taken_apart(one.excerpt)
        )
        for one in found
    )


def _taken_apart(excerpt: str) -> list[tuple[str, bool]]:
    pieces: list[tuple[str, bool]] = []
    for piece in excerpt.split(OPEN):
        marked, closed, rest = piece.partition(CLOSE)
        pieces += [(marked, True), (rest, False)] if closed else [(marked, False)]
    return [(words, is_wanted) for words, is_wanted in pieces if words]
