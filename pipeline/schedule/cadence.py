"""Cadences as people write them: `weekly mon,thu 09:00`, `every 3 days`, `cron 0 9 * * 1` ..."""

from __future__ import annotations

import calendar
import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from pipeline.errors import ScheduleError

DEFAULT_TIME = time(9, 0)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ACCEPTED = (
    "write `daily 09:00`, `every 3 days 09:00`, `weekdays 07:30`, `weekly mon,thu 09:00`, "
    "`monthly 31 09:00` or `cron 0 9 * * 1`"
)

_AT = r"(?:\s+(?P<at>\d{1,2}:\d{2}))?"
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(form + _AT, re.IGNORECASE), kind)
    for form, kind in (
        (r"(?:daily|every day)", "daily"),
        (r"every (?P<n>\d{1,4}) days?", "every"),
        (r"(?P<n>\d{1,4})d", "every"),
        (r"weekdays", "weekdays"),
        (r"weekly(?:\s+(?P<days>[a-z]{3}(?:\s*,\s*[a-z]{3})*))?", "weekly"),
        (r"monthly\s+(?P<n>\d{1,2})", "monthly"),
    )
)


@dataclass(frozen=True, slots=True)
class Cadence:
    """A rhythm of local days, or a cron expression.

    `days` says which days belong to it, given the day that the run starts on and the day to look
    from; `at` is the local time of day.
    """

    text: str
    kind: str
    number: int = 0
    """Days between slots (`every`), or the day of the month (`monthly`)."""
    weekdays: frozenset[int] = frozenset()
    """0 is Monday; of `weekly`."""
    at: time = DEFAULT_TIME
    cron: str = ""

    def locals_from(self, anchor: date, first: date) -> Iterator[datetime]:
        """Naive local times in order, from a day on; `anchor` is the day the run starts on."""
        if self.kind == "cron":
            midnight = datetime.combine(first, time.min)
            yield from CronSim(self.cron, midnight - timedelta(minutes=1))
        else:
            for day in _DAY_RULES[self.kind](self, anchor, max(anchor, first)):
                yield datetime.combine(day, self.at)


def _every(cadence: Cadence, anchor: date, first: date) -> Iterator[date]:
    step = max(cadence.number, 1)
    day = anchor + timedelta(days=-(-(first - anchor).days // step) * step)
    while True:
        yield day
        day += timedelta(days=step)


def _weekly(cadence: Cadence, anchor: date, first: date) -> Iterator[date]:
    wanted = cadence.weekdays or {anchor.weekday()}
    day = first
    while True:
        if day.weekday() in wanted:
            yield day
        day += timedelta(days=1)


def _monthly(cadence: Cadence, _anchor: date, first: date) -> Iterator[date]:
    """The day of each month; the last one where the month has no such day."""
    year, month = first.year, first.month
    while True:
        last = calendar.monthrange(year, month)[1]
        day = date(year, month, min(cadence.number, last))
        if day >= first:
            yield day
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004


_DAY_RULES: dict[str, Callable[[Cadence, date, date], Iterator[date]]] = {
    "daily": _every,
    "every": _every,
    "weekdays": _weekly,
    "weekly": _weekly,
    "monthly": _monthly,
}


def parse_cadence(text: str) -> Cadence:
    """The cadence that a text names.

    Raises:
        ScheduleError: It names none; says what is accepted.
    """
    said = " ".join(text.split())
    if said.lower().startswith("cron "):
        return _cron(text, said[5:])
    for form, kind in _FORMS:
        if (found := form.fullmatch(said)) is not None:
            return _named(text, kind, found)
    raise ScheduleError("cadence", text, ACCEPTED)


def _cron(text: str, expression: str) -> Cadence:
    try:
        next(CronSim(expression, datetime(2024, 1, 1)))  # noqa: DTZ001 -- local, any will do
    except (CronSimError, StopIteration) as error:
        todo = f"give five fields that name a time, as `cron 0 9 * * 1` ({error})"
        raise ScheduleError("cadence", text, todo) from error
    return Cadence(text, "cron", cron=expression)


def _named(text: str, kind: str, found: re.Match[str]) -> Cadence:
    said = found.groupdict()
    number = int(said.get("n") or 1)
    if number == 0 or (kind == "monthly" and number > 31):  # noqa: PLR2004 -- days of a month
        raise ScheduleError("cadence", text, ACCEPTED)
    weekdays = frozenset(range(5)) if kind == "weekdays" else _weekdays(text, said.get("days"))
    return Cadence(text, kind, number, weekdays, _time(text, said["at"]))


def _weekdays(text: str, names: str | None) -> frozenset[int]:
    given = [name.strip().lower() for name in (names or "").split(",") if name.strip()]
    if unknown := [name for name in given if name not in DAYS]:
        raise ScheduleError("cadence", text, f"{unknown[0]!r} is none of {', '.join(DAYS)}")
    return frozenset(DAYS.index(name) for name in given)


def _time(text: str, said: str | None) -> time:
    if said is None:
        return DEFAULT_TIME
    try:
        return time.fromisoformat(said.rjust(5, "0"))
    except ValueError as error:
        raise ScheduleError("cadence", text, f"{said} is no time of day") from error


def with_hour(cadence: str, hour: int) -> str:
    """The same cadence at another full hour, as text; a cron expression fires at that hour."""
    parsed = parse_cadence(cadence)
    if parsed.kind == "cron":
        return " ".join(["cron 0", str(hour), *parsed.cron.split()[2:]])
    bare = re.sub(r"\s+\d{1,2}:\d{2}$", "", " ".join(cadence.split()))
    return f"{bare} {hour:02}:00"


@lru_cache(maxsize=512)
def zone_of(name: str) -> ZoneInfo:
    """The rules of an IANA time zone that is named by a place, or UTC.

    Raises:
        ScheduleError: There is none of that name; suggests one that there is.
    """
    try:
        if "/" in name or name == "UTC":
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


def _suggestion(name: str) -> str:
    known = available_timezones()
    places = sorted(zone for zone in known if "/" in zone and not zone.startswith("Etc/"))
    wanted = name.replace(" ", "_").lower()
    ends = [zone for zone in places if zone.rsplit("/", 1)[1].lower() == wanted]
    close = ends or difflib.get_close_matches(name, places, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else "give a place, as Europe/Berlin, or UTC"
