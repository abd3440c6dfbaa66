"""A sender that can be killed: a process that delivers what is due in a site, and ends.

Forked from a server that has everything imported, so that hundreds of them cost little. At a
fail-point it kills itself, or stops: the windows between two writes are too short to be met by
chance.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from pipeline import jobs, journal, store
from pipeline.app import open_site
from pipeline.jobs import recover
from pipeline.jobs.leases import Lease
from pipeline.smtp.wire import Wire
from pipeline.store import databases


@dataclass(frozen=True, slots=True)
class Options:
    """How a sender is run."""

    fail_point: str = ""
    at: int = 1
    """At which passing of the point that comes."""
    deed: int = signal.SIGKILL
    """The signal that it sends itself there."""
    silent: float = databases.SILENT_SECONDS
    """How long PostgreSQL waits for it within a transaction, in seconds."""
    is_naive: bool = False
    """Whether it writes nothing down before the 250, as most programs do: the control."""
    lease: float = 900.0
    """Seconds."""
    jump: float = 0.0
    """Seconds by which the clock is set forward, and then back by twice as much, under way."""
    told: str = ""
    """A file that gets the states and the problems, a line each."""


def start(folder: Path, options: Options = Options()) -> BaseProcess:
    """A sender that has begun."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.crash.sender"])
    process = context.Process(target=run, args=(str(folder), options))
    process.start()
    return process


def run(folder: str, options: Options) -> None:
    """Deliver what is due now."""
    _arm(options)
    with open_site(Path(folder)) as app:
        clock = _Jumping(app.desk.clock, timedelta(seconds=options.jump))
        desk = replace(app.desk, lease=timedelta(seconds=options.lease), clock=clock)
        report = jobs.deliver(desk, desk.clock())
    if options.told:
        lines = [*(f"{number} {state}" for state, number in report.states.items())]
        Path(options.told).write_text("\n".join([*lines, *report.problems]))


def _arm(options: Options) -> None:
    """Put the fail-point where it belongs, and take the journal from a naive sender."""
    if options.is_naive:
        Lease.intend = Lease.accept = lambda *_: None  # type: ignore[method-assign]
        empty = journal.Found(frozenset(), frozenset())
        recover._settle = _believing(recover._settle, empty)
    databases.SILENT_SECONDS = options.silent
    die = _Countdown(options.at, options.deed)
    if options.fail_point:
        owner, name, wrap = _POINTS[options.fail_point]
        setattr(owner, name, wrap(die, getattr(owner, name)))


class _Jumping:
    """A clock that somebody sets while it is looked at: forward, then back."""

    def __init__(self, clock: Callable[[], datetime], jump: timedelta) -> None:
        self._clock, self._jump, self._looks = clock, jump, 0

    def __call__(self) -> datetime:
        self._looks += 1
        steps = (self._looks > 200) - 2 * (self._looks > 600)
        return self._clock() + steps * self._jump


class _Countdown:
    def __init__(self, count: int, deed: int) -> None:
        self._left, self._deed = count, deed

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._deed)


def _before(die: Callable[[], None], call: Callable[..., Any]) -> Callable[..., Any]:
    def both(*args: Any, **options: Any) -> Any:
        die()
        return call(*args, **options)

    return both


def _after(die: Callable[[], None], call: Callable[..., Any]) -> Callable[..., Any]:
    def both(*args: Any, **options: Any) -> Any:
        result = call(*args, **options)
        die()
        return result

    return both


def _after_a_dot(die: Callable[[], None], push: Callable[..., Any]) -> Callable[..., Any]:
    def push_and_die(wire: Wire, data: bytes) -> int:
        sent: int = push(wire, data)
        if bytes(data[:3]) == b".\r\n":
            die()
        return sent

    return push_and_die


_POINTS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "after_body": (Lease, "intend", _before),
    "after_intent": (Lease, "intend", _after),
    "after_dot": (Wire, "push", _after_a_dot),
    "after_250": (Lease, "accept", _before),
    "after_accept": (Lease, "accept", _after),
    "mid_commit": (store.leases, "settle", _after),
}
FAIL_POINTS = tuple(_POINTS)


def _believing(settle: Callable[..., Any], found: journal.Found) -> Callable[..., Any]:
    """What is leased was not sent, thinks who has no journal."""
    return lambda desk, lease, _, now: settle(desk, lease, found, now)


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)  # noqa: TID251 -- tests of real time
