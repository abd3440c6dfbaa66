"""Parts, slots, runs and issues: what is due, and what was released."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from pipeline.model.guide import FrontMatter, GuideStatus, Person, Profile, Section, Trust


@dataclass(frozen=True, slots=True)
class Part:
    """An issue as planned, not yet released: consecutive sections that go out together."""

    number: int
    """From 1."""
    of: int
    subject: str
    sections: tuple[Section, ...]
    words: int


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A nominal local date-time in an IANA zone; `pipeline.schedule.instant` says when that is."""

    local: datetime
    """Naive, to the minute."""
    zone: str

    @property
    def key(self) -> str:
        """The key of a release: `2026-03-29T02:30 Europe/Berlin`."""
        return f"{self.local:%Y-%m-%dT%H:%M} {self.zone}"


class CatchUp(StrEnum):
    """What happens to overdue parts: one a day, all at once, or the rest of the run moves."""

    SPREAD = "spread"
    ALL = "all"
    SHIFT = "shift"


@dataclass(frozen=True, slots=True)
class Run:
    """A calendar that a guide's parts follow: the guide's own (live) or one reader's (drip).

    `started_at` is when the run first came to life; part 1 of a run with `start` "first-run" is
    due then. `resumed_at` is when the operator last let a held run go on. No slot up to `floor_at`
    counts: a reader's pause ended then, or they chose another pace.
    """

    cadence: str
    zone: str
    start: date | Literal["first-run"]
    started_at: datetime
    catch_up: CatchUp = CatchUp.SPREAD
    max_late: timedelta = timedelta(days=14)
    resumed_at: datetime | None = None
    floor_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A part that a run has let out: the ledger's row."""

    number: int
    slot: Slot
    released_at: datetime


@dataclass(frozen=True, slots=True)
class RelatedLink:
    """One "You might also like": where it leads, and why it was chosen."""

    title: str
    path: str
    """URL path below the base URL, or an absolute URL for a pin to another site."""
    guide_title: str
    score: float
    terms: tuple[str, ...] = ()
    """The shared words that weighed most, most first, as readers write them."""
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A part that is still to come, as planned when its forerunner was released."""

    number: int
    title: str
    due_at: datetime | None = None
    """None when it depends on the reader, as in a drip."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A dated note on what was wrong in an issue and has been put right."""

    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Issue:
    """One part as published: the unit of feed entry, mail and page.

    Frozen at release; an edit of its sections makes a new revision under the same id and dates.

    `id` is permanent and is the id of its first section. `due_at` is the instant of its slot,
    `released_at` when it really went out.
    """

    id: str
    guide: str
    guide_title: str
    number: int
    of: int
    subject: str
    lang: str
    sections: tuple[Section, ...]
    words: int
    slot: Slot
    released_at: datetime
    updated_at: datetime
    path: str
    zone: str
    """The guide's zone, for dates that readers see."""
    author: Person | None = None
    tags: tuple[str, ...] = ()
    related: tuple[RelatedLink, ...] = ()
    upcoming: Upcoming | None = None
    trust: Trust = field(default_factory=Trust)
    profile: Profile = Profile.GENERAL
    discreet: bool = False
    """Whether nothing outside the text of its mail may say what it is about."""
    revision: int = 1
    """From 1; a substantive edit or a correction makes the next."""
    corrections: tuple[Correction, ...] = ()
    """Oldest first."""
    edited_at: datetime | None = None
    """When its words changed after a review, until the edit is confirmed as minor."""

    @property
    def is_final(self) -> bool:
        """Whether the guide is complete with this issue."""
        return self.number == self.of


@dataclass(frozen=True, slots=True)
class Serial:
    """A guide as a serial: its parts as planned, those released, and when the others are due."""

    front: FrontMatter
    parts: tuple[Part, ...]
    issues: tuple[Issue, ...]
    """In order of their numbers; none where only how many there are matters."""
    upcoming: tuple[Upcoming, ...] = ()
    """In order; dates as planned now."""
    cadence: str = ""
    """The cadence that its run follows; empty: what the front matter says."""
    is_overdue: bool = False
    """Whether the review that it states was due and has not been renewed."""
    former: tuple[str, ...] = ()
    """Earlier slugs, whose addresses lead to it for ever."""
    out: int = 0
    """How many issues are out, where they are not held here."""
    state: str = ""
    """Another whenever its front matter or parts are, or an issue of it is released or edited."""

    @property
    def done(self) -> int:
        """How many issues are out."""
        return len(self.issues) or self.out

    def with_issues(self, issues: tuple[Issue, ...]) -> Serial:
        """The same with its issues."""
        return replace(self, issues=issues)

    @property
    def is_shown(self) -> bool:
        """Whether there is something to show, and it is not withdrawn."""
        return bool(self.done) and self.front.status is not GuideStatus.WITHDRAWN

    @property
    def is_complete(self) -> bool:
        """Whether every part has been released."""
        if self.issues:
            return self.issues[-1].is_final
        return 0 < self.done == len(self.parts)
