"""How often one reader may ask for one feed before it is told to wait."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

MINUTE = 60.0
MOST_KNOWN = 20_000
"""Pairs of reader and feed that are remembered; the ones longest not seen are forgotten."""


class Bursts:
    """A bucket a reader and feed: full at first, filled again over a minute."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody has asked yet.

        Args:
            most: How many requests a bucket holds, and how many come back a minute; 0: no limit.
            clock: Seconds that only grow.
        """
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def wait(self, reader: str, feed: str) -> int:
        """How many seconds this reader must wait before it may ask for this feed; 0: it may now."""
        if not self._most:
            return 0
        now = self._clock()
        left, at = self._buckets.pop((reader, feed), (float(self._most), now))
        left = min(float(self._most), left + (now - at) * self._most / MINUTE)
        allowed = left >= 1
        self._buckets[reader, feed] = (left - 1 if allowed else left, now)
        if len(self._buckets) > MOST_KNOWN:
            self._buckets.popitem(last=False)
        return 0 if allowed else math.ceil((1 - left) * MINUTE / self._most)
