"""Template sources in, text out: the only door to Jinja2.

Templates are values: their sources are read elsewhere and given here by name. They run in a
sandbox and see nothing but what they are given: no file, no clock, no chance. A name that is not
there is an error, never empty.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import FunctionLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from typing_extensions import override

from pipeline.errors import PartworkError, TemplateError

WORDS_A_MINUTE = 230
"""How fast adults read non-fiction silently, in English (Brysbaert 2019: 238)."""

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


_CLOCK = frozenset({"now", "today", "utcnow"})
"""What a date could tell of the present."""


class _Missing(StrictUndefined):
    """What is not there, or not allowed, is an error also when it is shown inside a list."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        return str(self)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Also without str.format, which reaches attributes by the back door, and without the clock."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._safe: dict[tuple[type, str], bool] = {}
        """Decided once for a type and a name: nothing else is looked at, and pages ask often."""

    @override
    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        key = (type(obj), attr)
        if key not in self._safe:
            self._safe[key] = self._is_safe(obj, attr, value)
        return self._safe[key]

    def _is_safe(self, obj: object, attr: str, value: object) -> bool:
        if isinstance(obj, str) and attr in {"format", "format_map"}:
            return False
        if isinstance(obj, date) and attr in _CLOCK:
            return False
        return super().is_safe_attribute(obj, attr, value)

    @override
    def wrap_str_format(self, value: object) -> None:
        """Nothing: Jinja2 would offer a guarded str.format in its place."""


class Templates:
    """All templates of a site, ready to be rendered."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = MappingProxyType(dict(sources))
        self._environment = _Sandbox(
            loader=FunctionLoader(self._load),
            autoescape=lambda name: name is not None and name.endswith((".html", ".xml", ".svg")),
            undefined=_Missing,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            cache_size=-1,
        )
        for name in ("attr", "random"):
            del self._environment.filters[name]
        del self._environment.globals["lipsum"]  # random as well
        self._environment.filters.update(
            date=long_date, short_date=short_date, iso=iso, minutes=minutes, plural=plural
        )

    def render(self, name: str, **context: object) -> str:
        """The text of a template.

        Raises:
            TemplateError: There is none of that name, it is not well formed, it uses a name that
                it was not given, it reaches for what it must not, or what it calls fails.
        """
        try:
            return self._environment.get_template(name).render(context)
        except PartworkError:
            raise
        except TemplateNotFound as error:
            missing = f"there is no template {error.name or name!r}"
            raise TemplateError(*self._place(error, name), missing) from error
        except TemplateSyntaxError as error:
            raise TemplateError(error.name or name, error.lineno, _line(error)) from error
        except SecurityError as error:
            raise TemplateError(
                *self._place(error, name), f"not allowed: {_line(error)}"
            ) from error
        except Exception as error:  # a template may fail as any program may
            raise TemplateError(*self._place(error, name), _line(error)) from error

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]] | None:
        """A source with its name as file name, so that errors can say where they are."""
        source = self.sources.get(name)
        return None if source is None else (source, name, lambda: True)

    def _place(self, error: Exception, name: str) -> tuple[str, int | None]:
        """The template and line that an error comes from: the innermost frame of a template."""
        ours = [
            (frame.f_code.co_filename, line)
            for frame, line in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename in self.sources
        ]
        return ours[-1] if ours else (name, None)


def _line(error: Exception) -> str:
    """What went wrong, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def long_date(at: date, zone: str | None = None) -> str:
    """`Monday 30 November 2026`: the day that it is in a zone."""
    day = _day(at, zone)
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def short_date(at: date, zone: str | None = None) -> str:
    """`30 November 2026`."""
    day = _day(at, zone)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _day(at: date, zone: str | None) -> date:
    if not (isinstance(at, datetime) and zone):
        return at
    if at.tzinfo is None:  # it would be taken for the time of this machine
        raise ValueError(f"{at} is of no zone; only an aware time can be shown in {zone}")
    return at.astimezone(ZoneInfo(zone))


def iso(at: date) -> str:
    """The date or moment in ISO 8601, to the second."""
    return at.isoformat(timespec="seconds") if isinstance(at, datetime) else at.isoformat()


def minutes(words: int) -> int:
    """How many minutes it takes to read so many words, begun ones counted, at least one."""
    return max(1, -(-words // WORDS_A_MINUTE))


def plural(number: int, one: str, many: str) -> str:
    """`1 part`, `2 parts`."""
    return f"{number} {one if number == 1 else many}"
