"""How answers look on a terminal: one screen, aligned, few colours; plain text when piped."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from pipeline.errors import PartworkError
from pipeline.model import Diagnostic, Severity

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def say(text: str = "", style: str = "") -> None:
    """One line for people; markup in it means nothing."""
    out.print(Text(text, style=style))


def complain(text: str) -> None:
    """An error, a line each, on standard error."""
    for line in text.splitlines():
        err.print(Text("partwork: ", style="red") + Text(line))


def fault(error: Exception) -> str:
    """What to say of an error that we did not foresee."""
    kind = type(error).__name__
    return f"a fault of Partwork itself ({kind}: {error}); PARTWORK_TRACE=1 shows where"


def diagnose(diagnostics: Iterable[Diagnostic]) -> None:
    """Diagnostics as a compiler prints them, on standard error."""
    for one in diagnostics:
        err.print(Text(str(one), style=_COLOURS[one.severity]))


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error while something goes on; nothing where nobody watches.

    Yields:
        What to tell: how many of how many are done.
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Rows under a head; the columns in `right` hold numbers and are aligned so."""
    grid = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    for index, name in enumerate(head):
        grid.add_column(name, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*map(Text, row))
    wide = out if out.is_terminal else Console(width=200, highlight=False)
    wide.print(grid)


def when(at: datetime | None, zone: str) -> str:
    """A moment as people in a zone say it."""
    if at is None:
        return "-"
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %Y %H:%M}"


def answer(payload: Any) -> None:
    """A payload as JSON on standard output, untouched by colours or wrapping."""
    print(json.dumps(payload, ensure_ascii=False, indent=2, default=_plain))  # noqa: T201


def _plain(value: Any) -> Any:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Path():
            return str(value)
        case set() | frozenset():
            return sorted(value)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        case _:
            return str(value)


@contextmanager
def going_on() -> Iterator[None]:
    """Say what went wrong, and go on: it is tried again."""
    try:
        yield
    except Exception as error:
        complain(str(error) if isinstance(error, PartworkError) else fault(error))
