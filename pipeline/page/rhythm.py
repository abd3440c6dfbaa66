"""A cadence as readers would say it; what it means is for `pipeline.schedule` alone."""

from __future__ import annotations

import re

_AT = re.compile(r"\s+(\d{1,2}:\d{2})$")
_USUAL = "9:00"
"""What a cadence without a time of day means."""
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PLAIN = {
    "daily": "every day",
    "every day": "every day",
    "weekdays": "every weekday",
    "weekly": "every week",
    "every week": "every week",
}
_ORDINALS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
_SHORTEST_MONTH = 28


def in_words(cadence: str, zone: str) -> str:
    """`every Monday and Thursday at 9:00, Berlin time`; empty for a cron expression."""
    said = " ".join(cadence.split()).lower()
    found = _AT.search(said)
    days = _days(_AT.sub("", said))
    at = found[1].removeprefix("0") if found else _USUAL
    return f"{days} at {at}, {_place(zone)}" if days else ""


def _days(said: str) -> str:
    if said in _PLAIN:
        return _PLAIN[said]
    match said.replace(",", " ").split():
        case ["weekly", *names] | ["every", "week", *names]:
            return f"every {_listed(names)}"
        case ["every", number, unit] if number.isdecimal():
            return _every(int(number), unit.rstrip("s"))
        case ["monthly", number] if number.isdecimal():
            return _monthly(int(number))
        case [short] if short.endswith("d") and short[:-1].isdecimal():
            return _every(int(short[:-1]), "day")
        case _:
            return ""


def _every(number: int, unit: str) -> str:
    return f"every {unit}" if number == 1 else f"every {number} {unit}s"


def _monthly(day: int) -> str:
    said = f"on the {day}{_ORDINALS.get(day, 'th')} of every month"
    return f"{said} or its last day" if day > _SHORTEST_MONTH else said


def _listed(names: list[str]) -> str:
    """The days in the order of the week, each once."""
    days = [day for day in _DAYS if any(day.lower().startswith(name) for name in names)]
    *head, last = days or ["week"]
    return f"{', '.join(head)} and {last}" if head else last


def _place(zone: str) -> str:
    """`Berlin time` for `Europe/Berlin`."""
    city = zone.rpartition("/")[2].replace("_", " ")
    return f"{city} time" if "/" in zone else city
