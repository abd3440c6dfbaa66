"""What is related to the parts of a guide, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline import related
from pipeline.jobs.catalogue import Catalogue, catalogue_of
from pipeline.jobs.desk import Desk
from pipeline.jobs.preview import part_of
from pipeline.jobs.relate import explain, linkable
from pipeline.jobs.standing import standings
from pipeline.model import Issue


@dataclass(frozen=True, slots=True)
class Links:
    """An issue with its links, and what else was considered."""

    issue: Issue
    is_released: bool
    """Then its links are frozen, and what is considered is as of today."""
    considered: tuple[related.Considered, ...]


def links(
    desk: Desk, slug: str, number: int | None, now: datetime, *, explained: bool
) -> tuple[Links, ...]:
    """The related links of a guide's parts, or of one: as frozen, or as they would be chosen now.

    Raises:
        UsageError: There is no such guide or part.
    """
    catalogue = catalogue_of(desk, now)
    with desk.store.read() as tx:
        found = {one.guide.slug: one for one in standings(tx, desk, catalogue, now)}
        total = len(found[slug].parts) if slug in found else 0
    numbers = [number] if number is not None else range(1, total + 1)
    return tuple(
        _links(desk, catalogue, slug, each, now, explained=explained) for each in numbers or [1]
    )


def _links(
    desk: Desk, catalogue: Catalogue, slug: str, number: int, now: datetime, *, explained: bool
) -> Links:  # fmt: skip
    _, issue, is_released = part_of(desk, catalogue, slug, number, now)
    if not explained:
        return Links(issue, is_released, ())
    with desk.store.read() as tx:
        one = next(each for each in standings(tx, desk, catalogue, now) if each.guide.slug == slug)
        return Links(issue, is_released, explain(tx, desk, one, issue, linkable(catalogue, now)))
