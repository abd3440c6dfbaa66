"""How fast mail may go where: token buckets, warm-up, and leaving alone who complains.

Rates are messages a second, moments are aware, spans are seconds. A gate is the state of one relay,
one group of domains or one domain; it is a value, each event gives the next one, and the store
keeps it over restarts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline.delivery.replies import Meaning

BURST = 1.0
"""Seconds of a rate that may go at once."""

REST = timedelta(minutes=5)
"""How long somebody who closes on us (421) is left alone."""

POLICY_REST = timedelta(hours=1)
"""How long somebody who refuses us by policy is left alone, the first time."""

POLICY_STRIKES = 5
"""Refusals by policy without an acceptance between them until it is believed to be about us."""

FIRST_BREAK, LONGEST_BREAK = timedelta(seconds=30), timedelta(minutes=15)
"""How long a relay that cannot be used is left alone, from the first to the last time in a row."""

LEAST_SHARE = 1 / 64
RECOVERY = 1.01
"""By which a rate that was halved grows with each message that is taken."""

WARM_UP = (50, 100, 500, 1_000, 5_000, 10_000, 20_000, 40_000, 70_000, 100_000, 200_000, 400_000)
"""Messages a day that a new sending address may send, from its first day; then no limit."""

AHEAD_ALONE, AHEAD_OF_SEVERAL = 0.5, 5.0
"""Seconds of work that a relay is given ahead: twice as long as the ledger leaves it alone, or, of
several, so much that shares by weight hold until one turns out to be slow."""

FIRST_OF_SEVERAL, MOST_AHEAD = 300, 2_000
"""Messages that each of several relays is given ahead at first, and any at most."""

LEAST_SPAN = 0.02
"""Seconds between two looks at how a relay does."""

CONTENT_SAMPLE, CONTENT_SHARE = 200, 0.01
"""An issue whose content is refused by more than this share of its first messages is paused."""


@dataclass(slots=True)
class Bucket:
    """Tokens that grow with time; each message takes one."""

    rate: float
    """A second; 0: no limit."""
    tokens: float = 0.0
    at: float = 0.0
    """Seconds on a clock that only goes forward, when `tokens` was right."""

    def available(self, now: float, share: float = 1.0) -> float:
        """How many messages may go now; infinity without a limit."""
        if not self.rate:
            return float("inf")
        rate = self.rate * share
        most = max(1.0, rate * BURST)
        self.tokens = min(most, self.tokens + (now - self.at) * rate)
        self.at = now
        return self.tokens

    def take(self, count: int) -> None:
        """So many go now."""
        self.tokens -= count


class Prefetch:
    """How many messages a relay is given beside those under way, by how fast it takes them.

    A relay alone gets half a second's work, and begins with a message for each connection: it
    doubles at most with each look, so that few have gone when the first refusals are known. Of
    several each begins with as much as a small issue has, so that it is shared by weight; one that
    turns out to be slow has what it takes in five seconds.
    """

    def __init__(self, connections: int, *, is_alone: bool) -> None:
        self.count = connections if is_alone else FIRST_OF_SEVERAL
        self._least = connections
        self._seconds = AHEAD_ALONE if is_alone else AHEAD_OF_SEVERAL
        self._taken = 0
        self._at: float | None = None

    def learn(self, taken: int, now: float) -> None:
        """The relay has had so many messages in all by now, on a clock that only goes forward."""
        if self._at is not None:
            seconds = now - self._at
            if seconds < LEAST_SPAN:
                return
            fits = (taken - self._taken) / seconds * self._seconds
            steady = min(max(fits, self.count / 2), self.count * 2)
            self.count = int(min(max(steady, self._least), MOST_AHEAD))
        self._taken, self._at = taken, now


@dataclass(frozen=True, slots=True)
class Gate:
    """What is known of one relay, group of domains, or domain."""

    share: float = 1.0
    """Of its full rate and of its connections; at most 1."""
    strikes: int = 0
    """What went wrong in a row."""
    until: datetime | None = None
    """Left alone until then."""
    why: str = ""
    day: str = ""
    """The day that `sent` counts, in ISO 8601 (UTC)."""
    sent: int = 0

    def is_open(self, now: datetime) -> bool:
        """Whether mail may go there."""
        return self.until is None or now >= self.until

    def accepted(self, count: int, now: datetime) -> Gate:
        """After so many messages were taken."""
        day = f"{now:%F}"
        sent = count + (self.sent if day == self.day else 0)
        share = min(1.0, self.share * RECOVERY**count)
        until = self.until if self.until is not None and now < self.until else None
        return Gate(share, 0, until, self.why if until else "", day, sent)

    def refused(self, said: Meaning, why: str, now: datetime) -> Gate:
        """After a refusal that may be about all that we send there."""
        if said is Meaning.CLOSING:
            share = max(LEAST_SHARE, self.share / 2)
            return replace(self, share=share, until=now + REST, why=why)
        if said is Meaning.POLICY:
            strikes = self.strikes + 1
            if strikes < POLICY_STRIKES:
                return replace(self, strikes=strikes)
            rest = POLICY_REST * 2 ** min(strikes - POLICY_STRIKES, 5)
            return replace(self, strikes=strikes, until=now + rest, why=why)
        return self

    def broken(self, why: str, now: datetime) -> Gate:
        """After it could not be used at all."""
        pause = min(FIRST_BREAK * 2 ** min(self.strikes, 10), LONGEST_BREAK)
        return replace(self, strikes=self.strikes + 1, until=now + pause, why=why)

    @property
    def is_marked(self) -> bool:
        """Whether something went wrong that is not forgotten yet."""
        return self.strikes > 0 or self.share < 1

    def left_today(self, since: datetime | None, now: datetime) -> float:
        """How many messages warm-up allows for the rest of the day; infinity without a limit.

        Args:
            since: When the relay began to be used; None: it is no new one.
            now: The moment.
        """
        if since is None:
            return float("inf")
        age = (now - since).days
        if age >= len(WARM_UP):
            return float("inf")
        sent = self.sent if self.day == f"{now:%F}" else 0
        return max(0, WARM_UP[max(age, 0)] - sent)


def is_content_refused(refused: int, tried: int) -> bool:
    """Whether so many refusals of the content among the first messages mean that all would be."""
    return tried <= CONTENT_SAMPLE and refused > max(1, CONTENT_SHARE * CONTENT_SAMPLE)
