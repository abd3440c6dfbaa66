"""Other processes that send beside this one: a large issue keeps more than one core busy.

Each is a sender as any other, with leases and a journal of its own; whatever becomes of one, the
rest of the issue is anybody's to claim. Limits hold for each process alone, so where rates, groups
or warm-up are set, one process sends.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from pipeline import store
from pipeline.jobs.desk import Desk, Helper
from pipeline.model import DeliveryState

MANY = 5_000
"""Due deliveries that other processes are begun for: they need a second to begin."""

LOOK = 0.05
"""Seconds between two looks at whether they have ended."""


class Crew:
    """The helpers of one pass, and what they did once they have ended."""

    def __init__(self) -> None:
        self.states: Counter[DeliveryState] = Counter()
        self.problems: list[str] = []
        self.is_unfinished = False
        self._helpers: list[Helper] = []

    def hire(self, desk: Desk) -> None:
        """Begin helpers, as many as the desk wants; without them the pass goes on alone."""
        assert desk.hire is not None  # noqa: S101 -- asked before
        try:
            for _ in range(desk.helpers):
                self._helpers.append(desk.hire(desk.longest_pass))
        except OSError as error:
            self.problems.append(f"no other sender could be begun: {error.strerror or error}")

    def watch(self, desk: Desk) -> None:
        """Wait until all have ended; when the pass is stopped, stop them at once."""
        while not all(one.is_done for one in self._helpers):
            if desk.is_stopping():
                self.stop()
            time.sleep(LOOK)

    def stop(self) -> None:
        """Let all of them settle and end."""
        for one in self._helpers:
            one.stop()

    def listen(self) -> None:
        """Note what they did, all of which have ended."""
        for one in self._helpers:
            told = one.told()
            self.states.update({DeliveryState(key): n for key, n in told["states"].items()})
            self.problems += told["problems"]
            self.is_unfinished |= told["is_unfinished"]


@contextmanager
def helped(desk: Desk, now: datetime) -> Iterator[Crew]:
    """Others send too while this lasts, if there is enough to send."""
    crew = Crew()
    if desk.hire is None or not desk.helpers or is_limited(desk) or not _has_many(desk, now):
        yield crew
        return
    crew.hire(desk)
    watcher = threading.Thread(target=crew.watch, args=[desk], daemon=True)
    watcher.start()
    try:
        yield crew
    except BaseException:
        crew.stop()
        raise
    watcher.join()
    crew.listen()


def is_limited(desk: Desk) -> bool:
    """Whether something is to be counted that several processes would count apart."""
    return any(one.rate or one.since for one in desk.transports) or any(
        one.rate or one.connections for one in desk.destinations
    )


def _has_many(desk: Desk, now: datetime) -> bool:
    with desk.store.read() as tx:
        return store.deliveries.has_due(tx, now, MANY)
