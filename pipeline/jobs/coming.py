"""When each guide's next part goes out, and which guides are withdrawn: what HTTP caches ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline import schedule, store
from pipeline.jobs.desk import Desk
from pipeline.jobs.standing import run_of
from pipeline.model import GuideStatus


@dataclass(frozen=True, slots=True)
class Coming:
    """What the web must know without looking at any issue."""

    next_at: Mapping[str, datetime]
    """By slug; a guide that is complete, held or stopped has none."""
    withdrawn: frozenset[str]
    """The slugs of withdrawn guides, aliases included."""

    def soonest(self, slug: str = "") -> datetime | None:
        """When a guide's next part goes out, or any guide's; None when that is not known."""
        return self.next_at.get(slug) if slug else min(self.next_at.values(), default=None)


def coming(desk: Desk, now: datetime) -> Coming:
    """What is to come, from the ledger alone."""
    with desk.store.read() as tx:
        records, ledger = store.guides.records(tx), store.issues.last_releases(tx)
    found: dict[str, datetime] = {}
    withdrawn: set[str] = set()
    for slug, record in records.items():
        if record.front.status is GuideStatus.WITHDRAWN:
            withdrawn |= {slug, *record.former, *record.front.aliases}
        elif record.is_scheduled:
            run = run_of(desk, record.front, record, now)
            released = [ledger[slug]] if slug in ledger else []
            match schedule.next_release(run, released, len(record.parts), now):
                case schedule.Due():
                    found[slug] = now
                case schedule.Waiting(_, _, due_at):
                    found[slug] = due_at
                case _:
                    pass
    return Coming(found, frozenset(withdrawn))
