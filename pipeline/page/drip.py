"""The page on which a reader picks a day and a pace, and gets the dated links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from pipeline.model import FrontMatter, Site
from pipeline.page.frame import Head, frame
from pipeline.page.published import FeedLink
from pipeline.template import Templates, long_date

IN_WORDS: Mapping[str, str] = MappingProxyType({
    "1d": "every day",
    "2d": "every other day",
    "3d": "every three days",
    "7d": "every week",
    "14d": "every two weeks",
    "weekdays": "from Monday to Friday",
})  # fmt: skip
"""The paces by their names in an address, as readers say them."""

USUAL = "7d"


@dataclass(frozen=True, slots=True)
class Choice:
    """A drip that somebody picked."""

    start: date
    rhythm: str
    next_at: datetime | None
    """When its next part comes, if that is known."""


@dataclass(frozen=True, slots=True)
class DripDays:
    """The days on which a drip of a guide may begin: from the first to the day after today."""

    first: date
    today: date
    zone: str
    """Of these days."""


def drip_page(
    front: FrontMatter, days: DripDays, choice: Choice | None, site: Site, templates: Templates
) -> str:
    """The page of a guide's drips, or of one of them.

    Args:
        front: Of the guide.
        days: On which one may begin.
        choice: The drip, for its own page.
        site: The site.
        templates: Its templates.
    """
    home = f"drip/{front.slug}/"
    path = f"{home}{choice.start}/{choice.rhythm}/" if choice else home
    root = "../" * path.count("/")
    # Every pair of a day and a pace is a page; search engines are to find one.
    head = Head(f"{front.title}, at your own pace", front.lang, "", site.url(home), root)
    context = frame(head, site, templates) | {
        "front": front,
        "chosen": choice,
        "home": root + home,
        "folder": site.url(path),
        "start": choice.start if choice else days.today,
        "start_day": long_date(_noon(choice.start)) if choice else "",
        "rhythm": IN_WORDS[choice.rhythm] if choice else "",
        "rhythms": tuple(IN_WORDS.items()),
        "picked": choice.rhythm if choice else USUAL,
        "first": days.first,
        "last": days.today + timedelta(days=1),
        "coming": _coming(choice.next_at if choice else None, days.zone),
        "feeds": [FeedLink(f"{front.title}, from part 1", path, front.lang)] if choice else [],
    }
    return templates.render("page/drip.html", **context)


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("UTC"))


def _coming(next_at: datetime | None, zone: str) -> str:
    if next_at is None:
        return ""
    return f"The next part comes on {long_date(next_at.astimezone(ZoneInfo(zone)))}."


def copy_script(templates: Templates) -> str:
    """The script that puts a link on the clipboard; pages do without it."""
    return templates.render("page/copy.js")
