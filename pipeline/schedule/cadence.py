"""Cadences as people write them: `weekly mon,thu 09:00`, `every 3 days`, `cron 0 9 * * 1` ..."""

from __future__ import annotations

import calendar
import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from cronsim import CronSim, CronSimError

from pipeline.errors import ScheduleError

DEFAULT_TIME = time(9, 0)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ACCEPTED = (
    "write `daily 09:00`, `every 3 days 09:00`, `weekdays 07:30`, `weekly mon,thu 09:00`, "
    "`monthly 31 09:00` or `cron 0 9 * * 1`"
)
LONGEST = 366
"""Days between two slots of `every`: more is a slip of the hand."""

_MINUTE = timedelta(minutes=1)
_AT = r"(?:\s+(?P<at>\d{1,2}:\d{2}))?"
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(form + _AT, re.IGNORECASE | re.ASCII), kind)
    for form, kind in (
        (r"(?:daily|every day)", "daily"),
        (r"every (?P<n>\d{1,4}) days?", "every"),
        (r"every (?P<n>\d{1,4}) weeks?", "weeks"),
        (r"(?P<n>\d{1,4})d", "every"),
        (r"weekdays", "weekdays"),
        (r"(?:weekly|every week)(?:\s+(?P<days>[a-z]+(?:[\s,]+[a-z]+)*))?", "weekly"),
        (r"monthly\s+(?P<n>\d{1,2})", "monthly"),
    )
)
_KEYWORDS = (
    "daily", "every", "day", "days", "week", "weeks", "weekdays", "weekly", "monthly", "cron",
    *(day[:3] for day in DAYS),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cadence:
    """A rhythm of local days with a time of day, or a cron expression."""

    text: str
    kind: str
    number: int = 0
    """Days between slots (`every`), or the day of the month (`monthly`)."""
    weekdays: frozenset[int] = frozenset()
    """0 is Monday; of `weekly`; none: the weekday of the day that the run starts on."""
    at: time = DEFAULT_TIME
    cron: str = ""

    @property
    def is_dense(self) -> bool:
        """Whether a day may hold more than one slot."""
        if self.kind != "cron":
            return False
        minutes, hours = self.cron.split()[:2]
        return not (minutes.isdecimal() and hours.isdecimal())

    def locals_from(self, anchor: date, since: datetime) -> Iterator[datetime]:
        """Naive local times in order, from a moment on, found without walking up to it.

        Args:
            anchor: The day that the run starts on.
            since: The earliest local time wanted, to the minute.
        """
        if self.kind == "cron":
            yield from CronSim(self.cron, since - _MINUTE)
        else:
            for day in _DAY_RULES[self.kind](self, anchor, max(anchor, since.date())):
                found = datetime.combine(day, self.at)
                if found >= since:
                    yield found


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
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004 -- December


_DAY_RULES: dict[str, Callable[[Cadence, date, date], Iterator[date]]] = {
    "daily": _every,
    "every": _every,
    "weeks": _every,
    "weekdays": _weekly,
    "weekly": _weekly,
    "monthly": _monthly,
}


def parse_cadence(text: str) -> Cadence:
    """The cadence that a text names.

    Raises:
        ScheduleError: It names none; says what is accepted, and what may have been meant.
    """
    said = " ".join(text.split())
    if said.lower().startswith("cron "):
        return _cron(text, said[5:])
    for form, kind in _FORMS:
        if (found := form.fullmatch(said)) is not None:
            return _named(text, kind, found)
    raise ScheduleError("cadence", text, _advice(said))


def _cron(text: str, expression: str) -> Cadence:
    todo = "give five fields that name a time, as `cron 0 9 * * 1`"
    if len(expression.split()) != 5:  # noqa: PLR2004 -- CronSim would take seconds as well
        raise ScheduleError("cadence", text, todo)
    try:
        next(CronSim(expression, datetime(2024, 1, 1)))  # noqa: DTZ001 -- local, any will do
    except (CronSimError, StopIteration) as error:
        why = str(error) or "it never comes"
        raise ScheduleError("cadence", text, f"{todo} ({why})") from error
    return Cadence(text, "cron", cron=expression)


def _named(text: str, kind: str, found: re.Match[str]) -> Cadence:
    said = found.groupdict()
    number = int(said.get("n") or 1) * (7 if kind == "weeks" else 1)
    if not 0 < number <= (31 if kind == "monthly" else LONGEST):
        raise ScheduleError("cadence", text, ACCEPTED)
    weekdays = frozenset(range(5)) if kind == "weekdays" else _weekdays(text, said.get("days"))
    return Cadence(text, kind, number, weekdays, _time(text, said["at"]))


def _weekdays(text: str, names: str | None) -> frozenset[int]:
    """The days named by three letters or more."""
    found: set[int] = set()
    for name in re.findall("[a-z]+", (names or "").lower()):
        meant = [at for at, day in enumerate(DAYS) if len(name) > 2 and day.startswith(name)]  # noqa: PLR2004 -- letters
        if not meant:
            days = ", ".join(day[:3] for day in DAYS)
            raise ScheduleError("cadence", text, f"{name!r} is none of {days}")
        found.add(meant[0])
    return frozenset(found)


def _time(text: str, said: str | None) -> time:
    if said is None:
        return DEFAULT_TIME
    try:
        return time.fromisoformat(said.rjust(5, "0"))
    except ValueError as error:
        raise ScheduleError("cadence", text, f"{said} is no time of day") from error


def _advice(said: str) -> str:
    """What is accepted, after what was probably meant: each word as the keyword most like it."""
    nearest = (
        difflib.get_close_matches(word, _KEYWORDS, n=1, cutoff=0.6) or [word]
        for word in said.lower().split()
    )
    meant = " ".join(words[0] for words in nearest)
    if any(form.fullmatch(meant) for form, _ in _FORMS):
        return f"did you mean `{meant}`? Or {ACCEPTED}"
    return ACCEPTED


def with_hour(cadence: str, hour: int) -> str:
    """The same cadence at another full hour, as text; a cron expression fires at that hour.

    Raises:
        ScheduleError: The cadence names no slots, or the hour is none of a day.
    """
    parsed = parse_cadence(cadence)
    if not 0 <= hour < 24:  # noqa: PLR2004 -- hours of a day
        raise ScheduleError("hour", str(hour), "give 0 to 23")
    if parsed.kind == "cron":
        return " ".join(["cron 0", str(hour), *parsed.cron.split()[2:]])
    bare = re.sub(r"\s+\d{1,2}:\d{2}$", "", " ".join(cadence.split()))
    return f"{bare} {hour:02}:00"
