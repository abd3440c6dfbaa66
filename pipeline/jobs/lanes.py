"""Lanes: what is claimed for a group of domains, so that none of them holds up another."""

from __future__ import annotations

import time
from collections import deque

from pipeline.delivery import Bucket, Gate
from pipeline.jobs.desk import Destination
from pipeline.jobs.routes import Task

CLAIM = 1_000
"""Rows a claim: large enough that its commit costs nothing, small enough to lose little."""


class Lane:
    """What is claimed for one group of domains, and how fast it may go."""

    def __init__(self, group: Destination) -> None:
        self.name = group.name
        self.ready: deque[Task] = deque()
        self.in_flight = 0
        self.is_drained = False
        """Whether the last claim found nothing."""
        self._bucket = Bucket(group.rate)
        self._connections = group.connections

    def room(self, gate: Gate) -> int:
        """How many messages may be handed on now."""
        allowed = self._bucket.available(time.monotonic(), gate.share)
        if self._connections:
            most = max(1, int(self._connections * gate.share))
            allowed = min(allowed, most - self.in_flight)
        return int(min(max(allowed, 0), CLAIM))

    def next(self) -> Task:
        """The one that has waited longest, which goes now."""
        self._bucket.take(1)
        self.in_flight += 1
        return self.ready.popleft()

    def put_back(self, task: Task) -> None:
        """It did not go."""
        self.in_flight -= 1
        self.ready.appendleft(task)
