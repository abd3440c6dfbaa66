"""Time zones by their IANA names."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pipeline.errors import ScheduleError

_NO_PLACES = ("posix/", "right/")
"""Second copies of all zones on some systems; those under right/ count leap seconds."""

_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-]\d{1,2})(?::?00)?", re.IGNORECASE)
_ABBREVIATIONS = {
    "EST": "America/New_York", "EDT": "America/New_York", "ET": "America/New_York",
    "CST": "America/Chicago", "CDT": "America/Chicago", "MST": "America/Denver",
    "MDT": "America/Denver", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
    "CET": "Europe/Berlin", "CEST": "Europe/Berlin", "MET": "Europe/Berlin",
    "EET": "Europe/Athens", "EEST": "Europe/Athens", "WET": "Europe/Lisbon",
    "WEST": "Europe/Lisbon", "BST": "Europe/London", "MSK": "Europe/Moscow",
    "IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "KST": "Asia/Seoul",
    "AEST": "Australia/Sydney", "AEDT": "Australia/Sydney", "NZST": "Pacific/Auckland",
    "NZDT": "Pacific/Auckland", "GMT": "UTC", "Z": "UTC",
}  # fmt: skip
"""What people write who mean a place; only ever suggested."""


@lru_cache(maxsize=1)
def _all_zones() -> frozenset[str]:
    """All that this machine knows; they are files, which takes 10 ms to see."""
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """The names of all zones that are named by a place, and UTC, in order."""
    named = (name for name in _all_zones() if "/" in name)
    return ("UTC", *sorted(name for name in named if not name.startswith((*_NO_PLACES, "Etc/"))))


@lru_cache(maxsize=512)
def zone_of(name: str) -> ZoneInfo:
    """The rules of an IANA time zone that is named by a place, or UTC.

    Raises:
        ScheduleError: There is none of that name; suggests one that there is.
    """
    try:
        if name == "UTC" or ("/" in name and not name.startswith(_NO_PLACES)):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise ScheduleError("zone", name, _suggestion(name))


def check_zone(name: str) -> str:
    """The name, when it is that of a zone.

    Raises:
        ScheduleError: It is not; suggests one that is.
    """
    zone_of(name)
    return name


@lru_cache(maxsize=512)
def _suggestion(name: str) -> str:
    """What was meant, perhaps; a list that is imported says the same thing a thousand times."""
    advice = "give a place, as Europe/Berlin, or UTC"
    if offset := _OFFSET.fullmatch(name.strip()):
        # POSIX counts westward: Etc/GMT-2 is two hours ahead of UTC.
        hours = -int(offset[1])
        fixed = f"Etc/GMT{hours:+d}" if hours else "UTC"
        return f"{advice}; an offset knows no daylight saving, but {fixed} is one"
    meant = _ABBREVIATIONS.get(re.sub(r"\d.*$", "", name.strip()).upper())
    close = [meant] if meant else _places_like(name)
    return f"did you mean {close[0]}? Otherwise {advice}" if close else advice


def _places_like(name: str) -> list[str]:
    """The zone whose city or whole name is nearest to a name, if any is near."""
    names = sorted(zone for zone in _all_zones() if "/" in zone or zone == "UTC")
    wanted = name.strip().replace(" ", "_").lower()
    for key in (str.lower, lambda zone: zone.rpartition("/")[2].lower()):
        by_key: dict[str, str] = {}
        for zone in names:
            by_key.setdefault(key(zone), zone)
        if near := difflib.get_close_matches(wanted, by_key, n=1, cutoff=0.75):
            return [by_key[near[0]]]
    return []
