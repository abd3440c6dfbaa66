"""Template sources in, text out: the only door to Jinja2.

Templates are values: their sources are read elsewhere and given here by name. They run in a
sandbox and see nothing but what they are given; a name that is not there is an error, never empty.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from jinja2 import FunctionLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2 import TemplateError as JinjaError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from typing_extensions import override

from pipeline.errors import TemplateError

WORDS_A_MINUTE = 230
"""How fast adults read non-fiction silently, in English (Brysbaert 2019: 238)."""

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


class _Sandbox(ImmutableSandboxedEnvironment):
    """Also without str.format, which reaches attributes by the back door."""

    @override
    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        if isinstance(obj, str) and attr in {"format", "format_map"}:
            return False
        return super().is_safe_attribute(obj, attr, value)


class Templates:
    """All templates of a site, ready to be rendered."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = MappingProxyType(dict(sources))
        self._environment = _Sandbox(
            loader=FunctionLoader(self._load),
            autoescape=lambda name: name is not None and name.endswith((".html", ".xml", ".svg")),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            date=long_date, short_date=short_date, iso=iso, minutes=minutes, plural=plural
        )

    def render(self, name: str, **context: object) -> str:
        """The text of a template.

        Raises:
            TemplateError: There is none of that name, it is not well formed, it uses a name that
                it was not given, or it reaches for what it must not.
        """
        try:
            return self._environment.get_template(name).render(context)
        except TemplateNotFound as error:
            missing = str(error.name or name)
            raise TemplateError(missing, None, "there is no such template") from error
        except TemplateSyntaxError as error:
            raise TemplateError(error.name or name, error.lineno, error.message or "") from error
        except SecurityError as error:
            raise TemplateError(*self._place(error, name), f"not allowed: {error}") from error
        except (JinjaError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise TemplateError(*self._place(error, name), str(error)) from error

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]] | None:
        """A source with its name as file name, so that errors can say where they are."""
        source = self.sources.get(name)
        return None if source is None else (source, name, lambda: True)

    def _place(self, error: Exception, name: str) -> tuple[str, int | None]:
        """The template and line that an error comes from: the innermost frame of a template."""
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if frame.filename in self.sources]
        return (ours[-1].filename, ours[-1].lineno) if ours else (name, None)


def long_date(at: date, zone: str | None = None) -> str:
    """`Monday 30 November 2026`: the day that it is in a zone."""
    day = _day(at, zone)
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def short_date(at: date, zone: str | None = None) -> str:
    """`30 November 2026`."""
    day = _day(at, zone)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _day(at: date, zone: str | None) -> date:
    return at.astimezone(ZoneInfo(zone)) if isinstance(at, datetime) and zone else at


def iso(at: date) -> str:
    """The date or moment in ISO 8601, to the second."""
    return at.isoformat(timespec="seconds") if isinstance(at, datetime) else at.isoformat()


def minutes(words: int) -> int:
    """How many minutes it takes to read so many words, at least one."""
    return max(1, round(words / WORDS_A_MINUTE))


def plural(number: int, one: str, many: str) -> str:
    """`1 part`, `2 parts`."""
    return f"{number} {one if number == 1 else many}"
