"""The page of preferences, and the pages of leaving for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from pipeline.model import Site, Subscriber
from pipeline.page.frame import Head, frame
from pipeline.page.joining import EVERY, PACES, WEEKDAYS, languages
from pipeline.template import Templates

DONE: Mapping[str, str] = MappingProxyType({
    "saved": "That is saved.",
    "paused": "It is paused. Nothing comes until then.",
    "resumed": "It goes on.",
    "hurried": "The next part is on its way.",
    "restarted": "It begins again, with part 1.",
    "live": "From now on it comes as it is released.",
    "joined": "You follow one guide more.",
    "left": "You have left it. Nothing more of it comes.",
})  # fmt: skip
"""What was done, by the name that the address of the page holds."""

PAUSES = ((7, "for a week"), (14, "for two weeks"), (30, "for a month"), (90, "for three months"))


@dataclass(frozen=True, slots=True)
class Followed:
    """A guide that somebody follows, as the page shows it."""

    slug: str
    title: str
    lang: str
    total: int
    received: int
    is_drip: bool
    is_finished: bool
    cadence: str
    paused_until: datetime | None
    next_at: datetime | None
    zone: str
    by_feed: str
    """Below the base URL: the same in a feed reader, from where they are."""

    @property
    def weekdays(self) -> frozenset[str]:
        """The days of a weekly cadence, by their first three letters."""
        kind, _, days = self.cadence.partition(" ")
        return frozenset(days.split(",")) if kind == "weekly" else frozenset()


@dataclass(frozen=True, slots=True)
class Preferences:
    """All that the page shows."""

    person: Subscriber
    follows: tuple[Followed, ...]
    follows_every: bool
    others: tuple[tuple[str, str, str], ...]
    """Guides that are not followed: slug, title, language."""
    zones: Sequence[str]
    done: str = ""
    problem: str = ""


def preferences_page(one: Preferences, token: str, site: Site, templates: Templates) -> str:
    """What somebody follows, and all that they may change about it.

    Args:
        one: What is shown.
        token: Of their preferences, for the forms.
        site: The site.
        templates: Its templates.
    """
    context = frame(Head("Your subscriptions", root="../../"), site, templates) | {
        "one": one,
        "mine": f"../../u/me/{token}",
        "every": EVERY,
        "done": DONE.get(one.done, ""),
        "paces": tuple(PACES.items()),
        "pauses": PAUSES,
        "weekdays": WEEKDAYS,
        "hours": range(24),
        "languages": languages(site),
    }
    return templates.render("page/preferences.html", **context)


def erase_page(token: str, site: Site, templates: Templates, *, is_done: bool) -> str:
    """What erasing does, with the button that does it; or that it is done."""
    title = "You are forgotten" if is_done else "Erase everything about you?"
    context = frame(Head(title, root="../../../"), site, templates) | {
        "is_done": is_done,
        "mine": f"../../../u/me/{token}",
    }
    return templates.render("page/erase.html", **context)


def returned_page(site: Site, templates: Templates, *, is_done: bool) -> str:
    """That having left is undone, or what to do where it no longer can be."""
    title = "You are back" if is_done else "This link has done its work"
    context = frame(Head(title, root="../../"), site, templates) | {"is_done": is_done}
    return templates.render("page/returned.html", **context)


def come_back_page(guide_title: str, site: Site, templates: Templates) -> str:
    """What undoing means, with the button that does it."""
    head = Head("Follow it again?", root="../../")
    context = frame(head, site, templates) | {"guide_title": guide_title, "is_done": None}
    return templates.render("page/returned.html", **context)
